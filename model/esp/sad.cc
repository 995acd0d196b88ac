// SPDX-License-Identifier: MIT
#include "esp/sad.h"

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
    m_bySpi.erase(found->second->inbound.Spi());
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
Sad::Find(ChildSaId id) const
{
    const auto found = m_byId.find(id);
    return found == m_byId.end() ? nullptr : found->second.get();
}

} // namespace ikelab::esp
