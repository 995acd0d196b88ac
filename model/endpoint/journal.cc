// SPDX-License-Identifier: MIT
#include "endpoint/journal.h"

#include "endpoint/outer_frame.h"
#include "gateway/charon_log.h"
#include "wire/esp_header.h"

#include <cstdio>

namespace ikelab::endpoint
{

namespace
{

/// How far the files may lag behind.
constexpr Duration FLUSH_INTERVAL = std::chrono::seconds(1);

Path
Reversed(const Path& path)
{
    return {path.remote, path.local};
}

void
Build(Buffer& frame, const Path& path, const OuterPacket& packet)
{
    if (packet.udp)
    {
        BuildUdpFrame(frame, path, packet.payload, packet.outer);
    }
    else
    {
        BuildRawFrame(frame, path, wire::IP_PROTOCOL_ESP, packet.payload, packet.outer);
    }
}

} // namespace

Journal::Journal(std::string name, bool quiet)
    : m_name(std::move(name)),
      m_quiet(quiet),
      m_console(m_lines)
{
}

void
Journal::Attach(RunFolder folder)
{
    m_folder.emplace(std::move(folder));
    m_interface = m_folder->AddInterface(m_name + "/outer",
                                         "IKE and ESP on sockets; outer IP headers are rebuilt");
}

void
Journal::OnEvent(Instant at, const gateway::Event& event)
{
    if (!m_quiet)
    {
        for (const gateway::LogLine& line : gateway::FormatCharon(event))
        {
            m_console.Write(at, m_name, line.group, line.text);
        }
        Print();
    }
    if (m_folder)
    {
        m_folder->OnEvent(at, m_name, event);
        Touch(at);
    }
}

void
Journal::Log(Instant at, std::string_view group, std::string_view text)
{
    if (!m_quiet)
    {
        m_console.Write(at, m_name, group, text);
        Print();
    }
    if (m_folder)
    {
        m_folder->Log(at, m_name, group, text);
        Touch(at);
    }
}

void
Journal::LogError(Instant at, std::string_view group, std::string_view text)
{
    const bool quiet = std::exchange(m_quiet, false);
    Log(at, group, text);
    m_quiet = quiet;
}

void
Journal::Print()
{
    const std::string text = m_lines.str();
    std::fwrite(text.data(), 1, text.size(), stderr);
    m_lines.str({});
}

void
Journal::OnSent(Instant at, const OuterPacket& packet)
{
    if (m_folder)
    {
        Build(m_frame, packet.path, packet);
        OnFrame(at, io::Direction::OUT, m_frame);
    }
}

void
Journal::OnSentFrame(Instant at, Bytes frame)
{
    if (m_folder)
    {
        OnFrame(at, io::Direction::OUT, frame);
    }
}

void
Journal::OnReceived(Instant at, const OuterPacket& packet)
{
    if (m_folder)
    {
        Build(m_frame, Reversed(packet.path), packet);
        OnFrame(at, io::Direction::IN, m_frame);
    }
}

void
Journal::OnReceivedFrame(Instant at, Bytes frame)
{
    if (m_folder)
    {
        OnFrame(at, io::Direction::IN, frame);
    }
}

void
Journal::OnFrame(Instant at, io::Direction direction, Bytes frame)
{
    m_folder->OnFrame(at, m_interface, direction, frame);
    Touch(at);
}

void
Journal::Touch(Instant at)
{
    if (!m_flushDue)
    {
        m_flushDue = at + FLUSH_INTERVAL;
    }
}

void
Journal::Flush(Instant at)
{
    if (m_flushDue && at >= *m_flushDue)
    {
        m_flushDue.reset();
        if (auto flushed = m_folder->Flush(); !flushed && m_flushed)
        {
            // The first error comes out at Finish, too; the endpoint goes on without its records.
            LogError(at, "DMN", flushed.error().message + "; the run folder stays incomplete");
            m_flushed = std::move(flushed);
        }
    }
}

std::optional<Instant>
Journal::FlushDue() const
{
    return m_flushDue;
}

io::SystemResult<void>
Journal::Finish()
{
    if (!m_folder)
    {
        return {};
    }
    auto finished = m_folder->Finish();
    m_folder.reset();
    m_flushDue.reset();
    TRY_SYSTEM(std::move(m_flushed));
    return finished;
}

} // namespace ikelab::endpoint
