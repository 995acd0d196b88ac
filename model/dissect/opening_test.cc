// SPDX-License-Identifier: MIT
#include "dissect/key_store.h"
#include "dissect/opening.h"
#include "esp/testing/sa_pair.h"
#include "io/key_tables.h"

#include <gtest/gtest.h>

#include <span>
#include <vector>

namespace ikelab::dissect
{

namespace
{

Buffer
Counting(size_t octets, uint8_t from)
{
    Buffer buffer(octets);
    for (uint8_t& octet : buffer)
    {
        octet = from++;
    }
    return buffer;
}

class EverySuite : public ::testing::TestWithParam<crypto::EspSuite>
{
};

std::string
NameOf(const ::testing::TestParamInfo<crypto::EspSuite>& info)
{
    std::string name = info.param.encr->name;
    return info.param.integ ? name + "_" + info.param.integ->name : name;
}

INSTANTIATE_TEST_SUITE_P(Table, EverySuite, ::testing::ValuesIn(esp::testing::AllSuites()), NameOf);

/// What a run writes of a suite comes back from its tables, Wireshark's names or not.
TEST_P(EverySuite, ComesBackFromTheTablesOfARun)
{
    const crypto::EncrRow& encr = *GetParam().encr;
    const crypto::IntegRow* integ = GetParam().integ;
    const Buffer key = Counting(encr.MaterialOctets(), 1);
    const Buffer integKey = Counting(integ ? integ->keyOctets : 0, 101);

    io::EspKeyRow row;
    row.spi = 0x100;
    row.encryptionName = encr.wiresharkEsp;
    row.ownEncryptionName = encr.name;
    row.encryptionKey = key;
    row.integrityKey = integKey;
    row.extendedSequence = true;
    row.sequenceHigh = 3;
    io::IkeKeyRow ike;
    ike.spiI = 1;
    ike.spiR = 2;
    ike.encryptionName = encr.wiresharkIke;
    ike.ownEncryptionName = encr.name;
    ike.skEi = key;
    ike.skEr = key;
    ike.skAi = integKey;
    ike.skAr = integKey;
    if (integ)
    {
        row.integrityName = integ->wiresharkEsp;
        row.ownIntegrityName = integ->name;
        ike.integrityName = integ->wiresharkIke;
        ike.ownIntegrityName = integ->name;
    }
    KeyStore store;
    const auto rows =
        store.AddText(io::ToTableLine(row) + "\n" + io::ToTableLine(ike) + "\n", "run");
    ASSERT_TRUE(rows.has_value()) << rows.error().told.front();

    const IpAddress end = IpAddress::V4(1);
    const auto espRows = store.FindEsp({end, end, EspSpi{0x100}});
    ASSERT_FALSE(espRows.empty());
    const EspTableKeys* esp = espRows.front();
    EXPECT_EQ(esp->encr, &encr);
    EXPECT_EQ(esp->integ, integ);
    EXPECT_TRUE(SameOctets(esp->encrKey.View(), key));
    EXPECT_TRUE(SameOctets(esp->integKey.View(), integKey));
    EXPECT_TRUE(esp->extendedSequence);
    EXPECT_EQ(esp->sequenceHigh, 3u);
    const auto ikeRows = store.FindIke(IkeSpi{1}, IkeSpi{2});
    ASSERT_FALSE(ikeRows.empty());
    const IkeTableKeys* found = ikeRows.front();
    EXPECT_EQ(found->encr, &encr);
    EXPECT_EQ(found->integ, integ);
}

TEST_P(EverySuite, OpensOrSaysWhatIsWrong)
{
    crypto::Context& context = esp::testing::SharedContext();
    const crypto::EncrRow& encr = *GetParam().encr;
    const crypto::IntegRow* integ = GetParam().integ;
    const Buffer key = Counting(encr.MaterialOctets(), 1);
    const Buffer integKey = Counting(integ ? integ->keyOctets : 0, 101);
    crypto::PacketCipher cipher(
        context, crypto::PacketCipher::Direction::SEAL, encr, integ, key, integKey);
    const Buffer text = Counting(48, 7);
    Buffer packet(8 + cipher.IvOctets(), 0x11);
    Append(packet, text);
    packet.resize(packet.size() + cipher.IcvOctets());
    ASSERT_TRUE(cipher.Seal(packet, 8));

    OpeningKeys keys{&encr, integ, {}, key, integKey};
    const Opening opened = Open(context, keys, packet, 8);
    EXPECT_EQ(opened.protection, Protection::OPENED);
    EXPECT_EQ(opened.text, text);
    EXPECT_EQ(opened.problem, "");

    Buffer damaged = packet;
    damaged.back() ^= 1;
    const Opening wrong = Open(context, keys, damaged, 8);
    EXPECT_EQ(wrong.protection, Protection::ICV_WRONG);
    EXPECT_EQ(wrong.text, integ ? text : Buffer{}) << "an AEAD shows nothing";
    EXPECT_NE(wrong.problem, "");

    EXPECT_EQ(Open(context, keys, Bytes(packet).first(9), 8).protection, Protection::MALFORMED);
    if (integ)
    {
        keys.integ = nullptr;
        keys.integKey = {};
        keys.uncheckedIcvOctets = integ->icvOctets;
        const Opening unchecked = Open(context, keys, damaged, 8);
        EXPECT_EQ(unchecked.protection, Protection::UNCHECKED);
        EXPECT_EQ(unchecked.text, text);
        EXPECT_EQ(Open(context, keys, Bytes(packet).first(9), 8).protection, Protection::MALFORMED);
    }
}

/// 24 octets in AES-GCM-128 under a key.
Buffer
Sealed(const Buffer& key)
{
    crypto::PacketCipher cipher(esp::testing::SharedContext(),
                                crypto::PacketCipher::Direction::SEAL,
                                *crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128),
                                nullptr,
                                key,
                                {});
    Buffer packet(8 + cipher.IvOctets() + 24 + cipher.IcvOctets(), 0x11);
    EXPECT_TRUE(cipher.Seal(packet, 8));
    return packet;
}

OpeningKeys
Gcm(const Buffer& key)
{
    return {crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128), nullptr, {}, key, {}};
}

} // namespace

TEST(OpenWithAny, TakesTheKeysThatVerify)
{
    crypto::Context& context = esp::testing::SharedContext();
    const Buffer stale = Counting(20, 1);
    const Buffer right = Counting(20, 2);
    const OpeningKeys unchecked{
        crypto::FindEncr(wire::Encr::ENCR_NULL, 0), nullptr, size_t{0}, {}, {}};
    const Buffer packet = Sealed(right);

    const std::vector<Candidate> several{{Gcm(stale), {}}, {unchecked, {}}, {Gcm(right), {}}};
    const auto opened = OpenWithAny(context, several, packet, 8);
    EXPECT_EQ(opened.opening.protection, Protection::OPENED);
    EXPECT_EQ(opened.which, 2u);

    const auto none = OpenWithAny(context, std::span(several).first(2), packet, 8);
    EXPECT_EQ(none.opening.protection, Protection::ICV_WRONG) << "the first says what it is";
    EXPECT_EQ(none.which, 0u);
}

} // namespace ikelab::dissect
