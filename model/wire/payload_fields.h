// SPDX-License-Identifier: MIT
#pragma once

#include "wire/fields.h"
#include "wire/message.h"
#include "wire/notify_data.h"

/// Payloads as trees of named values: what ToText and ToJson print.
namespace ikelab::wire
{

/// The header and all payloads of a message.
FieldGroup FieldsOf(const Message& message);
/// All payloads of a chain, each with type, critical bit and octets of its body.
FieldList FieldsOf(const PayloadChain& chain);
/// Every field of a payload's body. A body whose reader refuses it has "malformed" and "octets".
FieldGroup FieldsOf(const Payload& payload);
/// The body of a payload that is read on demand, and of unknown ones.
FieldGroup FieldsOf(PayloadType type, const RawPayload& raw);
FieldGroup FieldsOf(const NotifyPayload& notify);
FieldGroup FieldsOf(const NotifyData& data);
/// The fields of a CP payload with its attributes.
FieldGroup CpFields(Bytes body);

/// What was refused, and all its octets.
FieldGroup Malformed(const Error& error, Bytes octets);

} // namespace ikelab::wire
