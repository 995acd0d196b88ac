// SPDX-License-Identifier: MIT
#pragma once

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace ikelab::io
{

/**
 * What the operating system refused. Unlike base's Error it owns its text, because a user needs the
 * path or the address that was refused; io never meets a peer's octets, so an allocation is no
 * harm.
 */
struct SystemError
{
    /// "cannot open out/moon.pcapng: Permission denied"
    std::string message;
    /// errno's value, 0 if the system did not set one.
    int code{0};
};

/// A value or a SystemError.
template <typename T>
using SystemResult = tl::expected<T, SystemError>;

/**
 * A failed SystemResult of any T from errno: "<doing> <object>: <errno's text>".
 * @param doing  what was tried, as in "cannot open"
 * @param object the path, address or device
 * @param code   an errno value; 0 leaves the text out
 */
tl::unexpected<SystemError> FailSystem(std::string_view doing, std::string_view object, int code);

} // namespace ikelab::io

/// Evaluate a SystemResult; on error return the error from the enclosing function.
#define TRY_SYSTEM(expression)                                                                     \
    do                                                                                             \
    {                                                                                              \
        auto&& trySystem_ = (expression);                                                          \
        if (!trySystem_)                                                                           \
        {                                                                                          \
            return tl::unexpected<::ikelab::io::SystemError>(std::move(trySystem_.error()));       \
        }                                                                                          \
    } while (false)
