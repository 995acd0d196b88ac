// SPDX-License-Identifier: MIT
#include "ike/reaction.h"

#include "base/byte_writer.h"

namespace ikelab::ike
{

namespace
{

using wire::NotifyType;

/// Which notify a fault is named by when there is an answer at all.
struct Name
{
    Fault fault;
    NotifyType notify;
};

// RFC 7296 §2.21 and §3.10.1. Faults that are not here never reach the wire.
constexpr Name NAMES[] = {{Fault::TRUNCATED, NotifyType::INVALID_SYNTAX},
                          {Fault::OVERLONG, NotifyType::INVALID_SYNTAX},
                          {Fault::BAD_VALUE, NotifyType::INVALID_SYNTAX},
                          {Fault::MISSING_PAYLOAD, NotifyType::INVALID_SYNTAX},
                          {Fault::UNEXPECTED, NotifyType::INVALID_SYNTAX},
                          {Fault::BAD_VERSION, NotifyType::INVALID_MAJOR_VERSION},
                          {Fault::UNSUPPORTED_CRITICAL, NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD},
                          {Fault::NO_PROPOSAL_CHOSEN, NotifyType::NO_PROPOSAL_CHOSEN},
                          {Fault::INVALID_KE, NotifyType::INVALID_KE_PAYLOAD},
                          {Fault::TS_UNACCEPTABLE, NotifyType::TS_UNACCEPTABLE},
                          {Fault::AUTHENTICATION_FAILED, NotifyType::AUTHENTICATION_FAILED},
                          {Fault::LIMIT, NotifyType::NO_ADDITIONAL_SAS},
                          {Fault::NOT_FOUND, NotifyType::CHILD_SA_NOT_FOUND},
                          {Fault::UNKNOWN_SPI, NotifyType::INVALID_IKE_SPI}};

std::optional<NotifyType>
NameOf(Fault fault)
{
    for (const Name& name : NAMES)
    {
        if (name.fault == fault)
        {
            return name.notify;
        }
    }
    return std::nullopt;
}

/// Faults that say nothing about our peer: anybody could have sent those octets.
bool
IsAnonymous(Fault fault)
{
    return fault == Fault::INTEGRITY || fault == Fault::REPLAY || fault == Fault::CRYPTO ||
           fault == Fault::SYSTEM;
}

} // namespace

Reaction
ReactTo(const Error& error, Phase phase)
{
    const auto notify = NameOf(error.fault);
    if (IsAnonymous(error.fault) && error.fault != Fault::CRYPTO)
    {
        return {};
    }
    switch (phase)
    {
    case Phase::UNKNOWN_SA:
        // §1.5, §2.5, §2.21.4: only these two may be answered without an SA.
        if (error.fault == Fault::UNKNOWN_SPI || error.fault == Fault::BAD_VERSION)
        {
            return {Act::NOTIFY, *notify};
        }
        return {};
    case Phase::SA_INIT_REQUEST:
        // §2.21.1: an answer in clear, and no state. Our own limits answer nobody, and §3.10.1
        // has INVALID_SYNTAX only inside an Encrypted payload.
        if (!notify || *notify == NotifyType::INVALID_SYNTAX || error.fault == Fault::LIMIT ||
            error.fault == Fault::NOT_FOUND || error.fault == Fault::UNKNOWN_SPI)
        {
            return {};
        }
        return {Act::NOTIFY, *notify};
    case Phase::SA_INIT_RESPONSE:
        // §2.21.1: nothing here is authenticated, the true answer may still come. Only what fails
        // on our side ends the attempt.
        if (error.fault == Fault::CRYPTO)
        {
            return {Act::DELETE, {}};
        }
        return {};
    case Phase::AUTH_REQUEST:
        // §2.21.2: protected, to a peer that is not authenticated: answer, and no SA comes of it.
        if (!notify || error.fault == Fault::LIMIT)
        {
            return {Act::DELETE, {}};
        }
        return {Act::NOTIFY_AND_DELETE, *notify};
    case Phase::AUTH_RESPONSE:
        // §2.21.2: the responder holds us for authenticated. Besides AUTHENTICATION_FAILED only
        // two notifies end its SA.
        if (notify == NotifyType::INVALID_SYNTAX ||
            notify == NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD)
        {
            return {Act::DELETE_AND_TELL, *notify};
        }
        return {Act::DELETE_AND_TELL, NotifyType::AUTHENTICATION_FAILED};
    case Phase::REQUEST:
        // §2.21.3: malformed content from an authenticated peer ends the SA; a refusal does not.
        if (!notify)
        {
            return {Act::DELETE, {}};
        }
        if (*notify == NotifyType::INVALID_SYNTAX)
        {
            return {Act::NOTIFY_AND_DELETE, *notify};
        }
        return {Act::NOTIFY, *notify};
    case Phase::RESPONSE:
        // §2.21: no error goes back, but the SA is cleaned up, by a Delete: a peer that answers
        // nonsense once will do so again.
        return {Act::DELETE_AND_TELL, {}};
    }
    return {};
}

bool
IsFatal(NotifyType notify)
{
    return notify == NotifyType::AUTHENTICATION_FAILED || notify == NotifyType::INVALID_SYNTAX;
}

Buffer
NotifyData(const Error& error, NotifyType notify)
{
    ByteWriter writer;
    if (notify == NotifyType::INVALID_KE_PAYLOAD)
    {
        writer.U16(static_cast<uint16_t>(error.detail)); // §1.2: the group that we want, two octets
    }
    else if (notify == NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD)
    {
        writer.U8(static_cast<uint8_t>(error.detail)); // §2.5: the payload type, one octet
    }
    // INVALID_MAJOR_VERSION has none: the version that we speak stands in the header (§1.5, §2.5).
    return writer.Release();
}

Error
FromNotify(NotifyType notify)
{
    Error error{Fault::UNEXPECTED, "refused by the peer", 0, static_cast<uint32_t>(notify)};
    for (const Name& name : NAMES)
    {
        if (name.notify == notify && notify != NotifyType::INVALID_SYNTAX)
        {
            error.fault = name.fault;
        }
    }
    return error;
}

} // namespace ikelab::ike
