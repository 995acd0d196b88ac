# SPDX-License-Identifier: GPL-2.0-only
"""What two readers say of a capture, as values that can be compared.

`of_tshark` reads the text that `tshark -V` or `-O isakmp,esp,icmp,icmpv6` prints, `of_ikelab` the
lines of `ikelab pcap --json`. Both give, for each packet with IKEv2 or ESP, a dictionary:

    packet   number in the file
    verdict  "clear", "opened", "unchecked" or "ICV wrong"
    ip       (source, destination, ICMP type or None) of each IP header, from the outermost inwards
    esp      (SPI, sequence number) of each ESP header, the same way
    ike      header, payloads and decrypted payloads of the message, or None
"""
import ipaddress
import json
import re

INDENT = 4
SA, KE, ID_I, ID_R, CERT, AUTH, NONCE, NOTIFY, DELETE, VENDOR, TS_I, TS_R, SK = (
    33, 34, 35, 36, 37, 39, 40, 41, 42, 43, 44, 45, 46)
# From good to bad; a packet is as good as its worst layer.
VERDICTS = ("clear", "opened", "unchecked", "malformed", "ICV wrong")


def worst(verdicts):
    return max(verdicts, key=VERDICTS.index, default="clear")


# ---- tshark ------------------------------------------------------------------------------------

class Node:
    """A line, and the lines indented below it."""

    def __init__(self, text):
        self.text = text
        self.below = []

    def all(self, pattern):
        """The match and the node of each line right below that matches."""
        found = ((re.match(pattern, node.text), node) for node in self.below)
        return [(match, node) for match, node in found if match]

    def value(self, pattern):
        """What the group of the one line that matches holds; None if there is none."""
        found = self.all(pattern)
        if len(found) > 1:
            raise ValueError(f"{self.text}: {pattern} matches {len(found)} lines")
        return found[0][0][1] if found else None

    def number(self, pattern, base=10):
        return int(self.value(pattern), base)


def tree(lines):
    root = Node("")
    path = [root]
    for line in lines:
        # Blank lines and hexadecimal dumps stand outside the tree.
        if not line.strip() or re.match(r"[0-9a-f]{4}  ", line):
            continue
        depth = (len(line) - len(line.lstrip())) // INDENT
        del path[depth + 1:]
        node = Node(line.strip())
        path[-1].below.append(node)
        path.append(node)
    return root


def data_of_tshark(node, pattern):
    """Octets as far as they are printed: tshark cuts long ones."""
    return node.value(pattern + r"([0-9a-f]+)")


def transform_of_tshark(node):
    attributes = node.all(r"Transform Attribute \(t=14,")
    return {"type": node.number(r"Transform Type: .*\((\d+)\)$"),
            "id": node.number(r"Transform ID \(.*\): .*\((\d+)\)$"),
            "key_length": attributes[0][1].number(r"Key Length: (\d+)") if attributes else None}


def proposal_of_tshark(node):
    return {"number": node.number(r"Proposal number: (\d+)"),
            "protocol": node.number(r"Protocol ID: .*\((\d+)\)$"),
            "spi": node.value(r"SPI: ([0-9a-f]+)") or "",
            "transforms": [transform_of_tshark(below)
                           for _, below in node.all(r"Payload: Transform \(3\)")]}


def selector_of_tshark(node):
    protocol = node.value(r"Protocol ID: (.*)$")
    return {"type": node.number(r"Traffic Selector Type: .*\((\d+)\)$"),
            "protocol": 0 if protocol == "Unused" else int(re.search(r"\((\d+)\)$", protocol)[1]),
            "ports": (node.number(r"Start Port: (\d+)"), node.number(r"End Port: (\d+)")),
            "addresses": (node.value(r"Starting Addr: (.*)"), node.value(r"Ending Addr: (.*)"))}


def payload_of_tshark(kind, node):
    payload = {"type": kind, "octets": node.number(r"Payload length: (\d+)"),
               "critical": node.value(r"([01])\.\.\. \.\.\.\. = Critical Bit") == "1"}
    if kind == SA:
        payload["proposals"] = [proposal_of_tshark(below)
                                for _, below in node.all(r"Payload: Proposal \(2\)")]
    elif kind == KE:
        payload["method"] = node.number(r"DH Group #: .*\((\d+)\)$")
        payload["data"] = data_of_tshark(node, "Key Exchange Data: ")
    elif kind in (ID_I, ID_R):
        payload["id_type"] = node.number(r"ID type: .*\((\d+)\)$")
        payload["identity"] = node.value(r"Identification Data:(.*)")
    elif kind == AUTH:
        payload["method"] = node.number(r"Authentication Method: .*\((\d+)\)$")
        payload["data"] = data_of_tshark(node, "Authentication Data: ")
    elif kind == NONCE:
        payload["data"] = data_of_tshark(node, "Nonce DATA: ")
    elif kind == VENDOR:
        payload["data"] = data_of_tshark(node, "Vendor ID: (?!Unknown)")
    elif kind == NOTIFY:
        payload["notify"] = node.number(r"Notify Message Type: .*\((\d+)\)$")
    elif kind == DELETE:
        payload["protocol"] = node.number(r"Protocol ID: .*\((\d+)\)$")
        payload["spis"] = [match[1] for match, _ in node.all(r"Delete SPI: ([0-9a-f]+)")]
    elif kind in (TS_I, TS_R):
        payload["selectors"] = [selector_of_tshark(below)
                                for _, below in node.all(r"Traffic Selector: ")]
    return payload


def chain_of_tshark(node):
    return [payload_of_tshark(int(match[1]), below)
            for match, below in node.all(r"Payload: .*?\((\d+)\)")]


def verdict_of_tshark(text):
    if re.search(r"\[correct\]", text):
        return "opened"
    if re.search(r"\[(unchecked|not validated)\]", text):
        return "unchecked"
    if re.search(r"\[incorrect, should be", text):
        return "ICV wrong"
    raise ValueError(f"no verdict in {text}")


def ike_of_tshark(node):
    message = {"initiator_spi": node.value(r"Initiator SPI: ([0-9a-f]{16})"),
               "responder_spi": node.value(r"Responder SPI: ([0-9a-f]{16})"),
               "version": node.value(r"Version: ([0-9.]+)"),
               "exchange": node.number(r"Exchange type: .*\((\d+)\)$"),
               "flags": node.number(r"Flags: 0x([0-9a-f]{2}) ", 16),
               "message_id": node.number(r"Message ID: 0x([0-9a-f]{8})", 16),
               "octets": node.number(r"Length: (\d+)"),
               "payloads": chain_of_tshark(node),
               "decrypted": None}
    verdict = "clear"
    for _, encrypted in node.all(r"Payload: .*\(46\)"):
        (_, icv), = encrypted.all("Integrity Checksum Data: ")
        verdict = verdict_of_tshark(icv.text)
        (_, text), = encrypted.all(r"Decrypted Data \(\d+ bytes?\)")
        contained = text.all(r"Contained Data \(")
        message["decrypted"] = chain_of_tshark(contained[0][1]) if contained else []
    return message, verdict


def packet_of_tshark(number, lines):
    packet = {"packet": number, "ip": [], "esp": [], "ike": None}
    verdicts = []
    for node in tree(lines).below:
        ip = re.match(r"Internet Protocol Version [46], Src: (.*), Dst: (.*)", node.text)
        if ip:
            packet["ip"].append((ip[1], ip[2], None))
        elif node.text.startswith("Internet Control Message Protocol"):
            kind = node.value(r"Type: (?:.*\()?(\d+)\b")
            packet["ip"][-1] = (*packet["ip"][-1][:2], int(kind))
        elif node.text == "Encapsulating Security Payload":
            packet["esp"].append((node.value(r"ESP SPI: 0x([0-9a-f]{8})"),
                                  node.number(r"ESP Sequence: (\d+)")))
            (_, icv), = node.all(r"ESP ICV: ")
            verdicts.append(verdict_of_tshark(icv.text))
        elif node.text.startswith("Internet Security Association"):
            packet["ike"], verdict = ike_of_tshark(node)
            verdicts.append(verdict)
    packet["verdict"] = worst(verdicts)
    return packet


def of_tshark(text):
    frames = re.split(r"^Frame (\d+): .*\n", text, flags=re.MULTILINE)[1:]
    packets = [packet_of_tshark(int(number), body.splitlines())
               for number, body in zip(frames[::2], frames[1::2])]
    return [packet for packet in packets if packet["ike"] or packet["esp"]]


# ---- ikelab ------------------------------------------------------------------------------------

def range_of_ikelab(addresses):
    """First and last of "10.0.0.0/8", of "10.0.0.1-10.0.0.9"."""
    if "/" in addresses:
        network = ipaddress.ip_network(addresses)
        return str(network[0]), str(network[-1])
    first, _, last = addresses.partition("-")
    return first, last or first


def payload_of_ikelab(entry):
    kind = entry["type"]["number"]
    payload = {"type": kind, "octets": entry["body_octets"] + 4, "critical": entry["critical"]}
    if kind == SA:
        payload["proposals"] = [
            {"number": proposal["number"], "protocol": proposal["protocol"]["number"],
             "spi": proposal["spi"],
             "transforms": [{"type": transform["type"]["number"],
                             "id": transform["id"]["number"],
                             "key_length": transform.get("key_length")}
                            for transform in proposal["transforms"]]}
            for proposal in entry["proposals"]]
    elif kind in (ID_I, ID_R):
        payload["id_type"] = entry["id_type"]["number"]
        payload["identity"] = entry["identity"]
    elif kind in (KE, AUTH):
        payload["method"] = entry["method"]["number"]
        payload["data"] = entry["data"]
    elif kind in (NONCE, VENDOR):
        payload["data"] = entry["data"]
    elif kind == NOTIFY:
        payload["notify"] = entry["notify_type"]["number"]
    elif kind == DELETE:
        payload["protocol"] = entry["protocol"]["number"]
        payload["spis"] = entry["spis"]
    elif kind in (TS_I, TS_R):
        payload["selectors"] = [
            {"type": selector["type"]["number"], "protocol": selector["protocol"],
             "ports": (selector["start_port"], selector["end_port"]),
             "addresses": range_of_ikelab(selector["addresses"])}
            for selector in entry["selectors"]]
    return payload


def ike_of_ikelab(layer):
    decrypted = layer.get("decrypted")
    return {"initiator_spi": layer["initiator_spi"], "responder_spi": layer["responder_spi"],
            "version": f"{layer['major_version']}.{layer['minor_version']}",
            "exchange": layer["exchange"]["number"], "flags": layer["flags"],
            "message_id": layer["message_id"], "octets": layer["length"],
            "payloads": [payload_of_ikelab(entry) for entry in layer["payloads"]],
            "decrypted": None if decrypted is None
                         else [payload_of_ikelab(entry) for entry in decrypted]}


def of_ikelab(lines):
    """The packets of the lines, without the summary that ends them."""
    packets = []
    for entry in map(json.loads, lines):
        if "packet" not in entry:
            continue
        packet = {"packet": entry["packet"], "verdict": entry["protection"], "ip": [], "esp": [],
                  "ike": None}
        for layer in entry["layers"]:
            if layer["layer"] == "ip":
                packet["ip"].append((layer["source"], layer["destination"],
                                     layer.get("icmp_type")))
            elif layer["layer"] == "esp":
                packet["esp"].append((layer["spi"], layer["sequence"]))
            elif layer["layer"] == "ike":
                packet["ike"] = ike_of_ikelab(layer)
        packets.append(packet)
    return packets


# ---- both --------------------------------------------------------------------------------------

def cut_alike(value, other):
    """`value` with its octet strings no longer than those in `other`, the same place of a tree."""
    if isinstance(value, dict) and isinstance(other, dict):
        return {key: below[:len(other[key])]
                if key == "data" and isinstance(other.get(key), str) and other[key]
                else cut_alike(below, other.get(key)) for key, below in value.items()}
    if isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        return [cut_alike(*pair) for pair in zip(value, other)]
    return value


def count(packets):
    """How much of each kind there is: a comparison of nothing with nothing must not pass."""
    counts = dict.fromkeys(("ike", "esp", "payloads", "decrypted", "transforms", "key_lengths",
                            "notifies", "identities", "selectors"), 0)
    for packet in packets:
        counts["esp"] += len(packet["esp"])
        if not packet["ike"]:
            continue
        counts["ike"] += 1
        outer, inner = packet["ike"]["payloads"], packet["ike"]["decrypted"] or []
        counts["payloads"] += len(outer)
        counts["decrypted"] += len(inner)
        for payload in outer + inner:
            transforms = [transform for proposal in payload.get("proposals", [])
                          for transform in proposal["transforms"]]
            counts["transforms"] += len(transforms)
            counts["key_lengths"] += sum(transform["key_length"] is not None
                                         for transform in transforms)
            counts["notifies"] += "notify" in payload
            counts["identities"] += "identity" in payload
            counts["selectors"] += len(payload.get("selectors", []))
    return counts
