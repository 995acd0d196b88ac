// SPDX-License-Identifier: GPL-2.0-only
#include "crypto/context.h"
#include "esp/ah_authenticated.h"
#include "esp/ah_inbound.h"
#include "esp/ah_outbound.h"
#include "peer_lines.h"

#include <stdexcept>
#include <string>
#include <utility>

/**
 * One SA with AH behind JSON lines, so that another implementation can be held against it.
 *
 *     {"do": "rows"} -> {"integ": [{"keyword": text, "key": octets, "icv": octets}, ...]}
 *     {"do": "seal" | "open", "sa": {...}, "packet": hex}
 *         -> {"packet": hex} | {"refused": fault}
 *
 * "sa" has integ (a keyword of the table), key (hex), spi, esn, after (the number of the last
 * packet), transport, source and destination. What is wrong with a request itself is
 * {"error": text}.
 */
namespace ikelab::conformance
{
namespace
{

SocketAddress
EndOf(const Json& text)
{
    const auto address = IpAddress::Parse(text.get<std::string>());
    if (!address)
    {
        throw std::invalid_argument("not an address: " + text.dump());
    }
    return {*address, 0};
}

class Peer
{
  public:
    Json
    Answer(const Json& request)
    {
        if (request.at("do") == "rows")
        {
            return Rows();
        }
        PacketBuffer packet(OctetsOf(request.at("packet")));
        const Json& sa = request.at("sa");
        const auto* integ = RowOf(crypto::IntegRows(), sa, "integ");
        if (integ == nullptr)
        {
            throw std::invalid_argument("an SA without integ");
        }
        const Buffer key = OctetsOf(sa.at("key"));
        const esp::SaParameters parameters{EspSpi{sa.at("spi").get<uint32_t>()},
                                           {nullptr, integ, nullptr, sa.at("esn").get<bool>()},
                                           sa.at("transport").get<bool>() ? esp::Mode::TRANSPORT
                                                                          : esp::Mode::TUNNEL,
                                           {},
                                           key,
                                           {}};
        const auto after = sa.at("after").get<uint64_t>();
        const Path path{EndOf(sa.at("source")), EndOf(sa.at("destination"))};
        const auto done = request.at("do") == "seal" ? Seal(parameters, after, path, packet)
                                                     : Open(parameters, after, packet);
        if (!done)
        {
            return {{"refused", ToString(done.error().fault)}};
        }
        return {{"packet", ToHex(std::as_const(packet).View())}};
    }

  private:
    static Json
    Rows()
    {
        Json rows = Json::array();
        for (const crypto::IntegRow& row : crypto::IntegRows())
        {
            rows.push_back(
                {{"keyword", row.keyword}, {"key", row.keyOctets}, {"icv", row.icvOctets}});
        }
        return {{"integ", rows}};
    }

    Result<void>
    Seal(const esp::SaParameters& parameters,
         uint64_t after,
         const Path& path,
         PacketBuffer& packet)
    {
        esp::AhOutbound sa(m_context, parameters);
        sa.AdvanceSequence(after);
        TRY_ASSIGN(const esp::PacketInfo info, esp::ReadPacket(packet.View()));
        TRY(sa.Seal(packet, info, path));
        return {};
    }

    /// A shell finds AH by itself: behind the headers that come before it.
    Result<void>
    Open(const esp::SaParameters& parameters, uint64_t after, PacketBuffer& packet)
    {
        esp::AhInbound sa(m_context, parameters);
        sa.AdvanceWindow(after);
        const Buffer whole = ToBuffer(std::as_const(packet).View());
        TRY(esp::ReadPacket(whole));
        TRY_ASSIGN(const size_t headers, FindAh(whole));
        packet.DropFront(headers);
        TRY_ASSIGN(const wire::AhHeader header, wire::ParseAhHeader(packet.View()));
        if (header.spi != sa.Spi())
        {
            return Fail(Fault::UNKNOWN_SPI, "AH");
        }
        TRY(sa.Open(packet, header, Bytes(whole).first(headers), m_selectors));
        return {};
    }

    /// Octets before AH.
    static Result<size_t>
    FindAh(Bytes packet)
    {
        constexpr size_t WORD = 4;
        for (size_t octets = 20; octets < packet.size(); octets += WORD)
        {
            if (esp::FindAh(packet.first(octets)))
            {
                return octets;
            }
        }
        return Fail(Fault::UNEXPECTED, "no AH");
    }

    crypto::Context m_context;
    esp::TrafficSelectors m_selectors{AnyTraffic()};
};

} // namespace
} // namespace ikelab::conformance

int
main()
{
    return ikelab::conformance::Serve<ikelab::conformance::Peer>();
}
