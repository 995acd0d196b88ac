// SPDX-License-Identifier: MIT
#include "wire/cp_payload.h"
#include "wire/payload_fields.h"
#include "wire/readable.h"

#include <fmt/format.h>

namespace ikelab::wire
{

namespace
{

std::string
TextOf(const std::string& text)
{
    return Readable({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

std::string
TextOf(const CfgPrefix6& prefix)
{
    return fmt::format("{}/{}", prefix.address.ToString(), prefix.prefixLength);
}

/// One overload per alternative of CfgValue.
struct ValueFields
{
    std::vector<Field>& fields;

    void
    operator()(const CfgNoValue&) const
    {
    }

    void
    operator()(const IpAddress& address) const
    {
        fields.push_back({"address", address.ToString()});
    }

    void
    operator()(const CfgSubnet4& subnet) const
    {
        fields.push_back({"address", subnet.address.ToString()});
        fields.push_back({"netmask", subnet.netmask.ToString()});
    }

    void
    operator()(const CfgPrefix6& prefix) const
    {
        fields.push_back({"prefix", TextOf(prefix)});
    }

    void
    operator()(const CfgText& text) const
    {
        fields.push_back({"text", TextOf(text.text)});
    }

    void
    operator()(const CfgAttributeList& list) const
    {
        FieldList types;
        for (const CfgAttributeType type : list.types)
        {
            types.items.push_back({"type", CodeOf(type)});
        }
        fields.push_back({"supported", std::move(types)});
    }

    void
    operator()(const CfgHomePrefix& home) const
    {
        fields.push_back({"prefix", TextOf(home.prefix)});
        fields.push_back({"lifetime_seconds", uint64_t{home.lifetimeSeconds}});
    }

    void
    operator()(const CfgLink6& link) const
    {
        fields.push_back({"interface_id", fmt::format("{:016x}", link.interfaceId)});
        fields.push_back({"link_id", link.linkId});
    }

    void
    operator()(const CfgHomeAgent& agent) const
    {
        fields.push_back({"address", agent.v6.ToString()});
        if (agent.v4)
        {
            fields.push_back({"ip4_address", agent.v4->ToString()});
        }
    }

    void
    operator()(const CfgTime& time) const
    {
        fields.push_back({"time", uint64_t{time.value}});
    }

    void
    operator()(const SocketAddress& socket) const
    {
        fields.push_back({"address", socket.address.ToString()});
        fields.push_back({"port", uint64_t{socket.port}});
    }

    void
    operator()(const CfgTrustAnchor& anchor) const
    {
        fields.push_back({"key_tag", uint64_t{anchor.keyTag}});
        fields.push_back({"algorithm", uint64_t{anchor.algorithm}});
        fields.push_back({"digest_type", uint64_t{anchor.digestType}});
        fields.push_back({"digest", anchor.digest});
    }

    void
    operator()(const CfgEncryptedDns& dns) const
    {
        fields.push_back({"priority", uint64_t{dns.priority}});
        fields.push_back({"domain_name", TextOf(dns.domainName)});
        fields.push_back({"parameters", dns.parameters});
        FieldList addresses;
        for (const IpAddress& address : dns.addresses)
        {
            addresses.items.push_back({"address", address.ToString()});
        }
        fields.push_back({"addresses", std::move(addresses)});
    }

    void
    operator()(const CfgDigestInfo& info) const
    {
        fields.push_back({"domain_name", TextOf(info.domainName)});
        fields.push_back({"digest", info.digest});
        FieldList algorithms;
        for (const HashAlgorithm algorithm : info.algorithms)
        {
            algorithms.items.push_back({"algorithm", CodeOf(algorithm)});
        }
        fields.push_back({"algorithms", std::move(algorithms)});
    }

    void
    operator()(const CfgOctets& octets) const
    {
        fields.push_back({"data", octets.octets});
    }
};

FieldGroup
AttributeFields(const CfgAttribute& attribute)
{
    FieldGroup group{{{"type", CodeOf(attribute.type)}}};
    if (const auto value = ParseCfgValue(attribute))
    {
        std::visit(ValueFields{group.fields}, *value);
    }
    else
    {
        group.fields.push_back({"malformed", ToString(value.error())});
        group.fields.push_back({"octets", ToBuffer(attribute.value)});
    }
    return group;
}

} // namespace

FieldGroup
CpFields(Bytes body)
{
    const auto cp = ParseCp(body);
    if (!cp)
    {
        return Malformed(cp.error(), body);
    }
    FieldList attributes;
    for (const CfgAttribute& attribute : cp->attributes)
    {
        attributes.items.push_back({"attribute", AttributeFields(attribute)});
    }
    return {{{"cfg_type", CodeOf(cp->type)}, {"attributes", std::move(attributes)}}};
}

} // namespace ikelab::wire
