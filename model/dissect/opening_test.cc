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

    CipherCache ciphers(context);
    OpeningKeys keys{&encr, integ, {}, key, integKey};
    const Opening opened = Open(ciphers, keys, packet, 8);
    EXPECT_EQ(opened.protection, Protection::OPENED);
    EXPECT_EQ(opened.text, text);
    EXPECT_EQ(opened.problem, "");

    Buffer damaged = packet;
    damaged.back() ^= 1;
    const Opening wrong = Open(ciphers, keys, damaged, 8);
    EXPECT_EQ(wrong.protection, Protection::ICV_WRONG);
    EXPECT_EQ(wrong.text, integ ? text : Buffer{}) << "an AEAD shows nothing";
    EXPECT_NE(wrong.problem, "");

    EXPECT_EQ(Open(ciphers, keys, Bytes(packet).first(9), 8).protection, Protection::MALFORMED);
    if (integ)
    {
        keys.integ = nullptr;
        keys.integKey = {};
        keys.uncheckedIcvOctets = integ->icvOctets;
        const Opening unchecked = Open(ciphers, keys, damaged, 8);
        EXPECT_EQ(unchecked.protection, Protection::UNCHECKED);
        EXPECT_EQ(unchecked.text, text);
        EXPECT_EQ(Open(ciphers, keys, Bytes(packet).first(9), 8).protection, Protection::MALFORMED);
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
    CipherCache ciphers(esp::testing::SharedContext());
    const Buffer stale = Counting(20, 1);
    const Buffer right = Counting(20, 2);
    const OpeningKeys unchecked{
        crypto::FindEncr(wire::Encr::ENCR_NULL, 0), nullptr, size_t{0}, {}, {}};
    const Buffer packet = Sealed(right);

    const std::vector<Candidate> several{{Gcm(stale), {}}, {unchecked, {}}, {Gcm(right), {}}};
    const auto opened = OpenWithAny(ciphers, several, packet, 8);
    EXPECT_EQ(opened.opening.protection, Protection::OPENED);
    EXPECT_EQ(opened.which, 2u);

    const auto none = OpenWithAny(ciphers, std::span(several).first(2), packet, 8);
    EXPECT_EQ(none.opening.protection, Protection::ICV_WRONG) << "the first says what it is";
    EXPECT_EQ(none.which, 0u);
}

TEST(CipherCache, KeysEveryCipherOnceAndForgetsTheOneNotUsedForLongest)
{
    CipherCache ciphers(esp::testing::SharedContext());
    std::vector<Buffer> keys;
    for (size_t i = 0; i <= CipherCache::MOST; ++i)
    {
        keys.push_back(Counting(20, static_cast<uint8_t>(i)));
        keys.back().front() = static_cast<uint8_t>(i >> 8);
    }
    const crypto::PacketCipher* first = &ciphers.Get(Gcm(keys[0]));
    const crypto::PacketCipher* second = &ciphers.Get(Gcm(keys[1]));
    EXPECT_NE(first, second);
    for (size_t i = 2; i < CipherCache::MOST; ++i)
    {
        ciphers.Get(Gcm(keys[i]));
    }
    EXPECT_EQ(&ciphers.Get(Gcm(keys[0])), first) << "kept, and now the last that was used";
    ciphers.Get(Gcm(keys[CipherCache::MOST]));
    EXPECT_EQ(ciphers.Size(), CipherCache::MOST);
    EXPECT_EQ(&ciphers.Get(Gcm(keys[0])), first);

    // Every one opens its own packets, whether it was kept, forgotten or just failed.
    for (const size_t i : {size_t{0}, size_t{1}, size_t{2}, CipherCache::MOST})
    {
        const Buffer packet = Sealed(keys[i]);
        Buffer damaged = packet;
        damaged.back() ^= 1;
        EXPECT_EQ(Open(ciphers, Gcm(keys[i]), damaged, 8).protection, Protection::ICV_WRONG);
        EXPECT_EQ(Open(ciphers, Gcm(keys[i]), packet, 8).protection, Protection::OPENED);
        EXPECT_EQ(Open(ciphers, Gcm(keys[i]), packet, 8).protection, Protection::OPENED);
    }
    EXPECT_EQ(ciphers.Size(), CipherCache::MOST);
}

} // namespace ikelab::dissect
