// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"
#include "base/random_source.h"
#include "ike/fuzz_targets.h"
#include "ike/testing/pair.h"
#include "wire/message.h"
#include "wire/testing/corpus.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <string>

/**
 * The seeds of conformance/corpus/ike_endpoint: scripts by hand, and what two endpoints said in the
 * stories below (said_*.bin). To write those anew:
 *
 *     IKELAB_WRITE_SEEDS=1 ike_test --gtest_filter='FuzzCorpus.*'
 */
namespace ikelab::ike
{
namespace
{

using std::chrono::seconds;
using testing::Packet;
using testing::Pair;
using testing::Setting;

constexpr uint8_t AT_A = 0x80;
/// Steps that FuzzEndpoint takes at an end: what Play::Step makes of them.
constexpr uint8_t INITIATE_AT_A = AT_A + 4;
constexpr uint8_t THROW_AT_A = AT_A + 1;
constexpr uint8_t THROW_AT_B = 8;
constexpr uint8_t LONG_MATTER = 0xff;

void
AppendThrow(Buffer& script, bool atA, Bytes datagram)
{
    script.push_back(atA ? THROW_AT_A : THROW_AT_B);
    script.push_back(LONG_MATTER);
    script.push_back(static_cast<uint8_t>(datagram.size() >> 8));
    script.push_back(static_cast<uint8_t>(datagram.size()));
    Append(script, datagram);
}

/// Everything that was said, thrown at who was to hear it: both are strangers.
Buffer
FromStrangers(const Pair& pair)
{
    Buffer script;
    for (const Packet& packet : pair.wire.log)
    {
        AppendThrow(script, !packet.fromA, packet.message);
    }
    return script;
}

/// A says what it said, as its dice fall alike, and hears what B answered; B itself hears nothing.
Buffer
FromTheOtherEnd(const Pair& pair)
{
    Buffer script{INITIATE_AT_A};
    for (const Packet& packet : pair.wire.log)
    {
        if (!packet.fromA)
        {
            AppendThrow(script, true, packet.message);
        }
    }
    return script;
}

void
CloseEverything(Pair& pair)
{
    pair.Establish();
    pair.RunFor(seconds(10)); // what was lost is sent again
    ASSERT_TRUE(pair.a.endpoint->CheckLiveness(pair.now, pair.a.Sa().id).has_value());
    pair.RunFor(seconds(1));
    ASSERT_TRUE(pair.b.endpoint->CloseChildSa(pair.now, pair.b.Child().id).has_value());
    pair.RunFor(seconds(1));
    ASSERT_TRUE(pair.b.endpoint->CloseIkeSa(pair.now, pair.b.Sa().id).has_value());
    ASSERT_TRUE(pair.RunUntilQuiet());
}

std::map<std::string, Buffer>
Stories()
{
    std::map<std::string, Buffer> stories;
    Pair all;
    CloseEverything(all);
    stories["everything_to_strangers"] = FromStrangers(all);
    stories["everything_to_the_initiator"] = FromTheOtherEnd(all);

    Setting refused;
    refused.b.children.front().localTs = {testing::Subnet("172.16.0.0/12")};
    Pair unacceptable(refused);
    unacceptable.Initiate();
    EXPECT_TRUE(unacceptable.RunUntilQuiet());
    stories["no_common_selectors"] = FromTheOtherEnd(unacceptable);

    Setting unproven;
    unproven.configB.secrets = {{{}, Buffer(8, 'x')}};
    Pair stranger(unproven);
    stranger.Initiate();
    EXPECT_TRUE(stranger.RunUntilQuiet());
    stories["wrong_secret"] = FromTheOtherEnd(stranger);

    Setting busy;
    busy.configB.cookieThreshold = 0;
    Pair cookie(busy);
    cookie.Initiate();
    EXPECT_TRUE(cookie.RunUntilQuiet());
    stories["cookie"] = FromTheOtherEnd(cookie);

    Pair lossy;
    lossy.wire.drop = {2};
    lossy.wire.duplicate = {3, 4};
    CloseEverything(lossy);
    stories["lost_and_repeated"] = FromStrangers(lossy);
    return stories;
}

/// How many datagrams of a story's script are IKE messages.
size_t
MessagesIn(const Buffer& script)
{
    ByteReader reader(script);
    size_t messages = 0;
    uint8_t step;
    uint8_t mark;
    uint16_t octets;
    Bytes datagram;
    while (reader.U8(step))
    {
        if (step != INITIATE_AT_A && reader.U8(mark) && reader.U16(octets) &&
            reader.Take(octets, datagram))
        {
            messages += wire::ParseMessage(datagram) ? 1 : 0;
        }
    }
    return messages;
}

TEST(FuzzCorpus, OfIkeEndpointsKeepsEveryProperty)
{
    const auto seeds = wire::Seeds("ike_endpoint");
    EXPECT_GE(seeds.size(), 18u);
    constexpr size_t SHORT_OCTETS = 64; // by hand: cut and changed at every octet
    for (const Buffer& seed : seeds)
    {
        if (seed.size() <= SHORT_OCTETS)
        {
            wire::RunSeed(seed, FuzzEndpoint);
        }
        FuzzEndpoint(seed);
    }
}

TEST(FuzzCorpus, OfIkeEndpointsKeepsEveryPropertyWhenMutated)
{
    const auto seeds = wire::Seeds("ike_endpoint");
    ASSERT_FALSE(seeds.empty());
    SeededRandom random(12);
    for (int round = 0; round < 1000; ++round)
    {
        // Two seeds, one behind the other, a few octets changed, cut somewhere.
        Buffer input = seeds[random.U32() % seeds.size()];
        Append(input, seeds[random.U32() % seeds.size()]);
        for (uint32_t changes = random.U32() % 6; changes > 0; --changes)
        {
            input[random.U32() % input.size()] = static_cast<uint8_t>(random.U32());
        }
        if (round % 4 == 0)
        {
            input.resize(random.U32() % input.size());
        }
        FuzzEndpoint(input);
    }
}

void
WriteSeeds()
{
    for (const auto& [name, script] : Stories())
    {
        std::ofstream file(wire::ConformanceFolder() / "corpus/ike_endpoint" /
                               ("said_" + name + ".bin"),
                           std::ios::binary);
        file.write(reinterpret_cast<const char*>(script.data()),
                   static_cast<std::streamsize>(script.size()));
        EXPECT_TRUE(file.good()) << name;
    }
}

TEST(FuzzCorpus, OfIkeEndpointsHoldsWhatTheyReallySay)
{
    if (std::getenv("IKELAB_WRITE_SEEDS"))
    {
        WriteSeeds();
    }
    size_t messages = 0;
    for (const Buffer& seed : wire::Seeds("ike_endpoint"))
    {
        messages += MessagesIn(seed);
    }
    EXPECT_GE(messages, 30u);
    for (const auto& [name, script] : Stories())
    {
        SCOPED_TRACE(name);
        EXPECT_GE(MessagesIn(script), 2u);
        FuzzEndpoint(script);
    }
}

} // namespace
} // namespace ikelab::ike
