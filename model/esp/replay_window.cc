// SPDX-License-Identifier: MIT
#include "esp/replay_window.h"

#include <algorithm>
#include <bit>

namespace ikelab::esp
{

namespace
{

constexpr uint64_t BLOCK_BITS = 64;

/// Without a window, numbers up to half the space behind the highest count as late, not as next.
constexpr uint64_t REORDERING_WITHOUT_WINDOW = uint64_t{1} << 31;

} // namespace

ReplayWindow::ReplayWindow(uint32_t packets, bool esn)
    : m_size(packets == 0 ? 0 : std::clamp(packets, SMALLEST, LARGEST)),
      m_esn(esn)
{
    if (m_size != 0)
    {
        // One block more than the window covers when it starts in the middle of one.
        m_blocks.resize(std::bit_ceil((m_size + BLOCK_BITS - 1) / BLOCK_BITS + 1));
    }
}

std::optional<uint64_t>
ReplayWindow::Find(uint32_t low) const
{
    const std::optional<uint64_t> sequence = m_esn ? Extend(low) : low;
    if (m_size == 0)
    {
        return sequence;
    }
    // RFC 4303 §3.3.3: the first packet has number 1.
    if (!sequence || *sequence == 0)
    {
        return std::nullopt;
    }
    if (*sequence > m_highest)
    {
        return sequence;
    }
    if (m_highest - *sequence >= m_size || Seen(*sequence))
    {
        return std::nullopt;
    }
    return sequence;
}

/// RFC 4303 appendix A2.2: which 2^32 numbers the low half belongs to.
std::optional<uint64_t>
ReplayWindow::Extend(uint32_t low) const
{
    const uint64_t window = m_size == 0 ? REORDERING_WITHOUT_WINDOW : m_size;
    const uint64_t space = m_highest >> 32;
    const uint32_t highestLow = static_cast<uint32_t>(m_highest);
    const uint32_t bottom = static_cast<uint32_t>(highestLow - window + 1); // modulo 2^32
    if (highestLow >= window - 1) // case A: the window lies in one space
    {
        return (low >= bottom ? space : space + 1) << 32 | low;
    }
    if (low < bottom) // case B: it reaches back into the space before
    {
        return space << 32 | low;
    }
    if (space == 0)
    {
        // There is none before the first: a real window refuses, without one this is far ahead.
        return m_size == 0 ? std::optional<uint64_t>(low) : std::nullopt;
    }
    return (space - 1) << 32 | low;
}

bool
ReplayWindow::Seen(uint64_t sequence) const
{
    const uint64_t block = sequence / BLOCK_BITS;
    return (m_blocks[block & (m_blocks.size() - 1)] >> (sequence % BLOCK_BITS) & 1) != 0;
}

void
ReplayWindow::Record(uint64_t sequence)
{
    if (m_size == 0)
    {
        m_highest = std::max(m_highest, sequence);
        return;
    }
    const uint64_t mask = m_blocks.size() - 1;
    const uint64_t block = sequence / BLOCK_BITS;
    if (sequence > m_highest)
    {
        const uint64_t highestBlock = m_highest / BLOCK_BITS;
        const uint64_t fresh = std::min<uint64_t>(block - highestBlock, m_blocks.size());
        for (uint64_t i = 0; i < fresh; ++i)
        {
            m_blocks[(block - i) & mask] = 0;
        }
        m_highest = sequence;
    }
    m_blocks[block & mask] |= uint64_t{1} << (sequence % BLOCK_BITS);
}

} // namespace ikelab::esp
