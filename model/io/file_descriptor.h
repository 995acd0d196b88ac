// SPDX-License-Identifier: MIT
#pragma once

#include <unistd.h>
#include <utility>

namespace ikelab::io
{

/// Owns one file descriptor and closes it.
class FileDescriptor
{
  public:
    FileDescriptor() = default;

    explicit FileDescriptor(int number) : m_number(number)
    {
    }

    FileDescriptor(FileDescriptor&& other) noexcept : m_number(std::exchange(other.m_number, -1))
    {
    }

    FileDescriptor&
    operator=(FileDescriptor&& other) noexcept
    {
        if (this != &other)
        {
            Close();
            m_number = std::exchange(other.m_number, -1);
        }
        return *this;
    }

    FileDescriptor(const FileDescriptor&) = delete;
    FileDescriptor& operator=(const FileDescriptor&) = delete;

    ~FileDescriptor()
    {
        Close();
    }

    /// The number, -1 if none is held.
    int
    Get() const
    {
        return m_number;
    }

    bool
    IsOpen() const
    {
        return m_number >= 0;
    }

    /// The number, for somebody who closes it from now on.
    int
    Release()
    {
        return std::exchange(m_number, -1);
    }

    void
    Close()
    {
        if (m_number >= 0)
        {
            ::close(m_number);
            m_number = -1;
        }
    }

  private:
    int m_number{-1};
};

} // namespace ikelab::io
