// SPDX-License-Identifier: MIT
#include "crypto/prf.h"

#include "crypto/constructions/aes_prf.h"
#include "crypto/context_internal.h"

#include <algorithm>

namespace ikelab::crypto
{

namespace
{

/// head | parts | tail through a MAC that begins a message; `out` holds the output's octets.
bool
Compute(Mac& mac, Bytes head, std::initializer_list<Bytes> parts, Bytes tail, MutableBytes out)
{
    return mac.Update(head) &&
           std::ranges::all_of(parts, [&mac](Bytes part) { return mac.Update(part); }) &&
           mac.Update(tail) && mac.Finish(out);
}

} // namespace

Result<SecretBytes>
ComputePrf(Context& context, const PrfRow& row, Bytes key, std::initializer_list<Bytes> parts)
{
    SecretBytes out(size_t{row.outputOctets});
    Mac& mac = context.Get().Prf(row);
    if (!SetPrfKey(mac, key) || !Compute(mac, {}, parts, {}, out.Writable()))
    {
        return OpensslFailed(Fault::CRYPTO, "prf");
    }
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
    Mac& mac = context.Get().Prf(row);
    SecretBytes stream(blocks * blockOctets);
    Bytes before;
    for (size_t block = 0; block < blocks; block++)
    {
        const auto counter = static_cast<uint8_t>(block + 1);
        MutableBytes out = stream.Writable().subspan(block * blockOctets, blockOctets);
        const bool begun = block == 0 ? SetPrfKey(mac, key) : mac.Restart();
        if (!begun || !Compute(mac, before, parts, Bytes(&counter, 1), out))
        {
            return OpensslFailed(Fault::CRYPTO, "prf+");
        }
        before = out;
    }
    return SecretBytes(stream.View().first(octets));
}

} // namespace ikelab::crypto
