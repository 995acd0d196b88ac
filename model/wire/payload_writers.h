// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "wire/payloads.h"

/**
 * Write payload bodies (without the generic header): the other half of the parsers in payloads.h,
 * each in the same source file as its parser. Values that no field can hold are our own bug.
 * Use MessageBuilder for whole messages.
 */
namespace ikelab::wire
{

void WriteSa(ByteWriter& writer, const SaPayload& sa);
void WriteKe(ByteWriter& writer, const KePayload& ke);
void WriteId(ByteWriter& writer, const IdPayload& id);
void WriteAuth(ByteWriter& writer, const AuthPayload& auth);
void WriteNotify(ByteWriter& writer, const NotifyPayload& notify);
void WriteDelete(ByteWriter& writer, const DeletePayload& payload);
void WriteTs(ByteWriter& writer, const TsPayload& ts);

} // namespace ikelab::wire
