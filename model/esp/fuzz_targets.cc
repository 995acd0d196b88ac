// SPDX-License-Identifier: MIT
#include "esp/fuzz_targets.h"

#include "base/assert.h"
#include "base/fixed_fields.h"
#include "esp/icmp_error.h"
#include "esp/testing/ah_pair.h"
#include "esp/testing/sa_pair.h"

namespace ikelab::esp
{

namespace
{

/// RFC 4301 §5.2, and §6.2: an error about what went the other way may come, whatever its sender.
bool
IsAllowed(Bytes inner, const PacketInfo& read, const TrafficSelectors& selectors)
{
    return selectors.MatchesInbound(read) || IsErrorAboutOurs(inner, read, selectors);
}

/// What was opened is whole, allowed, and (but for congestion marks) what was sealed.
void
CheckOpened(const testing::SaPair& sa, const Opened& opened, Bytes plaintext, bool tunnel)
{
    if (opened.dummy)
    {
        return;
    }
    const Bytes inner = sa.Inner();
    const auto read = ReadPacket(inner);
    IKELAB_ASSERT(read.has_value());
    IKELAB_ASSERT(read->totalOctets == inner.size());
    IKELAB_ASSERT(opened.inner.totalOctets == inner.size());
    IKELAB_ASSERT(IsAllowed(inner, *read, sa.selectors));
    IKELAB_ASSERT(read->trafficClass == opened.inner.trafficClass);
    if (tunnel)
    {
        // Traffic class and IPv4 checksum may have changed.
        IKELAB_ASSERT(inner.size() + 2 <= plaintext.size());
        IKELAB_ASSERT(SameOctets(inner.subspan(12), plaintext.first(inner.size()).subspan(12)));
    }
}

} // namespace

void
FuzzEspOpen(Bytes octets)
{
    const uint8_t choice = octets.empty() ? 0 : octets.front();
    const bool tunnel = (choice & 1) == 0;
    testing::SaOptions options;
    options.mode = tunnel ? Mode::TUNNEL : Mode::TRANSPORT;
    if ((choice & 2) != 0)
    {
        options.suite = {crypto::FindEncr(wire::Encr::ENCR_NULL, 0),
                         crypto::FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128)};
    }
    if ((choice & 32) != 0)
    {
        const auto address = [](std::string_view text)
        {
            return *IpAddress::Parse(text);
        };
        options.nat = TransportNat({address("10.0.0.2"), address("203.0.113.8")},
                                   {address("10.99.1.1"), address("10.99.2.1")});
    }
    testing::SaPair sa(options);
    sa.outer.trafficClass = (choice >> 2) & 3;
    if ((choice & 16) != 0)
    {
        sa.selectors = {SelectorSet({Selector{*IpRange::Parse("10.99.2.0/24"), 17, 1, 100}}),
                        SelectorSet({Selector{*IpRange::Parse("10.99.1.0/24")}})};
    }
    const Bytes body = octets.empty() ? octets : octets.subspan(1);
    IKELAB_ASSERT(!sa.Open(body));
    const Buffer sealed = sa.SealRaw(body);
    const auto opened = sa.Open(sealed);
    IKELAB_ASSERT(sa.in.Window().Highest() == 1);
    if (opened)
    {
        CheckOpened(sa, *opened, body, tunnel);
    }
    const auto again = sa.Open(sealed);
    IKELAB_ASSERT(!again && again.error().fault == Fault::REPLAY);
}

namespace
{

/// Make the packet one that the peer could have sent; false if it cannot be.
bool
SignAh(testing::AhPair& sa, const testing::AhOptions& options, size_t headers, Buffer& packet)
{
    if (headers < 20 || (packet.front() >> 4 == 6 && headers < 40) || packet.size() > 65535)
    {
        return false;
    }
    const bool v6 = packet.front() >> 4 == 6;
    AhIcv icv(testing::SharedContext(), sa.Parameters(options));
    const size_t ahOctets = icv.HeaderOctets(v6);
    if (packet.size() < headers + ahOctets)
    {
        return false;
    }
    const MutableBytes whole(packet);
    if (v6)
    {
        StoreField<4, uint16_t>(whole.first<40>(), static_cast<uint16_t>(packet.size() - 40));
    }
    else
    {
        StoreField<2, uint16_t>(whole.first<20>(), static_cast<uint16_t>(packet.size()));
    }
    wire::WriteAhHeader(whole.subspan(headers), {packet[headers], ahOctets, sa.in.Spi(), 1});
    // As the receiver sees it: with a route that leads on nothing would be opened.
    return icv.Begin(Bytes(packet).first(headers), AhEnd::RECEIVER) &&
           icv.Sign(whole.subspan(headers), 1);
}

} // namespace

void
FuzzAhOpen(Bytes octets)
{
    if (octets.size() < 3)
    {
        return;
    }
    testing::AhOptions options;
    options.mode = (octets[0] & 1) == 0 ? Mode::TUNNEL : Mode::TRANSPORT;
    options.esn = (octets[0] & 2) != 0;
    Buffer packet = ToBuffer(octets.subspan(2));
    const size_t headers = std::min(size_t{4} * octets[1], packet.size());
    testing::AhPair sa(options);
    IKELAB_ASSERT(!sa.Open(packet, headers));
    IKELAB_ASSERT(sa.in.Window().Highest() == 0);
    if (!SignAh(sa, options, headers, packet))
    {
        return;
    }
    const auto opened = sa.Open(packet, headers);
    IKELAB_ASSERT(sa.in.Window().Highest() == 1);
    if (opened)
    {
        const Buffer inner = sa.Inner();
        const auto read = ReadPacket(inner);
        IKELAB_ASSERT(read && read->totalOctets == inner.size());
        IKELAB_ASSERT(IsAllowed(inner, *read, sa.selectors));
        IKELAB_ASSERT(options.mode == Mode::TUNNEL || inner.size() < packet.size());
    }
    const auto again = sa.Open(packet, headers);
    IKELAB_ASSERT(!again && again.error().fault == Fault::REPLAY);
}

} // namespace ikelab::esp
