#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Fuzzers start from the seeds that are committed, and one that finds something is a failure."""
import pathlib
import subprocess
import tempfile
import unittest

FUZZ = pathlib.Path(__file__).resolve().parent / "fuzz"


class Fuzz(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fuzz-")
        self.addCleanup(folder.cleanup)
        self.build = pathlib.Path(folder.name) / "build"
        self.seeds = pathlib.Path(folder.name) / "seeds"
        (self.build / "bin").mkdir(parents=True)
        self.seeds.mkdir()

    def fuzzer(self, name, status=0, seeds=("a",)):
        """A program that writes down its arguments, one a line."""
        path = self.build / "bin" / f"fuzz_{name}"
        path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >"$0.words"\nexit {status}\n')
        path.chmod(0o755)
        if seeds is not None:
            (self.seeds / name).mkdir()
            for seed in seeds:
                (self.seeds / name / seed).write_text(seed)

    def fuzz(self):
        done = subprocess.run([FUZZ, self.build, self.seeds], text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout

    def words(self, name):
        return (self.build / "bin" / f"fuzz_{name}.words").read_text().splitlines()

    def test_each_starts_from_its_seeds_and_writes_elsewhere(self):
        self.fuzzer("skf")
        self.fuzzer("payload")
        self.assertEqual(self.fuzz(), (0, "2 fuzzers ran\n"))
        for name in ("skf", "payload"):
            folders = [word for word in self.words(name) if not word.startswith("-")]
            # libFuzzer writes into the first, and reads all.
            self.assertEqual(folders, [str(self.build / "corpus" / f"fuzz_{name}"),
                                       str(self.seeds / name)])
            self.assertTrue(pathlib.Path(folders[0]).is_dir())

    def test_what_one_finds_is_a_failure_and_the_others_still_run(self):
        self.fuzzer("a", status=77)
        self.fuzzer("b")
        self.assertEqual(self.fuzz(), (1, "2 fuzzers ran\n"))

    def test_one_without_seeds_is_a_failure(self):
        for seeds in (None, ()):
            with self.subTest(seeds=seeds):
                self.setUp()
                self.fuzzer("skf", seeds=seeds)
                status, text = self.fuzz()
                self.assertEqual(status, 1)
                self.assertIn(f"no seeds in {self.seeds / 'skf'}", text)

    def test_no_fuzzer_at_all_is_a_failure(self):
        self.assertEqual(self.fuzz(), (1, "0 fuzzers ran\n"))


if __name__ == "__main__":
    unittest.main()
