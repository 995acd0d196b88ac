// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "sim/ipsec_helper.h"
#include "sim/link_tap.h"
#include "sim/testing/site_to_site.h"

#include <functional>
#include <memory>
#include <optional>

namespace ns3::testing
{

/// The topology with real gateways on moon and sun.
class GatewaySites
{
  public:
    using Configure = std::function<
        void(SiteToSite& sites, ikelab::gateway::Config& moon, ikelab::gateway::Config& sun)>;

    explicit GatewaySites(const SiteToSite::Options& options, const Configure& configure = {});

    /// Show every frame of every link from now on.
    void Watch(LinkTap::Sink onFrame);
    /// Run for so long from now.
    void Run(double seconds);

    /// One OpenSSL for all tests of the program.
    static std::shared_ptr<ikelab::crypto::Context> SharedContext();

    SiteToSite sites;
    Ptr<IkeApplication> moon;
    Ptr<IkeApplication> sun;

  private:
    std::optional<LinkTap> m_tap; ///< only if somebody looks: it costs a copy of each frame
};

/// Change the first child of the first connection.
void ChangeChild(ikelab::gateway::Config& config,
                 const std::function<void(ikelab::ike::ChildConfig& child)>& change);

/// The first child protects what two addresses say to each other, in transport mode.
void MakeTransport(ikelab::gateway::Config& config,
                   const ikelab::IpAddress& local,
                   const ikelab::IpAddress& remote);

} // namespace ns3::testing
