// SPDX-License-Identifier: GPL-2.0-only
#include "runner/recorder.h"

#include "runner/packet_flow.h"
#include "wire/iana.h"

#include <fmt/format.h>

#include <algorithm>

namespace ikelab::runner
{

namespace
{

constexpr size_t PPP_HEADER_OCTETS = 2;
constexpr size_t ETHERNET_HEADER_OCTETS = 14;
/// Interface of the capture with what a link lost: "wan/lost".
constexpr const char* LOST = "/lost";

/// Tells one IKE message from another, seen on the wire or told by the gateway.
std::string
MessageName(IkeSpi initiator, wire::ExchangeType exchange, bool response, MessageId id)
{
    return fmt::format("{:016x} {} {} {}",
                       initiator.value,
                       static_cast<unsigned>(exchange),
                       response ? "response" : "request",
                       id.value);
}

std::optional<std::string>
MessageNameOf(Bytes frame)
{
    const auto view = ViewFrame(frame);
    if (!view || !view->ike)
    {
        return {};
    }
    return MessageName(view->ike->initiatorSpi,
                       view->ike->exchange,
                       view->ike->IsResponse(),
                       view->ike->messageId);
}

/// The number that the tap counts packets from: one more than that of a packet made just before it.
uint64_t
NextUid()
{
    return ns3::Create<ns3::Packet>()->GetUid() + 1;
}

} // namespace

Recorder::Recorder(const Scenario& scenario,
                   Network& network,
                   endpoint::RunFolder& folder,
                   RunResult& result)
    : m_scenario(scenario),
      m_folder(folder),
      m_result(result),
      m_tally(result),
      m_ladder(scenario),
      m_invariants(scenario),
      m_firstUid(NextUid()),
      m_tap([this](const ns3::TapFrame& frame) { OnFrame(frame); }),
      m_lossOf(scenario.links.size())
{
    for (LinkIndex link = 0; link < scenario.links.size(); ++link)
    {
        const size_t before = m_ports.size();
        const auto kernelEnd = scenario.KernelEnd(link);
        for (size_t end = 0; end < 2; ++end)
        {
            if (end != kernelEnd)
            {
                Watch(link, end, network);
            }
        }
        const bool isRecorded = std::any_of(m_ports.begin() + static_cast<ptrdiff_t>(before),
                                            m_ports.end(),
                                            [](const Port& port) { return port.interface; });
        // What a kernel loses, it does not tell.
        if (isRecorded && !kernelEnd)
        {
            m_lossOf[link] =
                folder.AddInterface(scenario.links[link].name + LOST,
                                    fmt::format("what link {} lost, when it would have arrived",
                                                scenario.links[link].name));
        }
    }
}

void
Recorder::Watch(LinkIndex link, size_t end, Network& network)
{
    const auto device = network.GetDevice(link, end);
    const uint32_t tap = m_tap.Watch(device);
    const bool isEthernet = ns3::LinkTap::LinkTypeOf(device) == ns3::TapLinkType::ETHERNET;
    const bool leadsToKernel = m_scenario.KernelEnd(link).has_value();
    Port port{link, end, leadsToKernel, {}};
    const std::pair<LinkIndex, size_t> place(link, end);
    if (std::ranges::find(m_scenario.recorded, place) != m_scenario.recorded.end())
    {
        port.interface =
            m_folder.AddInterface(m_scenario.InterfaceName(link, end),
                                  "link " + m_scenario.links[link].name,
                                  isEthernet ? io::LinkType::ETHERNET : io::LinkType::RAW);
    }
    m_ports.push_back(port);
    if (!leadsToKernel)
    {
        device->TraceConnectWithoutContext("PhyRxDrop",
                                           ns3::MakeBoundCallback(&Recorder::OnLost, this, tap));
        device->TraceConnectWithoutContext(
            "MacTxDrop", ns3::MakeBoundCallback(&Recorder::OnOverflow, this, tap));
    }
}

void
Recorder::OnFrame(const ns3::TapFrame& frame)
{
    if (m_hook)
    {
        m_hook();
    }
    const Port& port = m_ports[frame.tap];
    if (!m_waiting.empty() && m_waiting.front().at != frame.time)
    {
        Flush();
    }
    const size_t headerOctets = frame.linkType == ns3::TapLinkType::ETHERNET
                                    ? std::min(ETHERNET_HEADER_OCTETS, frame.data.size())
                                    : 0;
    if (frame.sent || port.leadsToKernel)
    {
        const Bytes packet = frame.data.subspan(headerOctets);
        LinkResult& link = m_result.links[port.link];
        ++link.frames;
        if (m_invariants.ShowsProtected(packet))
        {
            ++link.clear;
            link.firstClear = link.firstClear.value_or(Moment{
                m_scenario.InterfaceName(port.link, port.end), frame.time.time_since_epoch()});
        }
        m_invariants.OnSent(frame.time, port.link, frame.sent ? port.end : 1 - port.end, packet);
    }
    if (!port.interface)
    {
        return;
    }
    WaitingFrame waiting;
    waiting.at = frame.time;
    waiting.interface = *port.interface;
    waiting.direction = frame.sent ? io::Direction::OUT : io::Direction::IN;
    waiting.data.assign(frame.data.begin(), frame.data.end());
    waiting.headerOctets = headerOctets;
    waiting.packetId = frame.packetId;
    waiting.node = m_scenario.links[port.link].ends[port.end].node;
    if (frame.sent && !m_comments.empty())
    {
        const auto name = MessageNameOf(frame.data.subspan(headerOctets));
        const auto comment =
            std::ranges::find_if(m_comments,
                                 [&](const WaitingComment& c)
                                 { return c.node == waiting.node && name && c.message == *name; });
        if (comment != m_comments.end())
        {
            waiting.comments.push_back(comment->comment);
            m_comments.erase(comment);
        }
    }
    m_waiting.push_back(std::move(waiting));
}

void
Recorder::OnLost(Recorder* self, uint32_t tap, ns3::Ptr<const ns3::Packet> packet)
{
    self->NoteLoss(tap, *packet, false);
}

void
Recorder::OnOverflow(Recorder* self, uint32_t tap, ns3::Ptr<const ns3::Packet> packet)
{
    self->NoteLoss(tap, *packet, true);
}

void
Recorder::NoteLoss(uint32_t tap, const ns3::Packet& packet, bool overflow)
{
    const Port& port = m_ports[tap];
    const Instant now{Now()};
    const std::string& link = m_scenario.links[port.link].name;
    LinkResult& lossy = m_result.links[port.link];
    ++lossy.lost;
    lossy.firstLost = lossy.firstLost.value_or(Moment{link + LOST, now.time_since_epoch()});
    if (!m_waiting.empty() && m_waiting.front().at != now)
    {
        Flush();
    }
    const uint64_t packetId = packet.GetUid() - m_firstUid;
    m_folder.OnRecord(now,
                      m_scenario.nodes[m_scenario.links[port.link].ends[port.end].node].name,
                      {{"event", "frame_lost"},
                       {"link", link},
                       {"packet_id", packetId},
                       {"why", overflow ? "queue_full" : "loss"}});
    if (!m_lossOf[port.link])
    {
        return;
    }
    WaitingFrame waiting;
    waiting.at = now;
    waiting.interface = *m_lossOf[port.link];
    waiting.direction = io::Direction::UNKNOWN;
    waiting.data.resize(packet.GetSize());
    packet.CopyData(waiting.data.data(), packet.GetSize());
    waiting.data.erase(waiting.data.begin(),
                       waiting.data.begin() + static_cast<ptrdiff_t>(std::min(
                                                  PPP_HEADER_OCTETS, waiting.data.size())));
    waiting.packetId = packetId;
    waiting.comments.push_back(overflow ? fmt::format("dropped: the queue of {} was full",
                                                      m_scenario.InterfaceName(port.link, port.end))
                                        : fmt::format("dropped: link {} lost it", link));
    m_waiting.push_back(std::move(waiting));
}

void
Recorder::OnEvent(NodeIndex node, const gateway::Event& event)
{
    const Instant now{Now()};
    if (!m_waiting.empty() && m_waiting.front().at != now)
    {
        Flush();
    }
    if (const auto* message = std::get_if<ike::MessageEvent>(&event))
    {
        Comment(node, *message);
    }
    m_tally.OnEvent(now, node, event);
    m_ladder.OnEvent(now, node, event);
    m_invariants.OnEvent(node, event);
    m_folder.OnEvent(now, m_scenario.nodes[node].name, event);
}

void
Recorder::Comment(NodeIndex node, const ike::MessageEvent& message)
{
    // The words "retransmit" and "dropped" are what the colour rules of the profile look for.
    if (!message.sent || message.retransmission == 0)
    {
        return;
    }
    const std::string name =
        MessageName(message.spis.initiator, message.exchange, message.response, message.id);
    const std::string comment = fmt::format("retransmit {} of {} {} {}",
                                            message.retransmission,
                                            wire::ToString(message.exchange),
                                            message.response ? "response" : "request",
                                            message.id.value);
    for (auto frame = m_waiting.rbegin(); frame != m_waiting.rend(); ++frame)
    {
        if (frame->node == node && frame->direction == io::Direction::OUT &&
            frame->comments.empty() &&
            MessageNameOf(Bytes(frame->data).subspan(frame->headerOctets)) == name)
        {
            frame->comments.push_back(comment);
            return;
        }
    }
    m_comments.push_back({node, name, comment});
}

void
Recorder::OnStep(const std::string& who, const nlohmann::ordered_json& fields)
{
    m_folder.OnRecord(Instant{Now()}, who, fields);
}

void
Recorder::Flush()
{
    for (const WaitingFrame& frame : m_waiting)
    {
        m_result.capturedFrames = m_folder.OnFrame(
            frame.at, frame.interface, frame.direction, frame.data, frame.packetId, frame.comments);
    }
    m_waiting.clear();
}

void
Recorder::Finish()
{
    Flush();
    m_result.invariants = m_invariants.Finish(m_result);
}

} // namespace ikelab::runner
