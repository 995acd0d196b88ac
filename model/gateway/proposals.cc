// SPDX-License-Identifier: MIT
#include "gateway/proposals.h"

#include "gateway/config.h"

#include <fmt/format.h>

#include <algorithm>

namespace ikelab::gateway
{

namespace
{

using crypto::CipherKind;
using crypto::EncrRow;
using crypto::IntegRow;
using crypto::KeRow;
using crypto::PrfRow;

struct Alias
{
    std::string_view word;
    std::string_view keyword;
};

/// Other spellings of keywords, from strongSwan's documentation.
constexpr Alias ALIASES[] = {
    {"aes", "aes128"},
    {"aes128gcm", "aes128gcm16"},
    {"aes192gcm", "aes192gcm16"},
    {"aes256gcm", "aes256gcm16"},
    {"aes128gcm128", "aes128gcm16"},
    {"aes192gcm128", "aes192gcm16"},
    {"aes256gcm128", "aes256gcm16"},
    {"aes128gcm96", "aes128gcm12"},
    {"aes192gcm96", "aes192gcm12"},
    {"aes256gcm96", "aes256gcm12"},
    {"aes128gcm64", "aes128gcm8"},
    {"aes192gcm64", "aes192gcm8"},
    {"aes256gcm64", "aes256gcm8"},
    {"aes128ccm", "aes128ccm16"},
    {"aes192ccm", "aes192ccm16"},
    {"aes256ccm", "aes256ccm16"},
    {"aes128ccm128", "aes128ccm16"},
    {"aes192ccm128", "aes192ccm16"},
    {"aes256ccm128", "aes256ccm16"},
    {"aes128ccm96", "aes128ccm12"},
    {"aes192ccm96", "aes192ccm12"},
    {"aes256ccm96", "aes256ccm12"},
    {"aes128ccm64", "aes128ccm8"},
    {"aes192ccm64", "aes192ccm8"},
    {"aes256ccm64", "aes256ccm8"},
    {"chacha20poly1305compat", "chacha20poly1305"},
    {"sha", "sha1"},
    {"sha2_256", "sha256"},
    {"sha2_384", "sha384"},
    {"sha2_512", "sha512"},
    {"prfsha2_256", "prfsha256"},
    {"prfsha2_384", "prfsha384"},
    {"prfsha2_512", "prfsha512"},
    {"curve25519", "x25519"},
    {"curve448", "x448"},
};

/// Words that are right in strongSwan: "not supported" is the answer, not "unknown". The words
/// that the table has are found before.
constexpr std::string_view KNOWN_ELSEWHERE[] = {"3des",
                                                "des",
                                                "blowfish",
                                                "blowfish128",
                                                "blowfish192",
                                                "blowfish256",
                                                "cast128",
                                                "camellia",
                                                "camellia128",
                                                "camellia192",
                                                "camellia256",
                                                "aes128ctr",
                                                "aes192ctr",
                                                "aes256ctr",
                                                "aes128ccm8",
                                                "aes192ccm8",
                                                "aes256ccm8",
                                                "aes128ccm12",
                                                "aes192ccm12",
                                                "aes256ccm12",
                                                "aes128ccm16",
                                                "aes192ccm16",
                                                "aes256ccm16",
                                                "aes128ccm",
                                                "aes192ccm",
                                                "aes256ccm",
                                                "aes128gcm8",
                                                "aes192gcm8",
                                                "aes256gcm8",
                                                "aes128gcm12",
                                                "aes192gcm12",
                                                "aes256gcm12",
                                                "aes128gmac",
                                                "aes192gmac",
                                                "aes256gmac",
                                                "null",
                                                "md5",
                                                "md5_128",
                                                "sha1",
                                                "sha1_160",
                                                "sha256_96",
                                                "aesxcbc",
                                                "camelliaxcbc",
                                                "aescmac",
                                                "prfmd5",
                                                "prfsha1",
                                                "prfaesxcbc",
                                                "prfaescmac",
                                                "prfcamelliaxcbc",
                                                "modp768",
                                                "modp1024",
                                                "modp1024s160",
                                                "modp1536",
                                                "modp2048s224",
                                                "modp2048s256",
                                                "modp6144",
                                                "modp8192",
                                                "ecp192",
                                                "ecp224",
                                                "ecp224bp",
                                                "ecp256bp",
                                                "ecp384bp",
                                                "ecp512bp",
                                                "x448",
                                                "mlkem512",
                                                "mlkem768",
                                                "mlkem1024",
                                                "modpnone",
                                                "none",
                                                "chacha20poly1305",
                                                "ntru112",
                                                "ntru128",
                                                "ntru192",
                                                "ntru256",
                                                "newhope128"};

template <typename Row>
bool
IsNegotiable(const Row& row)
{
    return row.use != crypto::Use::CAPTURE;
}

template <typename Row>
const Row*
FindWord(std::span<const Row> rows, std::string_view word)
{
    for (const Row& row : rows)
    {
        if (word == row.keyword && IsNegotiable(row))
        {
            return &row;
        }
    }
    return nullptr;
}

template <typename Row>
void
AddOnce(std::vector<const Row*>& rows, const Row* row)
{
    if (std::ranges::find(rows, row) == rows.end())
    {
        rows.push_back(row);
    }
}

/// All words of a proposal, sorted into their kinds.
struct Words
{
    std::vector<const EncrRow*> encr;
    std::vector<const IntegRow*> integ;
    std::vector<const PrfRow*> prf;
    std::vector<const KeRow*> ke;
    std::vector<wire::Esn> esn;
};

class ProposalReader
{
  public:
    ProposalReader(std::string_view text, const std::string& pointer)
        : m_text(text),
          m_pointer(pointer)
    {
    }

    tl::expected<Words, ConfigError>
    Read() const
    {
        Words words;
        std::string_view rest = m_text;
        while (true)
        {
            const size_t dash = rest.find('-');
            if (auto error = Take(rest.substr(0, dash), words))
            {
                return tl::unexpected<ConfigError>(std::move(*error));
            }
            if (dash == std::string_view::npos)
            {
                return words;
            }
            rest.remove_prefix(dash + 1);
        }
    }

    ConfigError
    Wrong(std::string problem, std::string expected, std::string nearest = "") const
    {
        return {m_pointer,
                fmt::format("{} in proposal '{}'", problem, m_text),
                std::move(expected),
                std::move(nearest)};
    }

    /// What IKE and ESP share: a cipher, and integrity exactly where the cipher has none.
    std::optional<ConfigError>
    CheckCiphers(const Words& words) const
    {
        if (words.encr.empty())
        {
            return Wrong("no encryption algorithm", "one such as aes128gcm16 or aes128");
        }
        const size_t aeads = std::ranges::count(words.encr, CipherKind::AEAD, &EncrRow::kind);
        if (aeads != 0 && aeads != words.encr.size())
        {
            // RFC 5282 §8: combined-mode ciphers go into a proposal of their own.
            return Wrong("AEAD and other ciphers together", "two proposals");
        }
        if (aeads != 0 && !words.integ.empty())
        {
            return Wrong(fmt::format("integrity algorithm '{}' beside an AEAD cipher",
                                     words.integ.front()->keyword),
                         "no integrity algorithm: the cipher protects integrity itself");
        }
        if (aeads == 0 && words.integ.empty())
        {
            return Wrong(
                fmt::format("no integrity algorithm beside '{}'", words.encr.front()->keyword),
                "one such as sha256");
        }
        return std::nullopt;
    }

  private:
    std::optional<ConfigError>
    Take(std::string_view word, Words& words) const
    {
        const auto* alias = std::ranges::find(ALIASES, word, &Alias::word);
        const std::string_view keyword = alias == std::end(ALIASES) ? word : alias->keyword;
        if (const EncrRow* encr = FindWord(crypto::EncrRows(), keyword))
        {
            AddOnce(words.encr, encr);
            return std::nullopt;
        }
        if (const IntegRow* integ = FindWord(crypto::IntegRows(), keyword))
        {
            AddOnce(words.integ, integ);
            return std::nullopt;
        }
        if (const PrfRow* prf = FindWord(crypto::PrfRows(), keyword))
        {
            AddOnce(words.prf, prf);
            return std::nullopt;
        }
        if (const KeRow* ke = FindWord(crypto::KeRows(), keyword))
        {
            AddOnce(words.ke, ke);
            return std::nullopt;
        }
        if (keyword == "esn" || keyword == "noesn")
        {
            const auto value = keyword == "esn" ? wire::Esn::ESN : wire::Esn::NO_ESN;
            if (std::ranges::find(words.esn, value) == words.esn.end())
            {
                words.esn.push_back(value);
            }
            return std::nullopt;
        }
        if (IsAdditionalKe(keyword) ||
            std::ranges::find(KNOWN_ELSEWHERE, keyword) != std::end(KNOWN_ELSEWHERE))
        {
            return Wrong(fmt::format("algorithm '{}' is not supported", word), KnownWords());
        }
        return Wrong(fmt::format("unknown algorithm '{}'", word),
                     KnownWords(),
                     NearestWord(word, Candidates()));
    }

    /// "ke1_mlkem768", RFC 9370's additional key exchanges.
    static bool
    IsAdditionalKe(std::string_view word)
    {
        return word.size() > 4 && word.starts_with("ke") && word[2] >= '1' && word[2] <= '7' &&
               word[3] == '_';
    }

    static std::vector<std::string>
    Candidates()
    {
        std::vector<std::string> words;
        const auto add = [&words](auto rows)
        {
            for (const auto& row : rows)
            {
                if (IsNegotiable(row))
                {
                    words.emplace_back(row.keyword);
                }
            }
        };
        add(crypto::EncrRows());
        add(crypto::IntegRows());
        add(crypto::PrfRows());
        add(crypto::KeRows());
        words.insert(words.end(), {"esn", "noesn"});
        return words;
    }

    static std::string
    KnownWords()
    {
        return fmt::format("words of {}", fmt::join(Candidates(), ", "));
    }

    std::string_view m_text;
    const std::string& m_pointer;
};

/// swanctl derives the PRF from the integrity words: the HMAC over the same hash.
const PrfRow*
PrfOf(const IntegRow& integ)
{
    return FindWord(crypto::PrfRows(), fmt::format("prf{}", integ.keyword));
}

template <typename Row>
std::vector<const Row*>
Defaults(std::span<const Row> rows)
{
    std::vector<const Row*> chosen;
    for (const Row& row : rows)
    {
        if (row.use == crypto::Use::DEFAULT)
        {
            chosen.push_back(&row);
        }
    }
    return chosen;
}

std::vector<const EncrRow*>
DefaultCiphers(CipherKind kind)
{
    auto chosen = Defaults(crypto::EncrRows());
    std::erase_if(chosen, [kind](const EncrRow* row) { return row->kind != kind; });
    return chosen;
}

} // namespace

tl::expected<ike::IkeProposal, ConfigError>
ReadIkeProposal(std::string_view text, const std::string& pointer)
{
    const ProposalReader reader(text, pointer);
    auto words = reader.Read();
    if (!words)
    {
        return tl::unexpected<ConfigError>(std::move(words.error()));
    }
    if (!words->esn.empty())
    {
        return tl::unexpected<ConfigError>(
            reader.Wrong("esn or noesn", "these only in esp_proposals"));
    }
    for (const EncrRow* encr : words->encr)
    {
        if (!encr->ForIke())
        {
            return tl::unexpected<ConfigError>(
                reader.Wrong(fmt::format("'{}' encryption of IKE", encr->keyword),
                             "a cipher such as aes128gcm16"));
        }
    }
    if (words->prf.empty())
    {
        for (const IntegRow* integ : words->integ)
        {
            if (const PrfRow* prf = PrfOf(*integ))
            {
                AddOnce(words->prf, prf);
            }
        }
        // With AEADs, swanctl takes an integrity word for the PRF alone.
        if (std::ranges::any_of(words->encr,
                                [](const EncrRow* encr) { return encr->kind == CipherKind::AEAD; }))
        {
            words->integ.clear();
        }
    }
    if (auto error = reader.CheckCiphers(*words))
    {
        return tl::unexpected<ConfigError>(std::move(*error));
    }
    if (words->prf.empty())
    {
        return tl::unexpected<ConfigError>(
            reader.Wrong("no pseudo-random function", "one such as prfsha256"));
    }
    if (words->ke.empty())
    {
        return tl::unexpected<ConfigError>(
            reader.Wrong("no key exchange method", "one such as x25519, ecp256 or modp3072"));
    }
    return ike::IkeProposal{std::move(words->encr),
                            std::move(words->integ),
                            std::move(words->prf),
                            std::move(words->ke)};
}

tl::expected<ike::EspProposal, ConfigError>
ReadEspProposal(std::string_view text, const std::string& pointer)
{
    const ProposalReader reader(text, pointer);
    auto words = reader.Read();
    if (!words)
    {
        return tl::unexpected<ConfigError>(std::move(words.error()));
    }
    if (!words->prf.empty())
    {
        return tl::unexpected<ConfigError>(
            reader.Wrong(fmt::format("pseudo-random function '{}'", words->prf.front()->keyword),
                         "these only in proposals: ESP has none"));
    }
    if (auto error = reader.CheckCiphers(*words))
    {
        return tl::unexpected<ConfigError>(std::move(*error));
    }
    if (words->esn.empty())
    {
        words->esn.push_back(wire::Esn::NO_ESN);
    }
    return ike::EspProposal{std::move(words->encr),
                            std::move(words->integ),
                            std::move(words->ke),
                            std::move(words->esn)};
}

tl::expected<ike::EspProposal, ConfigError>
ReadAhProposal(std::string_view text, const std::string& pointer)
{
    const ProposalReader reader(text, pointer);
    auto words = reader.Read();
    if (!words)
    {
        return tl::unexpected<ConfigError>(std::move(words.error()));
    }
    if (!words->encr.empty())
    {
        return tl::unexpected<ConfigError>(
            reader.Wrong(fmt::format("encryption algorithm '{}'", words->encr.front()->keyword),
                         "these only in esp_proposals: AH encrypts nothing"));
    }
    if (!words->prf.empty())
    {
        return tl::unexpected<ConfigError>(
            reader.Wrong(fmt::format("pseudo-random function '{}'", words->prf.front()->keyword),
                         "these only in proposals: AH has none"));
    }
    if (words->integ.empty())
    {
        return tl::unexpected<ConfigError>(
            reader.Wrong("no integrity algorithm", "one such as sha256"));
    }
    if (words->esn.empty())
    {
        words->esn.push_back(wire::Esn::NO_ESN);
    }
    return ike::EspProposal{
        {}, std::move(words->integ), std::move(words->ke), std::move(words->esn)};
}

std::vector<ike::IkeProposal>
DefaultIkeProposals()
{
    const auto prf = Defaults(crypto::PrfRows());
    const auto ke = Defaults(crypto::KeRows());
    return {
        ike::IkeProposal{DefaultCiphers(CipherKind::AEAD), {}, prf, ke},
        ike::IkeProposal{DefaultCiphers(CipherKind::CBC), Defaults(crypto::IntegRows()), prf, ke}};
}

std::vector<ike::EspProposal>
DefaultEspProposals()
{
    return {ike::EspProposal{DefaultCiphers(CipherKind::AEAD), {}, {}, {wire::Esn::NO_ESN}},
            ike::EspProposal{DefaultCiphers(CipherKind::CBC),
                             Defaults(crypto::IntegRows()),
                             {},
                             {wire::Esn::NO_ESN}}};
}

std::vector<ike::EspProposal>
DefaultAhProposals()
{
    return {ike::EspProposal{{}, Defaults(crypto::IntegRows()), {}, {wire::Esn::NO_ESN}}};
}

} // namespace ikelab::gateway
