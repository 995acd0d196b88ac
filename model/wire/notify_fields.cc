// SPDX-License-Identifier: MIT
#include "wire/payload_fields.h"
#include "wire/readable.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace ikelab::wire
{

namespace
{

std::string
GatewayText(const NotifiedGateway& gateway)
{
    const size_t octets = gateway.identity.size();
    const bool isAddress = gateway.type == GatewayIdentityType::IPV4_ADDRESS ||
                           gateway.type == GatewayIdentityType::IPV6_ADDRESS;
    return isAddress && (octets == 4 || octets == 16)
               ? IpAddress::FromOctets(gateway.identity).ToString()
               : Readable(gateway.identity);
}

/// One overload per alternative of NotifyData.
struct DataFields
{
    FieldGroup
    operator()(const NoNotifyData&) const
    {
        return {};
    }

    FieldGroup
    operator()(const NotifyOctets& data) const
    {
        return {{{"data", ToBuffer(data.octets)}}};
    }

    FieldGroup
    operator()(const NotifiedPayloadType& data) const
    {
        return {{{"payload", CodeOf(data.type)}}};
    }

    FieldGroup
    operator()(const NotifiedMessageId& data) const
    {
        return {{{"message_id", uint64_t{data.id.value}}}};
    }

    FieldGroup
    operator()(const NotifiedSpi& data) const
    {
        return {{{"invalid_spi", fmt::format("{:08x}", data.spi.value)}}};
    }

    FieldGroup
    operator()(const NotifiedKeMethod& data) const
    {
        return {{{"wanted", CodeOf(data.method)}}};
    }

    FieldGroup
    operator()(const NotifiedWindowSize& data) const
    {
        return {{{"messages", uint64_t{data.messages}}}};
    }

    FieldGroup
    operator()(const NotifiedIpcomp& data) const
    {
        FieldGroup group{{{"cpi", uint64_t{data.cpi}}, {"transform", CodeOf(data.transform)}}};
        if (!data.attributes.empty())
        {
            group.fields.push_back({"attributes", ToBuffer(data.attributes)});
        }
        return group;
    }

    FieldGroup
    operator()(const NotifiedAddress& data) const
    {
        return {{{"address", data.address.ToString()}}};
    }

    FieldGroup
    operator()(const NotifiedPath& data) const
    {
        return {{{"source", data.source.ToString()}, {"destination", data.destination.ToString()}}};
    }

    FieldGroup
    operator()(const NotifiedLifetime& data) const
    {
        return {{{"lifetime_seconds", uint64_t{data.seconds}}}};
    }

    FieldGroup
    operator()(const NotifiedGateway& data) const
    {
        FieldGroup group{{{"gateway_type", CodeOf(data.type)}, {"gateway", GatewayText(data)}}};
        if (!data.nonce.empty())
        {
            group.fields.push_back({"nonce", ToBuffer(data.nonce)});
        }
        return group;
    }

    FieldGroup
    operator()(const NotifiedTicket& data) const
    {
        return {{{"lifetime_seconds", uint64_t{data.lifetimeSeconds}},
                 {"ticket", ToBuffer(data.ticket)}}};
    }

    FieldGroup
    operator()(const NotifiedRohc& data) const
    {
        FieldList attributes;
        for (const NotifiedRohc::Attribute& attribute : data.attributes)
        {
            attributes.items.push_back({"attribute",
                                        FieldGroup{{{"type", CodeOf(attribute.type)},
                                                    {"value", uint64_t{attribute.value}}}}});
        }
        return {{{"attributes", std::move(attributes)}}};
    }

    FieldGroup
    operator()(const NotifiedMessageIdSync& data) const
    {
        return {{{"nonce", fmt::format("{:08x}", data.nonce)},
                 {"next_sent", uint64_t{data.nextSent.value}},
                 {"next_received", uint64_t{data.nextReceived.value}}}};
    }

    FieldGroup
    operator()(const NotifiedReplaySync& data) const
    {
        return {{{"delta", data.delta}, {"extended", data.isExtended}}};
    }

    FieldGroup
    operator()(const NotifiedPasswordMethods& data) const
    {
        FieldList methods;
        for (const SecurePasswordMethod method : data.methods)
        {
            methods.items.push_back({"method", CodeOf(method)});
        }
        return {{{"methods", std::move(methods)}}};
    }

    FieldGroup
    operator()(const NotifiedHashAlgorithms& data) const
    {
        FieldList algorithms;
        for (const HashAlgorithm algorithm : data.algorithms)
        {
            algorithms.items.push_back({"algorithm", CodeOf(algorithm)});
        }
        return {{{"algorithms", std::move(algorithms)}}};
    }

    FieldGroup
    operator()(const NotifiedPuzzle& data) const
    {
        return {{{"prf", CodeOf(data.prf)}, {"difficulty", uint64_t{data.difficulty}}}};
    }

    FieldGroup
    operator()(const NotifiedPpkId& data) const
    {
        return {{{"ppk_id_type", CodeOf(data.type)}, {"ppk_id", ToBuffer(data.id)}}};
    }

    FieldGroup
    operator()(const NotifiedAggfrag& data) const
    {
        return {
            {{"congestion_control", data.congestionControl}, {"dont_fragment", data.dontFragment}}};
    }

    FieldGroup
    operator()(const NotifiedAuthMethods& data) const
    {
        FieldList announcements;
        for (const NotifiedAuthMethods::Announcement& announcement : data.announcements)
        {
            FieldGroup group{{{"method", CodeOf(announcement.method)}}};
            if (announcement.certLink)
            {
                group.fields.push_back({"cert_link", uint64_t{*announcement.certLink}});
            }
            if (!announcement.algorithm.empty())
            {
                group.fields.push_back({"algorithm", ToBuffer(announcement.algorithm)});
            }
            announcements.items.push_back({"announcement", std::move(group)});
        }
        return {{{"announcements", std::move(announcements)}}};
    }
};

} // namespace

FieldGroup
FieldsOf(const NotifyData& data)
{
    return std::visit(DataFields{}, data);
}

FieldGroup
FieldsOf(const NotifyPayload& notify)
{
    FieldGroup group{{{"notify_type", CodeOf(notify.type)}}};
    if (notify.protocol != ProtocolId::NONE || !notify.spi.empty())
    {
        group.fields.push_back({"protocol", CodeOf(notify.protocol)});
        group.fields.push_back({"spi", ToBuffer(notify.spi)});
    }
    const auto data = ParseNotifyData(notify);
    FieldGroup more = data ? FieldsOf(*data) : Malformed(data.error(), notify.data);
    std::ranges::move(more.fields, std::back_inserter(group.fields));
    return group;
}

} // namespace ikelab::wire
