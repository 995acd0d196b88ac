// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstddef>

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

/// How often that came to the ends of what the reassembly does.
struct IkeFragmentCounts
{
    size_t complete{0};  ///< messages put together
    size_t copies{0};    ///< fragments of messages that were complete before
    size_t forgotten{0}; ///< messages that made room for newer ones
    size_t tooLong{0};   ///< fragments refused for the length of their message
};

/// The same as FuzzIkeFragments: tells a test what its seeds are good for.
IkeFragmentCounts CountIkeFragments(Bytes octets);

/// A key table: rows, or a complaint that names file and line.
void FuzzKeyTable(Bytes octets);

} // namespace ikelab::dissect
