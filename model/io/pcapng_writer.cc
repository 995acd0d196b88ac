// SPDX-License-Identifier: MIT
#include "io/pcapng_writer.h"

#include "base/assert.h"

#include <cerrno>
#include <limits>

namespace ikelab::io
{

namespace
{

// Block types and option codes, draft-ietf-opsawg-pcapng §4 and §3.5.
constexpr uint32_t SECTION_HEADER_BLOCK = 0x0A0D0D0A;
constexpr uint32_t INTERFACE_DESCRIPTION_BLOCK = 1;
constexpr uint32_t NAME_RESOLUTION_BLOCK = 4;
constexpr uint32_t ENHANCED_PACKET_BLOCK = 6;
constexpr uint32_t DECRYPTION_SECRETS_BLOCK = 10;

constexpr uint32_t BYTE_ORDER_MAGIC = 0x1A2B3C4D;

constexpr uint16_t OPT_END = 0;
constexpr uint16_t OPT_COMMENT = 1;
constexpr uint16_t SHB_USERAPPL = 4;
constexpr uint16_t IF_NAME = 2;
constexpr uint16_t IF_DESCRIPTION = 3;
constexpr uint16_t IF_TSRESOL = 9;
constexpr uint16_t EPB_FLAGS = 2;
constexpr uint16_t EPB_PACKETID = 5;
constexpr uint16_t NRB_RECORD_END = 0;
constexpr uint16_t NRB_RECORD_IPV4 = 1;
constexpr uint16_t NRB_RECORD_IPV6 = 2;

constexpr uint8_t NANOSECONDS = 9;

Bytes
AsBytes(std::string_view text)
{
    return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

/// At most what a 16-bit length can say, not cut inside a UTF-8 character.
std::string_view
FitOption(std::string_view text, size_t limit)
{
    if (text.size() <= limit)
    {
        return text;
    }
    size_t end = limit;
    while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80)
    {
        --end;
    }
    return text.substr(0, end);
}

constexpr size_t OPTION_OCTETS_MAX = std::numeric_limits<uint16_t>::max();

} // namespace

SystemResult<PcapngWriter>
PcapngWriter::Open(const std::string& path, const SectionInfo& info, bool secret)
{
    auto file = OutputFile::Open(path, secret);
    if (!file)
    {
        return tl::unexpected<SystemError>(std::move(file.error()));
    }
    return PcapngWriter(std::move(*file), info);
}

PcapngWriter::PcapngWriter(std::ostream& stream, const SectionInfo& info) : m_stream(&stream)
{
    WriteSectionHeader(info);
}

PcapngWriter::PcapngWriter(OutputFile file, const SectionInfo& info)
    : m_file(std::move(file)),
      m_stream(&m_file->Stream())
{
    WriteSectionHeader(info);
}

void
PcapngWriter::WriteSectionHeader(const SectionInfo& info)
{
    BeginBlock(SECTION_HEADER_BLOCK);
    U32(BYTE_ORDER_MAGIC);
    U16(1); // version 1.0
    U16(0);
    U64(std::numeric_limits<uint64_t>::max()); // section length unknown
    for (const std::string& comment : info.comments)
    {
        TextOption(OPT_COMMENT, comment);
    }
    // Neither hardware nor operating system: a result must not depend on the machine.
    TextOption(SHB_USERAPPL, "ikelab " IKELAB_VERSION);
    EndOptions();
    EndBlock();
}

uint32_t
PcapngWriter::AddInterface(std::string_view name, std::string_view description, LinkType linkType)
{
    BeginBlock(INTERFACE_DESCRIPTION_BLOCK);
    U16(static_cast<uint16_t>(linkType));
    U16(0);
    U32(0); // no snapshot limit
    TextOption(IF_NAME, name);
    if (!description.empty())
    {
        TextOption(IF_DESCRIPTION, description);
    }
    Option(IF_TSRESOL, {&NANOSECONDS, 1});
    EndOptions();
    EndBlock();
    return m_interfaceCount++;
}

void
PcapngWriter::AddNames(std::span<const std::pair<IpAddress, std::string>> names)
{
    if (names.empty())
    {
        return;
    }
    BeginBlock(NAME_RESOLUTION_BLOCK);
    Buffer record;
    for (const auto& [address, name] : names)
    {
        record.assign(address.Octets().begin(), address.Octets().end());
        Append(record, AsBytes(FitOption(name, OPTION_OCTETS_MAX - record.size() - 1)));
        record.push_back(0);
        Option(address.IsV4() ? NRB_RECORD_IPV4 : NRB_RECORD_IPV6, record);
    }
    U16(NRB_RECORD_END);
    U16(0);
    EndBlock();
}

void
PcapngWriter::AddEspSecrets(std::span<const EspKeyRow> rows)
{
    std::string table;
    for (const EspKeyRow& row : rows)
    {
        if (!row.encryptionName.empty() && !row.integrityName.empty())
        {
            table += ToSecretsCsv(row) + "\n";
        }
    }
    if (table.empty())
    {
        return;
    }
    BeginBlock(DECRYPTION_SECRETS_BLOCK);
    U32(SECRETS_ESP);
    U32(static_cast<uint32_t>(table.size()));
    Padded(AsBytes(table));
    EndBlock();
}

void
PcapngWriter::AddPacket(const PacketRecord& packet)
{
    IKELAB_ASSERT(packet.interface < m_interfaceCount);
    IKELAB_ASSERT(packet.sinceEpoch.count() >= 0);
    IKELAB_ASSERT(packet.data.size() <= std::numeric_limits<uint32_t>::max() / 2);
    const auto time = static_cast<uint64_t>(packet.sinceEpoch.count());
    const auto octets = static_cast<uint32_t>(packet.data.size());

    BeginBlock(ENHANCED_PACKET_BLOCK);
    U32(packet.interface);
    U32(static_cast<uint32_t>(time >> 32)); // high half first, whatever the byte order
    U32(static_cast<uint32_t>(time));
    U32(octets); // captured
    U32(octets); // on the wire
    Padded(packet.data);
    for (const std::string& comment : packet.comments)
    {
        TextOption(OPT_COMMENT, comment);
    }
    if (packet.direction != Direction::UNKNOWN)
    {
        U16(EPB_FLAGS);
        U16(4);
        U32(static_cast<uint32_t>(packet.direction));
    }
    if (packet.packetId)
    {
        U16(EPB_PACKETID);
        U16(8);
        U64(*packet.packetId);
    }
    EndOptions();
    EndBlock();
    ++m_packetCount;
}

SystemResult<void>
PcapngWriter::Close()
{
    return m_file ? m_file->Close() : Flush();
}

SystemResult<void>
PcapngWriter::Flush()
{
    if (m_file)
    {
        return m_file->Flush();
    }
    m_stream->flush();
    if (m_stream->fail())
    {
        return FailSystem("cannot write", "the capture stream", EIO);
    }
    return {};
}

void
PcapngWriter::BeginBlock(uint32_t type)
{
    m_block.clear();
    U32(type);
    U32(0); // total length, patched by EndBlock
}

void
PcapngWriter::EndBlock()
{
    // The total length counts itself, here and at the front.
    const auto total = static_cast<uint32_t>(m_block.size() + sizeof(uint32_t));
    U32(total);
    for (size_t i = 0; i < sizeof(uint32_t); ++i)
    {
        m_block[sizeof(uint32_t) + i] = static_cast<uint8_t>(total >> (8 * i));
    }
    m_stream->write(reinterpret_cast<const char*>(m_block.data()),
                    static_cast<std::streamsize>(m_block.size()));
}

void
PcapngWriter::U16(uint16_t value)
{
    m_block.push_back(static_cast<uint8_t>(value));
    m_block.push_back(static_cast<uint8_t>(value >> 8));
}

void
PcapngWriter::U32(uint32_t value)
{
    U16(static_cast<uint16_t>(value));
    U16(static_cast<uint16_t>(value >> 16));
}

void
PcapngWriter::U64(uint64_t value)
{
    U32(static_cast<uint32_t>(value));
    U32(static_cast<uint32_t>(value >> 32));
}

void
PcapngWriter::Padded(Bytes octets)
{
    Append(m_block, octets);
    // Every block begins 32-bit aligned in its own buffer, so the buffer's size is the alignment.
    m_block.resize((m_block.size() + 3) / 4 * 4);
}

void
PcapngWriter::Option(uint16_t code, Bytes value)
{
    IKELAB_ASSERT(value.size() <= OPTION_OCTETS_MAX);
    U16(code);
    U16(static_cast<uint16_t>(value.size()));
    Padded(value);
}

void
PcapngWriter::TextOption(uint16_t code, std::string_view text)
{
    Option(code, AsBytes(FitOption(text, OPTION_OCTETS_MAX)));
}

void
PcapngWriter::EndOptions()
{
    U16(OPT_END);
    U16(0);
}

} // namespace ikelab::io
