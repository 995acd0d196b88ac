// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/ip_address.h"
#include "io/file_descriptor.h"
#include "io/system_error.h"

#include <cstdint>
#include <optional>

namespace ikelab::io
{

/// What a packet's outer header says beside addresses.
struct OuterFields
{
    uint8_t trafficClass{0};
    bool dontFragment{false};
};

/// What came in. `payload` is a part of the room that was given to Receive.
struct ReceivedPacket
{
    /// Ports are 0 on a raw socket.
    Path path;
    /// Of the UDP datagram, or what follows the IP header on a raw socket.
    MutableBytes payload;
    /// Octets before `payload` that are the packet's own IP header: raw IPv4 only.
    size_t ipHeaderOctets{0};
    uint8_t trafficClass{0}; ///< of the outer header
};

/**
 * A non-blocking socket for UDP, or for the packets of one IP protocol, that knows which of our
 * addresses a packet came to and sends from the address it is told. One family each; IPv6 sockets
 * take no mapped IPv4.
 */
class IpSocket
{
  public:
    /// Room enough for any packet; what is longer than the room is dropped.
    static constexpr size_t PACKET_OCTETS_MAX = 65535;

    /// @param local an address of ours or the unspecified one for all; port 0 takes a free one
    static SystemResult<IpSocket> BindUdp(const SocketAddress& local);

    /**
     * Needs CAP_NET_RAW.
     * @param protocol as in the IP header, 50 for ESP
     */
    static SystemResult<IpSocket> OpenRaw(const IpAddress& local, uint8_t protocol);

    /**
     * The next packet that waits, or nothing. Packets too long for the room and, on a raw socket,
     * those whose header is broken are passed over.
     * @param room PACKET_OCTETS_MAX octets
     */
    SystemResult<std::optional<ReceivedPacket>> Receive(MutableBytes room);

    /**
     * Send from path.local.address (unspecified: the system chooses) to path.remote. The local port
     * is the socket's own.
     */
    SystemResult<void> Send(const Path& path, Bytes payload, OuterFields outer = {});

    /**
     * Raw sockets only: send a packet with the IP header that it has. The system fills in IPv4's
     * checksum, and an identification of 0; it fragments nothing.
     * @param packet a whole one of this socket's family
     * @param remote where it goes first: the destination that its header names
     */
    SystemResult<void> SendWhole(const IpAddress& remote, Bytes packet);

    /**
     * Give what this socket sends a mark, so that a routing rule can tell it from the traffic that
     * it protects. Needs CAP_NET_ADMIN.
     */
    SystemResult<void> SetMark(uint32_t mark);

    /// What it is bound to; the address is unspecified if it takes all.
    const SocketAddress&
    Local() const
    {
        return m_local;
    }

    int
    Descriptor() const
    {
        return m_file.Get();
    }

    /// May a packet with this local address leave here?
    bool Serves(const IpAddress& local) const;

  private:
    IpSocket(FileDescriptor file, const SocketAddress& local, bool raw);

    SystemResult<void> Prepare();
    SystemResult<void> SetDontFragment(bool wanted);
    SystemResult<void> SetHeaderIncluded(bool included);

    FileDescriptor m_file;
    SocketAddress m_local;
    bool m_raw{false};
    bool m_dontFragment{false};
    bool m_headerIncluded{false};
};

/// The address from which the system would send to `remote` now, if it has a route.
std::optional<IpAddress> SourceAddressFor(const IpAddress& remote);

/**
 * What IP packets to `remote` may have now: the link's MTU, or less if the system has heard so.
 * @param mark as of SetMark, 0 for none
 * @return 0 without a route or the right to mark
 */
uint32_t PathMtuTo(const IpAddress& remote, uint32_t mark = 0);

} // namespace ikelab::io
