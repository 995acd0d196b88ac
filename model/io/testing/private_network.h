// SPDX-License-Identifier: MIT
#pragma once

#include "io/file_descriptor.h"

#include <cstring>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace ikelab::io::testing
{

/// A network of this thread's own, with a loopback that is up, as long as it lives.
class PrivateNetwork
{
  public:
    PrivateNetwork() : m_before(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC))
    {
        m_made = m_before.IsOpen() && ::unshare(CLONE_NEWNET) == 0;
        if (m_made)
        {
            const FileDescriptor control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
            ifreq request{};
            std::strcpy(request.ifr_name, "lo");
            request.ifr_flags = IFF_UP;
            ::ioctl(control.Get(), SIOCSIFFLAGS, &request);
        }
    }

    ~PrivateNetwork()
    {
        if (m_made)
        {
            ::setns(m_before.Get(), CLONE_NEWNET);
        }
    }

    PrivateNetwork(const PrivateNetwork&) = delete;
    PrivateNetwork& operator=(const PrivateNetwork&) = delete;

    /// False without the privilege (CAP_SYS_ADMIN).
    bool
    Made() const
    {
        return m_made;
    }

  private:
    FileDescriptor m_before;
    bool m_made{false};
};

} // namespace ikelab::io::testing
