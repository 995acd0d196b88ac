// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "wire/message.h"

/**
 * What a fuzzer and the corpus test do with octets. A broken property is our own bug: it aborts.
 */
namespace ikelab::wire
{

/// The message again, from its values; what was RESERVED is zero now.
Buffer Rebuild(const Message& message);
/// Deep equality of what was parsed, in values (not in the octets borrowed).
bool SameChain(const PayloadChain& left, const PayloadChain& right);

/**
 * Parse a message; if it is good, describe it, rebuild it, parse that again and demand the same
 * values, the same length, and that the second rebuild changes nothing. Runs once as given and once
 * with the header's length made right, so that mutations reach the payloads.
 */
void FuzzIkeMessage(Bytes octets);

/// The framing of port 4500 and what it carries: an ESP header or an IKE message.
void FuzzUdpEncapsulated(Bytes octets);

} // namespace ikelab::wire
