// SPDX-License-Identifier: MIT
#include "wire/header.h"

#include "base/byte_reader.h"
#include "base/limits.h"

namespace ikelab::wire
{

Result<Header>
ParseHeader(Bytes datagram)
{
    ByteReader reader(datagram);
    Header header;
    uint8_t nextPayload;
    uint8_t version;
    uint8_t exchange;
    if (!reader.U64(header.initiatorSpi.value) || !reader.U64(header.responderSpi.value) ||
        !reader.U8(nextPayload) || !reader.U8(version) || !reader.U8(exchange) ||
        !reader.U8(header.flags) || !reader.U32(header.messageId.value) ||
        !reader.U32(header.length))
    {
        return Fail(Fault::TRUNCATED, "IKE header", reader.Offset());
    }
    header.nextPayload = PayloadType{nextPayload};
    header.majorVersion = version >> 4;
    header.minorVersion = version & 0x0f;
    header.exchange = ExchangeType{exchange};
    if (header.length > datagram.size())
    {
        return Fail(Fault::TRUNCATED, "IKE header length", HEADER_OCTETS - 4);
    }
    if (header.length < datagram.size())
    {
        return Fail(Fault::OVERLONG, "IKE header length", HEADER_OCTETS - 4);
    }
    if (datagram.size() > limits::MESSAGE_OCTETS)
    {
        return Fail(Fault::LIMIT, "IKE message", HEADER_OCTETS - 4);
    }
    return header;
}

void
WriteHeader(ByteWriter& writer, const Header& header)
{
    writer.U64(header.initiatorSpi.value);
    writer.U64(header.responderSpi.value);
    writer.U8(static_cast<uint8_t>(header.nextPayload));
    writer.U8(static_cast<uint8_t>(header.majorVersion << 4 | (header.minorVersion & 0x0f)));
    writer.U8(static_cast<uint8_t>(header.exchange));
    writer.U8(header.flags);
    writer.U32(header.messageId.value);
    writer.U32(header.length);
}

} // namespace ikelab::wire
