// SPDX-License-Identifier: MIT
// Ciphers that need an integrity algorithm: CBC, 3DES, CTR; and whole captured messages.
#include "crypto/prf.h"
#include "crypto/testing/vector_support.h"

#include <algorithm>
#include <functional>

namespace ikelab::crypto
{
namespace
{

using nlohmann::json;
using wire::Encr;
using Direction = PacketCipher::Direction;

/**
 * The cipher of a packet alone: a PacketCipher with an HMAC key of our choice. Kept per key, since
 * a Monte Carlo test asks it a thousand times.
 */
class BareCipher
{
  public:
    BareCipher(VectorRun& run, const EncrRow& row, Bytes material)
        : m_context(run.context),
          m_seal(run.context, Direction::SEAL, row, &INTEG, material, INTEG_KEY),
          m_open(run.context, Direction::OPEN, row, &INTEG, material, INTEG_KEY)
    {
    }

    Buffer
    Encrypt(Bytes iv, Bytes text)
    {
        Buffer packet = ToBuffer(iv);
        Append(packet, text);
        packet.resize(packet.size() + INTEG.icvOctets);
        EXPECT_TRUE(m_seal.Seal(packet, 0).has_value());
        return ToBuffer(Bytes(packet).subspan(iv.size(), text.size()));
    }

    /// The text of a ciphertext, which gets the ICV it lacks; or the fault.
    Result<Buffer>
    TryDecrypt(Bytes iv, Bytes ciphertext)
    {
        Buffer packet = ToBuffer(iv);
        Append(packet, ciphertext);
        const auto mac =
            ComputePrf(m_context, *FindPrf(wire::Prf::PRF_HMAC_SHA2_256), INTEG_KEY, {packet});
        Append(packet, mac->View().first(INTEG.icvOctets));
        TRY(m_open.Open(packet, 0));
        return ToBuffer(Bytes(packet).subspan(iv.size(), ciphertext.size()));
    }

    Buffer
    Decrypt(Bytes iv, Bytes ciphertext)
    {
        const auto text = TryDecrypt(iv, ciphertext);
        EXPECT_TRUE(text.has_value());
        return text.value_or(Buffer{});
    }

  private:
    static inline const IntegRow& INTEG = *FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128);
    static inline const Buffer INTEG_KEY = Buffer(32, 0x5a);

    Context& m_context;
    PacketCipher m_seal;
    PacketCipher m_open;
};

const EncrRow&
CbcRow(Bytes key)
{
    return *FindEncr(Encr::ENCR_AES_CBC, static_cast<uint16_t>(key.size() * 8));
}

/// One case in the direction it is meant for.
void
TryCipher(VectorRun& run,
          const EncrRow& row,
          Bytes material,
          Bytes iv,
          Bytes text,
          Bytes ciphertext,
          bool encrypts)
{
    BareCipher cipher(run, row, material);
    if (encrypts)
    {
        EXPECT_EQ(ToHex(cipher.Encrypt(iv, text)), ToHex(ciphertext));
    }
    else
    {
        EXPECT_EQ(ToHex(cipher.Decrypt(iv, ciphertext)), ToHex(text));
    }
    run.Agree(row.name);
}

// The padding of these cases is PKCS #5's, which no IPsec packet uses: it is added and taken off
// here, so that the cipher below it is what agrees or not.
void
WycheproofCbc(VectorRun& run)
{
    ForEachCase(LoadJson("wycheproof/aes_cbc_pkcs5_test.json"),
                [&run](const json&, const json& test)
                {
                    const Buffer key = Octets(test, "key");
                    const Buffer iv = Octets(test, "iv");
                    const Buffer ciphertext = Octets(test, "ct");
                    BareCipher cipher(run, CbcRow(key), key);
                    const auto text = cipher.TryDecrypt(iv, ciphertext);
                    Buffer padded = Octets(test, "msg");
                    const size_t padding = 16 - padded.size() % 16;
                    padded.insert(padded.end(), padding, static_cast<uint8_t>(padding));
                    if (Text(test, "result") == "valid")
                    {
                        ASSERT_TRUE(text.has_value());
                        EXPECT_EQ(ToHex(*text), ToHex(padded));
                        EXPECT_EQ(ToHex(cipher.Encrypt(iv, padded)), ToHex(ciphertext));
                        run.Agree(CbcRow(key).name);
                        return;
                    }
                    // Refused for its padding, above the cipher: none may look like a valid one.
                    EXPECT_TRUE(!text.has_value() || *text != padded);
                    run.Refuse();
                });
}

/**
 * NIST's Monte Carlo test of CBC, AES Algorithm Validation Suite §6.4.2: a thousand operations that
 * feed each other, then a new key, a hundred times.
 */
void
MonteCarlo(VectorRun& run, const json& test, bool encrypts)
{
    const char* in = encrypts ? "pt" : "ct";
    const char* out = encrypts ? "ct" : "pt";
    Buffer key = Octets(test, "key");
    Buffer iv = Octets(test, "iv");
    Buffer input = Octets(test, in);
    for (const json& result : test.at("resultsArray"))
    {
        ASSERT_EQ(ToHex(key), ToHex(Octets(result, "key")));
        ASSERT_EQ(ToHex(iv), ToHex(Octets(result, "iv")));
        ASSERT_EQ(ToHex(input), ToHex(Octets(result, in)));
        BareCipher cipher(run, CbcRow(key), key);
        Buffer chain = iv;
        Buffer before; // the result of the step before
        Buffer last;
        for (int step = 0; step < 1000; step++)
        {
            before = last;
            last = encrypts ? cipher.Encrypt(chain, input) : cipher.Decrypt(chain, input);
            const Buffer next = step == 0 ? iv : before;
            chain = encrypts ? last : input;
            input = next;
        }
        ASSERT_EQ(ToHex(last), ToHex(Octets(result, out)));
        Buffer mask = before;
        Append(mask, last);
        const Bytes tail = Bytes(mask).last(key.size());
        std::ranges::transform(key, tail, key.begin(), std::bit_xor<uint8_t>());
        iv = last;
        input = before;
    }
    run.Agree(CbcRow(key).name);
}

void
AcvpCbc(VectorRun& run)
{
    ForEachCase(LoadJson("acvp/ACVP-AES-CBC-1.0.internalProjection.json"),
                [&run](const json& group, const json& test)
                {
                    const bool encrypts = Text(group, "direction") == "encrypt";
                    if (Text(group, "testType") == "MCT")
                    {
                        MonteCarlo(run, test, encrypts);
                        return;
                    }
                    const Buffer key = Octets(test, "key");
                    TryCipher(run,
                              CbcRow(key),
                              key,
                              Octets(test, "iv"),
                              Octets(test, "pt"),
                              Octets(test, "ct"),
                              encrypts);
                });
}

void
CavpCbc(VectorRun& run)
{
    for (const char* kind : {"GFSbox", "KeySbox", "VarKey", "VarTxt", "MMT"})
    {
        for (const char* keyBits : {"128", "192", "256"})
        {
            const std::string file = std::string("cavp/CBC") + kind + keyBits + ".rsp";
            for (const Record& record : LoadRecords(file, "COUNT"))
            {
                SCOPED_TRACE(file + ", case " + record.at("COUNT"));
                const Buffer key = Octets(record, "KEY");
                TryCipher(run,
                          CbcRow(key),
                          key,
                          Octets(record, "IV"),
                          Octets(record, "PLAINTEXT"),
                          Octets(record, "CIPHERTEXT"),
                          record.at("STATE") == "ENCRYPT");
            }
        }
    }
}

void
CavpTripleDes(VectorRun& run)
{
    for (const char* kind :
         {"MMT1", "MMT2", "MMT3", "invperm", "permop", "subtab", "varkey", "vartext"})
    {
        const std::string file = std::string("cavp/TCBC") + kind + ".rsp";
        for (const Record& record : LoadRecords(file, "COUNT"))
        {
            SCOPED_TRACE(file + ", case " + record.at("COUNT"));
            Buffer key;
            const bool one = record.count("KEYs") != 0; // the same key three times
            for (const char* part : {"KEY1", "KEY2", "KEY3"})
            {
                Append(key, Octets(record, one ? "KEYs" : part));
            }
            TryCipher(run,
                      *FindEncr(Encr::ENCR_3DES, 0),
                      key,
                      Octets(record, "IV"),
                      Octets(record, "PLAINTEXT"),
                      Octets(record, "CIPHERTEXT"),
                      record.at("STATE") == "ENCRYPT");
        }
    }
}

/// RFC 3686 §4: the counter block is nonce, IV and a counter that begins with one.
void
TryCtr(VectorRun& run, Buffer key, Bytes block, Bytes text, Bytes ciphertext, bool encrypts)
{
    ASSERT_EQ(block.size(), 16u);
    ASSERT_EQ(ToHex(block.last(4)), "00000001");
    const EncrRow& row = *FindEncr(Encr::ENCR_AES_CTR, static_cast<uint16_t>(key.size() * 8));
    Append(key, block.first(4));
    TryCipher(run, row, key, block.subspan(4, 8), text, ciphertext, encrypts);
}

void
AcvpCtr(VectorRun& run)
{
    ForEachCase(LoadJson("acvp/ACVP-AES-CTR-1.0.internalProjection.json"),
                [&run](const json& group, const json& test)
                {
                    if (test.at("payloadLen").get<int>() % 8 != 0)
                    {
                        run.Skip("text that is no whole number of octets");
                        return;
                    }
                    TryCtr(run,
                           Octets(test, "key"),
                           Octets(test, "iv"),
                           Octets(test, "pt"),
                           Octets(test, "ct"),
                           Text(group, "direction") == "encrypt");
                });
}

/// The nine cases of RFC 3686 §6, as NIST's files would print them.
void
Rfc3686(VectorRun& run)
{
    for (const char* keyBits : {"128", "192", "256"})
    {
        const std::string file = std::string("cavp/aes-") + keyBits + "-ctr.txt";
        for (const Record& record : LoadRecords(file, "COUNT"))
        {
            SCOPED_TRACE(file + ", case " + record.at("COUNT"));
            TryCtr(run,
                   Octets(record, "KEY"),
                   Octets(record, "IV"),
                   Octets(record, "PLAINTEXT"),
                   Octets(record, "CIPHERTEXT"),
                   true);
        }
    }
}

/// IKE messages that other implementations sent: ICV and padding must be right, and so must a
/// message that we seal again.
void
CapturedMessages(VectorRun& run)
{
    constexpr size_t HEAD = 32; // IKE header and that of the Encrypted payload
    const json document = LoadJson("made/ike_captures.json");
    for (const json& test : document.at("tests"))
    {
        SCOPED_TRACE("case " + test.at("tcId").dump());
        const EncrRow& encr = RowOf(EncrRows(), Text(test, "encr"));
        const std::string word = Text(test, "integ");
        const IntegRow* integ = word.empty() ? nullptr : &RowOf(IntegRows(), word);
        const Buffer encrKey = Octets(test, "encrKey");
        const Buffer integKey = integ != nullptr ? Octets(test, "integKey") : Buffer{};
        const Buffer message = Octets(test, "message");
        Buffer packet = message;
        PacketCipher open(run.context, Direction::OPEN, encr, integ, encrKey, integKey);
        ASSERT_TRUE(open.Open(packet, HEAD).has_value());
        const size_t end = packet.size() - open.IcvOctets();
        const Bytes text = Bytes(packet).first(end).subspan(HEAD + open.IvOctets());
        ASSERT_LT(text.back(), text.size());
        if (message[28] != 0) // the type of the first inner payload
        {
            const size_t payloadOctets = size_t{text[2]} << 8 | text[3];
            EXPECT_LE(payloadOctets, text.size());
        }
        PacketCipher seal(run.context, Direction::SEAL, encr, integ, encrKey, integKey);
        ASSERT_TRUE(seal.Seal(packet, HEAD).has_value());
        EXPECT_EQ(ToHex(packet), ToHex(message));
        run.Agree(encr.name);
        if (integ != nullptr)
        {
            run.AgreeToo(integ->name);
        }
    }
}

constexpr VectorSet SETS[] = {
    {"WycheproofAesCbc", WycheproofCbc, 72, 144, 0},
    {"AcvpAesCbc", AcvpCbc, 2156, 0, 0},
    {"CavpAesCbc", CavpCbc, 2138, 0, 0},
    {"CavpTripleDesCbc", CavpTripleDes, 530, 0, 0},
    {"AcvpAesCtr", AcvpCtr, 98, 0, 52},
    {"Rfc3686AesCtr", Rfc3686, 9, 0, 0},
    {"WiresharkIkeMessages", CapturedMessages, 18, 0, 0},
};

} // namespace

std::span<const VectorSet>
CipherSets()
{
    return SETS;
}

} // namespace ikelab::crypto
