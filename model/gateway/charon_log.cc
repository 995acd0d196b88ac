// SPDX-License-Identifier: MIT
#include "gateway/charon_log.h"

#include "gateway/config_words.h"
#include "gateway/event_json.h"

#include <fmt/format.h>

namespace ikelab::gateway
{

namespace
{

using Lines = std::vector<LogLine>;

/// "10.1.0.0/16 10.3.0.0/16", charon's list of selectors.
std::string
Texts(const Selectors& selectors)
{
    std::string text;
    for (const Selector& selector : selectors)
    {
        text += text.empty() ? "" : " ";
        text += SelectorText(selector);
    }
    return text;
}

/// "10.1.0.1/32[udp/500]": one end of a packet, written as a selector that holds nothing else.
std::string
EndText(const esp::PacketInfo& packet, bool source)
{
    const IpAddress address = (source ? packet.source : packet.destination).ToAddress();
    Selector selector{{address, address}, packet.protocolKnown ? packet.protocol : uint8_t{0}};
    if (packet.portsKnown)
    {
        selector.startPort = source ? packet.sourcePort : packet.destinationPort;
        selector.endPort = selector.startPort;
    }
    return SelectorText(selector);
}

/// What RFC 4301 §5.2 wants to be logged of a packet and the SA that does not carry it.
std::string
AuditText(const PacketRefused& event)
{
    std::string text;
    if (event.flowLabel)
    {
        text += fmt::format(", flow label {:05x}", *event.flowLabel);
    }
    if (event.packet && event.protocol != wire::ProtocolId::NONE)
    {
        text += fmt::format(
            ", inside {} === {}", EndText(*event.packet, true), EndText(*event.packet, false));
    }
    if (event.sa)
    {
        text += fmt::format(", TS {} === {}", Texts(event.sa->localTs), Texts(event.sa->remoteTs));
    }
    return text;
}

std::string
Named(const std::string& connection, IkeSaId sa)
{
    return fmt::format("IKE_SA {}[{}]", connection.empty() ? "(unnamed)" : connection, sa.value);
}

std::string
Named(const std::string& name, ChildSaId child)
{
    return fmt::format("CHILD_SA {}{{{}}}", name.empty() ? "(unnamed)" : name, child.value);
}

std::string
Spis(EspSpi inbound, EspSpi outbound)
{
    return fmt::format("{:08x}_i {:08x}_o", inbound.value, outbound.value);
}

std::string
Because(const std::optional<Error>& error)
{
    return error ? fmt::format(" ({})", ToString(*error)) : std::string();
}

struct Writer
{
    Lines
    operator()(const ike::MessageEvent& event) const
    {
        const std::string_view kind = event.response ? "response" : "request";
        const std::string message = fmt::format("{} {} {} {}",
                                                wire::ToString(event.exchange),
                                                kind,
                                                event.id.value,
                                                event.summary.empty() ? "[ ]" : event.summary);
        Lines lines;
        if (event.sent)
        {
            if (event.retransmission > 0 && event.response)
            {
                lines.push_back({"IKE",
                                 fmt::format("received retransmit of request with ID {}, "
                                             "retransmitting response",
                                             event.id.value)});
            }
            else if (event.retransmission > 0)
            {
                lines.push_back({"IKE",
                                 fmt::format("retransmit {} of request with message ID {}",
                                             event.retransmission,
                                             event.id.value)});
            }
            else
            {
                lines.push_back({"ENC", "generating " + message});
            }
            lines.push_back({"NET",
                             fmt::format("sending packet: from {} to {} ({} bytes)",
                                         event.path.local.ToString(),
                                         event.path.remote.ToString(),
                                         event.octets)});
            return lines;
        }
        lines.push_back({"NET",
                         fmt::format("received packet: from {} to {} ({} bytes)",
                                     event.path.remote.ToString(),
                                     event.path.local.ToString(),
                                     event.octets)});
        lines.push_back({"ENC", "parsed " + message});
        return lines;
    }

    Lines
    operator()(const ike::MessageRejected& event) const
    {
        const std::string why = ToString(event.error);
        if (event.answered)
        {
            return {{"ENC",
                     fmt::format("message from {} refused with {}: {}",
                                 event.path.remote.ToString(),
                                 wire::ToString(*event.answered),
                                 why)}};
        }
        return {
            {"ENC", fmt::format("message from {} ignored: {}", event.path.remote.ToString(), why)}};
    }

    Lines
    operator()(const ike::IkeKeysDerived& event) const
    {
        return {{"CFG", "selected proposal: IKE:" + event.suite.ToString()}};
    }

    Lines
    operator()(const ike::IkeSaEstablished& event) const
    {
        Lines lines;
        if (event.natLocal)
        {
            lines.push_back({"IKE", "local host is behind NAT, sending keep alives"});
        }
        if (event.natRemote)
        {
            lines.push_back({"IKE", "remote host is behind NAT"});
        }
        lines.push_back({"IKE",
                         fmt::format("{} established between {}[{}]...{}[{}]",
                                     Named(event.connection, event.sa),
                                     event.path.local.address.ToString(),
                                     event.localId.ToString(),
                                     event.path.remote.address.ToString(),
                                     event.remoteId.ToString())});
        return lines;
    }

    Lines
    operator()(const ike::IkeSaClosed& event) const
    {
        return {{"IKE",
                 fmt::format("{} {}: {}{}",
                             Named(event.connection, event.sa),
                             event.established ? "deleted" : "not established",
                             ToString(event.reason),
                             Because(event.error))}};
    }

    Lines
    operator()(const ike::ChildSaInstalled& event) const
    {
        Lines lines{{"CFG",
                     fmt::format("selected proposal: {}:{}",
                                 wire::ToString(event.suite.Protocol()),
                                 event.suite.ToString())}};
        if (event.peerRefusesTfc)
        {
            lines.push_back({"IKE", "peer takes no TFC padding: sending without"});
        }
        lines.push_back({"IKE",
                         fmt::format("{} established with SPIs {} and TS {} === {}",
                                     Named(event.config ? event.config->name : "", event.child),
                                     Spis(event.inboundSpi, event.outboundSpi),
                                     Texts(event.localTs),
                                     Texts(event.remoteTs))});
        return lines;
    }

    Lines
    operator()(const ike::ChildSaRemoved& event) const
    {
        return {{"IKE",
                 fmt::format("closed {} with SPIs {}: {}",
                             Named(event.name, event.child),
                             Spis(event.inboundSpi, event.outboundSpi),
                             ToString(event.reason))}};
    }

    Lines
    operator()(const ike::ChildSaFailed& event) const
    {
        const std::string name = event.name.empty() ? "" : " " + event.name;
        return {{"IKE",
                 fmt::format("{} {} notify, no CHILD_SA{} built",
                             event.initiator ? "received" : "sending",
                             wire::ToString(event.notify),
                             name)}};
    }

    Lines
    operator()(const ike::PathChanged& event) const
    {
        return {{"IKE",
                 fmt::format("remote endpoint of IKE_SA [{}] changed to {}",
                             event.sa.value,
                             event.path.remote.ToString())}};
    }

    Lines
    operator()(const ike::InvalidSpiReported& event) const
    {
        return {{"IKE",
                 fmt::format("peer of IKE_SA [{}] does not know SPI {:08x}{}",
                             event.sa.value,
                             event.spi.value,
                             event.child.value == 0 ? ", nor do we any more" : "")}};
    }

    Lines
    operator()(const ike::InvalidSelectorsReported& event) const
    {
        return {
            {"IKE",
             fmt::format("peer of IKE_SA [{}] refused a packet of CHILD_SA [{}] for its selectors",
                         event.sa.value,
                         event.child.value)}};
    }

    Lines
    operator()(const ike::PeerAlive& event) const
    {
        return {{"IKE",
                 fmt::format("peer of IKE_SA [{}] is alive, round trip {:.3f} ms",
                             event.sa.value,
                             std::chrono::duration<double, std::milli>(event.roundTrip).count())}};
    }

    Lines
    operator()(const LifetimeReached& event) const
    {
        return {{"CHD",
                 fmt::format("{} reached its {} lifetime in {}",
                             Named(event.name, event.child),
                             event.hard ? "hard" : "soft",
                             event.what)}};
    }

    Lines
    operator()(const PacketRefused& event) const
    {
        const std::string spi =
            event.spi.value == 0
                ? ""
                : fmt::format(", SPI {:08x}, sequence {}", event.spi.value, event.sequence);
        // RFC 4301 §5.1, §5.2: of a clear packet its selectors.
        const bool clear = event.packet && event.protocol == wire::ProtocolId::NONE;
        return {{"ESP",
                 fmt::format("{} packet {} === {} refused{}{}: {}",
                             event.inbound ? "inbound" : "outbound",
                             clear ? EndText(*event.packet, true) : event.source.ToString(),
                             clear ? EndText(*event.packet, false) : event.destination.ToString(),
                             spi,
                             AuditText(event),
                             ToString(event.error))}};
    }

    Lines
    operator()(const IcmpErrorReceived& event) const
    {
        const std::string outcome =
            event.pathMtu != 0      ? fmt::format(", path MTU is {}", event.pathMtu)
            : event.ignored.empty() ? ""
                                    : fmt::format(", ignored: {}", event.ignored);
        return {{"ESP",
                 fmt::format("{} type {} code {} from {} about SPI {:08x} to {}{}",
                             event.v6 ? "ICMPv6" : "ICMP",
                             event.type,
                             event.code,
                             event.reporter.ToString(),
                             event.spi.value,
                             event.destination.ToString(),
                             outcome)}};
    }
};

} // namespace

std::vector<LogLine>
FormatCharon(const Event& event)
{
    return std::visit(Writer{}, event);
}

} // namespace ikelab::gateway
