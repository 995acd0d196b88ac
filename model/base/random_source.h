// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstdint>

namespace ikelab
{

/**
 * Where every random octet comes from: nonces, SPIs, IVs and private keys. Given to constructors,
 * so that a seed replays a run and real sockets get the system's generator.
 */
class RandomSource
{
  public:
    virtual ~RandomSource() = default;
    virtual void Fill(MutableBytes octets) = 0;

    /// 64 random bits.
    uint64_t U64();
    /// 32 random bits.
    uint32_t U32();
};

/**
 * Repeatable octets for simulations: xoshiro256** seeded through SplitMix64. Fast and well spread,
 * no secret to anybody: never for real sockets. Separate streams of one seed do not overlap in
 * practice.
 * @see Blackman, Vigna: Scrambled linear pseudorandom number generators (2021)
 */
class SeededRandom final : public RandomSource
{
  public:
    explicit SeededRandom(uint64_t seed, uint64_t stream = 0);
    void Fill(MutableBytes octets) override;

  private:
    uint64_t Next();

    uint64_t m_state[4];
};

} // namespace ikelab
