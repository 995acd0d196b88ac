#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Our AH beside scapy's: each opens what the other sealed, the octets are the same, and both refuse
what was changed where it must not be.

    scapy_ah_test.py PROGRAM [--seed NUMBER]

PROGRAM is the build's ah_peer. Everything is generated from the seed.
"""
import argparse
import hashlib
import hmac
import itertools
import json
import os
import random
import struct
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sides import IP, MACS, UDP, VERSIONS, ipsec, scapy_name  # noqa: E402
from scapy.layers.inet import IPOption  # noqa: E402
from scapy.layers.inet6 import (HBHOptUnknown, IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop,  # noqa: E402
                                IPv6ExtHdrRouting)
from scapy.packet import Raw  # noqa: E402

PROGRAM = ""
SEED = 1
ENDS = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8:2::1", "2001:db8:2::2")}
HOSTS = {4: ("10.99.1.1", "10.99.2.1"), 6: ("2001:db8:99:1::1", "2001:db8:99:2::1")}
NUMBERS = {False: (1, 2**31, 2**32 - 1), True: (1, 2**32 - 1, 2**32, 0x89ABCDEF01234567)}
ONLY_OURS = {"aesxcbc": "scapy has no AES-XCBC (RFC 3566)",
             "sha1_160": "scapy has no SHA-1 of 160 bits (RFC 4595)"}
HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


class Beside(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.process = subprocess.Popen([PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        cls.addClassCleanup(cls.process.communicate)
        cls.rows = [row for row in cls.ask({"do": "rows"})["integ"] if row["keyword"] not in ONLY_OURS]

    @classmethod
    def ask(cls, request):
        cls.process.stdin.write(json.dumps(request) + "\n")
        cls.process.stdin.flush()
        answer = json.loads(cls.process.stdout.readline())
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def setUp(self):
        self.random = random.Random(f"{SEED} {self.id()}")

    def make_sa(self, row, esn, sequence, transport, outer):
        source, destination = ENDS[outer]
        return {"integ": row["keyword"], "key": self.random.randbytes(row["key"]).hex(),
                "spi": self.random.randrange(256, 2**32), "esn": esn, "after": sequence - 1,
                "transport": transport, "source": source, "destination": destination}

    def make_packet(self, family, octets):
        source, destination = HOSTS[family]
        payload = UDP(sport=40000, dport=7) / Raw(self.random.randbytes(octets))
        tos = self.random.choice((0, 0xb8, 2))
        head = IP(src=source, dst=destination, tos=tos, id=self.random.randrange(1, 2**16), flags="DF") \
            if family == 4 else IPv6(src=source, dst=destination, tc=tos, fl=7)
        return bytes(head / payload)

    def ours(self, verb, sa, packet):
        answer = self.ask({"do": verb, "sa": sa, "packet": packet.hex()})
        return bytes.fromhex(answer["packet"]) if "packet" in answer else answer["refused"]

    def association(self, sa, header=None):
        tunnel = None
        if not sa["transport"]:
            tunnel = header or (IP if "." in sa["source"] else IPv6)(src=sa["source"], dst=sa["destination"])
        sequence = sa["after"] + 1
        return ipsec.SecurityAssociation(
            ipsec.AH, spi=sa["spi"], seq_num=sequence & 0xffffffff,
            auth_algo=scapy_name(MACS, sa["integ"])[0], auth_key=bytes.fromhex(sa["key"]), tunnel_header=tunnel,
            esn_en=sa["esn"], esn=sequence >> 32)

    @staticmethod
    def parse(packet):
        return (IP if packet[0] >> 4 == 4 else IPv6)(packet)

    def seal_by_scapy(self, sa, packet, header=None):
        return bytes(self.association(sa, header).encrypt(self.parse(packet)))

    def open_by_scapy(self, sa, packet):
        try:
            return bytes(self.association(sa).decrypt(self.parse(packet)))
        except ipsec.IPSecIntegrityError:
            return "INTEGRITY"

    def check(self, sa, packet):
        theirs = self.seal_by_scapy(sa, packet)
        self.assertEqual(self.ours("open", sa, theirs), packet, sa)
        mine = self.ours("seal", sa, packet)
        self.assertEqual(self.open_by_scapy(sa, mine), packet, sa)
        # With our outer header scapy makes the same octets, ICV and padding and all.
        header = None
        if not sa["transport"]:
            header = self.parse(mine[:20 if mine[0] >> 4 == 4 else 40])
            header.remove_payload()
        self.assertEqual(self.seal_by_scapy(sa, packet, header).hex(), mine.hex(), sa)
        return mine

    def test_every_algorithm_mode_and_family_with_and_without_esn(self):
        done = 0
        for row, esn, transport, outer, inner in itertools.product(
                self.rows, (False, True), (False, True), (4, 6), (4, 6)):
            for sequence in NUMBERS[esn]:
                for octets in (0, 1, self.random.randrange(2, 1400)):
                    self.check(self.make_sa(row, esn, sequence, transport, outer), self.make_packet(inner, octets))
                    done += 1
        print(f"{done} packets each way with {', '.join(row['keyword'] for row in self.rows)}; {VERSIONS}")
        self.assertGreaterEqual(done, 5 * 8 * 3 * 6)

    # RFC 4302 §3.3.3.1: in transport mode the packet's own options and extension headers stay.
    def test_options_and_extension_headers(self):
        source, destination = HOSTS[4]
        payload = UDP(sport=40000, dport=7) / Raw(b"contents")
        record_route = IPOption(copy_flag=0, optclass=0, option=7, length=7, value=b"\x04\x0a\x00\x00\x01")
        router_alert = IPOption(copy_flag=1, optclass=0, option=20, length=4, value=b"\x00\x00")
        options = [router_alert, record_route, IPOption(b"\x01")]
        for row in self.rows:
            self.check(self.make_sa(row, False, 1, True, 4),
                       bytes(IP(src=source, dst=destination, id=9, options=options) / payload))
            for header in (IPv6ExtHdrHopByHop, IPv6ExtHdrDestOpt):
                packet = IPv6(src=HOSTS[6][0], dst=HOSTS[6][1]) / header(
                    options=[HBHOptUnknown(otype=0x1e, optdata=b"stays!"),
                             HBHOptUnknown(otype=0x3e, optdata=b"goes")]) / payload
                sa = self.make_sa(row, False, 1, True, 6)
                theirs = self.seal_by_scapy(sa, bytes(packet))
                self.assertEqual(self.ours("open", sa, theirs), bytes(packet), (row, header))
                # scapy puts AH behind destination options, we before those: RFC 4302 §3.1.1 allows both.
                mine = self.ours("seal", sa, bytes(packet))
                self.assertEqual(mine == theirs, header is IPv6ExtHdrHopByHop)
                if header is IPv6ExtHdrHopByHop:
                    self.assertEqual(self.open_by_scapy(sa, mine), bytes(packet))

    # RFC 4302 appendix A2: the sender signs a type 0 route as the last destination sees it.
    def test_a_route(self):
        for row in self.rows:
            packet = IPv6(src=HOSTS[6][0], dst="2001:db8::a") / IPv6ExtHdrRouting(
                type=0, segleft=2, addresses=["2001:db8::b", "2001:db8::c"]) / UDP(sport=40000, dport=7)
            sa = self.make_sa(row, False, 1, True, 6)
            theirs = self.seal_by_scapy(sa, bytes(packet))
            self.assertEqual(self.ours("seal", sa, bytes(packet)).hex(), theirs.hex(), row)

    # The RFC's sentence in Python alone: a tunnel in IPv4, with its fields zeroed by hand (§3.3.3.1.1.1), the high
    # half of an extended number behind the packet (§3.3.3.2.2).
    def test_the_icv_by_hand(self):
        for row, esn in itertools.product(self.rows, (False, True)):
            if row["keyword"] not in HASHES:
                continue
            sequence = 2**33 + 5 if esn else 5
            sa = self.make_sa(row, esn, sequence, False, 4)
            sealed = bytearray(self.ours("seal", sa, self.make_packet(4, 40)))
            icv = bytes(sealed[32:32 + row["icv"]])
            for start, stop in ((1, 2), (6, 9), (10, 12), (32, 32 + row["icv"])):
                sealed[start:stop] = bytes(stop - start)
            sealed[6:8] = b"\0\0"
            covered = bytes(sealed) if not esn else bytes(sealed) + struct.pack("!I", sequence >> 32)
            by_hand = hmac.digest(bytes.fromhex(sa["key"]), covered, HASHES[row["keyword"]])
            self.assertEqual(icv, by_hand[:row["icv"]], sa)

    def test_every_bit_of_a_header_is_judged_alike(self):
        row = next(row for row in self.rows if row["keyword"] == "sha256")
        for family in (4, 6):
            sa = self.make_sa(row, False, 7, True, family)
            packet = self.make_packet(family, 8)
            mine = self.ours("seal", sa, packet)
            header = 20 if family == 4 else 40
            for bit in range(8 * header):
                flipped = bytearray(mine)
                flipped[bit // 8] ^= 0x80 >> bit % 8
                octet = bit // 8
                if octet == 0 and bit < (8 if family == 4 else 4) or octet == (9 if family == 4 else 6) or \
                        octet in ((2, 3) if family == 4 else (4, 5)) or (family == 4 and octet in (6, 7)):
                    # Version, lengths, protocol and fragments: not AH any more, or no whole packet.
                    if not (family == 4 and bit in (48, 49)):
                        self.assertIsInstance(self.ours("open", sa, bytes(flipped)), str, bit)
                        continue
                ours, theirs = self.ours("open", sa, bytes(flipped)), self.open_by_scapy(sa, bytes(flipped))
                self.assertEqual(isinstance(ours, str), isinstance(theirs, str), bit)

    def test_another_key_number_or_icv_is_refused_by_both(self):
        for row in self.rows:
            sa = self.make_sa(row, True, 2**33 + 5, False, 6)
            packet = self.make_packet(6, 40)
            mine, theirs = self.ours("seal", sa, packet), self.seal_by_scapy(sa, packet)
            others = [sa | {"key": self.random.randbytes(row["key"]).hex()}, sa | {"after": sa["after"] + 2**32},
                      sa | {"esn": False, "after": sa["after"] & 0xffffffff}]
            for other in others:
                self.assertEqual(self.ours("open", other, theirs), "INTEGRITY")
                self.assertEqual(self.open_by_scapy(other, mine), "INTEGRITY")
            forged = bytearray(mine)
            forged[52 + self.random.randrange(row["icv"])] ^= 1
            self.assertEqual(self.ours("open", sa, bytes(forged)), "INTEGRITY")
            self.assertEqual(self.open_by_scapy(sa, bytes(forged)), "INTEGRITY")


def main():
    global PROGRAM, SEED
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    PROGRAM, SEED = options.program, options.seed
    done = unittest.main(argv=[sys.argv[0]], exit=False)
    for name, why in ONLY_OURS.items():
        print(f"only ours: {name}: {why}")
    return 0 if done.result.wasSuccessful() and done.result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
