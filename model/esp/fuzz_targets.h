// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

/**
 * What a fuzzer and the corpus test do with octets. A broken property is our own bug: it aborts.
 */
namespace ikelab::esp
{

/**
 * An inbound SA meets octets twice: as a packet from somebody without keys, which is refused, and
 * as the plaintext of an authentic peer that lies, of which only a whole IP packet within the
 * selectors comes out, as it was. The first octet chooses mode, cipher and congestion mark.
 */
void FuzzEspOpen(Bytes octets);

/**
 * The same for AH: the first octet chooses mode and extended numbers, the second how many words
 * stand before AH, and what follows is an IP packet. An authentic peer that lies signs it, with the
 * fields of AH and the IP length put right.
 */
void FuzzAhOpen(Bytes octets);

} // namespace ikelab::esp
