// SPDX-License-Identifier: MIT
#include "endpoint/run_endpoint.h"

#include "endpoint/commands.h"
#include "endpoint/config_file.h"
#include "gateway/config_words.h"
#include "io/text_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <unistd.h>

namespace ikelab::endpoint
{

namespace
{

constexpr int EXIT_STOPPED = 0;
constexpr int EXIT_REFUSED = 1;
constexpr int EXIT_BAD_INPUT = 2;

/// Long enough for the first repetition of a lost Delete, short for who waits for the program.
constexpr Duration FAREWELL = std::chrono::seconds(5);

int
Refused(const io::SystemError& error)
{
    fmt::print(stderr, "ikelab endpoint: {}\n", error.message);
    return EXIT_REFUSED;
}

void
PrintAnswer(const nlohmann::ordered_json& answer)
{
    const std::string line =
        answer.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
}

/// What a configuration asks for, a line per connection and child.
void
PrintPlan(const gateway::Config& config)
{
    for (const auto& connection : config.ike.connections)
    {
        fmt::print("{}: {} -> {}\n",
                   connection->name,
                   connection->localAddrs.empty() ? "%any" : connection->localAddrs[0].ToString(),
                   connection->remoteAddrs.empty() ? "%any"
                                                   : connection->remoteAddrs[0].ToString());
        for (const ike::ChildConfig& child : connection->children)
        {
            const auto side = [](const Selectors& selectors)
            {
                std::vector<std::string> texts;
                std::ranges::transform(selectors, std::back_inserter(texts), gateway::SelectorText);
                return fmt::format("{}", fmt::join(texts, ", "));
            };
            fmt::print("  {}: {} === {}\n", child.name, side(child.localTs), side(child.remoteTs));
        }
    }
    fmt::print("{} connection(s), {} secret(s), {} policies: the configuration is good\n",
               config.ike.connections.size(),
               config.ike.secrets.size(),
               config.policies.size());
}

/// What this moment of the loop is on the calendar.
Duration
EpochOf(const io::EventLoop& loop)
{
    const Duration calendar = std::chrono::system_clock::now().time_since_epoch();
    return calendar - loop.Now().time_since_epoch();
}

/// The running endpoint with those who tell it what to do.
class Run
{
  public:
    Run(io::EventLoop& loop,
        Journal& journal,
        Endpoint& endpoint,
        io::StopSignals& signals,
        const RunEndpointOptions& options)
        : m_loop(loop),
          m_journal(journal),
          m_endpoint(endpoint),
          m_signals(signals),
          m_options(options),
          m_commands(endpoint, options.commands ? PrintAnswer : Ignore)
    {
    }

    io::SystemResult<void>
    Go()
    {
        m_loop.Watch(m_signals.Descriptor(), [this] { ReadSignals(); });
        m_loop.OnDeadline([this] { OnDeadline(); });
        m_loop.OnTurn([this] { OnTurn(); });
        m_endpoint.Start();
        for (const std::string& child : m_options.initiate)
        {
            if (const auto begun = m_endpoint.Initiate(child); !begun)
            {
                m_journal.LogError(
                    m_loop.Now(),
                    "CFG",
                    fmt::format("cannot initiate {}: {}", child, ToString(begun.error())));
            }
        }
        if (m_options.commands)
        {
            m_loop.Watch(STDIN_FILENO, [this] { ReadCommands(); });
        }
        return m_loop.Run();
    }

  private:
    static void
    Ignore(const nlohmann::ordered_json&)
    {
    }

    void
    ReadSignals()
    {
        while (const int signal = m_signals.Take())
        {
            if (m_stopBy)
            {
                m_journal.Log(m_loop.Now(), "DMN", "second signal, ending at once");
                m_loop.Stop();
                return;
            }
            Stop(signal == SIGINT   ? "SIGINT received"
                 : signal == SIGHUP ? "SIGHUP received"
                                    : "SIGTERM received");
        }
    }

    void
    ReadCommands()
    {
        const bool more = m_lines.Read([this](std::string_view line) { m_commands.OnLine(line); });
        if (!more)
        {
            m_inputEnded = true;
            m_loop.Unwatch(STDIN_FILENO);
        }
    }

    void
    Stop(std::string_view why)
    {
        m_journal.Log(m_loop.Now(), "DMN", fmt::format("{}, shutting down", why));
        m_stopBy = m_loop.Now() + FAREWELL;
        m_endpoint.Shutdown();
    }

    void
    OnTurn()
    {
        m_commands.Settle();
        if (!m_stopBy)
        {
            if (m_commands.QuitAsked())
            {
                Stop("quit");
            }
            else if (m_inputEnded && m_commands.Idle())
            {
                Stop("end of commands");
            }
            else if (m_endpoint.Broken())
            {
                Stop("TUN device lost");
            }
        }
        if (m_stopBy && (m_endpoint.Empty() || m_loop.Now() >= *m_stopBy))
        {
            if (!m_endpoint.Empty())
            {
                m_journal.Log(
                    m_loop.Now(), "DMN", "no answer to what ends the SAs, ending without");
            }
            m_commands.Settle();
            m_commands.Abandon();
            m_loop.Stop();
            return;
        }
        std::optional<Instant> next = m_endpoint.Deadline();
        for (const std::optional<Instant>& other : {m_journal.FlushDue(), m_stopBy})
        {
            if (other && (!next || *other < *next))
            {
                next = other;
            }
        }
        m_loop.SetDeadline(next);
    }

    void
    OnDeadline()
    {
        const Instant now = m_loop.Now();
        m_journal.Flush(now);
        if (const auto due = m_endpoint.Deadline(); due && now >= *due)
        {
            m_endpoint.HandleTimeout();
        }
    }

    io::EventLoop& m_loop;
    Journal& m_journal;
    Endpoint& m_endpoint;
    io::StopSignals& m_signals;
    const RunEndpointOptions& m_options;
    Commands m_commands;
    io::LineReader m_lines{STDIN_FILENO};
    bool m_inputEnded{false};
    std::optional<Instant> m_stopBy;
};

} // namespace

int
RunEndpoint(const RunEndpointOptions& options)
{
    auto config = ReadConfigFile(options.configFile);
    if (!config)
    {
        fmt::print(stderr, "{}\n", config.error());
        return EXIT_BAD_INPUT;
    }
    for (const std::string& child : options.initiate)
    {
        if (const std::string problem = ChildProblem(config->ike, child); !problem.empty())
        {
            fmt::print(stderr, "ikelab endpoint: --initiate {}: {}\n", child, problem);
            return EXIT_BAD_INPUT;
        }
    }
    if (options.dryRun)
    {
        PrintPlan(*config);
        return EXIT_STOPPED;
    }
    if (!options.outputFolder.empty())
    {
        if (const auto free = io::CheckFree(options.outputFolder); !free)
        {
            Refused(free.error());
            return EXIT_BAD_INPUT;
        }
    }
    // Whoever reads our answers may go first; SAs must still be deleted.
    std::signal(SIGPIPE, SIG_IGN);
    io::EventLoop loop;
    Journal journal(options.name, options.quiet);
    auto signals = io::StopSignals::Open();
    if (!signals)
    {
        return Refused(signals.error());
    }
    auto endpoint = Endpoint::Open(loop, journal, std::move(*config), options.endpoint);
    if (!endpoint)
    {
        return Refused(endpoint.error());
    }
    if (!options.outputFolder.empty())
    {
        RunFolderOptions folderOptions;
        folderOptions.epoch = EpochOf(loop);
        folderOptions.comments = {
            fmt::format("ikelab {} endpoint, node {}", IKELAB_VERSION, options.name)};
        auto folder = RunFolder::Create(options.outputFolder, folderOptions);
        if (!folder)
        {
            return Refused(folder.error());
        }
        journal.Attach(std::move(*folder));
    }
    const auto begun =
        std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
    journal.Log(loop.Now(),
                "DMN",
                fmt::format("starting ikelab endpoint {} with {} connection(s) at Unix time {}",
                            IKELAB_VERSION,
                            (*endpoint)->IkeConfig().connections.size(),
                            begun.time_since_epoch().count()));

    const auto ran = Run(loop, journal, **endpoint, *signals, options).Go();
    const bool broken = (*endpoint)->Broken();
    endpoint->reset();
    const auto finished = journal.Finish();
    if (!ran)
    {
        return Refused(ran.error());
    }
    if (!finished)
    {
        return Refused(finished.error());
    }
    return broken ? EXIT_REFUSED : EXIT_STOPPED;
}

} // namespace ikelab::endpoint
