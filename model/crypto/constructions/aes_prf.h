// SPDX-License-Identifier: MIT
#pragma once

#include "crypto/mac.h"

namespace ikelab::crypto
{

/**
 * Key a MAC as the PRF of its kind and begin a message. HMAC takes any key; the PRFs of AES-128
 * first bring theirs to 16 octets: AES-XCBC-PRF-128 pads a short one with zeros and hashes a long
 * one (RFC 4434 §2), AES-CMAC-PRF-128 hashes both (RFC 4615 §3), each under a key of zeros.
 * @return false if OpenSSL refuses
 */
bool SetPrfKey(Mac& mac, Bytes key);

} // namespace ikelab::crypto
