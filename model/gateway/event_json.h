// SPDX-License-Identifier: MIT
#pragma once

#include "gateway/event.h"
#include "ike/ike_endpoint.h"

#include <nlohmann/json.hpp>

#include <string_view>

namespace ikelab::gateway
{

/**
 * An event as the object of one line of events.jsonl, "event" first; the log puts the time in
 * front. Keys of SAs never appear: the key tables have them.
 */
nlohmann::ordered_json EventToJson(const Event& event);

/// An IKE SA with its Child SAs, as `list` shows it.
nlohmann::ordered_json SaToJson(const ike::IkeSaInfo& sa);

/// "requested", "peer_deleted" ...
std::string_view ToString(ike::CloseReason reason);

} // namespace ikelab::gateway
