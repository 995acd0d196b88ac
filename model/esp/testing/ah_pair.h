// SPDX-License-Identifier: MIT
#pragma once

#include "base/assert.h"
#include "esp/ah_inbound.h"
#include "esp/ah_outbound.h"
#include "esp/testing/sa_pair.h"
#include "wire/ah_header.h"

/// Both ends of one SA with AH.
namespace ikelab::esp::testing
{

struct AhOptions
{
    wire::Integ integ{wire::Integ::AUTH_HMAC_SHA2_256_128};
    bool esn{false};
    Mode mode{Mode::TUNNEL};
    bool v6{false}; ///< the tunnel's outer header
    uint32_t replayWindow{64};
    LifetimeLimits lifetime{};
    HeaderCopying copying{};
};

struct AhPair
{
    explicit AhPair(const AhOptions& options = {})
        : integ(*crypto::FindInteg(options.integ)),
          key(integ.keyOctets, 0x17),
          path(Ends(options.v6)),
          out(SharedContext(), Parameters(options)),
          in(SharedContext(), Parameters(options))
    {
    }

    /// A whole packet with AH; an empty one if there could be none.
    Buffer
    Seal(Bytes packet)
    {
        PacketBuffer buffer(packet);
        const auto info = ReadPacket(packet);
        return info && out.Seal(buffer, *info, path) ? ToBuffer(std::as_const(buffer).View())
                                                     : Buffer();
    }

    Fault
    FaultOfSeal(Bytes packet)
    {
        PacketBuffer buffer(packet);
        const auto sealed = out.Seal(buffer, *ReadPacket(packet), path);
        IKELAB_ASSERT(sealed || SameOctets(packet, std::as_const(buffer).View()));
        return sealed ? Fault::NOT_FOUND : sealed.error().fault;
    }

    /// Open a whole packet, of which `headers` octets stand before AH, into `inner`.
    Result<Opened>
    Open(Bytes packet, size_t headers)
    {
        inner.Assign(packet);
        inner.DropFront(headers);
        TRY_ASSIGN(const wire::AhHeader header, wire::ParseAhHeader(inner.View()));
        return in.Open(inner, header, packet.first(headers), selectors);
    }

    /// Plain headers.
    Result<Opened>
    Open(Bytes packet)
    {
        return Open(packet, packet.front() >> 4 == 6 ? 40 : 20);
    }

    Fault
    FaultOf(Bytes packet)
    {
        const auto opened = Open(packet);
        return opened ? Fault::NOT_FOUND : opened.error().fault;
    }

    Buffer
    Inner() const
    {
        return ToBuffer(inner.View());
    }

    SaParameters
    Parameters(const AhOptions& options) const
    {
        return {EspSpi{0xc0ffee01},
                {nullptr, &integ, nullptr, options.esn},
                options.mode,
                {},
                key,
                options.lifetime,
                options.replayWindow,
                options.copying};
    }

    const crypto::IntegRow& integ;
    Buffer key;
    Path path;
    AhOutbound out;
    AhInbound in;
    TrafficSelectors selectors{AnyTraffic()};
    PacketBuffer inner;

  private:
    static Path
    Ends(bool v6)
    {
        return {{*IpAddress::Parse(v6 ? "2001:db8:99::1" : "192.0.2.1"), 0},
                {*IpAddress::Parse(v6 ? "2001:db8:99::2" : "192.0.2.2"), 0}};
    }
};

} // namespace ikelab::esp::testing
