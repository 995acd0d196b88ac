// SPDX-License-Identifier: MIT
#include "base/testing/allocations.h"
#include "base/testing/mutate.h"
#include "base/testing/test_name.h"
#include "dissect/decoder.h"
#include "dissect/testing/frames.h"
#include "io/esp_key_row.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <initializer_list>
#include <string>

/// The captures of conformance/vectors/captures, good and malformed, whole and spoiled: reading
/// ends, within memory that their size bounds. What good ones say is compared by tools/ikelab's
/// tests.
namespace ikelab::dissect
{

namespace
{

namespace fs = std::filesystem;

const fs::path CAPTURES = IKELAB_SOURCE_DIR "/conformance/vectors/captures";

/// Everything allocated for a reading, with a line and a JSON object for each packet: up to some
/// 120 octets for one of the file.
constexpr size_t OCTETS_PER_OCTET = 250;
constexpr size_t FIXED_OCTETS = 10000;
/// Of the processor: one reading takes about a millisecond, this is for sanitizers.
constexpr std::clock_t MOST_TIME = 5 * CLOCKS_PER_SEC;

/// Files that are cut at every octet.
const char* const CUT[] = {"wireshark-ikev2-gcm256",
                           "wireshark-ikev2-3des",
                           "wireshark-ikev2-ctr192",
                           "wireshark-esp-cbc128",
                           "libreswan-parentR2_parentI2",
                           "tcpdump-esp-in-esp",
                           "keyless/ikev2_notify_redirect.pcap",
                           "keyless/eve-flow-esp.pcap",
                           "malformed/esp_truncated.pcap",
                           "malformed/ikev2-id-normal.pcap",
                           "malformed/ikev2pI2-segfault.pcapng",
                           "malformed/isakmp-delete-segfault.pcap",
                           "malformed/isakmp-identification-segfault.pcap",
                           "malformed/isakmp-no-none-np.pcapng"};

/// Files of which every bit is flipped: each of them costs some ten thousand readings.
const char* const FLIPPED[] = {"wireshark-ikev2-gcm256",
                               "wireshark-esp-cbc128",
                               "libreswan-parentR2_parentI2",
                               "keyless/eve-flow-esp.pcap",
                               "malformed/esp_truncated.pcap",
                               "malformed/ikev2-id-normal.pcap",
                               "malformed/ikev2pI2-segfault.pcapng",
                               "malformed/isakmp-delete-segfault.pcap",
                               "malformed/isakmp-identification-segfault.pcap",
                               "malformed/isakmp-no-none-np.pcapng"};

struct Tally
{
    size_t packets{0};
    size_t opened{0};
    size_t textOctets{0};
};

/// A capture of the folder with its keys.
class Subject
{
  public:
    Subject() = default;

    explicit Subject(const fs::path& place)
    {
        fs::path file = place;
        if (fs::is_directory(place))
        {
            file = place / "capture.pcap";
            file = fs::exists(file) ? file : place / "capture.pcapng";
            EXPECT_TRUE(m_keys.Load(place.string()).has_value()) << place;
        }
        auto read = io::ReadCaptureFile(file.string());
        EXPECT_TRUE(read.has_value()) << file;
        if (read)
        {
            m_octets = std::move(read->octets);
        }
    }

    Bytes
    Octets() const
    {
        return m_octets;
    }

    /// Read these octets as the command does, without what it prints on.
    Tally
    Read(Bytes file)
    {
        Tally tally;
        const auto capture = io::ParseCapture(file);
        if (!capture)
        {
            return tally;
        }
        (void)m_keys.AddSecrets(*capture, "secrets");
        Decoder decoder(m_context, m_keys);
        for (const io::CapturePacket& packet : capture->packets)
        {
            const PacketView view = decoder.Read(*capture, packet);
            ++tally.packets;
            tally.opened += view.Worst() == Protection::OPENED ? 1 : 0;
            tally.textOctets += ToLine(view, Duration{0}).size() + ToJson(view).size();
        }
        return tally;
    }

    /// The same, and it stays within time and memory.
    Tally
    ReadBounded(Bytes file)
    {
        Tally tally;
        const std::clock_t begun = std::clock();
        const Allocated spent = Measure([&] { tally = Read(file); });
        EXPECT_LT(std::clock() - begun, MOST_TIME);
        EXPECT_LE(spent.octets, FIXED_OCTETS + OCTETS_PER_OCTET * file.size());
        return tally;
    }

    crypto::Context&
    Context()
    {
        return m_context;
    }

    KeyStore&
    Keys()
    {
        return m_keys;
    }

  private:
    crypto::Context m_context;
    KeyStore m_keys;
    Buffer m_octets;
};

std::vector<fs::path>
AllCaptures()
{
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(CAPTURES))
    {
        const std::string kind = entry.path().extension().string();
        if (kind == ".pcap" || kind == ".pcapng" || kind == ".cap")
        {
            // With its keys, if the folder is that of one capture.
            found.push_back(entry.path().stem() == "capture" ? entry.path().parent_path()
                                                             : entry.path());
        }
    }
    std::ranges::sort(found);
    return found;
}

std::string
NameOf(const ::testing::TestParamInfo<const char*>& capture)
{
    return TestName(capture.param);
}

class CaptureCut : public ::testing::TestWithParam<const char*>
{
};

class CaptureFlipped : public ::testing::TestWithParam<const char*>
{
};

/// Where in the frames of a capture the octets begin that an ICV covers: the IKE header, the SPI.
struct Covered
{
    const char* name;
    size_t from;
    size_t opened;
};

constexpr size_t ETHERNET_OCTETS = 14;
constexpr size_t IPV4_OCTETS = 20;
constexpr size_t UDP_OCTETS = 8;
constexpr size_t IKE_FROM = ETHERNET_OCTETS + IPV4_OCTETS + UDP_OCTETS;
constexpr size_t ESP_FROM = ETHERNET_OCTETS + IPV4_OCTETS;
constexpr Covered COVERED[] = {{"wireshark-ikev2-gcm256", IKE_FROM, 4},
                               {"wireshark-ikev2-ccm128", IKE_FROM, 4},
                               {"wireshark-ikev2-3des", IKE_FROM, 4},
                               {"wireshark-ikev2-ctr192", IKE_FROM, 4},
                               {"wireshark-ikev2-cbc256", IKE_FROM, 2},
                               {"wireshark-esp-cbc128", ESP_FROM, 6}};

} // namespace

TEST(Captures, AreAllReadWithinTheirMeans)
{
    const std::vector<fs::path> captures = AllCaptures();
    EXPECT_EQ(captures.size(), 46u);
    for (const fs::path& place : captures)
    {
        SCOPED_TRACE(place);
        Subject subject(place);
        EXPECT_GT(subject.ReadBounded(subject.Octets()).packets, 0u);
    }
}

TEST(Captures, AreReadWithTheKeysOfAllOthers)
{
    KeyStore keys;
    ASSERT_TRUE(keys.Load((CAPTURES / "charon-cbc256").string()));
    for (const fs::path& place : AllCaptures())
    {
        if (fs::is_directory(place))
        {
            ASSERT_TRUE(keys.Load(place.string())) << place;
        }
    }
    for (const fs::path& place : AllCaptures())
    {
        SCOPED_TRACE(place);
        Subject subject(place);
        const auto capture = io::ParseCapture(subject.Octets());
        ASSERT_TRUE(capture);
        Decoder decoder(subject.Context(), keys);
        size_t number = 0;
        for (const io::CapturePacket& packet : capture->packets)
        {
            const PacketView view = decoder.Read(*capture, packet);
            const auto json = nlohmann::json::parse(ToJson(view));
            EXPECT_EQ(json.at("packet"), ++number);
            const std::string line = ToLine(view, packet.sinceEpoch);
            EXPECT_EQ(line.substr(0, 21), fmt::format("{:>5}  {:>14}", number, "0.000000000"));
            size_t headings = 0;
            for (const auto& layer : json.at("layers"))
            {
                const std::string name = layer.at("layer");
                headings += ToText(view, Duration{0}).find("\n  " + name) != std::string::npos;
            }
            EXPECT_EQ(headings, view.layers.size()) << ToText(view, Duration{0});
        }
    }
}

/// A pcapng file of raw IP as somebody would make it who wants a reader to drown.
class HostileFile
{
  public:
    explicit HostileFile(size_t interfaceNameOctets)
    {
        Block(0x0a0d0d0a, Words({0x1a2b3c4d, 1, 0xffffffff, 0xffffffff}));
        Buffer interface = Words({testing::RAW_IP, 0});
        const auto octets = static_cast<uint32_t>(interfaceNameOctets);
        Append(interface, Words({octets << 16 | 2})); // if_name
        interface.resize(interface.size() + octets, 'x');
        Align(interface);
        Append(interface, Words({0}));
        Block(1, interface);
    }

    void
    AddPacket(Bytes packet)
    {
        const auto octets = static_cast<uint32_t>(packet.size());
        Buffer body = Words({0, 0, 0, octets, octets});
        Append(body, packet);
        Align(body);
        Block(6, body);
    }

    void
    AddSecrets(std::string_view rows)
    {
        Buffer body = Words({io::SECRETS_ESP, static_cast<uint32_t>(rows.size())});
        body.insert(body.end(), rows.begin(), rows.end());
        Align(body);
        Block(10, body);
    }

    Bytes
    Octets() const
    {
        return m_octets;
    }

  private:
    static Buffer
    Words(std::initializer_list<uint32_t> words)
    {
        Buffer octets;
        for (const uint32_t word : words)
        {
            for (const int shift : {0, 8, 16, 24})
            {
                octets.push_back(static_cast<uint8_t>(word >> shift));
            }
        }
        return octets;
    }

    static void
    Align(Buffer& octets)
    {
        octets.resize((octets.size() + 3) / 4 * 4);
    }

    void
    Block(uint32_t type, const Buffer& body)
    {
        const auto octets = static_cast<uint32_t>(body.size() + 12);
        Append(m_octets, Words({type, octets}));
        Append(m_octets, body);
        Append(m_octets, Words({octets}));
    }

    Buffer m_octets;
};

TEST(HostileCaptures, OfCopiesOfTheLastFragmentAreReadWithinTheirMeans)
{
    constexpr size_t COPIES = 5000;
    Subject subject;
    ASSERT_TRUE(subject.Keys().AddText(testing::IKE_ROW, "keys"));
    const auto frame = [&](wire::SkfHead head, size_t octets)
    {
        return testing::Ipv4(
            esp::PROTOCOL_UDP,
            testing::Udp(
                500, 500, testing::SkfMessage(subject.Context(), head, Buffer(octets, 0))));
    };
    HostileFile file(0);
    // One payload of nobody's type that holds all of the message.
    file.AddPacket(frame({static_cast<wire::PayloadType>(200), 1, 2}, 60'000));
    const Buffer last = frame({{}, 2, 2}, 40);
    for (size_t i = 0; i < COPIES; ++i)
    {
        file.AddPacket(last);
    }
    EXPECT_EQ(subject.ReadBounded(file.Octets()).packets, COPIES + 1);
}

TEST(HostileCaptures, WithALongInterfaceNameAreReadWithinTheirMeans)
{
    constexpr size_t PACKETS = 5000;
    Subject subject;
    HostileFile file(65'000);
    for (size_t i = 0; i < PACKETS; ++i)
    {
        file.AddPacket(testing::Ipv4(esp::PROTOCOL_ESP, Buffer(40, 1)));
    }
    EXPECT_EQ(subject.ReadBounded(file.Octets()).packets, PACKETS);
}

TEST(HostileCaptures, WithManyRowsForAnySpiAreReadWithinTheirMeans)
{
    constexpr size_t ROWS = 20'000;
    constexpr size_t PACKETS = 20'000;
    Subject subject;
    HostileFile file(0);
    std::string rows;
    for (size_t i = 0; i < ROWS; ++i)
    {
        rows += fmt::format(
            "\"IPv4\",\"10.{}.{}.1\",\"*\",\"*\",\"NULL\",\"\",\"NULL\",\"\"\n", i / 256, i % 256);
    }
    file.AddSecrets(rows);
    for (size_t i = 0; i < PACKETS; ++i)
    {
        file.AddPacket(testing::Ipv4(esp::PROTOCOL_ESP, Buffer(40, 1)));
    }
    EXPECT_EQ(subject.ReadBounded(file.Octets()).packets, PACKETS);
}

TEST_P(CaptureCut, AnywhereIsReadWithinItsMeans)
{
    Subject subject(CAPTURES / GetParam());
    const Tally whole = subject.Read(subject.Octets());
    ASSERT_GT(whole.packets, 0u);
    Truncate(subject.Octets(),
             1,
             [&](Bytes octets)
             {
                 const Tally cut = subject.ReadBounded(octets);
                 EXPECT_LE(cut.packets, whole.packets);
                 EXPECT_LE(cut.opened, whole.opened);
             });
}

TEST_P(CaptureFlipped, InAnyBitIsReadWithinItsMeans)
{
    Subject subject(CAPTURES / GetParam());
    FlipBits(subject.Octets(),
             subject.Octets().size(),
             [&](Bytes octets) { subject.ReadBounded(octets); });
}

INSTANTIATE_TEST_SUITE_P(Captures, CaptureCut, ::testing::ValuesIn(CUT), NameOf);
INSTANTIATE_TEST_SUITE_P(Captures, CaptureFlipped, ::testing::ValuesIn(FLIPPED), NameOf);

TEST(Captures, LetNoBitThatAnIcvCoversBeTurned)
{
    for (const Covered& covered : COVERED)
    {
        SCOPED_TRACE(covered.name);
        Subject subject(CAPTURES / covered.name);
        const auto capture = io::ParseCapture(subject.Octets());
        ASSERT_TRUE(capture);
        Decoder decoder(subject.Context(), subject.Keys());
        size_t opened = 0;
        for (const io::CapturePacket& packet : capture->packets)
        {
            if (decoder.Read(*capture, packet).Worst() != Protection::OPENED)
            {
                continue;
            }
            ++opened;
            const Bytes head = packet.data.first(covered.from);
            FlipBits(packet.data.subspan(covered.from),
                     packet.data.size() - covered.from,
                     [&](Bytes flipped)
                     {
                         Buffer frame = ToBuffer(head);
                         Append(frame, flipped);
                         io::CapturePacket spoiled = packet;
                         spoiled.data = frame;
                         EXPECT_NE(decoder.Read(*capture, spoiled).Worst(), Protection::OPENED);
                     });
        }
        EXPECT_EQ(opened, covered.opened);
    }
}

} // namespace ikelab::dissect
