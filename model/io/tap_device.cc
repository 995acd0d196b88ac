// SPDX-License-Identifier: MIT
#include "io/tap_device.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string_view>
#include <sys/ioctl.h>
#include <thread>

extern "C" unsigned if_nametoindex(const char* name); // <net/if.h> clashes with <linux/if.h>

namespace ikelab::io
{

namespace
{

constexpr const char* CLONE_DEVICE = "/dev/net/tun";
constexpr std::string_view NAMED_NETWORKS = "/run/netns/";

/// A failed result whose message ends with what to do about it.
tl::unexpected<SystemError>
Fail(std::string_view doing, std::string_view object, int code, std::string_view remedy)
{
    auto failed = FailSystem(doing, object, code);
    failed.value().message += fmt::format("; {}", remedy);
    return failed;
}

std::string
Describe(const TapPlace& place)
{
    return place.netns.empty()
               ? place.device
               : fmt::format("{} in the network namespace {}", place.device, place.netns);
}

std::string
HowToMake(const TapPlace& place)
{
    const bool isNamed = !place.netns.empty() && place.netns.find('/') == std::string::npos;
    return fmt::format("make it: ip {}tuntap add dev {} mode tap",
                       isNamed ? fmt::format("-n {} ", place.netns) : "",
                       place.device);
}

/// The calling thread is in the network namespace from then on.
SystemResult<void>
Enter(const std::string& netns)
{
    const bool isPath = netns.find('/') != std::string::npos;
    const std::string path = isPath ? netns : std::string(NAMED_NETWORKS) + netns;
    const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.IsOpen())
    {
        const int code = errno;
        return Fail("cannot open the network namespace",
                    netns,
                    code,
                    isPath ? "give a name of `ip netns`, or a path such as /proc/PID/ns/net"
                           : fmt::format("make it: ip netns add {}", netns));
    }
    if (::setns(file.Get(), CLONE_NEWNET) != 0)
    {
        const int code = errno;
        return Fail("cannot enter the network namespace",
                    netns,
                    code,
                    code == EINVAL ? "the path is no network namespace"
                                   : "run as root or give CAP_SYS_ADMIN");
    }
    return {};
}

SystemResult<FileDescriptor>
AttachHere(const TapPlace& place)
{
    const std::string name = Describe(place);
    if (if_nametoindex(place.device.c_str()) == 0)
    {
        return Fail("there is no interface", name, 0, HowToMake(place));
    }
    FileDescriptor file(::open(CLONE_DEVICE, O_RDWR | O_CLOEXEC));
    if (!file.IsOpen())
    {
        const int code = errno;
        return Fail("cannot open",
                    CLONE_DEVICE,
                    code,
                    code == ENOENT || code == ENODEV ? "load the module: modprobe tun"
                                                     : "run as root or give CAP_NET_ADMIN");
    }
    ifreq request{};
    std::ranges::copy(place.device, request.ifr_name);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (::ioctl(file.Get(), TUNSETIFF, &request) == 0)
    {
        return file;
    }
    const int code = errno;
    switch (code)
    {
    case EPERM:
        return Fail("cannot attach to",
                    name,
                    code,
                    "run as root, or let root make the device yours: ip tuntap add ... user NAME");
    case EBUSY:
        return Fail("cannot attach to", name, code, "something is attached to it already");
    case EINVAL:
        return Fail("cannot attach to",
                    name,
                    code,
                    fmt::format("it is no TAP device of one queue; {}", HowToMake(place)));
    default:
        return FailSystem("cannot attach to", name, code);
    }
}

} // namespace

SystemResult<FileDescriptor>
AttachTap(const TapPlace& place)
{
    if (place.device.empty() || place.device.size() >= IFNAMSIZ)
    {
        return FailSystem(
            "cannot attach to",
            fmt::format("'{}': a TAP device's name has 1 to 15 letters", place.device),
            0);
    }
    if (place.netns.empty())
    {
        return AttachHere(place);
    }
    // A network namespace is a thread's. One that ends needs no way back, which could fail.
    SystemResult<FileDescriptor> attached;
    std::thread visitor(
        [&]
        {
            if (auto entered = Enter(place.netns); !entered)
            {
                attached = tl::unexpected<SystemError>(std::move(entered.error()));
                return;
            }
            attached = AttachHere(place);
        });
    visitor.join();
    return attached;
}

} // namespace ikelab::io
