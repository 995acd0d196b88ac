#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make iana_names.tsv, the code points that iana_test compares the tables of this room with.

    iana_names.py ikev2-parameters.xml eap-numbers.txt > iana_names.tsv

The arguments are IANA's registries "Internet Key Exchange Version 2 (IKEv2) Parameters" as XML and
"Extensible Authentication Protocol (EAP) Registry" as plain text. Each line has the table, the
number, the name and, where the table has that column, the notation. Ranges and what is unassigned,
reserved or merely allocated carry no name and are left out.
"""
import re
import sys
import xml.etree.ElementTree as ElementTree

NAMESPACE = "{http://www.iana.org/assignments}"
NAMELESS = re.compile(r"^(reserved|unassigned|allocated)", re.IGNORECASE)
EAP_TABLES = ("Packet Codes", "Method Types")


def text(element):
    """The text of an element; of a cell with two lines, the first."""
    if element is None:
        return ""
    first = [element.text or ""]
    for child in element:
        if child.tag == NAMESPACE + "br":
            break
        first += ["".join(child.itertext()), child.tail or ""]
    return " ".join("".join(first).split())


def ikev2_rows(path):
    for registry in ElementTree.parse(path).getroot().iter(NAMESPACE + "registry"):
        title = text(registry.find(NAMESPACE + "title"))
        for record in registry.findall(NAMESPACE + "record"):
            yield (title, text(record.find(NAMESPACE + "value")),
                   text(record.find(NAMESPACE + "description")),
                   text(record.find(NAMESPACE + "notation")))


def eap_rows(path):
    table = None
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            if line[:1].strip():  # only headings stand at the left margin
                heading, table = line.strip(), None
            elif line.split()[:1] == ["Value"] and heading in EAP_TABLES:
                table = f"EAP {heading}"
            # A row is a number, a name that ends before wide space or a reference, and the rest.
            row = re.match(r"\s+(\d+)\s+(.+?)(?:\s{2,}|\s+\[|$)", line)
            if row and table:
                yield table, row[1], row[2].replace("Reserved for the ", ""), ""


def main():
    rows = [*ikev2_rows(sys.argv[1]), *eap_rows(sys.argv[2])]
    print("# table\tnumber\tname\tnotation; made by iana_names.py from IANA's registries")
    for table, number, name, notation in rows:
        if number.isdigit() and name and not NAMELESS.match(name):
            print("\t".join([table, number, name, notation]).rstrip())


if __name__ == "__main__":
    main()
