// SPDX-License-Identifier: MIT
#include "dissect/cipher_cache.h"

namespace ikelab::dissect
{

CipherCache::CipherCache(crypto::Context& context) : m_context(context)
{
}

crypto::PacketCipher&
CipherCache::Get(const OpeningKeys& keys)
{
    const Key key{keys.encr, keys.integ, keys.encrKey.data(), keys.integKey.data()};
    if (const auto known = m_entries.find(key); known != m_entries.end())
    {
        m_recent.splice(m_recent.begin(), m_recent, known->second);
        return m_recent.front().cipher;
    }
    if (m_recent.size() >= MOST)
    {
        m_entries.erase(m_recent.back().key);
        m_recent.pop_back();
    }
    m_recent.push_front({key,
                         crypto::PacketCipher(m_context,
                                              crypto::PacketCipher::Direction::OPEN,
                                              *keys.encr,
                                              keys.integ,
                                              keys.encrKey,
                                              keys.integKey)});
    m_entries.emplace(key, m_recent.begin());
    return m_recent.front().cipher;
}

} // namespace ikelab::dissect
