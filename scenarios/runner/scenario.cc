// SPDX-License-Identifier: GPL-2.0-only
#include "runner/scenario.h"

#include <fmt/format.h>

namespace ikelab::runner
{

IpRange
InterfaceAddress::Subnet() const
{
    const auto range = IpRange::Parse(fmt::format("{}/{}", address.ToString(), prefixLength));
    return range.value_or(IpRange{address, address});
}

const std::vector<Metric>&
Metrics()
{
    static const std::vector<Metric> METRICS = {
        {"ike_sas_established", Subject::NODE, Unit::COUNT, "IKE SAs that came up"},
        {"ike_sas_open", Subject::NODE, Unit::COUNT, "IKE SAs that are there at the end"},
        {"ike_setup_failures", Subject::NODE, Unit::COUNT, "IKE SAs that never came up"},
        {"child_sas_installed", Subject::NODE, Unit::COUNT, "Child SAs that came up"},
        {"child_sas_open", Subject::NODE, Unit::COUNT, "Child SAs that are there at the end"},
        {"child_setup_failures", Subject::NODE, Unit::COUNT, "Child SAs that were refused"},
        {"setup_time", Subject::NODE, Unit::TIME, "the longest set-up of an IKE SA"},
        {"retransmissions", Subject::NODE, Unit::COUNT, "IKE messages sent again"},
        {"messages_rejected", Subject::NODE, Unit::COUNT, "IKE messages dropped or refused"},
        {"liveness_replies", Subject::NODE, Unit::COUNT, "liveness checks that were answered"},
        {"protected_packets", Subject::NODE, Unit::COUNT, "packets put into ESP"},
        {"delivered_packets", Subject::NODE, Unit::COUNT, "packets taken out of ESP"},
        {"bypassed_packets", Subject::NODE, Unit::COUNT, "packets that policy let pass in clear"},
        {"discarded_packets", Subject::NODE, Unit::COUNT, "packets that policy refused"},
        {"replayed_packets", Subject::NODE, Unit::COUNT, "ESP packets refused as replays"},
        {"integrity_failures", Subject::NODE, Unit::COUNT, "ESP packets with a wrong ICV"},
        {"unknown_spis", Subject::NODE, Unit::COUNT, "ESP packets of no SA"},
        {"sent_dummies", Subject::NODE, Unit::COUNT, "ESP packets with nothing inside, sent"},
        {"received_dummies",
         Subject::NODE,
         Unit::COUNT,
         "ESP packets with nothing inside, received"},
        {"sent", Subject::FLOW, Unit::COUNT, "packets sent"},
        {"received", Subject::FLOW, Unit::COUNT, "packets received (ping: replies)"},
        {"lost", Subject::FLOW, Unit::COUNT, "packets sent and not received"},
        {"loss", Subject::FLOW, Unit::SHARE, "packets lost, as a share of those sent"},
        {"octets", Subject::FLOW, Unit::COUNT, "octets of user data received"},
        {"throughput",
         Subject::FLOW,
         Unit::RATE,
         "user data received, from first sent to last received"},
        {"rtt_min", Subject::FLOW, Unit::TIME, "shortest round trip (ping)"},
        {"rtt_avg", Subject::FLOW, Unit::TIME, "mean round trip (ping)"},
        {"rtt_max", Subject::FLOW, Unit::TIME, "longest round trip (ping)"},
        {"longest_gap", Subject::FLOW, Unit::TIME, "longest time without delivery (ping, udp)"},
        {"frames", Subject::LINK, Unit::COUNT, "packets put on the link"},
        {"frames_lost", Subject::LINK, Unit::COUNT, "packets that the link lost"},
        {"clear_packets",
         Subject::LINK,
         Unit::COUNT,
         "packets that show protected octets in clear"},
    };
    return METRICS;
}

std::string_view
ToString(FlowKind kind)
{
    switch (kind)
    {
    case FlowKind::PING:
        return "ping";
    case FlowKind::UDP:
        return "udp";
    case FlowKind::TCP:
        break;
    }
    return "tcp";
}

std::optional<size_t>
Scenario::KernelEnd(LinkIndex link) const
{
    for (size_t end = 0; end < 2; ++end)
    {
        if (IsKernel(links[link].ends[end].node))
        {
            return end;
        }
    }
    return {};
}

std::string
Scenario::InterfaceName(LinkIndex link, size_t end) const
{
    const Interface& interface = links[link].ends[end];
    return nodes[interface.node].name + "/" + interface.name;
}

std::optional<IpAddress>
Scenario::AddressOf(NodeIndex node, bool v4) const
{
    for (const Link& link : links)
    {
        for (const Interface& end : link.ends)
        {
            for (const InterfaceAddress& address : end.addresses)
            {
                if (end.node == node && address.address.IsV4() == v4)
                {
                    return address.address;
                }
            }
        }
    }
    return {};
}

const std::string&
Scenario::SubjectName(const Claim& claim) const
{
    switch (claim.metric->subject)
    {
    case Subject::NODE:
        return nodes[claim.subject].name;
    case Subject::FLOW:
        return flows[claim.subject].name;
    case Subject::LINK:
        break;
    }
    return links[claim.subject].name;
}

} // namespace ikelab::runner
