#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Let tshark judge a capture of IKEv2 and ESP: everything decrypts, every integrity check holds.

Our own codec must not be the only witness of what our own codec wrote. This program asks Wireshark's
dissectors, with the key tables of a profile folder, and holds:

  IKE  every frame with an SK or SKF payload was decrypted and its checksum data verifies;
  all  no frame is malformed, has a bad ICV, or checksum data that is incorrect;
  ESP  every frame with ESP has a good ICV and an inner packet (RFC 4303 dummies excepted).

ICMP errors that quote an IKE or ESP packet are not judged: the quotation is cut by design.

Exit code: 0 pass, 1 fail, 2 wrong usage or no tshark.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

FIELDS = (
    "frame.number",
    "frame.protocols",
    "isakmp.ispi",
    "isakmp.rspi",
    "isakmp.flag_i",
    "isakmp.typepayload",
    "isakmp.enc.icd",
    "isakmp.enc.decrypted",
    "isakmp.frag.number",
    "isakmp.frag.total",
    "isakmp.fragment.count",
    "esp.spi",
    "esp.icv_good",
    "esp.icv_bad",
    "esp.protocol",
    "esp.decrypted_data",
    "_ws.malformed",
    "_ws.expert.message",
)
# Neither occurs in a field that is read here.
SEPARATOR = "\t"
AGGREGATOR = ";"

PAYLOAD_SK = "46"
PAYLOAD_SKF = "53"
NEXT_IPV4 = 4
NEXT_IPV6 = 41
NEXT_NONE = 59  # RFC 4303 section 2.6: a dummy, to be discarded
BOGUS_VERSION = "Bogus IP"  # of an inner header that is none
BAD_CHECKSUM = "Checksum Data is incorrect"
# What tshark says to everybody and about nothing in the capture.
HARMLESS = re.compile(r"^(Running as user .* This could be dangerous\.|\s*)$")


class JudgeError(Exception):
    """The capture could not be judged at all."""


class Frame:
    """What tshark said about one frame."""

    def __init__(self, line):
        cells = line.split(SEPARATOR)
        if len(cells) != len(FIELDS):
            raise JudgeError(f"tshark gave {len(cells)} columns instead of {len(FIELDS)}: {line!r}")
        self._values = dict(zip(FIELDS, cells))
        self.number = int(self._values["frame.number"])
        self.layers = self._values["frame.protocols"].split(":")
        self.quoted = self._is_quotation()

    def all(self, field):
        text = self._values[field]
        return text.split(AGGREGATOR) if text else []

    def has(self, field):
        return bool(self._values[field])

    def _is_quotation(self):
        """An ICMP error outside any ESP, with the packet that caused it inside."""
        judged = [index for index, layer in enumerate(self.layers) if layer in ("esp", "isakmp")]
        return bool(judged) and bool({"icmp", "icmpv6"} & set(self.layers[:judged[0]]))

    @property
    def encrypted_ike(self):
        payloads = self.all("isakmp.typepayload")
        return "isakmp" in self.layers and (PAYLOAD_SK in payloads or PAYLOAD_SKF in payloads)

    @property
    def fragment(self):
        return "isakmp" in self.layers and PAYLOAD_SKF in self.all("isakmp.typepayload")

    @property
    def opened_ike(self):
        return self.has("isakmp.enc.icd") and self.has("isakmp.enc.decrypted")

    @property
    def reassembled(self):
        return self.has("isakmp.fragment.count")

    @property
    def esp(self):
        return "esp" in self.layers

    @property
    def good_icv(self):
        good = self.all("esp.icv_good")
        # One verdict for each ESP header: a packet may be protected twice.
        return bool(good) and len(good) == self.layers.count("esp") and set(good) <= {"1", "True"}

    @property
    def bad(self):
        if self.has("_ws.malformed"):
            return "malformed"
        if set(self.all("esp.icv_bad")) & {"1", "True"}:
            return "bad ESP ICV"
        if BAD_CHECKSUM in self._values["_ws.expert.message"]:
            return "IKE checksum data incorrect"
        return None

    def inner(self):
        """What the innermost ESP carries: v4, v6, dummy, transport, or None if nothing dissected."""
        after = self.layers[len(self.layers) - self.layers[::-1].index("esp"):]
        first = after[0] if after else None
        decrypted = self.all("esp.decrypted_data")
        if not decrypted or BOGUS_VERSION in self._values["_ws.expert.message"]:
            return None
        # The trailer's last octet; tshark shows esp.protocol only for protocols that it dissects.
        next_header = int(decrypted[-1][-2:], 16)
        if next_header == NEXT_NONE:
            return "dummy"
        if next_header == NEXT_IPV4:
            return "v4" if first == "ip" else None
        if next_header == NEXT_IPV6:
            return "v6" if first == "ipv6" else None
        return "transport" if self.all("esp.protocol") and first not in (None, "data") else None


def run_tshark(capture, config_dir, profile, tshark, display_filter=None, extra=()):
    """Rows of FIELDS for each frame; JudgeError if tshark complains about file or tables."""
    environment = dict(os.environ, LC_ALL="C.UTF-8")
    command = [tshark, "-n", "-r", capture]
    if config_dir:
        environment["WIRESHARK_CONFIG_DIR"] = os.path.abspath(config_dir)
        command += ["-C", profile]
    command += list(extra)
    if display_filter:
        command += ["-Y", display_filter]
    command += ["-T", "fields", "-E", "separator=/t", "-E", f"aggregator={AGGREGATOR}", "-E", "occurrence=a"]
    for field in FIELDS:
        command += ["-e", field]
    try:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace",
                              check=False)
    except OSError as error:
        raise JudgeError(f"cannot run {tshark}: {error.strerror}") from error
    complaints = [line for line in done.stderr.splitlines() if not HARMLESS.match(line)]
    if done.returncode != 0 or complaints:
        raise JudgeError("tshark: " + ("\n        ".join(complaints) or f"exit code {done.returncode}"))
    return [Frame(line) for line in done.stdout.splitlines() if line]


def judge(capture, config_dir, options):
    """(counts, failures): what was found, and every claim that does not hold, in words."""
    frames = run_tshark(capture, config_dir, options.profile, options.tshark)
    excepted = set()
    if options.exclude:
        chosen = run_tshark(capture, config_dir, options.profile, options.tshark, options.exclude)
        excepted = {frame.number for frame in chosen}
    judged = [frame for frame in frames if not frame.quoted and frame.number not in excepted]

    ike = [frame for frame in judged if "isakmp" in frame.layers]
    encrypted = [frame for frame in judged if frame.encrypted_ike]
    opened = [frame for frame in encrypted if frame.opened_ike]
    fragments = [frame for frame in judged if frame.fragment]
    reassembled = [frame for frame in judged if frame.reassembled]
    esp = [frame for frame in judged if frame.esp]
    good = [frame for frame in esp if frame.good_icv]
    inner = {frame.number: frame.inner() for frame in esp}
    wanted = {"v4": {"v4"}, "v6": {"v6"}, "any": {"v4", "v6"}, "transport": {"v4", "v6", "transport"}}
    accepted = wanted[options.inner] | {"dummy"}
    with_inner = [frame for frame in esp if inner[frame.number] in accepted]
    packets = [frame for frame in with_inner if inner[frame.number] != "dummy"]
    bad = {frame.number: frame.bad for frame in judged if frame.bad}

    counts = {
        "frames": len(frames),
        "frames not judged (quoted in ICMP)": sum(frame.quoted for frame in frames),
        "frames not judged (excluded)": len(excepted),
        "IKE messages": len(ike),
        "IKE with SK or SKF": len(encrypted),
        "IKE decrypted and checked": len(opened),
        "IKE fragments (SKF)": len(fragments),
        "IKE reassembled from fragments": len(reassembled),
        "ESP packets": len(esp),
        "ESP with good ICV": len(good),
        "ESP with inner packet": len(packets),
        "ESP dummies": len(with_inner) - len(packets),
        "bad frames": len(bad),
    }
    failures = []

    def claim(holds, text, culprits=()):
        if not holds:
            listed = ", ".join(str(number) for number in list(culprits)[:10])
            failures.append(text + (f" (frame {listed})" if listed else ""))

    def missing(all_frames, fine):
        numbers = {frame.number for frame in fine}
        return [frame.number for frame in all_frames if frame.number not in numbers]

    claim(len(encrypted) == len(opened), "an SK or SKF payload was not decrypted or not checked",
          missing(encrypted, opened))
    claim(len(encrypted) >= options.min_ike,
          f"{len(encrypted)} IKE messages with SK or SKF, {options.min_ike} wanted")
    for reason in sorted(set(bad.values())):
        claim(False, reason, [number for number, why in bad.items() if why == reason])
    claim(len(esp) == len(good), "an ESP packet without a good ICV", missing(esp, good))
    claim(len(esp) == len(with_inner), f"an ESP packet without an inner packet ({options.inner})",
          missing(esp, with_inner))
    minimum = max(options.min_esp, 1 if options.expect_esp else 0)
    claim(len(packets) >= minimum, f"{len(packets)} ESP packets with an inner packet, {minimum} wanted")
    if options.expect_fragments:
        claim(fragments, "no IKE fragment (SKF) at all")
        claim(reassembled, "no IKE message was reassembled from fragments")
    claim(encrypted or esp, "nothing encrypted in this capture: there is nothing to judge")
    return counts, failures


def flip_hex(text):
    """The same key with the top bit of its first octet changed (the lowest is only parity in DES keys)."""
    prefix = "0x" if text.startswith("0x") else ""
    digits = text[len(prefix):]
    return f"{prefix}{int(digits[:2], 16) ^ 0x80:02x}{digits[2:]}"


def split_row(line):
    """The cells of a table line, quotes kept; algorithm names hold no quotes or commas."""
    return line.rstrip("\n").split(",")


def spi_of(text):
    """An SPI as a number, whatever its spelling."""
    return int(text.strip('"').removeprefix("0x").replace(":", ""), 16)


def used_keys(table, lines, frames):
    """(line index, column, what) of each key that some frame needs: spoiling another proves nothing."""
    esp_spis = {spi_of(value) for frame in frames for value in frame.all("esp.spi")}
    ike_spis = {(spi_of(frame.all("isakmp.ispi")[0]), spi_of(frame.all("isakmp.rspi")[0]),
                 frame.all("isakmp.flag_i")[0] in ("1", "True"))
                for frame in frames if frame.encrypted_ike}
    for index, line in enumerate(lines):
        if not line.strip() or line.startswith("#"):
            continue
        cells = split_row(line)
        if table == "esp_sa":
            columns = [(5, "encryption key"), (7, "integrity key")] if spi_of(cells[3]) in esp_spis else []
        else:
            columns = []
            for from_initiator, keys in ((True, [(2, "SK_ei"), (5, "SK_ai")]), (False, [(3, "SK_er"), (6, "SK_ar")])):
                if (spi_of(cells[0]), spi_of(cells[1]), from_initiator) in ike_spis:
                    columns += keys
        for column, what in columns:
            if re.fullmatch(r'"?(0x)?[0-9a-fA-F]{2,}"?', cells[column]):
                yield index, column, what


def self_test(capture, config_dir, options):
    """Spoil one octet of one key of each kind in turn: each time the judge must fail. True if it does."""
    frames = run_tshark(capture, config_dir, options.profile, options.tshark)
    out = sys.stderr if options.json else sys.stdout
    fine = True
    tried = set()
    for table in ("ikev2_decryption_table", "esp_sa"):
        path = os.path.join(config_dir, "profiles", options.profile, table)
        if not os.path.exists(path):
            continue  # a capture may need one table only
        with open(path, encoding="utf-8") as file:
            lines = file.readlines()
        for index, column, what in used_keys(table, lines, frames):
            if what in tried:
                continue
            tried.add(what)
            cells = split_row(lines[index])
            quote = '"' if cells[column].startswith('"') else ""
            cells[column] = quote + flip_hex(cells[column].strip('"')) + quote
            with tempfile.TemporaryDirectory(prefix="ikelab-judge-") as copy:
                shutil.copytree(config_dir, copy, dirs_exist_ok=True, ignore=ignore_captures)
                with open(os.path.join(copy, "profiles", options.profile, table), "w", encoding="utf-8") as file:
                    file.writelines(lines[:index] + [",".join(cells) + "\n"] + lines[index + 1:])
                _, failures = judge(capture, copy, options)
            print(f"  {table} line {index + 1}, {what} spoiled: "
                  f"{'fails as it must: ' + failures[0] if failures else 'STILL PASSES'}", file=out)
            fine = fine and bool(failures)
    if not tried:
        print("  no key of this capture is in the tables: nothing was spoiled", file=out)
    return fine and bool(tried)


def ignore_captures(_, names):
    return [name for name in names if name.endswith((".pcap", ".pcapng"))]


def print_report(capture, counts, failures):
    print(f"tshark judge: {capture}")
    for name, count in counts.items():
        print(f"  {name:<36}{count:>8}")
    for failure in failures:
        print(f"  FAILED: {failure}")
    print("PASS" if not failures else "FAIL")


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0],
                                     epilog="exit code: 0 pass, 1 fail, 2 wrong usage or no tshark")
    parser.add_argument("capture", help="pcap or pcapng file")
    parser.add_argument("--config-dir", required=True,
                        help="folder that holds profiles/PROFILE/ with the key tables")
    parser.add_argument("--profile", default="ikelab")
    parser.add_argument("--expect-esp", action="store_true", help="fail if there is no ESP packet")
    parser.add_argument("--min-ike", type=int, default=0, metavar="N", help="encrypted IKE messages at least")
    parser.add_argument("--min-esp", type=int, default=0, metavar="N", help="ESP packets with content at least")
    parser.add_argument("--expect-fragments", action="store_true",
                        help="fail unless IKE fragments were seen and reassembled")
    parser.add_argument("--inner", choices=("v4", "v6", "any", "transport"), default="any",
                        help="what ESP must carry: IPv4, IPv6, either, or also transport mode (default: any)")
    parser.add_argument("--exclude", metavar="FILTER",
                        help="do not judge frames that this display filter shows (an attacker's, say)")
    parser.add_argument("--self-test-negative", action="store_true",
                        help="also spoil one octet of a key of each kind and require the judge to fail")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--tshark", default="tshark", help="the tshark to ask (default: from PATH)")
    return parser.parse_args(arguments)


def main(arguments=None):
    options = parse_arguments(arguments)
    profile = os.path.join(options.config_dir, "profiles", options.profile)
    for path in (options.capture, profile):
        if not os.path.exists(path):
            print(f"tshark_judge: {path} does not exist", file=sys.stderr)
            return 2
    try:
        counts, failures = judge(options.capture, options.config_dir, options)
        if options.json:
            print(json.dumps({"capture": options.capture, "counts": counts, "failures": failures,
                              "verdict": "fail" if failures else "pass"}))
        else:
            print_report(options.capture, counts, failures)
        if options.self_test_negative and not failures:
            print("spoiling keys:", file=sys.stderr if options.json else sys.stdout)
            if not self_test(options.capture, options.config_dir, options):
                print("FAIL: a spoiled key was not noticed", file=sys.stderr)
                return 1
    except JudgeError as error:
        print(f"tshark_judge: {error}", file=sys.stderr)
        return 2
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
