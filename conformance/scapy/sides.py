# SPDX-License-Identifier: GPL-2.0-only
"""Two implementations of ESP behind one face: ours (esp_peer) and scapy's.

Both sides take an Sa and whole packets, from the IP header on, and answer whole packets or a Refusal.
"""
import dataclasses
import json
import re
import subprocess
import sys
import warnings

REMEDY = "run tools/setup --only test"

try:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of cryptography, about scapy's old ciphers
        import cryptography
        import scapy
        from cryptography.hazmat.primitives.ciphers import algorithms, modes
        from scapy.layers import ipsec
        from scapy.layers.inet import IP, UDP
        from scapy.layers.inet6 import IPv6
except ImportError as missing:
    sys.exit(f"{missing}: {REMEDY}")

VERSIONS = f"scapy {scapy.VERSION}, cryptography {cryptography.__version__}"

# Keywords of our table, whole, and scapy's name. A group is the size of the ICV, which scapy takes as
# an option. What the table has and this list has not is missing in Lists of scapy_esp_test.py.
CIPHERS = {
    r"aes(?:128|192|256)gcm(8|12|16)": "AES-GCM",
    r"aes(?:128|192|256)ccm(8|12|16)": "AES-CCM",
    r"aes(?:128|192|256)gmac": "AES-NULL-GMAC",
    r"aes(?:128|192|256)ctr": "AES-CTR",
    r"aes(?:128|192|256)": "AES-CBC",
    r"chacha20poly1305": "CHACHA20-POLY1305",
    r"3des": "3DES",
    r"null": "NULL",
}
MACS = {
    r"sha1": "HMAC-SHA1-96",
    r"sha256": "SHA2-256-128",
    r"sha384": "SHA2-384-192",
    r"sha512": "SHA2-512-256",
    r"aescmac": "AES-CMAC-96",
}


def scapy_name(names, keyword):
    """scapy's name and the ICV's size (None if the name says it) for a keyword; None without one."""
    for pattern, name in names.items():
        found = re.fullmatch(pattern, keyword)
        if found:
            return name, int(found[1]) if found.groups() else None
    return None


@dataclasses.dataclass(frozen=True)
class Suite:
    """A cipher of our table, and an integrity algorithm unless the cipher has its own; rows of esp_peer."""
    encr: dict
    integ: dict | None

    @property
    def icv(self):
        return (self.integ or self.encr)["icv"]

    def __str__(self):
        return self.encr["keyword"] + (f"-{self.integ['keyword']}" if self.integ else "")


@dataclasses.dataclass(frozen=True)
class Sa:
    """One direction; `sequence` is the 64-bit number of the packet that is sealed or opened next."""
    suite: Suite
    encr_key: bytes
    integ_key: bytes
    spi: int
    sequence: int
    esn: bool
    source: str
    destination: str
    ports: tuple | None
    transport: bool = False

    def but(self, **changes):
        return dataclasses.replace(self, **changes)


class Refusal(Exception):
    """The packet was not accepted; the text is one of our faults, `why` is for people."""

    def __init__(self, fault, why=""):
        super().__init__(fault)
        self.fault = fault
        self.why = why


def header_class(packet):
    """scapy's class for a packet, by its version."""
    return IP if packet[0] >> 4 == 4 else IPv6


def esp_offset(packet, sa):
    """Octets before ESP in a packet with plain headers."""
    return (20 if packet[0] >> 4 == 4 else 40) + (8 if sa.ports else 0)


class Ours:
    """The classes of model/esp, in a process of their own."""

    def __init__(self, program):
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        rows = self._ask({"do": "rows"})
        self.encr, self.integ = rows["encr"], rows["integ"]

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        if self._process.wait(timeout=20) != 0:
            raise RuntimeError(f"esp_peer ended with {self._process.returncode}")

    def _ask(self, request):
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"esp_peer died of {json.dumps(request)[:400]}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"esp_peer: {answer['error']}")
        return answer

    def _work(self, verb, sa, packets, after, **more):
        names = {"encr": sa.suite.encr["keyword"]}
        if sa.suite.integ:
            names["integ"] = sa.suite.integ["keyword"]
        outer = {"source": sa.source, "destination": sa.destination}
        if sa.ports:
            outer |= {"source_port": sa.ports[0], "destination_port": sa.ports[1]}
        return self._ask({"do": verb, "outer": outer, "packets": [packet.hex() for packet in packets],
                          "sa": names | {"encr_key": sa.encr_key.hex(), "integ_key": sa.integ_key.hex(),
                                         "spi": sa.spi, "esn": sa.esn, "after": after,
                                         "transport": sa.transport}} | more)["answers"]

    def open_all(self, sa, packets, after):
        """All packets through one SA that has received number `after`: (sequence, packet) of each."""
        result = []
        for answer in self._work("open", sa, packets, after):
            if "refused" in answer:
                raise Refusal(answer["refused"], answer["why"])
            result.append((answer["sequence"], bytes.fromhex(answer["packet"])))
        return result

    def seal_all(self, sa, packets, **more):
        """All packets through one SA, with the numbers from sa.sequence on."""
        result = []
        for answer in self._work("seal", sa, packets, sa.sequence - 1, **more):
            if "refused" in answer:
                raise Refusal(answer["refused"], answer["why"])
            result.append(bytes.fromhex(answer["packet"]))
        return result

    def seal(self, sa, inner):
        return self.seal_all(sa, [inner])[0]

    def open(self, sa, packet):
        (sequence, inner), = self.open_all(sa, [packet], sa.sequence - 1)
        if sequence != sa.sequence:
            raise Refusal("REPLAY", f"number {sequence} instead of {sa.sequence}")
        return inner


class _MacOfExtended:
    """A MAC that goes over the high half of the sequence number behind the packet, RFC 4303 §3.3.2.1."""

    def __init__(self, mac, high):
        self._mac = mac
        self._high = high

    def update(self, octets):
        self._mac.update(octets)

    def finalize(self):
        self._mac.update(self._high)
        return self._mac.finalize()


class _AuthOfExtended(ipsec.AuthAlgo):
    def __init__(self, algorithm, high):
        super().__init__(algorithm.name, algorithm.mac, algorithm.digestmod, algorithm.icv_size, algorithm.key_size)
        self._high = high.to_bytes(4, "big")

    def new_mac(self, key):
        return _MacOfExtended(super().new_mac(key), self._high)


def _short_gcm(octets):
    """GCM with a shorter ICV, of scapy's parts: its own row cannot cut it."""
    row = ipsec.CRYPT_ALGOS["AES-GCM"]
    return ipsec.CryptAlgo(row.name, cipher=algorithms.AES, mode=modes.GCM, key_size=row.key_size,
                           salt_size=row.salt_size, block_size=1, iv_size=row.iv_size, icv_size=octets,
                           format_mode_iv=row._format_mode_iv)


class Scapy:
    """scapy's SecurityAssociation. Its faults, which Exceptions of scapy_esp_test.py names, are mended
    here with scapy's own means, unless `as_it_is`."""

    def __init__(self, as_it_is=False):
        self.as_it_is = as_it_is

    def association(self, sa):
        crypt, icv = scapy_name(CIPHERS, sa.suite.encr["keyword"])
        auth = scapy_name(MACS, sa.suite.integ["keyword"])[0] if sa.suite.integ else None
        outer = IP if "." in sa.source else IPv6
        association = ipsec.SecurityAssociation(
            ipsec.ESP, spi=sa.spi, seq_num=sa.sequence & 0xffffffff, crypt_algo=crypt, crypt_key=sa.encr_key or None,
            crypt_icv_size=icv, auth_algo=auth, auth_key=sa.integ_key,
            tunnel_header=None if sa.transport else outer(src=sa.source, dst=sa.destination),
            nat_t_header=UDP(sport=sa.ports[0], dport=sa.ports[1]) if sa.ports else None,
            esn_en=sa.esn, esn=sa.sequence >> 32)
        if not self.as_it_is:
            if crypt == "AES-GCM" and icv != 16:
                association.crypt_algo = _short_gcm(icv)
            if sa.esn and auth:
                association.auth_algo = _AuthOfExtended(association.auth_algo, sa.sequence >> 32)
        association.crypt_algo.check_key(association.crypt_key or b"")
        association.auth_algo.check_key(association.auth_key or b"")
        return association

    def seal(self, sa, inner, iv):
        packet = self.association(sa).encrypt(header_class(inner)(inner), iv=iv)
        if sa.ports and not self.as_it_is:
            packet[UDP].len = None  # scapy then writes the right one
        return bytes(packet)

    def open(self, sa, packet):
        outer = header_class(packet)(packet)
        try:
            inner = self.association(sa).decrypt(outer)
        except ipsec.IPSecIntegrityError as error:
            raise Refusal("INTEGRITY", str(error)) from error
        except TypeError as error:
            if "does not match the SA spi" in str(error):
                raise Refusal("UNKNOWN_SPI", str(error)) from error
            raise
        packet = bytes(inner)
        if type(inner) is not header_class(packet):  # scapy made it of the next header, unseen
            raise Refusal("BAD_VALUE", f"the next header says {type(inner).__name__}")
        return packet
