// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "endpoint/run_folder.h"
#include "runner/invariants.h"
#include "runner/ladder.h"
#include "runner/network.h"
#include "runner/tally.h"
#include "sim/link_tap.h"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace ikelab::runner
{

/**
 * Sees every frame of every link and every event of every gateway and brings them together: the
 * capture with its comments, the log, the ladder, counts and invariants.
 *
 * Frames of one instant wait until time moves on, because the gateway tells what a frame was only
 * after it has sent it.
 */
class Recorder
{
  public:
    /// All must outlive the recorder; watches the links of `network` from now on.
    Recorder(const Scenario& scenario,
             Network& network,
             endpoint::RunFolder& folder,
             RunResult& result);

    void OnEvent(NodeIndex node, const gateway::Event& event);
    /// Something that the scenario did.
    void OnStep(const std::string& who, const nlohmann::ordered_json& fields);

    /// Called at every frame of every link.
    void
    SetFrameHook(std::function<void()> hook)
    {
        m_hook = std::move(hook);
    }

    /// No more comes: write what waits, and the invariants into the result.
    void Finish();

    const Ladder&
    GetLadder() const
    {
        return m_ladder;
    }

  private:
    struct Port
    {
        LinkIndex link{0};
        size_t end{0};
        bool leadsToKernel{false};         ///< which sends what this end receives
        std::optional<uint32_t> interface; ///< in the capture
    };

    struct WaitingFrame
    {
        Instant at;
        uint32_t interface {
            0
        };
        io::Direction direction{};
        Buffer data;
        size_t headerOctets{0}; ///< of the link, before the IP header
        uint64_t packetId{0};
        std::vector<std::string> comments;
        NodeIndex node{0};
    };

    /// A comment on a frame that is still to come: the line was busy.
    struct WaitingComment
    {
        NodeIndex node{0};
        std::string message; ///< which
        std::string comment;
    };

    void Watch(LinkIndex link, size_t end, Network& network);
    void OnFrame(const ns3::TapFrame& frame);
    static void OnLost(Recorder* self, uint32_t tap, ns3::Ptr<const ns3::Packet> packet);
    static void OnOverflow(Recorder* self, uint32_t tap, ns3::Ptr<const ns3::Packet> packet);
    void NoteLoss(uint32_t tap, const ns3::Packet& packet, bool overflow);
    void Comment(NodeIndex node, const ike::MessageEvent& message);
    void Flush();

    const Scenario& m_scenario;
    endpoint::RunFolder& m_folder;
    RunResult& m_result;
    Tally m_tally;
    Ladder m_ladder;
    Invariants m_invariants;
    uint64_t m_firstUid{0};
    ns3::LinkTap m_tap;
    std::vector<Port> m_ports;                     ///< by tap
    std::vector<std::optional<uint32_t>> m_lossOf; ///< by link: interface of what was lost
    std::deque<WaitingFrame> m_waiting;
    std::vector<WaitingComment> m_comments;
    std::function<void()> m_hook;
};

} // namespace ikelab::runner
