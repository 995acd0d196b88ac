// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "crypto/algorithms.h"
#include "crypto/context.h"
#include "crypto/packet_cipher.h"

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <tuple>

namespace ikelab::dissect
{

/// Keys of one direction, borrowed from a row of the key store.
struct OpeningKeys
{
    const crypto::EncrRow* encr{nullptr};
    const crypto::IntegRow* integ{nullptr};
    std::optional<size_t> uncheckedIcvOctets; ///< instead of integ
    Bytes encrKey;
    Bytes integKey;
};

/**
 * Keyed ciphers of the SAs that were read last: the packets of an SA come in runs, and keying a
 * cipher costs more than opening a small packet. Bounded, because a table may hold a million rows;
 * the one that was not used for longest goes first.
 */
class CipherCache
{
  public:
    /// SAs that are read at the same time; a cipher is some kilobytes.
    static constexpr size_t MOST = 256;

    /// The context must outlive this.
    explicit CipherCache(crypto::Context& context);

    /**
     * The cipher of these keys, for opening. Keys are told apart by where they stand, so that no
     * copy of them is compared or kept: they must stay there for as long as this lives.
     * @return good until the next call
     */
    crypto::PacketCipher& Get(const OpeningKeys& keys);

    crypto::Context&
    Context()
    {
        return m_context;
    }

    size_t
    Size() const
    {
        return m_recent.size();
    }

  private:
    using Key =
        std::tuple<const crypto::EncrRow*, const crypto::IntegRow*, const uint8_t*, const uint8_t*>;

    struct Entry
    {
        Key key;
        crypto::PacketCipher cipher;
    };

    crypto::Context& m_context;
    std::list<Entry> m_recent; ///< the last that was used first
    std::map<Key, std::list<Entry>::iterator> m_entries;
};

} // namespace ikelab::dissect
