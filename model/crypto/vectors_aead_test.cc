// SPDX-License-Identifier: MIT
// Combined-mode ciphers: GCM, CCM, GMAC, ChaCha20-Poly1305.
#include "crypto/context_internal.h"
#include "crypto/testing/vector_support.h"
#include "crypto/text_cipher.h"

namespace ikelab::crypto
{
namespace
{

using nlohmann::json;
using wire::Encr;
using Direction = PacketCipher::Direction;

constexpr const char* OTHER_NONCE = "nonce that is not the 12 octets of salt and IV";
constexpr const char* OTHER_ICV = "ICV of a size that no transform has";

/// One case of an AEAD. The head of a packet is its associated data.
struct Case
{
    Buffer key;
    Buffer nonce;
    Buffer head;
    Buffer text;
    Buffer ciphertext;
    Buffer tag;
    bool valid;
};

/// As a whole packet under a row whose salt and IV make the nonce; the ICV is cut to the row's.
void
TryPacket(VectorRun& run, const EncrRow& row, const Case& c)
{
    Buffer material = c.key;
    Append(material, Bytes(c.nonce).first(row.saltOctets));
    Buffer plain = c.head;
    Append(plain, Bytes(c.nonce).subspan(row.saltOctets));
    Buffer sealed = plain;
    Append(plain, c.text);
    Append(sealed, c.ciphertext);
    Append(sealed, Bytes(c.tag).first(row.icvOctets));
    Buffer packet = sealed;
    PacketCipher open(run.context, Direction::OPEN, row, nullptr, material, {});
    const auto opened = open.Open(packet, c.head.size());
    ASSERT_EQ(opened.has_value(), c.valid);
    if (!c.valid)
    {
        EXPECT_EQ(opened.error().fault, Fault::INTEGRITY);
        return;
    }
    packet.resize(plain.size());
    EXPECT_EQ(ToHex(packet), ToHex(plain));
    packet.resize(plain.size() + row.icvOctets);
    PacketCipher seal(run.context, Direction::SEAL, row, nullptr, material, {});
    ASSERT_TRUE(seal.Seal(packet, c.head.size()).has_value());
    EXPECT_EQ(ToHex(packet), ToHex(sealed));
}

void
Count(VectorRun& run, const Case& c, const EncrRow& row)
{
    c.valid ? run.Agree(row.name) : run.Refuse();
}

Case
ReadWycheproof(const json& test)
{
    return {Octets(test, "key"),
            Octets(test, "iv"),
            Octets(test, "aad"),
            Octets(test, "msg"),
            Octets(test, "ct"),
            Octets(test, "tag"),
            Text(test, "result") == "valid"};
}

/// NIST SP 800-38D §7.1: a shorter ICV is the front of the longer one.
void
TryGcm(VectorRun& run, const Case& c)
{
    const auto keyBits = static_cast<uint16_t>(c.key.size() * 8);
    const EncrRow& row = *FindEncr(Encr::ENCR_AES_GCM_16, keyBits);
    TryPacket(run, row, c);
    Count(run, c, row);
    for (const Encr id : {Encr::ENCR_AES_GCM_12, Encr::ENCR_AES_GCM_8})
    {
        if (c.valid)
        {
            const EncrRow& shorter = *FindEncr(id, keyBits);
            TryPacket(run, shorter, c);
            run.AgreeToo(shorter.name);
        }
    }
}

void
WycheproofGcm(VectorRun& run)
{
    ForEachCase(LoadJson("wycheproof/aes_gcm_test.json"),
                [&run](const json& group, const json& test) {
                    group.at("ivSize") == 96 ? TryGcm(run, ReadWycheproof(test))
                                             : run.Skip(OTHER_NONCE);
                });
}

void
WycheproofChaCha20Poly1305(VectorRun& run)
{
    ForEachCase(LoadJson("wycheproof/chacha20_poly1305_test.json"),
                [&run](const json& group, const json& test)
                {
                    if (group.at("ivSize") != 96)
                    {
                        run.Skip(OTHER_NONCE);
                        return;
                    }
                    const EncrRow& row = *FindEncr(Encr::ENCR_CHACHA20_POLY1305, 0);
                    const Case c = ReadWycheproof(test);
                    TryPacket(run, row, c);
                    Count(run, c, row);
                });
}

/// ACVP-AES-GCM and ACVP-AES-GMAC share a form.
void
Acvp(VectorRun& run, const std::string& file)
{
    ForEachCase(LoadJson(file),
                [&run](const json& group, const json& test)
                {
                    if (group.at("ivLen") != 96)
                    {
                        run.Skip(OTHER_NONCE);
                        return;
                    }
                    if (group.at("tagLen") != 128)
                    {
                        run.Skip(OTHER_ICV);
                        return;
                    }
                    TryGcm(run,
                           {Octets(test, "key"),
                            Octets(test, "iv"),
                            Octets(test, "aad"),
                            Octets(test, "pt"),
                            Octets(test, "ct"),
                            Octets(test, "tag"),
                            test.at("testPassed").get<bool>()});
                });
}

void
AcvpGcm(VectorRun& run)
{
    Acvp(run, "acvp/ACVP-AES-GCM-1.0.internalProjection.json");
}

void
AcvpGmac(VectorRun& run)
{
    Acvp(run, "acvp/ACVP-AES-GMAC-1.0.internalProjection.json");
}

/**
 * CCM of any nonce and ICV through the cipher below PacketCipher: most published cases have nonces
 * of 12 and 13 octets, IPsec's have 11. Those of 11 octets run as packets too.
 */
void
TryCcm(VectorRun& run, const Case& c)
{
    const auto id = c.tag.size() == 8    ? Encr::ENCR_AES_CCM_8
                    : c.tag.size() == 12 ? Encr::ENCR_AES_CCM_12
                                         : Encr::ENCR_AES_CCM_16;
    const EncrRow& row = *FindEncr(id, static_cast<uint16_t>(c.key.size() * 8));
    if (c.nonce.size() < 7 || c.nonce.size() > 13)
    {
        run.Skip("nonce that CCM does not have");
        return;
    }
    if (c.tag.size() != row.icvOctets)
    {
        run.Skip(OTHER_ICV);
        return;
    }
    EncrRow shape = row;
    shape.ivOctets = 7;
    shape.saltOctets = static_cast<uint8_t>(c.nonce.size() - shape.ivOctets);
    Buffer material = c.key;
    Append(material, Bytes(c.nonce).first(shape.saltOctets));
    const Bytes iv = Bytes(c.nonce).subspan(shape.saltOctets);
    // A little room, so that not even an empty text or head is at a null address.
    Buffer text = c.ciphertext;
    text.reserve(text.size() + 1);
    Buffer head = c.head;
    head.reserve(head.size() + 1);
    EVP_CIPHER* cipher = run.context.Get().Cipher(row);
    TextCipher open(cipher, shape, false, material);
    ASSERT_EQ(open.Open(head, iv, text, c.tag, {}), c.valid);
    if (c.valid)
    {
        EXPECT_EQ(ToHex(text), ToHex(c.text));
        Buffer tag(c.tag.size());
        TextCipher seal(cipher, shape, true, material);
        ASSERT_TRUE(seal.Seal(head, iv, text, tag, {}));
        EXPECT_EQ(ToHex(text), ToHex(c.ciphertext));
        EXPECT_EQ(ToHex(tag), ToHex(c.tag));
    }
    if (c.nonce.size() == size_t{row.saltOctets} + row.ivOctets)
    {
        TryPacket(run, row, c);
    }
    Count(run, c, row);
}

void
WycheproofCcm(VectorRun& run)
{
    ForEachCase(LoadJson("wycheproof/aes_ccm_test.json"),
                [&run](const json&, const json& test) { TryCcm(run, ReadWycheproof(test)); });
}

void
CavpCcm(VectorRun& run)
{
    for (const char* kind : {"VADT", "VNT", "VPT", "VTT", "DVPT"})
    {
        for (const char* keyBits : {"128", "192", "256"})
        {
            const std::string file = std::string("cavp/") + kind + keyBits + ".rsp";
            for (const Record& record : LoadRecords(file, "Count"))
            {
                SCOPED_TRACE(file + ", case " + record.at("Count"));
                // A text of no octets is printed as 00.
                const auto part = [&record](const char* name, const char* octets)
                {
                    return record.count(name) == 0 || record.at(octets) == "0"
                               ? Buffer{}
                               : Octets(record, name);
                };
                const Buffer sealed = Octets(record, "CT");
                const size_t textOctets = std::stoul(record.at("Plen"));
                Case c{Octets(record, "Key"),
                       Octets(record, "Nonce"),
                       part("Adata", "Alen"),
                       part("Payload", "Plen"),
                       ToBuffer(Bytes(sealed).first(textOctets)),
                       ToBuffer(Bytes(sealed).subspan(textOctets)),
                       record.count("Result") == 0 || record.at("Result").starts_with("Pass")};
                TryCcm(run, c);
            }
        }
    }
}

/// RFC 3610 §8: nonces of 13 octets, ICVs of 8 and 10.
void
Rfc3610(VectorRun& run)
{
    const json document = LoadJson("made/rfc3610.json");
    for (const json& test : document.at("tests"))
    {
        SCOPED_TRACE("case " + test.at("tcId").dump());
        TryCcm(run,
               {Octets(test, "key"),
                Octets(test, "nonce"),
                Octets(test, "head"),
                Octets(test, "msg"),
                Octets(test, "ct"),
                Octets(test, "tag"),
                true});
    }
}

/// One GMAC packet both ways. Its IV and payload stay as they are.
void
TryGmac(VectorRun& run,
        const EncrRow& row,
        Bytes material,
        Bytes head,
        Bytes payload,
        Bytes icv,
        std::optional<uint32_t> esnHigh)
{
    Buffer whole = ToBuffer(head);
    Append(whole, payload);
    Append(whole, icv);
    Buffer packet = whole;
    PacketCipher open(run.context, Direction::OPEN, row, nullptr, material, {});
    EXPECT_TRUE(open.Open(packet, head.size(), esnHigh).has_value());
    EXPECT_EQ(ToHex(packet), ToHex(whole));
    std::fill(packet.end() - row.icvOctets, packet.end(), uint8_t{0});
    PacketCipher seal(run.context, Direction::SEAL, row, nullptr, material, {});
    ASSERT_TRUE(seal.Seal(packet, head.size(), esnHigh).has_value());
    EXPECT_EQ(ToHex(packet), ToHex(whole));
}

/// A GMAC is the ICV of a GCM without a text; RFC 4543 §3.3 only says what it covers. So each case
/// runs as GCM, and once more as the GMAC of a packet with its message, which GCM must confirm.
void
WycheproofGmac(VectorRun& run)
{
    ForEachCase(LoadJson("wycheproof/aes_gmac_test.json"),
                [&run](const json& group, const json& test)
                {
                    if (group.at("ivSize") != 96)
                    {
                        run.Skip(OTHER_NONCE);
                        return;
                    }
                    Case c{Octets(test, "key"),
                           Octets(test, "iv"),
                           Octets(test, "msg"),
                           {},
                           {},
                           Octets(test, "tag"),
                           Text(test, "result") == "valid"};
                    TryGcm(run, c);
                    const auto keyBits = static_cast<uint16_t>(c.key.size() * 8);
                    const EncrRow& gcm = *FindEncr(Encr::ENCR_AES_GCM_16, keyBits);
                    Buffer material = c.key;
                    Append(material, Bytes(c.nonce).first(4));
                    const Buffer head = Hex("0000432100000007");
                    Buffer payload = ToBuffer(Bytes(c.nonce).subspan(4));
                    Append(payload, c.head);
                    Buffer covered = head;
                    Append(covered, payload);
                    Buffer packet = covered;
                    Append(packet, Bytes(c.nonce).subspan(4));
                    packet.resize(packet.size() + gcm.icvOctets);
                    PacketCipher seal(run.context, Direction::SEAL, gcm, nullptr, material, {});
                    ASSERT_TRUE(seal.Seal(packet, covered.size()).has_value());
                    TryGmac(run,
                            *FindEncr(Encr::ENCR_NULL_AUTH_AES_GMAC, keyBits),
                            material,
                            head,
                            payload,
                            Bytes(packet).last(gcm.icvOctets),
                            {});
                });
}

void
GmacEspPackets(VectorRun& run)
{
    const json document = LoadJson("made/gmac_esp.json");
    for (const json& test : document.at("tests"))
    {
        SCOPED_TRACE("case " + test.at("tcId").dump());
        Buffer material = Octets(test, "key");
        const EncrRow& row =
            *FindEncr(Encr::ENCR_NULL_AUTH_AES_GMAC, static_cast<uint16_t>(material.size() * 8));
        Append(material, Octets(test, "salt"));
        Buffer payload = Octets(test, "iv");
        Append(payload, Octets(test, "payload"));
        std::optional<uint32_t> esnHigh;
        if (const Buffer high = test.contains("esnHigh") ? Octets(test, "esnHigh") : Buffer{};
            !high.empty())
        {
            esnHigh = uint32_t{high[0]} << 24 | uint32_t{high[1]} << 16 | uint32_t{high[2]} << 8 |
                      uint32_t{high[3]};
        }
        TryGmac(run, row, material, Octets(test, "head"), payload, Octets(test, "icv"), esnHigh);
        run.Agree(row.name);
    }
}

constexpr VectorSet SETS[] = {
    {"WycheproofAesGcm", WycheproofGcm, 116, 81, 119},
    {"AcvpAesGcm", AcvpGcm, 27, 3, 30},
    {"WycheproofAesCcm", WycheproofCcm, 309, 81, 162},
    {"CavpAesCcm", CavpCcm, 2160, 240, 480},
    {"Rfc3610AesCcm", Rfc3610, 12, 0, 12},
    {"WycheproofAesGmac", WycheproofGmac, 45, 162, 207},
    {"AcvpAesGmac", AcvpGmac, 11, 4, 45},
    {"GmacEspPackets", GmacEspPackets, 31, 0, 0},
    {"WycheproofChaCha20Poly1305", WycheproofChaCha20Poly1305, 256, 60, 9},
};

} // namespace

std::span<const VectorSet>
AeadSets()
{
    return SETS;
}

} // namespace ikelab::crypto
