// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/config_rules.h"

namespace ikelab::gateway
{

/// The JSON Schema (draft 2020-12) of what ReadConfig takes. It knows keys and the looks of values;
/// the reader knows what they mean, so it refuses more.
Json ConfigSchema();

// For those who make schemas of documents that hold parts of a configuration, or others by the
// same rules.

inline constexpr std::string_view SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema";

/// The document's own rule, the root of all others.
const ObjectRule& ConfigRule();

/// {"type": "object", "properties": ...} of one object; objects in it are "#/$defs/NAME".
Json ObjectSchema(const ObjectRule& object);

/// Add the objects that `object` leads to, and itself, to `$defs`.
void AddDefinitions(const ObjectRule& object, Json& definitions);

/// {"$ref": "#/$defs/NAME"}
Json Reference(const ObjectRule& object);

/// "no" as a pattern for no, No and NO: JSON Schema's patterns cannot ignore case. Lower case in.
std::string InAnyCase(std::string_view word);

/// {"type": "string", "pattern": ...}
Json TextLike(std::string_view pattern);

} // namespace ikelab::gateway
