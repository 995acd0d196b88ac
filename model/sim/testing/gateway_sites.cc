// SPDX-License-Identifier: GPL-2.0-only
#include "sim/testing/gateway_sites.h"

#include "ns3/simulator.h"

namespace ns3::testing
{

GatewaySites::GatewaySites(const SiteToSite::Options& options, const Configure& configure)
    : sites(options)
{
    auto moonConfig = sites.MoonConfig();
    auto sunConfig = sites.SunConfig();
    if (configure)
    {
        configure(sites, moonConfig, sunConfig);
    }
    IpsecHelper helper;
    helper.SetContext(SharedContext());
    moon = helper.Install(sites.moon, std::move(moonConfig));
    sun = helper.Install(sites.sun, std::move(sunConfig));
    ApplicationContainer gateways(moon);
    gateways.Add(sun);
    IpsecHelper::AssignStreams(gateways, 100);
    gateways.Start(Seconds(1));
}

void
GatewaySites::Watch(LinkTap::Sink onFrame)
{
    m_tap.emplace(std::move(onFrame));
    m_tap->WatchAll();
}

void
GatewaySites::Run(double seconds)
{
    Simulator::Stop(Seconds(seconds));
    Simulator::Run();
}

std::shared_ptr<ikelab::crypto::Context>
GatewaySites::SharedContext()
{
    static auto context = std::make_shared<ikelab::crypto::Context>();
    return context;
}

void
ChangeChild(ikelab::gateway::Config& config,
            const std::function<void(ikelab::ike::ChildConfig& child)>& change)
{
    auto& shared = config.ike.connections.front();
    auto connection = std::make_shared<ikelab::ike::ConnectionConfig>(*shared);
    change(connection->children.front());
    shared = connection;
}

void
MakeTransport(ikelab::gateway::Config& config,
              const ikelab::IpAddress& local,
              const ikelab::IpAddress& remote)
{
    ChangeChild(config,
                [&](ikelab::ike::ChildConfig& child)
                {
                    child.mode = ikelab::ike::Mode::TRANSPORT;
                    child.localTs = {ikelab::Selector{{local, local}}};
                    child.remoteTs = {ikelab::Selector{{remote, remote}}};
                });
}

} // namespace ns3::testing
