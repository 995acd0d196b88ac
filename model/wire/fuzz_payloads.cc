// SPDX-License-Identifier: MIT
#include "wire/fuzz_payloads.h"

#include "base/assert.h"
#include "base/byte_reader.h"
#include "wire/cert_payload.h"
#include "wire/cp_payload.h"
#include "wire/eap_payload.h"
#include "wire/identity.h"
#include "wire/notify_data.h"
#include "wire/payload_writers.h"
#include "wire/puzzle_payload.h"
#include "wire/readable.h"
#include "wire/skf_payload.h"

#include <functional>
#include <string>

namespace ikelab::wire
{

namespace
{

/// An error that points into the octets and has words.
void
CheckError(const Error& error, Bytes octets)
{
    IKELAB_ASSERT(error.offset <= octets.size());
    IKELAB_ASSERT(!ToString(error).empty());
}

Bytes
OctetsOf(const std::string& text)
{
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// Parse, write, parse, write; also hand the value to `look`.
template <typename Value>
bool
RoundTrips(Bytes octets,
           Result<Value> (*parse)(Bytes),
           const std::type_identity_t<std::function<void(ByteWriter&, const Value&)>>& write,
           const std::type_identity_t<std::function<void(const Value&)>>& look = {})
{
    const auto value = parse(octets);
    if (!value)
    {
        CheckError(value.error(), octets);
        return false;
    }
    if (look)
    {
        look(*value);
    }
    ByteWriter first;
    write(first, *value);
    IKELAB_ASSERT(first.Size() == octets.size());
    const auto again = parse(first.View());
    IKELAB_ASSERT(again.has_value());
    ByteWriter second;
    write(second, *again);
    IKELAB_ASSERT(SameOctets(first.View(), second.View()));
    return true;
}

void
LookAtId(const IdPayload& id)
{
    IKELAB_ASSERT(IsUtf8(OctetsOf(IdText(id))));
    const auto value = ParseIdValue(id);
    if (!value)
    {
        CheckError(value.error(), id.data);
        return;
    }
    IKELAB_ASSERT(SameOctets(IdValueOctets(*value), id.data));
}

void
LookAtCert(const CertPayload& cert)
{
    if (IsHashAndUrl(cert.encoding))
    {
        IKELAB_ASSERT(RoundTrips(cert.data, ParseHashAndUrl, WriteHashAndUrl));
    }
}

void
LookAtCertReq(const CertReqPayload& certReq)
{
    size_t octets = 0;
    for (const Bytes hash : certReq.Hashes())
    {
        octets += hash.size();
    }
    IKELAB_ASSERT(octets == 0 || octets == certReq.authority.size());
}

void
LookAtEap(const EapMessage& eap)
{
    if (eap.type == EapType::EXPANDED_TYPE)
    {
        RoundTrips(eap.data, ParseEapExpandedType, WriteEapExpandedType);
    }
}

void
LookAtCp(const CpPayload& cp)
{
    for (const CfgAttribute& attribute : cp.attributes)
    {
        const auto value = ParseCfgValue(attribute);
        if (!value)
        {
            CheckError(value.error(), attribute.value);
            continue;
        }
        const Buffer octets = CfgValueOctets(*value);
        IKELAB_ASSERT(SameOctets(octets, attribute.value));
        const auto again = ParseCfgValue({attribute.type, octets});
        IKELAB_ASSERT(again.has_value() && *again == *value);
    }
}

void
LookAtTs(const TsPayload& ts)
{
    for (const TrafficSelector& selector : ts.selectors)
    {
        IKELAB_ASSERT(!PortText(selector).empty());
        IKELAB_ASSERT(!selector.IsRange() || selector.other.empty());
    }
}

Result<NoncePayload>
ReadNonce(Bytes body)
{
    return ParseNonce(body);
}

void
WriteNonce(ByteWriter& writer, const NoncePayload& nonce)
{
    writer.Octets(nonce.data);
}

} // namespace

bool
CheckPayloadBody(PayloadType type, Bytes body)
{
    switch (type)
    {
    case PayloadType::SA:
        return RoundTrips(body, ParseSa, WriteSa);
    case PayloadType::KE:
        return RoundTrips(body, ParseKe, WriteKe);
    case PayloadType::IDI:
    case PayloadType::IDR:
        return RoundTrips(body, ParseId, WriteId, LookAtId);
    case PayloadType::CERT:
        return RoundTrips(body, ParseCert, WriteCert, LookAtCert);
    case PayloadType::CERTREQ:
        return RoundTrips(body, ParseCertReq, WriteCertReq, LookAtCertReq);
    case PayloadType::AUTH:
        return RoundTrips(body, ParseAuth, WriteAuth);
    case PayloadType::NONCE:
        return RoundTrips(body, ReadNonce, WriteNonce);
    case PayloadType::NOTIFY:
        return RoundTrips(body,
                          ParseNotify,
                          WriteNotify,
                          [](const NotifyPayload& notify)
                          { CheckNotifyData(notify.type, notify.data); });
    case PayloadType::DELETE:
        return RoundTrips(body, ParseDelete, WriteDelete);
    case PayloadType::TSI:
    case PayloadType::TSR:
        return RoundTrips(body, ParseTs, WriteTs, LookAtTs);
    case PayloadType::CP:
        return RoundTrips(body, ParseCp, WriteCp, LookAtCp);
    case PayloadType::EAP:
        return RoundTrips(body, ParseEap, WriteEap, LookAtEap);
    case PayloadType::PS:
        return RoundTrips(body, ParsePuzzleSolution, WritePuzzleSolution);
    default:
        return false;
    }
}

bool
CheckNotifyData(NotifyType type, Bytes data)
{
    const auto value = ParseNotifyData(type, data);
    if (!value)
    {
        CheckError(value.error(), data);
        return false;
    }
    const Buffer octets = NotifyDataOctets(*value);
    IKELAB_ASSERT(octets.size() == data.size());
    const auto again = ParseNotifyData(type, octets);
    IKELAB_ASSERT(again.has_value() && again->index() == value->index());
    IKELAB_ASSERT(NotifyDataOctets(*again) == octets);
    return true;
}

void
FuzzPayload(Bytes octets)
{
    if (!octets.empty())
    {
        CheckPayloadBody(PayloadType{octets[0]}, octets.subspan(1));
    }
}

void
FuzzNotifyData(Bytes octets)
{
    ByteReader reader(octets);
    uint16_t type;
    if (reader.U16(type))
    {
        CheckNotifyData(NotifyType{type}, reader.Rest());
    }
}

void
FuzzIdentity(Bytes octets)
{
    if (!octets.empty())
    {
        LookAtId({IdType{octets[0]}, octets.subspan(1)});
    }
}

void
FuzzSkf(Bytes octets)
{
    ByteReader reader(octets);
    uint8_t inner;
    if (!reader.U8(inner))
    {
        return;
    }
    const SkPayload payload{PayloadType{inner}, reader.Rest(), 32};
    const auto skf = ParseSkf(payload);
    if (!skf)
    {
        CheckError(skf.error(), payload.body);
        return;
    }
    IKELAB_ASSERT(skf->head.number >= 1 && skf->head.number <= skf->head.total);
    IKELAB_ASSERT(skf->bodyOffset == payload.bodyOffset + SKF_HEAD_OCTETS);
    ByteWriter writer;
    WriteSkf(writer, *skf);
    IKELAB_ASSERT(SameOctets(writer.View(), payload.body));
}

} // namespace ikelab::wire
