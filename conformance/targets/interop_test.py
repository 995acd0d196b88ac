#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Our endpoint against Debian's strongSwan over real sockets, and against itself over protocol 50.

Every algorithm row asserts: the tunnel comes up, 10 of 10 pings each way, liveness from both sides,
the Delete of one side reaches the other, nothing protected crosses the wire in clear, and tshark opens
our own capture with our own key tables (where tshark 4.0 knows the algorithm).
"""
import os
import pathlib
import signal
import subprocess
import sys

from netns import LabError, NetnsLab, wait_for
from ours import Ours, configuration
from rows import arguments, expect, expect_equal, run_rows
from strongswan import StrongSwan, swanctl_conf
from wire_capture import read_traffic

ROOT = pathlib.Path(__file__).resolve().parents[2]
JUDGE = ROOT / "tools" / "judge" / "tshark_judge.py"
BINARY = {"path": os.environ.get("IKELAB", "")}

# name, cipher words of the IKE proposal, ESP proposal, tshark 4.0 decrypts it
CIPHERS = (
    ("gcm128", "aes128gcm16-prfsha256", "aes128gcm16", True),
    ("gcm256", "aes256gcm16-prfsha384", "aes256gcm16", True),
    ("cbc256", "aes256-sha256", "aes256-sha256", True),
    ("chacha", "chacha20poly1305-prfsha256", "chacha20poly1305", False))
# name of the group, who deletes the IKE SA in that row
GROUPS = (("x25519", "initiator"), ("ecp256", "responder"), ("modp2048", "initiator"))


class Couple:
    """Ours at the tester's end, charon at the target's, tcpdump on the wire between them."""

    def __init__(self, lab, folder, *, dpd_delay=None, charon_connection=None, charon_ike=None,
                 charon_psk=None, ours_child=None, **settings):
        self.lab, self.folder = lab, folder
        theirs = dict(settings)
        if charon_ike:
            theirs["ike"] = charon_ike
        if charon_psk:
            theirs["psk"] = charon_psk
        self.charon = StrongSwan(lab.target, folder / "charon").start()
        self.charon.load(swanctl_conf(lab.target.end, lab.tester.end, dpd_delay=dpd_delay,
                                      connection=charon_connection, **theirs))
        self.wire = lab.target.capture(folder / "wire.pcap")
        self.ours = Ours(lab.tester, folder / "ours", BINARY["path"],
                         configuration(lab.tester.end, lab.target.end, child=ours_child,
                                       **settings)).start()

    def bring_up(self, initiator):
        if initiator == "ours":
            expect(self.ours.says_ok("initiate net"), "ours brings the Child SA up",
                   self.ours.log()[-800:])
        else:
            expect(self.charon.initiate(), "charon brings the Child SA up",
                   self.charon.log()[-800:])
        self.ours.wait_established(["net"])
        wait_for(lambda: self.charon.established() == ["net"], 30, "charon's Child SA")

    def ping(self, count=10):
        expect_equal(self.lab.ping_both_ways(count), (count, count), "every ping is answered")

    def ours_checks_liveness(self):
        before = self.charon.saw("parsed INFORMATIONAL request")
        expect(self.ours.says_ok("liveness sw"), "our liveness request is answered")
        wait_for(lambda: self.charon.saw("parsed INFORMATIONAL request") > before, 30,
                 "our liveness request in charon's log")

    def charon_checks_liveness(self):
        """Two rounds: the second proves that the answer to the first was accepted."""
        wait_for(lambda: self.charon.saw("sending DPD request") >= 2, 40, "charon's DPD requests")
        wait_for(lambda: self.charon.saw("parsed INFORMATIONAL response") >= 2, 30, "our answers")
        expect_equal(self.charon.established(), ["net"], "charon still holds the SA afterwards")

    def delete_ike(self, deleter):
        if deleter == "ours":
            expect(self.ours.says_ok("terminate sw"), "ours deletes the IKE SA")
        else:
            expect(self.charon.terminate(ike="sw"), "charon deletes the IKE SA")
        self.both_empty()

    def both_empty(self):
        self.ours.wait_gone()
        wait_for(lambda: not self.charon.list_sas(), 30, "charon's SAs to be gone")

    def finish(self, judge=True, esp=None):
        """Stop ours, then judge: the wire for leaks and counts, our capture with tshark."""
        expect_equal(self.ours.stop(signal.SIGTERM), 0, "SIGTERM ends ours with status 0")
        traffic = read_traffic(self.wire.stop())
        expect_equal(traffic.clear, [], "nothing protected crossed the wire in clear")
        if esp is not None:
            expect_equal((traffic.esp_in_udp, traffic.esp_native), (esp, 0),
                         "the ESP packets, all in UDP 4500")
        return judge_capture(self.ours) if judge else "not judged: unknown to tshark 4.0"


def judge_capture(ours, esp=True, spoil=False):
    """tshark's verdict over one endpoint's own capture and key tables.

    @param esp    there must be ESP in it
    @param spoil  also require that the judge fails when one octet of a key is another
    """
    expect(ours.capture.exists(), "ours leaves a capture", ours.capture)
    options = (["--expect-esp"] if esp else []) + (["--self-test-negative"] if spoil else [])
    done = subprocess.run([sys.executable, JUDGE, ours.capture, "--config-dir", ours.tables, *options],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    (ours.directory / "judge.txt").write_text(done.stdout)
    expect_equal(done.returncode, 0, f"the tshark judge accepts our capture\n{done.stdout}")
    return "judged"


def algorithms(folder, initiator, cipher, group, deleter, **more):
    name, ike, esp, judged = cipher
    other = "charon" if initiator == "ours" else "ours"
    with NetnsLab(limit=120, directory=folder) as lab:
        couple = Couple(lab, folder, dpd_delay="1s", ike=f"{ike}-{group}", esp=esp, **more)
        couple.bring_up(initiator)
        couple.ping()
        couple.ours_checks_liveness()
        couple.charon_checks_liveness()
        couple.delete_ike(initiator if deleter == "initiator" else other)
        return couple.finish(judge=judged, esp=40)


def child_delete(folder, deleter):
    """The Child SA goes, the IKE SA stays, and no traffic gets through any more."""
    with NetnsLab(limit=120, directory=folder) as lab:
        couple = Couple(lab, folder)
        couple.bring_up("ours")
        couple.ping(3)
        if deleter == "ours":
            expect(couple.ours.says_ok("terminate-child net"), "ours deletes the Child SA")
        else:
            expect(couple.charon.terminate(child="net"), "charon deletes the Child SA")
        couple.ours.wait_established([])
        wait_for(lambda: couple.charon.established() == [], 30, "charon's Child SA to go")
        expect_equal([sa["state"] for sa in couple.ours.sas()], ["ESTABLISHED"],
                     "our IKE SA stays")
        expect_equal([sa["state"] for sa in couple.charon.list_sas()], ["ESTABLISHED"],
                     "charon's IKE SA stays")
        expect_equal(lab.ping_both_ways(2, wait=2), (0, 0), "no ping gets through without a Child SA")
        couple.delete_ike(deleter)
        return couple.finish()


def delete_on_signal(folder, how):
    """Ours is stopped with the tunnel up: charon hears of it at once, not by timeout."""
    with NetnsLab(limit=120, directory=folder) as lab:
        couple = Couple(lab, folder)
        couple.bring_up("ours")
        couple.ping(3)
        expect_equal(couple.ours.stop(how), 0, "the signal ends ours with status 0")
        wait_for(lambda: not couple.charon.list_sas(), 30, "charon's SAs to be gone")
        expect(couple.charon.saw("received DELETE for IKE_SA") > 0, "charon logs our Delete")
        return judge_capture(couple.ours)


def invalid_ke(folder, initiator):
    """The first KE is of a group that the other end does not want (RFC 7296 §1.2)."""
    two, one = "aes128gcm16-prfsha256-x25519-ecp256", "aes128gcm16-prfsha256-ecp256"
    with NetnsLab(limit=120, directory=folder) as lab:
        if initiator == "ours":
            couple = Couple(lab, folder, ike=two, charon_ike=one)
        else:
            couple = Couple(lab, folder, ike=one, charon_ike=two)
        couple.bring_up(initiator)
        expect(couple.charon.saw("INVAL_KE") > 0, "an INVALID_KE_PAYLOAD was exchanged")
        couple.ping(3)
        couple.delete_ike(initiator)
        return couple.finish()


def wrong_secret(folder, initiator):
    """Another PSK: AUTHENTICATION_FAILED on both sides, and not one packet through."""
    with NetnsLab(limit=120, directory=folder) as lab:
        couple = Couple(lab, folder, charon_psk="not-the-secret-of-the-other")
        if initiator == "ours":
            expect(not couple.ours.says_ok("initiate net", timeout=30), "ours reports failure")
        else:
            expect(not couple.charon.initiate(timeout=8), "charon reports failure")
        expect(couple.charon.saw("AUTH_FAILED") > 0, "AUTHENTICATION_FAILED was exchanged")
        couple.both_empty()
        expect_equal(lab.ping_both_ways(2, wait=2), (0, 0), "no ping gets through")
        expect_equal(couple.ours.stop(signal.SIGTERM), 0, "SIGTERM ends ours with status 0")
        traffic = read_traffic(couple.wire.stop())
        expect_equal((traffic.clear, traffic.esp_in_udp), ([], 0), "no clear text and no ESP")


def no_common_proposal(folder, initiator):
    """Nothing in common: NO_PROPOSAL_CHOSEN ends it on both sides."""
    with NetnsLab(limit=120, directory=folder) as lab:
        couple = Couple(lab, folder, ike="aes128gcm16-prfsha256-x25519",
                        charon_ike="aes256-sha256-modp2048")
        if initiator == "ours":
            expect(not couple.ours.says_ok("initiate net", timeout=30), "ours reports failure")
        else:
            expect(not couple.charon.initiate(timeout=8), "charon reports failure")
        expect(couple.charon.saw("NO_PROP") > 0, "NO_PROPOSAL_CHOSEN was exchanged")
        couple.both_empty()
        expect_equal(couple.ours.stop(signal.SIGTERM), 0, "SIGTERM ends ours with status 0")


def trap(folder):
    """start_action = trap: the first packet brings the tunnel up by itself."""
    with NetnsLab(limit=120, directory=folder) as lab:
        couple = Couple(lab, folder, ours_child={"start_action": "trap"})
        expect_equal(couple.ours.established(), [], "nothing is up before traffic")
        lab.tester.ping(lab.tester.end.inner, lab.target.end.inner, 3)
        couple.ours.wait_established(["net"])
        couple.ping()
        couple.delete_ike("charon")
        return couple.finish()


def native(folder, ipv6=False, ike="aes128gcm16-prfsha256-x25519", esp="aes128gcm16"):
    """Ours to ours: no NAT is found, so ESP is IP protocol 50 and never UDP 4500."""
    with NetnsLab(limit=120, directory=folder) as lab:
        ends = {}
        wire = lab.target.capture(folder / "wire.pcap")
        for me, peer in ((lab.target, lab.tester), (lab.tester, lab.target)):
            config = configuration(me.end, peer.end, ike=ike, esp=esp, ipv6=ipv6)
            ends[me.end.name] = Ours(me, folder / me.end.name, BINARY["path"], config).start()
        tester, target = ends["tester"], ends["target"]
        expect(tester.says_ok("initiate net"), "the Child SA comes up", tester.log()[-800:])
        target.wait_established(["net"])
        expect_equal(lab.ping_both_ways(), (10, 10), "10 of 10 pings each way")
        for end in (tester, target):
            expect(end.says_ok("liveness sw"), "the liveness request is answered")
        expect(target.says_ok("terminate sw"), "the responder deletes the IKE SA")
        tester.wait_gone()
        target.wait_gone()
        for end in (tester, target):
            expect_equal(end.stop(signal.SIGINT), 0, "SIGINT ends ours with status 0")
        traffic = read_traffic(wire.stop())
        expect_equal(traffic.clear, [], "nothing protected crossed the wire in clear")
        expect_equal((traffic.esp_native, traffic.esp_in_udp), (40, 0),
                     "40 packets of protocol 50, none in UDP 4500")
        return ", ".join(judge_capture(end, spoil=True) for end in (tester, target))


# RFC 4303 §2.6, §2.7: all packets fill the path, and pauses are short.
HIDDEN = {"tfc_padding": "mtu", "dummy_interval": "200ms"}


def dummies(end, which):
    return end.command("counters")["counters"][f"{which}_dummies"]


def hidden(folder, ipv6=False):
    """Ours to ours: who looks at the wire sees packets of one size, whether something is said or not."""
    with NetnsLab(limit=120, directory=folder) as lab:
        ends = {}
        wire = lab.target.capture(folder / "wire.pcap")
        for me, peer in ((lab.target, lab.tester), (lab.tester, lab.target)):
            config = configuration(me.end, peer.end, ipv6=ipv6, child=HIDDEN)
            ends[me.end.name] = Ours(me, folder / me.end.name, BINARY["path"], config).start()
        tester, target = ends["tester"], ends["target"]
        expect(tester.says_ok("initiate net"), "the Child SA comes up", tester.log()[-800:])
        expect_equal(lab.ping_both_ways(), (10, 10), "10 of 10 pings each way")
        for me, peer in ((tester, target), (target, tester)):
            wait_for(lambda me=me: dummies(me, "sent") >= 10, 30, "dummies on an idle wire")
            wait_for(lambda peer=peer: dummies(peer, "received") >= 10, 30, "dummies at the other end")
        for end in (tester, target):
            counters = end.command("counters")["counters"]
            expect_equal((counters["delivered_packets"], counters["discarded_packets"]), (20, 0),
                         "pings and answers are delivered, dummies are no errors")
        expect(target.says_ok("terminate sw"), "the responder deletes the IKE SA")
        tester.wait_gone()
        for end in (tester, target):
            expect_equal(end.stop(signal.SIGINT), 0, "SIGINT ends ours with status 0")
        traffic = read_traffic(wire.stop())
        sizes = set(traffic.esp_octets)
        expect(len(sizes) == 1 and 1496 < min(sizes) <= 1500, "one size, that of the path", sizes)
        return ", ".join(judge_capture(end) for end in (tester, target))


def hidden_from_charon(folder, initiator):
    """charon takes padding and dummies without a word, and hides nothing itself."""
    with NetnsLab(limit=120, directory=folder) as lab:
        couple = Couple(lab, folder, ours_child=HIDDEN)
        couple.bring_up(initiator)
        couple.ping()
        wait_for(lambda: dummies(couple.ours, "sent") >= 10, 30, "our dummies")
        couple.ping(3)
        couple.delete_ike("charon")
        return couple.finish()


def _rows():
    rows = {}
    for cipher in CIPHERS:
        for group, deleter in GROUPS:
            for initiator in ("ours", "charon"):
                rows[f"{cipher[0]}-{group}-{initiator}"] = (
                    lambda folder, i=initiator, c=cipher, g=group, d=deleter:
                    algorithms(folder, i, c, g, d))
    for who in ("ours", "charon"):
        rows[f"ipv6-{who}"] = (
            lambda folder, i=who: algorithms(folder, i, CIPHERS[0], "x25519", "responder",
                                             ipv6=True))
        rows[f"lifecycle-child-delete-{who}"] = lambda folder, i=who: child_delete(folder, i)
        rows[f"lifecycle-invalid-ke-{who}"] = lambda folder, i=who: invalid_ke(folder, i)
        rows[f"refused-secret-{who}"] = lambda folder, i=who: wrong_secret(folder, i)
        rows[f"refused-proposal-{who}"] = lambda folder, i=who: no_common_proposal(folder, i)
        rows[f"hidden-{who}"] = lambda folder, i=who: hidden_from_charon(folder, i)
    rows["hidden-native-v4"] = hidden
    rows["hidden-native-v6"] = lambda folder: hidden(folder, ipv6=True)
    rows["lifecycle-sigint"] = lambda folder: delete_on_signal(folder, signal.SIGINT)
    rows["lifecycle-sigterm"] = lambda folder: delete_on_signal(folder, signal.SIGTERM)
    rows["lifecycle-trap"] = trap
    rows["native-v4"] = native
    rows["native-v6"] = lambda folder: native(folder, ipv6=True)
    rows["native-cbc256"] = lambda folder: native(
        folder, ike="aes256-sha256-ecp256", esp="aes256-sha256")
    return rows


def _require():
    StrongSwan.require()
    NetnsLab.require(["tshark"])
    if not os.access(BINARY["path"], os.X_OK):
        # Not a reason to skip: whoever runs this has built the binary, or forgot to.
        raise LabError(f"no program at {BINARY['path'] or '$IKELAB'}: give --ikelab PATH")


def main():
    options = arguments(__doc__.splitlines()[0], binary=True).parse_args()
    if options.ikelab:
        BINARY["path"] = options.ikelab
    if BINARY["path"]:
        BINARY["path"] = os.path.abspath(BINARY["path"])
    return run_rows(_rows(), options, _require)


if __name__ == "__main__":
    sys.exit(main())
