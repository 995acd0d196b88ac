// SPDX-License-Identifier: MIT
#pragma once

#include "base/ids.h"
#include "base/instant.h"
#include "base/random_source.h"
#include "ike/config.h"
#include "wire/iana.h"

#include <optional>
#include <string>

namespace ikelab::ike
{

/**
 * Message IDs, retransmission and the response cache of one IKE SA, with a window of one (RFC 7296
 * §2.1 to §2.3): the initiator of an exchange answers for reliability, the responder only repeats
 * itself.
 */
class Window
{
  public:
    /// Message IDs never start anew, RFC 7296 §2.2.
    static constexpr MessageId LAST_ID{0xffffffff};

    Window() = default;

    Window(MessageId nextRequest, MessageId expected)
        : m_nextRequest(nextRequest),
          m_expected(expected)
    {
    }

    /// A request that waits for its response.
    struct Outstanding
    {
        MessageId id;
        wire::ExchangeType exchange{};
        Buffer octets;
        std::string summary;
        Instant firstSent;
        Instant deadline;
        unsigned retransmissions{0};
    };

    /// What to do with a request from the peer.
    enum class Incoming
    {
        NEW,      ///< the one that is expected: process it
        REPEATED, ///< the last one again: send the cached response
        OUT_OF_WINDOW
    };

    /// The Message ID of our next request.
    MessageId
    NextRequest() const
    {
        return m_nextRequest;
    }

    bool
    Busy() const
    {
        return m_outstanding.has_value();
    }

    const std::optional<Outstanding>&
    Pending() const
    {
        return m_outstanding;
    }

    /// Our request goes out for the first time.
    void Sent(Instant now,
              wire::ExchangeType exchange,
              Buffer octets,
              std::string summary,
              const RetransmitConfig& schedule,
              RandomSource& random);
    /// A response arrived: true, and the request is done, if it answers the outstanding one.
    bool Answered(MessageId id, wire::ExchangeType exchange);
    /// The same Message ID will be used again: COOKIE and INVALID_KE_PAYLOAD (RFC 7296 §2.2).
    void Reuse(MessageId id);
    /// The deadline passed: the octets to send again, or nothing when the tries are used up.
    const Outstanding* Retransmit(Instant now,
                                  const RetransmitConfig& schedule,
                                  RandomSource& random);
    void Abandon();

    Incoming Judge(MessageId id) const;

    /// The Message ID of the peer's next request.
    MessageId
    Expected() const
    {
        return m_expected;
    }

    /// The response to the expected request: cached for repetitions, byte for byte.
    void Respond(MessageId id, wire::ExchangeType exchange, Buffer octets, std::string summary);
    /// The cached response; empty if there is none yet.
    const Buffer&
    CachedResponse() const
    {
        return m_response;
    }

    const std::string&
    CachedSummary() const
    {
        return m_responseSummary;
    }

    wire::ExchangeType
    CachedExchange() const
    {
        return m_responseExchange;
    }

    std::optional<Instant> Deadline() const;

  private:
    static Duration Wait(unsigned retransmissions,
                         const RetransmitConfig& schedule,
                         RandomSource& random);

    MessageId m_nextRequest;
    MessageId m_expected;
    std::optional<Outstanding> m_outstanding;
    Buffer m_response;
    std::string m_responseSummary;
    wire::ExchangeType m_responseExchange{};
};

} // namespace ikelab::ike
