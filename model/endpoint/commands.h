// SPDX-License-Identifier: MIT
#pragma once

#include "endpoint/endpoint.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::endpoint
{

/// Why this names no child of the configuration ("conn/child", or a child's name if it is unique)
/// and what would; empty if it does.
std::string ChildProblem(const ike::Config& config, std::string_view name);

/**
 * The line protocol of `ikelab endpoint --stdin`: one command a line, one JSON object as its
 * answer.
 *
 *     initiate CHILD          answered when the Child SA is installed, or cannot be
 *     terminate CONNECTION    answered when its IKE SAs are gone
 *     terminate-child CHILD   answered when its Child SAs are gone
 *     liveness CONNECTION     answered when the peer answered, or is found dead
 *     list                    "sas": IKE SAs with their Child SAs
 *     counters                packets and octets so far
 *     quit                    close all SAs and end
 *
 * An answer has "ok" and "command", and "error" where ok is false. It comes when the outcome is
 * known, so commands sent meanwhile may be answered before.
 */
class Commands
{
  public:
    using Answer = std::function<void(const nlohmann::ordered_json&)>;

    /// Takes the endpoint's events.
    Commands(Endpoint& endpoint, Answer answer);

    void OnLine(std::string_view line);

    /// Answer what has come about without an event of its own; call between turns of the loop.
    void Settle();
    /// The endpoint ends: nothing more comes about.
    void Abandon();

    /// No command waits for its outcome.
    bool
    Idle() const
    {
        return m_pending.empty();
    }

    bool
    QuitAsked() const
    {
        return m_quit;
    }

  private:
    enum class Kind
    {
        INITIATE,
        TERMINATE,
        TERMINATE_CHILD,
        LIVENESS
    };

    struct Pending
    {
        Kind kind;
        std::string command;
        std::string connection;
        std::string child;
        std::vector<IkeSaId> sas; ///< LIVENESS: those that are asked
        bool done{false};
    };

    void Begin(Kind kind, std::string_view command, std::string_view name);
    void HandleEvent(const gateway::Event& event);
    void HandleEvent(Pending& pending, const gateway::Event& event);
    void Finish(Pending& pending, nlohmann::ordered_json fields);
    void Fail(std::string_view command, std::string error);
    bool Gone(const Pending& pending) const;

    Endpoint& m_endpoint;
    Answer m_answer;
    std::vector<Pending> m_pending;
    bool m_quit{false};
};

} // namespace ikelab::endpoint
