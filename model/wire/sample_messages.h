// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

/**
 * Good messages for the tests, the benchmark and the fuzzer's seeds of this room. They are built
 * with MessageBuilder; their nonces and shares are counters, not randomness.
 */
namespace ikelab::wire
{

/// 232 octets, what an initiator with one X25519 proposal sends first (RFC 7296 §1.2).
Buffer SmallSaInit();
/// 936 octets: two proposals of 31 and 24 transforms, a MODP-2048 share.
Buffer LargeSaInit();
/// An unprotected chain with every payload that this room reads, and some that it does not.
Buffer EveryPayload();
/// An unprotected chain of the payloads that are read on demand, each with contents of its type,
/// and of notifications with typed data.
Buffer TypedPayloads();
/// An IKE_AUTH request whose payloads are in an (unsealed) SK payload with 8-octet IV, 16-octet
/// ICV.
Buffer SkMessage();

} // namespace ikelab::wire
