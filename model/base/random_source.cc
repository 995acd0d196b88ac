// SPDX-License-Identifier: MIT
#include "base/random_source.h"

#include <bit>
#include <cstddef>

namespace ikelab
{

uint64_t
RandomSource::U64()
{
    uint8_t octets[8];
    Fill(octets);
    uint64_t value = 0;
    for (const uint8_t octet : octets)
    {
        value = (value << 8) | octet;
    }
    return value;
}

uint32_t
RandomSource::U32()
{
    uint8_t octets[4];
    Fill(octets);
    uint32_t value = 0;
    for (const uint8_t octet : octets)
    {
        value = (value << 8) | octet;
    }
    return value;
}

namespace
{

uint64_t
SplitMix64(uint64_t& state)
{
    state += 0x9e3779b97f4a7c15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

} // namespace

SeededRandom::SeededRandom(uint64_t seed, uint64_t stream)
{
    uint64_t state = seed;
    state = SplitMix64(state) ^ (stream * 0xd1342543de82ef95u);
    for (uint64_t& word : m_state)
    {
        word = SplitMix64(state);
    }
}

uint64_t
SeededRandom::Next()
{
    const uint64_t result = std::rotl(m_state[1] * 5, 7) * 9;
    const uint64_t shifted = m_state[1] << 17;
    m_state[2] ^= m_state[0];
    m_state[3] ^= m_state[1];
    m_state[1] ^= m_state[2];
    m_state[0] ^= m_state[3];
    m_state[2] ^= shifted;
    m_state[3] = std::rotl(m_state[3], 45);
    return result;
}

void
SeededRandom::Fill(MutableBytes octets)
{
    uint64_t word = 0;
    for (size_t i = 0; i < octets.size(); ++i)
    {
        if (i % 8 == 0)
        {
            word = Next();
        }
        octets[i] = static_cast<uint8_t>(word);
        word >>= 8;
    }
}

} // namespace ikelab
