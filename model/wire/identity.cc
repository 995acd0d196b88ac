// SPDX-License-Identifier: MIT
#include "wire/identity.h"

#include "base/hex.h"
#include "wire/readable.h"

#include <algorithm>

namespace ikelab::wire
{

namespace
{

bool
IsPrintable(Bytes octets)
{
    return std::ranges::all_of(octets,
                               [](uint8_t octet) { return octet >= 0x20 && octet <= 0x7e; });
}

Bytes
OctetsOf(const std::string& text)
{
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// One overload per alternative of IdValue: its octets.
struct ValueWriter
{
    ByteWriter& writer;

    void
    operator()(const IpAddress& address) const
    {
        writer.Octets(address.Octets());
    }

    void
    operator()(const IdName& name) const
    {
        writer.Octets(OctetsOf(name.text));
    }

    void
    operator()(const DistinguishedName& name) const
    {
        WriteDistinguishedName(writer, name);
    }

    void
    operator()(const GeneralName& name) const
    {
        WriteGeneralName(writer, name);
    }

    void
    operator()(const IdOctets& octets) const
    {
        writer.Octets(octets.octets);
    }
};

/// One overload per alternative of IdValue: its text.
struct ValueText
{
    std::string
    operator()(const IpAddress& address) const
    {
        return address.ToString();
    }

    std::string
    operator()(const IdName& name) const
    {
        return Readable(OctetsOf(name.text));
    }

    std::string
    operator()(const DistinguishedName& name) const
    {
        return ToText(name);
    }

    std::string
    operator()(const GeneralName& name) const
    {
        return ToText(name);
    }

    std::string
    operator()(const IdOctets& octets) const
    {
        return IsPrintable(octets.octets) ? Readable(octets.octets) : ToHex(octets.octets);
    }
};

} // namespace

Result<IdValue>
ParseIdValue(const IdPayload& id)
{
    switch (id.type)
    {
    case IdType::ID_IPV4_ADDR:
    case IdType::ID_IPV6_ADDR:
        if (id.data.size() != (id.type == IdType::ID_IPV4_ADDR ? 4U : 16U))
        {
            return Fail(Fault::BAD_VALUE, "ID data");
        }
        return IpAddress::FromOctets(id.data);
    case IdType::ID_FQDN:
    case IdType::ID_RFC822_ADDR:
        return IdName{std::string(id.data.begin(), id.data.end())};
    case IdType::ID_DER_ASN1_DN:
    {
        TRY_ASSIGN(DistinguishedName name, ParseDistinguishedName(id.data));
        return name;
    }
    case IdType::ID_DER_ASN1_GN:
    {
        TRY_ASSIGN(const GeneralName name, ParseGeneralName(id.data));
        return name;
    }
    default:
        return IdOctets{id.data};
    }
}

Buffer
IdValueOctets(const IdValue& value)
{
    ByteWriter writer;
    std::visit(ValueWriter{writer}, value);
    return writer.Release();
}

std::string
IdText(const IdPayload& id)
{
    const auto value = ParseIdValue(id);
    return value ? std::visit(ValueText{}, *value) : ToHex(id.data);
}

} // namespace ikelab::wire
