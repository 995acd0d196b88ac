// SPDX-License-Identifier: MIT
#pragma once

#include "base/ip_address.h"

#include <netinet/in.h>
#include <sys/socket.h>

/// Between base's addresses and the system's.
namespace ikelab::io
{

/// A sockaddr_in or sockaddr_in6 with its length.
struct SystemAddress
{
    sockaddr_storage storage{};
    socklen_t length{0};

    explicit SystemAddress(const SocketAddress& address);

    const sockaddr*
    Get() const
    {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

/// 0.0.0.0[0] for any other family.
SocketAddress FromSystem(const sockaddr_storage& address);
IpAddress FromSystem(const in_addr& address);
IpAddress FromSystem(const in6_addr& address);

} // namespace ikelab::io
