// SPDX-License-Identifier: MIT
#include "wire/der_name.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/hex.h"
#include "base/ip_address.h"
#include "wire/readable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

namespace ikelab::wire
{

namespace
{

constexpr uint8_t TAG_OBJECT_IDENTIFIER = 0x06;
constexpr uint8_t TAG_UTF8_STRING = 0x0c;
constexpr uint8_t TAG_NUMERIC_STRING = 0x12;
constexpr uint8_t TAG_PRINTABLE_STRING = 0x13;
constexpr uint8_t TAG_TELETEX_STRING = 0x14;
constexpr uint8_t TAG_IA5_STRING = 0x16;
constexpr uint8_t TAG_VISIBLE_STRING = 0x1a;
constexpr uint8_t TAG_SEQUENCE = 0x30;
constexpr uint8_t TAG_SET = 0x31;
constexpr uint8_t TAG_NUMBER = 0x1f;
constexpr uint8_t CONSTRUCTED = 0x20;
constexpr uint8_t CONTEXT_CLASS = 0x80;
constexpr uint8_t LONG_LENGTH = 0x80;
/// RFC 4514 §2.4
constexpr std::string_view SPECIAL = ",+\"<>;=";

struct AttributeName
{
    std::string_view identifier;
    std::string_view name;
};

// RFC 4514 §3, and those that certificates use besides, with charon's words.
constexpr AttributeName ATTRIBUTE_NAMES[] = {
    {"2.5.4.3", "CN"},
    {"2.5.4.4", "SN"},
    {"2.5.4.5", "serialNumber"},
    {"2.5.4.6", "C"},
    {"2.5.4.7", "L"},
    {"2.5.4.8", "ST"},
    {"2.5.4.9", "STREET"},
    {"2.5.4.10", "O"},
    {"2.5.4.11", "OU"},
    {"2.5.4.12", "T"},
    {"2.5.4.42", "G"},
    {"1.2.840.113549.1.9.1", "E"},
    {"0.9.2342.19200300.100.1.1", "UID"},
    {"0.9.2342.19200300.100.1.25", "DC"},
};

/// Take a value that must have this tag.
Result<Bytes>
TakeTagged(Bytes& octets, uint8_t tag)
{
    TRY_ASSIGN(const DerValue value, TakeDer(octets));
    if (value.tag != tag)
    {
        return Fail(Fault::BAD_VALUE, "DER tag");
    }
    return value.content;
}

/// A value that must be all there is.
Result<Bytes>
OnlyTagged(Bytes octets, uint8_t tag)
{
    TRY_ASSIGN(const Bytes content, TakeTagged(octets, tag));
    if (!octets.empty())
    {
        return Fail(Fault::OVERLONG, "DER");
    }
    return content;
}

Result<NameAttribute>
ParseAttribute(Bytes content)
{
    NameAttribute attribute;
    TRY_ASSIGN(attribute.type, TakeTagged(content, TAG_OBJECT_IDENTIFIER));
    TRY(ParseObjectIdentifier(attribute.type));
    TRY_ASSIGN(const DerValue value, TakeDer(content));
    if (!content.empty())
    {
        return Fail(Fault::OVERLONG, "DER name attribute");
    }
    attribute.valueTag = value.tag;
    attribute.value = value.content;
    return attribute;
}

std::string
AttributeType(Bytes type)
{
    const auto identifier = ParseObjectIdentifier(type);
    IKELAB_ASSERT(identifier.has_value());
    const auto* row = std::ranges::find(ATTRIBUTE_NAMES, *identifier, &AttributeName::identifier);
    return row != std::end(ATTRIBUTE_NAMES) ? std::string(row->name) : *identifier;
}

std::string
AttributeValue(const NameAttribute& attribute)
{
    switch (attribute.valueTag)
    {
    case TAG_UTF8_STRING:
    case TAG_NUMERIC_STRING:
    case TAG_PRINTABLE_STRING:
    case TAG_TELETEX_STRING:
    case TAG_IA5_STRING:
    case TAG_VISIBLE_STRING:
        return Readable(attribute.value, SPECIAL);
    default:
        ByteWriter writer;
        WriteDer(writer, attribute.valueTag, attribute.value);
        return "#" + ToHex(writer.View());
    }
}

bool
IsConstructed(GeneralNameKind kind)
{
    return kind == GeneralNameKind::OTHER_NAME || kind == GeneralNameKind::X400_ADDRESS ||
           kind == GeneralNameKind::DIRECTORY_NAME || kind == GeneralNameKind::EDI_PARTY_NAME;
}

bool
IsPlainText(Bytes octets)
{
    return std::ranges::all_of(octets, [](uint8_t octet) { return octet >= 0x20 && octet < 0x7f; });
}

bool
IsGood(const GeneralName& name)
{
    switch (name.kind)
    {
    case GeneralNameKind::RFC822_NAME:
    case GeneralNameKind::DNS_NAME:
    case GeneralNameKind::UNIFORM_RESOURCE_IDENTIFIER:
        return IsPlainText(name.content);
    case GeneralNameKind::IP_ADDRESS:
        return name.content.size() == 4 || name.content.size() == 16;
    case GeneralNameKind::DIRECTORY_NAME:
        return ParseDistinguishedName(name.content).has_value();
    case GeneralNameKind::REGISTERED_ID:
        return ParseObjectIdentifier(name.content).has_value();
    default:
        return true;
    }
}

} // namespace

Result<DerValue>
TakeDer(Bytes& octets)
{
    ByteReader reader(octets);
    DerValue value;
    uint8_t shortLength;
    if (!reader.U8(value.tag) || !reader.U8(shortLength))
    {
        return Fail(Fault::TRUNCATED, "DER");
    }
    if ((value.tag & TAG_NUMBER) == TAG_NUMBER)
    {
        return Fail(Fault::BAD_VALUE, "DER tag");
    }
    size_t length = shortLength;
    if (shortLength >= LONG_LENGTH)
    {
        // Two octets of length are more than any identity has (limits::ID_OCTETS).
        uint8_t octet = 0;
        uint16_t longLength = 0;
        if (shortLength == LONG_LENGTH + 1
                ? !reader.U8(octet)
                : shortLength != LONG_LENGTH + 2 || !reader.U16(longLength))
        {
            return Fail(Fault::BAD_VALUE, "DER length");
        }
        length = shortLength == LONG_LENGTH + 1 ? octet : longLength;
        if (length < LONG_LENGTH || (shortLength == LONG_LENGTH + 2 && length <= 0xff))
        {
            return Fail(Fault::BAD_VALUE, "DER length");
        }
    }
    if (!reader.Take(length, value.content))
    {
        return Fail(Fault::TRUNCATED, "DER length");
    }
    octets = reader.Rest();
    return value;
}

void
WriteDer(ByteWriter& writer, uint8_t tag, Bytes content)
{
    IKELAB_ASSERT(content.size() <= 0xffff);
    writer.U8(tag);
    if (content.size() > 0xff)
    {
        writer.U8(LONG_LENGTH + 2);
        writer.U16(static_cast<uint16_t>(content.size()));
    }
    else
    {
        if (content.size() >= LONG_LENGTH)
        {
            writer.U8(LONG_LENGTH + 1);
        }
        writer.U8(static_cast<uint8_t>(content.size()));
    }
    writer.Octets(content);
}

Result<DistinguishedName>
ParseDistinguishedName(Bytes der)
{
    TRY_ASSIGN(Bytes parts, OnlyTagged(der, TAG_SEQUENCE));
    DistinguishedName name;
    while (!parts.empty())
    {
        TRY_ASSIGN(Bytes attributes, TakeTagged(parts, TAG_SET));
        if (attributes.empty())
        {
            return Fail(Fault::BAD_VALUE, "DER name part");
        }
        std::vector<NameAttribute>& part = name.parts.emplace_back();
        while (!attributes.empty())
        {
            TRY_ASSIGN(const Bytes content, TakeTagged(attributes, TAG_SEQUENCE));
            TRY_ASSIGN(NameAttribute attribute, ParseAttribute(content));
            part.push_back(attribute);
        }
    }
    return name;
}

void
WriteDistinguishedName(ByteWriter& writer, const DistinguishedName& name)
{
    ByteWriter parts;
    for (const auto& part : name.parts)
    {
        ByteWriter attributes;
        for (const NameAttribute& attribute : part)
        {
            ByteWriter fields;
            WriteDer(fields, TAG_OBJECT_IDENTIFIER, attribute.type);
            WriteDer(fields, attribute.valueTag, attribute.value);
            WriteDer(attributes, TAG_SEQUENCE, fields.View());
        }
        WriteDer(parts, TAG_SET, attributes.View());
    }
    WriteDer(writer, TAG_SEQUENCE, parts.View());
}

std::string
ToText(const DistinguishedName& name)
{
    std::string text;
    for (const auto& part : name.parts)
    {
        std::string_view separator = text.empty() ? "" : ", ";
        for (const NameAttribute& attribute : part)
        {
            fmt::format_to(std::back_inserter(text),
                           "{}{}={}",
                           separator,
                           AttributeType(attribute.type),
                           AttributeValue(attribute));
            separator = "+";
        }
    }
    return text;
}

Result<std::string>
ParseObjectIdentifier(Bytes content)
{
    std::string text;
    uint64_t arc = 0;
    bool isInside = false;
    for (const uint8_t octet : content)
    {
        // X.690 §8.19.2: no leading zeros; beyond 57 bits the next seven would be lost.
        if ((!isInside && octet == 0x80) || arc > std::numeric_limits<uint64_t>::max() >> 7)
        {
            return Fail(Fault::BAD_VALUE, "DER object identifier");
        }
        arc = arc << 7 | (octet & 0x7fU);
        isInside = (octet & 0x80) != 0;
        if (isInside)
        {
            continue;
        }
        if (text.empty())
        {
            const uint64_t first = std::min<uint64_t>(arc / 40, 2);
            text = fmt::format("{}.{}", first, arc - 40 * first);
        }
        else
        {
            fmt::format_to(std::back_inserter(text), ".{}", arc);
        }
        arc = 0;
    }
    if (isInside || text.empty())
    {
        return Fail(Fault::TRUNCATED, "DER object identifier");
    }
    return text;
}

Result<GeneralName>
ParseGeneralName(Bytes der)
{
    TRY_ASSIGN(const DerValue value, TakeDer(der));
    if (!der.empty())
    {
        return Fail(Fault::OVERLONG, "DER");
    }
    const GeneralName name{GeneralNameKind{static_cast<uint8_t>(value.tag & TAG_NUMBER)},
                           value.content};
    const uint8_t form = CONTEXT_CLASS | (IsConstructed(name.kind) ? CONSTRUCTED : 0);
    if (name.kind > GeneralNameKind::REGISTERED_ID ||
        value.tag != (form | static_cast<uint8_t>(name.kind)))
    {
        return Fail(Fault::BAD_VALUE, "DER tag");
    }
    if (!IsGood(name))
    {
        return Fail(Fault::BAD_VALUE, "DER general name");
    }
    return name;
}

void
WriteGeneralName(ByteWriter& writer, const GeneralName& name)
{
    const uint8_t form = CONTEXT_CLASS | (IsConstructed(name.kind) ? CONSTRUCTED : 0);
    WriteDer(writer, form | static_cast<uint8_t>(name.kind), name.content);
}

std::string
ToText(const GeneralName& name)
{
    switch (name.kind)
    {
    case GeneralNameKind::RFC822_NAME:
        return "email:" + Readable(name.content);
    case GeneralNameKind::DNS_NAME:
        return "DNS:" + Readable(name.content);
    case GeneralNameKind::UNIFORM_RESOURCE_IDENTIFIER:
        return "URI:" + Readable(name.content);
    case GeneralNameKind::IP_ADDRESS:
        return "IP:" + IpAddress::FromOctets(name.content).ToString();
    case GeneralNameKind::DIRECTORY_NAME:
        return "DN:" + ToText(ParseDistinguishedName(name.content).value_or(DistinguishedName{}));
    case GeneralNameKind::REGISTERED_ID:
        return "RID:" + ParseObjectIdentifier(name.content).value_or("");
    case GeneralNameKind::X400_ADDRESS:
        return "x400Address:" + ToHex(name.content);
    case GeneralNameKind::EDI_PARTY_NAME:
        return "ediPartyName:" + ToHex(name.content);
    default:
        return "otherName:" + ToHex(name.content);
    }
}

} // namespace ikelab::wire
