// SPDX-License-Identifier: MIT
#include "wire/identity.h"
#include "wire/readable.h"
#include "wire/testing/sturdy.h"

#include <gtest/gtest.h>

namespace ikelab::wire
{
namespace
{

Buffer
Attribute(const std::string& type, uint8_t tag, Bytes value)
{
    ByteWriter fields;
    WriteDer(fields, 0x06, Hex(type));
    WriteDer(fields, tag, value);
    ByteWriter sequence;
    WriteDer(sequence, 0x30, fields.View());
    return sequence.Release();
}

/// A name with these attributes, each a part of its own.
Buffer
Name(const std::vector<Buffer>& attributes)
{
    ByteWriter parts;
    for (const Buffer& attribute : attributes)
    {
        WriteDer(parts, 0x31, attribute);
    }
    ByteWriter name;
    WriteDer(name, 0x30, parts.View());
    return name.Release();
}

Bytes
Text(std::string_view text)
{
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

Buffer
MoonName()
{
    return Name({Attribute("550406", 0x13, Text("CH")),
                 Attribute("55040a", 0x0c, Text("strongSwan")),
                 Attribute("550403", 0x0c, Text("moon"))});
}

std::string
TextOf(IdType type, Bytes data)
{
    return IdText({type, data});
}

TEST(Identity, PrintsEachTypeItsWay)
{
    EXPECT_EQ(TextOf(IdType::ID_IPV4_ADDR, Hex("c0000201")), "192.0.2.1");
    EXPECT_EQ(TextOf(IdType::ID_IPV6_ADDR, Hex("20010db8000000000000000000000001")), "2001:db8::1");
    EXPECT_EQ(TextOf(IdType::ID_FQDN, Text("moon.example")), "moon.example");
    EXPECT_EQ(TextOf(IdType::ID_RFC822_ADDR, Text("carol@example")), "carol@example");
    EXPECT_EQ(TextOf(IdType::ID_KEY_ID, Text("carol")), "carol");
    EXPECT_EQ(TextOf(IdType::ID_KEY_ID, Hex("00ff")), "00ff");
    EXPECT_EQ(TextOf(IdType::ID_NULL, {}), "");
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_DN, MoonName()), "C=CH, O=strongSwan, CN=moon");
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_DN, Hex("3001")), "3001");
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_GN, Hex("82026162")), "DNS:ab");
}

TEST(Identity, IsWrittenBackFromItsValue)
{
    const Buffer moon = MoonName();
    const std::vector<std::pair<IdType, Buffer>> identities = {
        {IdType::ID_IPV4_ADDR, Hex("c0000201")},
        {IdType::ID_IPV6_ADDR, Hex("20010db8000000000000000000000001")},
        {IdType::ID_FQDN, Hex("6d6f6f6e")},
        {IdType::ID_DER_ASN1_DN, moon},
        {IdType::ID_DER_ASN1_GN, Hex("82026162")},
        {IdType::ID_KEY_ID, Hex("00ff")},
        {IdType::ID_NULL, {}},
        {IdType{99}, Hex("01")}};
    for (const auto& [type, data] : identities)
    {
        const auto value = ParseIdValue({type, data});
        ASSERT_TRUE(value.has_value()) << ToString(type);
        EXPECT_EQ(IdValueOctets(*value), data) << ToString(type);
    }
    EXPECT_EQ(FaultOf(ParseIdValue({IdType::ID_IPV4_ADDR, moon})), Fault::BAD_VALUE);
}

TEST(DistinguishedName, EscapesWhatWouldReadAsSyntax)
{
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_DN, Name({Attribute("550403", 0x0c, Text("a, O=b"))})),
              "CN=a\\2c O\\3db");
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_DN, Name({Attribute("550403", 0x0c, Hex("610062"))})),
              "CN=a\\00b");
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_DN, Name({Attribute("550403", 0x0c, Text("Zürich"))})),
              "CN=Zürich");
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_DN, Name({Attribute("550403", 0x14, Hex("fc"))})),
              "CN=\\fc");
}

TEST(DistinguishedName, ShowsUnknownAttributesAndValuesAsNumbers)
{
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_DN, Name({Attribute("2a0304", 0x0c, Text("x"))})),
              "1.2.3.4=x");
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_DN, Name({Attribute("550403", 0x02, Hex("05"))})),
              "CN=#020105");
}

TEST(DistinguishedName, JoinsAttributesOfOnePart)
{
    Buffer both = Attribute("550403", 0x0c, Text("moon"));
    Append(both, Attribute("55040b", 0x0c, Text("x")));
    EXPECT_EQ(TextOf(IdType::ID_DER_ASN1_DN, Name({both})), "CN=moon+OU=x");
}

TEST(DistinguishedName, KeepsLongLengthsShortest)
{
    for (const size_t octets : {0u, 1u, 100u, 127u, 128u, 200u, 255u, 256u, 1000u})
    {
        const Buffer der = Name({Attribute("550403", 0x0c, Buffer(octets, 'x'))});
        const auto name = ParseDistinguishedName(der);
        ASSERT_TRUE(name.has_value()) << octets;
        ByteWriter writer;
        WriteDistinguishedName(writer, *name);
        EXPECT_EQ(writer.Release(), der);
    }
}

TEST(DistinguishedName, RefusesWhatIsNoDer)
{
    EXPECT_TRUE(ParseDistinguishedName(Hex("3000")).has_value());
    for (const char* bad : {"",
                            "30",
                            "3001",
                            "308100",                  // a length not in its shortest form
                            "30820000",                // the same
                            "3080",                    // indefinite
                            "3083000000",              // three octets of length
                            "300000",                  // an octet too many
                            "3100",                    // no sequence
                            "30023100",                // a part without attributes
                            "300431023000",            // an attribute without type
                            "3f00",                    // a long tag
                            "300b310930070603550403"}) // cut
    {
        EXPECT_FALSE(ParseDistinguishedName(Hex(bad)).has_value()) << bad;
    }
}

TEST(DistinguishedName, IsSturdy)
{
    Mutate(MoonName(), FuzzIdentity);
    FuzzIdentity(MoonName());
    FuzzIdentity(Hex("09" + ToHex(MoonName())));
    Mutate(Hex("09" + ToHex(MoonName())), FuzzIdentity);
}

TEST(ObjectIdentifier, ReadsArcsOfAnySize)
{
    EXPECT_EQ(ParseObjectIdentifier(Hex("550403")).value_or(""), "2.5.4.3");
    EXPECT_EQ(ParseObjectIdentifier(Hex("2a864886f70d010901")).value_or(""),
              "1.2.840.113549.1.9.1");
    EXPECT_EQ(ParseObjectIdentifier(Hex("883703")).value_or(""), "2.999.3");
    EXPECT_EQ(FaultOf(ParseObjectIdentifier({})), Fault::TRUNCATED);
    EXPECT_EQ(FaultOf(ParseObjectIdentifier(Hex("5584"))), Fault::TRUNCATED);
    EXPECT_EQ(FaultOf(ParseObjectIdentifier(Hex("558001"))), Fault::BAD_VALUE);
    EXPECT_EQ(FaultOf(ParseObjectIdentifier(Hex("55ffffffffffffffffffff7f"))), Fault::BAD_VALUE);
}

TEST(GeneralName, PrintsEachKindItsWay)
{
    const auto text = [](const Buffer& der)
    {
        const auto name = ParseGeneralName(der);
        EXPECT_TRUE(name.has_value()) << ToHex(der);
        return name ? ToText(*name) : "";
    };
    EXPECT_EQ(text(Hex("8103614062")), "email:a@b");
    EXPECT_EQ(text(Hex("82026162")), "DNS:ab");
    EXPECT_EQ(text(Hex("8603613a62")), "URI:a:b");
    EXPECT_EQ(text(Hex("8704c0000201")), "IP:192.0.2.1");
    EXPECT_EQ(text(Hex("88032a0304")), "RID:1.2.3.4");
    EXPECT_EQ(text(Hex("a00101")), "otherName:01");
    ByteWriter directory;
    WriteDer(directory, 0xa4, MoonName());
    EXPECT_EQ(text(directory.Release()), "DN:C=CH, O=strongSwan, CN=moon");
}

TEST(GeneralName, RefusesOtherFormsAndContents)
{
    for (const char* bad : {"",
                            "8202",
                            "0202",
                            "a2026162",
                            "80",
                            "8900",
                            "82020061",
                            "8703c00002",
                            "a4023100",
                            "8800",
                            "8202616200"})
    {
        EXPECT_FALSE(ParseGeneralName(Hex(bad)).has_value()) << bad;
    }
}

TEST(Readable, IsAlwaysUtf8WithoutControlCharacters)
{
    EXPECT_EQ(Readable(Text("moon")), "moon");
    EXPECT_EQ(Readable(Hex("0a5c7f")), "\\0a\\5c\\7f");
    EXPECT_EQ(Readable(Hex("61c29b62")), "a\\c2\\9bb"); // a terminal's escape sequence
    EXPECT_EQ(Readable(Hex("c2a0")), "\u00a0");
    for (const char* bad : {"ff", "c080", "c3", "eda080", "f4908080", "e08080", "80", "f8888080"})
    {
        EXPECT_FALSE(IsUtf8(Hex(bad))) << bad;
        EXPECT_EQ(Readable(Hex(bad)).substr(0, 1), "\\") << bad;
    }
    for (const char* good : {"c3bc", "e282ac", "f09f9880", ""})
    {
        EXPECT_TRUE(IsUtf8(Hex(good))) << good;
        EXPECT_EQ(ToHex(Text(Readable(Hex(good)))), good);
    }
}

} // namespace
} // namespace ikelab::wire
