// SPDX-License-Identifier: MIT
#pragma once

#include "base/instant.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "wire/message.h"
#include "wire/message_builder.h"

namespace ikelab::ike
{

struct IkeSa;
struct Services;

/// A message that passed integrity and window: an exchange never sees a duplicate.
struct Incoming
{
    const wire::Header& header;
    const wire::PayloadChain& chain;
    Bytes octets; ///< the datagram
    const Path& path;
};

/**
 * One exchange from its initiator's side. The endpoint gives it a Message ID, protects and repeats
 * its request, and hands it the response exactly once.
 */
class Exchange
{
  public:
    virtual ~Exchange() = default;
    virtual wire::ExchangeType Type() const = 0;

    /// Inside an Encrypted payload? All are but IKE_SA_INIT.
    virtual bool
    Protected() const
    {
        return true;
    }

    virtual Result<void> BuildRequest(Services& services,
                                      IkeSa& sa,
                                      wire::MessageBuilder& request) = 0;

    /// The finished request, before it goes out.
    virtual void
    RequestBuilt(IkeSa&, Bytes)
    {
    }

    virtual Result<void> HandleResponse(Services& services,
                                        IkeSa& sa,
                                        const Incoming& response) = 0;

    /// After HandleResponse: the response asks for another request of the same Message ID.
    virtual bool
    WantsRetry() const
    {
        return false;
    }
};

} // namespace ikelab::ike
