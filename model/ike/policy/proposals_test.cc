// SPDX-License-Identifier: MIT
#include "ike/policy/proposals.h"
#include "ike/testing/pair.h"

#include <gtest/gtest.h>

namespace ikelab::ike
{
namespace
{

using testing::EspSuiteOf;
using testing::IkeSuiteOf;
using wire::KeMethod;
using wire::Transform;
using wire::TransformType;

const Buffer SPI{0, 0, 1, 2};

std::string
Choice(const std::vector<IkeProposal>& offer, const std::vector<IkeProposal>& ours, KeMethod method)
{
    const auto chosen = ChooseIke(OfferIke(offer), ours, method);
    return chosen ? chosen->suite.ToString() : std::string(ToString(chosen.error().fault));
}

TEST(ChooseIke, FollowsThePeersOrder)
{
    EXPECT_EQ(Choice({IkeSuiteOf("aes256gcm16-aes128gcm16-prfsha384-prfsha256-ecp256-x25519")},
                     {IkeSuiteOf("aes128gcm16-aes256gcm16-prfsha256-prfsha384-x25519-ecp256")},
                     KeMethod::NONE),
              "AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_256");
    EXPECT_EQ(Choice({IkeSuiteOf("aes256gcm16-prfsha384-ecp384"),
                      IkeSuiteOf("aes128gcm16-prfsha256-x25519")},
                     {IkeSuiteOf("aes128gcm16-prfsha256-x25519"),
                      IkeSuiteOf("aes256gcm16-prfsha384-ecp384")},
                     KeMethod::NONE),
              "AES_GCM_16_256/PRF_HMAC_SHA2_384/ECP_384");
}

TEST(ChooseIke, TakesTheMethodOfTheKePayloadWhereBothAcceptIt)
{
    const std::vector<IkeProposal> both{IkeSuiteOf("aes128gcm16-prfsha256-x25519-ecp256")};
    EXPECT_EQ(Choice(both, both, KeMethod::ECP_256), "AES_GCM_16_128/PRF_HMAC_SHA2_256/ECP_256");
    EXPECT_EQ(Choice(both, both, KeMethod::MODP_2048),
              "AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519");
}

TEST(ChooseIke, NeedsEveryTransformType)
{
    const std::vector<IkeProposal> ours{IkeSuiteOf("aes128-sha256-prfsha256-x25519")};
    EXPECT_EQ(Choice(ours, ours, KeMethod::NONE),
              "AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/CURVE_25519");
    for (const std::string_view lacking : {"aes128-prfsha256-x25519",
                                           "aes128-sha256-x25519",
                                           "aes128-sha256-prfsha256",
                                           "sha256-prfsha256-x25519",
                                           "aes256-sha256-prfsha256-x25519"})
    {
        EXPECT_EQ(Choice({IkeSuiteOf(lacking)}, ours, KeMethod::NONE), "NO_PROPOSAL_CHOSEN")
            << lacking;
    }
}

TEST(ChooseIke, RefusesIntegrityBesideAnAeadUnlessItMayBeNone)
{
    // RFC 5282 §8
    const std::vector<IkeProposal> ours{IkeSuiteOf("aes128gcm16-prfsha256-x25519")};
    wire::SaPayload offer = OfferIke(ours);
    offer.proposals[0].transforms.push_back({TransformType::INTEG, 12, std::nullopt, {}});
    EXPECT_FALSE(ChooseIke(offer, ours, KeMethod::NONE).has_value());
    offer.proposals[0].transforms.push_back({TransformType::INTEG, 0, std::nullopt, {}});
    EXPECT_TRUE(ChooseIke(offer, ours, KeMethod::NONE).has_value());
}

TEST(ChooseIke, RefusesUnknownTransformTypesAndSkipsUnknownTransforms)
{
    // RFC 7296 §3.3.6
    const std::vector<IkeProposal> ours{IkeSuiteOf("aes128gcm16-prfsha256-x25519")};
    wire::SaPayload offer = OfferIke(ours);
    auto& transforms = offer.proposals[0].transforms;
    transforms.insert(transforms.begin(), {TransformType::ENCR, 999, std::nullopt, {}});
    const Buffer attribute{0x80, 99, 0, 1};
    Transform strange = transforms[1];
    strange.otherAttributes = attribute;
    transforms.insert(transforms.begin(), strange);
    EXPECT_TRUE(ChooseIke(offer, ours, KeMethod::NONE).has_value());
    transforms.push_back({TransformType{77}, 1, std::nullopt, {}});
    EXPECT_FALSE(ChooseIke(offer, ours, KeMethod::NONE).has_value());
}

TEST(ChooseIke, TellsKeyLengthsApart)
{
    const std::vector<IkeProposal> ours{IkeSuiteOf("aes128gcm16-prfsha256-x25519")};
    wire::SaPayload offer = OfferIke(ours);
    for (const std::optional<uint16_t> bits :
         {std::optional<uint16_t>(), std::optional<uint16_t>(256)})
    {
        offer.proposals[0].transforms[0].keyLength = bits;
        EXPECT_FALSE(ChooseIke(offer, ours, KeMethod::NONE).has_value());
    }
}

TEST(AcceptIke, TakesJustWhatWasOffered)
{
    const std::vector<IkeProposal> ours{IkeSuiteOf("aes128gcm16-prfsha256-x25519-ecp256"),
                                        IkeSuiteOf("aes256-sha384-prfsha384-ecp384")};
    const auto chosen = ChooseIke(OfferIke(ours), ours, KeMethod::ECP_256);
    const wire::SaPayload answer = AnswerIke(*chosen);
    const auto suite = AcceptIke(answer, ours);
    ASSERT_TRUE(suite.has_value());
    EXPECT_EQ(*suite, chosen->suite);

    const auto refused = [&](auto change)
    {
        wire::SaPayload changed = answer;
        change(changed);
        return !AcceptIke(changed, ours).has_value();
    };
    EXPECT_TRUE(refused([](auto& sa) { sa.proposals.clear(); }));
    EXPECT_TRUE(refused([](auto& sa) { sa.proposals.push_back(sa.proposals[0]); }));
    EXPECT_TRUE(refused([](auto& sa) { sa.proposals[0].number = 2; }));
    EXPECT_TRUE(refused([](auto& sa) { sa.proposals[0].number = 3; }));
    EXPECT_TRUE(refused([](auto& sa) { sa.proposals[0].protocol = wire::ProtocolId::ESP; }));
    EXPECT_TRUE(refused([](auto& sa) { sa.proposals[0].transforms.pop_back(); }));
    EXPECT_TRUE(refused([](auto& sa)
                        { sa.proposals[0].transforms.push_back(sa.proposals[0].transforms[0]); }));
    EXPECT_TRUE(refused([](auto& sa) { sa.proposals[0].transforms[0].keyLength = 256; }));
}

TEST(ChooseEsp, RefusesReservedSpis)
{
    // RFC 4303 §2.1: 1 to 255 are IANA's.
    const std::vector<EspProposal> ours{testing::EspSuiteOf("aes128gcm16")};
    const Buffer reserved{0, 0, 0, 255};
    const Buffer first{0, 0, 1, 0};
    EXPECT_FALSE(ChooseEsp(OfferEsp(ours, reserved, false), ours, false).has_value());
    EXPECT_FALSE(AcceptEsp(OfferEsp(ours, reserved, false), ours, false).has_value());
    EXPECT_TRUE(ChooseEsp(OfferEsp(ours, first, false), ours, false).has_value());
    EXPECT_TRUE(AcceptEsp(OfferEsp(ours, first, false), ours, false).has_value());
}

TEST(ChooseEsp, NeedsEsnAndAnSpi)
{
    const std::vector<EspProposal> ours{EspSuiteOf("aes128gcm16")};
    wire::SaPayload offer = OfferEsp(ours, SPI, false);
    const auto chosen = ChooseEsp(offer, ours, false);
    ASSERT_TRUE(chosen.has_value());
    EXPECT_EQ(chosen->peerSpi, EspSpi{0x102});
    EXPECT_FALSE(chosen->suite.esn);
    const Buffer none{0, 0, 0, 0};
    const Buffer eight(8, 1);
    for (const Buffer* spi : {&none, &eight})
    {
        EXPECT_FALSE(ChooseEsp(OfferEsp(ours, *spi, false), ours, false).has_value());
    }
    offer.proposals[0].transforms.pop_back(); // ESN stands last
    EXPECT_FALSE(ChooseEsp(offer, ours, false).has_value());
}

TEST(ChooseEsp, WantsItsKeyExchangeOnlyWhereThereIsOne)
{
    const std::vector<EspProposal> with{EspSuiteOf("aes128gcm16-x25519")};
    const std::vector<EspProposal> without{EspSuiteOf("aes128gcm16")};
    EXPECT_TRUE(ChooseEsp(OfferEsp(with, SPI, false), without, false).has_value());
    EXPECT_TRUE(ChooseEsp(OfferEsp(with, SPI, true), with, true).has_value());
    EXPECT_FALSE(ChooseEsp(OfferEsp(without, SPI, true), with, true).has_value());
    EXPECT_FALSE(ChooseEsp(OfferEsp(with, SPI, true), without, true).has_value());
}

TEST(AcceptEsp, TakesTheAnswerToAnOffer)
{
    const std::vector<EspProposal> ours{EspSuiteOf("aes256gcm16"), EspSuiteOf("aes128-sha256")};
    const std::vector<EspProposal> theirs{EspSuiteOf("aes128-sha256")};
    const auto chosen = ChooseEsp(OfferEsp(ours, SPI, false), theirs, false);
    ASSERT_TRUE(chosen.has_value());
    EXPECT_EQ(chosen->proposalNumber, 2);
    const Buffer spi{9, 9, 9, 9};
    const auto accepted = AcceptEsp(AnswerEsp(*chosen, spi), ours, false);
    ASSERT_TRUE(accepted.has_value());
    EXPECT_EQ(accepted->suite, chosen->suite);
    EXPECT_EQ(accepted->peerSpi, EspSpi{0x09090909});
}

TEST(AllowsSuite, HoldsForEverySuiteThatWouldBeChosen)
{
    const std::vector<IkeProposal> ours{IkeSuiteOf("aes128gcm16-prfsha256-x25519-ecp256")};
    const auto chosen = ChooseIke(OfferIke(ours), ours, KeMethod::ECP_256);
    EXPECT_TRUE(AllowsSuite(ours, chosen->suite));
    const std::vector<IkeProposal> others{IkeSuiteOf("aes128gcm16-prfsha256-x25519")};
    EXPECT_FALSE(AllowsSuite(others, chosen->suite));
    EXPECT_TRUE(OffersMethod(ours, KeMethod::ECP_256));
    EXPECT_FALSE(OffersMethod(ours, KeMethod::MODP_2048));
}

} // namespace
} // namespace ikelab::ike
