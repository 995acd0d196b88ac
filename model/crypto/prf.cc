// SPDX-License-Identifier: MIT
#include "crypto/prf.h"

#include "base/assert.h"
#include "crypto/context_internal.h"

#include <algorithm>
#include <array>

namespace ikelab::crypto
{

namespace
{

/// prf(key, head | parts | tail) into `out`, which holds the output's octets.
Result<void>
Compute(EVP_MAC_CTX* mac,
        Bytes key,
        Bytes head,
        std::initializer_list<Bytes> parts,
        Bytes tail,
        MutableBytes out)
{
    // A null pointer would mean "the key from before", so an empty key needs an address.
    static constexpr uint8_t NO_KEY = 0;
    const uint8_t* keyData = key.empty() ? &NO_KEY : key.data();
    bool good = EVP_MAC_init(mac, keyData, key.size(), nullptr) == 1;
    const auto update = [&good, mac](Bytes part)
    {
        good = good && (part.empty() || EVP_MAC_update(mac, part.data(), part.size()) == 1);
    };
    update(head);
    std::ranges::for_each(parts, update);
    update(tail);
    size_t written = 0;
    if (!good || EVP_MAC_final(mac, out.data(), &written, out.size()) != 1 || written != out.size())
    {
        return OpensslFailed(Fault::CRYPTO, "prf");
    }
    return {};
}

} // namespace

Result<SecretBytes>
ComputePrf(Context& context, const PrfRow& row, Bytes key, std::initializer_list<Bytes> parts)
{
    SecretBytes out(size_t{row.outputOctets});
    TRY(Compute(context.Get().Prf(row), key, {}, parts, {}, out.Writable()));
    return out;
}

Result<SecretBytes>
ComputePrfPlus(Context& context,
               const PrfRow& row,
               Bytes key,
               std::initializer_list<Bytes> parts,
               size_t octets)
{
    const size_t blockOctets = row.outputOctets;
    const size_t blocks = (octets + blockOctets - 1) / blockOctets;
    if (blocks > 255)
    {
        return Fail(Fault::LIMIT, "prf+"); // RFC 7296 §2.13: the block counter is one octet
    }
    EVP_MAC_CTX* mac = context.Get().Prf(row);
    SecretBytes stream(blocks * blockOctets);
    Bytes before;
    for (size_t block = 0; block < blocks; block++)
    {
        const auto counter = static_cast<uint8_t>(block + 1);
        MutableBytes out = stream.Writable().subspan(block * blockOctets, blockOctets);
        TRY(Compute(mac, key, before, parts, Bytes(&counter, 1), out));
        before = out;
    }
    return SecretBytes(stream.View().first(octets));
}

} // namespace ikelab::crypto
