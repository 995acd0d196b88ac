// SPDX-License-Identifier: GPL-2.0-only
#include "sim/ike_application.h"

#include "ns3/abort.h"
#include "ns3/double.h"
#include "ns3/uinteger.h"

#include <type_traits>

/**
 * What the configuration says once per gateway, as attributes.
 */
namespace ns3
{

namespace
{

/// How ns-3 writes what a field of the configuration holds.
template <typename Field>
using AttributeOf =
    std::conditional_t<std::is_same_v<Field, ikelab::Duration>,
                       Time,
                       std::conditional_t<std::is_floating_point_v<Field>, double, uint64_t>>;

} // namespace

template <auto Field, typename Value>
void
IkeApplication::SetKnob(Value value)
{
    NS_ABORT_MSG_IF(m_core,
                    "IkeApplication: the gateway runs with its configuration already; set its "
                    "attributes before the simulation starts, with IpsecHelper::SetAttribute or "
                    "Config::Set");
    const auto set = [value](ikelab::ike::Config& config)
    {
        auto& field = Field(config);
        using Type = std::remove_reference_t<decltype(field)>;
        if constexpr (std::is_same_v<Value, Time>)
        {
            field = Type(value.GetNanoSeconds());
        }
        else
        {
            field = static_cast<Type>(value);
        }
    };
    set(m_config.ike);
    m_overrides.emplace_back(set);
}

template <auto Field, typename Value>
Value
IkeApplication::GetKnob() const
{
    const auto& field = Field(const_cast<ikelab::ike::Config&>(m_config.ike));
    if constexpr (std::is_same_v<Value, Time>)
    {
        return NanoSeconds(field.count());
    }
    else
    {
        return field;
    }
}

template <auto Field>
TypeId
IkeApplication::AddKnob(TypeId tid,
                        const char* name,
                        const char* help,
                        const Ptr<const AttributeChecker>& checker)
{
    ikelab::ike::Config defaults;
    using Type = std::remove_reference_t<decltype(Field(defaults))>;
    using Value = AttributeOf<Type>;
    // Without ATTR_CONSTRUCT: the default is for people, a configuration is not to be overwritten.
    constexpr uint32_t FLAGS = TypeId::ATTR_GET | TypeId::ATTR_SET;
    const auto set = &IkeApplication::SetKnob<Field, Value>;
    const auto get = &IkeApplication::GetKnob<Field, Value>;
    if constexpr (std::is_same_v<Value, Time>)
    {
        return tid.AddAttribute(name,
                                help,
                                FLAGS,
                                TimeValue(NanoSeconds(Field(defaults).count())),
                                MakeTimeAccessor(set, get),
                                checker);
    }
    else if constexpr (std::is_same_v<Value, double>)
    {
        return tid.AddAttribute(
            name, help, FLAGS, DoubleValue(Field(defaults)), MakeDoubleAccessor(set, get), checker);
    }
    else
    {
        return tid.AddAttribute(name,
                                help,
                                FLAGS,
                                UintegerValue(Field(defaults)),
                                MakeUintegerAccessor(set, get),
                                checker);
    }
}

TypeId
IkeApplication::AddKnobs(TypeId tid)
{
    using ikelab::ike::Config;
    // Bounds are those of the configuration's reader.
    constexpr uint64_t THRESHOLD = 1'000'000;
    constexpr uint64_t TRIES = 1000;
    constexpr uint64_t JITTER = 99;
    constexpr double BASE = 100;
    constexpr uint64_t LEAST_NONCE = 16;
    constexpr uint64_t LARGEST_NONCE = 256;
    tid = AddKnob < [](Config & config) -> auto&
    {
        return config.retransmit.timeout;
    }
    > (tid,
       "RetransmitTimeout",
       "Wait before a request is repeated the first time. Default 4 s "
       "(charon.retransmit_timeout).",
       MakeTimeChecker(MilliSeconds(1)));
    tid = AddKnob < [](Config & config) -> auto&
    {
        return config.retransmit.base;
    }
    > (tid,
       "RetransmitBase",
       "Factor by which each wait is longer than the one before (RFC 7296 §2.4). Default 1.8 "
       "(charon.retransmit_base).",
       MakeDoubleChecker<double>(1, BASE));
    tid = AddKnob < [](Config & config) -> auto&
    {
        return config.retransmit.tries;
    }
    > (tid,
       "RetransmitTries",
       "Repetitions before the peer counts as dead. Default 5 (charon.retransmit_tries).",
       MakeUintegerChecker<uint64_t>(0, TRIES));
    tid = AddKnob < [](Config & config) -> auto&
    {
        return config.retransmit.jitterPercent;
    }
    > (tid,
       "RetransmitJitter",
       "Percent by which a wait may be shorter, at random. Default 0 (charon.retransmit_jitter).",
       MakeUintegerChecker<uint64_t>(0, JITTER));
    tid = AddKnob < [](Config & config) -> auto&
    {
        return config.retransmit.limit;
    }
    > (tid,
       "RetransmitLimit",
       "Longest single wait. Default 0 s: no limit (charon.retransmit_limit).",
       MakeTimeChecker(Seconds(0)));
    tid = AddKnob < [](Config & config) -> auto&
    {
        return config.halfOpenTimeout;
    }
    > (tid,
       "HalfOpenTimeout",
       "Time after which a responder forgets an IKE SA that was not authenticated. Default 30 s "
       "(charon.half_open_timeout).",
       MakeTimeChecker(NanoSeconds(1)));
    tid = AddKnob < [](Config & config) -> auto&
    {
        return config.cookieThreshold;
    }
    > (tid,
       "CookieThreshold",
       "Half-open IKE SAs above which a responder asks for cookies (RFC 7296 §2.6); 0: always. "
       "Default 30 (charon.cookie_threshold).",
       MakeUintegerChecker<uint64_t>(0, THRESHOLD));
    tid = AddKnob < [](Config & config) -> auto&
    {
        return config.blockThreshold;
    }
    > (tid,
       "BlockThreshold",
       "Half-open IKE SAs with one address above which its requests are dropped; 0: never. "
       "Default 0 (charon.block_threshold, there 5).",
       MakeUintegerChecker<uint64_t>(0, THRESHOLD));
    tid = AddKnob < [](Config & config) -> auto&
    {
        return config.keepAlive;
    }
    > (tid,
       "KeepAlive",
       "Interval of NAT keep-alives of a gateway behind a NAT (RFC 3948 §4); 0 s: none. Default "
       "20 s (charon.keep_alive).",
       MakeTimeChecker(Seconds(0)));
    return AddKnob < [](Config & config) -> auto&
    {
        return config.nonceOctets;
    }
    > (tid,
       "NonceOctets",
       "Size of our nonces, in octets (RFC 7296 §2.10: 16 to 256 and half of the PRF's key). "
       "Default 32 (charon).",
       MakeUintegerChecker<uint64_t>(LEAST_NONCE, LARGEST_NONCE));
}

} // namespace ns3
