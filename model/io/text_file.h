// SPDX-License-Identifier: MIT
#pragma once

#include "base/bytes.h"
#include "io/system_error.h"

#include <fstream>
#include <memory>
#include <string>
#include <string_view>

namespace ikelab::io
{

/// The whole file as text. Refuses directories and files above 256 MiB.
SystemResult<std::string> ReadTextFile(const std::string& path);
/// The whole file as octets; the same limits.
SystemResult<Buffer> ReadBinaryFile(const std::string& path);

/**
 * Write a file so that a reader sees the old content or the new, never half: into a temporary
 * neighbour, then renamed over the name. The mode is 0644 as the umask allows, or 0600 if `secret`.
 */
SystemResult<void> WriteFileAtomically(const std::string& path,
                                       std::string_view content,
                                       bool secret = false);

/// Make a directory and those above it; one that exists already is fine.
SystemResult<void> MakeDirectories(const std::string& path);
/// An error if something is at this path that results would be written over: anything but an empty
/// directory.
SystemResult<void> CheckFree(const std::string& path);

/**
 * A file that is written piece by piece (a capture, an event log) with a large buffer. Errors stick
 * and come out at Close, so that the writing code need not look after each line.
 */
class OutputFile
{
  public:
    /// Create or empty the file; with `secret` only its owner may read it.
    static SystemResult<OutputFile> Open(const std::string& path, bool secret = false);

    OutputFile(OutputFile&&) = default;
    OutputFile& operator=(OutputFile&&) = default;

    std::ostream&
    Stream()
    {
        return m_state->stream;
    }

    /// Write out what waits; the error of any write since Open.
    SystemResult<void> Flush();
    /// Flush and close; the error of any write since Open.
    SystemResult<void> Close();

  private:
    /// The stream uses the buffer until it is gone: one allocation keeps both in that order.
    struct State
    {
        std::unique_ptr<char[]> buffer;
        std::ofstream stream;
    };

    explicit OutputFile(std::string path);

    std::string m_path;
    std::unique_ptr<State> m_state;
};

} // namespace ikelab::io
