// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/bare_esp_device.h"

#include "sim/flat_packet.h"
#include "sim/ns3_compat.h"

#include <algorithm>
#include <cstring>

namespace ns3::testing
{

namespace
{

using ikelab::MutableBytes;

constexpr size_t HEADER_OCTETS = 16; // SPI, sequence number, IV
constexpr size_t ICV_OCTETS = 16;
constexpr size_t LENGTH_OFFSET = 2;
constexpr size_t PROTOCOL_OFFSET = 9;
constexpr uint8_t PROTOCOL_IPV4 = 4;

const ikelab::crypto::EncrRow&
Aes128Gcm()
{
    return *ikelab::crypto::FindEncr(ikelab::wire::Encr::ENCR_AES_GCM_16, 128);
}

} // namespace

BareEspDevice::BareEspDevice(bool tunnel)
    : m_tunnel(tunnel),
      m_seal(Aes128Gcm(), nullptr, true),
      m_open(Aes128Gcm(), nullptr, false)
{
}

bool
BareEspDevice::Send(Ptr<Packet> packet, const Address& destination, uint16_t protocol)
{
    if (protocol != compat::ETHERTYPE_IPV4)
    {
        return PointToPointNetDevice::Send(packet, destination, protocol);
    }
    flat::Flatten(*packet, m_buffer);
    Header header;
    std::memcpy(header.data(), m_buffer.View().data(), header.size());
    const uint8_t next = m_tunnel ? PROTOCOL_IPV4 : header[PROTOCOL_OFFSET];
    header[PROTOCOL_OFFSET] = flat::PROTOCOL_ESP;
    if (!m_tunnel)
    {
        m_buffer.DropFront(header.size());
    }
    const size_t padding = 3 - (m_buffer.Size() + 1) % 4;
    const MutableBytes trailer = m_buffer.Append(padding + 2 + ICV_OCTETS);
    for (size_t i = 0; i < padding; ++i)
    {
        trailer[i] = static_cast<uint8_t>(i + 1);
    }
    trailer[padding] = static_cast<uint8_t>(padding);
    trailer[padding + 1] = next;
    const MutableBytes front = m_buffer.Prepend(HEADER_OCTETS);
    std::ranges::fill(front, uint8_t{0});
    ++m_sequence;
    std::memcpy(front.data() + 4, &m_sequence, sizeof m_sequence); // any number will do
    std::memcpy(front.data() + 8, &m_sequence, sizeof m_sequence);
    m_seal.Process(m_buffer.View());
    PutHeader(header);
    return PointToPointNetDevice::Send(flat::ToPacket(m_buffer.View()), destination, protocol);
}

void
BareEspDevice::PutHeader(const Header& header)
{
    const MutableBytes front = m_buffer.Prepend(header.size());
    std::memcpy(front.data(), header.data(), header.size());
    front[LENGTH_OFFSET] = static_cast<uint8_t>(m_buffer.Size() >> 8);
    front[LENGTH_OFFSET + 1] = static_cast<uint8_t>(m_buffer.Size());
    flat::FillHeaderChecksum(m_buffer.View());
}

void
BareEspDevice::SetReceiveCallback(ReceiveCallback receive)
{
    m_receive = receive;
    PointToPointNetDevice::SetReceiveCallback(MakeCallback(&BareEspDevice::Open, this));
}

bool
BareEspDevice::Open(Ptr<NetDevice> device,
                    Ptr<const Packet> packet,
                    uint16_t protocol,
                    const Address& from)
{
    if (protocol != compat::ETHERTYPE_IPV4)
    {
        return m_receive(device, packet, protocol, from);
    }
    flat::Flatten(*packet, m_buffer);
    Header header;
    std::memcpy(header.data(), m_buffer.View().data(), header.size());
    m_buffer.DropFront(header.size());
    m_open.Process(m_buffer.View());
    m_buffer.DropBack(ICV_OCTETS);
    const size_t padding = m_buffer.View()[m_buffer.Size() - 2];
    const uint8_t next = m_buffer.View()[m_buffer.Size() - 1];
    m_buffer.DropBack(padding + 2);
    m_buffer.DropFront(HEADER_OCTETS);
    if (!m_tunnel)
    {
        header[PROTOCOL_OFFSET] = next;
        PutHeader(header);
    }
    return m_receive(device, flat::ToPacket(m_buffer.View()), protocol, from);
}

} // namespace ns3::testing
