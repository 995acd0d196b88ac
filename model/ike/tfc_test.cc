// SPDX-License-Identifier: MIT
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gtest/gtest.h>

/// ESP_TFC_PADDING_NOT_SUPPORTED: each end speaks for what is sent to it (RFC 7296 §1.3.1).
namespace ikelab::ike
{
namespace
{

using testing::Insider;
using testing::Packet;
using testing::Pair;

/// Has the ends put the notification into their IKE_AUTH messages. Of ours none sends it.
void
HaveRefused(Pair& pair, bool byA, bool byB)
{
    pair.wire.tamper = [&pair, byA, byB](Packet& packet)
    {
        const auto* keys = pair.a.Last<IkeKeysDerived>();
        const auto parsed = wire::ParseMessage(packet.message);
        if (!(packet.fromA ? byA : byB) || !keys ||
            parsed->header.exchange != wire::ExchangeType::IKE_AUTH)
        {
            return;
        }
        packet.message =
            Insider(*keys, packet.fromA)
                .WithMore(packet.message,
                          [](wire::MessageBuilder& builder)
                          { builder.Notify(wire::NotifyType::ESP_TFC_PADDING_NOT_SUPPORTED); });
    };
    pair.wire.drop = {3}; // the request is sent again, and then its keys are in the log
}

TEST(TfcPadding, IsRefusedForOneDirectionByWhoReceivesIt)
{
    for (const bool byA : {false, true})
    {
        for (const bool byB : {false, true})
        {
            Pair pair;
            HaveRefused(pair, byA, byB);
            pair.Initiate();
            EXPECT_TRUE(pair.RunUntilQuiet());
            ASSERT_TRUE(pair.Agree() && pair.KeysAgree());
            EXPECT_EQ(pair.a.Last<ChildSaInstalled>()->peerRefusesTfc, byB) << "the initiator";
            EXPECT_EQ(pair.b.Last<ChildSaInstalled>()->peerRefusesTfc, byA) << "the responder";
        }
    }
}

// We take it, so we never say that we do not.
TEST(TfcPadding, IsNeverRefusedByUs)
{
    Pair pair;
    pair.Establish();
    for (const auto* node : {&pair.a, &pair.b})
    {
        for (const std::string& line : node->Ladder())
        {
            EXPECT_EQ(line.find("TFC"), std::string::npos) << line;
        }
    }
}

} // namespace
} // namespace ikelab::ike
