// SPDX-License-Identifier: MIT
#pragma once

#include "base/byte_writer.h"
#include "base/ids.h"
#include "base/ip_address.h"
#include "base/result.h"
#include "wire/iana_contents.h"
#include "wire/payloads.h"

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

/**
 * Notification data (RFC 7296 §3.10.1 and the RFCs that register types) as values, read on demand
 * from a NotifyPayload. Octets are borrowed, as in payloads.h.
 */
namespace ikelab::wire
{

/// The type has no data, and there is none.
struct NoNotifyData
{
};

/// Octets that mean nothing more to us: cookies, hashes, tickets, tokens, unknown types.
struct NotifyOctets
{
    Bytes octets;
};

/// UNSUPPORTED_CRITICAL_PAYLOAD, RFC 7296 §2.5
struct NotifiedPayloadType
{
    PayloadType type{PayloadType::NONE};
};

/// INVALID_MESSAGE_ID, RFC 7296 §2.3
struct NotifiedMessageId
{
    MessageId id;
};

/// INVALID_SPI, RFC 7296 §1.5
struct NotifiedSpi
{
    EspSpi spi;
};

/// INVALID_KE_PAYLOAD, RFC 7296 §1.3: the method wanted instead.
struct NotifiedKeMethod
{
    KeMethod method{KeMethod::NONE};
};

/// SET_WINDOW_SIZE, RFC 7296 §2.3
struct NotifiedWindowSize
{
    uint32_t messages{1};
};

/// IPCOMP_SUPPORTED, RFC 7296 §2.22
struct NotifiedIpcomp
{
    uint16_t cpi{0};
    IpcompId transform{IpcompId::IPCOMP_DEFLATE};
    Bytes attributes; ///< defined by the transform
};

/// ADDITIONAL_IP4_ADDRESS, ADDITIONAL_IP6_ADDRESS, RFC 4555 §4.2.2
struct NotifiedAddress
{
    IpAddress address;
};

/// NO_NATS_ALLOWED, RFC 4555 §4.2.6: both of one family.
struct NotifiedPath
{
    SocketAddress source;
    SocketAddress destination;
};

/// AUTH_LIFETIME, RFC 4478 §3
struct NotifiedLifetime
{
    uint32_t seconds{0};
};

/// REDIRECT and REDIRECTED_FROM, RFC 5685 §9
struct NotifiedGateway
{
    GatewayIdentityType type{GatewayIdentityType::IPV4_ADDRESS};
    Bytes identity; ///< 4 or 16 octets, or a name
    Bytes nonce;    ///< in a REDIRECT of IKE_SA_INIT only
};

/// TICKET_LT_OPAQUE, RFC 5723 §7.1
struct NotifiedTicket
{
    uint32_t lifetimeSeconds{0};
    Bytes ticket;
};

/// ROHC_SUPPORTED, RFC 5857: attributes of two octets each.
struct NotifiedRohc
{
    struct Attribute
    {
        RohcAttributeType type{RohcAttributeType::MAX_CID}; ///< 15 bits
        uint16_t value{0};
    };

    std::vector<Attribute> attributes;
};

/// IKEV2_MESSAGE_ID_SYNC, RFC 6311 §6.3
struct NotifiedMessageIdSync
{
    uint32_t nonce{0};
    MessageId nextSent;
    MessageId nextReceived;
};

/// IPSEC_REPLAY_COUNTER_SYNC, RFC 6311 §6.4
struct NotifiedReplaySync
{
    uint64_t delta{0};
    bool isExtended{false}; ///< eight octets, for SAs with extended sequence numbers
};

/// SECURE_PASSWORD_METHODS, RFC 6467 §2
struct NotifiedPasswordMethods
{
    std::vector<SecurePasswordMethod> methods;
};

/// SIGNATURE_HASH_ALGORITHMS, RFC 7427 §4
struct NotifiedHashAlgorithms
{
    std::vector<HashAlgorithm> algorithms;
};

/// PUZZLE, RFC 8019 §8.1
struct NotifiedPuzzle
{
    Prf prf{Prf::PRF_HMAC_SHA2_256};
    uint8_t difficulty{0}; ///< trailing zero bits; 0 leaves it to the initiator
};

/// PPK_IDENTITY, RFC 8784 §5.1
struct NotifiedPpkId
{
    PpkIdType type{PpkIdType::PPK_ID_FIXED};
    Bytes id;
};

/// USE_AGGFRAG, RFC 9347 §6.1.4
struct NotifiedAggfrag
{
    bool congestionControl{false};
    bool dontFragment{false};
};

/// SUPPORTED_AUTH_METHODS, RFC 9593 §3.2
struct NotifiedAuthMethods
{
    struct Announcement
    {
        AuthMethod method{AuthMethod::DIGITAL_SIGNATURE};
        std::optional<uint8_t> certLink; ///< which CA of the CERTREQ payloads; 0 is any
        Bytes algorithm;                 ///< DER of an AlgorithmIdentifier; needs a certLink
    };

    std::vector<Announcement> announcements;
};

using NotifyData = std::variant<NoNotifyData,
                                NotifyOctets,
                                NotifiedPayloadType,
                                NotifiedMessageId,
                                NotifiedSpi,
                                NotifiedKeMethod,
                                NotifiedWindowSize,
                                NotifiedIpcomp,
                                NotifiedAddress,
                                NotifiedPath,
                                NotifiedLifetime,
                                NotifiedGateway,
                                NotifiedTicket,
                                NotifiedRohc,
                                NotifiedMessageIdSync,
                                NotifiedReplaySync,
                                NotifiedPasswordMethods,
                                NotifiedHashAlgorithms,
                                NotifiedPuzzle,
                                NotifiedPpkId,
                                NotifiedAggfrag,
                                NotifiedAuthMethods>;

/**
 * Read the data as its type says. Types without data may carry some (RFC 9242 §3.1 wants that
 * ignored): then it stays octets, as does the data of types that we do not know.
 * @return BAD_VALUE if the length or a field contradicts the type's definition; offsets are counted
 * in the data
 */
Result<NotifyData> ParseNotifyData(NotifyType type, Bytes data);
Result<NotifyData> ParseNotifyData(const NotifyPayload& notify);

void WriteNotifyData(ByteWriter& writer, const NotifyData& data);
/// The octets for NotifyPayload::data.
Buffer NotifyDataOctets(const NotifyData& data);

/// Where a type's data is described ("RFC 7296 §2.6"); empty for types that are not registered.
std::string_view NotifyDataSource(NotifyType type);

} // namespace ikelab::wire
