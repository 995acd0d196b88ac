// SPDX-License-Identifier: MIT
#include "io/tun_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

extern "C" unsigned if_nametoindex(const char* name); // <net/if.h> clashes with <linux/if.h>

namespace ikelab::io
{

namespace
{

constexpr const char* CLONE_DEVICE = "/dev/net/tun";

ifreq
RequestFor(std::string_view name)
{
    ifreq request{};
    std::ranges::copy(name.substr(0, IFNAMSIZ - 1), request.ifr_name);
    return request;
}

/// Without this the system greets the network behind a new interface (RFC 4862 and MLD), and there
/// is none.
void
KeepQuiet(const std::string& name)
{
    const std::string path = "/proc/sys/net/ipv6/conf/" + name + "/addr_gen_mode";
    FileDescriptor setting(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (setting.IsOpen())
    {
        // Where it is refused, a few packets more reach the policy, and that drops them.
        [[maybe_unused]] const ssize_t put = ::write(setting.Get(), "1", 1);
    }
}

} // namespace

TunDevice::TunDevice(FileDescriptor file, std::string name)
    : m_file(std::move(file)),
      m_name(std::move(name))
{
}

SystemResult<TunDevice>
TunDevice::Open(std::string_view name, unsigned mtu)
{
    if (name.empty() || name.size() >= IFNAMSIZ || name.find('/') != std::string_view::npos)
    {
        return FailSystem("cannot make TUN device",
                          fmt::format("'{}': a name has 1 to 15 letters and no '/'", name),
                          0);
    }
    FileDescriptor file(::open(CLONE_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!file.IsOpen())
    {
        const int code = errno;
        auto failed = FailSystem("cannot open", CLONE_DEVICE, code);
        failed.value().message += code == ENOENT || code == ENODEV
                                      ? "; load the module: modprobe tun"
                                      : "; run as root or give CAP_NET_ADMIN";
        return failed;
    }
    ifreq request = RequestFor(name);
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    if (::ioctl(file.Get(), TUNSETIFF, &request) != 0)
    {
        const int code = errno;
        auto failed = FailSystem("cannot make TUN device", name, code);
        if (code == EPERM)
        {
            failed.value().message += "; run as root or give CAP_NET_ADMIN";
        }
        else if (code == EBUSY)
        {
            failed.value().message += "; the name is taken, use another with --tun";
        }
        return failed;
    }
    TunDevice device(std::move(file), request.ifr_name);
    if (auto up = device.BringUp(mtu); !up)
    {
        return tl::unexpected<SystemError>(std::move(up.error()));
    }
    return device;
}

SystemResult<void>
TunDevice::BringUp(unsigned mtu)
{
    KeepQuiet(m_name);
    FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!control.IsOpen())
    {
        return FailSystem("cannot open a socket to set up", m_name, errno);
    }
    ifreq request = RequestFor(m_name);
    request.ifr_mtu = static_cast<int>(mtu);
    if (::ioctl(control.Get(), SIOCSIFMTU, &request) != 0)
    {
        return FailSystem("cannot set the MTU of " + m_name + " to", std::to_string(mtu), errno);
    }
    request = RequestFor(m_name);
    if (::ioctl(control.Get(), SIOCGIFFLAGS, &request) != 0)
    {
        return FailSystem("cannot read the flags of", m_name, errno);
    }
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    if (::ioctl(control.Get(), SIOCSIFFLAGS, &request) != 0)
    {
        return FailSystem("cannot bring up", m_name, errno);
    }
    m_index = if_nametoindex(m_name.c_str());
    return {};
}

SystemResult<std::optional<MutableBytes>>
TunDevice::Read(MutableBytes room)
{
    while (true)
    {
        const ssize_t got = ::read(m_file.Get(), room.data(), room.size());
        if (got >= 0)
        {
            return room.first(static_cast<size_t>(got));
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
        {
            return std::optional<MutableBytes>();
        }
        if (errno != EINTR)
        {
            return FailSystem("cannot read from", m_name, errno);
        }
    }
}

SystemResult<void>
TunDevice::Write(Bytes packet)
{
    while (::write(m_file.Get(), packet.data(), packet.size()) < 0)
    {
        if (errno != EINTR)
        {
            return FailSystem("cannot write to", m_name, errno);
        }
    }
    return {};
}

} // namespace ikelab::io
