// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/ip_address.h"
#include "base/random_source.h"
#include "base/result.h"
#include "crypto/context.h"
#include "wire/message.h"

#include <array>

namespace ikelab::ike
{

/**
 * Stateless cookies against forged sources, RFC 7296 §2.6: a version octet and
 * SHA-256(Ni | initiator's address and port | SPIi | secret). The secret changes with time; the one
 * before is honoured once more.
 */
class CookieJar
{
  public:
    CookieJar(crypto::Context& context, RandomSource& random);

    Result<Buffer> Bake(Instant now, const SocketAddress& initiator, IkeSpi spi, Bytes nonce);
    bool Check(Instant now, const SocketAddress& initiator, IkeSpi spi, Bytes nonce, Bytes cookie);

  private:
    struct Secret
    {
        uint8_t version{0};
        std::array<uint8_t, 32> octets{};
    };

    void Renew(Instant now);
    Result<Buffer> BakeWith(const Secret& secret,
                            const SocketAddress& initiator,
                            IkeSpi spi,
                            Bytes nonce);

    crypto::Context& m_context;
    RandomSource& m_random;
    Secret m_current;
    Secret m_previous;
    bool m_baked{false};
    Instant m_renewAt{};
};

} // namespace ikelab::ike
