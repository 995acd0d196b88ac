#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Makes the vectors that nobody publishes, with arithmetic that shares no code with OpenSSL.

    make_vectors.py modp                  > crypto/modp/rfc3526_python.json
    make_vectors.py gmac                  > crypto/made/gmac_esp.json
    make_vectors.py captures FOLDER       > crypto/made/ike_captures.json

FOLDER holds Wireshark's captures ikev2-decrypt-*.pcap and ikev2_decryption_table.csv.
"""
import csv
import ctypes
import hashlib
import json
import pathlib
import struct
import subprocess
import sys

# RFC 2409 §6.2 and RFC 3526 §2 to §7: what is added to pi's first bits.
MODP = {2048: 124476, 3072: 1690314, 4096: 240904, 6144: 929484, 8192: 4743158, 1536: 741804, 1024: 129093}


def pi_bits(bits):
    """floor(2^bits * pi), by Machin's formula."""
    guard = bits + 64

    def arctan_inverse(x):
        power = total = (1 << guard) // x
        n, sign = 3, -1
        while power:
            power //= x * x
            total += sign * (power // n)
            n, sign = n + 2, -sign
        return total

    return (4 * (4 * arctan_inverse(5) - arctan_inverse(239))) >> 64


def modp():
    groups = []
    for bits, added in MODP.items():
        prime = 2**bits - 2 ** (bits - 64) - 1 + 2**64 * (pi_bits(bits - 130) + added)
        octets = bits // 8
        tests = []
        for case, size in enumerate((32, 48, 64, 32), 1):
            label = case
            while True:
                secret = {role: hashlib.sha512(f"modp {bits} {role} {label}".encode()).digest()[:size]
                          for role in ("initiator", "responder")}
                i, r = (int.from_bytes(secret[role], "big") for role in ("initiator", "responder"))
                shared = pow(2, i * r, prime)
                if case < 4 or shared >> 8 * (octets - 1) == 0:
                    break
                label += 1  # the last case shows that leading zeros are kept
            test = {"tcId": case,
                    "initiatorPrivate": secret["initiator"].hex(), "initiatorPublic": pow(2, i, prime),
                    "responderPrivate": secret["responder"].hex(), "responderPublic": pow(2, r, prime),
                    "shared": shared}
            tests.append({key: value if key.endswith(("Id", "Private")) else value.to_bytes(octets, "big").hex()
                          for key, value in test.items()})
        groups.append({"group": f"modp{bits}", "prime": prime.to_bytes(octets, "big").hex(), "tests": tests})
    return {"source": "primes: RFC 3526 sections 2 to 7 and RFC 2409 section 6.2; powers: Python's pow(), which "
                      "shares no code with OpenSSL",
            "method": "exponents are SHA-512 over 'modp BITS ROLE LABEL', cut to the octets given; LABEL is the case, in "
                      "the last one the first from 4 on that makes a secret which begins with a zero octet; "
                      "public = 2^private mod prime; shared = peer public^private mod prime",
            "groups": groups}


def encrypt_block(key, block):
    """AES by libgcrypt."""
    library = ctypes.CDLL("libgcrypt.so.20")
    library.gcry_check_version(None)
    handle, out = ctypes.c_void_p(), ctypes.create_string_buffer(16)
    size, ecb = ctypes.c_size_t, 1
    algorithm = {16: 7, 24: 8, 32: 9}[len(key)]
    failed = (library.gcry_cipher_open(ctypes.byref(handle), algorithm, ecb, 0)
              or library.gcry_cipher_setkey(handle, key, size(len(key)))
              or library.gcry_cipher_encrypt(handle, out, size(16), block, size(16)))
    assert not failed
    library.gcry_cipher_close(handle)
    return out.raw


def multiply(x, y):
    """NIST SP 800-38D §6.3: a product in GF(2^128)."""
    z = 0
    for i in range(127, -1, -1):
        if x >> i & 1:
            z ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return z


def gmac_value(key, nonce, data):
    h = int.from_bytes(encrypt_block(key, bytes(16)), "big")
    padded = data + bytes(-len(data) % 16) + struct.pack(">QQ", 8 * len(data), 0)
    y = 0
    for at in range(0, len(padded), 16):
        y = multiply(y ^ int.from_bytes(padded[at:at + 16], "big"), h)
    mask = int.from_bytes(encrypt_block(key, nonce + b"\0\0\0\1"), "big")
    return (y ^ mask).to_bytes(16, "big")


def gmac():
    published = bytes.fromhex("45000030da3a00008001df3bc0a80005c0a800010800c6cd02000700"
                              "6162636465666768696a6b6c6d6e6f707172737401020201")
    tests = [{"tcId": 1, "comment": "draft-mcgrew-gcm-test-01", "key": "4c80cdefbb5d10da906ac73c3613a634",
              "salt": "22433c64", "head": "0000432100000007", "iv": "0000000000000000",
              "payload": published.hex(), "icv": "f2a9a836e155106aa8dcd618e4099aaa"}]
    first = tests[0]
    assert gmac_value(bytes.fromhex(first["key"]), bytes.fromhex(first["salt"] + first["iv"]),
                      bytes.fromhex(first["head"] + first["iv"] + first["payload"])).hex() == first["icv"]
    for bits in (128, 192, 256):
        for octets in (0, 4, 16, 52, 100):
            for esn in (False, True):
                seed = hashlib.sha512(f"gmac {bits} {octets} {esn}".encode()).digest()
                key, salt, head, iv = seed[:bits // 8], seed[32:36], seed[36:44], seed[44:52]
                high = seed[52:56] if esn else b""
                payload = (seed * 2)[:octets]
                covered = head[:4] + high + head[4:] + iv + payload
                tests.append({"tcId": len(tests) + 1, "comment": "made", "key": key.hex(), "salt": salt.hex(),
                              "head": head.hex(), "iv": iv.hex(), "esnHigh": high.hex(),
                              "payload": payload.hex(), "icv": gmac_value(key, salt + iv, covered).hex()})
    return {"source": "case 1: draft-mcgrew-gcm-test-01, an ESP packet; the others made from RFC 4543 section 3 and "
                      "NIST SP 800-38D in Python, with the AES of libgcrypt",
            "tests": tests}


def captures(folder):
    folder = pathlib.Path(folder)
    keys = {}
    with open(folder / "ikev2_decryption_table.csv", encoding="ascii") as table:
        for row in csv.reader(line for line in table if not line.startswith("#")):
            keys[row[0]] = row
    sets = {"3des-sha1_160": ("3des", "sha1_160"), "aes128ccm12": ("aes128ccm12", ""),
            "aes192ctr": ("aes192ctr", "sha512"), "aes256cbc": ("aes256", "sha256"),
            "aes256gcm16": ("aes256gcm16", "")}
    tests = []
    for name, (encr, integ) in sets.items():
        file, = folder.glob(f"ikev2-decrypt-{name}.pcap*")
        lines = subprocess.run(["tshark", "-r", file, "-Y", "isakmp.exchangetype > 34", "-T", "fields",
                                "-e", "udp.payload"], check=True, capture_output=True, text=True).stdout.split()
        for line in lines:
            message = bytes.fromhex(line)
            row = keys[message[:8].hex()]
            side = 0 if message[19] & 8 else 1  # RFC 7296 §3.1: the Initiator flag
            assert message[16] == 46  # the Encrypted payload
            tests.append({"tcId": len(tests) + 1, "comment": file.name, "encr": encr, "integ": integ,
                          "encrKey": row[2 + side], "integKey": row[5 + side], "message": message.hex()})
    return {"source": "Wireshark 4.0.17, test/captures and test/config: IKE messages whose Encrypted payload is the "
                      "first, and the keys of their direction",
            "tests": tests}


def main():
    made = {"modp": modp, "gmac": gmac, "captures": captures}[sys.argv[1]](*sys.argv[2:])
    json.dump(made, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
