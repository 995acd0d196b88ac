// SPDX-License-Identifier: MIT
#include "wire/notify_data.h"

#include "base/byte_reader.h"
#include "base/limits.h"

#include <algorithm>

namespace ikelab::wire
{

namespace
{

using Parsed = Result<NotifyData>;

constexpr size_t ANY = 0xffff;
constexpr size_t V4_OCTETS = 4;
constexpr size_t V6_OCTETS = 16;
/// RFC 5857, RFC 7296 §3.3.5: the attribute's value stands in its second half.
constexpr uint16_t ATTRIBUTE_FORMAT_TV = 0x8000;
/// RFC 9347 §6.1.4
constexpr uint8_t AGGFRAG_CONGESTION_CONTROL = 0x02;
constexpr uint8_t AGGFRAG_DONT_FRAGMENT = 0x01;

tl::unexpected<Error>
BadLength()
{
    return Fail(Fault::BAD_VALUE, "N data length");
}

/// For types without data.
Parsed
None(Bytes data)
{
    if (data.empty())
    {
        return NoNotifyData{};
    }
    return NotifyOctets{data};
}

Parsed
Octets(Bytes data)
{
    return NotifyOctets{data};
}

Parsed
CriticalPayload(Bytes data)
{
    return NotifiedPayloadType{PayloadType{data[0]}};
}

uint32_t
Number(Bytes data)
{
    uint32_t number = 0;
    for (const uint8_t octet : data)
    {
        number = number << 8 | octet;
    }
    return number;
}

Parsed
InvalidMessageId(Bytes data)
{
    return NotifiedMessageId{MessageId{Number(data)}};
}

Parsed
InvalidSpi(Bytes data)
{
    return NotifiedSpi{EspSpi{Number(data)}};
}

Parsed
WantedKeMethod(Bytes data)
{
    return NotifiedKeMethod{KeMethod{static_cast<uint16_t>(Number(data))}};
}

Parsed
WindowSize(Bytes data)
{
    return NotifiedWindowSize{Number(data)};
}

Parsed
Lifetime(Bytes data)
{
    return NotifiedLifetime{Number(data)};
}

Parsed
Ipcomp(Bytes data)
{
    return NotifiedIpcomp{
        static_cast<uint16_t>(Number(data.first(2))), IpcompId{data[2]}, data.subspan(3)};
}

Parsed
Address(Bytes data)
{
    return NotifiedAddress{IpAddress::FromOctets(data)};
}

Parsed
NoNats(Bytes data)
{
    const size_t octets = data.size() == 2 * V4_OCTETS + 4 ? V4_OCTETS : V6_OCTETS;
    ByteReader reader(data);
    Bytes source;
    Bytes destination;
    NotifiedPath path;
    if (!reader.Take(octets, source) || !reader.Take(octets, destination) ||
        !reader.U16(path.source.port) || !reader.U16(path.destination.port) || !reader.AtEnd())
    {
        return BadLength();
    }
    path.source.address = IpAddress::FromOctets(source);
    path.destination.address = IpAddress::FromOctets(destination);
    return path;
}

bool
IsGatewayIdentity(GatewayIdentityType type, Bytes identity)
{
    switch (type)
    {
    case GatewayIdentityType::IPV4_ADDRESS:
        return identity.size() == V4_OCTETS;
    case GatewayIdentityType::IPV6_ADDRESS:
        return identity.size() == V6_OCTETS;
    case GatewayIdentityType::FQDN:
        // RFC 7296 §3.5: no terminators.
        return !identity.empty() &&
               std::ranges::none_of(identity,
                                    [](uint8_t octet)
                                    { return octet == '\0' || octet == '\r' || octet == '\n'; });
    }
    return true;
}

Parsed
Redirect(Bytes data)
{
    ByteReader reader(data);
    uint8_t type;
    uint8_t octets;
    NotifiedGateway gateway;
    if (!reader.U8(type) || !reader.U8(octets) || !reader.Take(octets, gateway.identity))
    {
        return BadLength();
    }
    gateway.type = GatewayIdentityType{type};
    if (!IsGatewayIdentity(gateway.type, gateway.identity))
    {
        return Fail(Fault::BAD_VALUE, "N gateway identity", 1);
    }
    const size_t nonceStart = reader.Offset();
    gateway.nonce = reader.Rest();
    if (!gateway.nonce.empty() && (gateway.nonce.size() < limits::NONCE_OCTETS_MIN ||
                                   gateway.nonce.size() > limits::NONCE_OCTETS_MAX))
    {
        return Fail(Fault::BAD_VALUE, "N nonce length", nonceStart);
    }
    return gateway;
}

Parsed
RedirectedFrom(Bytes data)
{
    TRY_ASSIGN(const NotifyData redirect, Redirect(data));
    const auto& gateway = std::get<NotifiedGateway>(redirect);
    // RFC 5685 §9.3: an address and nothing else.
    if (gateway.type == GatewayIdentityType::FQDN)
    {
        return Fail(Fault::BAD_VALUE, "N gateway identity");
    }
    if (!gateway.nonce.empty())
    {
        return BadLength();
    }
    return redirect;
}

Parsed
Ticket(Bytes data)
{
    return NotifiedTicket{Number(data.first(4)), data.subspan(4)};
}

Parsed
Rohc(Bytes data)
{
    ByteReader reader(data);
    NotifiedRohc rohc;
    rohc.attributes.reserve(data.size() / 4);
    while (!reader.AtEnd())
    {
        const size_t start = reader.Offset();
        uint16_t type;
        NotifiedRohc::Attribute attribute;
        if (!reader.U16(type) || !reader.U16(attribute.value))
        {
            return BadLength();
        }
        if ((type & ATTRIBUTE_FORMAT_TV) == 0)
        {
            return Fail(Fault::BAD_VALUE, "N ROHC attribute format", start);
        }
        attribute.type = RohcAttributeType{static_cast<uint16_t>(type & ~ATTRIBUTE_FORMAT_TV)};
        rohc.attributes.push_back(attribute);
    }
    return rohc;
}

Parsed
MessageIdSync(Bytes data)
{
    return NotifiedMessageIdSync{Number(data.first(4)),
                                 MessageId{Number(data.subspan(4, 4))},
                                 MessageId{Number(data.subspan(8, 4))}};
}

Parsed
ReplaySync(Bytes data)
{
    ByteReader reader(data);
    NotifiedReplaySync sync;
    uint32_t delta;
    if (data.size() == sizeof(uint32_t) && reader.U32(delta))
    {
        sync.delta = delta;
        return sync;
    }
    sync.isExtended = true;
    if (!reader.U64(sync.delta) || !reader.AtEnd())
    {
        return BadLength();
    }
    return sync;
}

/// A list of 16-bit numbers.
template <typename Value>
Result<std::vector<Value>>
Numbers(Bytes data)
{
    std::vector<Value> values;
    values.reserve(data.size() / sizeof(uint16_t));
    ByteReader reader(data);
    uint16_t number;
    while (reader.U16(number))
    {
        values.push_back(Value{number});
    }
    if (!reader.AtEnd())
    {
        return BadLength();
    }
    return values;
}

Parsed
PasswordMethods(Bytes data)
{
    NotifiedPasswordMethods methods;
    TRY_ASSIGN(methods.methods, Numbers<SecurePasswordMethod>(data));
    return methods;
}

Parsed
HashAlgorithms(Bytes data)
{
    NotifiedHashAlgorithms algorithms;
    TRY_ASSIGN(algorithms.algorithms, Numbers<HashAlgorithm>(data));
    return algorithms;
}

Parsed
Puzzle(Bytes data)
{
    return NotifiedPuzzle{Prf{static_cast<uint16_t>(Number(data.first(2)))}, data[2]};
}

Parsed
PpkId(Bytes data)
{
    return NotifiedPpkId{PpkIdType{data[0]}, data.subspan(1)};
}

Parsed
Aggfrag(Bytes data)
{
    return NotifiedAggfrag{(data[0] & AGGFRAG_CONGESTION_CONTROL) != 0,
                           (data[0] & AGGFRAG_DONT_FRAGMENT) != 0};
}

Parsed
AuthMethods(Bytes data)
{
    ByteReader reader(data);
    NotifiedAuthMethods methods;
    while (!reader.AtEnd())
    {
        const size_t start = reader.Offset();
        uint8_t octets;
        uint8_t method;
        Bytes rest;
        if (!reader.U8(octets) || octets < 2 || !reader.U8(method) ||
            !reader.Take(octets - size_t{2}, rest))
        {
            return Fail(Fault::BAD_VALUE, "N announcement length", start);
        }
        NotifiedAuthMethods::Announcement announcement;
        announcement.method = AuthMethod{method};
        if (!rest.empty())
        {
            announcement.certLink = rest[0];
            announcement.algorithm = rest.subspan(1);
        }
        methods.announcements.push_back(announcement);
    }
    return methods;
}

/// How the data of one type is read, when it has `least` to `most` octets.
struct Row
{
    NotifyType type;
    size_t least;
    size_t most;
    Parsed (*parse)(Bytes data);
    std::string_view source;
};

// Ordered by number, one row per registered type.
constexpr Row ROWS[] = {
    {NotifyType::UNSUPPORTED_CRITICAL_PAYLOAD, 1, 1, CriticalPayload, "RFC 7296 §2.5"},
    {NotifyType::INVALID_IKE_SPI, 0, ANY, None, "RFC 7296 §2.21"},
    {NotifyType::INVALID_MAJOR_VERSION, 0, ANY, None, "RFC 7296 §2.5"},
    {NotifyType::INVALID_SYNTAX, 0, ANY, None, "RFC 7296 §3.10.1"},
    {NotifyType::INVALID_MESSAGE_ID, 4, 4, InvalidMessageId, "RFC 7296 §2.3"},
    {NotifyType::INVALID_SPI, 4, 4, InvalidSpi, "RFC 7296 §1.5"},
    {NotifyType::NO_PROPOSAL_CHOSEN, 0, ANY, None, "RFC 7296 §3.10.1"},
    {NotifyType::INVALID_KE_PAYLOAD, 2, 2, WantedKeMethod, "RFC 7296 §1.3"},
    {NotifyType::AUTHENTICATION_FAILED, 0, ANY, None, "RFC 7296 §3.10.1"},
    {NotifyType::SINGLE_PAIR_REQUIRED, 0, ANY, None, "RFC 7296 §2.9"},
    {NotifyType::NO_ADDITIONAL_SAS, 0, ANY, None, "RFC 7296 §1.3"},
    {NotifyType::INTERNAL_ADDRESS_FAILURE, 0, ANY, None, "RFC 7296 §3.15.4"},
    {NotifyType::FAILED_CP_REQUIRED, 0, ANY, None, "RFC 7296 §2.19"},
    {NotifyType::TS_UNACCEPTABLE, 0, ANY, None, "RFC 7296 §2.9"},
    {NotifyType::INVALID_SELECTORS, 0, ANY, Octets, "RFC 7296 §3.10.1: a packet's start"},
    {NotifyType::UNACCEPTABLE_ADDRESSES, 0, ANY, None, "RFC 4555 §4.1.1"},
    {NotifyType::UNEXPECTED_NAT_DETECTED, 0, ANY, None, "RFC 4555 §4.1.2"},
    {NotifyType::USE_ASSIGNED_HOA, 0, ANY, None, "RFC 5026"},
    {NotifyType::TEMPORARY_FAILURE, 0, ANY, None, "RFC 7296 §2.25"},
    {NotifyType::CHILD_SA_NOT_FOUND, 0, ANY, None, "RFC 7296 §2.25"},
    {NotifyType::INVALID_GROUP_ID, 0, ANY, None, "RFC 9838"},
    {NotifyType::AUTHORIZATION_FAILED, 0, ANY, None, "RFC 9838"},
    {NotifyType::STATE_NOT_FOUND, 0, ANY, None, "RFC 9370 §2.2.4"},
    {NotifyType::TS_MAX_QUEUE, 0, ANY, None, "RFC 9611 §5.2"},
    {NotifyType::REGISTRATION_FAILED, 0, ANY, None, "RFC 9838"},
    {NotifyType::INITIAL_CONTACT, 0, ANY, None, "RFC 7296 §2.4"},
    {NotifyType::SET_WINDOW_SIZE, 4, 4, WindowSize, "RFC 7296 §2.3"},
    {NotifyType::ADDITIONAL_TS_POSSIBLE, 0, ANY, None, "RFC 7296 §2.9"},
    {NotifyType::IPCOMP_SUPPORTED, 3, ANY, Ipcomp, "RFC 7296 §2.22"},
    {NotifyType::NAT_DETECTION_SOURCE_IP, 20, 20, Octets, "RFC 7296 §2.23"},
    {NotifyType::NAT_DETECTION_DESTINATION_IP, 20, 20, Octets, "RFC 7296 §2.23"},
    {NotifyType::COOKIE, 1, limits::COOKIE_OCTETS, Octets, "RFC 7296 §2.6"},
    {NotifyType::USE_TRANSPORT_MODE, 0, ANY, None, "RFC 7296 §1.3.1"},
    {NotifyType::HTTP_CERT_LOOKUP_SUPPORTED, 0, ANY, None, "RFC 7296 §3.7"},
    {NotifyType::REKEY_SA, 0, ANY, None, "RFC 7296 §1.3.3"},
    {NotifyType::ESP_TFC_PADDING_NOT_SUPPORTED, 0, ANY, None, "RFC 7296 §1.3.1"},
    {NotifyType::NON_FIRST_FRAGMENTS_ALSO, 0, ANY, None, "RFC 7296 §1.3.1"},
    {NotifyType::MOBIKE_SUPPORTED, 0, ANY, None, "RFC 4555 §4.2.1"},
    {NotifyType::ADDITIONAL_IP4_ADDRESS, 4, 4, Address, "RFC 4555 §4.2.2"},
    {NotifyType::ADDITIONAL_IP6_ADDRESS, 16, 16, Address, "RFC 4555 §4.2.2"},
    {NotifyType::NO_ADDITIONAL_ADDRESSES, 0, ANY, None, "RFC 4555 §4.2.3"},
    {NotifyType::UPDATE_SA_ADDRESSES, 0, ANY, None, "RFC 4555 §4.2.4"},
    {NotifyType::COOKIE2, 8, 64, Octets, "RFC 4555 §4.2.5"},
    {NotifyType::NO_NATS_ALLOWED, 12, 36, NoNats, "RFC 4555 §4.2.6"},
    {NotifyType::AUTH_LIFETIME, 4, 4, Lifetime, "RFC 4478 §3"},
    {NotifyType::MULTIPLE_AUTH_SUPPORTED, 0, ANY, None, "RFC 4739 §3.1"},
    {NotifyType::ANOTHER_AUTH_FOLLOWS, 0, ANY, None, "RFC 4739 §3.2"},
    {NotifyType::REDIRECT_SUPPORTED, 0, ANY, None, "RFC 5685 §9.1"},
    {NotifyType::REDIRECT, 2, ANY, Redirect, "RFC 5685 §9.2"},
    {NotifyType::REDIRECTED_FROM, 2, ANY, RedirectedFrom, "RFC 5685 §9.3"},
    {NotifyType::TICKET_LT_OPAQUE, 4, ANY, Ticket, "RFC 5723 §7.1"},
    {NotifyType::TICKET_REQUEST, 0, ANY, None, "RFC 5723 §7"},
    {NotifyType::TICKET_ACK, 0, ANY, None, "RFC 5723 §7"},
    {NotifyType::TICKET_NACK, 0, ANY, None, "RFC 5723 §7"},
    {NotifyType::TICKET_OPAQUE, 0, ANY, Octets, "RFC 5723 §7.2"},
    {NotifyType::LINK_ID, 0, ANY, Octets, "RFC 5739 §5.3"},
    {NotifyType::USE_WESP_MODE, 0, ANY, None, "RFC 5840 §2.3"},
    {NotifyType::ROHC_SUPPORTED, 0, ANY, Rohc, "RFC 5857"},
    {NotifyType::EAP_ONLY_AUTHENTICATION, 0, ANY, None, "RFC 5998 §3"},
    {NotifyType::CHILDLESS_IKEV2_SUPPORTED, 0, ANY, None, "RFC 6023 §3"},
    {NotifyType::QUICK_CRASH_DETECTION, 16, 128, Octets, "RFC 6290 §4.1, §5"},
    {NotifyType::IKEV2_MESSAGE_ID_SYNC_SUPPORTED, 0, ANY, None, "RFC 6311 §6.1"},
    {NotifyType::IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED, 0, ANY, None, "RFC 6311 §6.2"},
    {NotifyType::IKEV2_MESSAGE_ID_SYNC, 12, 12, MessageIdSync, "RFC 6311 §6.3"},
    {NotifyType::IPSEC_REPLAY_COUNTER_SYNC, 4, 8, ReplaySync, "RFC 6311 §6.4"},
    {NotifyType::SECURE_PASSWORD_METHODS, 2, ANY, PasswordMethods, "RFC 6467 §2"},
    {NotifyType::PSK_PERSIST, 0, ANY, Octets, "RFC 6631"},
    {NotifyType::PSK_CONFIRM, 0, ANY, Octets, "RFC 6631"},
    {NotifyType::ERX_SUPPORTED, 0, ANY, Octets, "RFC 6867"},
    {NotifyType::IFOM_CAPABILITY, 0, ANY, Octets, "3GPP TS 24.303"},
    {NotifyType::GROUP_SENDER, 0, ANY, Octets, "RFC 9838"},
    {NotifyType::IKEV2_FRAGMENTATION_SUPPORTED, 0, ANY, None, "RFC 7383 §2.3"},
    {NotifyType::SIGNATURE_HASH_ALGORITHMS, 0, ANY, HashAlgorithms, "RFC 7427 §4"},
    {NotifyType::CLONE_IKE_SA_SUPPORTED, 0, ANY, None, "RFC 7791"},
    {NotifyType::CLONE_IKE_SA, 0, ANY, None, "RFC 7791"},
    {NotifyType::PUZZLE, 3, 3, Puzzle, "RFC 8019 §8.1"},
    {NotifyType::USE_PPK, 0, ANY, None, "RFC 8784 §3"},
    {NotifyType::PPK_IDENTITY, 1, ANY, PpkId, "RFC 8784 §5.1"},
    {NotifyType::NO_PPK_AUTH, 0, ANY, Octets, "RFC 8784 §3"},
    {NotifyType::INTERMEDIATE_EXCHANGE_SUPPORTED, 0, ANY, None, "RFC 9242 §3.1"},
    {NotifyType::IP4_ALLOWED, 0, ANY, None, "RFC 8983 §4"},
    {NotifyType::IP6_ALLOWED, 0, ANY, None, "RFC 8983 §4"},
    {NotifyType::ADDITIONAL_KEY_EXCHANGE, 0, ANY, Octets, "RFC 9370 §2.2.4"},
    {NotifyType::USE_AGGFRAG, 1, 1, Aggfrag, "RFC 9347 §6.1.4"},
    {NotifyType::SUPPORTED_AUTH_METHODS, 0, ANY, AuthMethods, "RFC 9593 §3.2"},
    {NotifyType::SA_RESOURCE_INFO, 0, ANY, Octets, "RFC 9611 §5.1"},
    {NotifyType::USE_PPK_INT, 0, ANY, Octets, "RFC 9867"},
    {NotifyType::PPK_IDENTITY_KEY, 0, ANY, Octets, "RFC 9867"},
    {NotifyType::IKE_SA_INIT_FULL_TRANSCRIPT_AUTH, 0, ANY, Octets, "downgrade prevention draft"},
};

const Row*
FindRow(NotifyType type)
{
    const Row* row = std::ranges::lower_bound(ROWS, type, {}, &Row::type);
    return row != std::end(ROWS) && row->type == type ? row : nullptr;
}

} // namespace

Result<NotifyData>
ParseNotifyData(NotifyType type, Bytes data)
{
    const Row* row = FindRow(type);
    if (row == nullptr)
    {
        return None(data);
    }
    if (data.size() < row->least || data.size() > row->most)
    {
        return BadLength();
    }
    return row->parse(data);
}

Result<NotifyData>
ParseNotifyData(const NotifyPayload& notify)
{
    return ParseNotifyData(notify.type, notify.data);
}

std::string_view
NotifyDataSource(NotifyType type)
{
    const Row* row = FindRow(type);
    return row ? row->source : std::string_view();
}

} // namespace ikelab::wire
