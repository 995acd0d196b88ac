// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/unruly_link.h"

#include "ns3/pointer.h"
#include "ns3/simulator.h"

namespace ns3::testing
{

TypeId
UnrulyLink::GetTypeId()
{
    static TypeId tid = TypeId("ns3::testing::UnrulyLink").SetParent<ErrorModel>();
    return tid;
}

Ptr<UnrulyLink>
UnrulyLink::Install(Ptr<PointToPointNetDevice> device, const Options& options, uint64_t seed)
{
    Ptr<UnrulyLink> link = CreateObject<UnrulyLink>();
    link->m_device = device;
    link->m_options = options;
    link->m_random = std::make_unique<ikelab::SeededRandom>(seed);
    device->SetReceiveErrorModel(link);
    return link;
}

bool
UnrulyLink::Happens(double share)
{
    return static_cast<double>(m_random->U32()) < share * 4294967296.0;
}

bool
UnrulyLink::DoCorrupt(Ptr<Packet> frame)
{
    if (m_passing)
    {
        return false;
    }
    if (Happens(m_options.loss))
    {
        ++lost;
        return true;
    }
    const bool twice = Happens(m_options.duplicates);
    doubled += twice ? 1 : 0;
    for (int copy = 0; copy < (twice ? 2 : 1); ++copy)
    {
        Time wait;
        if (Happens(m_options.overtaken))
        {
            ++delayed;
            wait = Seconds(m_options.wait.GetSeconds() * m_random->U32() / 4294967296.0);
        }
        Simulator::Schedule(wait, &UnrulyLink::HandIn, this, frame->Copy());
    }
    return true;
}

void
UnrulyLink::HandIn(Ptr<Packet> frame)
{
    m_passing = true;
    m_device->Receive(frame);
    m_passing = false;
}

void
UnrulyLink::DoReset()
{
}

} // namespace ns3::testing
