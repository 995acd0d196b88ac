// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "esp/sad.h"
#include "esp/spd.h"
#include "gateway/config.h"
#include "ike/event.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::gateway
{

/// One configured child as policy sees it: its selectors, the SAs that serve them now and packets
/// that wait for one.
struct ChildPolicy
{
    std::shared_ptr<const ike::ConnectionConfig> connection;
    const ike::ChildConfig* child{nullptr};
    Selectors local;
    Selectors remote;
    bool trapped{false};              ///< traffic without an SA asks for one
    std::vector<ChildSaId> installed; ///< oldest first
    std::deque<Buffer> held;

    std::string
    FullName() const
    {
        return connection->name + "/" + child->name;
    }
};

/**
 * The children of all connections in their order, and the SPD that they make together with the
 * configured rules (RFC 4301 §4.4.1): those first, then one PROTECT rule per child.
 */
class ChildPolicies
{
  public:
    explicit ChildPolicies(const Config& config);

    /// By "connection/child" or the child's name alone if only one has it; NOT_FOUND or BAD_VALUE.
    Result<ChildPolicy*> FindByName(std::string_view name);
    ChildPolicy* Find(std::string_view connection, std::string_view child);

    /// The rule for a packet; nullptr if none matches.
    const esp::Policy*
    Match(const esp::PacketInfo& packet, bool outbound) const
    {
        return outbound ? m_spd.MatchOutbound(packet) : m_spd.MatchInbound(packet);
    }

    /// The child that a PROTECT rule stands for.
    ChildPolicy&
    Of(const esp::Policy& rule)
    {
        return m_policies[rule.tag];
    }

    /// A child without selectors of its own covers what was negotiated.
    void Adopt(ChildPolicy& policy, const ike::ChildSaInstalled& installed);

    std::deque<ChildPolicy>&
    All()
    {
        return m_policies;
    }

  private:
    void Rebuild();

    const Config& m_config;
    std::deque<ChildPolicy> m_policies;
    esp::Spd m_spd;
};

} // namespace ikelab::gateway
