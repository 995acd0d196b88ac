// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/hex.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

/// Files of the tests only: the rooms left of io touch none.
namespace ikelab::wire
{

inline std::string
ReadTestFile(const std::filesystem::path& path)
{
    std::ifstream stream(path, std::ios::binary);
    EXPECT_TRUE(stream.good()) << path;
    return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::filesystem::path
ConformanceFolder()
{
    return std::filesystem::path(IKELAB_SOURCE_DIR) / "conformance";
}

/// The octets of a hex file in conformance/vectors/messages.
inline Buffer
RealMessage(const std::string& name)
{
    const auto octets = FromHex(ReadTestFile(ConformanceFolder() / "vectors/messages" / name));
    EXPECT_TRUE(octets.has_value()) << name;
    return octets.value_or(Buffer{});
}

} // namespace ikelab::wire
