// SPDX-License-Identifier: MIT
#include "base/testing/test_name.h"
#include "ike/testing/pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

/**
 * The first four messages when nothing goes wrong, RFC 7296 §1.2.
 */
namespace ikelab::ike
{
namespace
{

using ::testing::ElementsAre;
using testing::Pair;
using testing::Setting;
using ::testing::TestWithParam;
using ::testing::Values;
using ::testing::ValuesIn;

TEST(Handshake, TakesFourMessagesAndMakesOneIkeSaAndOneChildSa)
{
    Pair pair;
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    EXPECT_TRUE(pair.KeysAgree());
    EXPECT_EQ(pair.wire.log.size(), 4u);
    EXPECT_THAT(pair.a.Ladder(),
                ElementsAre("> [ SA KE No N(NATD_S_IP) N(NATD_D_IP) ]",
                            "< [ SA KE No N(NATD_S_IP) N(NATD_D_IP) ]",
                            "> [ IDi N(INIT_CONTACT) IDr AUTH SA TSi TSr ]",
                            "< [ IDr AUTH SA TSi TSr ]"));
    EXPECT_EQ(pair.b.Count<IkeKeysDerived>(), 1u);
    EXPECT_EQ(pair.b.Count<IkeSaEstablished>(), 1u);
    EXPECT_EQ(pair.b.Count<ChildSaInstalled>(), 1u);
    EXPECT_EQ(pair.a.Count<MessageRejected>() + pair.b.Count<MessageRejected>(), 0u);
}

TEST(Handshake, TellsWhoIsWhoAndHowLongItTook)
{
    Pair pair;
    pair.Establish();
    const auto* established = pair.a.Last<IkeSaEstablished>();
    ASSERT_NE(established, nullptr);
    EXPECT_TRUE(established->initiator);
    EXPECT_EQ(established->connection, "net");
    EXPECT_EQ(established->localId, testing::Id("moon.example"));
    EXPECT_EQ(established->remoteId, testing::Id("sun.example"));
    EXPECT_EQ(established->setupTime, std::chrono::milliseconds(40)); // four times 10 ms
    EXPECT_FALSE(established->natLocal || established->natRemote);
    const auto* answered = pair.b.Last<IkeSaEstablished>();
    ASSERT_NE(answered, nullptr);
    EXPECT_FALSE(answered->initiator);
    EXPECT_EQ(answered->setupTime, std::chrono::milliseconds(20)); // from the first octet received
}

TEST(Handshake, InstallsWhatWasNegotiated)
{
    Pair pair;
    pair.Establish();
    const auto* installed = pair.b.Last<ChildSaInstalled>();
    ASSERT_NE(installed, nullptr);
    EXPECT_EQ(installed->localTs, Selectors{testing::Subnet("10.2.0.0/16")});
    EXPECT_EQ(installed->remoteTs, Selectors{testing::Subnet("10.1.0.0/16")});
    EXPECT_EQ(installed->mode, Mode::TUNNEL);
    EXPECT_FALSE(installed->initiator);
    EXPECT_FALSE(installed->udpEncapsulation);
    EXPECT_EQ(installed->suite.ToString(), "AES_GCM_16_128/NO_EXT_SEQ");
    EXPECT_GE(installed->inboundSpi.value, 256u); // RFC 4303 §2.1
    EXPECT_EQ(installed->path, (Path{testing::Socket("192.0.2.2"), testing::Socket("192.0.2.1")}));
}

TEST(Handshake, RepeatsItselfFromOneSeedAndDiffersWithAnother)
{
    Pair once(Setting(), 7);
    Pair again(Setting(), 7);
    Pair other(Setting(), 8);
    for (Pair* pair : {&once, &again, &other})
    {
        pair->Establish();
        ASSERT_EQ(pair->wire.log.size(), 4u);
    }
    for (size_t i = 0; i < 4; ++i)
    {
        EXPECT_EQ(once.wire.log[i].message, again.wire.log[i].message);
        EXPECT_NE(once.wire.log[i].message, other.wire.log[i].message);
    }
}

TEST(Handshake, WorksFromEitherEndAtOnce)
{
    // Both start: two IKE SAs are legal, each with its Child SA; nobody hangs or errs.
    Pair pair;
    pair.Initiate();
    pair.InitiateFromB();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.a.IkeSas(), 2u);
    EXPECT_EQ(pair.b.IkeSas(), 2u);
    EXPECT_EQ(pair.a.ChildSas(), 2u);
    EXPECT_EQ(pair.b.ChildSas(), 2u);
}

TEST(Handshake, InTransportModeSaysSoAndMeansIt)
{
    Setting setting;
    for (ConnectionConfig* connection : {&setting.a, &setting.b})
    {
        ChildConfig& child = connection->children.front();
        child.mode = Mode::TRANSPORT;
        child.localTs.clear(); // the ends themselves
        child.remoteTs.clear();
    }
    Pair pair(setting);
    pair.Establish();
    EXPECT_TRUE(pair.Agree());
    EXPECT_EQ(pair.a.Last<ChildSaInstalled>()->mode, Mode::TRANSPORT);
    EXPECT_EQ(pair.b.Last<ChildSaInstalled>()->mode, Mode::TRANSPORT);
    EXPECT_EQ(pair.a.Child().localTs, Selectors{testing::Subnet("192.0.2.1")});
}

TEST(Handshake, FallsBackToTunnelModeWhereTheResponderDoesNotAgree)
{
    // RFC 7296 §1.3.1: without USE_TRANSPORT_MODE in the response it is a tunnel.
    Setting setting;
    setting.a.children.front().mode = Mode::TRANSPORT;
    Pair pair(setting);
    pair.Establish();
    EXPECT_TRUE(pair.Agree());
    EXPECT_EQ(pair.a.Last<ChildSaInstalled>()->mode, Mode::TUNNEL);
    EXPECT_EQ(pair.b.Last<ChildSaInstalled>()->mode, Mode::TUNNEL);
}

struct Suites
{
    std::string_view ike;
    std::string_view esp;
};

std::vector<Suites>
AllSuites()
{
    std::vector<Suites> suites{
        {"aes128gcm16-prfsha256-x25519", "aes128gcm16"},
        {"aes192gcm16-prfsha256-x25519", "aes192gcm16"},
        {"aes256gcm16-prfsha384-x25519", "aes256gcm16"},
        {"chacha20poly1305-prfsha512-x25519", "chacha20poly1305"},
        {"aes128-sha256-prfsha256-x25519", "aes128-sha256"},
        {"aes192-sha384-prfsha384-x25519", "aes192-sha384"},
        {"aes256-sha384-prfsha384-x25519", "aes256-sha384"},
        {"aes256-sha512-prfsha512-x25519", "aes256-sha512"},
        {"aes128-sha1-prfsha1-x25519", "aes128-sha1"},
        {"aes128gcm16-prfsha256-ecp256", "null-sha256"},
        {"aes256gcm16-prfsha384-ecp384", "aes256gcm16"},
        {"aes128gcm16-prfsha512-ecp521", "aes128gcm16"},
        {"aes128-sha256-prfsha256-modp2048", "aes128-sha256"},
        {"aes128gcm16-prfsha256-modp3072", "aes128gcm16"},
    };
    return suites;
}

class HandshakeWith : public TestWithParam<Suites>
{
};

TEST_P(HandshakeWith, EverySuiteGivesBothEndsTheSameKeys)
{
    for (Setting setting : {Setting(), Setting::V6()})
    {
        setting.a.proposals = setting.b.proposals = {testing::IkeSuiteOf(GetParam().ike)};
        setting.a.children.front().espProposals =
            setting.b.children.front().espProposals = {testing::EspSuiteOf(GetParam().esp)};
        Pair pair(setting);
        pair.Establish();
        EXPECT_TRUE(pair.Agree());
        EXPECT_TRUE(pair.KeysAgree());
        const IkeProposal wanted = setting.a.proposals.front();
        const crypto::IkeSuite suite = pair.a.Sa().suite;
        EXPECT_EQ(suite.encr, wanted.encr.front());
        EXPECT_EQ(suite.prf, wanted.prf.front());
        EXPECT_EQ(suite.ke, wanted.ke.front());
        EXPECT_EQ(suite.integ, wanted.integ.empty() ? nullptr : wanted.integ.front());
    }
}

INSTANTIATE_TEST_SUITE_P(,
                         HandshakeWith,
                         ValuesIn(AllSuites()),
                         [](const auto& suites) {
                             return ikelab::TestName(std::string(suites.param.ike) + "__" +
                                                     std::string(suites.param.esp));
                         });

TEST(Handshake, NeedsNoRoundTripMoreWhereTheResponderAcceptsTheGuessedGroup)
{
    // RFC 7296 §2.7: of several groups that both accept, the one of the KE payload is taken.
    Setting setting;
    setting.a.proposals = {testing::IkeSuiteOf("aes128gcm16-prfsha256-ecp256-x25519")};
    setting.b.proposals = {testing::IkeSuiteOf("aes128gcm16-prfsha256-x25519-ecp256")};
    Pair pair(setting);
    pair.Establish();
    EXPECT_EQ(pair.wire.log.size(), 4u);
    EXPECT_EQ(pair.a.Sa().suite.ke, testing::KeyExchange("ecp256"));
    EXPECT_TRUE(pair.KeysAgree());
}

TEST(Handshake, TakesExtendedSequenceNumbersWhereBothWantThem)
{
    Setting setting;
    setting.a.children.front().espProposals.front().esn = {wire::Esn::ESN, wire::Esn::NO_ESN};
    setting.b.children.front().espProposals.front().esn = {wire::Esn::ESN};
    Pair pair(setting);
    pair.Establish();
    EXPECT_TRUE(pair.Agree());
    EXPECT_TRUE(pair.a.Child().suite.esn);
}

} // namespace
} // namespace ikelab::ike
