// SPDX-License-Identifier: MIT
#pragma once

#include "io/file_descriptor.h"
#include "io/system_error.h"

#include <string>

namespace ikelab::io
{

/// A TAP device that somebody made, and where.
struct TapPlace
{
    std::string device; ///< "tap0"
    std::string
        netns; ///< a name that `ip netns` knows or a path; empty is our own network namespace
};

/**
 * Take the other end of a TAP device: Ethernet frames that the system sends into it are read from
 * the descriptor, what is written there arrives at the system. The device must exist, because its
 * addresses and routes are its owner's business; it stays when the descriptor is closed.
 * @return a blocking descriptor; errors name the device and the remedy
 */
SystemResult<FileDescriptor> AttachTap(const TapPlace& place);

} // namespace ikelab::io
