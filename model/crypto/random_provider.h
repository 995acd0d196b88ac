// SPDX-License-Identifier: MIT
#pragma once

#include "base/random_source.h"

#include <openssl/core.h>

/**
 * A provider for OpenSSL with one algorithm: a generator that hands out the octets of the
 * RandomSource of the running operation. Internal to this room.
 */
namespace ikelab::crypto
{

/// Where one library context's generators find the RandomSource of the running operation.
struct RandomSlot
{
    RandomSource* source{nullptr};
};

inline constexpr const char* RANDOM_PROVIDER_NAME = "ikelab";
inline constexpr const char* RANDOM_ALGORITHM_NAME = "IKELAB-RAND";
inline constexpr const char* RANDOM_PROPERTIES = "provider=ikelab";

/// The provider's entry point for OSSL_PROVIDER_add_builtin; its provider context is a RandomSlot.
int InitRandomProvider(const OSSL_CORE_HANDLE* handle,
                       const OSSL_DISPATCH* in,
                       const OSSL_DISPATCH** out,
                       void** providerContext);

/// While it lives, OpenSSL's randomness comes from `random`; outside of every scope it fails.
class RandomScope
{
  public:
    RandomScope(RandomSlot& slot, RandomSource& random) : m_slot(slot), m_before(slot.source)
    {
        m_slot.source = &random;
    }

    ~RandomScope()
    {
        m_slot.source = m_before;
    }

    RandomScope(const RandomScope&) = delete;
    RandomScope& operator=(const RandomScope&) = delete;

  private:
    RandomSlot& m_slot;
    RandomSource* m_before;
};

} // namespace ikelab::crypto
