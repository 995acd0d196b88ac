// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/ipsec_engine.h"
#include "sim/ipsec_stack.h"

#include <cstdint>
#include <string>
#include <vector>

namespace ns3::testing
{

/**
 * An engine without keys for tests of the hooks: one tunnel between two nets, "encrypted" by an
 * exclusive or, so that no octet stays as it was. What it protects is a rule of addresses alone.
 */
class ToyEngine final : public IpsecEngine
{
  public:
    ToyEngine(const std::string& localNet, const std::string& remoteNet, const ikelab::Path& path);

    bool up{true}; ///< false: protected packets are held
    bool udpEncapsulation{false};
    bool discardRest{false}; ///< what matches no rule
    unsigned protectedPackets{0};
    unsigned openedPackets{0};
    unsigned refusedClear{0};
    unsigned settled{0};
    std::vector<ikelab::Buffer> held;
    std::vector<ikelab::gateway::Origin> origins;

    ikelab::gateway::Verdict Outbound(ikelab::gateway::Origin origin,
                                      ikelab::PacketBuffer& packet,
                                      ikelab::gateway::Outgoing& outgoing) override;
    ikelab::gateway::Verdict InboundClear(ikelab::Bytes packet) override;
    bool AdmitsClear(ikelab::Bytes quoted) const override;
    ikelab::gateway::Verdict Udp(const ikelab::gateway::Arrival& arrival,
                                 ikelab::PacketBuffer& datagram) override;
    ikelab::gateway::Verdict Esp(const ikelab::gateway::Arrival& arrival,
                                 ikelab::PacketBuffer& packet) override;
    ikelab::gateway::Verdict Ah(const ikelab::gateway::Arrival& arrival,
                                ikelab::PacketBuffer& packet) override;
    void Settle() override;
    bool TakesPort(uint16_t port) const override;
    std::optional<ikelab::IpAddress> PreferSource(
        const ikelab::IpAddress& destination,
        const std::vector<ikelab::IpAddress>& locals) const override;

  private:
    ikelab::IpRange m_local;
    ikelab::IpRange m_remote;
    ikelab::Path m_path;
};

} // namespace ns3::testing
