// SPDX-License-Identifier: MIT
#include "esp/testing/packets.h"
#include "gateway/testing/gateway_pair.h"

#include <gtest/gtest.h>

/// What no outer packet can hold is refused before it costs a number.
namespace ikelab::gateway
{
namespace
{

using esp::testing::MakePacket;
using testing::ConnectionPatch;
using testing::GatewayPair;
using testing::PairOptions;

/// Of AES-GCM around contents: header, IV, pad length, next header and ICV.
constexpr size_t AROUND = 8 + 8 + 2 + 16;

TEST(Overlong, IsReckonedWithEachOuterHeader)
{
    for (const bool outerV6 : {false, true})
    {
        for (const bool encap : {false, true})
        {
            PairOptions options;
            options.outerV6 = outerV6;
            options.both = ConnectionPatch(encap ? R"({"encap": true})" : "{}");
            GatewayPair pair(options);
            pair.Establish();
            const size_t room = 65535 - (outerV6 ? 0 : 20) - (encap ? 8 : 0);
            const size_t most = (room - AROUND + 2) / 4 * 4 - 2; // RFC 4303 §2.4
            const auto packet = [](size_t octets)
            {
                return MakePacket(
                    {.source = "10.1.0.10", .destination = "10.2.0.10", .dataOctets = octets - 28});
            };
            EXPECT_EQ(pair.Send(pair.moon, packet(most + 1)), Verdict::DISCARD);
            EXPECT_EQ(pair.Send(pair.moon, packet(65535)), Verdict::DISCARD);
            EXPECT_EQ(pair.moon.CountRefused(Fault::OVERLONG), 2u);
            ASSERT_EQ(pair.Send(pair.moon, packet(most)), Verdict::PROTECT);
            EXPECT_LE(pair.trace.back().octets.size(), room);
            EXPECT_GT(pair.trace.back().octets.size() + 4, room);
            const ChildSaId child = pair.moon.Children().front().id;
            EXPECT_EQ(pair.moon.gateway.CountersOf(child)->outboundSequence, 1u);
            pair.Settle();
            EXPECT_EQ(pair.sun.delivered.size(), 1u);
        }
    }
}

} // namespace
} // namespace ikelab::gateway
