// SPDX-License-Identifier: MIT
#include "crypto/hash.h"

#include "crypto/context_internal.h"

namespace ikelab::crypto
{

namespace
{

template <size_t OCTETS>
Result<std::array<uint8_t, OCTETS>>
Digest(Context& context, EVP_MD* algorithm, std::initializer_list<Bytes> parts)
{
    std::array<uint8_t, OCTETS> out;
    EVP_MD_CTX* digest = context.Get().digest.get();
    if (EVP_DigestInit_ex2(digest, algorithm, nullptr) != 1)
    {
        return OpensslFailed(Fault::CRYPTO, "digest");
    }
    for (Bytes part : parts)
    {
        if (EVP_DigestUpdate(digest, part.data(), part.size()) != 1)
        {
            return OpensslFailed(Fault::CRYPTO, "digest");
        }
    }
    if (EVP_DigestFinal_ex(digest, out.data(), nullptr) != 1)
    {
        return OpensslFailed(Fault::CRYPTO, "digest");
    }
    return out;
}

} // namespace

Result<std::array<uint8_t, 20>>
Sha1(Context& context, std::initializer_list<Bytes> parts)
{
    return Digest<20>(context, context.Get().sha1.get(), parts);
}

Result<std::array<uint8_t, 32>>
Sha256(Context& context, std::initializer_list<Bytes> parts)
{
    return Digest<32>(context, context.Get().sha256.get(), parts);
}

} // namespace ikelab::crypto
