#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""One scenario, run by the real command and judged by tshark.

    scenario_test.py PROGRAM NAME

Exit code 77 (CTest: skipped) if tshark is missing.
"""
import collections
import contextlib
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools" / "judge"))
import tshark_judge  # noqa: E402

PROGRAM = ""
NAME = ""
SEEDS = range(1, 9)

GCM_KEYS = {"SK_ei", "SK_er", "encryption key"}
CBC_KEYS = GCM_KEYS | {"SK_ai", "SK_ar", "integrity key"}
# What each scenario is there to show: what ESP carries, the keys, and a frame of the outer layers.
SHOWN = {
    "site_to_site": ("v4", GCM_KEYS, "ip.proto == 50 and esp and not udp.port == 4500"),
    "cbc": ("v4", CBC_KEYS, "ip.proto == 50"),
    "ipv6_in_ipv4": ("v6", GCM_KEYS, "ip.proto == 50"),
    "ipv6_in_ipv6": ("v6", GCM_KEYS, "ipv6.nxt == 50 and not ip"),
    "ipv4_in_ipv6": ("v4", GCM_KEYS, "ipv6.nxt == 50 and ip"),
    "udp_encapsulation": ("v4", GCM_KEYS, "udp.port == 4500 and esp"),
    "traffic_flow": ("v4", GCM_KEYS, "ip.proto == 50 and frame.len > 1480"),
}
WITH_DUMMIES = {"traffic_flow"}


def run(folder, seed=None):
    words = [PROGRAM, "run", str(HERE / f"{NAME}.json"), "-o", str(folder)]
    if seed is not None:
        words += ["--seed", str(seed)]
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, check=False)


def frames(folder, display_filter, *fields):
    """One list of cells for each frame that the filter shows."""
    words = ["tshark", "-C", "ikelab", "-n", "-r", str(folder / "capture.pcapng"), "-Y", display_filter,
             "-T", "fields", "-E", "separator=/t"]
    for field in fields or ("frame.number",):
        words += ["-e", field]
    done = subprocess.run(words, env=dict(os.environ, WIRESHARK_CONFIG_DIR=str(folder / "wireshark")),
                          capture_output=True, text=True, timeout=60, check=True)
    return [line.split("\t") for line in done.stdout.splitlines()]


Frame = collections.namedtuple("Frame", "number protocols interface packet comment")
FIELDS = {"number": "frame.number", "protocols": "frame.protocols", "interface": "frame.interface_name",
          "packet": "frame.packet_id", "comment": "frame.comment"}


class Judged(unittest.TestCase):
    """The scenario's own seed."""

    @classmethod
    def setUpClass(cls):
        cls.above = tempfile.TemporaryDirectory(prefix="ikelab-scenario-test-")
        cls.addClassCleanup(cls.above.cleanup)
        cls.folder = pathlib.Path(cls.above.name) / "run"
        cls.done = run(cls.folder)
        cls.summary = json.loads((cls.folder / "summary.json").read_text())
        cls.frames = [Frame(*cells) for cells in frames(cls.folder, "frame", *FIELDS.values())]

    def table(self, name):
        with open(self.folder / f"{name}.csv", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def test_every_scenario_is_held_against_something(self):
        stories = {file.stem for file in HERE.glob("*.json")}
        # Those in real time are played by conformance/targets/realtime_test.py.
        self.assertEqual({name for name in stories if not name.startswith("realtime_")}, set(SHOWN))

    def test_its_claims_hold_and_the_answer_is_readable(self):
        self.assertEqual((self.done.returncode, self.done.stderr), (0, ""), self.done.stdout)
        said = self.done.stdout
        self.assertRegex(said, r"moon +IKE_SA site set up in \d+\.\d{3} m?s, ")
        self.assertRegex(said, r"ping +alice -> bob: \d+ of 20 pings delivered, round trip \d+")
        self.assertRegex(said, r"file +alice -> bob: 200000 of 200000 octets delivered\n")
        self.assertRegex(said, rf"\n  WIRESHARK_CONFIG_DIR={self.folder}/wireshark wireshark -C ikelab "
                               rf"{self.folder}/capture\.pcapng\n")
        self.assertEqual(self.summary["result"], "pass")
        self.assertTrue(all(claim["holds"] and claim["frame"] is None for claim in self.summary["claims"]))

    def test_tshark_opens_all_of_it_and_no_key_is_idle(self):
        inner, keys, _ = SHOWN[NAME]
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = tshark_judge.main([str(self.folder / "capture.pcapng"), "--config-dir",
                                      str(self.folder / "wireshark"), "--inner", inner, "--expect-esp",
                                      "--min-ike", "6", "--json", "--self-test-negative"])
        report = json.loads(out.getvalue())
        self.assertEqual((code, report["failures"]), (0, []), err.getvalue())
        counts = report["counts"]
        self.assertEqual(counts["IKE with SK or SKF"], counts["IKE decrypted and checked"])
        self.assertEqual(counts["ESP packets"], counts["ESP with inner packet"] + counts["ESP dummies"])
        self.assertEqual(counts["ESP dummies"] > 100, NAME in WITH_DUMMIES)
        packets, _ = self.pcap(self.folder / "capture.pcapng")
        self.assertEqual((len(self.opened(packets, "ike")), len(self.opened(packets, "esp"))),
                         (counts["IKE with SK or SKF"], counts["ESP packets"]))
        self.assertEqual(counts["frames"], self.summary["captured_frames"])
        self.assertEqual(set(re.findall(r", (.*?) spoiled: fails as it must", err.getvalue())), keys)

    def pcap(self, *words):
        """The packets with IKE or ESP that `ikelab pcap` reads, and its counts of them."""
        done = subprocess.run([PROGRAM, "pcap", "--json", *map(str, words)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        *packets, last = map(json.loads, done.stdout.splitlines())
        return packets, {kind: count for kind, count in last["summary"].items() if count}

    @staticmethod
    def opened(packets, name):
        """The numbers of those whose IKE or ESP was opened, as `frames` gives them."""
        return [[str(packet["packet"])] for packet in packets
                if {"layer": name, "protection": "opened"}.items() <= packet["layers"][1].items()]

    def test_our_own_reader_opens_the_same(self):
        packets, counts = self.pcap(self.folder / "capture.pcapng")
        self.assertLessEqual(set(counts), {"clear", "opened", "other"})
        self.assertEqual(sum(counts.values()), self.summary["captured_frames"])
        sealed, esp = self.opened(packets, "ike"), self.opened(packets, "esp")
        self.assertEqual(sealed, frames(self.folder, "isakmp.enc.icd and isakmp.enc.decrypted"))
        self.assertEqual(esp, frames(self.folder, "esp.icv_good == 1"))
        self.assertEqual(len(sealed) + len(esp), counts["opened"])
        self.assertGreaterEqual(len(sealed), 6)
        self.assertGreater(len(esp), 100)

    def test_the_capture_alone_opens_its_esp(self):
        """Away from its folder it still has the keys of ESP in it; those of IKE it cannot have."""
        alone = pathlib.Path(shutil.copy(self.folder / "capture.pcapng", self.above.name))
        self.addCleanup(alone.unlink)
        packets, counts = self.pcap(alone)
        missing = {layer["layer"] for packet in packets for layer in packet["layers"]
                   if layer["protection"] == "key missing"}
        self.assertEqual(missing, {"ike"})
        self.assertGreater(counts["opened"], 100)

    def test_the_acceptance_filters_say_the_same(self):
        sealed = frames(self.folder, "isakmp.typepayload == 46 or isakmp.typepayload == 53")
        opened = frames(self.folder, "isakmp.enc.icd and isakmp.enc.decrypted")
        self.assertEqual(sealed, opened)
        self.assertEqual(frames(self.folder, "_ws.malformed or esp.icv_bad == 1 or _ws.expert.message "
                                             'contains "Checksum Data is incorrect"'), [])
        # An ESP frame whose inner packet is none ends at "esp" or "esp:data".
        esp = [frame for frame in self.frames if ":esp" in frame.protocols]
        good = frames(self.folder, "esp.icv_good == 1")
        self.assertEqual([[frame.number] for frame in esp], good)
        self.assertGreater(len(esp), 100)
        empty = [frame for frame in esp if not re.search(r":esp:(ip|ipv6):", frame.protocols)]
        self.assertEqual(bool(empty), NAME in WITH_DUMMIES, empty[:3])

    def test_all_packets_look_alike_where_traffic_is_hidden(self):
        if NAME not in WITH_DUMMIES:
            return
        esp = frames(self.folder, 'ip.proto == 50 and frame.interface_name == "moon/wan"', "ip.len")
        # A tunnel's packet shows the length of its header, then that of the packet inside, if any.
        outer, inner = ({cells[0].split(",")[at] for cells in esp} for at in (0, -1))
        self.assertEqual(len(outer), 1, outer)
        self.assertGreater(len(inner), 3, inner)

    def test_it_shows_what_it_is_there_for(self):
        outer = SHOWN[NAME][2]
        self.assertEqual(len(frames(self.folder, f"esp and ({outer})")),
                         sum(":esp" in frame.protocols for frame in self.frames))

    def test_addresses_have_names_and_interfaces_too(self):
        done = subprocess.run(["capinfos", "-M", str(self.folder / "capture.pcapng")], capture_output=True,
                              text=True, timeout=60, check=True)
        for name in ("alice/eth0", "moon/lan", "moon/wan", "wan/lost", "sun/wan", "sun/lan", "bob/eth0"):
            self.assertIn(f"Name = {name}\n", done.stdout)
        self.assertRegex(done.stdout, r"Capture comment: +scenario " + NAME + r", seed 1, ikelab \d")
        self.assertRegex(done.stdout, r"Number of resolved IPv4 addresses in file: 6\n")
        self.assertRegex(done.stdout, r"Number of resolved IPv6 addresses in file: 6\n")
        self.assertRegex(done.stdout, r"Number of decryption secrets in file: 2\n")

    def test_lost_frames_and_repeated_ones_are_marked(self):
        lost = [frame.comment for frame in self.frames if frame.interface == "wan/lost"]
        self.assertEqual(len(lost), self.summary["links"]["wan"]["frames_lost"])
        self.assertEqual(set(lost), {"dropped: link wan lost it"})
        again = [frame for frame in self.frames if "retransmit" in frame.comment]
        self.assertEqual(len(again), self.summary["gateways"]["moon"]["retransmissions"])

    def test_one_packet_has_one_number_on_both_ends_of_a_link(self):
        seen = {}
        for frame in self.frames:
            if ":esp" in frame.protocols:
                seen.setdefault(frame.packet, []).append(frame.interface)
        self.assertTrue(seen)
        for number, names in seen.items():
            self.assertEqual(len(names), 2, f"packet {number} at {names}")
            self.assertIn(set(names) - {"wan/lost"}, ({"moon/wan", "sun/wan"}, {"moon/wan"}, {"sun/wan"}))

    def test_the_folder_is_whole(self):
        names = sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())
        profile = "wireshark/profiles/ikelab/"
        self.assertEqual([name for name in names if not name.startswith(profile)],
                         ["capture.pcapng", "charon.log", "events.jsonl", "exchanges.csv", "flows.csv", "gaps.csv",
                          "ladder.txt", "pings.csv", "sas.csv", "summary.json"])
        for name in ("esp_sa", "ikev2_decryption_table", "preferences"):
            self.assertIn(profile + name, names)
        self.assertEqual(os.listdir(self.above.name), ["run"])

    def test_events_are_in_the_order_of_time(self):
        events = [json.loads(line) for line in (self.folder / "events.jsonl").read_text().splitlines()]
        times = [event["t_ns"] for event in events]
        self.assertEqual(times, sorted(times))
        self.assertEqual(events[0]["event"], "run")
        words = {event["event"] for event in events}
        self.assertLessEqual({"message", "ike_sa_established", "child_sa_installed", "child_sa_removed",
                              "ike_sa_closed", "command", "frame_lost"}, words)
        lost = {event["packet_id"] for event in events if event["event"] == "frame_lost"}
        self.assertEqual(lost, {int(frame.packet) for frame in self.frames if frame.interface == "wan/lost"})

    def test_tables_say_what_the_summary_says(self):
        flows = {row["flow"]: row for row in self.table("flows")}
        for name, flow in self.summary["traffic"].items():
            self.assertEqual(int(flows[name]["received"]), flow["received"])
            self.assertEqual((flows[name]["scenario"], flows[name]["seed"]), (NAME, "1"))
        pings = [row for row in self.table("pings") if row["flow"] == "ping"]
        self.assertEqual(len(pings), 20)
        self.assertEqual(sum(row["rtt_ns"] != "" for row in pings), self.summary["traffic"]["ping"]["received"])
        for name in ("ping", "voice"):
            self.assertEqual(sum(int(row["packets"]) for row in self.table("gaps") if row["flow"] == name),
                             self.summary["traffic"][name]["lost"])
        exchanges = self.table("exchanges")
        self.assertEqual([(row["node"], row["exchange"], row["message_id"]) for row in exchanges],
                         [("moon", "IKE_SA_INIT", "0"), ("moon", "IKE_AUTH", "1"),
                          ("moon", "INFORMATIONAL", "2"), ("moon", "INFORMATIONAL", "3")])
        for row in exchanges:
            self.assertGreaterEqual(int(row["answered_ns"]) - int(row["sent_ns"]), 80_000_000)
        self.assertEqual(sum(int(row["retransmissions"]) for row in exchanges),
                         self.summary["gateways"]["moon"]["retransmissions"])
        sas = self.table("sas")
        self.assertEqual(sorted((row["node"], row["kind"]) for row in sas),
                         [("moon", "child"), ("moon", "ike"), ("sun", "child"), ("sun", "ike")])
        self.assertTrue(all(row["closed_ns"] for row in sas))

    def test_the_ladder_has_every_exchange_from_first_to_last(self):
        text = (self.folder / "ladder.txt").read_text()
        self.assertTrue(text.startswith(f"scenario {NAME}, seed 1, ikelab "))
        for needed in (r"-- IKE_SA_INIT request 0 \[ SA KE No .*-->\|", r"\|<--+ IKE_AUTH response 1 \[ IDr AUTH ",
                       r"\* CHILD_SA net installed", r"-- INFORMATIONAL request 2 \[ \] -",
                       r"-- INFORMATIONAL request 3 \[ D \] -", r"\* IKE_SA site closed: requested"):
            self.assertRegex(text, needed)
        for line in text.splitlines():
            self.assertEqual(line, line.rstrip())

    def test_the_log_is_what_charon_would_say(self):
        text = (self.folder / "charon.log").read_text()
        for needed in (r"moon \[ENC\] generating IKE_SA_INIT request 0 \[ SA KE No ",
                       r"sun \[CFG\] selected proposal: IKE:AES_",
                       r"moon \[IKE\] IKE_SA site\[1\] established between ",
                       r"moon \[IKE\] CHILD_SA net\{1\} established with SPIs [0-9a-f]{8}_i [0-9a-f]{8}_o and TS "):
            self.assertRegex(text, needed)

    def test_nothing_of_the_machine_is_in_it(self):
        for path in self.folder.rglob("*"):
            if path.is_file():
                octets = path.read_bytes()
                for word in (os.path.basename(self.above.name), "unfinished", str(HERE), os.path.expanduser("~/")):
                    self.assertFalse(word.encode() in octets, f"{word} in {path}")


class Seeds(unittest.TestCase):
    def test_claims_and_invariants_hold_whatever_the_line_loses(self):
        lost = set()
        for seed in SEEDS:
            with self.subTest(seed=seed), tempfile.TemporaryDirectory(prefix="ikelab-seed-") as above:
                folder = pathlib.Path(above) / "run"
                done = run(folder, seed)
                self.assertEqual(done.returncode, 0, f"seed {seed}:\n{done.stdout}{done.stderr}")
                summary = json.loads((folder / "summary.json").read_text())
                for invariant in summary["invariants"]:
                    self.assertTrue(invariant["checked"] and invariant["holds"], invariant)
                self.assertEqual({invariant["name"] for invariant in summary["invariants"]},
                                 {"no_leak", "sequence_once", "iv_once", "spi_once", "ends_agree"})
                lost.add(summary["links"]["wan"]["frames_lost"])
        self.assertGreater(len(lost), 1, "the seed does not reach the line")


if __name__ == "__main__":
    if shutil.which("tshark") is None or shutil.which("capinfos") is None:
        print("skipped: tshark is not installed")
        sys.exit(77)
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    NAME = sys.argv.pop(1)
    unittest.main(verbosity=1)
