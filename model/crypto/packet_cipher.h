// SPDX-License-Identifier: MIT
#pragma once

#include "base/random_source.h"
#include "base/result.h"
#include "crypto/algorithms.h"
#include "crypto/context.h"
#include "crypto/secret_bytes.h"

#include <memory>
#include <optional>

namespace ikelab::crypto
{

/**
 * Protects packets of one direction of one SA, in place. IKE's Encrypted payload and ESP share its
 * layout:
 *
 *     | head, authenticated | IV | text, encrypted | ICV |
 *
 * With an implicit IV (RFC 8750) none is sent, and the head ends with the sequence number. AEADs
 * authenticate the head as associated data (RFC 5282 §5.1, RFC 4106 §5), GMAC the IV and the
 * text too, which it leaves plain (RFC 4543 §3.3); the others encrypt and then authenticate head,
 * IV and ciphertext (RFC 7296 §3.14, RFC 4303 §3.3.2). The OpenSSL contexts are keyed once, at
 * first use, and may be dropped while the SA idles.
 */
class PacketCipher
{
  public:
    enum class Direction
    {
        SEAL,
        OPEN
    };

    /**
     * @param encr  row of the cipher
     * @param integ row of the integrity algorithm; nullptr with AEADs, needed otherwise
     * @param encrKey encr.MaterialOctets() octets, the salt last
     * @param integKey integ->keyOctets octets, empty with AEADs
     * With sizes that do not fit the rows, Seal and Open answer BAD_VALUE.
     */
    PacketCipher(Context& context,
                 Direction direction,
                 const EncrRow& encr,
                 const IntegRow* integ,
                 Bytes encrKey,
                 Bytes integKey);
    PacketCipher(PacketCipher&&) noexcept;
    PacketCipher& operator=(PacketCipher&&) noexcept;
    ~PacketCipher();

    size_t IvOctets() const;
    size_t IcvOctets() const;
    /// Plaintext must be a multiple of this.
    size_t BlockOctets() const;

    /**
     * Fill the IV field: CBC gets random octets, the others `counter` (unique per key, RFC 4106
     * §3.1, RFC 3686 §3.1).
     */
    void WriteIv(MutableBytes iv, uint64_t counter, RandomSource& random) const;

    /**
     * Encrypt and authenticate in place.
     * @param packet head, IV, text and room for the ICV
     * @param headOctets octets of the head
     * @param esnHigh high half of the sequence number with ESN: authenticated, not sent (RFC 4303
     * §2.2.1)
     * @return TRUNCATED and BAD_VALUE as Open does
     */
    Result<void> Seal(MutableBytes packet, size_t headOctets, std::optional<uint32_t> esnHigh = {});

    /**
     * Verify and decrypt in place: the text is plain afterwards.
     * @return TRUNCATED if too short for head, IV and ICV, BAD_VALUE if not a multiple of the
     * block, INTEGRITY if the ICV does not verify (the text is then undefined)
     */
    Result<void> Open(MutableBytes packet, size_t headOctets, std::optional<uint32_t> esnHigh = {});

    /// Free the OpenSSL contexts; the next packet makes them again.
    void DropContexts();

  private:
    Result<void> Check(MutableBytes packet, size_t headOctets, Direction direction) const;

    struct State;
    std::unique_ptr<State> m_state;
};

/**
 * Decrypt in place what nobody verifies: for readers of captures whose integrity algorithm or key
 * is unknown, or whose ICV is wrong. Never for traffic.
 * @param encrKey row.MaterialOctets() octets, the salt last
 * @param iv row.ivOctets octets
 * @return BAD_VALUE for other sizes, for a text that is no multiple of the block, and for AEADs,
 * which give nothing away unverified
 */
Result<void> DecryptUnchecked(Context& context,
                              const EncrRow& row,
                              Bytes encrKey,
                              Bytes iv,
                              MutableBytes text);

} // namespace ikelab::crypto
