// SPDX-License-Identifier: GPL-2.0-only
#include "runner/ladder.h"

#include "gateway/event_json.h"
#include "io/event_log.h"
#include "wire/iana.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ikelab::runner
{

namespace
{

constexpr size_t WIDTH_LEAST = 48;
constexpr size_t TIME_WIDTH = 12;

std::string
TimeOrNothing(const std::optional<Instant>& at)
{
    return fmt::format("{:>{}}", at ? io::ToLogTime(*at) : "", TIME_WIDTH);
}

} // namespace

Ladder::Ladder(const Scenario& scenario) : m_scenario(scenario)
{
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

std::optional<NodeIndex>
Ladder::OwnerOf(const IpAddress& address) const
{
    const auto owner = m_owners.find(address);
    return owner == m_owners.end() ? std::nullopt : std::optional(owner->second);
}

void
Ladder::OnMessage(Instant at, NodeIndex node, const ike::MessageEvent& message)
{
    const auto peer = OwnerOf(message.path.remote.address);
    if (!peer)
    {
        return;
    }
    m_peers[{node, message.sa.value}] = *peer;
    const std::string key = fmt::format("{:016x} {} {} {} {}",
                                        message.spis.initiator.value,
                                        static_cast<unsigned>(message.exchange),
                                        message.response,
                                        message.id.value,
                                        message.octets);
    if (!message.sent)
    {
        // The oldest of the same that is still under way: links keep the order.
        const auto rung = std::ranges::find_if(m_rungs,
                                               [&](const Rung& r) {
                                                   return r.from == *peer && r.to == node &&
                                                          r.key == key && r.sent && !r.received;
                                               });
        if (rung != m_rungs.end())
        {
            // What was sent before and did not come by now is lost.
            auto latest = rung;
            for (auto later = rung; later != m_rungs.end(); ++later)
            {
                if (later->from == *peer && later->to == node && later->key == key && later->sent &&
                    !later->received && *later->sent < at)
                {
                    latest = later;
                }
            }
            latest->received = at;
            return;
        }
    }
    Rung rung;
    rung.from = message.sent ? node : *peer;
    rung.to = message.sent ? *peer : node;
    (message.sent ? rung.sent : rung.received) = at;
    rung.key = key;
    rung.label = fmt::format(
        "{} {} {} {}{}",
        wire::ToString(message.exchange),
        message.response ? "response" : "request",
        message.id.value,
        message.summary,
        message.retransmission > 0 ? fmt::format(" (again, {})", message.retransmission) : "");
    m_rungs.push_back(std::move(rung));
}

void
Ladder::Note(Instant at, NodeIndex node, NodeIndex peer, std::string text)
{
    Rung rung;
    rung.from = node;
    rung.to = peer;
    rung.sent = at;
    rung.note = std::move(text);
    m_rungs.push_back(std::move(rung));
}

void
Ladder::NoteUp(Instant at, NodeIndex node, const Path& path, std::string text)
{
    if (const auto peer = OwnerOf(path.remote.address))
    {
        Note(at, node, *peer, std::move(text));
    }
}

void
Ladder::NoteClosed(Instant at, NodeIndex node, IkeSaId sa, std::string text)
{
    const auto peer = m_peers.find({node, sa.value});
    if (peer != m_peers.end())
    {
        Note(at, node, peer->second, std::move(text));
    }
}

void
Ladder::OnEvent(Instant at, NodeIndex node, const gateway::Event& event)
{
    if (const auto* message = std::get_if<ike::MessageEvent>(&event))
    {
        OnMessage(at, node, *message);
    }
    else if (const auto* up = std::get_if<ike::IkeSaEstablished>(&event))
    {
        NoteUp(at, node, up->path, fmt::format("IKE_SA {} established", up->connection));
    }
    else if (const auto* child = std::get_if<ike::ChildSaInstalled>(&event))
    {
        NoteUp(at,
               node,
               child->path,
               fmt::format("CHILD_SA {} installed",
                           child->config ? child->config->name : child->connection));
    }
    else if (const auto* removed = std::get_if<ike::ChildSaRemoved>(&event))
    {
        NoteClosed(at,
                   node,
                   removed->sa,
                   fmt::format("CHILD_SA {} closed: {}",
                               removed->name,
                               gateway::ToString(removed->reason)));
    }
    else if (const auto* closed = std::get_if<ike::IkeSaClosed>(&event))
    {
        NoteClosed(at,
                   node,
                   closed->sa,
                   fmt::format("IKE_SA {} closed: {}",
                               closed->connection,
                               gateway::ToString(closed->reason)));
    }
}

std::string
Ladder::Draw(const std::string& head) const
{
    std::string text = head;
    std::vector<std::pair<NodeIndex, NodeIndex>> pairs;
    size_t width = WIDTH_LEAST;
    for (const Rung& rung : m_rungs)
    {
        const auto pair = std::minmax(rung.from, rung.to);
        if (std::ranges::find(pairs, std::pair<NodeIndex, NodeIndex>(pair)) == pairs.end())
        {
            pairs.emplace_back(pair);
        }
        width = std::max(width, rung.label.size() + 8);
    }
    if (pairs.empty())
    {
        text += "\nno message was sent\n";
    }
    for (const auto& [left, right] : pairs)
    {
        const std::string& leftName = m_scenario.nodes[left].name;
        const std::string& rightName = m_scenario.nodes[right].name;
        text += fmt::format(
            "\n{:>{}}{:>{}}\n", leftName, TIME_WIDTH + 3, rightName, width + rightName.size() + 1);
        for (const Rung& rung : m_rungs)
        {
            if (std::minmax(rung.from, rung.to) != std::minmax(left, right))
            {
                continue;
            }
            const bool rightward = rung.from == left;
            if (!rung.note.empty())
            {
                const std::string body = rightward ? fmt::format("{:<{}}", "* " + rung.note, width)
                                                   : fmt::format("{:>{}}", rung.note + " *", width);
                text += fmt::format("{}  |{}|{}\n",
                                    TimeOrNothing(rightward ? rung.sent : std::nullopt),
                                    body,
                                    rightward ? "" : "  " + io::ToLogTime(*rung.sent));
                continue;
            }
            // What did not arrive ends in an x before the other side.
            const bool lost = !rung.received;
            std::string body;
            if (rightward)
            {
                body = fmt::format(
                    "{:-<{}}{}", "-- " + rung.label + " ", width - 3, lost ? "x  " : "-->");
            }
            else
            {
                body = fmt::format(
                    "{}{:->{}}", lost ? "  x" : "<--", " " + rung.label + " --", width - 3);
            }
            const std::optional<Instant>& leftAt = rightward ? rung.sent : rung.received;
            const std::optional<Instant>& rightAt = rightward ? rung.received : rung.sent;
            std::string line = fmt::format("{}  |{}|  {}",
                                           TimeOrNothing(leftAt),
                                           body,
                                           rightAt ? io::ToLogTime(*rightAt) : "");
            line.erase(line.find_last_not_of(' ') + 1);
            text += line + "\n";
        }
    }
    return text;
}

} // namespace ikelab::runner
