// SPDX-License-Identifier: MIT
#include "base/byte_reader.h"
#include "base/hex.h"

#include <gtest/gtest.h>

namespace ikelab
{
namespace
{

TEST(ByteReader, ReadsBigEndianFieldsInOrder)
{
    const Buffer octets = Hex("01 0203 040506 0708090a 0b0c0d0e0f101112 aabb");
    ByteReader reader(octets);
    uint8_t u8 = 0;
    uint16_t u16 = 0;
    uint32_t u24 = 0;
    uint32_t u32 = 0;
    uint64_t u64 = 0;
    ASSERT_TRUE(reader.U8(u8) && reader.U16(u16) && reader.U24(u24) && reader.U32(u32) &&
                reader.U64(u64));
    EXPECT_EQ(u8, 0x01);
    EXPECT_EQ(u16, 0x0203);
    EXPECT_EQ(u24, 0x040506u);
    EXPECT_EQ(u32, 0x0708090au);
    EXPECT_EQ(u64, 0x0b0c0d0e0f101112u);
    EXPECT_EQ(reader.Offset(), 18u);
    EXPECT_EQ(ToHex(reader.Rest()), "aabb");
    EXPECT_TRUE(reader.AtEnd());
}

TEST(ByteReader, MovesOnlyWhenTheReadSucceeds)
{
    const Buffer octets = Hex("0102");
    ByteReader reader(octets);
    uint32_t u32 = 77;
    Bytes taken;
    EXPECT_FALSE(reader.U32(u32));
    EXPECT_FALSE(reader.Take(3, taken));
    EXPECT_FALSE(reader.Skip(3));
    EXPECT_EQ(u32, 77u);
    EXPECT_EQ(reader.Offset(), 0u);
    EXPECT_TRUE(reader.Take(2, taken));
    EXPECT_FALSE(reader.Skip(1));
    EXPECT_TRUE(reader.Skip(0));
}

} // namespace
} // namespace ikelab
