// SPDX-License-Identifier: MIT
#include "esp/fuzz_targets.h"
#include "wire/testing/test_files.h"

#include <gtest/gtest.h>

namespace ikelab::esp
{
namespace
{

TEST(FuzzCorpus, OfEspOpenKeepsEveryProperty)
{
    size_t files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(wire::ConformanceFolder() / "corpus/esp_open"))
    {
        const std::string text = wire::ReadTestFile(entry.path());
        const Buffer seed(text.begin(), text.end());
        for (size_t octets = 0; octets <= seed.size(); ++octets)
        {
            Buffer input = seed;
            input.resize(octets);
            FuzzEspOpen(input);
            if (octets < seed.size())
            {
                input = seed;
                input[octets] ^= 0x21;
                FuzzEspOpen(input);
            }
        }
        ++files;
    }
    EXPECT_GE(files, 6u);
}

} // namespace
} // namespace ikelab::esp
