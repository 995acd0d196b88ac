// SPDX-License-Identifier: GPL-2.0-only
#include "runner/fuzz_targets.h"
#include "wire/testing/corpus.h"

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
            wire::RunSeed(wire::ReadSeed(entry.path()), FuzzScenario);
            ++files;
        }
    }
    EXPECT_GE(files, 8u);
}

} // namespace ikelab::runner
