// SPDX-License-Identifier: MIT
#include "base/hex.h"
#include "endpoint/journal.h"
#include "endpoint/key_rows.h"
#include "endpoint/run_folder.h"
#include "io/pcap_reader.h"
#include "io/text_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace ikelab::endpoint
{
namespace
{

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Path PATH{{*IpAddress::Parse("192.0.2.1"), 500}, {*IpAddress::Parse("192.0.2.2"), 500}};

ike::IkeKeysDerived
IkeKeys()
{
    ike::IkeKeysDerived keys;
    keys.spis = {IkeSpi{0x1122334455667788}, IkeSpi{0x99aabbccddeeff00}};
    keys.suite = {crypto::FindEncr(wire::Encr::ENCR_AES_CBC, 256),
                  crypto::FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128),
                  crypto::FindPrf(wire::Prf::PRF_HMAC_SHA2_256),
                  crypto::FindKe(wire::KeMethod::CURVE25519)};
    keys.ei = crypto::SecretBytes(Hex("e1e1"));
    keys.er = crypto::SecretBytes(Hex("e2e2"));
    keys.ai = crypto::SecretBytes(Hex("a1a1"));
    keys.ar = crypto::SecretBytes(Hex("a2a2"));
    return keys;
}

/// The Child SA as one end reports it; the other end has both directions swapped.
ike::ChildSaInstalled
ChildSa(bool other = false, bool udp = false)
{
    ike::ChildSaInstalled child;
    auto config = std::make_shared<ike::ChildConfig>();
    config->name = "net";
    child.config = config;
    child.suite = {crypto::FindEncr(wire::Encr::ENCR_AES_GCM_16, 128), nullptr, nullptr, false};
    child.inboundSpi = EspSpi{0xc0000001};
    child.outboundSpi = EspSpi{0xd0000002};
    child.inboundEncr = crypto::SecretBytes(Hex("aaaa"));
    child.outboundEncr = crypto::SecretBytes(Hex("bbbb"));
    child.path = PATH;
    child.udpEncapsulation = udp;
    if (other)
    {
        std::swap(child.inboundSpi, child.outboundSpi);
        std::swap(child.inboundEncr, child.outboundEncr);
        std::swap(child.path.local, child.path.remote);
    }
    return child;
}

class RunFolderTest : public ::testing::Test
{
  protected:
    ~RunFolderTest() override
    {
        std::filesystem::remove_all(m_directory);
    }

    std::string
    Read(const std::string& name) const
    {
        const auto text = io::ReadTextFile(name);
        EXPECT_TRUE(text.has_value()) << text.error().message;
        return text.value_or("");
    }

    /// A small run into a folder of this name.
    std::string
    MakeRun(const std::string& name) const
    {
        const std::string path = m_directory + "/" + name;
        RunFolderOptions options;
        options.epoch = 1'767'225'600s;
        options.comments = {"site_to_site, seed 7"};
        options.names = {{PATH.local.address, "moon"}};
        auto folder = RunFolder::Create(path, options);
        EXPECT_TRUE(folder.has_value()) << folder.error().message;
        const uint32_t wan = folder->AddInterface("moon/eth1", "to sun");
        folder->Log(Instant(0s), "moon", "CFG", "loaded net");
        folder->OnEvent(Instant(10ms), "moon", IkeKeys());
        folder->OnEvent(Instant(10ms), "moon", ChildSa());
        folder->OnEvent(Instant(11ms), "sun", ChildSa(true));
        EXPECT_EQ(folder->OnFrame(Instant(12ms), wan, io::Direction::OUT, Hex("4500"), 77), 1U);
        const std::vector<std::string> comments{"lost"};
        EXPECT_EQ(folder->OnFrame(Instant(13ms), wan, io::Direction::IN, Hex("4501"), 78, comments),
                  2U);
        folder->OnRecord(Instant(14ms), "wan", {{"event", "link"}, {"up", false}});
        EXPECT_TRUE(folder->Finish().has_value());
        return path;
    }

    const std::string m_directory = ::testing::TempDir() + "ikelab_run_folder." +
                                    ::testing::UnitTest::GetInstance()->current_test_info()->name();
};

TEST_F(RunFolderTest, TheSameRunGivesTheSameOctets)
{
    const std::string one = MakeRun("one");
    const std::string two = MakeRun("another/place");
    size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(one))
    {
        if (entry.is_regular_file())
        {
            const auto name = std::filesystem::relative(entry.path(), one).string();
            EXPECT_EQ(Read(one + "/" + name), Read(two + "/" + name)) << name;
            ++files;
        }
    }
    EXPECT_EQ(files, 9U);
}

TEST_F(RunFolderTest, EventsHaveTimeNodeAndNoKeys)
{
    const std::string text = Read(MakeRun("run") + "/events.jsonl");
    EXPECT_THAT(text, Not(HasSubstr("e1e1")));
    EXPECT_THAT(text, Not(HasSubstr("aaaa")));
    std::vector<nlohmann::json> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);)
    {
        lines.push_back(nlohmann::json::parse(line));
    }
    ASSERT_EQ(lines.size(), 4U);
    EXPECT_TRUE(text.starts_with(R"({"t_ns":10000000,"node":"moon","event":"ike_keys",)")) << text;
    EXPECT_EQ(lines[2]["node"], "sun");
    EXPECT_EQ(lines[3]["event"], "link");
    EXPECT_EQ(lines[3]["t_ns"], 14'000'000);
}

// RFC 4303 §4, RFC 4302 §4: current date and time.
TEST_F(RunFolderTest, RefusedPacketsHaveTheirDate)
{
    const std::string path = m_directory + "/run";
    {
        RunFolderOptions options;
        options.epoch = 1'767'225'600s;
        auto folder = RunFolder::Create(path, options);
        ASSERT_TRUE(folder.has_value());
        folder->OnEvent(Instant(86'400s + 10ms), "moon", gateway::PacketRefused{});
        folder->OnEvent(Instant(86'401s), "moon", gateway::LifetimeReached{});
        EXPECT_TRUE(folder->Finish().has_value());
    }
    const std::string text = Read(path + "/events.jsonl");
    EXPECT_THAT(text, HasSubstr(R"("date":"2026-01-02T00:00:00.010000000Z"})")) << text;
    EXPECT_EQ(text.find("\"date\""), text.rfind("\"date\""));
}

TEST_F(RunFolderTest, KeysStandOnceInTheTablesAndBeforeTheFramesInTheCapture)
{
    const std::string path = MakeRun("run");
    const std::string profile = path + "/wireshark/profiles/ikelab/";
    EXPECT_THAT(Read(profile + "ikev2_decryption_table"),
                HasSubstr("1122334455667788,99aabbccddeeff00,e1e1,e2e2,\"AES-CBC-256 [RFC3602]\","
                          "a1a1,a2a2,\"HMAC_SHA2_256_128 [RFC4868]\""));
    const std::string esp = Read(profile + "esp_sa");
    EXPECT_THAT(esp,
                HasSubstr("\"IPv4\",\"192.0.2.2\",\"192.0.2.1\",\"0xc0000001\",\"AES-GCM with 16 "
                          "octet ICV [RFC4106]\",\"0xaaaa\",\"NULL\",\"\""));
    EXPECT_THAT(esp, HasSubstr("\"192.0.2.1\",\"192.0.2.2\",\"0xd0000002\""));
    EXPECT_EQ(esp.find("0xc0000001"), esp.rfind("0xc0000001")) << "both ends tell of it";

    const auto file = io::ReadCaptureFile(path + "/capture.pcapng");
    ASSERT_TRUE(file.has_value());
    const io::Capture& capture = file->capture;
    EXPECT_FALSE(capture.cutShort.has_value());
    ASSERT_EQ(capture.secrets.size(), 2U) << "one block for each direction, whoever tells of it";
    ASSERT_EQ(capture.packets.size(), 2U);
    EXPECT_LT(capture.secrets[1].data.data(), capture.packets[0].data.data());
    EXPECT_EQ(capture.packets[0].sinceEpoch, 1'767'225'600s + 12ms);
    EXPECT_EQ(capture.packets[0].packetId, 77U);
    EXPECT_EQ(capture.packets[0].direction, 2);
    EXPECT_THAT(capture.packets[1].comments, ElementsAre("lost"));
    EXPECT_EQ(capture.interfaces.at(0).name, "moon/eth1");
    EXPECT_THAT(capture.comments, ElementsAre("site_to_site, seed 7"));
    ASSERT_EQ(capture.names.size(), 1U);
    EXPECT_EQ(capture.names[0].second, "moon");
}

TEST_F(RunFolderTest, FlushMakesARunReadableWhileItGoesOn)
{
    const std::string path = m_directory + "/run";
    auto folder = RunFolder::Create(path);
    ASSERT_TRUE(folder.has_value());
    const uint32_t interface = folder->AddInterface("moon/eth0", "");
    folder->Log(Instant(1s), "moon", "IKE", "hello");
    folder->OnEvent(Instant(1s), "moon", IkeKeys());
    folder->OnFrame(Instant(1s), interface, io::Direction::OUT, Hex("4500"));
    ASSERT_TRUE(folder->Flush().has_value());
    EXPECT_TRUE(Read(path + "/charon.log").starts_with("01.000000s moon [IKE] hello\n"));
    EXPECT_THAT(Read(path + "/wireshark/profiles/ikelab/ikev2_decryption_table"),
                HasSubstr("e1e1"));
    const auto capture = io::ReadCaptureFile(path + "/capture.pcapng");
    ASSERT_TRUE(capture.has_value());
    EXPECT_EQ(capture->capture.packets.size(), 1U);
    EXPECT_TRUE(folder->Finish().has_value());
}

TEST_F(RunFolderTest, WhatCannotBeMadeIsNamed)
{
    std::filesystem::create_directories(m_directory);
    ASSERT_TRUE(io::WriteFileAtomically(m_directory + "/file", "x"));
    const auto folder = RunFolder::Create(m_directory + "/file/run");
    ASSERT_FALSE(folder.has_value());
    EXPECT_THAT(folder.error().message, HasSubstr(m_directory + "/file/run"));
}

TEST_F(RunFolderTest, TheJournalShowsBothDirectionsWithTheirOuterHeaders)
{
    const std::string path = m_directory + "/run";
    auto folder = RunFolder::Create(path);
    ASSERT_TRUE(folder.has_value());
    Journal journal("moon", true);
    journal.Attach(std::move(*folder));
    journal.OnSent(Instant(1s), {.path = PATH, .payload = Bytes{}, .outer = {}});
    journal.OnReceived(Instant(2s), {.path = PATH, .payload = Bytes{}, .outer = {}});
    journal.OnReceived(Instant(3s), {.path = PATH, .udp = false, .payload = Bytes{}, .outer = {}});
    EXPECT_EQ(journal.FlushDue(), Instant(2s));
    ASSERT_TRUE(journal.Finish().has_value());
    const auto file = io::ReadCaptureFile(path + "/capture.pcapng");
    ASSERT_TRUE(file.has_value());
    const auto& packets = file->capture.packets;
    ASSERT_EQ(packets.size(), 3U);
    EXPECT_EQ(ToHex(packets[0].data.subspan(12, 8)), "c0000201c0000202");
    EXPECT_EQ(packets[0].direction, 2);
    EXPECT_EQ(ToHex(packets[1].data.subspan(12, 8)), "c0000202c0000201");
    EXPECT_EQ(packets[1].direction, 1);
    EXPECT_EQ(packets[1].data[9], 17);
    EXPECT_EQ(packets[2].data[9], 50);
    EXPECT_EQ(file->capture.interfaces.at(0).name, "moon/outer");
}

TEST(KeyRows, ANatShowsOtherAddressesSoTheSpiMustDo)
{
    const auto rows = ToKeyRows(ChildSa(false, true));
    EXPECT_EQ(rows[0].source, "*");
    EXPECT_EQ(rows[1].destination, "*");
    EXPECT_EQ(rows[0].spi, 0xc0000001U);
    EXPECT_FALSE(rows[0].v6);
}

TEST(KeyRows, AreOfEspOnly)
{
    ike::ChildSaInstalled child = ChildSa(false, false);
    EXPECT_EQ(ToKeyRows(child).size(), 2u);
    child.suite = {nullptr, crypto::FindInteg(wire::Integ::AUTH_HMAC_SHA2_256_128)};
    EXPECT_TRUE(ToKeyRows(child).empty());
}

TEST(KeyRows, ACipherWithoutANameInWiresharkHasNone)
{
    ike::IkeKeysDerived keys = IkeKeys();
    keys.suite.encr = crypto::FindEncr(wire::Encr::ENCR_CHACHA20_POLY1305, 0);
    if (keys.suite.encr == nullptr)
    {
        keys.suite.encr = crypto::FindEncr(wire::Encr::ENCR_CHACHA20_POLY1305, 256);
    }
    ASSERT_NE(keys.suite.encr, nullptr);
    keys.suite.integ = nullptr;
    EXPECT_EQ(ToKeyRow(keys).encryptionName, "");
    EXPECT_EQ(ToKeyRow(keys).integrityName, "NONE [RFC4306]");
}

} // namespace
} // namespace ikelab::endpoint
