// SPDX-License-Identifier: MIT
#include "io/system_error.h"

#include <fmt/format.h>

#include <system_error>

namespace ikelab::io
{

tl::unexpected<SystemError>
FailSystem(std::string_view doing, std::string_view object, int code)
{
    std::string message = fmt::format("{} {}", doing, object);
    if (code != 0)
    {
        message += fmt::format(": {}", std::generic_category().message(code));
    }
    return tl::unexpected<SystemError>(SystemError{std::move(message), code});
}

} // namespace ikelab::io
