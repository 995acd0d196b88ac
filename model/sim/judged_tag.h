// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "ns3/tag.h"

namespace ns3
{

/// Policy has seen this packet: the egress gate lets it by and takes the mark off.
class IpsecJudgedTag : public Tag
{
  public:
    static TypeId GetTypeId();
    TypeId GetInstanceTypeId() const override;
    uint32_t GetSerializedSize() const override;
    void Serialize(TagBuffer buffer) const override;
    void Deserialize(TagBuffer buffer) override;
    void Print(std::ostream& stream) const override;
};

} // namespace ns3
