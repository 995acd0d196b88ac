// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/ip_address.h"

#include <array>
#include <cstdio>
#include <string>
#include <utility>

namespace ikelab::io::testing
{

/// The Internet checksum, RFC 1071.
inline uint16_t
InternetChecksum(Bytes octets)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < octets.size(); ++i)
    {
        sum += i % 2 == 0 ? uint32_t{octets[i]} << 8 : uint32_t{octets[i]};
    }
    while (sum > 0xFFFF)
    {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

/// A UDP datagram over IPv4 or IPv6 as it stands on a RAW link; UDP checksum 0 over IPv4, computed
/// over IPv6.
inline Buffer
UdpPacket(const SocketAddress& source, const SocketAddress& destination, Bytes payload)
{
    const auto udpOctets = static_cast<uint16_t>(8 + payload.size());
    ByteWriter udp;
    udp.U16(source.port);
    udp.U16(destination.port);
    udp.U16(udpOctets);
    udp.U16(0);
    udp.Octets(payload);
    ByteWriter packet;
    if (source.address.IsV4())
    {
        packet.U16(0x4500);
        packet.U16(static_cast<uint16_t>(20 + udpOctets));
        packet.U32(0);
        packet.U16(0x4011); // TTL 64, UDP
        packet.U16(0);
        packet.Octets(source.address.Octets());
        packet.Octets(destination.address.Octets());
        packet.Patch16(10, InternetChecksum(packet.View()));
    }
    else
    {
        ByteWriter pseudo;
        pseudo.Octets(source.address.Octets());
        pseudo.Octets(destination.address.Octets());
        pseudo.U32(udpOctets);
        pseudo.U32(17);
        pseudo.Octets(udp.View());
        udp.Patch16(6, InternetChecksum(pseudo.View()));
        packet.U32(0x60000000);
        packet.U16(udpOctets);
        packet.U16(0x1140); // UDP, hop limit 64
        packet.Octets(source.address.Octets());
        packet.Octets(destination.address.Octets());
    }
    packet.Octets(udp.View());
    return packet.Release();
}

inline IpAddress
Address(std::string_view text)
{
    return IpAddress::Parse(text).value();
}

/// Exit code and output (both streams) of a shell command.
inline std::pair<int, std::string>
RunCommand(const std::string& command)
{
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
    std::string output;
    std::array<char, 4096> chunk;
    while (pipe != nullptr && std::fgets(chunk.data(), chunk.size(), pipe) != nullptr)
    {
        // tshark greets root, which says nothing about the capture.
        const std::string line = chunk.data();
        if (!line.starts_with("Running as user"))
        {
            output += line;
        }
    }
    return {pipe == nullptr ? -1 : ::pclose(pipe), output};
}

inline bool
HaveTshark()
{
    return RunCommand("tshark --version").first == 0;
}

} // namespace ikelab::io::testing
