// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/ip_address.h"
#include "esp/ah_inbound.h"
#include "esp/ah_outbound.h"
#include "esp/inbound_sa.h"
#include "esp/outbound_sa.h"
#include "esp/selector_set.h"
#include "esp/traffic_flow.h"
#include "wire/iana.h"

#include <memory>
#include <unordered_map>
#include <utility>
#include <variant>

namespace ikelab::esp
{

/// One direction of a Child SA, with ESP or with AH.
template <typename EspSa, typename AhSa>
class Half
{
  public:
    Half(EspSa sa) : m_sa(std::move(sa))
    {
    }

    Half(AhSa sa) : m_sa(std::move(sa))
    {
    }

    /// nullptr if it is AH.
    EspSa*
    Esp()
    {
        return std::get_if<EspSa>(&m_sa);
    }

    /// nullptr if it is ESP.
    AhSa*
    Ah()
    {
        return std::get_if<AhSa>(&m_sa);
    }

    /// work(sa) with the one that it is.
    template <typename Work>
    auto
    Visit(const Work& work)
    {
        return std::visit(work, m_sa);
    }

    template <typename Work>
    auto
    Visit(const Work& work) const
    {
        return std::visit(work, m_sa);
    }

    EspSpi
    Spi() const
    {
        return std::visit([](const auto& sa) { return sa.Spi(); }, m_sa);
    }

    Lifetime&
    GetLifetime()
    {
        return std::visit([](auto& sa) -> Lifetime& { return sa.GetLifetime(); }, m_sa);
    }

    void
    DropContexts()
    {
        std::visit([](auto& sa) { sa.DropContexts(); }, m_sa);
    }

  private:
    std::variant<EspSa, AhSa> m_sa;
};

/// Both halves of a Child SA and where its packets go.
struct ChildSa
{
    ChildSaId id;
    TrafficSelectors selectors;
    Path path;                    ///< tunnel ends; ports count with UDP encapsulation
    bool udpEncapsulation{false}; ///< RFC 3948
    Half<InboundSa, AhInbound> inbound;
    Half<OutboundSa, AhOutbound> outbound;
    /// The peers agreed on later fragments although the selectors ask for ports (RFC 4301 §7.3).
    bool nonFirstFragments{false};
    /// Transport mode through a NAT: packets leave with the ends of the path, whatever those of
    /// the selectors are.
    bool endsOfPath{false};
    /// Only where something is hidden: else packets ask no more than this.
    std::unique_ptr<TrafficFlow> flow{};
    /// What it seals passes through policy again, and may go into another SA (RFC 4301 appendix E).
    bool nested{false};
    uint32_t ifIdIn{0}; ///< route-based: the interface that packets come out of
};

/**
 * The SAD: every SA with keys, found in O(1) by SPI for packets that come (unicast SAs need no
 * address, and ours are of one space for ESP and AH, RFC 4301 §4.1) and by number for packets that
 * leave. Iteration order is never used.
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
    /// The SA that sends with this protocol and SPI between these ends; peers choose such SPIs, so
    /// others may have the same.
    ChildSa* FindOutbound(wire::ProtocolId protocol,
                          EspSpi spi,
                          const IpAddress& local,
                          const IpAddress& remote) const;

    size_t
    Size() const
    {
        return m_byId.size();
    }

  private:
    std::unordered_map<ChildSaId, std::unique_ptr<ChildSa>> m_byId;
    std::unordered_map<EspSpi, ChildSa*> m_bySpi;
    std::unordered_multimap<EspSpi, ChildSa*> m_byOutboundSpi;
};

} // namespace ikelab::esp
