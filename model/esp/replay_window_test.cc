// SPDX-License-Identifier: MIT
#include "base/random_source.h"
#include "esp/replay_window.h"

#include <gtest/gtest.h>

#include <set>

namespace ikelab::esp
{
namespace
{

/// What RFC 4303 §3.4.3 says, with a set and no cleverness.
class Model
{
  public:
    explicit Model(uint32_t size) : m_size(size)
    {
    }

    bool
    Accepts(uint64_t sequence) const
    {
        const bool leftOfWindow = sequence + m_size <= m_highest;
        return sequence != 0 && !leftOfWindow && !m_seen.contains(sequence);
    }

    void
    Record(uint64_t sequence)
    {
        m_seen.insert(sequence);
        m_highest = std::max(m_highest, sequence);
    }

    uint64_t m_highest{0};

  private:
    uint32_t m_size;
    std::set<uint64_t> m_seen;
};

constexpr uint32_t SIZES[] = {32, 33, 63, 64, 65, 100, 127, 128, 1024, 4000, 65536};

TEST(ReplayWindow, AgreesWithASetForEverySizeAndRandomOrder)
{
    SeededRandom random(11);
    for (const uint32_t size : SIZES)
    {
        ReplayWindow window(size);
        Model model(size);
        for (int step = 0; step < 20000; ++step)
        {
            // Mostly around the edges, now and then a jump of up to three windows.
            const int64_t spread = step % 50 == 0 ? int64_t{3} * size : int64_t{size} + 80;
            const int64_t offset = static_cast<int64_t>(random.U64() % (2 * spread)) - spread;
            const int64_t wanted = static_cast<int64_t>(model.m_highest) + offset / (step % 3 + 1);
            const uint32_t sequence = wanted < 0 ? 0 : static_cast<uint32_t>(wanted);
            const auto found = window.Find(sequence);
            ASSERT_EQ(found.has_value(), model.Accepts(sequence))
                << "size " << size << " sequence " << sequence << " highest " << model.m_highest;
            if (found && random.U32() % 4 != 0) // some do not verify: they leave no trace
            {
                EXPECT_EQ(*found, sequence);
                window.Record(*found);
                model.Record(sequence);
            }
        }
        EXPECT_EQ(window.Highest(), model.m_highest);
    }
}

TEST(ReplayWindow, RefusesWhatItRecordedAndWhatIsLeftOfIt)
{
    for (const uint32_t size : SIZES)
    {
        ReplayWindow window(size);
        window.Record(*window.Find(size + 100));
        EXPECT_FALSE(window.Find(size + 100)) << size;
        EXPECT_TRUE(window.Find(101)) << size << ": the left edge is inside";
        EXPECT_FALSE(window.Find(100)) << size;
        EXPECT_TRUE(window.Find(size + 101)) << size;
    }
}

TEST(ReplayWindow, ForgetsNothingWhenAPacketIsOnlyAskedAbout)
{
    ReplayWindow window(64);
    EXPECT_TRUE(window.Find(5000));
    EXPECT_TRUE(window.Find(5000)) << "not recorded: its ICV may have been wrong";
    EXPECT_TRUE(window.Find(1)) << "the window must not have moved";
}

TEST(ReplayWindow, AcceptsNoZero)
{
    EXPECT_FALSE(ReplayWindow(64).Find(0));
    EXPECT_FALSE(ReplayWindow(64, true).Find(0));
}

TEST(ReplayWindow, TakesEverythingWhenItIsOff)
{
    ReplayWindow window(0);
    for (int i = 0; i < 3; ++i)
    {
        ASSERT_TRUE(window.Find(7));
        window.Record(7);
    }
    EXPECT_TRUE(window.Find(1));
    EXPECT_EQ(window.Highest(), 7u);
}

TEST(ReplayWindow, BringsOddSizesIntoItsBounds)
{
    EXPECT_EQ(ReplayWindow(1).Size(), 32u);
    EXPECT_EQ(ReplayWindow(1u << 20).Size(), 65536u);
    EXPECT_EQ(ReplayWindow(100).Size(), 100u);
}

TEST(ReplayWindow, ClearsTheRingAfterAJumpOfExactlyItsLength)
{
    ReplayWindow window(64);
    for (uint32_t sequence = 1; sequence <= 256; ++sequence)
    {
        ASSERT_TRUE(window.Find(sequence));
        window.Record(sequence);
    }
    window.Record(*window.Find(256 + 256));
    for (uint32_t sequence = 512 - 63; sequence < 512; ++sequence)
    {
        EXPECT_TRUE(window.Find(sequence)) << sequence;
    }
}

TEST(ReplayWindow, StaysRightAtTheLastNumberOf32Bits)
{
    ReplayWindow window(64);
    window.Record(*window.Find(0xffffffff));
    EXPECT_FALSE(window.Find(0xffffffff));
    EXPECT_TRUE(window.Find(0xffffffff - 63));
    EXPECT_FALSE(window.Find(0xffffffff - 64));
    EXPECT_FALSE(window.Find(1)) << "without ESN there is no next space";
}

TEST(ReplayWindowEsn, FindsTheHighHalfAcrossTheBorderOfASpace)
{
    // RFC 4303 appendix A2.2, both cases
    ReplayWindow window(64, true);
    window.Record(0xfffffff0);
    EXPECT_EQ(window.Find(0xfffffffe), 0xfffffffeu);    // case A, right of the window
    EXPECT_EQ(window.Find(0xffffffd0), 0xffffffd0u);    // case A, inside
    EXPECT_EQ(window.Find(0x00000005), 0x1'0000'0005u); // case A, next space
    window.Record(0x1'0000'0005);
    EXPECT_EQ(window.Find(0xfffffff1), 0xfffffff1u);    // case B, the space before
    EXPECT_FALSE(window.Find(0xfffffff0));              // seen there
    EXPECT_EQ(window.Find(0x00000004), 0x1'0000'0004u); // case B, inside
    EXPECT_EQ(window.Find(0x00000100), 0x1'0000'0100u); // case B, right of it
    EXPECT_FALSE(window.Find(0x00000005));
}

TEST(ReplayWindowEsn, KnowsNoSpaceBeforeTheFirst)
{
    ReplayWindow window(64, true);
    window.Record(*window.Find(3));
    EXPECT_FALSE(window.Find(0xfffffff0));
    EXPECT_EQ(window.Find(0x80000000), 0x80000000u);
}

TEST(ReplayWindowEsn, AgreesWithASetWhileItCrossesSpaces)
{
    SeededRandom random(12);
    for (const uint32_t size : SIZES)
    {
        ReplayWindow window(size, true);
        Model model(size);
        uint64_t start = 0xffffff00;
        window.Record(start);
        model.Record(start);
        for (int step = 0; step < 5000; ++step)
        {
            // A sender within the window, or ahead of it.
            const uint64_t back = random.U64() % size;
            const uint64_t sequence = model.m_highest - back + random.U64() % (size + 40);
            const auto found = window.Find(static_cast<uint32_t>(sequence));
            ASSERT_EQ(found.has_value(), model.Accepts(sequence)) << size << " " << sequence;
            if (found)
            {
                ASSERT_EQ(*found, sequence);
                window.Record(*found);
                model.Record(sequence);
            }
        }
        EXPECT_GT(model.m_highest, uint64_t{1} << 32);
    }
}

TEST(ReplayWindowEsn, KeepsTheHighHalfWithoutACheck)
{
    ReplayWindow window(0, true);
    const auto first = window.Find(0xfffffff0);
    ASSERT_EQ(first, 0xfffffff0u) << "all before it were lost";
    window.Record(*first);
    EXPECT_EQ(window.Find(3), 0x1'0000'0003u);
    window.Record(0x1'0000'0003);
    EXPECT_EQ(window.Find(0xfffffff0), 0xfffffff0u) << "late, not far ahead";
}

} // namespace
} // namespace ikelab::esp
