// SPDX-License-Identifier: MIT
#include "wire/fuzz_payloads.h"
#include "wire/fuzz_targets.h"
#include "wire/testing/test_files.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

/// Run a fuzz target over a folder of seeds, each whole and cut at every octet.
size_t
RunCorpus(const char* folder, void (*target)(Bytes))
{
    size_t files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(ConformanceFolder() / "corpus" / folder))
    {
        const std::string text = ReadTestFile(entry.path());
        const Buffer octets(text.begin(), text.end());
        for (size_t size = 0; size <= octets.size(); ++size)
        {
            target(Bytes(octets).first(size));
        }
        ++files;
    }
    return files;
}

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
