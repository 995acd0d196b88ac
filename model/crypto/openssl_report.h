// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace ikelab::crypto
{

/// What the OpenSSL that this program runs with can do.
struct OpensslReport
{
    std::string version;                   ///< "OpenSSL 3.0.15 3 Sep 2024"
    std::vector<std::string> providers;    ///< of default, legacy and fips, those that load
    std::vector<std::string> lacksDefault; ///< rows that are offered unasked, by charon's names
    std::vector<std::string> lacksNamed;   ///< rows that only a configuration asks for
};

/// Try every row of the table of algorithms. Unlike a Context it survives an OpenSSL that lacks
/// some.
OpensslReport ExamineOpenssl();

} // namespace ikelab::crypto
