// SPDX-License-Identifier: GPL-2.0-only
#include "runner/link_loss.h"

#include "ns3/packet.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace ikelab::runner
{

namespace
{

/// Which of the first packets are lost: "..x.".
std::string
Throw(LinkLoss& loss, size_t count)
{
    std::string fate;
    for (size_t i = 0; i < count; ++i)
    {
        fate += loss.IsCorrupt(ns3::Create<ns3::Packet>(100)) ? 'x' : '.';
    }
    return fate;
}

ns3::Ptr<LinkLoss>
MakeLoss(uint64_t seed, uint64_t stream, double share)
{
    auto loss = ns3::CreateObject<LinkLoss>();
    loss->Seed(seed, stream);
    loss->SetShare(share);
    return loss;
}

TEST(LinkLoss, LosesItsShare)
{
    const std::string fate = Throw(*MakeLoss(1, 2, 0.1), 10'000);
    const auto lost = std::ranges::count(fate, 'x');
    EXPECT_GT(lost, 850);
    EXPECT_LT(lost, 1150);
}

TEST(LinkLoss, LosesAllOrNothingIfToldSo)
{
    EXPECT_EQ(Throw(*MakeLoss(1, 2, 0), 1000), std::string(1000, '.'));
    EXPECT_EQ(Throw(*MakeLoss(1, 2, 1), 1000), std::string(1000, 'x'));
    const auto loss = MakeLoss(1, 2, 0);
    loss->SetUp(false);
    EXPECT_EQ(Throw(*loss, 3), "xxx");
    loss->SetUp(true);
    EXPECT_EQ(Throw(*loss, 3), "...");
}

TEST(LinkLoss, RepeatsForASeedAndDiffersForAnother)
{
    const std::string fate = Throw(*MakeLoss(1, 2, 0.5), 200);
    EXPECT_EQ(Throw(*MakeLoss(1, 2, 0.5), 200), fate);
    EXPECT_NE(Throw(*MakeLoss(2, 2, 0.5), 200), fate);
    EXPECT_NE(Throw(*MakeLoss(1, 3, 0.5), 200), fate) << "both ends of a link must differ";
}

TEST(LinkLoss, AChangeOfShareMovesNoLaterThrow)
{
    const std::string fate = Throw(*MakeLoss(1, 2, 0.5), 200);
    const auto loss = MakeLoss(1, 2, 0.5);
    loss->SetShare(0);
    loss->SetUp(false);
    Throw(*loss, 100);
    loss->SetShare(0.5);
    loss->SetUp(true);
    EXPECT_EQ(Throw(*loss, 100), fate.substr(100));
}

} // namespace

} // namespace ikelab::runner
