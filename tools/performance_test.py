#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The table of tools/performance, from benchmarks that are not: nothing here measures anything."""
import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent / "performance"


def load():
    loader = importlib.machinery.SourceFileLoader("performance", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("performance", loader))
    loader.exec_module(module)
    return module


class Table(unittest.TestCase):
    BENCH = ("esp", "", "one packet", "ours_ns", "floor_ns", "ns")

    def test_a_row_has_both_figures_and_their_ratio(self):
        said = json.dumps({"benchmarks": [{"name": "Seal/64/iterations:3", "ours_ns": 310.04, "floor_ns": 272.0,
                                           "ratio": 1.1398}]})
        rows = load().rows_of(self.BENCH, said)
        self.assertEqual(rows, [("esp Seal/64", "one packet", "310.0 ns", "272.0 ns", "×1.14")])
        self.assertEqual(load().table(rows).splitlines()[-1],
                         "| esp Seal/64 | one packet | 310.0 ns | 272.0 ns | ×1.14 |")

    def test_of_several_runs_each_row_is_the_median_one(self):
        def run(first, second):
            return [("a", "", "1.0 us", "1.0 us", f"×{first}"), ("b", "", f"{second} octets", "-", "-")]
        rows = load().medians([run("1.50", "40.0"), run("1.40", "9.0"), run("10.00", "30.0")])
        self.assertEqual([row[4] for row in rows], ["×1.50", "-"])
        self.assertEqual(rows[1][2], "30.0 octets")
        self.assertEqual(load().medians([run("1.50", "1.0"), run("1.40", "2.0")])[0][4], "×1.40")
        with self.assertRaisesRegex(ValueError, "different names"):
            load().medians([run("1.50", "1.0"), run("1.40", "2.0")[::-1]])

    def test_what_has_no_floor_says_so(self):
        said = json.dumps({"benchmarks": [{"name": "Memory/10", "octets": 7.0}]})
        self.assertEqual(load().rows_of(("handshake", "", "kept", "octets", None, "octets"), said)[0][2:],
                         ("7.0 octets", "-", "-"))

    def test_a_benchmark_that_failed_gives_no_row(self):
        said = json.dumps({"benchmarks": [{"name": "Seal/64", "error_occurred": True, "error_message": "no key"}]})
        with self.assertRaisesRegex(ValueError, "esp Seal/64: no key"):
            load().rows_of(self.BENCH, said)


class Command(unittest.TestCase):
    def run_with(self, bench, *words):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder) / "bench"
            place.mkdir()
            if bench:
                program = place / "decode"
                program.write_text(bench)
                program.chmod(0o755)
            output = pathlib.Path(folder) / "new" / "table.md"
            done = subprocess.run([SCRIPT, "--build", folder, "--only", "decode", "-o", output, *words],
                                  stderr=subprocess.PIPE, text=True, check=False)
            return done, output.read_text() if output.exists() else None

    def test_a_file_with_commit_and_machine(self):
        said = json.dumps({"benchmarks": [{"name": "D/1", "ours_ns": 2, "floor_ns": 1, "ratio": 2}]})
        done, text = self.run_with(f"#!/bin/sh\necho '{said}'\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(text, r"Made by `tools/performance` at \S+.* on .+ cores\.")
        self.assertIn("| decode D/1 |", text)
        self.assertIn("of 3.", text)

    def test_as_many_processes_as_were_asked_for(self):
        said = json.dumps({"benchmarks": [{"name": "D/1", "ours_ns": 2, "floor_ns": 1, "ratio": 2}]})
        done, _ = self.run_with(f"#!/bin/sh\necho run >&2\necho '{said}'\n", "--runs", "2")
        self.assertEqual(done.stderr.count("run\n"), 2)
        self.assertEqual(self.run_with("#!/bin/sh\n", "--runs", "0")[0].returncode, 2)

    def test_a_benchmark_that_is_not_built(self):
        done, text = self.run_with(None)
        self.assertEqual((done.returncode, text), (2, None))
        self.assertIn("--target bench/decode", done.stderr)

    def test_a_benchmark_that_ends_badly_writes_nothing(self):
        done, text = self.run_with("#!/bin/sh\nexit 3\n")
        self.assertEqual((done.returncode, text), (1, None))
        self.assertIn("ended with 3", done.stderr)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[1:]])
