// SPDX-License-Identifier: MIT
#include "dissect/opening.h"

#include "base/assert.h"
#include "base/result.h"
#include "crypto/packet_cipher.h"

#include <utility>

namespace ikelab::dissect
{

namespace
{

/// The text, decrypted without asking the ICV; nothing if the sizes do not fit.
std::optional<Buffer>
Decrypt(crypto::Context& context,
        const OpeningKeys& keys,
        Bytes packet,
        size_t headOctets,
        size_t icvOctets)
{
    const size_t before = headOctets + keys.encr->ivOctets;
    if (packet.size() < before + icvOctets)
    {
        return std::nullopt;
    }
    const Bytes iv = packet.subspan(headOctets, keys.encr->ivOctets);
    Buffer text = ToBuffer(packet.subspan(before, packet.size() - before - icvOctets));
    if (!crypto::DecryptUnchecked(context, *keys.encr, keys.encrKey, iv, text))
    {
        return std::nullopt;
    }
    return text;
}

} // namespace

std::string_view
ToString(Protection protection)
{
    switch (protection)
    {
    case Protection::CLEAR:
        return "clear";
    case Protection::OPENED:
        return "opened";
    case Protection::UNCHECKED:
        return "unchecked";
    case Protection::FRAGMENT:
        return "fragment";
    case Protection::CUT:
        return "cut";
    case Protection::KEY_MISSING:
        return "key missing";
    case Protection::MALFORMED:
        return "malformed";
    case Protection::ICV_WRONG:
        return "ICV wrong";
    }
    return "";
}

Opening
Open(CipherCache& ciphers,
     const OpeningKeys& keys,
     Bytes packet,
     size_t headOctets,
     std::optional<uint32_t> esnHigh)
{
    if (keys.uncheckedIcvOctets)
    {
        auto text = Decrypt(ciphers.Context(), keys, packet, headOctets, *keys.uncheckedIcvOctets);
        if (!text)
        {
            return {Protection::MALFORMED, {}, "the ciphertext's length does not fit the cipher"};
        }
        return {Protection::UNCHECKED, std::move(*text), "no key to check the ICV"};
    }
    crypto::PacketCipher& cipher = ciphers.Get(keys);
    Buffer copy = ToBuffer(packet);
    const auto opened = cipher.Open(copy, headOctets, esnHigh);
    const size_t before = headOctets + cipher.IvOctets();
    if (opened)
    {
        copy.resize(copy.size() - cipher.IcvOctets());
        copy.erase(copy.begin(), copy.begin() + static_cast<ptrdiff_t>(before));
        return {Protection::OPENED, std::move(copy), ""};
    }
    if (opened.error().fault != Fault::INTEGRITY)
    {
        return {Protection::MALFORMED, {}, ToString(opened.error())};
    }
    Opening opening{Protection::ICV_WRONG, {}, "the ICV does not verify: wrong key, or damaged"};
    opening.text =
        Decrypt(ciphers.Context(), keys, packet, headOctets, cipher.IcvOctets()).value_or(Buffer{});
    return opening;
}

CandidateOpening
OpenWithAny(CipherCache& ciphers,
            std::span<const Candidate> candidates,
            Bytes packet,
            size_t headOctets)
{
    IKELAB_ASSERT(!candidates.empty());
    std::optional<Opening> first;
    for (size_t i = 0; i < candidates.size(); ++i)
    {
        Opening opening =
            Open(ciphers, candidates[i].keys, packet, headOctets, candidates[i].esnHigh);
        if (opening.protection == Protection::OPENED)
        {
            return {i, std::move(opening)};
        }
        if (!first)
        {
            first = std::move(opening);
        }
    }
    return {0, std::move(*first)};
}

} // namespace ikelab::dissect
