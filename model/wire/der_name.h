// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/result.h"

#include <string>
#include <vector>

/**
 * Names in DER, as identities carry them (RFC 7296 §3.5): enough of a reader for X.501 Names and
 * GeneralNames (RFC 5280 §4.1.2.4, §4.2.1.6), and nothing more. It is strict: definite lengths in
 * their shortest form, tags below 31, nothing behind the end.
 */
namespace ikelab::wire
{

/// One tag, length and value.
struct DerValue
{
    uint8_t tag{0}; ///< identifier octet: class, constructed bit and number
    Bytes content;
};

/// Read the value at the start of `octets` and take it off them.
Result<DerValue> TakeDer(Bytes& octets);
void WriteDer(ByteWriter& writer, uint8_t tag, Bytes content);

/// An attribute of a name: "CN=moon".
struct NameAttribute
{
    Bytes type;          ///< content of the object identifier
    uint8_t valueTag{0}; ///< the kind of string
    Bytes value;
};

/// An X.501 Name: relative distinguished names of one attribute (or, rarely, several).
struct DistinguishedName
{
    std::vector<std::vector<NameAttribute>> parts;
};

Result<DistinguishedName> ParseDistinguishedName(Bytes der);
void WriteDistinguishedName(ByteWriter& writer, const DistinguishedName& name);

/// "C=CH, O=strongSwan, CN=moon": in the order of the encoding, as charon prints it; special
/// characters escaped as in RFC 4514 §2.4, values that are no strings as "#" and hexadecimal.
std::string ToText(const DistinguishedName& name);

/// "2.5.4.3"; BAD_VALUE if the octets are no object identifier.
Result<std::string> ParseObjectIdentifier(Bytes content);

/// RFC 5280 §4.2.1.6; the numbers are those of the tags.
enum class GeneralNameKind : uint8_t
{
    OTHER_NAME = 0,
    RFC822_NAME = 1,
    DNS_NAME = 2,
    X400_ADDRESS = 3,
    DIRECTORY_NAME = 4,
    EDI_PARTY_NAME = 5,
    UNIFORM_RESOURCE_IDENTIFIER = 6,
    IP_ADDRESS = 7,
    REGISTERED_ID = 8,
};

struct GeneralName
{
    GeneralNameKind kind{GeneralNameKind::DNS_NAME};
    Bytes content; ///< for DIRECTORY_NAME the DER of a Name
};

/// BAD_VALUE if a text has non-ASCII characters or terminators, or an address not 4 or 16 octets.
Result<GeneralName> ParseGeneralName(Bytes der);
void WriteGeneralName(ByteWriter& writer, const GeneralName& name);
/// "DNS:moon.example", "email:...", "IP:192.0.2.1", "URI:...", "DN:C=CH, ...", "RID:1.2.3"; others
/// as "otherName:" and hexadecimal.
std::string ToText(const GeneralName& name);

} // namespace ikelab::wire
