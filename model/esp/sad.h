// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/ip_address.h"
#include "esp/inbound_sa.h"
#include "esp/outbound_sa.h"
#include "esp/selector_set.h"

#include <memory>
#include <unordered_map>

namespace ikelab::esp
{

/// Both halves of a Child SA and where its packets go.
struct ChildSa
{
    ChildSaId id;
    TrafficSelectors selectors;
    Path path;                    ///< tunnel ends; ports count with UDP encapsulation
    bool udpEncapsulation{false}; ///< RFC 3948
    InboundSa inbound;
    OutboundSa outbound;
};

/**
 * The SAD: every SA with keys, found in O(1) by SPI for packets that come (unicast SAs need no
 * address, RFC 4301 §4.1) and by number for packets that leave. Iteration order is never used.
 */
class Sad
{
  public:
    /// @return the SA in its place, or nullptr if its number or inbound SPI is taken
    ChildSa* Install(std::unique_ptr<ChildSa> sa);
    /// False if there was none.
    bool Remove(ChildSaId id);

    ChildSa* FindInbound(EspSpi spi) const;
    ChildSa* Find(ChildSaId id) const;

    size_t
    Size() const
    {
        return m_byId.size();
    }

  private:
    std::unordered_map<ChildSaId, std::unique_ptr<ChildSa>> m_byId;
    std::unordered_map<EspSpi, ChildSa*> m_bySpi;
};

} // namespace ikelab::esp
