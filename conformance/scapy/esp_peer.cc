// SPDX-License-Identifier: GPL-2.0-only
#include "base/byte_reader.h"
#include "base/byte_writer.h"
#include "crypto/context.h"
#include "esp/inbound_sa.h"
#include "esp/outbound_sa.h"
#include "peer_lines.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

/**
 * One SA of model/esp behind JSON lines, so that another implementation can be held against it.
 *
 *     {"do": "rows"}
 *         -> {"encr": [row, ...], "integ": [row, ...]}
 *     {"do": "seal" | "open", "sa": {...}, "outer": {...}, "packets": [hex, ...]}
 *         -> {"answers": [{"packet": hex, "sequence": number} | {"refused": fault, "why": text}]}
 *
 * "sa" has encr and integ (keywords of the table), encr_key and integ_key (hex), spi, esn and
 * after: the number of the last packet sent or received. "outer" has source, destination and, for
 * UDP encapsulation, source_port and destination_port. All packets of a request go through one SA,
 * in this order. A packet outside is whole, from its outer IP header on. What is wrong with a
 * request itself is {"error": text}.
 */
namespace ikelab::conformance
{
namespace
{

constexpr size_t UDP_HEADER_OCTETS = 8;

IpAddress
AddressOf(const Json& object, const char* name)
{
    const auto address = IpAddress::Parse(object.at(name).get<std::string>());
    if (!address)
    {
        throw std::invalid_argument(std::string(name) + " is not an address");
    }
    return *address;
}

/// The "sa" of a request.
struct WantedSa
{
    crypto::EspSuite suite;
    Buffer encrKey;
    Buffer integKey;
    EspSpi spi;
    uint64_t after; ///< the number of the last packet sent or received
    esp::Mode mode;

    explicit WantedSa(const Json& object)
        : suite{RowOf(crypto::EncrRows(), object, "encr"),
                RowOf(crypto::IntegRows(), object, "integ"),
                nullptr,
                object.at("esn").get<bool>()},
          encrKey(OctetsOf(object.at("encr_key"))),
          integKey(OctetsOf(object.at("integ_key"))),
          spi(object.at("spi").get<uint32_t>()),
          after(object.at("after").get<uint64_t>()),
          mode(object.at("transport").get<bool>() ? esp::Mode::TRANSPORT : esp::Mode::TUNNEL)
    {
        if (suite.encr == nullptr)
        {
            throw std::invalid_argument("an SA without encr");
        }
    }

    /// Borrows the keys.
    esp::SaParameters
    Parameters() const
    {
        return {spi, suite, mode, encrKey, integKey, {}};
    }
};

/// What a shell knows of the unprotected header.
struct Outer
{
    IpAddress source;
    IpAddress destination;
    std::optional<std::pair<uint16_t, uint16_t>> ports; ///< with UDP encapsulation

    explicit Outer(const Json& object)
        : source(AddressOf(object, "source")),
          destination(AddressOf(object, "destination"))
    {
        if (object.contains("source_port"))
        {
            ports.emplace(object.at("source_port").get<uint16_t>(),
                          object.at("destination_port").get<uint16_t>());
        }
    }

    /// The header before `size` octets of ESP. RFC 3948 §2.1: a UDP checksum of zero.
    Buffer
    Header(size_t size, const esp::Sealed& sealed) const
    {
        const uint8_t protocol = ports ? esp::PROTOCOL_UDP : esp::PROTOCOL_ESP;
        const auto udpOctets = static_cast<uint16_t>(UDP_HEADER_OCTETS + size);
        const auto payload = static_cast<uint16_t>(ports ? udpOctets : size);
        ByteWriter writer;
        if (source.IsV4())
        {
            writer.U8(0x45);
            writer.U8(sealed.trafficClass);
            writer.U16(static_cast<uint16_t>(20 + payload));
            writer.U16(0);
            writer.U16(sealed.dontFragment ? 0x4000 : 0);
            writer.U8(64);
            writer.U8(protocol);
            writer.U16(0);
            writer.Octets(source.Octets());
            writer.Octets(destination.Octets());
            writer.Patch16(10, esp::HeaderChecksum(writer.View()));
        }
        else
        {
            writer.U32(0x60000000u | uint32_t{sealed.trafficClass} << 20);
            writer.U16(payload);
            writer.U8(protocol);
            writer.U8(64);
            writer.Octets(source.Octets());
            writer.Octets(destination.Octets());
        }
        if (ports)
        {
            writer.U16(ports->first);
            writer.U16(ports->second);
            writer.U16(udpOctets);
            writer.U16(0);
        }
        return writer.Release();
    }

    /// ESP out of a whole packet that came between these ends.
    Result<Bytes>
    Unwrap(Bytes packet, const esp::PacketInfo& info) const
    {
        if (info.source != esp::AddressNumber::From(source) ||
            info.destination != esp::AddressNumber::From(destination) ||
            info.protocol != (ports ? esp::PROTOCOL_UDP : esp::PROTOCOL_ESP))
        {
            return Fail(Fault::UNEXPECTED, "outer header");
        }
        const Bytes payload = packet.first(info.totalOctets).subspan(info.headerOctets);
        if (!ports)
        {
            return payload;
        }
        ByteReader reader(payload);
        uint16_t sourcePort = 0;
        uint16_t destinationPort = 0;
        uint16_t length = 0;
        uint16_t checksum = 0;
        Bytes datagram;
        if (!reader.U16(sourcePort) || !reader.U16(destinationPort) || !reader.U16(length) ||
            !reader.U16(checksum) || length < UDP_HEADER_OCTETS ||
            !reader.Take(length - UDP_HEADER_OCTETS, datagram))
        {
            return Fail(Fault::TRUNCATED, "UDP");
        }
        if (std::pair(sourcePort, destinationPort) != *ports)
        {
            return Fail(Fault::UNEXPECTED, "UDP ports");
        }
        TRY_ASSIGN(const wire::Encapsulated content, wire::ParseUdpEncapsulated(datagram));
        if (!std::holds_alternative<wire::EspInUdp>(content))
        {
            return Fail(Fault::UNEXPECTED, "not ESP");
        }
        return std::get<wire::EspInUdp>(content).packet;
    }
};

Json
Accepted(const PacketBuffer& packet, uint64_t sequence)
{
    return {{"packet", ToHex(packet.View())}, {"sequence", sequence}};
}

Json
Refused(const Error& error)
{
    return {{"refused", ToString(error.fault)}, {"why", ToString(error)}};
}

class Peer
{
  public:
    Json
    Answer(const Json& request)
    {
        const auto verb = request.at("do").get<std::string>();
        if (verb == "rows")
        {
            return Rows();
        }
        if (verb != "seal" && verb != "open")
        {
            throw std::invalid_argument("cannot do " + verb);
        }
        return {{"answers", verb == "seal" ? Seal(request) : Open(request)}};
    }

  private:
    /// The algorithms of the table, so that none can be left out unseen.
    static Json
    Rows()
    {
        Json encr = Json::array();
        for (const crypto::EncrRow& row : crypto::EncrRows())
        {
            encr.push_back({{"keyword", row.keyword},
                            {"aead", row.kind == crypto::CipherKind::AEAD},
                            {"key", row.MaterialOctets()},
                            {"iv", row.ivOctets},
                            {"icv", row.icvOctets}});
        }
        Json integ = Json::array();
        for (const crypto::IntegRow& row : crypto::IntegRows())
        {
            integ.push_back(
                {{"keyword", row.keyword}, {"key", row.keyOctets}, {"icv", row.icvOctets}});
        }
        return {{"encr", encr}, {"integ", integ}};
    }

    Json
    Seal(const Json& request)
    {
        const Outer outer(request.at("outer"));
        const WantedSa wanted(request.at("sa"));
        esp::OutboundSa sa(m_context, wanted.Parameters());
        sa.AdvanceSequence(wanted.after);
        Json answers = Json::array();
        for (const Json& hex : request.at("packets"))
        {
            PacketBuffer packet(OctetsOf(hex));
            const auto sealed = SealOne(sa, outer, packet, request.value("pad_to", size_t{0}));
            answers.push_back(sealed ? Accepted(packet, *sealed) : Refused(sealed.error()));
        }
        return answers;
    }

    Result<uint64_t>
    SealOne(esp::OutboundSa& sa, const Outer& outer, PacketBuffer& packet, size_t padTo)
    {
        constexpr size_t ROOM = 65535;
        TRY_ASSIGN(const esp::PacketInfo info, esp::ReadPacket(packet.View()));
        TRY_ASSIGN(const esp::Sealed sealed,
                   padTo == 0 ? sa.Seal(packet, info, m_random)
                              : sa.SealPadded(packet, info, {padTo, ROOM}, m_random));
        if (sealed.place.headerOctets != 0) // transport mode: the packet has its header
        {
            if (outer.ports)
            {
                TRY(esp::EncapsulateInUdp(
                    packet, sealed.place, outer.ports->first, outer.ports->second));
            }
            return sealed.sequence;
        }
        const Buffer header = outer.Header(packet.Size(), sealed);
        std::ranges::copy(header, packet.Prepend(header.size()).begin());
        return sealed.sequence;
    }

    Json
    Open(const Json& request)
    {
        const Outer outer(request.at("outer"));
        const WantedSa wanted(request.at("sa"));
        esp::InboundSa sa(m_context, wanted.Parameters());
        sa.AdvanceWindow(wanted.after);
        Json answers = Json::array();
        for (const Json& hex : request.at("packets"))
        {
            PacketBuffer packet;
            const auto opened = OpenOne(sa, outer, OctetsOf(hex), packet);
            answers.push_back(opened ? Accepted(packet, *opened) : Refused(opened.error()));
        }
        return answers;
    }

    Result<uint64_t>
    OpenOne(esp::InboundSa& sa, const Outer& outer, Bytes whole, PacketBuffer& packet)
    {
        TRY_ASSIGN(const esp::PacketInfo info, esp::ReadPacket(whole));
        TRY_ASSIGN(const Bytes esp, outer.Unwrap(whole, info));
        TRY_ASSIGN(const wire::EspHeader header, wire::ParseEspHeader(esp));
        if (header.spi != sa.Spi())
        {
            return Fail(Fault::UNKNOWN_SPI, "ESP");
        }
        packet.Assign(esp);
        const esp::OuterHeader around{
            outer.source, outer.destination, info.trafficClass, whole.first(info.headerOctets)};
        TRY_ASSIGN(const esp::Opened opened, sa.Open(packet, header, m_selectors, around));
        return opened.sequence;
    }

    crypto::Context m_context;
    SeededRandom m_random{1};
    esp::TrafficSelectors m_selectors{AnyTraffic()};
};

} // namespace
} // namespace ikelab::conformance

int
main()
{
    return ikelab::conformance::Serve<ikelab::conformance::Peer>();
}
