// SPDX-License-Identifier: MIT
#include "base/byte_writer.h"

#include "base/assert.h"

#include <utility>

namespace ikelab
{

void
ByteWriter::U8(uint8_t value)
{
    m_buffer.push_back(value);
}

void
ByteWriter::U16(uint16_t value)
{
    const uint8_t octets[] = {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
    Octets(octets);
}

void
ByteWriter::U24(uint32_t value)
{
    U8(static_cast<uint8_t>(value >> 16));
    U16(static_cast<uint16_t>(value));
}

void
ByteWriter::U32(uint32_t value)
{
    U16(static_cast<uint16_t>(value >> 16));
    U16(static_cast<uint16_t>(value));
}

void
ByteWriter::U64(uint64_t value)
{
    U32(static_cast<uint32_t>(value >> 32));
    U32(static_cast<uint32_t>(value));
}

void
ByteWriter::Octets(Bytes bytes)
{
    m_buffer.insert(m_buffer.end(), bytes.begin(), bytes.end());
}

void
ByteWriter::Zeros(size_t count)
{
    m_buffer.resize(m_buffer.size() + count);
}

void
ByteWriter::Patch8(size_t offset, uint8_t value)
{
    IKELAB_ASSERT(offset < m_buffer.size());
    m_buffer[offset] = value;
}

void
ByteWriter::Patch16(size_t offset, uint16_t value)
{
    Patch8(offset, static_cast<uint8_t>(value >> 8));
    Patch8(offset + 1, static_cast<uint8_t>(value));
}

void
ByteWriter::Patch32(size_t offset, uint32_t value)
{
    Patch16(offset, static_cast<uint16_t>(value >> 16));
    Patch16(offset + 2, static_cast<uint16_t>(value));
}

Buffer
ByteWriter::Release()
{
    return std::exchange(m_buffer, {});
}

LengthScope::LengthScope(ByteWriter& writer, size_t start)
    : m_writer(writer),
      m_start(start),
      m_field(writer.Size())
{
    writer.U16(0);
}

LengthScope::~LengthScope()
{
    const size_t length = m_writer.Size() - m_start;
    IKELAB_ASSERT(length <= 0xffff);
    m_writer.Patch16(m_field, static_cast<uint16_t>(length));
}

} // namespace ikelab
