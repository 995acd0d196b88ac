#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Debian's strongSwan as a target: charon with userland ESP in a namespace of a NetnsLab.

    strongswan.py up   [options]             keep a charon up, commands on stdin, answers as JSON lines
    strongswan.py run  [options] -- CMD ...  run CMD in the tester's namespace beside it
    strongswan.py keys CHARON_LOG FOLDER     Wireshark's key tables from a log of charon

kernel-libipsec pretends that there is a NAT, so its ESP always travels in UDP 4500, in tunnel mode.
"""
import argparse
import json
import os
import pathlib
import shlex
import subprocess
import sys

from charon_keys import write_tables
from charon_raw import parse_raw
from netns import LabError, LabUnavailable, NetnsLab, wait_for

CHARON = "/usr/lib/ipsec/charon"
LIBIPSEC = "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so"
PLUGINS = ("random nonce openssl sha1 sha2 hmac kdf gcm pem pkcs1 pkcs8 pubkey x509 vici "
           "kernel-libipsec kernel-netlink socket-default")
# What swanctl looks into; a missing one is a complaint in its output.
CREDENTIAL_FOLDERS = ("x509 x509ca x509ocsp x509aa x509ac x509crl pubkey private rsa ecdsa bliss "
                      "pkcs8 pkcs12")
PSK = "ikelab-interop-psk-0123456789"


def _block(name, body, indent=""):
    """One `name { ... }` of strongSwan's settings syntax from nested dicts and lines of text."""
    lines = [f"{indent}{name} {{"]
    for key, value in body.items():
        if isinstance(value, dict):
            lines.append(_block(key, value, indent + "  "))
        elif value is not None:
            lines.append(f"{indent}  {key} = {value}")
    lines.append(f"{indent}}}")
    return "\n".join(lines)


def swanctl_conf(me, peer, *, ike="aes128gcm16-prfsha256-x25519", esp="aes128gcm16", psk=PSK,
                 ipv6=False, rekey_time="0", child_rekey_time="0", dpd_delay=None,
                 connection=None, child=None, name="sw", child_name="net"):
    """The text of swanctl.conf for one PSK connection from `me` to `peer` (both netns.End).

    @param connection, child  more settings for these blocks (dicts; None takes one out)
    """
    return "\n".join([
        _block("connections", {name: {
            "version": 2,
            "local_addrs": me.outer(ipv6),
            "remote_addrs": peer.outer(ipv6),
            "proposals": ike,
            "rekey_time": rekey_time,
            "dpd_delay": dpd_delay,
            "local": {"auth": "psk", "id": me.identity},
            "remote": {"auth": "psk", "id": peer.identity},
            "children": {child_name: {
                "local_ts": me.subnet,
                "remote_ts": peer.subnet,
                "esp_proposals": esp,
                "rekey_time": child_rekey_time,
                **(child or {})}},
            **(connection or {})}}),
        _block("secrets", {"ike-1": {"id-1": me.identity, "id-2": peer.identity,
                                     "secret": f'"{psk}"'}}),
        ""])


class StrongSwan:
    """One charon in a namespace; stops with the lab at the latest, earlier with stop()."""

    def __init__(self, namespace, directory, charon=None):
        """@param charon  more settings for strongswan.conf's charon block, a dict"""
        self.namespace = namespace
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.log_path = self.directory / "charon.log"
        self._socket = self.directory / "vici"
        self._process = None
        settings = {
            "load": PLUGINS,
            "dos_protection": "no",
            "retransmit_tries": 3,
            "retransmit_timeout": "1.0",
            # Level 4 of ike and chd holds every key: that is what keys() reads.
            "filelog": {"log": {"path": self.log_path, "default": 1, "ike": 4, "chd": 4, "mgr": 2,
                                "net": 2, "ike_name": "yes", "flush_line": "yes",
                                "time_format": "%H:%M:%S", "time_add_ms": "yes"}},
            "plugins": {"vici": {"socket": f"unix://{self._socket}"}},
            **(charon or {})}
        # swanctl loads plugins too; it needs none of charon's, and would grumble about each.
        (self.directory / "strongswan.conf").write_text(
            _block("charon", settings) + "\n" + _block("swanctl", {"load": "random openssl"}) + "\n")

    @staticmethod
    def require():
        """LabUnavailable with a remedy unless charon and its userland ESP are installed."""
        NetnsLab.require(["swanctl"])
        for path in (CHARON, LIBIPSEC):
            if not os.path.exists(path):
                raise LabUnavailable(f"{path} is missing: run tools/setup --only interop")

    def _environment(self):
        return {"STRONGSWAN_CONF": str(self.directory / "strongswan.conf"),
                "SWANCTL_DIR": str(self.directory)}

    def start(self, timeout=20):
        # charon's pid file has a fixed place: a private /run lets many run side by side.
        self._process = self.namespace.spawn(
            ["unshare", "--mount", "--", "sh", "-c",
             f"mount -t tmpfs tmpfs /run && exec {CHARON}"],
            env=self._environment(), log=self.directory / "charon.out")

        def ready():
            if not self._process.running():
                raise LabError(f"charon ended at once: {self.log()[-1500:]}{self._process.log()}")
            return self._socket.exists() and self.swanctl("--stats", check=False).returncode == 0

        wait_for(ready, timeout, f"charon (see {self.log_path})")
        return self

    def stop(self):
        return self._process.stop() if self._process else 0

    def swanctl(self, *words, timeout=30, check=True):
        return self.namespace.run(["swanctl", *words, "--uri", f"unix://{self._socket}"],
                                  env=self._environment(), timeout=timeout, check=check)

    def load(self, text):
        """Load a swanctl.conf; LabError with swanctl's own words if any part of it is refused."""
        for folder in CREDENTIAL_FOLDERS.split():
            (self.directory / folder).mkdir(exist_ok=True)
        path = self.directory / "swanctl.conf"
        path.write_text(text)
        return self.swanctl("--load-all", "--noprompt", "--file", path).stdout

    def initiate(self, child="net", timeout=15):
        """True if the Child SA came up within `timeout` seconds."""
        done = self.swanctl("--initiate", "--child", child, "--timeout", timeout,
                            timeout=timeout + 10, check=False)
        return done.returncode == 0

    def terminate(self, ike=None, child=None, timeout=15):
        """Delete by name, an IKE SA or a Child SA; True if charon says that it is gone."""
        what = ["--ike", ike] if ike else ["--child", child]
        done = self.swanctl("--terminate", *what, "--timeout", timeout, timeout=timeout + 10,
                            check=False)
        return done.returncode == 0

    def list_sas(self):
        """[{name, state, ..., child-sas: {...}}] as vici reports them."""
        return parse_raw(self.swanctl("--list-sas", "--raw").stdout)

    def established(self):
        """Names of the installed Child SAs of established IKE SAs."""
        return [child["name"] for sa in self.list_sas() if sa["state"] == "ESTABLISHED"
                for child in sa.get("child-sas", {}).values() if child["state"] == "INSTALLED"]

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def saw(self, pattern_text):
        """How many log lines hold this text."""
        return sum(pattern_text in line for line in self.log().splitlines())

    def keys(self, folder):
        """Write ikev2_decryption_table and esp_sa; the rows that Wireshark 4.0 cannot use."""
        return write_tables(self.log(), folder)


# ---- command line ----------------------------------------------------------------------------

def _answer(lab, charon, words):
    verb, rest = words[0], words[1:]
    if verb == "initiate":
        return {"ok": charon.initiate(*rest[:1])}
    if verb == "terminate":
        return {"ok": charon.terminate(ike=rest[0] if rest else "sw")}
    if verb == "terminate-child":
        return {"ok": charon.terminate(child=rest[0] if rest else "net")}
    if verb == "list":
        return {"ok": True, "sas": charon.list_sas()}
    if verb == "ping":
        received = charon.namespace.ping(lab.target.end.inner, lab.tester.end.inner,
                                         int(rest[0]) if rest else 10)
        return {"ok": received > 0, "received": received}
    if verb == "keys":
        return {"ok": True, "refused": charon.keys(rest[0])}
    return {"ok": False, "error": f"unknown command {verb}: initiate terminate terminate-child "
                                  "list ping keys quit"}


def _serve(lab, charon):
    print(json.dumps({"ok": True, "target": lab.target.end.v4, "target6": lab.target.end.v6,
                      "log": str(charon.log_path),
                      "enter_tester": shlex.join(lab.tester.enter_command())}), flush=True)
    for line in sys.stdin:
        words = shlex.split(line)
        if words[:1] == ["quit"]:
            break
        if words:
            try:
                print(json.dumps(_answer(lab, charon, words)), flush=True)
            except (LabError, IndexError) as error:
                print(json.dumps({"ok": False, "error": str(error)}), flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("up", "run"):
        sub = verbs.add_parser(verb)
        sub.add_argument("--ike", default="aes128gcm16-prfsha256-x25519", help="IKE proposals")
        sub.add_argument("--esp", default="aes128gcm16", help="ESP proposals")
        sub.add_argument("--psk", default=PSK)
        sub.add_argument("--ipv6", action="store_true", help="IPv6 outside")
        sub.add_argument("--dpd-delay", help="charon's dpd_delay, for instance 2s")
        sub.add_argument("--limit", type=int, default=600, help="seconds it may live")
        sub.add_argument("--dir", help="keep files here (default: a temporary folder)")
        if verb == "run":
            sub.add_argument("command", nargs=argparse.REMAINDER)
    keys = verbs.add_parser("keys")
    keys.add_argument("log")
    keys.add_argument("folder")
    options = parser.parse_args()

    if options.verb == "keys":
        text = pathlib.Path(options.log).read_text(errors="replace")
        for refused in write_tables(text, options.folder):
            print(f"left out: {refused}", file=sys.stderr)
        return 0
    try:
        StrongSwan.require()
        with NetnsLab(limit=options.limit, directory=options.dir) as lab:
            charon = StrongSwan(lab.target, lab.directory / "charon").start()
            charon.load(swanctl_conf(lab.target.end, lab.tester.end, ike=options.ike,
                                     esp=options.esp, psk=options.psk, ipv6=options.ipv6,
                                     dpd_delay=options.dpd_delay))
            if options.verb == "up":
                return _serve(lab, charon)
            words = [word for word in options.command if word != "--"]
            return subprocess.run(lab.tester.enter_command() + words, check=False).returncode
    except LabError as error:
        print(f"strongswan.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
