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

    [[nodiscard]] bool U8(uint8_t& value);
    [[nodiscard]] bool U16(uint16_t& value);
    [[nodiscard]] bool U24(uint32_t& value);
    [[nodiscard]] bool U32(uint32_t& value);
    [[nodiscard]] bool U64(uint64_t& value);
    /// Borrow `count` octets.
    [[nodiscard]] bool Take(size_t count, Bytes& value);
    [[nodiscard]] bool Skip(size_t count);

    /// Borrow all that is left; afterwards the reader is at its end.
    Bytes Rest();
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
    template <typename T>
    bool BigEndian(T& value, size_t octets);

    Bytes m_bytes;
    size_t m_offset{0};
};

} // namespace ikelab
