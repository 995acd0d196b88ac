// SPDX-License-Identifier: MIT
#include "esp/fuzz_targets.h"

#include "base/assert.h"
#include "esp/testing/sa_pair.h"

namespace ikelab::esp
{

namespace
{

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
    IKELAB_ASSERT(sa.selectors.MatchesInbound(*read));
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

} // namespace ikelab::esp
