// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <vector>

namespace ikelab
{

/// A few ports side by side: every packet asks, and finds them in one place of memory.
class PortSet
{
  public:
    PortSet() = default;

    PortSet(std::initializer_list<uint16_t> ports)
    {
        for (const uint16_t port : ports)
        {
            Insert(port);
        }
    }

    void
    Insert(uint16_t port)
    {
        const auto place = std::ranges::lower_bound(m_ports, port);
        if (place == m_ports.end() || *place != port)
        {
            m_ports.insert(place, port);
        }
    }

    bool
    Contains(uint16_t port) const
    {
        return std::ranges::binary_search(m_ports, port);
    }

  private:
    std::vector<uint16_t> m_ports; ///< ascending
};

} // namespace ikelab
