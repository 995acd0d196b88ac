// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"
#include "crypto/context.h"
#include "dissect/decoder.h"
#include "dissect/link_layer.h"
#include "io/pcap_reader.h"
#include "wire/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace ikelab::tools
{

namespace
{

struct Words
{
    std::string file;
    std::vector<std::string> keys;
    std::vector<uint16_t> ports;
    bool json{false};
    bool verbose{false};
    bool all{false};
};

/// What was seen, for the line at the end.
struct Counts
{
    std::array<size_t, dissect::PROTECTIONS> packets{}; ///< with IKE or ESP, by Protection
    size_t ikev1{0};
    size_t others{0};

    void
    Add(const dissect::PacketView& view, bool ours)
    {
        ikev1 += view.Has("ikev1") ? 1 : 0;
        if (ours)
        {
            ++packets[static_cast<size_t>(view.Worst())];
        }
        else
        {
            ++others;
        }
    }

    size_t
    Of(dissect::Protection protection) const
    {
        return packets[static_cast<size_t>(protection)];
    }
};

bool
IsOurs(const dissect::PacketView& view)
{
    const bool other = std::ranges::all_of(
        view.layers,
        [](const dissect::Layer& layer)
        { return layer.name == "ip" || layer.name == "fragment" || layer.name == "other"; });
    return !other || view.Worst() != dissect::Protection::CLEAR;
}

std::string
ToText(const Counts& counts)
{
    std::string text;
    for (size_t i = 0; i < counts.packets.size(); ++i)
    {
        if (counts.packets[i] > 0)
        {
            text += fmt::format("{}{} {}",
                                text.empty() ? "" : ", ",
                                counts.packets[i],
                                ToString(static_cast<dissect::Protection>(i)));
        }
    }
    text = text.empty() ? "no IKE and no ESP" : "IKE and ESP: " + text;
    if (counts.ikev1 > 0)
    {
        text += fmt::format(" ({} of them IKEv1)", counts.ikev1);
    }
    return text + fmt::format("; {} other packets", counts.others);
}

std::string
ToJson(const Counts& counts, bool cutShort)
{
    wire::FieldGroup summary;
    for (size_t i = 0; i < counts.packets.size(); ++i)
    {
        summary.fields.push_back(
            {ToString(static_cast<dissect::Protection>(i)), uint64_t{counts.packets[i]}});
    }
    summary.fields.push_back({"ikev1", uint64_t{counts.ikev1}});
    summary.fields.push_back({"other", uint64_t{counts.others}});
    summary.fields.push_back({"cut_short", cutShort}); // the file, not its packets
    return wire::ToJson(wire::FieldGroup{{{"summary", std::move(summary)}}});
}

/// The folder that a run of ours leaves its capture in holds the keys to it.
std::string
RunFolderOf(const std::string& file)
{
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(file).parent_path() / "wireshark" / "profiles";
    std::error_code ignored;
    return fs::is_directory(folder, ignored) ? (fs::path(file).parent_path() / "wireshark").string()
                                             : "";
}

void
Tell(const dissect::TableProblems& problems)
{
    for (const std::string& line : problems.Lines())
    {
        std::cerr << "ikelab: " << line << "\n";
    }
}

tl::expected<dissect::KeyStore, dissect::TableProblems>
LoadKeys(const Words& words, const io::Capture& capture)
{
    dissect::KeyStore store;
    if (const auto rows = store.AddSecrets(capture, words.file); !rows)
    {
        // A stranger's row that cannot be read is no reason not to show the packets.
        Tell(rows.error());
    }
    std::vector<std::string> places = words.keys;
    if (const std::string folder = RunFolderOf(words.file); places.empty() && !folder.empty())
    {
        places.push_back(folder);
    }
    dissect::TableProblems problems;
    for (const std::string& place : places)
    {
        if (const auto rows = store.Load(place); !rows)
        {
            problems.Add(rows.error());
        }
    }
    if (!problems.Empty())
    {
        return tl::unexpected(std::move(problems));
    }
    return store;
}

/// Say once of each link type how many packets nobody looks at because of it.
void
TellUnread(const Words& words, const io::Capture& capture)
{
    std::map<uint16_t, size_t> unread;
    for (const io::CapturePacket& packet : capture.packets)
    {
        if (packet.interface < capture.interfaces.size())
        {
            const uint16_t linkType = capture.interfaces[packet.interface].linkType;
            unread[linkType] += dissect::KnowsLinkType(linkType) ? 0 : 1;
        }
    }
    for (const auto& [linkType, packets] : unread)
    {
        if (packets > 0)
        {
            std::cerr << fmt::format("ikelab: {}: {} packets of link type {} are not read; "
                                     "Ethernet, raw IP, Linux cooked and loopback are\n",
                                     words.file,
                                     packets,
                                     linkType);
        }
    }
}

bool
Print(const std::string& text)
{
    return std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
}

/// Exit status once writing failed, as errno says it.
int
WhyUnwritten()
{
    if (errno == EPIPE)
    {
        return 0; // who read it has seen enough
    }
    std::cerr << "ikelab: cannot write: " << std::strerror(errno) << "\n";
    return 1;
}

int
Pcap(const Words& words)
{
    std::signal(SIGPIPE, SIG_IGN);
    const auto file = io::ReadCaptureFile(words.file);
    if (!file)
    {
        std::cerr << "ikelab: " << file.error().message << "\n";
        return EXIT_BAD_INPUT;
    }
    const io::Capture& capture = file->capture;
    const auto keys = LoadKeys(words, capture);
    if (!keys)
    {
        Tell(keys.error());
        return EXIT_BAD_INPUT;
    }
    crypto::Context context;
    dissect::DecoderOptions options;
    options.ports.insert(words.ports.begin(), words.ports.end());
    dissect::Decoder decoder(context, *keys, options);
    const Duration start =
        capture.packets.empty() ? Duration{0} : capture.packets.front().sinceEpoch;
    Counts counts;
    for (const io::CapturePacket& packet : capture.packets)
    {
        const dissect::PacketView view = decoder.Read(capture, packet);
        const bool ours = IsOurs(view);
        counts.Add(view, ours);
        if (!ours && !words.all)
        {
            continue;
        }
        if (!Print(words.json      ? ToJson(view) + "\n"
                   : words.verbose ? ToText(view, start)
                                   : ToLine(view, start) + "\n"))
        {
            return WhyUnwritten();
        }
    }
    TellUnread(words, capture);
    if (capture.cutShort)
    {
        std::cerr << fmt::format("ikelab: {}: reading ended early: {}; what came before is shown\n",
                                 words.file,
                                 ToString(*capture.cutShort));
    }
    if (!Print((words.json ? ToJson(counts, capture.cutShort.has_value()) : ToText(counts)) +
               "\n") ||
        std::fflush(stdout) != 0)
    {
        return WhyUnwritten();
    }
    const bool good = counts.Of(dissect::Protection::ICV_WRONG) == 0 &&
                      counts.Of(dissect::Protection::MALFORMED) == 0 && !capture.cutShort;
    return good ? 0 : 1;
}

} // namespace

void
AddPcapCommand(CLI::App& app, int& status)
{
    auto words = std::make_shared<Words>();
    CLI::App* command =
        app.add_subcommand("pcap", "Decode and decrypt the IKE and ESP packets of a capture");
    command->add_option("file", words->file, "pcap or pcapng file")->required();
    command
        ->add_option("-k,--keys",
                     words->keys,
                     "Table (ikev2_decryption_table or esp_sa), Wireshark profile or run folder; "
                     "may be repeated. Default: those that a run left beside the capture")
        ->allow_extra_args(false); // the word after its value is the file
    command
        ->add_option("--port",
                     words->ports,
                     "UDP port besides 500 and 4500 that carries IKE and ESP; may be repeated")
        ->allow_extra_args(false);
    command->add_flag("--json", words->json, "One JSON object a line, the last with the counts");
    command->add_flag("-v,--verbose", words->verbose, "Every field of every message");
    command->add_flag("-a,--all", words->all, "Packets without IKE and ESP too");
    command->footer(
        "Exit status: 0 all could be read, lacks a key or was not captured whole, 1 an ICV "
        "is wrong, a message malformed, the file cut short or the output not written, "
        "2 wrong usage or an unreadable file.");
    command->callback([words, &status] { status = Pcap(*words); });
}

} // namespace ikelab::tools
