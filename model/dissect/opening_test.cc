// SPDX-License-Identifier: MIT
#include "dissect/key_store.h"
#include "dissect/opening.h"
#include "esp/testing/sa_pair.h"
#include "io/key_tables.h"

#include <gtest/gtest.h>

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
    ASSERT_TRUE(rows.has_value()) << rows.error().message;

    const IpAddress end = IpAddress::V4(1);
    const EspTableKeys* esp = store.FindEsp(end, end, EspSpi{0x100});
    ASSERT_TRUE(esp);
    EXPECT_EQ(esp->encr, &encr);
    EXPECT_EQ(esp->integ, integ);
    EXPECT_TRUE(SameOctets(esp->encrKey.View(), key));
    EXPECT_TRUE(SameOctets(esp->integKey.View(), integKey));
    EXPECT_TRUE(esp->extendedSequence);
    EXPECT_EQ(esp->sequenceHigh, 3u);
    const IkeTableKeys* found = store.FindIke(IkeSpi{1}, IkeSpi{2});
    ASSERT_TRUE(found);
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

} // namespace

} // namespace ikelab::dissect
