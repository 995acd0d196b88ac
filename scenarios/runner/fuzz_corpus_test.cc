// SPDX-License-Identifier: GPL-2.0-only
#include "runner/fuzz_targets.h"
#include "wire/testing/test_files.h"

#include <gtest/gtest.h>

namespace ikelab::runner
{

TEST(FuzzCorpus, OfScenariosKeepsEveryProperty)
{
    size_t files = 0;
    for (const auto& folder : {wire::ConformanceFolder() / "corpus/scenario",
                               wire::ConformanceFolder().parent_path() / "scenarios"})
    {
        for (const auto& entry : std::filesystem::directory_iterator(folder))
        {
            if (entry.path().extension() != ".json" && entry.path().extension() != ".txt")
            {
                continue;
            }
            const std::string text = wire::ReadTestFile(entry.path());
            const Buffer seed(text.begin(), text.end());
            for (size_t octets = 0; octets <= seed.size(); ++octets)
            {
                FuzzScenario(Bytes(seed).first(octets));
                if (octets < seed.size())
                {
                    Buffer changed = seed;
                    changed[octets] ^= static_cast<uint8_t>(1 + octets % 127);
                    FuzzScenario(changed);
                }
            }
            ++files;
        }
    }
    EXPECT_GE(files, 8u);
}

} // namespace ikelab::runner
