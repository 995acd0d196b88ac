// SPDX-License-Identifier: MIT
#include "dissect/decoder.h"
#include "dissect/testing/frames.h"
#include "esp/testing/ah_pair.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ikelab::dissect
{

namespace
{

using ::testing::EndsWith;
using ::testing::HasSubstr;

class DecoderTest : public ::testing::Test
{
  protected:
    void
    SetUp() override
    {
        ASSERT_TRUE(m_keys.AddText(testing::IKE_ROW, "t"));
        ASSERT_TRUE(m_keys.AddText(testing::ESP_ROW, "t"));
    }

    PacketView
    Read(const Buffer& packet, uint32_t interface = 0)
    {
        io::CapturePacket captured;
        captured.interface = interface;
        captured.data = packet;
        captured.originalOctets = static_cast<uint32_t>(packet.size());
        return m_decoder.Read(m_capture, captured);
    }

    std::string
    Line(const Buffer& packet)
    {
        return ToLine(Read(packet), Duration{0});
    }

    Buffer
    Esp(Bytes content, uint8_t next = esp::PROTOCOL_IPV4, uint32_t sequence = 1)
    {
        return testing::Ipv4(esp::PROTOCOL_ESP,
                             testing::EspPacket(m_context, content, next, sequence));
    }

    crypto::Context m_context;
    KeyStore m_keys;
    io::Capture m_capture = testing::RawIpCapture();
    Decoder m_decoder{m_context, m_keys};
};

/// Payloads of a message as they stand inside SK: a nonce and a status notify.
Buffer
Payloads()
{
    wire::MessageBuilder builder(testing::RequestHeader());
    builder.Nonce(Buffer(32, 0x5a));
    builder.Notify(wire::NotifyType::MOBIKE_SUPPORTED);
    const Buffer message = builder.Finish();
    return {message.begin() + wire::HEADER_OCTETS, message.end()};
}

} // namespace

TEST_F(DecoderTest, OpensSkWithTheKeysOfTheSender)
{
    wire::MessageBuilder builder(testing::RequestHeader());
    builder.BeginSk(8);
    builder.Nonce(Buffer(32, 0x5a));
    const Buffer message = testing::Seal(m_context, builder);
    const std::string line =
        Line(testing::Ipv4(17, testing::Udp(4500, 4500, testing::Marked(message))));
    EXPECT_THAT(line,
                EndsWith("192.0.2.1[4500] > 192.0.2.2[4500]  IKE_AUTH request 1 [ No ] "
                         "(opened)"));
    // The other direction has another key: as if by the responder.
    Buffer reflected = message;
    reflected[19] = wire::FLAG_RESPONSE;
    const PacketView wrong = Read(testing::Ipv4(17, testing::Udp(500, 500, reflected)));
    EXPECT_EQ(wrong.Worst(), Protection::ICV_WRONG);
}

TEST_F(DecoderTest, SaysWhichRowIsMissing)
{
    Buffer ike = testing::SkfMessage(m_context, {wire::PayloadType::NONCE, 1, 1}, Payloads());
    ike[0] = 0x77;
    EXPECT_THAT(Line(testing::Ipv4(17, testing::Udp(500, 500, ike))),
                HasSubstr("(key missing: no row for SPIs 7711111111111111 2222222222222222)"));
    Buffer esp = testing::EspPacket(m_context, Buffer(20, 0), 59, 7);
    esp[3] = 0xc2;
    const PacketView view = Read(testing::Ipv4(50, esp));
    EXPECT_EQ(view.Worst(), Protection::KEY_MISSING);
    EXPECT_THAT(ToLine(view, Duration{0}),
                HasSubstr("ESP SPI 000000c2 sequence 7 (key missing: no row for SPI 000000c2 to "
                          "192.0.2.2)"));
}

TEST_F(DecoderTest, PutsFragmentsOfAMessageTogetherInAnyOrder)
{
    const Buffer all = Payloads();
    const Bytes bytes(all);
    const Buffer first =
        testing::SkfMessage(m_context, {wire::PayloadType::NONCE, 1, 3}, bytes.first(10));
    const Buffer second = testing::SkfMessage(m_context, {{}, 2, 3}, bytes.subspan(10, 13));
    const Buffer third = testing::SkfMessage(m_context, {{}, 3, 3}, bytes.subspan(23));
    const auto frame = [](const Buffer& message)
    {
        return testing::Ipv4(17, testing::Udp(4500, 4500, testing::Marked(message)));
    };
    EXPECT_THAT(Line(frame(third)), EndsWith("EF(3/3) (fragment: 1 of 3 are here)"));
    EXPECT_THAT(Line(frame(first)), EndsWith("EF(1/3) (fragment: 2 of 3 are here)"));
    EXPECT_THAT(Line(frame(second)), EndsWith("EF(2/3) [ No N(MOBIKE_SUP) ] (opened)"));
    // A copy does not make the message appear again; at another interface of the host it may.
    EXPECT_THAT(Line(frame(first)),
                EndsWith("EF(1/3), of a message that was complete before (opened)"));
    m_capture.interfaces.push_back(m_capture.interfaces.front());
    Read(frame(first), 1);
    Read(frame(second), 1);
    EXPECT_THAT(ToLine(Read(frame(third), 1), Duration{0}),
                EndsWith("EF(3/3) [ No N(MOBIKE_SUP) ] (opened)"));
}

TEST_F(DecoderTest, RefusesFragmentsThatContradict)
{
    const auto line = [this](wire::SkfHead head, const Buffer& content)
    {
        return Line(testing::Ipv4(
            17, testing::Udp(500, 500, testing::SkfMessage(m_context, head, content))));
    };
    EXPECT_THAT(line({{}, 2, 3}, Buffer(8, 1)), HasSubstr("1 of 3 are here"));
    EXPECT_THAT(line({{}, 2, 3}, Buffer(8, 2)), HasSubstr("differs from an earlier one"));
    EXPECT_THAT(line({{}, 2, 2}, Buffer(8, 2)), HasSubstr("smaller total"));
    EXPECT_THAT(line({{}, 2, 4}, Buffer(8, 2)), HasSubstr("1 of 4 are here"));
}

TEST_F(DecoderTest, LooksIntoTunnelsInTunnels)
{
    const Buffer inner = esp::testing::MakePacket({.protocol = esp::PROTOCOL_TCP});
    const Buffer once = Esp(inner);
    EXPECT_THAT(Line(once),
                EndsWith("192.0.2.1 > 192.0.2.2  ESP SPI 000000c1 sequence 1 (opened)  "
                         "10.99.1.1[40000] > 10.99.2.1[7]  TCP, " +
                         std::to_string(inner.size() - 20) + " octets"));
    const PacketView twice = Read(Esp(once, esp::PROTOCOL_IPV4, 2));
    EXPECT_EQ(twice.layers.size(), 6u);
    EXPECT_EQ(twice.Worst(), Protection::OPENED);
}

TEST_F(DecoderTest, StopsInATunnelWithoutEnd)
{
    Buffer packet = esp::testing::MakePacket();
    for (int i = 0; i < 40; ++i)
    {
        packet = testing::Ipv4(esp::PROTOCOL_IPV4, packet);
    }
    EXPECT_THAT(Line(packet), EndsWith("more tunnels in tunnels than are read"));
}

TEST_F(DecoderTest, ReadsIpFragmentsOncePerInterface)
{
    m_capture.interfaces.push_back(m_capture.interfaces.front());
    const Buffer datagram = testing::Udp(500, 500, Buffer(64, 0));
    const Bytes bytes(datagram);
    const Buffer first = testing::Ipv4(17, bytes.first(32), 0x2000);
    const Buffer second = testing::Ipv4(17, bytes.subspan(32), 4);
    EXPECT_TRUE(Read(first, 0).Has("fragment"));
    EXPECT_FALSE(Read(second, 1).Has("ike"));
    EXPECT_TRUE(Read(second, 0).Has("ike"));
    EXPECT_TRUE(Read(first, 1).Has("ike"));
}

TEST_F(DecoderTest, FollowsExtendedSequenceNumbersAcrossTheirHalf)
{
    KeyStore keys;
    ASSERT_TRUE(keys.AddText(std::string(testing::ESP_ROW) + R"(,"64-bit","0x5")", "t"));
    Decoder decoder(m_context, keys);
    const auto read = [&](uint32_t sequence, uint32_t high)
    {
        const Buffer packet = testing::Ipv4(
            esp::PROTOCOL_ESP, testing::EspPacket(m_context, Buffer(8, 0), 59, sequence, high));
        io::CapturePacket captured;
        captured.data = packet;
        return decoder.Read(m_capture, captured).Worst();
    };
    EXPECT_EQ(read(0xfffffffe, 5), Protection::OPENED);
    EXPECT_EQ(read(1, 6), Protection::OPENED);
    EXPECT_EQ(read(0xffffffff, 5), Protection::OPENED) << "late";
    EXPECT_EQ(read(2, 6), Protection::OPENED);
    EXPECT_EQ(read(3, 5), Protection::ICV_WRONG);
    // Forged packets far ahead move nothing.
    EXPECT_EQ(read(0x70000000, 0), Protection::ICV_WRONG);
    EXPECT_EQ(read(0xe0000000, 0), Protection::ICV_WRONG);
    EXPECT_EQ(read(4, 6), Protection::OPENED);
}

TEST_F(DecoderTest, FindsTheRightRowBehindStaleOnes)
{
    // Of the same SPIs, read later; the keys of IKE changed during the set-up (RFC 9370 §2.2.2).
    const auto stale = [](std::string_view row)
    {
        std::string text(row);
        text.replace(text.find("0001020304"), 10, "ffffffffff");
        return text;
    };
    ASSERT_TRUE(m_keys.AddText(stale(testing::ESP_ROW) + "\n" + stale(testing::IKE_ROW), "stale"));
    const auto text = [this](const Buffer& packet)
    {
        return ToText(Read(packet), Duration{0});
    };
    const Buffer esp = Esp(Buffer(8, 0), 59);
    EXPECT_THAT(text(esp), HasSubstr("sequence 1 (opened)"));
    EXPECT_THAT(text(esp), HasSubstr("keys t:1"));
    Buffer damaged = esp;
    damaged.back() ^= 1;
    EXPECT_THAT(text(damaged), HasSubstr("ICV wrong"));
    EXPECT_THAT(text(damaged), HasSubstr("keys stale:1"));
    wire::MessageBuilder builder(testing::RequestHeader());
    builder.BeginSk(8);
    builder.Nonce(Buffer(32, 0x5a));
    const Buffer ike = testing::Ipv4(17, testing::Udp(500, 500, testing::Seal(m_context, builder)));
    EXPECT_THAT(text(ike), HasSubstr("[ No ] (opened)"));
    EXPECT_THAT(text(ike), HasSubstr("keys t:1"));
}

TEST_F(DecoderTest, NeverTakesPaddingOnTrust)
{
    KeyStore keys;
    ASSERT_TRUE(keys.AddText(R"("IPv4","*","*","0x000000c1","NULL","","NULL","")", "t"));
    Decoder decoder(m_context, keys);
    const auto read = [&](std::string_view text)
    {
        const Buffer packet =
            testing::Ipv4(esp::PROTOCOL_ESP, Hex("000000c100000001" + std::string(text)));
        io::CapturePacket captured;
        captured.data = packet;
        return decoder.Read(m_capture, captured).Worst();
    };
    EXPECT_EQ(read("aabb0102023b"), Protection::UNCHECKED);
    EXPECT_EQ(read("aabb0103023b"), Protection::MALFORMED);
    EXPECT_EQ(read("aabb0102093b"), Protection::MALFORMED);
    EXPECT_EQ(read("3b"), Protection::MALFORMED);
}

TEST_F(DecoderTest, NamesIkev1AndWhatItCannotRead)
{
    Buffer old(28, 0);
    old[17] = 0x10;
    old[18] = 32;
    old[19] = 1;
    EXPECT_THAT(Line(testing::Ipv4(17, testing::Udp(500, 500, old))),
                HasSubstr("IKEv1, Quick Mode, encrypted"));
    EXPECT_THAT(Line(testing::Ipv4(17, testing::Udp(4500, 4500, Buffer{0xff}))),
                HasSubstr("NAT keep-alive"));
    EXPECT_THAT(Line(testing::Ipv4(17, testing::Udp(53, 53, Buffer(4, 0)))),
                HasSubstr("UDP, 4 octets"));
    EXPECT_EQ(Read(testing::Ipv4(17, Hex("01f401f4aa"))).Worst(), Protection::MALFORMED);
    EXPECT_EQ(Read(testing::Ipv4(17, Buffer(3, 0))).Worst(), Protection::CLEAR) << "whose?";
    EXPECT_EQ(Read(testing::Ipv4(51, Buffer(3, 0))).Worst(), Protection::MALFORMED);
    EXPECT_EQ(Read(Buffer(3, 0x45)).Worst(), Protection::CLEAR) << "foreign and broken";
    EXPECT_EQ(Read(Buffer(3, 0x45), 9).Worst(), Protection::MALFORMED);
    EXPECT_EQ(Read(Buffer{}).Worst(), Protection::CLEAR);
    m_capture.interfaces.front().linkType = 147;
    EXPECT_THAT(Line(Buffer(3, 0)), HasSubstr("link type 147 is not read"));
}

TEST_F(DecoderTest, TellsWhatWasCutFromWhatIsBroken)
{
    const Buffer esp = Esp(esp::testing::MakePacket());
    const auto cut = [&](const Buffer& packet, size_t octets)
    {
        io::CapturePacket captured;
        captured.data = Bytes(packet).first(octets);
        captured.originalOctets = static_cast<uint32_t>(packet.size());
        return m_decoder.Read(m_capture, captured);
    };
    for (size_t octets = 20; octets < esp.size(); ++octets)
    {
        const PacketView view = cut(esp, octets);
        EXPECT_EQ(view.Worst(), Protection::CUT) << octets;
        EXPECT_THAT(ToLine(view, Duration{0}),
                    HasSubstr("192.0.2.1 > 192.0.2.2  ESP (cut: only " + std::to_string(octets) +
                              " of " + std::to_string(esp.size()) + " octets were captured)"));
    }
    Buffer broken = esp;
    broken.pop_back(); // and the header still speaks of it
    EXPECT_EQ(Read(broken).Worst(), Protection::MALFORMED);
    const Buffer foreign = esp::testing::MakePacket({.protocol = esp::PROTOCOL_TCP});
    EXPECT_EQ(cut(foreign, 30).Worst(), Protection::CLEAR);
    EXPECT_EQ(Read(ToBuffer(Bytes(foreign).first(30))).Worst(), Protection::CLEAR);
}

TEST_F(DecoderTest, ShowsFragmentsOfOurs)
{
    const Buffer esp = testing::EspPacket(m_context, Buffer(60, 0), 59, 1);
    EXPECT_EQ(Read(testing::Ipv4(50, Bytes(esp).first(32), 0x2000)).Worst(), Protection::FRAGMENT);
    const Buffer ike = testing::Udp(500, 500, Buffer(64, 0));
    const PacketView first = Read(testing::Ipv4(17, Bytes(ike).first(32), 0x2000));
    EXPECT_EQ(first.Worst(), Protection::FRAGMENT);
    EXPECT_THAT(ToLine(first, Duration{0}), HasSubstr("UDP in fragments, 1 so far"));
    EXPECT_EQ(Read(testing::Ipv4(17, Bytes(ike).subspan(32, 8), 0x2004)).Worst(),
              Protection::FRAGMENT)
        << "by what the first has shown";
    const Buffer other = testing::Udp(53, 53, Buffer(64, 0));
    m_capture.interfaces.push_back(m_capture.interfaces.front());
    EXPECT_EQ(Read(testing::Ipv4(17, Bytes(other).first(32), 0x2000), 1).Worst(),
              Protection::CLEAR);
}

TEST_F(DecoderTest, BlamesTheCaptureForNothingElse)
{
    io::CapturePacket captured;
    const auto worst = [&](const Buffer& packet, size_t octets, size_t more)
    {
        captured.data = Bytes(packet).first(octets);
        captured.originalOctets = static_cast<uint32_t>(octets + more);
        return m_decoder.Read(m_capture, captured).Worst();
    };
    Buffer esp = Esp(esp::testing::MakePacket());
    EXPECT_EQ(worst(esp, esp.size(), 4), Protection::OPENED) << "a frame check sequence is missing";
    EXPECT_EQ(worst(esp, esp.size() - 8, 8), Protection::CUT);
    EXPECT_EQ(worst(esp, esp.size() - 8, 7), Protection::MALFORMED) << "there never was more";
    esp.back() ^= 1;
    EXPECT_EQ(worst(esp, esp.size(), 4), Protection::ICV_WRONG);
    const Buffer ike = testing::Ipv4(17, testing::Udp(500, 500, Buffer(40, 1)));
    EXPECT_EQ(worst(ike, ike.size(), 4), Protection::MALFORMED);
}

TEST_F(DecoderTest, KnowsOursBehindExtensionHeadersEvenIfCut)
{
    Buffer packet = Hex("60000000 0030 00 40 20010db8000000000000000000000001"
                        "20010db8000000000000000000000002"
                        "3200010400000000");
    packet.resize(40 + 0x30);
    io::CapturePacket captured;
    captured.data = Bytes(packet).first(60);
    captured.originalOctets = static_cast<uint32_t>(packet.size());
    EXPECT_THAT(ToLine(m_decoder.Read(m_capture, captured), Duration{0}),
                HasSubstr("2001:db8::1 > 2001:db8::2  ESP (cut: only 60 of 88"));
}

TEST_F(DecoderTest, TakesNoDataOfAFragmentForPorts)
{
    Buffer data = Hex("01f401f4"); // where a first fragment has its ports
    data.resize(24);
    EXPECT_EQ(Read(testing::Ipv4(17, data, 0x2004)).Worst(), Protection::CLEAR);
    EXPECT_EQ(Read(testing::Ipv4(17, data, 0x2005)).Worst(), Protection::CLEAR) << "overlaps";
    Buffer cut = testing::Ipv4(17, data, 0x2004);
    cut.pop_back();
    EXPECT_EQ(Read(cut).Worst(), Protection::CLEAR);
}

TEST_F(DecoderTest, KnowsOursThoughTheirFragmentsOverlap)
{
    const Buffer ike = testing::Udp(500, 500, Buffer(64, 0));
    Read(testing::Ipv4(17, Bytes(ike).first(32), 0x2000));
    for (const uint16_t at : {2, 4})
    {
        const PacketView view =
            Read(testing::Ipv4(17, Bytes(ike).subspan(8u * at, 24), 0x2000 | at));
        EXPECT_EQ(view.Worst(), Protection::MALFORMED) << at;
    }
}

TEST_F(DecoderTest, CallsBrokenPacketsMalformedIfDecryptionGaveThem)
{
    const Buffer broken(24, 0x45);
    EXPECT_EQ(Read(broken).Worst(), Protection::CLEAR) << "somebody else's";
    EXPECT_EQ(Read(testing::Ipv4(esp::PROTOCOL_IPV4, broken)).Worst(), Protection::CLEAR);
    EXPECT_EQ(Read(Esp(broken)).Worst(), Protection::MALFORMED);
    EXPECT_EQ(Read(Esp(testing::Ipv4(esp::PROTOCOL_IPV4, broken))).Worst(), Protection::MALFORMED);
}

TEST_F(DecoderTest, ShowsAhAsOursIsMade)
{
    const std::string shown = "AH SPI c0ffee01 sequence 1, ICV not checked  ";
    for (const bool v6 : {false, true})
    {
        const Buffer inner = v6 ? esp::testing::MakePacket6() : esp::testing::MakePacket();
        esp::testing::AhPair tunnel({.v6 = v6});
        EXPECT_THAT(
            Line(tunnel.Seal(inner)),
            ::testing::AllOf(HasSubstr(shown), HasSubstr(v6 ? "2001:db8:2::1" : "10.99.2.1")));
        esp::testing::AhPair transport({.mode = esp::Mode::TRANSPORT});
        EXPECT_THAT(Line(transport.Seal(inner)), EndsWith(shown + "UDP, 56 octets"));
    }
}

// RFC 4302 §3.1.1: behind the headers that routers read.
TEST_F(DecoderTest, ShowsAhInIpv6)
{
    const auto line = [this](uint8_t first, std::string_view content)
    {
        Buffer packet = Hex("600000000000 00 40 20010db8000000000000000000000001"
                            "20010db8000000000000000000000002" +
                            std::string(content));
        packet[5] = static_cast<uint8_t>(packet.size() - 40);
        packet[6] = first;
        return Line(packet);
    };
    constexpr uint8_t HOP_BY_HOP = 0;
    constexpr uint8_t FRAGMENT = 44;
    const std::string ah = "04 0000 00000077 00000005 000000000000000000000000";
    const std::string udp = "0035 0035 0008 0000";
    const std::string shown = "AH SPI 00000077 sequence 5, ICV not checked  ";
    EXPECT_THAT(line(51, "11" + ah + udp), EndsWith(shown + "UDP, 0 octets"));
    EXPECT_THAT(line(HOP_BY_HOP,
                     "33 00 010400000000"
                     "11" +
                         ah + udp),
                EndsWith(shown + "UDP, 0 octets"));
    EXPECT_THAT(line(FRAGMENT,
                     "33 00 0000 00000009"
                     "11" +
                         ah + udp),
                EndsWith(shown + "UDP, 0 octets"))
        << "a fragment that is all there is, RFC 6946";
    EXPECT_THAT(line(51, "3c" + ah + "11 00 010400000000" + udp), EndsWith(shown + "UDP, 0 octets"))
        << "destination options behind AH";
    EXPECT_THAT(line(51, "33" + ah + "11" + ah + udp), EndsWith(shown + shown + "UDP, 0 octets"));
    EXPECT_THAT(line(51, "11 00 0000 00000077" + udp),
                HasSubstr("AH (malformed: its header is cut off)"))
        << "shorter than its fixed fields";

    Buffer cut = Hex("600000000100 33 40 20010db8000000000000000000000001"
                     "20010db8000000000000000000000002 11" +
                     ah + udp);
    io::CapturePacket captured;
    captured.data = cut;
    captured.originalOctets = 296;
    EXPECT_THAT(ToLine(m_decoder.Read(m_capture, captured), Duration{0}),
                HasSubstr(shown + "UDP (cut: "));
}

TEST_F(DecoderTest, KnowsAhInIpv6ThatDoesNotEnd)
{
    // AH behind a hop-by-hop header says it has 24 octets; there are 20 of them.
    const Buffer packet = Hex("60000000001c 00 40 20010db8000000000000000000000001"
                              "20010db8000000000000000000000002"
                              "3300010400000000"
                              "1104 0000 00000077 00000005 0000000000000000");
    EXPECT_THAT(Line(packet),
                HasSubstr("2001:db8::1 > 2001:db8::2  AH (malformed: its header is cut off)"));
    for (size_t octets = 40; octets < packet.size(); ++octets)
    {
        io::CapturePacket captured;
        captured.data = Bytes(packet).first(octets);
        captured.originalOctets = static_cast<uint32_t>(packet.size());
        const PacketView view = m_decoder.Read(m_capture, captured);
        // What is behind the hop-by-hop header is known once that is there.
        EXPECT_EQ(view.Worst(), octets < 48 ? Protection::CLEAR : Protection::CUT) << octets;
    }
}

TEST_F(DecoderTest, ShowsFragmentsOfAh)
{
    const std::string tcp(48, '0'); // TCP behind AH is ours for its AH
    const Buffer ah = Hex("0604 0000 00000077 00000005 000000000000000000000000" + tcp);
    EXPECT_EQ(Read(testing::Ipv4(esp::PROTOCOL_AH, Bytes(ah).first(40), 0x2000)).Worst(),
              Protection::FRAGMENT);
    const auto fragment = [&](std::string_view offsetAndMore, Bytes content)
    {
        Buffer packet = Hex("600000000000 2c 40 20010db8000000000000000000000001"
                            "20010db8000000000000000000000002 3300" +
                            std::string(offsetAndMore) + "00000009");
        Append(packet, content);
        packet[5] = static_cast<uint8_t>(packet.size() - 40);
        return Read(packet);
    };
    EXPECT_EQ(fragment("0001", Bytes(ah).first(40)).Worst(), Protection::FRAGMENT);
    const PacketView last = fragment("0028", Bytes(ah).subspan(40));
    EXPECT_TRUE(last.Has("ah")) << ToLine(last, Duration{0});
}

TEST_F(DecoderTest, SaysALongInterfaceNameShort)
{
    m_capture.interfaces.front().name = std::string(65000, 'x');
    const PacketView view = Read(Esp(esp::testing::MakePacket()));
    EXPECT_EQ(view.interface, std::string(64, 'x') + "...");
}

TEST_F(DecoderTest, SaysTimesThatLieTooFarApart)
{
    PacketView view;
    view.sinceEpoch = Duration::max();
    EXPECT_THAT(ToLine(view, Duration::min()), HasSubstr(" 9223372036.854775807"));
    view.sinceEpoch = Duration::min();
    EXPECT_THAT(ToLine(view, Duration{1}), HasSubstr("-9223372036.854775808"));
}

TEST_F(DecoderTest, ReadsConfiguredPorts)
{
    DecoderOptions options;
    options.ports = {14500};
    Decoder decoder(m_context, m_keys, options);
    const Buffer packet = testing::Ipv4(
        17, testing::Udp(14500, 30000, testing::EspPacket(m_context, Buffer(8, 0), 59, 1)));
    io::CapturePacket captured;
    captured.data = packet;
    EXPECT_EQ(decoder.Read(m_capture, captured).Worst(), Protection::OPENED);
    EXPECT_FALSE(Read(packet).Has("esp"));
}

TEST_F(DecoderTest, PrintsJsonThatASpoiledNameCannotBreak)
{
    m_capture.interfaces.front().name = "w\"an\xff\n";
    const std::string json = ToJson(Read(Esp(esp::testing::MakePacket())));
    EXPECT_THAT(json, HasSubstr(R"("interface":"w\"an\\ff\\0a")"));
    EXPECT_THAT(json, HasSubstr(R"("protection":"opened")"));
    EXPECT_THAT(json, HasSubstr(R"("keys":"t:1")"));
}

TEST(IkeReassembly, KeepsABoundedNumberOfMessages)
{
    IkeReassembly reassembly;
    const auto add = [&](uint32_t id, uint16_t number)
    {
        const auto outcome =
            reassembly.Add(0, testing::RequestHeader(id), {{}, number, 2}, Buffer(4, 1));
        return outcome ? outcome->pieces : 0;
    };
    EXPECT_EQ(add(0, 1), 1u);
    for (uint32_t id = 1; id <= IkeReassembly::MOST_MESSAGES; ++id)
    {
        EXPECT_EQ(add(id, 1), 1u);
    }
    EXPECT_EQ(add(0, 2), 1u) << "the oldest is forgotten";
    EXPECT_EQ(add(IkeReassembly::MOST_MESSAGES, 2), 2u);
    const auto huge = reassembly.Add(
        0, testing::RequestHeader(0), {{}, 1, 2}, Buffer(IkeReassembly::MESSAGE_OCTETS, 0));
    ASSERT_FALSE(huge);
    EXPECT_EQ(huge.error().fault, Fault::LIMIT);
}

} // namespace ikelab::dissect
