// SPDX-License-Identifier: GPL-2.0-only
#include "doctor/findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ikelab::tools
{

namespace
{

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

/// A machine on which everything works.
Facts
Healthy()
{
    Facts facts;
    facts.ns3Version = "3.37";
    facts.scenarios = 6;
    facts.openssl.version = "OpenSSL 3.0.15";
    facts.openssl.providers = {"default", "legacy"};
    facts.root = true;
    facts.capabilities = ~uint64_t{0};
    facts.xfrm = true;
    for (const std::string& name : LabPrograms())
    {
        facts.programs[name] = "/usr/bin/" + name;
    }
    for (const char* name : {"tshark", "charon", "swanctl", "python3"})
    {
        facts.programs[name] = std::string("/usr/bin/") + name;
    }
    facts.tsharkVersion = "4.0.17";
    facts.charonVersion = "5.9.8";
    facts.libipsec = true;
    facts.unixTime = 1'800'000'000;
    facts.clockSynchronised = true;
    return facts;
}

Finding
Find(const Facts& facts, std::string_view id)
{
    const std::vector<Finding> findings = Examine(facts);
    const auto found = std::ranges::find(findings, id, &Finding::id);
    EXPECT_NE(found, findings.end()) << id;
    return found == findings.end() ? Finding{} : *found;
}

std::string
FitFor(const Facts& facts)
{
    const std::vector<Finding> findings = Examine(facts);
    std::string text;
    for (size_t i = 0; i < PurposeNames().size(); ++i)
    {
        text += IsFit(findings, {static_cast<Purpose>(i)}) ? PurposeNames()[i] + " " : "";
    }
    return text;
}

constexpr std::string_view ALL = "run endpoint interop judge ";

TEST(Doctor, FindsNothingMissingOnAHealthyMachine)
{
    EXPECT_EQ(FitFor(Healthy()), ALL);
    for (const Finding& finding : Examine(Healthy()))
    {
        EXPECT_NE(finding.health, Health::MISSING) << finding.id << finding.found;
        EXPECT_THAT(finding.found, Not(IsEmpty())) << finding.id;
        EXPECT_THAT(finding.why, Not(IsEmpty())) << finding.id;
    }
}

struct Illness
{
    const char* id;
    void (*change)(Facts& facts);
    const char* found;  ///< contained
    const char* remedy; ///< contained
    const char* fit;    ///< what still works
};

const Illness ILLNESSES[] = {
    {"ns-3",
     [](Facts& facts) { facts.ns3Version.clear(); },
     "without ns-3",
     "apt-get install libns3-dev",
     "endpoint interop judge "},
    {"openssl",
     [](Facts& facts) { facts.openssl.lacksDefault = {"CURVE_25519"}; },
     "lacks of the default proposals CURVE_25519",
     "OPENSSL_CONF",
     "judge "},
    {"rights",
     [](Facts& facts)
     {
         facts.root = false;
         facts.capabilities = 0;
     },
     "not root, without CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE",
     "sudo setcap",
     "run judge "},
    {"rights",
     [](Facts& facts) { facts.capabilities &= ~(uint64_t{1} << 13); },
     "root, without CAP_NET_RAW",
     "--cap-add=NET_RAW",
     "run judge "},
    {"tun",
     [](Facts& facts) { facts.tunProblem = "cannot open /dev/net/tun: No such file"; },
     "cannot open /dev/net/tun",
     "modprobe tun",
     "run judge "},
    {"ports",
     [](Facts& facts) {
         facts.portUsers = {{500, "0.0.0.0", "charon, process 812"}};
     },
     "UDP 0.0.0.0[500] by charon, process 812",
     "systemctl disable --now strongswan-starter",
     "run interop judge "},
    {"ports",
     [](Facts& facts) {
         facts.portUsers = {{4500, "::", ""}};
     },
     "UDP ::[4500] by a process that only root may see",
     "ss -ulnp",
     "run interop judge "},
    {"clock",
     [](Facts& facts) { facts.unixTime = 0; },
     "before 2026",
     "timedatectl",
     "run interop judge "},
    {"namespaces",
     [](Facts& facts) { facts.namespaceProblem = "Operation not permitted"; },
     "Operation not permitted",
     "--privileged",
     "run endpoint judge "},
    {"lab",
     [](Facts& facts) { facts.programs.erase("tcpdump"); },
     "no tcpdump",
     "apt-get install",
     "run endpoint judge "},
    {"strongswan",
     [](Facts& facts) { facts.libipsec = false; },
     "libcharon-extra-plugins missing",
     "apt-get install libcharon-extra-plugins",
     "run endpoint judge "},
    {"tshark",
     [](Facts& facts) { facts.programs.erase("tshark"); },
     "not in PATH",
     "apt-get install tshark",
     "run endpoint interop "},
    {"python3",
     [](Facts& facts) { facts.programs.erase("python3"); },
     "no /usr/bin/python3",
     "apt-get install python3",
     "run endpoint "},
};

TEST(Doctor, NamesEachIllnessWithItsRemedyAndWhatStillWorks)
{
    for (const Illness& row : ILLNESSES)
    {
        SCOPED_TRACE(row.found);
        Facts facts = Healthy();
        row.change(facts);
        const Finding finding = Find(facts, row.id);
        EXPECT_EQ(finding.health, Health::MISSING);
        EXPECT_THAT(finding.found, HasSubstr(row.found));
        EXPECT_THAT(finding.remedy, HasSubstr(row.remedy));
        EXPECT_EQ(FitFor(facts), row.fit);
    }
}

TEST(Doctor, NotesWhatIsNoIllness)
{
    Facts facts = Healthy();
    facts.openssl.lacksNamed = {"ECP_256_BP"};
    facts.clockSynchronised = false;
    facts.xfrm = false;
    facts.scenarios = 0;
    for (const char* id : {"openssl", "clock", "xfrm", "scenarios"})
    {
        EXPECT_EQ(Find(facts, id).health, Health::NOTE) << id;
    }
    EXPECT_THAT(Find(facts, "openssl").found, HasSubstr("lacks ECP_256_BP"));
    EXPECT_EQ(FitFor(facts), ALL);
}

TEST(Doctor, NeedsNoRightForPortsThatAreFree)
{
    Facts facts = Healthy();
    facts.root = false;
    facts.capabilities &= ~(uint64_t{1} << 10);
    EXPECT_THAT(Find(facts, "rights").found, HasSubstr("CAP_NET_BIND_SERVICE"));
    facts.firstFreePort = 0;
    EXPECT_EQ(Find(facts, "rights").health, Health::OK);
}

TEST(Doctor, SaysWhichCiphersWiresharkCannotDecrypt)
{
    const Finding finding = Find(Healthy(), "tshark");
    EXPECT_EQ(finding.health, Health::NOTE);
    EXPECT_THAT(finding.found, HasSubstr("4.0.17 (/usr/bin/tshark)"));
    EXPECT_THAT(finding.found,
                HasSubstr("IKE with chacha20poly1305, nor ESP with chacha20poly1305"));
    Facts newer = Healthy();
    newer.tsharkVersion = "4.6.9";
    EXPECT_THAT(Find(newer, "tshark").found, HasSubstr("4.0 cannot"));
}

TEST(Facts, UdpTableShowsWhoHasThePorts)
{
    constexpr std::string_view TABLE =
        "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout "
        "inode ref pointer drops\n"
        "  101: 0100007F:01F4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        "
        "0 "
        "4711 2 0000000000000000 0\n"
        "  102: 00000000:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        "
        "0 "
        "4712 2 0000000000000000 0\n"
        "  103: 00000000000000000000000000000000:1194 00000000000000000000000000000000:0000 07 "
        "00000000:00000000 00:00000000 00000000     0        0 4713 2 0000000000000000 0\n"
        "  104: 00000000:1194\n"
        "garbage\n";
    const auto users = ParseUdpTable(TABLE);
    ASSERT_EQ(users.size(), 2u);
    EXPECT_EQ(users[0].port, 500);
    EXPECT_EQ(users[0].address, "127.0.0.1");
    EXPECT_EQ(users[0].process, "4711") << "the inode";
    EXPECT_EQ(users[1].port, 4500);
    EXPECT_EQ(users[1].address, "::");
}

TEST(Facts, VersionIsTheFirstNumberWithADot)
{
    EXPECT_EQ(FindVersion("TShark (Wireshark) 4.0.17 (Git v4.0.17 packaged)"), "4.0.17");
    EXPECT_EQ(FindVersion("Linux strongSwan 5.9.8"), "5.9.8");
    EXPECT_EQ(FindVersion("year 2026. Nothing"), "");
    EXPECT_EQ(FindVersion(""), "");
}

} // namespace

} // namespace ikelab::tools
