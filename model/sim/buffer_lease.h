// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/packet_buffer.h"

#include <utility>

namespace ns3
{

/// A buffer taken from its place for a while, so that what happens meanwhile finds another.
class BufferLease
{
  public:
    explicit BufferLease(ikelab::PacketBuffer& place) : m_place(place), m_buffer(std::move(place))
    {
    }

    ~BufferLease()
    {
        m_place = std::move(m_buffer);
    }

    BufferLease(const BufferLease&) = delete;
    BufferLease& operator=(const BufferLease&) = delete;

    ikelab::PacketBuffer&
    operator*()
    {
        return m_buffer;
    }

  private:
    ikelab::PacketBuffer& m_place;
    ikelab::PacketBuffer m_buffer;
};

} // namespace ns3
