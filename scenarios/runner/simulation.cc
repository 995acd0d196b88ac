// SPDX-License-Identifier: GPL-2.0-only
#include "runner/simulation.h"

#include "runner/flow.h"
#include "runner/network.h"
#include "runner/packet_flow.h"
#include "runner/recorder.h"
#include "sim/ipsec_helper.h"

#include "ns3/boolean.h"
#include "ns3/global-value.h"
#include "ns3/nstime.h"
#include "ns3/realtime-simulator-impl.h"
#include "ns3/simulator.h"
#include "ns3/string.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

namespace ikelab::runner
{

namespace
{

constexpr int PROGRESS_STEPS = 200;
/// So often a run by the wall clock looks how late it is, and whether it shall stop.
constexpr int64_t GLANCE_NANOSECONDS = 50'000'000;
/// So long a stopped run by the wall clock waits for the answers to its Deletes.
constexpr int64_t GOODBYE_NANOSECONDS = 2'000'000'000;

/// ns-3's one simulator, given back when the run is over.
struct SimulatorGuard
{
    explicit SimulatorGuard(Clock clock)
    {
        ns3::GlobalValue::Bind("SimulatorImplementationType",
                               ns3::StringValue(clock == Clock::REAL
                                                    ? "ns3::RealtimeSimulatorImpl"
                                                    : "ns3::DefaultSimulatorImpl"));
    }

    SimulatorGuard(const SimulatorGuard&) = delete;
    SimulatorGuard& operator=(const SimulatorGuard&) = delete;

    ~SimulatorGuard()
    {
        ns3::Simulator::Destroy();
    }
};

std::string_view
WordOf(Command::Kind kind)
{
    switch (kind)
    {
    case Command::Kind::INITIATE:
        return "initiate";
    case Command::Kind::TERMINATE:
        return "terminate";
    case Command::Kind::TERMINATE_CHILD:
        return "terminate_child";
    case Command::Kind::LIVENESS:
        break;
    }
    return "liveness";
}

class Simulation
{
  public:
    Simulation(const Scenario& scenario, uint64_t seed, Taps taps, endpoint::RunFolder& folder)
        : m_scenario(scenario),
          m_network(scenario, seed, std::move(taps)),
          m_gateways(scenario.nodes.size())
    {
        m_result.gateways.resize(scenario.nodes.size());
        m_result.links.resize(scenario.links.size());
        m_recorder = std::make_unique<Recorder>(scenario, m_network, folder, m_result);
        MakeGateways();
        m_network.AddRoutes();
        for (size_t i = 0; i < scenario.flows.size(); ++i)
        {
            const Flow& flow = scenario.flows[i];
            m_flows.push_back(FlowDriver::Make(
                flow, i, m_network.GetNode(flow.from), m_network.GetNode(flow.to)));
            m_flows.back()->Start();
        }
        for (const Step& step : scenario.timeline)
        {
            ns3::Simulator::Schedule(ns3::NanoSeconds(step.at.count()),
                                     [this, &step] { Do(step); });
        }
    }

    /// False if it was stopped.
    bool
    Run(const ProgressSink& progress, const StopQuestion& stop)
    {
        if (progress)
        {
            ShowProgress(progress, 0);
        }
        if (m_scenario.clock == Clock::REAL)
        {
            Glance(stop);
        }
        else if (stop)
        {
            m_recorder->SetFrameHook(
                [&]
                {
                    if (!m_stopped && stop())
                    {
                        m_stopped = true;
                        ns3::Simulator::Stop();
                    }
                });
        }
        ns3::Simulator::Stop(ns3::NanoSeconds(m_scenario.duration.count()));
        ns3::Simulator::Run();
        m_result.ended = Duration(ns3::Simulator::Now().GetNanoSeconds());
        if (m_stopped && m_scenario.clock == Clock::VIRTUAL)
        {
            return false;
        }
        for (NodeIndex node = 0; node < m_gateways.size(); ++node)
        {
            if (m_gateways[node])
            {
                m_result.gateways[node].counters = m_gateways[node]->GetCounters();
                m_result.gateways[node].open = m_gateways[node]->List();
            }
        }
        for (const auto& flow : m_flows)
        {
            m_result.flows.push_back(flow->Result());
        }
        m_recorder->Finish();
        return true;
    }

    SimulationOutcome
    Outcome(const std::string& head)
    {
        return {std::move(m_result), m_recorder->GetLadder().Draw(head)};
    }

  private:
    void
    MakeGateways()
    {
        ns3::IpsecHelper helper;
        ns3::ApplicationContainer applications;
        // Whoever is out there must not be able to guess a key from the scenario's seed.
        const bool reachesOutside = std::ranges::any_of(
            m_scenario.nodes, [](const Node& node) { return node.kernel.has_value(); });
        for (NodeIndex node = 0; node < m_gateways.size(); ++node)
        {
            if (!m_scenario.nodes[node].ipsec)
            {
                continue;
            }
            m_gateways[node] =
                helper.Install(m_network.GetNode(node), *m_scenario.nodes[node].ipsec);
            m_gateways[node]->SetAttribute("SystemRandom", ns3::BooleanValue(reachesOutside));
            applications.Add(m_gateways[node]);
            m_gateways[node]->TraceConnectWithoutContext(
                "Event",
                ns3::Callback<void, const gateway::Event&>([this, node](const gateway::Event& event)
                                                           { m_recorder->OnEvent(node, event); }));
        }
        ns3::IpsecHelper::AssignStreams(applications, 0);
    }

    void
    Do(const Step& step)
    {
        if (const auto* change = std::get_if<LinkChange>(&step.action))
        {
            m_network.Apply(*change);
            nlohmann::ordered_json fields{{"event", "link_changed"}};
            if (change->up)
            {
                fields["up"] = *change->up;
            }
            if (change->delay)
            {
                fields["delay_ns"] = change->delay->count();
            }
            if (change->loss)
            {
                fields["loss"] = *change->loss;
            }
            m_recorder->OnStep(m_scenario.links[change->link].name, fields);
            return;
        }
        const auto& command = std::get<Command>(step.action);
        const std::string& node = m_scenario.nodes[command.node].name;
        nlohmann::ordered_json fields{
            {"event", "command"}, {"command", WordOf(command.kind)}, {"name", command.name}};
        // First the command, then what it causes.
        m_recorder->OnStep(node, fields);
        const Result<void> done = Tell(*m_gateways[command.node], command);
        if (!done)
        {
            fields["event"] = "command_failed";
            fields["error"] = ToString(done.error());
            m_recorder->OnStep(node, fields);
            m_result.failedCommands.push_back(fmt::format(
                "{} {} {}: {}", node, WordOf(command.kind), command.name, ToString(done.error())));
        }
    }

    static Result<void>
    Tell(ns3::IkeApplication& gateway, const Command& command)
    {
        switch (command.kind)
        {
        case Command::Kind::INITIATE:
            return gateway.Initiate(command.name);
        case Command::Kind::TERMINATE:
            return gateway.Terminate(command.name);
        case Command::Kind::TERMINATE_CHILD:
            return gateway.TerminateChild(command.name);
        case Command::Kind::LIVENESS:
            break;
        }
        return gateway.CheckLiveness(command.name);
    }

    /// Every now and then of a run by the wall clock.
    void
    Glance(const StopQuestion& stop)
    {
        const auto clock =
            ns3::DynamicCast<ns3::RealtimeSimulatorImpl>(ns3::Simulator::GetImplementation());
        const ns3::Time now = ns3::Simulator::Now();
        if (now.IsStrictlyPositive())
        {
            const Duration late((clock->RealtimeNow() - now).GetNanoSeconds());
            m_result.latest = std::max(m_result.latest, late);
        }
        if (!m_stopped && stop && stop())
        {
            m_stopped = true;
            SayGoodbye();
        }
        const auto isEmpty = [](const ns3::Ptr<ns3::IkeApplication>& gateway)
        {
            return !gateway || gateway->Empty();
        };
        if (m_stopped && std::ranges::all_of(m_gateways, isEmpty))
        {
            ns3::Simulator::Stop();
            return;
        }
        ns3::Simulator::Schedule(ns3::NanoSeconds(GLANCE_NANOSECONDS),
                                 [this, &stop] { Glance(stop); });
    }

    /// Peers outside shall not keep SAs that nobody answers for.
    void
    SayGoodbye()
    {
        for (const auto& gateway : m_gateways)
        {
            if (gateway)
            {
                gateway->Shutdown();
            }
        }
        ns3::Simulator::Stop(ns3::NanoSeconds(GOODBYE_NANOSECONDS));
    }

    void
    ShowProgress(const ProgressSink& progress, int step)
    {
        progress(static_cast<double>(step) / PROGRESS_STEPS);
        if (step < PROGRESS_STEPS)
        {
            ns3::Simulator::Schedule(ns3::NanoSeconds(m_scenario.duration.count() / PROGRESS_STEPS),
                                     [this, &progress, step] { ShowProgress(progress, step + 1); });
        }
    }

    const Scenario& m_scenario;
    Network m_network;
    RunResult m_result;
    std::unique_ptr<Recorder> m_recorder;
    std::vector<ns3::Ptr<ns3::IkeApplication>> m_gateways; ///< by node; null for hosts
    std::vector<std::unique_ptr<FlowDriver>> m_flows;
    bool m_stopped{false};
};

} // namespace

std::optional<SimulationOutcome>
Simulate(const Scenario& scenario,
         uint64_t seed,
         Taps taps,
         const std::string& head,
         endpoint::RunFolder& folder,
         const ProgressSink& progress,
         const StopQuestion& stop)
{
    const SimulatorGuard guard(scenario.clock);
    Simulation simulation(scenario, seed, std::move(taps), folder);
    if (!simulation.Run(progress, stop))
    {
        return {};
    }
    return simulation.Outcome(head);
}

} // namespace ikelab::runner
