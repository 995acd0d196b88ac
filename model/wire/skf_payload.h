// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/result.h"
#include "wire/payloads.h"

/// The Encrypted Fragment payload, RFC 7383 §2.5.
namespace ikelab::wire
{

/// What stands in front of an encrypted fragment's IV.
struct SkfHead
{
    PayloadType inner{PayloadType::NONE}; ///< the first payload inside; only fragment 1 says it
    uint16_t number{1};                   ///< from 1 to total
    uint16_t total{1};
};

/// Octets of fragment number and total.
inline constexpr size_t SKF_HEAD_OCTETS = 4;

struct SkfPayload
{
    SkfHead head;
    Bytes body;           ///< IV, ciphertext and ICV
    size_t bodyOffset{0}; ///< octets of the message before `body`: the associated data
};

/**
 * Read an SKF payload of a chain (there it is an SkPayload whose body begins with the number).
 * BAD_VALUE if a number is zero or above its total, or if a later fragment names a payload.
 */
Result<SkfPayload> ParseSkf(const SkPayload& skf);
/// The body of the payload; its Next Payload field, head.inner, is the caller's to write.
void WriteSkf(ByteWriter& writer, const SkfPayload& skf);

} // namespace ikelab::wire
