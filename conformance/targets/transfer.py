#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""One TCP transfer between two namespaces, with digests that must agree.

    transfer.py receive ADDRESS PORT            one connection to its end; says "listening" first
    transfer.py send SOURCE ADDRESS PORT BYTES  hex digits that no two runs share: random octets look
                                                like some protocol, malformed, to tshark now and then

Each says what it saw as one line of JSON at its end: octets, sha256, seconds, and the receiver the
longest time without any octet. The receiver says how far it is after each 64 KiB.
"""
import argparse
import hashlib
import json
import os
import socket
import sys
import time

CHUNK = 65536


def receive(address, port):
    with socket.create_server((address, port)) as server:
        print("listening", flush=True)
        connection, _ = server.accept()
    digest, octets, reported = hashlib.sha256(), 0, 0
    start = last = time.monotonic()
    longest = 0.0
    with connection:
        while True:
            data = connection.recv(CHUNK)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            if not data:
                break
            digest.update(data)
            octets += len(data)
            if octets - reported >= CHUNK:
                reported = octets
                print(f"octets {octets}", flush=True)
    return {"octets": octets, "sha256": digest.hexdigest(), "seconds": round(last - start, 3),
            "longest_gap": round(longest, 3)}


def send(source, address, port, octets):
    digest = hashlib.sha256()
    start = time.monotonic()
    with socket.create_connection((address, port), timeout=30, source_address=(source, 0)) as peer:
        peer.settimeout(120)
        left = octets
        while left:
            data = os.urandom(CHUNK // 2).hex().encode()[:left]
            digest.update(data)
            peer.sendall(data)
            left -= len(data)
        peer.shutdown(socket.SHUT_WR)
        peer.recv(1)  # the receiver has closed: everything arrived
    return {"octets": octets, "sha256": digest.hexdigest(),
            "seconds": round(time.monotonic() - start, 3)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    sub = verbs.add_parser("receive")
    sub.add_argument("address")
    sub.add_argument("port", type=int)
    sub = verbs.add_parser("send")
    sub.add_argument("source")
    sub.add_argument("address")
    sub.add_argument("port", type=int)
    sub.add_argument("bytes", type=int)
    options = parser.parse_args()
    if options.verb == "receive":
        print(json.dumps(receive(options.address, options.port)), flush=True)
    else:
        print(json.dumps(send(options.source, options.address, options.port, options.bytes)),
              flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
