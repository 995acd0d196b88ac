// SPDX-License-Identifier: MIT
#include "io/ip_socket.h"

#include "io/socket_address.h"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace ikelab::io
{

namespace
{

/// Enough for a packet info and a traffic class of either family.
constexpr size_t CONTROL_OCTETS =
    CMSG_SPACE(sizeof(in6_pktinfo)) + CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in_pktinfo));
constexpr size_t IPV4_HEADER_OCTETS = 20;
/// Bursts of ESP arrive faster than one turn of the loop; the system halves it where it must.
constexpr int BUFFER_OCTETS = 4 << 20;

int
Family(const IpAddress& address)
{
    return address.IsV4() ? AF_INET : AF_INET6;
}

tl::unexpected<SystemError>
PassOn(SystemError&& error)
{
    return tl::unexpected<SystemError>(std::move(error));
}

/// The system's words and what to do about them.
tl::unexpected<SystemError>
FailWithAdvice(std::string_view doing, const std::string& object, int code)
{
    auto failed = FailSystem(doing, object, code);
    std::string& message = failed.value().message;
    switch (code)
    {
    case EACCES:
        message += "; run as root or give CAP_NET_BIND_SERVICE";
        break;
    case EPERM:
        message += "; run as root or give CAP_NET_RAW and CAP_NET_ADMIN";
        break;
    case EADDRINUSE:
        message += "; another IKE daemon runs here: stop it, or give each its own local_addrs";
        break;
    case EADDRNOTAVAIL:
        message += "; no interface of this host has the address: see local_addrs and 'ip address'";
        break;
    case EAFNOSUPPORT:
        message += "; this kernel does not have the address family";
        break;
    default:
        break;
    }
    return failed;
}

SystemResult<void>
SetOption(const FileDescriptor& file, int level, int option, int value, std::string_view name)
{
    if (::setsockopt(file.Get(), level, option, &value, sizeof value) != 0)
    {
        return FailWithAdvice("cannot set socket option", std::string(name), errno);
    }
    return {};
}

template <typename T>
void
AddControl(msghdr& message, int level, int type, const T& value)
{
    auto* header = reinterpret_cast<cmsghdr*>(static_cast<char*>(message.msg_control) +
                                              message.msg_controllen);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    message.msg_controllen += CMSG_SPACE(sizeof value);
}

/// What the system tells of a packet beside its octets and sender.
struct Told
{
    std::optional<IpAddress> destination;
    uint8_t trafficClass{0};
};

template <typename T>
T
Control(const cmsghdr* header)
{
    T value;
    std::memcpy(&value, CMSG_DATA(header), sizeof value);
    return value;
}

Told
ReadControl(msghdr& message)
{
    Told told;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header))
    {
        const int type = header->cmsg_type;
        if (header->cmsg_level == IPPROTO_IP)
        {
            if (type == IP_PKTINFO)
            {
                told.destination = FromSystem(Control<in_pktinfo>(header).ipi_addr);
            }
            else if (type == IP_TOS)
            {
                told.trafficClass = Control<uint8_t>(header);
            }
        }
        else if (header->cmsg_level == IPPROTO_IPV6)
        {
            if (type == IPV6_PKTINFO)
            {
                told.destination = FromSystem(Control<in6_pktinfo>(header).ipi6_addr);
            }
            else if (type == IPV6_TCLASS)
            {
                told.trafficClass = static_cast<uint8_t>(Control<int>(header));
            }
        }
    }
    return told;
}

} // namespace

IpSocket::IpSocket(FileDescriptor file, const SocketAddress& local, bool raw)
    : m_file(std::move(file)),
      m_local(local),
      m_raw(raw)
{
}

SystemResult<IpSocket>
IpSocket::BindUdp(const SocketAddress& local)
{
    const std::string name = fmt::format("UDP {}", local.ToString());
    FileDescriptor file(
        ::socket(Family(local.address), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!file.IsOpen())
    {
        return FailWithAdvice("cannot open", name, errno);
    }
    IpSocket made(std::move(file), local, false);
    if (auto prepared = made.Prepare(); !prepared)
    {
        return PassOn(std::move(prepared.error()));
    }
    const SystemAddress address(local);
    if (::bind(made.Descriptor(), address.Get(), address.length) != 0)
    {
        return FailWithAdvice("cannot bind", name, errno);
    }
    sockaddr_storage bound{};
    socklen_t octets = sizeof bound;
    if (::getsockname(made.Descriptor(), reinterpret_cast<sockaddr*>(&bound), &octets) != 0)
    {
        return FailSystem("cannot ask the address of", name, errno);
    }
    made.m_local = FromSystem(bound);
    return made;
}

SystemResult<IpSocket>
IpSocket::OpenRaw(const IpAddress& local, uint8_t protocol)
{
    const std::string name = fmt::format("IP protocol {} on {}", protocol, local.ToString());
    FileDescriptor file(::socket(Family(local), SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
    if (!file.IsOpen())
    {
        return FailWithAdvice("cannot open", name, errno);
    }
    IpSocket made(std::move(file), {local, 0}, true);
    if (auto prepared = made.Prepare(); !prepared)
    {
        return PassOn(std::move(prepared.error()));
    }
    const SystemAddress address({local, 0});
    if (::bind(made.Descriptor(), address.Get(), address.length) != 0)
    {
        return FailWithAdvice("cannot bind", name, errno);
    }
    return made;
}

SystemResult<void>
IpSocket::Prepare()
{
    if (m_local.address.IsV4())
    {
        TRY_SYSTEM(SetOption(m_file, IPPROTO_IP, IP_PKTINFO, 1, "IP_PKTINFO"));
        TRY_SYSTEM(SetOption(m_file, IPPROTO_IP, IP_RECVTOS, 1, "IP_RECVTOS"));
        // Raw sockets begin with path MTU discovery, which would refuse what must be fragmented.
        TRY_SYSTEM(
            SetOption(m_file, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT, "IP_MTU_DISCOVER"));
    }
    else
    {
        if (!m_raw)
        {
            TRY_SYSTEM(SetOption(m_file, IPPROTO_IPV6, IPV6_V6ONLY, 1, "IPV6_V6ONLY"));
        }
        TRY_SYSTEM(SetOption(m_file, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, "IPV6_RECVPKTINFO"));
        TRY_SYSTEM(SetOption(m_file, IPPROTO_IPV6, IPV6_RECVTCLASS, 1, "IPV6_RECVTCLASS"));
        TRY_SYSTEM(SetOption(
            m_file, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT, "IPV6_MTU_DISCOVER"));
    }
    // Larger buffers are a wish: the system caps them.
    ::setsockopt(m_file.Get(), SOL_SOCKET, SO_RCVBUF, &BUFFER_OCTETS, sizeof BUFFER_OCTETS);
    ::setsockopt(m_file.Get(), SOL_SOCKET, SO_SNDBUF, &BUFFER_OCTETS, sizeof BUFFER_OCTETS);
    return {};
}

SystemResult<std::optional<ReceivedPacket>>
IpSocket::Receive(MutableBytes room)
{
    while (true)
    {
        sockaddr_storage source{};
        alignas(cmsghdr) std::array<char, CONTROL_OCTETS> control;
        iovec part{room.data(), room.size()};
        msghdr message{};
        message.msg_name = &source;
        message.msg_namelen = sizeof source;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const ssize_t got = ::recvmsg(m_file.Get(), &message, 0);
        if (got < 0)
        {
            if (errno == EINTR)
            {
                continue;
            }
            if (errno == EAGAIN || errno == EWOULDBLOCK)
            {
                return std::optional<ReceivedPacket>();
            }
            return FailSystem("cannot receive on", m_local.ToString(), errno);
        }
        const Told told = ReadControl(message);
        if ((message.msg_flags & MSG_TRUNC) != 0 || !told.destination)
        {
            continue;
        }
        ReceivedPacket packet;
        packet.path.remote = FromSystem(source);
        packet.path.local = {*told.destination, m_local.port};
        packet.trafficClass = told.trafficClass;
        packet.payload = room.first(static_cast<size_t>(got));
        if (m_raw)
        {
            packet.path.remote.port = 0;
            if (m_local.address.IsV4())
            {
                // raw(7): IPv4 packets come with their header, IPv6 ones without.
                const size_t header = got > 0 ? size_t{room[0] & 0x0Fu} * 4 : 0;
                if (header < IPV4_HEADER_OCTETS || header > packet.payload.size())
                {
                    continue;
                }
                packet.ipHeaderOctets = header;
                packet.payload = packet.payload.subspan(header);
            }
        }
        return packet;
    }
}

SystemResult<void>
IpSocket::Send(const Path& path, Bytes payload, OuterFields outer)
{
    TRY_SYSTEM(SetHeaderIncluded(false));
    TRY_SYSTEM(SetDontFragment(outer.dontFragment));
    const SystemAddress remote(m_raw ? SocketAddress{path.remote.address, 0} : path.remote);
    alignas(cmsghdr) std::array<char, CONTROL_OCTETS> control{};
    iovec part{const_cast<uint8_t*>(payload.data()), payload.size()};
    msghdr message{};
    message.msg_name = const_cast<sockaddr*>(remote.Get());
    message.msg_namelen = remote.length;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    const Bytes local = path.local.address.Octets();
    if (m_local.address.IsV4())
    {
        in_pktinfo info{};
        if (path.local.address.IsV4())
        {
            std::memcpy(&info.ipi_spec_dst, local.data(), local.size());
        }
        AddControl(message, IPPROTO_IP, IP_PKTINFO, info);
        AddControl(message, IPPROTO_IP, IP_TOS, int{outer.trafficClass});
    }
    else
    {
        in6_pktinfo info{};
        if (path.local.address.IsV6())
        {
            std::memcpy(&info.ipi6_addr, local.data(), local.size());
        }
        AddControl(message, IPPROTO_IPV6, IPV6_PKTINFO, info);
        AddControl(message, IPPROTO_IPV6, IPV6_TCLASS, int{outer.trafficClass});
    }
    while (::sendmsg(m_file.Get(), &message, MSG_NOSIGNAL) < 0)
    {
        if (errno != EINTR)
        {
            const int code = errno;
            return FailSystem("cannot send",
                              fmt::format("{} octets {} -> {}",
                                          payload.size(),
                                          path.local.ToString(),
                                          path.remote.ToString()),
                              code);
        }
    }
    return {};
}

SystemResult<void>
IpSocket::SendWhole(const IpAddress& remote, Bytes packet)
{
    TRY_SYSTEM(SetHeaderIncluded(true));
    const SystemAddress address({remote, 0});
    while (::sendto(m_file.Get(),
                    packet.data(),
                    packet.size(),
                    MSG_NOSIGNAL,
                    address.Get(),
                    address.length) < 0)
    {
        if (errno != EINTR)
        {
            const int code = errno;
            return FailSystem(
                "cannot send",
                fmt::format("an IP packet of {} octets to {}", packet.size(), remote.ToString()),
                code);
        }
    }
    return {};
}

SystemResult<void>
IpSocket::SetHeaderIncluded(bool included)
{
    if (included == m_headerIncluded)
    {
        return {};
    }
    if (m_local.address.IsV4())
    {
        TRY_SYSTEM(SetOption(m_file, IPPROTO_IP, IP_HDRINCL, included ? 1 : 0, "IP_HDRINCL"));
    }
    else
    {
        TRY_SYSTEM(SetOption(m_file, IPPROTO_IPV6, IPV6_HDRINCL, included ? 1 : 0, "IPV6_HDRINCL"));
    }
    m_headerIncluded = included;
    return {};
}

SystemResult<void>
IpSocket::SetDontFragment(bool wanted)
{
    if (wanted == m_dontFragment)
    {
        return {};
    }
    if (m_local.address.IsV4())
    {
        // DO sets the bit and refuses what the path is known not to take.
        TRY_SYSTEM(SetOption(m_file,
                             IPPROTO_IP,
                             IP_MTU_DISCOVER,
                             wanted ? IP_PMTUDISC_DO : IP_PMTUDISC_DONT,
                             "IP_MTU_DISCOVER"));
    }
    m_dontFragment = wanted;
    return {};
}

SystemResult<void>
IpSocket::SetMark(uint32_t mark)
{
    return SetOption(m_file, SOL_SOCKET, SO_MARK, static_cast<int>(mark), "SO_MARK");
}

bool
IpSocket::Serves(const IpAddress& local) const
{
    return local.IsV4() == m_local.address.IsV4() &&
           (m_local.address.IsUnspecified() || local.IsUnspecified() || local == m_local.address);
}

std::optional<IpAddress>
SourceAddressFor(const IpAddress& remote)
{
    // Connecting a UDP socket asks the routing table and sends nothing.
    FileDescriptor file(::socket(Family(remote), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SystemAddress address({remote, 500});
    sockaddr_storage chosen{};
    socklen_t octets = sizeof chosen;
    if (!file.IsOpen() || ::connect(file.Get(), address.Get(), address.length) != 0 ||
        ::getsockname(file.Get(), reinterpret_cast<sockaddr*>(&chosen), &octets) != 0)
    {
        return {};
    }
    return FromSystem(chosen).address;
}

uint32_t
PathMtuTo(const IpAddress& remote, uint32_t mark)
{
    FileDescriptor file(::socket(Family(remote), SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const SystemAddress address({remote, 500});
    if (!file.IsOpen() ||
        (mark != 0 && ::setsockopt(file.Get(), SOL_SOCKET, SO_MARK, &mark, sizeof mark) != 0) ||
        ::connect(file.Get(), address.Get(), address.length) != 0)
    {
        return 0;
    }
    int mtu = 0;
    socklen_t octets = sizeof mtu;
    const bool known = ::getsockopt(file.Get(),
                                    remote.IsV4() ? IPPROTO_IP : IPPROTO_IPV6,
                                    remote.IsV4() ? IP_MTU : IPV6_MTU,
                                    &mtu,
                                    &octets) == 0;
    return known && mtu > 0 ? static_cast<uint32_t>(mtu) : 0;
}

} // namespace ikelab::io
