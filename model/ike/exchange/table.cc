// SPDX-License-Identifier: MIT
#include "ike/exchange/table.h"

#include "ike/exchange/create_child_sa.h"
#include "ike/exchange/ike_auth.h"
#include "ike/exchange/informational.h"

#include <algorithm>

namespace ikelab::ike
{

namespace
{

using wire::ExchangeType;
using wire::PayloadType;

constexpr PayloadType SA_KE_NONCE[] = {PayloadType::SA, PayloadType::KE, PayloadType::NONCE};
// RFC 7296 §1.2. AUTH is not required: without it the initiator asks for EAP, which has its own
// answer.
constexpr PayloadType AUTH_REQUEST[] = {PayloadType::IDI,
                                        PayloadType::SA,
                                        PayloadType::TSI,
                                        PayloadType::TSR};
constexpr PayloadType AUTH_SINGLE[] = {PayloadType::IDI,
                                       PayloadType::IDR,
                                       PayloadType::AUTH,
                                       PayloadType::SA,
                                       PayloadType::TSI,
                                       PayloadType::TSR};
constexpr PayloadType CHILD_REQUEST[] = {PayloadType::SA, PayloadType::NONCE};
constexpr PayloadType CHILD_SINGLE[] = {PayloadType::SA,
                                        PayloadType::KE,
                                        PayloadType::NONCE,
                                        PayloadType::TSI,
                                        PayloadType::TSR};

// RFC 7296 §1.2 to §1.4 and appendix C. IKE_SA_INIT requests come without an SA: the endpoint
// answers them. Responses that refuse hold a Notify instead of what is required; their exchange
// tells the two apart.
constexpr ExchangeRow ROWS[] = {
    {ExchangeType::IKE_SA_INIT, false, SA_KE_NONCE, SA_KE_NONCE, true, nullptr},
    {ExchangeType::IKE_SA_INIT, true, {}, SA_KE_NONCE, true, nullptr},
    {ExchangeType::IKE_AUTH, false, AUTH_REQUEST, AUTH_SINGLE, true, AnswerIkeAuth},
    {ExchangeType::IKE_AUTH, true, {}, AUTH_SINGLE, true, nullptr},
    {ExchangeType::CREATE_CHILD_SA, false, CHILD_REQUEST, CHILD_SINGLE, false, AnswerCreateChildSa},
    {ExchangeType::INFORMATIONAL, false, {}, {}, false, AnswerInformational},
    {ExchangeType::INFORMATIONAL, true, {}, {}, false, nullptr}};

} // namespace

const ExchangeRow*
FindExchange(ExchangeType exchange, bool response)
{
    const auto found =
        std::ranges::find_if(ROWS,
                             [&](const ExchangeRow& row)
                             { return row.exchange == exchange && row.response == response; });
    return found == std::end(ROWS) ? nullptr : &*found;
}

Result<void>
CheckPayloads(const ExchangeRow& row, const wire::PayloadChain& chain)
{
    if (const wire::Payload* unknown = wire::FindUnknownCritical(chain))
    {
        return Fail(Fault::UNSUPPORTED_CRITICAL,
                    "critical payload",
                    0,
                    static_cast<uint32_t>(unknown->type));
    }
    for (const PayloadType type : row.single)
    {
        if (chain.Count(type) > 1)
        {
            return Fail(Fault::BAD_VALUE, "payload that may occur once");
        }
    }
    for (const PayloadType type : row.required)
    {
        if (!chain.Find(type))
        {
            return Fail(Fault::MISSING_PAYLOAD, "payload that the exchange needs");
        }
    }
    return {};
}

} // namespace ikelab::ike
