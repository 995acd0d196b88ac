// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>

/**
 * The IP header before an AH, options and extension headers included, as AH authenticates it.
 */
namespace ikelab::esp
{

/// Where AH belongs in a packet that has none, and the octet that will announce it.
struct AhPlace
{
    size_t offset{0};           ///< octets of what stands before AH
    size_t nextHeaderOffset{0}; ///< of the octet that names what follows: Protocol or Next Header
};

/**
 * Behind IPv4's options; in IPv6 behind hop-by-hop options, routing headers and fragment header, so
 * that destination options for the last destination stand behind AH (RFC 4302 §3.1.1).
 * @param packet one that ReadPacket accepted
 */
Result<AhPlace> FindAhPlace(Bytes packet);

/// The same of headers that end where AH begins; BAD_VALUE if they do not announce it.
Result<AhPlace> FindAh(Bytes headers);

/**
 * Copy the headers before an AH, with what may change in transit as zero and what changes
 * predictably as the last destination sees it (RFC 4302 §3.3.3.1, appendix A).
 * @param headers from the IP header to the octet before AH
 * @param copy its contents are replaced; it keeps its allocation
 * @return BAD_VALUE for options or extension headers that do not end where they say, POLICY for
 * routing headers whose changes nobody can predict and for fragments (§3.4.1)
 */
Result<void> CopyAuthenticated(Bytes headers, Buffer& copy);

} // namespace ikelab::esp
