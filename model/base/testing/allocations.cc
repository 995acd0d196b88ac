// SPDX-License-Identifier: MIT
#include "base/testing/allocations.h"

#include <cstdlib>
#include <new>

namespace
{

ikelab::Allocated allocated;

void*
Allocate(size_t octets)
{
    ++allocated.calls;
    allocated.octets += octets;
    void* memory = std::malloc(octets == 0 ? 1 : octets);
    if (memory == nullptr)
    {
        std::abort();
    }
    return memory;
}

} // namespace

void*
operator new(size_t octets)
{
    return Allocate(octets);
}

void*
operator new[](size_t octets)
{
    return Allocate(octets);
}

void*
operator new(size_t octets, const std::nothrow_t&) noexcept
{
    return Allocate(octets);
}

void*
operator new[](size_t octets, const std::nothrow_t&) noexcept
{
    return Allocate(octets);
}

void
operator delete(void* memory) noexcept
{
    std::free(memory);
}

void
operator delete[](void* memory) noexcept
{
    std::free(memory);
}

void
operator delete(void* memory, size_t) noexcept
{
    std::free(memory);
}

void
operator delete[](void* memory, size_t) noexcept
{
    std::free(memory);
}

namespace ikelab
{

Allocated
Measure(const std::function<void()>& work)
{
    const Allocated before = allocated;
    work();
    return {allocated.calls - before.calls, allocated.octets - before.octets};
}

} // namespace ikelab
