// SPDX-License-Identifier: GPL-2.0-only
#include "runner/link_loss.h"

namespace ikelab::runner
{

NS_OBJECT_ENSURE_REGISTERED(LinkLoss);

ns3::TypeId
LinkLoss::GetTypeId()
{
    static ns3::TypeId tid = ns3::TypeId("ikelab::runner::LinkLoss")
                                 .SetParent<ns3::ErrorModel>()
                                 .SetGroupName("Ikelab")
                                 .AddConstructor<LinkLoss>();
    return tid;
}

LinkLoss::LinkLoss() : m_random(0)
{
}

void
LinkLoss::Seed(uint64_t seed, uint64_t stream)
{
    m_random = SeededRandom(seed, stream);
}

void
LinkLoss::SetShare(double share)
{
    m_share = share;
}

void
LinkLoss::SetUp(bool up)
{
    m_up = up;
}

bool
LinkLoss::DoCorrupt(ns3::Ptr<ns3::Packet>)
{
    // One throw for each packet, lost or not, so that a change of the share does not move the
    // throws that follow.
    constexpr double TWO_TO_64 = 18446744073709551616.0;
    const double thrown = static_cast<double>(m_random.U64()) / TWO_TO_64;
    return !m_up || thrown < m_share;
}

void
LinkLoss::DoReset()
{
}

} // namespace ikelab::runner
