#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""`ikelab pcap` over the captures of other implementations, against what others read in them.

conformance/vectors/captures holds each with its keys and with tshark's reading of it
(`decoded.txt`), some with tcpdump's too (`tcpdump.txt`). Neither program is needed here.

    pcap_captures_test.py PROGRAM [TEST...]
"""
import itertools
import json
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import decoded_text  # noqa: E402

PROGRAM = ""
CAPTURES = pathlib.Path(__file__).resolve().parents[2] / "conformance" / "vectors" / "captures"
SECONDS = 60

# What each packet with IKE or ESP is, in runs, and what there is to compare: IKEv2 messages, ESP
# headers, payloads, decrypted payloads, transforms, key lengths among them, notifications,
# identities, traffic selectors. Integrity of tcpdump's ESP cannot be checked, only its encryption
# keys are known; that of ikev2pI2 is wrong in the capture itself; one table reads CCM as CTR.
OPENED = {
    "charon-cbc256": ("clear 2, opened 46", (8, 40, 23, 21, 14, 4, 20, 3, 4)),
    "charon-gcm128": ("clear 2, opened 46", (8, 40, 23, 21, 10, 4, 20, 3, 4)),
    "charon-ipv6": ("clear 3, opened 48", (11, 40, 33, 22, 13, 5, 26, 3, 4)),
    "libreswan-parentI2_parentR1": ("clear 1", (1, 0, 4, 0, 4, 0, 0, 0, 0)),
    "libreswan-parentI2x509_parentI2psk": ("clear 1, opened 1", (2, 0, 5, 5, 36, 0, 0, 1, 2)),
    "libreswan-parentI3_parentR2": ("clear 1, opened 1", (2, 0, 5, 5, 7, 0, 0, 1, 2)),
    "libreswan-parentR1_parentI1": ("clear 1", (1, 0, 4, 0, 24, 0, 0, 0, 0)),
    "libreswan-parentR2_parentI2": ("clear 1, opened 1", (2, 0, 5, 5, 36, 0, 0, 1, 2)),
    "libreswan-parentR2x509_parentR2psk": ("clear 1, opened 1", (2, 0, 5, 5, 7, 0, 0, 1, 2)),
    "tcpdump-esp-3des": ("unchecked 8", (0, 8, 0, 0, 0, 0, 0, 0, 0)),
    "tcpdump-esp-aes256": ("unchecked 8", (0, 8, 0, 0, 0, 0, 0, 0, 0)),
    "tcpdump-esp-in-esp": ("unchecked 8", (0, 16, 0, 0, 0, 0, 0, 0, 0)),
    "tcpdump-esp-udp": ("unchecked 8", (0, 8, 0, 0, 0, 0, 0, 0, 0)),
    "tcpdump-ikev2pI2": ("clear 1, ICV wrong 1", (2, 0, 5, 2, 24, 0, 0, 1, 0)),
    "wireshark-esp-cbc128": ("opened 6", (0, 6, 0, 0, 0, 0, 0, 0, 0)),
    "wireshark-ikev2-3des": ("clear 2, opened 4", (6, 0, 15, 16, 16, 2, 9, 3, 4)),
    "wireshark-ikev2-cbc256": ("clear 2, opened 2", (4, 0, 14, 15, 14, 4, 10, 3, 4)),
    "wireshark-ikev2-ccm128": ("clear 2, opened 4", (6, 0, 16, 16, 14, 4, 10, 3, 4)),
    "wireshark-ikev2-ccm128-as-ctr": ("clear 2, unchecked 4", (6, 0, 15, 16, 14, 4, 9, 3, 4)),
    "wireshark-ikev2-ctr192": ("clear 2, opened 4", (6, 0, 15, 16, 16, 4, 9, 3, 4)),
    "wireshark-ikev2-gcm256": ("clear 2, opened 4", (6, 0, 16, 16, 14, 4, 10, 3, 4)),
}
KEYLESS = {
    "IKEv2_SA_INIT_2-8-weak.pcap": ("clear 1", (1, 0, 3, 0, 4, 1, 0, 0, 0)),
    "ikev2_notify_redirect.pcap": ("clear 4", (4, 0, 18, 0, 6, 2, 12, 0, 0)),
}
# Nothing is decoded beside these: what each packet is, and the exit status.
OTHERS = {
    "keyless/IPsec_ESP-AH_tunnel_mode.cap": ("key missing 10", 0),
    "keyless/eve-flow-esp.pcap": ("key missing 8", 0),
    "ikev1/ISAKMP_sa_setup.pcap": ("ikev1 9", 0),
    "ikev1/ikev1-bug-12610.pcapng": ("ikev1 16", 0),
    "ikev1/ikev1-bug-12620.pcapng": ("ikev1 10", 0),
    "ikev1/ikev1-certs.pcap": ("ikev1 10", 0),
    "ikev1/ipsec-ikev1-isakmp-aggressive-mode.pcap": ("ikev1 6", 0),
    "ikev1/ipsec-ikev1-isakmp-main-mode.pcap": ("ikev1 9", 0),
    "ikev1/ipsec.cap": ("ikev1 11, key missing 16", 0),
    "ikev1/isakmp4500.pcap": (
        "ikev1 9, key missing 1, ikev1 2, key missing 1, keepalive 1, key missing 1, ikev1 2, "
        "key missing 1, keepalive 1, key missing 2, keepalive 1, key missing 1, ikev1 1, "
        "key missing 1, keepalive 1, ikev1 1", 0),
    "malformed/esp_truncated.pcap": ("cut 1", 0),
    "malformed/ikev1-duplicate-proposals.pcap": ("ikev1 1", 0),
    "malformed/ikev1_id_ipv6_addr_subnet-oobr.pcap": ("cut 1", 0),
    "malformed/ikev2-id-normal.pcap": ("malformed 1", 1),
    "malformed/ikev2pI2-segfault.pcapng": ("malformed 1", 1),
    "malformed/ipsec-ikev1-payload-bad-length.pcap": ("ikev1 1", 0),
    "malformed/ipsec-ikev1-zero-length.pcap": ("ikev1 1", 0),
    "malformed/isakmp-delete-segfault.pcap": ("malformed 1", 1),
    "malformed/isakmp-identification-segfault.pcap": ("ikev1 1", 0),
    "malformed/isakmp-ikev1_n_print-oobr.pcap": ("cut 2", 0),
    "malformed/isakmp-no-none-np.pcapng": ("ikev1 1", 0),
    "malformed/isakmp-rfc3948-oobr.pcap": ("cut 1", 0),
    "malformed/isakmpv1-attr-oobr.pcap": ("cut 1", 0),
}


def read(capture, *words):
    """Exit status and lines of the command; it must end in time, and by itself."""
    done = subprocess.run([PROGRAM, "pcap", "--json", capture, *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=SECONDS, check=False)
    if done.returncode not in (0, 1) or done.stderr:
        raise AssertionError(f"{capture}: status {done.returncode}, {done.stderr}")
    return done.returncode, done.stdout.splitlines()


def capture_in(folder):
    found, = folder.glob("capture.pcap*")
    return found


def runs(lines):
    """"clear 2, opened 4": what the packets are, one after the other."""
    kinds = []
    for entry in map(json.loads, lines[:-1]):
        layers = {layer["layer"] for layer in entry["layers"]}
        kinds.append(next((kind for kind in ("ikev1", "keepalive") if kind in layers),
                          entry["protection"]))
    return ", ".join(f"{kind} {len(list(group))}" for kind, group in itertools.groupby(kinds))


def summary(lines):
    return {kind: count for kind, count in json.loads(lines[-1])["summary"].items() if count}


class AgainstTshark(unittest.TestCase):
    maxDiff = None

    def compare(self, name, lines, text, counts):
        """Both readings are the same, and as large as they are known to be."""
        ours = decoded_text.of_ikelab(lines)
        theirs = decoded_text.of_tshark(text)
        for reading in (ours, theirs):
            self.assertEqual(tuple(decoded_text.count(reading).values()), counts, name)
        for our, their in itertools.zip_longest(ours, theirs):
            self.assertEqual(decoded_text.cut_alike(our, their), their, name)

    def test_every_capture_is_listed(self):
        self.assertEqual(sorted(path.parent.name for path in CAPTURES.glob("*/capture.*")),
                         sorted(OPENED))
        lists = {f"keyless/{name}" for name in KEYLESS} | set(OTHERS)
        found = {f"{path.parent.name}/{path.name}"
                 for folder in ("keyless", "ikev1", "malformed")
                 for path in (CAPTURES / folder).iterdir() if path.suffix != ".txt"}
        self.assertEqual(found, lists)

    def test_captures_with_keys(self):
        for name, (kinds, counts) in OPENED.items():
            with self.subTest(capture=name):
                folder = CAPTURES / name
                status, lines = read(capture_in(folder), "--keys", folder)
                self.assertEqual(runs(lines), kinds)
                self.assertEqual(status, 1 if "ICV wrong" in kinds else 0)
                self.compare(name, lines, (folder / "decoded.txt").read_text(), counts)

    def test_captures_without_keys(self):
        for name, (kinds, counts) in KEYLESS.items():
            with self.subTest(capture=name):
                capture = CAPTURES / "keyless" / name
                status, lines = read(capture)
                self.assertEqual((status, runs(lines)), (0, kinds))
                text = capture.with_name(name + ".decoded.txt").read_text()
                self.compare(name, lines, text, counts)

    def test_without_its_keys_nothing_is_opened(self):
        for name, (kinds, _) in OPENED.items():
            with self.subTest(capture=name):
                status, lines = read(capture_in(CAPTURES / name))
                locked = sum(int(run.rpartition(" ")[2]) for run in kinds.split(", ")
                             if not run.startswith("clear"))
                self.assertEqual(status, 0)
                self.assertEqual(summary(lines).get("key missing", 0), locked)
                self.assertNotIn('"decrypted"', "".join(lines))

    def test_the_comparison_sees_each_value(self):
        """A reading with one value changed is another reading."""
        changes = {
            "wireshark-ikev2-gcm256": (
                ("Exchange type: IKE_AUTH (35)", "Exchange type: IKE_AUTH (36)"),
                ("Message ID: 0x00000001", "Message ID: 0x00000002"),
                ("Flags: 0x08 (", "Flags: 0x28 ("),
                ("Initiator SPI: 0158b8fb90b7623d", "Initiator SPI: 0158b8fb90b7623e"),
                ("Responder SPI: 13514610cea16160", "Responder SPI: 03514610cea16160"),
                ("Payload: Nonce (40)", "Payload: Nonce (47)"),
                ("Payload length: 28", "Payload length: 29"),
                ("Payload: Notify (41) - EAP_ONLY", "Payload: Notify (42) - EAP_ONLY"),
                ("Transform ID (ENCR): AES-GCM with a 16 octet ICV (20)",
                 "Transform ID (ENCR): AES-GCM with a 16 octet ICV (19)"),
                ("Transform Type: Pseudo-random Function (PRF) (2)",
                 "Transform Type: Pseudo-random Function (PRF) (3)"),
                ("        Key Length: 256", "        Key Length: 128"),
                ("EAP_ONLY_AUTHENTICATION (16417)", "EAP_ONLY_AUTHENTICATION (16418)"),
                ("ID type: IPV4_ADDR (1)", "ID type: IPV4_ADDR (2)"),
                ("Identification Data:192.168.1.2", "Identification Data:192.168.1.3"),
                ("Traffic Selector Type: TS_IPV4_ADDR_RANGE (7)",
                 "Traffic Selector Type: TS_IPV4_ADDR_RANGE (8)"),
                ("Protocol ID: Unused", "Protocol ID: TCP (6)"),
                ("Start Port: 0", "Start Port: 1"),
                ("End Port: 65535", "End Port: 65534"),
                ("Starting Addr: 192.168.1.2", "Starting Addr: 192.168.1.1"),
                ("Ending Addr: 192.168.1.2", "Ending Addr: 192.168.1.3"),
                ("(16 bytes)[correct]", "(16 bytes)[not validated]")),
            "wireshark-esp-cbc128": (
                ("ESP SPI: 0xc254fe64", "ESP SPI: 0xc254fe65"),
                ("ESP Sequence: 2", "ESP Sequence: 3"),
                ("Src: 10.1.1.1, Dst", "Src: 10.1.1.2, Dst"),
                ("Dst: 10.1.0.10", "Dst: 10.1.0.11"),
                ("Type: 0 (Echo", "Type: 8 (Echo"))}
        for name, pairs in changes.items():
            folder = CAPTURES / name
            _, lines = read(capture_in(folder), "--keys", folder)
            ours = decoded_text.of_ikelab(lines)
            text = (folder / "decoded.txt").read_text()
            for old, new in pairs:
                with self.subTest(capture=name, change=new):
                    self.assertIn(old, text)
                    theirs = decoded_text.of_tshark(text.replace(old, new, 1))
                    self.assertTrue(decoded_text.cut_alike(ours, theirs) != theirs)


class AgainstTcpdump(unittest.TestCase):
    """Addresses, SPIs, sequence numbers and what the innermost packet is."""

    @staticmethod
    def of_tcpdump(text):
        packets = []
        for line in text.splitlines():
            ips = re.findall(r"\bIP (\S+) > (\S+):", line)
            esp = re.findall(r"ESP\(spi=0x([0-9a-f]+),seq=0x([0-9a-f]+)\)", line)
            packets.append((ips, [(spi, int(sequence, 16)) for spi, sequence in esp],
                            8 if "ICMP echo request" in line else None))
        return packets

    @staticmethod
    def of_ours(name, keys=None):
        _, lines = read(capture_in(CAPTURES / name), "--keys", CAPTURES / (keys or name))
        return [([ip[:2] for ip in packet["ip"]], packet["esp"], packet["ip"][-1][2])
                for packet in decoded_text.of_ikelab(lines)]

    def test_inner_packets(self):
        for name, depth in (("tcpdump-esp-3des", 1), ("tcpdump-esp-aes256", 1),
                            ("tcpdump-esp-in-esp", 2)):
            with self.subTest(capture=name):
                theirs = self.of_tcpdump((CAPTURES / name / "tcpdump.txt").read_text())
                self.assertEqual([(len(ips), len(esp), icmp) for ips, esp, icmp in theirs],
                                 [(depth + 1, depth, 8)] * 8)
                self.assertEqual(self.of_ours(name), theirs)

    def test_udp_encapsulated(self):
        """tcpdump reads these with a key that is not theirs, so only what is outside agrees."""
        theirs = self.of_tcpdump((CAPTURES / "tcpdump-esp-udp" / "tcpdump.txt").read_text())
        self.assertEqual(theirs, [([("192.1.2.23.4500", "192.1.2.45.4500")],
                                   [("12345678", number)], None) for number in range(1, 9)])
        self.assertEqual(self.of_ours("tcpdump-esp-udp"),
                         [([("192.1.2.23", "192.1.2.45"), ("192.0.2.1", "192.0.1.1")], esp, 8)
                          for _, esp, _ in theirs])

    def test_with_the_key_that_is_not_theirs_the_padding_tells(self):
        status, lines = read(capture_in(CAPTURES / "tcpdump-esp-udp"),
                             "--keys", CAPTURES / "tcpdump-esp-in-esp")
        self.assertEqual((status, runs(lines)), (1, "malformed 8"))


class Survives(unittest.TestCase):
    def test_what_nobody_decoded(self):
        for name, (kinds, expected) in OTHERS.items():
            with self.subTest(capture=name):
                status, lines = read(CAPTURES / name)
                self.assertEqual((runs(lines), status), (kinds, expected))

    def test_keys_of_others_change_nothing(self):
        tables = [word for name in sorted(OPENED) for word in ("--keys", CAPTURES / name)]
        for name, (kinds, expected) in OTHERS.items():
            with self.subTest(capture=name):
                status, lines = read(CAPTURES / name, *tables)
                self.assertEqual((runs(lines), status), (kinds, expected))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=1)
