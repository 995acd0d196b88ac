// SPDX-License-Identifier: GPL-2.0-only
#include "commands.h"
#include "endpoint/run_endpoint.h"

#include <memory>

namespace ikelab::tools
{

void
AddEndpointCommand(CLI::App& app, int& status)
{
    const auto options = std::make_shared<endpoint::RunEndpointOptions>();
    const auto noTun = std::make_shared<bool>(false);
    const auto noRoutes = std::make_shared<bool>(false);
    CLI::App* command =
        app.add_subcommand("endpoint", "Run one IKEv2/ESP gateway on this host's network");
    command->footer(
        "Needs root, or CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE.\n"
        "SIGINT, SIGTERM or SIGHUP deletes all SAs and ends it; a second signal ends it at once.\n"
        "Commands of --stdin, one JSON object as answer to each: initiate CHILD, terminate "
        "CONNECTION,\nterminate-child CHILD, liveness CONNECTION, list, counters, quit.");
    command
        ->add_option("--config",
                     options->configFile,
                     "Connections, secrets and policies in swanctl's words, as JSON")
        ->required()
        ->type_name("FILE");
    command
        ->add_option("-o,--output",
                     options->outputFolder,
                     "Leave charon.log, events.jsonl, capture.pcapng and a Wireshark profile with "
                     "the keys here; must not exist, or be empty")
        ->type_name("DIR");
    command
        ->add_option(
            "--initiate", options->initiate, "Set this Child SA up at once; may be repeated")
        ->type_name("CHILD")
        ->expected(1)
        ->take_all();
    command->add_flag("--stdin", options->commands, "Read commands from standard input");
    command->add_option("--name", options->name, "Name of this node in logs and capture")
        ->capture_default_str();
    command
        ->add_option(
            "--tun", options->endpoint.tunName, "Name of the TUN device; %d becomes a free number")
        ->capture_default_str();
    command->add_option("--mtu", options->endpoint.mtu, "MTU of the TUN device, in octets")
        ->check(CLI::Range(1280, 65535))
        ->capture_default_str();
    command->add_flag("--no-tun", *noTun, "IKE only: no TUN device, no protected traffic");
    command->add_flag("--no-routes",
                      *noRoutes,
                      "Leave it to you to route remote_ts into the TUN device (default: routes in "
                      "table 220, as charon's)");
    command->add_flag(
        "--dry-run", options->dryRun, "Check the configuration and show it; run nothing");
    command->add_flag("-q,--quiet", options->quiet, "Only errors on standard error");
    command->callback(
        [options, noTun, noRoutes, &status]
        {
            options->endpoint.tun = !*noTun;
            options->endpoint.routes = !*noRoutes;
            status = endpoint::RunEndpoint(*options);
        });
}

} // namespace ikelab::tools
