// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "doctor/facts.h"

#include <string>
#include <string_view>
#include <vector>

namespace ikelab::tools
{

/// What somebody wants to do with ikelab on this machine.
enum class Purpose
{
    RUN,      ///< simulate scenarios
    ENDPOINT, ///< be a gateway on real sockets
    INTEROP,  ///< test against real daemons in a laboratory of namespaces
    JUDGE     ///< have tshark judge captures
};

/// "run", "endpoint", "interop", "judge": as Purpose.
const std::vector<std::string>& PurposeNames();

enum class Health
{
    OK,
    MISSING, ///< what it is needed for does not work
    NOTE     ///< worth knowing; everything works
};

std::string_view ToString(Health health);

/// One thing that was looked at.
struct Finding
{
    std::string id; ///< for scripts: "tshark"
    Health health{Health::OK};
    std::string found; ///< "4.0.17 (/usr/bin/tshark)"
    std::vector<Purpose> neededFor;
    std::string why;    ///< what needs it
    std::string remedy; ///< a command, or what to do; empty if nothing need be done
};

std::vector<Finding> Examine(const Facts& facts);

/// Whether nothing is missing for these purposes.
bool IsFit(const std::vector<Finding>& findings, const std::vector<Purpose>& purposes);

} // namespace ikelab::tools
