#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`ikelab pcap` as its user meets it: wrong keys, wrong files, wrong tables, output that ends early.

What it reads in good captures is the business of pcap_captures_test.py.

    pcap_test.py PROGRAM [TEST...]
"""
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
CAPTURES = pathlib.Path(__file__).resolve().parents[2] / "conformance" / "vectors" / "captures"
GCM = CAPTURES / "wireshark-ikev2-gcm256"
LONG = CAPTURES / "charon-cbc256"
ESP = CAPTURES / "wireshark-esp-cbc128"
SECONDS = 60


def run(*words, **options):
    return subprocess.run([PROGRAM, "pcap", *map(str, words)], stdin=subprocess.DEVNULL, text=True,
                          stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE,
                          timeout=SECONDS, check=False, **options)


def capture_in(folder):
    found, = folder.glob("capture.pcap*")
    return found


def table_in(folder):
    found, = (path for path in (folder / "profiles" / "ikelab").iterdir()
              if path.name in ("esp_sa", "ikev2_decryption_table"))
    return found


class PcapTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def write(self, name, content):
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def refuse_all(self, *words):
        """The lines that are said about wrong input."""
        done = run(*words)
        self.assertEqual((done.returncode, done.stdout), (2, ""), done.stderr)
        lines = done.stderr.splitlines()
        for line in lines:
            self.assertTrue(line.startswith("ikelab: "), line)
        return [line.removeprefix("ikelab: ") for line in lines]

    def refuse(self, *words):
        """The one line that is said."""
        line, = self.refuse_all(*words)
        return line


def counts(done):
    summary = json.loads(done.stdout.splitlines()[-1])["summary"]
    return {kind: count for kind, count in summary.items() if count and kind != "cut_short"}


class WrongKeys(PcapTest):
    """One octet of one key: what it opened opens no more, and everything else does."""

    def spoiled(self, folder, column, octet):
        """The counts with one octet of that column of the first row turned, and the status."""
        rows = table_in(folder).read_text().splitlines()
        columns = rows[0].split(",")
        key = columns[column].strip('"').removeprefix("0x")
        at = 2 * (octet % (len(key) // 2))
        turned = key[:at] + f"{int(key[at:at + 2], 16) ^ 0x10:02x}" + key[at + 2:]
        columns[column] = columns[column].replace(key, turned)
        table = self.write("table", "\n".join([",".join(columns), *rows[1:]]) + "\n")
        done = run("--json", capture_in(folder), "--keys", table)
        self.assertEqual(done.stderr, "")
        wrong = [packet for packet in map(json.loads, done.stdout.splitlines()[:-1])
                 if packet["protection"] == "ICV wrong"]
        for packet in wrong:
            self.assertIn("ICV does not verify", json.dumps(packet["layers"]))
        return done.returncode, counts(done)

    def test_aead(self):
        for column in (2, 3):
            for octet in (0, 17, -1):  # the last one is of the salt
                self.assertEqual(self.spoiled(GCM, column, octet),
                                 (1, {"clear": 2, "opened": 2, "ICV wrong": 2}))

    def test_integrity_key(self):
        for name, wrong, opened in (("wireshark-ikev2-3des", 2, 2), ("wireshark-ikev2-ctr192", 2, 2),
                                    ("wireshark-ikev2-cbc256", 1, 1)):
            for column in (5, 6):
                self.assertEqual(self.spoiled(CAPTURES / name, column, 3),
                                 (1, {"clear": 2, "opened": opened, "ICV wrong": wrong}), name)

    def test_encryption_key_beside_a_good_integrity_key(self):
        """The ICV is over the ciphertext, so it is the text that tells."""
        for name in ("wireshark-ikev2-3des", "wireshark-ikev2-cbc256"):
            status, seen = self.spoiled(CAPTURES / name, 2, 3)
            self.assertEqual((status, seen.get("ICV wrong", 0)), (1, 0), name)
            self.assertGreaterEqual(seen["malformed"], 1, name)

    def test_esp(self):
        self.assertEqual(self.spoiled(ESP, 7, 3), (1, {"opened": 3, "ICV wrong": 3}))
        self.assertEqual(self.spoiled(ESP, 5, 3), (1, {"opened": 3, "malformed": 3}))

    def test_every_key_at_once(self):
        row = table_in(GCM).read_text()
        keys = re.findall(r"\b[0-9a-f]{72}\b", row)
        self.assertEqual(len(keys), 2)
        for key in keys:
            row = row.replace(key, key[::-1])
        done = run(capture_in(GCM), "--keys", self.write("table", row))
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.count("(ICV wrong: "), 4)
        self.assertTrue(done.stdout.endswith("IKE and ESP: 2 clear, 4 ICV wrong; 0 other packets\n"),
                        done.stdout)

    def test_a_stale_row_hides_no_right_one(self):
        """In whatever order they come: SPIs are used again, and tables are appended to."""
        for folder, name, key in ((GCM, "ikev2_decryption_table", "647075bf"),
                                  (ESP, "esp_sa", "51c9213c")):
            right = table_in(folder)
            self.assertEqual(right.name, name)
            wrong = self.write("wrong", right.read_text().replace(key, "00000000"))
            self.assertEqual(run(capture_in(folder), "-k", wrong).returncode, 1)
            for tables in ((wrong, right), (right, wrong)):
                done = run("--json", capture_in(folder), *(f"-k{table}" for table in tables))
                self.assertEqual(done.returncode, 0, tables)
                self.assertIn(f"{right}:", done.stdout)


class Tables(PcapTest):
    """Rows in the forms that others write."""

    def test_rows_of_strongswans_save_keys_plugin(self):
        folder = CAPTURES / "charon-gcm128"
        place = folder / "profiles" / "ikelab"
        rows = (place / "esp_sa").read_text()
        self.assertIn('"AES-GCM with 16 octet ICV [RFC4106]"', rows)
        rows = rows.replace(" with 16 octet ICV", "").replace(
            '"NULL",""', '"ANY 128 bit authentication [no checking]","0x"')
        done = run("--json", capture_in(folder), "--keys", place / "ikev2_decryption_table",
                   "--keys", self.write("esp_sa", rows))
        self.assertEqual((done.returncode, done.stderr, counts(done)),
                         (0, "", {"clear": 2, "opened": 46, "other": 9}))

    def test_address_blocks(self):
        rows = table_in(ESP).read_text()
        for block in ("192.168.0.0/24", "192.168.*.*", "0.0.0.0/0"):
            wide = re.sub(r'"192\.168\.[0-9.]*"', f'"{block}"', rows)
            done = run("--json", capture_in(ESP), "--keys", self.write("esp_sa", wide))
            self.assertEqual((done.returncode, counts(done)), (0, {"opened": 6}), done.stderr)


class WrongFiles(PcapTest):
    def test_no_capture(self):
        for path, said in ((self.folder / "none", "cannot open .*: No such file or directory"),
                           (self.folder, "cannot read .*: Is a directory"),
                           (self.write("empty", b""), "is no capture: "),
                           (self.write("text", "This is a line of text, and no capture.\n"),
                            "is no capture: "),
                           (self.write("head", capture_in(GCM).read_bytes()[:23]), "is no capture: "),
                           ("/dev/zero", "cannot read /dev/zero: ")):
            with self.subTest(path=path):
                line = self.refuse(path)
                self.assertRegex(line, said)
                self.assertIn(str(path), line)

    def test_no_keys(self):
        capture = capture_in(GCM)
        for path, said in ((self.folder / "none", "cannot open .*: No such file or directory"),
                           (self.folder, "no key tables here; expected ikev2_decryption_table or"),
                           (capture, ":1: "),
                           ("/dev/zero", "cannot read /dev/zero: ")):
            with self.subTest(path=path):
                line = self.refuse_all(capture, "--keys", path)[0]
                self.assertRegex(line, said)
                self.assertIn(str(path), line)

    def test_a_wrong_row_is_told_by_file_and_line(self):
        good = table_in(GCM).read_text()
        esp = table_in(ESP).read_text()
        for broken, said in (
                (good.replace("AES-GCM-256", "AES-GCM-257"), "unknown encryption algorithm"),
                (good.replace("647075bf", "647075b"), "SK_ei is no even number of hex"),
                (good.replace("647075bf", ""), "the keys of the two directions differ in length"),
                (good.replace("0158b8fb90b7623d", "moon"), "the first two columns are the SPIs"),
                (good.replace('"NONE [RFC4306]"', '"HMAC_SHA1_96 [RFC2404]"'), "beside an AEAD"),
                (good.replace('"NONE', "NONE"), "a quotation mark is missing"),
                (good[:60], "columns, expected 8"),
                (esp.replace('"0x070883c2"', '"0x070883c2c2"'), "is no SPI"),
                (esp.replace("192.168.0.1\"", "192.168.0.256\""), "is no IPv4 address"),
                (esp.replace("HMAC-SHA-1-96", "HMAC-SHA-3-96"), "unknown integrity algorithm")):
            with self.subTest(said=said):
                self.assertNotIn(broken, (good, esp))
                table = self.write("table", "# two lines before\n\n" + broken)
                line = self.refuse_all(capture_in(GCM), "--keys", table)[0]
                self.assertTrue(line.startswith(f"{table}:3: "), line)
                self.assertIn(said, line)
                for key in ("47075bf167447a1c8683e8", "5de1a4c2c72662c9"):
                    self.assertNotIn(key, line, "keys are not repeated")

    def test_every_wrong_row_of_a_table_is_told(self):
        good = table_in(ESP).read_text()
        table = self.write("table", "moon\n" + good + "sun\n")
        lines = self.refuse_all(capture_in(ESP), "--keys", table, "--keys", self.folder / "none")
        self.assertEqual(len(lines), 3, lines)
        self.assertTrue(lines[0].startswith(f"{table}:1: "), lines[0])
        self.assertTrue(lines[1].startswith(f"{table}:{good.count(chr(10)) + 2}: "), lines[1])
        self.assertIn("No such file", lines[2])
        lines = self.refuse_all(capture_in(ESP), "--keys", self.write("table", "moon\n" * 1000))
        self.assertEqual((len(lines), lines[-1]), (21, "980 more rows cannot be read"))

    def test_a_wrong_row_in_the_capture_itself_is_a_warning(self):
        octets = capture_in(ESP).read_bytes()
        rows = ("moon\n" + table_in(ESP).read_text()).encode()
        rows += b"\n" * (-len(rows) % 4)
        length = 20 + len(rows)
        block = struct.pack("<IIII", 10, length, 0x45535053, len(rows)) + rows
        at, = struct.unpack_from("<I", octets, 4)  # behind the section header
        capture = self.write("secrets.pcapng",
                             octets[:at] + block + struct.pack("<I", length) + octets[at:])
        done = run("--json", capture)
        self.assertEqual((done.returncode, counts(done)), (0, {"opened": 6}))
        line, = done.stderr.splitlines()
        self.assertIn(f"{capture} (secrets block):1: ", line)

    def test_wrong_usage(self):
        for words in ([], ["--bogus"], [capture_in(GCM), "--keys"], [capture_in(GCM), "--port", "70000"],
                      [capture_in(GCM), "--port", "ike"], [capture_in(GCM), capture_in(ESP)]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertNotEqual(done.stderr, "", words)

    def test_help(self):
        done = run("--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for word in ("--keys", "--json", "--port", "Exit status"):
            self.assertIn(word, done.stdout)


class CutShort(PcapTest):
    def test_what_came_before_is_shown(self):
        for folder, packets in ((GCM, 6), (ESP, 6)):
            with self.subTest(capture=folder.name):
                octets = capture_in(folder).read_bytes()
                whole = run("--json", capture_in(folder), "--keys", folder)
                cut = self.write("cut", octets[:-20])
                done = run("--json", cut, "--keys", folder)
                self.assertEqual(done.returncode, 1)
                self.assertIs(json.loads(done.stdout.splitlines()[-1])["summary"]["cut_short"], True)
                self.assertRegex(done.stderr, rf"^ikelab: {cut}: reading ended early: .*\n$")
                self.assertEqual(done.stdout.splitlines()[:-1],
                                 whole.stdout.splitlines()[:packets - 1])
                self.assertEqual(sum(counts(done).values()), packets - 1)

    def test_a_snapshot_length_is_told(self):
        """Frames of which tcpdump kept 60 octets: what is missing is said, and no more."""
        octets = capture_in(GCM).read_bytes()
        made, at = octets[:24], 24
        while at < len(octets):
            kept, = struct.unpack_from("<I", octets, at + 8)
            head = bytearray(octets[at:at + 16])
            struct.pack_into("<I", head, 8, min(kept, 60))
            made += bytes(head) + octets[at + 16:at + 16 + min(kept, 60)]
            at += 16 + kept
        done = run(self.write("short", made), "--keys", GCM)
        self.assertEqual(done.returncode, 0, "nobody can say that they are wrong")
        self.assertEqual(done.stdout.count("UDP (cut: only 60 of "), 6, done.stdout)
        self.assertIn("IKE and ESP: 6 cut; 0 other packets\n", done.stdout)

    def test_a_wrong_icv_stays_one_where_only_padding_was_cut(self):
        """The frame check sequence was on the wire and is not in the file: no excuse for the ICV."""
        octets = bytearray(capture_in(GCM).read_bytes())
        at = 24
        while at < len(octets):
            kept, = struct.unpack_from("<I", octets, at + 8)
            struct.pack_into("<I", octets, at + 12, kept + 4)
            octets[at + 15 + kept] ^= 1
            at += 16 + kept
        done = run("--json", self.write("spoiled", bytes(octets)), "--keys", GCM)
        self.assertEqual((done.returncode, counts(done)), (1, {"clear": 2, "ICV wrong": 4}))

    def test_fragments_without_the_rest_are_listed(self):
        octets = capture_in(GCM).read_bytes()
        kept, = struct.unpack_from("<I", octets, 32)
        frame = bytearray(octets[40:40 + kept])
        cut = 14 + 20 + 8 + 64  # Ethernet, IPv4, UDP and some of what it carries
        struct.pack_into(">H", frame, 16, cut - 14)
        struct.pack_into(">H", frame, 20, 0x2000)
        done = run(self.write("first", octets[:24] + struct.pack("<IIII", 0, 0, cut, cut)
                              + bytes(frame[:cut])))
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"\[500\] > \S+\[500\]  UDP in fragments, 1 so far \(fragment\)\n")
        self.assertIn("\nIKE and ESP: 1 fragment; 0 other packets\n", done.stdout)

    def test_link_types_that_are_not_read_are_told_once(self):
        octets = bytearray(capture_in(GCM).read_bytes())
        struct.pack_into("<I", octets, 20, 147)
        done = run(self.write("private", bytes(octets)))
        self.assertEqual((done.returncode, done.stdout),
                         (0, "no IKE and no ESP; 6 other packets\n"))
        self.assertRegex(done.stderr, r"^ikelab: \S+: 6 packets of link type 147 are not read; .*\n$")


class Output(PcapTest):
    def test_every_line_is_json(self):
        for words in ([], ["--all"]):
            done = run("--json", *words, capture_in(LONG), "--keys", LONG)
            self.assertEqual(done.returncode, 0)
            entries = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual([list(entry)[0] for entry in entries],
                             ["packet"] * (len(entries) - 1) + ["summary"])
            self.assertEqual(len(entries) - 1, 57 if words else 48)
            self.assertEqual(entries[-1]["summary"]["other"], 9)

    def test_strangers_texts_do_not_break_it(self):
        """Names and comments of a pcapng file are anything: quotes, control characters, no UTF-8."""
        hostile = b'eth"0\\\n\x1b[2J\xff\xfe\x00x'

        def block(kind, body):
            body += bytes(-len(body) % 4)
            size = struct.pack("<I", 12 + len(body))
            return struct.pack("<I", kind) + size + body + size

        def option(code, text):
            return struct.pack("<HH", code, len(text)) + text + bytes(-len(text) % 4)

        octets = capture_in(GCM).read_bytes()
        kept, = struct.unpack_from("<I", octets, 32)
        frame = octets[40:40 + kept]
        capture = self.write("hostile", b"".join((
            block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
            block(1, struct.pack("<HHI", 1, 0, 0) + option(2, hostile) + bytes(4)),
            block(6, struct.pack("<IIIII", 0, 0, 0, kept, kept) + frame + bytes(-kept % 4)
                  + option(1, hostile) + bytes(4)))))
        done = run("--json", capture)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        packet, _ = map(json.loads, done.stdout.splitlines())
        self.assertTrue(packet["interface"].startswith('eth'))
        self.assertEqual(len(packet["comments"]), 1)
        for words in ([], ["-v"]):
            done = run(*words, capture)
            self.assertEqual(done.returncode, 0)
            self.assertNotIn("\x1b", done.stdout)
            self.assertTrue(done.stdout.splitlines()[0].lstrip().startswith("1  "), done.stdout)

    def test_the_reader_may_go(self):
        """As under `| head -1`: it ends by itself, in order."""
        big = self.write("big", capture_in(LONG).read_bytes()
                         + capture_in(LONG).read_bytes()[24:] * 50)
        for words in (["-v"], ["--json"]):
            with subprocess.Popen([PROGRAM, "pcap", *words, big, "--keys", LONG],
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                self.assertNotEqual(process.stdout.readline(), b"")
                process.stdout.close()
                self.assertEqual(process.stderr.read(), b"")
                self.assertEqual(process.wait(SECONDS), 0)

    def test_a_full_disk_is_told(self):
        for words in ([], ["-v"], ["--json"]):
            with open("/dev/full", "w", encoding="utf-8") as full:
                done = run(*words, capture_in(LONG), stdout=full)
            self.assertEqual(done.returncode, 1, words)
            self.assertRegex(done.stderr, "^ikelab: cannot write: No space left on device\n$")

    def test_ports_of_ones_own(self):
        """IKE on other ports is seen once they are named."""
        octets = capture_in(GCM).read_bytes()
        ports = struct.pack(">HH", 500, 500)
        self.assertEqual(octets.count(ports), 6)
        moved = self.write("moved", octets.replace(ports, struct.pack(">HH", 15500, 15500)))
        done = run("--json", moved, "--keys", GCM)
        self.assertEqual((done.returncode, counts(done)), (0, {"other": 6}))
        # Another port is framed as 4500 is: without the non-ESP marker this is ESP.
        marked = self.write("marked", self.with_marker(octets))
        done = run("--json", "--port", 15500, marked, "--keys", GCM)
        self.assertEqual((done.returncode, counts(done)), (0, {"clear": 2, "opened": 4}))

    @staticmethod
    def with_marker(octets):
        """The capture with port 15500 and four octets of zero before each message."""
        made, at = octets[:24], 24
        while at < len(octets):
            seconds, micro, kept, full = struct.unpack_from("<IIII", octets, at)
            frame = bytearray(octets[at + 16:at + 16 + kept])
            total, = struct.unpack_from(">H", frame, 16)
            struct.pack_into(">H", frame, 16, total + 4)
            length, = struct.unpack_from(">H", frame, 38)
            struct.pack_into(">HHHH", frame, 34, 15500, 15500, length + 4, 0)
            frame[42:42] = bytes(4)
            made += struct.pack("<IIII", seconds, micro, kept + 4, full + 4) + bytes(frame)
            at += 16 + kept
        return made


class Keys(PcapTest):
    def test_profile_folder_table_and_run_folder_are_alike(self):
        place = self.folder / "run"
        shutil.copytree(LONG / "profiles", place / "wireshark" / "profiles")
        shutil.copy(capture_in(LONG), place / "capture.pcap")
        profile = LONG / "profiles" / "ikelab"
        for words in ([place / "capture.pcap"],
                      [capture_in(LONG), "--keys", LONG],
                      ["--keys", GCM, "--port", 9, capture_in(LONG), "--keys", LONG, "--port", 11],
                      [capture_in(LONG), "--keys", profile],
                      [capture_in(LONG), "--keys", place],
                      [capture_in(LONG), "-k", profile / "esp_sa",
                       "-k", profile / "ikev2_decryption_table"]):
            done = run("--json", *words)
            self.assertEqual((done.returncode, counts(done)),
                             (0, {"clear": 2, "opened": 46, "other": 9}), words)

    def test_keys_that_are_named_take_the_place_of_those_beside_the_capture(self):
        place = self.folder / "run"
        shutil.copytree(LONG / "profiles", place / "wireshark" / "profiles")
        shutil.copy(capture_in(LONG), place / "capture.pcap")
        done = run("--json", place / "capture.pcap", "--keys", GCM)
        self.assertEqual((done.returncode, counts(done)),
                         (0, {"clear": 2, "key missing": 46, "other": 9}))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=1)
