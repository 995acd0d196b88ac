// SPDX-License-Identifier: MIT
#include "ike/policy/proposals.h"

#include "base/byte_reader.h"
#include "wire/esp_header.h"

#include <algorithm>

namespace ikelab::ike
{

namespace
{

using wire::Transform;
using wire::TransformType;

template <typename Id>
Transform
Plain(TransformType type, Id id)
{
    return Transform{type, static_cast<uint16_t>(id), std::nullopt, {}};
}

Transform
ToTransform(const crypto::EncrRow& row)
{
    Transform transform = Plain(TransformType::ENCR, row.id);
    if (row.keyLengthAttribute)
    {
        transform.keyLength = row.keyBits;
    }
    return transform;
}

Transform
ToTransform(const crypto::IntegRow& row)
{
    return Plain(TransformType::INTEG, row.id);
}

Transform
ToTransform(const crypto::PrfRow& row)
{
    return Plain(TransformType::PRF, row.id);
}

Transform
ToTransform(const crypto::KeRow& row)
{
    return Plain(TransformType::KE, row.id);
}

Transform
ToTransform(wire::Esn esn)
{
    return Plain(TransformType::ESN, esn);
}

template <typename Rows>
void
AddAll(std::vector<Transform>& transforms, const Rows& rows)
{
    for (const auto* row : rows)
    {
        transforms.push_back(ToTransform(*row));
    }
}

/// One transform type of an offered proposal, seen through one of our proposals.
template <typename Row>
struct Pick
{
    bool offered{false};       ///< the peer named the type at all
    bool none{false};          ///< the peer allows NONE of it
    const Row* first{nullptr}; ///< the peer's first choice that we have too
};

template <typename Row>
Pick<Row>
PickFrom(const wire::Proposal& offer, TransformType type, const std::vector<const Row*>& rows)
{
    Pick<Row> pick;
    for (const Transform& transform : offer.transforms)
    {
        if (transform.type != type)
        {
            continue;
        }
        pick.offered = true;
        pick.none = pick.none || (transform.id == 0 && type != TransformType::ENCR);
        // RFC 7296 §3.3.6: an attribute that we do not know makes the transform unacceptable, not
        // the proposal.
        if (!transform.otherAttributes.empty() || pick.first)
        {
            continue;
        }
        const auto found = std::ranges::find_if(
            rows, [&](const Row* row) { return ToTransform(*row) == transform; });
        pick.first = found == rows.end() ? nullptr : *found;
    }
    return pick;
}

bool
IsAead(const crypto::EncrRow& row)
{
    return row.kind == crypto::CipherKind::AEAD;
}

/// RFC 7296 §3.3.6: a proposal with a transform type that we do not know is unacceptable as a
/// whole.
bool
OnlyTypes(const wire::Proposal& proposal, std::initializer_list<TransformType> allowed)
{
    return std::ranges::all_of(
        proposal.transforms,
        [&](const Transform& transform)
        { return std::ranges::find(allowed, transform.type) != allowed.end(); });
}

/// INTEG must be chosen with a plain cipher; with an AEAD it must be absent or NONE (RFC 5282 §8).
template <typename Suite>
bool
PickInteg(const wire::Proposal& offer,
          const std::vector<const crypto::IntegRow*>& rows,
          Suite& suite)
{
    const auto integ = PickFrom(offer, TransformType::INTEG, rows);
    if (IsAead(*suite.encr))
    {
        return !integ.offered || integ.none;
    }
    suite.integ = integ.first;
    return suite.integ != nullptr;
}

std::optional<crypto::IkeSuite>
MatchIke(const wire::Proposal& offer, const IkeProposal& ours, wire::KeMethod keMethod)
{
    if (!OnlyTypes(
            offer,
            {TransformType::ENCR, TransformType::PRF, TransformType::INTEG, TransformType::KE}))
    {
        return std::nullopt;
    }
    crypto::IkeSuite suite;
    suite.encr = PickFrom(offer, TransformType::ENCR, ours.encr).first;
    suite.prf = PickFrom(offer, TransformType::PRF, ours.prf).first;
    suite.ke = PickFrom(offer, TransformType::KE, ours.ke).first;
    if (!suite.encr || !suite.prf || !suite.ke || !PickInteg(offer, ours.integ, suite))
    {
        return std::nullopt;
    }
    for (const crypto::KeRow* row : ours.ke)
    {
        const bool offered =
            std::ranges::find(offer.transforms, ToTransform(*row)) != offer.transforms.end();
        if (row->id == keMethod && offered)
        {
            suite.ke = row;
        }
    }
    return suite;
}

/// RFC 7296 §3.3.3: ESP has a cipher, AH an integrity algorithm and no cipher. False if the peer
/// offers nothing of what we have.
bool
PickProtection(const wire::Proposal& offer, const EspProposal& ours, crypto::EspSuite& suite)
{
    if (offer.protocol == wire::ProtocolId::AH)
    {
        suite.integ = PickFrom(offer, TransformType::INTEG, ours.integ).first;
        return suite.integ != nullptr &&
               OnlyTypes(offer, {TransformType::INTEG, TransformType::KE, TransformType::ESN});
    }
    suite.encr = PickFrom(offer, TransformType::ENCR, ours.encr).first;
    return suite.encr != nullptr && PickInteg(offer, ours.integ, suite) &&
           OnlyTypes(
               offer,
               {TransformType::ENCR, TransformType::INTEG, TransformType::KE, TransformType::ESN});
}

std::optional<crypto::EspSuite>
MatchEsp(const wire::Proposal& offer, const EspProposal& ours, bool withKeyExchange)
{
    crypto::EspSuite suite;
    if (offer.protocol != ours.Protocol() || !PickProtection(offer, ours, suite))
    {
        return std::nullopt;
    }
    // RFC 7296 §3.3.3: ESN is mandatory in proposals for ESP and AH.
    std::optional<wire::Esn> esn;
    for (const Transform& transform : offer.transforms)
    {
        if (transform.type == TransformType::ESN && !esn)
        {
            const wire::Esn value{transform.id};
            if (std::ranges::find(ours.esn, value) != ours.esn.end())
            {
                esn = value;
            }
        }
    }
    if (!esn)
    {
        return std::nullopt;
    }
    suite.esn = *esn == wire::Esn::ESN;
    if (withKeyExchange)
    {
        const auto ke = PickFrom(offer, TransformType::KE, ours.ke);
        suite.ke = ke.first;
        const bool without = ours.ke.empty() && (!ke.offered || ke.none);
        if (!suite.ke && !without)
        {
            return std::nullopt;
        }
    }
    return suite;
}

bool
HoldsOneOfEach(const wire::Proposal& proposal)
{
    for (const Transform& transform : proposal.transforms)
    {
        if (std::ranges::count(proposal.transforms, transform.type, &Transform::type) != 1)
        {
            return false;
        }
    }
    return true;
}

bool
IsChildProtocol(wire::ProtocolId protocol)
{
    return protocol == wire::ProtocolId::ESP || protocol == wire::ProtocolId::AH;
}

Result<EspSpi>
ReadEspSpi(const wire::Proposal& proposal)
{
    ByteReader reader(proposal.spi);
    EspSpi spi;
    if (!reader.U32(spi.value) || !reader.AtEnd() || spi.value < wire::FIRST_ESP_SPI)
    {
        return Fail(Fault::BAD_VALUE, "SPI of a proposal");
    }
    return spi;
}

constexpr std::string_view NO_COMMON = "no common proposal";
constexpr std::string_view NOT_OFFERED = "answer that was not offered";

} // namespace

wire::SaPayload
OfferIke(std::span<const IkeProposal> ours)
{
    wire::SaPayload sa;
    for (const IkeProposal& proposal : ours)
    {
        wire::Proposal& offer = sa.proposals.emplace_back();
        offer.number = static_cast<uint8_t>(sa.proposals.size());
        offer.protocol = wire::ProtocolId::IKE;
        AddAll(offer.transforms, proposal.encr);
        AddAll(offer.transforms, proposal.integ);
        AddAll(offer.transforms, proposal.prf);
        AddAll(offer.transforms, proposal.ke);
    }
    return sa;
}

wire::SaPayload
OfferEsp(std::span<const EspProposal> ours, Bytes spi, bool withKeyExchange)
{
    wire::SaPayload sa;
    for (const EspProposal& proposal : ours)
    {
        wire::Proposal& offer = sa.proposals.emplace_back();
        offer.number = static_cast<uint8_t>(sa.proposals.size());
        offer.protocol = proposal.Protocol();
        offer.spi = spi;
        AddAll(offer.transforms, proposal.encr);
        AddAll(offer.transforms, proposal.integ);
        if (withKeyExchange)
        {
            AddAll(offer.transforms, proposal.ke);
        }
        for (const wire::Esn esn : proposal.esn)
        {
            offer.transforms.push_back(ToTransform(esn));
        }
    }
    return sa;
}

Result<ChosenIke>
ChooseIke(const wire::SaPayload& offer, std::span<const IkeProposal> ours, wire::KeMethod keMethod)
{
    for (const wire::Proposal& proposal : offer.proposals)
    {
        if (proposal.protocol != wire::ProtocolId::IKE)
        {
            continue;
        }
        for (const IkeProposal& own : ours)
        {
            if (const auto suite = MatchIke(proposal, own, keMethod))
            {
                return ChosenIke{*suite, proposal.number};
            }
        }
    }
    return Fail(Fault::NO_PROPOSAL_CHOSEN, NO_COMMON);
}

Result<ChosenEsp>
ChooseEsp(const wire::SaPayload& offer, std::span<const EspProposal> ours, bool withKeyExchange)
{
    for (const wire::Proposal& proposal : offer.proposals)
    {
        if (!IsChildProtocol(proposal.protocol))
        {
            continue;
        }
        TRY_ASSIGN(const EspSpi spi, ReadEspSpi(proposal));
        for (const EspProposal& own : ours)
        {
            if (const auto suite = MatchEsp(proposal, own, withKeyExchange))
            {
                return ChosenEsp{*suite, proposal.number, spi};
            }
        }
    }
    return Fail(Fault::NO_PROPOSAL_CHOSEN, NO_COMMON);
}

Result<crypto::IkeSuite>
AcceptIke(const wire::SaPayload& answer, std::span<const IkeProposal> ours)
{
    if (answer.proposals.size() != 1)
    {
        return Fail(Fault::NO_PROPOSAL_CHOSEN, NOT_OFFERED);
    }
    const wire::Proposal& proposal = answer.proposals.front();
    const size_t index = size_t{proposal.number} - 1;
    if (proposal.protocol != wire::ProtocolId::IKE || !HoldsOneOfEach(proposal) ||
        index >= ours.size())
    {
        return Fail(Fault::NO_PROPOSAL_CHOSEN, NOT_OFFERED);
    }
    const auto suite = MatchIke(proposal, ours[index], wire::KeMethod::NONE);
    if (!suite)
    {
        return Fail(Fault::NO_PROPOSAL_CHOSEN, NOT_OFFERED);
    }
    return *suite;
}

Result<ChosenEsp>
AcceptEsp(const wire::SaPayload& answer, std::span<const EspProposal> ours, bool withKeyExchange)
{
    if (answer.proposals.size() != 1)
    {
        return Fail(Fault::NO_PROPOSAL_CHOSEN, NOT_OFFERED);
    }
    const wire::Proposal& proposal = answer.proposals.front();
    const size_t index = size_t{proposal.number} - 1;
    if (!IsChildProtocol(proposal.protocol) || !HoldsOneOfEach(proposal) || index >= ours.size())
    {
        return Fail(Fault::NO_PROPOSAL_CHOSEN, NOT_OFFERED);
    }
    TRY_ASSIGN(const EspSpi spi, ReadEspSpi(proposal));
    const auto suite = MatchEsp(proposal, ours[index], withKeyExchange);
    if (!suite)
    {
        return Fail(Fault::NO_PROPOSAL_CHOSEN, NOT_OFFERED);
    }
    return ChosenEsp{*suite, proposal.number, spi};
}

wire::SaPayload
AnswerIke(const ChosenIke& chosen)
{
    wire::Proposal proposal{chosen.proposalNumber, wire::ProtocolId::IKE, {}, {}};
    proposal.transforms.push_back(ToTransform(*chosen.suite.encr));
    if (chosen.suite.integ)
    {
        proposal.transforms.push_back(ToTransform(*chosen.suite.integ));
    }
    proposal.transforms.push_back(ToTransform(*chosen.suite.prf));
    proposal.transforms.push_back(ToTransform(*chosen.suite.ke));
    return wire::SaPayload{{std::move(proposal)}};
}

wire::SaPayload
AnswerEsp(const ChosenEsp& chosen, Bytes spi)
{
    wire::Proposal proposal{chosen.proposalNumber, chosen.suite.Protocol(), spi, {}};
    if (chosen.suite.encr)
    {
        proposal.transforms.push_back(ToTransform(*chosen.suite.encr));
    }
    if (chosen.suite.integ)
    {
        proposal.transforms.push_back(ToTransform(*chosen.suite.integ));
    }
    if (chosen.suite.ke)
    {
        proposal.transforms.push_back(ToTransform(*chosen.suite.ke));
    }
    proposal.transforms.push_back(
        ToTransform(chosen.suite.esn ? wire::Esn::ESN : wire::Esn::NO_ESN));
    return wire::SaPayload{{std::move(proposal)}};
}

bool
OffersMethod(std::span<const IkeProposal> ours, wire::KeMethod method)
{
    return std::ranges::any_of(
        ours,
        [&](const IkeProposal& proposal) {
            return std::ranges::find(proposal.ke, method, &crypto::KeRow::id) != proposal.ke.end();
        });
}

bool
AllowsSuite(std::span<const IkeProposal> ours, const crypto::IkeSuite& suite)
{
    const auto holds = [](const auto& rows, const auto* row)
    {
        return std::ranges::find(rows, row) != rows.end();
    };
    return std::ranges::any_of(ours,
                               [&](const IkeProposal& proposal)
                               {
                                   return holds(proposal.encr, suite.encr) &&
                                          holds(proposal.prf, suite.prf) &&
                                          holds(proposal.ke, suite.ke) &&
                                          (!suite.integ || holds(proposal.integ, suite.integ));
                               });
}

} // namespace ikelab::ike
