// SPDX-License-Identifier: MIT
#include "ike/policy/proposals.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/// Child SAs with AH: negotiation (RFC 7296 §3.3), keys (§2.17) and Deletes (§3.11).
namespace ikelab::ike
{
namespace
{

using testing::EspSuiteOf;
using testing::Insider;
using testing::Pair;
using testing::Setting;

Setting
Both(const std::vector<EspProposal>& a, const std::vector<EspProposal>& b)
{
    Setting setting;
    setting.a.children.front().espProposals = a;
    setting.b.children.front().espProposals = b;
    return setting;
}

Setting
Ah(std::string_view keywords = "sha256")
{
    return Both({EspSuiteOf(keywords)}, {EspSuiteOf(keywords)});
}

TEST(AhChild, HasIntegrityKeysOnlyWithEveryAlgorithm)
{
    for (const crypto::IntegRow& row : crypto::IntegRows())
    {
        if (row.use == crypto::Use::CAPTURE)
        {
            continue;
        }
        Pair pair(Ah(row.keyword));
        pair.Establish();
        ASSERT_TRUE(pair.Agree() && pair.KeysAgree()) << row.keyword;
        const auto* installed = pair.b.Last<ChildSaInstalled>();
        EXPECT_EQ(installed->suite.Protocol(), wire::ProtocolId::AH);
        EXPECT_EQ(installed->suite.integ->id, row.id);
        EXPECT_EQ(installed->inboundEncr.Size(), 0u);
        EXPECT_EQ(installed->outboundEncr.Size(), 0u);
        EXPECT_EQ(installed->inboundInteg.Size(), row.keyOctets);
        EXPECT_EQ(installed->suite.ToString(), std::string(row.name) + "/NO_EXT_SEQ");
    }
}

TEST(AhChild, TakesTransportModeAndExtendedNumbers)
{
    Setting setting = Ah("sha512");
    for (ConnectionConfig* connection : {&setting.a, &setting.b})
    {
        connection->children.front().mode = Mode::TRANSPORT;
        connection->children.front().espProposals.front().esn = {wire::Esn::ESN};
    }
    Pair pair(setting);
    pair.Establish();
    ASSERT_TRUE(pair.Agree() && pair.KeysAgree());
    EXPECT_EQ(pair.a.Last<ChildSaInstalled>()->mode, Mode::TRANSPORT);
    EXPECT_EQ(pair.a.Child().suite.ToString(), "HMAC_SHA2_512_256/EXT_SEQ");
}

TEST(AhChild, IsChosenWhereBothProtocolsAreOffered)
{
    const EspProposal esp = EspSuiteOf("aes128gcm16");
    const EspProposal ah = EspSuiteOf("sha256");
    const struct
    {
        std::vector<EspProposal> initiator;
        std::vector<EspProposal> responder;
        wire::ProtocolId chosen;
    } rows[] = {{{esp, ah}, {ah}, wire::ProtocolId::AH},
                {{esp, ah}, {esp}, wire::ProtocolId::ESP},
                {{esp, ah}, {esp, ah}, wire::ProtocolId::ESP},
                {{ah}, {esp, ah}, wire::ProtocolId::AH},
                {{esp}, {esp, ah}, wire::ProtocolId::ESP}};
    for (const auto& row : rows)
    {
        Pair pair(Both(row.initiator, row.responder));
        pair.Establish();
        ASSERT_TRUE(pair.Agree() && pair.KeysAgree());
        EXPECT_EQ(pair.a.Child().suite.Protocol(), row.chosen);
    }
}

TEST(AhChild, FailsWhereOneWantsOnlyAhAndTheOtherOnlyEsp)
{
    for (const bool ahAtA : {true, false})
    {
        const std::vector<EspProposal> ah{EspSuiteOf("sha256")};
        const std::vector<EspProposal> esp{EspSuiteOf("aes128-sha256")};
        Pair pair(ahAtA ? Both(ah, esp) : Both(esp, ah));
        pair.Initiate();
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_EQ(pair.a.Count<IkeSaEstablished>(), 1u);
        ASSERT_EQ(pair.a.Count<ChildSaFailed>(), 1u);
        EXPECT_EQ(pair.a.Last<ChildSaFailed>()->notify, wire::NotifyType::NO_PROPOSAL_CHOSEN);
    }
}

TEST(AhChild, IsDeletedFromEitherEnd)
{
    for (const bool byA : {true, false})
    {
        Pair pair(Ah());
        pair.Establish();
        testing::Node& node = byA ? pair.a : pair.b;
        ASSERT_TRUE(node.endpoint->CloseChildSa(pair.now, node.Child().id).has_value());
        pair.Drain();
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_EQ(pair.a.ChildSas() + pair.b.ChildSas(), 0u);
        EXPECT_EQ(pair.a.Ladder().back(), byA ? "< [ D ]" : "> [ D ]") << "it names the other SPI";
    }
}

// RFC 7296 §3.11: a Delete names its protocol, and SPIs of AH and ESP are different things.
TEST(AhChild, IsNotDeletedAsEsp)
{
    Pair pair(Ah());
    pair.Establish();
    Insider moon(*pair.b.Last<IkeKeysDerived>(), true);
    const EspSpi theirs = pair.b.Child().outboundSpi;
    const auto ask = [&](uint32_t id, wire::ProtocolId protocol)
    {
        pair.Inject(pair.b,
                    pair.ToB(),
                    moon.Request(wire::ExchangeType::INFORMATIONAL,
                                 id,
                                 [&](wire::MessageBuilder& builder) {
                                     builder.Delete({protocol, {theirs}});
                                 }));
    };
    ask(2, wire::ProtocolId::ESP);
    EXPECT_EQ(pair.b.Ladder().back(), "> [ ]");
    EXPECT_EQ(pair.b.ChildSas(), 1u);
    ask(3, wire::ProtocolId::AH);
    EXPECT_EQ(pair.b.Ladder().back(), "> [ D ]");
    EXPECT_EQ(pair.b.ChildSas(), 0u);
}

// AH covers addresses; what a NAT changes does not verify.
TEST(AhChild, IsNotMadeThroughANat)
{
    const EspProposal esp = EspSuiteOf("aes128gcm16");
    const EspProposal ah = EspSuiteOf("sha256");
    for (const bool byA : {true, false})
    {
        Setting only = Both({ah}, {ah});
        (byA ? only.a : only.b).encap = true;
        Pair refused(only);
        refused.Initiate();
        EXPECT_TRUE(refused.RunUntilQuiet());
        EXPECT_EQ(refused.a.Count<ChildSaInstalled>() + refused.b.Count<ChildSaInstalled>(), 0u);
        ASSERT_EQ(refused.a.Count<IkeSaClosed>(), 1u);
        EXPECT_EQ(refused.a.Last<IkeSaClosed>()->error->fault, Fault::NO_PROPOSAL_CHOSEN);

        Setting either = Both({esp, ah}, {esp, ah});
        (byA ? either.a : either.b).encap = true;
        Pair pair(either);
        pair.Establish();
        EXPECT_TRUE(pair.Agree());
        EXPECT_EQ(pair.a.Child().suite.Protocol(), wire::ProtocolId::ESP);
    }
}

TEST(AhProposals, HaveAnIntegrityAlgorithmEsnAndNoCipher) // RFC 7296 §3.3.3
{
    const Buffer spi{0, 0, 1, 2};
    const std::vector<EspProposal> ours{EspSuiteOf("sha256-sha512")};
    const wire::SaPayload offer = OfferEsp(ours, spi, false);
    ASSERT_EQ(offer.proposals.size(), 1u);
    EXPECT_EQ(offer.proposals[0].protocol, wire::ProtocolId::AH);
    EXPECT_EQ(offer.proposals[0].transforms.size(), 3u);
    ASSERT_TRUE(ChooseEsp(offer, ours, false).has_value());

    const auto refused = [&](const auto& change)
    {
        wire::SaPayload changed = offer;
        change(changed.proposals[0]);
        return !ChooseEsp(changed, ours, false).has_value();
    };
    EXPECT_FALSE(refused([](wire::Proposal&) {}));
    EXPECT_TRUE(refused([](auto& proposal) { proposal.transforms.pop_back(); })) << "no ESN";
    EXPECT_TRUE(refused(
        [](auto& proposal) {
            proposal.transforms.erase(proposal.transforms.begin(), proposal.transforms.begin() + 2);
        }))
        << "no INTEG";
    EXPECT_TRUE(refused(
        [](auto& proposal)
        {
            proposal.transforms.erase(proposal.transforms.begin());
            proposal.transforms[0].id = 0;
        }))
        << "INTEG NONE";
    const auto cipher = OfferEsp(std::vector{EspSuiteOf("aes128-sha256")}, spi, false);
    EXPECT_TRUE(refused([&](auto& proposal)
                        { proposal.transforms.push_back(cipher.proposals[0].transforms[0]); }))
        << "a cipher";
    EXPECT_TRUE(refused([](auto& proposal) { proposal.protocol = wire::ProtocolId::ESP; }));
    EXPECT_TRUE(refused([](auto& proposal) { proposal.protocol = wire::ProtocolId::IKE; }));
}

TEST(AhProposals, AnswersAreOfTheProtocolThatWasOffered)
{
    const Buffer spi{9, 9, 9, 9};
    const std::vector<EspProposal> ours{EspSuiteOf("aes256gcm16"), EspSuiteOf("sha256")};
    const auto chosen =
        ChooseEsp(OfferEsp(ours, spi, false), std::vector{EspSuiteOf("sha256")}, false);
    ASSERT_TRUE(chosen.has_value());
    EXPECT_EQ(chosen->proposalNumber, 2);
    wire::SaPayload answer = AnswerEsp(*chosen, spi);
    ASSERT_TRUE(AcceptEsp(answer, ours, false).has_value());
    EXPECT_EQ(AcceptEsp(answer, ours, false)->suite, chosen->suite);
    answer.proposals[0].number = 1;
    EXPECT_FALSE(AcceptEsp(answer, ours, false).has_value()) << "that one is ESP";
    answer.proposals[0].number = 2;
    answer.proposals[0].protocol = wire::ProtocolId::ESP;
    EXPECT_FALSE(AcceptEsp(answer, ours, false).has_value());
}

} // namespace
} // namespace ikelab::ike
