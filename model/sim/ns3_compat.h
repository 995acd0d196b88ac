// SPDX-License-Identifier: GPL-2.0-only
#pragma once

/**
 * What differs between the releases of ns-3 that this room builds against, in one place.
 * IKELAB_NS3_MINOR is the 37 of 3.37, given by CMake.
 */

#ifndef IKELAB_NS3_MINOR
#error "IKELAB_NS3_MINOR must be defined: link ikelab::sim through CMake"
#endif

/// RouteInput takes its callbacks by value until 3.38 and by reference from 3.39 on.
#if IKELAB_NS3_MINOR >= 39
#define IKELAB_NS3_CALLBACK(type) const type&
#else
#define IKELAB_NS3_CALLBACK(type) type
#endif

/// Application::AssignStreams is virtual from 3.42 on.
#if IKELAB_NS3_MINOR >= 42
#define IKELAB_NS3_OVERRIDE_342 override
#else
#define IKELAB_NS3_OVERRIDE_342
#endif

namespace ns3::compat
{

/// Ethernet types. Ipv4L3Protocol::PROT_NUMBER and its siblings are deprecated from 3.49 on.
inline constexpr unsigned short ETHERTYPE_IPV4 = 0x0800;
inline constexpr unsigned short ETHERTYPE_ARP = 0x0806;
inline constexpr unsigned short ETHERTYPE_IPV6 = 0x86DD;

} // namespace ns3::compat
