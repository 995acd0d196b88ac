// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ike_application.h"

#include "base/assert.h"
#include "sim/ipsec_net_device.h"
#include "wire/esp_header.h"

#include "ns3/boolean.h"
#include "ns3/log.h"
#include "ns3/node.h"
#include "ns3/simulator.h"
#include "ns3/trace-source-accessor.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace ns3
{

NS_LOG_COMPONENT_DEFINE("IkeApplication");
NS_OBJECT_ENSURE_REGISTERED(IkeApplication);

using ikelab::Bytes;
using ikelab::gateway::Gateway;
using ikelab::gateway::Outgoing;

namespace
{

template <typename... Visitors>
struct Overloaded : Visitors...
{
    using Visitors::operator()...;
};

template <typename... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

} // namespace

TypeId
IkeApplication::GetTypeId()
{
    static TypeId tid = AddKnobs(
        TypeId("ns3::IkeApplication")
            .SetParent<Application>()
            .SetGroupName("Ikelab")
            .AddConstructor<IkeApplication>()
            .AddAttribute("AutoStart",
                          "Negotiate the children whose start_action is start as the application "
                          "starts.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&IkeApplication::m_autoStart),
                          MakeBooleanChecker())
            .AddAttribute("ShutdownOnStop",
                          "Delete all SAs (RFC 7296 §1.4.1) as the application stops. Otherwise "
                          "they live on.",
                          BooleanValue(true),
                          MakeBooleanAccessor(&IkeApplication::m_shutdownOnStop),
                          MakeBooleanChecker())
            .AddAttribute("SystemRandom",
                          "Take keys, nonces and SPIs from the operating system's generator, for "
                          "peers outside of the simulation. No two runs are then alike.",
                          BooleanValue(false),
                          MakeBooleanAccessor(&IkeApplication::m_systemRandom),
                          MakeBooleanChecker())
            .AddTraceSource("Event",
                            "Whatever the gateway tells, in order; the others are parts of it.",
                            MakeTraceSourceAccessor(&IkeApplication::m_eventTrace),
                            "ns3::IkeApplication::EventCallback")
            .AddTraceSource("MessageTx",
                            "An IKE message was sent, repetitions too.",
                            MakeTraceSourceAccessor(&IkeApplication::m_messageTxTrace),
                            "ns3::IkeApplication::MessageCallback")
            .AddTraceSource("MessageRx",
                            "An IKE message came, repetitions too.",
                            MakeTraceSourceAccessor(&IkeApplication::m_messageRxTrace),
                            "ns3::IkeApplication::MessageCallback")
            .AddTraceSource("MessageRejected",
                            "An IKE message was dropped or answered with an error.",
                            MakeTraceSourceAccessor(&IkeApplication::m_messageRejectedTrace),
                            "ns3::IkeApplication::MessageRejectedCallback")
            .AddTraceSource("IkeKeysDerived",
                            "An IKE SA has keys (RFC 7296 §2.14, §2.18): what a key log needs.",
                            MakeTraceSourceAccessor(&IkeApplication::m_ikeKeysDerivedTrace),
                            "ns3::IkeApplication::IkeKeysDerivedCallback")
            .AddTraceSource("IkeSaEstablished",
                            "Both sides are authenticated.",
                            MakeTraceSourceAccessor(&IkeApplication::m_ikeSaEstablishedTrace),
                            "ns3::IkeApplication::IkeSaEstablishedCallback")
            .AddTraceSource("IkeSaClosed",
                            "An IKE SA is gone or never came up.",
                            MakeTraceSourceAccessor(&IkeApplication::m_ikeSaClosedTrace),
                            "ns3::IkeApplication::IkeSaClosedCallback")
            .AddTraceSource("ChildSaInstalled",
                            "A Child SA is ready for traffic.",
                            MakeTraceSourceAccessor(&IkeApplication::m_childSaInstalledTrace),
                            "ns3::IkeApplication::ChildSaInstalledCallback")
            .AddTraceSource("ChildSaRemoved",
                            "A Child SA is gone.",
                            MakeTraceSourceAccessor(&IkeApplication::m_childSaRemovedTrace),
                            "ns3::IkeApplication::ChildSaRemovedCallback")
            .AddTraceSource("ChildSaFailed",
                            "A Child SA could not be made.",
                            MakeTraceSourceAccessor(&IkeApplication::m_childSaFailedTrace),
                            "ns3::IkeApplication::ChildSaFailedCallback")
            .AddTraceSource("PathChanged",
                            "The peer's address changed behind its NAT (RFC 7296 §2.23).",
                            MakeTraceSourceAccessor(&IkeApplication::m_pathChangedTrace),
                            "ns3::IkeApplication::PathChangedCallback")
            .AddTraceSource("InvalidSpiReported",
                            "The peer got a packet with an SPI that it does not know.",
                            MakeTraceSourceAccessor(&IkeApplication::m_invalidSpiTrace),
                            "ns3::IkeApplication::InvalidSpiReportedCallback")
            .AddTraceSource("InvalidSelectorsReported",
                            "The peer got a packet that its SA may not carry (RFC 4301 §5.2).",
                            MakeTraceSourceAccessor(&IkeApplication::m_invalidSelectorsTrace),
                            "ns3::IkeApplication::InvalidSelectorsReportedCallback")
            .AddTraceSource("PeerAlive",
                            "A liveness check was answered (RFC 7296 §2.4).",
                            MakeTraceSourceAccessor(&IkeApplication::m_peerAliveTrace),
                            "ns3::IkeApplication::PeerAliveCallback")
            .AddTraceSource("LifetimeReached",
                            "A lifetime of a Child SA passed (RFC 4301 §4.4.2.1).",
                            MakeTraceSourceAccessor(&IkeApplication::m_lifetimeReachedTrace),
                            "ns3::IkeApplication::LifetimeReachedCallback")
            .AddTraceSource("PacketRefused",
                            "A packet was refused: an auditable event (RFC 4301 §4.4.3).",
                            MakeTraceSourceAccessor(&IkeApplication::m_packetRefusedTrace),
                            "ns3::IkeApplication::PacketRefusedCallback")
            .AddTraceSource("IcmpErrorReceived",
                            "An ICMP error about an ESP packet of ours came (RFC 4301 §6.1.1).",
                            MakeTraceSourceAccessor(&IkeApplication::m_icmpErrorTrace),
                            "ns3::IkeApplication::IcmpErrorReceivedCallback"));
    return tid;
}

IkeApplication::IkeApplication() : m_dice(CreateObject<UniformRandomVariable>())
{
}

IkeApplication::~IkeApplication() = default;

void
IkeApplication::SetConfig(ikelab::gateway::Config config)
{
    IKELAB_ASSERT(!m_core);
    m_config = std::move(config);
    for (const auto& set : m_overrides)
    {
        set(m_config.ike);
    }
    m_ports = {ikelab::wire::NATT_PORT};
    for (const auto& connection : m_config.ike.connections)
    {
        m_ports.Insert(connection->localPort);
    }
}

void
IkeApplication::SetContext(std::shared_ptr<ikelab::crypto::Context> context)
{
    IKELAB_ASSERT(!m_core);
    m_context = std::move(context);
}

void
IkeApplication::SetStack(Ptr<IpsecStack> stack)
{
    m_stack = stack;
    m_stack->SetEngine(this);
}

Ptr<IpsecStack>
IkeApplication::GetStack() const
{
    return m_stack;
}

int64_t
IkeApplication::AssignStreams(int64_t stream)
{
    IKELAB_ASSERT(!m_core);
    m_dice->SetStream(stream);
    return 1;
}

Gateway&
IkeApplication::Core() const
{
    if (!m_core)
    {
        if (!m_context)
        {
            m_context = std::make_shared<ikelab::crypto::Context>();
        }
        constexpr uint32_t ALL = std::numeric_limits<uint32_t>::max();
        if (m_systemRandom)
        {
            m_random = std::make_unique<ikelab::crypto::SystemRandom>();
        }
        else
        {
            const uint64_t high = m_dice->GetInteger(0, ALL);
            const uint64_t low = m_dice->GetInteger(0, ALL);
            m_random =
                std::make_unique<ikelab::SeededRandom>((high << 32) | low, GetNode()->GetId());
        }
        m_core = std::make_unique<Gateway>(m_config, *m_context, *m_random);
        m_core->SetLinkMtu([this](const ikelab::IpAddress& destination)
                           { return m_stack ? m_stack->LinkMtu(destination) : 0; });
    }
    return *m_core;
}

ikelab::Instant
IkeApplication::Now()
{
    return ikelab::Instant(ikelab::Duration(Simulator::Now().GetNanoSeconds()));
}

ikelab::Result<void>
IkeApplication::Initiate(const std::string& child)
{
    auto result = Core().Initiate(Now(), child);
    Settle();
    return result;
}

ikelab::Result<void>
IkeApplication::Terminate(const std::string& connection)
{
    auto result = Core().Terminate(Now(), connection);
    Settle();
    return result;
}

ikelab::Result<void>
IkeApplication::TerminateChild(const std::string& child)
{
    auto result = Core().TerminateChild(Now(), child);
    Settle();
    return result;
}

ikelab::Result<void>
IkeApplication::CheckLiveness(const std::string& connection)
{
    auto result = Core().CheckLiveness(Now(), connection);
    Settle();
    return result;
}

void
IkeApplication::Shutdown()
{
    Core().Shutdown(Now());
    Settle();
}

std::vector<ikelab::ike::IkeSaInfo>
IkeApplication::List() const
{
    return Core().List();
}

bool
IkeApplication::Empty() const
{
    return Core().Empty();
}

ikelab::gateway::Counters
IkeApplication::GetCounters() const
{
    return Core().GetCounters();
}

std::optional<ikelab::gateway::ChildSaCounters>
IkeApplication::CountersOf(ikelab::ChildSaId child) const
{
    return Core().CountersOf(child);
}

ikelab::Result<void>
IkeApplication::AdvanceSequences(ikelab::ChildSaId child, uint64_t outbound, uint64_t inbound)
{
    return Core().AdvanceSequences(child, outbound, inbound);
}

void
IkeApplication::Settle()
{
    // What a trace sink asks for is done in the next round, never inside of this one.
    m_settleAgain = true;
    if (m_settling)
    {
        return;
    }
    m_settling = true;
    Gateway& core = Core();
    // Else they do not without anything else to drain.
    bool timersMoved = std::exchange(m_timersMayMove, false) || !m_timerAt;
    while (std::exchange(m_settleAgain, false) && !core.IsQuiet())
    {
        timersMoved = true;
        for (Outgoing outgoing; core.PollDummy(Now(), m_dummy, outgoing);)
        {
            if (m_stack)
            {
                m_stack->SendDummy(m_dummy, outgoing);
            }
        }
        while (const auto datagram = core.PollTransmit())
        {
            Transmit(*datagram);
        }
        while (const auto sealed = core.PollSealed())
        {
            if (m_stack)
            {
                m_stack->SendSealed(*sealed);
            }
            m_settleAgain = true;
        }
        while (const auto released = core.PollReleased())
        {
            m_stack->SendReleased(*released);
            m_settleAgain = true;
        }
        while (const auto event = core.PollEvent())
        {
            Tell(*event);
        }
    }
    m_settling = false;
    if (timersMoved)
    {
        ArmTimer();
    }
}

void
IkeApplication::ArmTimer()
{
    const auto next = m_core->PollTimeout();
    if (next == m_timerAt)
    {
        return; // it is armed: HandleTimeout forgets the time of the timer that it is
    }
    m_timer.Cancel();
    m_timerAt = next;
    if (next)
    {
        const Time wait = NanoSeconds(std::max(*next - Now(), ikelab::Duration::zero()).count());
        m_timer = Simulator::Schedule(wait, &IkeApplication::HandleTimeout, this);
    }
}

void
IkeApplication::HandleTimeout()
{
    m_timerAt.reset();
    m_core->HandleTimeout(Now());
    Settle();
}

void
IkeApplication::Transmit(const ikelab::ike::Datagram& datagram)
{
    if (m_stack)
    {
        m_stack->SendUdp(datagram.path, datagram.message);
    }
}

void
IkeApplication::FitTunnelDevice(ikelab::ChildSaId child)
{
    const auto routed = m_routed.find(child);
    if (routed == m_routed.end() || !m_stack)
    {
        return;
    }
    const auto mtu = Core().InnerMtu(Now(), child);
    if (const Ptr<IpsecNetDevice> device = m_stack->GetTunnelDevice(routed->second); device && mtu)
    {
        device->FitMtu(static_cast<uint16_t>(std::min<uint32_t>(*mtu, UINT16_MAX)));
    }
}

void
IkeApplication::Tell(const ikelab::gateway::Event& event)
{
    if (const auto* installed = std::get_if<ikelab::ike::ChildSaInstalled>(&event);
        installed && installed->config && installed->config->ifIdOut != 0)
    {
        m_routed[installed->child] = installed->config->ifIdOut;
        FitTunnelDevice(installed->child);
    }
    else if (const auto* removed = std::get_if<ikelab::ike::ChildSaRemoved>(&event))
    {
        m_routed.erase(removed->child);
    }
    else if (const auto* error = std::get_if<ikelab::gateway::IcmpErrorReceived>(&event);
             error && error->pathMtu != 0)
    {
        // Others may be on the same path, or inside of an SA that is.
        for (const auto& [child, device] : m_routed)
        {
            FitTunnelDevice(child);
        }
    }
    m_eventTrace(event);
    std::visit(
        Overloaded{
            [this](const ikelab::ike::MessageEvent& message)
            { (message.sent ? m_messageTxTrace : m_messageRxTrace)(message); },
            [this](const ikelab::ike::MessageRejected& one) { m_messageRejectedTrace(one); },
            [this](const ikelab::ike::IkeKeysDerived& one) { m_ikeKeysDerivedTrace(one); },
            [this](const ikelab::ike::IkeSaEstablished& one) { m_ikeSaEstablishedTrace(one); },
            [this](const ikelab::ike::IkeSaClosed& one) { m_ikeSaClosedTrace(one); },
            [this](const ikelab::ike::ChildSaInstalled& one) { m_childSaInstalledTrace(one); },
            [this](const ikelab::ike::ChildSaRemoved& one) { m_childSaRemovedTrace(one); },
            [this](const ikelab::ike::ChildSaFailed& one) { m_childSaFailedTrace(one); },
            [this](const ikelab::ike::PathChanged& one) { m_pathChangedTrace(one); },
            [this](const ikelab::ike::InvalidSpiReported& one) { m_invalidSpiTrace(one); },
            [this](const ikelab::ike::InvalidSelectorsReported& one)
            { m_invalidSelectorsTrace(one); },
            [this](const ikelab::ike::PeerAlive& one) { m_peerAliveTrace(one); },
            [this](const ikelab::gateway::LifetimeReached& one) { m_lifetimeReachedTrace(one); },
            [this](const ikelab::gateway::PacketRefused& one) { m_packetRefusedTrace(one); },
            [this](const ikelab::gateway::IcmpErrorReceived& one) { m_icmpErrorTrace(one); },
        },
        event);
}

void
IkeApplication::NotifyConstructionCompleted()
{
    Application::NotifyConstructionCompleted();
    // What is not set during construction misses Config::SetDefault; who used it meant it.
    const TypeId tid = GetTypeId();
    for (size_t i = 0; i < tid.GetAttributeN(); ++i)
    {
        const auto attribute = tid.GetAttribute(i);
        if ((attribute.flags & TypeId::ATTR_CONSTRUCT) == 0 &&
            attribute.initialValue->SerializeToString(attribute.checker) !=
                attribute.originalInitialValue->SerializeToString(attribute.checker))
        {
            SetAttribute(attribute.name, *attribute.initialValue);
        }
    }
}

void
IkeApplication::DoInitialize()
{
    Core(); // the streams are assigned by now
    Application::DoInitialize();
}

void
IkeApplication::StartApplication()
{
    NS_LOG_FUNCTION(this);
    if (m_autoStart)
    {
        Core().Start(Now());
        Settle();
    }
}

void
IkeApplication::StopApplication()
{
    NS_LOG_FUNCTION(this);
    if (m_shutdownOnStop)
    {
        Shutdown();
    }
}

void
IkeApplication::DoDispose()
{
    m_timer.Cancel();
    if (m_stack)
    {
        m_stack->SetEngine(nullptr);
    }
    m_stack = nullptr;
    m_core.reset();
    m_random.reset();
    m_context.reset();
    m_dice = nullptr;
    Application::DoDispose();
}

} // namespace ns3
