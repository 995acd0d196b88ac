// SPDX-License-Identifier: MIT
#include "io/pcap_reader.h"

#include "base/byte_reader.h"
#include "io/text_file.h"

#include <algorithm>
#include <limits>
#include <string_view>

namespace ikelab::io
{

namespace
{

constexpr uint32_t PCAP_MICROSECONDS = 0xA1B2C3D4;
constexpr uint32_t PCAP_NANOSECONDS = 0xA1B23C4D;
constexpr uint32_t SECTION_HEADER_BLOCK = 0x0A0D0D0A; // reads the same in both orders
constexpr uint32_t BYTE_ORDER_MAGIC = 0x1A2B3C4D;
constexpr uint32_t INTERFACE_DESCRIPTION_BLOCK = 1;
constexpr uint32_t SIMPLE_PACKET_BLOCK = 3;
constexpr uint32_t NAME_RESOLUTION_BLOCK = 4;
constexpr uint32_t ENHANCED_PACKET_BLOCK = 6;
constexpr uint32_t DECRYPTION_SECRETS_BLOCK = 10;
constexpr size_t BLOCK_FRAME_OCTETS = 12; // type, total length, total length again
constexpr uint64_t NANOSECONDS_PER_SECOND = 1'000'000'000;

/// A file of a few octets per interface must not make us keep millions.
constexpr size_t INTERFACES_MAX = 65536;

uint32_t
Swap(uint32_t value)
{
    return __builtin_bswap32(value);
}

/// ByteReader with the byte order of the file.
class FileReader
{
  public:
    FileReader(Bytes bytes, bool littleEndian) : m_reader(bytes), m_littleEndian(littleEndian)
    {
    }

    [[nodiscard]] bool
    U16(uint16_t& value)
    {
        if (!m_reader.U16(value))
        {
            return false;
        }
        value = m_littleEndian ? __builtin_bswap16(value) : value;
        return true;
    }

    [[nodiscard]] bool
    U32(uint32_t& value)
    {
        if (!m_reader.U32(value))
        {
            return false;
        }
        value = m_littleEndian ? Swap(value) : value;
        return true;
    }

    [[nodiscard]] bool
    U64(uint64_t& value)
    {
        if (!m_reader.U64(value))
        {
            return false;
        }
        value = m_littleEndian ? __builtin_bswap64(value) : value;
        return true;
    }

    [[nodiscard]] bool
    Take(size_t count, Bytes& value)
    {
        return m_reader.Take(count, value);
    }

    /// Octets that fill up to a multiple of four behind them.
    [[nodiscard]] bool
    TakePadded(size_t count, Bytes& value)
    {
        return m_reader.Take(count, value) && m_reader.Skip((4 - count % 4) % 4);
    }

    Bytes
    Rest()
    {
        return m_reader.Rest();
    }

    size_t
    Left() const
    {
        return m_reader.Left();
    }

    size_t
    Offset() const
    {
        return m_reader.Offset();
    }

  private:
    ByteReader m_reader;
    bool m_littleEndian;
};

std::string
ToText(Bytes octets)
{
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

/// Calls handle(code, value) for each option; false if they do not add up.
template <typename Handler>
bool
ForEachOption(FileReader& reader, Handler handle)
{
    while (reader.Left() > 0)
    {
        uint16_t code = 0;
        uint16_t length = 0;
        Bytes value;
        if (!reader.U16(code) || !reader.U16(length))
        {
            return false;
        }
        if (code == 0)
        {
            return true;
        }
        if (!reader.TakePadded(length, value))
        {
            return false;
        }
        handle(code, value);
    }
    return true; // the end marker is optional
}

/// Ticks of any resolution times nanoseconds fit in no 64 bits; both our compilers have 128.
__extension__ using Wide = __int128;

/// Nanoseconds of a timestamp, held at the type's edge if they do not fit.
Duration
ToDuration(const CaptureInterface& interface, uint64_t units)
{
    const auto scaled =
        static_cast<Wide>(units) * static_cast<Wide>(interface.unitNumerator) /
            static_cast<Wide>(interface.unitDenominator) +
        static_cast<Wide>(interface.offsetSeconds) * static_cast<Wide>(NANOSECONDS_PER_SECOND);
    constexpr Wide LATEST = std::numeric_limits<int64_t>::max();
    constexpr Wide EARLIEST = std::numeric_limits<int64_t>::min();
    return Duration(static_cast<int64_t>(std::clamp(scaled, EARLIEST, LATEST)));
}

/// if_tsresol: a power of ten, or of two with the top bit set; false if finer than we can say.
bool
SetResolution(CaptureInterface& interface, uint8_t code)
{
    const unsigned exponent = code & 0x7F;
    uint64_t unitsPerSecond = 1;
    if ((code & 0x80) != 0)
    {
        if (exponent > 63)
        {
            return false;
        }
        unitsPerSecond <<= exponent;
    }
    else
    {
        if (exponent > 19)
        {
            return false;
        }
        for (unsigned i = 0; i < exponent; ++i)
        {
            unitsPerSecond *= 10;
        }
    }
    interface.unitNumerator = NANOSECONDS_PER_SECOND;
    interface.unitDenominator = unitsPerSecond;
    return true;
}

class PcapngParser
{
  public:
    explicit PcapngParser(Bytes file) : m_file(file)
    {
    }

    Capture
    Parse()
    {
        while (m_offset < m_file.size() && !m_capture.cutShort)
        {
            ParseBlock();
        }
        return std::move(m_capture);
    }

  private:
    void
    Stop(Fault fault, std::string_view what)
    {
        m_capture.cutShort = Error{fault, what, m_offset};
    }

    void
    ParseBlock()
    {
        const Bytes rest = m_file.subspan(m_offset);
        ByteReader head(rest);
        uint32_t type = 0;
        uint32_t total = 0;
        if (!head.U32(type) || !head.U32(total))
        {
            return Stop(Fault::TRUNCATED, "pcapng block");
        }
        if (type == SECTION_HEADER_BLOCK)
        {
            uint32_t magic = 0;
            if (!head.U32(magic))
            {
                return Stop(Fault::TRUNCATED, "pcapng section header");
            }
            if (magic != BYTE_ORDER_MAGIC && Swap(magic) != BYTE_ORDER_MAGIC)
            {
                return Stop(Fault::BAD_VALUE, "pcapng byte-order magic");
            }
            m_littleEndian = magic != BYTE_ORDER_MAGIC;
            m_firstInterface = m_capture.interfaces.size();
        }
        else if (m_littleEndian)
        {
            type = Swap(type);
        }
        total = m_littleEndian ? Swap(total) : total;
        if (total < BLOCK_FRAME_OCTETS || total % 4 != 0)
        {
            return Stop(Fault::BAD_VALUE, "pcapng block length");
        }
        if (total > rest.size())
        {
            return Stop(Fault::TRUNCATED, "pcapng block");
        }
        FileReader body(rest.subspan(8, total - BLOCK_FRAME_OCTETS), m_littleEndian);
        if (!ParseBody(type, body))
        {
            return Stop(Fault::BAD_VALUE, "pcapng block content");
        }
        m_offset += total;
    }

    bool
    ParseBody(uint32_t type, FileReader& body)
    {
        switch (type)
        {
        case SECTION_HEADER_BLOCK:
            return SectionHeader(body);
        case INTERFACE_DESCRIPTION_BLOCK:
            return Interface(body);
        case SIMPLE_PACKET_BLOCK:
            return SimplePacket(body);
        case ENHANCED_PACKET_BLOCK:
            return EnhancedPacket(body);
        case NAME_RESOLUTION_BLOCK:
            return Names(body);
        case DECRYPTION_SECRETS_BLOCK:
            return Secrets(body);
        default:
            return true; // statistics, journals, whatever comes: skipped whole
        }
    }

    bool
    SectionHeader(FileReader& body)
    {
        uint32_t magic = 0;
        uint16_t major = 0;
        uint16_t minor = 0;
        uint64_t sectionOctets = 0;
        if (!body.U32(magic) || !body.U16(major) || !body.U16(minor) || !body.U64(sectionOctets) ||
            major != 1)
        {
            return false;
        }
        return ForEachOption(body,
                             [this](uint16_t code, Bytes value)
                             {
                                 if (code == 1)
                                 {
                                     m_capture.comments.push_back(ToText(value));
                                 }
                             });
    }

    bool
    Interface(FileReader& body)
    {
        CaptureInterface interface;
        uint16_t reserved = 0;
        uint32_t snapshotOctets = 0;
        if (m_capture.interfaces.size() >= INTERFACES_MAX || !body.U16(interface.linkType) ||
            !body.U16(reserved) || !body.U32(snapshotOctets))
        {
            return false;
        }
        bool fine = true;
        const bool whole =
            ForEachOption(body,
                          [&](uint16_t code, Bytes value)
                          {
                              if (code == 2)
                              {
                                  interface.name = ToText(value);
                              }
                              else if (code == 3)
                              {
                                  interface.description = ToText(value);
                              }
                              else if (code == 9 && value.size() == 1)
                              {
                                  fine = fine && SetResolution(interface, value[0]);
                              }
                              else if (code == 14 && value.size() == 8)
                              {
                                  uint64_t seconds = 0;
                                  fine = fine && FileReader(value, m_littleEndian).U64(seconds);
                                  interface.offsetSeconds = static_cast<int64_t>(seconds);
                              }
                          });
        m_capture.interfaces.push_back(std::move(interface));
        return whole && fine;
    }

    bool
    SimplePacket(FileReader& body)
    {
        CapturePacket packet;
        if (m_capture.interfaces.size() == m_firstInterface || !body.U32(packet.originalOctets))
        {
            return false;
        }
        packet.interface = static_cast<uint32_t>(m_firstInterface);
        const size_t octets = std::min<size_t>(packet.originalOctets, body.Left());
        if (!body.Take(octets, packet.data))
        {
            return false;
        }
        m_capture.packets.push_back(std::move(packet));
        return true;
    }

    bool
    EnhancedPacket(FileReader& body)
    {
        CapturePacket packet;
        uint32_t interface = 0;
        uint32_t timeHigh = 0;
        uint32_t timeLow = 0;
        uint32_t octets = 0;
        if (!body.U32(interface) || !body.U32(timeHigh) || !body.U32(timeLow) ||
            !body.U32(octets) || !body.U32(packet.originalOctets) ||
            !body.TakePadded(octets, packet.data) ||
            interface >= m_capture.interfaces.size() - m_firstInterface)
        {
            return false;
        }
        packet.interface = static_cast<uint32_t>(m_firstInterface) + interface;
        packet.sinceEpoch = ToDuration(m_capture.interfaces[packet.interface],
                                       (uint64_t{timeHigh} << 32) | timeLow);
        const bool whole = ForEachOption(body,
                                         [&](uint16_t code, Bytes value)
                                         {
                                             FileReader option(value, m_littleEndian);
                                             uint32_t flags = 0;
                                             uint64_t id = 0;
                                             if (code == 1)
                                             {
                                                 packet.comments.push_back(ToText(value));
                                             }
                                             else if (code == 2 && option.U32(flags))
                                             {
                                                 packet.direction = flags & 3;
                                             }
                                             else if (code == 5 && option.U64(id))
                                             {
                                                 packet.packetId = id;
                                             }
                                         });
        m_capture.packets.push_back(std::move(packet));
        return whole;
    }

    bool
    Names(FileReader& body)
    {
        while (body.Left() > 0)
        {
            uint16_t kind = 0;
            uint16_t length = 0;
            Bytes value;
            if (!body.U16(kind) || !body.U16(length))
            {
                return false;
            }
            if (kind == 0)
            {
                return true;
            }
            if (!body.TakePadded(length, value))
            {
                return false;
            }
            const size_t addressOctets = kind == 1 ? 4 : 16;
            if ((kind == 1 || kind == 2) && value.size() > addressOctets)
            {
                const std::string text = ToText(value.subspan(addressOctets));
                m_capture.names.emplace_back(IpAddress::FromOctets(value.first(addressOctets)),
                                             text.substr(0, text.find('\0')));
            }
        }
        return true;
    }

    bool
    Secrets(FileReader& body)
    {
        CaptureSecrets secrets;
        uint32_t octets = 0;
        if (!body.U32(secrets.type) || !body.U32(octets) || !body.TakePadded(octets, secrets.data))
        {
            return false;
        }
        m_capture.secrets.push_back(secrets);
        return true;
    }

    Bytes m_file;
    size_t m_offset{0};
    bool m_littleEndian{false};
    size_t m_firstInterface{0};
    Capture m_capture;
};

Result<Capture>
ParsePcap(Bytes file, bool littleEndian, bool nanoseconds)
{
    FileReader reader(file, littleEndian);
    uint32_t word = 0; // magic, version, time zone, accuracy, snapshot length: nothing we use
    uint32_t linkType = 0;
    for (int i = 0; i < 5; ++i)
    {
        if (!reader.U32(word))
        {
            return Fail(Fault::TRUNCATED, "pcap header", reader.Offset());
        }
    }
    if (!reader.U32(linkType))
    {
        return Fail(Fault::TRUNCATED, "pcap header", reader.Offset());
    }
    Capture capture;
    CaptureInterface interface;
    interface.linkType = static_cast<uint16_t>(linkType);
    interface.unitNumerator = nanoseconds ? 1 : 1000;
    capture.interfaces.push_back(interface);
    while (reader.Left() > 0)
    {
        uint32_t seconds = 0;
        uint32_t fraction = 0;
        uint32_t octets = 0;
        CapturePacket packet;
        const size_t begin = reader.Offset();
        if (!reader.U32(seconds) || !reader.U32(fraction) || !reader.U32(octets) ||
            !reader.U32(packet.originalOctets) || !reader.Take(octets, packet.data))
        {
            capture.cutShort = Error{Fault::TRUNCATED, "pcap record", begin};
            break;
        }
        packet.sinceEpoch = Duration(static_cast<int64_t>(seconds * NANOSECONDS_PER_SECOND +
                                                          fraction * interface.unitNumerator));
        capture.packets.push_back(std::move(packet));
    }
    return capture;
}

} // namespace

Result<Capture>
ParseCapture(Bytes file)
{
    ByteReader reader(file);
    uint32_t magic = 0;
    if (!reader.U32(magic))
    {
        return Fail(Fault::TRUNCATED, "capture file");
    }
    for (const bool littleEndian : {false, true})
    {
        const uint32_t value = littleEndian ? Swap(magic) : magic;
        if (value == PCAP_MICROSECONDS || value == PCAP_NANOSECONDS)
        {
            return ParsePcap(file, littleEndian, value == PCAP_NANOSECONDS);
        }
    }
    if (magic != SECTION_HEADER_BLOCK)
    {
        return Fail(Fault::BAD_VALUE, "capture file magic");
    }
    return PcapngParser(file).Parse();
}

SystemResult<CaptureFile>
ReadCaptureFile(const std::string& path)
{
    auto octets = ReadBinaryFile(path);
    if (!octets)
    {
        return tl::unexpected<SystemError>(std::move(octets.error()));
    }
    CaptureFile file{std::move(*octets), {}};
    auto capture = ParseCapture(file.octets);
    if (!capture)
    {
        return tl::unexpected<SystemError>(
            SystemError{path + " is no capture: " + ikelab::ToString(capture.error()), 0});
    }
    file.capture = std::move(*capture);
    return file;
}

} // namespace ikelab::io
