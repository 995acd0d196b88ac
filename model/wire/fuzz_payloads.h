// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "wire/iana.h"

/**
 * Properties of the payloads that are read on demand, for the fuzzers and the tests: what parses is
 * written to octets of the same size, those parse too and are written to the same octets. A broken
 * property is our own bug: it aborts.
 */
namespace ikelab::wire
{

/// One payload body; says whether the type has a reader and the body parsed.
bool CheckPayloadBody(PayloadType type, Bytes body);
/// The data of one notify type; says whether it parsed.
bool CheckNotifyData(NotifyType type, Bytes data);

/// The first octet is a payload type, the rest its body.
void FuzzPayload(Bytes octets);
/// The first two octets are a notify type, the rest its data.
void FuzzNotifyData(Bytes octets);
/// The first octet is an ID type, the rest its data: DER names among them.
void FuzzIdentity(Bytes octets);
/// The first octet is the Next Payload field of an SKF payload, the rest its body.
void FuzzSkf(Bytes octets);

} // namespace ikelab::wire
