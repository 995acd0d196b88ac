// SPDX-License-Identifier: MIT
#include "ike/window.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace ikelab::ike
{

Duration
Window::Wait(unsigned retransmissions, const RetransmitConfig& schedule, RandomSource& random)
{
    double seconds = std::chrono::duration<double>(schedule.timeout).count() *
                     std::pow(schedule.base, static_cast<double>(retransmissions));
    if (schedule.limit > Duration::zero())
    {
        seconds = std::min(seconds, std::chrono::duration<double>(schedule.limit).count());
    }
    if (schedule.jitterPercent > 0)
    {
        const double share = static_cast<double>(random.U32()) / 4294967296.0;
        seconds -= seconds * share * std::min(schedule.jitterPercent, 100u) / 100.0;
    }
    // A wait beyond a year is a mistake in the schedule; it must not overflow the clock.
    seconds = std::min(seconds, 31536000.0);
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void
Window::Sent(Instant now,
             wire::ExchangeType exchange,
             Buffer octets,
             std::string summary,
             const RetransmitConfig& schedule,
             RandomSource& random)
{
    m_outstanding = Outstanding{m_nextRequest,
                                exchange,
                                std::move(octets),
                                std::move(summary),
                                now,
                                now + Wait(0, schedule, random),
                                0};
    ++m_nextRequest.value;
}

bool
Window::Answered(MessageId id, wire::ExchangeType exchange)
{
    if (!m_outstanding || m_outstanding->id != id || m_outstanding->exchange != exchange)
    {
        return false;
    }
    m_outstanding.reset();
    return true;
}

void
Window::Reuse(MessageId id)
{
    m_outstanding.reset();
    m_nextRequest = id;
}

const Window::Outstanding*
Window::Retransmit(Instant now, const RetransmitConfig& schedule, RandomSource& random)
{
    if (!m_outstanding || m_outstanding->retransmissions >= schedule.tries)
    {
        return nullptr;
    }
    ++m_outstanding->retransmissions;
    m_outstanding->deadline = now + Wait(m_outstanding->retransmissions, schedule, random);
    return &*m_outstanding;
}

void
Window::Abandon()
{
    m_outstanding.reset();
}

Window::Incoming
Window::Judge(MessageId id) const
{
    if (id == m_expected)
    {
        return Incoming::NEW;
    }
    if (id.value + 1 == m_expected.value && !m_response.empty())
    {
        return Incoming::REPEATED;
    }
    return Incoming::OUT_OF_WINDOW;
}

void
Window::Respond(MessageId id, wire::ExchangeType exchange, Buffer octets, std::string summary)
{
    m_expected = MessageId{id.value + 1};
    octets.shrink_to_fit();
    m_response = std::move(octets);
    m_responseSummary = std::move(summary);
    m_responseExchange = exchange;
}

std::optional<Instant>
Window::Deadline() const
{
    if (!m_outstanding)
    {
        return std::nullopt;
    }
    return m_outstanding->deadline;
}

} // namespace ikelab::ike
