# SPDX-License-Identifier: GPL-2.0-only
"""Our own endpoint in a namespace of a lab: `ikelab endpoint --config FILE -o DIR --stdin`."""
import json
import os
import pathlib
import select
import subprocess
import time

from netns import LabError, wait_for
from strongswan import PSK


def configuration(me, peer, *, ike="aes128gcm16-prfsha256-x25519", esp="aes128gcm16", psk=PSK,
                  ipv6=False, connection=None, child=None, name="sw", child_name="net"):
    """The configuration value for one PSK connection, in swanctl's words (both ends: netns.End)."""
    return {
        "connections": {name: {
            "local_addrs": [me.outer(ipv6)],
            "remote_addrs": [peer.outer(ipv6)],
            "proposals": ike.split(","),
            "local": {"auth": "psk", "id": me.identity},
            "remote": {"auth": "psk", "id": peer.identity},
            "children": {child_name: {
                "local_ts": [me.subnet],
                "remote_ts": [peer.subnet],
                "esp_proposals": esp.split(","),
                "start_action": "none",
                **(child or {})}},
            **(connection or {})}},
        "secrets": {"ike-1": {"id": [me.identity, peer.identity], "secret": psk}}}


class Ours:
    """One running endpoint. Files: <directory>/{config.json,endpoint.log,run/capture.pcapng,...}."""

    def __init__(self, namespace, directory, binary, config, arguments=()):
        self.namespace = namespace
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.run_folder = self.directory / "run"
        self.capture = self.run_folder / "capture.pcapng"
        self.tables = self.run_folder / "wireshark"
        self._arguments = list(arguments)
        self._binary = binary
        self._log = self.directory / "endpoint.log"
        self._process = None
        self._unread = b""
        (self.directory / "config.json").write_text(json.dumps(config, indent=2) + "\n")

    def start(self, timeout=20):
        self._process = self.namespace.spawn(
            [self._binary, "endpoint", "--config", self.directory / "config.json",
             "-o", self.run_folder, "--stdin", *self._arguments],
            log=self._log, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        os.set_blocking(self._process.popen.stdout.fileno(), False)
        self.command("list", timeout=timeout)  # the first answer says that its sockets are open
        return self

    def log(self):
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def command(self, line, timeout=15):
        """One command, its one answer (a JSON value); LabError if it ends or stays silent."""
        pipes = self._process.popen
        try:
            pipes.stdin.write(line.encode() + b"\n")
            pipes.stdin.flush()
        except OSError as gone:
            raise LabError(f"the endpoint is gone at {line!r}: {self.log()[-1500:]}") from gone
        deadline = time.monotonic() + timeout
        while b"\n" not in self._unread:
            ready, _, _ = select.select([pipes.stdout], [], [],
                                        max(0.0, deadline - time.monotonic()))
            if not ready:
                raise LabError(f"no answer to {line!r} in {timeout} s: {self.log()[-1500:]}")
            octets = pipes.stdout.read()
            if not octets:
                pipes.wait(5)
                raise LabError(f"the endpoint ended (status {pipes.returncode}) at {line!r}: "
                               f"{self.log()[-1500:]}")
            self._unread += octets
        answer, _, self._unread = self._unread.partition(b"\n")
        try:
            return json.loads(answer)
        except ValueError as error:
            raise LabError(f"not JSON in answer to {line!r}: {answer[:200]!r}") from error

    def says_ok(self, line, timeout=15):
        """The verdict of one command: {"ok": true, ...}."""
        return self.command(line, timeout).get("ok") is True

    def sas(self):
        """[{name, state, children: [{name, state, ...}], ...}]"""
        return self.command("list")["sas"]

    def established(self):
        """Names of the installed Child SAs of established IKE SAs."""
        return [child["name"] for sa in self.sas() if sa["state"] == "ESTABLISHED"
                for child in sa["children"] if child["state"] == "INSTALLED"]

    def wait_established(self, names, timeout=10):
        wait_for(lambda: self.established() == names, timeout, f"our Child SAs to be {names}")

    def wait_gone(self, timeout=10):
        wait_for(lambda: not self.sas(), timeout, "our IKE SAs to be gone")

    def stop(self, how):
        """End by a signal; the exit status."""
        return self._process.stop(how, grace=10)
