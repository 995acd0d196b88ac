// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"

#include <cstddef>
#include <utility>

namespace ikelab::crypto
{

/// Keys and shared secrets: move-only, wiped when they go, not printable. Copy() is explicit.
class SecretBytes
{
  public:
    SecretBytes() = default;
    explicit SecretBytes(size_t octets);
    explicit SecretBytes(Bytes octets);
    SecretBytes(SecretBytes&& other) noexcept;
    SecretBytes& operator=(SecretBytes&& other) noexcept;
    SecretBytes(const SecretBytes&) = delete;
    SecretBytes& operator=(const SecretBytes&) = delete;
    ~SecretBytes();

    SecretBytes
    Copy() const
    {
        return SecretBytes(View());
    }

    Bytes
    View() const
    {
        return m_octets;
    }

    MutableBytes
    Writable()
    {
        return m_octets;
    }

    size_t
    Size() const
    {
        return m_octets.size();
    }

    bool
    Empty() const
    {
        return m_octets.empty();
    }

  private:
    void Wipe();

    Buffer m_octets;
};

/// Equality in time that depends on the length only.
bool SameSecret(Bytes left, Bytes right);

} // namespace ikelab::crypto
