// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/random_source.h"

#include "ns3/error-model.h"

namespace ikelab::runner
{

/// Loses packets, each alone with one probability; all of them while the link is down. Its dice
/// follow from the seed alone, whatever else rolls dice.
class LinkLoss : public ns3::ErrorModel
{
  public:
    static ns3::TypeId GetTypeId();
    LinkLoss();

    void Seed(uint64_t seed, uint64_t stream);
    void SetShare(double share);
    void SetUp(bool up);

  private:
    bool DoCorrupt(ns3::Ptr<ns3::Packet> packet) override;
    void DoReset() override;

    SeededRandom m_random;
    double m_share{0};
    bool m_up{true};
};

} // namespace ikelab::runner
