// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/random_source.h"

#include "ns3/error-model.h"
#include "ns3/nstime.h"
#include "ns3/point-to-point-net-device.h"

#include <memory>

namespace ns3::testing
{

/**
 * What comes in by a point-to-point device is lost, doubled or overtaken by what was sent later. An
 * error model, for that is asked of every frame: it takes them all and hands them in again itself.
 */
class UnrulyLink : public ErrorModel
{
  public:
    struct Options
    {
        double loss{0};
        double duplicates{0};
        double overtaken{0};   ///< how many wait
        Time wait{Seconds(0)}; ///< for up to so long
    };

    static TypeId GetTypeId();

    /// Put one in front of a device, from now on.
    static Ptr<UnrulyLink> Install(Ptr<PointToPointNetDevice> device,
                                   const Options& options,
                                   uint64_t seed);

    size_t lost{0};
    size_t doubled{0};
    size_t delayed{0};

  private:
    bool DoCorrupt(Ptr<Packet> frame) override;
    void DoReset() override;
    bool Happens(double share);
    void HandIn(Ptr<Packet> frame);

    Ptr<PointToPointNetDevice> m_device;
    Options m_options;
    std::unique_ptr<ikelab::SeededRandom> m_random;
    bool m_passing{false};
};

} // namespace ns3::testing
