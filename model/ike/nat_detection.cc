// SPDX-License-Identifier: MIT
#include "ike/nat_detection.h"

#include "base/byte_writer.h"
#include "crypto/hash.h"

namespace ikelab::ike
{

Result<NatHash>
NatDetectionHash(crypto::Context& context,
                 const crypto::IkeSpis& spis,
                 const SocketAddress& address)
{
    ByteWriter writer(34);
    writer.U64(spis.initiator.value);
    writer.U64(spis.responder.value);
    writer.Octets(address.address.Octets());
    writer.U16(address.port);
    return crypto::Sha1(context, {writer.View()});
}

Result<NatVerdict>
JudgeNat(crypto::Context& context,
         const wire::PayloadChain& chain,
         const crypto::IkeSpis& spisAsSent,
         const Path& path)
{
    TRY_ASSIGN(const auto source, NatDetectionHash(context, spisAsSent, path.remote));
    TRY_ASSIGN(const auto destination, NatDetectionHash(context, spisAsSent, path.local));
    bool sawSource = false;
    bool sawDestination = false;
    bool sourceMatches = false;
    bool destinationMatches = false;
    for (const wire::Payload& payload : chain.payloads)
    {
        const auto* notify = std::get_if<wire::NotifyPayload>(&payload.body);
        if (!notify)
        {
            continue;
        }
        if (notify->type == wire::NotifyType::NAT_DETECTION_SOURCE_IP)
        {
            // Several are allowed, one for each address that the peer may send from.
            sawSource = true;
            sourceMatches = sourceMatches || SameOctets(notify->data, source);
        }
        else if (notify->type == wire::NotifyType::NAT_DETECTION_DESTINATION_IP)
        {
            sawDestination = true;
            destinationMatches = destinationMatches || SameOctets(notify->data, destination);
        }
    }
    const bool supported = sawSource && sawDestination;
    return NatVerdict{supported, supported && !sourceMatches, supported && !destinationMatches};
}

} // namespace ikelab::ike
