// SPDX-License-Identifier: MIT
#include "endpoint/commands.h"

#include "gateway/event_json.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace ikelab::endpoint
{

namespace
{

using Json = nlohmann::ordered_json;

const std::vector<std::string>
    COMMANDS{"initiate", "terminate", "terminate-child", "liveness", "list", "counters", "quit"};

/// A child by "conn/child", or by its own name if it is unique.
struct ChildName
{
    std::string connection;
    std::string child;
};

std::optional<ChildName>
FindChild(const ike::Config& config, std::string_view name)
{
    std::optional<ChildName> found;
    for (const auto& connection : config.connections)
    {
        for (const ike::ChildConfig& child : connection->children)
        {
            if (connection->name + "/" + child.name == name)
            {
                return ChildName{connection->name, child.name};
            }
            if (child.name == name)
            {
                if (found)
                {
                    return {};
                }
                found = ChildName{connection->name, child.name};
            }
        }
    }
    return found;
}

std::vector<std::string>
ChildNames(const ike::Config& config)
{
    std::vector<std::string> names;
    for (const auto& connection : config.connections)
    {
        for (const ike::ChildConfig& child : connection->children)
        {
            names.push_back(connection->name + "/" + child.name);
        }
    }
    return names;
}

std::string
NoneOf(std::string_view kind, std::string_view name, const std::vector<std::string>& names)
{
    const std::string nearest = gateway::NearestWord(name, names);
    return fmt::format("no {} \"{}\"; expected one of {}{}",
                       kind,
                       name,
                       fmt::join(names, ", "),
                       nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest));
}

std::vector<std::string>
ConnectionNames(const ike::Config& config)
{
    std::vector<std::string> names;
    for (const auto& connection : config.connections)
    {
        names.push_back(connection->name);
    }
    return names;
}

Json
CountersToJson(const gateway::Counters& counters)
{
    return {{"protected_packets", counters.protectedPackets},
            {"protected_octets", counters.protectedOctets},
            {"delivered_packets", counters.deliveredPackets},
            {"delivered_octets", counters.deliveredOctets},
            {"bypassed_packets", counters.bypassedPackets},
            {"discarded_packets", counters.discardedPackets},
            {"held_packets", counters.heldPackets},
            {"replayed_packets", counters.replayedPackets},
            {"integrity_failures", counters.integrityFailures},
            {"unknown_spis", counters.unknownSpis},
            {"icmp_errors", counters.icmpErrors},
            {"path_mtu_changes", counters.pathMtuChanges},
            {"sent_dummies", counters.sentDummies},
            {"received_dummies", counters.receivedDummies}};
}

std::string
WhyClosed(const ike::IkeSaClosed& closed)
{
    const std::string_view reason = gateway::ToString(closed.reason);
    return closed.error ? fmt::format("{}: {}", reason, ToString(*closed.error))
                        : std::string(reason);
}

std::string_view
Trimmed(std::string_view text)
{
    constexpr std::string_view BLANKS = " \t\r";
    const size_t first = text.find_first_not_of(BLANKS);
    return first == std::string_view::npos
               ? std::string_view()
               : text.substr(first, text.find_last_not_of(BLANKS) - first + 1);
}

} // namespace

std::string
ChildProblem(const ike::Config& config, std::string_view name)
{
    return FindChild(config, name) ? std::string() : NoneOf("child", name, ChildNames(config));
}

Commands::Commands(Endpoint& endpoint, Answer answer)
    : m_endpoint(endpoint),
      m_answer(std::move(answer))
{
    m_endpoint.OnEvent([this](const gateway::Event& event) { HandleEvent(event); });
}

void
Commands::OnLine(std::string_view line)
{
    const std::string_view command = Trimmed(line);
    const size_t blank = command.find(' ');
    const std::string_view verb = command.substr(0, blank);
    const std::string_view name =
        blank == std::string_view::npos ? std::string_view() : Trimmed(command.substr(blank));
    if (verb.empty())
    {
        return;
    }
    if (verb == "list" || verb == "counters" || verb == "quit")
    {
        Json answer{{"ok", true}, {"command", command}};
        if (verb == "list")
        {
            answer["sas"] = Json::array();
            for (const ike::IkeSaInfo& sa : m_endpoint.List())
            {
                answer["sas"].push_back(gateway::SaToJson(sa));
            }
        }
        else if (verb == "counters")
        {
            answer["counters"] = CountersToJson(m_endpoint.Counters());
        }
        m_quit = m_quit || verb == "quit";
        m_answer(answer);
    }
    else if (verb == "initiate")
    {
        Begin(Kind::INITIATE, command, name);
    }
    else if (verb == "terminate")
    {
        Begin(Kind::TERMINATE, command, name);
    }
    else if (verb == "terminate-child")
    {
        Begin(Kind::TERMINATE_CHILD, command, name);
    }
    else if (verb == "liveness")
    {
        Begin(Kind::LIVENESS, command, name);
    }
    else
    {
        const std::string nearest = gateway::NearestWord(verb, COMMANDS);
        Fail(command,
             fmt::format("unknown command \"{}\"; expected one of {}{}",
                         verb,
                         fmt::join(COMMANDS, ", "),
                         nearest.empty() ? "" : fmt::format("; did you mean \"{}\"?", nearest)));
    }
}

void
Commands::Begin(Kind kind, std::string_view command, std::string_view name)
{
    const ike::Config& config = m_endpoint.IkeConfig();
    const bool ofChild = kind == Kind::INITIATE || kind == Kind::TERMINATE_CHILD;
    const std::vector<std::string> names = ofChild ? ChildNames(config) : ConnectionNames(config);
    const auto child = ofChild ? FindChild(config, name) : std::nullopt;
    if (ofChild ? !child.has_value() : std::ranges::find(names, name) == names.end())
    {
        Fail(command, NoneOf(ofChild ? "child" : "connection", name, names));
        return;
    }
    Pending pending{
        kind, std::string(command), child ? child->connection : std::string(name), {}, {}};
    pending.child = child ? child->child : std::string();
    if (kind == Kind::LIVENESS)
    {
        for (const ike::IkeSaInfo& sa : m_endpoint.List())
        {
            if (sa.connection == pending.connection)
            {
                pending.sas.push_back(sa.id);
            }
        }
    }
    // Events of the call itself must find it.
    const size_t index = m_pending.size();
    m_pending.push_back(std::move(pending));
    Result<void> begun;
    switch (kind)
    {
    case Kind::INITIATE:
        begun = m_endpoint.Initiate(name);
        break;
    case Kind::TERMINATE:
        begun = m_endpoint.Terminate(name);
        break;
    case Kind::TERMINATE_CHILD:
        begun = m_endpoint.TerminateChild(name);
        break;
    case Kind::LIVENESS:
        begun = m_endpoint.CheckLiveness(name);
        break;
    }
    if (!begun && !m_pending[index].done)
    {
        m_pending[index].done = true;
        Fail(command, ToString(begun.error()));
    }
}

void
Commands::HandleEvent(const gateway::Event& event)
{
    for (Pending& pending : m_pending)
    {
        if (!pending.done)
        {
            HandleEvent(pending, event);
        }
    }
}

void
Commands::HandleEvent(Pending& pending, const gateway::Event& event)
{
    if (const auto* closed = std::get_if<ike::IkeSaClosed>(&event))
    {
        const bool mine = pending.kind == Kind::INITIATE
                              ? closed->connection == pending.connection &&
                                    closed->reason != ike::CloseReason::REPLACED
                              : pending.kind == Kind::LIVENESS &&
                                    std::ranges::find(pending.sas, closed->sa) != pending.sas.end();
        if (mine)
        {
            pending.done = true;
            Fail(pending.command, WhyClosed(*closed));
        }
    }
    else if (pending.kind == Kind::INITIATE)
    {
        const auto* installed = std::get_if<ike::ChildSaInstalled>(&event);
        const auto* failed = std::get_if<ike::ChildSaFailed>(&event);
        if (installed != nullptr && installed->connection == pending.connection &&
            installed->config && installed->config->name == pending.child)
        {
            Finish(pending,
                   {{"child_sa", installed->child.value}, {"ike_sa", installed->sa.value}});
        }
        else if (failed != nullptr && failed->connection == pending.connection &&
                 failed->name == pending.child)
        {
            pending.done = true;
            Fail(pending.command, std::string(wire::ToString(failed->notify)));
        }
    }
    else if (pending.kind == Kind::LIVENESS)
    {
        const auto* alive = std::get_if<ike::PeerAlive>(&event);
        if (alive != nullptr && std::ranges::find(pending.sas, alive->sa) != pending.sas.end())
        {
            const std::chrono::duration<double, std::milli> roundTrip = alive->roundTrip;
            Finish(pending, {{"ike_sa", alive->sa.value}, {"round_trip_ms", roundTrip.count()}});
        }
    }
}

void
Commands::Settle()
{
    for (Pending& pending : m_pending)
    {
        const bool ends = pending.kind == Kind::TERMINATE || pending.kind == Kind::TERMINATE_CHILD;
        if (!pending.done && ends && Gone(pending))
        {
            Finish(pending, Json::object());
        }
    }
    std::erase_if(m_pending, [](const Pending& pending) { return pending.done; });
}

void
Commands::Abandon()
{
    for (Pending& pending : m_pending)
    {
        if (!pending.done)
        {
            Fail(pending.command, "the endpoint ends");
        }
    }
    m_pending.clear();
}

bool
Commands::Gone(const Pending& pending) const
{
    const std::vector<ike::IkeSaInfo> sas = m_endpoint.List();
    return std::ranges::none_of(
        sas,
        [&](const ike::IkeSaInfo& sa)
        {
            return sa.connection == pending.connection &&
                   (pending.kind == Kind::TERMINATE ||
                    std::ranges::any_of(sa.children,
                                        [&](const ike::ChildSaInfo& child)
                                        { return child.name == pending.child; }));
        });
}

void
Commands::Finish(Pending& pending, Json fields)
{
    pending.done = true;
    Json answer{{"ok", true}, {"command", pending.command}};
    answer.update(fields);
    m_answer(answer);
}

void
Commands::Fail(std::string_view command, std::string error)
{
    m_answer({{"ok", false}, {"command", command}, {"error", std::move(error)}});
}

} // namespace ikelab::endpoint
