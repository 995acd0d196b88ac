// SPDX-License-Identifier: MIT
#include "wire/skf_payload.h"

#include "base/assert.h"
#include "base/byte_reader.h"

namespace ikelab::wire
{

namespace
{

bool
IsGood(const SkfHead& head)
{
    return head.number != 0 && head.number <= head.total;
}

} // namespace

Result<SkfPayload>
ParseSkf(const SkPayload& skf)
{
    ByteReader reader(skf.body);
    SkfPayload payload;
    payload.head.inner = skf.inner;
    if (!reader.U16(payload.head.number) || !reader.U16(payload.head.total))
    {
        return Fail(Fault::TRUNCATED, "SKF", reader.Offset());
    }
    if (!IsGood(payload.head))
    {
        return Fail(Fault::BAD_VALUE, "SKF fragment number");
    }
    if (payload.head.number > 1 && payload.head.inner != PayloadType::NONE)
    {
        return Fail(Fault::BAD_VALUE, "SKF next payload");
    }
    payload.bodyOffset = skf.bodyOffset + reader.Offset();
    payload.body = reader.Rest();
    return payload;
}

void
WriteSkf(ByteWriter& writer, const SkfPayload& skf)
{
    IKELAB_ASSERT(IsGood(skf.head));
    writer.U16(skf.head.number);
    writer.U16(skf.head.total);
    writer.Octets(skf.body);
}

} // namespace ikelab::wire
