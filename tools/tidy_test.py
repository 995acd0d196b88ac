#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tools/tidy finds each fault it claims to find, and is silent over a tree without faults."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

TOOLS = pathlib.Path(__file__).resolve().parent
MIT = "// SPDX-License-Identifier: MIT\n"
GPL = "// SPDX-License-Identifier: GPL-2.0-only\n"
CMAKE = "# SPDX-License-Identifier: MIT\n"
HOME = "/" + "home/"  # written in two so that this file is not a finding itself

CLEAN = {
    "model/wire/README.md": "# wire\n",
    "model/wire/CMakeLists.txt": CMAKE + "ikelab_room(wire SOURCES header.cc)\n",
    "model/wire/header.cc": MIT + '#include "wire/header.h"\n',
    "model/wire/header.h": MIT + "#pragma once\n",
    "model/sim/README.md": "# sim\n",
    "model/sim/CMakeLists.txt": CMAKE + "ikelab_room(sim SOURCES shell.cc)\n",
    "model/sim/shell.cc": GPL + '#include "wire/header.h"\n\n#include "ns3/simulator.h"\n',
    "scenarios/site_to_site.json": "{}\n",
    "README.md": "Run `ikelab run site_to_site`.\n",
}


def sources(room, *names):
    return CMAKE + f"ikelab_room({room} SOURCES {' '.join(names)})\n"


class Tidy(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="tidy-test-"))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(TOOLS.parent / ".clang-format", self.root)
        self.write(CLEAN)

    def write(self, files):
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def tidy(self, *arguments):
        return subprocess.run([sys.executable, TOOLS / "tidy", "--root", self.root, *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def assert_found(self, files, *places_and_words):
        """These added files give exactly these findings: (place, words) each."""
        self.write(files)
        done = self.tidy()
        lines = done.stdout.splitlines()[:-1]
        self.assertEqual(len(lines), len(places_and_words), done.stdout)
        for place, words in places_and_words:
            self.assertTrue(any(line.startswith(f"{place}: ") and words in line for line in lines),
                            f"no {words!r} at {place} in:\n{done.stdout}")
        self.assertEqual(done.returncode, 1 if places_and_words else 0)

    def test_a_clean_tree_has_no_findings(self):
        self.assert_found({})

    def test_an_include_against_the_direction_is_found(self):
        self.assert_found({"model/wire/header.cc": MIT + '#include "sim/shell.h"\n'},
                          ("model/wire/header.cc:2", "wire includes sim"))

    def test_ike_and_esp_do_not_know_each_other(self):
        self.assert_found({"model/ike/README.md": "# ike\n",
                           "model/ike/CMakeLists.txt": sources("ike", "sa.cc"),
                           "model/ike/sa.cc": MIT + '#include "esp/sad.h"\n'},
                          ("model/ike/sa.cc:2", "ike includes esp"))

    def test_the_conformance_peer_does_not_stand_on_ike(self):
        self.assert_found({"conformance/README.md": "# conformance\n",
                           "conformance/peer/CMakeLists.txt": sources("peer", "liar.cc"),
                           "conformance/peer/liar.cc": GPL + '#include "ike/ike_sa.h"\n'},
                          ("conformance/peer/liar.cc:2", "conformance/peer includes ike"))

    def test_openssl_outside_crypto_is_found_in_a_benchmark_too(self):
        include = MIT + "#include <openssl/evp.h>\n"
        self.assert_found({"model/esp/README.md": "# esp\n",
                           "model/esp/CMakeLists.txt": sources("esp", "a_bench.cc"),
                           "model/esp/a_bench.cc": include, "model/wire/header.cc": include},
                          ("model/esp/a_bench.cc:2", "OpenSSL outside crypto"),
                          ("model/wire/header.cc:2", "OpenSSL outside crypto"))

    def test_openssl_in_crypto_and_in_a_benchmark_is_allowed(self):
        include = MIT + "#include <openssl/evp.h>\n"
        self.assert_found({"model/crypto/README.md": "# crypto\n",
                           "model/crypto/CMakeLists.txt": sources("crypto", "a.cc", "a_bench.cc"),
                           "model/crypto/a.cc": include, "model/crypto/a_bench.cc": include})

    def test_ns3_outside_sim_is_found(self):
        self.assert_found({"model/wire/header.cc": MIT + '#include "ns3/packet.h"\n'},
                          ("model/wire/header.cc:2", "ns-3 outside sim"))

    def test_a_file_or_a_clock_in_a_sans_io_room_is_found(self):
        self.assert_found({"model/wire/header.cc": MIT + "#include <fstream>\n\n"
                           "auto now = std::chrono::steady_clock::now();\n"},
                          ("model/wire/header.cc:2", "reaches for the world"),
                          ("model/wire/header.cc:4", "asks a clock"))

    def test_a_file_that_nothing_builds_or_includes_is_found(self):
        self.assert_found({"model/wire/forgotten.cc": MIT, "model/wire/unused.h": MIT},
                          ("model/wire/forgotten.cc:1", "dead file"),
                          ("model/wire/unused.h:1", "dead file"))

    def test_a_name_that_ends_like_a_built_one_does_not_count_as_built(self):
        self.assert_found({"model/wire/der.cc": MIT, "model/wire/exchange/header.cc": MIT},
                          ("model/wire/der.cc:1", "dead file"),
                          ("model/wire/exchange/header.cc:1", "dead file"))

    def test_a_header_of_the_same_name_in_another_room_does_not_count_as_included(self):
        self.assert_found({"model/sim/header.h": GPL}, ("model/sim/header.h:1", "dead file"))

    def test_a_scenario_that_nobody_names_is_found(self):
        self.assert_found({"scenarios/forgotten.json": "{}\n"},
                          ("scenarios/forgotten.json:1", "names this scenario"))

    def test_a_missing_spdx_line_is_found_in_every_kind_of_source(self):
        self.assert_found({"model/wire/header.cc": '#include "wire/header.h"\n',
                           "tools/README.md": "# tools\n", "tools/x.py": "print()\n",
                           "tools/run": "#!/bin/sh\ntrue\n", "tools/CMakeLists.txt": "\n"},
                          ("model/wire/header.cc:1", "no SPDX"), ("tools/x.py:1", "no SPDX"),
                          ("tools/run:1", "no SPDX"), ("tools/CMakeLists.txt:1", "no SPDX"))

    def test_unused_and_unknown_names_in_python_are_found(self):
        header = "# SPDX-License-Identifier: MIT\n"
        self.assert_found({"tools/README.md": "# tools\n", "tools/x.py": header + "import os\n",
                           "tools/run": f"#!/usr/bin/python3\n{header}print(unknown)\n",
                           "tools/broken.py": header + "def\n", "tools/fine.py": header + "print()\n"},
                          ("tools/x.py:2", "'os' imported but unused"),
                          ("tools/run:3", "undefined name 'unknown'"), ("tools/broken.py:2", "invalid syntax"))

    def test_the_wrong_licence_for_a_place_is_found(self):
        self.assert_found({"model/wire/header.h": GPL, "model/sim/shell.cc": MIT},
                          ("model/wire/header.h:1", "in a place of MIT"),
                          ("model/sim/shell.cc:1", "in a place of GPL-2.0-only"))

    def test_a_room_without_readme_is_found(self):
        (self.root / "model/wire/README.md").unlink()
        self.assert_found({}, ("model/wire/README.md:1", "no README"))

    def test_an_overlong_file_is_found_and_tests_may_be_longer(self):
        long = MIT + "int x;\n" * 700
        self.assert_found({"model/wire/CMakeLists.txt":
                           sources("wire", "header.cc", "long.cc", "long_test.cc"),
                           "model/wire/long.cc": long, "model/wire/long_test.cc": long},
                          ("model/wire/long.cc:601", "701 lines"))

    def test_a_path_of_one_machine_is_found(self):
        self.assert_found({"docs.md": f"see {HOME}me/notes\n", "fine.md": f"${{x}}{HOME}y\n"},
                          ("docs.md:1", "path of one machine"))

    def test_wrong_layout_is_found_and_fix_mends_it(self):
        self.assert_found({"model/wire/header.cc": MIT + "int  F( ){return 1;}\n"},
                          ("model/wire/header.cc:2", "layout differs"))
        self.assertEqual(self.tidy("--fix").returncode, 0)
        self.assertEqual(self.tidy().returncode, 0)

    def test_files_that_git_ignores_are_not_looked_at(self):
        subprocess.run(["git", "init", "-q", self.root], check=True)
        self.assert_found({".gitignore": "/build/\n", "build/x.cc": "int  x;\n"})


if __name__ == "__main__":
    unittest.main()
