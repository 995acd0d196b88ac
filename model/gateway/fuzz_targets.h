// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstddef>

/**
 * What a fuzzer and the corpus test do with octets. A broken property is our own bug: it aborts.
 */
namespace ikelab::gateway
{

/// How often what a seed is made for happened.
struct FuzzReached
{
    size_t routedOut{0};  ///< protected by the SA of a tunnel device
    size_t routedIn{0};   ///< opened by it
    size_t nestedOut{0};  ///< in two SAs
    size_t nestedIn{0};   ///< out of two SAs
    size_t nestedIke{0};  ///< IKE in an SA, either way
    size_t insideOut{0};  ///< packed by the peer, and its own
    size_t heldThere{0};  ///< for the SA of a tunnel device
    size_t heldInside{0}; ///< for the SA around another
    size_t sealed{0};     ///< that had waited
};

/**
 * A sequence of things that happen to a gateway which has an SA with a peer. Each begins with an
 * octet that says what it is (its low four bits) and 16 bits, big-endian:
 *
 *     0 datagram to port 500   1 datagram to port 4500   2 ESP   3 clear packet in
 *     4 clear packet out       the number counts the octets that follow
 *     5 so many milliseconds pass
 *     6 the peer's next ESP packet comes, with the bit of this number flipped (none if too large)
 *     7 the peer's last IKE message comes once more, treated likewise
 *
 * Before the first of the following it gets two SAs more: one behind a tunnel device, and one to a
 * host of the peer's inside of the first SA (RFC 4301 appendix E).
 *
 *     8 packet routed to the device   9 packet routed to a device that nobody has
 *     10 ESP of the inner SA, from an SPI of that on, in the peer's ESP
 *     11 what the peer's ESP holds: a protocol, and what stands behind an IP header
 *                                     the number counts the octets that follow
 *     12 as 6, of the SA behind the device   13 as 6, of both others
 *     14 the child of this number modulo 3 ends   15 what both ends have to say is exchanged, twice
 *                                                    at most
 *
 * Nothing but what the peer sent is ever delivered, each packet once and where it belongs; nothing
 * protected passes in clear; one call causes a bounded number of events and datagrams; timers move
 * on.
 */
FuzzReached FuzzGateway(Bytes octets);

} // namespace ikelab::gateway
