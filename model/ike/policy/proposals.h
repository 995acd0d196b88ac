// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "crypto/algorithms.h"
#include "ike/config.h"
#include "wire/payloads.h"

#include <span>

/**
 * Negotiation of algorithms, RFC 7296 §2.7 and §3.3.
 */
namespace ikelab::ike
{

/// What the responder picked from an offer.
struct ChosenIke
{
    crypto::IkeSuite suite;
    uint8_t proposalNumber{1};
};

struct ChosenEsp
{
    crypto::EspSuite suite;
    uint8_t proposalNumber{1};
    EspSpi peerSpi;
};

/// The SA payload of an IKE offer, proposals numbered from 1; SPI only when rekeying.
wire::SaPayload OfferIke(std::span<const IkeProposal> ours);
/// The SA payload of an offer of ESP and AH. `spi` are the 4 octets of our inbound SPI (borrowed).
wire::SaPayload OfferEsp(std::span<const EspProposal> ours, Bytes spi, bool withKeyExchange);

/**
 * Pick from the peer's IKE offer: the peer's order of proposals and transforms decides, except that
 * the key exchange method of its KE payload is taken where both sides accept it (this saves a round
 * trip).
 * @param keMethod method of the KE payload beside the offer
 * @return NO_PROPOSAL_CHOSEN if nothing fits
 */
Result<ChosenIke> ChooseIke(const wire::SaPayload& offer,
                            std::span<const IkeProposal> ours,
                            wire::KeMethod keMethod);
/// The same for ESP and AH, whichever the peer names first; without a key exchange its transforms
/// are ignored if NONE is allowed (RFC 7296 §1.2).
Result<ChosenEsp> ChooseEsp(const wire::SaPayload& offer,
                            std::span<const EspProposal> ours,
                            bool withKeyExchange);

/// Check a response against what we offered: exactly one proposal, one transform of each type, all
/// offered (RFC 7296 §3.3.6); else NO_PROPOSAL_CHOSEN.
Result<crypto::IkeSuite> AcceptIke(const wire::SaPayload& answer,
                                   std::span<const IkeProposal> ours);
Result<ChosenEsp> AcceptEsp(const wire::SaPayload& answer,
                            std::span<const EspProposal> ours,
                            bool withKeyExchange);

/// The answer to an offer: one proposal with one transform of each type.
wire::SaPayload AnswerIke(const ChosenIke& chosen);
wire::SaPayload AnswerEsp(const ChosenEsp& chosen, Bytes spi);

/// Does any proposal hold this method?
bool OffersMethod(std::span<const IkeProposal> ours, wire::KeMethod method);

/// Would any proposal of ours have led to this suite?
bool AllowsSuite(std::span<const IkeProposal> ours, const crypto::IkeSuite& suite);

} // namespace ikelab::ike
