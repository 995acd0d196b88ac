// SPDX-License-Identifier: MIT
#pragma once

#include "base/random_source.h"

#include <memory>

namespace ikelab::crypto
{

/**
 * One world's OpenSSL: an own library context whose only source of randomness is the RandomSource
 * of the running operation, and the algorithms fetched once. One per simulation or process;
 * endpoints share it. Not for several threads at once.
 *
 * Key generation and signatures draw from the RandomSource that the call is given, so a seed
 * repeats them octet for octet (proved on OpenSSL 3.0).
 */
class Context
{
  public:
    Context();
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    /// OpenSSL's side of it; complete only inside this room.
    struct Internals;

    Internals&
    Get()
    {
        return *m_internals;
    }

  private:
    std::unique_ptr<Internals> m_internals;
};

/// The operating system's generator, for real sockets.
class SystemRandom final : public RandomSource
{
  public:
    void Fill(MutableBytes octets) override;
};

} // namespace ikelab::crypto
