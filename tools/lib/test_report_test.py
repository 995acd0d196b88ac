#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The report names what failed, and fails itself for skipped tests that could be mended, only for those."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

REPORT = pathlib.Path(__file__).resolve().parent / "test_report.py"
PASSED = '<testcase name="base.A" status="run"><system-out>fine</system-out></testcase>'
FAILED = ('<testcase name="base.B" time="1.96" status="fail"><failure/>'
          '<system-out>SKIPPED: not at the end</system-out></testcase>')


def skipped(name, output):
    return (f'<testcase name="{name}" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
            f'<system-out>{output}</system-out></testcase>')


class Report(unittest.TestCase):
    def report(self, *cases, options=()):
        """(exit status, what it printed) over one JUnit file with these cases."""
        with tempfile.TemporaryDirectory(prefix="test-report-") as folder:
            (pathlib.Path(folder) / "interop.xml").write_text(
                "<testsuite>" + "".join(cases) + "</testsuite>")
            (pathlib.Path(folder) / "default.xml").write_text("<testsuite>" + PASSED + "</testsuite>")
            done = subprocess.run([sys.executable, REPORT, *options, folder], text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.not_run = (pathlib.Path(folder) / "not_run").read_text()
        return done.returncode, done.stdout

    def test_says_nothing_of_what_ran(self):
        status, text = self.report(PASSED, FAILED)
        self.assertEqual(status, 0, text)
        self.assertIn("skipped tests: 0", text)
        self.assertIn("tests that this machine cannot run: 0", text)

    def test_names_what_failed_with_the_end_of_what_it_printed(self):
        self.assertNotIn("failed: ", self.report(PASSED)[1])
        long = FAILED.replace("SKIPPED: not at the end", "\n".join(f"line {i}." for i in range(100)))
        status, text = self.report(FAILED, long.replace("base.B", "base.C"), PASSED)
        self.assertEqual(status, 0, text)
        self.assertIn("failed: interop: base.B after 2.0 s\n  | SKIPPED: not at the end\nfailed: interop: base.C ", text)
        self.assertIn("  | line 99.\n", text)
        self.assertIn("interop: 1 passed, 2 failed, 0 not run\n", text)
        self.assertLess(len(text.splitlines()), 30)
        many = [FAILED.replace("base.B", f"base.{i}") for i in range(20)]
        self.assertIn("failed: interop: base.19 ", self.report(*many)[1])
        self.assertEqual(self.report(*many)[1].count("  | "), 5)

    def test_a_missing_program_is_a_failure_unless_allowed(self):
        case = skipped("interop.lab", "SKIPPED: tcpdump is missing: run tools/setup\n")
        status, text = self.report(PASSED, case)
        self.assertEqual(status, 1, text)
        self.assertIn("interop: interop.lab: tcpdump is missing", text)
        self.assertEqual(self.report(case, options=["--allow-skips"])[0], 0)

    def test_what_the_machine_forbids_is_listed_and_is_no_failure(self):
        status, text = self.report(
            PASSED, skipped("interop.lab", "SKIPPED: cannot run here: no network namespaces\n"))
        self.assertEqual(status, 0, text)
        self.assertIn("tests that this machine cannot run: 1\n  interop: interop.lab: cannot run",
                      text)

        self.assertIn("interop: 1 passed, 0 failed, 1 not run", text)
        self.assertEqual(self.not_run, "")

    def test_a_part_of_which_nothing_ran_has_not_passed(self):
        status, text = self.report(
            skipped("interop.lab", "SKIPPED: cannot run here: no network namespaces\n"))
        self.assertEqual(status, 0, text)
        self.assertIn("default: 1 passed, 0 failed, 0 not run\n"
                      "interop: 0 passed, 0 failed, 1 not run\n", text)
        self.assertEqual(self.not_run, "interop\n")

    def test_one_forbidden_test_excuses_no_other(self):
        status, text = self.report(
            skipped("interop.lab", "SKIPPED: cannot run here: no network namespaces\n"),
            skipped("io.Raw", "x_test.cc:9: Skipped\nno privilege\n\n[  SKIPPED ] io.Raw (0 ms)\n"))
        self.assertEqual(status, 1, text)
        self.assertIn("io.Raw: no privilege", text)

    def test_a_skip_without_a_reason_is_a_failure(self):
        self.assertEqual(self.report(skipped("interop.lab", "nothing said"))[0], 1)


if __name__ == "__main__":
    unittest.main()
