// SPDX-License-Identifier: MIT
#include "ike/window.h"

#include <gtest/gtest.h>

namespace ikelab::ike
{
namespace
{

using std::chrono::seconds;
using wire::ExchangeType;

struct Fixture
{
    SeededRandom random{1};
    RetransmitConfig schedule;
    Window window;

    void
    Send(Instant now = {})
    {
        window.Sent(now, ExchangeType::INFORMATIONAL, Buffer{1, 2}, "[ ]", schedule, random);
    }
};

TEST(Window, NumbersRequestsOneByOne)
{
    Fixture f;
    for (uint32_t id = 0; id < 3; ++id)
    {
        EXPECT_EQ(f.window.NextRequest(), MessageId{id});
        f.Send();
        EXPECT_TRUE(f.window.Busy());
        EXPECT_TRUE(f.window.Answered(MessageId{id}, ExchangeType::INFORMATIONAL));
        EXPECT_FALSE(f.window.Busy());
    }
}

TEST(Window, TakesOnlyTheAnswerToWhatItAsked)
{
    Fixture f;
    f.Send();
    EXPECT_FALSE(f.window.Answered(MessageId{1}, ExchangeType::INFORMATIONAL));
    EXPECT_FALSE(f.window.Answered(MessageId{0}, ExchangeType::CREATE_CHILD_SA));
    EXPECT_TRUE(f.window.Answered(MessageId{0}, ExchangeType::INFORMATIONAL));
    EXPECT_FALSE(f.window.Answered(MessageId{0}, ExchangeType::INFORMATIONAL));
}

TEST(Window, UsesAMessageIdAgainWhenAskedTo)
{
    Fixture f;
    f.Send();
    f.window.Reuse(MessageId{0});
    EXPECT_FALSE(f.window.Busy());
    EXPECT_EQ(f.window.NextRequest(), MessageId{0});
}

TEST(Window, JudgesRequestsByTheirNumber)
{
    Fixture f;
    EXPECT_EQ(f.window.Judge(MessageId{0}), Window::Incoming::NEW);
    EXPECT_EQ(f.window.Judge(Window::LAST_ID), Window::Incoming::OUT_OF_WINDOW);
    f.window.Respond(MessageId{0}, ExchangeType::INFORMATIONAL, Buffer{9}, "[ ]");
    EXPECT_EQ(f.window.Judge(MessageId{0}), Window::Incoming::REPEATED);
    EXPECT_EQ(f.window.Judge(MessageId{1}), Window::Incoming::NEW);
    EXPECT_EQ(f.window.Judge(MessageId{2}), Window::Incoming::OUT_OF_WINDOW);
    f.window.Respond(MessageId{1}, ExchangeType::INFORMATIONAL, Buffer{8}, "[ ]");
    EXPECT_EQ(f.window.Judge(MessageId{0}), Window::Incoming::OUT_OF_WINDOW);
    EXPECT_EQ(f.window.CachedResponse(), Buffer{8});
}

TEST(Window, StillRepeatsTheResponseToTheLastNumber)
{
    Window window(MessageId{5}, Window::LAST_ID);
    EXPECT_EQ(window.Judge(Window::LAST_ID), Window::Incoming::NEW);
    window.Respond(Window::LAST_ID, ExchangeType::INFORMATIONAL, Buffer{8}, "[ ]");
    EXPECT_EQ(window.Judge(Window::LAST_ID), Window::Incoming::REPEATED);
}

TEST(Window, WaitsLongerEachTimeUntilTheTriesAreUsedUp)
{
    Fixture f;
    f.Send();
    const double waits[] = {4, 7.2, 12.96, 23.328, 41.9904, 75.58272};
    Instant now{};
    for (unsigned i = 0; i < 6; ++i)
    {
        ASSERT_TRUE(f.window.Deadline().has_value());
        EXPECT_NEAR(
            std::chrono::duration<double>(*f.window.Deadline() - now).count(), waits[i], 1e-6);
        now = *f.window.Deadline();
        const auto* again = f.window.Retransmit(now, f.schedule, f.random);
        ASSERT_EQ(again != nullptr, i < 5);
        if (again)
        {
            EXPECT_EQ(again->octets, (Buffer{1, 2}));
            EXPECT_EQ(again->retransmissions, i + 1);
        }
    }
    f.window.Abandon();
    EXPECT_EQ(f.window.Deadline(), std::nullopt);
}

TEST(Window, NeverWaitsLongerThanTheLimitNorOverflowsTheClock)
{
    Fixture f;
    f.schedule.limit = seconds(6);
    f.Send();
    (void)f.window.Retransmit(Instant{}, f.schedule, f.random);
    EXPECT_EQ(f.window.Deadline(), Instant{} + seconds(6));
    Fixture wild;
    wild.schedule.base = 1e30;
    wild.schedule.tries = 20;
    wild.Send();
    for (int i = 0; i < 20; ++i)
    {
        (void)wild.window.Retransmit(Instant{}, wild.schedule, wild.random);
    }
    EXPECT_LE(*wild.window.Deadline() - Instant{}, std::chrono::hours(24 * 366));
}

TEST(Window, JitterOnlyShortensAndDiffers)
{
    Fixture f;
    f.schedule.jitterPercent = 20;
    std::optional<Duration> first;
    bool differs = false;
    for (int i = 0; i < 50; ++i)
    {
        f.Send();
        const Duration wait = *f.window.Deadline() - Instant{};
        EXPECT_LE(wait, seconds(4));
        EXPECT_GE(wait, std::chrono::milliseconds(3200));
        differs = differs || (first && *first != wait);
        first = wait;
    }
    EXPECT_TRUE(differs);
}

} // namespace
} // namespace ikelab::ike
