// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/ip_address.h"
#include "crypto/algorithms.h"
#include "crypto/secret_bytes.h"
#include "io/pcap_reader.h"
#include "io/system_error.h"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::dissect
{

/// The keys of one IKE SA, as a row of Wireshark's `ikev2_decryption_table` gives them.
struct IkeTableKeys
{
    const crypto::EncrRow* encr{nullptr};
    const crypto::IntegRow* integ{nullptr}; ///< nullptr with an AEAD, or when unchecked
    /// "ANY 96-bits of Authentication [No Checking]": so many octets, of an unknown algorithm.
    std::optional<size_t> uncheckedIcvOctets;
    crypto::SecretBytes ei;
    crypto::SecretBytes er;
    crypto::SecretBytes ai;
    crypto::SecretBytes ar;
    std::string where; ///< "file:line"
};

/// The keys of one direction of a Child SA, as a row of `esp_sa` gives them.
struct EspTableKeys
{
    bool v6{false};
    std::optional<IpAddress> source; ///< nothing is any
    std::optional<IpAddress> destination;
    std::optional<EspSpi> spi;
    const crypto::EncrRow* encr{nullptr};
    const crypto::IntegRow* integ{nullptr};
    std::optional<size_t> uncheckedIcvOctets;
    crypto::SecretBytes encrKey;
    crypto::SecretBytes integKey;
    bool extendedSequence{false};
    uint32_t sequenceHigh{0};
    std::string where;

    bool Fits(const IpAddress& from, const IpAddress& to, EspSpi wanted) const;
};

/**
 * Keys for reading captures: tables in Wireshark's format, whole profiles or run folders, and the
 * ESP secrets block of a capture. A later row for the same SA takes the place of an earlier one.
 */
class KeyStore
{
  public:
    /**
     * Read a table, or a folder: one that holds `esp_sa` or `ikev2_decryption_table`, a Wireshark
     * configuration folder (`profiles/NAME/`), or the folder that a run left (`wireshark/`).
     * @return how many rows were read; else file, line, what is wrong and what would be right
     */
    io::SystemResult<size_t> Load(const std::string& path);

    /// Rows as text: `file` names them in problems.
    io::SystemResult<size_t> AddText(std::string_view text, std::string_view file);

    /**
     * The rows of every ESP secrets block in a capture.
     * @return what is wrong with each block that could not be read to its end
     */
    std::vector<io::SystemError> AddSecrets(const io::Capture& capture, std::string_view file);

    const IkeTableKeys* FindIke(IkeSpi initiator, IkeSpi responder) const;
    /// The row for a packet; of several that fit the last, as Wireshark takes it.
    const EspTableKeys* FindEsp(const IpAddress& from, const IpAddress& to, EspSpi spi) const;

    size_t
    Size() const
    {
        return m_ike.size() + m_esp.size();
    }

  private:
    io::SystemResult<size_t> LoadFolder(const std::string& folder);
    tl::expected<void, std::string> AddIke(const std::vector<std::string>& columns,
                                           std::string where);
    tl::expected<void, std::string> AddEsp(const std::vector<std::string>& columns,
                                           std::string where);

    std::map<std::pair<IkeSpi, IkeSpi>, IkeTableKeys> m_ike;
    std::vector<EspTableKeys> m_esp;
    std::multimap<EspSpi, size_t> m_espBySpi;
    std::vector<size_t> m_espAnySpi;
};

} // namespace ikelab::dissect
