// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace ikelab::esp
{

/**
 * Anti-replay of one inbound SA. A packet is asked about before its ICV is verified and recorded
 * only after: Find, verify, Record.
 *
 * The bitmap is a ring of 64-bit blocks with at least one block more than the window needs, so that
 * the window moves by clearing whole blocks and never shifts (as RFC 6479 shows).
 * @see RFC 4303 §3.4.3 and appendix A2
 */
class ReplayWindow
{
  public:
    static constexpr uint32_t SMALLEST = 32; // RFC 4303 §3.4.3 asks for no less
    static constexpr uint32_t LARGEST = 65536;

    /**
     * @param packets size of the window; 0 switches the check off, other sizes are brought between
     * SMALLEST and LARGEST
     * @param esn extended sequence numbers: 64 bits, of which the low 32 are sent
     */
    explicit ReplayWindow(uint32_t packets, bool esn = false);

    /**
     * The full sequence number of a packet, if it may be accepted.
     * @param low what the ESP header carries
     * @return nothing if it was seen, is left of the window, or is no valid number
     */
    std::optional<uint64_t> Find(uint32_t low) const;

    /// The packet with this number, from Find, was authentic.
    void Record(uint64_t sequence);

    /// The highest number recorded: the right edge.
    uint64_t
    Highest() const
    {
        return m_highest;
    }

    /// Packets in the window; 0 if the check is off.
    uint32_t
    Size() const
    {
        return m_size;
    }

  private:
    std::optional<uint64_t> Extend(uint32_t low) const;
    bool Seen(uint64_t sequence) const;

    uint32_t m_size;
    bool m_esn;
    uint64_t m_highest{0};
    std::vector<uint64_t> m_blocks; ///< a power of two of them
};

} // namespace ikelab::esp
