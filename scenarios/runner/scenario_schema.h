// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "gateway/config_rules.h"

namespace ikelab::runner
{

/// The JSON Schema (draft 2020-12) of scenario files. It knows keys and the looks of values; the
/// reader knows what they mean, so it refuses more.
gateway::Json ScenarioSchema();

} // namespace ikelab::runner
