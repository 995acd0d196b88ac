// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "io/file_descriptor.h"
#include "io/system_error.h"

#include <optional>
#include <string>
#include <string_view>

namespace ikelab::io
{

/**
 * A TUN device: what the system routes to it is read here as IP packets, what is written here
 * arrives at the system from it. It goes when this object does, and its routes with it.
 */
class TunDevice
{
  public:
    /**
     * Make the device and bring it up. Needs CAP_NET_ADMIN.
     * @param name "ikelab0", or with "%d" for a number that is free
     * @param mtu  octets of the largest packet that the system may send into it
     */
    static SystemResult<TunDevice> Open(std::string_view name, unsigned mtu);

    /// The next packet that waits, a part of the room, or nothing.
    SystemResult<std::optional<MutableBytes>> Read(MutableBytes room);

    /// Hand a packet to the system, as if it had come from a wire.
    SystemResult<void> Write(Bytes packet);

    const std::string&
    Name() const
    {
        return m_name;
    }

    /// The system's number of the interface.
    unsigned
    Index() const
    {
        return m_index;
    }

    int
    Descriptor() const
    {
        return m_file.Get();
    }

  private:
    TunDevice(FileDescriptor file, std::string name);

    SystemResult<void> BringUp(unsigned mtu);

    FileDescriptor m_file;
    std::string m_name;
    unsigned m_index{0};
};

} // namespace ikelab::io
