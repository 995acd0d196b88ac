// SPDX-License-Identifier: MIT
#include "base/assert.h"
#include "base/byte_reader.h"
#include "wire/cp_payload.h"

#include <algorithm>
#include <string_view>

namespace ikelab::wire
{

namespace
{

constexpr size_t V4_OCTETS = 4;
constexpr size_t V6_OCTETS = 16;
constexpr unsigned V6_BITS = 128;

using Parsed = Result<CfgValue>;

tl::unexpected<Error>
BadLength()
{
    return Fail(Fault::BAD_VALUE, "CP value length");
}

std::string
ToText(Bytes octets)
{
    return {octets.begin(), octets.end()};
}

bool
HasTerminator(Bytes octets)
{
    return std::ranges::any_of(
        octets, [](uint8_t octet) { return octet == '\0' || octet == '\r' || octet == '\n'; });
}

Parsed
ParseAddress(Bytes value, size_t octets)
{
    if (value.size() != octets)
    {
        return BadLength();
    }
    return IpAddress::FromOctets(value);
}

Parsed
ParseSubnet4(Bytes value)
{
    if (value.size() != 2 * V4_OCTETS)
    {
        return BadLength();
    }
    return CfgSubnet4{IpAddress::FromOctets(value.first(V4_OCTETS)),
                      IpAddress::FromOctets(value.last(V4_OCTETS))};
}

/// Address and prefix length; `offset` is where they start in the value.
Result<CfgPrefix6>
ReadPrefix6(Bytes value, size_t offset)
{
    if (value.size() != V6_OCTETS + 1)
    {
        return BadLength();
    }
    const CfgPrefix6 prefix{IpAddress::FromOctets(value.first(V6_OCTETS)), value.back()};
    if (prefix.prefixLength > V6_BITS)
    {
        return Fail(Fault::BAD_VALUE, "CP prefix length", offset + V6_OCTETS);
    }
    return prefix;
}

Parsed
ParsePrefix6(Bytes value)
{
    TRY_ASSIGN(const CfgPrefix6 prefix, ReadPrefix6(value, 0));
    return prefix;
}

Parsed
ParseVersion(Bytes value)
{
    const auto isPrintable = [](uint8_t octet)
    {
        return octet >= 0x20 && octet <= 0x7e;
    };
    if (!std::ranges::all_of(value, isPrintable))
    {
        return Fail(Fault::BAD_VALUE, "CP application version");
    }
    return CfgText{ToText(value)};
}

Parsed
ParseDomain(Bytes value)
{
    if (HasTerminator(value))
    {
        return Fail(Fault::BAD_VALUE, "CP domain name");
    }
    return CfgText{ToText(value)};
}

Parsed
ParseAttributeList(Bytes value)
{
    CfgAttributeList list;
    ByteReader reader(value);
    uint16_t type;
    while (reader.U16(type))
    {
        list.types.push_back(CfgAttributeType{type});
    }
    if (!reader.AtEnd())
    {
        return BadLength();
    }
    return list;
}

Parsed
ParseHomePrefix(Bytes value)
{
    ByteReader reader(value);
    CfgHomePrefix home;
    if (!reader.U32(home.lifetimeSeconds))
    {
        return BadLength();
    }
    TRY_ASSIGN(home.prefix, ReadPrefix6(reader.Peek(), reader.Offset()));
    return home;
}

Parsed
ParseLink6(Bytes value)
{
    ByteReader reader(value);
    CfgLink6 link;
    if (!reader.U64(link.interfaceId))
    {
        return BadLength();
    }
    link.linkId = ToBuffer(reader.Rest());
    return link;
}

Parsed
ParseHomeAgent(Bytes value)
{
    if (value.size() != V6_OCTETS && value.size() != V6_OCTETS + V4_OCTETS)
    {
        return BadLength();
    }
    CfgHomeAgent agent{IpAddress::FromOctets(value.first(V6_OCTETS)), std::nullopt};
    if (value.size() > V6_OCTETS)
    {
        agent.v4 = IpAddress::FromOctets(value.last(V4_OCTETS));
    }
    return agent;
}

Parsed
ParseTime(Bytes value, bool isShort)
{
    ByteReader reader(value);
    CfgTime time{0, isShort};
    uint16_t shortTime = 0;
    if (!(isShort ? reader.U16(shortTime) : reader.U32(time.value)) || !reader.AtEnd())
    {
        return BadLength();
    }
    time.value = isShort ? shortTime : time.value;
    return time;
}

Parsed
ParseSocketAddress(Bytes value)
{
    ByteReader reader(value);
    Bytes address;
    uint16_t port;
    if (!reader.Take(V4_OCTETS, address) || !reader.U16(port) || !reader.AtEnd())
    {
        return BadLength();
    }
    return SocketAddress{IpAddress::FromOctets(address), port};
}

Parsed
ParseTrustAnchor(Bytes value)
{
    ByteReader reader(value);
    CfgTrustAnchor anchor;
    if (!reader.U16(anchor.keyTag) || !reader.U8(anchor.algorithm) ||
        !reader.U8(anchor.digestType) || reader.AtEnd())
    {
        return BadLength();
    }
    anchor.digest = ToBuffer(reader.Rest());
    return anchor;
}

Parsed
ParseEncryptedDns(Bytes value, size_t addressOctets)
{
    ByteReader reader(value);
    CfgEncryptedDns dns;
    uint8_t count;
    uint8_t nameOctets;
    if (!reader.U16(dns.priority) || !reader.U8(count) || !reader.U8(nameOctets))
    {
        return BadLength();
    }
    // RFC 9464 §3.1: AliasMode does not exist here.
    if (dns.priority == 0)
    {
        return Fail(Fault::BAD_VALUE, "CP service priority");
    }
    if (reader.Left() < count * addressOctets + nameOctets)
    {
        return BadLength();
    }
    dns.addresses.reserve(count);
    Bytes octets;
    for (size_t i = 0; i < count && reader.Take(addressOctets, octets); ++i)
    {
        dns.addresses.push_back(IpAddress::FromOctets(octets));
    }
    const size_t nameStart = reader.Offset();
    if (!reader.Take(nameOctets, octets) || HasTerminator(octets))
    {
        return Fail(Fault::BAD_VALUE, "CP authentication domain name", nameStart);
    }
    dns.domainName = ToText(octets);
    dns.parameters = ToBuffer(reader.Rest());
    return dns;
}

Parsed
ParseDigestInfo(Bytes value)
{
    ByteReader reader(value);
    CfgDigestInfo info;
    uint8_t count;
    uint8_t nameOctets;
    Bytes name;
    if (!reader.U8(count) || !reader.U8(nameOctets) || !reader.Take(nameOctets, name) ||
        reader.Left() < count * sizeof(uint16_t))
    {
        return BadLength();
    }
    if (HasTerminator(name))
    {
        return Fail(Fault::BAD_VALUE, "CP authentication domain name", 2);
    }
    info.domainName = ToText(name);
    info.algorithms.reserve(count);
    uint16_t algorithm;
    for (size_t i = 0; i < count && reader.U16(algorithm); ++i)
    {
        info.algorithms.push_back(HashAlgorithm{algorithm});
    }
    info.digest = ToBuffer(reader.Rest());
    // RFC 9464 §3.2: a digest belongs to one algorithm.
    if (!info.digest.empty() && count != 1)
    {
        return BadLength();
    }
    return info;
}

void
WriteText(ByteWriter& writer, std::string_view text)
{
    writer.Octets({reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

/// One overload per alternative of CfgValue.
class ValueWriter
{
  public:
    explicit ValueWriter(ByteWriter& writer) : m_writer(writer)
    {
    }

    void
    operator()(const CfgNoValue&)
    {
    }

    void
    operator()(const IpAddress& address)
    {
        m_writer.Octets(address.Octets());
    }

    void
    operator()(const CfgSubnet4& subnet)
    {
        IKELAB_ASSERT(subnet.address.IsV4() && subnet.netmask.IsV4());
        m_writer.Octets(subnet.address.Octets());
        m_writer.Octets(subnet.netmask.Octets());
    }

    void
    operator()(const CfgPrefix6& prefix)
    {
        IKELAB_ASSERT(prefix.address.IsV6() && prefix.prefixLength <= V6_BITS);
        m_writer.Octets(prefix.address.Octets());
        m_writer.U8(prefix.prefixLength);
    }

    void
    operator()(const CfgText& text)
    {
        WriteText(m_writer, text.text);
    }

    void
    operator()(const CfgAttributeList& list)
    {
        for (const CfgAttributeType type : list.types)
        {
            m_writer.U16(static_cast<uint16_t>(type));
        }
    }

    void
    operator()(const CfgHomePrefix& home)
    {
        m_writer.U32(home.lifetimeSeconds);
        (*this)(home.prefix);
    }

    void
    operator()(const CfgLink6& link)
    {
        m_writer.U64(link.interfaceId);
        m_writer.Octets(link.linkId);
    }

    void
    operator()(const CfgHomeAgent& agent)
    {
        IKELAB_ASSERT(agent.v6.IsV6() && (!agent.v4 || agent.v4->IsV4()));
        m_writer.Octets(agent.v6.Octets());
        if (agent.v4)
        {
            m_writer.Octets(agent.v4->Octets());
        }
    }

    void
    operator()(const CfgTime& time)
    {
        if (time.isShort)
        {
            IKELAB_ASSERT(time.value <= 0xffff);
            m_writer.U16(static_cast<uint16_t>(time.value));
            return;
        }
        m_writer.U32(time.value);
    }

    void
    operator()(const SocketAddress& socket)
    {
        IKELAB_ASSERT(socket.address.IsV4());
        m_writer.Octets(socket.address.Octets());
        m_writer.U16(socket.port);
    }

    void
    operator()(const CfgTrustAnchor& anchor)
    {
        IKELAB_ASSERT(!anchor.digest.empty());
        m_writer.U16(anchor.keyTag);
        m_writer.U8(anchor.algorithm);
        m_writer.U8(anchor.digestType);
        m_writer.Octets(anchor.digest);
    }

    void
    operator()(const CfgEncryptedDns& dns)
    {
        IKELAB_ASSERT(dns.priority != 0 && dns.addresses.size() <= 0xff &&
                      dns.domainName.size() <= 0xff);
        m_writer.U16(dns.priority);
        m_writer.U8(static_cast<uint8_t>(dns.addresses.size()));
        m_writer.U8(static_cast<uint8_t>(dns.domainName.size()));
        for (const IpAddress& address : dns.addresses)
        {
            m_writer.Octets(address.Octets());
        }
        WriteText(m_writer, dns.domainName);
        m_writer.Octets(dns.parameters);
    }

    void
    operator()(const CfgDigestInfo& info)
    {
        IKELAB_ASSERT(info.algorithms.size() <= 0xff && info.domainName.size() <= 0xff);
        IKELAB_ASSERT(info.digest.empty() || info.algorithms.size() == 1);
        m_writer.U8(static_cast<uint8_t>(info.algorithms.size()));
        m_writer.U8(static_cast<uint8_t>(info.domainName.size()));
        WriteText(m_writer, info.domainName);
        for (const HashAlgorithm algorithm : info.algorithms)
        {
            m_writer.U16(static_cast<uint16_t>(algorithm));
        }
        m_writer.Octets(info.digest);
    }

    void
    operator()(const CfgOctets& octets)
    {
        m_writer.Octets(octets.octets);
    }

  private:
    ByteWriter& m_writer;
};

} // namespace

Result<CfgValue>
ParseCfgValue(const CfgAttribute& attribute)
{
    const Bytes value = attribute.value;
    if (value.empty())
    {
        return CfgNoValue{};
    }
    switch (attribute.type)
    {
    case CfgAttributeType::INTERNAL_IP4_ADDRESS:
    case CfgAttributeType::INTERNAL_IP4_NETMASK:
    case CfgAttributeType::INTERNAL_IP4_DNS:
    case CfgAttributeType::INTERNAL_IP4_NBNS:
    case CfgAttributeType::INTERNAL_IP4_DHCP:
    case CfgAttributeType::P_CSCF_IP4_ADDRESS:
        return ParseAddress(value, V4_OCTETS);
    case CfgAttributeType::INTERNAL_IP6_DNS:
    case CfgAttributeType::INTERNAL_IP6_DHCP:
    case CfgAttributeType::P_CSCF_IP6_ADDRESS:
        return ParseAddress(value, V6_OCTETS);
    case CfgAttributeType::INTERNAL_IP4_SUBNET:
        return ParseSubnet4(value);
    case CfgAttributeType::INTERNAL_IP6_ADDRESS:
    case CfgAttributeType::INTERNAL_IP6_SUBNET:
    case CfgAttributeType::INTERNAL_IP6_PREFIX:
        return ParsePrefix6(value);
    case CfgAttributeType::APPLICATION_VERSION:
        return ParseVersion(value);
    case CfgAttributeType::INTERNAL_DNS_DOMAIN:
        return ParseDomain(value);
    case CfgAttributeType::SUPPORTED_ATTRIBUTES:
        return ParseAttributeList(value);
    case CfgAttributeType::MIP6_HOME_PREFIX:
        return ParseHomePrefix(value);
    case CfgAttributeType::INTERNAL_IP6_LINK:
        return ParseLink6(value);
    case CfgAttributeType::HOME_AGENT_ADDRESS:
        return ParseHomeAgent(value);
    case CfgAttributeType::FTT_KAT:
        return ParseTime(value, true);
    case CfgAttributeType::TIMEOUT_PERIOD_FOR_LIVENESS_CHECK:
        return ParseTime(value, false);
    case CfgAttributeType::EXTERNAL_SOURCE_IP4_NAT_INFO:
        return ParseSocketAddress(value);
    case CfgAttributeType::INTERNAL_DNSSEC_TA:
        return ParseTrustAnchor(value);
    case CfgAttributeType::ENCDNS_IP4:
        return ParseEncryptedDns(value, V4_OCTETS);
    case CfgAttributeType::ENCDNS_IP6:
        return ParseEncryptedDns(value, V6_OCTETS);
    case CfgAttributeType::ENCDNS_DIGEST_INFO:
        return ParseDigestInfo(value);
    }
    return CfgOctets{ToBuffer(value)};
}

Buffer
CfgValueOctets(const CfgValue& value)
{
    ByteWriter writer;
    std::visit(ValueWriter(writer), value);
    return writer.Release();
}

} // namespace ikelab::wire
