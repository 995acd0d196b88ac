#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `cmake --install` leaves: others find and use it, wherever it is moved to.

    install_test.py BUILD_FOLDER COMPILER COMPONENT... [-- unittest's words]
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = pathlib.Path()
COMPILER = ""
COMPONENTS = []
SOURCE = pathlib.Path(__file__).resolve().parents[1]


def run(*words, **options):
    return subprocess.run([str(word) for word in words], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, **options)


class Installed(unittest.TestCase):
    """One installation for all tests, moved after it was made."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="ikelab-install-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.prefix = cls.folder / "moved" / "ikelab"
        cls.must("cmake", "--install", BUILD, "--prefix", cls.folder / "first")
        cls.prefix.parent.mkdir()
        (cls.folder / "first").rename(cls.prefix)

    @classmethod
    def must(cls, *words, **options):
        done = run(*words, **options)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}:\n{done.stdout}")
        return done.stdout

    def configure(self, source, build, prefix=None):
        return run("cmake", "-G", "Ninja", "-S", source, "-B", build,
                   f"-DCMAKE_PREFIX_PATH={prefix or self.prefix}",
                   f"-DCMAKE_CXX_COMPILER={COMPILER}", "-DCMAKE_CXX_FLAGS=-O0")

    def refuse(self, arguments, prefix=None):
        """What CMake says to a project that asks for ikelab in this way."""
        project = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        (project / "CMakeLists.txt").write_text(
            "cmake_minimum_required(VERSION 3.22)\nproject(other LANGUAGES CXX)\n"
            f"find_package(ikelab {arguments})\n")
        done = self.configure(project, project / "build", prefix)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return " ".join(done.stdout.split())

    def test_the_examples_build_and_run_out_of_tree(self):
        source = self.folder / "examples"
        shutil.copytree(self.prefix / "share/ikelab/examples", source)
        # Beside them a program that has every installed header: none may need what is not there.
        headers = sorted(str(path.relative_to(self.prefix / "include/ikelab"))
                         for path in (self.prefix / "include/ikelab").rglob("*.h"))
        self.assertIn("gateway/gateway.h", headers)
        self.assertEqual([name for name in headers if "testing" in name or "_impl" in name], [])
        (source / "headers.cc").write_text(
            "".join(f'#include "{name}"\n' for name in headers) + "int main() {}\n")
        library = "ns3" if "ns3" in COMPONENTS else "core"
        with (source / "CMakeLists.txt").open("a") as lists:
            lists.write("add_executable(headers headers.cc)\n"
                        f"target_link_libraries(headers PRIVATE ikelab::{library})\n")
        build = self.folder / "build"
        done = self.configure(source, build)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotIn(str(BUILD), done.stdout)
        self.must("cmake", "--build", build)

        said = self.must(build / "two_gateways")
        for end in ("moon", "sun "):
            self.assertIn(f"{end}: IKE SA  AES_GCM_16_256/PRF_HMAC_SHA2_384/CURVE_25519\n", said)
            self.assertIn(f"{end}: Child SA AES_GCM_16_256/NO_EXT_SEQ\n", said)
        self.assertRegex(said, r"sealed: 38 octets of IP are \d+ of ESP: [0-9a-f]+\n")
        self.assertIn("opened: the same octets\n", said)
        if "ns3" in COMPONENTS:
            said = self.must(build / "tunnel_in_ns3")
            self.assertRegex(said, "IKE SA line: ESTABLISHED, [A-Z0-9_/]+\n")
            self.assertIn("4 of 4 echoes came back; moon sealed 4 packets and opened 4\n", said)
        else:
            self.assertFalse((build / "tunnel_in_ns3").exists())

    def test_nothing_installed_names_the_source_or_the_build(self):
        for path in self.prefix.rglob("*"):
            if path.is_file() and path.suffix in (".cmake", ".h", ".txt", ".json", ".cc"):
                text = path.read_text()
                self.assertNotIn(str(SOURCE), text, path)
                self.assertNotIn(str(self.folder / "first"), text, path)

    def test_an_unknown_component_is_told(self):
        said = self.refuse("REQUIRED COMPONENTS nosuch")
        self.assertIn('ikelab has no component "nosuch": its components are core and ns3.', said)
        self.assertIn('no component "nosuch"', self.refuse("REQUIRED COMPONENTS core nosuch"))

    def test_a_component_that_was_not_built_is_told(self):
        without = self.folder / "without_ns3"
        shutil.copytree(self.prefix, without)
        for path in without.rglob("ikelab-ns3*.cmake"):
            path.unlink()
        said = self.refuse("REQUIRED COMPONENTS core ns3", without)
        self.assertIn('was installed without its component "ns3": build it with ns-3', said)

    def test_another_version_is_refused(self):
        self.assertIn("compatible with requested version", self.refuse("9.0 REQUIRED"))

    def test_the_program_finds_its_scenarios_from_anywhere(self):
        program = self.prefix / "bin/ikelab"
        self.assertRegex(self.must(program, "--version", cwd="/"), r"^ikelab \d")
        if "ns3" not in COMPONENTS:
            return
        # A mark shows that it is the installed file which is read, not the source tree's.
        story = self.prefix / "share/ikelab/scenarios/site_to_site.json"
        story.write_text(story.read_text().replace("Two sites, one tunnel", "Moved"))
        plain = {name: value for name, value in os.environ.items() if name != "IKELAB_SCENARIOS"}
        self.assertIn("Moved", self.must(program, "run", "site_to_site", "--dry-run", cwd="/",
                                         env=plain))
        self.must(program, "run", "udp_encapsulation", "-o", self.folder / "out", cwd="/",
                  env=plain)
        self.assertTrue((self.folder / "out/summary.json").exists())


if __name__ == "__main__":
    BUILD, COMPILER = pathlib.Path(sys.argv[1]), sys.argv[2]
    words = sys.argv[3:]
    split = words.index("--") if "--" in words else len(words)
    COMPONENTS = words[:split]
    unittest.main(argv=sys.argv[:1] + words[split + 1:], verbosity=1)
