// SPDX-License-Identifier: MIT
#pragma once

#include "base/assert.h"
#include "base/bytes.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace ikelab
{

/**
 * One packet in one flat allocation with room before and behind it, so that ESP works in place:
 * encapsulation prepends headers and appends the trailer, decapsulation drops them, and nothing
 * moves. Reuse one buffer for many packets: Reset keeps the allocation.
 */
class PacketBuffer
{
  public:
    /// Enough for an outer IPv6 header, UDP, ESP with a 16-octet IV and an AH, with some to spare.
    static constexpr size_t HEADROOM = 128;
    /// Enough for padding to 256, pad length, next header and a 32-octet ICV.
    static constexpr size_t TAILROOM = 320;

    PacketBuffer() = default;

    explicit PacketBuffer(Bytes packet)
    {
        Assign(packet);
    }

    /// Start over with a packet of `octets` unset octets and full room around it.
    MutableBytes
    Reset(size_t octets)
    {
        if (m_storage.size() < HEADROOM + octets + TAILROOM)
        {
            m_storage.resize(HEADROOM + octets + TAILROOM);
        }
        m_begin = HEADROOM;
        m_end = HEADROOM + octets;
        return View();
    }

    void
    Assign(Bytes packet)
    {
        std::ranges::copy(packet, Reset(packet.size()).begin());
    }

    MutableBytes
    View()
    {
        return {m_storage.data() + m_begin, m_end - m_begin};
    }

    Bytes
    View() const
    {
        return {m_storage.data() + m_begin, m_end - m_begin};
    }

    size_t
    Size() const
    {
        return m_end - m_begin;
    }

    /// Octets that Prepend can still give.
    size_t
    FrontRoom() const
    {
        return m_begin;
    }

    /// Room for so much more in front, by moving the packet if there is less.
    void
    EnsureFrontRoom(size_t octets)
    {
        if (octets <= m_begin)
        {
            return;
        }
        const size_t by = octets - m_begin;
        if (m_end + by + TAILROOM > m_storage.size())
        {
            m_storage.resize(m_end + by + TAILROOM);
        }
        std::memmove(m_storage.data() + octets, m_storage.data() + m_begin, Size());
        m_begin += by;
        m_end += by;
    }

    /// Grow to the front by unset octets; returns just those.
    MutableBytes
    Prepend(size_t octets)
    {
        IKELAB_ASSERT(octets <= m_begin);
        m_begin -= octets;
        return View().first(octets);
    }

    /// Grow to the back by unset octets; returns just those.
    MutableBytes
    Append(size_t octets)
    {
        if (m_end + octets > m_storage.size())
        {
            m_storage.resize(m_end + octets);
        }
        m_end += octets;
        return View().last(octets);
    }

    void
    DropFront(size_t octets)
    {
        IKELAB_ASSERT(octets <= Size());
        m_begin += octets;
    }

    void
    DropBack(size_t octets)
    {
        IKELAB_ASSERT(octets <= Size());
        m_end -= octets;
    }

  private:
    Buffer m_storage;
    size_t m_begin{0};
    size_t m_end{0};
};

} // namespace ikelab
