// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

/**
 * What a fuzzer and a test do with octets. A broken property is our own bug: it aborts.
 */
namespace ikelab::ike
{

/**
 * Two endpoints and a script: each octet is a step (deliver, lose, wait, initiate, close, throw
 * octets at an end, speak with the keys of the SA), most steps take octets of the script as their
 * matter. Demands after each step that transmissions, events and SAs stay within bounds, and at the
 * end that both ends come to rest.
 */
void FuzzEndpoint(Bytes script);

} // namespace ikelab::ike
