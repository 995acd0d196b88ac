// SPDX-License-Identifier: MIT
#include "base/checksum.h"
#include "base/hex.h"
#include "esp/icmp_error.h"
#include "esp/testing/sa_pair.h"
#include "esp/transport_header.h"
#include "esp/transport_nat.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <string_view>
#include <utility>

/**
 * Transport mode through NATs, RFC 3948 §3.1.2.
 */
namespace ikelab::esp
{
namespace
{

using testing::MakePacket;
using testing::PacketSpec;
using testing::SaPair;

constexpr uint8_t SCTP = 132;

AddressPair
Ends(std::string_view source, std::string_view destination)
{
    return {*IpAddress::Parse(source), *IpAddress::Parse(destination)};
}

/// The client's packet to the server as it wrote it, and as it arrives (RFC 7296 §2.23.1: IP1 to
/// IPN2, IPN1 to IP2).
const AddressPair WRITTEN = Ends("10.0.0.2", "203.0.113.8");
const AddressPair ARRIVED = Ends("198.51.100.7", "172.16.9.1");
const AddressPair WRITTEN6 = Ends("fd00:1::2", "2001:db8:8::8");
const AddressPair ARRIVED6 = Ends("2001:db8:7::7", "fd00:9::1");

PacketSpec
Between(const AddressPair& ends, uint8_t protocol)
{
    static std::string source;
    static std::string destination;
    source = ends.source.ToString();
    destination = ends.destination.ToString();
    return {.source = source,
            .destination = destination,
            .protocol = protocol,
            .sourcePort = static_cast<uint16_t>(protocol == PROTOCOL_ICMPV6 ? 0x8000 : 40000)};
}

size_t
ChecksumAt(uint8_t protocol)
{
    switch (protocol)
    {
    case PROTOCOL_TCP:
        return 16;
    case PROTOCOL_UDP:
    case PROTOCOL_UDP_LITE:
    case PROTOCOL_DCCP:
        return 6;
    case PROTOCOL_MOBILITY:
        return 4;
    default:
        return 2;
    }
}

/// What a receiving host adds up: all of the next layer, and the pseudo-header where there is one.
uint16_t
SumAtReceiver(Bytes packet)
{
    const PacketInfo info = *ReadPacket(packet);
    const Bytes body = packet.subspan(info.headerOctets);
    uint32_t sum = 0;
    if (info.protocol != PROTOCOL_ICMP)
    {
        const size_t octets = info.IsV6() ? 32 : 8;
        sum = OnesComplementSum(packet.subspan(info.IsV6() ? 8 : 12, octets)) + info.protocol +
              static_cast<uint32_t>(body.size());
    }
    return OnesComplementSum(body, sum);
}

uint16_t
ChecksumOf(Bytes packet)
{
    const PacketInfo info = *ReadPacket(packet);
    const Bytes at = packet.subspan(info.headerOctets + ChecksumAt(info.protocol));
    return static_cast<uint16_t>(at[0] << 8 | at[1]);
}

void
SetChecksum(Buffer& packet, uint16_t checksum)
{
    const PacketInfo info = *ReadPacket(packet);
    const size_t at = info.headerOctets + ChecksumAt(info.protocol);
    packet[at] = static_cast<uint8_t>(checksum >> 8);
    packet[at + 1] = static_cast<uint8_t>(checksum);
}

/// A packet with the checksum that its sender computes.
Buffer
Complete(Buffer packet)
{
    SetChecksum(packet, 0);
    const auto checksum = static_cast<uint16_t>(~SumAtReceiver(packet));
    SetChecksum(packet, checksum == 0 ? 0xffff : checksum);
    return packet;
}

/// Both ends of an SA, and NATs between them.
struct NatPair
{
    explicit NatPair(const AddressPair& sent, const AddressPair& arrived)
        : written(sent),
          seen(arrived),
          known(arrived),
          sa({.mode = Mode::TRANSPORT, .nat = TransportNat(sent, arrived)})
    {
        sa.selectors = {SelectorSet({Selector{{known.destination, known.destination}}}),
                        SelectorSet({Selector{{known.source, known.source}}})};
    }

    /// What comes out of the packet; empty if it was refused.
    Buffer
    Carry(Bytes packet)
    {
        Buffer sealed = sa.Seal(packet);
        const size_t header = ReadPacket(sealed)->headerOctets;
        // Its header as the NATs leave it; they fix its checksum, which ours rewrites anyway.
        const size_t place = seen.source.IsV4() ? 12 : 8;
        std::ranges::copy(seen.source.Octets(), sealed.begin() + static_cast<int>(place));
        std::ranges::copy(seen.destination.Octets(),
                          sealed.begin() + static_cast<int>(place + seen.source.Octets().size()));
        sa.outer = {seen.source, seen.destination, 0, Bytes(sealed).first(header)};
        return sa.Open(Bytes(sealed).subspan(header)) ? ToBuffer(sa.Inner()) : Buffer();
    }

    AddressPair written;
    AddressPair seen; ///< in the header that comes
    AddressPair known;
    SaPair sa;
};

class TransportThroughNat : public ::testing::TestWithParam<std::pair<bool, uint8_t>>
{
  protected:
    static bool
    V6()
    {
        return GetParam().first;
    }

    static PacketSpec
    Spec()
    {
        return Between(V6() ? WRITTEN6 : WRITTEN, GetParam().second);
    }

    NatPair nat{V6() ? WRITTEN6 : WRITTEN, V6() ? ARRIVED6 : ARRIVED};
};

// §3.1.2, procedure 1.
TEST_P(TransportThroughNat, LeavesChecksumsAsTheReceiverComputesThem)
{
    for (size_t octets = 16; octets < 80; ++octets)
    {
        PacketSpec spec = Spec();
        spec.dataOctets = octets;
        const Buffer sent = Complete(MakePacket(spec));
        ASSERT_EQ(SumAtReceiver(sent), 0xffff);
        const Buffer came = nat.Carry(sent);
        ASSERT_EQ(came.size(), sent.size());
        EXPECT_EQ(SumAtReceiver(came), 0xffff) << ToHex(came);
        const PacketInfo info = *ReadPacket(came);
        EXPECT_EQ(info.source.ToAddress(), nat.known.source);
        EXPECT_EQ(info.destination.ToAddress(), nat.known.destination);
        if (!V6())
        {
            EXPECT_EQ(HeaderChecksum(Bytes(came).first(20)), 0);
        }
        const bool covered = GetParam().second != PROTOCOL_ICMP;
        EXPECT_EQ(ChecksumOf(came) != ChecksumOf(sent), covered);
    }
}

TEST_P(TransportThroughNat, LeavesAWrongChecksumWrong)
{
    Buffer sent = Complete(MakePacket(Spec()));
    SetChecksum(sent, static_cast<uint16_t>(ChecksumOf(sent) ^ 0x0100));
    const Buffer came = nat.Carry(sent);
    ASSERT_FALSE(came.empty());
    EXPECT_NE(SumAtReceiver(came), 0xffff);
}

// The mapping was lost and made anew since the SA came: what comes is still of the SA's ends.
TEST_P(TransportThroughNat, KeepsItsEndsWhenTheNatMoves)
{
    nat.seen.source = *IpAddress::Parse(V6() ? "2001:db8:6::66" : "203.0.113.99");
    const Buffer came = nat.Carry(Complete(MakePacket(Spec())));
    ASSERT_FALSE(came.empty());
    EXPECT_EQ(ReadPacket(came)->source.ToAddress(), nat.known.source);
    EXPECT_EQ(SumAtReceiver(came), 0xffff);
    if (!V6())
    {
        EXPECT_EQ(HeaderChecksum(Bytes(came).first(20)), 0);
    }
}

// What ends before its checksum has none to fix.
TEST_P(TransportThroughNat, TakesWhatIsCutOff)
{
    for (uint8_t octets = 0; octets < 24; ++octets)
    {
        Buffer plaintext(octets, 0xa5);
        Append(plaintext, Buffer{0, GetParam().second});
        nat.sa.outer = {nat.seen.source, nat.seen.destination, 0};
        const bool opened = nat.sa.Open(nat.sa.SealRaw(plaintext)).has_value();
        EXPECT_TRUE(opened);
        const size_t header = V6() ? 40 : 20;
        EXPECT_EQ(nat.sa.Inner().size(), header + octets);
        const size_t fixed = ChecksumAt(GetParam().second) + 2;
        if (octets < fixed)
        {
            EXPECT_TRUE(std::ranges::all_of(nat.sa.Inner().subspan(header),
                                            [](uint8_t octet) { return octet == 0xa5; }));
        }
    }
}

std::string
NameOf(const ::testing::TestParamInfo<std::pair<bool, uint8_t>>& row)
{
    static const std::map<uint8_t, std::string> NAMES{{PROTOCOL_TCP, "Tcp"},
                                                      {PROTOCOL_UDP, "Udp"},
                                                      {PROTOCOL_ICMP, "Icmp"},
                                                      {PROTOCOL_ICMPV6, "Icmp"},
                                                      {PROTOCOL_UDP_LITE, "UdpLite"},
                                                      {PROTOCOL_DCCP, "Dccp"},
                                                      {PROTOCOL_MOBILITY, "Mobility"}};
    return NAMES.at(row.param.second) + (row.param.first ? "OverIpv6" : "OverIpv4");
}

INSTANTIATE_TEST_SUITE_P(Protocols,
                         TransportThroughNat,
                         ::testing::Values(std::pair(false, PROTOCOL_TCP),
                                           std::pair(false, PROTOCOL_UDP),
                                           std::pair(false, PROTOCOL_ICMP),
                                           std::pair(false, PROTOCOL_UDP_LITE),
                                           std::pair(false, PROTOCOL_DCCP),
                                           std::pair(true, PROTOCOL_TCP),
                                           std::pair(true, PROTOCOL_UDP),
                                           std::pair(true, PROTOCOL_UDP_LITE),
                                           std::pair(true, PROTOCOL_MOBILITY),
                                           std::pair(true, PROTOCOL_ICMPV6)),
                         NameOf);

// RFC 768: a checksum of 0 says that there is none, and one that comes out as 0 is sent as ffff.
TEST(TransportNat, LeavesUdpWithoutAChecksumAndMakesNoneOfOne)
{
    NatPair nat(WRITTEN, ARRIVED);
    Buffer without = MakePacket(Between(WRITTEN, PROTOCOL_UDP));
    SetChecksum(without, 0);
    const Buffer came = nat.Carry(without);
    ASSERT_FALSE(came.empty());
    EXPECT_EQ(ChecksumOf(came), 0);

    // One word of data makes the sum at the receiver what it has to be.
    Buffer zero = Complete(MakePacket(Between(ARRIVED, PROTOCOL_UDP)));
    const uint16_t wanted = ChecksumOf(zero);
    const auto word = static_cast<uint16_t>(zero[40] << 8 | zero[41]);
    const uint16_t filled = OnesComplementSum(
        Buffer{static_cast<uint8_t>(word >> 8), static_cast<uint8_t>(word)}, wanted);
    Buffer sent = MakePacket(Between(WRITTEN, PROTOCOL_UDP));
    sent[40] = static_cast<uint8_t>(filled >> 8);
    sent[41] = static_cast<uint8_t>(filled);
    sent = Complete(sent);
    const Buffer arrived = nat.Carry(sent);
    ASSERT_FALSE(arrived.empty());
    EXPECT_EQ(ChecksumOf(arrived), 0xffff);
    EXPECT_EQ(SumAtReceiver(arrived), 0xffff);
}

// SCTP's covers no addresses (RFC 9260 §6.8).
TEST(TransportNat, LeavesOtherProtocolsAlone)
{
    NatPair nat(WRITTEN, ARRIVED);
    const Buffer sent = MakePacket(Between(WRITTEN, SCTP));
    const Buffer came = nat.Carry(sent);
    ASSERT_FALSE(came.empty());
    EXPECT_TRUE(SameOctets(Bytes(came).subspan(20), Bytes(sent).subspan(20)));
}

TEST(TransportNat, FindsTheChecksumBehindDestinationOptions)
{
    NatPair nat(WRITTEN6, ARRIVED6);
    Buffer sent = MakePacket(Between(WRITTEN6, PROTOCOL_TCP));
    const Buffer options{PROTOCOL_TCP, 0, 1, 4, 0, 0, 0, 0};
    sent.insert(sent.begin() + 40, options.begin(), options.end());
    sent[5] = static_cast<uint8_t>(sent[5] + options.size());
    sent[6] = PROTOCOL_DESTINATION_OPTIONS;
    sent = Complete(sent);
    const Buffer came = nat.Carry(sent);
    ASSERT_FALSE(came.empty());
    EXPECT_EQ(came[6], PROTOCOL_DESTINATION_OPTIONS);
    EXPECT_NE(ChecksumOf(came), ChecksumOf(sent)) << "and nothing else has changed";
    EXPECT_EQ(SumAtReceiver(came), 0xffff);
}

// Between a client of IPv6 and a server of IPv4 (RFC 6146) the sums differ by addresses only.
TEST(TransportNat, CrossesFamilies)
{
    const TransportNat nat(WRITTEN6, ARRIVED);
    const Buffer sent = Complete(MakePacket(Between(WRITTEN6, PROTOCOL_TCP)));
    Buffer came = MakePacket(Between(ARRIVED, PROTOCOL_TCP));
    std::ranges::copy(Bytes(sent).subspan(40), came.begin() + 20);
    nat.Translate(came);
    EXPECT_NE(ChecksumOf(came), ChecksumOf(sent));
    EXPECT_EQ(SumAtReceiver(came), 0xffff);
}

/// An unreachable port, told by the peer's host of a packet that had these ends there.
Buffer
Unreachable(const AddressPair& written, const AddressPair& about)
{
    const bool v6 = written.source.IsV6();
    const Buffer quoted = MakePacket(Between(about, PROTOCOL_UDP));
    const std::string source = written.source.ToString();
    const std::string destination = written.destination.ToString();
    return Complete(
        testing::MakeIcmpError(source, destination, v6 ? 1 : 3, v6 ? 4 : 3, quoted, 48));
}

// "MAY fix any contained protocols": an error says of a packet what its sender knows of it.
TEST(TransportNat, MendsWhatIcmpErrorsQuote)
{
    for (const bool v6 : {false, true})
    {
        const AddressPair& written = v6 ? WRITTEN6 : WRITTEN;
        const AddressPair& known = v6 ? ARRIVED6 : ARRIVED;
        NatPair nat(written, known);
        // An SA for this port only, by which errors about it may come all the same.
        nat.sa.selectors = {
            SelectorSet({Selector{{known.destination, known.destination}, PROTOCOL_UDP}}),
            SelectorSet({Selector{{known.source, known.source}, PROTOCOL_UDP, 7, 7}})};
        const Buffer came = nat.Carry(Unreachable(written, {written.destination, written.source}));
        ASSERT_FALSE(came.empty());
        EXPECT_EQ(SumAtReceiver(came), 0xffff);
        const auto error = ReadIcmpError(came, *ReadPacket(came));
        ASSERT_TRUE(error);
        EXPECT_EQ(error->about.source.ToAddress(), known.destination);
        EXPECT_EQ(error->about.destination.ToAddress(), known.source);
        if (!v6)
        {
            EXPECT_EQ(HeaderChecksum(error->quoted.first(20)), 0);
        }
        // What it says of others' packets is not ours to change.
        const Buffer foreign = Unreachable(written, {written.destination, known.destination});
        EXPECT_TRUE(nat.Carry(foreign).empty());
        nat.sa.selectors = testing::AnyTraffic();
        const Buffer untouched = nat.Carry(foreign);
        ASSERT_FALSE(untouched.empty());
        const size_t header = v6 ? 48 : 28;
        EXPECT_TRUE(SameOctets(Bytes(untouched).subspan(header), Bytes(foreign).subspan(header)));
        EXPECT_EQ(SumAtReceiver(untouched), 0xffff);
    }
}

// Whatever an authentic peer puts inside.
TEST(TransportNat, SurvivesAnyContents)
{
    SeededRandom random(7);
    size_t opened = 0;
    for (int i = 0; i < 20000; ++i)
    {
        const bool v6 = i % 2 == 0;
        const AddressPair& written = v6 ? WRITTEN6 : WRITTEN;
        const AddressPair& known = v6 ? ARRIVED6 : ARRIVED;
        const Buffer error = Unreachable(written, {written.destination, written.source});
        Buffer plaintext = ToBuffer(Bytes(error).subspan(v6 ? 40 : 20));
        plaintext.resize(random.U32() % (plaintext.size() + 1));
        for (uint32_t changes = random.U32() % 8; changes != 0 && !plaintext.empty(); --changes)
        {
            plaintext[random.U32() % plaintext.size()] = static_cast<uint8_t>(random.U32());
        }
        constexpr std::array<uint8_t, 4> PROTOCOLS{
            PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_UDP, PROTOCOL_DESTINATION_OPTIONS};
        PacketBuffer packet(plaintext);
        const MutableBytes header = packet.Prepend(v6 ? 40 : 20);
        std::ranges::copy(Bytes(error).first(header.size()), header.begin());
        CompleteHeader(packet.View(),
                       {header.size(), size_t{v6 ? 6u : 9u}},
                       PROTOCOLS[random.U32() % PROTOCOLS.size()]);
        TransportNat(written, known).Translate(packet.View());
        opened += ReadPacket(std::as_const(packet).View()) ? 1 : 0;
    }
    EXPECT_GT(opened, 10000u);
}

TEST(TransportNat, IsNotThereWithoutANat)
{
    SaPair sa({.mode = Mode::TRANSPORT});
    sa.outer = {ARRIVED.source, ARRIVED.destination, 0};
    const Buffer sent = Complete(MakePacket(Between(WRITTEN, PROTOCOL_TCP)));
    ASSERT_TRUE(sa.Open(Bytes(sa.Seal(sent)).subspan(20)));
    EXPECT_EQ(ChecksumOf(sa.Inner()), ChecksumOf(sent));
    sa.selectors = {SelectorSet({Selector{{WRITTEN.destination, WRITTEN.destination}}}),
                    SelectorSet({Selector{{WRITTEN.source, WRITTEN.source}}})};
    EXPECT_EQ(sa.FaultOf(Bytes(sa.Seal(sent)).subspan(20)), Fault::POLICY);
}

// A tunnel's packets have ends of their own.
TEST(TransportNat, DoesNothingInATunnel)
{
    SaPair sa({.nat = TransportNat(WRITTEN, ARRIVED)});
    const Buffer sent = Complete(MakePacket(Between(WRITTEN, PROTOCOL_TCP)));
    ASSERT_TRUE(sa.Open(sa.Seal(sent)));
    EXPECT_TRUE(SameOctets(sa.Inner(), sent));
}

} // namespace
} // namespace ikelab::esp
