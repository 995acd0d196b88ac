// SPDX-License-Identifier: GPL-2.0-only
#include "doctor/facts.h"

#include "base/ip_address.h"
#include "io/file_descriptor.h"
#include "io/text_file.h"
#include "io/tun_device.h"

#ifdef IKELAB_HAS_RUNNER
#include "runner/run.h"
#endif

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <linux/netlink.h>
#include <sched.h>
#include <sstream>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ikelab::tools
{

namespace
{

namespace fs = std::filesystem;

constexpr uint16_t PORTS[] = {500, 4500};
constexpr const char* PYTHON = "/usr/bin/python3";
/// Debian's, and others'.
constexpr const char* CHARON_PLACES[] = {"/usr/lib/ipsec",
                                         "/usr/libexec/ipsec",
                                         "/usr/lib/strongswan",
                                         "/usr/libexec/strongswan"};

/// A file of /proc, whose size cannot be asked for; empty if it cannot be read.
std::string
ReadProc(const char* path)
{
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The path of a program as the shell would find it, or in one more folder.
std::string
FindProgram(std::string_view name, std::string_view also = "")
{
    const char* path = std::getenv("PATH");
    std::string folders = path != nullptr ? path : "";
    folders += fmt::format("{}{}", folders.empty() ? "" : ":", also);
    std::istringstream list(folders);
    for (std::string folder; std::getline(list, folder, ':');)
    {
        const std::string file = fmt::format("{}/{}", folder, name);
        if (!folder.empty() && ::access(file.c_str(), X_OK) == 0 && !fs::is_directory(file))
        {
            return file;
        }
    }
    return "";
}

/// What a program prints when called with --version.
std::string
AskVersion(const std::string& program)
{
    std::string quoted = "'";
    for (const char letter : program)
    {
        quoted += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    }
    std::string text;
    FILE* pipe = ::popen((quoted + "' --version 2>/dev/null").c_str(), "r");
    if (pipe == nullptr)
    {
        return "";
    }
    std::array<char, 512> part;
    while (std::fgets(part.data(), part.size(), pipe) != nullptr)
    {
        text += part.data();
    }
    ::pclose(pipe);
    return FindVersion(text);
}

/**
 * Try something in a child process, because it cannot be undone.
 * @param attempt what is wrong, or empty
 */
template <typename Attempt>
std::string
TryInChild(Attempt attempt)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
    {
        return std::strerror(errno);
    }
    const io::FileDescriptor reading(ends[0]);
    io::FileDescriptor writing(ends[1]);
    const pid_t child = ::fork();
    if (child == 0)
    {
        const std::string problem = attempt();
        const ssize_t written = ::write(writing.Get(), problem.data(), problem.size());
        ::_exit(written == static_cast<ssize_t>(problem.size()) ? 0 : 1);
    }
    writing = io::FileDescriptor();
    if (child < 0)
    {
        return std::strerror(errno);
    }
    std::array<char, 512> room;
    const ssize_t octets = ::read(reading.Get(), room.data(), room.size());
    int status = 0;
    ::waitpid(child, &status, 0);
    const std::string problem(room.data(), static_cast<size_t>(std::max<ssize_t>(octets, 0)));
    return problem.empty() && status != 0 ? "the attempt died" : problem;
}

/// The hexadecimal number behind "CapEff:".
uint64_t
ReadCapabilities()
{
    const std::string status = ReadProc("/proc/self/status");
    const size_t at = status.find("CapEff:");
    return at == std::string::npos ? 0 : std::strtoull(status.c_str() + at + 7, nullptr, 16);
}

/// "charon, process 812" by the inode of its socket; empty if we may not see it.
std::string
FindOwner(const std::string& inode)
{
    const std::string wanted = fmt::format("socket:[{}]", inode);
    std::error_code error;
    for (const auto& process : fs::directory_iterator("/proc", error))
    {
        const std::string number = process.path().filename();
        if (number.find_first_not_of("0123456789") != std::string::npos)
        {
            continue;
        }
        for (const auto& file : fs::directory_iterator(process.path() / "fd", error))
        {
            if (fs::read_symlink(file.path(), error) == wanted)
            {
                std::string name = ReadProc((process.path() / "comm").c_str());
                name.resize(std::min(name.find('\n'), name.size()));
                return fmt::format("{}, process {}", name, number);
            }
        }
    }
    return "";
}

void
GatherPortUsers(Facts& facts)
{
    for (const char* table : {"/proc/net/udp", "/proc/net/udp6"})
    {
        for (PortUser& user : ParseUdpTable(ReadProc(table)))
        {
            user.process = FindOwner(user.process);
            facts.portUsers.push_back(std::move(user));
        }
    }
}

void
NoteProgram(Facts& facts, const std::string& name, const std::string& path)
{
    if (!path.empty())
    {
        facts.programs[name] = path;
    }
}

void
GatherPrograms(Facts& facts)
{
    std::vector<std::string> names = LabPrograms();
    names.emplace_back("swanctl");
    for (const std::string& name : names)
    {
        // The tools of the system are in folders that only root has in its PATH.
        NoteProgram(facts, name, FindProgram(name, "/usr/sbin:/sbin"));
    }
    NoteProgram(facts, "tshark", FindProgram("tshark"));
    // Our scripts name it: another python3 may stand first in PATH and lack Debian's modules.
    NoteProgram(facts, "python3", ::access(PYTHON, X_OK) == 0 ? PYTHON : "");
    for (const char* folder : CHARON_PLACES)
    {
        const std::string path = FindProgram("charon", folder);
        if (!path.empty() && !facts.HasProgram("charon"))
        {
            facts.programs["charon"] = path;
            facts.charonVersion = AskVersion(path);
            facts.libipsec = fs::exists(fs::path(path).parent_path() / "plugins" /
                                        "libstrongswan-kernel-libipsec.so");
        }
    }
    if (facts.HasProgram("tshark"))
    {
        facts.tsharkVersion = AskVersion(facts.programs["tshark"]);
    }
}

} // namespace

std::vector<std::string>
LabPrograms()
{
    return {"ip", "nsenter", "unshare", "ping", "tcpdump", "sysctl", "mount"};
}

std::vector<PortUser>
ParseUdpTable(std::string_view text)
{
    std::vector<PortUser> users;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);)
    {
        std::istringstream words(line);
        std::string slot;
        std::string local;
        std::string skipped;
        std::string inode;
        words >> slot >> local;
        for (int i = 0; i < 7; ++i)
        {
            words >> skipped;
        }
        words >> inode;
        const size_t colon = local.find(':');
        uint16_t port = 0;
        if (!words || colon == std::string::npos ||
            std::from_chars(local.data() + colon + 1, local.data() + local.size(), port, 16).ec !=
                std::errc{} ||
            std::ranges::find(PORTS, port) == std::end(PORTS))
        {
            continue;
        }
        // The kernel prints words of 32 bits in this machine's order of octets.
        std::array<uint8_t, 16> octets{};
        for (size_t i = 0; i + 8 <= colon && i < 32; i += 8)
        {
            const auto word =
                static_cast<uint32_t>(std::strtoul(local.substr(i, 8).c_str(), nullptr, 16));
            std::memcpy(octets.data() + i / 2, &word, sizeof word);
        }
        if (colon == 8 || colon == 32)
        {
            const Bytes address = Bytes(octets).first(colon / 2);
            users.push_back({port, IpAddress::FromOctets(address).ToString(), inode});
        }
    }
    return users;
}

std::string
FindVersion(std::string_view text)
{
    constexpr std::string_view DIGITS = "0123456789";
    for (size_t at = text.find_first_of(DIGITS); at != std::string_view::npos;
         at = text.find_first_of(DIGITS, at))
    {
        const size_t end = std::min(text.find_first_not_of("0123456789.", at), text.size());
        const std::string_view word = text.substr(at, end - at);
        if (word.find('.') != std::string_view::npos && word.back() != '.')
        {
            return std::string(word);
        }
        at = end;
    }
    return "";
}

Facts
GatherFacts()
{
    Facts facts;
#ifdef IKELAB_HAS_RUNNER
    facts.ns3Version = IKELAB_NS3_VERSION;
    facts.scenarios = runner::ListScenarios().size();
#endif
    facts.openssl = crypto::ExamineOpenssl();
    facts.root = ::geteuid() == 0;
    facts.capabilities = ReadCapabilities();
    const std::string first = ReadProc("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    facts.firstFreePort = first.empty() ? 1024 : static_cast<unsigned>(std::atoi(first.c_str()));
    const auto enter = []
    {
        return ::unshare(CLONE_NEWNET) == 0 ? "" : std::string(std::strerror(errno));
    };
    facts.namespaceProblem = TryInChild(enter);
    facts.tunProblem = TryInChild(
        [&enter]
        {
            // In a network that vanishes, if there may be one.
            enter();
            const auto device = io::TunDevice::Open("ikelab%d", 1500);
            return device ? std::string() : device.error().message;
        });
    facts.xfrm =
        io::FileDescriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM)).IsOpen();
    GatherPortUsers(facts);
    GatherPrograms(facts);
    facts.unixTime = std::chrono::duration_cast<std::chrono::seconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
    timex clock{};
    facts.clockSynchronised = ::adjtimex(&clock) != -1 && (clock.status & STA_UNSYNC) == 0;
    return facts;
}

} // namespace ikelab::tools
