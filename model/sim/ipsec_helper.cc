// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ipsec_helper.h"

#include "ns3/abort.h"
#include "ns3/boolean.h"
#include "ns3/global-value.h"
#include "ns3/names.h"
#include "ns3/uinteger.h"

namespace ns3
{

void
IpsecHelper::SetAttribute(const std::string& name, const AttributeValue& value)
{
    TypeId::AttributeInformation known;
    NS_ABORT_MSG_UNLESS(IkeApplication::GetTypeId().LookupAttributeByName(name, &known),
                        "IpsecHelper: IkeApplication has no attribute " << name);
    m_attributes.emplace_back(name, value.Copy());
}

void
IpsecHelper::SetStackAttribute(const std::string& name, const AttributeValue& value)
{
    m_stackAttributes.emplace_back(name, value.Copy());
}

void
IpsecHelper::SetContext(std::shared_ptr<ikelab::crypto::Context> context)
{
    m_context = std::move(context);
}

Ptr<IkeApplication>
IpsecHelper::Install(Ptr<Node> node, ikelab::gateway::Config config) const
{
    if (!m_context)
    {
        m_context = std::make_shared<ikelab::crypto::Context>();
    }
    Ptr<IpsecStack> stack = IpsecStack::Install(node);
    for (const auto& [name, value] : m_stackAttributes)
    {
        stack->SetAttribute(name, *value);
    }
    Ptr<IkeApplication> application = CreateObject<IkeApplication>();
    application->SetConfig(std::move(config));
    for (const auto& [name, value] : m_attributes)
    {
        application->SetAttribute(name, *value);
    }
    application->SetContext(m_context);
    application->SetStack(stack);
    node->AddApplication(application);
    return application;
}

Ptr<IkeApplication>
IpsecHelper::Install(const std::string& nodeName, ikelab::gateway::Config config) const
{
    return Install(Names::Find<Node>(nodeName), std::move(config));
}

Ptr<IpsecNetDevice>
IpsecHelper::InstallTunnelDevice(Ptr<IkeApplication> application) const
{
    Ptr<IpsecNetDevice> device = InstallTunnelDevice(application, 0);
    application->GetStack()->SetAttribute("Policy", BooleanValue(false));
    return device;
}

Ptr<IpsecNetDevice>
IpsecHelper::InstallTunnelDevice(Ptr<IkeApplication> application, uint32_t ifId) const
{
    Ptr<IpsecStack> stack = application->GetStack();
    Ptr<IpsecNetDevice> device = CreateObject<IpsecNetDevice>();
    device->SetAttribute("IfId", UintegerValue(ifId));
    application->GetNode()->AddDevice(device);
    device->SetStack(stack);
    stack->SetTunnelDevice(device);
    return device;
}

int64_t
IpsecHelper::AssignStreams(const ApplicationContainer& applications, int64_t stream)
{
    int64_t used = 0;
    for (auto i = applications.Begin(); i != applications.End(); ++i)
    {
        if (Ptr<IkeApplication> application = DynamicCast<IkeApplication>(*i))
        {
            used += application->AssignStreams(stream + used);
        }
    }
    return used;
}

void
IpsecHelper::EnableChecksums()
{
    GlobalValue::Bind("ChecksumEnabled", BooleanValue(true));
}

Ptr<Ipv4RoutingProtocol>
IpsecHelper::GetIpv4Routing(Ptr<Node> node)
{
    if (Ptr<IpsecStack> stack = node->GetObject<IpsecStack>())
    {
        return stack->GetIpv4Routing();
    }
    Ptr<Ipv4> ipv4 = node->GetObject<Ipv4>();
    return ipv4 ? ipv4->GetRoutingProtocol() : nullptr;
}

Ptr<Ipv6RoutingProtocol>
IpsecHelper::GetIpv6Routing(Ptr<Node> node)
{
    if (Ptr<IpsecStack> stack = node->GetObject<IpsecStack>())
    {
        return stack->GetIpv6Routing();
    }
    Ptr<Ipv6> ipv6 = node->GetObject<Ipv6>();
    return ipv6 ? ipv6->GetRoutingProtocol() : nullptr;
}

} // namespace ns3
