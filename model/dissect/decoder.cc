// SPDX-License-Identifier: MIT
#include "dissect/decoder.h"

#include "base/byte_reader.h"
#include "base/result.h"
#include "dissect/ip_layer.h"
#include "dissect/link_layer.h"
#include "esp/trailer.h"
#include "wire/esp_header.h"
#include "wire/readable.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace ikelab::dissect
{

namespace
{

/// Tunnels in tunnels: deeper is no packet that anybody sends.
constexpr size_t MOST_LAYERS = 16;
constexpr size_t UDP_HEADER_OCTETS = 8;

Layer
Other(std::string problem, Protection protection = Protection::CLEAR)
{
    Layer layer;
    layer.name = "other";
    layer.protection = protection;
    if (protection == Protection::CLEAR)
    {
        layer.summary = std::move(problem);
    }
    else
    {
        layer.problem = std::move(problem);
    }
    return layer;
}

std::string
Readable(std::string_view text)
{
    return wire::Readable(Bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size()));
}

} // namespace

Decoder::Decoder(crypto::Context& context, const KeyStore& keys, DecoderOptions options)
    : m_ciphers(context),
      m_keys(keys),
      m_ike(context, keys),
      m_options(std::move(options))
{
}

PacketView
Decoder::Read(const io::Capture& capture, const io::CapturePacket& packet)
{
    PacketView view;
    view.number = ++m_count;
    view.sinceEpoch = packet.sinceEpoch;
    std::ranges::transform(packet.comments,
                           std::back_inserter(view.comments),
                           [](const std::string& comment) { return Readable(comment); });
    if (packet.interface >= capture.interfaces.size())
    {
        view.layers.push_back(
            Other("interface that the file does not describe", Protection::MALFORMED));
        return view;
    }
    const io::CaptureInterface& interface = capture.interfaces[packet.interface];
    view.interface = InterfaceName(packet.interface, interface.name);
    if (!KnowsLinkType(interface.linkType))
    {
        view.layers.push_back(Other(fmt::format("link type {} is not read", interface.linkType)));
        return view;
    }
    const auto octets = IpPacketOf(interface.linkType, packet.data);
    if (!octets)
    {
        view.layers.push_back(Other(fmt::format("no IP, {} octets", packet.data.size())));
        return view;
    }
    const size_t missing =
        std::max<size_t>(packet.originalOctets, packet.data.size()) - packet.data.size();
    const auto said = SaidOctets(*octets);
    if (said && *said > octets->size() && *said <= octets->size() + missing)
    {
        ShowBrokenIp(view,
                     *octets,
                     Protection::CUT,
                     fmt::format("only {} of {} octets were captured",
                                 packet.data.size(),
                                 packet.originalOctets));
        return view;
    }
    ReadIp(view, {packet.interface}, *octets);
    return view;
}

/// As people can read it, and no longer than they would: it is said with every packet.
const std::string&
Decoder::InterfaceName(uint32_t interface, std::string_view name)
{
    constexpr size_t MOST_OCTETS = 64;
    const auto [known, isNew] = m_interfaceNames.try_emplace(interface);
    if (isNew)
    {
        known->second = Readable(name.substr(0, MOST_OCTETS));
        known->second += name.size() > MOST_OCTETS ? "..." : "";
    }
    return known->second;
}

/// What must be one of ours to be called malformed: others are no business of this reader.
bool
Decoder::IsOurs(uint8_t protocol, Bytes content) const
{
    if (protocol != esp::PROTOCOL_UDP)
    {
        return protocol == esp::PROTOCOL_ESP || protocol == esp::PROTOCOL_AH;
    }
    ByteReader reader(content);
    uint16_t source;
    uint16_t destination;
    return reader.U16(source) && reader.U16(destination) &&
           (IsOurPort(source) || IsOurPort(destination));
}

bool
Decoder::IsOurPort(uint16_t port) const
{
    return port == wire::IKE_PORT || port == wire::NATT_PORT || m_options.ports.contains(port);
}

void
Decoder::ReadIp(PacketView& view, Place place, Bytes octets)
{
    const auto info = esp::ReadPacket(octets);
    if (!info)
    {
        ShowBrokenIp(
            view, octets, Protection::MALFORMED, "IP: " + ToString(info.error()), place.decrypted);
        return;
    }
    view.layers.push_back(IpLayer(*info));
    const Bytes packet = octets.first(info->totalOctets);
    if (info->fragment)
    {
        ReadFragment(view, place, *info, packet);
        return;
    }
    ReadNext(view,
             place,
             {info->source.ToAddress(), info->destination.ToAddress()},
             info->protocol,
             packet.subspan(info->headerOctets));
}

/// What is known of a packet that ends too early or breaks the rules, and whether it matters here.
void
Decoder::ShowBrokenIp(PacketView& view,
                      Bytes octets,
                      Protection protection,
                      std::string problem,
                      bool decrypted) const
{
    const auto info = ReadUnended(octets);
    const Bytes content = info && !info->laterFragment
                              ? octets.subspan(std::min(info->headerOctets, octets.size()))
                              : Bytes();
    const bool ours = decrypted || (info && IsOurs(info->protocol, content));
    if (info)
    {
        view.layers.push_back(IpLayer(*info));
    }
    uint8_t protocol = info ? info->protocol : 0;
    PacketView whole;
    ByteReader reader(content);
    if (const auto next = protocol == esp::PROTOCOL_AH ? AddAh(whole, reader) : std::nullopt)
    {
        view.layers.push_back(std::move(whole.layers.front()));
        protocol = *next;
    }
    Layer layer = Other(std::move(problem), ours ? protection : Protection::CLEAR);
    if (ours)
    {
        layer.summary = info ? ProtocolText(protocol) : "";
    }
    view.layers.push_back(std::move(layer));
}

void
Decoder::ReadFragment(PacketView& view, Place place, const esp::PacketInfo& info, Bytes packet)
{
    IpReassembly& reassembly = m_ipReassembly[place.interface];
    auto outcome = reassembly.Add(packet);
    // Only the first fragment of UDP shows ports; by the rest it may have come already.
    const bool ours = IsOurs(info.protocol, reassembly.Start(packet));
    Layer layer = Other("");
    layer.name = "fragment";
    if (!outcome)
    {
        const std::string problem = ToString(outcome.error());
        layer.protection = ours ? Protection::MALFORMED : Protection::CLEAR;
        (ours ? layer.problem : layer.summary) = problem;
    }
    else if (outcome->packet)
    {
        layer.summary = fmt::format("the last of {} fragments", outcome->pieces);
    }
    else
    {
        layer.protection = ours ? Protection::FRAGMENT : Protection::CLEAR;
        layer.summary =
            fmt::format("{} in fragments, {} so far", ProtocolText(info.protocol), outcome->pieces);
    }
    view.layers.push_back(std::move(layer));
    if (outcome && outcome->packet && ++place.depth <= MOST_LAYERS)
    {
        ReadIp(view, place, *outcome->packet);
    }
}

void
Decoder::ReadNext(PacketView& view, Place place, const Ends& ends, uint8_t protocol, Bytes content)
{
    if (++place.depth > MOST_LAYERS)
    {
        view.layers.push_back(Other("more tunnels in tunnels than are read"));
        return;
    }
    switch (protocol)
    {
    case esp::PROTOCOL_UDP:
        ReadUdp(view, place, ends, content);
        break;
    case esp::PROTOCOL_ESP:
        ReadEsp(view, place, ends, content);
        break;
    case esp::PROTOCOL_AH:
        ReadAh(view, place, ends, content);
        break;
    case esp::PROTOCOL_IPV4:
    case esp::PROTOCOL_IPV6:
        ReadIp(view, place, content);
        break;
    default:
        view.layers.push_back(
            Other(fmt::format("{}, {} octets", ProtocolText(protocol), content.size())));
        break;
    }
}

void
Decoder::ReadUdp(PacketView& view, Place place, const Ends& ends, Bytes datagram)
{
    ByteReader reader(datagram);
    uint16_t source;
    uint16_t destination;
    uint16_t length;
    if (!reader.U16(source) || !reader.U16(destination) || !reader.U16(length) || !reader.Skip(2))
    {
        view.layers.push_back(
            Other("UDP header is cut off",
                  IsOurs(esp::PROTOCOL_UDP, datagram) ? Protection::MALFORMED : Protection::CLEAR));
        return;
    }
    if (!IsOurPort(source) && !IsOurPort(destination))
    {
        view.layers.push_back(Other(fmt::format("UDP, {} octets", reader.Left())));
        return;
    }
    if (length < UDP_HEADER_OCTETS || length > datagram.size())
    {
        view.layers.push_back(
            Other(fmt::format("UDP length {} of {} octets", length, datagram.size()),
                  Protection::MALFORMED));
        return;
    }
    ReadUdpContent(view,
                   place,
                   ends,
                   {{ends.source, source}, {ends.destination, destination}},
                   datagram.first(length).subspan(UDP_HEADER_OCTETS));
}

void
Decoder::ReadUdpContent(PacketView& view,
                        Place place,
                        const Ends& ends,
                        const Path& ports,
                        Bytes content)
{
    if (!wire::UsesNonEspMarker(ports.local.port, ports.remote.port))
    {
        view.layers.push_back(m_ike.Read(place.interface, content));
        return;
    }
    const auto framed = wire::ParseUdpEncapsulated(content);
    if (!framed)
    {
        view.layers.push_back(
            Other("UDP encapsulation: " + ToString(framed.error()), Protection::MALFORMED));
    }
    else if (const auto* ike = std::get_if<wire::IkeInUdp>(&*framed))
    {
        view.layers.push_back(m_ike.Read(place.interface, ike->message));
    }
    else if (const auto* packet = std::get_if<wire::EspInUdp>(&*framed))
    {
        ReadEsp(view, place, ends, packet->packet);
    }
    else
    {
        Layer layer;
        layer.name = "keepalive";
        layer.summary = "NAT keep-alive";
        view.layers.push_back(std::move(layer));
    }
}

/// RFC 4302 §2: it hides nothing, so what follows is read without a key.
void
Decoder::ReadAh(PacketView& view, Place place, const Ends& ends, Bytes packet)
{
    ByteReader reader(packet);
    if (auto next = AddAh(view, reader))
    {
        next = ends.source.IsV4() ? *next : SkipExtensionHeaders(*next, reader);
        ReadNext(view, place, ends, *next, reader.Rest());
    }
}

/// RFC 4303 appendix A, for a reader who sees packets in about the order they were sent. Nothing
/// is learnt here: only a packet that verifies moves the state.
std::optional<uint32_t>
Decoder::SequenceHigh(const EspTableKeys& keys, EspSpi spi, uint32_t sequence) const
{
    if (!keys.extendedSequence)
    {
        return std::nullopt;
    }
    constexpr uint32_t HALF = 0x80000000;
    const auto known = m_sequences.find({&keys, spi});
    if (known == m_sequences.end())
    {
        return keys.sequenceHigh;
    }
    const SequenceState& state = known->second;
    if (sequence - state.low < HALF)
    {
        return state.high + (sequence < state.low ? 1 : 0);
    }
    // An older packet: of the last round of 2^32 if its number is the larger one.
    return sequence > state.low && state.high > 0 ? state.high - 1 : state.high;
}

void
Decoder::LearnSequence(const EspTableKeys& keys, EspSpi spi, uint32_t high, uint32_t low)
{
    const auto [state, isNew] = m_sequences.try_emplace({&keys, spi}, SequenceState{high, low});
    if (std::pair(high, low) > std::pair(state->second.high, state->second.low))
    {
        state->second = {high, low};
    }
}

void
Decoder::ReadEsp(PacketView& view, Place place, const Ends& ends, Bytes packet)
{
    Layer layer;
    layer.name = "esp";
    const auto header = wire::ParseEspHeader(packet);
    if (!header)
    {
        layer.summary = "ESP";
        layer.Degrade(ToString(header.error()));
        view.layers.push_back(std::move(layer));
        return;
    }
    layer.summary = fmt::format("ESP SPI {:08x} sequence {}", header->spi.value, header->sequence);
    layer.fields = {{{"spi", fmt::format("{:08x}", header->spi.value)},
                     {"sequence", uint64_t{header->sequence}},
                     {"octets", uint64_t{packet.size()}}}};
    const auto rows = m_keys.FindEsp({ends.source, ends.destination, header->spi});
    if (rows.empty())
    {
        layer.protection = Protection::KEY_MISSING;
        layer.problem = fmt::format(
            "no row for SPI {:08x} to {}", header->spi.value, ends.destination.ToString());
        view.layers.push_back(std::move(layer));
        return;
    }
    std::vector<Candidate> candidates;
    for (const EspTableKeys* row : rows)
    {
        candidates.push_back({{row->encr,
                               row->integ,
                               row->uncheckedIcvOctets,
                               row->encrKey.View(),
                               row->integKey.View()},
                              SequenceHigh(*row, header->spi, header->sequence)});
    }
    const auto [which, opening] =
        OpenWithAny(m_ciphers, candidates, packet, wire::ESP_HEADER_OCTETS);
    const auto high = candidates[which].esnHigh;
    if (high && opening.protection == Protection::OPENED)
    {
        LearnSequence(*rows[which], header->spi, *high, header->sequence);
    }
    layer.protection = opening.protection;
    layer.problem = opening.problem;
    layer.fields.fields.push_back({"keys", rows[which]->where});
    const auto trailer = esp::ReadTrailer(opening.text);
    if (!trailer)
    {
        layer.Degrade(ToString(trailer.error()));
    }
    else
    {
        layer.fields.fields.push_back(
            {"next_header",
             wire::FieldCode{trailer->nextHeader, ProtocolName(trailer->nextHeader)}});
    }
    const bool showsInner = trailer && layer.protection < Protection::MALFORMED;
    view.layers.push_back(std::move(layer));
    if (showsInner)
    {
        place.decrypted = true;
        ReadNext(view,
                 place,
                 ends,
                 trailer->nextHeader,
                 Bytes(opening.text).first(trailer->contentOctets));
    }
}

} // namespace ikelab::dissect
