// SPDX-License-Identifier: MIT
#include "esp/tunnel_header.h"

#include "esp/fixed_fields.h"

#include <algorithm>

namespace ikelab::esp
{

namespace
{

constexpr size_t V4_HEADER_OCTETS = 20;
constexpr size_t V6_HEADER_OCTETS = 40;
constexpr uint8_t TTL = 64;

} // namespace

TransportPlace
TunnelPlace(bool v6)
{
    constexpr size_t V4_PROTOCOL_AT = 9;
    constexpr size_t V6_NEXT_HEADER_AT = 6;
    return v6 ? TransportPlace{V6_HEADER_OCTETS, V6_NEXT_HEADER_AT}
              : TransportPlace{V4_HEADER_OCTETS, V4_PROTOCOL_AT};
}

void
PrependTunnelHeader(PacketBuffer& packet, const TunnelFields& fields, const Path& path)
{
    if (path.local.address.IsV4())
    {
        const auto header = packet.Prepend(V4_HEADER_OCTETS).first<V4_HEADER_OCTETS>();
        StoreField<0, uint8_t>(header, 0x45);
        StoreField<1, uint8_t>(header, fields.trafficClass);
        StoreField<4, uint16_t>(header, fields.identification);
        StoreField<6, uint16_t>(header, fields.dontFragment ? 0x4000 : 0);
        StoreField<8, uint8_t>(header, TTL);
        std::ranges::copy(path.local.address.Octets(), header.subspan<12, 4>().begin());
        std::ranges::copy(path.remote.address.Octets(), header.subspan<16, 4>().begin());
        return;
    }
    const auto header = packet.Prepend(V6_HEADER_OCTETS).first<V6_HEADER_OCTETS>();
    StoreField<0, uint32_t>(header, 0x60000000u | uint32_t{fields.trafficClass} << 20);
    StoreField<7, uint8_t>(header, TTL);
    std::ranges::copy(path.local.address.Octets(), header.subspan<8, 16>().begin());
    std::ranges::copy(path.remote.address.Octets(), header.subspan<24, 16>().begin());
}

} // namespace ikelab::esp
