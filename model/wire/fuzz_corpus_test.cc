// SPDX-License-Identifier: MIT
#include "wire/fuzz_payloads.h"
#include "wire/fuzz_targets.h"
#include "wire/testing/corpus.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

TEST(FuzzCorpus, OfIkeMessagesKeepsEveryProperty)
{
    EXPECT_GE(RunCorpus("ike_message", FuzzIkeMessage), 10u);
}

TEST(FuzzCorpus, OfUdpEncapsulationKeepsEveryProperty)
{
    EXPECT_GE(RunCorpus("udp_encapsulated", FuzzUdpEncapsulated), 5u);
}

TEST(FuzzCorpus, OfPayloadsKeepsEveryProperty)
{
    EXPECT_GE(RunCorpus("payload", FuzzPayload), 30u);
}

TEST(FuzzCorpus, OfNotifyDataKeepsEveryProperty)
{
    EXPECT_GE(RunCorpus("notify_data", FuzzNotifyData), 30u);
}

TEST(FuzzCorpus, OfIdentitiesKeepsEveryProperty)
{
    EXPECT_GE(RunCorpus("identity", FuzzIdentity), 8u);
}

TEST(FuzzCorpus, OfFragmentHeadsKeepsEveryProperty)
{
    EXPECT_GE(RunCorpus("skf", FuzzSkf), 3u);
}

} // namespace
} // namespace ikelab::wire
