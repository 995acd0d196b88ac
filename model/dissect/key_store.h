// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "dissect/key_row.h"
#include "io/pcap_reader.h"

#include <tl/expected.hpp>

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ikelab::dissect
{

/// What is wrong with key tables, row for row; the first rows only, so that a wrong file does not
/// fill the screen.
struct TableProblems
{
    static constexpr size_t MOST = 20;

    std::vector<std::string> told; ///< "file:line: what", each a line
    size_t more{0};                ///< rows that cannot be read either

    bool
    Empty() const
    {
        return told.empty();
    }

    void Add(std::string problem);
    void Add(TableProblems problems);
    /// The problems, and at the end how many more there are.
    std::vector<std::string> Lines() const;
};

/**
 * Keys for reading captures: tables in Wireshark's format, whole profiles or run folders, and the
 * ESP secrets block of a capture.
 *
 * SPIs come back, and some rows are for many SAs, so several rows may fit a packet. Wireshark takes
 * the first of `esp_sa` and the last of `ikev2_decryption_table`, right or wrong. A KeyStore gives
 * a few, the most likely first, for its user to try until one verifies.
 */
class KeyStore
{
  public:
    /// Rows in all. A table that a person keeps is far smaller; a wrong file must not fill memory.
    static constexpr size_t MOST_ROWS = 1'000'000;
    /// Rows for one IKE SA: keys change with each of up to seven additional key exchanges (RFC 9370
    /// §2.2.2) while the SPIs stay.
    static constexpr size_t MOST_OF_AN_IKE_SA = 8;
    /// Rows that are tried on an ESP packet, and that are kept for the same addresses and SPI.
    static constexpr size_t MOST_OF_AN_ESP_SA = 4;
    /// Ways to ask for some bits of addresses and SPI: each is one look-up for every packet. All
    /// that name each of the three or leave it open may be there besides.
    static constexpr size_t MOST_PARTIAL_MASKS = 64;

    explicit KeyStore(size_t mostRows = MOST_ROWS);

    /**
     * Read a table, or a folder: one that holds `esp_sa` or `ikev2_decryption_table`, a Wireshark
     * configuration folder (`profiles/NAME/`), or the folder that a run left (`wireshark/`).
     * @return how many rows were read; else what is wrong, and the other rows are in the store
     */
    tl::expected<size_t, TableProblems> Load(const std::string& path);

    /// Rows as text: `file` names them in problems.
    tl::expected<size_t, TableProblems> AddText(std::string_view text, std::string_view file);

    /// The rows of every ESP secrets block in a capture.
    tl::expected<size_t, TableProblems> AddSecrets(const io::Capture& capture,
                                                   std::string_view file);

    /// The rows for an IKE SA, the newest first.
    std::vector<const IkeTableKeys*> FindIke(IkeSpi initiator, IkeSpi responder) const;
    /// The rows for a packet: those that name its SPI before those for many, and of each the newest
    /// first.
    std::vector<const EspTableKeys*> FindEsp(const EspAddress& packet) const;

    /// Rows that are kept.
    size_t
    Size() const
    {
        return m_size;
    }

  private:
    tl::expected<size_t, TableProblems> LoadFolder(const std::string& folder);
    tl::expected<void, std::string> Add(IkeTableKeys keys);
    tl::expected<void, std::string> Add(EspTableKeys keys);

    size_t m_mostRows;
    size_t m_size{0};
    size_t m_read{0};
    size_t m_partialMasks{0};
    std::map<std::pair<IkeSpi, IkeSpi>, std::vector<IkeTableKeys>> m_ike;
    std::map<EspMask, std::map<EspAddress, std::vector<EspTableKeys>>> m_esp;
};

} // namespace ikelab::dissect
