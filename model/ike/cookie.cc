// SPDX-License-Identifier: MIT
#include "ike/cookie.h"

#include "base/byte_writer.h"
#include "crypto/hash.h"
#include "crypto/secret_bytes.h"

namespace ikelab::ike
{

namespace
{

/// Long enough for a round trip and its retransmissions, short enough that stolen cookies age.
constexpr Duration SECRET_LIFETIME = std::chrono::seconds(60);

} // namespace

CookieJar::CookieJar(crypto::Context& context, RandomSource& random)
    : m_context(context),
      m_random(random)
{
}

void
CookieJar::Renew(Instant now)
{
    if (m_baked && now < m_renewAt)
    {
        return;
    }
    // After a pause of two lifetimes the old secret is as old as it must not be: replace both.
    const bool stale = !m_baked || now >= m_renewAt + SECRET_LIFETIME;
    m_previous = m_current;
    if (stale)
    {
        m_random.Fill(m_previous.octets);
    }
    m_current.version = static_cast<uint8_t>(m_previous.version + 1);
    m_random.Fill(m_current.octets);
    m_baked = true;
    m_renewAt = now + SECRET_LIFETIME;
}

Result<Buffer>
CookieJar::BakeWith(const Secret& secret, const SocketAddress& initiator, IkeSpi spi, Bytes nonce)
{
    ByteWriter writer;
    writer.U16(initiator.port);
    writer.U64(spi.value);
    TRY_ASSIGN(const auto digest,
               crypto::Sha256(m_context,
                              {nonce, initiator.address.Octets(), writer.View(), secret.octets}));
    Buffer cookie{secret.version};
    Append(cookie, digest);
    return cookie;
}

Result<Buffer>
CookieJar::Bake(Instant now, const SocketAddress& initiator, IkeSpi spi, Bytes nonce)
{
    Renew(now);
    return BakeWith(m_current, initiator, spi, nonce);
}

bool
CookieJar::Check(Instant now, const SocketAddress& initiator, IkeSpi spi, Bytes nonce, Bytes cookie)
{
    Renew(now);
    if (cookie.empty())
    {
        return false;
    }
    for (const Secret* secret : {&m_current, &m_previous})
    {
        if (secret->version != cookie[0])
        {
            continue;
        }
        const auto expected = BakeWith(*secret, initiator, spi, nonce);
        return expected && crypto::SameSecret(*expected, cookie);
    }
    return false;
}

} // namespace ikelab::ike
