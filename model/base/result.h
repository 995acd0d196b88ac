// SPDX-License-Identifier: MIT
#pragma once

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace ikelab
{

/// What kind of thing went wrong with octets, a peer or the cryptographic library.
enum class Fault
{
    TRUNCATED,             ///< fewer octets than a length or a fixed field asks for
    OVERLONG,              ///< more octets than the enclosing length allows
    BAD_VALUE,             ///< a field holds what its definition forbids
    BAD_VERSION,           ///< major version above 2, RFC 7296 §2.5
    UNSUPPORTED_CRITICAL,  ///< unknown payload with the critical bit, RFC 7296 §2.5
    MISSING_PAYLOAD,       ///< a payload that the exchange needs is not there
    UNEXPECTED,            ///< well formed, but not in this state
    LIMIT,                 ///< one of our limits (base/limits.h) was reached
    NO_PROPOSAL_CHOSEN,    ///< no common proposal
    INVALID_KE,            ///< key exchange method or public value refused
    TS_UNACCEPTABLE,       ///< no common traffic selectors
    AUTHENTICATION_FAILED, ///< AUTH does not verify, or identity not acceptable
    INTEGRITY,             ///< an ICV does not verify
    REPLAY,                ///< sequence number seen before or left of the window
    UNKNOWN_SPI,           ///< no SA has this SPI
    POLICY,                ///< policy forbids it
    EXHAUSTED,             ///< sequence numbers or lifetime used up
    CRYPTO,                ///< OpenSSL refused
    NOT_FOUND,             ///< what was asked for does not exist
    SYSTEM,                ///< the operating system refused (io only)
};

/// The enumerator's name, as in "TRUNCATED".
std::string_view ToString(Fault fault);

/**
 * What happened and where. `what` is a literal or static text that names the thing ("KE", "SK
 * ICV"); `offset` is the octet within the datagram or payload where it showed.
 */
struct Error
{
    Fault fault;
    std::string_view what;
    size_t offset{0};
    /// A number that the answer on the wire needs: the payload type for UNSUPPORTED_CRITICAL, the
    /// wanted method for INVALID_KE.
    uint32_t detail{0};
};

/// "TRUNCATED: KE at octet 28"; without a place if that is 0: most such errors have none, and where
/// the first octet is meant nobody misses it.
std::string ToString(const Error& error);

/// A value or an Error. std::expected replaces tl::expected with C++23.
template <typename T>
using Result = tl::expected<T, Error>;

/// Make a failed Result<T> of any T.
inline tl::unexpected<Error>
Fail(Fault fault, std::string_view what, size_t offset = 0, uint32_t detail = 0)
{
    return tl::unexpected<Error>(Error{fault, what, offset, detail});
}

} // namespace ikelab

#define IKELAB_CONCAT_(a, b) a##b
#define IKELAB_CONCAT(a, b) IKELAB_CONCAT_(a, b)

/// Evaluate a Result; on error return the error from the enclosing function.
#define TRY(expression)                                                                            \
    do                                                                                             \
    {                                                                                              \
        const auto& tryResult_ = (expression);                                                     \
        if (!tryResult_)                                                                           \
        {                                                                                          \
            return tl::unexpected<::ikelab::Error>(tryResult_.error());                            \
        }                                                                                          \
    } while (false)

#define TRY_ASSIGN_(temporary, target, expression)                                                 \
    auto temporary = (expression);                                                                 \
    if (!temporary)                                                                                \
    {                                                                                              \
        return tl::unexpected<::ikelab::Error>(temporary.error());                                 \
    }                                                                                              \
    target = std::move(*temporary)

/// TRY_ASSIGN(auto ke, ParseKePayload(body)): bind the value or return the error.
#define TRY_ASSIGN(target, expression)                                                             \
    TRY_ASSIGN_(IKELAB_CONCAT(tryValue_, __LINE__), target, expression)
