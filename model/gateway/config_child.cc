// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "esp/replay_window.h"
#include "gateway/config_sections.h"
#include "gateway/proposals.h"

#include <algorithm>

namespace ikelab::gateway
{

namespace
{

constexpr bool UNSUPPORTED = true;

constexpr NamedValue MODES[] = {Named("tunnel", ike::Mode::TUNNEL),
                                Named("transport", ike::Mode::TRANSPORT)};

constexpr NamedValue START_ACTIONS[] = {Named("none", ike::StartAction::NONE),
                                        Named("start", ike::StartAction::START),
                                        Named("trap", ike::StartAction::TRAP),
                                        Named("clear", ike::StartAction::NONE),
                                        Named("restart", ike::StartAction::START),
                                        Named("route", ike::StartAction::TRAP)};

constexpr NamedValue DPD_ACTIONS[] = {Named("clear", ike::DpdAction::CLEAR),
                                      Named("trap", ike::DpdAction::TRAP),
                                      Named("restart", ike::DpdAction::RESTART),
                                      Named("none", ike::DpdAction::CLEAR),
                                      Named("start", ike::DpdAction::RESTART),
                                      Named("route", ike::DpdAction::TRAP)};

constexpr NamedValue COPY_DSCP[] = {Named("out", ike::CopyDscp::OUT),
                                    Named("in", ike::CopyDscp::IN),
                                    Named("yes", ike::CopyDscp::BOTH),
                                    Named("no", ike::CopyDscp::NO)};

constexpr NamedValue TO_PATH_MTU[] = {Named("mtu", ike::ChildConfig::TFC_TO_PATH_MTU)};
constexpr NamedValue AT_RANDOM[] = {{"random", 0}};
constexpr uint64_t LARGEST_PACKET = 65535;

/// swanctl.conf, connections.<conn>.children.<child>
constexpr KeyRule CHILD_KEYS[] = {
    Key("local_ts", shape::List, "dynamic", "Our side, such as 10.1.0.0/16[tcp/80]"),
    Key("remote_ts", shape::List, "dynamic", "The peer's side; in transport mode of whoever comes"),
    Key("esp_proposals", shape::List, "default", "For ESP; none where only ah_proposals are given"),
    Key("ah_proposals", shape::List, "", "For AH, such as sha256"),
    Key("mode", shape::Word, "tunnel", "Whole packets inside, or their payloads").OneOf(MODES),
    Key("start_action", shape::Word, "none", "Set it up at once, or when a packet needs it")
        .OneOf(START_ACTIONS),
    Key("dpd_action", shape::Word, "clear", "What follows when the peer is dead")
        .OneOf(DPD_ACTIONS),
    Key("rekey_time", shape::Time, "1h", "Soft lifetime; 0 for none"),
    Key("life_time", shape::Time, "", "Hard lifetime, 0 for none; 110 % of rekey_time without"),
    Key("rand_time", shape::Time, "", "Rekey up to so much earlier; life_time less rekey_time"),
    Key("rekey_bytes", shape::Amount, "0", "Soft limit of octets; 0 for none"),
    Key("life_bytes", shape::Amount, "", "Hard limit, 0 for none; 110 % of rekey_bytes without"),
    Key("rekey_packets", shape::Amount, "0", "Soft limit of packets; 0 for none"),
    Key("life_packets",
        shape::Amount,
        "",
        "Hard limit, 0 for none; 110 % of rekey_packets without"),
    Key("replay_window", shape::Whole, "32", "Packets that may overtake each other; 0: all may")
        .Between(0, esp::ReplayWindow::LARGEST),
    Key("copy_df", shape::Flag, "yes", "The tunnel's header takes DF of the packet inside"),
    Key("copy_ecn", shape::Flag, "yes", "Congestion marks go into the tunnel and out of it"),
    Key("copy_dscp", shape::Word, "out", "DSCP into the tunnel's header (out), or back (in)")
        .OneOf(COPY_DSCP),
    Key("tfc_padding", shape::Whole, "0", "Pad packets up to so many octets, or to the path MTU")
        .Between(0, LARGEST_PACKET)
        .OneOf(TO_PATH_MTU),
    Key("dummy_interval", shape::Time, "0", "Send a dummy after each pause of so long; 0 for none"),
    Key("dummy_size", shape::Whole, "", "Of dummies; without it as tfc_padding says, or random")
        .Between(1, LARGEST_PACKET)
        .OneOf(AT_RANDOM),
    Key("if_id_in",
        shape::Whole,
        "0",
        "Route-based: what comes out of its SAs comes out of this tunnel device")
        .Between(0, UINT32_MAX),
    Key("if_id_out",
        shape::Whole,
        "0",
        "Route-based: it protects what is routed to this tunnel device, and nothing else")
        .Between(0, UINT32_MAX),
    {"sha256_96", UNSUPPORTED, "no false 0"},
    {"rand_bytes", UNSUPPORTED, "0"},
    {"rand_packets", UNSUPPORTED, "0"},
    {"updown", UNSUPPORTED},
    {"hostaccess", UNSUPPORTED, "no false 0 yes true 1"},
    {"policies", UNSUPPORTED, "yes true 1"},
    {"policies_fwd_out", UNSUPPORTED, "no false 0"},
    {"ipcomp", UNSUPPORTED, "no false 0"},
    {"inactivity", UNSUPPORTED, "0 0s"},
    {"reqid", UNSUPPORTED, "0"},
    {"priority", UNSUPPORTED, "0"},
    {"interface", UNSUPPORTED},
    {"mark_in", UNSUPPORTED, "0 0/0x00000000"},
    {"mark_in_sa", UNSUPPORTED, "no false 0"},
    {"mark_out", UNSUPPORTED, "0 0/0x00000000"},
    {"set_mark_in", UNSUPPORTED, "0 0/0x00000000"},
    {"set_mark_out", UNSUPPORTED, "0 0/0x00000000"},
    {"label", UNSUPPORTED},
    {"label_mode", UNSUPPORTED, "system"},
    {"hw_offload", UNSUPPORTED, "no false 0 auto"},
    {"close_action", UNSUPPORTED, "none clear"},
    {"per_cpu_sas", UNSUPPORTED, "no false 0"},
};

void
ReadMode(ObjectReader& reader, ike::Mode& mode)
{
    const auto text = reader.Text("mode");
    const bool policy = text == "pass" || text == "drop";
    if (policy || text == "beet" || text == "transport_proxy")
    {
        reader.Wrong("mode",
                     fmt::format("mode '{}' is not supported{}",
                                 *text,
                                 policy ? ": write a rule in 'policies'" : " yet"),
                     "tunnel or transport");
        return;
    }
    reader.Word("mode", mode);
}

using ChildProposals = std::vector<ike::EspProposal>;

/// The proposals of one protocol, behind those that are there.
void
ReadProposalsOf(ObjectReader& reader,
                wire::ProtocolId protocol,
                const std::vector<ListItem>& items,
                ChildProposals& proposals,
                ErrorSlot& error)
{
    const bool ah = protocol == wire::ProtocolId::AH;
    const std::string_view key = ah ? "ah_proposals" : "esp_proposals";
    if (items.empty())
    {
        reader.Wrong(key, "no proposal", ah ? "one such as sha256" : "one such as aes128gcm16");
    }
    for (const ListItem& item : items)
    {
        if (item.text == "default")
        {
            std::ranges::move(ah ? DefaultAhProposals() : DefaultEspProposals(),
                              std::back_inserter(proposals));
            continue;
        }
        auto proposal =
            ah ? ReadAhProposal(item.text, item.pointer) : ReadEspProposal(item.text, item.pointer);
        if (!proposal)
        {
            error.Set(std::move(proposal.error()));
            return;
        }
        proposals.push_back(std::move(*proposal));
    }
    if (proposals.size() > limits::PROPOSALS)
    {
        reader.Wrong(key,
                     fmt::format("{} proposals", proposals.size()),
                     fmt::format("at most {}", limits::PROPOSALS));
    }
}

/// As in swanctl: whoever asks for AH gets no ESP that he did not ask for.
void
ReadProposals(ObjectReader& reader, ChildProposals& proposals, ErrorSlot& error)
{
    const auto esp = reader.List("esp_proposals");
    const auto ah = reader.List("ah_proposals");
    if (esp || !ah)
    {
        const std::vector<ListItem> standard{{"default", ""}};
        ReadProposalsOf(reader, wire::ProtocolId::ESP, esp.value_or(standard), proposals, error);
    }
    if (ah && !error)
    {
        ReadProposalsOf(reader, wire::ProtocolId::AH, *ah, proposals, error);
    }
}

/// A hard limit below its soft one would end the SA before it is replaced.
template <typename Amount>
void
CheckOrder(ObjectReader& reader,
           std::string_view soft,
           Amount rekey,
           std::string_view hard,
           Amount life)
{
    if (rekey != Amount{} && life != Amount{} && life < rekey)
    {
        reader.Wrong(reader.Has(hard) ? hard : soft,
                     fmt::format("{} is less than {} ('{}')", hard, soft, reader.Shown(soft)),
                     fmt::format("at least {} (default: 110 % of it)", soft));
    }
}

void
ReadAmounts(ObjectReader& reader,
            std::string_view soft,
            uint64_t& rekey,
            std::string_view hard,
            uint64_t& life)
{
    reader.Amount(soft, rekey);
    life = rekey + rekey / 10 < rekey ? rekey : rekey + rekey / 10;
    reader.Amount(hard, life);
    CheckOrder(reader, soft, rekey, hard, life);
}

void
ReadLifetimes(ObjectReader& reader, ike::ChildConfig& child)
{
    reader.Time("rekey_time", child.rekeyTime);
    child.lifeTime = child.rekeyTime > Duration::max() / 2 ? child.rekeyTime
                                                           : child.rekeyTime + child.rekeyTime / 10;
    reader.Time("life_time", child.lifeTime);
    CheckOrder(reader, "rekey_time", child.rekeyTime, "life_time", child.lifeTime);
    const Duration margin =
        child.lifeTime == Duration(0) ? Duration(0) : child.lifeTime - child.rekeyTime;
    child.randTime = std::clamp(margin, Duration(0), child.rekeyTime);
    reader.Time("rand_time", child.randTime);
    if (child.rekeyTime != Duration(0) && child.randTime > child.rekeyTime)
    {
        reader.Wrong("rand_time",
                     fmt::format("rand_time '{}' is longer than the time that it shortens",
                                 reader.Shown("rand_time")),
                     "at most rekey_time (default: life_time less rekey_time)");
    }
    ReadAmounts(reader, "rekey_bytes", child.rekeyBytes, "life_bytes", child.lifeBytes);
    ReadAmounts(reader, "rekey_packets", child.rekeyPackets, "life_packets", child.lifePackets);
}

/// RFC 4303 §2.7: in transport mode padding needs a next layer that says its own length.
bool
SayTheirLength(const Selectors& selectors)
{
    constexpr uint8_t UDP = 17;
    constexpr uint8_t IPV4 = 4;
    constexpr uint8_t IPV6 = 41;
    return !selectors.empty() && std::ranges::all_of(selectors,
                                                     [](const Selector& selector) {
                                                         return selector.protocol == UDP ||
                                                                selector.protocol == IPV4 ||
                                                                selector.protocol == IPV6;
                                                     });
}

/// What hides sizes and pauses, RFC 4303 §2.6 and §2.7.
void
ReadTrafficFlow(ObjectReader& reader, ike::ChildConfig& child)
{
    constexpr Duration SHORTEST = std::chrono::microseconds(100); // nobody means more per second
    reader.Number("tfc_padding", child.tfcPadding);
    reader.Time("dummy_interval", child.dummyInterval);
    if (const auto size = reader.Whole("dummy_size"))
    {
        child.dummySize = static_cast<uint32_t>(*size);
    }
    if (child.dummyInterval != Duration(0) && child.dummyInterval < SHORTEST)
    {
        reader.Wrong("dummy_interval",
                     fmt::format("'{}' is too short", reader.Shown("dummy_interval")),
                     "at least 100us, or 0 for none");
    }
    if (child.dummySize && child.dummyInterval == Duration(0))
    {
        reader.Wrong("dummy_size", "no dummies are sent", "dummy_interval too");
    }
    const bool ah = std::ranges::any_of(child.espProposals,
                                        [](const ike::EspProposal& proposal)
                                        { return proposal.Protocol() == wire::ProtocolId::AH; });
    if (ah && (child.tfcPadding != 0 || child.dummyInterval != Duration(0)))
    {
        reader.Wrong(child.tfcPadding != 0 ? "tfc_padding" : "dummy_interval",
                     "AH has neither padding nor dummies",
                     "0, or esp_proposals alone");
    }
    if (child.mode == ike::Mode::TRANSPORT && child.tfcPadding != 0 &&
        !SayTheirLength(child.localTs) && !SayTheirLength(child.remoteTs))
    {
        reader.Wrong("tfc_padding",
                     "in transport mode only UDP and IP in IP can be padded",
                     "traffic selectors of these alone, such as dynamic[udp], or mode tunnel");
    }
}

std::optional<IpAddress>
OnlyAddress(const std::vector<IpAddress>& addresses)
{
    return addresses.size() == 1 ? std::optional(addresses.front()) : std::nullopt;
}

/// swanctl's default is "dynamic": the tunnel's own end. Empty if that is whoever comes, which only
/// transport mode can mean: a tunnel's peer behind a NAT has another address inside.
Selectors
ReadSide(ObjectReader& reader,
         std::string_view key,
         const std::vector<IpAddress>& addresses,
         bool mayBeAnybody,
         ErrorSlot& error)
{
    const auto items = reader.List(key);
    if (items && items->empty())
    {
        reader.Wrong(key, "no traffic selector", "one such as 10.1.0.0/16");
        return {};
    }
    const std::vector<ListItem> dynamic{{"dynamic", reader.PointerTo(key)}};
    const auto named = items.value_or(dynamic);
    if (mayBeAnybody && addresses.empty() && named.size() == 1 &&
        named.front().text == dynamic.front().text)
    {
        return {};
    }
    return ReadSelectors(named, OnlyAddress(addresses), error);
}

bool
HasFamily(const Selectors& selectors, bool v4)
{
    return std::ranges::any_of(selectors,
                               [v4](const Selector& selector)
                               { return selector.addresses.first.IsV4() == v4; });
}

/// A packet has both its addresses of one family: selectors without counterpart match nothing.
void
CheckFamilies(ObjectReader& reader, const ike::ChildConfig& child)
{
    for (const bool v4 : {true, false})
    {
        const bool local = HasFamily(child.localTs, v4);
        if (local != HasFamily(child.remoteTs, v4))
        {
            const std::string_view key = local ? "local_ts" : "remote_ts";
            reader.Wrong(key,
                         fmt::format("{} has IPv{} addresses, but {} has none",
                                     key,
                                     v4 ? 4 : 6,
                                     local ? "remote_ts" : "local_ts"),
                         "the same address families on both sides");
        }
    }
}

/// With one alone, packets would go by policy one way and by routes the other.
void
ReadInterfaces(ObjectReader& reader,
               const ike::ConnectionConfig& connection,
               ike::ChildConfig& child)
{
    child.ifIdIn = connection.ifIdIn;
    child.ifIdOut = connection.ifIdOut;
    reader.Number("if_id_in", child.ifIdIn);
    reader.Number("if_id_out", child.ifIdOut);
    if ((child.ifIdIn == 0) != (child.ifIdOut == 0))
    {
        reader.Wrong(child.ifIdIn == 0 ? "if_id_out" : "if_id_in",
                     child.ifIdIn == 0 ? "if_id_out without if_id_in"
                                       : "if_id_in without if_id_out",
                     "both, or none of them");
    }
}

} // namespace

constexpr ObjectRule CHILD{"child",
                           "connections.NAME.children.NAME",
                           "Traffic that one Child SA protects, as in swanctl.conf",
                           CHILD_KEYS};

Selectors
ReadSelectors(const std::vector<ListItem>& items,
              const std::optional<IpAddress>& dynamic,
              ErrorSlot& error)
{
    Selectors selectors;
    for (const ListItem& item : items)
    {
        auto selector = ParseSelector(item.text, dynamic);
        if (!selector)
        {
            selector.error().pointer = item.pointer;
            error.Set(std::move(selector.error()));
            return selectors;
        }
        selectors.push_back(*selector);
        if (selectors.size() > limits::TRAFFIC_SELECTORS)
        {
            error.Set({item.pointer,
                       "too many traffic selectors",
                       fmt::format("at most {}", limits::TRAFFIC_SELECTORS),
                       ""});
            return selectors;
        }
    }
    return selectors;
}

ike::ChildConfig
ReadChild(const std::string& name,
          const Json& json,
          const std::string& pointer,
          const ike::ConnectionConfig& connection,
          ErrorSlot& error)
{
    ike::ChildConfig child;
    child.name = name;
    if (name.empty() || name.find('/') != std::string::npos)
    {
        error.Set({pointer, fmt::format("bad name '{}'", name), "a name without '/'", ""});
    }
    ObjectReader reader(json, pointer, CHILD, error);
    if (error)
    {
        return child;
    }
    ReadMode(reader, child.mode);
    child.localTs = ReadSide(reader, "local_ts", connection.localAddrs, false, error);
    const bool transport = child.mode == ike::Mode::TRANSPORT;
    child.remoteTs = ReadSide(reader, "remote_ts", connection.remoteAddrs, transport, error);
    if (!error && !child.remoteTs.empty())
    {
        CheckFamilies(reader, child);
    }
    ReadProposals(reader, child.espProposals, error);
    reader.Word("start_action", child.startAction);
    reader.Word("dpd_action", child.dpdAction);
    ReadLifetimes(reader, child);
    reader.Number("replay_window", child.replayWindow);
    reader.Flag("copy_df", child.copyDf);
    reader.Flag("copy_ecn", child.copyEcn);
    reader.Word("copy_dscp", child.copyDscp);
    ReadTrafficFlow(reader, child);
    ReadInterfaces(reader, connection, child);
    if (child.startAction == ike::StartAction::START && connection.remoteAddrs.empty())
    {
        reader.Wrong("start_action",
                     "nothing to start: the connection has no remote_addrs",
                     "an address in remote_addrs, or start_action none");
    }
    return child;
}

} // namespace ikelab::gateway
