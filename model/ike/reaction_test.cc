// SPDX-License-Identifier: MIT
#include "ike/reaction.h"

#include <gtest/gtest.h>

namespace ikelab::ike
{
namespace
{

using wire::NotifyType;

constexpr Phase PHASES[] = {Phase::UNKNOWN_SA,
                            Phase::SA_INIT_REQUEST,
                            Phase::SA_INIT_RESPONSE,
                            Phase::AUTH_REQUEST,
                            Phase::AUTH_RESPONSE,
                            Phase::REQUEST,
                            Phase::RESPONSE};

constexpr int FAULTS = static_cast<int>(Fault::SYSTEM) + 1;

template <typename Check>
void
ForAll(Check check)
{
    for (int fault = 0; fault < FAULTS; ++fault)
    {
        for (const Phase phase : PHASES)
        {
            SCOPED_TRACE(std::string(ToString(Fault{fault})) + " in phase " +
                         std::to_string(static_cast<int>(phase)));
            const Error error{Fault{fault}, "test", 0, 31};
            check(error, phase, ReactTo(error, phase));
        }
    }
}

bool
Answers(const Reaction& reaction)
{
    return reaction.act == Act::NOTIFY || reaction.act == Act::NOTIFY_AND_DELETE;
}

TEST(Reaction, AnswersOnlyWithErrorNotifies)
{
    ForAll(
        [](const Error&, Phase, const Reaction& reaction)
        {
            const auto number = static_cast<uint16_t>(reaction.notify);
            EXPECT_EQ(Answers(reaction) && number == 0, false);
            EXPECT_LT(number, wire::FIRST_STATUS_NOTIFY);
        });
}

TEST(Reaction, NeverAnswersAResponse)
{
    ForAll(
        [](const Error&, Phase phase, const Reaction& reaction)
        {
            if (phase == Phase::SA_INIT_RESPONSE || phase == Phase::AUTH_RESPONSE ||
                phase == Phase::RESPONSE)
            {
                EXPECT_FALSE(Answers(reaction));
            }
        });
}

TEST(Reaction, ToWhatAnybodyCanSendNeverEndsAnSa)
{
    ForAll(
        [](const Error& error, Phase phase, const Reaction& reaction)
        {
            const bool clear = phase == Phase::UNKNOWN_SA || phase == Phase::SA_INIT_REQUEST ||
                               (phase == Phase::SA_INIT_RESPONSE && error.fault != Fault::CRYPTO);
            const bool anonymous = error.fault == Fault::INTEGRITY ||
                                   error.fault == Fault::REPLAY || error.fault == Fault::SYSTEM;
            if (clear)
            {
                EXPECT_TRUE(reaction.act == Act::DROP || reaction.act == Act::NOTIFY);
            }
            if (anonymous)
            {
                EXPECT_EQ(reaction.act, Act::DROP);
            }
        });
}

TEST(Reaction, InClearIsOneOfFourNotifies)
{
    // §1.5, §2.5, §2.7, §3.10.1
    ForAll(
        [](const Error&, Phase phase, const Reaction& reaction)
        {
            if (phase == Phase::UNKNOWN_SA && Answers(reaction))
            {
                EXPECT_TRUE(reaction.notify == NotifyType::INVALID_IKE_SPI ||
                            reaction.notify == NotifyType::INVALID_MAJOR_VERSION);
            }
            if (phase == Phase::SA_INIT_REQUEST && Answers(reaction))
            {
                EXPECT_NE(reaction.notify, NotifyType::INVALID_SYNTAX);
            }
        });
}

TEST(Reaction, ToAnUnauthenticatedPeerLeavesNoSa)
{
    ForAll(
        [](const Error& error, Phase phase, const Reaction& reaction)
        {
            if (phase == Phase::AUTH_REQUEST && error.fault != Fault::INTEGRITY &&
                error.fault != Fault::REPLAY && error.fault != Fault::SYSTEM)
            {
                EXPECT_TRUE(reaction.act == Act::NOTIFY_AND_DELETE || reaction.act == Act::DELETE);
            }
        });
}

TEST(Reaction, ToAnAuthenticatedRequestIsFatalOnlyWithInvalidSyntax)
{
    // §2.21.3
    ForAll(
        [](const Error&, Phase phase, const Reaction& reaction)
        {
            if (phase == Phase::REQUEST && Answers(reaction))
            {
                EXPECT_EQ(reaction.act == Act::NOTIFY_AND_DELETE,
                          reaction.notify == NotifyType::INVALID_SYNTAX);
            }
        });
}

TEST(Reaction, AfterIkeAuthTellsOneOfThreeNotifies)
{
    // §2.21.2
    ForAll(
        [](const Error&, Phase phase, const Reaction& reaction)
        {
            if (phase == Phase::AUTH_RESPONSE && reaction.act == Act::DELETE_AND_TELL)
            {
                EXPECT_TRUE(reaction.notify == NotifyType::INVALID_SYNTAX ||
                            reaction.notify == NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD ||
                            reaction.notify == NotifyType::AUTHENTICATION_FAILED);
            }
        });
}

TEST(Reaction, CarriesTheDataThatTheNotifyNeeds)
{
    const Error error{Fault::INVALID_KE, "KE", 0, 0x001f};
    EXPECT_EQ(NotifyData(error, NotifyType::INVALID_KE_PAYLOAD), (Buffer{0, 31}));
    EXPECT_EQ(NotifyData(error, NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD), Buffer{31});
    EXPECT_TRUE(NotifyData(error, NotifyType::INVALID_SYNTAX).empty());
    EXPECT_TRUE(NotifyData(error, NotifyType::INVALID_MAJOR_VERSION).empty());
}

TEST(Reaction, ReadsNotifiesBackAsTheFaultTheyName)
{
    EXPECT_EQ(FromNotify(NotifyType::AUTHENTICATION_FAILED).fault, Fault::AUTHENTICATION_FAILED);
    EXPECT_EQ(FromNotify(NotifyType::NO_PROPOSAL_CHOSEN).fault, Fault::NO_PROPOSAL_CHOSEN);
    EXPECT_EQ(FromNotify(NotifyType::INVALID_SYNTAX).fault, Fault::UNEXPECTED);
    EXPECT_EQ(FromNotify(NotifyType{9999}).detail, 9999u);
    EXPECT_TRUE(IsFatal(NotifyType::INVALID_SYNTAX));
    EXPECT_FALSE(IsFatal(NotifyType::NO_PROPOSAL_CHOSEN));
}

} // namespace
} // namespace ikelab::ike
