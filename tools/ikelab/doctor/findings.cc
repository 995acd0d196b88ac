// SPDX-License-Identifier: GPL-2.0-only
#include "doctor/findings.h"

#include "crypto/algorithms.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace ikelab::tools
{

namespace
{

/// 2026-01-01: no clock that is right shows less.
constexpr int64_t EARLIEST = 1767225600;

Finding
Ns3(const Facts& facts)
{
    Finding finding{"ns-3", Health::OK, facts.ns3Version, {Purpose::RUN}, "ikelab run", ""};
    if (facts.ns3Version.empty())
    {
        finding.health = Health::MISSING;
        finding.found = "this ikelab was built without ns-3";
        finding.remedy = "apt-get install libns3-dev, then build ikelab again with -DIKELAB_NS3=ON";
    }
    return finding;
}

Finding
Scenarios(const Facts& facts)
{
    Finding finding{"scenarios",
                    Health::OK,
                    fmt::format("{} to be run by name", facts.scenarios),
                    {Purpose::RUN},
                    "ikelab run NAME",
                    ""};
    if (facts.scenarios == 0 && !facts.ns3Version.empty())
    {
        finding.health = Health::NOTE;
        finding.remedy = "export IKELAB_SCENARIOS=/the/folder/with/scenarios, or give files";
    }
    return finding;
}

Finding
Openssl(const Facts& facts)
{
    const crypto::OpensslReport& report = facts.openssl;
    Finding finding{"openssl",
                    Health::OK,
                    fmt::format("{}; providers: {}",
                                report.version,
                                report.providers.empty()
                                    ? "none"
                                    : fmt::format("{}", fmt::join(report.providers, ", "))),
                    {Purpose::RUN, Purpose::ENDPOINT, Purpose::INTEROP},
                    "all cryptography",
                    ""};
    const std::string remedy =
        "apt-get install --reinstall libssl3, and unset OPENSSL_CONF if it restricts the provider";
    if (!report.lacksNamed.empty())
    {
        finding.health = Health::NOTE;
        finding.found += fmt::format("; lacks {}", fmt::join(report.lacksNamed, ", "));
        finding.remedy = "name none of these in proposals, or " + remedy;
    }
    if (!report.lacksDefault.empty())
    {
        finding.health = Health::MISSING;
        finding.found += fmt::format("; lacks of the default proposals {}",
                                     fmt::join(report.lacksDefault, ", "));
        finding.remedy = remedy;
    }
    return finding;
}

Finding
Rights(const Facts& facts)
{
    struct Right
    {
        Capability capability;
        std::string_view name;
        bool needed;
    };

    const Right rights[] = {
        {Capability::NET_ADMIN, "CAP_NET_ADMIN", true},
        {Capability::NET_RAW, "CAP_NET_RAW", true},
        {Capability::NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE", facts.firstFreePort > 500}};
    std::vector<std::string_view> lacking;
    for (const Right& right : rights)
    {
        if (right.needed && !facts.Has(right.capability))
        {
            lacking.push_back(right.name);
        }
    }
    Finding finding{"rights",
                    Health::OK,
                    facts.root ? "root" : "not root, but with the capabilities",
                    {Purpose::ENDPOINT, Purpose::INTEROP},
                    "TUN device, routes, IP protocol 50, UDP 500",
                    ""};
    if (!lacking.empty())
    {
        finding.health = Health::MISSING;
        finding.found = fmt::format(
            "{}, without {}", facts.root ? "root" : "not root", fmt::join(lacking, ", "));
        finding.remedy =
            facts.root
                ? "give the container these, for instance docker run --cap-add=NET_ADMIN "
                  "--cap-add=NET_RAW"
                : "sudo ikelab ..., or sudo setcap "
                  "cap_net_admin,cap_net_raw,cap_net_bind_service+ep \"$(command -v ikelab)\"";
    }
    return finding;
}

Finding
Tun(const Facts& facts)
{
    Finding finding{"tun",
                    Health::OK,
                    "a TUN device can be made",
                    {Purpose::ENDPOINT, Purpose::INTEROP},
                    "protected traffic of ikelab endpoint and of charon in user space",
                    ""};
    if (!facts.tunProblem.empty())
    {
        finding.health = Health::MISSING;
        finding.found = facts.tunProblem;
        finding.remedy = "sudo modprobe tun; in a container also docker run --device /dev/net/tun "
                         "--cap-add=NET_ADMIN; or ikelab endpoint --no-tun for IKE alone";
    }
    return finding;
}

Finding
Namespaces(const Facts& facts)
{
    Finding finding{"namespaces",
                    Health::OK,
                    "a network namespace can be made",
                    {Purpose::INTEROP},
                    "the laboratory in which daemons meet",
                    ""};
    if (!facts.namespaceProblem.empty())
    {
        finding.health = Health::MISSING;
        finding.found = fmt::format("no network namespace: {}", facts.namespaceProblem);
        finding.remedy = facts.root ? "give the container CAP_SYS_ADMIN: docker run --privileged"
                                    : "run it as root or through sudo";
    }
    return finding;
}

Finding
Ports(const Facts& facts)
{
    Finding finding{"ports",
                    Health::OK,
                    "UDP 500 and 4500 are free",
                    {Purpose::ENDPOINT},
                    "IKE (interop has networks of its own)",
                    ""};
    if (facts.portUsers.empty())
    {
        return finding;
    }
    std::set<std::string> users;
    bool isCharon = false;
    for (const PortUser& user : facts.portUsers)
    {
        users.insert(
            fmt::format("UDP {}[{}] by {}",
                        user.address,
                        user.port,
                        user.process.empty() ? "a process that only root may see" : user.process));
        isCharon = isCharon || user.process.starts_with("charon");
    }
    finding.health = Health::MISSING;
    finding.found = fmt::format("taken: {}", fmt::join(users, "; "));
    finding.remedy = isCharon
                         ? "sudo systemctl disable --now strongswan-starter strongswan"
                         : "end that process (sudo ss -ulnp shows it), or choose local_port and "
                           "local_addrs in the configuration";
    return finding;
}

/// What the table says that Wireshark cannot decrypt, by the keyword of the cipher.
std::string
Undecryptable(bool ike)
{
    std::vector<std::string_view> keywords;
    for (const crypto::EncrRow& row : crypto::EncrRows())
    {
        const std::string_view name = ike ? row.wiresharkIke : row.wiresharkEsp;
        if (name.empty() && row.use != crypto::Use::CAPTURE && (row.ForIke() || !ike))
        {
            keywords.emplace_back(row.keyword);
        }
    }
    return fmt::format("{}", fmt::join(keywords, ", "));
}

/// What the table of algorithms knows of Wireshark was learned from this release.
constexpr std::string_view KNOWN_WIRESHARK = "4.0.";

Finding
Tshark(const Facts& facts)
{
    Finding finding{
        "tshark", Health::OK, "", {Purpose::JUDGE}, "tools/judge, and the judgement of tests", ""};
    if (!facts.HasProgram("tshark"))
    {
        finding.health = Health::MISSING;
        finding.found = "not in PATH";
        finding.remedy = "sudo apt-get install tshark";
        return finding;
    }
    const bool known = facts.tsharkVersion.starts_with(KNOWN_WIRESHARK);
    finding.health = Health::NOTE;
    finding.found =
        fmt::format("{} ({}); {}cannot decrypt IKE with {}, nor ESP with {}",
                    facts.tsharkVersion.empty() ? "of unknown version" : facts.tsharkVersion,
                    facts.programs.at("tshark"),
                    known ? "" : "4.0 ",
                    Undecryptable(true),
                    Undecryptable(false));
    finding.remedy = known ? "for these, leave the judgement to pings and counters"
                           : "for these, see whether your release does better: "
                             "tools/judge/tshark_judge.py CAPTURE";
    return finding;
}

Finding
Charon(const Facts& facts)
{
    Finding finding{"strongswan", Health::OK, "", {Purpose::INTEROP}, "the peer of the tests", ""};
    std::vector<std::string> lacking;
    const std::pair<bool, const char*> parts[] = {
        {facts.HasProgram("charon"), "strongswan-charon"},
        {facts.HasProgram("swanctl"), "strongswan-swanctl"},
        {facts.libipsec, "libcharon-extra-plugins"}};
    for (const auto& [isThere, package] : parts)
    {
        if (!isThere)
        {
            lacking.emplace_back(package);
        }
    }
    finding.found = facts.HasProgram("charon")
                        ? fmt::format("{} ({})", facts.charonVersion, facts.programs.at("charon"))
                        : "no charon";
    if (!lacking.empty())
    {
        finding.health = Health::MISSING;
        finding.found += fmt::format(", not all of it: {} missing", fmt::join(lacking, ", "));
        finding.remedy = fmt::format("sudo apt-get install {}", fmt::join(lacking, " "));
    }
    return finding;
}

Finding
LabTools(const Facts& facts)
{
    Finding finding{"lab",
                    Health::OK,
                    fmt::format("{}", fmt::join(LabPrograms(), ", ")),
                    {Purpose::INTEROP},
                    "wires between namespaces, captures",
                    ""};
    std::vector<std::string> lacking;
    for (const std::string& name : LabPrograms())
    {
        if (!facts.HasProgram(name))
        {
            lacking.push_back(name);
        }
    }
    if (!lacking.empty())
    {
        finding.health = Health::MISSING;
        finding.found = fmt::format("no {}", fmt::join(lacking, ", "));
        finding.remedy =
            "sudo apt-get install iproute2 iputils-ping procps tcpdump util-linux mount";
    }
    return finding;
}

Finding
Python(const Facts& facts)
{
    Finding finding{"python3",
                    Health::OK,
                    "",
                    {Purpose::INTEROP, Purpose::JUDGE},
                    "tools/judge and the laboratory",
                    ""};
    if (facts.HasProgram("python3"))
    {
        finding.found = facts.programs.at("python3");
    }
    else
    {
        finding.health = Health::MISSING;
        finding.found = "no /usr/bin/python3";
        finding.remedy = "sudo apt-get install python3";
    }
    return finding;
}

Finding
Xfrm(const Facts& facts)
{
    return {"xfrm",
            Health::NOTE,
            facts.xfrm ? "this kernel does IPsec, too" : "this kernel has no IPsec of its own",
            {},
            facts.xfrm ? "nothing: ikelab does ESP itself; policies of the kernel (ip xfrm policy) "
                         "would come on top"
                       : "nothing: ikelab does ESP itself",
            ""};
}

Finding
Clock(const Facts& facts)
{
    Finding finding{"clock",
                    Health::OK,
                    "synchronised",
                    {Purpose::ENDPOINT},
                    "times in logs and captures; simulations have a clock of their own",
                    ""};
    if (facts.unixTime < EARLIEST)
    {
        finding.health = Health::MISSING;
        finding.found = "the clock shows a time before 2026";
        finding.remedy = "sudo timedatectl set-ntp true";
    }
    else if (!facts.clockSynchronised)
    {
        finding.health = Health::NOTE;
        finding.found = "nobody synchronises it";
        finding.remedy = "sudo timedatectl set-ntp true";
    }
    return finding;
}

} // namespace

const std::vector<std::string>&
PurposeNames()
{
    static const std::vector<std::string> NAMES = {"run", "endpoint", "interop", "judge"};
    return NAMES;
}

std::string_view
ToString(Health health)
{
    switch (health)
    {
    case Health::OK:
        return "ok";
    case Health::MISSING:
        return "missing";
    case Health::NOTE:
        break;
    }
    return "note";
}

std::vector<Finding>
Examine(const Facts& facts)
{
    std::vector<Finding> findings;
    for (const auto examine : {Ns3,
                               Scenarios,
                               Openssl,
                               Rights,
                               Tun,
                               Ports,
                               Clock,
                               Namespaces,
                               LabTools,
                               Charon,
                               Tshark,
                               Python,
                               Xfrm})
    {
        findings.push_back(examine(facts));
    }
    return findings;
}

bool
IsFit(const std::vector<Finding>& findings, const std::vector<Purpose>& purposes)
{
    return std::ranges::none_of(
        findings,
        [&purposes](const Finding& finding)
        {
            return finding.health == Health::MISSING &&
                   std::ranges::any_of(purposes,
                                       [&finding](Purpose purpose) {
                                           return std::ranges::find(finding.neededFor, purpose) !=
                                                  finding.neededFor.end();
                                       });
        });
}

} // namespace ikelab::tools
