# SPDX-License-Identifier: GPL-2.0-only
"""What crossed the wire of a lab: counts over a tcpdump file, read without any key or dissector."""
import ipaddress
import pathlib
import struct
from dataclasses import dataclass, field

PROTECTED = (ipaddress.ip_network("10.99.0.0/16"), ipaddress.ip_network("2001:db8:99::/48"))
UDP, ESP = 17, 50


@dataclass
class Traffic:
    ike: int = 0
    esp_native: int = 0
    esp_in_udp: int = 0
    keepalives: int = 0
    clear: list = field(default_factory=list)  # "source > destination" of each leaked packet
    esp_octets: list = field(default_factory=list)  # of each IP packet with ESP, in UDP or not


def read_frames(path):
    """The Ethernet frames of a classic pcap file."""
    data = pathlib.Path(path).read_bytes()
    order = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}.get(data[:4])
    if order is None or struct.unpack_from(order + "I", data, 20)[0] & 0xFFFF != 1:
        raise ValueError(f"{path}: not a pcap file of Ethernet frames")
    position = 24
    while position + 16 <= len(data):
        size = struct.unpack_from(order + "I", data, position + 8)[0]
        yield data[position + 16:position + 16 + size]
        position += 16 + size


def read_traffic(path):
    traffic = Traffic()
    for frame in read_frames(path):
        kind = frame[12:14]
        if kind == b"\x08\x00":
            packet = frame[14:]
            head, protocol = (packet[0] & 15) * 4, packet[9]
            source, destination = packet[12:16], packet[16:20]
        elif kind == b"\x86\xdd":
            packet = frame[14:]
            head, protocol = 40, packet[6]
            source, destination = packet[8:24], packet[24:40]
        else:
            continue
        ends = [ipaddress.ip_address(octets) for octets in (source, destination)]
        if any(end in network for end in ends for network in PROTECTED
               if end.version == network.version):
            traffic.clear.append(f"{ends[0]} > {ends[1]}")
        elif protocol == ESP:
            traffic.esp_native += 1
            traffic.esp_octets.append(len(packet))
        elif protocol == UDP:
            ports = struct.unpack_from("!HH", packet, head)
            body = packet[head + 8:]
            if 500 in ports:
                traffic.ike += 1
            elif 4500 in ports and body[:4] == bytes(4):  # RFC 3948 §2.2: the non-ESP marker
                traffic.ike += 1
            elif 4500 in ports and body[:1] == b"\xff" and len(body) == 1:
                traffic.keepalives += 1
            elif 4500 in ports:
                traffic.esp_in_udp += 1
                traffic.esp_octets.append(len(packet))
    return traffic
