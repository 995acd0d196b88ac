// SPDX-License-Identifier: GPL-2.0-only
#include "runner/simulation.h"

#include "runner/flow.h"
#include "runner/network.h"
#include "runner/packet_flow.h"
#include "runner/recorder.h"
#include "sim/ipsec_helper.h"

#include "ns3/nstime.h"
#include "ns3/simulator.h"

#include <fmt/format.h>

#include <memory>

namespace ikelab::runner
{

namespace
{

constexpr int PROGRESS_STEPS = 200;

/// ns-3's one simulator, given back when the run is over.
struct SimulatorGuard
{
    SimulatorGuard() = default;
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
    Simulation(const Scenario& scenario, uint64_t seed, endpoint::RunFolder& folder)
        : m_scenario(scenario),
          m_network(scenario, seed),
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
        bool stopped = false;
        if (stop)
        {
            m_recorder->SetFrameHook(
                [&]
                {
                    if (!stopped && stop())
                    {
                        stopped = true;
                        ns3::Simulator::Stop();
                    }
                });
        }
        ns3::Simulator::Stop(ns3::NanoSeconds(m_scenario.duration.count()));
        ns3::Simulator::Run();
        if (stopped)
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
        for (NodeIndex node = 0; node < m_gateways.size(); ++node)
        {
            if (!m_scenario.nodes[node].ipsec)
            {
                continue;
            }
            m_gateways[node] =
                helper.Install(m_network.GetNode(node), *m_scenario.nodes[node].ipsec);
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
};

} // namespace

std::optional<SimulationOutcome>
Simulate(const Scenario& scenario,
         uint64_t seed,
         const std::string& head,
         endpoint::RunFolder& folder,
         const ProgressSink& progress,
         const StopQuestion& stop)
{
    const SimulatorGuard guard;
    Simulation simulation(scenario, seed, folder);
    if (!simulation.Run(progress, stop))
    {
        return {};
    }
    return simulation.Outcome(head);
}

} // namespace ikelab::runner
