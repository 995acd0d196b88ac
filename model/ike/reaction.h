// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "wire/iana.h"

#include <optional>

namespace ikelab::ike
{

/// Where in the life of an IKE SA an error showed.
enum class Phase
{
    UNKNOWN_SA,       ///< the SPIs name no SA
    SA_INIT_REQUEST,  ///< we respond, nothing is protected yet
    SA_INIT_RESPONSE, ///< we initiated, nothing is protected yet
    AUTH_REQUEST,     ///< we respond, protected, the peer is not authenticated
    AUTH_RESPONSE,    ///< we initiated, protected, the peer is not authenticated
    REQUEST,          ///< established, the peer asks
    RESPONSE          ///< established, the peer answers
};

/// What happens on the wire and to the SA.
enum class Act
{
    DROP,              ///< as if it had never come
    NOTIFY,            ///< answer with the notify; the SA, if any, goes on
    NOTIFY_AND_DELETE, ///< answer with the notify, then the SA is gone
    DELETE,            ///< the SA is gone without an answer
    DELETE_AND_TELL    ///< the SA ends; the peer hears of it in an exchange of ours
};

struct Reaction
{
    Act act{Act::DROP};
    wire::NotifyType notify{};
};

/**
 * The one place that says what an error does (RFC 7296 §2.21). Every pair of fault and phase has an
 * answer; a test walks the table.
 */
Reaction ReactTo(const Error& error, Phase phase);

/// Does this notify of an authenticated peer say that the SA is gone, without a Delete payload?
/// RFC 7296 §2.21.
bool IsFatal(wire::NotifyType notify);

/// The notify's data: the group for INVALID_KE_PAYLOAD, the payload type for
/// UNSUPPORTED_CRITICAL_PAYLOAD.
Buffer NotifyData(const Error& error, wire::NotifyType notify);

/// What an error notify of the peer means to us; `detail` is its number.
Error FromNotify(wire::NotifyType notify);

} // namespace ikelab::ike
