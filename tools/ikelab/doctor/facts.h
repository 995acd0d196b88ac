// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "crypto/openssl_report.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a machine and this program are like, as values: gathered by one function, judged by
/// another.
namespace ikelab::tools
{

/// Who has a UDP port.
struct PortUser
{
    uint16_t port{0};
    std::string address; ///< "0.0.0.0", "::"
    std::string process; ///< "charon, process 812"; empty if we may not see it
};

/// Bits of the effective set, linux/capability.h.
enum class Capability
{
    NET_BIND_SERVICE = 10,
    NET_ADMIN = 12,
    NET_RAW = 13,
    SYS_ADMIN = 21
};

struct Facts
{
    std::string ns3Version; ///< empty: built without
    size_t scenarios{0};    ///< that `run` finds by name
    crypto::OpensslReport openssl;

    bool root{false};
    uint64_t capabilities{0};
    unsigned firstFreePort{1024}; ///< ports from here on need no right
    std::string tunProblem;       ///< empty: a TUN device could be made
    std::string namespaceProblem; ///< empty: a network namespace could be made
    bool xfrm{false};             ///< the kernel does IPsec itself
    std::vector<PortUser> portUsers;

    /// Programs by name, those that are there with their paths.
    std::map<std::string, std::string, std::less<>> programs;
    std::string tsharkVersion; ///< "4.0.17"
    std::string charonVersion; ///< "5.9.8"
    bool libipsec{false};      ///< charon's plugin for ESP in user space

    int64_t unixTime{0};
    bool clockSynchronised{false};

    bool
    Has(Capability capability) const
    {
        return (capabilities >> static_cast<unsigned>(capability) & 1) != 0;
    }

    bool
    HasProgram(std::string_view name) const
    {
        return programs.contains(name);
    }
};

/// Programs that the interoperability tests call.
std::vector<std::string> LabPrograms();

/// Look at this machine. Makes a namespace and a TUN device in it that vanish at once.
Facts GatherFacts();

// Parts of it that are worth a test.

/// The lines of /proc/net/udp or udp6 for UDP 500 and 4500; the inode of each as `process`.
std::vector<PortUser> ParseUdpTable(std::string_view text);

/// The first thing in a text that looks like 4.0.17, or empty.
std::string FindVersion(std::string_view text);

} // namespace ikelab::tools
