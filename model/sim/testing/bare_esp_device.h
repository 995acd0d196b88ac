// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/packet_buffer.h"
#include "crypto/testing/raw_openssl.h"
#include "sim/flat_packet.h"

#include "ns3/point-to-point-net-device.h"

#include <array>

namespace ns3::testing
{

/**
 * A point-to-point device that seals every IPv4 packet that it sends and opens every one that
 * comes, and asks nobody: no policy, no SA, no replay window, no other protocol. Two of these are
 * what ESP over flat buffers costs at least inside ns-3: a floor for benchmarks.
 */
class BareEspDevice : public PointToPointNetDevice
{
  public:
    explicit BareEspDevice(bool tunnel);

    bool Send(Ptr<Packet> packet, const Address& destination, uint16_t protocol) override;
    void SetReceiveCallback(ReceiveCallback receive) override;

  private:
    using Header = std::array<uint8_t, flat::IPV4_HEADER_OCTETS>;

    void PutHeader(const Header& header);
    bool Open(Ptr<NetDevice> device,
              Ptr<const Packet> packet,
              uint16_t protocol,
              const Address& from);

    bool m_tunnel;
    uint32_t m_sequence{0};
    ikelab::PacketBuffer m_buffer;
    ikelab::crypto::testing::RawPacketCipher m_seal;
    ikelab::crypto::testing::RawPacketCipher m_open;
    ReceiveCallback m_receive;
};

} // namespace ns3::testing
