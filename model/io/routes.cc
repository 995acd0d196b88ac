// SPDX-License-Identifier: MIT
#include "io/routes.h"

#include "io/socket_address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ifaddrs.h>
#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <memory>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace ikelab::io
{

namespace
{

/// Before the main table (32766), after the local one (0): packets to ourselves stay here.
constexpr uint32_t RULE_PRIORITY = 220;
/// Each process has a rule of its own from here on, or the first to end would take the others'
/// away.
constexpr uint32_t RULE_PRIORITY_LAST = 235;

/// A metric behind all others.
constexpr uint32_t LAST_RESORT = 0xFFFFFFFF;

/// A netlink request in the making.
class Request
{
  public:
    template <typename Head>
    Request(uint16_t type, uint16_t flags, uint32_t sequence, const Head& head)
    {
        nlmsghdr header{};
        header.nlmsg_type = type;
        header.nlmsg_flags = static_cast<uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        header.nlmsg_seq = sequence;
        Put(&header, sizeof header);
        Put(&head, sizeof head);
    }

    void
    Attribute(uint16_t type, const void* value, size_t octets)
    {
        rtattr head{};
        head.rta_type = type;
        head.rta_len = static_cast<uint16_t>(RTA_LENGTH(octets));
        Put(&head, sizeof head);
        Put(value, octets);
    }

    void
    Attribute(uint16_t type, uint32_t value)
    {
        Attribute(type, &value, sizeof value);
    }

    void
    Attribute(uint16_t type, const IpAddress& address)
    {
        Attribute(type, address.Octets().data(), address.Octets().size());
    }

    Bytes
    Finish()
    {
        const auto octets = static_cast<uint32_t>(m_octets.size());
        std::memcpy(m_octets.data(), &octets, sizeof octets); // nlmsg_len is the first field
        return m_octets;
    }

  private:
    void
    Put(const void* value, size_t octets)
    {
        const auto* from = static_cast<const uint8_t*>(value);
        m_octets.insert(m_octets.end(), from, from + octets);
        m_octets.resize(NLMSG_ALIGN(m_octets.size()));
    }

    Buffer m_octets;
};

/// Set the lowest `count` bits of an address in network order.
void
SetLowBits(std::array<uint8_t, 16>& octets, size_t size, unsigned count)
{
    for (unsigned bit = 0; bit < count; ++bit)
    {
        octets[size - 1 - bit / 8] |= static_cast<uint8_t>(1u << (bit % 8));
    }
}

unsigned
LowZeroBits(Bytes octets)
{
    unsigned count = 0;
    for (size_t i = octets.size(); i-- > 0;)
    {
        for (unsigned bit = 0; bit < 8; ++bit, ++count)
        {
            if ((octets[i] >> bit & 1) != 0)
            {
                return count;
            }
        }
    }
    return count;
}

/// The address after this one; nothing after the last of its family.
std::optional<IpAddress>
Next(const IpAddress& address)
{
    Buffer octets = ToBuffer(address.Octets());
    for (size_t i = octets.size(); i-- > 0;)
    {
        if (++octets[i] != 0)
        {
            return IpAddress::FromOctets(octets);
        }
    }
    return {};
}

auto
SameNetwork(const Route& route)
{
    return [route](const Route& other)
    {
        return other.network == route.network && other.prefixLength == route.prefixLength;
    };
}

} // namespace

SystemResult<PolicyRoutes>
PolicyRoutes::Open()
{
    FileDescriptor file(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!file.IsOpen())
    {
        return FailSystem("cannot open", "a netlink socket for routes", errno);
    }
    return PolicyRoutes(std::move(file));
}

PolicyRoutes::~PolicyRoutes()
{
    if (m_file.IsOpen())
    {
        for (const Route& route : m_barriers)
        {
            [[maybe_unused]] const int code = ChangeBarrier(route, false);
        }
        for (const auto& [family, priority] : m_rules)
        {
            // What cannot be removed leads into an empty table.
            [[maybe_unused]] const int code = ChangeRule(family, priority, false);
        }
    }
}

SystemResult<void>
PolicyRoutes::Add(const Route& route)
{
    const int family = route.network.IsV4() ? AF_INET : AF_INET6;
    if (!m_rules.contains(family))
    {
        TRY_SYSTEM(AddRule(family));
    }
    // The barrier first: a device that is down takes no route.
    int code = ChangeBarrier(route, true);
    if (code == 0)
    {
        std::erase_if(m_barriers, SameNetwork(route));
        m_barriers.push_back(route);
        code = ChangeRoute(route, true);
    }
    if (code != 0)
    {
        return FailSystem("cannot add the route",
                          fmt::format("{}/{}", route.network.ToString(), route.prefixLength),
                          code);
    }
    return {};
}

void
PolicyRoutes::Remove(const Route& route)
{
    std::erase_if(m_barriers, SameNetwork(route));
    // What is gone already, with its device, needs no removal.
    [[maybe_unused]] int code = ChangeRoute(route, false);
    code = ChangeBarrier(route, false);
}

int
PolicyRoutes::ChangeRoute(const Route& route, bool add)
{
    rtmsg head{};
    head.rtm_family = route.network.IsV4() ? AF_INET : AF_INET6;
    head.rtm_dst_len = static_cast<uint8_t>(route.prefixLength);
    head.rtm_table = TABLE;
    head.rtm_protocol = RTPROT_STATIC;
    head.rtm_scope = RT_SCOPE_LINK;
    head.rtm_type = RTN_UNICAST;
    Request request(add ? RTM_NEWROUTE : RTM_DELROUTE,
                    add ? NLM_F_CREATE | NLM_F_REPLACE : 0,
                    ++m_sequence,
                    head);
    request.Attribute(RTA_DST, route.network);
    request.Attribute(RTA_OIF, uint32_t{route.interfaceIndex});
    if (route.preferredSource)
    {
        request.Attribute(RTA_PREFSRC, *route.preferredSource);
    }
    return Ask(request.Finish());
}

int
PolicyRoutes::ChangeBarrier(const Route& route, bool add)
{
    rtmsg head{};
    head.rtm_family = route.network.IsV4() ? AF_INET : AF_INET6;
    head.rtm_dst_len = static_cast<uint8_t>(route.prefixLength);
    head.rtm_table = TABLE;
    head.rtm_protocol = RTPROT_STATIC;
    head.rtm_scope = RT_SCOPE_UNIVERSE;
    head.rtm_type = RTN_UNREACHABLE;
    Request request(add ? RTM_NEWROUTE : RTM_DELROUTE,
                    add ? NLM_F_CREATE | NLM_F_REPLACE : 0,
                    ++m_sequence,
                    head);
    request.Attribute(RTA_DST, route.network);
    request.Attribute(RTA_PRIORITY, LAST_RESORT);
    return Ask(request.Finish());
}

SystemResult<void>
PolicyRoutes::AddRule(int family)
{
    uint32_t priority = RULE_PRIORITY;
    int code = ChangeRule(family, priority, true);
    while (code == EEXIST && priority < RULE_PRIORITY_LAST)
    {
        code = ChangeRule(family, ++priority, true);
    }
    if (code == 0)
    {
        m_rules[family] = priority;
        return {};
    }
    if (code == EEXIST)
    {
        return {}; // of so many one will do
    }
    auto failed = FailSystem("cannot add", "the routing rule", code);
    if (code == EPERM)
    {
        failed.value().message +=
            "; run as root or give CAP_NET_ADMIN, or route by yourself and use --no-routes";
    }
    return failed;
}

int
PolicyRoutes::ChangeRule(int family, uint32_t priority, bool add)
{
    // "not from all fwmark 220 lookup 220"
    fib_rule_hdr head{};
    head.family = static_cast<uint8_t>(family);
    head.table = TABLE;
    head.action = FR_ACT_TO_TBL;
    head.flags = FIB_RULE_INVERT;
    Request request(
        add ? RTM_NEWRULE : RTM_DELRULE, add ? NLM_F_CREATE | NLM_F_EXCL : 0, ++m_sequence, head);
    request.Attribute(FRA_PRIORITY, priority);
    request.Attribute(FRA_FWMARK, MARK);
    request.Attribute(FRA_FWMASK, 0xFFFFFFFFu);
    request.Attribute(FRA_TABLE, TABLE);
    return Ask(request.Finish());
}

int
PolicyRoutes::Ask(Bytes request)
{
    if (::send(m_file.Get(), request.data(), request.size(), 0) < 0)
    {
        return errno;
    }
    alignas(nlmsghdr) std::array<uint8_t, 4096> answer;
    while (true)
    {
        const ssize_t got = ::recv(m_file.Get(), answer.data(), answer.size(), 0);
        if (got < 0)
        {
            if (errno == EINTR)
            {
                continue;
            }
            return errno;
        }
        nlmsghdr header;
        nlmsgerr verdict;
        if (static_cast<size_t>(got) < NLMSG_HDRLEN + sizeof verdict.error)
        {
            return EPROTO;
        }
        std::memcpy(&header, answer.data(), sizeof header);
        if (header.nlmsg_type == NLMSG_ERROR && header.nlmsg_seq == m_sequence)
        {
            std::memcpy(&verdict.error, answer.data() + NLMSG_HDRLEN, sizeof verdict.error);
            return -verdict.error;
        }
    }
}

namespace
{

/// Of one answer to RTM_GETROUTE; 0 is what it does not say.
struct RouteFound
{
    uint32_t interfaceIndex{0};
    uint32_t mtu{0};
};

/// Call take(type, value) with each attribute.
template <typename Take>
void
ReadAttributes(Bytes octets, const Take& take)
{
    rtattr head;
    while (octets.size() >= sizeof head)
    {
        std::memcpy(&head, octets.data(), sizeof head);
        if (head.rta_len < sizeof head || head.rta_len > octets.size())
        {
            return;
        }
        take(head.rta_type & NLA_TYPE_MASK, octets.first(head.rta_len).subspan(sizeof head));
        octets = octets.subspan(std::min<size_t>(octets.size(), RTA_ALIGN(head.rta_len)));
    }
}

void
ReadNumber(Bytes value, uint32_t& number)
{
    if (value.size() == sizeof number)
    {
        std::memcpy(&number, value.data(), sizeof number);
    }
}

/// @param flags RTM_F_FIB_MATCH for the route as it was made, else as packets take it now
RouteFound
FindRoute(const IpAddress& remote, uint32_t mark, uint32_t flags)
{
    const FileDescriptor file(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    rtmsg head{};
    head.rtm_family = remote.IsV4() ? AF_INET : AF_INET6;
    head.rtm_dst_len = static_cast<uint8_t>(8 * remote.Octets().size());
    head.rtm_flags = flags;
    Request request(RTM_GETROUTE, 0, 1, head);
    request.Attribute(RTA_DST, remote);
    if (mark != 0)
    {
        request.Attribute(RTA_MARK, mark);
    }
    const Bytes asked = request.Finish();
    std::array<uint8_t, 4096> answer;
    nlmsghdr header{};
    constexpr size_t BEFORE = NLMSG_LENGTH(sizeof(rtmsg));
    const ssize_t got = ::send(file.Get(), asked.data(), asked.size(), 0) < 0
                            ? -1
                            : ::recv(file.Get(), answer.data(), answer.size(), 0);
    RouteFound found;
    if (got < static_cast<ssize_t>(BEFORE))
    {
        return found;
    }
    std::memcpy(&header, answer.data(), sizeof header);
    if (header.nlmsg_type != RTM_NEWROUTE)
    {
        return found;
    }
    const size_t octets = std::min<size_t>(static_cast<size_t>(got), header.nlmsg_len);
    const auto takeMetric = [&](int type, Bytes value)
    {
        if (type == RTAX_MTU)
        {
            ReadNumber(value, found.mtu);
        }
    };
    ReadAttributes(Bytes(answer).first(octets).subspan(BEFORE),
                   [&](int type, Bytes value)
                   {
                       if (type == RTA_OIF)
                       {
                           ReadNumber(value, found.interfaceIndex);
                       }
                       else if (type == RTA_METRICS)
                       {
                           ReadAttributes(value, takeMetric);
                       }
                   });
    return found;
}

} // namespace

uint32_t
LinkMtuTo(const IpAddress& remote, uint32_t mark)
{
    const FileDescriptor file(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    if (::if_indextoname(FindRoute(remote, mark, 0).interfaceIndex, request.ifr_name) == nullptr ||
        ::ioctl(file.Get(), SIOCGIFMTU, &request) != 0 || request.ifr_mtu <= 0)
    {
        return 0;
    }
    const auto link = static_cast<uint32_t>(request.ifr_mtu);
    const uint32_t route = FindRoute(remote, mark, RTM_F_FIB_MATCH).mtu;
    return route == 0 ? link : std::min(link, route);
}

std::vector<IpRange>
ToPrefixes(const IpRange& range)
{
    std::vector<IpRange> prefixes;
    std::optional<IpAddress> first = range.first;
    while (first && *first <= range.last)
    {
        // The largest block that begins here and does not pass the end.
        for (unsigned bits = LowZeroBits(first->Octets());; --bits)
        {
            std::array<uint8_t, 16> octets{};
            std::ranges::copy(first->Octets(), octets.begin());
            SetLowBits(octets, first->Octets().size(), bits);
            const IpAddress last = IpAddress::FromOctets({octets.data(), first->Octets().size()});
            if (last <= range.last)
            {
                prefixes.push_back({*first, last});
                first = Next(last);
                break;
            }
        }
    }
    return prefixes;
}

SystemResult<std::vector<IpAddress>>
LocalAddresses()
{
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) != 0)
    {
        return FailSystem("cannot list", "the addresses of this host", errno);
    }
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
    std::vector<IpAddress> addresses;
    for (const ifaddrs* entry = list; entry != nullptr; entry = entry->ifa_next)
    {
        if (entry->ifa_addr == nullptr)
        {
            continue;
        }
        sockaddr_storage address{};
        if (entry->ifa_addr->sa_family == AF_INET)
        {
            std::memcpy(&address, entry->ifa_addr, sizeof(sockaddr_in));
        }
        else if (entry->ifa_addr->sa_family == AF_INET6)
        {
            std::memcpy(&address, entry->ifa_addr, sizeof(sockaddr_in6));
        }
        else
        {
            continue;
        }
        addresses.push_back(FromSystem(address).address);
    }
    std::ranges::sort(addresses);
    return addresses;
}

} // namespace ikelab::io
