// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/ip_address.h"
#include "dissect/key_row.h"
#include "io/pcap_reader.h"
#include "io/system_error.h"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ikelab::dissect
{

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
    void Add(IkeTableKeys keys);
    void Add(EspTableKeys keys);

    std::map<std::pair<IkeSpi, IkeSpi>, IkeTableKeys> m_ike;
    std::vector<EspTableKeys> m_esp;
    std::multimap<EspSpi, size_t> m_espBySpi;
    std::vector<size_t> m_espAnySpi;
};

} // namespace ikelab::dissect
