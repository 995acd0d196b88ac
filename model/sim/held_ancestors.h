// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"

#include "ns3/packet.h"

#include <deque>

namespace ns3
{

/**
 * What became of held packets in ns-3, for the engine keeps octets alone: those that come back get
 * the tags of what they were. Bounded, as the engine drops some without a word.
 */
class HeldAncestors
{
  public:
    /// @param ancestor nullptr or without tags: nothing is to be kept
    void Keep(ikelab::Bytes packet, const Packet* ancestor);
    /// The oldest of these octets; nullptr if there is none.
    Ptr<const Packet> Take(ikelab::Bytes packet);

  private:
    struct Held
    {
        ikelab::Buffer octets;
        Ptr<const Packet> ancestor;
    };

    std::deque<Held> m_held;
};

} // namespace ns3
