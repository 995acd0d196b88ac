// SPDX-License-Identifier: MIT
#include "crypto/constructions/aes_xcbc.h"

#include <algorithm>
#include <cstring>

namespace ikelab::crypto
{

namespace
{

/// One scratch buffer's worth of CBC output, of which only the last block matters.
constexpr size_t CHUNK_OCTETS = 512;
constexpr size_t BLOCK = AesXcbc::BLOCK_OCTETS;
constexpr std::array<uint8_t, BLOCK> ZERO_IV{};

} // namespace

AesXcbc::AesXcbc(EVP_CIPHER* ecb, EVP_CIPHER* cbc) : m_ecbCipher(ecb), m_cbcCipher(cbc)
{
}

bool
AesXcbc::SetKey(Bytes key)
{
    if (key.size() != BLOCK)
    {
        return false;
    }
    // RFC 3566 §4.1 step 1: K1, K2 and K3 are what blocks of 1s, 2s and 3s encrypt to.
    SecretBytes keys(3 * BLOCK);
    for (size_t i = 0; i < keys.Size(); i++)
    {
        keys.Writable()[i] = static_cast<uint8_t>(1 + i / BLOCK);
    }
    if (m_derivation == nullptr)
    {
        m_derivation.reset(EVP_CIPHER_CTX_new());
    }
    EVP_CIPHER_CTX* ecb = m_derivation.get();
    int written = 0;
    if (ecb == nullptr ||
        EVP_EncryptInit_ex2(ecb, m_ecbCipher, key.data(), nullptr, nullptr) != 1 ||
        EVP_CIPHER_CTX_set_padding(ecb, 0) != 1 ||
        EVP_EncryptUpdate(ecb,
                          keys.Writable().data(),
                          &written,
                          keys.View().data(),
                          static_cast<int>(keys.Size())) != 1)
    {
        return false;
    }
    m_wholeMask = SecretBytes(keys.View().subspan(BLOCK, BLOCK));
    m_paddedMask = SecretBytes(keys.View().last(BLOCK));
    if (m_chain == nullptr)
    {
        m_chain.reset(EVP_CIPHER_CTX_new());
    }
    m_pendingOctets = 0;
    return m_chain != nullptr &&
           EVP_EncryptInit_ex2(
               m_chain.get(), m_cbcCipher, keys.View().data(), ZERO_IV.data(), nullptr) == 1 &&
           EVP_CIPHER_CTX_set_padding(m_chain.get(), 0) == 1;
}

bool
AesXcbc::Restart()
{
    m_pendingOctets = 0;
    return m_chain != nullptr &&
           EVP_EncryptInit_ex2(m_chain.get(), nullptr, nullptr, ZERO_IV.data(), nullptr) == 1;
}

bool
AesXcbc::Update(Bytes part)
{
    if (part.empty())
    {
        return true;
    }
    // A full block is encrypted only once it is known not to be the last.
    const size_t taken = std::min(part.size(), BLOCK - m_pendingOctets);
    std::memcpy(m_pending.data() + m_pendingOctets, part.data(), taken);
    m_pendingOctets += taken;
    part = part.subspan(taken);
    if (part.empty())
    {
        return true;
    }
    const size_t whole = (part.size() - 1) / BLOCK * BLOCK;
    if (!Encrypt(m_pending) || !Encrypt(part.first(whole)))
    {
        return false;
    }
    part = part.subspan(whole);
    std::memcpy(m_pending.data(), part.data(), part.size());
    m_pendingOctets = part.size();
    return true;
}

bool
AesXcbc::Finish(MutableBytes mac)
{
    if (m_chain == nullptr || mac.size() < BLOCK)
    {
        return false;
    }
    // RFC 3566 §4.1 step 4: a full last block and a padded one take different masks, and the empty
    // message is a padded block.
    const bool whole = m_pendingOctets == BLOCK;
    if (!whole)
    {
        m_pending[m_pendingOctets] = 0x80;
        std::fill(m_pending.begin() + static_cast<ptrdiff_t>(m_pendingOctets) + 1,
                  m_pending.end(),
                  uint8_t{0});
    }
    const Bytes mask = (whole ? m_wholeMask : m_paddedMask).View();
    for (size_t i = 0; i < BLOCK; i++)
    {
        m_pending[i] ^= mask[i];
    }
    if (!Encrypt(m_pending))
    {
        return false;
    }
    std::ranges::copy(m_last, mac.begin());
    return true;
}

/// Whole blocks through the chain.
bool
AesXcbc::Encrypt(Bytes blocks)
{
    std::array<uint8_t, CHUNK_OCTETS> scratch;
    while (!blocks.empty())
    {
        const Bytes chunk = blocks.first(std::min(blocks.size(), CHUNK_OCTETS));
        int written = 0;
        if (m_chain == nullptr ||
            EVP_EncryptUpdate(m_chain.get(),
                              scratch.data(),
                              &written,
                              chunk.data(),
                              static_cast<int>(chunk.size())) != 1 ||
            static_cast<size_t>(written) != chunk.size())
        {
            return false;
        }
        std::memcpy(m_last.data(), scratch.data() + chunk.size() - BLOCK, BLOCK);
        blocks = blocks.subspan(chunk.size());
    }
    return true;
}

} // namespace ikelab::crypto
