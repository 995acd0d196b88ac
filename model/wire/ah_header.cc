// SPDX-License-Identifier: MIT
#include "wire/ah_header.h"

#include "base/assert.h"
#include "base/byte_reader.h"

namespace ikelab::wire
{

namespace
{

constexpr size_t WORD_OCTETS = 4;
/// RFC 4302 §2.2: Payload Len counts words and leaves out two.
constexpr size_t UNCOUNTED_WORDS = 2;

} // namespace

Result<AhHeader>
ParseAhHeader(Bytes packet)
{
    ByteReader reader(packet);
    AhHeader header;
    uint8_t words = 0;
    uint16_t reserved = 0;
    if (!reader.U8(header.nextHeader) || !reader.U8(words) || !reader.U16(reserved) ||
        !reader.U32(header.spi.value) || !reader.U32(header.sequence))
    {
        return Fail(Fault::TRUNCATED, "AH", reader.Offset());
    }
    if (header.spi == EspSpi{0})
    {
        return Fail(Fault::BAD_VALUE, "AH SPI");
    }
    header.octets = WORD_OCTETS * (words + UNCOUNTED_WORDS);
    if (header.octets <= AH_FIXED_OCTETS)
    {
        return Fail(Fault::BAD_VALUE, "AH payload length", 1, words);
    }
    if (header.octets > packet.size())
    {
        return Fail(Fault::TRUNCATED, "AH", packet.size());
    }
    return header;
}

void
WriteAhHeader(MutableBytes packet, const AhHeader& header)
{
    const size_t words = header.octets / WORD_OCTETS;
    IKELAB_ASSERT(packet.size() >= AH_FIXED_OCTETS && header.octets % WORD_OCTETS == 0 &&
                  words >= UNCOUNTED_WORDS && words - UNCOUNTED_WORDS <= 255);
    packet[0] = header.nextHeader;
    packet[1] = static_cast<uint8_t>(words - UNCOUNTED_WORDS);
    packet[2] = 0; // RFC 4302 §2.3: RESERVED
    packet[3] = 0;
    for (size_t i = 0; i < 4; ++i)
    {
        const auto shift = static_cast<unsigned>(8 * (3 - i));
        packet[4 + i] = static_cast<uint8_t>(header.spi.value >> shift);
        packet[8 + i] = static_cast<uint8_t>(header.sequence >> shift);
    }
}

} // namespace ikelab::wire
