// SPDX-License-Identifier: MIT
#include "wire/cp_payload.h"

#include "base/assert.h"
#include "base/byte_reader.h"

#include <algorithm>

namespace ikelab::wire
{

namespace
{

/// RFC 7296 §3.15.1: the bit before the type is reserved.
constexpr uint16_t RESERVED_BIT = 0x8000;

/// How many attributes the chain of length fields holds, so that the vector grows once.
size_t
CountAttributes(ByteReader reader)
{
    size_t count = 0;
    uint16_t type;
    uint16_t length;
    while (reader.U16(type) && reader.U16(length) && reader.Skip(length))
    {
        ++count;
    }
    return count;
}

} // namespace

const CfgAttribute*
CpPayload::Find(CfgAttributeType attribute) const
{
    const auto found = std::ranges::find(attributes, attribute, &CfgAttribute::type);
    return found == attributes.end() ? nullptr : &*found;
}

Result<CpPayload>
ParseCp(Bytes body)
{
    ByteReader reader(body);
    uint8_t type;
    uint32_t reserved;
    if (!reader.U8(type) || !reader.U24(reserved))
    {
        return Fail(Fault::TRUNCATED, "CP", reader.Offset());
    }
    CpPayload cp;
    cp.type = CfgType{type};
    cp.attributes.reserve(CountAttributes(reader));
    while (!reader.AtEnd())
    {
        const size_t start = reader.Offset();
        uint16_t number;
        uint16_t length;
        CfgAttribute attribute;
        if (!reader.U16(number) || !reader.U16(length))
        {
            return Fail(Fault::TRUNCATED, "CP attribute", start);
        }
        if (!reader.Take(length, attribute.value))
        {
            return Fail(Fault::TRUNCATED, "CP attribute length", start + 2);
        }
        attribute.type = CfgAttributeType{static_cast<uint16_t>(number & ~RESERVED_BIT)};
        cp.attributes.push_back(attribute);
    }
    return cp;
}

void
WriteCp(ByteWriter& writer, const CpPayload& cp)
{
    writer.U8(static_cast<uint8_t>(cp.type));
    writer.U24(0);
    for (const CfgAttribute& attribute : cp.attributes)
    {
        const auto number = static_cast<uint16_t>(attribute.type);
        IKELAB_ASSERT((number & RESERVED_BIT) == 0);
        writer.U16(number);
        const LengthScope length(writer, writer.Size() + sizeof(uint16_t));
        writer.Octets(attribute.value);
    }
}

} // namespace ikelab::wire
