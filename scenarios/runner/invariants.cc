// SPDX-License-Identifier: GPL-2.0-only
#include "runner/invariants.h"

#include "base/byte_reader.h"
#include "runner/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ikelab::runner
{

Invariants::Invariants(const Scenario& scenario)
    : m_scenario(scenario),
      m_policies(scenario.nodes.size())
{
    const auto name = [](Invariant& invariant, const char* word, const char* text)
    {
        invariant.name = word;
        invariant.text = text;
    };
    name(m_leaks, "no_leak", "nothing that policy protects left a gateway in clear");
    name(m_sequences, "sequence_once", "no ESP sequence number was used twice under a key");
    name(m_ivs, "iv_once", "no IV was used twice under an AEAD key");
    name(m_spis, "spi_once", "no SPI belongs to two live SAs");
    name(m_agreement, "ends_agree", "both ends of every SA agree");
    for (NodeIndex i = 0; i < scenario.nodes.size(); ++i)
    {
        Policy& policy = m_policies[i];
        const auto& ipsec = scenario.nodes[i].ipsec;
        policy.isGateway = ipsec.has_value();
        if (!ipsec)
        {
            continue;
        }
        for (const gateway::PolicyRule& rule : ipsec->policies)
        {
            auto& list =
                rule.action == gateway::Action::BYPASS ? policy.bypassed : policy.protectedTraffic;
            list.push_back({esp::SelectorSet(rule.local), esp::SelectorSet(rule.remote)});
        }
        for (const auto& connection : ipsec->ike.connections)
        {
            for (const ike::ChildConfig& child : connection->children)
            {
                policy.protectedTraffic.push_back(
                    {esp::SelectorSet(child.localTs), esp::SelectorSet(child.remoteTs)});
            }
        }
    }
    for (const Link& link : scenario.links)
    {
        for (const Interface& end : link.ends)
        {
            for (const InterfaceAddress& address : end.addresses)
            {
                m_owners[address.address] = end.node;
            }
        }
    }
}

void
Invariants::Violate(Invariant& invariant, std::string detail, std::optional<Moment> moment)
{
    if (invariant.holds)
    {
        invariant.detail = std::move(detail);
        invariant.moment = std::move(moment);
    }
    invariant.holds = false;
}

bool
Invariants::Owns(NodeIndex node, const IpAddress& address) const
{
    const auto owner = m_owners.find(address);
    return owner != m_owners.end() && owner->second == node;
}

void
Invariants::OnEvent(NodeIndex, const gateway::Event& event)
{
    const auto* child = std::get_if<ike::ChildSaInstalled>(&event);
    if (child && child->suite.encr && child->suite.encr->kind == crypto::CipherKind::AEAD)
    {
        m_ivOctets[{child->path.remote.address, child->outboundSpi.value}] =
            child->suite.encr->ivOctets;
    }
    if (child)
    {
        // The same SPI may come again later, for another SA with other keys.
        m_traces.erase({child->path.remote.address, child->outboundSpi.value});
    }
}

bool
Invariants::MustProtect(const Policy& policy, const esp::PacketInfo& packet)
{
    const auto matches = [&packet](const esp::TrafficSelectors& selectors)
    {
        return selectors.MatchesOutbound(packet);
    };
    return std::ranges::none_of(policy.bypassed, matches) &&
           std::ranges::any_of(policy.protectedTraffic, matches);
}

bool
Invariants::MustHaveBeenProtected(const Policy& policy, const esp::PacketInfo& packet)
{
    const auto matches = [&packet](const esp::TrafficSelectors& selectors)
    {
        return selectors.MatchesInbound(packet);
    };
    return std::ranges::none_of(policy.bypassed, matches) &&
           std::ranges::any_of(policy.protectedTraffic, matches);
}

bool
Invariants::ShowsProtected(Bytes frame) const
{
    const auto view = ViewFrame(frame);
    if (view && view->ah)
    {
        return false; // shown, but it is protected as it was asked to be (RFC 4302 §1)
    }
    const auto found =
        std::search(frame.begin(), frame.end(), FLOW_MARKER.begin(), FLOW_MARKER.end());
    if (found != frame.end())
    {
        return true;
    }
    return view && view->IsClear() &&
           std::ranges::any_of(m_policies,
                               [&view](const Policy& policy) {
                                   return MustProtect(policy, view->packet) ||
                                          MustHaveBeenProtected(policy, view->packet);
                               });
}

void
Invariants::OnSent(Instant at, LinkIndex link, size_t end, Bytes frame)
{
    const NodeIndex node = m_scenario.links[link].ends[end].node;
    if (!m_policies[node].isGateway)
    {
        return;
    }
    const auto view = ViewFrame(frame);
    if (!view)
    {
        return;
    }
    if (view->esp)
    {
        CheckEsp(at, node, *view);
    }
    else if (view->IsClear() && MustProtect(m_policies[node], view->packet))
    {
        Violate(m_leaks,
                fmt::format("at {} {} sent {} -> {} (protocol {}) in clear",
                            FormatTime(at.time_since_epoch()),
                            m_scenario.InterfaceName(link, end),
                            view->packet.source.ToAddress().ToString(),
                            view->packet.destination.ToAddress().ToString(),
                            view->packet.protocol),
                Moment{m_scenario.InterfaceName(link, end), at.time_since_epoch()});
    }
}

void
Invariants::CheckEsp(Instant at, NodeIndex node, const FrameView& view)
{
    // What is only forwarded was counted where it was made.
    if (!Owns(node, view.packet.source.ToAddress()))
    {
        return;
    }
    const SaName name{view.packet.destination.ToAddress(), view.esp->spi.value};
    SaTrace& trace = m_traces[name];
    if (view.esp->sequence <= trace.lastSequence)
    {
        Violate(m_sequences,
                fmt::format("at {} {} sent sequence number {} after {} with SPI {:08x}",
                            FormatTime(at.time_since_epoch()),
                            m_scenario.nodes[node].name,
                            view.esp->sequence,
                            trace.lastSequence,
                            name.second),
                Moment{m_scenario.nodes[node].name, at.time_since_epoch()});
    }
    trace.lastSequence = std::max(trace.lastSequence, view.esp->sequence);
    // Those of all AEADs for ESP are of 8 octets (RFC 4106 §3.1, RFC 4309 §3.1, RFC 7634 §2).
    const auto ivOctets = m_ivOctets.find(name);
    ByteReader reader(view.espBody);
    uint64_t iv = 0;
    if (ivOctets != m_ivOctets.end() && ivOctets->second == sizeof(iv) && reader.U64(iv))
    {
        if (!trace.ivs.Insert(iv))
        {
            Violate(m_ivs,
                    fmt::format("at {} {} repeated an IV with SPI {:08x}",
                                FormatTime(at.time_since_epoch()),
                                m_scenario.nodes[node].name,
                                name.second),
                    Moment{m_scenario.nodes[node].name, at.time_since_epoch()});
        }
    }
}

void
Invariants::CheckSpis(const RunResult& result)
{
    for (NodeIndex i = 0; i < result.gateways.size(); ++i)
    {
        std::set<uint32_t> espSpis;
        std::set<uint64_t> ikeSpis;
        for (const ike::IkeSaInfo& sa : result.gateways[i].open)
        {
            const uint64_t own = sa.initiator ? sa.spis.initiator.value : sa.spis.responder.value;
            if (!ikeSpis.insert(own).second)
            {
                Violate(m_spis,
                        fmt::format("{} has IKE SPI {:016x} twice", m_scenario.nodes[i].name, own));
            }
            for (const ike::ChildSaInfo& child : sa.children)
            {
                if (!espSpis.insert(child.inboundSpi.value).second)
                {
                    Violate(m_spis,
                            fmt::format("{} has ESP SPI {:08x} twice",
                                        m_scenario.nodes[i].name,
                                        child.inboundSpi.value));
                }
            }
        }
    }
}

void
Invariants::CheckPair(NodeIndex node, const ike::IkeSaInfo& sa, const RunResult& result)
{
    const auto peer = m_owners.find(sa.path.remote.address);
    if (peer == m_owners.end())
    {
        return;
    }
    const std::string& name = m_scenario.nodes[node].name;
    const std::string& peerName = m_scenario.nodes[peer->second].name;
    if (m_scenario.IsKernel(peer->second))
    {
        m_agreement.checked = false;
        m_agreement.detail = fmt::format("{} is a kernel node, which tells us nothing", peerName);
        return;
    }
    const auto& others = result.gateways[peer->second].open;
    const auto other = std::ranges::find_if(others,
                                            [&sa](const ike::IkeSaInfo& far) {
                                                return far.spis.initiator == sa.spis.initiator &&
                                                       far.spis.responder == sa.spis.responder;
                                            });
    if (other == others.end() && result.gateways[peer->second].ikeSetupFailures > 0)
    {
        // RFC 7296 §2.4: who lost every IKE_AUTH response cannot know that the other end succeeded.
        m_agreement.checked = false;
        m_agreement.detail = fmt::format("{} gave up setting up an IKE SA", peerName);
        return;
    }
    if (other == others.end())
    {
        Violate(m_agreement,
                fmt::format("{} has an IKE SA {:016x} that {} has not",
                            name,
                            sa.spis.initiator.value,
                            peerName));
        return;
    }
    for (const ike::ChildSaInfo& child : sa.children)
    {
        const bool known = std::ranges::any_of(other->children,
                                               [&child](const ike::ChildSaInfo& far) {
                                                   return far.inboundSpi == child.outboundSpi &&
                                                          far.outboundSpi == child.inboundSpi;
                                               });
        if (!known)
        {
            Violate(m_agreement,
                    fmt::format("{} has a Child SA {} ({:08x} in) that {} has not",
                                name,
                                child.name,
                                child.inboundSpi.value,
                                peerName));
        }
    }
}

void
Invariants::CheckAgreement(const RunResult& result)
{
    for (NodeIndex i = 0; i < result.gateways.size(); ++i)
    {
        for (const ike::IkeSaInfo& sa : result.gateways[i].open)
        {
            if (sa.state != "ESTABLISHED")
            {
                m_agreement.checked = false;
                m_agreement.detail = fmt::format(
                    "{} was still {} {}", m_scenario.nodes[i].name, sa.state, sa.connection);
                return;
            }
        }
    }
    for (NodeIndex i = 0; i < result.gateways.size(); ++i)
    {
        for (const ike::IkeSaInfo& sa : result.gateways[i].open)
        {
            CheckPair(i, sa, result);
        }
    }
}

std::vector<Invariant>
Invariants::Finish(const RunResult& result)
{
    CheckSpis(result);
    CheckAgreement(result);
    return {m_leaks, m_sequences, m_ivs, m_spis, m_agreement};
}

} // namespace ikelab::runner
