// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>

namespace ikelab
{

/**
 * Reads big-endian fields from borrowed octets. Every read says whether it could, and moves only if
 * it could; nothing is ever read past the end.
 */
class ByteReader
{
  public:
    explicit ByteReader(Bytes bytes) : m_bytes(bytes)
    {
    }

    [[nodiscard]] bool
    U8(uint8_t& value)
    {
        return BigEndian<1>(value);
    }

    [[nodiscard]] bool
    U16(uint16_t& value)
    {
        return BigEndian<2>(value);
    }

    [[nodiscard]] bool
    U24(uint32_t& value)
    {
        return BigEndian<3>(value);
    }

    [[nodiscard]] bool
    U32(uint32_t& value)
    {
        return BigEndian<4>(value);
    }

    [[nodiscard]] bool
    U64(uint64_t& value)
    {
        return BigEndian<8>(value);
    }

    /// Borrow `count` octets.
    [[nodiscard]] bool
    Take(size_t count, Bytes& value)
    {
        if (Left() < count)
        {
            return false;
        }
        value = m_bytes.subspan(m_offset, count);
        m_offset += count;
        return true;
    }

    [[nodiscard]] bool
    Skip(size_t count)
    {
        Bytes ignored;
        return Take(count, ignored);
    }

    /// Borrow all that is left; afterwards the reader is at its end.
    Bytes
    Rest()
    {
        const Bytes rest = m_bytes.subspan(m_offset);
        m_offset = m_bytes.size();
        return rest;
    }

    /// All that is left, without moving.
    Bytes
    Peek() const
    {
        return m_bytes.subspan(m_offset);
    }

    size_t
    Left() const
    {
        return m_bytes.size() - m_offset;
    }

    bool
    AtEnd() const
    {
        return Left() == 0;
    }

    /// Octets read so far.
    size_t
    Offset() const
    {
        return m_offset;
    }

  private:
    /// Here and not in a source file: a decoder calls it for every field, and the call would cost
    /// more than the read.
    template <size_t OCTETS, typename T>
    bool
    BigEndian(T& value)
    {
        if (Left() < OCTETS)
        {
            return false;
        }
        uint64_t result = 0;
        for (size_t i = 0; i < OCTETS; ++i)
        {
            result = (result << 8) | m_bytes[m_offset + i];
        }
        m_offset += OCTETS;
        value = static_cast<T>(result);
        return true;
    }

    Bytes m_bytes;
    size_t m_offset{0};
};

} // namespace ikelab
