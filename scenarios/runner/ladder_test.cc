// SPDX-License-Identifier: GPL-2.0-only
#include "runner/ladder.h"
#include "runner/testing/story.h"

#include <gmock/gmock.h>

#include <sstream>

namespace ikelab::runner
{

namespace
{

using namespace testing;
using ::testing::HasSubstr;

class LadderTest : public ::testing::Test
{
  protected:
    void
    Tell(int64_t milliseconds, NodeIndex node, const gateway::Event& event)
    {
        m_ladder.OnEvent(At(milliseconds), node, event);
    }

    /// The lines behind head and names.
    std::vector<std::string>
    Rungs() const
    {
        std::istringstream text(m_ladder.Draw("head\n"));
        std::vector<std::string> lines;
        for (std::string line; std::getline(text, line);)
        {
            if (line.find('|') != std::string::npos)
            {
                lines.push_back(line);
            }
        }
        return lines;
    }

    Scenario m_scenario = ReadStory();
    Ladder m_ladder{m_scenario};
};

TEST_F(LadderTest, JoinsBothEndsOfAMessage)
{
    Tell(0, MOON, Message(MOON, true, false, 2));
    Tell(40, SUN, Message(SUN, false, false, 2));
    Tell(41, SUN, Message(SUN, true, true, 2));
    Tell(81, MOON, Message(MOON, false, true, 2));
    const auto rungs = Rungs();
    ASSERT_EQ(rungs.size(), 2u);
    EXPECT_THAT(rungs[0], HasSubstr("00.000000s  |-- INFORMATIONAL request 2 [ ] ----"));
    EXPECT_TRUE(rungs[0].ends_with("-->|  00.040000s")) << rungs[0];
    EXPECT_THAT(rungs[1], HasSubstr("00.081000s  |<---"));
    EXPECT_TRUE(rungs[1].ends_with("INFORMATIONAL response 2 [ ] --|  00.041000s")) << rungs[1];
}

TEST_F(LadderTest, ShowsWhatWasLostAndWhatCameInstead)
{
    Tell(0, MOON, Message(MOON, true, false, 2));
    Tell(1000, MOON, Message(MOON, true, false, 2, 1));
    Tell(1040, SUN, Message(SUN, false, false, 2));
    const auto rungs = Rungs();
    ASSERT_EQ(rungs.size(), 2u);
    EXPECT_TRUE(rungs[0].ends_with("-x  |")) << rungs[0];
    EXPECT_THAT(rungs[1], HasSubstr("INFORMATIONAL request 2 [ ] (again, 1) --"));
    EXPECT_TRUE(rungs[1].ends_with("-->|  01.040000s")) << rungs[1];
}

TEST_F(LadderTest, PutsNotesOnTheirSide)
{
    using namespace std::chrono_literals;
    Tell(120, SUN, Established(SUN, 80ms));
    Tell(160, MOON, Established(MOON, 160ms));
    Tell(160, MOON, Installed(MOON, 0xa, 0xb));
    const auto rungs = Rungs();
    ASSERT_EQ(rungs.size(), 3u);
    EXPECT_TRUE(rungs[0].ends_with("IKE_SA site established *|  00.120000s")) << rungs[0];
    EXPECT_THAT(rungs[1], HasSubstr("00.160000s  |* IKE_SA site established"));
    EXPECT_THAT(rungs[2], HasSubstr("|* CHILD_SA net installed"));
    EXPECT_TRUE(rungs[2].ends_with("|")) << rungs[2];
}

TEST_F(LadderTest, AClosedSaIsNotedOnceItsPeerIsKnown)
{
    Tell(0, MOON, Message(MOON, true, false, 3));
    ike::IkeSaClosed closed;
    closed.sa = IkeSaId{1};
    closed.connection = "site";
    ike::ChildSaRemoved removed;
    removed.sa = IkeSaId{1};
    removed.name = "net";
    Tell(10, MOON, removed);
    Tell(10, MOON, closed);
    closed.sa = IkeSaId{2}; // never sent anything
    Tell(11, MOON, closed);
    const auto rungs = Rungs();
    ASSERT_EQ(rungs.size(), 3u);
    EXPECT_THAT(rungs[1], HasSubstr("* CHILD_SA net closed: "));
    EXPECT_THAT(rungs[2], HasSubstr("* IKE_SA site closed: "));
}

TEST_F(LadderTest, SaysIfThereWasNothing)
{
    EXPECT_EQ(m_ladder.Draw("head\n"), "head\n\nno message was sent\n");
}

TEST_F(LadderTest, LeavesOutWhoIsNotInTheStory)
{
    ike::MessageEvent stray = Message(MOON, true, false, 0);
    stray.path.remote.address = *IpAddress::Parse("203.0.113.9");
    Tell(0, MOON, stray);
    EXPECT_TRUE(Rungs().empty());
}

} // namespace

} // namespace ikelab::runner
