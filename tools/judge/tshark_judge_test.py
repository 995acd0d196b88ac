#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The judge must fail where it should: packets made here with python3-cryptography, not with our codec,
and captures of other implementations, with their keys, from conformance/vectors/captures.

Exit code 77 (CTest: skipped) if tshark or python3-cryptography is missing.
"""

import contextlib
import io
import json
import os
import re
import shutil
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import tshark_judge  # noqa: E402

try:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM
except ImportError:
    AESGCM = None

SPI_I, SPI_R = 0x1111111111111111, 0x2222222222222222
SK_EI, SK_ER, ESP_KEY = bytes(range(36)), bytes(range(36, 72)), bytes(range(72, 92))
ESP_SPI = 0xC0000001
MOON, SUN = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
IKE_AUTH, INFORMATIONAL = 35, 37
SK, SKF, VENDOR_ID = 46, 53, 43


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ipv4(protocol, payload, source=MOON, destination=SUN):
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0) + source + destination
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def ipv6(next_header, payload):
    return (struct.pack("!IHBB", 0x60000000, len(payload), next_header, 64) + b"\xfd" + bytes(14) + b"\x01"
            + b"\xfd" + bytes(14) + b"\x02" + payload)


def udp(source, destination, payload):
    return struct.pack("!HHHH", source, destination, 8 + len(payload), 0) + payload


def ping():
    head = struct.pack("!BBHHH", 8, 0, 0, 1, 1)
    return head[:2] + struct.pack("!H", checksum(head)) + head[4:]


def seal_ike(exchange, message_id, plain, first, from_initiator, fragment=None):
    """An IKE message with an SK payload, or an SKF payload if fragment = (number, total)."""
    key = SK_EI if from_initiator else SK_ER
    vector = struct.pack("!IHH", message_id, *(fragment or (0, 0)))
    extra = struct.pack("!HH", *fragment) if fragment else b""
    sealed = len(plain) + 1 + 16
    body = struct.pack("!BBH", first, 0, 4 + len(extra) + 8 + sealed) + extra
    head = struct.pack("!QQBBBBII", SPI_I, SPI_R, SKF if fragment else SK, 0x20, exchange,
                       0x08 if from_initiator else 0x20, message_id, 28 + len(body) + 8 + sealed)
    return head + body + vector + AESGCM(key[:32]).encrypt(key[32:] + vector, plain + b"\0", head + body)


def seal_esp(sequence, packet, next_header):
    padding = -(len(packet) + 2) % 4
    plain = packet + bytes(range(1, padding + 1)) + bytes((padding, next_header))
    head = struct.pack("!II", ESP_SPI, sequence)
    vector = struct.pack("!Q", sequence)
    return head + vector + AESGCM(ESP_KEY[:16]).encrypt(ESP_KEY[16:] + vector, plain, head)


def vendor_id(octets):
    return struct.pack("!BBH", 0, 0, 4 + octets) + bytes(octets)


def ike_packets():
    plain = vendor_id(100)
    nat = bytes(4)  # the non-ESP marker
    return [
        ipv4(17, udp(500, 500, seal_ike(IKE_AUTH, 1, plain, VENDOR_ID, True))),
        ipv4(17, udp(4500, 4500, nat + seal_ike(IKE_AUTH, 1, plain[:60], VENDOR_ID, False, (1, 2)))),
        ipv4(17, udp(4500, 4500, nat + seal_ike(IKE_AUTH, 1, plain[60:], 0, False, (2, 2)))),
        ipv4(17, udp(4500, 4500, nat + seal_ike(INFORMATIONAL, 2, b"", 0, True))),
    ]


def esp_packets():
    return [
        ipv4(50, seal_esp(1, ipv4(1, ping()), 4)),
        ipv4(17, udp(4500, 4500, seal_esp(2, ipv6(59, b""), 41))),
        ipv4(50, seal_esp(3, bytes(40), 59)),
        # Fragmentation needed, with the ESP packet's first octets quoted.
        ipv4(1, struct.pack("!BBHHH", 3, 4, 0, 0, 1400) + ipv4(50, seal_esp(4, ipv4(1, ping()), 4))[:28]),
    ]


def router_solicitation():
    """ICMPv6 that quotes nothing; its checksum is of no interest here."""
    return ipv6(58, struct.pack("!BBHI", 133, 0, 0, 0))


def spoil(packet):
    """The last octet of the ICV."""
    return packet[:-1] + bytes((packet[-1] ^ 1,))


@unittest.skipIf(AESGCM is None, "python3-cryptography is not installed")
class Judge(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="ikelab-judge-test-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.profile = os.path.join(self.folder, "profiles", "ikelab")
        os.makedirs(self.profile)
        self.write("ikev2_decryption_table",
                   f'{SPI_I:016x},{SPI_R:016x},{SK_EI.hex()},{SK_ER.hex()},'
                   '"AES-GCM-256 with 16 octet ICV [RFC5282]",,,"NONE [RFC4306]"\n')
        self.write("esp_sa", f'"IPv4","*","*","0x{ESP_SPI:08x}","AES-GCM with 16 octet ICV [RFC4106]",'
                             f'"0x{ESP_KEY.hex()}","NULL",""\n')
        self.write("preferences", "esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n")

    def write(self, name, text):
        with open(os.path.join(self.profile, name), "w", encoding="utf-8") as file:
            file.write(text)

    def judge(self, packets, *arguments):
        """(exit code, counts, failures) of the judge over these packets."""
        capture = os.path.join(self.folder, "run.pcap")
        with open(capture, "wb") as file:
            file.write(struct.pack("<IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 101))
            for index, packet in enumerate(packets):
                file.write(struct.pack("<IIII", index, 0, len(packet), len(packet)) + packet)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = tshark_judge.main([capture, "--config-dir", self.folder, "--json", *arguments])
        self.said = err.getvalue()
        report = json.loads(out.getvalue()) if out.getvalue() else {"counts": {}, "failures": []}
        return code, report["counts"], "; ".join(report["failures"])

    def test_passes_what_is_right_and_counts_it(self):
        code, counts, failures = self.judge(ike_packets() + esp_packets() + [router_solicitation()],
                                            "--expect-esp", "--expect-fragments", "--min-ike", "4",
                                            "--min-esp", "2")
        self.assertEqual((code, failures), (0, ""))
        self.assertEqual(counts["IKE with SK or SKF"], 4)
        self.assertEqual(counts["IKE decrypted and checked"], 4)
        self.assertEqual(counts["IKE fragments (SKF)"], 2)
        self.assertEqual(counts["IKE reassembled from fragments"], 1)
        self.assertEqual(counts["ESP packets"], 3)
        self.assertEqual(counts["ESP with inner packet"], 2)
        self.assertEqual(counts["ESP dummies"], 1)
        self.assertEqual(counts["frames not judged (quoted in ICMP)"], 1)

    def test_spoiled_keys_of_both_tables_are_noticed(self):
        code, _, failures = self.judge(ike_packets() + esp_packets(), "--self-test-negative")
        self.assertEqual((code, failures), (0, ""))
        for what in ("SK_ei", "SK_er", "encryption key"):
            self.assertRegex(self.said, f"{what} spoiled: fails as it must")

    def test_fails_on_one_spoiled_octet_of_any_packet(self):
        good = ike_packets() + esp_packets()
        for index in range(len(good) - 1):  # the last is the quotation
            with self.subTest(packet=index + 1):
                bad = good[:index] + [spoil(good[index])] + good[index + 1:]
                code, _, failures = self.judge(bad)
                self.assertEqual(code, 1)
                self.assertIn(f"frame {index + 1}", failures)

    def test_fails_on_what_no_table_opens(self):
        self.write("ikev2_decryption_table", "# empty\n")
        self.assertIn("SK or SKF payload was not decrypted", self.judge(ike_packets())[2])
        self.write("esp_sa", "# empty\n")
        code, _, failures = self.judge(esp_packets())
        self.assertEqual(code, 1)
        self.assertIn("without a good ICV", failures)

    def test_fails_on_what_is_missing(self):
        self.assertIn("0 ESP packets", self.judge(ike_packets(), "--expect-esp")[2])
        self.assertIn("no IKE fragment", self.judge(ike_packets()[:1], "--expect-fragments")[2])
        self.assertIn("no IKE message was reassembled", self.judge(ike_packets()[:2], "--expect-fragments")[2])
        self.assertIn("5 wanted", self.judge(ike_packets(), "--min-ike", "5")[2])
        self.assertIn("nothing to judge", self.judge([ipv4(1, ping())])[2])

    def test_wants_the_inner_packet_that_was_asked_for(self):
        version4, version6 = esp_packets()[:2]
        transport = ipv4(50, seal_esp(9, ping(), 1))
        rubbish = ipv4(50, seal_esp(10, b"\xff" * 32, 4))
        self.assertEqual(self.judge([version4], "--inner", "v4")[0], 0)
        self.assertEqual(self.judge([version4, version6], "--inner", "v4")[0], 1)
        self.assertEqual(self.judge([version6], "--inner", "v6")[0], 0)
        self.assertEqual(self.judge([transport])[0], 1)
        self.assertEqual(self.judge([transport], "--inner", "transport")[0], 0)
        self.assertEqual(self.judge([rubbish])[0], 1)

    def test_excludes_an_attackers_frames_only(self):
        forged = spoil(esp_packets()[0])
        self.assertEqual(self.judge(esp_packets() + [forged], "--exclude", "frame.number == 5")[0], 0)
        self.assertEqual(self.judge(esp_packets() + [forged], "--exclude", "frame.number == 1")[0], 1)

    def test_a_bad_table_or_file_is_no_verdict(self):
        self.write("esp_sa", '"IPv4","*","*","0x1","AES-XYZ","0x00","NULL",""\n')
        self.assertEqual(self.judge(ike_packets())[0], 2)
        self.assertIn("AES-XYZ", self.said)
        with contextlib.redirect_stderr(io.StringIO()):
            self.assertEqual(tshark_judge.main(["/no/such/file", "--config-dir", self.folder]), 2)


CAPTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "conformance", "vectors", "captures")


class RealCaptures(unittest.TestCase):
    """What other implementations sent (see the README there): all of it opens, and no key is idle."""

    # (IKE messages with SK, ESP packets, keys that the capture needs)
    WANTED = {
        "charon-cbc256": (6, 40, {"SK_ei", "SK_er", "SK_ai", "SK_ar", "encryption key", "integrity key"}),
        "charon-gcm128": (6, 40, {"SK_ei", "SK_er", "encryption key"}),
        "charon-ipv6": (8, 40, {"SK_ei", "SK_er", "encryption key"}),
        "libreswan-parentI2x509_parentI2psk": (1, 0, {"SK_ei", "SK_ai"}),
        "libreswan-parentI3_parentR2": (1, 0, {"SK_er", "SK_ar"}),
        "libreswan-parentR2_parentI2": (1, 0, {"SK_ei", "SK_ai"}),
        "libreswan-parentR2x509_parentR2psk": (1, 0, {"SK_er", "SK_ar"}),
        "wireshark-esp-cbc128": (0, 6, {"encryption key", "integrity key"}),
        "wireshark-ikev2-3des": (4, 0, {"SK_ei", "SK_er", "SK_ai", "SK_ar"}),
        "wireshark-ikev2-cbc256": (2, 0, {"SK_ei", "SK_er", "SK_ai", "SK_ar"}),
        "wireshark-ikev2-ccm128": (4, 0, {"SK_ei", "SK_er"}),
        "wireshark-ikev2-ctr192": (4, 0, {"SK_ei", "SK_er", "SK_ai", "SK_ar"}),
        "wireshark-ikev2-gcm256": (4, 0, {"SK_ei", "SK_er"}),
    }
    # Nothing in them is encrypted, or its ICV is wrong or cannot be checked.
    NOT_FOR_A_JUDGE = ["libreswan-parentI2_parentR1", "libreswan-parentR1_parentI1", "tcpdump-esp-3des",
                       "tcpdump-esp-aes256", "tcpdump-esp-in-esp", "tcpdump-esp-udp", "tcpdump-ikev2pI2",
                       "wireshark-ikev2-ccm128-as-ctr"]

    def judge(self, name):
        """(exit code, report, what was said) of the judge over one capture."""
        folder = os.path.join(CAPTURES, name)
        capture = next(file for file in sorted(os.listdir(folder)) if file.startswith("capture."))
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = tshark_judge.main([os.path.join(folder, capture), "--config-dir", folder, "--json",
                                      "--self-test-negative"])
        return code, json.loads(out.getvalue()), err.getvalue()

    def test_every_packet_opens_and_every_key_matters(self):
        self.assertEqual(sorted([*self.WANTED, *self.NOT_FOR_A_JUDGE]),
                         sorted(name for name in os.listdir(CAPTURES)
                                if os.path.isdir(os.path.join(CAPTURES, name, "profiles"))))
        for name, (ike, esp, keys) in self.WANTED.items():
            with self.subTest(capture=name):
                code, report, said = self.judge(name)
                self.assertEqual((code, report["failures"]), (0, []), said)
                counts = report["counts"]
                self.assertEqual((counts["IKE with SK or SKF"], counts["IKE decrypted and checked"]), (ike, ike))
                self.assertEqual((counts["ESP packets"], counts["ESP with good ICV"],
                                  counts["ESP with inner packet"]), (esp, esp, esp))
                self.assertEqual(set(re.findall(r", (.*?) spoiled: fails as it must", said)), keys)


if __name__ == "__main__":
    if AESGCM is None or shutil.which("tshark") is None:
        print("skipped: tshark or python3-cryptography is not installed")
        sys.exit(77)
    unittest.main()
