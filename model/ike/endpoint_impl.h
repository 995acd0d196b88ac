// SPDX-License-Identifier: MIT
#pragma once

#include "ike/cookie.h"
#include "ike/exchange/exchange.h"
#include "ike/ike_endpoint.h"
#include "ike/reaction.h"
#include "ike/sa_table.h"
#include "ike/services.h"
#include "ike/stranger_meter.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace ikelab::ike
{

/**
 * The endpoint behind IkeEndpoint. Three files: `ike_endpoint.cc` is what its owner asks for and
 * time, `dispatch.cc` is what arrives, `transmission.cc` what leaves.
 */
class IkeEndpoint::Impl
{
  public:
    Impl(Config config, crypto::Context& context, RandomSource& random);

    // What the owner asks for.
    Result<IkeSaId> Initiate(Instant now,
                             std::string_view connection,
                             std::string_view child,
                             const Occasion& occasion);
    Result<void> CheckLiveness(Instant now, IkeSaId id);
    bool ReportInvalidSpi(Instant now, const SocketAddress& peer, EspSpi spi);
    bool ReportInvalidSelectors(Instant now, ChildSaId child, Bytes packetStart);
    Result<void> CloseChildSa(Instant now, ChildSaId id);
    Result<void> CloseIkeSa(Instant now, IkeSaId id);
    void CloseAll(Instant now);
    std::vector<IkeSaInfo> List() const;
    bool Empty() const;

    uint64_t
    Untold() const
    {
        return m_meter.Untold();
    }

    // Time.
    void HandleTimeout(Instant now);
    std::optional<Instant>
    NextTimeout() const
    {
        return m_table.NextTimer();
    }

    // What arrives.
    void HandleDatagram(Instant now, const Path& path, Bytes datagram);
    void HandlePeerTraffic(Instant now, ChildSaId child, const Path* path);

    std::deque<Datagram> transmit;
    std::deque<Event>&
    Events()
    {
        return m_services.events;
    }

  private:
    // ike_endpoint.cc
    IkeSa& StartSetUp(std::shared_ptr<const ConnectionConfig> connection,
                      const WantedChild& wanted,
                      const Path& path,
                      unsigned tries);
    IkeSpi NewIkeSpi();
    void CloseSa(IkeSa& sa);
    void HandleSaTimeout(IkeSa& sa);
    /// No answer came to all tries, or set-up took too long.
    void GiveUp(IkeSa& sa, const Error& error);
    /// After anything happened to an SA: carry out its closing, start what waits, set its timer.
    /// The SA may be gone afterwards.
    void Settle(IkeSa& sa);
    void Finish(IkeSa& sa, const Closing& closing);
    /// INITIAL_CONTACT in an SA that began at this time.
    void CloseOlderThan(const IkeSa& sa, Instant began);
    std::optional<Instant> NextTimer(const IkeSa& sa) const;
    std::optional<Instant> LivenessDue(const IkeSa& sa) const;
    std::optional<Instant> KeepAliveDue(const IkeSa& sa) const;

    // dispatch.cc
    void HandleInitRequest(const Incoming& request);
    void HandleInitResponse(IkeSa& sa, const Incoming& response);
    void HandleProtected(IkeSa& sa, const wire::Message& message, const Path& path);
    void HandleRequest(IkeSa& sa, const Incoming& request);
    void HandleResponse(IkeSa& sa, const Incoming& response);
    /// Do what the reaction table says about an error in a response.
    void RejectResponse(IkeSa& sa, const Incoming& response, const Error& error, Phase phase);
    /// The SA that a header names, if it fits in all respects.
    IkeSa* FindSa(const wire::Header& header);
    void FollowPath(IkeSa& sa, const Path& path);
    /// Tell of an authentic message that is refused.
    void Reject(IkeSaId sa,
                const Path& path,
                const Error& error,
                std::optional<wire::NotifyType> answered = {});
    /// Tell of a message that anybody could have sent, if not of too many (see StrangerMeter).
    void RejectStranger(IkeSaId sa, const Path& path, const Error& error);
    /// Answer without an SA as the reaction table says, at a limited rate.
    void AnswerInClear(const wire::Header& request,
                       const Path& path,
                       const Error& error,
                       Phase phase,
                       bool tells);
    /// May this be told?
    bool
    Tells(Fault fault, IkeSaId sa)
    {
        return m_meter.Tells(m_services.now, fault, sa);
    }

    /// Do what the reaction table says about an error in a request.
    void Respond(IkeSa& sa, const Incoming& request, const Error& error, Phase phase);

    // transmission.cc
    void StartNext(IkeSa& sa);
    Result<void> SendRequest(IkeSa& sa);
    void SendAgain(IkeSa& sa, const Window::Outstanding& request);
    void RepeatResponse(IkeSa& sa, const Path& path, bool tells);
    /// Seal, cache and send a response.
    void SealAndSend(IkeSa& sa,
                     const Path& path,
                     const wire::Header& header,
                     wire::MessageBuilder&& reply,
                     const std::string& summary);
    /// @param event what the owner is told, nullptr if nothing
    void Send(const Path& path, Buffer message, const MessageEvent* event);
    MessageEvent Describe(const wire::Header& header, const Path& path, IkeSaId sa) const;

    const Config m_config;
    /// By name; of several with one name the first.
    std::map<std::string, std::shared_ptr<const ConnectionConfig>, std::less<>> m_connections;
    bool m_farewell{false}; ///< CloseAll was asked for
    SaTable m_table;
    Services m_services;
    CookieJar m_cookies;
    Instant m_answersSince{};
    unsigned m_answers{0};
    StrangerMeter m_meter;
};

} // namespace ikelab::ike
