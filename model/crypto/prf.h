// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "crypto/algorithms.h"
#include "crypto/context.h"
#include "crypto/secret_bytes.h"

#include <initializer_list>

namespace ikelab::crypto
{

/// prf(key, part | part | ...), RFC 7296 §2.13; row.outputOctets octets.
Result<SecretBytes> ComputePrf(Context& context,
                               const PrfRow& row,
                               Bytes key,
                               std::initializer_list<Bytes> parts);

/// prf+(key, part | part | ...), RFC 7296 §2.13: the first `octets`; Fault::LIMIT beyond 255
/// blocks.
Result<SecretBytes> ComputePrfPlus(Context& context,
                                   const PrfRow& row,
                                   Bytes key,
                                   std::initializer_list<Bytes> parts,
                                   size_t octets);

} // namespace ikelab::crypto
