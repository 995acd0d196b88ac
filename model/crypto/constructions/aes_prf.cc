// SPDX-License-Identifier: MIT
#include "crypto/constructions/aes_prf.h"

#include "crypto/constructions/aes_xcbc.h"
#include "crypto/secret_bytes.h"

#include <algorithm>
#include <array>

namespace ikelab::crypto
{

bool
SetPrfKey(Mac& mac, Bytes key)
{
    constexpr size_t KEY_OCTETS = AesXcbc::BLOCK_OCTETS;
    if (mac.Kind() == MacKind::HMAC || key.size() == KEY_OCTETS)
    {
        return mac.SetKey(key);
    }
    SecretBytes fitted(KEY_OCTETS);
    if (mac.Kind() == MacKind::XCBC && key.size() < KEY_OCTETS)
    {
        std::ranges::copy(key, fitted.Writable().begin());
        return mac.SetKey(fitted.View());
    }
    constexpr std::array<uint8_t, KEY_OCTETS> ZERO_KEY{};
    return mac.SetKey(ZERO_KEY) && mac.Update(key) && mac.Finish(fitted.Writable()) &&
           mac.SetKey(fitted.View());
}

} // namespace ikelab::crypto
