#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The schema that `ikelab schema` prints and the reader that it describes agree.

    schema_test.py PROGRAM scenario|configuration...

From a document that has every kind of object, each object in turn is spoiled: an unknown key, each
key with values of wrong types and units, a key left out. What the schema refuses the reader refuses;
every key that the schema documents the reader takes.
"""
import concurrent.futures
import copy
import functools
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ""
KINDS = []

CONNECTION = {
    "local_addrs": "192.0.2.1", "remote_addrs": "192.0.2.2", "proposals": "default",
    "local": {"auth": "psk", "id": "moon.test"}, "remote": {"auth": "psk", "id": "sun.test"},
    "children": {"net": {"local_ts": "10.1.0.0/16", "remote_ts": ["10.2.0.0/16"],
                         "life_time": "2h"}}}
SECRETS = {"ike-1": {"secret": "top", "id-1": "moon.test", "id-2": "sun.test"}}
POLICIES = [{"name": "dns", "action": "bypass", "local": "10.0.0.0/8[udp/53]",
             "remote": "10.0.0.0/8"}]
# A document of each kind with every kind of object in it.
WHOLE = {
    "configuration": {"connections": {"net": CONNECTION}, "secrets": SECRETS, "charon": {},
                      "policies": POLICIES, "icmp": {}},
    "scenario": {
        "duration": "10s", "clock": "real",
        "nodes": {"alice": {"routes": {"default": "10.1.0.1"}}, "carol": {"kernel": {"netns": "carol"}},
                  "moon": {"secrets": SECRETS, "charon": {}, "policies": POLICIES,
                           "icmp": {}}},
        "links": {"lan": {"ends": {"alice/eth0": "10.1.0.10/24",
                                   "moon/eth1": ["10.1.0.1/24"]}},
                  "wan": {"ends": {"alice/eth1": "192.0.2.2/24", "moon/eth0": "192.0.2.1/24"}},
                  "tap": {"ends": {"carol/tap0": "10.3.0.2/24", "moon/eth2": "10.3.0.1/24"}}},
        "connections": {"moon": {"net": CONNECTION}}, "secrets": SECRETS, "charon": {},
        "traffic": {"a": {"kind": "ping", "from": "alice", "to": "moon"},
                    "b": {"kind": "udp", "from": "alice", "to": "moon"},
                    "c": {"kind": "tcp", "from": "alice", "to": "moon"}},
        "timeline": [{"at": "1s", "do": "initiate", "node": "moon", "child": "net"},
                     {"at": "2s", "do": "terminate", "node": "moon", "child": "net"},
                     {"at": "2s", "do": "terminate", "node": "moon", "connection": "net"},
                     {"at": "3s", "do": "liveness", "node": "moon", "connection": "net"},
                     {"at": "4s", "do": "change_link", "link": "wan", "up": False}],
        "expect": {"nodes": {"moon": {"setup_time": {"max": "1s"}}},
                   "traffic": {"a": {"received": {"min": 0}}},
                   "links": {"wan": {"frames": {"min": 0}}}},
        "record": {"interfaces": ["moon/eth0"]}}}
SAMPLES = {"extends": str(ROOT / "scenarios/site_to_site"), "ah_proposals": "sha256"}
# What means nothing without another key.
BESIDE = {"set": {"extends": SAMPLES["extends"]}, "dummy_size": {"dummy_interval": "1s"}}
WORDS = ("1s", "1%", "1mbit", "2026-01-01T00:00:00Z", "1", "text")
WRONG = (None, True, -1.5, "10 parsecs", ["x", 1], {"x": {"y": 1}})


def without_comments(text):
    """JSON with // and /* */ as plain JSON."""
    return re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/', lambda match: match[1] or "", text,
                  flags=re.DOTALL)


def read_as(kind, document):
    """Exit status of the reader and what it says."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(json.dumps(document))
        file.flush()
        words = {"scenario": ["run", file.name], "configuration": ["endpoint", "--config", file.name]}
        done = subprocess.run([PROGRAM, *words[kind], "--dry-run"], stdin=subprocess.DEVNULL,
                              text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=60, check=False)
    return done.returncode, done.stderr


@functools.lru_cache(maxsize=None)
def schema_of(kind):
    done = subprocess.run([PROGRAM, "schema", kind], text=True, stdout=subprocess.PIPE, check=True)
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


@functools.lru_cache(maxsize=None)
def validator_of(kind):
    return jsonschema.Draft202012Validator(schema_of(kind))


def sample(schema, root):
    """A value that the schema takes."""
    if "$ref" in schema:
        return None
    for word in ("default", "const"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return sample(schema["anyOf"][0], root)
    kind = schema.get("type")
    if kind == "integer" or kind == "number":
        return schema.get("minimum", 0)
    if kind == "boolean":
        return True
    if "pattern" in schema:
        return next((word for word in WORDS if re.search(schema["pattern"], word)), None)
    return "text" if kind == "string" or isinstance(kind, list) else None


class Walk:
    """Every object of a document with its schema, by pointer."""

    def __init__(self, schema, document):
        self.root = schema
        self.objects = []  # (keys that lead there, schema, name of its definition)
        self._visit(schema, document, (), "")

    def _visit(self, schema, value, keys, name):
        if "$ref" in schema:
            name = schema["$ref"].rsplit("/", 1)[1]
            schema = self.root["$defs"][name]
        for word in ("oneOf", "anyOf"):
            for branch in schema.get(word, ()) if "properties" not in schema else ():
                whole = {**branch, "$defs": self.root["$defs"]}
                if jsonschema.Draft202012Validator(whole).is_valid(value):
                    self._visit(branch, value, keys, name)
                    break
        if isinstance(value, list):
            for index, item in enumerate(value):
                if "items" in schema:
                    self._visit(schema["items"], item, (*keys, index), name)
        if not isinstance(value, dict):
            return
        if "properties" in schema:
            self.objects.append((keys, schema, name))
        for key, member in value.items():
            below = schema.get("properties", {}).get(key)
            for pattern, under in schema.get("patternProperties", {}).items():
                below = below or (under if re.search(pattern, key) else None)
            if below is None and isinstance(schema.get("additionalProperties"), dict):
                below = schema["additionalProperties"]
            if below:
                self._visit(below, member, (*keys, key), name)


def changed(document, keys, change):
    """A copy in which `change` was done to the object that the keys lead to."""
    document = copy.deepcopy(document)
    place = document
    for key in keys:
        place = place[key]
    change(place)
    return document


def setting(key, value):
    return lambda place: place.__setitem__(key, value)


class Agreement(unittest.TestCase):
    def check_kind(self, kind):
        """All generated documents of a kind: the set of documented keys that the reader took."""
        schema, whole = schema_of(kind), WHOLE[kind]
        self.assertTrue(validator_of(kind).is_valid(whole))
        self.assertEqual(read_as(kind, whole), (0, ""))
        walk = Walk(schema, whole)
        known = set(schema_of("configuration")["$defs"]) if kind == "scenario" else set()
        seen = {name for _, _, name in walk.objects}
        self.assertEqual(set(schema["$defs"]) - seen, set(), "add them to WHOLE")
        cases = []  # (what, document, documented key or None, must be refused)
        for keys, place, name in walk.objects:
            if name in known:
                continue  # the configuration's walk has been there
            cases += self.cases_of(whole, keys, place, name)
        return self.judge(kind, cases)

    def cases_of(self, whole, keys, place, name):
        label = f"{name} /{'/'.join(map(str, keys))}"
        yield (f"{label} + nonesuch", changed(whole, keys, setting("nonesuch", 1)), None, True)
        for key in place.get("required", ()):
            yield (f"{label} - {key}", changed(whole, keys, lambda at, key=key: at.pop(key)), None,
                   True)
        own = functools.reduce(lambda at, key: at[key], keys, whole)
        members = list(place["properties"].items())
        for pattern, schema in place.get("patternProperties", {}).items():
            there = [key for key in own if re.search(pattern, key)]
            members.append(((there or [pattern[1:]])[0], schema))
        harmless = {}
        for key, schema in members:
            if schema.get("deprecated"):
                harmless[key] = schema["enum"][0]
                yield (f"{label} {key} wrong", changed(whole, keys, setting(key, "wrong")), None,
                       True)
                continue
            value = own.get(key, SAMPLES.get(key, sample(schema, place)))
            if value is None:
                value = {} if schema.get("type") == "object" else []
            yield (f"{label} {key} = {value!r}",
                   changed(whole, keys, lambda at, new={**BESIDE.get(key, {}), key: value}: at.update(new)),
                   (name, key), False)
            for wrong in WRONG:
                yield (f"{label} {key} = {wrong!r}", changed(whole, keys, setting(key, wrong)),
                       None, False)
        if harmless:
            yield (f"{label} harmless", changed(whole, keys, lambda at: at.update(harmless)),
                   (name, "harmless"), False)

    def judge(self, kind, cases):
        valid = [validator_of(kind).is_valid(document) for _, document, _, _ in cases]
        # What the schema takes the reader may refuse for its meaning; it is asked only where a key
        # is to be accepted.
        asked = [i for i, (_, _, key, _) in enumerate(cases) if key or not valid[i]]
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = dict(zip(asked, pool.map(lambda i: read_as(kind, cases[i][1]), asked)))
        accepted, documented, refused = set(), set(), 0
        for i, (what, _, key, must_refuse) in enumerate(cases):
            if must_refuse:
                self.assertFalse(valid[i], f"the schema takes {what}")
            if key:
                documented.add(key)
            if not valid[i]:
                status, said = answers[i]
                self.assertEqual(status, 2, f"the reader takes what the schema refuses: {what}")
                self.check_message(what, said)
                refused += 1
            elif key:
                # A kernel node and its TAP device take less than a schema can say.
                if not all(re.search("kernel|TAP device", line) for line in answers[i][1].splitlines()):
                    self.fail(f"the reader refuses {what}: {answers[i]}")
                if answers[i] == (0, ""):
                    accepted.add(key)
        self.assertEqual(documented - accepted, set(), "keys that nothing can be set to")
        self.assertGreater(refused, 150)
        return accepted

    def check_message(self, what, said):
        """File, line, column, pointer, what was found, what was expected."""
        for line in said.splitlines():
            self.assertRegex(line, r"^\S+\.json:\d+:\d+: (/[^:]*(:[^: ]+)*: )?\S.*; expected \S",
                             what)

    def test_configuration(self):
        accepted = self.check_kind("configuration")
        self.assertIn(("connection", "dpd_delay"), accepted)
        self.assertIn(("child", "harmless"), accepted)

    def test_scenario(self):
        if "scenario" not in KINDS:
            return
        accepted = self.check_kind("scenario")
        self.assertIn(("link", "loss"), accepted)
        self.assertIn(("terminate", "connection"), accepted)
        self.assertIn(("flow_claims", "longest_gap"), accepted)

    def test_both_have_the_same_connections(self):
        scenario, configuration = schema_of("scenario")["$defs"], schema_of("configuration")["$defs"]
        for name, schema in configuration.items():
            self.assertEqual(scenario[name], schema, name)


class Files(unittest.TestCase):
    def validate(self, kind, path):
        errors = list(validator_of(kind).iter_errors(json.loads(without_comments(
            path.read_text()))))
        self.assertEqual(errors, [], path)

    def test_every_scenario_is_valid(self):
        stories = sorted((ROOT / "scenarios").glob("*.json"))
        self.assertGreater(len(stories), 5)
        for path in stories:
            self.validate("scenario", path)

    def test_the_example_configuration_is_valid(self):
        self.validate("configuration", ROOT / "tools/ikelab/gateway.json")

    def test_a_change_without_a_scenario_to_change_is_refused_by_both(self):
        lone = {"set": {"links.wan.loss": "2%"}}
        self.assertFalse(validator_of("scenario").is_valid(lone))
        self.assertTrue(validator_of("scenario").is_valid({"extends": "site_to_site", **lone}))
        if "scenario" in KINDS:
            self.assertEqual(read_as("scenario", lone)[0], 2)


if __name__ == "__main__":
    PROGRAM = sys.argv[1]
    KINDS = [word for word in sys.argv[2:] if word in WHOLE]
    unittest.main(argv=sys.argv[:1] + [word for word in sys.argv[2:] if word and word not in WHOLE],
                  verbosity=1)
