// SPDX-License-Identifier: MIT
#include "endpoint/run_folder.h"

#include "endpoint/key_rows.h"
#include "gateway/charon_log.h"
#include "gateway/event_json.h"

namespace ikelab::endpoint
{

namespace
{

constexpr uint16_t NAT_PORT = 4500;

template <typename T>
tl::unexpected<io::SystemError>
PassOn(io::SystemResult<T>& failed)
{
    return tl::unexpected<io::SystemError>(std::move(failed.error()));
}

} // namespace

io::SystemResult<RunFolder>
RunFolder::Create(const std::string& path, const RunFolderOptions& options)
{
    TRY_SYSTEM(io::MakeDirectories(path));
    auto text = io::OutputFile::Open(path + "/charon.log");
    if (!text)
    {
        return PassOn(text);
    }
    auto events = io::OutputFile::Open(path + "/events.jsonl");
    if (!events)
    {
        return PassOn(events);
    }
    auto capture =
        io::PcapngWriter::Open(path + "/capture.pcapng", io::SectionInfo{options.comments}, true);
    if (!capture)
    {
        return PassOn(capture);
    }
    return RunFolder(path, options, std::move(*text), std::move(*events), std::move(*capture));
}

RunFolder::RunFolder(std::string path,
                     const RunFolderOptions& options,
                     io::OutputFile text,
                     io::OutputFile events,
                     io::PcapngWriter capture)
    : m_path(std::move(path)),
      m_epoch(options.epoch),
      m_textFile(std::move(text)),
      m_eventFile(std::move(events)),
      m_text(m_textFile.Stream()),
      m_events(m_eventFile.Stream()),
      m_capture(std::move(capture)),
      m_encapsulationPorts(options.profile.udpEncapsulationPorts.begin(),
                           options.profile.udpEncapsulationPorts.end())
{
    if (!options.names.empty())
    {
        m_capture.AddNames(options.names);
    }
}

uint32_t
RunFolder::AddInterface(std::string_view name, std::string_view description, io::LinkType linkType)
{
    return m_capture.AddInterface(name, description, linkType);
}

void
RunFolder::OnEvent(Instant at, std::string_view node, const gateway::Event& event)
{
    KeepKeys(event);
    for (const gateway::LogLine& line : gateway::FormatCharon(event))
    {
        m_text.Write(at, node, line.group, line.text);
    }
    auto json = gateway::EventToJson(event);
    if (std::holds_alternative<gateway::PacketRefused>(event))
    {
        // RFC 4303 §4: an audit log tells the date and not just how long something has been
        // running.
        json["date"] = io::ToDate(m_epoch + at.time_since_epoch());
    }
    OnRecord(at, node, json);
}

void
RunFolder::OnRecord(Instant at, std::string_view node, const nlohmann::ordered_json& fields)
{
    nlohmann::ordered_json line{{"node", node}};
    line.update(fields);
    m_events.Write(at, line);
}

void
RunFolder::Log(Instant at, std::string_view node, std::string_view group, std::string_view text)
{
    m_text.Write(at, node, group, text);
}

void
RunFolder::KeepKeys(const gateway::Event& event)
{
    if (const auto* keys = std::get_if<ike::IkeKeysDerived>(&event))
    {
        m_keys.Add(ToKeyRow(*keys));
        m_profileDue = true;
    }
    else if (const auto* child = std::get_if<ike::ChildSaInstalled>(&event))
    {
        m_profileDue = true;
        for (const io::EspKeyRow& row : ToKeyRows(*child))
        {
            m_keys.Add(row);
            if (m_secrets.insert(io::ToSecretsCsv(row)).second)
            {
                m_capture.AddEspSecrets({&row, 1});
            }
        }
        if (child->udpEncapsulation)
        {
            NotePorts(child->path);
        }
    }
}

/// Wireshark finds UDP encapsulation by port 4500 at either end; other pairs it must be told.
void
RunFolder::NotePorts(const ikelab::Path& path)
{
    if (path.local.port != NAT_PORT && path.remote.port != NAT_PORT)
    {
        m_encapsulationPorts.insert(path.local.port);
        m_encapsulationPorts.insert(path.remote.port);
    }
}

uint64_t
RunFolder::OnFrame(Instant at,
                   uint32_t interface,
                   io::Direction direction,
                   Bytes frame,
                   std::optional<uint64_t> packetId,
                   std::span<const std::string> comments)
{
    m_capture.AddPacket(io::PacketRecord{.interface = interface,
                                         .sinceEpoch = m_epoch + at.time_since_epoch(),
                                         .data = frame,
                                         .direction = direction,
                                         .packetId = packetId,
                                         .comments = comments});
    return m_capture.PacketCount();
}

io::SystemResult<void>
RunFolder::WriteProfile()
{
    if (!m_profileDue)
    {
        return {};
    }
    m_profileDue = false;
    return m_keys.WriteProfile(
        m_path + "/wireshark",
        io::ProfileOptions{{m_encapsulationPorts.begin(), m_encapsulationPorts.end()}});
}

io::SystemResult<void>
RunFolder::Flush()
{
    // All are written, whichever fails.
    auto text = m_textFile.Flush();
    auto events = m_eventFile.Flush();
    auto capture = m_capture.Flush();
    TRY_SYSTEM(WriteProfile());
    TRY_SYSTEM(std::move(text));
    TRY_SYSTEM(std::move(events));
    return capture;
}

io::SystemResult<void>
RunFolder::Finish()
{
    // All are closed, whichever fails.
    auto profile = WriteProfile();
    auto text = m_textFile.Close();
    auto events = m_eventFile.Close();
    auto capture = m_capture.Close();
    TRY_SYSTEM(std::move(profile));
    TRY_SYSTEM(std::move(text));
    TRY_SYSTEM(std::move(events));
    return capture;
}

} // namespace ikelab::endpoint
