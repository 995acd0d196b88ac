// SPDX-License-Identifier: MIT
#include "io/key_tables.h"

#include "base/hex.h"
#include "io/text_file.h"

#include <fmt/format.h>

#include <algorithm>

namespace ikelab::io
{

namespace
{

/// Two lines of `preferences` matter for decryption; the rest makes the packet list readable. Name
/// resolution is on for the capture's own names and off for everything that would ask a network.
constexpr std::string_view PREFERENCES = R"(# Written by ikelab.
esp.enable_encryption_decode: TRUE
esp.enable_authentication_check: TRUE
nameres.network_name: TRUE
nameres.use_external_name_resolver: FALSE
nameres.dns_pkt_addr_resolution: FALSE
gui.column.format: 
	"No.", "%m",
	"Time", "%t",
	"Interface", "%Cus:frame.interface_name:0:R",
	"Source", "%s",
	"Destination", "%d",
	"Protocol", "%p",
	"Exchange", "%Cus:isakmp.exchangetype:0:R",
	"Message ID", "%Cus:isakmp.messageid:0:R",
	"ESP sequence", "%Cus:esp.sequence:0:R",
	"Packet", "%Cus:frame.packet_id:0:R",
	"Length", "%L",
	"Info", "%i"
)";

/// Foreground and background are 16-bit red, green, blue. The first rule that matches wins.
constexpr std::string_view COLOR_FILTERS = R"(# Written by ikelab.
@Lost on the way@frame.comment contains "dropped"@[44000,44000,44000][20000,0,0]
@Integrity check failed@esp.icv_bad == 1 || _ws.expert.message contains "Checksum Data is incorrect"@[65535,20000,20000][65535,65535,65535]
@Retransmission@frame.comment contains "retransmit"@[65535,60000,40000][0,0,0]
@IKE error notify@isakmp.notify.msgtype < 16384@[65535,48000,48000][0,0,0]
@IKE@isakmp@[55000,60000,65535][0,0,0]
@ESP@esp@[58000,65535,58000][0,0,0]
)";

constexpr std::string_view DISPLAY_FILTER_BUTTONS = R"("TRUE","IKE","isakmp","every IKE message"
"TRUE","ESP","esp","every ESP packet"
"TRUE","Rekeys","isakmp.exchangetype == 36","CREATE_CHILD_SA exchanges"
"TRUE","Retransmits","frame.comment contains \x22retransmit\x22","messages sent again"
"TRUE","Errors","isakmp.notify.msgtype < 16384 || esp.icv_bad == 1 || _ws.malformed","error notifies, failed integrity checks, malformed packets"
)";

void
AddOnce(std::vector<std::string>& lines, std::string line)
{
    if (std::ranges::find(lines, line) == lines.end())
    {
        lines.push_back(std::move(line));
    }
}

std::string
JoinLines(const std::vector<std::string>& lines)
{
    std::string text = "# Written by ikelab: secret keys.\n";
    for (const std::string& line : lines)
    {
        text += line + "\n";
    }
    return text;
}

/// Keys as this table wants them: "0x..." or nothing at all.
std::string
PrefixedHex(Bytes key)
{
    return key.empty() ? std::string() : fmt::format("0x{}", ToHex(key));
}

template <typename Row>
bool
WiresharkKnows(const Row& row)
{
    return !row.encryptionName.empty() && !row.integrityName.empty();
}

const std::string&
NameOr(const std::string& wireshark, const std::string& own)
{
    return wireshark.empty() ? own : wireshark;
}

/// Wireshark has names for MACs that it knows the length of and cannot compute.
bool
WiresharkChecks(std::string_view integrityName)
{
    return !integrityName.empty() && !integrityName.starts_with("ANY ");
}

std::string
EightColumns(const EspKeyRow& row)
{
    return fmt::format(R"("{}","{}","{}","0x{:08x}","{}","{}","{}","{}")",
                       row.v6 ? "IPv6" : "IPv4",
                       row.source,
                       row.destination,
                       row.spi,
                       NameOr(row.encryptionName, row.ownEncryptionName),
                       PrefixedHex(row.encryptionKey),
                       NameOr(row.integrityName, row.ownIntegrityName),
                       PrefixedHex(row.integrityKey));
}

} // namespace

std::string
ToTableLine(const IkeKeyRow& row)
{
    const auto line = [&row](const std::string& integrity)
    {
        return fmt::format(R"({:016x},{:016x},{},{},"{}",{},{},"{}")",
                           row.spiI,
                           row.spiR,
                           ToHex(row.skEi),
                           ToHex(row.skEr),
                           NameOr(row.encryptionName, row.ownEncryptionName),
                           ToHex(row.skAi),
                           ToHex(row.skAr),
                           integrity);
    };
    const std::string own =
        std::string(OWN_ROW) +
        line(WiresharkChecks(row.integrityName) ? row.integrityName : row.ownIntegrityName);
    if (!WiresharkKnows(row))
    {
        return own;
    }
    const std::string theirs = line(row.integrityName);
    return WiresharkChecks(row.integrityName) ? theirs : theirs + "\n" + own;
}

std::string
ToTableLine(const EspKeyRow& row)
{
    EspKeyRow exact = row;
    if (!WiresharkChecks(row.integrityName))
    {
        exact.integrityName = row.ownIntegrityName;
    }
    const std::string own =
        std::string(OWN_ROW) + (row.extendedSequence ? ToSecretsCsv(exact) : EightColumns(exact));
    if (!WiresharkKnows(row))
    {
        return own;
    }
    const std::string theirs = EightColumns(row);
    const bool saysAll = WiresharkChecks(row.integrityName) && !row.extendedSequence;
    return saysAll ? theirs : theirs + "\n" + own;
}

std::string
ToSecretsCsv(const EspKeyRow& row)
{
    return fmt::format(R"({},"{}","0x{:x}")",
                       EightColumns(row),
                       row.extendedSequence ? "64-bit" : "32-bit",
                       row.sequenceHigh);
}

void
KeyTables::Add(const IkeKeyRow& row)
{
    AddOnce(m_ikeLines, ToTableLine(row));
}

void
KeyTables::Add(const EspKeyRow& row)
{
    AddOnce(m_espLines, ToTableLine(row));
}

std::string
KeyTables::IkeTable() const
{
    return JoinLines(m_ikeLines);
}

std::string
KeyTables::EspTable() const
{
    return JoinLines(m_espLines);
}

SystemResult<void>
KeyTables::WriteProfile(const std::string& directory, const ProfileOptions& options) const
{
    std::string decodeAs = "# Written by ikelab.\n";
    for (const uint16_t port : options.udpEncapsulationPorts)
    {
        decodeAs += fmt::format("decode_as_entry: udp.port,{},(none),UDPENCAP\n", port);
    }
    const std::string profile = fmt::format("{}/profiles/{}", directory, PROFILE_NAME);
    TRY_SYSTEM(MakeDirectories(profile));
    TRY_SYSTEM(WriteFileAtomically(profile + "/ikev2_decryption_table", IkeTable(), true));
    TRY_SYSTEM(WriteFileAtomically(profile + "/esp_sa", EspTable(), true));
    TRY_SYSTEM(WriteFileAtomically(profile + "/preferences", PREFERENCES));
    TRY_SYSTEM(WriteFileAtomically(profile + "/decode_as_entries", decodeAs));
    TRY_SYSTEM(WriteFileAtomically(profile + "/colorfilters", COLOR_FILTERS));
    TRY_SYSTEM(WriteFileAtomically(profile + "/dfilter_buttons", DISPLAY_FILTER_BUTTONS));
    return {};
}

} // namespace ikelab::io
