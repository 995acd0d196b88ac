// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "io/file_descriptor.h"
#include "runner/problems.h"
#include "runner/scenario.h"

#include <map>

namespace ikelab::runner
{

/// The TAP devices of the links that have a kernel node at one end.
using Taps = std::map<LinkIndex, io::FileDescriptor>;

/// Take the TAP devices that the scenario names; what cannot be had is a problem of the scenario,
/// at the end of the link that names it.
Taps AttachTaps(const Scenario& scenario, Problems& problems);

} // namespace ikelab::runner
