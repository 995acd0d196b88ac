#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""The ikelab program and wrong input: exit status 2, a message that mends it, nothing written.

    command_line_test.py PROGRAM [TEST...]
"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = ""
GOOD = """{
    // moon's side
    "connections": {
        "net": {
            "local_addrs": ["192.0.2.77"],
            "remote_addrs": ["192.0.2.78"],
            "proposals": ["aes128gcm16-prfsha256-x25519"],
            "local": {"auth": "psk", "id": "moon.test"},
            "remote": {"auth": "psk", "id": "sun.test"},
            "children": {
                "net": {
                    "local_ts": ["10.1.0.0/16"],
                    "remote_ts": ["10.2.0.0/16"],
                    "esp_proposals": ["aes128gcm16"]
                }
            }
        }
    },
    "secrets": {"ike-1": {"id": ["moon.test", "sun.test"], "secret": "swordfish"}}
}
"""


def run(*words, timeout=60):
    return subprocess.run([PROGRAM, *map(str, words)], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout,
                          check=False)


class Usage(unittest.TestCase):
    def test_help_and_version_are_good(self):
        for words in (["--help"], ["endpoint", "--help"], ["run", "--help"]):
            done = run(*words)
            self.assertEqual(done.returncode, 0, words)
            self.assertIn("Usage: ikelab", done.stdout)
            self.assertEqual(done.stderr, "")
        for command in ("run", "endpoint", "pcap", "schema", "doctor"):
            self.assertRegex(run("--help").stdout, rf"(?m)^  {command} ")
        done = run("--version")
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stdout, r"^ikelab \d+\.\d+\.\d+\n$")

    def test_a_word_that_is_no_command_is_named_with_the_nearest(self):
        done = run("endpint", "--config", "x")
        self.assertIn('unknown command "endpint"', done.stderr)
        self.assertIn('did you mean "endpoint"?', done.stderr)
        self.assertIn("is no seed", run("run", "x", "--seed", "-1").stderr)

    def test_an_option_that_is_none_is_named_with_the_nearest(self):
        for words, nearest in ((["endpoint", "--confg", "x"], "--config"),
                               (["run", "x", "--sed=4"], "--seed"),
                               (["schema", "--halp"], "--help")):
            done = run(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(f'ikelab: {words[0]}: unknown option "', done.stderr)
            self.assertIn(f'did you mean "{nearest}"?', done.stderr)

    def test_schema_prints_one_of_two(self):
        titles = {(): "ikelab scenario", ("scenario",): "ikelab scenario",
                  ("configuration",): "Configuration of an ikelab gateway"}
        for words, title in titles.items():
            done = run("schema", *words)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertEqual(json.loads(done.stdout)["title"], title)
        done = run("schema", "scenarios")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn('did you mean "scenario"?', done.stderr)

    def test_wrong_usage_is_status_2(self):
        for words in ([], ["endpint"], ["endpoint"], ["endpoint", "--config"],
                      ["endpoint", "--config", "x", "--mtu", "100"], ["endpoint", "--bogus"],
                      ["run"], ["run", "x", "--seed", "many"], ["run", "x", "--seed", "-1"],
                      ["run", "x", "--seed", "99999999999999999999"]):
            done = run(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertNotEqual(done.stderr, "", words)
            self.assertEqual(done.stdout, "", words)


class Configuration(unittest.TestCase):
    """Each mistake is told by file, line, column, pointer, what was expected and what is near."""

    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.folder = pathlib.Path(self._folder.name)
        self.output = self.folder / "out"

    def refuse(self, text):
        """The one line that the program says about this configuration."""
        path = self.folder / "moon.json"
        path.write_text(text)
        done = run("endpoint", "--config", path, "-o", self.output)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertFalse(self.output.exists(), "no output folder after bad input")
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith(f"{path}:"), lines[0])
        return lines[0][len(str(path)) + 1:]

    def refuse_change(self, old, new):
        self.assertIn(old, GOOD)
        return self.refuse(GOOD.replace(old, new, 1))

    def test_the_good_one_gets_as_far_as_the_sockets(self):
        path = self.folder / "moon.json"
        path.write_text(GOOD)
        done = run("endpoint", "--config", path, "-o", self.output)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"cannot bind UDP 192\.0\.2\.77\[\d+\]: .*; ")
        self.assertFalse(self.output.exists())

    def test_a_dry_run_says_what_there_is_and_opens_nothing(self):
        path = self.folder / "moon.json"
        path.write_text(GOOD)
        done = run("endpoint", "--config", path, "-o", self.output, "--dry-run")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines(),
                         ["net: 192.0.2.77 -> 192.0.2.78", "  net: 10.1.0.0/16 === 10.2.0.0/16",
                          "1 connection(s), 1 secret(s), 0 policies: the configuration is good"])
        self.assertFalse(self.output.exists())

    def test_unknown_key(self):
        said = self.refuse_change('"esp_proposals"', '"esp_proposal"')
        self.assertTrue(said.startswith("14:21: /connections/net/children/net/esp_proposal: "),
                        said)
        self.assertIn("unknown key", said)
        self.assertIn('did you mean "esp_proposals"?', said)

    def test_unknown_word_in_a_proposal(self):
        said = self.refuse_change("aes128gcm16-prfsha256-x25519", "aes128gcm16-prfsha256-x25518")
        self.assertTrue(said.startswith("7:27: /connections/net/proposals/0: "), said)
        self.assertIn('did you mean "x25519"?', said)

    def test_wrong_unit(self):
        said = self.refuse_change('"esp_proposals"', '"rekey_time": "4 parsecs", "esp_proposals"')
        self.assertTrue(said.startswith("14:35: /connections/net/children/net/rekey_time: "), said)
        self.assertIn("expected a time such as", said)

    def test_wrong_type(self):
        said = self.refuse_change('["192.0.2.78"]', "17")
        self.assertTrue(said.startswith("6:29: /connections/net/remote_addrs: "), said)
        self.assertIn("expected", said)

    def test_no_address(self):
        said = self.refuse_change('"192.0.2.78"', '"192.0.2.780"')
        self.assertTrue(said.startswith("6:30: /connections/net/remote_addrs/0: "), said)

    def test_syntax(self):
        said = self.refuse_change('"proposals": [', '"proposals": ')
        self.assertTrue(said.startswith("7:"), said)
        self.assertIn("/connections/net", said)

    def test_duplicate_key(self):
        said = self.refuse_change('"proposals"', '"remote_addrs"')
        self.assertTrue(said.startswith("7:13: "), said)
        self.assertIn("remote_addrs", said)

    def test_every_truncation(self):
        for length in range(0, len(GOOD.rstrip()), 7):
            with self.subTest(length=length):
                self.refuse(GOOD[:length])

    def test_no_file(self):
        missing = self.folder / "sun.json"
        done = run("endpoint", "--config", missing, "-o", self.output)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"cannot open {missing}: No such file", done.stderr)
        self.assertFalse(self.output.exists())

    def test_secrets_are_not_repeated(self):
        broken = json.loads(GOOD.replace("// moon's side", ""))
        broken["secrets"]["ike-1"]["secrt"] = broken["secrets"]["ike-1"].pop("secret")
        self.assertNotIn("swordfish", self.refuse(json.dumps(broken)))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=1)
