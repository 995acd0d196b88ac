#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""ikelab doctor on this machine and on what it is made to look like.

    doctor_test.py PROGRAM ns3|without [TEST...]
"""
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
NS3 = True
IDS = ["ns-3", "scenarios", "openssl", "rights", "tun", "ports", "clock", "namespaces", "lab",
       "strongswan", "tshark", "python3", "xfrm"]


def run(*words, path=None):
    environment = {**os.environ, **({} if path is None else {"PATH": str(path)})}
    return subprocess.run([PROGRAM, "doctor", *words], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          env=environment, check=False)


def findings(*words, path=None):
    done = run("--json", *words, path=path)
    return {finding["id"]: finding for finding in json.loads(done.stdout)["findings"]}


class Doctor(unittest.TestCase):
    def test_the_lines_say_all_that_the_json_says(self):
        lines, done = run(), run("--json")
        self.assertEqual((lines.stderr, done.stderr), ("", ""))
        self.assertEqual(lines.returncode, done.returncode)
        answer = json.loads(done.stdout)
        self.assertEqual(list(answer), ["version", "for", "fit", "findings"])
        self.assertEqual(answer["for"], ["run"])
        self.assertEqual([finding["id"] for finding in answer["findings"]], IDS)
        for finding in answer["findings"]:
            self.assertIn(finding["health"], ("ok", "missing", "note"))
            self.assertRegex(lines.stdout, rf"(?m)^{finding['health']} +{finding['id']} ")
            self.assertIn(finding["why"], lines.stdout)
            self.assertTrue(finding["remedy"] or finding["health"] != "missing", finding)
            for purpose in finding["needed_for"]:
                self.assertIn(purpose, ("run", "endpoint", "interop", "judge"))

    def test_this_machine_simulates_if_the_program_can(self):
        done = run()
        self.assertEqual(done.returncode, 0 if NS3 else 1, done.stdout)
        self.assertEqual(findings()["ns-3"]["health"], "ok" if NS3 else "missing")
        self.assertTrue(done.stdout.endswith(
            "everything is there for run\n" if NS3 else "something is missing for run\n"))
        self.assertEqual(findings()["openssl"]["health"], "ok")

    def test_without_tshark_only_the_judge_is_unfit(self):
        with tempfile.TemporaryDirectory() as empty:
            for path in (empty, ""):
                finding = findings(path=path)["tshark"]
                self.assertEqual(finding["health"], "missing")
                self.assertEqual(finding["found"], "not in PATH")
                self.assertEqual(finding["remedy"], "sudo apt-get install tshark")
                self.assertEqual(finding["needed_for"], ["judge"])
                self.assertEqual(run("--for", "judge", path=path).returncode, 1)
                self.assertEqual(run(path=path).returncode, run().returncode)

    def test_the_tshark_in_the_path_is_asked(self):
        with tempfile.TemporaryDirectory(prefix="it's ") as folder:
            tshark = pathlib.Path(folder, "tshark")
            tshark.write_text("#!/bin/sh\necho 'TShark (Wireshark) 4.6.9 (packaged)'\n")
            tshark.chmod(0o755)
            finding = findings(path=folder)["tshark"]
            self.assertIn(f"4.6.9 ({tshark})", finding["found"])
            self.assertIn("chacha20poly1305", finding["found"])
            self.assertEqual(run("--for", "judge", path=folder).returncode, 0)
            tshark.write_text("#!/bin/sh\nexit 1\n")
            self.assertIn("of unknown version", findings(path=folder)["tshark"]["found"])

    def test_several_purposes_must_all_work(self):
        with tempfile.TemporaryDirectory() as empty:
            done = run("--for", "judge", "--for", "run", "--json", path=empty)
            answer = json.loads(done.stdout)
            self.assertEqual((answer["for"], answer["fit"]), (["judge", "run"], False))
            self.assertEqual(done.returncode, 1)

    def test_whoever_has_the_port_is_named(self):
        holder = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(holder.close)
        try:
            holder.bind(("127.0.0.77", 4500))
        except OSError:
            return  # not our machine's fault: the table and the verdict have unit tests
        finding = findings()["ports"]
        self.assertEqual(finding["health"], "missing")
        self.assertIn(f"UDP 127.0.0.77[4500] by python3, process {os.getpid()}", finding["found"])
        self.assertEqual(run("--for", "endpoint").returncode, 1)

    def test_an_unknown_purpose_is_wrong_usage(self):
        done = run("--for", "endpont")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('unknown purpose "endpont"', done.stderr)
        self.assertIn('did you mean "endpoint"?', done.stderr)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    NS3 = sys.argv.pop(1) == "ns3"
    unittest.main(verbosity=1)
