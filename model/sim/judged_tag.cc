// SPDX-License-Identifier: GPL-2.0-only
#include "sim/judged_tag.h"

#include "ns3/type-id.h"

namespace ns3
{

NS_OBJECT_ENSURE_REGISTERED(IpsecJudgedTag);

TypeId
IpsecJudgedTag::GetTypeId()
{
    static TypeId tid = TypeId("ns3::IpsecJudgedTag")
                            .SetParent<Tag>()
                            .SetGroupName("Ikelab")
                            .AddConstructor<IpsecJudgedTag>();
    return tid;
}

TypeId
IpsecJudgedTag::GetInstanceTypeId() const
{
    return GetTypeId();
}

uint32_t
IpsecJudgedTag::GetSerializedSize() const
{
    return 0;
}

void
IpsecJudgedTag::Serialize(TagBuffer) const
{
}

void
IpsecJudgedTag::Deserialize(TagBuffer)
{
}

void
IpsecJudgedTag::Print(std::ostream& stream) const
{
    stream << "judged";
}

} // namespace ns3
