// SPDX-License-Identifier: MIT
#pragma once

#include "wire/testing/test_files.h"

#include <algorithm>
#include <string>
#include <vector>

/// What the corpus tests of all rooms do with the seeds in conformance/corpus.
namespace ikelab::wire
{

inline Buffer
ReadSeed(const std::filesystem::path& path)
{
    const std::string text = ReadTestFile(path);
    return {text.begin(), text.end()};
}

/// The seeds of one target, in an order that does not depend on the file system.
inline std::vector<Buffer>
Seeds(const std::string& corpus)
{
    std::vector<Buffer> seeds;
    for (const auto& entry :
         std::filesystem::directory_iterator(ConformanceFolder() / "corpus" / corpus))
    {
        seeds.push_back(ReadSeed(entry.path()));
    }
    std::ranges::sort(seeds);
    return seeds;
}

/// Run a fuzz target over a seed as it is, cut at every octet, and with every octet changed in two
/// ways: all by the same bits, and each by others.
inline void
RunSeed(const Buffer& seed, void (*target)(Bytes))
{
    target(seed);
    for (size_t at = 0; at < seed.size(); ++at)
    {
        target(Bytes(seed).first(at));
        for (const size_t mask : {size_t{0x21}, 1 + at % 127})
        {
            Buffer changed = seed;
            changed[at] ^= static_cast<uint8_t>(mask);
            target(changed);
        }
    }
}

/// RunSeed for a whole corpus; returns how many seeds there are.
inline size_t
RunCorpus(const std::string& corpus, void (*target)(Bytes))
{
    const std::vector<Buffer> seeds = Seeds(corpus);
    for (const Buffer& seed : seeds)
    {
        RunSeed(seed, target);
    }
    return seeds.size();
}

} // namespace ikelab::wire
