// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"

namespace ikelab
{

template <typename T>
bool
ByteReader::BigEndian(T& value, size_t octets)
{
    if (Left() < octets)
    {
        return false;
    }
    uint64_t result = 0;
    for (size_t i = 0; i < octets; ++i)
    {
        result = (result << 8) | m_bytes[m_offset + i];
    }
    m_offset += octets;
    value = static_cast<T>(result);
    return true;
}

bool
ByteReader::U8(uint8_t& value)
{
    return BigEndian(value, 1);
}

bool
ByteReader::U16(uint16_t& value)
{
    return BigEndian(value, 2);
}

bool
ByteReader::U24(uint32_t& value)
{
    return BigEndian(value, 3);
}

bool
ByteReader::U32(uint32_t& value)
{
    return BigEndian(value, 4);
}

bool
ByteReader::U64(uint64_t& value)
{
    return BigEndian(value, 8);
}

bool
ByteReader::Take(size_t count, Bytes& value)
{
    if (Left() < count)
    {
        return false;
    }
    value = m_bytes.subspan(m_offset, count);
    m_offset += count;
    return true;
}

bool
ByteReader::Skip(size_t count)
{
    Bytes ignored;
    return Take(count, ignored);
}

Bytes
ByteReader::Rest()
{
    Bytes rest = m_bytes.subspan(m_offset);
    m_offset = m_bytes.size();
    return rest;
}

} // namespace ikelab
