// SPDX-License-Identifier: MIT
#include "io/text_file.h"

#include "io/file_descriptor.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace ikelab::io
{

namespace
{

/// Scenarios, configurations and captures are far below; a path to a device or a huge file by
/// mistake must not eat the memory.
constexpr size_t FILE_OCTETS_MAX = size_t{256} << 20;
constexpr size_t STREAM_BUFFER_OCTETS = size_t{256} << 10;

template <typename Container>
SystemResult<Container>
ReadWhole(const std::string& path)
{
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.IsOpen())
    {
        return FailSystem("cannot open", path, errno);
    }
    Container content;
    size_t filled = 0;
    while (true)
    {
        if (content.size() - filled < 4096)
        {
            content.resize(filled + 65536);
        }
        const ssize_t got = ::read(file.Get(), content.data() + filled, content.size() - filled);
        if (got < 0)
        {
            if (errno == EINTR)
            {
                continue;
            }
            return FailSystem("cannot read", path, errno);
        }
        if (got == 0)
        {
            break;
        }
        filled += static_cast<size_t>(got);
        if (filled > FILE_OCTETS_MAX)
        {
            return FailSystem("cannot read", path, EFBIG);
        }
    }
    content.resize(filled);
    return content;
}

} // namespace

SystemResult<std::string>
ReadTextFile(const std::string& path)
{
    return ReadWhole<std::string>(path);
}

SystemResult<Buffer>
ReadBinaryFile(const std::string& path)
{
    return ReadWhole<Buffer>(path);
}

SystemResult<void>
WriteFileAtomically(const std::string& path, std::string_view content, bool secret)
{
    // The name of the process keeps two writers of one file apart.
    const std::string temporary = path + ".tmp." + std::to_string(::getpid());
    {
        FileDescriptor file(::open(temporary.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                                   secret ? 0600 : 0644));
        if (!file.IsOpen())
        {
            return FailSystem("cannot write", path, errno);
        }
        while (!content.empty())
        {
            const ssize_t put = ::write(file.Get(), content.data(), content.size());
            if (put < 0)
            {
                if (errno == EINTR)
                {
                    continue;
                }
                const int code = errno;
                ::unlink(temporary.c_str());
                return FailSystem("cannot write", path, code);
            }
            content.remove_prefix(static_cast<size_t>(put));
        }
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0)
    {
        const int code = errno;
        ::unlink(temporary.c_str());
        return FailSystem("cannot write", path, code);
    }
    return {};
}

SystemResult<void>
MakeDirectories(const std::string& path)
{
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error)
    {
        return FailSystem("cannot make directory", path, error.value());
    }
    if (!std::filesystem::is_directory(path, error))
    {
        return FailSystem("cannot make directory", path, ENOTDIR);
    }
    return {};
}

SystemResult<void>
CheckFree(const std::string& path)
{
    std::error_code error;
    const auto status = std::filesystem::symlink_status(path, error);
    if (!std::filesystem::exists(status) ||
        (std::filesystem::is_directory(path, error) && std::filesystem::is_empty(path, error)))
    {
        return {}; // or not to be seen: making it will tell
    }
    return tl::unexpected<SystemError>(
        {path +
             " exists already and is not written over; choose another folder, or remove it first",
         EEXIST});
}

OutputFile::OutputFile(std::string path)
    : m_path(std::move(path)),
      m_state(std::make_unique<State>())
{
    m_state->buffer = std::make_unique<char[]>(STREAM_BUFFER_OCTETS);
    m_state->stream.rdbuf()->pubsetbuf(m_state->buffer.get(), STREAM_BUFFER_OCTETS);
}

SystemResult<OutputFile>
OutputFile::Open(const std::string& path, bool secret)
{
    if (secret)
    {
        // Before the first octet: a stream cannot say the mode.
        FileDescriptor owner(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!owner.IsOpen() || ::fchmod(owner.Get(), 0600) != 0)
        {
            return FailSystem("cannot write", path, errno);
        }
    }
    OutputFile file(path);
    errno = 0;
    file.m_state->stream.open(path, std::ios::binary | std::ios::out | std::ios::trunc);
    if (!file.m_state->stream.is_open())
    {
        return FailSystem("cannot write", path, errno);
    }
    return file;
}

SystemResult<void>
OutputFile::Flush()
{
    errno = 0;
    m_state->stream.flush();
    if (m_state->stream.fail())
    {
        return FailSystem("cannot write all of", m_path, errno);
    }
    return {};
}

SystemResult<void>
OutputFile::Close()
{
    errno = 0;
    m_state->stream.close();
    if (m_state->stream.fail())
    {
        // A write that failed earlier may have left no errno.
        return FailSystem("cannot write all of", m_path, errno);
    }
    return {};
}

} // namespace ikelab::io
