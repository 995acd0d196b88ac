// SPDX-License-Identifier: MIT
#include "endpoint/local_addresses.h"

#include "io/ip_socket.h"
#include "wire/esp_header.h"

#include <set>

namespace ikelab::endpoint
{

void
FillLocalAddresses(ike::Config& config)
{
    for (auto& connection : config.connections)
    {
        if (!connection->localAddrs.empty() || connection->remoteAddrs.empty())
        {
            continue;
        }
        if (const auto source = io::SourceAddressFor(connection->remoteAddrs.front()))
        {
            auto filled = std::make_shared<ike::ConnectionConfig>(*connection);
            filled->localAddrs.push_back(*source);
            connection = std::move(filled);
        }
    }
}

std::vector<SocketAddress>
AddressesToBind(const ike::Config& config)
{
    std::set<IpAddress> addresses;
    std::set<uint16_t> ports{wire::NATT_PORT};
    bool any = config.connections.empty();
    for (const auto& connection : config.connections)
    {
        ports.insert(connection->localPort);
        any = any || connection->localAddrs.empty();
        for (const IpAddress& address : connection->localAddrs)
        {
            any = any || address.IsUnspecified();
            addresses.insert(address);
        }
    }
    if (any)
    {
        addresses = {IpAddress(), *IpAddress::Parse("::")};
    }
    if (config.connections.empty())
    {
        ports.insert(wire::IKE_PORT);
    }
    std::vector<SocketAddress> sockets;
    for (const IpAddress& address : addresses)
    {
        for (const uint16_t port : ports)
        {
            sockets.push_back({address, port});
        }
    }
    return sockets;
}

std::optional<IpAddress>
SourceOf(Bytes packet)
{
    constexpr size_t V4_SOURCE = 12;
    constexpr size_t V6_SOURCE = 8;
    if (packet.size() >= V4_SOURCE + 4 && packet[0] >> 4 == 4)
    {
        return IpAddress::FromOctets(packet.subspan(V4_SOURCE, 4));
    }
    if (packet.size() >= V6_SOURCE + 16 && packet[0] >> 4 == 6)
    {
        return IpAddress::FromOctets(packet.subspan(V6_SOURCE, 16));
    }
    return {};
}

} // namespace ikelab::endpoint
