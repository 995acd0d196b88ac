// SPDX-License-Identifier: MIT
// Runs every set of published vectors, prints its counts and asks for their exact numbers.
#include "crypto/testing/vector_support.h"

#include <array>
#include <cstdio>

namespace ikelab::crypto
{
namespace
{

std::vector<VectorSet>
AllSets()
{
    std::vector<VectorSet> all;
    for (const auto sets : {AeadSets(), CipherSets(), MacSets(), GroupSets()})
    {
        all.insert(all.end(), sets.begin(), sets.end());
    }
    return all;
}

class Vectors : public testing::TestWithParam<VectorSet>
{
};

TEST_P(Vectors, Agree)
{
    const VectorSet& set = GetParam();
    VectorRun run;
    set.run(run);
    std::printf("[ VECTORS  ] %s: %u agreed, %u refused as they must be, %u not expressible\n",
                set.name,
                run.agreed,
                run.refused,
                run.Skipped());
    for (const auto& [reason, cases] : run.skipped)
    {
        std::printf("[ VECTORS  ]     %u: %s\n", cases, reason.c_str());
    }
    RecordProperty("agreed", static_cast<int>(run.agreed));
    RecordProperty("refused", static_cast<int>(run.refused));
    RecordProperty("not_expressible", static_cast<int>(run.Skipped()));
    EXPECT_EQ(run.agreed, set.agreed);
    EXPECT_EQ(run.refused, set.refused);
    EXPECT_EQ(run.Skipped(), set.notExpressible);
}

INSTANTIATE_TEST_SUITE_P(,
                         Vectors,
                         testing::ValuesIn(AllSets()),
                         [](const testing::TestParamInfo<VectorSet>& set)
                         { return std::string(set.param.name); });

// A new row of the table needs its vectors before this passes. NULL has nothing to answer; nobody
// published any for RFC 8750's rows, whose ciphers are those of rows that send their IVs
// (PacketCipherTest compares them).
TEST(VectorTable, HasAnAnswerForEveryRow)
{
    VectorRun run;
    for (const VectorSet& set : AllSets())
    {
        set.run(run);
    }
    const auto expectAnswers = [&run](const auto& rows)
    {
        for (const auto& row : rows)
        {
            EXPECT_GT(run.answers[row.name], 0u) << row.name;
        }
    };
    std::vector<EncrRow> ciphers;
    std::ranges::copy_if(EncrRows(),
                         std::back_inserter(ciphers),
                         [](const EncrRow& row)
                         { return !row.ImplicitIv() && row.id != wire::Encr::ENCR_NULL; });
    EXPECT_EQ(ciphers.size(), EncrRows().size() - 8);
    expectAnswers(ciphers);
    expectAnswers(PrfRows());
    expectAnswers(IntegRows());
    expectAnswers(KeRows());
}

} // namespace
} // namespace ikelab::crypto
