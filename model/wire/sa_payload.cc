// SPDX-License-Identifier: MIT
#include "base/assert.h"
#include "base/byte_reader.h"
#include "base/limits.h"
#include "wire/payload_writers.h"
#include "wire/payloads.h"

#include <array>

namespace ikelab::wire
{

namespace
{

constexpr size_t PROPOSAL_HEADER_OCTETS = 8;
constexpr size_t TRANSFORM_HEADER_OCTETS = 8;
/// RFC 7296 §3.3.1, §3.3.2: "Last Substruc" when another one follows.
constexpr uint8_t MORE_PROPOSALS = 2;
constexpr uint8_t MORE_TRANSFORMS = 3;
/// RFC 7296 §3.3.5
constexpr uint16_t ATTRIBUTE_FORMAT_TV = 0x8000;
constexpr uint16_t ATTRIBUTE_KEY_LENGTH = 14;

/// RFC 7296 §3.3.1: what the SPI Size field may say. Protocols not known here may say anything.
bool
IsSpiSize(ProtocolId protocol, size_t octets)
{
    switch (protocol)
    {
    case ProtocolId::IKE:
        return octets == 0 || octets == 8;
    case ProtocolId::AH:
    case ProtocolId::ESP:
        return octets == 4;
    default:
        return true;
    }
}

/// RFC 7296 §3.3.5; `offset` is where the attributes start in the payload body.
Result<Transform>
ParseAttributes(Transform transform, Bytes attributes, size_t offset)
{
    ByteReader reader(attributes);
    std::array<uint16_t, limits::ATTRIBUTES> seen{};
    size_t count = 0;
    while (!reader.AtEnd())
    {
        const size_t start = reader.Offset();
        uint16_t typeAndFormat;
        uint16_t valueOrLength;
        if (!reader.U16(typeAndFormat) || !reader.U16(valueOrLength))
        {
            return Fail(Fault::TRUNCATED, "SA transform attribute", offset + start);
        }
        if (count == seen.size())
        {
            return Fail(Fault::LIMIT, "SA transform attributes", offset + start);
        }
        const bool isTv = (typeAndFormat & ATTRIBUTE_FORMAT_TV) != 0;
        const auto type = static_cast<uint16_t>(typeAndFormat & ~ATTRIBUTE_FORMAT_TV);
        // RFC 7296 §3.3: no two attributes of one type in a transform.
        for (size_t i = 0; i < count; ++i)
        {
            if (seen[i] == type)
            {
                return Fail(Fault::BAD_VALUE, "SA transform attribute twice", offset + start);
            }
        }
        seen[count] = type;
        if (!isTv && !reader.Skip(valueOrLength))
        {
            return Fail(Fault::TRUNCATED, "SA transform attribute", offset + start + 2);
        }
        if (type == ATTRIBUTE_KEY_LENGTH)
        {
            // §3.3.5: a fixed-length attribute is never written as TLV.
            if (!isTv)
            {
                return Fail(Fault::BAD_VALUE, "SA key length format", offset + start);
            }
            if (count == 0)
            {
                transform.keyLength = valueOrLength;
                transform.otherAttributes = reader.Peek();
            }
        }
        else if (count == 0)
        {
            transform.otherAttributes = attributes;
        }
        ++count;
    }
    return transform;
}

Result<std::vector<Transform>>
ParseTransforms(Bytes octets, size_t expected, size_t offset)
{
    std::vector<Transform> transforms;
    // What a length field cannot hold is not reserved either.
    transforms.reserve(std::min(expected, octets.size() / TRANSFORM_HEADER_OCTETS));
    ByteReader reader(octets);
    while (!reader.AtEnd())
    {
        const size_t start = reader.Offset();
        uint8_t more;
        uint8_t type;
        uint8_t reserved;
        uint16_t length;
        Transform transform;
        if (!reader.U8(more) || !reader.U8(reserved) || !reader.U16(length) || !reader.U8(type) ||
            !reader.U8(reserved) || !reader.U16(transform.id))
        {
            return Fail(Fault::TRUNCATED, "SA transform", offset + start);
        }
        if (length < TRANSFORM_HEADER_OCTETS)
        {
            return Fail(Fault::BAD_VALUE, "SA transform length", offset + start + 2);
        }
        transform.type = TransformType{type};
        Bytes attributes;
        if (!reader.Take(length - TRANSFORM_HEADER_OCTETS, attributes))
        {
            return Fail(Fault::TRUNCATED, "SA transform length", offset + start + 2);
        }
        if (more != (reader.AtEnd() ? 0 : MORE_TRANSFORMS))
        {
            return Fail(Fault::BAD_VALUE, "SA transform order", offset + start);
        }
        if (transforms.size() == expected)
        {
            return Fail(Fault::BAD_VALUE, "SA transform count", offset + start);
        }
        if (!attributes.empty())
        {
            TRY_ASSIGN(
                transform,
                ParseAttributes(transform, attributes, offset + start + TRANSFORM_HEADER_OCTETS));
        }
        transforms.push_back(transform);
    }
    // RFC 7296 §3.3: lengths and counts must agree; §3.3.1: there is at least one.
    if (transforms.size() != expected || transforms.empty())
    {
        return Fail(Fault::BAD_VALUE, "SA transform count", offset);
    }
    return transforms;
}

/// How many proposals the chain of length fields holds, so that the vector grows once.
size_t
CountProposals(Bytes body)
{
    ByteReader reader(body);
    size_t count = 0;
    uint16_t ignored;
    uint16_t length;
    while (count < limits::PROPOSALS && reader.U16(ignored) && reader.U16(length) &&
           length >= PROPOSAL_HEADER_OCTETS && reader.Skip(length - 4))
    {
        ++count;
    }
    return count;
}

void
WriteTransform(ByteWriter& writer, const Transform& transform, bool isLast)
{
    const size_t start = writer.Size();
    writer.U8(isLast ? 0 : MORE_TRANSFORMS);
    writer.U8(0);
    LengthScope length(writer, start);
    writer.U8(static_cast<uint8_t>(transform.type));
    writer.U8(0);
    writer.U16(transform.id);
    if (transform.keyLength)
    {
        writer.U16(ATTRIBUTE_FORMAT_TV | ATTRIBUTE_KEY_LENGTH);
        writer.U16(*transform.keyLength);
    }
    writer.Octets(transform.otherAttributes);
}

} // namespace

bool
Transform::operator==(const Transform& other) const
{
    return type == other.type && id == other.id && keyLength == other.keyLength &&
           SameOctets(otherAttributes, other.otherAttributes);
}

Result<SaPayload>
ParseSa(Bytes body)
{
    SaPayload sa;
    sa.proposals.reserve(CountProposals(body));
    ByteReader reader(body);
    while (!reader.AtEnd())
    {
        const size_t start = reader.Offset();
        uint8_t more;
        uint8_t reserved;
        uint16_t length;
        uint8_t protocol;
        uint8_t spiOctets;
        uint8_t transformCount;
        Proposal proposal;
        if (!reader.U8(more) || !reader.U8(reserved) || !reader.U16(length) ||
            !reader.U8(proposal.number) || !reader.U8(protocol) || !reader.U8(spiOctets) ||
            !reader.U8(transformCount))
        {
            return Fail(Fault::TRUNCATED, "SA proposal", start);
        }
        if (length < PROPOSAL_HEADER_OCTETS)
        {
            return Fail(Fault::BAD_VALUE, "SA proposal length", start + 2);
        }
        Bytes rest;
        if (!reader.Take(length - PROPOSAL_HEADER_OCTETS, rest))
        {
            return Fail(Fault::TRUNCATED, "SA proposal length", start + 2);
        }
        if (more != (reader.AtEnd() ? 0 : MORE_PROPOSALS))
        {
            return Fail(Fault::BAD_VALUE, "SA proposal order", start);
        }
        // RFC 7296 §3.3.1: an offer counts from one; an answer is one proposal that repeats the
        // chosen number, so only a lone proposal may start higher.
        const bool isLone = sa.proposals.empty() && reader.AtEnd();
        if (proposal.number == 0 || (!isLone && proposal.number != sa.proposals.size() + 1))
        {
            return Fail(Fault::BAD_VALUE, "SA proposal number", start + 4);
        }
        proposal.protocol = ProtocolId{protocol};
        if (!IsSpiSize(proposal.protocol, spiOctets))
        {
            return Fail(Fault::BAD_VALUE, "SA SPI size", start + 6);
        }
        if (rest.size() < spiOctets)
        {
            return Fail(Fault::TRUNCATED, "SA SPI", start + PROPOSAL_HEADER_OCTETS);
        }
        proposal.spi = rest.first(spiOctets);
        TRY_ASSIGN(proposal.transforms,
                   ParseTransforms(rest.subspan(spiOctets),
                                   transformCount,
                                   start + PROPOSAL_HEADER_OCTETS + spiOctets));
        sa.proposals.push_back(std::move(proposal));
    }
    // RFC 7296 §3.3: one or more proposals.
    if (sa.proposals.empty())
    {
        return Fail(Fault::TRUNCATED, "SA");
    }
    return sa;
}

void
WriteSa(ByteWriter& writer, const SaPayload& sa)
{
    for (const Proposal& proposal : sa.proposals)
    {
        IKELAB_ASSERT(proposal.spi.size() <= 0xff && proposal.transforms.size() <= 0xff);
        const size_t start = writer.Size();
        writer.U8(&proposal == &sa.proposals.back() ? 0 : MORE_PROPOSALS);
        writer.U8(0);
        LengthScope length(writer, start);
        writer.U8(proposal.number);
        writer.U8(static_cast<uint8_t>(proposal.protocol));
        writer.U8(static_cast<uint8_t>(proposal.spi.size()));
        writer.U8(static_cast<uint8_t>(proposal.transforms.size()));
        writer.Octets(proposal.spi);
        for (const Transform& transform : proposal.transforms)
        {
            WriteTransform(writer, transform, &transform == &proposal.transforms.back());
        }
    }
}

} // namespace ikelab::wire
