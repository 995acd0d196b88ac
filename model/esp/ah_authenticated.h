// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "esp/transport_header.h"

/**
 * The IP header before an AH, options and extension headers included, as AH authenticates it.
 */
namespace ikelab::esp
{

/// Where AH stands behind headers that end there; BAD_VALUE if they do not announce it.
Result<TransportPlace> FindAh(Bytes headers);

/// Who sees the headers.
enum class AhEnd
{
    SENDER,
    RECEIVER
};

/**
 * Copy the headers before an AH, with what may change in transit as zero and what changes
 * predictably as the last destination sees it (RFC 4302 §3.3.3.1, appendix A).
 * @param headers from the IP header to the octet before AH
 * @param copy its contents are replaced; it keeps its allocation
 * @param end the sender predicts where a route ends; a receiver is there (§3.3.3.1.1.1)
 * @return BAD_VALUE for options or extension headers that do not end where they say, POLICY for
 * routing headers whose changes nobody can predict, for fragments (§3.4.1) and for a receiver whom
 * a route leads on
 */
Result<void> CopyAuthenticated(Bytes headers, Buffer& copy, AhEnd end);

} // namespace ikelab::esp
