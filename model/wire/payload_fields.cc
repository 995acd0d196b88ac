// SPDX-License-Identifier: MIT
#include "wire/payload_fields.h"

#include "wire/cert_payload.h"
#include "wire/eap_payload.h"
#include "wire/identity.h"
#include "wire/puzzle_payload.h"
#include "wire/readable.h"
#include "wire/skf_payload.h"

#include <fmt/format.h>

#include <algorithm>

namespace ikelab::wire
{

namespace
{

FieldCode
TransformCode(const Transform& transform)
{
    switch (transform.type)
    {
    case TransformType::ENCR:
        return CodeOf(Encr{transform.id});
    case TransformType::PRF:
        return CodeOf(Prf{transform.id});
    case TransformType::INTEG:
        return CodeOf(Integ{transform.id});
    case TransformType::KE:
    case TransformType::ADDKE1:
    case TransformType::ADDKE2:
    case TransformType::ADDKE3:
    case TransformType::ADDKE4:
    case TransformType::ADDKE5:
    case TransformType::ADDKE6:
    case TransformType::ADDKE7:
        return CodeOf(KeMethod{transform.id});
    case TransformType::ESN:
        return CodeOf(Esn{transform.id});
    case TransformType::KWA:
        return CodeOf(KeyWrap{transform.id});
    case TransformType::GCAUTH:
        return CodeOf(GroupControllerAuth{transform.id});
    }
    return {transform.id, {}};
}

FieldGroup
ProposalFields(const Proposal& proposal)
{
    FieldList transforms;
    for (const Transform& transform : proposal.transforms)
    {
        FieldGroup fields{{{"type", CodeOf(transform.type)}, {"id", TransformCode(transform)}}};
        if (transform.keyLength)
        {
            fields.fields.push_back({"key_length", uint64_t{*transform.keyLength}});
        }
        if (!transform.otherAttributes.empty())
        {
            fields.fields.push_back({"other_attributes", ToBuffer(transform.otherAttributes)});
        }
        transforms.items.push_back({"transform", std::move(fields)});
    }
    return {{{"number", uint64_t{proposal.number}},
             {"protocol", CodeOf(proposal.protocol)},
             {"spi", ToBuffer(proposal.spi)},
             {"transforms", std::move(transforms)}}};
}

FieldGroup
SelectorFields(const TrafficSelector& selector)
{
    FieldGroup fields{{{"type", CodeOf(selector.type)}}};
    if (!selector.IsRange())
    {
        fields.fields.push_back({"data", ToBuffer(selector.other)});
        return fields;
    }
    fields.fields.push_back({"addresses", selector.addresses.ToString()});
    fields.fields.push_back({"protocol", uint64_t{selector.protocol}});
    fields.fields.push_back({"ports", PortText(selector)});
    fields.fields.push_back({"start_port", uint64_t{selector.startPort}});
    fields.fields.push_back({"end_port", uint64_t{selector.endPort}});
    return fields;
}

FieldGroup
CertFields(Bytes body)
{
    const auto cert = ParseCert(body);
    if (!cert)
    {
        return Malformed(cert.error(), body);
    }
    FieldGroup fields{{{"encoding", CodeOf(cert->encoding)}}};
    const auto hashAndUrl = ParseHashAndUrl(cert->data);
    if (IsHashAndUrl(cert->encoding) && hashAndUrl)
    {
        fields.fields.push_back({"hash", ToBuffer(hashAndUrl->hash)});
        fields.fields.push_back({"url", hashAndUrl->url});
    }
    else
    {
        fields.fields.push_back({"data", ToBuffer(cert->data)});
    }
    return fields;
}

FieldGroup
CertReqFields(Bytes body)
{
    const auto certReq = ParseCertReq(body);
    if (!certReq)
    {
        return Malformed(certReq.error(), body);
    }
    FieldGroup fields{{{"encoding", CodeOf(certReq->encoding)}}};
    if (!HasAuthorityHashes(certReq->encoding))
    {
        fields.fields.push_back({"authority", ToBuffer(certReq->authority)});
        return fields;
    }
    FieldList hashes;
    for (const Bytes hash : certReq->Hashes())
    {
        hashes.items.push_back({"hash", ToBuffer(hash)});
    }
    fields.fields.push_back({"hashes", std::move(hashes)});
    return fields;
}

/// The data of the EAP types that RFC 3748 §5 describes; empty for methods.
void
AddEapData(FieldGroup& fields, EapType type, Bytes data)
{
    switch (type)
    {
    case EapType::IDENTITY:
    case EapType::NOTIFICATION:
        fields.fields.push_back({"text", Readable(data)});
        return;
    case EapType::LEGACY_NAK:
    {
        FieldList types;
        for (const uint8_t wanted : data)
        {
            types.items.push_back({"type", CodeOf(EapType{wanted})});
        }
        fields.fields.push_back({"wanted", std::move(types)});
        return;
    }
    case EapType::EXPANDED_TYPE:
        if (const auto expanded = ParseEapExpandedType(data))
        {
            fields.fields.push_back({"vendor_id", uint64_t{expanded->vendorId}});
            fields.fields.push_back({"vendor_type", uint64_t{expanded->vendorType}});
            data = expanded->data;
        }
        break;
    default:
        break;
    }
    fields.fields.push_back({"data", ToBuffer(data)});
}

FieldGroup
EapFields(Bytes body)
{
    const auto eap = ParseEap(body);
    if (!eap)
    {
        return Malformed(eap.error(), body);
    }
    FieldGroup fields{{{"code", CodeOf(eap->code)}, {"identifier", uint64_t{eap->identifier}}}};
    if (eap->type)
    {
        fields.fields.push_back({"method", CodeOf(*eap->type)});
        AddEapData(fields, *eap->type, eap->data);
    }
    else if (!eap->data.empty())
    {
        fields.fields.push_back({"data", ToBuffer(eap->data)});
    }
    return fields;
}

FieldGroup
PuzzleFields(Bytes body)
{
    const auto solution = ParsePuzzleSolution(body);
    if (!solution)
    {
        return Malformed(solution.error(), body);
    }
    FieldList keys;
    for (const Bytes key : solution->keys)
    {
        keys.items.push_back({"key", ToBuffer(key)});
    }
    return {{{"keys", std::move(keys)}}};
}

/// One overload per body of a Payload.
struct BodyFields
{
    PayloadType type;

    FieldGroup
    operator()(const RawPayload& raw) const
    {
        return FieldsOf(type, raw);
    }

    FieldGroup
    operator()(const SaPayload& sa) const
    {
        FieldList proposals;
        for (const Proposal& proposal : sa.proposals)
        {
            proposals.items.push_back({"proposal", ProposalFields(proposal)});
        }
        return {{{"proposals", std::move(proposals)}}};
    }

    FieldGroup
    operator()(const KePayload& ke) const
    {
        return {{{"method", CodeOf(ke.method)}, {"data", ToBuffer(ke.data)}}};
    }

    FieldGroup
    operator()(const IdPayload& id) const
    {
        FieldGroup fields{{{"id_type", CodeOf(id.type)}, {"identity", IdText(id)}}};
        if (const auto value = ParseIdValue(id); !value)
        {
            fields.fields.push_back({"malformed", ToString(value.error())});
        }
        fields.fields.push_back({"data", ToBuffer(id.data)});
        return fields;
    }

    FieldGroup
    operator()(const AuthPayload& auth) const
    {
        return {{{"method", CodeOf(auth.method)}, {"data", ToBuffer(auth.data)}}};
    }

    FieldGroup
    operator()(const NoncePayload& nonce) const
    {
        return {{{"data", ToBuffer(nonce.data)}}};
    }

    FieldGroup
    operator()(const NotifyPayload& notify) const
    {
        return FieldsOf(notify);
    }

    FieldGroup
    operator()(const DeletePayload& payload) const
    {
        FieldList spis;
        for (const EspSpi spi : payload.spis)
        {
            spis.items.push_back({"spi", fmt::format("{:08x}", spi.value)});
        }
        return {{{"protocol", CodeOf(payload.protocol)}, {"spis", std::move(spis)}}};
    }

    FieldGroup
    operator()(const VendorIdPayload& vendorId) const
    {
        FieldGroup fields{{{"data", ToBuffer(vendorId.data)}}};
        const auto isPrintable = [](uint8_t octet)
        {
            return octet >= 0x20 && octet <= 0x7e;
        };
        if (!vendorId.data.empty() && std::ranges::all_of(vendorId.data, isPrintable))
        {
            fields.fields.push_back({"text", Readable(vendorId.data)});
        }
        return fields;
    }

    FieldGroup
    operator()(const TsPayload& ts) const
    {
        FieldList selectors;
        for (const TrafficSelector& selector : ts.selectors)
        {
            selectors.items.push_back({"selector", SelectorFields(selector)});
        }
        return {{{"selectors", std::move(selectors)}}};
    }

    FieldGroup
    operator()(const SkPayload& sk) const
    {
        FieldGroup fields{{{"inner", CodeOf(sk.inner)}}};
        if (type == PayloadType::SKF)
        {
            const auto skf = ParseSkf(sk);
            if (!skf)
            {
                return Malformed(skf.error(), sk.body);
            }
            fields.fields.push_back({"fragment", uint64_t{skf->head.number}});
            fields.fields.push_back({"total", uint64_t{skf->head.total}});
            fields.fields.push_back({"protected", ToBuffer(skf->body)});
            return fields;
        }
        fields.fields.push_back({"protected", ToBuffer(sk.body)});
        return fields;
    }
};

} // namespace

FieldGroup
FieldsOf(const Payload& payload)
{
    return std::visit(BodyFields{payload.type}, payload.body);
}

FieldGroup
FieldsOf(PayloadType type, const RawPayload& raw)
{
    switch (type)
    {
    case PayloadType::CERT:
        return CertFields(raw.body);
    case PayloadType::CERTREQ:
        return CertReqFields(raw.body);
    case PayloadType::CP:
        return CpFields(raw.body);
    case PayloadType::EAP:
        return EapFields(raw.body);
    case PayloadType::PS:
        return PuzzleFields(raw.body);
    default:
        return {{{"data", ToBuffer(raw.body)}}};
    }
}

FieldGroup
Malformed(const Error& error, Bytes octets)
{
    return {{{"malformed", ToString(error)}, {"octets", ToBuffer(octets)}}};
}

} // namespace ikelab::wire
