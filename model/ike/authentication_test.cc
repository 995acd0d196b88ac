// SPDX-License-Identifier: MIT
#include "ike/authentication.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/**
 * IKE_AUTH: who may, who is meant, what becomes of the Child SA (RFC 7296 §1.2, §2.9, §2.15,
 * §2.21.2).
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using testing::Insider;
using testing::Packet;
using testing::Pair;
using testing::Setting;
using ::testing::SizeIs;
using wire::ExchangeType;
using wire::NotifyType;

Buffer
Text(std::string_view text)
{
    return Buffer(text.begin(), text.end());
}

void
ExpectRefused(const Pair& pair)
{
    EXPECT_TRUE(pair.a.endpoint->Empty());
    EXPECT_TRUE(pair.b.endpoint->Empty());
    for (const auto* node : {&pair.a, &pair.b})
    {
        ASSERT_EQ(node->Count<IkeSaClosed>(), 1u);
        EXPECT_EQ(node->Last<IkeSaClosed>()->reason, CloseReason::AUTHENTICATION);
        EXPECT_EQ(node->Count<ChildSaInstalled>(), node->Count<ChildSaRemoved>());
    }
    EXPECT_EQ(pair.a.Count<IkeSaEstablished>(), 0u);
}

TEST(Authentication, FailsWithTwoDifferentKeys)
{
    Setting setting;
    setting.configB.secrets = {{{}, Text("incorrect horse")}};
    Pair pair(setting);
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ExpectRefused(pair);
    EXPECT_EQ(pair.b.Count<IkeSaEstablished>(), 0u);
    EXPECT_EQ(pair.a.Ladder().back(), "< [ N(AUTH_FAILED) ]");
    EXPECT_FALSE(pair.a.Last<IkeSaClosed>()->established);
    EXPECT_FALSE(pair.b.Last<IkeSaClosed>()->established);
    EXPECT_THAT(pair.wire.log, SizeIs(4));
}

TEST(Authentication, RefusalIsRepeatedWhenItWasLost)
{
    Setting setting;
    setting.configB.secrets = {{{}, Text("incorrect horse")}};
    Pair pair(setting);
    pair.wire.drop = {4};
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ExpectRefused(pair);
    ASSERT_THAT(pair.wire.log, SizeIs(6));
    EXPECT_EQ(pair.wire.log[5].message, pair.wire.log[3].message);
}

TEST(Authentication, FailsWithoutAnyKeyForThisPeer)
{
    Setting setting;
    setting.configB.secrets = {{{testing::Id("carol.example")}, Text("correct horse")}};
    Pair pair(setting);
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ExpectRefused(pair);
}

TEST(Authentication, WithAKeyForOthersIsNoKeyForUs)
{
    // §1.2: carol's key must not let moon in, although sun is named beside her.
    Setting setting;
    setting.configB.secrets = {{{testing::Id("sun.example"), testing::Id("carol.example")},
                                setting.configA.secrets[0].secret}};
    Pair pair(setting);
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ExpectRefused(pair);
}

TEST(Authentication, TakesTheKeyThatNamesBothOverTheOthers)
{
    Setting setting;
    const Identity moon = testing::Id("moon.example");
    const Identity sun = testing::Id("sun.example");
    setting.configA.secrets = {
        {{}, Text("anybody")}, {{moon}, Text("me")}, {{moon, sun}, Text("us")}};
    setting.configB.secrets = {
        {{sun}, Text("me too")}, {{sun, moon}, Text("us")}, {{}, Text("all")}};
    Pair pair(setting);
    pair.Establish();
    EXPECT_TRUE(pair.Agree());
}

TEST(FindSecret, PrefersThePeersKeyThenOursThenAnybodys)
{
    const Identity us = testing::Id("us.example");
    const Identity peer = testing::Id("peer.example");
    const Identity other = testing::Id("other.example");
    Config config;
    config.secrets = {{{}, Text("anybody")},
                      {{us}, Text("ours")},
                      {{peer}, Text("peer's")},
                      {{peer, us}, Text("both")},
                      {{other}, Text("other's")}};
    const auto secretFor = [&](const Identity* remote)
    {
        const auto* found = FindSecret(config, us, remote);
        return found ? std::string(found->secret.begin(), found->secret.end()) : "";
    };
    EXPECT_EQ(secretFor(&peer), "both");
    config.secrets.erase(config.secrets.begin() + 3);
    EXPECT_EQ(secretFor(&peer), "peer's");
    config.secrets.erase(config.secrets.begin() + 2);
    EXPECT_EQ(secretFor(&peer), "ours");
    EXPECT_EQ(secretFor(nullptr), "ours");
    config.secrets.erase(config.secrets.begin() + 1);
    EXPECT_EQ(secretFor(&peer), "anybody");
    config.secrets.erase(config.secrets.begin());
    EXPECT_EQ(secretFor(&peer), "");
    EXPECT_EQ(secretFor(&other), "other's");
}

TEST(Authentication, RefusesAPeerThatIsNotWhomWeAskedFor)
{
    // The responder holds the initiator for authenticated; it is told in an exchange of its own
    // (§2.21.2) and both end with nothing.
    Setting setting;
    setting.b.localId = testing::Id("venus.example");
    // B would refuse an IDr that it is not: leave IDr out of the request by asking for nobody...
    setting.a.remoteId.reset();
    setting.configA.secrets = {{{testing::Id("sun.example")}, setting.configB.secrets[0].secret}};
    setting.configA.secrets.push_back({{testing::Id("moon.example")}, Text("not theirs")});
    setting.configB.secrets = {{{}, Text("not theirs")}};
    setting.configA.secrets.front().ids = {testing::Id("venus.example")};
    // ...so A proves itself with one key, and B answers with an identity whose key is another.
    Pair pair(setting);
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ExpectRefused(pair);
    EXPECT_EQ(pair.b.Count<IkeSaEstablished>(), 1u);
    EXPECT_TRUE(pair.b.Last<IkeSaClosed>()->established);
    EXPECT_EQ(pair.b.Ladder()[4], "< [ N(AUTH_FAILED) ]");
    EXPECT_THAT(pair.wire.log, SizeIs(6));
}

TEST(Authentication, RefusesAnIdrThatTheResponderIsNot)
{
    Setting setting;
    setting.a.remoteId = testing::Id("venus.example");
    Pair pair(setting);
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ExpectRefused(pair);
}

TEST(Authentication, RefusesAnUnknownInitiator)
{
    Setting setting;
    setting.a.localId = testing::Id("mallory.example");
    Pair pair(setting);
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ExpectRefused(pair);
}

TEST(Authentication, TakesOurAddressForOurNameWhereNoneIsSaid)
{
    for (Setting setting : {Setting(), Setting::V6()})
    {
        setting.a.localId.reset();
        setting.a.remoteId.reset();
        setting.b.localId.reset();
        setting.b.remoteId.reset();
        Pair pair(setting);
        pair.Establish();
        EXPECT_TRUE(pair.Agree());
        EXPECT_EQ(pair.a.Sa().localId, AddressIdentity(setting.a.localAddrs.front()));
        EXPECT_EQ(pair.a.Sa().remoteId, AddressIdentity(setting.a.remoteAddrs.front()));
    }
}

/// A second connection of B for the same addresses, behind the first.
ConnectionConfig
Another(const ConnectionConfig& first, std::string_view name)
{
    ConnectionConfig another = first;
    another.name = name;
    another.children.front().name = name;
    return another;
}

TEST(Authentication, ChoosesByIdrBetweenConnectionsWithEqualAddresses)
{
    for (const std::string_view wanted : {"sun.example", "venus.example"})
    {
        Setting setting;
        ConnectionConfig venus = Another(setting.b, "venus");
        venus.localId = testing::Id("venus.example");
        setting.configB.connections = {std::make_shared<const ConnectionConfig>(venus)};
        setting.a.remoteId = testing::Id(wanted);
        Pair pair(setting);
        pair.Establish();
        EXPECT_TRUE(pair.Agree());
        EXPECT_EQ(pair.b.Sa().localId, testing::Id(wanted));
        EXPECT_EQ(pair.b.Sa().connection, wanted == "sun.example" ? "net" : "venus");
    }
}

TEST(Authentication, PrefersTheConnectionThatNamesThePeerOverOneForAnybody)
{
    Setting setting;
    const ConnectionConfig named = Another(setting.b, "named");
    setting.configB.connections = {std::make_shared<const ConnectionConfig>(named)};
    setting.b.remoteId.reset();
    Pair pair(setting);
    pair.Establish();
    EXPECT_EQ(pair.b.Sa().connection, "named");
}

TEST(Authentication, SkipsConnectionsWhoseProposalsDoNotAllowTheSuite)
{
    Setting setting;
    ConnectionConfig strict = Another(setting.b, "strict");
    strict.proposals = {testing::IkeSuiteOf("aes256gcm16-prfsha384-ecp384")};
    strict.localId = testing::Id("sun.example");
    setting.b.remoteId.reset(); // the other would be preferred
    setting.configB.connections = {std::make_shared<const ConnectionConfig>(strict)};
    Pair pair(setting);
    pair.Establish();
    EXPECT_EQ(pair.b.Sa().connection, "net");
}

// ---- what the Child SA comes to

TEST(FirstChild, IsNarrowedToWhatBothAllow)
{
    Setting setting;
    setting.a.children.front().localTs = {testing::Subnet("10.1.0.0/16"),
                                          testing::Subnet("10.3.0.0/16")};
    setting.a.children.front().remoteTs = {testing::Subnet("10.0.0.0/8")};
    setting.b.children.front().remoteTs = {testing::Subnet("10.1.0.0/24"),
                                           testing::Subnet("10.3.9.0/24")};
    setting.b.children.front().localTs = {testing::Subnet("10.2.0.0/16", 17, 53, 53)};
    Pair pair(setting);
    pair.Establish();
    EXPECT_TRUE(pair.Agree());
    EXPECT_THAT(pair.a.Child().localTs,
                ElementsAre(testing::Subnet("10.1.0.0/24"), testing::Subnet("10.3.9.0/24")));
    EXPECT_THAT(pair.a.Child().remoteTs, ElementsAre(testing::Subnet("10.2.0.0/16", 17, 53, 53)));
}

TEST(FirstChild, IsTheOneOfSeveralThatNeedsNoNarrowing)
{
    Setting setting;
    ChildConfig exact = setting.b.children.front();
    exact.name = "exact";
    setting.b.children.front().localTs = {testing::Subnet("10.2.7.0/24")};
    setting.b.children.push_back(exact);
    Pair pair(setting);
    pair.Establish();
    EXPECT_TRUE(pair.Agree());
    EXPECT_EQ(pair.b.Child().name, "exact");
}

/// The IKE SA is up on both sides, the Child SA on neither, and both were told why.
void
ExpectOnlyIke(const Pair& pair, NotifyType why)
{
    EXPECT_EQ(pair.a.IkeSas(), 1u);
    EXPECT_EQ(pair.b.IkeSas(), 1u);
    EXPECT_EQ(pair.a.ChildSas() + pair.b.ChildSas(), 0u);
    EXPECT_EQ(pair.a.Sa().state, "ESTABLISHED");
    EXPECT_EQ(pair.b.Sa().state, "ESTABLISHED");
    for (const auto* node : {&pair.a, &pair.b})
    {
        ASSERT_EQ(node->Count<ChildSaFailed>(), 1u);
        EXPECT_EQ(node->Last<ChildSaFailed>()->notify, why);
        EXPECT_EQ(node->Last<ChildSaFailed>()->initiator, node == &pair.a);
    }
}

TEST(FirstChild, WithoutCommonSelectorsFailsWhileTheIkeSaLives)
{
    Setting setting;
    setting.b.children.front().localTs = {testing::Subnet("172.16.0.0/12")};
    Pair pair(setting);
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ExpectOnlyIke(pair, NotifyType::TS_UNACCEPTABLE);
    EXPECT_EQ(pair.a.Ladder().back(), "< [ IDr AUTH N(TS_UNACCEPT) ]");
}

TEST(FirstChild, WithoutCommonProposalFailsWhileTheIkeSaLives)
{
    Setting setting;
    setting.b.children.front().espProposals = {testing::EspSuiteOf("aes256gcm16")};
    Pair pair(setting);
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    ExpectOnlyIke(pair, NotifyType::NO_PROPOSAL_CHOSEN);
}

/// Runs a handshake up to the IKE_AUTH request, which is lost; then B's answer is written here.
struct LyingResponder
{
    explicit LyingResponder(const Setting& setting = Setting()) : pair(setting)
    {
        pair.wire.drop = {3};
        pair.Initiate();
        pair.RunFor(milliseconds(100));
        pair.wire.loses = [](const Packet&)
        {
            return true;
        };
    }

    void
    Answer(const testing::Filler& fill)
    {
        Insider sun(*pair.a.Last<IkeKeysDerived>(), false);
        pair.Inject(pair.a, pair.ToA(), sun.Response(ExchangeType::IKE_AUTH, 1, fill));
    }

    Pair pair;
};

TEST(AuthResponse, ThatRefusesEndsTheAttemptWithoutAWord)
{
    for (const auto type : {NotifyType::AUTHENTICATION_FAILED,
                            NotifyType::INVALID_SYNTAX,
                            NotifyType::NO_PROPOSAL_CHOSEN})
    {
        LyingResponder liar;
        liar.Answer([&](wire::MessageBuilder& builder) { builder.Notify(type); });
        EXPECT_TRUE(liar.pair.a.endpoint->Empty());
        EXPECT_THAT(liar.pair.wire.log, SizeIs(3)); // nothing more was sent
        EXPECT_EQ(liar.pair.a.Count<IkeSaClosed>(), 1u);
    }
}

TEST(AuthResponse, WithoutProofIsRefusedInAnExchangeOfItsOwn)
{
    const auto nothing = [](wire::MessageBuilder&) {
    };
    const auto onlyId = [](wire::MessageBuilder& builder)
    {
        builder.Id(wire::PayloadType::IDR, {wire::IdType::ID_FQDN, Text("sun.example")});
    };
    const auto wrongProof = [](wire::MessageBuilder& builder)
    {
        const Buffer name = Text("sun.example");
        builder.Id(wire::PayloadType::IDR, {wire::IdType::ID_FQDN, name});
        builder.Auth({wire::AuthMethod::SHARED_KEY_MESSAGE_INTEGRITY_CODE, Buffer(32, 1)});
    };
    for (const testing::Filler& fill :
         {testing::Filler(nothing), testing::Filler(onlyId), testing::Filler(wrongProof)})
    {
        LyingResponder liar;
        liar.Answer(fill);
        EXPECT_EQ(liar.pair.a.Count<IkeSaEstablished>(), 0u);
        ASSERT_THAT(liar.pair.wire.log, SizeIs(4));
        EXPECT_EQ(liar.pair.a.Ladder().back(), "> [ N(AUTH_FAILED) ]");
        EXPECT_TRUE(liar.pair.RunUntilQuiet());
        EXPECT_TRUE(liar.pair.a.endpoint->Empty());
        EXPECT_EQ(liar.pair.a.Last<IkeSaClosed>()->reason, CloseReason::AUTHENTICATION);
    }
}

TEST(AuthResponse, ThatIsMalformedIsToldSo)
{
    // §2.21.2: the responder takes the SA for established; the notify ends it there.
    const auto malformed = [](wire::MessageBuilder& builder)
    {
        builder.Raw(wire::PayloadType::AUTH, false, Buffer{1});
    };
    const auto critical = [](wire::MessageBuilder& builder)
    {
        builder.Raw(wire::PayloadType{201}, true, Buffer{1});
    };
    LyingResponder first;
    first.Answer(malformed);
    EXPECT_EQ(first.pair.a.Ladder().back(), "> [ N(INVAL_SYN) ]");
    LyingResponder second;
    second.Answer(critical);
    EXPECT_EQ(second.pair.a.Ladder().back(), "> [ N(CRIT) ]");
    for (LyingResponder* liar : {&first, &second})
    {
        EXPECT_TRUE(liar->pair.RunUntilQuiet());
        EXPECT_TRUE(liar->pair.a.endpoint->Empty());
        EXPECT_EQ(liar->pair.a.Last<IkeSaClosed>()->reason, CloseReason::SETUP_FAILED);
    }
}

TEST(FirstChild, WiderThanTheOfferIsDeletedAgain)
{
    // §2.9: the answer must be a subset. B's end of it goes by a Delete.
    Setting setting;
    Pair pair(setting);
    pair.wire.drop = {3};
    pair.Initiate();
    pair.RunFor(milliseconds(100));
    const Buffer authRequest = pair.wire.log[2].message;
    // Let a B with wider selectors answer the same octets: its proof is right, its TSr is not.
    pair.wire.loses = [](const Packet& packet)
    {
        return !packet.fromA;
    };
    pair.RunFor(seconds(5));
    ASSERT_EQ(pair.b.Count<IkeSaEstablished>(), 1u);
    const auto opened = wire::ParseMessage(pair.wire.log.back().message);
    ASSERT_TRUE(opened.has_value());
    Insider sun(*pair.a.Last<IkeKeysDerived>(), false);
    const auto* keys = pair.b.Last<IkeKeysDerived>();
    MessageCodec codec(
        testing::SharedContext(),
        keys->suite,
        [&]
        {
            crypto::IkeKeys copy;
            copy.ei = keys->ei.Copy();
            copy.er = keys->er.Copy();
            return copy;
        }(),
        true);
    const auto plain = codec.Open(*opened);
    ASSERT_TRUE(plain.has_value() && plain->chain.has_value());
    const auto wider = [&](wire::MessageBuilder& builder)
    {
        for (const wire::Payload& payload : plain->chain->payloads)
        {
            if (payload.type == wire::PayloadType::TSR)
            {
                wire::TsPayload ts;
                ts.selectors.emplace_back();
                builder.Ts(wire::PayloadType::TSR, ts);
                continue;
            }
            builder.Add(payload);
        }
    };
    pair.Inject(pair.a, pair.ToA(), sun.Response(ExchangeType::IKE_AUTH, 1, wider));
    EXPECT_EQ(pair.a.Count<IkeSaEstablished>(), 1u);
    EXPECT_EQ(pair.a.Count<ChildSaInstalled>(), 0u);
    ASSERT_EQ(pair.a.Count<ChildSaFailed>(), 1u);
    EXPECT_EQ(pair.a.Last<ChildSaFailed>()->notify, NotifyType::TS_UNACCEPTABLE);
    pair.wire.loses = nullptr;
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.b.ChildSas(), 0u);
    EXPECT_EQ(pair.a.IkeSas(), 1u);
    EXPECT_EQ(pair.b.IkeSas(), 1u);
}

// ---- INITIAL_CONTACT

TEST(InitialContact, ClosesWhatThePeerForgot)
{
    // §2.4: A crashed and comes again; B drops the old SA at once.
    Pair pair;
    pair.Establish();
    pair.a.Restart();
    pair.Establish();
    EXPECT_TRUE(pair.Agree());
    ASSERT_EQ(pair.b.Count<IkeSaClosed>(), 1u);
    EXPECT_EQ(pair.b.Last<IkeSaClosed>()->reason, CloseReason::REPLACED);
    EXPECT_EQ(pair.b.Count<ChildSaRemoved>(), 1u);
}

TEST(InitialContact, IsNotSaidWhileAnotherSaWithThePeerLives)
{
    Setting setting;
    ChildConfig second = setting.a.children.front();
    second.name = "second";
    setting.a.children.push_back(second);
    Pair pair(setting);
    pair.Establish();
    ASSERT_TRUE(pair.a.endpoint->Initiate(pair.now, "net", "second").has_value());
    pair.Drain();
    pair.RunFor(seconds(1));
    EXPECT_EQ(pair.a.IkeSas(), 2u);
    EXPECT_EQ(pair.b.IkeSas(), 2u);
    EXPECT_EQ(pair.a.Ladder()[6], "> [ IDi IDr AUTH SA TSi TSr ]");
}

TEST(InitialContact, TouchesNobodyElsesSa)
{
    // Two peers of B behind one NAT: same address, other names.
    Setting setting;
    setting.b.remoteId.reset();
    Pair pair(setting);
    pair.Establish();
    Setting other = setting;
    other.a.localId = testing::Id("mars.example");
    Pair stranger(other, 5);
    // mars talks to the same B.
    std::swap(stranger.b.endpoint, pair.b.endpoint);
    stranger.now = pair.now;
    stranger.Establish();
    EXPECT_EQ(stranger.b.IkeSas(), 2u);
    std::swap(stranger.b.endpoint, pair.b.endpoint);
}

TEST(InitialContact, WithoutProofClosesNothing)
{
    Pair pair;
    pair.Establish();
    Setting other;
    other.configA.secrets = {{{}, Text("guess")}};
    Pair forger(other, 5);
    std::swap(forger.b.endpoint, pair.b.endpoint);
    forger.now = pair.now;
    forger.Establish();
    EXPECT_EQ(forger.b.IkeSas(), 1u); // moon's, untouched
    EXPECT_EQ(forger.b.ChildSas(), 1u);
    std::swap(forger.b.endpoint, pair.b.endpoint);
}

// ---- Initiate

TEST(Initiate, SaysWhatItCannotDo)
{
    Setting setting;
    setting.b.remoteAddrs.clear();
    Pair pair(setting);
    EXPECT_EQ(pair.a.endpoint->Initiate(pair.now, "nowhere", "").error().fault, Fault::NOT_FOUND);
    EXPECT_EQ(pair.a.endpoint->Initiate(pair.now, "net", "none").error().fault, Fault::NOT_FOUND);
    EXPECT_EQ(pair.b.endpoint->Initiate(pair.now, "net", "").error().fault, Fault::BAD_VALUE);
    pair.Initiate();
    EXPECT_EQ(pair.a.endpoint->Initiate(pair.now, "net", "").error().fault, Fault::UNEXPECTED);
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.a.endpoint->Initiate(pair.now, "net", "net").error().fault, Fault::UNEXPECTED);
    ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, pair.a.Sa().id).has_value());
    pair.Drain();
    pair.RunFor(seconds(1));
    EXPECT_TRUE(pair.a.endpoint->Initiate(pair.now, "net", "net").has_value());
}

TEST(Initiate, ThatIsTakenBackLeavesNothing)
{
    Pair pair;
    pair.Initiate();
    ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, pair.a.Sa().id).has_value());
    EXPECT_TRUE(pair.a.endpoint->Empty());
    pair.Drain();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.b.endpoint->Empty()); // its half-open SA timed out
    EXPECT_EQ(pair.a.Last<IkeSaClosed>()->reason, CloseReason::REQUESTED);
}

} // namespace
} // namespace ikelab::ike
