// SPDX-License-Identifier: MIT
#include "crypto/secret_bytes.h"

#include <openssl/crypto.h>

namespace ikelab::crypto
{

SecretBytes::SecretBytes(size_t octets) : m_octets(octets)
{
}

SecretBytes::SecretBytes(Bytes octets) : m_octets(octets.begin(), octets.end())
{
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept : m_octets(std::move(other.m_octets))
{
    other.m_octets.clear();
}

SecretBytes&
SecretBytes::operator=(SecretBytes&& other) noexcept
{
    if (this != &other)
    {
        Wipe();
        m_octets = std::move(other.m_octets);
        other.m_octets.clear();
    }
    return *this;
}

SecretBytes::~SecretBytes()
{
    Wipe();
}

void
SecretBytes::Wipe()
{
    if (!m_octets.empty())
    {
        OPENSSL_cleanse(m_octets.data(), m_octets.size());
    }
}

bool
SameSecret(Bytes left, Bytes right)
{
    if (left.size() != right.size())
    {
        return false;
    }
    return left.empty() || CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

} // namespace ikelab::crypto
