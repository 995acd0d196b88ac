// SPDX-License-Identifier: MIT
#pragma once

#include "endpoint/endpoint.h"

#include <string>
#include <vector>

namespace ikelab::endpoint
{

/// What `ikelab endpoint` was asked for.
struct RunEndpointOptions
{
    std::string configFile;
    std::string outputFolder; ///< empty for none
    std::string name{"endpoint"};
    std::vector<std::string> initiate; ///< children to set up at once
    bool commands{false};              ///< read commands from standard input
    bool quiet{false};
    bool dryRun{false}; ///< check the configuration, open nothing
    EndpointOptions endpoint;
};

/**
 * Run an endpoint until SIGINT, SIGTERM, SIGHUP, the command `quit` or the end of the commands;
 * then delete all SAs. A second signal ends at once.
 * @return the program's exit status: 0 stopped as asked, 1 the system refused something, 2 the
 *         configuration is wrong or the output folder in use (nothing was opened or written)
 */
int RunEndpoint(const RunEndpointOptions& options);

} // namespace ikelab::endpoint
