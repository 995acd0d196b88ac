// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "base/instant.h"
#include "base/ip_address.h"
#include "io/esp_key_row.h"
#include "io/system_error.h"
#include "io/text_file.h"

#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::io
{

/// How the packets of an interface begin; the values are libpcap's LINKTYPE_* numbers.
enum class LinkType : uint16_t
{
    ETHERNET = 1,
    /// An IPv4 or IPv6 header first, told apart by its version nibble.
    RAW = 101,
};

/// Seen from the node whose interface it is; the values are those of epb_flags.
enum class Direction : uint8_t
{
    UNKNOWN = 0,
    IN = 1,
    OUT = 2,
};

/// What stands at the head of a capture.
struct SectionInfo
{
    /// Scenario, seed, version: Wireshark shows the first under "Capture File Properties".
    std::vector<std::string> comments;
};

/// One packet on its way into a capture; everything is borrowed for the call.
struct PacketRecord
{
    /// From AddInterface.
    uint32_t interface {
        0
    };
    /// Since 1970-01-01 UTC; a simulator adds its epoch to its virtual time.
    Duration sinceEpoch{0};
    Bytes data;
    Direction direction{Direction::UNKNOWN};
    /// The same at each interface where this packet is seen, so that `frame.packet_id == 77` shows
    /// its journey.
    std::optional<uint64_t> packetId;
    std::span<const std::string> comments;
};

/**
 * Writes pcapng (draft-ietf-opsawg-pcapng): one section, little-endian on every machine, nothing
 * but what the caller gave, so that the same run gives the same octets. Write errors stick and come
 * out at Close.
 */
class PcapngWriter
{
  public:
    /// Begin a capture in a file; `secret` if it is to hold keys that matter.
    static SystemResult<PcapngWriter> Open(const std::string& path,
                                           const SectionInfo& info,
                                           bool secret = false);
    /// Begin a capture on a stream that outlives the writer.
    PcapngWriter(std::ostream& stream, const SectionInfo& info);

    PcapngWriter(PcapngWriter&&) = default;
    PcapngWriter& operator=(PcapngWriter&&) = default;

    /**
     * Describe an interface; any time before its first packet.
     * @param name "moon/eth0": what `frame.interface_name` filters
     * @return its number for PacketRecord::interface, counted from 0
     */
    uint32_t AddInterface(std::string_view name, std::string_view description, LinkType linkType);

    /// Names for addresses; Wireshark knows them for the packets that follow.
    void AddNames(std::span<const std::pair<IpAddress, std::string>> names);

    /**
     * The keys of ESP SAs, inside the capture (secrets type "ESPS"); before the packets that need
     * them. Wireshark newer than 4.6 reads them, older ones ignore them and need the key tables.
     */
    void AddEspSecrets(std::span<const EspKeyRow> rows);

    void AddPacket(const PacketRecord& packet);

    /// Packets written so far; the number of the last frame as Wireshark counts.
    uint64_t
    PacketCount() const
    {
        return m_packetCount;
    }

    /// Hand everything so far to the system, for those who read along; the error of
    /// any write since Open.
    SystemResult<void> Flush();

    /// Flush, and close the file if there is one; the error of any write since Open.
    SystemResult<void> Close();

  private:
    PcapngWriter(OutputFile file, const SectionInfo& info);

    void WriteSectionHeader(const SectionInfo& info);
    void BeginBlock(uint32_t type);
    void EndBlock();
    void U16(uint16_t value);
    void U32(uint32_t value);
    void U64(uint64_t value);
    void Padded(Bytes octets);
    void Option(uint16_t code, Bytes value);
    void TextOption(uint16_t code, std::string_view text);
    void EndOptions();

    std::optional<OutputFile> m_file;
    std::ostream* m_stream{nullptr};
    /// The block in the making; kept for its allocation.
    Buffer m_block;
    uint32_t m_interfaceCount{0};
    uint64_t m_packetCount{0};
};

} // namespace ikelab::io
