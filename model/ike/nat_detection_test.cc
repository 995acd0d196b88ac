// SPDX-License-Identifier: MIT
#include "ike/nat_detection.h"
#include "ike/testing/insider.h"
#include "ike/testing/pair.h"

#include <gtest/gtest.h>

namespace ikelab::ike
{
namespace
{

using testing::Socket;
using wire::NotifyType;

const crypto::IkeSpis SPIS{IkeSpi{1}, IkeSpi{2}};
const Path PATH{Socket("192.0.2.2"), Socket("192.0.2.1")};

Buffer
Hash(const SocketAddress& address, const crypto::IkeSpis& spis = SPIS)
{
    const auto hash = NatDetectionHash(testing::SharedContext(), spis, address);
    return ToBuffer(*hash);
}

/// What we make of a message with these source and destination hashes.
NatVerdict
Judge(const std::vector<Buffer>& sources, const std::vector<Buffer>& destinations)
{
    const Buffer octets = testing::ClearMessage(
        {},
        [&](wire::MessageBuilder& builder)
        {
            for (const Buffer& hash : sources)
            {
                builder.Notify(NotifyType::NAT_DETECTION_SOURCE_IP, hash);
            }
            for (const Buffer& hash : destinations)
            {
                builder.Notify(NotifyType::NAT_DETECTION_DESTINATION_IP, hash);
            }
        });
    return *JudgeNat(testing::SharedContext(), wire::ParseMessage(octets)->chain, SPIS, PATH);
}

TEST(NatDetection, FindsNoNatWhereBothHashesFit)
{
    const NatVerdict verdict = Judge({Hash(PATH.remote)}, {Hash(PATH.local)});
    EXPECT_TRUE(verdict.supported);
    EXPECT_FALSE(verdict.peerBehindNat || verdict.weBehindNat);
}

TEST(NatDetection, TellsWhichSideIsBehindTheNat)
{
    const NatVerdict peer = Judge({Hash(Socket("10.0.0.1"))}, {Hash(PATH.local)});
    EXPECT_TRUE(peer.peerBehindNat && !peer.weBehindNat);
    const NatVerdict us = Judge({Hash(PATH.remote)}, {Hash(Socket("198.51.100.1"))});
    EXPECT_TRUE(us.weBehindNat && !us.peerBehindNat);
}

TEST(NatDetection, SeesChangedPortsAndSpis)
{
    EXPECT_TRUE(Judge({Hash(Socket("192.0.2.1", 501))}, {Hash(PATH.local)}).peerBehindNat);
    EXPECT_TRUE(
        Judge({Hash(PATH.remote, {IkeSpi{2}, IkeSpi{1}})}, {Hash(PATH.local)}).peerBehindNat);
}

TEST(NatDetection, TakesOneFittingSourceOfSeveral)
{
    EXPECT_FALSE(
        Judge({Hash(Socket("10.0.0.1")), Hash(PATH.remote)}, {Hash(PATH.local)}).peerBehindNat);
}

TEST(NatDetection, NeedsBothNotifies)
{
    for (const NatVerdict& verdict : {Judge({}, {}),
                                      Judge({Hash(Socket("10.0.0.1"))}, {}),
                                      Judge({}, {Hash(Socket("10.0.0.1"))})})
    {
        EXPECT_FALSE(verdict.supported || verdict.peerBehindNat || verdict.weBehindNat);
    }
}

TEST(NatDetection, TakesAHashOfWrongLengthForAnotherAddress)
{
    EXPECT_TRUE(Judge({Buffer{}}, {Hash(PATH.local)}).peerBehindNat);
    EXPECT_TRUE(Judge({Hash(PATH.remote)}, {Buffer(21, 0)}).weBehindNat);
}

} // namespace
} // namespace ikelab::ike
