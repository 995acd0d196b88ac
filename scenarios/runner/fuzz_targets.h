// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "base/bytes.h"

/**
 * What a fuzzer and the corpus test do with octets. A broken property is our own bug: it aborts.
 */
namespace ikelab::runner
{

/**
 * A scenario file, and before a zero octet, if there is one, lines as `--set` takes them. It is
 * either read, or each problem is one line that begins with a place in the file or with the
 * assignment that made the value.
 */
void FuzzScenario(Bytes octets);

} // namespace ikelab::runner
