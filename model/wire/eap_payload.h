// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/result.h"
#include "wire/iana_contents.h"

#include <optional>

/// EAP payloads (RFC 7296 §3.16, RFC 3748 §4), read from the body of a RawPayload on demand.
namespace ikelab::wire
{

/**
 * One EAP packet. Requests and responses have a type; Success and Failure have nothing behind the
 * length; Initiate and Finish (RFC 6696) keep all that follows in `data`.
 */
struct EapMessage
{
    EapCode code{EapCode::REQUEST};
    uint8_t identifier{0};
    std::optional<EapType> type;
    Bytes data;
};

/// The head of the data of EapType::EXPANDED_TYPE, RFC 3748 §5.7.
struct EapExpandedType
{
    uint32_t vendorId{0};   ///< 24 bits, an SMI enterprise code; 0 is the IETF
    uint32_t vendorType{0}; ///< a number of the vendor's, or an EapType for the IETF
    Bytes data;
};

/**
 * Read a packet that fills the payload's body. BAD_VALUE if its Length is not the body's, or if a
 * code other than Request and Response (and Initiate, Finish) has more than four octets.
 */
Result<EapMessage> ParseEap(Bytes body);
void WriteEap(ByteWriter& writer, const EapMessage& eap);

Result<EapExpandedType> ParseEapExpandedType(Bytes data);
void WriteEapExpandedType(ByteWriter& writer, const EapExpandedType& expanded);

} // namespace ikelab::wire
