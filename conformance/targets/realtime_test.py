#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Our simulated gateway against Debian's strongSwan in real time, kernels at both ends.

    alice (kernel) --tap0-- moon ==== 50 ms, 2 % loss ==== isp --tap0-- sun (charon), bob (its lo)
    namespace alice         `ikelab run realtime_strongswan`            namespace sun

What alice and bob say to each other is made by kernels, sealed in ns-3 and opened by charon. Nothing
of it may be seen on the simulated line, and without a tunnel nothing may be answered, though isp
would carry it either way.
"""
import ipaddress
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
from dataclasses import dataclass

from interop_test import judge_capture
from netns import End, LabError, NetnsLab, wait_for
from rows import arguments, expect, expect_equal, run_rows
from strongswan import StrongSwan, swanctl_conf

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO = ROOT / "scenarios" / "realtime_strongswan.json"
TRANSFER = pathlib.Path(__file__).resolve().parent / "transfer.py"
BINARY = {"path": os.environ.get("IKELAB", "")}

TAP = "tap0"
PSK = "correct horse battery staple"
# Addresses and identities are the scenario's.
ALICE = End("alice", "10.1.0.10", "", "10.1.0.10", "10.1.0.0/24", "", "", "alice.example")
MOON = End("moon", "192.0.2.1", "", "10.1.0.1", "10.1.0.0/24", "", "", "moon.example")
SUN = End("sun", "198.51.100.2", "", "10.2.0.10", "10.2.0.0/24", "", "", "sun.example")
PROTECTED = [ipaddress.ip_network(end.subnet) for end in (ALICE, SUN)]
# Of what the line loses: a packet of each row, where the scenario's own seed spares the first fifty.
SEED = 2
# Where the line's frames are seen, in the capture of the simulation.
LINE = ("moon/wan", "isp/moon", "isp/sun", "wan/lost")


class RealtimeLab(NetnsLab):
    """alice and sun with a TAP device each; between them is what the simulation makes of it."""

    ENDS = (ALICE, SUN)

    @property
    def alice(self):
        return self.tester

    @property
    def sun(self):
        return self.target

    def _connect(self):
        for namespace, address, router in ((self.alice, f"{ALICE.v4}/24", "10.1.0.1"),
                                           (self.sun, f"{SUN.v4}/24", "198.51.100.1")):
            for words in (["link", "set", "lo", "up"],
                          ["tuntap", "add", "dev", TAP, "mode", "tap"],
                          ["addr", "add", address, "dev", TAP],
                          ["link", "set", TAP, "up"],
                          ["route", "add", "default", "via", router]):
                namespace.run(["ip", *words])
        self.sun.run(["ip", "addr", "add", f"{SUN.inner}/32", "dev", "lo"])

    def guard_sun(self):
        """Nothing to alice but through charon: its userland ESP takes its route back with the SA."""
        self.sun.run(["ip", "route", "add", "unreachable", ALICE.subnet])


class Simulation:
    """`ikelab run` with the lab's namespaces in place of the scenario's."""

    def __init__(self, lab, folder, changes=()):
        self._lab = lab
        self.directory = folder
        self.run_folder = folder / "run"
        self.capture = self.run_folder / "capture.pcapng"
        self.tables = self.run_folder / "wireshark"
        changes = [f"nodes.{namespace.end.name}.kernel.netns=/proc/{namespace.pid}/ns/net"
                   for namespace in (lab.alice, lab.sun)] + list(changes)
        words = [BINARY["path"], "run", SCENARIO, "-o", self.run_folder, "--seed", SEED]
        for change in changes:
            words += ["--set", change]
        self._process = lab.spawn(words, log=folder / "ikelab.log")
        for namespace in (lab.alice, lab.sun):
            wait_for(lambda n=namespace: self._carries(n), 15, f"the simulation to take {TAP}")

    def _carries(self, namespace):
        if not self._process.running():
            raise LabError(f"ikelab run ended at once: {self._process.log()}")
        link = json.loads(namespace.run(["ip", "-j", "link", "show", TAP]).stdout)[0]
        return "LOWER_UP" in link["flags"]

    def cpu_seconds(self):
        """User and system time of the whole process so far."""
        fields = pathlib.Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        """End it as Ctrl-C does; its exit status and its summary."""
        status = self._process.stop(signal.SIGINT, grace=20)
        path = self.run_folder / "summary.json"
        expect(path.exists(), "Ctrl-C ends a run in real time in order", self._process.log()[-800:])
        return status, json.loads(path.read_text())


@dataclass
class Transfer:
    """A transfer under way."""

    receiver: object
    sender: object

    @classmethod
    def start(cls, source, sink, port, octets):
        """Between the hosts inside of two namespaces."""
        log = sink.directory / f"receive-{port}.log"
        receiver = sink.namespace.spawn(
            [sys.executable, TRANSFER, "receive", sink.namespace.end.inner, port], log=log)
        wait_for(lambda: "listening" in receiver.log(), 30, "the receiver to listen")
        sender = source.namespace.spawn(
            [sys.executable, TRANSFER, "send", source.namespace.end.inner, sink.namespace.end.inner,
             port, octets], log=source.directory / f"send-{port}.log")
        return cls(receiver, sender)

    def octets(self):
        said = re.findall(r"^octets (\d+)$", self.receiver.log(), re.MULTILINE)
        return int(said[-1]) if said else 0

    def wait_for_octets(self, octets, timeout=60):
        wait_for(lambda: self.octets() >= octets or not self.receiver.running(), timeout,
                 f"{octets} octets of the transfer", interval=0.1)

    def finish(self, timeout=120):
        """What the receiver saw, once both agree."""
        wait_for(lambda: not self.receiver.running() and not self.sender.running(), timeout,
                 f"the end of the transfer ({self.octets()} octets so far)", interval=0.2)
        seen = [json.loads(end.log().splitlines()[-1]) if end.log().rstrip().endswith("}") else {}
                for end in (self.sender, self.receiver)]
        expect(all(seen), "both ends of the transfer come to its end",
               self.sender.log()[-400:] + self.receiver.log()[-400:])
        expect_equal(seen[1]["octets"], seen[0]["octets"], "every octet arrives")
        expect_equal(seen[1]["sha256"], seen[0]["sha256"], "the octets are those that were sent")
        return seen[1]

    @staticmethod
    def told(result):
        rate = result["octets"] / max(result["seconds"], 0.001) / 1000
        return (f"{result['octets']} octets, sha256 {result['sha256'][:16]}, {result['seconds']:.1f} s"
                f" ({rate:.0f} kB/s), longest gap {result['longest_gap']:.1f} s")


@dataclass
class Place:
    namespace: object
    directory: pathlib.Path


class Story:
    """The lab with a simulation and charon in it."""

    def __init__(self, lab, folder, changes=()):
        self.lab, self.folder = lab, folder
        self.alice = Place(lab.alice, folder)
        self.bob = Place(lab.sun, folder)
        self.simulation = Simulation(lab, folder, changes)
        self.charon = StrongSwan(lab.sun, folder / "charon").start()
        self.charon.load(swanctl_conf(SUN, MOON, psk=PSK))

    def ping(self, count=20):
        return self.lab.alice.ping(ALICE.inner, SUN.inner, count, interval=0.2, wait=5)

    def wait_established(self, timeout=20):
        # Two of them, if both ends began at once: neither has to notice (RFC 7296 §2.8.1 is of rekeys).
        wait_for(lambda: set(self.charon.established()) == {"net"}, timeout, "charon's Child SA")

    def spis(self):
        """charon's ESP SPIs, whatever the state of the SAs."""
        return {child["spi-in"] for sa in self.charon.list_sas()
                for child in sa.get("child-sas", {}).values()}

    def ask_to_rekey(self):
        """charon asks; what came of it, in words. Refusing is a right (RFC 7296 §4), silence is not."""
        before = self.spis()
        self.charon.swanctl("--rekey", "--child", "net", check=False)
        wait_for(lambda: self.charon.saw("parsed CREATE_CHILD_SA response") > 0, 20,
                 "the answer to charon's CREATE_CHILD_SA request")
        if self.charon.saw("NO_ADDITIONAL_SAS") or self.charon.saw("N(NO_ADD_SAS)"):
            return "rekeying refused with NO_ADDITIONAL_SAS"
        wait_for(lambda: self.spis() and not self.spis() & before, 20, "the old Child SA to go")
        return "rekeyed"

    def finish(self):
        """Stop the simulation; then its claims, the frames of the line, and tshark's verdict."""
        status, summary = self.simulation.stop()
        expect_equal((status, summary["result"]), (0, "pass"),
                     f"the scenario's own claims hold\n{(self.folder / 'ikelab.log').read_text()}")
        expect_equal((summary["clock"], summary["repeatable"]), ("real", False),
                     "the summary says that no other run will be like this")
        line = frames_of_line(self.simulation.capture)
        expect_equal(line.clear, [], "nothing of alice and bob is seen on the line")
        expect(line.esp > 0 and line.ike > 0, "ESP and IKE are", line)
        expect(line.lost > 0, "the line loses packets", line)
        judge_capture(self.simulation)
        late = summary["behind_max_ns"] / 1e6
        return f"line: {line.ike} IKE, {line.esp} ESP, {line.lost} lost, 0 clear; {late:.0f} ms late at most"


@dataclass
class Line:
    ike: int
    esp: int
    lost: int
    clear: list


def frames(capture, interfaces):
    """(interface, addresses, protocols) of each frame, by tshark without any key."""
    fields = ("frame.interface_name", "ip.src", "ip.dst", "frame.protocols")
    words = ["tshark", "-n", "-r", capture, "-T", "fields", "-E", "occurrence=a", "-E", "aggregator=,"]
    for field in fields:
        words += ["-e", field]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
                          env=dict(os.environ, WIRESHARK_CONFIG_DIR="/nonexistent"), check=True)
    for interface, source, destination, protocols in (text.split("\t")
                                                      for text in done.stdout.splitlines()):
        if interface in interfaces:
            yield interface, f"{source} > {destination}", protocols.split(":")


def shown_in_clear(capture, interfaces=LINE):
    """Frames that show an address of alice or bob, outermost or inside an ICMP error."""
    def is_protected(addresses):
        ends = [ipaddress.ip_address(word) for word in re.split("[ >,]+", addresses) if word]
        return any(end in network for end in ends for network in PROTECTED)

    return [f"{interface}: {addresses}" for interface, addresses, _ in frames(capture, interfaces)
            if is_protected(addresses)]


def frames_of_line(capture):
    line = Line(0, 0, 0, shown_in_clear(capture))
    for interface, _, protocols in frames(capture, LINE):
        line.lost += interface == "wan/lost"
        line.ike += interface == "moon/wan" and "isakmp" in protocols
        line.esp += interface == "moon/wan" and "esp" in protocols
    return line


def tunnel(folder):
    """charon brings it up and takes it down; pings, and nothing before or after."""
    with RealtimeLab(limit=180, directory=folder) as lab:
        story = Story(lab, folder, ["connections.moon.site.children.net.start_action=none"])
        expect_equal(story.ping(3), 0, "without a tunnel no ping is answered")
        before = story.simulation.cpu_seconds()
        expect(story.charon.initiate(timeout=20), "charon brings the Child SA up",
               story.charon.log()[-800:])
        answered = story.ping(20)
        expect(answered >= 15, "15 of 20 pings are answered through the tunnel", answered)
        used = story.simulation.cpu_seconds() - before
        expect(used < 2.0, "the simulation waits without keeping a processor busy", f"{used:.2f} s")
        expect(story.charon.terminate(ike="sw"), "charon deletes the IKE SA")
        expect_equal(story.ping(3), 0, "after the Delete no ping is answered")
        return f"{answered} of 20 pings in {used:.2f} s of processor time; {story.finish()}"


def trap(folder):
    """alice's first packet brings it up: moon is the initiator. Ctrl-C deletes the SA at the peer."""
    with RealtimeLab(limit=180, directory=folder) as lab:
        story = Story(lab, folder)
        story.ping(2)
        story.wait_established()
        answered = story.ping(20)
        expect(answered >= 15, "15 of 20 pings are answered through the tunnel", answered)
        told = story.finish()
        wait_for(lambda: not story.charon.list_sas(), 30, "charon to hear of the end")
        return f"{answered} of 20 pings; {told}"


def transfers(folder):
    """TCP both ways, each with its SAs replaced under way."""
    octets = 2_000_000
    # 8 s at least, whatever the kernels' congestion control makes of the losses.
    slow = ["links.wan.rate=2mbit", "links.wan.limit=50"]
    with RealtimeLab(limit=420, directory=folder) as lab:
        lab.guard_sun()
        story = Story(lab, folder, slow)
        expect(story.charon.initiate(timeout=20), "charon brings the Child SA up",
               story.charon.log()[-800:])
        up = Transfer.start(story.alice, story.bob, 5001, octets)
        up.wait_for_octets(octets // 4)
        expect(story.charon.terminate(ike="sw"), "charon deletes the IKE SA under way")
        story.charon.initiate(timeout=20)  # or moon did, for alice's next packet
        story.wait_established()
        sent = up.finish()

        down = Transfer.start(story.bob, story.alice, 5002, octets)
        down.wait_for_octets(octets // 4)
        words = story.ask_to_rekey()
        expect(down.octets() < octets, "the transfer was under way meanwhile", down.octets())
        received = down.finish()
        return (f"alice to bob with a reconnect: {Transfer.told(sent)}; bob to alice, {words}: "
                f"{Transfer.told(received)}; {story.finish()}")


def clear_is_seen(folder):
    """The checks can fail: let moon's policy pass it, and pings are answered in clear."""
    policy = json.dumps([{"name": "all", "action": "bypass", "local": ALICE.subnet,
                          "remote": SUN.subnet}])
    with RealtimeLab(limit=120, directory=folder) as lab:
        # Without charon there is no route to alice but the one through isp.
        simulation = Simulation(lab, folder, [f"nodes.moon.policies={policy}"])
        answered = lab.alice.ping(ALICE.inner, SUN.inner, 20, interval=0.2, wait=5)
        expect(answered >= 15, "isp carries it both ways", answered)
        status, summary = simulation.stop()
        expect_equal((status, summary["result"]), (1, "fail"), "the scenario's claims are broken")
        line = frames_of_line(simulation.capture)
        expect(len(line.clear) >= 2 * answered, "the frames of the line show it", len(line.clear))
        return f"{answered} pings answered in clear, {len(line.clear)} clear frames found"


def clear_is_refused(folder):
    """What reaches moon in clear and should not have gets no further; the scenario's claim sees it."""
    with RealtimeLab(limit=120, directory=folder) as lab:
        simulation = Simulation(lab, folder, ["connections.moon.site.children.net.start_action=none"])
        expect_equal(lab.sun.ping(SUN.inner, ALICE.inner, 10, interval=0.2, wait=2), 0,
                     "bob's pings in clear are not answered")
        status, summary = simulation.stop()
        broken = {claim["claim"] for claim in summary["claims"] if not claim["holds"]}
        expect("/expect/links/wan/clear_packets" in broken, "the claim about the line is broken", broken)
        expect_equal(status, 1, "and so is the run's exit status")
        shown = shown_in_clear(simulation.capture)
        expect(shown.count("moon/wan: 10.2.0.10 > 10.1.0.10") >= 5, "they reach moon", shown)
        expect_equal(shown_in_clear(simulation.capture, ("moon/lan",)), [], "and alice never sees one")
        return f"{shown.count('moon/wan: 10.2.0.10 > 10.1.0.10')} of 10 reached moon, 0 went on to alice"


ROWS = {"realtime-tunnel": tunnel, "realtime-trap": trap, "realtime-transfers": transfers,
        "realtime-clear-is-seen": clear_is_seen, "realtime-clear-is-refused": clear_is_refused}


def _require():
    StrongSwan.require()
    NetnsLab.require(["tshark"])
    if not os.access(BINARY["path"], os.X_OK):
        raise LabError(f"no program at {BINARY['path'] or '$IKELAB'}: give --ikelab PATH")


def main():
    options = arguments(__doc__.splitlines()[0], binary=True).parse_args()
    if options.ikelab:
        BINARY["path"] = options.ikelab
    if BINARY["path"]:
        BINARY["path"] = os.path.abspath(BINARY["path"])
    return run_rows(ROWS, options, _require)


if __name__ == "__main__":
    sys.exit(main())
