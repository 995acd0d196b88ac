// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/leak_watch.h"

#include "sim/ns3_compat.h"

#include "ns3/mac48-address.h"

#include <algorithm>
#include <array>

namespace ns3::testing
{

using ikelab::Bytes;
using ikelab::IpAddress;

namespace
{

constexpr size_t MARK_OCTETS = 9; // <P000123>
constexpr size_t ETHERNET_OCTETS = 14;
constexpr uint8_t UDP = 17;
constexpr uint8_t ESP = 50;
constexpr uint8_t ICMPV6 = 58;

/// Kinds end differently, too: ns-3's routers put octets of earlier packets where IPv4 options
/// were, and those must not make one kind of another.
char
EndOf(char kind)
{
    return kind == FORGED ? '}' : '>';
}

/// The first mark in these octets, or nothing.
std::string
FindMark(Bytes octets)
{
    for (size_t i = 0; i + MARK_OCTETS <= octets.size(); ++i)
    {
        const Bytes mark = octets.subspan(i, MARK_OCTETS);
        if (mark[0] == '<' && (mark[1] == FROM_INSIDE || mark[1] == FORGED) &&
            mark[8] == EndOf(mark[1]) &&
            std::all_of(mark.begin() + 2,
                        mark.begin() + 8,
                        [](uint8_t digit) { return digit >= '0' && digit <= '9'; }))
        {
            return std::string(mark.begin(), mark.end());
        }
    }
    return {};
}

/// Neighbour and listener discovery between neighbours: no policy can ask for SAs for these.
bool
IsLinkHousekeeping(const OraclePacket& packet)
{
    if (packet.protocol != ICMPV6 || packet.fragment || packet.icmpType < 130 ||
        (packet.icmpType > 137 && packet.icmpType != 143))
    {
        return false;
    }
    const Bytes source = packet.source.Octets();
    const Bytes destination = packet.destination.Octets();
    const bool sameLink = std::equal(source.begin(), source.begin() + 8, destination.begin());
    const auto ofLink = [](Bytes address)
    {
        return address[0] == 0xff || (address[0] == 0xfe && (address[1] & 0xc0) == 0x80);
    };
    return sameLink || ofLink(source) || ofLink(destination);
}

} // namespace

std::string
MarkedPayload(char kind, uint32_t number, size_t octets)
{
    std::string digits = std::to_string(number);
    digits.insert(0, 6 - std::min<size_t>(6, digits.size()), '0');
    const std::string mark = std::string("<") + kind + digits + EndOf(kind);
    std::string payload;
    while (payload.size() < octets)
    {
        payload += mark;
    }
    return payload;
}

LeakWatch::LeakWatch(const RandomNetwork& network, const std::vector<GatewayPolicy>& policies)
    : m_network(network),
      m_policies(policies),
      m_refused(policies.size()),
      m_refusedMarks(policies.size())
{
}

Reading
LeakWatch::ReadingOf(size_t gateway, const OraclePacket& packet, bool outbound) const
{
    const GatewayPolicy& policy = m_policies[gateway];
    return PolicyOracle::Judge(policy.rules, policy.otherwise, packet, outbound);
}

bool
LeakWatch::IsOwnEspOrIke(const Place& place, const OraclePacket& packet) const
{
    return m_network.IsOwn(place.gateway, packet.source) &&
           (packet.protocol == ESP || (packet.protocol == UDP && packet.portsKnown &&
                                       (packet.sourcePort == 500 || packet.sourcePort == 4500)));
}

void
LeakWatch::Report(const Place& place, const OraclePacket& packet, const std::string& what)
{
    leaks.push_back(what + ": " + packet.ToText() + " " + place.mark + " at " +
                    std::to_string(place.frame.time.time_since_epoch().count() / 1000) + " us by " +
                    (place.gateway < m_policies.size() ? "gateway " + std::to_string(place.gateway)
                                                       : "another node") +
                    (place.inside ? ", inside" : ", outside"));
}

void
LeakWatch::See(const TapFrame& frame)
{
    Bytes data = frame.data;
    if (frame.linkType == TapLinkType::ETHERNET)
    {
        if (data.size() < ETHERNET_OCTETS)
        {
            return;
        }
        const auto type = static_cast<uint16_t>(data[12] << 8 | data[13]);
        if (type != compat::ETHERTYPE_IPV4 && type != compat::ETHERTYPE_IPV6)
        {
            return;
        }
        std::array<uint8_t, 6> own{};
        Mac48Address::ConvertFrom(frame.device->GetAddress()).CopyTo(own.data());
        if (!frame.sent && (data[0] & 1) == 0 && !std::equal(own.begin(), own.end(), data.begin()))
        {
            return; // for another one on the link
        }
        data = data.subspan(ETHERNET_OCTETS);
    }
    const auto packet = m_oracle.Read(data);
    if (!packet)
    {
        return;
    }
    const Place place{frame,
                      m_network.GatewayOf(frame.device->GetNode()),
                      m_network.IsInside(frame.device),
                      FindMark(data)};
    if (frame.sent)
    {
        SeeSent(place, *packet);
    }
    else if (place.gateway < m_policies.size())
    {
        SeeReceived(place, *packet);
    }
}

void
LeakWatch::SeeSent(const Place& place, const OraclePacket& packet)
{
    if (place.gateway == m_policies.size())
    {
        // A router (a host is nobody's business): what comes from behind a gateway had to pass it.
        const size_t home = m_network.Home(packet.source);
        const bool router = std::ranges::find(m_network.routers, place.frame.device->GetNode()) !=
                            m_network.routers.end();
        if (router && home < m_policies.size() && !place.mark.empty() &&
            place.mark[1] == FROM_INSIDE && !m_forwarded.contains(place.mark + packet.ToText()) &&
            ReadingOf(home, packet, true) != Reading::BYPASS)
        {
            Report(place, packet, "carried in clear from behind gateway " + std::to_string(home));
        }
        return;
    }
    if (IsOwnEspOrIke(place, packet))
    {
        ++protectedFrames;
        if (!place.mark.empty())
        {
            Report(place, packet, "clear octets in ESP or IKE");
        }
        return;
    }
    // Going on after it was to be refused.
    if (!place.mark.empty())
    {
        const bool forged = place.mark[1] == FORGED && !packet.IsIcmpError();
        if (m_refused[place.gateway].contains(place.mark + packet.ToText()) ||
            (forged && m_refusedMarks[place.gateway].contains(place.mark)))
        {
            Report(place, packet, "let in in clear");
        }
    }
    if (place.inside && m_policies[place.gateway].protectedSide)
    {
        return;
    }
    if (IsLinkHousekeeping(packet))
    {
        return;
    }
    // Its own are judged before they are fragmented, so that it knows what a fragment is of even if
    // the first one got lost: ns-3 lets few packets wait for a link address.
    OraclePacket judged = packet;
    judged.protocolKnown |= m_network.IsOwn(place.gateway, packet.source);
    if (ReadingOf(place.gateway, judged, true) != Reading::BYPASS)
    {
        Report(place, packet, "sent in clear");
        return;
    }
    if (packet.IsIcmpError() && !packet.fragment && !place.inside &&
        m_network.IsOwn(place.gateway, packet.source))
    {
        SeeQuoted(place, packet);
    }
    if (!place.inside && !place.mark.empty())
    {
        ++clearFrames;
        m_forwarded.insert(place.mark + packet.ToText());
        fragments += packet.fragment ? 1 : 0;
    }
}

void
LeakWatch::SeeQuoted(const Place& place, const OraclePacket& error)
{
    constexpr size_t ICMP_OCTETS = 8;
    if (error.content.size() <= ICMP_OCTETS)
    {
        return;
    }
    // Cut off, but for lengths it reads like any packet.
    ikelab::Buffer quoted = ikelab::ToBuffer(error.content.subspan(ICMP_OCTETS));
    const size_t octets = quoted.size();
    const bool v4 = quoted[0] >> 4 == 4;
    if (octets < (v4 ? 20u : 40u))
    {
        return;
    }
    const size_t length = v4 ? octets : octets - 40;
    quoted[v4 ? 2 : 4] = static_cast<uint8_t>(length >> 8);
    quoted[v4 ? 3 : 5] = static_cast<uint8_t>(length);
    const auto packet = m_oracle.Read(quoted);
    if (packet && ReadingOf(place.gateway, *packet, false) != Reading::BYPASS)
    {
        Report(place, *packet, "quoted in clear");
    }
}

void
LeakWatch::SeeReceived(const Place& place, const OraclePacket& packet)
{
    if (place.inside || place.mark.empty())
    {
        return;
    }
    if (ReadingOf(place.gateway, packet, false) != Reading::BYPASS)
    {
        ++refusedFrames;
        m_refused[place.gateway].insert(place.mark + packet.ToText());
        if (!packet.IsIcmpError())
        {
            m_refusedMarks[place.gateway].insert(place.mark);
        }
    }
}

void
LeakWatch::SeeDelivered(size_t gateway, const std::string& payload)
{
    const std::string mark =
        FindMark(Bytes(reinterpret_cast<const uint8_t*>(payload.data()), payload.size()));
    if (!mark.empty() && mark[1] == FORGED && m_refusedMarks[gateway].contains(mark))
    {
        leaks.push_back("delivered to gateway " + std::to_string(gateway) + ": " + mark);
    }
}

} // namespace ns3::testing
