#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Counts the tests in CTest's JUnit files, and names those that failed, each with the end of what it
printed, and those that did not run, each with its reason.

    test_report.py [--allow-skips] FOLDER    exit 1 if a test was skipped, unless that is allowed

FOLDER holds PART.xml; a part of which nothing ran is written into its file "not_run".

A reason that begins with "cannot run here:" names what the machine forbids (namespaces, /dev/net/tun):
nothing that could be installed would mend it, so it is listed, and is no failure.
"""
import argparse
import collections
import pathlib
import re
import sys
import xml.etree.ElementTree as ElementTree

FORBIDDEN = "cannot run here:"
FAILURES = 5  # that are shown with what they printed; of the others the names
LINES = 12  # of what a failed test printed, at its end


def reason(case):
    """Why a test did not run: its own words if it printed some, else CTest's."""
    printed = case.findtext("system-out") or ""
    said = re.search(r"^SKIPPED: *(.+)$", printed, re.MULTILINE)
    if said:
        return said.group(1)
    # GoogleTest: "file:line: Skipped", then the message, then "[  SKIPPED ] Suite.Name".
    said = re.search(r": Skipped\n(.*?)\n*\[  SKIPPED \]", printed, re.DOTALL)
    if said and said.group(1).strip():
        return " ".join(said.group(1).split())
    skipped = case.find("skipped")
    return (skipped.get("message") if skipped is not None else None) or "no reason given"


def did_not_run(case):
    return case.get("status") in ("notrun", "disabled") or case.find("skipped") is not None


def failed(case):
    return not did_not_run(case) and case.find("failure") is not None


def say_failures(tests):
    """Name those that failed: who has only the end of a log still sees what did, and how."""
    for i, (part, case) in enumerate((part, case) for part, case in tests if failed(case)):
        # The file does not tell a failure from a time-out: the time does.
        print(f"failed: {part}: {case.get('name')} after {float(case.get('time', 0)):.1f} s")
        if i < FAILURES:
            printed = (case.findtext("system-out") or "").rstrip().splitlines()
            for line in printed[-LINES:]:
                print(f"  | {line}")


def cases(folder):
    for path in sorted(pathlib.Path(folder).glob("*.xml")):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            yield path.stem, case


def count(tests):
    """Say what ran of each part; returns the parts of which nothing did."""
    parts = {}
    for part, case in tests:
        what = ("not run" if did_not_run(case) else
                "failed" if failed(case) else "passed")
        parts.setdefault(part, collections.Counter())[what] += 1
    for part, counts in parts.items():
        print(f"{part}: " + ", ".join(f"{counts[what]} {what}"
                                      for what in ("passed", "failed", "not run")))
    return [part for part, counts in parts.items() if not counts["passed"] + counts["failed"]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--allow-skips", action="store_true")
    parser.add_argument("folder")
    options = parser.parse_args()
    every = list(cases(options.folder))
    say_failures(every)
    empty = count(every)
    (pathlib.Path(options.folder) / "not_run").write_text("".join(f"{part}\n" for part in empty))
    skipped = [(part, case.get("name"), reason(case))
               for part, case in every if did_not_run(case)]
    forbidden = [test for test in skipped if test[2].startswith(FORBIDDEN)]
    found = [test for test in skipped if test not in forbidden]
    for title, tests in (("tests that this machine cannot run", forbidden),
                         ("skipped tests", found)):
        print(f"{title}: {len(tests)}")
        for part, name, why in tests:
            print(f"  {part}: {name}: {why}")
    if found and not options.allow_skips:
        print("a skipped test proves nothing: mend the reason, or give --allow-skips")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
