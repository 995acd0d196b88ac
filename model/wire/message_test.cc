// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "base/limits.h"
#include "wire/fuzz_targets.h"
#include "wire/message.h"
#include "wire/message_builder.h"
#include "wire/sample_messages.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

constexpr size_t LENGTH_FIELD = 24;

/// The message with its header's length made right.
Buffer
WithLength(Buffer message)
{
    message[LENGTH_FIELD] = 0;
    message[LENGTH_FIELD + 1] = 0;
    message[LENGTH_FIELD + 2] = static_cast<uint8_t>(message.size() >> 8);
    message[LENGTH_FIELD + 3] = static_cast<uint8_t>(message.size());
    return message;
}

Fault
FaultOf(const Buffer& datagram)
{
    const auto message = ParseMessage(datagram);
    EXPECT_FALSE(message.has_value()) << ToHex(datagram);
    return message ? Fault::SYSTEM : message.error().fault;
}

/// A header and then these octets, the first payload being of `first`.
Buffer
MessageOf(PayloadType first, Bytes payloads)
{
    Header header;
    header.initiatorSpi = IkeSpi{1};
    header.nextPayload = first;
    ByteWriter writer;
    WriteHeader(writer, header);
    writer.Octets(payloads);
    return WithLength(writer.Release());
}

struct Sample
{
    const char* name;
    Buffer (*make)();
};

class GoodMessage : public ::testing::TestWithParam<Sample>
{
};

INSTANTIATE_TEST_SUITE_P(Samples,
                         GoodMessage,
                         ::testing::Values(Sample{"SmallSaInit", SmallSaInit},
                                           Sample{"LargeSaInit", LargeSaInit},
                                           Sample{"EveryPayload", EveryPayload},
                                           Sample{"TypedPayloads", TypedPayloads},
                                           Sample{"SkMessage", SkMessage}),
                         [](const auto& sample) { return sample.param.name; });

TEST_P(GoodMessage, RebuildsToTheSameOctets)
{
    const Buffer octets = GetParam().make();
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value()) << ToString(message.error());
    EXPECT_EQ(ToHex(Rebuild(*message)), ToHex(octets));
}

TEST_P(GoodMessage, FailsWhenCutAnywhere)
{
    const Buffer octets = GetParam().make();
    const bool isSealed = ParseMessage(octets)->chain.Find(PayloadType::SK) != nullptr;
    for (size_t size = 0; size < octets.size(); ++size)
    {
        const Buffer cut(octets.begin(), octets.begin() + static_cast<ptrdiff_t>(size));
        EXPECT_EQ(FaultOf(cut), Fault::TRUNCATED) << size;
        if (size > HEADER_OCTETS || (size == HEADER_OCTETS && !isSealed))
        {
            EXPECT_FALSE(ParseMessage(WithLength(cut)).has_value()) << size;
        }
    }
}

TEST_P(GoodMessage, FailsWithOneOctetTooMany)
{
    Buffer octets = GetParam().make();
    octets.push_back(0);
    EXPECT_EQ(FaultOf(octets), Fault::OVERLONG);
    EXPECT_EQ(FaultOf(WithLength(octets)), Fault::OVERLONG);
}

TEST_P(GoodMessage, SurvivesTheFlipOfAnyBit)
{
    const Buffer octets = GetParam().make();
    for (size_t bit = 0; bit < octets.size() * 8; ++bit)
    {
        Buffer flipped = octets;
        flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
        FuzzIkeMessage(flipped); // aborts if a good parse does not rebuild
    }
}

TEST_P(GoodMessage, IgnoresReservedBitsOfPayloadHeaders)
{
    const Buffer octets = GetParam().make();
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value());
    Buffer dirty = octets;
    for (const Payload& payload : message->chain.payloads)
    {
        const auto body = static_cast<size_t>(payload.octets.data() - octets.data());
        dirty[body - 3] |= 0x7f;
    }
    const auto again = ParseMessage(dirty);
    ASSERT_TRUE(again.has_value()) << ToString(again.error());
    EXPECT_TRUE(SameChain(message->chain, again->chain));
    EXPECT_EQ(Rebuild(*again), octets);
}

TEST(SampleMessages, HaveTheSizesOfTheBenchmark)
{
    EXPECT_EQ(SmallSaInit().size(), 232u);
    EXPECT_EQ(LargeSaInit().size(), 936u);
}

TEST(Header, ReadsAndWritesEveryField)
{
    const Buffer octets = Hex("0102030405060708 1112131415161718 21 3f 25 28 0a0b0c0d 0000001c");
    const auto header = ParseHeader(octets);
    ASSERT_TRUE(header.has_value()) << ToString(header.error());
    EXPECT_EQ(header->initiatorSpi, IkeSpi{0x0102030405060708});
    EXPECT_EQ(header->responderSpi, IkeSpi{0x1112131415161718});
    EXPECT_EQ(header->nextPayload, PayloadType::SA);
    EXPECT_EQ(header->majorVersion, 3);
    EXPECT_EQ(header->minorVersion, 15);
    EXPECT_EQ(header->exchange, ExchangeType::INFORMATIONAL);
    EXPECT_TRUE(header->IsResponse());
    EXPECT_TRUE(header->FromInitiator());
    EXPECT_EQ(header->messageId, MessageId{0x0a0b0c0d});
    EXPECT_EQ(header->length, 28u);
    ByteWriter writer;
    WriteHeader(writer, *header);
    EXPECT_EQ(writer.Release(), octets);
}

TEST(Message, MayHaveNoPayloads)
{
    const Buffer octets = MessageOf(PayloadType::NONE, {});
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(Summary(message->chain), "[ ]");
}

TEST(Message, RefusesPayloadLengthsBelowTheHeaderSoThatZeroCannotLoop)
{
    for (const uint8_t length : {0, 1, 2, 3})
    {
        const uint8_t payload[] = {43, 0, 0, length};
        EXPECT_EQ(FaultOf(MessageOf(PayloadType::VENDOR_ID, payload)), Fault::BAD_VALUE);
    }
}

TEST(Message, RefusesPayloadLengthsPastTheEnd)
{
    EXPECT_EQ(FaultOf(MessageOf(PayloadType::VENDOR_ID, Hex("00000005"))), Fault::TRUNCATED);
    EXPECT_EQ(FaultOf(MessageOf(PayloadType::VENDOR_ID, Hex("0000ffff"))), Fault::TRUNCATED);
}

TEST(Message, LimitsThePayloadsOfAChain)
{
    const auto withPayloads = [](size_t count)
    {
        Header header;
        MessageBuilder builder(header);
        for (size_t i = 0; i < count; ++i)
        {
            builder.VendorId({});
        }
        return builder.Finish();
    };
    const Buffer most = withPayloads(limits::PAYLOADS);
    const auto message = ParseMessage(most);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->chain.Count(PayloadType::VENDOR_ID), limits::PAYLOADS);
    EXPECT_EQ(FaultOf(withPayloads(limits::PAYLOADS + 1)), Fault::LIMIT);
    EXPECT_EQ(FaultOf(withPayloads(1000)), Fault::LIMIT);
}

TEST(Message, LimitsItsLength)
{
    Buffer octets = MessageOf(PayloadType::NONE, Buffer(limits::MESSAGE_OCTETS));
    octets[LENGTH_FIELD + 1] = static_cast<uint8_t>(octets.size() >> 16);
    EXPECT_EQ(FaultOf(octets), Fault::LIMIT);
}

TEST(Message, CountsErrorOffsetsFromItsFirstOctet)
{
    Buffer octets = SmallSaInit();
    octets[HEADER_OCTETS + 4 + 8] = 9; // "Last Substruc" of the first transform
    const auto message = ParseMessage(octets);
    ASSERT_FALSE(message.has_value());
    EXPECT_EQ(message.error().offset, HEADER_OCTETS + 4 + 8);
}

TEST(Message, KeepsUnknownPayloadsWhetherCriticalOrNot)
{
    const Buffer octets = MessageOf(PayloadType{200}, Hex("c9000006aabb 00800005cc"));
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value());
    ASSERT_EQ(message->chain.payloads.size(), 2u);
    EXPECT_FALSE(message->chain.payloads[0].critical);
    EXPECT_EQ(ToHex(message->chain.payloads[0].octets), "aabb");
    const Payload* critical = FindUnknownCritical(message->chain);
    ASSERT_NE(critical, nullptr);
    EXPECT_EQ(critical->type, PayloadType{201});
    EXPECT_EQ(Rebuild(*message), octets);
}

TEST(Message, DoesNotMindTheCriticalBitOfKnownPayloads)
{
    for (unsigned type = 33; type <= 48; ++type)
    {
        PayloadChain chain;
        chain.payloads.push_back({PayloadType{static_cast<uint8_t>(type)}, true, RawPayload{}, {}});
        EXPECT_EQ(FindUnknownCritical(chain), nullptr) << type;
    }
    for (const unsigned type : {1u, 32u, 49u, 55u, 127u, 128u, 255u})
    {
        PayloadChain chain;
        chain.payloads.push_back(
            {PayloadType{static_cast<uint8_t>(type)}, false, RawPayload{}, {}});
        EXPECT_EQ(FindUnknownCritical(chain), nullptr) << type;
        chain.payloads[0].critical = true;
        EXPECT_EQ(FindUnknownCritical(chain), &chain.payloads[0]) << type;
    }
}

TEST(PayloadChain, FindsPayloadsAndNotifies)
{
    const Buffer octets = EveryPayload();
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value());
    const PayloadChain& chain = message->chain;
    ASSERT_NE(chain.Get<KePayload>(PayloadType::KE), nullptr);
    EXPECT_EQ(chain.Get<KePayload>(PayloadType::KE)->method, KeMethod::CURVE25519);
    EXPECT_EQ(chain.Get<IdPayload>(PayloadType::IDR)->type, IdType::ID_IPV4_ADDR);
    EXPECT_EQ(chain.Get<SaPayload>(PayloadType::KE), nullptr);
    EXPECT_EQ(chain.Find(PayloadType::SK), nullptr);
    EXPECT_EQ(chain.Count(PayloadType::NOTIFY), 2u);
    ASSERT_NE(chain.FindNotify(NotifyType::REKEY_SA), nullptr);
    EXPECT_EQ(chain.FindNotify(NotifyType::COOKIE), nullptr);
    ASSERT_NE(chain.FindError(), nullptr);
    EXPECT_EQ(chain.FindError()->type, NotifyType::TEMPORARY_FAILURE);
}

TEST(SkPayload, IsTheLastAndSaysWhatIsInside)
{
    const Buffer octets = SkMessage();
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value());
    const auto* sk = message->chain.Get<SkPayload>(PayloadType::SK);
    ASSERT_NE(sk, nullptr);
    EXPECT_EQ(sk->inner, PayloadType::IDI);
    EXPECT_EQ(sk->bodyOffset, HEADER_OCTETS + 4);
    EXPECT_EQ(sk->body.size(), octets.size() - HEADER_OCTETS - 4);
    const Bytes plain = sk->body.subspan(8, sk->body.size() - 8 - 16);
    const size_t padding = plain.back();
    const auto inner = ParsePayloads(sk->inner, plain.first(plain.size() - 1 - padding), 40);
    ASSERT_TRUE(inner.has_value()) << ToString(inner.error());
    EXPECT_EQ(Summary(*inner), "[ IDi AUTH SA TSi TSr ]");
}

TEST(SkPayload, RefusesOctetsBehindIt)
{
    EXPECT_EQ(FaultOf(MessageOf(PayloadType::SK, Hex("2b000006aabb 00000004"))), Fault::OVERLONG);
    EXPECT_EQ(FaultOf(MessageOf(PayloadType::SKF, Hex("2b000008 00010001 00000004"))),
              Fault::OVERLONG);
}

TEST(SkPayload, OfAFragmentKeepsNumberAndTotalInItsBody)
{
    const Buffer octets = MessageOf(PayloadType::SKF, Hex("23000009 00020003 ff"));
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value());
    const auto* skf = message->chain.Get<SkPayload>(PayloadType::SKF);
    ASSERT_NE(skf, nullptr);
    EXPECT_EQ(ToHex(skf->body), "00020003ff");
    EXPECT_EQ(Summary(message->chain), "[ EF(2/3) ]");
    EXPECT_EQ(FaultOf(MessageOf(PayloadType::SKF, Hex("23000007 000200"))), Fault::TRUNCATED);
}

TEST(MessageBuilder, PadsSkToWholeBlocksOnly)
{
    for (size_t blockOctets : {1u, 4u, 8u, 16u})
    {
        for (size_t octets = 0; octets < 40; ++octets)
        {
            MessageBuilder builder(Header{});
            builder.BeginSk(16);
            builder.VendorId(Buffer(octets));
            const auto unsealed = builder.FinishSk(blockOctets, 12);
            EXPECT_EQ(unsealed.headOctets, HEADER_OCTETS + 4);
            const size_t cipher = unsealed.octets.size() - unsealed.headOctets - 16 - 12;
            EXPECT_EQ(cipher % blockOctets, 0u);
            const size_t padding = unsealed.octets[unsealed.octets.size() - 12 - 1];
            EXPECT_LT(padding, blockOctets);
            EXPECT_EQ(cipher, 4 + octets + padding + 1);
            const auto message = ParseMessage(unsealed.octets);
            ASSERT_TRUE(message.has_value());
            EXPECT_EQ(message->chain.Get<SkPayload>(PayloadType::SK)->inner,
                      PayloadType::VENDOR_ID);
        }
    }
}

TEST(MessageBuilder, BuildsAnEmptySkPayload)
{
    MessageBuilder builder(Header{});
    builder.BeginSk(8);
    const auto unsealed = builder.FinishSk(1, 16);
    EXPECT_EQ(unsealed.octets.size(), HEADER_OCTETS + 4 + 8 + 1 + 16);
    const auto message = ParseMessage(unsealed.octets);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(message->chain.Get<SkPayload>(PayloadType::SK)->inner, PayloadType::NONE);
}

TEST(MessageBuilder, PutsSkBehindPayloadsInClear)
{
    MessageBuilder builder(Header{});
    builder.Notify(NotifyType::COOKIE, Hex("aabb"));
    builder.BeginSk(8);
    builder.Nonce(Buffer(16));
    const auto unsealed = builder.FinishSk(1, 16);
    EXPECT_EQ(unsealed.headOctets, HEADER_OCTETS + 10 + 4);
    const auto message = ParseMessage(unsealed.octets);
    ASSERT_TRUE(message.has_value());
    EXPECT_EQ(Summary(message->chain), "[ N(COOKIE) SK ]");
    EXPECT_EQ(message->chain.Get<SkPayload>(PayloadType::SK)->bodyOffset, unsealed.headOctets);
}

TEST(MessageBuilder, SummarisesAsCharonDoes)
{
    MessageBuilder builder(Header{});
    EXPECT_EQ(builder.Summary(), "[ ]");
    builder.Sa({{Proposal{1, ProtocolId::IKE, {}, {{TransformType::KE, 31, {}, {}}}}}});
    builder.Ke({KeMethod::CURVE25519, {}});
    builder.Nonce(Buffer(16));
    builder.Notify(NotifyType::NAT_DETECTION_SOURCE_IP);
    builder.Notify(NotifyType{40960});
    EXPECT_EQ(builder.Summary(), "[ SA KE No N(NATD_S_IP) N(40960) ]");
    const std::string summary = builder.Summary();
    const Buffer octets = builder.Finish();
    EXPECT_EQ(Summary(ParseMessage(octets)->chain), summary);
}

} // namespace
} // namespace ikelab::wire
