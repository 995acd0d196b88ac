// SPDX-License-Identifier: MIT
#pragma once

#include "endpoint/run_folder.h"
#include "io/ip_socket.h"

#include <optional>
#include <sstream>
#include <string>

namespace ikelab::endpoint
{

/// A packet of ours or for us, as a socket sees it.
struct OuterPacket
{
    Path path; ///< seen from us
    bool udp{true};
    Bytes payload; ///< of UDP, or of IP protocol 50
    io::OuterFields outer;
};

/// Where everything that happens is told: standard error in charon's words, and the run folder if
/// there is one.
class Journal
{
  public:
    /// @param name  of this node, in logs and capture
    /// @param quiet nothing but errors on standard error
    Journal(std::string name, bool quiet);

    /// From now on tell the folder, too.
    void Attach(RunFolder folder);

    void OnEvent(Instant at, const gateway::Event& event);
    /// @param group charon's three letters
    void Log(Instant at, std::string_view group, std::string_view text);
    /// As Log, and not silenced by quiet.
    void LogError(Instant at, std::string_view group, std::string_view text);

    void OnSent(Instant at, const OuterPacket& packet);
    /// A packet that left with its own IP header.
    void OnSentFrame(Instant at, Bytes frame);
    void OnReceived(Instant at, const OuterPacket& packet);
    /// A packet that came with its own IP header.
    void OnReceivedFrame(Instant at, Bytes frame);

    /// Write out what is due; call it between turns of the loop.
    void Flush(Instant at);
    /// When Flush has something to do next.
    std::optional<Instant> FlushDue() const;

    /// Close the folder's files.
    io::SystemResult<void> Finish();

  private:
    void Print();
    void OnFrame(Instant at, io::Direction direction, Bytes frame);
    void Touch(Instant at);

    std::string m_name;
    bool m_quiet;
    /// One line is one write: lines of several processes do not mix.
    std::ostringstream m_lines;
    io::TextLog m_console;
    std::optional<RunFolder> m_folder;
    uint32_t m_interface{0};
    /// Kept for its allocation.
    Buffer m_frame;
    std::optional<Instant> m_flushDue;
    io::SystemResult<void> m_flushed;
};

} // namespace ikelab::endpoint
