// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "base/random_source.h"
#include "ike/config.h"

#include <gtest/gtest.h>

namespace ikelab::ike
{

namespace
{

using wire::IdType;

Buffer
Octets(std::string_view text)
{
    return Buffer(text.begin(), text.end());
}

struct Row
{
    const char* text;
    IdType type;
    Buffer data;
};

const Row ROWS[] = {
    {"192.0.2.1", IdType::ID_IPV4_ADDR, Hex("c0000201")},
    {"2001:db8::1", IdType::ID_IPV6_ADDR, Hex("20010db8000000000000000000000001")},
    {"moon.test", IdType::ID_FQDN, Octets("moon.test")},
    {"moon", IdType::ID_FQDN, Octets("moon")},
    {"@moon.test", IdType::ID_FQDN, Octets("moon.test")},
    {"@192.0.2.1", IdType::ID_FQDN, Octets("192.0.2.1")},
    {"carol@moon.test", IdType::ID_RFC822_ADDR, Octets("carol@moon.test")},
    {"@@moon", IdType::ID_RFC822_ADDR, Octets("moon")},
    {"@#00ffA0", IdType::ID_KEY_ID, Hex("00ffa0")},
    {"keyid:road-warrior", IdType::ID_KEY_ID, Octets("road-warrior")},
    {"keyid:#0102", IdType::ID_KEY_ID, Hex("0102")},
    {"fqdn:carol@moon.test", IdType::ID_FQDN, Octets("carol@moon.test")},
    {"dns:moon", IdType::ID_FQDN, Octets("moon")},
    {"rfc822:moon", IdType::ID_RFC822_ADDR, Octets("moon")},
    {"email:a@b", IdType::ID_RFC822_ADDR, Octets("a@b")},
    {"userfqdn:a@b", IdType::ID_RFC822_ADDR, Octets("a@b")},
    {"ipv4:192.0.2.1", IdType::ID_IPV4_ADDR, Hex("c0000201")},
    {"ipv6:::1", IdType::ID_IPV6_ADDR, Hex("00000000000000000000000000000001")},
    {"asn1dn:#3000", IdType::ID_DER_ASN1_DN, Hex("3000")},
    {"not:an:address", IdType::ID_KEY_ID, Octets("not:an:address")},
    {"{13}:#", IdType::ID_NULL, {}},
    {"{99}:#0a", IdType{99}, Hex("0a")},
};

} // namespace

TEST(Identity, FollowsSwanctlsRulesForEveryForm)
{
    for (const Row& row : ROWS)
    {
        SCOPED_TRACE(row.text);
        const auto identity = Identity::Parse(row.text);
        ASSERT_TRUE(identity);
        EXPECT_EQ(identity->type, row.type);
        EXPECT_EQ(identity->data, row.data);
    }
}

TEST(Identity, IsNobodyForAnyAndForWhatItCannotEncode)
{
    for (const char* text : {"",
                             "%any",
                             "%any6",
                             "*",
                             "0.0.0.0",
                             "::",
                             "@#",
                             "@#0",
                             "@#xy",
                             "@",
                             "@@",
                             "fqdn:",
                             "ipv4:::1",
                             "ipv4:moon",
                             "ipv6:192.0.2.1",
                             "C=CH, CN=moon.test",
                             "asn1dn:CN",
                             "{256}:#00",
                             "{x}:#00",
                             "{2",
                             "keyid:#0g",
                             "asn1gn:other",
                             "{}:#00"})
    {
        EXPECT_FALSE(Identity::Parse(text)) << text;
    }
}

TEST(Identity, PrintsTheShortFormThatReadsBackAsItself)
{
    EXPECT_EQ(Identity::Parse("@moon.test")->ToString(), "moon.test");
    EXPECT_EQ(Identity::Parse("192.0.2.1")->ToString(), "192.0.2.1");
    EXPECT_EQ(Identity::Parse("@192.0.2.1")->ToString(), "fqdn:192.0.2.1");
    EXPECT_EQ(Identity::Parse("@@moon")->ToString(), "rfc822:moon");
    EXPECT_EQ(Identity::Parse("keyid:ab")->ToString(), "@#6162");
    for (const Row& row : ROWS)
    {
        const Identity identity{row.type, row.data};
        EXPECT_EQ(Identity::Parse(identity.ToString()), identity) << identity.ToString();
    }
}

TEST(Identity, PrintsWhateverAPeerSendsWithoutControlCharactersAndReversibly)
{
    SeededRandom random(7);
    for (unsigned type = 0; type < 20; ++type)
    {
        for (size_t octets = 0; octets < 40; ++octets)
        {
            Identity identity{IdType{static_cast<uint8_t>(type)}, Buffer(octets)};
            random.Fill(identity.data);
            const std::string text = identity.ToString();
            for (const char letter : text)
            {
                EXPECT_TRUE(letter >= 0x20 && letter < 0x7f);
            }
            EXPECT_EQ(Identity::Parse(text), identity) << text;
        }
    }
    // Hostile text: it must not pass for a prefix, an address, hex or nobody.
    for (const char* hostile :
         {"%any", "*", "fqdn:x", "#00", "a=b", "::", "0.0.0.0", "{1}:#00", "a b", "line\nline"})
    {
        for (const IdType type : {IdType::ID_FQDN, IdType::ID_RFC822_ADDR, IdType::ID_KEY_ID})
        {
            const Identity identity{type, Octets(hostile)};
            EXPECT_EQ(Identity::Parse(identity.ToString()), identity) << hostile;
        }
    }
    for (const size_t octets : {0u, 3u, 4u, 5u, 15u, 16u, 17u})
    {
        for (const IdType type : {IdType::ID_IPV4_ADDR, IdType::ID_IPV6_ADDR})
        {
            const Identity identity{type, Buffer(octets)};
            EXPECT_EQ(Identity::Parse(identity.ToString()), identity) << identity.ToString();
        }
    }
}

} // namespace ikelab::ike
