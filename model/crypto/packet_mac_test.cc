// SPDX-License-Identifier: MIT
#include "crypto/packet_cipher.h"
#include "crypto/packet_mac.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace ikelab::crypto
{
namespace
{

std::vector<const IntegRow*>
AllRows()
{
    std::vector<const IntegRow*> rows;
    for (const IntegRow& row : IntegRows())
    {
        rows.push_back(&row);
    }
    return rows;
}

class EveryInteg : public ::testing::TestWithParam<const IntegRow*>
{
  protected:
    Buffer
    Key() const
    {
        return Buffer(GetParam()->keyOctets, 0x17);
    }

    PacketMac
    Make()
    {
        return {m_context, *GetParam(), Key()};
    }

    Buffer
    Sign(std::span<const Bytes> pieces, std::optional<uint32_t> esnHigh = {})
    {
        Buffer icv(GetParam()->icvOctets);
        EXPECT_TRUE(Make().Sign(pieces, esnHigh, icv).has_value());
        return icv;
    }

    Context m_context;
    Buffer m_message{Buffer(101, 0x42)};
};

// The published vectors test PacketCipher with every algorithm; this is the same MAC.
TEST_P(EveryInteg, IsThatOfNullEncryption)
{
    for (const auto high : {std::optional<uint32_t>(), std::optional<uint32_t>(0x89abcdef)})
    {
        PacketCipher cipher(m_context,
                            PacketCipher::Direction::SEAL,
                            *FindEncr(wire::Encr::ENCR_NULL, 0),
                            GetParam(),
                            {},
                            Key());
        Buffer packet = m_message;
        packet.resize(packet.size() + GetParam()->icvOctets);
        ASSERT_TRUE(cipher.Seal(packet, 8, high).has_value());
        const std::array<Bytes, 1> whole{Bytes(m_message)};
        EXPECT_EQ(Sign(whole, high),
                  ToBuffer(Bytes(packet).subspan(m_message.size(), GetParam()->icvOctets)));
    }
}

TEST_P(EveryInteg, TakesAPacketInPieces)
{
    const std::array<Bytes, 1> whole{Bytes(m_message)};
    const Buffer expected = Sign(whole);
    for (size_t first = 0; first <= m_message.size(); ++first)
    {
        const std::array<Bytes, 3> pieces{
            Bytes(m_message).first(first), Bytes(), Bytes(m_message).subspan(first)};
        ASSERT_EQ(Sign(pieces), expected) << first;
    }
}

TEST_P(EveryInteg, RefusesAnyOtherIcvKeyOrHighHalf)
{
    const std::array<Bytes, 1> whole{Bytes(m_message)};
    const Buffer icv = Sign(whole, 1);
    PacketMac mac = Make();
    EXPECT_TRUE(mac.Verify(whole, 1, icv).has_value());
    for (size_t bit = 0; bit < 8 * icv.size(); ++bit)
    {
        Buffer forged = icv;
        forged[bit / 8] ^= static_cast<uint8_t>(1u << bit % 8);
        const auto verified = mac.Verify(whole, 1, forged);
        ASSERT_FALSE(verified.has_value()) << bit;
        EXPECT_EQ(verified.error().fault, Fault::INTEGRITY);
    }
    EXPECT_FALSE(mac.Verify(whole, 2, icv).has_value());
    EXPECT_FALSE(mac.Verify(whole, {}, icv).has_value());
    Buffer key = Key();
    key.front() ^= 1;
    EXPECT_FALSE(PacketMac(m_context, *GetParam(), key).Verify(whole, 1, icv).has_value());
    EXPECT_TRUE(mac.Verify(whole, 1, icv).has_value()) << "failures leave nothing behind";
}

TEST_P(EveryInteg, MakesItsContextAgain)
{
    const std::array<Bytes, 1> whole{Bytes(m_message)};
    PacketMac mac = Make();
    const Buffer icv = Sign(whole);
    EXPECT_TRUE(mac.Verify(whole, {}, icv).has_value());
    mac.DropContexts();
    EXPECT_TRUE(mac.Verify(whole, {}, icv).has_value());
    PacketMac moved(std::move(mac));
    EXPECT_TRUE(moved.Verify(whole, {}, icv).has_value());
}

TEST_P(EveryInteg, RefusesAKeyOfAnotherSize)
{
    const std::array<Bytes, 1> whole{Bytes(m_message)};
    Buffer icv(GetParam()->icvOctets);
    for (const int more : {-1, 1})
    {
        const Buffer key(GetParam()->keyOctets + static_cast<size_t>(more), 0x17);
        PacketMac mac(m_context, *GetParam(), key);
        EXPECT_EQ(mac.Sign(whole, {}, icv).error().fault, Fault::BAD_VALUE);
        EXPECT_EQ(mac.Verify(whole, {}, icv).error().fault, Fault::BAD_VALUE);
    }
}

INSTANTIATE_TEST_SUITE_P(PacketMac,
                         EveryInteg,
                         ::testing::ValuesIn(AllRows()),
                         [](const auto& row) { return std::string(row.param->keyword); });

} // namespace
} // namespace ikelab::crypto
