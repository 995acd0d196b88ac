#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`ikelab run` as users and scripts meet it: what repeats, what is refused, what is left behind.

    run_command_test.py PROGRAM [TEST...]
"""
import filecmp
import hashlib
import json
import os
import pathlib
import pty
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
STORY = HERE / "site_to_site.json"
PROGRAM = ""


class Command(unittest.TestCase):
    """Each test in a working directory of its own."""

    def setUp(self):
        above = tempfile.TemporaryDirectory(prefix="ikelab-run-test-")
        self.addCleanup(above.cleanup)
        self.here = pathlib.Path(above.name)

    def run_command(self, *words, cwd=None, environment=None):
        return subprocess.run([PROGRAM, "run", *map(str, words)], cwd=cwd or self.here, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=False,
                              env=dict(os.environ, **(environment or {})))

    def names(self):
        return sorted(path.name for path in self.here.iterdir())


def digest(folder):
    """Names and contents of all files below a folder."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        whole.update(str(path.relative_to(folder)).encode() + b"\0")
        if path.is_file():
            whole.update(hashlib.sha256(path.read_bytes()).digest())
    return whole.hexdigest()


class SameSeed(Command):
    def test_same_octets_in_any_folder_from_any_place_at_any_time(self):
        (self.here / "elsewhere").mkdir()
        first = self.here / "first"
        second = self.here / "elsewhere" / "of another name"
        self.assertEqual(self.run_command("site_to_site", "-o", "first", "--seed", "7").returncode, 0)
        time.sleep(1.1)  # what a file keeps of the wall clock would be another second by now
        done = self.run_command(STORY, "-o", second, "--seed=7", cwd=self.here / "elsewhere",
                                environment={"TZ": "Asia/Tokyo", "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(digest(first), digest(second), filecmp.dircmp(first, second).diff_files)

    def test_another_seed_gives_other_octets(self):
        for seed in (7, 8):
            self.run_command("site_to_site", "-o", str(seed), "--seed", seed)
        for name in ("capture.pcapng", "events.jsonl", "charon.log", "flows.csv", "pings.csv", "sas.csv",
                     "wireshark/profiles/ikelab/esp_sa", "wireshark/profiles/ikelab/ikev2_decryption_table"):
            first, second = ((self.here / seed / name).read_bytes() for seed in ("7", "8"))
            self.assertNotEqual(first, second, name)

    def test_seeds_far_apart_differ_too(self):
        captures = set()
        seeds = (1, 2**32 - 1, 2**32, 2**64 - 1)
        for seed in seeds:
            self.assertEqual(self.run_command("site_to_site", "-o", str(seed), "--seed", seed,
                                              "--set", "expect={}").returncode, 0)
            captures.add((self.here / str(seed) / "capture.pcapng").read_bytes())
        self.assertEqual(len(captures), len(seeds))


class Answers(Command):
    def test_json_is_the_summary_and_nothing_else(self):
        done = self.run_command("site_to_site", "-o", "x", "--json")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout, (self.here / "x" / "summary.json").read_text())
        summary = json.loads(done.stdout)
        self.assertEqual((summary["scenario"], summary["seed"], summary["result"]), ("site_to_site", 1, "pass"))

    def test_default_folder(self):
        self.assertEqual(self.run_command("site_to_site").returncode, 0)
        self.assertTrue((self.here / "out" / "site_to_site" / "summary.json").is_file())

    def test_an_empty_folder_may_be_there(self):
        (self.here / "x").mkdir()
        self.assertEqual(self.run_command("site_to_site", "-o", "x/").returncode, 0)
        self.assertEqual(self.names(), ["x"])
        self.assertTrue((self.here / "x" / "summary.json").is_file())

    def test_what_runs_left_is_not_written_over(self):
        self.assertEqual(self.run_command("site_to_site", "-o", "x").returncode, 0)
        before = digest(self.here)
        done = self.run_command("site_to_site", "-o", "x", "--seed", "2")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r"^x exists already and is not written over; .*-o.*\n$")
        self.assertEqual(digest(self.here), before)

    def test_a_file_in_the_way_is_not_written_over(self):
        (self.here / "x").write_text("mine")
        for folder in ("x", "x/y"):
            done = self.run_command("site_to_site", "-o", folder)
            self.assertEqual((done.returncode, done.stdout), (2, ""), folder)
            self.assertIn("x", done.stderr)
        self.assertEqual((self.here / "x").read_text(), "mine")
        self.assertEqual(self.names(), ["x"])

    def test_dry_run_shows_and_leaves_nothing(self):
        done = self.run_command("site_to_site", "--dry-run")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for needed in ("35.000 s of virtual time", "moon/wan -- sun/wan: delay 40.000 ms, loss 1 %, 100.00 Mbit/s",
                       "10.1.0.10 -> 10.2.0.10", "nothing was run"):
            self.assertIn(needed, done.stdout)
        plan = json.loads(self.run_command("site_to_site", "--dry-run", "--json", "--seed", "9").stdout)
        self.assertEqual((plan["seed"], plan["duration_ns"]), (9, 35_000_000_000))
        self.assertEqual({node["name"] for node in plan["nodes"] if node["gateway"]}, {"moon", "sun"})
        self.assertEqual(self.names(), [])

    def test_set_changes_the_run_and_is_told(self):
        done = self.run_command("site_to_site", "-o", "x", "--set", "links.wan.loss=0%",
                                "--set", "/traffic/ping/count=3", "--set", "expect={}", "--json")
        summary = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(summary["set"], ["links.wan.loss=0%", "/traffic/ping/count=3", "expect={}"])
        self.assertEqual(summary["links"]["wan"]["frames_lost"], 0)
        self.assertEqual(summary["traffic"]["ping"]["sent"], 3)
        self.assertIn("--set links.wan.loss=0%", (self.here / "x" / "ladder.txt").read_text())


class Readme(Command):
    def test_its_small_scenario_holds(self):
        text = (HERE / "README.md").read_text(encoding="utf-8")
        (self.here / "small.json").write_text(re.search(r"```json\n(.*?)```", text, re.DOTALL).group(1))
        done = self.run_command("small.json")
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        self.assertRegex(done.stdout, r"moon -> sun: [34] of 4 pings delivered")

    def test_it_names_every_story_and_every_metric(self):
        text = (HERE / "README.md").read_text(encoding="utf-8")
        self.assertEqual(self.run_command("site_to_site", "-o", "x").returncode, 0)
        summary = json.loads((self.here / "x" / "summary.json").read_text())
        words = {file.stem for file in HERE.glob("*.json")}
        for part in (summary["gateways"]["moon"], summary["traffic"]["ping"], summary["links"]["wan"]):
            words |= {re.sub("_(ns|bps)$", "", word) for word in part if word != "open"}
        for word in words:
            self.assertIn(f"`{word}`", text)


class Claims(Command):
    """Exit status 1, and the frame to look at."""

    def broken(self, *changes):
        words = [word for change in changes for word in ("--set", change)]
        done = self.run_command("site_to_site", "-o", "x", *words)
        self.assertEqual((done.returncode, done.stderr), (1, ""), done.stdout)
        summary = json.loads((self.here / "x" / "summary.json").read_text())
        self.assertEqual(summary["result"], "fail")
        broken = {claim["claim"]: claim for claim in summary["claims"] if not claim["holds"]}
        self.assertTrue(broken)
        for pointer, claim in broken.items():
            self.assertRegex(done.stdout, rf"BROKEN {pointer}: wanted {claim['wanted']}, found ")
        return broken, done.stdout

    def show(self, frame, *fields):
        done = subprocess.run(
            ["tshark", "-n", "-C", "ikelab", "-r", str(self.here / "x" / "capture.pcapng"),
             "-Y", f"frame.number == {frame}", "-T", "fields", "-E", "separator=/t"]
            + [word for field in fields for word in ("-e", field)],
            env=dict(os.environ, WIRESHARK_CONFIG_DIR=str(self.here / "x" / "wireshark")),
            capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.rstrip("\n").split("\t")

    def test_a_lost_packet_is_named(self):
        broken, said = self.broken("expect.traffic.voice.lost=0")
        claim = broken["/expect/traffic/voice/lost"]
        self.assertIn(f"; see frame {claim['frame']}\n", said)
        interface, protocols = self.show(claim["frame"], "frame.interface_name", "frame.protocols")
        self.assertEqual((interface, protocols), ("bob/eth0", "raw:ip:udp:data"))

    def test_a_leak_is_named(self):
        # A rule that lets pass what the child would protect is the user's will, not a leak; moon with
        # no connection at all sends in clear what sun protects.
        broken, said = self.broken("connections.moon=null", "timeline=[]", "expect.nodes.moon=null")
        claim = broken["/expect/links/wan/clear_packets"]
        interface, source = self.show(claim["frame"], "frame.interface_name", "ip.src")
        self.assertEqual((interface, source), ("moon/wan", "10.1.0.10"))
        self.assertIn(f"see frame {claim['frame']}", said)

    def test_the_event_that_was_too_much_is_named(self):
        broken, _ = self.broken("expect.nodes.moon.liveness_replies=0")
        exchange, response, interface = self.show(broken["/expect/nodes/moon/liveness_replies"]["frame"],
                                                  "isakmp.exchangetype", "isakmp.flag_r", "frame.interface_name")
        self.assertEqual((exchange, response, interface), ("37", "1", "moon/wan"))

    def test_a_gateway_that_never_came_up_is_shown_by_its_last_message(self):
        broken, said = self.broken("links.wan.loss=100%", 'charon.retransmit_tries=2', "timeline=[]")
        self.assertIn("no SA was set up", said)
        frame = broken["/expect/nodes/moon/ike_sas_established"]["frame"]
        self.assertIn("retransmit 2 of IKE_SA_INIT request 0", self.show(frame, "frame.comment"))

    def test_a_command_that_fails_is_told(self):
        done = self.run_command("site_to_site", "-o", "x", "--set", "expect={}", "--set", "timeline.0.at=30s")
        self.assertRegex(done.stdout, r"command failed: moon liveness site: \S+")
        summary = json.loads((self.here / "x" / "summary.json").read_text())
        self.assertEqual(len(summary["failed_commands"]), 1)


# What is wrong in site_to_site.json, and all that is said of it (after file, line and column).
BAD = {
    "unknown_key": (('"description"', '"desription"'),
                    r'/desription: unknown key "desription"; .*did you mean "description"\?'),
    "unknown_key_of_a_connection": (('"remote_ts": "10.2.0.0/16"', '"remote_tss": "10.2.0.0/16"'),
                                    r'/connections/moon/site/children/net/remote_tss: unknown key .*'
                                    r'did you mean "remote_ts"\?'),
    "wrong_unit": (('"delay": "40ms"', '"delay": "40mbit"'),
                   r'/links/wan/delay: the text "40mbit"; expected a time with its unit, such as .*'),
    "no_unit": (('"loss": "1%"', '"loss": 1'), r"/links/wan/loss: the number 1; expected a percentage, .*"),
    "missing_node": (('"moon/wan":', '"mooon/wan":'),
                     r'/links/wan/ends/mooon~1wan: unknown node "mooon"; expected one of alice, moon, sun, bob; '
                     r'did you mean "moon"\?'),
    "unknown_node_in_traffic": (('"from": "bob"', '"from": "bop"'),
                                r'/traffic/voice/from: unknown node "bop"; .*did you mean "bob"\?'),
    "no_nodes": (('"nodes": {"alice": {}, "moon": {}, "sun": {}, "bob": {}},', ""),
                 r'"nodes" is missing; expected an object of names.*'),
    "impossible_proposal": (('"aes128gcm16-prfsha256-x25519"', '"aes128gcm16-prfsha256"'),
                            r"/connections/moon/site/proposals.*: .*; expected .*"),
    "unknown_algorithm": (('"aes128gcm16-prfsha256-x25519"', '"aes128gcm16-prfsha256-x25518"'),
                          r'/connections/moon/site/proposals.*: .*did you mean "x25519"\?'),
    "unknown_metric": (('"setup_time"', '"set_up_time"'),
                       r'/expect/nodes/moon/set_up_time: unknown key .*did you mean "setup_time"\?'),
    "unknown_deed": (('"do": "liveness"', '"do": "livenes"'),
                     r'/timeline/0/do: unknown deed "livenes"; .*did you mean "liveness"\?'),
    "step_after_the_end": (('"at": "24s"', '"at": "24m"'), r"/timeline/0/at: is after the run has ended; .*"),
    "wrong_type": (('"duration": "35s"', '"duration": ["35s"]'), r"/duration: a list.*; expected .*"),
    "foreign_address": (('"local_addrs": "192.0.2.1"', '"local_addrs": "192.0.2.9"'),
                        r'/connections/moon/site/local_addrs: unknown address of moon "192.0.2.9"; .*'),
    "no_secret": (('"ike-site": {"id": ["moon.example", "sun.example"], "secret":', '"ike-site": {"sekret":'),
                  r'/secrets/ike-site/sekret: unknown key .*did you mean "secret"\?'),
}


class BadInput(Command):
    """Exit status 2, one line that mends it, and no trace of a run."""

    def refuse(self, text):
        path = self.here / "mine.json"
        path.write_text(text)
        done = self.run_command("mine.json", "-o", "x")
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        self.assertEqual(self.names(), ["mine.json"])
        self.assertTrue(done.stderr.endswith("\n"))
        return done.stderr.rstrip("\n")

    def test_the_table(self):
        good = STORY.read_text()
        for name, ((old, new), complaint) in BAD.items():
            with self.subTest(name):
                self.assertIn(old, good)
                said = self.refuse(good.replace(old, new, 1))
                self.assertEqual(len(said.splitlines()), 1, said)
                self.assertRegex(said, rf"^mine\.json:\d+:\d+: {complaint}$")
                if old:
                    line = 1 + good[:good.index(old)].count("\n")
                    at = int(said.split(":")[1])
                    self.assertIn(at, (line, 1) if name == "no_nodes" else (line,), said)

    def test_syntax(self):
        good = STORY.read_text()
        line = 1 + good[:good.index('"delay": "40ms",')].count("\n")
        said = self.refuse(good.replace('"delay": "40ms",', '"delay": "40ms"', 1))
        self.assertRegex(said, rf"^mine\.json:({line}|{line + 1}):\d+: .*expected")
        self.assertRegex(self.refuse(good.replace('"links"', '"nodes"', 1)), r"^mine\.json:\d+:\d+: .*nodes")

    def test_every_truncation(self):
        good = STORY.read_text().rstrip()
        for length in range(0, len(good), 97):
            with self.subTest(length=length):
                self.assertRegex(self.refuse(good[:length]), r"^mine\.json:\d+:\d+: ")

    def test_unknown_scenario(self):
        done = self.run_command("site_to_sit")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertRegex(done.stderr, r'^no scenario "site_to_sit"; expected .*did you mean "site_to_site"\?\n$')
        done = self.run_command("./nothing.json")
        self.assertEqual(done.returncode, 2)
        self.assertIn("./nothing.json: No such file", done.stderr)
        self.assertEqual(self.names(), [])

    def test_a_bad_base_is_told_in_its_own_file(self):
        (self.here / "base.json").write_text('{"duraton": "1s", "nodes": {"a": {}}}')
        (self.here / "mine.json").write_text('{"extends": "base", "duration": "1s"}')
        done = self.run_command("mine.json", "-o", "x")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r'^(\./)?base\.json:1:2: /duraton: .*did you mean "duration"\?\n$')

    def test_bad_changes(self):
        for change, complaint in (
                ("links.wan.loss", r"no path and value"),
                ("links.wan.loss=2", r'/links/wan/loss: the number 2; expected a percentage'),
                ("links.van.loss=2%", r'/links/van does not exist; did you mean "wan"\?'),
                ("timeline.7.at=1s", r'no element "7"')):
            with self.subTest(change):
                done = self.run_command("site_to_site", "--set", change)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(f"--set {change}", done.stderr)
                self.assertRegex(done.stderr, complaint)
                self.assertEqual(self.names(), [])


# Long enough to be stopped half way, whatever the machine.
LONG = ("--set", "duration=2h", "--set", "traffic.ping.count=7000000", "--set", "traffic.ping.interval=1ms",
        "--set", "timeline=[]", "--set", "expect={}", "--set", 'record={"interfaces": []}')


class Stopped(Command):
    def start(self, stderr):
        return subprocess.Popen([PROGRAM, "run", "site_to_site", "-o", "x", *LONG], cwd=self.here,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)

    def wait_until_it_runs(self, process):
        until = time.monotonic() + 60
        while "x.unfinished" not in self.names():
            self.assertIsNone(process.poll())
            self.assertLess(time.monotonic(), until)
            time.sleep(0.02)
        time.sleep(0.2)

    def test_ctrl_c_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(number), self.start(subprocess.PIPE) as process:
                self.wait_until_it_runs(process)
                process.send_signal(number)
                out, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 130)
                self.assertEqual((out, err), (b"", b"stopped; no results were kept\n"))
                self.assertEqual(self.names(), [])

    def test_kill_leaves_no_folder_of_that_name(self):
        with self.start(subprocess.PIPE) as process:
            self.wait_until_it_runs(process)
            process.kill()
            process.communicate(timeout=60)
        self.assertEqual(self.names(), ["x.unfinished"])
        self.assertNotIn("summary.json", os.listdir(self.here / "x.unfinished"))
        done = self.run_command("site_to_site", "-o", "x")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^x\.unfinished exists: .*remove it")

    def test_progress_is_for_people_at_a_terminal(self):
        master, terminal = pty.openpty()
        self.addCleanup(os.close, master)
        with self.start(terminal) as process:
            os.close(terminal)
            said = b""
            until = time.monotonic() + 100
            while b" 1 %" not in said and time.monotonic() < until:
                if select.select([master], [], [], 1)[0]:
                    said += os.read(master, 4096)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=60)
        self.assertEqual(out, b"")
        self.assertRegex(said.decode(), r"\rsite_to_site +0 %\rsite_to_site +1 %")

    def test_no_progress_elsewhere(self):
        done = self.run_command("site_to_site", "-o", "x")
        self.assertEqual(done.stderr, "")
        self.assertFalse(re.search(r"[\r\033]", done.stdout))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=1)
