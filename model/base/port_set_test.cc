// SPDX-License-Identifier: MIT
#include "base/port_set.h"

#include <gtest/gtest.h>

namespace ikelab
{
namespace
{

TEST(PortSet, ContainsWhatWasInserted)
{
    PortSet ports{4500, 500, 4500};
    ports.Insert(65535);
    ports.Insert(501);
    for (uint32_t port = 0; port <= 65535; ++port)
    {
        const bool inserted = port == 500 || port == 501 || port == 4500 || port == 65535;
        EXPECT_EQ(ports.Contains(static_cast<uint16_t>(port)), inserted) << port;
    }
    EXPECT_FALSE(PortSet().Contains(0));
}

} // namespace
} // namespace ikelab
