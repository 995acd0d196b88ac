#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Our ESP beside scapy's: what one seals the other opens, and both refuse what was forged.

    scapy_esp_test.py PROGRAM [GROUP] [--seed NUMBER]

PROGRAM is the build's esp_peer, GROUP a class below. Everything is generated from the seed.
"""
import argparse
import collections
import hashlib
import hmac
import itertools
import os
import random
import struct
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import sides  # noqa: E402
from sides import IP, UDP, Refusal, Sa, Suite, ipsec  # noqa: E402
from scapy.layers.inet import IPOption_NOP, IPOption_Router_Alert  # noqa: E402
from scapy.layers.inet6 import IPv6, IPv6ExtHdrDestOpt, IPv6ExtHdrHopByHop, IPv6ExtHdrRouting, PadN  # noqa: E402
from scapy.packet import Raw  # noqa: E402

PROGRAM = ""
SEED = 1

ENDS = {4: ("192.0.2.1", "192.0.2.2"), 6: ("2001:db8:2::1", "2001:db8:2::2")}
HOSTS = {4: ("10.99.1.1", "10.99.2.1"), 6: ("2001:db8:99:1::1", "2001:db8:99:2::1")}
NUMBERS = (1, 2, 3, 2**31 - 1, 2**31, 2**32 - 2, 2**32 - 1)
EXTENDED_NUMBERS = (1, 2**32 - 1, 2**32, 2**32 + 1, 2**33 + 5, 0x89ABCDEF01234567, 2**64 - 2, 2**64 - 1)
LENGTHS = range(71)  # of what stands behind the inner IP header: each rest of every block, and none
LARGE = (255, 256, 1400, 8900, 65000)
EXPERIMENT = 253  # a protocol without ports, RFC 3692

# By name and with the reason, so that nothing is left out unseen; Lists holds them against both.
ONLY_OURS = {
    "aes128gmac": "scapy 2.5 has no GMAC (RFC 4543)",
    "aes192gmac": "scapy 2.5 has no GMAC (RFC 4543)",
    "aes256gmac": "scapy 2.5 has no GMAC (RFC 4543)",
    "aesxcbc": "scapy has no AES-XCBC (RFC 3566)",
    **{keyword: "scapy 2.5 has no implicit IV (RFC 8750)"
       for keyword in ("aes128gcm16iiv", "aes192gcm16iiv", "aes256gcm16iiv", "aes128ccm8iiv", "aes192ccm8iiv",
                       "aes256ccm8iiv", "chacha20poly1305iiv")},
    "sha1_160": "scapy has no SHA-1 of 160 bits; it is for Fibre Channel (RFC 4595) and never negotiated",
}
ONLY_SCAPYS = {
    "DES": "must not be implemented (RFC 8221 §5)",
    "Blowfish": "must not be implemented (RFC 8221 §5)",
    "CAST": "64-bit blocks like Blowfish, and not among the ciphers of RFC 8221 §5",
    "HMAC-MD5-96": "must not be implemented (RFC 8221 §6)",
    "NULL": "as integrity algorithm: without one a cipher must be an AEAD (RFC 8221 §6)",
}

COUNTS = collections.Counter()  # (keyword, what)
COLUMNS = ("scapy to us", "us to scapy", "same octets", "refused by us", "refused by scapy")


def count(suite, what, packets=1):
    for row in (suite.encr, suite.integ):
        if row:
            COUNTS[row["keyword"], what] += packets


class Beside(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.ours = sides.Ours(PROGRAM)
        cls.addClassCleanup(cls.ours.close)
        cls.scapy = sides.Scapy()
        cls.suites = [Suite(encr, integ) for encr in cls.ours.encr if encr["keyword"] not in ONLY_OURS
                      for integ in ([None] if encr["aead"] else cls.ours.integ)
                      if not integ or integ["keyword"] not in ONLY_OURS]

    def setUp(self):
        self.random = random.Random(f"{SEED} {self.id()}")

    def suite(self, encr, integ=None):
        return next(suite for suite in self.suites if str(suite) == encr + (f"-{integ}" if integ else ""))

    def make_sa(self, suite, outer=4, encapsulated=False, esn=False, sequence=1):
        ports = self.random.choice(((4500, 4500), (4500, 1024), (62001, 4500))) if encapsulated else None
        return Sa(suite, self.random.randbytes(suite.encr["key"]),
                  self.random.randbytes(suite.integ["key"] if suite.integ else 0),
                  self.random.randrange(256, 2**32), sequence, esn, *ENDS[outer], ports)

    def make_inner(self, family, octets):
        """A packet with so many octets behind its IP header: UDP now and then where there is room."""
        source, destination = HOSTS[family]
        traffic_class = self.random.choice((0, 0, 0xb8, 0x02))
        flow = self.random.getrandbits(16)
        udp = octets >= 8 and self.random.random() < 0.5
        protocol = 17 if udp else EXPERIMENT
        payload = UDP(sport=40000, dport=7) / Raw(self.random.randbytes(octets - 8)) if udp else \
            Raw(self.random.randbytes(octets))
        if family == 4:
            head = IP(src=source, dst=destination, proto=protocol, tos=traffic_class, id=flow,
                      flags=self.random.choice(("", "DF")))
        else:
            head = IPv6(src=source, dst=destination, nh=protocol, tc=traffic_class, fl=flow)
        return bytes(head / payload)

    def seal_by_scapy(self, sa, inner):
        return self.scapy.seal(sa, inner, self.random.randbytes(sa.suite.encr["iv"]))

    def open_by_scapy(self, sa, sealed, inner):
        self.assertEqual(self.scapy.open(sa, sealed), inner, sa)
        count(sa.suite, "us to scapy")

    def from_scapy(self, sa, inner):
        sealed = self.seal_by_scapy(sa, inner)
        self.assertEqual(self.ours.open(sa, sealed), inner, sa)
        count(sa.suite, "scapy to us")
        return sealed

    def to_scapy(self, sa, inner):
        sealed = self.ours.seal(sa, inner)
        self.open_by_scapy(sa, sealed, inner)
        return sealed

    def check_twin(self, sa, sealed, inner):
        """With the IV of our packet scapy makes the same octets, padding and all."""
        at = sides.esp_offset(sealed, sa)
        twin = self.scapy.seal(sa, inner, sealed[at + 8:][:sa.suite.encr["iv"]])
        self.assertEqual(sealed[at:].hex(), twin[at:].hex(), sa)
        count(sa.suite, "same octets")

    def refused(self, side, sa, packet, *faults):
        with self.assertRaises(Refusal, msg=(side, sa)) as caught:
            side.open(sa, packet)
        self.assertIn(caught.exception.fault, faults, (caught.exception.why, sa))
        count(sa.suite, "refused by us" if side is self.ours else "refused by scapy")


class Lists(Beside):
    def test_every_row_of_ours_has_a_counterpart_or_a_reason(self):
        without = {row["keyword"] for rows, names, theirs in ((self.ours.encr, sides.CIPHERS, ipsec.CRYPT_ALGOS),
                                                              (self.ours.integ, sides.MACS, ipsec.AUTH_ALGOS))
                   for row in rows
                   if (sides.scapy_name(names, row["keyword"]) or ("",))[0] not in theirs}
        self.assertEqual(without, set(ONLY_OURS))

    def test_every_algorithm_of_scapy_has_a_counterpart_or_a_reason(self):
        without = set()
        for rows, names, theirs in ((self.ours.encr, sides.CIPHERS, ipsec.CRYPT_ALGOS),
                                    (self.ours.integ, sides.MACS, ipsec.AUTH_ALGOS)):
            known = {(sides.scapy_name(names, row["keyword"]) or ("",))[0] for row in rows}
            without |= set(theirs) - known
        self.assertEqual(without, set(ONLY_SCAPYS))

    def test_the_rows_agree_in_their_sizes(self):
        for suite in self.suites:
            association = self.scapy.association(self.make_sa(suite))  # checks the sizes of the keys
            self.assertEqual(association.crypt_algo.iv_size, suite.encr["iv"], suite)
            icv = association.auth_algo.icv_size or association.crypt_icv_size or association.crypt_algo.icv_size
            self.assertEqual(icv, suite.icv, suite)


class Exceptions(Beside):
    """Where scapy differs from the RFCs, and sides.py mends it. A test that fails here says that scapy
    was mended itself: then its repair goes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.as_it_is = sides.Scapy(as_it_is=True)

    # RFC 768: the length of a UDP datagram is that of its header and its data.
    def test_scapy_writes_a_udp_length_of_8_in_ipv4(self):
        sa = self.make_sa(self.suite("aes128gcm16"), encapsulated=True)
        inner = self.make_inner(4, 40)
        sealed = self.as_it_is.seal(sa, inner, bytes(8))
        self.assertEqual(struct.unpack_from("!H", sealed, 24), (8,))
        self.refused(self.ours, sa, sealed, "TRUNCATED")
        sa = self.make_sa(self.suite("aes128gcm16"), outer=6, encapsulated=True)
        self.assertEqual(self.ours.open(sa, self.as_it_is.seal(sa, inner, bytes(8))), inner, "in IPv6 it is right")

    # RFC 4303 §2.2.1, §3.3.2.1: the high half is behind the packet when a separate algorithm authenticates it.
    def test_scapy_leaves_the_high_half_out_of_separate_icvs(self):
        suite = self.suite("aes128", "sha256")
        for sequence in (1, 2**33 + 5):
            sa = self.make_sa(suite, esn=True, sequence=sequence)
            inner = self.make_inner(4, 40)
            theirs = self.as_it_is.seal(sa, inner, bytes(16))
            self.assertEqual(theirs, self.as_it_is.seal(sa.but(esn=False), inner, bytes(16)))
            self.refused(self.ours, sa, theirs, "INTEGRITY")
            sealed = self.ours.seal(sa, inner)
            self.refused(self.as_it_is, sa, sealed, "INTEGRITY")
            # The RFC's sentence in Python alone.
            high = struct.pack("!I", sequence >> 32)
            self.assertEqual(sealed[-16:], hmac.digest(sa.integ_key, sealed[20:-16] + high, hashlib.sha256)[:16])
            self.assertEqual(theirs[-16:], hmac.digest(sa.integ_key, theirs[20:-16], hashlib.sha256)[:16])

    # RFC 4106 §6: an ICV of 8 or 12 octets is allowed, and then it is of that size.
    def test_scapy_never_cuts_the_icv_of_gcm(self):
        for keyword, octets in (("aes128gcm8", 8), ("aes256gcm12", 12)):
            sa = self.make_sa(self.suite(keyword))
            inner = self.make_inner(4, 40)
            theirs = self.as_it_is.seal(sa, inner, bytes(8))
            whole = self.scapy.seal(sa.but(suite=self.suite(keyword[:9] + "16")), inner, bytes(8))
            self.assertEqual(theirs, whole)
            self.refused(self.ours, sa, theirs, "INTEGRITY")
            self.refused(self.as_it_is, sa, self.ours.seal(sa, inner), "INTEGRITY")
            self.assertEqual(self.scapy.seal(sa, inner, bytes(8))[20:], whole[20:octets - 16])

    # RFC 4303 §2.4: a receiver should look at the padding; scapy does not, and §3.4.4.1 leaves it a choice.
    def test_scapy_takes_any_padding(self):
        sa = self.make_sa(self.suite("aes128gcm16"))
        inner = self.make_inner(4, 40)
        association = self.scapy.association(sa)
        cipher = association.crypt_algo

        class Zeros(ipsec.CryptAlgo):
            def pad(self, esp):
                esp = super().pad(esp)
                esp.padding = bytes(esp.padlen)
                return esp

        association.crypt_algo = Zeros(cipher.name, cipher.cipher, cipher.mode, cipher.block_size, cipher.iv_size,
                                       cipher.key_size, cipher.icv_size, cipher.salt_size, cipher._format_mode_iv)
        sealed = bytes(association.encrypt(IP(inner)))
        self.assertEqual(self.scapy.open(sa, sealed), inner)
        self.refused(self.ours, sa, sealed, "BAD_VALUE")


class Combinations(Beside):
    def test_tunnels_of_every_suite_and_family_native_and_in_udp_with_and_without_esn(self):
        combinations = list(itertools.product(self.suites, (4, 6), (4, 6), (False, True), (False, True)))
        self.random.shuffle(combinations)
        for suite, inner_family, outer, encapsulated, esn in combinations:
            for lengths in (LENGTHS, LENGTHS, range(71, 1500)):
                numbers = EXTENDED_NUMBERS + NUMBERS if esn else NUMBERS
                sequence = self.random.choice(numbers + (self.random.randrange(1, 2**64 if esn else 2**32),))
                sa = self.make_sa(suite, outer, encapsulated, esn, sequence)
                inner = self.make_inner(inner_family, self.random.choice(lengths))
                self.from_scapy(sa, inner)
                self.check_twin(sa, self.to_scapy(sa, inner), inner)
        print(f"{len(combinations)} combinations, three lengths each")
        self.assertGreaterEqual(len(combinations), 900)


class Transport(Beside):
    """RFC 4303 §3.1.1: the header stays the packet's own, options and extension headers with it."""

    # scapy follows Linux and leaves destination options outside unless a routing header precedes them; ours
    # go inside unless one follows. Both may do so, and both open what the other made.
    CHAINS = ((), ("hop",), ("destination",), ("hop", "destination"), ("routing",), ("destination", "routing"),
              ("hop", "destination", "routing", "destination"))

    def make_packet(self, family, octets, chain):
        source, destination = ENDS[family]
        payload = UDP(sport=40000, dport=7) / Raw(self.random.randbytes(octets))
        if family == 4:
            options = [IPOption_Router_Alert(), IPOption_NOP()] if chain else []
            return bytes(IP(src=source, dst=destination, tos=0xb8, id=self.random.getrandbits(16), flags="DF",
                            ttl=self.random.randrange(2, 256), options=options) / payload)
        packet = IPv6(src=source, dst=destination, tc=0xb8, fl=self.random.getrandbits(20),
                      hlim=self.random.randrange(2, 256))
        for kind in chain:
            packet /= {"hop": lambda: IPv6ExtHdrHopByHop(options=[PadN(optdata=bytes(4))]),
                       "destination": lambda: IPv6ExtHdrDestOpt(options=[PadN(optdata=bytes(12))]),
                       "routing": lambda: IPv6ExtHdrRouting(segleft=0, addresses=[destination])}[kind]()
        return bytes(packet / payload)

    def test_headers_with_options_and_extensions_survive_both_ways(self):
        done = 0
        for suite, (family, chain, encapsulated), esn in itertools.product(
                self.suites,
                [(4, chain, encapsulated) for chain in ((), ("options",)) for encapsulated in (False, True)] +
                [(6, chain, False) for chain in self.CHAINS],  # scapy cannot open its own UDP over IPv6 here
                (False, True)):
            sa = self.make_sa(suite, family, encapsulated, esn, self.random.randrange(1, 2**31)).but(transport=True)
            packet = self.make_packet(family, self.random.choice(LENGTHS), chain)
            self.from_scapy(sa, packet)
            # scapy dissects what it opened by the first next header, and dies of a routing header.
            sealed = self.ours.seal(sa, packet) if "routing" in chain else self.to_scapy(sa, packet)
            if not encapsulated and ("routing" in chain or "destination" not in chain):
                at = sealed.index(struct.pack("!I", sa.spi))
                twin = self.scapy.seal(sa, packet, sealed[at + 8:][:suite.encr["iv"]])
                self.assertEqual(sealed.hex(), twin.hex(), "the whole packet, header and checksum too")
                count(suite, "same octets")
            done += 1
        print(f"{done} combinations")
        self.assertGreaterEqual(done, 600)


class Lengths(Beside):
    def test_every_suite_at_every_length_through_one_sa(self):
        for family, suite in zip(itertools.cycle((4, 6)), self.suites):
            inners = [self.make_inner(family, octets) for octets in (*LENGTHS, *LARGE)]
            sa = self.make_sa(suite, outer=self.random.choice((4, 6)), encapsulated=self.random.random() < 0.5)
            numbered = [sa.but(sequence=number) for number in range(1, len(inners) + 1)]
            sealed = [self.seal_by_scapy(one, inner) for one, inner in zip(numbered, inners)]
            self.assertEqual(self.ours.open_all(sa, sealed, after=0), list(enumerate(inners, start=1)), sa)
            count(suite, "scapy to us", len(sealed))
            for one, inner, packet in zip(numbered, inners, self.ours.seal_all(sa, inners)):
                self.open_by_scapy(one, packet, inner)


class TrafficFlow(Beside):
    """RFC 4303 §2.7: octets behind the packet that hide its length, which its own header tells."""

    def test_padding_is_behind_the_packet_for_both_and_cut_off_by_us(self):
        for suite, family in itertools.product(self.suites, (4, 6)):
            sa = self.make_sa(suite, self.random.choice((4, 6)), self.random.random() < 0.5)
            inners = [self.make_inner(family, octets) for octets in (0, 8, 60, 200)]
            wholes = [inner.ljust(300, b"\0") for inner in inners]
            numbered = [sa.but(sequence=number) for number in range(1, len(inners) + 1)]
            padded = self.ours.seal_all(sa, inners, pad_to=300)
            self.assertEqual(len(set(map(len, padded))), 1, sa)
            for one, whole, packet in zip(numbered, wholes, padded):
                self.open_by_scapy(one, packet, whole)  # its IP layer shows the rest as Padding
                self.check_twin(one, packet, whole)
            theirs = [self.seal_by_scapy(one, whole) for one, whole in zip(numbered, wholes)]
            self.assertEqual(self.ours.open_all(sa, theirs, after=0), list(enumerate(inners, start=1)), sa)
            count(suite, "scapy to us", len(theirs))


class ExtendedSequence(Beside):
    # Each at most half a space behind the one before, as RFC 4303 appendix A2 lets a receiver follow.
    JOURNEY = (1, 2**31, 2**32 - 2, 2**32 - 1, 2**32, 2**32 + 1, 2**32 + 2**31, 2**33 + 7, 2**33 + 2**31, 3 * 2**32)

    def test_a_receiver_follows_scapy_through_the_spaces(self):
        for suite in self.suites:
            sa = self.make_sa(suite, esn=True)
            inner = self.make_inner(4, 40)
            sealed = [self.seal_by_scapy(sa.but(sequence=number), inner) for number in self.JOURNEY]
            self.assertEqual(self.ours.open_all(sa, sealed, after=0), [(number, inner) for number in self.JOURNEY])
            count(suite, "scapy to us", len(sealed))

    def test_scapy_follows_us_over_the_end_of_a_space(self):
        for suite in self.suites:
            start = self.make_sa(suite, outer=6, esn=True, sequence=2**32 - 3)
            inner = self.make_inner(6, 40)
            for number, packet in enumerate(self.ours.seal_all(start, [inner] * 6), start.sequence):
                self.open_by_scapy(start.but(sequence=number), packet, inner)
                self.check_twin(start.but(sequence=number), packet, inner)

    def test_another_high_half_or_none_is_refused_by_both(self):
        for suite in self.suites:
            inner = self.make_inner(4, 40)
            for sequence in (2**32 - 1, 0x89ABCDEF01234567):
                sa = self.make_sa(suite, esn=True, sequence=sequence)
                theirs = self.from_scapy(sa, inner)
                mine = self.to_scapy(sa, inner)
                for wrong in (sa.but(sequence=sequence + 2**32), sa.but(sequence=sequence ^ 1 << 56),
                              sa.but(esn=False, sequence=sequence & 0xffffffff)):
                    self.refused(self.ours, wrong, theirs, "INTEGRITY")
                    self.refused(self.scapy, wrong, mine, "INTEGRITY")

    def test_without_esn_the_last_number_is_the_last(self):
        for suite in self.suites:
            sa = self.make_sa(suite, sequence=2**32 - 1)
            inner = self.make_inner(4, 40)
            self.to_scapy(sa, inner)
            with self.assertRaisesRegex(Refusal, "EXHAUSTED"):
                self.ours.seal(sa.but(sequence=2**32), inner)


class Forged(Beside):
    def forge(self, packet, start, stop):
        """One bit of one octet in a range turned over."""
        forged = bytearray(packet)
        forged[self.random.randrange(start, stop)] ^= 1 << self.random.randrange(8)
        return bytes(forged)

    def test_one_flipped_bit_anywhere_is_refused_by_both(self):
        for suite, encapsulated, esn in itertools.product(self.suites, (False, True), (False, True)):
            sa = self.make_sa(suite, self.random.choice((4, 6)), encapsulated, esn, 2**31 + 5)
            inner = self.make_inner(self.random.choice((4, 6)), self.random.choice(LENGTHS))
            theirs = self.from_scapy(sa, inner)
            mine = self.to_scapy(sa, inner)
            at = sides.esp_offset(mine, sa)
            iv, icv = suite.encr["iv"], suite.icv
            for start, stop, *faults in ((at, at + 4, "UNKNOWN_SPI"),
                                         (at + 4, at + 8, "INTEGRITY", "REPLAY"),
                                         (at + 8, at + 8 + iv, "INTEGRITY"),
                                         (at + 8 + iv, len(mine) - icv, "INTEGRITY"),
                                         (len(mine) - icv, len(mine), "INTEGRITY")):
                if start == stop:
                    continue  # NULL has no IV
                self.refused(self.ours, sa, self.forge(theirs, start, stop), *faults)
                self.refused(self.scapy, sa, self.forge(mine, start, stop), *faults)
            # An SA of the same keys and another SPI: it is not only looked up, it is authenticated.
            for side, packet in ((self.ours, theirs), (self.scapy, mine)):
                altered = bytearray(packet)
                altered[at + 3] ^= 1
                self.refused(side, sa.but(spi=sa.spi ^ 1), bytes(altered), "INTEGRITY")
            self.assertEqual(self.ours.open(sa, theirs), inner)

    def test_another_key_is_refused_by_both(self):
        for suite in self.suites:
            sa = self.make_sa(suite)
            inner = self.make_inner(4, 40)
            theirs, mine = self.from_scapy(sa, inner), self.to_scapy(sa, inner)
            # Of each kind: the key that authenticates; of an AEAD the salt, too, which ends the key.
            name = "integ_key" if suite.integ else "encr_key"
            key = getattr(sa, name)
            wrong = [self.random.randbytes(len(key)), self.forge(key, 0, 1)]
            if not suite.integ:
                wrong.append(self.forge(key, len(key) - 1, len(key)))
            for other in wrong:
                self.refused(self.ours, sa.but(**{name: other}), theirs, "INTEGRITY")
                self.refused(self.scapy, sa.but(**{name: other}), mine, "INTEGRITY")


def print_counts():
    print(f"\nseed {SEED}, {sides.VERSIONS}; packets:")
    print(f"{'':17}" + "".join(f"{column:>18}" for column in COLUMNS))
    for keyword in sorted({keyword for keyword, _ in COUNTS}):
        print(f"{keyword:17}" + "".join(f"{COUNTS[keyword, column]:18}" for column in COLUMNS))
    for title, names in (("only ours", ONLY_OURS), ("only scapy's", ONLY_SCAPYS)):
        for name, why in names.items():
            print(f"{title}: {name}: {why}")


def main():
    global PROGRAM, SEED
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("group", nargs="?")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    PROGRAM, SEED = options.program, options.seed
    done = unittest.main(argv=[sys.argv[0]] + ([options.group] if options.group else []), exit=False)
    print_counts()
    return 0 if done.result.wasSuccessful() and done.result.testsRun else 1


if __name__ == "__main__":
    sys.exit(main())
