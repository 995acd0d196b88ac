// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "io/file_descriptor.h"
#include "io/system_error.h"

#include <functional>
#include <optional>
#include <poll.h>
#include <string>
#include <string_view>
#include <vector>

namespace ikelab::io
{

/**
 * Waits for descriptors to become readable and for one deadline. Its clock is the system's
 * monotonic one and begins at 0 with the loop: Instants of real runs look like those of simulated
 * ones.
 */
class EventLoop
{
  public:
    EventLoop();

    Instant Now() const;

    /// Call `onReadable` whenever there is something to read; it should not read for ever.
    void Watch(int descriptor, std::function<void()> onReadable);
    void Unwatch(int descriptor);

    /// The next moment to call `onDeadline`; nothing for never.
    void
    SetDeadline(std::optional<Instant> deadline)
    {
        m_deadline = deadline;
    }

    void
    OnDeadline(std::function<void()> call)
    {
        m_onDeadline = std::move(call);
    }

    /// Call before each wait, when everything that was readable has been handled.
    void
    OnTurn(std::function<void()> call)
    {
        m_onTurn = std::move(call);
    }

    /// Until Stop is called.
    SystemResult<void> Run();

    void
    Stop()
    {
        m_stopped = true;
    }

  private:
    struct Watched
    {
        int descriptor;
        std::function<void()> onReadable;
    };

    SystemResult<void> Wait();

    Duration m_start;
    std::vector<Watched> m_watched;
    std::vector<pollfd> m_polled;
    /// The two lists differ until the next turn.
    bool m_changed{false};
    std::function<void()> m_onDeadline{[] {
    }};
    std::function<void()> m_onTurn{[] {
    }};
    std::optional<Instant> m_deadline;
    bool m_stopped{false};
};

/// SIGINT, SIGTERM and SIGHUP as something to read; from Open on they have no other effect.
class StopSignals
{
  public:
    static SystemResult<StopSignals> Open();
    StopSignals(StopSignals&&) = default;
    StopSignals& operator=(StopSignals&&) = default;

    int
    Descriptor() const
    {
        return m_file.Get();
    }

    /// The number of a signal that came, or 0.
    int Take();

  private:
    explicit StopSignals(FileDescriptor file) : m_file(std::move(file))
    {
    }

    FileDescriptor m_file;
};

/// Lines from a descriptor that somebody else owns (standard input), read only when it is readable.
class LineReader
{
  public:
    /// A longer line is no command of anybody's; it ends the input.
    static constexpr size_t LINE_OCTETS_MAX = 65536;

    explicit LineReader(int descriptor) : m_descriptor(descriptor)
    {
    }

    /**
     * Read once and call `onLine` for each complete line, without its end.
     * @return false when the input has ended (a last line without end is still given)
     */
    bool Read(const std::function<void(std::string_view)>& onLine);

  private:
    int m_descriptor;
    std::string m_unread;
};

} // namespace ikelab::io
