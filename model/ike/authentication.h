// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/secret_bytes.h"
#include "ike/config.h"
#include "ike/exchange/exchange.h"
#include "ike/ike_sa.h"
#include "ike/services.h"

#include <memory>
#include <vector>

/**
 * Who is who and how it is proved: identities, connections and AUTH with a shared key.
 */
namespace ikelab::ike
{

/// An ID payload's body as AUTH covers it: type, three zero octets, data (RFC 7296 §3.5).
Buffer IdBody(const Identity& identity);
/// The identity of an address, ID_IPV4_ADDR or ID_IPV6_ADDR.
Identity AddressIdentity(const IpAddress& address);
/// The identity in a received ID payload.
Identity ReadIdentity(const wire::IdPayload& payload);

/**
 * The shared key for two identities: both named beats the peer named beats us named beats a key for
 * anybody, then the order of the configuration. A key that names others beside us is only for them
 * (RFC 7296 §1.2: names and key must belong together).
 * @param remote nullptr while the peer has not said who it is
 * @return nullptr if no key fits
 */
const SharedSecret* FindSecret(const Config& config, const Identity& local, const Identity* remote);

/**
 * AUTH data with a shared key, RFC 7296 §2.15.
 * @param ours whether we sign (else: what the peer must have sent)
 * @param idBody the signer's ID payload as it was on the wire
 * @return AUTHENTICATION_FAILED if there is no key for the SA's identities
 */
Result<crypto::SecretBytes> ComputeAuth(Services& services,
                                        const IkeSa& sa,
                                        bool ours,
                                        Bytes idBody);

/// Check the peer's ID and AUTH payloads. AUTHENTICATION_FAILED is all that the peer may learn.
Result<void> VerifyAuth(Services& services, const IkeSa& sa, const wire::PayloadChain& chain);

/// Who we are in a connection: as configured, or our address.
Identity LocalIdentity(const ConnectionConfig& connection, const IkeSa& sa);

/**
 * The responder's choice of connections by IDi, and by IDr where addresses, ports and protocol are
 * equal (RFC 7296 §1.2); only connections whose proposals allow what IKE_SA_INIT negotiated.
 * @param wanted the initiator's IDr, if it sent one
 * @return the best and those as good between the same two identities, so that one key is for all,
 * in the order of the configuration: which of them is meant, only the Child SA can tell
 */
std::vector<std::shared_ptr<const ConnectionConfig>> ChooseConnections(
    const Config& config,
    const IkeSa& sa,
    const Identity& peer,
    const std::optional<Identity>& wanted);

/// Both sides are authenticated: the SA leaves its set-up state, its owner hears of it.
void Establish(Services& services, IkeSa& sa);

} // namespace ikelab::ike
