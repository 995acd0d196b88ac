// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"
#include "wire/der_name.h"
#include "wire/payloads.h"

#include <string>
#include <variant>

/// Identities (RFC 7296 §3.5) as values of their type, read on demand from an IdPayload.
namespace ikelab::wire
{

/// ID_FQDN and ID_RFC822_ADDR.
struct IdName
{
    std::string text;
};

/// ID_KEY_ID, ID_FC_NAME, ID_NULL (RFC 7619: no octets) and types that we do not know.
struct IdOctets
{
    Bytes octets;
};

using IdValue = std::variant<IpAddress, IdName, DistinguishedName, GeneralName, IdOctets>;

/// The value behind the type; DER that is none is BAD_VALUE, TRUNCATED or OVERLONG.
Result<IdValue> ParseIdValue(const IdPayload& id);
/// The octets for IdPayload::data.
Buffer IdValueOctets(const IdValue& value);

/// "192.0.2.1", "moon.example", "C=CH, CN=moon", "DNS:moon.example", "ikelab"; hexadecimal for
/// octets that are no printable text and for DER that is none.
std::string IdText(const IdPayload& id);

} // namespace ikelab::wire
