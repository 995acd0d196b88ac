// SPDX-License-Identifier: MIT
#include "base/result.h"

#include <fmt/format.h>

namespace ikelab
{

std::string_view
ToString(Fault fault)
{
    switch (fault)
    {
    case Fault::TRUNCATED:
        return "TRUNCATED";
    case Fault::OVERLONG:
        return "OVERLONG";
    case Fault::BAD_VALUE:
        return "BAD_VALUE";
    case Fault::BAD_VERSION:
        return "BAD_VERSION";
    case Fault::UNSUPPORTED_CRITICAL:
        return "UNSUPPORTED_CRITICAL";
    case Fault::MISSING_PAYLOAD:
        return "MISSING_PAYLOAD";
    case Fault::UNEXPECTED:
        return "UNEXPECTED";
    case Fault::LIMIT:
        return "LIMIT";
    case Fault::NO_PROPOSAL_CHOSEN:
        return "NO_PROPOSAL_CHOSEN";
    case Fault::INVALID_KE:
        return "INVALID_KE";
    case Fault::TS_UNACCEPTABLE:
        return "TS_UNACCEPTABLE";
    case Fault::AUTHENTICATION_FAILED:
        return "AUTHENTICATION_FAILED";
    case Fault::INTEGRITY:
        return "INTEGRITY";
    case Fault::REPLAY:
        return "REPLAY";
    case Fault::UNKNOWN_SPI:
        return "UNKNOWN_SPI";
    case Fault::POLICY:
        return "POLICY";
    case Fault::EXHAUSTED:
        return "EXHAUSTED";
    case Fault::CRYPTO:
        return "CRYPTO";
    case Fault::NOT_FOUND:
        return "NOT_FOUND";
    case Fault::SYSTEM:
        return "SYSTEM";
    }
    return "UNKNOWN";
}

std::string
ToString(const Error& error)
{
    std::string text = fmt::format("{}: {}", ToString(error.fault), error.what);
    if (error.offset != 0)
    {
        text += fmt::format(" at octet {}", error.offset);
    }
    return text;
}

} // namespace ikelab
