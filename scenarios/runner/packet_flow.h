// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "runner/flow.h"

#include "ns3/packet.h"
#include "ns3/socket.h"

namespace ikelab::runner
{

/// Sends numbered packets at even intervals and keeps what became of each.
class PacketFlow : public FlowDriver
{
  public:
    PacketFlow(const Flow& flow, size_t index);
    FlowResult Result() const override;

  protected:
    /// Schedule Send for each packet, one after the other.
    void ScheduleFirst();
    virtual void SendPacket(uint32_t sequence) = 0;
    /// The data of a packet: marker, sequence number, time of sending, a pattern.
    ns3::Ptr<ns3::Packet> MakeData(uint32_t sequence) const;
    /// A packet arrived whose data is this.
    void NoteArrival(const ns3::Packet& data);

    Flow m_flow;
    size_t m_index;

  private:
    void SendNext();

    FlowResult m_result;
};

/// "192.0.2.1" as ns-3's socket address.
ns3::Address ToSocketAddress(const IpAddress& address, uint16_t port);
/// Nanoseconds of virtual time.
Duration Now();

} // namespace ikelab::runner
