// SPDX-License-Identifier: MIT
#include "wire/message.h"
#include "wire/message_builder.h"
#include "wire/skf_payload.h"
#include "wire/testing/sturdy.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

Result<SkfPayload>
Skf(PayloadType inner, const Buffer& body)
{
    return ParseSkf({inner, body, 32});
}

TEST(SkfPayload, ReadsNumberTotalAndBody)
{
    const Buffer body = Hex("0001 0003 aabb");
    const auto skf = Skf(PayloadType::IDI, body);
    ASSERT_TRUE(skf.has_value()) << ToString(skf.error());
    EXPECT_EQ(skf->head.inner, PayloadType::IDI);
    EXPECT_EQ(skf->head.number, 1);
    EXPECT_EQ(skf->head.total, 3);
    EXPECT_EQ(ToHex(skf->body), "aabb");
    EXPECT_EQ(skf->bodyOffset, 36u);
}

TEST(SkfPayload, RefusesNumbersOutsideTheTotal)
{
    for (const char* head : {"00000000", "00000003", "00040003", "00010000", "ffff0001"})
    {
        EXPECT_EQ(FaultOf(Skf(PayloadType::NONE, Hex(head))), Fault::BAD_VALUE) << head;
    }
    EXPECT_TRUE(Skf(PayloadType::NONE, Hex("ffffffff")).has_value());
    EXPECT_EQ(FaultOf(Skf(PayloadType::NONE, Hex("000100"))), Fault::TRUNCATED);
}

TEST(SkfPayload, NamesThePayloadInsideInTheFirstFragmentOnly)
{
    EXPECT_TRUE(Skf(PayloadType::NONE, Hex("00020003")).has_value());
    EXPECT_EQ(FaultOf(Skf(PayloadType::IDI, Hex("00020003"))), Fault::BAD_VALUE);
}

TEST(SkfPayload, KeepsItsPropertiesUnderMutation)
{
    Mutate(Hex("23 0001 0003 aabb"), FuzzSkf);
}

TEST(SkfPayload, IsBuiltSealedAndUnsealed)
{
    Header header;
    header.exchange = ExchangeType::IKE_AUTH;
    MessageBuilder builder(header);
    builder.BeginSkf({PayloadType::IDI, 1, 2}, 8, Hex("01020304"));
    EXPECT_EQ(builder.Summary(), "[ EF(1/2) ]");
    const auto unsealed = builder.FinishSk(1, 16);
    EXPECT_EQ(unsealed.headOctets, HEADER_OCTETS + 4 + SKF_HEAD_OCTETS);
    EXPECT_EQ(unsealed.octets.size(), unsealed.headOctets + 8 + 4 + 1 + 16);
    const auto message = ParseMessage(unsealed.octets);
    ASSERT_TRUE(message.has_value()) << ToString(message.error());
    const auto* sk = message->chain.Get<SkPayload>(PayloadType::SKF);
    ASSERT_NE(sk, nullptr);
    const auto skf = ParseSkf(*sk);
    ASSERT_TRUE(skf.has_value());
    EXPECT_EQ(skf->head.inner, PayloadType::IDI);
    EXPECT_EQ(skf->bodyOffset, unsealed.headOctets);
    MessageBuilder again(header);
    again.Skf(*skf);
    EXPECT_EQ(again.Summary(), "[ EF(1/2) ]");
    EXPECT_EQ(again.Finish(), unsealed.octets);
}

} // namespace
} // namespace ikelab::wire
