// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "base/limits.h"
#include "esp/testing/ah_pair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

namespace ikelab::esp
{
namespace
{

using testing::AhOptions;
using testing::AhPair;
using testing::MakePacket;
using testing::MakePacket6;

/// Every integrity algorithm, both modes, both IP versions inside and outside, with and without
/// ESN; transport mode where inside and outside are one.
std::vector<AhOptions>
AllOptions()
{
    std::vector<AhOptions> all;
    for (const crypto::IntegRow& row : crypto::IntegRows())
    {
        for (const bool esn : {false, true})
        {
            all.push_back({.integ = row.id, .esn = esn, .mode = Mode::TUNNEL, .v6 = false});
            all.push_back({.integ = row.id, .esn = esn, .mode = Mode::TUNNEL, .v6 = true});
            all.push_back({.integ = row.id, .esn = esn, .mode = Mode::TRANSPORT});
        }
    }
    return all;
}

TEST(Ah, CarriesPacketsWithEveryAlgorithmInBothModes)
{
    for (const AhOptions& options : AllOptions())
    {
        AhPair sa(options);
        uint32_t sequence = 0;
        for (const Buffer& packet : {MakePacket(), MakePacket6(), MakePacket({.dataOctets = 1401})})
        {
            const Buffer sealed = sa.Seal(packet);
            const auto info = ReadPacket(sealed);
            ASSERT_TRUE(info.has_value());
            EXPECT_EQ(info->totalOctets, sealed.size());
            const bool v6 = info->IsV6();
            const size_t headers = v6 ? 40 : 20;
            const auto ah = wire::ParseAhHeader(Bytes(sealed).subspan(headers));
            ASSERT_TRUE(ah.has_value());
            EXPECT_EQ(ah->spi, EspSpi{0xc0ffee01});
            EXPECT_EQ(ah->sequence, ++sequence);
            EXPECT_EQ((ah->octets) % (v6 ? 8 : 4), 0u) << "RFC 4302 §2.6";
            EXPECT_LT(ah->octets - 12 - sa.integ.icvOctets, v6 ? 8u : 4u) << "no more than needed";
            const auto opened = sa.Open(sealed);
            ASSERT_TRUE(opened.has_value()) << sa.integ.name;
            EXPECT_EQ(sa.Inner(), packet);
            EXPECT_EQ(opened->sequence, sequence);
            EXPECT_EQ(opened->inner.totalOctets, packet.size());
            EXPECT_EQ(sa.in.GetLifetime().Octets(), sa.out.GetLifetime().Octets());
            EXPECT_EQ(sa.FaultOf(sealed), Fault::REPLAY);
        }
        EXPECT_EQ(sa.in.GetLifetime().Packets(), 3u);
    }
}

/// Is a bit of a plain header free to change on the way? RFC 4302 §3.3.3.1.1.1, §3.3.3.1.2.1.
bool
MayChange(bool v6, size_t bit)
{
    const size_t octet = bit / 8;
    if (v6)
    {
        return (bit >= 4 && bit < 32) || octet == 7; // traffic class, flow label, hop limit
    }
    // TOS, flags, TTL, checksum. Fragment offset, too, but a fragment is not for AH at all.
    return octet == 1 || bit == 48 || bit == 49 || octet == 8 || octet == 10 || octet == 11;
}

TEST(Ah, CoversEveryBitButThoseThatMayChange)
{
    for (const auto mode : {Mode::TUNNEL, Mode::TRANSPORT})
    {
        for (const bool v6 : {false, true})
        {
            AhPair sa({.mode = mode, .v6 = v6});
            const size_t headers = v6 ? 40 : 20;
            const Buffer packet =
                v6 ? MakePacket6({.dataOctets = 5}) : MakePacket({.dataOctets = 5});
            const Buffer sealed = sa.Seal(packet);
            for (size_t bit = 0; bit < 8 * sealed.size(); ++bit)
            {
                Buffer flipped = sealed;
                flipped[bit / 8] ^= static_cast<uint8_t>(0x80u >> bit % 8);
                AhPair receiver({.mode = mode, .v6 = v6});
                const auto opened = receiver.Open(flipped, headers);
                ASSERT_EQ(opened.has_value(), bit / 8 < headers && MayChange(v6, bit)) << bit;
                EXPECT_EQ(receiver.in.Window().Highest(), opened ? 1u : 0u);
            }
        }
    }
}

TEST(Ah, IsRefusedWhereItEndsEarly)
{
    for (const bool v6 : {false, true})
    {
        AhPair sa({.v6 = v6});
        const size_t headers = v6 ? 40 : 20;
        const Buffer sealed = sa.Seal(MakePacket());
        for (size_t octets = headers; octets < sealed.size(); ++octets)
        {
            const auto opened = sa.Open(Bytes(sealed).first(octets), headers);
            ASSERT_FALSE(opened.has_value()) << octets;
            EXPECT_EQ(opened.error().fault, Fault::TRUNCATED) << octets;
        }
        Buffer padded = sealed; // to the least size of a frame, say
        padded.resize(padded.size() + 7, 0xee);
        EXPECT_TRUE(sa.Open(padded, headers).has_value());
        EXPECT_EQ(sa.Inner(), MakePacket());
    }
}

TEST(Ah, HasNoMoreExplicitPaddingThanNeeded) // RFC 4302 §3.3.3.2.1
{
    AhPair sa;
    Buffer sealed = sa.Seal(MakePacket());
    sealed.insert(sealed.begin() + 48, 4, 0); // a word more, in all lengths too
    sealed[21] = static_cast<uint8_t>(sealed[21] + 1);
    sealed[3] = static_cast<uint8_t>(sealed[3] + 4);
    EXPECT_EQ(sa.FaultOf(sealed), Fault::BAD_VALUE);
}

TEST(Ah, OfAFragmentIsNotRead) // RFC 4302 §3.4.1
{
    AhPair sa;
    const Buffer sealed = sa.Seal(MakePacket());
    for (const uint16_t field : {0x2000, 0x0001, 0x1fff})
    {
        Buffer fragment = sealed;
        fragment[6] = static_cast<uint8_t>(field >> 8);
        fragment[7] = static_cast<uint8_t>(field);
        EXPECT_EQ(sa.FaultOf(fragment), Fault::POLICY) << field;
    }
    AhPair transport({.mode = Mode::TRANSPORT});
    EXPECT_EQ(transport.FaultOfSeal(MakePacket({.fragmentField = 0x2000})), Fault::POLICY);
    EXPECT_EQ(transport.out.Sequence(), 0u);
    EXPECT_FALSE(sa.Seal(MakePacket({.fragmentField = 0x2000})).empty()) << "a tunnel carries them";
}

TEST(Ah, MakesTheHeaderOfATunnel)
{
    AhPair sa;
    std::set<unsigned> identifications;
    for (unsigned i = 0; i < 100; ++i)
    {
        const auto sealed =
            sa.Seal(MakePacket({.trafficClass = 0xb9, .ttl = 3, .fragmentField = 0x4000}));
        const auto info = ReadPacket(sealed);
        ASSERT_TRUE(info.has_value());
        EXPECT_EQ(info->source.ToAddress(), sa.path.local.address);
        EXPECT_EQ(info->destination.ToAddress(), sa.path.remote.address);
        EXPECT_EQ(info->protocol, PROTOCOL_AH);
        EXPECT_EQ(info->ttl, 64);
        EXPECT_EQ(info->trafficClass, 0xb9);
        EXPECT_TRUE(info->dontFragment);
        EXPECT_EQ(HeaderChecksum(Bytes(sealed).first(20)), 0);
        identifications.insert(unsigned{sealed[4]} << 8 | sealed[5]);
    }
    EXPECT_EQ(identifications.size(), 100u);
    EXPECT_FALSE(identifications.contains(0u)) << "systems write another one there";
    AhPair bare({.copying = {false, false, false, false}});
    const auto info = ReadPacket(bare.Seal(MakePacket({.trafficClass = 0xb9})));
    EXPECT_EQ(info->trafficClass, 0);
    EXPECT_FALSE(info->dontFragment);
}

TEST(Ah, CarriesCongestionMarksInwards) // RFC 6040 §4.2
{
    AhPair sa;
    Buffer sealed = sa.Seal(MakePacket({.trafficClass = 0x02}));
    sealed[1] |= 3;
    ASSERT_TRUE(sa.Open(sealed).has_value());
    EXPECT_EQ(sa.Inner(), MakePacket({.trafficClass = 0x03}));
    sealed = sa.Seal(MakePacket());
    sealed[1] |= 3;
    EXPECT_EQ(sa.FaultOf(sealed), Fault::POLICY);
    AhPair transport({.mode = Mode::TRANSPORT});
    sealed = transport.Seal(MakePacket6({.trafficClass = 0x02}));
    sealed[1] |= 0x30;
    ASSERT_TRUE(transport.Open(sealed).has_value());
    EXPECT_EQ(transport.Inner(), MakePacket6({.trafficClass = 0x03}));
}

TEST(Ah, ChecksSelectorsOfWhatWasInside) // RFC 4301 §5.2 step 4
{
    for (const auto mode : {Mode::TUNNEL, Mode::TRANSPORT})
    {
        AhPair sa({.mode = mode});
        sa.selectors = {SelectorSet({Selector{*IpRange::Parse("10.99.2.0/24"), 17, 7, 7}}),
                        SelectorSet({Selector{*IpRange::Parse("10.99.1.0/24")}})};
        EXPECT_TRUE(sa.Open(sa.Seal(MakePacket())).has_value());
        EXPECT_EQ(sa.FaultOf(sa.Seal(MakePacket({.destinationPort = 8}))), Fault::POLICY);
    }
}

TEST(Ah, InATunnelHoldsIpOnly)
{
    AhPair liar({.mode = Mode::TRANSPORT});
    AhPair sa;
    EXPECT_EQ(sa.FaultOf(liar.Seal(MakePacket())), Fault::POLICY);
    EXPECT_EQ(sa.FaultOf(liar.Seal(MakePacket({.protocol = PROTOCOL_IPV6}))), Fault::BAD_VALUE)
        << "it says IPv6 and is none";
}

TEST(Ah, SequenceNumbersNeverCycle) // RFC 4302 §3.3.2
{
    for (const bool esn : {false, true})
    {
        AhPair sa({.esn = esn});
        sa.out.AdvanceSequence(esn ? std::numeric_limits<uint64_t>::max() - 1 : 0xfffffffe);
        EXPECT_FALSE(sa.Seal(MakePacket()).empty());
        EXPECT_EQ(sa.FaultOfSeal(MakePacket()), Fault::EXHAUSTED);
        sa.out.AdvanceSequence(0x100000005); // behind the end, if there is one
        EXPECT_EQ(sa.FaultOfSeal(MakePacket()), Fault::EXHAUSTED);
    }
}

TEST(Ah, ExtendedNumbersGoOnBehind32Bits) // RFC 4302 §2.5.1
{
    AhPair sa({.esn = true});
    sa.out.AdvanceSequence(0xfffffffd);
    sa.in.AdvanceWindow(0xfffffffd);
    for (uint64_t number = 0xfffffffe; number < 0x100000003; ++number)
    {
        const auto opened = sa.Open(sa.Seal(MakePacket()));
        ASSERT_TRUE(opened.has_value()) << number;
        EXPECT_EQ(opened->sequence, number);
    }
}

TEST(Ah, FindsTheHighHalfAgainAfterALongLoss) // RFC 4302 appendix B3
{
    AhPair sa({.esn = true});
    ASSERT_TRUE(sa.Open(sa.Seal(MakePacket())).has_value());
    sa.out.AdvanceSequence((uint64_t{3} << 32) + 1);
    for (unsigned failure = 0; failure < limits::ESN_RESYNC_FAILURES; ++failure)
    {
        EXPECT_EQ(sa.FaultOf(sa.Seal(MakePacket())), Fault::INTEGRITY);
    }
    const auto opened = sa.Open(sa.Seal(MakePacket()));
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ(opened->sequence >> 32, 3u);
    EXPECT_TRUE(sa.Open(sa.Seal(MakePacket())).has_value());
}

TEST(Ah, MakesNoPacketThatIpCannotHold)
{
    AhPair sa({.mode = Mode::TRANSPORT});
    EXPECT_EQ(sa.FaultOfSeal(MakePacket({.dataOctets = 65535 - 28 - 27})), Fault::OVERLONG);
    EXPECT_EQ(sa.out.Sequence(), 0u);
    EXPECT_TRUE(sa.Open(sa.Seal(MakePacket({.dataOctets = 65535 - 28 - 28}))).has_value());
    EXPECT_EQ(sa.FaultOfSeal(MakePacket6({.dataOctets = 65535 - 8 - 31})), Fault::OVERLONG);
    EXPECT_TRUE(sa.Open(sa.Seal(MakePacket6({.dataOctets = 65535 - 8 - 32}))).has_value());
}

TEST(Ah, CountsLifetimes)
{
    AhPair sa({.lifetime = {.hardPackets = 2}});
    EXPECT_FALSE(sa.Seal(MakePacket()).empty());
    EXPECT_TRUE(sa.out.GetLifetime().Usable(Instant{}));
    EXPECT_FALSE(sa.Seal(MakePacket()).empty());
    EXPECT_FALSE(sa.out.GetLifetime().Usable(Instant{}));
}

TEST(Ah, MakesItsContextsAgain)
{
    AhPair sa;
    EXPECT_TRUE(sa.Open(sa.Seal(MakePacket())).has_value());
    sa.out.DropContexts();
    sa.in.DropContexts();
    EXPECT_TRUE(sa.Open(sa.Seal(MakePacket())).has_value());
}

} // namespace
} // namespace ikelab::esp
