// SPDX-License-Identifier: MIT
#pragma once

#include "base/packet_buffer.h"
#include "base/random_source.h"
#include "crypto/context.h"
#include "esp/inbound_sa.h"
#include "esp/outbound_sa.h"
#include "esp/testing/packets.h"

#include <optional>
#include <vector>

/// Both ends of one ESP SA.
namespace ikelab::esp::testing
{

inline crypto::Context&
SharedContext()
{
    static crypto::Context context;
    return context;
}

/// Every cipher of the table, those that need it with every integrity algorithm.
inline std::vector<crypto::EspSuite>
AllSuites()
{
    std::vector<crypto::EspSuite> suites;
    for (const crypto::EncrRow& encr : crypto::EncrRows())
    {
        if (encr.kind == crypto::CipherKind::AEAD)
        {
            suites.push_back({&encr});
            continue;
        }
        for (const crypto::IntegRow& integ : crypto::IntegRows())
        {
            suites.push_back({&encr, &integ});
        }
    }
    return suites;
}

inline crypto::EspSuite
AesGcm128()
{
    return {crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128)};
}

inline TrafficSelectors
AnyTraffic()
{
    const Selectors any{Selector{IpRange::AnyV4()}, Selector{IpRange::AnyV6()}};
    return {SelectorSet(any), SelectorSet(any)};
}

struct SaOptions
{
    crypto::EspSuite suite{AesGcm128()};
    Mode mode{Mode::TUNNEL};
    uint32_t replayWindow{64};
    LifetimeLimits lifetime{};
    HeaderCopying copying{};
    std::optional<TransportNat> nat{};
    bool outerV6{false};
    bool udpEncapsulation{false};
};

struct SaPair
{
    explicit SaPair(const SaOptions& options = {})
        : SaPair(options,
                 Buffer(options.suite.encr->MaterialOctets(), 0x42),
                 Buffer(options.suite.integ ? options.suite.integ->keyOctets : 0, 0x17))
    {
    }

    /// A sealed packet; an empty one if it could not be sealed.
    Buffer
    Seal(Bytes packet)
    {
        PacketBuffer buffer(packet);
        const auto info = ReadPacket(packet);
        return info && out.Seal(buffer, *info, random) ? ToBuffer(std::as_const(buffer).View())
                                                       : Buffer();
    }

    /// A whole plaintext of a lying peer: contents, padding, pad length and next header as given.
    Buffer
    SealRaw(Bytes plaintext)
    {
        crypto::PacketCipher cipher(SharedContext(),
                                    crypto::PacketCipher::Direction::SEAL,
                                    *suite.encr,
                                    suite.integ,
                                    Buffer(suite.encr->MaterialOctets(), 0x42),
                                    Buffer(suite.integ ? suite.integ->keyOctets : 0, 0x17));
        out.AdvanceSequence(out.Sequence() + 1);
        PacketBuffer buffer(plaintext);
        buffer.Append(cipher.IcvOctets());
        const MutableBytes head = buffer.Prepend(wire::ESP_HEADER_OCTETS + cipher.IvOctets());
        wire::WriteEspHeader(head, {out.Spi(), static_cast<uint32_t>(out.Sequence())});
        cipher.WriteIv(head.subspan(wire::ESP_HEADER_OCTETS), out.Sequence(), random);
        const auto sealed = cipher.Seal(buffer.View(), wire::ESP_HEADER_OCTETS);
        return sealed ? ToBuffer(std::as_const(buffer).View()) : Buffer();
    }

    /// Open into `inner`.
    Result<Opened>
    Open(Bytes packet)
    {
        inner.Assign(packet);
        TRY_ASSIGN(const wire::EspHeader header, wire::ParseEspHeader(packet));
        return in.Open(inner, header, selectors, outer);
    }

    Fault
    FaultOf(Bytes packet)
    {
        const auto opened = Open(packet);
        return opened ? Fault::NOT_FOUND : opened.error().fault;
    }

    Bytes
    Inner() const
    {
        return inner.View();
    }

    crypto::EspSuite suite;
    SeededRandom random{1};
    OutboundSa out;
    InboundSa in;
    TrafficSelectors selectors{AnyTraffic()};
    OuterHeader outer{*IpAddress::Parse("10.99.1.1"), *IpAddress::Parse("10.99.2.1"), 0};
    PacketBuffer inner;

  private:
    SaPair(const SaOptions& options, Bytes encrKey, Bytes integKey)
        : suite(options.suite),
          out(SharedContext(), Parameters(options, encrKey, integKey)),
          in(SharedContext(), Parameters(options, encrKey, integKey))
    {
    }

    static SaParameters
    Parameters(const SaOptions& options, Bytes encrKey, Bytes integKey)
    {
        return {EspSpi{0xc0ffee01},
                options.suite,
                options.mode,
                encrKey,
                integKey,
                options.lifetime,
                options.replayWindow,
                options.copying,
                options.nat,
                options.outerV6,
                options.udpEncapsulation};
    }
};

} // namespace ikelab::esp::testing
