// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#include "io/pcap_reader.h"
#include "runner/results.h"

/**
 * From what does not hold to the frame of the capture that shows it: whoever reads "BROKEN" opens
 * the capture next.
 */
namespace ikelab::runner
{

/**
 * When and where a run went away from a claim that does not hold.
 * @return nothing if the run has nothing to show, such as a link that carried no frame
 */
std::optional<Moment> MomentOf(const Scenario& scenario,
                               const Finding& finding,
                               const RunResult& result);

/**
 * The number of the frame that shows a moment, counted from 1 as Wireshark does: the first one
 * then or later at that place, else the last one there.
 */
std::optional<uint64_t> FrameAt(const io::Capture& capture, Duration epoch, const Moment& moment);

/// Fill in the frames of claims and invariants that do not hold. Reads the capture only if there
/// are any.
io::SystemResult<void> NameFrames(const Scenario& scenario,
                                  const std::string& captureFile,
                                  std::vector<Finding>& findings,
                                  RunResult& result);

} // namespace ikelab::runner
