// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "ike/fuzz_targets.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gtest/gtest.h>

/**
 * Octets that no peer of good will sends: never a crash, never more than a bounded answer, and the
 * true handshake goes through.
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::Node;
using testing::Packet;
using testing::Pair;
using testing::Setting;

/// The datagram cut at every octet, once as it is and once with the length field made right.
std::vector<Buffer>
Truncations(const Buffer& message)
{
    std::vector<Buffer> all;
    for (size_t size = 0; size < message.size(); ++size)
    {
        all.emplace_back(message.begin(), message.begin() + static_cast<ptrdiff_t>(size));
        if (size >= wire::HEADER_OCTETS)
        {
            Buffer patched = all.back();
            for (size_t i = 0; i < 4; ++i)
            {
                patched[wire::HEADER_OCTETS - 1 - i] = static_cast<uint8_t>(size >> (8 * i));
            }
            all.push_back(std::move(patched));
        }
    }
    return all;
}

std::vector<Buffer>
BitFlips(const Buffer& message)
{
    std::vector<Buffer> all;
    for (size_t bit = 0; bit < 8 * message.size(); ++bit)
    {
        all.push_back(message);
        all.back()[bit / 8] ^= static_cast<uint8_t>(1u << (bit % 8));
    }
    return all;
}

std::vector<Buffer>
Recorded()
{
    Pair pair;
    pair.Establish();
    std::vector<Buffer> messages;
    for (const Packet& packet : pair.wire.log)
    {
        messages.push_back(packet.message);
    }
    return messages;
}

/// Run the handshake of the recording until its n-th message (from 1) is on the wire.
void
RunUntilSent(Pair& pair, size_t number)
{
    pair.Initiate();
    pair.RunFor(milliseconds(10 * (static_cast<int>(number) - 1)));
    ASSERT_EQ(pair.wire.log.size(), number);
}

class Damaged : public ::testing::TestWithParam<bool>
{
  protected:
    static std::vector<Buffer>
    Variants(const Buffer& message)
    {
        return GetParam() ? Truncations(message) : BitFlips(message);
    }
};

TEST_P(Damaged, InitRequestsKeepBoundedStateAndDoNotKeepTheTrueOneOut)
{
    const auto recorded = Recorded();
    Pair pair;
    pair.wire.loses = [](const Packet& packet)
    {
        return packet.number > 1 && !packet.fromA;
    };
    RunUntilSent(pair, 1);
    size_t injected = 0;
    for (const Buffer& variant : Variants(recorded[0]))
    {
        const size_t before = pair.wire.log.size();
        pair.Inject(pair.b, pair.ToB(), variant);
        ASSERT_LE(pair.wire.log.size(), before + 1);
        ++injected;
    }
    EXPECT_GT(injected, 300u);
    EXPECT_LE(pair.b.IkeSas(), limits::HALF_OPEN_SAS_PER_ADDRESS);
    pair.wire.loses = nullptr;
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    EXPECT_TRUE(pair.KeysAgree());
}

TEST_P(Damaged, InitResponsesAreIgnoredOrEndInACleanFailure)
{
    // RFC 7296 §2.4: the first answer that fits is taken, it cannot be told from the true one.
    const auto recorded = Recorded();
    size_t survived = 0;
    for (const Buffer& variant : Variants(recorded[1]))
    {
        Pair pair;
        RunUntilSent(pair, 2);
        pair.Inject(pair.a, pair.ToA(), variant);
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_LE(pair.wire.log.size(), 32u);
        survived += pair.Agree() ? 1 : 0;
        if (!pair.Agree())
        {
            EXPECT_TRUE(pair.a.endpoint->Empty());
            EXPECT_TRUE(pair.b.endpoint->Empty());
            EXPECT_EQ(pair.a.Count<IkeSaClosed>(), 1u);
            EXPECT_EQ(pair.a.Count<ChildSaInstalled>(), 0u);
        }
    }
    EXPECT_GT(survived, 200u);
}

TEST_P(Damaged, ProtectedMessagesChangeNothing)
{
    const auto recorded = Recorded();
    for (const size_t number : {size_t{3}, size_t{4}})
    {
        Pair pair;
        RunUntilSent(pair, number);
        Node& node = number == 3 ? pair.b : pair.a;
        const Path path = number == 3 ? pair.ToB() : pair.ToA();
        for (const Buffer& variant : Variants(recorded[number - 1]))
        {
            const size_t told = node.events.size();
            pair.Inject(node, path, variant);
            ASSERT_LE(node.events.size(), told + 3);
        }
        EXPECT_LE(pair.wire.log.size(), number + limits::UNPROTECTED_ANSWERS_PER_SECOND);
        EXPECT_TRUE(pair.RunUntilQuiet());
        EXPECT_TRUE(pair.Agree());
        EXPECT_TRUE(pair.KeysAgree());
        EXPECT_EQ(pair.b.Count<IkeSaEstablished>(), 1u);
    }
}

INSTANTIATE_TEST_SUITE_P(,
                         Damaged,
                         ::testing::Bool(),
                         [](const auto& cut) { return cut.param ? "ByTruncation" : "ByBitFlip"; });

/// Datagrams between noise and nearly right.
class Noise
{
  public:
    explicit Noise(uint64_t seed) : m_dice(seed)
    {
    }

    Buffer
    Datagram(const std::vector<Packet>& log, const crypto::IkeSpis& spis)
    {
        const uint32_t kind = m_dice.U32() % 4;
        if (kind == 0 || log.empty())
        {
            return Octets(m_dice.U32() % 400);
        }
        if (kind == 1)
        {
            Buffer octets = log[m_dice.U32() % log.size()].message;
            for (uint32_t changes = 1 + m_dice.U32() % 4; changes > 0 && !octets.empty(); --changes)
            {
                octets[m_dice.U32() % octets.size()] = static_cast<uint8_t>(m_dice.U32());
            }
            return octets;
        }
        // A right header for this SA, then noise with or without an SK payload header.
        wire::Header header;
        header.initiatorSpi = m_dice.U32() % 8 == 0 ? IkeSpi{m_dice.U64()} : spis.initiator;
        header.responderSpi = m_dice.U32() % 8 == 0 ? IkeSpi{} : spis.responder;
        header.exchange = wire::ExchangeType{static_cast<uint8_t>(34 + m_dice.U32() % 5)};
        header.flags = static_cast<uint8_t>(m_dice.U32());
        header.messageId = MessageId{m_dice.U32() % 5};
        const Buffer body = Octets(m_dice.U32() % 120);
        return testing::ClearMessage(
            header,
            [&](wire::MessageBuilder& builder)
            {
                const auto type =
                    kind == 2 ? wire::PayloadType::SK
                              : wire::PayloadType{static_cast<uint8_t>(33 + m_dice.U32() % 20)};
                builder.Raw(type, m_dice.U32() % 2 == 0, body);
            });
    }

  private:
    Buffer
    Octets(size_t count)
    {
        Buffer octets(count);
        m_dice.Fill(octets);
        return octets;
    }

    SeededRandom m_dice;
};

/// Throw noise at both ends in the state that they are in.
void
Bombard(Pair& pair, uint64_t seed)
{
    Noise noise(seed);
    for (int i = 0; i < 2000; ++i)
    {
        Node& node = i % 2 == 0 ? pair.a : pair.b;
        const Path path = i % 2 == 0 ? pair.ToA() : pair.ToB();
        const auto* keys = pair.a.Last<IkeKeysDerived>();
        const crypto::IkeSpis spis = keys ? keys->spis : pair.a.Sa().spis;
        const std::vector<Packet> log(
            pair.wire.log.begin(),
            pair.wire.log.begin() +
                static_cast<ptrdiff_t>(std::min<size_t>(pair.wire.log.size(), 8)));
        const size_t sent = pair.wire.log.size();
        const size_t told = node.events.size();
        pair.Inject(node, path, noise.Datagram(log, spis));
        ASSERT_LE(pair.wire.log.size(), sent + 1);
        ASSERT_LE(node.events.size(), told + 6);
    }
    EXPECT_LE(pair.a.IkeSas(), 1 + limits::HALF_OPEN_SAS_PER_ADDRESS);
    EXPECT_LE(pair.b.IkeSas(), 1 + limits::HALF_OPEN_SAS_PER_ADDRESS);
}

TEST(Noise, LeavesIdleEndpointsIdle)
{
    Pair pair;
    Bombard(pair, 1);
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.a.endpoint->Empty());
    pair.Initiate();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
}

TEST(Noise, LeavesHalfOpenSasToTheirPeer)
{
    Pair pair;
    RunUntilSent(pair, 3); // A waits for IKE_AUTH, B is half-open
    Bombard(pair, 2);
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    EXPECT_TRUE(pair.KeysAgree());
}

TEST(Noise, LeavesEstablishedSasEstablished)
{
    Pair pair;
    pair.Establish();
    Bombard(pair, 3);
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.Agree());
    ASSERT_TRUE(pair.a.endpoint->CheckLiveness(pair.now, pair.a.Sa().id).has_value());
    pair.Drain();
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_EQ(pair.a.Count<PeerAlive>(), 1u);
}

TEST(Noise, DoesNotDisturbAGoodbye)
{
    Pair pair;
    pair.Establish();
    ASSERT_TRUE(pair.a.endpoint->CloseIkeSa(pair.now, pair.a.Sa().id).has_value());
    pair.Drain();
    Bombard(pair, 4); // A deletes
    pair.RunFor(milliseconds(15));
    Bombard(pair, 5); // B lingers
    EXPECT_TRUE(pair.RunUntilQuiet());
    EXPECT_TRUE(pair.a.endpoint->Empty());
    EXPECT_TRUE(pair.b.endpoint->Empty());
    EXPECT_EQ(pair.b.All<IkeSaClosed>().front()->reason, CloseReason::PEER_DELETED);
}

TEST(FuzzEndpoint, KeepsItsPropertiesOverRandomScripts)
{
    for (uint64_t seed = 1; seed <= 1500; ++seed)
    {
        SCOPED_TRACE(seed);
        SeededRandom dice(seed, 77);
        Buffer script(dice.U32() % 160);
        dice.Fill(script);
        FuzzEndpoint(script);
        // The same behind an established SA, where most of the code is.
        Buffer behind{0x80 + 4, 1, 1, 1, 1};
        behind[0] = 0x84; // step 132 % 11 == 0 at A: initiate
        Append(behind, script);
        FuzzEndpoint(behind);
    }
}

} // namespace
} // namespace ikelab::ike
