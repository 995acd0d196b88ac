// SPDX-License-Identifier: MIT
#pragma once

#include "ike/cookie.h"
#include "ike/exchange/exchange.h"
#include "ike/nat_detection.h"
#include "ike/services.h"

#include <memory>
#include <set>

namespace ikelab::ike
{

/**
 * IKE_SA_INIT from the initiator's side, RFC 7296 §1.2: negotiate, exchange keys, find NATs.
 * Follows COOKIE (§2.6) and INVALID_KE_PAYLOAD (§2.7) with a new request of the same Message ID.
 */
class IkeSaInit final : public Exchange
{
  public:
    wire::ExchangeType
    Type() const override
    {
        return wire::ExchangeType::IKE_SA_INIT;
    }

    bool
    Protected() const override
    {
        return false;
    }

    Result<void> BuildRequest(Services& services,
                              IkeSa& sa,
                              wire::MessageBuilder& request) override;
    void RequestBuilt(IkeSa& sa, Bytes octets) override;
    Result<void> HandleResponse(Services& services, IkeSa& sa, const Incoming& response) override;

    /// A refusal that names its remedy was followed.
    bool
    WantsRetry() const override
    {
        return m_retry;
    }

  private:
    Result<void> FollowCookie(Services& services, IkeSa& sa, const wire::NotifyPayload& notify);
    Result<void> FollowInvalidKe(Services& services, IkeSa& sa, const wire::NotifyPayload& notify);
    Result<void> Accept(Services& services, IkeSa& sa, const Incoming& response);
    Result<void> CountRetry(Services& services, IkeSa& sa);

    const crypto::KeRow* m_method{nullptr};
    std::set<wire::KeMethod> m_tried;
    Buffer m_cookie;
    std::optional<NatHash> m_falseSource; ///< instead of our address, to force encapsulation
    unsigned m_retries{0};
    bool m_retry{false};
};

/// The responder's side: what an IKE_SA_INIT request led to.
struct InitAnswer
{
    std::unique_ptr<IkeSa>
        sa; ///< absent if a cookie is asked for first; its id is the endpoint's to give
    Buffer response;
    std::string summary;
};

/// How crowded it is, for the decision whether to ask for a cookie.
struct HalfOpenLoad
{
    size_t total{0};
    size_t fromThisAddress{0};
};

/**
 * Answer a request that belongs to no SA. Errors go through the reaction table, in clear.
 * @param ourSpi a fresh SPI for the new SA
 */
Result<InitAnswer> AnswerIkeSaInit(Services& services,
                                   CookieJar& cookies,
                                   const Incoming& request,
                                   const HalfOpenLoad& load,
                                   IkeSpi ourSpi);

/// Connections that a peer at this path may mean, in the order of the configuration.
std::vector<std::shared_ptr<const ConnectionConfig>> ConnectionsFor(const Config& config,
                                                                    const Path& path);

} // namespace ikelab::ike
