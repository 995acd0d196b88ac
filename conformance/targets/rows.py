# SPDX-License-Identifier: GPL-2.0-only
"""Rows of a test table: run those asked for, one line of outcome each, exit status for CTest."""
import argparse
import fnmatch
import pathlib
import shutil
import sys
import tempfile
import time
import traceback

from netns import LabError, LabUnavailable

SKIPPED = 77  # CTest's SKIP_RETURN_CODE


class RowFailed(AssertionError):
    """A claim of a row does not hold; the text says which."""


def expect(truth, claim, detail=""):
    if not truth:
        raise RowFailed(f"not so: {claim}" + (f" ({detail})" if detail != "" else ""))


def expect_equal(got, wanted, claim):
    expect(got == wanted, claim, f"wanted {wanted!r}, got {got!r}")


def arguments(description, binary=False):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", action="append", metavar="ROW",
                        help="row or pattern (shell style), may be repeated; default: all")
    parser.add_argument("--list", action="store_true", help="name the rows and end")
    parser.add_argument("-o", "--output", type=pathlib.Path,
                        help="keep logs and captures of every row here (default: of failed rows)")
    if binary:
        parser.add_argument("--ikelab", help="the binary under test (default: $IKELAB)")
    return parser


def run_rows(rows, options, require):
    """Run {name: function(folder)}; 0 all passed, 1 a row failed, 2 cannot begin, 77 skipped.

    @param require  raises LabUnavailable if the machine cannot run any row (skipped), another
                    LabError if the caller forgot something
    """
    patterns = options.only or ["*"]
    chosen = [name for name in rows if any(fnmatch.fnmatchcase(name, p) for p in patterns)]
    if not chosen:
        print(f"no row matches {' '.join(patterns)}; rows: {' '.join(rows)}", file=sys.stderr)
        return 2
    if options.list:
        print("\n".join(chosen))
        return 0
    try:
        require()
    except LabUnavailable as reason:
        print(f"SKIPPED: {reason}")
        return SKIPPED
    except LabError as reason:
        print(f"cannot begin: {reason}", file=sys.stderr)
        return 2
    output = options.output or pathlib.Path(tempfile.mkdtemp(prefix="ikelab-rows-"))
    failed = []
    for name in chosen:
        folder = output / name
        folder.mkdir(parents=True, exist_ok=True)
        start = time.monotonic()
        try:
            note = rows[name](folder) or ""
            verdict = "ok"
        except (RowFailed, LabError) as reason:
            verdict, note = "FAILED", str(reason)
        except Exception:  # a fault of the test itself is a failed row, and the next ones still run
            verdict, note = "FAILED", traceback.format_exc()
        if verdict != "ok":
            failed.append(name)
        print(f"{verdict:6} {name:28} {time.monotonic() - start:5.1f} s  {note}", flush=True)
    print(f"{len(chosen) - len(failed)} of {len(chosen)} rows passed")
    if failed:
        print(f"failed: {' '.join(failed)}; files in {output}", file=sys.stderr)
    elif not options.output:
        shutil.rmtree(output)
    return 1 if failed else 0

