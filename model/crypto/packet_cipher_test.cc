// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "crypto/packet_cipher.h"
#include "crypto/prf.h"
#include "crypto/text_cipher.h"

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <string>
#include <vector>

namespace ikelab::crypto
{
namespace
{

using wire::Encr;
using wire::Integ;
using wire::Prf;
using Direction = PacketCipher::Direction;

/// OpenSSL's allocations, counted from before its first.
std::atomic<size_t> g_allocations{0};

const bool g_countsAllocations = CRYPTO_set_mem_functions(
                                     [](size_t octets, const char*, int)
                                     {
                                         g_allocations++;
                                         return std::malloc(octets);
                                     },
                                     [](void* old, size_t octets, const char*, int)
                                     {
                                         g_allocations++;
                                         return std::realloc(old, octets);
                                     },
                                     [](void* old, const char*, int) { std::free(old); }) == 1;

struct Suite
{
    const EncrRow* encr;
    const IntegRow* integ;

    std::string
    Name() const
    {
        return std::string(encr->keyword) + (integ != nullptr ? integ->keyword : "");
    }
};

std::vector<Suite>
AllSuites()
{
    std::vector<Suite> suites;
    for (const EncrRow& encr : EncrRows())
    {
        if (encr.kind == CipherKind::AEAD)
        {
            suites.push_back({&encr, nullptr});
            continue;
        }
        for (const IntegRow& integ : IntegRows())
        {
            suites.push_back({&encr, &integ});
        }
    }
    return suites;
}

constexpr size_t HEAD = 8;

class PacketCipherTest : public testing::Test
{
  protected:
    PacketCipher
    Make(const Suite& suite, Direction direction, uint64_t seed = 1)
    {
        SeededRandom random(seed);
        Buffer encrKey(suite.encr->MaterialOctets());
        Buffer integKey(suite.integ != nullptr ? suite.integ->keyOctets : 0);
        random.Fill(encrKey);
        random.Fill(integKey);
        return {m_context, direction, *suite.encr, suite.integ, encrKey, integKey};
    }

    /// Head of eight octets, IV, `blocks` * 16 octets of text, room for the ICV.
    Buffer
    MakePacket(PacketCipher& cipher, uint32_t sequence, size_t textOctets)
    {
        Buffer packet(HEAD + cipher.IvOctets() + textOctets + cipher.IcvOctets());
        m_random.Fill(packet);
        packet[7] = static_cast<uint8_t>(sequence);
        cipher.WriteIv(MutableBytes(packet).subspan(HEAD, cipher.IvOctets()), sequence, m_random);
        return packet;
    }

    Context m_context;
    SeededRandom m_random{2};
};

TEST_F(PacketCipherTest, OpensWhatItSealed)
{
    for (const Suite& suite : AllSuites())
    {
        PacketCipher seal = Make(suite, Direction::SEAL);
        PacketCipher open = Make(suite, Direction::OPEN);
        uint32_t sequence = 0;
        for (size_t blocks : {0, 1, 2, 4, 87, 1, 0, 4000})
        {
            const size_t textOctets = blocks * 16 + (suite.encr->blockOctets == 1 ? blocks % 3 : 0);
            const Buffer plain = MakePacket(seal, ++sequence, textOctets);
            Buffer packet = plain;
            ASSERT_TRUE(seal.Seal(packet, HEAD).has_value()) << suite.Name();
            const size_t textBegin = HEAD + seal.IvOctets();
            EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + long(textBegin), packet.begin()))
                << suite.Name() << ": head and IV stay as they are";
            if (blocks > 0)
            {
                EXPECT_NE(std::equal(plain.begin() + long(textBegin),
                                     plain.begin() + long(textBegin + textOctets),
                                     packet.begin() + long(textBegin)),
                          suite.encr->encrypts)
                    << suite.Name();
            }
            ASSERT_TRUE(open.Open(packet, HEAD).has_value()) << suite.Name() << " " << blocks;
            EXPECT_TRUE(std::equal(
                plain.begin(), plain.begin() + long(textBegin + textOctets), packet.begin()))
                << suite.Name();
        }
    }
}

TEST_F(PacketCipherTest, RefusesEveryFlippedBit)
{
    for (const Suite& suite : AllSuites())
    {
        PacketCipher seal = Make(suite, Direction::SEAL);
        PacketCipher open = Make(suite, Direction::OPEN);
        Buffer sealed = MakePacket(seal, 1, 32);
        ASSERT_TRUE(seal.Seal(sealed, HEAD).has_value());
        for (size_t bit = 0; bit < sealed.size() * 8; bit++)
        {
            Buffer packet = sealed;
            packet[bit / 8] ^= static_cast<uint8_t>(1 << (bit % 8));
            const auto opened = open.Open(packet, HEAD);
            ASSERT_FALSE(opened.has_value()) << suite.Name() << " bit " << bit;
            ASSERT_EQ(opened.error().fault, Fault::INTEGRITY) << suite.Name() << " bit " << bit;
        }
        // A refusal leaves the contexts fit for the next packet.
        EXPECT_TRUE(open.Open(sealed, HEAD).has_value()) << suite.Name();
    }
}

TEST_F(PacketCipherTest, RefusesEveryTruncation)
{
    for (const Suite& suite : AllSuites())
    {
        PacketCipher seal = Make(suite, Direction::SEAL);
        PacketCipher open = Make(suite, Direction::OPEN);
        Buffer sealed = MakePacket(seal, 1, 32);
        ASSERT_TRUE(seal.Seal(sealed, HEAD).has_value());
        for (size_t octets = 0; octets < sealed.size(); octets++)
        {
            Buffer packet(sealed.begin(), sealed.begin() + long(octets));
            const auto opened = open.Open(packet, HEAD);
            ASSERT_FALSE(opened.has_value()) << suite.Name() << " " << octets;
            const size_t smallest = HEAD + seal.IvOctets() + seal.IcvOctets();
            const Fault expected = octets < smallest ? Fault::TRUNCATED
                                   : (octets - smallest) % seal.BlockOctets() != 0
                                       ? Fault::BAD_VALUE
                                       : Fault::INTEGRITY;
            ASSERT_EQ(opened.error().fault, expected) << suite.Name() << " " << octets;
        }
    }
}

TEST_F(PacketCipherTest, RefusesAnotherKey)
{
    for (const Suite& suite : AllSuites())
    {
        PacketCipher seal = Make(suite, Direction::SEAL, 1);
        PacketCipher open = Make(suite, Direction::OPEN, 2);
        Buffer packet = MakePacket(seal, 1, 32);
        ASSERT_TRUE(seal.Seal(packet, HEAD).has_value());
        EXPECT_FALSE(open.Open(packet, HEAD).has_value()) << suite.Name();
    }
}

// Keys can come from a file, packets from anywhere: no size may do more than fail.
TEST_F(PacketCipherTest, RefusesKeysOfOtherSizes)
{
    for (const Suite& suite : AllSuites())
    {
        const size_t encrOctets = suite.encr->MaterialOctets();
        const size_t integOctets = suite.integ != nullptr ? suite.integ->keyOctets : 0;
        for (const auto& [encr, integ] : {std::pair(encrOctets + 1, integOctets),
                                          {encrOctets, integOctets + 1},
                                          {encrOctets == 0 ? 2 : encrOctets - 1, integOctets},
                                          {encrOctets, integOctets == 0 ? 2 : integOctets - 1},
                                          {encrOctets + 300, integOctets}})
        {
            const Buffer encrKey(encr);
            const Buffer integKey(integ);
            for (const Direction way : {Direction::SEAL, Direction::OPEN})
            {
                PacketCipher cipher(m_context, way, *suite.encr, suite.integ, encrKey, integKey);
                Buffer packet = MakePacket(cipher, 1, 48);
                cipher.DropContexts();
                const auto done =
                    way == Direction::SEAL ? cipher.Seal(packet, HEAD) : cipher.Open(packet, HEAD);
                ASSERT_FALSE(done.has_value()) << suite.Name();
                EXPECT_EQ(done.error().fault, Fault::BAD_VALUE);
            }
        }
    }
}

TEST_F(PacketCipherTest, RefusesACipherWithoutItsIntegrityAlgorithm)
{
    const EncrRow& gcm = *FindEncr(Encr::ENCR_AES_GCM_16, 128);
    const EncrRow& cbc = *FindEncr(Encr::ENCR_AES_CBC, 128);
    const IntegRow& integ = *FindInteg(Integ::AUTH_HMAC_SHA2_256_128);
    const Buffer key(32);
    PacketCipher bare(m_context, Direction::SEAL, cbc, nullptr, Bytes(key).first(16), {});
    PacketCipher both(m_context, Direction::SEAL, gcm, &integ, Bytes(key).first(20), key);
    for (PacketCipher* cipher : {&bare, &both})
    {
        Buffer packet(HEAD + 16 + 32 + 16);
        const auto sealed = cipher->Seal(packet, HEAD);
        ASSERT_FALSE(sealed.has_value());
        EXPECT_EQ(sealed.error().fault, Fault::BAD_VALUE);
    }
}

TEST_F(PacketCipherTest, RefusesToSealWhatIsTooShortOrNoWholeBlock)
{
    for (const Suite& suite : AllSuites())
    {
        PacketCipher seal = Make(suite, Direction::SEAL);
        const size_t smallest = HEAD + seal.IvOctets() + seal.IcvOctets();
        for (size_t octets = 0; octets < smallest + 16; octets++)
        {
            Buffer packet(octets);
            const auto sealed = seal.Seal(packet, HEAD);
            const bool whole = octets >= smallest && (octets - smallest) % seal.BlockOctets() == 0;
            ASSERT_EQ(sealed.has_value(), whole) << suite.Name() << " " << octets;
        }
    }
}

TEST_F(PacketCipherTest, AuthenticatesTheHighHalfOfExtendedSequenceNumbers)
{
    for (const Suite& suite : AllSuites())
    {
        PacketCipher seal = Make(suite, Direction::SEAL);
        PacketCipher open = Make(suite, Direction::OPEN);
        Buffer sealed = MakePacket(seal, 1, 32);
        ASSERT_TRUE(seal.Seal(sealed, HEAD, 0x01020304).has_value());
        for (const std::optional<uint32_t> wrong :
             {std::optional<uint32_t>{}, {0u}, {0x01020305u}, {0x04030201u}})
        {
            Buffer packet = sealed;
            const auto opened = open.Open(packet, HEAD, wrong);
            ASSERT_FALSE(opened.has_value()) << suite.Name();
            EXPECT_EQ(opened.error().fault, Fault::INTEGRITY);
        }
        EXPECT_TRUE(open.Open(sealed, HEAD, 0x01020304).has_value()) << suite.Name();
    }
}

// RFC 4106 §5: SPI, high half, low half.
TEST_F(PacketCipherTest, PutsTheHighHalfBehindTheSpiForAeads)
{
    for (const EncrRow& encr : EncrRows())
    {
        if (encr.kind != CipherKind::AEAD || encr.ImplicitIv()) // whose IV is of the number, too
        {
            continue;
        }
        PacketCipher cipher = Make({&encr, nullptr}, Direction::SEAL);
        Buffer withEsn = MakePacket(cipher, 1, 32);
        Buffer spelledOut(withEsn.begin(), withEsn.begin() + 4);
        Append(spelledOut, Hex("a1b2c3d4"));
        Append(spelledOut, Bytes(withEsn).subspan(4));
        ASSERT_TRUE(cipher.Seal(withEsn, HEAD, 0xa1b2c3d4).has_value());
        ASSERT_TRUE(cipher.Seal(spelledOut, HEAD + 4).has_value());
        EXPECT_EQ(ToHex(Bytes(withEsn).subspan(HEAD)), ToHex(Bytes(spelledOut).subspan(HEAD + 4)))
            << encr.keyword;
    }
}

// RFC 4303 §2.2.1 and RFC 4868 §2.1: the MAC covers head, IV, ciphertext, then the high half, and
// is cut on the right.
TEST_F(PacketCipherTest, AppendsTheHighHalfForHmacs)
{
    const Suite suite{FindEncr(Encr::ENCR_AES_CBC, 128), FindInteg(Integ::AUTH_HMAC_SHA2_384_192)};
    SeededRandom random(1);
    Buffer encrKey(16);
    Buffer integKey(48);
    random.Fill(encrKey);
    random.Fill(integKey);
    PacketCipher cipher = Make(suite, Direction::SEAL);
    Buffer packet = MakePacket(cipher, 1, 32);
    ASSERT_TRUE(cipher.Seal(packet, HEAD, 7).has_value());
    const Bytes covered = Bytes(packet).first(packet.size() - 24);
    const auto mac = ComputePrf(
        m_context, *FindPrf(Prf::PRF_HMAC_SHA2_384), integKey, {covered, Hex("00000007")});
    ASSERT_TRUE(mac.has_value());
    EXPECT_EQ(ToHex(Bytes(packet).last(24)), ToHex(mac->View().first(24)));
}

// The same for every integrity algorithm: as if the high half had been sent.
TEST_F(PacketCipherTest, AppendsTheHighHalfForEveryMac)
{
    const EncrRow& null = *FindEncr(Encr::ENCR_NULL, 0);
    for (const IntegRow& integ : IntegRows())
    {
        PacketCipher cipher = Make({&null, &integ}, Direction::SEAL);
        Buffer withEsn = MakePacket(cipher, 1, 32);
        Buffer spelledOut = ToBuffer(Bytes(withEsn).first(withEsn.size() - integ.icvOctets));
        Append(spelledOut, Hex("a1b2c3d4"));
        spelledOut.resize(spelledOut.size() + integ.icvOctets);
        ASSERT_TRUE(cipher.Seal(withEsn, HEAD, 0xa1b2c3d4).has_value());
        ASSERT_TRUE(cipher.Seal(spelledOut, HEAD).has_value());
        EXPECT_EQ(ToHex(Bytes(withEsn).last(integ.icvOctets)),
                  ToHex(Bytes(spelledOut).last(integ.icvOctets)))
            << integ.keyword;
    }
}

// RFC 3686 §3.1: a counter mode under a repeated IV gives its texts away.
TEST_F(PacketCipherTest, WritesTheCounterAsTheIvOfAeadsAndCtr)
{
    for (const Suite& suite : AllSuites())
    {
        const EncrRow& encr = *suite.encr;
        if (encr.ivOctets != 0 && encr.kind != CipherKind::CBC)
        {
            PacketCipher cipher = Make(suite, Direction::SEAL);
            std::array<uint8_t, 8> iv{};
            cipher.WriteIv(iv, 0x0102030405060708, m_random);
            EXPECT_EQ(ToHex(iv), "0102030405060708") << encr.keyword;
        }
    }
}

// RFC 8750 §4: all is as with the cipher that sends the sequence number as its IV, but the IV.
TEST_F(PacketCipherTest, TakesAnImplicitIvFromTheSequenceNumber)
{
    constexpr std::pair<wire::Encr, wire::Encr> TWINS[] = {
        {wire::Encr::ENCR_AES_GCM_16_IIV, wire::Encr::ENCR_AES_GCM_16},
        {wire::Encr::ENCR_AES_CCM_8_IIV, wire::Encr::ENCR_AES_CCM_8},
        {wire::Encr::ENCR_CHACHA20_POLY1305_IIV, wire::Encr::ENCR_CHACHA20_POLY1305}};
    constexpr size_t TEXT = 37;
    unsigned compared = 0;
    for (const auto& [implicitId, explicitId] : TWINS)
    {
        for (const uint16_t bits : {0, 128, 192, 256})
        {
            const EncrRow* implicit = FindEncr(implicitId, bits);
            const EncrRow* sent = FindEncr(explicitId, bits);
            ASSERT_EQ(implicit == nullptr, sent == nullptr);
            if (!implicit)
            {
                continue;
            }
            PacketCipher shorter = Make({implicit, nullptr}, Direction::SEAL);
            PacketCipher longer = Make({sent, nullptr}, Direction::SEAL);
            ASSERT_EQ(shorter.IvOctets(), 0u);
            for (const auto esnHigh : {std::optional<uint32_t>(), std::optional(0xfeedu)})
            {
                Buffer packet = MakePacket(shorter, 5, TEXT);
                Buffer expected = packet;
                expected.insert(expected.begin() + HEAD, 8, 0);
                Buffer number = Buffer(packet.begin() + 4, packet.begin() + HEAD);
                const auto high = BigEndian32(esnHigh.value_or(0));
                number.insert(number.begin(), high.begin(), high.end());
                std::ranges::copy(number, expected.begin() + HEAD);
                ASSERT_TRUE(longer.Seal(expected, HEAD, esnHigh));
                expected.erase(expected.begin() + HEAD, expected.begin() + HEAD + 8);
                const Buffer plain = packet;
                ASSERT_TRUE(shorter.Seal(packet, HEAD, esnHigh));
                EXPECT_EQ(ToHex(packet), ToHex(expected)) << implicit->keyword;
                PacketCipher open = Make({implicit, nullptr}, Direction::OPEN);
                ASSERT_TRUE(open.Open(packet, HEAD, esnHigh));
                EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + HEAD + TEXT, packet.begin()));
                ++compared;
            }
        }
    }
    EXPECT_EQ(compared, 14u) << "three key lengths of two ciphers and one of the third";
}

// RFC 3602 §3: random and unpredictable.
TEST_F(PacketCipherTest, WritesRandomOctetsAsCbcsIv)
{
    PacketCipher cipher =
        Make({FindEncr(Encr::ENCR_AES_CBC, 128), FindInteg(Integ::AUTH_HMAC_SHA2_256_128)},
             Direction::SEAL);
    std::array<uint8_t, 16> expected{};
    SeededRandom(9).Fill(expected);
    SeededRandom random(9);
    std::array<uint8_t, 16> iv{};
    cipher.WriteIv(iv, 1, random);
    EXPECT_EQ(iv, expected);
    cipher.WriteIv(iv, 1, random);
    EXPECT_NE(iv, expected);
}

TEST_F(PacketCipherTest, GoesOnAfterItsContextsWereDropped)
{
    for (const Suite& suite : AllSuites())
    {
        PacketCipher seal = Make(suite, Direction::SEAL);
        PacketCipher open = Make(suite, Direction::OPEN);
        Buffer first = MakePacket(seal, 1, 32);
        Buffer second = first;
        ASSERT_TRUE(seal.Seal(first, HEAD).has_value());
        seal.DropContexts();
        ASSERT_TRUE(seal.Seal(second, HEAD).has_value());
        EXPECT_EQ(first, second) << suite.Name();
        ASSERT_TRUE(open.Open(first, HEAD).has_value());
        open.DropContexts();
        PacketCipher moved(std::move(open));
        EXPECT_TRUE(moved.Open(second, HEAD).has_value()) << suite.Name();
    }
}

// HMAC contexts copy their inner digest when they start over, for which OpenSSL 3.0 allocates
// twice.
TEST_F(PacketCipherTest, TakesAnyIvAfterAnyOther)
{
    // Mostly one counts the other on, but not behind a takeover, a resend or a dropped context.
    constexpr uint64_t LAST = ~uint64_t{0};
    constexpr uint64_t COUNTERS[] = {1, 2, 3, 3, 100, 101, 2, 1, LAST - 1, LAST, 0, 1, 7};
    for (const Suite& suite : AllSuites())
    {
        if (suite.encr->kind != CipherKind::AEAD || suite.encr->ImplicitIv())
        {
            continue;
        }
        PacketCipher seal = Make(suite, Direction::SEAL);
        PacketCipher open = Make(suite, Direction::OPEN);
        for (const uint64_t counter : COUNTERS)
        {
            Buffer packet = MakePacket(seal, 0, 32);
            seal.WriteIv(MutableBytes(packet).subspan(HEAD, seal.IvOctets()), counter, m_random);
            const Buffer plain = packet;
            ASSERT_TRUE(seal.Seal(packet, HEAD)) << suite.Name() << counter;
            // One that has no other IV behind it.
            Buffer again = plain;
            ASSERT_TRUE(Make(suite, Direction::SEAL).Seal(again, HEAD));
            EXPECT_EQ(packet, again) << suite.Name() << counter;
            ASSERT_TRUE(open.Open(packet, HEAD)) << suite.Name() << counter;
            EXPECT_TRUE(std::ranges::equal(Bytes(packet).first(packet.size() - seal.IcvOctets()),
                                           Bytes(plain).first(plain.size() - seal.IcvOctets())));
            if (counter == 101)
            {
                seal.DropContexts();
                open.DropContexts();
            }
        }
    }
}

TEST_F(PacketCipherTest, AllocatesNothingPerPacketButInOpensslsHmac)
{
    ASSERT_TRUE(g_countsAllocations);
    for (const Suite& suite : AllSuites())
    {
        PacketCipher seal = Make(suite, Direction::SEAL);
        PacketCipher open = Make(suite, Direction::OPEN);
        Buffer packet = MakePacket(seal, 1, 1408);
        ASSERT_TRUE(seal.Seal(packet, HEAD) && open.Open(packet, HEAD));
        const size_t before = g_allocations;
        constexpr size_t PACKETS = 20; // ten sealed, ten opened
        for (size_t i = 0; i < PACKETS / 2; i++)
        {
            ASSERT_TRUE(seal.Seal(packet, HEAD) && open.Open(packet, HEAD));
        }
        EXPECT_LE(g_allocations - before, suite.integ == nullptr ? 0 : 2 * PACKETS) << suite.Name();
    }
}

} // namespace
} // namespace ikelab::crypto
