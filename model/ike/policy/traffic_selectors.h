// SPDX-License-Identifier: MIT
#pragma once

#include "base/result.h"
#include "base/selector.h"
#include "wire/payloads.h"

#include <optional>

/**
 * Traffic selector negotiation, RFC 7296 §2.9.
 */
namespace ikelab::ike
{

/// What both selectors cover, if anything. OPAQUE ports (RFC 7296 §3.13.1) meet OPAQUE and any.
std::optional<Selector> Intersect(const Selector& left, const Selector& right);
/// Does `wide` cover all of `narrow`?
bool Covers(const Selector& wide, const Selector& narrow);

/**
 * Narrow what the peer asks for to what we allow: every pair's intersection, in the peer's order,
 * without those that another one covers. Empty if nothing is common.
 */
Selectors Narrow(const Selectors& asked, const Selectors& allowed);
/// Is each selector of `answer` covered by one of `offered`? (The initiator's check, RFC 7296
/// §2.9.)
bool IsSubset(const Selectors& answer, const Selectors& offered);

/// Address-range selectors as values; types that are not address ranges are left out.
Selectors FromWire(const wire::TsPayload& payload);
wire::TsPayload ToWire(const Selectors& selectors);

} // namespace ikelab::ike
