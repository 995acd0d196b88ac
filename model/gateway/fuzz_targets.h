// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

/**
 * What a fuzzer and the corpus test do with octets. A broken property is our own bug: it aborts.
 */
namespace ikelab::gateway
{

/**
 * A sequence of things that happen to a gateway which has an SA with a peer. Each begins with an
 * octet that says what it is (its low three bits) and 16 bits, big-endian:
 *
 *     0 datagram to port 500   1 datagram to port 4500   2 ESP   3 clear packet in
 *     4 clear packet out       the number counts the octets that follow
 *     5 so many milliseconds pass
 *     6 the peer's next ESP packet comes, with the bit of this number flipped (none if too large)
 *     7 the peer's last IKE message comes once more, treated likewise
 *
 * Nothing but what the peer sent is ever delivered, each packet once; nothing protected passes in
 * clear; one call causes a bounded number of events and datagrams; timers move on.
 */
void FuzzGateway(Bytes octets);

} // namespace ikelab::gateway
