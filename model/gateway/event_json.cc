// SPDX-License-Identifier: MIT
#include "gateway/event_json.h"

#include "base/hex.h"
#include "gateway/config_words.h"

#include <fmt/format.h>

namespace ikelab::gateway
{

namespace
{

using Json = nlohmann::ordered_json;

std::string
SpiText(IkeSpi spi)
{
    return fmt::format("{:016x}", spi.value);
}

std::string
SpiText(EspSpi spi)
{
    return fmt::format("{:08x}", spi.value);
}

void
AddPath(Json& json, const Path& path)
{
    json["local"] = path.local.ToString();
    json["remote"] = path.remote.ToString();
}

void
AddSpis(Json& json, const crypto::IkeSpis& spis)
{
    json["spi_i"] = SpiText(spis.initiator);
    json["spi_r"] = SpiText(spis.responder);
}

void
AddError(Json& json, const Error& error)
{
    json["fault"] = std::string(ToString(error.fault));
    json["error"] = ToString(error);
}

Json
Texts(const Selectors& selectors)
{
    Json list = Json::array();
    for (const Selector& selector : selectors)
    {
        list.push_back(SelectorText(selector));
    }
    return list;
}

/// All that selectors look at, as numbers.
Json
PacketToJson(const esp::PacketInfo& packet)
{
    Json json{{"source", packet.source.ToAddress().ToString()},
              {"destination", packet.destination.ToAddress().ToString()}};
    if (packet.protocolKnown)
    {
        json["protocol"] = packet.protocol;
    }
    if (packet.portsKnown) // of ICMP type and code, twice
    {
        json["source_port"] = packet.sourcePort;
        json["destination_port"] = packet.destinationPort;
    }
    if (packet.IsV6())
    {
        json["flow_label"] = packet.flowLabel;
    }
    if (packet.fragment)
    {
        json["fragment"] = packet.fragmentBegin;
    }
    return json;
}

double
Milliseconds(Duration duration)
{
    return std::chrono::duration<double, std::milli>(duration).count();
}

struct Writer
{
    Json
    operator()(const ike::MessageEvent& event) const
    {
        Json json{{"event", "message"}, {"sent", event.sent}, {"ike_sa", event.sa.value}};
        AddPath(json, event.path);
        AddSpis(json, event.spis);
        json["exchange"] = wire::ToString(event.exchange);
        json["response"] = event.response;
        json["message_id"] = event.id.value;
        json["retransmission"] = event.retransmission;
        json["octets"] = event.octets;
        json["payloads"] = event.summary;
        return json;
    }

    Json
    operator()(const ike::MessageRejected& event) const
    {
        Json json{{"event", "message_rejected"}, {"ike_sa", event.sa.value}};
        AddPath(json, event.path);
        AddError(json, event.error);
        if (event.answered)
        {
            json["answered"] = wire::ToString(*event.answered);
        }
        return json;
    }

    Json
    operator()(const ike::IkeKeysDerived& event) const
    {
        Json json{{"event", "ike_keys"}, {"ike_sa", event.sa.value}};
        AddSpis(json, event.spis);
        json["suite"] = event.suite.ToString();
        return json;
    }

    Json
    operator()(const ike::IkeSaEstablished& event) const
    {
        Json json{{"event", "ike_sa_established"},
                  {"ike_sa", event.sa.value},
                  {"connection", event.connection},
                  {"initiator", event.initiator}};
        AddPath(json, event.path);
        AddSpis(json, event.spis);
        json["suite"] = event.suite.ToString();
        json["local_id"] = event.localId.ToString();
        json["remote_id"] = event.remoteId.ToString();
        json["nat_local"] = event.natLocal;
        json["nat_remote"] = event.natRemote;
        json["setup_ms"] = Milliseconds(event.setupTime);
        return json;
    }

    Json
    operator()(const ike::IkeSaClosed& event) const
    {
        Json json{{"event", "ike_sa_closed"},
                  {"ike_sa", event.sa.value},
                  {"connection", event.connection},
                  {"established", event.established},
                  {"reason", ToString(event.reason)}};
        if (event.error)
        {
            AddError(json, *event.error);
        }
        return json;
    }

    Json
    operator()(const ike::ChildSaInstalled& event) const
    {
        Json json{{"event", "child_sa_installed"},
                  {"child_sa", event.child.value},
                  {"ike_sa", event.sa.value},
                  {"connection", event.connection},
                  {"name", event.config ? event.config->name : std::string()},
                  {"initiator", event.initiator},
                  {"protocol", wire::ToString(event.suite.Protocol())},
                  {"mode", event.mode == ike::Mode::TUNNEL ? "tunnel" : "transport"},
                  {"suite", event.suite.ToString()},
                  {"spi_in", SpiText(event.inboundSpi)},
                  {"spi_out", SpiText(event.outboundSpi)},
                  {"local_ts", Texts(event.localTs)},
                  {"remote_ts", Texts(event.remoteTs)}};
        AddPath(json, event.path);
        json["udp_encapsulation"] = event.udpEncapsulation;
        if (event.original)
        {
            json["original_source"] = event.original->source.ToString();
            json["original_destination"] = event.original->destination.ToString();
        }
        if (event.peerRefusesTfc)
        {
            json["tfc_padding_refused"] = true;
        }
        return json;
    }

    Json
    operator()(const ike::ChildSaRemoved& event) const
    {
        return {{"event", "child_sa_removed"},
                {"child_sa", event.child.value},
                {"ike_sa", event.sa.value},
                {"connection", event.connection},
                {"name", event.name},
                {"spi_in", SpiText(event.inboundSpi)},
                {"spi_out", SpiText(event.outboundSpi)},
                {"reason", ToString(event.reason)}};
    }

    Json
    operator()(const ike::ChildSaFailed& event) const
    {
        return {{"event", "child_sa_failed"},
                {"ike_sa", event.sa.value},
                {"connection", event.connection},
                {"name", event.name},
                {"notify", wire::ToString(event.notify)},
                {"initiator", event.initiator}};
    }

    Json
    operator()(const ike::PathChanged& event) const
    {
        Json json{{"event", "path_changed"}, {"ike_sa", event.sa.value}};
        AddPath(json, event.path);
        return json;
    }

    Json
    operator()(const ike::InvalidSpiReported& event) const
    {
        Json json{{"event", "invalid_spi_reported"},
                  {"ike_sa", event.sa.value},
                  {"spi", SpiText(event.spi)}};
        if (event.child.value != 0)
        {
            json["child_sa"] = event.child.value;
        }
        return json;
    }

    Json
    operator()(const ike::InvalidSelectorsReported& event) const
    {
        return {{"event", "invalid_selectors_reported"},
                {"ike_sa", event.sa.value},
                {"child_sa", event.child.value},
                {"packet_start", ToHex(event.packetStart)}};
    }

    Json
    operator()(const ike::PeerAlive& event) const
    {
        return {{"event", "peer_alive"},
                {"ike_sa", event.sa.value},
                {"round_trip_ms", Milliseconds(event.roundTrip)}};
    }

    Json
    operator()(const LifetimeReached& event) const
    {
        return {{"event", "lifetime_reached"},
                {"child_sa", event.child.value},
                {"name", event.name},
                {"hard", event.hard},
                {"what", std::string(event.what)}};
    }

    Json
    operator()(const PacketRefused& event) const
    {
        Json json{{"event", "packet_refused"}, {"inbound", event.inbound}};
        AddError(json, event.error);
        if (event.protocol != wire::ProtocolId::NONE)
        {
            json["protocol"] = wire::ToString(event.protocol);
        }
        json["spi"] = SpiText(event.spi);
        json["sequence"] = event.sequence;
        json["source"] = event.source.ToString();
        json["destination"] = event.destination.ToString();
        if (event.flowLabel)
        {
            json["flow_label"] = *event.flowLabel;
        }
        if (event.packet)
        {
            json["packet"] = PacketToJson(*event.packet);
        }
        if (event.sa)
        {
            json["child_sa"] = event.sa->child.value;
            AddPath(json, event.sa->path);
            json["local_ts"] = Texts(event.sa->localTs);
            json["remote_ts"] = Texts(event.sa->remoteTs);
        }
        return json;
    }

    Json
    operator()(const IcmpErrorReceived& event) const
    {
        Json json{{"event", "icmp_error_received"},
                  {"v6", event.v6},
                  {"type", event.type},
                  {"code", event.code},
                  {"reporter", event.reporter.ToString()},
                  {"destination", event.destination.ToString()},
                  {"spi", SpiText(event.spi)}};
        if (event.child.value != 0)
        {
            json["child_sa"] = event.child.value;
        }
        if (event.pathMtu != 0)
        {
            json["path_mtu"] = event.pathMtu;
        }
        if (!event.ignored.empty())
        {
            json["ignored"] = std::string(event.ignored);
        }
        return json;
    }
};

} // namespace

std::string_view
ToString(ike::CloseReason reason)
{
    switch (reason)
    {
    case ike::CloseReason::REQUESTED:
        return "requested";
    case ike::CloseReason::PEER_DELETED:
        return "peer_deleted";
    case ike::CloseReason::PEER_DEAD:
        return "peer_dead";
    case ike::CloseReason::SETUP_FAILED:
        return "setup_failed";
    case ike::CloseReason::AUTHENTICATION:
        return "authentication";
    case ike::CloseReason::PROTOCOL_ERROR:
        return "protocol_error";
    case ike::CloseReason::EXPIRED:
        return "expired";
    case ike::CloseReason::REPLACED:
        return "replaced";
    }
    return "";
}

nlohmann::ordered_json
EventToJson(const Event& event)
{
    return std::visit(Writer{}, event);
}

nlohmann::ordered_json
SaToJson(const ike::IkeSaInfo& sa)
{
    Json json{{"name", sa.connection},
              {"ike_sa", sa.id.value},
              {"state", sa.state},
              {"initiator", sa.initiator}};
    AddSpis(json, sa.spis);
    json["suite"] = sa.suite.ToString();
    AddPath(json, sa.path);
    json["local_id"] = sa.localId.ToString();
    json["remote_id"] = sa.remoteId.ToString();
    json["nat_local"] = sa.natLocal;
    json["nat_remote"] = sa.natRemote;
    json["children"] = Json::array();
    for (const ike::ChildSaInfo& child : sa.children)
    {
        json["children"].push_back(Json{{"name", child.name},
                                        {"child_sa", child.id.value},
                                        {"state", "INSTALLED"},
                                        {"spi_in", SpiText(child.inboundSpi)},
                                        {"spi_out", SpiText(child.outboundSpi)},
                                        {"suite", child.suite.ToString()},
                                        {"local_ts", Texts(child.localTs)},
                                        {"remote_ts", Texts(child.remoteTs)}});
    }
    return json;
}

} // namespace ikelab::gateway
