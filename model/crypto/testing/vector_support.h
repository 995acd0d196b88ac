// SPDX-License-Identifier: MIT
#pragma once

#include "base/hex.h"
#include "crypto/context.h"
#include "crypto/packet_cipher.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/**
 * Published vector files through this room's own interface: what the sets of the vectors_*_test.cc
 * share. A set counts what agreed, what was refused as it must be, and what our formats cannot
 * express (with the reason); vectors_test.cc runs them, prints the counts and asks for their
 * numbers.
 */
namespace ikelab::crypto
{

class VectorRun
{
  public:
    /// One more known answer for a row of the table, by the name it prints.
    void
    Agree(std::string_view row)
    {
        agreed++;
        answers[std::string(row)]++;
    }

    /// An answer for a further row: a longer or a shorter ICV of the case that agreed.
    void
    AgreeToo(std::string_view row)
    {
        answers[std::string(row)]++;
    }

    void
    Refuse()
    {
        refused++;
    }

    void
    Skip(const std::string& reason)
    {
        skipped[reason]++;
    }

    unsigned Skipped() const;

    Context context;
    unsigned agreed{0};
    unsigned refused{0};
    std::map<std::string, unsigned> skipped; ///< not expressible, by reason
    std::map<std::string, unsigned> answers; ///< by name of the row
};

struct VectorSet
{
    const char* name; ///< letters and digits: a test's name
    void (*run)(VectorRun& run);
    unsigned agreed;
    unsigned refused;
    unsigned notExpressible;
};

std::span<const VectorSet> AeadSets();
std::span<const VectorSet> CipherSets();
std::span<const VectorSet> MacSets();
std::span<const VectorSet> GroupSets();

/// A file below conformance/vectors/crypto.
nlohmann::json LoadJson(const std::string& name);

/// One case of a .rsp or .txt file: name and text of its fields, those of its group included.
using Record = std::map<std::string, std::string>;
/// @param first the field that every case begins with; what stands before it belongs to the group
std::vector<Record> LoadRecords(const std::string& name, const std::string& first);

/// A field in hexadecimal; asserts that it is there.
Buffer Octets(const nlohmann::json& test, const char* field);
Buffer Octets(const Record& record, const char* field);
std::string Text(const nlohmann::json& test, const char* field);
bool HasFlag(const nlohmann::json& test, const std::string& flag);

/// All cases of all groups: (group, test).
void ForEachCase(const nlohmann::json& document,
                 const std::function<void(const nlohmann::json&, const nlohmann::json&)>& visit);

template <typename Row>
const Row&
RowOf(std::span<const Row> rows, std::string_view keyword)
{
    for (const Row& row : rows)
    {
        if (keyword == row.keyword)
        {
            return row;
        }
    }
    ADD_FAILURE() << "no row " << keyword;
    return rows.front();
}

} // namespace ikelab::crypto
