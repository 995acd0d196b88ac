// SPDX-License-Identifier: MIT
#include "io/event_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <sys/socket.h>
#include <unistd.h>

namespace ikelab::io
{
namespace
{

using namespace std::chrono_literals;
using ::testing::ElementsAre;

struct Pipe
{
    Pipe()
    {
        std::array<int, 2> ends{};
        EXPECT_EQ(::pipe(ends.data()), 0);
        reading = FileDescriptor(ends[0]);
        writing = FileDescriptor(ends[1]);
    }

    void
    Write(std::string_view text) const
    {
        EXPECT_EQ(::write(writing.Get(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
    }

    FileDescriptor reading;
    FileDescriptor writing;
};

TEST(EventLoop, ItsClockBeginsAtZeroAndTheDeadlineIsKept)
{
    EventLoop loop;
    EXPECT_LT(loop.Now(), Instant(30s));
    const Instant deadline = loop.Now() + 30ms;
    Instant called{};
    loop.OnDeadline(
        [&]
        {
            called = loop.Now();
            loop.Stop();
        });
    loop.SetDeadline(deadline);
    ASSERT_TRUE(loop.Run());
    EXPECT_GE(called, deadline);
    EXPECT_LT(called, deadline + 30s);
}

TEST(EventLoop, ADeadlineInThePastComesAtOnceAndOnce)
{
    EventLoop loop;
    int calls = 0;
    loop.OnDeadline(
        [&]
        {
            ++calls;
            if (calls == 1)
            {
                loop.SetDeadline(loop.Now() + 20ms); // a second one only because it was set
                return;
            }
            loop.Stop();
        });
    loop.SetDeadline(Instant{});
    ASSERT_TRUE(loop.Run());
    EXPECT_EQ(calls, 2);
}

TEST(EventLoop, CallsForWhatIsReadableAndNotForWhatWasUnwatched)
{
    EventLoop loop;
    const Pipe one;
    const Pipe two;
    one.Write("a");
    two.Write("b");
    int calls = 0;
    const auto read = [&](const Pipe& mine, const Pipe& other)
    {
        ++calls;
        loop.Unwatch(other.reading.Get());
        loop.Unwatch(mine.reading.Get());
        loop.OnDeadline([&] { loop.Stop(); });
        loop.SetDeadline(loop.Now() + 20ms);
    };
    loop.Watch(one.reading.Get(), [&] { read(one, two); });
    loop.Watch(two.reading.Get(), [&] { read(two, one); });
    ASSERT_TRUE(loop.Run());
    EXPECT_EQ(calls, 1);
}

TEST(StopSignals, BothArriveAsSomethingToRead)
{
    auto signals = StopSignals::Open();
    ASSERT_TRUE(signals.has_value());
    EXPECT_EQ(signals->Take(), 0);
    EventLoop loop;
    std::vector<int> taken;
    loop.Watch(signals->Descriptor(),
               [&]
               {
                   taken.push_back(signals->Take());
                   if (taken.size() == 2)
                   {
                       loop.Stop();
                   }
               });
    ::kill(::getpid(), SIGTERM);
    ::kill(::getpid(), SIGINT);
    ASSERT_TRUE(loop.Run());
    EXPECT_THAT(taken, ::testing::UnorderedElementsAre(SIGINT, SIGTERM));
}

TEST(LineReader, GivesWholeLinesHoweverTheyArrive)
{
    const Pipe pipe;
    LineReader reader(pipe.reading.Get());
    std::vector<std::string> lines;
    const auto keep = [&](std::string_view line)
    {
        lines.emplace_back(line);
    };
    pipe.Write("li");
    EXPECT_TRUE(reader.Read(keep));
    EXPECT_TRUE(lines.empty());
    pipe.Write("st\n\nquit\nlas");
    EXPECT_TRUE(reader.Read(keep));
    EXPECT_THAT(lines, ElementsAre("list", "", "quit"));
}

TEST(LineReader, GivesALastLineWithoutEndAndSaysThatTheInputEnded)
{
    Pipe pipe;
    LineReader reader(pipe.reading.Get());
    std::vector<std::string> lines;
    const auto keep = [&](std::string_view line)
    {
        lines.emplace_back(line);
    };
    pipe.Write("a\nb");
    pipe.writing.Close();
    EXPECT_TRUE(reader.Read(keep));
    EXPECT_FALSE(reader.Read(keep));
    EXPECT_THAT(lines, ElementsAre("a", "b"));
}

TEST(LineReader, ALineWithoutEndDoesNotGrowForEver)
{
    const Pipe pipe;
    LineReader reader(pipe.reading.Get());
    const std::string part(4096, 'x');
    size_t octets = 0;
    do
    {
        pipe.Write(part);
        octets += part.size();
        ASSERT_LE(octets, 4 * LineReader::LINE_OCTETS_MAX);
    } while (reader.Read([](std::string_view) { FAIL(); }));
    EXPECT_GT(octets, LineReader::LINE_OCTETS_MAX);
}

} // namespace
} // namespace ikelab::io
