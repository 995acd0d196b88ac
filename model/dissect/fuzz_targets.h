// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

/**
 * What a fuzzer and the corpus test do with octets. A broken property is our own bug: it aborts.
 */
namespace ikelab::dissect
{

/**
 * A capture file, or packets for one decoder; with keys under which ciphertext is plain text, so
 * that mutations reach what SK and ESP hide. Every packet is printed in each form, and its JSON
 * must be JSON. The first octet says what the others are: 0 a capture file; 1 IP packets, 2 IKE
 * messages (SPIs 11..11 and 22..22 have keys), each behind its length in two octets.
 */
void FuzzCapture(Bytes octets);

/// Encrypted fragments in any order, five octets each, held against a model of RFC 7383 §2.6.
void FuzzIkeFragments(Bytes octets);

/// A key table: rows, or a complaint that names file and line.
void FuzzKeyTable(Bytes octets);

} // namespace ikelab::dissect
