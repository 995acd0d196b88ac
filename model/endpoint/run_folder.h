// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/ip_address.h"
#include "gateway/event.h"
#include "io/event_log.h"
#include "io/key_tables.h"
#include "io/pcapng_writer.h"
#include "io/system_error.h"
#include "io/text_file.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ikelab::endpoint
{

/// What a run says of itself.
struct RunFolderOptions
{
    /// What Instant 0 is, since 1970-01-01 UTC: timestamps of the capture, and nothing else.
    Duration epoch{0};
    /// Head of the capture: scenario, seed, version. Nothing of the machine if runs are to repeat.
    std::vector<std::string> comments;
    /// Names of addresses, for Wireshark.
    std::vector<std::pair<IpAddress, std::string>> names;
    /// UDP ports beside 4500 that carry IKE with the non-ESP marker and ESP.
    io::ProfileOptions profile;
};

/**
 * The folder that a run leaves, the same for simulated and real gateways:
 *
 *     charon.log         what charon would have logged, time and node in front
 *     events.jsonl       one JSON object per event: t_ns, node, event, ...
 *     capture.pcapng     what crossed the recorded interfaces, ESP keys inside
 *     wireshark/         WIRESHARK_CONFIG_DIR with a profile "ikelab" that opens the capture
 *
 * It knows no clock and nothing of the machine: times are arguments, so the same run gives the same
 * octets. Write errors stick and come out at Finish. What holds keys is for its owner only.
 */
class RunFolder
{
  public:
    /// Make the folder (and those above it) and begin its files; files of an earlier run are
    /// emptied.
    static io::SystemResult<RunFolder> Create(const std::string& path,
                                              const RunFolderOptions& options = {});

    RunFolder(RunFolder&&) = default;

    const std::string&
    Path() const
    {
        return m_path;
    }

    /**
     * Describe an interface of the capture; any time before its first frame.
     * @param name "moon/eth0"
     * @return its number for OnFrame
     */
    uint32_t AddInterface(std::string_view name,
                          std::string_view description,
                          io::LinkType linkType = io::LinkType::RAW);

    /// Log an event of a gateway, and keep the keys that it carries.
    void OnEvent(Instant at, std::string_view node, const gateway::Event& event);

    /// A line of events.jsonl that no gateway made (a link went down ...): `fields` is an object.
    void OnRecord(Instant at, std::string_view node, const nlohmann::ordered_json& fields);

    /// A line of charon.log.
    void Log(Instant at, std::string_view node, std::string_view group, std::string_view text);

    /**
     * A frame crossed an interface. The keys of an SA must have come before the frames that need
     * them.
     * @param packetId the same wherever this packet is seen
     * @return the number of the frame in the capture, counted from 1 as Wireshark does
     */
    uint64_t OnFrame(Instant at,
                     uint32_t interface,
                     io::Direction direction,
                     Bytes frame,
                     std::optional<uint64_t> packetId = {},
                     std::span<const std::string> comments = {});

    /// Put everything so far into the files, key tables included, for those who look into a run
    /// that goes on. Cheap when nothing happened since.
    io::SystemResult<void> Flush();

    /// Close the files; the first error of any write since Create.
    io::SystemResult<void> Finish();

  private:
    RunFolder(std::string path,
              const RunFolderOptions& options,
              io::OutputFile text,
              io::OutputFile events,
              io::PcapngWriter capture);

    void KeepKeys(const gateway::Event& event);
    void NotePorts(const ikelab::Path& path);
    io::SystemResult<void> WriteProfile();

    std::string m_path;
    Duration m_epoch;
    io::OutputFile m_textFile;
    io::OutputFile m_eventFile;
    io::TextLog m_text;
    io::JsonLinesLog m_events;
    io::PcapngWriter m_capture;
    io::KeyTables m_keys;
    bool m_profileDue{true};
    /// Secrets lines in the capture already: both ends of an SA report it.
    std::set<std::string> m_secrets;
    std::set<uint16_t> m_encapsulationPorts;
};

} // namespace ikelab::endpoint
