// SPDX-License-Identifier: MIT
#include "io/event_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

namespace ikelab::io
{

namespace
{

Duration
MonotonicTime()
{
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

} // namespace

EventLoop::EventLoop() : m_start(MonotonicTime())
{
}

Instant
EventLoop::Now() const
{
    return Instant(MonotonicTime() - m_start);
}

void
EventLoop::Watch(int descriptor, std::function<void()> onReadable)
{
    m_watched.push_back({descriptor, std::move(onReadable)});
    m_changed = true;
}

void
EventLoop::Unwatch(int descriptor)
{
    std::erase_if(m_watched,
                  [&](const Watched& watched) { return watched.descriptor == descriptor; });
    m_changed = true;
}

SystemResult<void>
EventLoop::Run()
{
    m_stopped = false;
    while (true)
    {
        m_onTurn();
        if (m_stopped)
        {
            return {};
        }
        if (m_changed)
        {
            m_polled.clear();
            for (const Watched& watched : m_watched)
            {
                m_polled.push_back({watched.descriptor, POLLIN, 0});
            }
            m_changed = false;
        }
        TRY_SYSTEM(Wait());
        if (m_deadline && Now() >= *m_deadline)
        {
            m_deadline.reset();
            m_onDeadline();
        }
        // A call may add or remove watches: the rest then waits for the next turn.
        for (size_t i = 0; i < m_polled.size() && !m_changed && !m_stopped; ++i)
        {
            if (m_polled[i].revents != 0)
            {
                const auto call = m_watched[i].onReadable; // survives its own removal
                call();
            }
        }
    }
}

SystemResult<void>
EventLoop::Wait()
{
    timespec wait{};
    if (m_deadline)
    {
        const Duration left = std::max(*m_deadline - Now(), Duration(0));
        wait.tv_sec = left / std::chrono::seconds(1);
        wait.tv_nsec = (left % std::chrono::seconds(1)).count();
    }
    for (pollfd& polled : m_polled)
    {
        polled.revents = 0;
    }
    if (::ppoll(m_polled.data(), m_polled.size(), m_deadline ? &wait : nullptr, nullptr) < 0 &&
        errno != EINTR)
    {
        return FailSystem("cannot wait for", "sockets", errno);
    }
    return {};
}

SystemResult<StopSignals>
StopSignals::Open()
{
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGHUP); // the terminal is gone; nohup's ignoring it still holds
    FileDescriptor file(::signalfd(-1, &stops, SFD_NONBLOCK | SFD_CLOEXEC));
    if (!file.IsOpen() || ::sigprocmask(SIG_BLOCK, &stops, nullptr) != 0)
    {
        return FailSystem("cannot watch", "signals", errno);
    }
    return StopSignals(std::move(file));
}

int
StopSignals::Take()
{
    signalfd_siginfo info{};
    if (::read(m_file.Get(), &info, sizeof info) != sizeof info)
    {
        return 0;
    }
    return static_cast<int>(info.ssi_signo);
}

bool
LineReader::Read(const std::function<void(std::string_view)>& onLine)
{
    std::array<char, 4096> part;
    const ssize_t got = ::read(m_descriptor, part.data(), part.size());
    if (got < 0)
    {
        return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
    }
    if (got == 0)
    {
        if (!m_unread.empty())
        {
            onLine(std::exchange(m_unread, {}));
        }
        return false;
    }
    m_unread.append(part.data(), static_cast<size_t>(got));
    size_t begin = 0;
    for (size_t end; (end = m_unread.find('\n', begin)) != std::string::npos; begin = end + 1)
    {
        onLine(std::string_view(m_unread).substr(begin, end - begin));
    }
    m_unread.erase(0, begin);
    return m_unread.size() <= LINE_OCTETS_MAX;
}

} // namespace ikelab::io
