// SPDX-License-Identifier: MIT
#include "esp/sad.h"

#include <algorithm>
#include <utility>

namespace ikelab::esp
{

ChildSa*
Sad::Install(std::unique_ptr<ChildSa> sa)
{
    if (m_byId.contains(sa->id) || m_bySpi.contains(sa->inbound.Spi()))
    {
        return nullptr;
    }
    ChildSa* const place = sa.get();
    m_bySpi.emplace(place->inbound.Spi(), place);
    m_byOutboundSpi.emplace(place->outbound.Spi(), place);
    m_byId.emplace(place->id, std::move(sa));
    return place;
}

bool
Sad::Remove(ChildSaId id)
{
    const auto found = m_byId.find(id);
    if (found == m_byId.end())
    {
        return false;
    }
    ChildSa* const sa = found->second.get();
    m_bySpi.erase(sa->inbound.Spi());
    const auto [first, last] = m_byOutboundSpi.equal_range(sa->outbound.Spi());
    m_byOutboundSpi.erase(
        std::find_if(first, last, [sa](const auto& entry) { return entry.second == sa; }));
    m_byId.erase(found);
    return true;
}

ChildSa*
Sad::FindInbound(EspSpi spi) const
{
    const auto found = m_bySpi.find(spi);
    return found == m_bySpi.end() ? nullptr : found->second;
}

ChildSa*
Sad::FindOutbound(wire::ProtocolId protocol,
                  EspSpi spi,
                  const IpAddress& local,
                  const IpAddress& remote) const
{
    const bool ah = protocol == wire::ProtocolId::AH;
    const auto [first, last] = m_byOutboundSpi.equal_range(spi);
    const auto found = std::find_if(first,
                                    last,
                                    [&](const auto& entry)
                                    {
                                        const Path& path = entry.second->path;
                                        return (entry.second->outbound.Ah() != nullptr) == ah &&
                                               path.local.address == local &&
                                               path.remote.address == remote;
                                    });
    return found == last ? nullptr : found->second;
}

ChildSa*
Sad::Find(ChildSaId id) const
{
    const auto found = m_byId.find(id);
    return found == m_byId.end() ? nullptr : found->second.get();
}

} // namespace ikelab::esp
