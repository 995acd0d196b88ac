# SPDX-License-Identifier: GPL-2.0-only
"""Wireshark's key tables out of charon's log (levels ike = 4, chd = 4, mgr = 2, ike_name = yes).

Debian's strongSwan has no key export, but at level 4 the log has every key as a hex dump. What
belongs together is found by the worker thread: it derives the keys of an SA and either checks the
SA in under its SPI pair (IKE) or names the SPIs it installs (ESP) before it takes up other work.
"""
import pathlib
import re
from dataclasses import dataclass, field

_LINE = re.compile(r"(?P<thread>\d\d)\[(?P<group>[A-Z]{3})\] (?:<(?P<sa>[^>]*)> )?(?P<text>.*)$")
_DUMP = re.compile(r"(?P<name>.*?) => (?P<octets>\d+) bytes @ ")
_HEX = re.compile(r"\s*\d+: (?P<hex>(?:[0-9A-F]{2} )+)")
_CHECKIN = re.compile(r"checkin IKEv2 SA .* with SPIs ([0-9a-f]{16})_i ([0-9a-f]{16})_r")
_INSTALL = re.compile(r"\s*SPI 0x([0-9a-f]{8}), src (\S+) dst (\S+)")

IKE_ENCRYPTION = {"3DES_CBC": "3DES [RFC2451]"}
for _bits in (128, 192, 256):
    IKE_ENCRYPTION[f"AES_CBC_{_bits}"] = f"AES-CBC-{_bits} [RFC3602]"
    IKE_ENCRYPTION[f"AES_CTR_{_bits}"] = f"AES-CTR-{_bits} [RFC5930]"
    for _icv in (8, 12, 16):
        for _mode in ("GCM", "CCM"):
            IKE_ENCRYPTION[f"AES_{_mode}_{_icv}_{_bits}"] = (
                f"AES-{_mode}-{_bits} with {_icv} octet ICV [RFC5282]")
IKE_INTEGRITY = {
    None: "NONE [RFC4306]",
    "HMAC_SHA1_96": "HMAC_SHA1_96 [RFC2404]",
    "HMAC_SHA2_256_128": "HMAC_SHA2_256_128 [RFC4868]",
    "HMAC_SHA2_384_192": "HMAC_SHA2_384_192 [RFC4868]",
    "HMAC_SHA2_512_256": "HMAC_SHA2_512_256 [RFC4868]"}
ESP_ENCRYPTION = {
    "NULL": "NULL",
    "AES_CBC": "AES-CBC [RFC3602]",
    "AES_CTR": "AES-CTR [RFC3686]",
    "AES_GCM_8": "AES-GCM with 8 octet ICV [RFC4106]",
    "AES_GCM_12": "AES-GCM with 12 octet ICV [RFC4106]",
    "AES_GCM_16": "AES-GCM with 16 octet ICV [RFC4106]"}
ESP_INTEGRITY = {
    None: "NULL",
    "HMAC_SHA1_96": "HMAC-SHA-1-96 [RFC2404]",
    "HMAC_SHA2_256_128": "HMAC-SHA-256-128 [RFC4868]",
    "HMAC_SHA2_384_192": "HMAC-SHA-384-192 [RFC4868]",
    "HMAC_SHA2_512_256": "HMAC-SHA-512-256 [RFC4868]"}


@dataclass
class IkeKeys:
    initiator_spi: str
    responder_spi: str
    proposal: list
    keys: dict  # "Sk_ei" ... to octets


@dataclass
class EspKeys:
    spi: str
    source: str
    destination: str
    encryption: str
    integrity: str
    encryption_key: bytes
    integrity_key: bytes


@dataclass
class _Thread:
    dump: str = None
    wanted: int = 0
    octets: bytes = b""
    proposal: list = None
    ike: dict = field(default_factory=dict)
    child: dict = field(default_factory=dict)
    algorithms: dict = field(default_factory=dict)
    initiated: bool = False
    outbound: bool = False


def read_log(text):
    """(list of IkeKeys, list of EspKeys), in the order in which charon made them."""
    threads, proposals = {}, {}
    ike_sas, esp_sas, seen = [], [], set()
    for line in text.splitlines():
        match = _LINE.search(line)
        if not match:
            continue
        thread = threads.setdefault(match["thread"], _Thread())
        sa = (match["sa"] or "").rsplit("|", 1)[-1]
        words = match["text"]

        hexes = _HEX.match(words)
        if hexes and thread.dump:
            thread.octets += bytes.fromhex(hexes["hex"])
            if len(thread.octets) >= thread.wanted:
                _keep(thread, thread.dump, thread.octets[:thread.wanted])
                thread.dump = None
            continue
        thread.dump = None
        dump = _DUMP.match(words)
        if dump:
            thread.dump, thread.wanted = dump["name"].strip(), int(dump["octets"])
            thread.octets = b""
        elif words.startswith("selected proposal: IKE:"):
            # The responder derives its keys in a later job of another thread: keep it per SA too.
            thread.proposal = proposals[sa] = words.split("IKE:")[1].split("/")
        elif re.match(r"parsed (IKE_AUTH|CREATE_CHILD_SA) (request|response)", words):
            thread.initiated = " response " in words
        elif found := re.match(r"\s*using (\S+) for (encryption|integrity)", words):
            if found[2] == "encryption":
                thread.child, thread.algorithms = {}, {}
            thread.algorithms[found[2]] = found[1]
        elif found := re.match(r"(?:adding|registering) (in|out)bound ESP SA", words):
            thread.outbound = found[1] == "out"
        elif (found := _INSTALL.match(words)) and found[1] not in seen and thread.child:
            seen.add(found[1])
            # RFC 7296 §2.17: the exchange's initiator sends with the first keys.
            who = "initiator" if thread.outbound == thread.initiated else "responder"
            esp_sas.append(EspKeys(found[1], found[2], found[3], thread.algorithms["encryption"],
                                   thread.algorithms.get("integrity"),
                                   thread.child.get(f"encryption {who} key", b""),
                                   thread.child.get(f"integrity {who} key", b"")))
        elif (found := _CHECKIN.match(words)) and "Sk_pr" in thread.ike:
            pair = (found[1], found[2])
            if pair not in seen:  # after an IKE rekey the old SA may be checked in first
                seen.add(pair)
                ike_sas.append(IkeKeys(*pair, thread.proposal or proposals.get(sa) or [],
                                       thread.ike))
                thread.ike, thread.proposal = {}, None
    return ike_sas, esp_sas


def _keep(thread, name, octets):
    if name.startswith("Sk_"):
        if name.startswith("Sk_d "):
            thread.ike = {}
        thread.ike[name.split()[0]] = octets
    elif name.startswith(("encryption ", "integrity ")):
        thread.child[name] = octets


def ike_row(sa):
    """A row of ikev2_decryption_table, or None where Wireshark 4.0 has no name for the algorithm."""
    integrity = next((name for name in sa.proposal if name in IKE_INTEGRITY), None)
    encryption = IKE_ENCRYPTION.get(sa.proposal[0] if sa.proposal else None)
    if not encryption or (integrity is None and "octet ICV" not in encryption):
        return None
    keys = {name: sa.keys.get(name, b"").hex() for name in ("Sk_ei", "Sk_er", "Sk_ai", "Sk_ar")}
    if integrity is None:
        keys["Sk_ai"] = keys["Sk_ar"] = ""
    return (f"{sa.initiator_spi},{sa.responder_spi},{keys['Sk_ei']},{keys['Sk_er']},"
            f"\"{encryption}\",{keys['Sk_ai']},{keys['Sk_ar']},\"{IKE_INTEGRITY[integrity]}\"")


def esp_row(sa):
    """A row of esp_sa, or None where Wireshark 4.0 has no name for the algorithm."""
    if sa.encryption not in ESP_ENCRYPTION or sa.integrity not in ESP_INTEGRITY:
        return None
    version = 6 if ":" in sa.source else 4
    encryption_key = f"0x{sa.encryption_key.hex()}" if sa.encryption_key else ""
    integrity_key = f"0x{sa.integrity_key.hex()}" if sa.integrity_key else ""
    cells = (f"IPv{version}", sa.source, sa.destination, f"0x{sa.spi}",
             ESP_ENCRYPTION[sa.encryption], encryption_key, ESP_INTEGRITY[sa.integrity],
             integrity_key)
    return ",".join(f'"{cell}"' for cell in cells)


def write_tables(text, folder):
    """Write both tables into `folder`; the list of SAs that had to be left out, as text."""
    ike_sas, esp_sas = read_log(text)
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    refused = []
    for name, rows in (("ikev2_decryption_table", [(sa, ike_row(sa)) for sa in ike_sas]),
                       ("esp_sa", [(sa, esp_row(sa)) for sa in esp_sas])):
        (folder / name).write_text("".join(f"{row}\n" for _, row in rows if row))
        refused += [f"{name}: {sa}" for sa, row in rows if not row]
    return refused
