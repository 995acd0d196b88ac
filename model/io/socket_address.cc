// SPDX-License-Identifier: MIT
#include "io/socket_address.h"

#include <algorithm>
#include <cstring>

namespace ikelab::io
{

SystemAddress::SystemAddress(const SocketAddress& address)
{
    const Bytes octets = address.address.Octets();
    if (address.address.IsV4())
    {
        sockaddr_in v4{};
        v4.sin_family = AF_INET;
        v4.sin_port = htons(address.port);
        std::memcpy(&v4.sin_addr, octets.data(), octets.size());
        length = sizeof v4;
        std::memcpy(&storage, &v4, sizeof v4);
    }
    else
    {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(address.port);
        std::memcpy(&v6.sin6_addr, octets.data(), octets.size());
        length = sizeof v6;
        std::memcpy(&storage, &v6, sizeof v6);
    }
}

SocketAddress
FromSystem(const sockaddr_storage& address)
{
    if (address.ss_family == AF_INET)
    {
        sockaddr_in v4;
        std::memcpy(&v4, &address, sizeof v4);
        return {FromSystem(v4.sin_addr), ntohs(v4.sin_port)};
    }
    if (address.ss_family == AF_INET6)
    {
        sockaddr_in6 v6;
        std::memcpy(&v6, &address, sizeof v6);
        return {FromSystem(v6.sin6_addr), ntohs(v6.sin6_port)};
    }
    return {};
}

IpAddress
FromSystem(const in_addr& address)
{
    return IpAddress::V4(ntohl(address.s_addr));
}

IpAddress
FromSystem(const in6_addr& address)
{
    return IpAddress::FromOctets({address.s6_addr, sizeof address.s6_addr});
}

} // namespace ikelab::io
