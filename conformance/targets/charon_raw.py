# SPDX-License-Identifier: GPL-2.0-only
"""Reads what `swanctl --list-sas --raw` prints: nested `name {...}`, `key=value`, `key=[a b]`."""
import re

_TOKEN = re.compile(r"\s*(?:(?P<open>[^\s{}=\[\]]+)\s*\{|(?P<close>\})"
                    r"|(?P<key>[^\s{}=\[\]]+)=(?:\[(?P<list>[^\]]*)\]|(?P<value>[^{}]*?)"
                    r"(?=\s[^\s{}=]+[={]|\s[^\s{}=]+\s\{|\s*\})))")


def parse_sections(text):
    """The nested dict of one `{...}` tree; ValueError says where the text stops making sense."""
    root = {}
    stack = [root]
    position = 0
    while position < len(text.rstrip()):
        token = _TOKEN.match(text, position)
        if not token:
            raise ValueError(f"not vici's raw form at octet {position}: {text[position:][:40]!r}")
        position = token.end()
        if token["open"]:
            stack.append(stack[-1].setdefault(token["open"], {}))
        elif token["close"]:
            if len(stack) == 1:
                raise ValueError(f"a }} too many at octet {position}")
            stack.pop()
        elif token["list"] is not None:
            stack[-1][token["key"]] = token["list"].split()
        else:
            stack[-1][token["key"]] = token["value"].strip()
    if len(stack) != 1:
        raise ValueError("a } is missing at the end")
    return root


def parse_raw(text):
    """One dict per IKE SA, with its configuration name as `name`."""
    found = []
    for line in text.splitlines():
        head, _, body = line.partition("event ")
        if head.strip() != "list-sa":
            continue
        for name, sa in parse_sections(body.strip()[1:-1]).items():
            found.append({"name": name, **sa})
    return found
