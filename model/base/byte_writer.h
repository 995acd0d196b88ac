// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <cstdint>

namespace ikelab
{

/**
 * Writes big-endian fields to the end of a buffer that it owns. Length fields that are known only
 * later are reserved and patched, see Patch16 and LengthScope.
 */
class ByteWriter
{
  public:
    ByteWriter() = default;

    explicit ByteWriter(size_t expectedOctets)
    {
        m_buffer.reserve(expectedOctets);
    }

    void U8(uint8_t value);
    void U16(uint16_t value);
    void U24(uint32_t value);
    void U32(uint32_t value);
    void U64(uint64_t value);
    void Octets(Bytes bytes);
    void Zeros(size_t count);

    /// Overwrite octets written earlier; the place must exist (own bug otherwise).
    void Patch8(size_t offset, uint8_t value);
    void Patch16(size_t offset, uint16_t value);
    void Patch32(size_t offset, uint32_t value);

    size_t
    Size() const
    {
        return m_buffer.size();
    }

    Bytes
    View() const
    {
        return m_buffer;
    }

    /// The octets written so far, for work in place (encryption).
    MutableBytes
    Writable()
    {
        return m_buffer;
    }

    /// Hand over the buffer; the writer is empty afterwards.
    Buffer Release();

  private:
    Buffer m_buffer;
};

/**
 * A 16-bit length field that writes itself. Reserves two octets now; when it goes out of scope they
 * hold the number of octets written since `start` (so a start before the field counts the field).
 */
class LengthScope
{
  public:
    LengthScope(ByteWriter& writer, size_t start);
    ~LengthScope();
    LengthScope(const LengthScope&) = delete;
    LengthScope& operator=(const LengthScope&) = delete;

  private:
    ByteWriter& m_writer;
    size_t m_start;
    size_t m_field;
};

} // namespace ikelab
