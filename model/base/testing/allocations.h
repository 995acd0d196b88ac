// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>

/**
 * What code allocates, counted: it is what reading hostile octets costs, and unlike time it is the
 * same on every machine. A test that links `ikelab_base_testing` and includes this has its
 * `operator new` replaced by one that counts; memory that C libraries take is not seen.
 */
namespace ikelab
{

struct Allocated
{
    size_t calls{0};
    size_t octets{0};
};

/// Everything allocated while `work` ran, whether freed again or not.
Allocated Measure(const std::function<void()>& work);

} // namespace ikelab
