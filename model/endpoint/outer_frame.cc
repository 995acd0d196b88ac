// SPDX-License-Identifier: MIT
#include "endpoint/outer_frame.h"

#include "base/assert.h"

#include <algorithm>

namespace ikelab::endpoint
{

namespace
{

constexpr size_t IPV4_HEADER_OCTETS = 20;
constexpr size_t UDP_HEADER_OCTETS = 8;
constexpr size_t IP_LENGTH_MAX = 65535;
constexpr uint8_t IP_PROTOCOL_UDP = 17;
constexpr uint16_t DONT_FRAGMENT = 0x4000;

void
U8(Buffer& frame, uint8_t value)
{
    frame.push_back(value);
}

void
U16(Buffer& frame, size_t value)
{
    frame.push_back(static_cast<uint8_t>(value >> 8));
    frame.push_back(static_cast<uint8_t>(value));
}

void
PatchU16(Buffer& frame, size_t at, uint16_t value)
{
    frame[at] = static_cast<uint8_t>(value >> 8);
    frame[at + 1] = static_cast<uint8_t>(value);
}

/// RFC 1071: the ones' complement sum over 16-bit words; an odd last octet is a high one.
uint32_t
AddWords(uint32_t sum, Bytes octets)
{
    for (size_t i = 0; i + 1 < octets.size(); i += 2)
    {
        sum += static_cast<uint32_t>(octets[i] << 8 | octets[i + 1]);
    }
    if (octets.size() % 2 != 0)
    {
        sum += static_cast<uint32_t>(octets.back() << 8);
    }
    return sum;
}

uint16_t
Fold(uint32_t sum)
{
    while (sum > 0xFFFF)
    {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    return static_cast<uint16_t>(~sum);
}

/// The IP header for `octets` octets of payload.
void
IpHeader(Buffer& frame, const Path& path, uint8_t protocol, size_t octets, io::OuterFields outer)
{
    const IpAddress& source = path.local.address;
    const IpAddress& destination = path.remote.address;
    IKELAB_ASSERT(source.IsV4() == destination.IsV4());
    if (source.IsV4())
    {
        U8(frame, 0x45);
        U8(frame, outer.trafficClass);
        U16(frame, IPV4_HEADER_OCTETS + octets);
        U16(frame, 0); // identification: the system's secret
        U16(frame, outer.dontFragment ? DONT_FRAGMENT : 0);
        U8(frame, REBUILT_TTL);
        U8(frame, protocol);
        U16(frame, 0);
        Append(frame, source.Octets());
        Append(frame, destination.Octets());
        PatchU16(frame, 10, Fold(AddWords(0, frame)));
        return;
    }
    U8(frame, static_cast<uint8_t>(0x60 | outer.trafficClass >> 4));
    U8(frame, static_cast<uint8_t>(outer.trafficClass << 4));
    U16(frame, 0); // flow label
    U16(frame, octets);
    U8(frame, protocol);
    U8(frame, REBUILT_TTL);
    Append(frame, source.Octets());
    Append(frame, destination.Octets());
}

size_t
RoomFor(const Path& path, size_t headers)
{
    return IP_LENGTH_MAX - headers - (path.local.address.IsV4() ? IPV4_HEADER_OCTETS : 0);
}

} // namespace

void
BuildUdpFrame(Buffer& frame, const Path& path, Bytes payload, io::OuterFields outer)
{
    payload = payload.first(std::min(payload.size(), RoomFor(path, UDP_HEADER_OCTETS)));
    const size_t length = UDP_HEADER_OCTETS + payload.size();
    frame.clear();
    IpHeader(frame, path, IP_PROTOCOL_UDP, length, outer);
    const size_t udp = frame.size();
    U16(frame, path.local.port);
    U16(frame, path.remote.port);
    U16(frame, length);
    U16(frame, 0);
    Append(frame, payload);
    // RFC 768, RFC 8200 §8.1: both pseudo headers sum the same words.
    uint32_t sum = AddWords(0, path.local.address.Octets());
    sum = AddWords(sum, path.remote.address.Octets());
    sum += IP_PROTOCOL_UDP + static_cast<uint32_t>(length);
    const uint16_t checksum = Fold(AddWords(sum, Bytes(frame).subspan(udp)));
    PatchU16(frame, udp + 6, checksum == 0 ? 0xFFFF : checksum);
}

void
BuildRawFrame(Buffer& frame,
              const Path& path,
              uint8_t protocol,
              Bytes payload,
              io::OuterFields outer)
{
    payload = payload.first(std::min(payload.size(), RoomFor(path, 0)));
    frame.clear();
    IpHeader(frame, path, protocol, payload.size(), outer);
    Append(frame, payload);
}

} // namespace ikelab::endpoint
