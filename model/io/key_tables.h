// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "io/esp_key_row.h"
#include "io/system_error.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::io
{

/**
 * The keys of an IKE SA in Wireshark's words. Keys are borrowed: they become text within the call
 * that takes the row.
 */
struct IkeKeyRow
{
    uint64_t spiI{0};
    uint64_t spiR{0};
    /// With the salt appended for AEAD and counter mode.
    Bytes skEi;
    Bytes skEr;
    /// Empty with an AEAD.
    Bytes skAi;
    Bytes skAr;
    /// "AES-GCM-256 with 16 octet ICV [RFC5282]"; empty if Wireshark has no name for it.
    std::string encryptionName;
    /// "AES_GCM_16_256": ours, for those that Wireshark has no name for.
    std::string ownEncryptionName;
    /// "HMAC_SHA2_256_128 [RFC4868]", "NONE [RFC4306]" beside an AEAD; empty if Wireshark has no
    /// name for it. (The ESP table spells the same algorithms differently.)
    std::string integrityName{"NONE [RFC4306]"};
    std::string ownIntegrityName;
};

/// Begins a row that Wireshark must not see, because an unknown name is an error there: a comment
/// to it, and a row to the readers of this project.
inline constexpr std::string_view OWN_ROW = "#ikelab ";

/**
 * The row as a line of `ikev2_decryption_table`, without line end. If Wireshark lacks a name for an
 * algorithm the line stands behind OWN_ROW and has our names; if it can decrypt but not check (its
 * "ANY ... [No Checking]") such a line follows its own, after a line end.
 */
std::string ToTableLine(const IkeKeyRow& row);

/// The row as a line of `esp_sa` with the eight columns of Wireshark 4.0; else as above, and with
/// extended sequence numbers too: our line then has ten columns.
std::string ToTableLine(const EspKeyRow& row);

/// What the profile should know beside the keys.
struct ProfileOptions
{
    /// UDP ports other than 4500 that carry IKE with the non-ESP marker and ESP in UDP (NAT
    /// mappings).
    std::vector<uint16_t> udpEncapsulationPorts;
};

/**
 * Collects keys as a run goes and writes a Wireshark profile that opens its captures decrypted:
 * `WIRESHARK_CONFIG_DIR=<dir> wireshark -C ikelab capture.pcapng`. Both ends of an SA may report
 * it: the same line is kept once. Lines keep the order in which they came.
 */
class KeyTables
{
  public:
    static constexpr std::string_view PROFILE_NAME = "ikelab";

    void Add(const IkeKeyRow& row);
    void Add(const EspKeyRow& row);

    /// The two tables as text.
    std::string IkeTable() const;
    std::string EspTable() const;

    /**
     * Write `<directory>/profiles/ikelab/` with both tables, preferences (decryption on, ICVs
     * checked, columns, names from the capture only), decode_as_entries, colorfilters and
     * dfilter_buttons. The tables are secrets and readable by their owner only.
     */
    SystemResult<void> WriteProfile(const std::string& directory,
                                    const ProfileOptions& options = {}) const;

  private:
    std::vector<std::string> m_ikeLines;
    std::vector<std::string> m_espLines;
};

} // namespace ikelab::io
