// SPDX-License-Identifier: MIT
#include "wire/esp_header.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/fixed_fields.h"

#include <algorithm>

namespace ikelab::wire
{

bool
UsesNonEspMarker(uint16_t localPort, uint16_t remotePort)
{
    const bool encapsulated = localPort == NATT_PORT || remotePort == NATT_PORT;
    return encapsulated || (localPort != IKE_PORT && remotePort != IKE_PORT);
}

Result<EspHeader>
ParseEspHeader(Bytes packet)
{
    ByteReader reader(packet);
    EspHeader header;
    if (!reader.U32(header.spi.value) || !reader.U32(header.sequence))
    {
        return Fail(Fault::TRUNCATED, "ESP header", reader.Offset());
    }
    // RFC 4303 §2.1: zero is kept for local use and never crosses the wire.
    if (header.spi == EspSpi{0})
    {
        return Fail(Fault::BAD_VALUE, "ESP SPI");
    }
    return header;
}

void
WriteEspHeader(MutableBytes packet, const EspHeader& header)
{
    IKELAB_ASSERT(packet.size() >= ESP_HEADER_OCTETS);
    // In one piece, as ciphers read it a moment later.
    StoreField<0>(packet.first<ESP_HEADER_OCTETS>(),
                  uint64_t{header.spi.value} << 32 | header.sequence);
}

Result<Encapsulated>
ParseUdpEncapsulated(Bytes datagram)
{
    if (std::ranges::equal(datagram, NAT_KEEPALIVE))
    {
        return Encapsulated{NatKeepalive{}};
    }
    ByteReader reader(datagram);
    uint32_t marker;
    if (!reader.U32(marker))
    {
        return Fail(Fault::TRUNCATED, "UDP encapsulation", reader.Offset());
    }
    // RFC 3948 §2.2: four zero octets stand where ESP has its SPI, which is never zero.
    if (marker == 0)
    {
        return Encapsulated{IkeInUdp{reader.Rest()}};
    }
    return Encapsulated{EspInUdp{datagram}};
}

} // namespace ikelab::wire
