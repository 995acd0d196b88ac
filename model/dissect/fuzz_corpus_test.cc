// SPDX-License-Identifier: MIT
#include "dissect/fuzz_targets.h"
#include "wire/testing/test_files.h"

#include <gtest/gtest.h>

namespace ikelab::dissect
{

namespace
{

/// Every file of a corpus as it is, cut at every octet, and with every octet changed.
size_t
RunCorpus(const std::string& name, void (*target)(Bytes))
{
    size_t files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(wire::ConformanceFolder() / "corpus" / name))
    {
        const std::string text = wire::ReadTestFile(entry.path());
        const Buffer seed(text.begin(), text.end());
        for (size_t octets = 0; octets <= seed.size(); ++octets)
        {
            target(Bytes(seed).first(octets));
            if (octets < seed.size())
            {
                Buffer changed = seed;
                changed[octets] ^= 0x21;
                target(changed);
            }
        }
        ++files;
    }
    return files;
}

} // namespace

TEST(FuzzCorpus, OfCapturesKeepsEveryProperty)
{
    EXPECT_GE(RunCorpus("capture", FuzzCapture), 6u);
}

TEST(FuzzCorpus, OfIkeFragmentsKeepsEveryProperty)
{
    EXPECT_GE(RunCorpus("ike_fragments", FuzzIkeFragments), 3u);
}

TEST(FuzzCorpus, OfKeyTablesKeepsEveryProperty)
{
    EXPECT_GE(RunCorpus("key_table", FuzzKeyTable), 3u);
}

} // namespace ikelab::dissect
