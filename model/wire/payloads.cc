// SPDX-License-Identifier: MIT
#include "wire/payloads.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/limits.h"
#include "wire/payload_writers.h"

#include <algorithm>

namespace ikelab::wire
{

Result<KePayload>
ParseKe(Bytes body)
{
    ByteReader reader(body);
    uint16_t method;
    uint16_t reserved;
    if (!reader.U16(method) || !reader.U16(reserved))
    {
        return Fail(Fault::TRUNCATED, "KE", reader.Offset());
    }
    return KePayload{KeMethod{method}, reader.Rest()};
}

void
WriteKe(ByteWriter& writer, const KePayload& ke)
{
    writer.U16(static_cast<uint16_t>(ke.method));
    writer.U16(0);
    writer.Octets(ke.data);
}

Result<IdPayload>
ParseId(Bytes body)
{
    ByteReader reader(body);
    uint8_t type;
    uint32_t reserved;
    if (!reader.U8(type) || !reader.U24(reserved))
    {
        return Fail(Fault::TRUNCATED, "ID", reader.Offset());
    }
    const IdPayload id{IdType{type}, reader.Rest()};
    if (id.data.size() > limits::ID_OCTETS)
    {
        return Fail(Fault::LIMIT, "ID", 4);
    }
    // RFC 7296 §3.5: addresses have their own length; names carry no terminators, so that no two
    // readers see different names in the same octets.
    const auto isTerminator = [](uint8_t octet)
    {
        return octet == '\0' || octet == '\r' || octet == '\n';
    };
    bool isGood = true;
    switch (id.type)
    {
    case IdType::ID_IPV4_ADDR:
        isGood = id.data.size() == 4;
        break;
    case IdType::ID_IPV6_ADDR:
        isGood = id.data.size() == 16;
        break;
    case IdType::ID_FQDN:
    case IdType::ID_RFC822_ADDR:
        isGood = std::ranges::none_of(id.data, isTerminator);
        break;
    default:
        break;
    }
    if (!isGood)
    {
        return Fail(Fault::BAD_VALUE, "ID data", 4);
    }
    return id;
}

void
WriteId(ByteWriter& writer, const IdPayload& id)
{
    writer.U8(static_cast<uint8_t>(id.type));
    writer.U24(0);
    writer.Octets(id.data);
}

Result<AuthPayload>
ParseAuth(Bytes body)
{
    ByteReader reader(body);
    uint8_t method;
    uint32_t reserved;
    if (!reader.U8(method) || !reader.U24(reserved))
    {
        return Fail(Fault::TRUNCATED, "AUTH", reader.Offset());
    }
    return AuthPayload{AuthMethod{method}, reader.Rest()};
}

void
WriteAuth(ByteWriter& writer, const AuthPayload& auth)
{
    writer.U8(static_cast<uint8_t>(auth.method));
    writer.U24(0);
    writer.Octets(auth.data);
}

Result<NoncePayload>
ParseNonce(Bytes body)
{
    // RFC 7296 §3.9
    if (body.size() < limits::NONCE_OCTETS_MIN || body.size() > limits::NONCE_OCTETS_MAX)
    {
        return Fail(Fault::BAD_VALUE, "nonce length");
    }
    return NoncePayload{body};
}

Result<NotifyPayload>
ParseNotify(Bytes body)
{
    ByteReader reader(body);
    uint8_t protocol;
    uint8_t spiOctets;
    uint16_t type;
    NotifyPayload notify;
    if (!reader.U8(protocol) || !reader.U8(spiOctets) || !reader.U16(type) ||
        !reader.Take(spiOctets, notify.spi))
    {
        return Fail(Fault::TRUNCATED, "N", reader.Offset());
    }
    notify.protocol = ProtocolId{protocol};
    notify.type = NotifyType{type};
    notify.data = reader.Rest();
    // RFC 7296 §3.10: without an SPI the protocol says nothing; about the IKE SA there is no SPI;
    // SPIs of AH and ESP have four octets.
    const bool isChild = notify.protocol == ProtocolId::AH || notify.protocol == ProtocolId::ESP;
    if (spiOctets != 0 &&
        (notify.protocol == ProtocolId::IKE || (isChild && spiOctets != sizeof(EspSpi))))
    {
        return Fail(Fault::BAD_VALUE, "N SPI size", 1);
    }
    return notify;
}

void
WriteNotify(ByteWriter& writer, const NotifyPayload& notify)
{
    IKELAB_ASSERT(notify.spi.size() <= 0xff);
    writer.U8(static_cast<uint8_t>(notify.protocol));
    writer.U8(static_cast<uint8_t>(notify.spi.size()));
    writer.U16(static_cast<uint16_t>(notify.type));
    writer.Octets(notify.spi);
    writer.Octets(notify.data);
}

Result<DeletePayload>
ParseDelete(Bytes body)
{
    ByteReader reader(body);
    uint8_t protocol;
    uint8_t spiOctets;
    uint16_t count;
    if (!reader.U8(protocol) || !reader.U8(spiOctets) || !reader.U16(count))
    {
        return Fail(Fault::TRUNCATED, "D", reader.Offset());
    }
    DeletePayload payload;
    payload.protocol = ProtocolId{protocol};
    switch (payload.protocol)
    {
    case ProtocolId::IKE:
        if (spiOctets != 0)
        {
            return Fail(Fault::BAD_VALUE, "D SPI size", 1);
        }
        if (count != 0)
        {
            return Fail(Fault::BAD_VALUE, "D SPI count", 2);
        }
        break;
    case ProtocolId::AH:
    case ProtocolId::ESP:
        if (spiOctets != sizeof(EspSpi))
        {
            return Fail(Fault::BAD_VALUE, "D SPI size", 1);
        }
        break;
    default:
        return Fail(Fault::BAD_VALUE, "D protocol");
    }
    if (count > limits::DELETE_SPIS)
    {
        return Fail(Fault::LIMIT, "D SPI count", 2);
    }
    payload.spis.reserve(std::min<size_t>(count, reader.Left() / sizeof(EspSpi)));
    for (size_t i = 0; i < count; ++i)
    {
        EspSpi spi;
        if (!reader.U32(spi.value))
        {
            return Fail(Fault::TRUNCATED, "D SPI", reader.Offset());
        }
        payload.spis.push_back(spi);
    }
    if (!reader.AtEnd())
    {
        return Fail(Fault::OVERLONG, "D", reader.Offset());
    }
    return payload;
}

void
WriteDelete(ByteWriter& writer, const DeletePayload& payload)
{
    const bool isIke = payload.protocol == ProtocolId::IKE;
    IKELAB_ASSERT(!isIke || payload.spis.empty());
    IKELAB_ASSERT(payload.spis.size() <= 0xffff);
    writer.U8(static_cast<uint8_t>(payload.protocol));
    writer.U8(isIke ? 0 : sizeof(EspSpi));
    writer.U16(static_cast<uint16_t>(payload.spis.size()));
    for (const EspSpi spi : payload.spis)
    {
        writer.U32(spi.value);
    }
}

} // namespace ikelab::wire
