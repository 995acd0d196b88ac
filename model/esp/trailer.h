// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/fixed_fields.h"
#include "base/result.h"

#include <cstddef>
#include <cstdint>

namespace ikelab::esp
{

/// What stands behind the contents once the packet is open, RFC 4303 §2.4 to §2.6.
struct Trailer
{
    size_t contentOctets{0}; ///< of the text, before padding
    uint8_t nextHeader{0};
};

/**
 * Read padding, Pad Length and Next Header at the end of a decrypted text.
 * @return TRUNCATED without room for them, BAD_VALUE if the padding is longer than the text or not
 * 1, 2, 3 ..., which RFC 4303 §2.4 has the receiver inspect
 */
inline Result<Trailer>
ReadTrailer(Bytes text)
{
    if (text.size() < 2)
    {
        return Fail(Fault::TRUNCATED, "ESP trailer");
    }
    const auto trailer = text.last<2>();
    const uint8_t padLength = LoadField<0, uint8_t>(trailer);
    if (size_t{padLength} + 2 > text.size())
    {
        return Fail(Fault::BAD_VALUE, "ESP pad length");
    }
    uint8_t expected = 0;
    for (const uint8_t octet : text.last(size_t{padLength} + 2).first(padLength))
    {
        if (octet != ++expected)
        {
            return Fail(Fault::BAD_VALUE, "ESP padding");
        }
    }
    return Trailer{text.size() - padLength - 2, LoadField<1, uint8_t>(trailer)};
}

} // namespace ikelab::esp
