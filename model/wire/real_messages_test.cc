// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "base/testing/test_name.h"
#include "wire/fuzz_targets.h"
#include "wire/message.h"
#include "wire/testing/test_files.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace ikelab::wire
{
namespace
{

using Ids = std::vector<std::pair<TransformType, uint16_t>>;

Ids
IdsOf(const Proposal& proposal)
{
    Ids ids;
    for (const Transform& transform : proposal.transforms)
    {
        ids.emplace_back(transform.type, transform.id);
    }
    return ids;
}

/// The proposal of an SA payload that has just one.
const Proposal&
OnlyProposal(const Message& message)
{
    const auto* sa = message.chain.Get<SaPayload>(PayloadType::SA);
    EXPECT_EQ(sa->proposals.size(), 1u);
    return sa->proposals.front();
}

class RealMessageFile : public ::testing::TestWithParam<const char*>
{
};

INSTANTIATE_TEST_SUITE_P(Good,
                         RealMessageFile,
                         ::testing::Values("ike_sa_init_request.hex",
                                           "ike_sa_init_response.hex",
                                           "ike_sa_init_weak_group.hex",
                                           "ike_sa_init_six_proposals.hex",
                                           "ike_auth_encrypted.hex"),
                         [](const auto& file) { return ikelab::TestName(file.param); });

TEST_P(RealMessageFile, RebuildsToTheSameOctets)
{
    const Buffer octets = RealMessage(GetParam());
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value()) << ToString(message.error());
    EXPECT_EQ(ToHex(Rebuild(*message)), ToHex(octets));
}

TEST_P(RealMessageFile, SurvivesTheFlipOfAnyBit)
{
    const Buffer octets = RealMessage(GetParam());
    for (size_t bit = 0; bit < octets.size() * 8; ++bit)
    {
        Buffer flipped = octets;
        flipped[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
        FuzzIkeMessage(flipped);
    }
}

TEST(RealMessages, RequestAndItsResponseAgree)
{
    const Buffer requestOctets = RealMessage("ike_sa_init_request.hex");
    const Buffer responseOctets = RealMessage("ike_sa_init_response.hex");
    const auto request = ParseMessage(requestOctets);
    const auto response = ParseMessage(responseOctets);
    ASSERT_TRUE(request.has_value() && response.has_value());
    EXPECT_EQ(Summary(request->chain), "[ SA KE No ]");
    EXPECT_EQ(Summary(response->chain), "[ SA KE No CERTREQ N(HTTP_CERT_LOOK) ]");
    EXPECT_EQ(request->header.initiatorSpi, IkeSpi{0x54c184961bc3fd77});
    EXPECT_EQ(response->header.initiatorSpi, request->header.initiatorSpi);
    EXPECT_EQ(response->header.responderSpi, IkeSpi{0x6386aa2273ed3972});
    EXPECT_TRUE(response->header.IsResponse());
    EXPECT_FALSE(request->header.IsResponse());
    EXPECT_EQ(IdsOf(OnlyProposal(*request)),
              (Ids{{TransformType::ENCR, 12},
                   {TransformType::ENCR, 3},
                   {TransformType::PRF, 2},
                   {TransformType::INTEG, 2},
                   {TransformType::KE, 2}}));
    EXPECT_EQ(OnlyProposal(*response).transforms.front().keyLength, 128);
    EXPECT_EQ(response->chain.Get<KePayload>(PayloadType::KE)->method, KeMethod::MODP_1024);
    EXPECT_EQ(response->chain.Get<KePayload>(PayloadType::KE)->data.size(), 128u);
    EXPECT_EQ(response->chain.Get<NoncePayload>(PayloadType::NONCE)->data.size(), 32u);
}

TEST(RealMessages, ReadsPayloadsInAnyOrder)
{
    const Buffer octets = RealMessage("ike_sa_init_weak_group.hex");
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value()) << ToString(message.error());
    EXPECT_EQ(Summary(message->chain), "[ No KE SA ]");
    EXPECT_EQ(OnlyProposal(*message).transforms.front().keyLength, 256);
    EXPECT_EQ(IdsOf(OnlyProposal(*message)),
              (Ids{{TransformType::ENCR, 12},
                   {TransformType::PRF, 5},
                   {TransformType::INTEG, 12},
                   {TransformType::KE, 2}}));
}

TEST(RealMessages, ReadsSixProposals)
{
    const Buffer octets = RealMessage("ike_sa_init_six_proposals.hex");
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value()) << ToString(message.error());
    EXPECT_EQ(Summary(message->chain), "[ SA KE No V ]");
    const auto* sa = message->chain.Get<SaPayload>(PayloadType::SA);
    ASSERT_EQ(sa->proposals.size(), 6u);
    EXPECT_EQ(IdsOf(sa->proposals[2]),
              (Ids{{TransformType::ENCR, 3},
                   {TransformType::INTEG, 2},
                   {TransformType::PRF, 2},
                   {TransformType::KE, 5}}));
}

TEST(RealMessages, LeavesAnEncryptedMessageWhole)
{
    const Buffer octets = RealMessage("ike_auth_encrypted.hex");
    const auto message = ParseMessage(octets);
    ASSERT_TRUE(message.has_value()) << ToString(message.error());
    EXPECT_EQ(message->header.exchange, ExchangeType::IKE_AUTH);
    EXPECT_EQ(message->header.messageId, MessageId{0}); // as captured, though it should be 1
    const auto* sk = message->chain.Get<SkPayload>(PayloadType::SK);
    ASSERT_NE(sk, nullptr);
    EXPECT_EQ(sk->inner, PayloadType::IDI);
    EXPECT_EQ(sk->body.size(), 252u);
}

TEST(RealMessages, RefusesMessagesThatOnceBrokeOtherParsers)
{
    const auto transform = ParseMessage(RealMessage("malformed_transform_attributes.hex"));
    ASSERT_FALSE(transform.has_value());
    EXPECT_EQ(transform.error().fault, Fault::BAD_VALUE);
    EXPECT_EQ(transform.error().what, "SA transform order"); // a "Last Substruc" of 0x2e
    const auto id = ParseMessage(RealMessage("malformed_short_address_id.hex"));
    ASSERT_FALSE(id.has_value());
    EXPECT_EQ(id.error().fault, Fault::BAD_VALUE);
    EXPECT_EQ(id.error().what, "ID data");
}

} // namespace
} // namespace ikelab::wire
