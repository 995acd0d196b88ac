// SPDX-License-Identifier: MIT
#include "base/byte_writer.h"
#include "base/hex.h"

#include <gtest/gtest.h>

namespace ikelab
{
namespace
{

TEST(ByteWriter, WritesWhatTheReaderReads)
{
    ByteWriter writer;
    writer.U8(1);
    writer.U16(0x0203);
    writer.U24(0x040506);
    writer.U32(0x0708090a);
    writer.U64(0x0b0c0d0e0f101112);
    writer.Zeros(2);
    EXPECT_EQ(ToHex(writer.View()), "0102030405060708090a0b0c0d0e0f1011120000");
}

TEST(ByteWriter, LengthScopePatchesNestedLengths)
{
    ByteWriter writer;
    {
        LengthScope outer(writer, writer.Size());
        writer.U8(0xaa);
        {
            LengthScope inner(writer, writer.Size());
            writer.U24(0xbbbbbb);
        }
    }
    EXPECT_EQ(ToHex(writer.View()), "0008aa0005bbbbbb");
    EXPECT_EQ(writer.Release().size(), 8u);
    EXPECT_EQ(writer.Size(), 0u);
}

} // namespace
} // namespace ikelab
