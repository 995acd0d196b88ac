// SPDX-License-Identifier: MIT
#pragma once

#include "base/hex.h"
#include "base/result.h"
#include "base/testing/mutate.h"
#include "wire/fuzz_payloads.h"

#include <gtest/gtest.h>

/// What the payload tests of this room share.
namespace ikelab::wire
{

template <typename Value>
Fault
FaultOf(const Result<Value>& result)
{
    EXPECT_FALSE(result.has_value());
    return result ? Fault::SYSTEM : result.error().fault;
}

/// A good body: it parses, and whatever is done to it breaks no property.
inline void
ExpectSturdy(PayloadType type, Bytes body)
{
    EXPECT_TRUE(CheckPayloadBody(type, body)) << ToString(type) << ' ' << ToHex(body);
    Mutate(body, [type](Bytes octets) { CheckPayloadBody(type, octets); });
}

inline void
ExpectSturdyNotify(NotifyType type, Bytes data)
{
    EXPECT_TRUE(CheckNotifyData(type, data)) << ToString(type) << ' ' << ToHex(data);
    Mutate(data, [type](Bytes octets) { CheckNotifyData(type, octets); });
}

} // namespace ikelab::wire
