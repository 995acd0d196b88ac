// SPDX-License-Identifier: MIT
#include "wire/eap_payload.h"

#include "base/assert.h"
#include "base/byte_reader.h"

namespace ikelab::wire
{

namespace
{

bool
HasType(EapCode code)
{
    return code == EapCode::REQUEST || code == EapCode::RESPONSE;
}

bool
HasData(EapCode code)
{
    return HasType(code) || code == EapCode::INITIATE || code == EapCode::FINISH;
}

} // namespace

Result<EapMessage>
ParseEap(Bytes body)
{
    ByteReader reader(body);
    uint8_t code;
    uint16_t length;
    EapMessage eap;
    if (!reader.U8(code) || !reader.U8(eap.identifier) || !reader.U16(length))
    {
        return Fail(Fault::TRUNCATED, "EAP", reader.Offset());
    }
    // RFC 7296 §3.16: the message is the whole payload.
    if (length != body.size())
    {
        return Fail(length > body.size() ? Fault::TRUNCATED : Fault::OVERLONG, "EAP length", 2);
    }
    eap.code = EapCode{code};
    if (HasType(eap.code))
    {
        uint8_t type;
        if (!reader.U8(type))
        {
            return Fail(Fault::TRUNCATED, "EAP type", reader.Offset());
        }
        eap.type = EapType{type};
    }
    if (!HasData(eap.code) && !reader.AtEnd())
    {
        return Fail(Fault::BAD_VALUE, "EAP length", 2);
    }
    eap.data = reader.Rest();
    return eap;
}

void
WriteEap(ByteWriter& writer, const EapMessage& eap)
{
    IKELAB_ASSERT(eap.type.has_value() == HasType(eap.code));
    IKELAB_ASSERT(HasData(eap.code) || eap.data.empty());
    const size_t start = writer.Size();
    writer.U8(static_cast<uint8_t>(eap.code));
    writer.U8(eap.identifier);
    const LengthScope length(writer, start);
    if (eap.type)
    {
        writer.U8(static_cast<uint8_t>(*eap.type));
    }
    writer.Octets(eap.data);
}

Result<EapExpandedType>
ParseEapExpandedType(Bytes data)
{
    ByteReader reader(data);
    EapExpandedType expanded;
    if (!reader.U24(expanded.vendorId) || !reader.U32(expanded.vendorType))
    {
        return Fail(Fault::TRUNCATED, "EAP expanded type", reader.Offset());
    }
    expanded.data = reader.Rest();
    return expanded;
}

void
WriteEapExpandedType(ByteWriter& writer, const EapExpandedType& expanded)
{
    IKELAB_ASSERT(expanded.vendorId < (uint32_t{1} << 24));
    writer.U24(expanded.vendorId);
    writer.U32(expanded.vendorType);
    writer.Octets(expanded.data);
}

} // namespace ikelab::wire
