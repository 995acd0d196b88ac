// SPDX-License-Identifier: MIT
#include "wire/iana.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace ikelab::wire
{

namespace
{

/// A notify type's names: the registry's, and the one in charon's log.
struct NotifyName
{
    uint16_t value;
    std::string_view name;
    std::string_view shortName;
};

constexpr NotifyName ERROR_TYPES[] = {
    {1, "UNSUPPORTED_CRITICAL_PAYLOAD", "CRIT"},
    {4, "INVALID_IKE_SPI", "INVAL_IKE_SPI"},
    {5, "INVALID_MAJOR_VERSION", "INVAL_MAJOR"},
    {7, "INVALID_SYNTAX", "INVAL_SYN"},
    {9, "INVALID_MESSAGE_ID", "INVAL_MID"},
    {11, "INVALID_SPI", "INVAL_SPI"},
    {14, "NO_PROPOSAL_CHOSEN", "NO_PROP"},
    {17, "INVALID_KE_PAYLOAD", "INVAL_KE"},
    {24, "AUTHENTICATION_FAILED", "AUTH_FAILED"},
    {34, "SINGLE_PAIR_REQUIRED", "SINGLE_PAIR"},
    {35, "NO_ADDITIONAL_SAS", "NO_ADD_SAS"},
    {36, "INTERNAL_ADDRESS_FAILURE", "INT_ADDR_FAIL"},
    {37, "FAILED_CP_REQUIRED", "FAIL_CP_REQ"},
    {38, "TS_UNACCEPTABLE", "TS_UNACCEPT"},
    {39, "INVALID_SELECTORS", "INVAL_SEL"},
    {40, "UNACCEPTABLE_ADDRESSES", "UNACCEPT_ADDR"},
    {41, "UNEXPECTED_NAT_DETECTED", "UNEXPECT_NAT"},
    {42, "USE_ASSIGNED_HoA", "USE_ASSIGNED_HoA"},
    {43, "TEMPORARY_FAILURE", "TEMP_FAIL"},
    {44, "CHILD_SA_NOT_FOUND", "NO_CHILD_SA"},
    {45, "INVALID_GROUP_ID", "INVALID_GROUP_ID"},
    {46, "AUTHORIZATION_FAILED", "AUTHORIZATION_FAILED"},
    {47, "STATE_NOT_FOUND", "STATE_NOT_FOUND"},
    {48, "TS_MAX_QUEUE", "TS_MAX_QUEUE"},
    {49, "REGISTRATION_FAILED", "REGISTRATION_FAILED"},
};

constexpr NotifyName STATUS_TYPES[] = {
    {16384, "INITIAL_CONTACT", "INIT_CONTACT"},
    {16385, "SET_WINDOW_SIZE", "SET_WINSIZE"},
    {16386, "ADDITIONAL_TS_POSSIBLE", "ADD_TS_POSS"},
    {16387, "IPCOMP_SUPPORTED", "IPCOMP_SUP"},
    {16388, "NAT_DETECTION_SOURCE_IP", "NATD_S_IP"},
    {16389, "NAT_DETECTION_DESTINATION_IP", "NATD_D_IP"},
    {16390, "COOKIE", "COOKIE"},
    {16391, "USE_TRANSPORT_MODE", "USE_TRANSP"},
    {16392, "HTTP_CERT_LOOKUP_SUPPORTED", "HTTP_CERT_LOOK"},
    {16393, "REKEY_SA", "REKEY_SA"},
    {16394, "ESP_TFC_PADDING_NOT_SUPPORTED", "ESP_TFC_PAD_N"},
    {16395, "NON_FIRST_FRAGMENTS_ALSO", "NON_FIRST_FRAG"},
    {16396, "MOBIKE_SUPPORTED", "MOBIKE_SUP"},
    {16397, "ADDITIONAL_IP4_ADDRESS", "ADD_4_ADDR"},
    {16398, "ADDITIONAL_IP6_ADDRESS", "ADD_6_ADDR"},
    {16399, "NO_ADDITIONAL_ADDRESSES", "NO_ADD_ADDR"},
    {16400, "UPDATE_SA_ADDRESSES", "UPD_SA_ADDR"},
    {16401, "COOKIE2", "COOKIE2"},
    {16402, "NO_NATS_ALLOWED", "NO_NATS"},
    {16403, "AUTH_LIFETIME", "AUTH_LFT"},
    {16404, "MULTIPLE_AUTH_SUPPORTED", "MULT_AUTH"},
    {16405, "ANOTHER_AUTH_FOLLOWS", "AUTH_FOLLOWS"},
    {16406, "REDIRECT_SUPPORTED", "REDIR_SUP"},
    {16407, "REDIRECT", "REDIR"},
    {16408, "REDIRECTED_FROM", "REDIR_FROM"},
    {16409, "TICKET_LT_OPAQUE", "TKT_LT_OPAK"},
    {16410, "TICKET_REQUEST", "TKT_REQ"},
    {16411, "TICKET_ACK", "TKT_ACK"},
    {16412, "TICKET_NACK", "TKT_NACK"},
    {16413, "TICKET_OPAQUE", "TKT_OPAK"},
    {16414, "LINK_ID", "LINK_ID"},
    {16415, "USE_WESP_MODE", "WESP_MODE"},
    {16416, "ROHC_SUPPORTED", "ROHC_SUP"},
    {16417, "EAP_ONLY_AUTHENTICATION", "EAP_ONLY"},
    {16418, "CHILDLESS_IKEV2_SUPPORTED", "CHDLESS_SUP"},
    {16419, "QUICK_CRASH_DETECTION", "CRASH_DET"},
    {16420, "IKEV2_MESSAGE_ID_SYNC_SUPPORTED", "MSG_ID_SYN_SUP"},
    {16421, "IPSEC_REPLAY_COUNTER_SYNC_SUPPORTED", "RPL_CTR_SYN_SUP"},
    {16422, "IKEV2_MESSAGE_ID_SYNC", "MSG_ID_SYN"},
    {16423, "IPSEC_REPLAY_COUNTER_SYNC", "RPL_CTR_SYN"},
    {16424, "SECURE_PASSWORD_METHODS", "SEC_PASSWD"},
    {16425, "PSK_PERSIST", "PSK_PST"},
    {16426, "PSK_CONFIRM", "PSK_CFM"},
    {16427, "ERX_SUPPORTED", "ERX_SUP"},
    {16428, "IFOM_CAPABILITY", "IFOM_CAP"},
    {16429, "GROUP_SENDER", "SENDER_REQ_ID"},
    {16430, "IKEV2_FRAGMENTATION_SUPPORTED", "FRAG_SUP"},
    {16431, "SIGNATURE_HASH_ALGORITHMS", "HASH_ALG"},
    {16432, "CLONE_IKE_SA_SUPPORTED", "CLONE_IKE_SA_SUPPORTED"},
    {16433, "CLONE_IKE_SA", "CLONE_IKE_SA"},
    {16434, "PUZZLE", "PUZZLE"},
    {16435, "USE_PPK", "USE_PPK"},
    {16436, "PPK_IDENTITY", "PPK_ID"},
    {16437, "NO_PPK_AUTH", "NO_PPK"},
    {16438, "INTERMEDIATE_EXCHANGE_SUPPORTED", "IKE_INT_SUP"},
    {16439, "IP4_ALLOWED", "IP4_ALLOWED"},
    {16440, "IP6_ALLOWED", "IP6_ALLOWED"},
    {16441, "ADDITIONAL_KEY_EXCHANGE", "ADD_KE"},
    {16442, "USE_AGGFRAG", "USE_AGGFRAG"},
    {16443, "SUPPORTED_AUTH_METHODS", "SUPPORTED_AUTH_METHODS"},
    {16444, "SA_RESOURCE_INFO", "SA_RESOURCE_INFO"},
    {16445, "USE_PPK_INT", "USE_PPK_INT"},
    {16446, "PPK_IDENTITY_KEY", "PPK_IDENTITY_KEY"},
    {16447, "IKE_SA_INIT_FULL_TRANSCRIPT_AUTH", "IKE_SA_INIT_FULL_TRANSCRIPT_AUTH"},
};

/// The row of a number, or nullptr. Error types come first, RFC 7296 §3.10.1.
const NotifyName*
Find(NotifyType type)
{
    const auto number = static_cast<uint16_t>(type);
    const std::span<const NotifyName> names = number < FIRST_STATUS_NOTIFY
                                                  ? std::span<const NotifyName>(ERROR_TYPES)
                                                  : std::span<const NotifyName>(STATUS_TYPES);
    const auto row = std::ranges::lower_bound(names, number, {}, &NotifyName::value);
    return row != names.end() && row->value == number ? &*row : nullptr;
}

} // namespace

std::string
ToString(NotifyType value)
{
    const NotifyName* row = Find(value);
    return row ? std::string(row->name) : std::to_string(static_cast<uint16_t>(value));
}

std::string
ShortName(NotifyType value)
{
    const NotifyName* row = Find(value);
    return row ? std::string(row->shortName) : std::to_string(static_cast<uint16_t>(value));
}

} // namespace ikelab::wire
