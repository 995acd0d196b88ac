#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`ikelab endpoint` as its user meets it: commands, signals, files, and two of them that talk.

Runs in a network of its own (root, else skipped with status 77): two endpoints on two addresses of
the loopback, without TUN devices where none is needed. Packets through tunnels are the business of
conformance/targets/interop_test.py.

    endpoint_test.py PROGRAM [TEST...]
"""
import ctypes
import json
import os
import pathlib
import random
import select
import signal
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAM = ""
CLONE_NEWNET = 0x40000000
SKIPPED = 77
HERE, THERE, NOBODY = "127.0.0.1", "127.0.0.2", "127.0.0.3"
GAVE_UP = "no answer to what ends the SAs"
PATIENCE = 60.0  # seconds: a machine may stand still for some of them, and that is no fault of what is tested


def configuration(local, remote, secret="swordfish", **connection):
    return {
        "connections": {"net": {
            "local_addrs": [local],
            "remote_addrs": [remote],
            "proposals": ["aes128gcm16-prfsha256-x25519"],
            "local": {"auth": "psk", "id": f"{local}.test"},
            "remote": {"auth": "psk", "id": f"{remote}.test"},
            "children": {"tunnel": {
                "local_ts": [f"10.{local[-1]}.0.0/16"],
                "remote_ts": [f"10.{remote[-1]}.0.0/16"],
                "esp_proposals": ["aes128gcm16"]}},
            **connection}},
        "secrets": {"ike-1": {"secret": secret}}}


class Endpoint:
    def __init__(self, folder, config, *words, name="moon", inside=()):
        folder.mkdir(exist_ok=True)
        path = folder / f"{name}.json"
        path.write_text(json.dumps(config, indent=2))
        self.output = folder / name
        self.errors = open(folder / f"{name}.stderr", "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [*inside, PROGRAM, "endpoint", "--config", path, "--stdin", "--name", name,
             *map(str, words)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        self._unread = b""

    def send(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def answer(self, timeout=PATIENCE):
        """The next answer; nothing if the program ends first."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self._unread:
            ready, _, _ = select.select([self.process.stdout], [], [],
                                        max(0.0, deadline - time.monotonic()))
            if not ready:
                raise AssertionError(f"no answer in {timeout} s: {self.log()}")
            octets = os.read(self.process.stdout.fileno(), 65536)
            if not octets:
                return None
            self._unread += octets
        line, _, self._unread = self._unread.partition(b"\n")
        return json.loads(line)

    def ask(self, command, timeout=PATIENCE):
        self.send(command + "\n")
        return self.answer(timeout)

    def sas(self):
        return self.ask("list")["sas"]

    def log(self):
        self.errors.flush()
        return pathlib.Path(self.errors.name).read_text(encoding="utf-8")

    def wait(self, timeout=PATIENCE):
        return self.process.wait(timeout)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            try:
                stream.close()
            except BrokenPipeError:
                pass


def until(condition, timeout=PATIENCE):
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class EndpointTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, config, *words, name="moon", tun=False, inside=()):
        made = Endpoint(self.folder, config, *([] if tun else ["--no-tun"]), *words, name=name,
                        inside=inside)
        self.addCleanup(made.close)
        return made

    def pair(self, *words, **settings):
        moon = self.start(configuration(HERE, THERE, **settings), *words, name="moon")
        sun = self.start(configuration(THERE, HERE), name="sun")
        for end in (moon, sun):
            self.assertEqual(end.ask("list")["sas"], [])
        return moon, sun

    def established(self, *words):
        moon, sun = self.pair(*words)
        answer = moon.ask("initiate tunnel")
        self.assertTrue(answer["ok"], (answer, moon.log(), sun.log()))
        return moon, sun


class Commands(EndpointTest):
    def test_each_line_has_one_answer(self):
        moon = self.start(configuration(HERE, NOBODY))
        self.assertEqual(moon.ask("list"), {"ok": True, "command": "list", "sas": []})
        answer = moon.ask("lst")
        self.assertFalse(answer["ok"])
        self.assertIn('did you mean "list"?', answer["error"])
        self.assertEqual(moon.ask("\n\n  counters ")["counters"]["protected_packets"], 0)
        for command, named in (("initiate tunel", "net/tunnel"), ("terminate sw", "net"),
                               ("terminate-child net", "net/tunnel"), ("liveness", "net")):
            answer = moon.ask(command)
            self.assertFalse(answer["ok"], command)
            self.assertEqual(answer["command"], command)
            self.assertIn(f"expected one of {named}", answer["error"])

    def test_nothing_to_check_is_an_error_and_nothing_to_end_is_none(self):
        moon = self.start(configuration(HERE, NOBODY))
        self.assertFalse(moon.ask("liveness net")["ok"])
        moon.ask("terminate net")  # whatever it says: one answer, and it goes on
        self.assertEqual(moon.ask("list")["sas"], [])

    def test_quit_ends_it(self):
        moon = self.start(configuration(HERE, NOBODY))
        self.assertTrue(moon.ask("quit")["ok"])
        self.assertEqual(moon.wait(), 0)
        self.assertNotIn(GAVE_UP, moon.log())

    def test_end_of_input_ends_it(self):
        moon = self.start(configuration(HERE, NOBODY))
        moon.ask("list")
        moon.process.stdin.close()
        self.assertEqual(moon.wait(), 0)

    def test_a_line_without_end_is_no_way_to_eat_memory(self):
        moon = self.start(configuration(HERE, NOBODY))
        moon.ask("list")
        try:
            moon.send("x" * 200000)
        except BrokenPipeError:
            pass
        self.assertEqual(moon.wait(), 0)

    def test_reader_of_answers_may_go(self):
        moon = self.start(configuration(HERE, NOBODY))
        moon.ask("list")
        moon.process.stdout.close()
        moon.send("list\nlist\nquit\n")
        self.assertEqual(moon.wait(), 0)


class Signals(EndpointTest):
    def test_each_ends_it(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            moon = self.start(configuration(HERE, NOBODY))
            moon.ask("list")
            moon.process.send_signal(number)
            self.assertEqual(moon.wait(), 0, moon.log())
            self.assertIn(f"{number.name} received, shutting down", moon.log())
            self.assertNotIn(GAVE_UP, moon.log())
            moon.close()

    def test_an_attempt_without_answer_is_given_up_and_told(self):
        moon = self.start(configuration(HERE, NOBODY))
        moon.send("initiate tunnel\n")
        self.assertTrue(until(lambda: "IKE_SA_INIT request 0" in moon.log()), moon.log())
        moon.process.send_signal(signal.SIGTERM)
        answer = moon.answer()
        self.assertFalse(answer["ok"])
        self.assertEqual(answer["command"], "initiate tunnel")
        self.assertEqual(moon.wait(), 0)

    def test_the_peer_is_told(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            moon, sun = self.established()
            self.assertEqual(len(sun.sas()), 1)
            moon.process.send_signal(number)
            self.assertEqual(moon.wait(), 0, moon.log())
            self.assertNotIn(GAVE_UP, moon.log(), "the answer came")
            self.assertTrue(until(lambda end=sun: end.sas() == []), sun.log())
            for end in (moon, sun):
                end.close()

    def test_a_dead_peer_does_not_hold_it_up_for_long(self):
        moon, sun = self.established()
        sun.close()  # SIGKILL: no Delete
        moon.process.send_signal(signal.SIGTERM)
        self.assertEqual(moon.wait(), 0)  # five seconds; the repetitions of its Delete take minutes
        self.assertIn(GAVE_UP, moon.log())

    def test_a_second_signal_ends_it_at_once(self):
        moon, sun = self.established()
        sun.close()
        moon.process.send_signal(signal.SIGTERM)
        self.assertTrue(until(lambda: "shutting down" in moon.log()))
        moon.process.send_signal(signal.SIGTERM)
        self.assertEqual(moon.wait(), 0)
        self.assertIn("second signal, ending at once", moon.log())


class Sockets(EndpointTest):
    def test_a_busy_port_is_told_with_a_remedy(self):
        first = self.start(configuration(HERE, NOBODY))
        first.ask("list")
        second = self.start(configuration(HERE, NOBODY), "-o", self.folder / "out", name="second")
        self.assertEqual(second.wait(), 1)
        self.assertRegex(second.log(), rf"cannot bind UDP {HERE}\[\d+\]: Address already in use; "
                                       "another IKE daemon")
        self.assertFalse((self.folder / "out").exists())

    def test_an_address_that_is_not_ours(self):
        moon = self.start(configuration("192.0.2.9", NOBODY))
        self.assertEqual(moon.wait(), 1)
        self.assertIn("cannot bind UDP 192.0.2.9[500]", moon.log())
        self.assertIn("local_addrs", moon.log())

    def test_children_of_tunnel_devices_that_it_does_not_have(self):
        config = configuration(HERE, NOBODY)
        config["connections"]["net"]["children"]["tunnel"].update(if_id_in=7, if_id_out=7)
        moon = self.start(config, tun=True)
        self.assertEqual(moon.wait(), 1)
        self.assertRegex(moon.log(), "if_id_in and if_id_out .*connections.net.children.tunnel")

    def test_a_nested_connection_without_anything_to_nest_in(self):
        config = configuration(HERE, NOBODY)
        config["connections"]["net"]["nested"] = "yes"
        moon = self.start(config)
        self.assertEqual(moon.wait(), 1)
        self.assertRegex(moon.log(), "nested needs a TUN device.*connections.net")

    def test_garbage_is_survived(self):
        moon = self.start(configuration(HERE, NOBODY))
        moon.ask("list")
        dice = random.Random(7)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for size in [0, 1, 3, 4, 7, 8, 27, 28, 29, 60, 1500, 9000, 65507] + list(range(64)):
                for port in (500, 4500):
                    for first in (b"", b"\0\0\0\0"):
                        data = first + dice.randbytes(max(0, size - len(first)))
                        sender.sendto(data, (HERE, port))
        self.assertEqual(moon.ask("list")["sas"], [])
        self.assertTrue(moon.ask("quit")["ok"])
        self.assertEqual(moon.wait(), 0, moon.log())

    def test_a_tun_device_that_is_taken_or_deleted(self):
        moon = self.start(configuration(HERE, NOBODY), "--tun", "ike9", tun=True)
        self.assertTrue(moon.ask("list")["ok"], moon.log())
        self.assertIn("installed route 10.3.0.0/16 dev ike9", moon.log())
        rules = subprocess.run(["ip", "rule"], stdout=subprocess.PIPE, text=True, check=True)
        self.assertIn("lookup 220", rules.stdout)
        second = self.start(configuration(THERE, NOBODY), "--tun", "ike9", name="second", tun=True)
        self.assertEqual(second.wait(), 1)
        self.assertIn("cannot make TUN device ike9", second.log())
        subprocess.run(["ip", "link", "delete", "ike9"], check=True)
        self.assertEqual(moon.wait(), 1)
        self.assertIn("TUN device lost, shutting down", moon.log())
        rules = subprocess.run(["ip", "rule"], stdout=subprocess.PIPE, text=True, check=True)
        self.assertNotIn("lookup 220", rules.stdout)


    def test_a_tun_device_that_is_down_lets_nothing_past_it(self):
        config = configuration(HERE, NOBODY)
        child = config["connections"]["net"]["children"]["tunnel"]
        child["local_ts"].append("fd01::/64")
        child["remote_ts"].append("fd03::/64")
        moon = self.start(config, "--tun", "ike9", tun=True)
        self.assertTrue(moon.ask("list")["ok"], moon.log())

        def ip(*words):
            return subprocess.run(["ip", *words], stdout=subprocess.PIPE, text=True,
                                  stderr=subprocess.STDOUT, check=False).stdout

        # What the main table would do with them.
        ip("tuntap", "add", "name", "clear0", "mode", "tun")
        self.addCleanup(ip, "link", "delete", "clear0")
        ip("address", "add", "192.0.2.1/24", "dev", "clear0")
        ip("address", "add", "fd00::1/64", "dev", "clear0", "nodad")
        ip("link", "set", "clear0", "up")
        ip("route", "add", "default", "dev", "clear0")
        ip("-6", "route", "add", "default", "dev", "clear0")
        for there in ("10.3.0.9", "fd03::9"):
            self.assertIn("dev ike9", ip("route", "get", there))
        ip("link", "set", "ike9", "down")
        for there in ("10.3.0.9", "fd03::9"):
            self.assertIn("No route to host", ip("route", "get", there))
        self.assertTrue(moon.ask("quit")["ok"])
        self.assertEqual(moon.wait(), 0, moon.log())
        for there in ("10.3.0.9", "fd03::9"):
            self.assertIn("dev clear0", ip("route", "get", there))

    def test_the_first_to_end_leaves_the_others_routes(self):
        moon = self.start(configuration(HERE, NOBODY), "--tun", "ike8", tun=True)
        sun = self.start(configuration(THERE, HERE), "--tun", "ike9", name="sun", tun=True)
        for end in (moon, sun):
            self.assertTrue(end.ask("list")["ok"], end.log())
        self.assertTrue(moon.ask("quit")["ok"])
        self.assertEqual(moon.wait(), 0, moon.log())

        def shown(*words):
            return subprocess.run(["ip", *words], stdout=subprocess.PIPE, text=True,
                                  check=False).stdout

        self.assertIn("dev ike9", shown("route", "get", "10.1.0.9"))
        self.assertTrue(sun.ask("quit")["ok"])
        self.assertEqual(sun.wait(), 0, sun.log())
        self.assertNotIn("lookup 220", shown("rule"))


class TwoEndpoints(EndpointTest):
    def test_life_of_a_tunnel(self):
        moon, sun = self.established()
        for end in (moon, sun):
            self.assertTrue(until(lambda e=end: [sa["state"] for sa in e.sas()] == ["ESTABLISHED"]))
            sa, = end.sas()
            self.assertEqual([(c["name"], c["state"]) for c in sa["children"]],
                             [("tunnel", "INSTALLED")])
        ours, theirs = moon.sas()[0], sun.sas()[0]
        self.assertEqual((ours["spi_i"], ours["spi_r"]), (theirs["spi_i"], theirs["spi_r"]))
        self.assertEqual(ours["children"][0]["spi_in"], theirs["children"][0]["spi_out"])
        for end in (moon, sun):
            answer = end.ask("liveness net")
            self.assertTrue(answer["ok"], answer)
            self.assertGreater(answer["round_trip_ms"], 0)
        self.assertTrue(sun.ask("terminate-child tunnel")["ok"])
        for end in (moon, sun):
            self.assertTrue(until(lambda e=end: [sa["children"] for sa in e.sas()] == [[]]))
        self.assertTrue(moon.ask("terminate net/")["ok"] is False)
        self.assertTrue(moon.ask("terminate net")["ok"])
        for end in (moon, sun):
            self.assertTrue(until(lambda e=end: e.sas() == []))
        self.assertTrue(sun.ask("initiate net/tunnel")["ok"], "and the other way round")

    def test_initiate_option(self):
        sun = self.start(configuration(THERE, HERE), name="sun")
        sun.ask("list")
        moon = self.start(configuration(HERE, THERE), "--initiate", "tunnel")
        self.assertTrue(until(lambda: [sa["state"] for sa in moon.sas()] == ["ESTABLISHED"]),
                        moon.log())

    def test_initiating_nothing_known_is_wrong_usage(self):
        moon = self.start(configuration(HERE, NOBODY), "--initiate", "tunel", "-o", self.folder / "out")
        self.assertEqual(moon.wait(), 2)
        self.assertIn('no child "tunel"; expected one of net/tunnel', moon.log())
        self.assertFalse((self.folder / "out").exists())

    def test_another_secret_is_no_tunnel(self):
        moon, sun = self.pair(secret="another")
        answer = moon.ask("initiate tunnel")
        self.assertFalse(answer["ok"])
        self.assertIn("authentication", answer["error"].lower())
        for end in (moon, sun):
            self.assertTrue(until(lambda e=end: e.sas() == []))

    def test_run_folder(self):
        folder = self.folder / "out"
        moon, _ = self.established("-o", folder)
        self.assertTrue(until(lambda: (folder / "wireshark").exists()),
                        "the files can be read while it runs")
        moon.ask("quit")
        self.assertEqual(moon.wait(), 0)
        self.assertEqual(sorted(entry.name for entry in folder.iterdir()),
                         ["capture.pcapng", "charon.log", "events.jsonl", "wireshark"])
        profile = folder / "wireshark" / "profiles" / "ikelab"
        for secret in (folder / "capture.pcapng", profile / "esp_sa",
                       profile / "ikev2_decryption_table"):
            self.assertEqual(stat.S_IMODE(secret.stat().st_mode), 0o600, secret)
        self.assertIn("AES-GCM", (profile / "ikev2_decryption_table").read_text())
        self.assertEqual((profile / "esp_sa").read_text().count('"AES-GCM'), 2)
        lines = (folder / "events.jsonl").read_text().splitlines()
        events = [json.loads(line) for line in lines]
        self.assertEqual({event["node"] for event in events}, {"moon"})
        kinds = [event["event"] for event in events]
        for kind in ("message", "ike_keys", "ike_sa_established", "child_sa_installed",
                     "ike_sa_closed"):
            self.assertIn(kind, kinds)
        times = [event["t_ns"] for event in events]
        self.assertEqual(times, sorted(times))
        log = (folder / "charon.log").read_text()
        self.assertIn("[IKE] IKE_SA net", log)
        self.assertEqual(log, moon.log(), "the same lines as on standard error")
        everything = log + (folder / "events.jsonl").read_text()
        self.assertNotIn("swordfish", everything)

    def test_run_folder_of_an_earlier_run_is_not_written_over(self):
        folder = self.folder / "out"
        folder.mkdir()
        moon = self.start(configuration(HERE, NOBODY), "-o", folder)  # empty: free
        self.assertTrue(moon.ask("quit")["ok"])
        self.assertEqual(moon.wait(), 0)
        before = {entry: entry.stat().st_mtime_ns for entry in folder.iterdir()}
        again = self.start(configuration(HERE, NOBODY), "-o", folder, name="again")
        self.assertEqual(again.wait(), 2)
        self.assertIn("exists already and is not written over", again.log())
        self.assertEqual(before, {entry: entry.stat().st_mtime_ns for entry in folder.iterdir()})

    def test_a_full_disk_is_told_at_once_and_does_not_end_the_tunnel(self):
        small = self.folder / "small"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32k", "none", small],
                                 stderr=subprocess.DEVNULL, check=False)
        if mounted.returncode != 0:
            self.skipTest("no tmpfs may be mounted here")
        self.addCleanup(subprocess.run, ["umount", "--lazy", small], check=True)
        moon, _ = self.established("-q", "-o", small / "out")
        for _ in range(150):
            self.assertTrue(moon.ask("liveness net")["ok"])
        self.assertTrue(until(lambda: "No space left on device" in moon.log()), moon.log())
        self.assertIn("the run folder stays incomplete", moon.log())
        self.assertEqual([sa["state"] for sa in moon.sas()], ["ESTABLISHED"])
        self.assertTrue(moon.ask("quit")["ok"])
        self.assertEqual(moon.wait(), 1)

    def test_quiet_is_quiet(self):
        moon, _ = self.established("-q")
        moon.ask("quit")
        self.assertEqual(moon.wait(), 0)
        self.assertEqual(moon.log(), "")


class Wire:
    """A wire to another network, and all that passes on it."""

    NAME, OURS, THEIRS = "wire0", "192.0.2.1", "192.0.2.2"

    def __init__(self, test):
        mine = os.readlink("/proc/self/ns/net")
        self._holder = subprocess.Popen(["unshare", "--net", "--", "sleep", "infinity"])
        test.addCleanup(self._close)
        there = f"/proc/{self._holder.pid}/ns/net"
        test.assertTrue(until(lambda: os.readlink(there) != mine))
        self.inside = ("nsenter", f"--net={there}", "--")
        self._run("ip", "link", "add", self.NAME, "type", "veth",
                  "peer", "name", self.NAME, "netns", str(self._holder.pid))
        for prefix, address in (((), self.OURS), (self.inside, self.THEIRS)):
            self._run(*prefix, "ip", "link", "set", "lo", "up")
            self._run(*prefix, "ip", "address", "add", f"{address}/24", "dev", self.NAME)
            self._run(*prefix, "ip", "link", "set", self.NAME, "up")
        self._frames = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
        self._frames.bind((self.NAME, 0))
        self._frames.setblocking(False)
        self.largest = {}  # octets of packets before fragmentation, by protocol

    @staticmethod
    def _run(*words):
        subprocess.run(words, check=True)

    def _close(self):
        # By name: the system takes apart the other network, and with it this end, whenever it likes.
        subprocess.run(["ip", "link", "delete", self.NAME], stderr=subprocess.DEVNULL, check=False)
        self._holder.kill()
        self._holder.wait()
        if hasattr(self, "_frames"):
            self._frames.close()

    def protocols(self):
        """What IPv4 packets passed since the last question: names, each with its number."""
        seen = {}
        while True:
            try:
                frame = self._frames.recv(65536)
            except BlockingIOError:
                return seen
            if frame[12:14] != b"\x08\x00":
                continue
            packet = frame[14:]
            total, _, fragment = struct.unpack_from("!HHH", packet, 2)
            whole = total + 8 * (fragment & 0x1fff)
            self.largest[packet[9]] = max(self.largest.get(packet[9], 0), whole)
            ports = struct.unpack_from("!HH", packet, 4 * (packet[0] & 15))
            name = {1: "icmp", 6: "tcp", 50: "esp"}.get(packet[9], str(packet[9]))
            if packet[9] == 17:
                name = "ike" if set(ports) <= {500, 4500} else "udp"
            seen[name] = seen.get(name, 0) + 1


class TransportMode(EndpointTest):
    """Between two hosts, with packets."""

    def setUp(self):
        super().setUp()
        # What an earlier endpoint, killed, left to keep packets in.
        for family in ("-4", "-6"):
            subprocess.run(["ip", family, "route", "flush", "table", "220"], check=False,
                           stderr=subprocess.DEVNULL)

    @staticmethod
    def ping(destination, inside=(), wait=PATIENCE):
        """How many of three are answered; `wait` seconds are spent where one is not."""
        # One by one: for the last of several it waits no longer than the others took.
        once = [*inside, "ping", "-n", "-q", "-c", "1", "-W", str(wait), destination]
        return [subprocess.run(once, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                .returncode for _ in range(3)].count(0)

    def test_nothing_leaves_in_clear_to_whoever_came(self):
        wire = Wire(self)
        child = {"host": {"mode": "transport", "esp_proposals": ["aes128gcm16"]}}
        server = configuration(wire.OURS, "%any", children=child)
        server["connections"]["net"]["remote"]["id"] = f"{wire.THEIRS}.test"
        client = configuration(wire.THEIRS, wire.OURS, children=child)
        moon = self.start(server, "--tun", "ike9", tun=True)
        self.assertTrue(moon.ask("list")["ok"], moon.log())
        sun = self.start(client, name="sun", tun=True, inside=wire.inside)
        self.assertTrue(sun.ask("initiate host")["ok"], sun.log() + moon.log())
        route = f"installed route {wire.THEIRS}/32 dev ike9 src {wire.OURS}"
        self.assertTrue(until(lambda: route in moon.log()), moon.log())
        with socket.create_server((wire.OURS, 7777)) as listener:
            listener.settimeout(PATIENCE)
            peer = subprocess.Popen(
                [*wire.inside, sys.executable, "-c",
                 "import socket; s = socket.create_connection(('192.0.2.1', 7777), 60); "
                 "print(s.recv(5))"], stdout=subprocess.PIPE, text=True)
            with listener.accept()[0] as connection:
                connection.sendall(b"hello")
            self.assertIn("hello", peer.communicate(timeout=PATIENCE)[0])
        self.assertEqual(self.ping(wire.THEIRS), 3)
        self.assertEqual(self.ping(wire.OURS, wire.inside), 3)
        seen = wire.protocols()
        self.assertEqual(set(seen), {"ike", "esp"}, seen)
        self.assertGreater(seen["esp"], 12)

        # The route stays when the last SA goes, and serves the next one.
        self.assertTrue(sun.ask("terminate net")["ok"])
        self.assertTrue(until(lambda: moon.sas() == []))
        wire.protocols()
        self.assertEqual(self.ping(wire.THEIRS, wait=1), 0)
        self.assertEqual(wire.protocols(), {})
        self.assertTrue(sun.ask("initiate host")["ok"], sun.log())
        self.assertEqual(self.ping(wire.THEIRS), 3)
        self.assertEqual(set(wire.protocols()), {"ike", "esp"})
        self.assertEqual(moon.log().count("installed route"), 2, "once for each SA that is the only one")

    def test_nor_past_a_device_that_is_down(self):
        wire = Wire(self)
        child = {"host": {"mode": "transport", "esp_proposals": ["aes128gcm16"]}}
        server = configuration(wire.OURS, "%any", children=child)
        server["connections"]["net"]["remote"]["id"] = f"{wire.THEIRS}.test"
        moon = self.start(server, "--tun", "ike9", tun=True)
        self.assertTrue(moon.ask("list")["ok"], moon.log())
        subprocess.run(["ip", "link", "set", "ike9", "down"], check=True)
        sun = self.start(configuration(wire.THEIRS, wire.OURS, children=child), name="sun",
                         tun=True, inside=wire.inside)
        self.assertTrue(sun.ask("initiate host")["ok"], sun.log() + moon.log())
        problem = f"cannot add the route {wire.THEIRS}/32"
        self.assertTrue(until(lambda: problem in moon.log()), moon.log())
        wire.protocols()
        self.assertEqual(self.ping(wire.THEIRS, wait=1), 0)
        self.assertEqual(wire.protocols(), {})
        # The next SA finds the device up again, and its route is made.
        subprocess.run(["ip", "link", "set", "ike9", "up"], check=True)
        self.assertTrue(sun.ask("terminate net")["ok"], sun.log())
        self.assertTrue(sun.ask("initiate host")["ok"], sun.log() + moon.log())
        self.assertTrue(until(lambda: self.ping(wire.THEIRS, wait=1) > 0), moon.log())


class Padding(EndpointTest):
    """To the MTU of the path, which strangers cannot make small."""

    FORGE = """if True:
        import socket, struct
        def checked(head, rest):
            words = struct.unpack(f"!{len(head + rest) // 2}H", head + rest)
            total = sum(words)
            while total >> 16:
                total = (total & 0xffff) + (total >> 16)
            return ~total & 0xffff
        ends = socket.inet_aton("192.0.2.1") + socket.inet_aton("192.0.2.2")
        quoted = struct.pack("!BBHHHBBH", 0x45, 0, 1500, 0, 0x4000, 64, 17, 0) + ends
        quoted += struct.pack("!HHHH", 500, 500, 1480, 0)
        head = struct.pack("!BBHHH", 3, 4, 0, 0, 600)
        packet = head[:2] + struct.pack("!H", checked(head, quoted)) + head[4:] + quoted
        sender = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        sender.sendto(packet, ("192.0.2.1", 0))
    """

    def padded(self, icmp, link=1500):
        """What the largest ESP packet has, after a forged "fragmentation needed, MTU 600"."""
        wire = Wire(self)
        hidden = {"tfc_padding": "mtu", "dummy_interval": "50ms"}
        config = configuration(wire.OURS, wire.THEIRS)
        config["connections"]["net"]["children"]["tunnel"].update(hidden)
        config["icmp"] = icmp
        if link != 1500:
            subprocess.run(["ip", "route", "add", f"{wire.THEIRS}/32", "dev", wire.NAME,
                            "mtu", str(link)], check=True)
        moon = self.start(config, "--tun", "ike9", tun=True)
        self.assertTrue(moon.ask("list")["ok"], moon.log())
        sun = self.start(configuration(wire.THEIRS, wire.OURS), name="sun", tun=True,
                         inside=wire.inside)
        self.assertEqual(sun.sas(), [])
        subprocess.run([*wire.inside, sys.executable, "-c", self.FORGE], check=True)

        def learned():
            return "mtu 600" in subprocess.run(["ip", "route", "get", wire.THEIRS],
                                               stdout=subprocess.PIPE, text=True, check=True).stdout

        self.assertTrue(until(learned), "the system believed it")
        self.assertTrue(sun.ask("initiate tunnel")["ok"], sun.log() + moon.log())
        self.assertTrue(until(lambda: wire.protocols().get("esp", 0) > 0), moon.log())
        for end in (moon, sun):
            self.assertTrue(end.ask("quit")["ok"])
            end.wait()
        return wire.largest[50]

    def test_goes_by_the_link_where_errors_are_not_believed(self):
        size = self.padded({"fragmentation_needed": False})
        self.assertTrue(1496 < size <= 1500, size)

    def test_goes_by_what_the_route_says(self):
        size = self.padded({"fragmentation_needed": False}, link=1300)
        self.assertTrue(1296 < size <= 1300, size)

    def test_is_no_less_than_the_least_path_mtu(self):
        size = self.padded({"least_path_mtu": 1000})
        self.assertTrue(996 < size <= 1000, size)

    def test_goes_by_errors_that_may_be_believed(self):
        size = self.padded({"least_path_mtu": 500})
        self.assertTrue(596 < size <= 600, size)

    def test_dummies_are_for_those_who_carry_packets(self):
        moon = self.start(configuration(HERE, THERE, children={
            "tunnel": {"local_ts": ["10.1.0.0/16"], "remote_ts": ["10.2.0.0/16"],
                       "esp_proposals": ["aes128gcm16"], "dummy_interval": "10ms"}}))
        sun = self.start(configuration(THERE, HERE), name="sun")
        self.assertEqual(sun.sas(), [])
        self.assertTrue(moon.ask("initiate tunnel")["ok"], moon.log() + sun.log())
        time.sleep(0.2)
        self.assertEqual(moon.ask("counters")["counters"]["sent_dummies"], 0)


def enter_private_network():
    if os.geteuid() != 0:
        return "cannot run here: needs root for a network of its own"
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        return f"cannot run here: no network of its own: {os.strerror(ctypes.get_errno())}"
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    return None


if __name__ == "__main__":
    reason = enter_private_network()
    if reason:
        print(f"SKIPPED: {reason}")
        sys.exit(SKIPPED)
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=1)
