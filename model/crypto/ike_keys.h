// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/result.h"
#include "crypto/algorithms.h"
#include "crypto/context.h"
#include "crypto/secret_bytes.h"

namespace ikelab::crypto
{

/// The seven keys of an IKE SA, RFC 7296 §2.14. Encryption keys end in the salt.
struct IkeKeys
{
    SecretBytes d;
    SecretBytes ai;
    SecretBytes ar;
    SecretBytes ei;
    SecretBytes er;
    SecretBytes pi;
    SecretBytes pr;

    IkeKeys Copy() const;
};

/// Both nonces without payload headers, 16 to 256 octets each; initiator's first.
struct Nonces
{
    Bytes initiator;
    Bytes responder;
};

struct IkeSpis
{
    IkeSpi initiator;
    IkeSpi responder;

    auto operator<=>(const IkeSpis&) const = default;
};

/// SKEYSEED of a first IKE SA, RFC 7296 §2.14.
Result<SecretBytes> DeriveSkeyseed(Context& context,
                                   const PrfRow& prf,
                                   const Nonces& nonces,
                                   Bytes sharedSecret);

/// SKEYSEED of a rekeyed IKE SA from the old SA's prf and SK_d, RFC 7296 §2.18.
Result<SecretBytes> DeriveRekeySkeyseed(Context& context,
                                        const PrfRow& oldPrf,
                                        Bytes oldSkD,
                                        Bytes sharedSecret,
                                        const Nonces& nonces);

/**
 * Derive the seven SK_* keys of an IKE SA.
 * @return keys sized by the negotiated transforms; Fault::CRYPTO if OpenSSL refuses
 * @see RFC 7296 §2.14, RFC 5282 §7 (no SK_a with AEADs)
 */
Result<IkeKeys> DeriveIkeKeys(Context& context,
                              const IkeSuite& suite,
                              Bytes skeyseed,
                              const Nonces& nonces,
                              const IkeSpis& spis);

/// Keys of a Child SA; "initiator" is the one of the exchange that made it, and its keys protect
/// what it sends.
struct ChildKeys
{
    SecretBytes initiatorEncr;
    SecretBytes initiatorInteg;
    SecretBytes responderEncr;
    SecretBytes responderInteg;
};

/**
 * KEYMAT of a Child SA, RFC 7296 §2.17: encryption before integrity, initiator before responder.
 * AH has no keys for encryption.
 * @param sharedSecret empty without a key exchange of its own
 */
Result<ChildKeys> DeriveChildKeys(Context& context,
                                  const PrfRow& prf,
                                  const EspSuite& suite,
                                  Bytes skD,
                                  Bytes sharedSecret,
                                  const Nonces& nonces);

/**
 * The octets that AUTH covers, RFC 7296 §2.15: the signer's first message, the other side's nonce
 * and prf(SK_p, ID body) (IDType | RESERVED | data).
 */
Result<Buffer> SignedOctets(Context& context,
                            const PrfRow& prf,
                            Bytes firstMessage,
                            Bytes otherNonce,
                            Bytes skP,
                            Bytes idBody);

/// AUTH data with a shared key, RFC 7296 §2.15.
Result<SecretBytes> SharedKeyAuth(Context& context,
                                  const PrfRow& prf,
                                  Bytes sharedKey,
                                  Bytes signedOctets);

} // namespace ikelab::crypto
