// SPDX-License-Identifier: MIT
#include "wire/notify_data.h"
#include "wire/testing/sturdy.h"

#include <gtest/gtest.h>

#include <string>

namespace ikelab::wire
{
namespace
{

constexpr size_t MOST_OCTETS = 140;

struct Good
{
    NotifyType type;
    std::string data;
};

std::string
Repeat(const std::string& text, size_t count)
{
    std::string all;
    for (size_t i = 0; i < count; ++i)
    {
        all += text;
    }
    return all;
}

/// One good example of every type whose data is not simply absent or opaque.
std::vector<Good>
GoodData()
{
    const std::string v6 = "20010db8000000000000000000000001";
    return {{NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, "c9"},
            {NotifyType::INVALID_MESSAGE_ID, "00000007"},
            {NotifyType::INVALID_SPI, "c0ffee01"},
            {NotifyType::INVALID_KE_PAYLOAD, "001f"},
            {NotifyType::SET_WINDOW_SIZE, "00000005"},
            {NotifyType::IPCOMP_SUPPORTED, "beef02"},
            {NotifyType::IPCOMP_SUPPORTED, "beef020102"},
            {NotifyType::NAT_DETECTION_SOURCE_IP, Repeat("ab", 20)},
            {NotifyType::NAT_DETECTION_DESTINATION_IP, Repeat("cd", 20)},
            {NotifyType::COOKIE, "00"},
            {NotifyType::COOKIE, Repeat("ab", 64)},
            {NotifyType::COOKIE2, Repeat("ab", 8)},
            {NotifyType::ADDITIONAL_IP4_ADDRESS, "c0000201"},
            {NotifyType::ADDITIONAL_IP6_ADDRESS, v6},
            {NotifyType::NO_NATS_ALLOWED, "c0000201 c0000202 01f4 1194"},
            {NotifyType::NO_NATS_ALLOWED, v6 + v6 + "01f4 1194"},
            {NotifyType::AUTH_LIFETIME, "00000e10"},
            {NotifyType::REDIRECT, "01 04 c0000201"},
            {NotifyType::REDIRECT, "02 10" + v6 + Repeat("5a", 16)},
            {NotifyType::REDIRECT, "03 02 6162"},
            {NotifyType::REDIRECTED_FROM, "01 04 c0000201"},
            {NotifyType::TICKET_LT_OPAQUE, "00000e10 aabb"},
            {NotifyType::TICKET_OPAQUE, "aabb"},
            {NotifyType::ROHC_SUPPORTED, "8001 000f 8002 0001"},
            {NotifyType::QUICK_CRASH_DETECTION, Repeat("ab", 16)},
            {NotifyType::IKEV2_MESSAGE_ID_SYNC, "01020304 00000005 00000006"},
            {NotifyType::IPSEC_REPLAY_COUNTER_SYNC, "00010000"},
            {NotifyType::IPSEC_REPLAY_COUNTER_SYNC, "0000000000010000"},
            {NotifyType::SECURE_PASSWORD_METHODS, "00010003"},
            {NotifyType::SIGNATURE_HASH_ALGORITHMS, "0002000300040005"},
            {NotifyType::PUZZLE, "0005 10"},
            {NotifyType::PPK_IDENTITY, "02 61"},
            {NotifyType::NO_PPK_AUTH, "aabb"},
            {NotifyType::ADDITIONAL_KEY_EXCHANGE, "aabb"},
            {NotifyType::USE_AGGFRAG, "03"},
            {NotifyType::SUPPORTED_AUTH_METHODS, "0202 030101 080e02 3003020101"},
            {NotifyType::SA_RESOURCE_INFO, "aabb"},
            {NotifyType::INVALID_SELECTORS, "4500"}};
}

template <typename Value>
Value
Read(NotifyType type, const Buffer& data)
{
    const auto value = ParseNotifyData(type, data);
    EXPECT_TRUE(value.has_value()) << ToString(type);
    return std::get<Value>(*value);
}

Fault
Refused(NotifyType type, const std::string& hex)
{
    const Buffer data = Hex(hex);
    return FaultOf(ParseNotifyData(type, data));
}

TEST(NotifyData, OfEveryRegisteredTypeHasASource)
{
    for (unsigned value = 0; value <= 0xffff; ++value)
    {
        const NotifyType type{static_cast<uint16_t>(value)};
        const bool isRegistered = ToString(type) != std::to_string(value);
        EXPECT_EQ(!NotifyDataSource(type).empty(), isRegistered) << value;
    }
}

TEST(NotifyData, OfEveryTypeIsSturdy)
{
    for (const Good& good : GoodData())
    {
        ExpectSturdyNotify(good.type, Hex(good.data));
    }
}

TEST(NotifyData, OfFixedLayoutsReadsNoOtherLength)
{
    for (const Good& good : GoodData())
    {
        const Buffer data = Hex(good.data);
        const auto value = ParseNotifyData(good.type, data);
        ASSERT_TRUE(value.has_value());
        const bool isFixed =
            !std::holds_alternative<NotifyOctets>(*value) && NotifyDataOctets(*value).size() <= 4 &&
            good.type != NotifyType::IPCOMP_SUPPORTED && good.type != NotifyType::REDIRECT &&
            good.type != NotifyType::SECURE_PASSWORD_METHODS &&
            good.type != NotifyType::PPK_IDENTITY &&
            good.type != NotifyType::IPSEC_REPLAY_COUNTER_SYNC;
        for (size_t octets = 0; isFixed && octets < MOST_OCTETS; ++octets)
        {
            EXPECT_EQ(ParseNotifyData(good.type, Buffer(octets)).has_value(), octets == data.size())
                << ToString(good.type) << ' ' << octets;
        }
    }
}

TEST(NotifyData, IsAbsentOrKeptAsOctetsForTypesWithoutData)
{
    for (const NotifyType type : {NotifyType::NO_PROPOSAL_CHOSEN,
                                  NotifyType::INITIAL_CONTACT,
                                  NotifyType::REKEY_SA,
                                  NotifyType::INTERMEDIATE_EXCHANGE_SUPPORTED,
                                  NotifyType{9999},
                                  NotifyType{40960}})
    {
        Read<NoNotifyData>(type, {});
        EXPECT_EQ(ToHex(Read<NotifyOctets>(type, Hex("aabb")).octets), "aabb");
        ExpectSturdyNotify(type, {});
    }
}

TEST(NotifyData, OfErrorsNamesWhatWasWrong)
{
    EXPECT_EQ(Read<NotifiedPayloadType>(NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, Hex("c9")).type,
              PayloadType{201});
    EXPECT_EQ(Read<NotifiedMessageId>(NotifyType::INVALID_MESSAGE_ID, Hex("00000007")).id,
              MessageId{7});
    EXPECT_EQ(Read<NotifiedSpi>(NotifyType::INVALID_SPI, Hex("c0ffee01")).spi, EspSpi{0xc0ffee01});
    EXPECT_EQ(Read<NotifiedKeMethod>(NotifyType::INVALID_KE_PAYLOAD, Hex("001f")).method,
              KeMethod::CURVE25519);
}

TEST(NotifyData, OfIkeSaParameters)
{
    EXPECT_EQ(Read<NotifiedWindowSize>(NotifyType::SET_WINDOW_SIZE, Hex("00000005")).messages, 5u);
    EXPECT_EQ(Read<NotifiedLifetime>(NotifyType::AUTH_LIFETIME, Hex("00000e10")).seconds, 3600u);
    const Buffer octets = Hex("beef0201");
    const auto ipcomp = Read<NotifiedIpcomp>(NotifyType::IPCOMP_SUPPORTED, octets);
    EXPECT_EQ(ipcomp.cpi, 0xbeef);
    EXPECT_EQ(ipcomp.transform, IpcompId::IPCOMP_DEFLATE);
    EXPECT_EQ(ToHex(ipcomp.attributes), "01");
    EXPECT_EQ(Refused(NotifyType::COOKIE, ""), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::COOKIE, Repeat("ab", 65)), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::NAT_DETECTION_SOURCE_IP, Repeat("ab", 19)), Fault::BAD_VALUE);
}

TEST(NotifyData, OfMobike)
{
    const Buffer v4 = Hex("c0000201");
    EXPECT_EQ(Read<NotifiedAddress>(NotifyType::ADDITIONAL_IP4_ADDRESS, v4).address.ToString(),
              "192.0.2.1");
    EXPECT_EQ(Refused(NotifyType::ADDITIONAL_IP6_ADDRESS, "c0000201"), Fault::BAD_VALUE);
    const auto path =
        Read<NotifiedPath>(NotifyType::NO_NATS_ALLOWED, Hex("c0000201 c0000202 01f4 1194"));
    EXPECT_EQ(path.source.ToString(), "192.0.2.1[500]");
    EXPECT_EQ(path.destination.ToString(), "192.0.2.2[4500]");
    EXPECT_EQ(Refused(NotifyType::NO_NATS_ALLOWED, Repeat("00", 20)), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::COOKIE2, Repeat("00", 7)), Fault::BAD_VALUE);
}

TEST(NotifyData, OfRedirect)
{
    const Buffer octets = Hex("03 02 6162" + Repeat("5a", 16));
    const auto gateway = Read<NotifiedGateway>(NotifyType::REDIRECT, octets);
    EXPECT_EQ(gateway.type, GatewayIdentityType::FQDN);
    EXPECT_EQ(ToHex(gateway.identity), "6162");
    EXPECT_EQ(gateway.nonce.size(), 16u);
    EXPECT_EQ(Refused(NotifyType::REDIRECT, "01 03 c00002"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::REDIRECT, "02 04 c0000201"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::REDIRECT, "03 02 6100"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::REDIRECT, "03 00"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::REDIRECT, "01 05 c0000201"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::REDIRECT, "01 04 c0000201" + Repeat("5a", 15)), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::REDIRECTED_FROM, "03 02 6162"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::REDIRECTED_FROM, "01 04 c0000201" + Repeat("5a", 16)),
              Fault::BAD_VALUE);
}

TEST(NotifyData, OfTakeoverAndResumption)
{
    const auto ticket = Read<NotifiedTicket>(NotifyType::TICKET_LT_OPAQUE, Hex("00000e10 aabb"));
    EXPECT_EQ(ticket.lifetimeSeconds, 3600u);
    EXPECT_EQ(ticket.ticket.size(), 2u);
    const auto sync = Read<NotifiedMessageIdSync>(NotifyType::IKEV2_MESSAGE_ID_SYNC,
                                                  Hex("01020304 00000005 00000006"));
    EXPECT_EQ(sync.nonce, 0x01020304u);
    EXPECT_EQ(sync.nextSent, MessageId{5});
    EXPECT_EQ(sync.nextReceived, MessageId{6});
    const auto narrow =
        Read<NotifiedReplaySync>(NotifyType::IPSEC_REPLAY_COUNTER_SYNC, Hex("00010000"));
    EXPECT_EQ(narrow.delta, 0x10000u);
    EXPECT_FALSE(narrow.isExtended);
    const auto wide =
        Read<NotifiedReplaySync>(NotifyType::IPSEC_REPLAY_COUNTER_SYNC, Hex("0000000100000000"));
    EXPECT_EQ(wide.delta, 0x100000000u);
    EXPECT_TRUE(wide.isExtended);
    EXPECT_EQ(Refused(NotifyType::IPSEC_REPLAY_COUNTER_SYNC, "000000000000"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::QUICK_CRASH_DETECTION, Repeat("00", 15)), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::QUICK_CRASH_DETECTION, Repeat("00", 129)), Fault::BAD_VALUE);
}

TEST(NotifyData, OfListsOfNumbers)
{
    const auto hashes =
        Read<NotifiedHashAlgorithms>(NotifyType::SIGNATURE_HASH_ALGORITHMS, Hex("00020005"));
    EXPECT_EQ(hashes.algorithms, (std::vector{HashAlgorithm::SHA2_256, HashAlgorithm::IDENTITY}));
    const auto methods =
        Read<NotifiedPasswordMethods>(NotifyType::SECURE_PASSWORD_METHODS, Hex("0003"));
    EXPECT_EQ(methods.methods, (std::vector{SecurePasswordMethod::SECURE_PSK_AUTHENTICATION}));
    EXPECT_EQ(Refused(NotifyType::SIGNATURE_HASH_ALGORITHMS, "000200"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::SECURE_PASSWORD_METHODS, ""), Fault::BAD_VALUE);
    const auto rohc = Read<NotifiedRohc>(NotifyType::ROHC_SUPPORTED, Hex("8001000f"));
    ASSERT_EQ(rohc.attributes.size(), 1u);
    EXPECT_EQ(rohc.attributes[0].type, RohcAttributeType::MAX_CID);
    EXPECT_EQ(rohc.attributes[0].value, 15);
    EXPECT_EQ(Refused(NotifyType::ROHC_SUPPORTED, "0001000f"), Fault::BAD_VALUE);
    EXPECT_EQ(Refused(NotifyType::ROHC_SUPPORTED, "800100"), Fault::BAD_VALUE);
}

TEST(NotifyData, OfPuzzlesPpksAndAggregation)
{
    const auto puzzle = Read<NotifiedPuzzle>(NotifyType::PUZZLE, Hex("000510"));
    EXPECT_EQ(puzzle.prf, Prf::PRF_HMAC_SHA2_256);
    EXPECT_EQ(puzzle.difficulty, 16);
    const Buffer octets = Hex("0261");
    const auto ppk = Read<NotifiedPpkId>(NotifyType::PPK_IDENTITY, octets);
    EXPECT_EQ(ppk.type, PpkIdType::PPK_ID_FIXED);
    EXPECT_EQ(ToHex(ppk.id), "61");
    EXPECT_EQ(Refused(NotifyType::PPK_IDENTITY, ""), Fault::BAD_VALUE);
    const auto aggfrag = Read<NotifiedAggfrag>(NotifyType::USE_AGGFRAG, Hex("fe"));
    EXPECT_TRUE(aggfrag.congestionControl);
    EXPECT_FALSE(aggfrag.dontFragment);
    EXPECT_EQ(ToHex(NotifyDataOctets(aggfrag)), "02");
}

TEST(NotifyData, OfAuthMethodAnnouncements)
{
    const Buffer octets = Hex("0202 030101 080e02 3003020101");
    const auto methods = Read<NotifiedAuthMethods>(NotifyType::SUPPORTED_AUTH_METHODS, octets);
    ASSERT_EQ(methods.announcements.size(), 3u);
    EXPECT_FALSE(methods.announcements[0].certLink.has_value());
    EXPECT_EQ(methods.announcements[1].certLink, 1);
    EXPECT_EQ(methods.announcements[2].method, AuthMethod::DIGITAL_SIGNATURE);
    EXPECT_EQ(ToHex(methods.announcements[2].algorithm), "3003020101");
    for (const char* bad : {"00", "01", "0102", "02", "0302", "020201"})
    {
        EXPECT_EQ(Refused(NotifyType::SUPPORTED_AUTH_METHODS, bad), Fault::BAD_VALUE) << bad;
    }
}

} // namespace
} // namespace ikelab::wire
