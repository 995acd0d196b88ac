#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Is the lab itself right? charon against charon, judged by the counts that interop_test.py uses.

A row that fails here means that a row of interop_test.py says nothing about our own endpoint.
"""
import os
import pathlib
import signal
import subprocess
import sys
import time

from charon_keys import read_log
from charon_raw import parse_sections
from netns import NetnsLab, wait_for
from rows import arguments, expect, expect_equal, run_rows
from strongswan import StrongSwan, swanctl_conf
from wire_capture import read_traffic

HERE = pathlib.Path(__file__).resolve().parent


def _pair(lab, at_tester=None, **settings):
    """Two loaded daemons, tester first; `at_tester` overrides settings of that end."""
    ends = []
    for me, peer in ((lab.tester, lab.target), (lab.target, lab.tester)):
        charon = StrongSwan(me, lab.directory / me.end.name).start()
        mine = at_tester or {} if me is lab.tester else {}
        charon.load(swanctl_conf(me.end, peer.end, **{**settings, **mine}))
        ends.append(charon)
    return ends


def _tshark_counts(capture, tables):
    """(IKE messages with SK, of these decrypted, ESP, of these with a good ICV)."""
    counts = []
    for wanted in ("isakmp.nextpayload == 46", "isakmp.enc.decrypted", "esp", "esp.icv_good == 1"):
        done = subprocess.run(
            ["tshark", "-r", capture, "-o", "esp.enable_encryption_decode:TRUE",
             "-o", "esp.enable_authentication_check:TRUE", "-Y", wanted, "-T", "fields",
             "-e", "frame.number"], env={**os.environ, "WIRESHARK_CONFIG_DIR": str(tables)},
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            timeout=60, check=True)
        counts.append(len(done.stdout.split()))
    return counts


def tunnel(folder, decrypts=True, **settings):
    """PSK, a tunnel, pings, both daemons' keys agree, Wireshark reads all of it, Deletes arrive."""
    with NetnsLab(limit=90, directory=folder) as lab:
        tester, target = _pair(lab, **settings)
        capture = lab.tester.capture(folder / "wire.pcap")
        expect(tester.initiate(), "charon brings its Child SA up", tester.log()[-800:])
        expect_equal(lab.ping_both_ways(), (10, 10), "10 of 10 pings each way")
        expect_equal(target.established(), ["net"], "the target holds one Child SA")
        expect(tester.terminate(ike="sw"), "the IKE SA is deleted")
        wait_for(lambda: not target.list_sas(), 30, "the Delete to reach the target")
        traffic = read_traffic(capture.stop())
        expect_equal(traffic.clear, [], "nothing protected crossed the wire in clear")
        expect_equal((traffic.esp_in_udp, traffic.esp_native), (40, 0), "ESP only in UDP 4500")
        keys = [tuple(sorted(map(str, group))) for group in read_log(tester.log())]
        expect_equal(keys, [tuple(sorted(map(str, g))) for g in read_log(target.log())],
                     "both logs give the same keys")
        expect_equal([len(group) for group in keys], [1, 2], "one IKE SA and two ESP SAs")
        refused = target.keys(folder / "tables")
        if not decrypts:
            expect_equal(len(refused), 3, "SAs that Wireshark 4.0 cannot read are left out")
            return "pings 10/10 10/10"
        sealed, opened, esp, good = _tshark_counts(folder / "wire.pcap", folder / "tables")
        expect_equal((opened, good), (sealed, esp), "tshark opens every SK payload and ESP packet")
        expect(sealed >= 4 and esp == 40, "the capture holds the exchanges and the pings")
    return f"pings 10/10 10/10, {opened} IKE and {good} ESP packets decrypted"


def rekey(folder):
    """Keys are found again in the log after CREATE_CHILD_SA rekeys of both kinds."""
    with NetnsLab(limit=90, directory=folder) as lab:
        tester, target = _pair(lab)
        capture = lab.target.capture(folder / "wire.pcap")
        expect(tester.initiate(), "charon brings its Child SA up")
        expect_equal(lab.tester.ping(lab.tester.end.inner, lab.target.end.inner, 3), 3, "pings")
        tester.swanctl("--rekey", "--child", "net")
        wait_for(lambda: len(read_log(target.log())[1]) == 4, 30, "the keys of the new Child SA")
        expect_equal(lab.tester.ping(lab.tester.end.inner, lab.target.end.inner, 3), 3, "pings")
        target.swanctl("--rekey", "--ike", "sw")
        wait_for(lambda: len(read_log(target.log())[0]) == 2, 30, "the keys of the new IKE SA")
        expect(tester.terminate(ike="sw"), "the new IKE SA is deleted")
        capture.stop()
        for charon, name in ((tester, "tester"), (target, "target")):
            charon.keys(folder / name)
            sealed, opened, esp, good = _tshark_counts(folder / "wire.pcap", folder / name)
            expect_equal((opened, good), (sealed, esp), f"the tables of {name} open everything")
            expect(sealed >= 8 and esp == 12, "the capture holds the rekeys and the pings")
    return f"{opened} IKE and {good} ESP packets decrypted"


def dead_peer_detection(folder):
    """charon's own liveness check is visible in the target's log, as interop_test.py reads it."""
    with NetnsLab(limit=60, directory=folder) as lab:
        tester, target = _pair(lab, at_tester={"dpd_delay": "1s"})
        expect(tester.initiate(), "charon brings its Child SA up")
        wait_for(lambda: tester.saw("sending DPD request"), 30, "charon's liveness request")
        wait_for(lambda: target.saw("parsed INFORMATIONAL request"), 30, "it at the other end")


def wrong_secret(folder):
    """The lab can see a failure: another PSK gives no SA and no ping."""
    with NetnsLab(limit=60, directory=folder) as lab:
        tester, target = _pair(lab, at_tester={"psk": "not-the-secret-of-the-other"})
        capture = lab.tester.capture(folder / "wire.pcap")
        expect(not tester.initiate(timeout=5), "a wrong PSK brings nothing up")
        expect_equal(lab.ping_both_ways(2, wait=2), (0, 0), "no ping gets through")
        expect_equal(target.established(), [], "the target holds no Child SA")
        expect_equal(read_traffic(capture.stop()).esp_in_udp, 0, "no ESP on the wire")


def clear_text_is_seen(folder):
    """The count of packets in clear can be other than zero."""
    with NetnsLab(limit=60, directory=folder) as lab:
        for here, there in ((lab.tester, lab.target.end), (lab.target, lab.tester.end)):
            here.run(["ip", "route", "add", there.subnet, "via", there.v4, "src", here.end.inner])
        capture = lab.tester.capture(folder / "wire.pcap")
        expect_equal(lab.tester.ping(lab.tester.end.inner, lab.target.end.inner, 3), 3, "pings")
        expect_equal(len(read_traffic(capture.stop()).clear), 6, "six packets in clear are counted")


def raw_form(folder):
    """The reader of swanctl's raw form keeps values with blanks and refuses broken text."""
    tree = parse_sections("sw {local-id=two words state=UP child-sas {net-1 {ts=[a b] z=} e {}}}")
    expect_equal(tree, {"sw": {"local-id": "two words", "state": "UP",
                               "child-sas": {"net-1": {"ts": ["a", "b"], "z": ""}, "e": {}}}},
                 "nesting, lists, blanks")
    for broken in ("sw {a=1", "a=1}", "sw } {"):
        try:
            parse_sections(broken)
        except ValueError:
            continue
        expect(False, "broken text is refused", broken)


def _children(pid):
    try:
        return [int(word) for word in
                pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def _ends_after(folder, how):
    process = subprocess.Popen(
        [sys.executable, HERE / "strongswan.py", "up", "--limit", "60", "--dir", folder / "up"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        expect('"ok": true' in process.stdout.readline(), "strongswan.py up answers")
        children = _children(process.pid)
        expect(len(children) >= 3, "it runs two namespaces and charon", children)
        process.send_signal(how)
        process.wait(15)
        wait_for(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in children), 30,
                 "all its processes to end")
    finally:
        process.kill()
        process.communicate()
    return f"{len(children)} processes gone"


def time_limit(folder):
    """A lab past its limit ends itself with status 124."""
    start = time.monotonic()
    try:
        with NetnsLab(limit=1, directory=folder):
            time.sleep(20)
    except SystemExit as end:
        expect_equal(end.code, 124, "the status says that it was the limit")
    expect(time.monotonic() - start < 8, "it ended soon after the limit")


ROWS = {
    "gcm128-x25519": lambda folder: tunnel(folder),
    "gcm256-ecp256": lambda folder: tunnel(
        folder, ike="aes256gcm16-prfsha384-ecp256", esp="aes256gcm16"),
    "cbc256-modp2048": lambda folder: tunnel(
        folder, ike="aes256-sha256-modp2048", esp="aes256-sha256"),
    "chacha-x25519": lambda folder: tunnel(
        folder, decrypts=False, ike="chacha20poly1305-prfsha256-x25519", esp="chacha20poly1305"),
    "ipv6-outer": lambda folder: tunnel(folder, ipv6=True),
    "rekey": rekey,
    "dead-peer-detection": dead_peer_detection,
    "wrong-secret": wrong_secret,
    "clear-text-is-seen": clear_text_is_seen,
    "raw-form": raw_form,
    "ends-on-sigterm": lambda folder: _ends_after(folder, signal.SIGTERM),
    "ends-on-sigkill": lambda folder: _ends_after(folder, signal.SIGKILL),
    "time-limit": time_limit,
}


def _require():
    StrongSwan.require()
    NetnsLab.require(["tshark"])


if __name__ == "__main__":
    sys.exit(run_rows(ROWS, arguments(__doc__.splitlines()[0]).parse_args(), _require))
