# SPDX-License-Identifier: GPL-2.0-only
"""Two network namespaces with one wire between them, that vanish whatever happens.

The namespaces have no names: each lives as long as the process that holds it, every process
started here is ended by the kernel when this one dies, and so parallel runs cannot meet and
nothing can be left behind, not even after SIGKILL. `Namespace.enter_command()` says how to look
inside while a lab is up.

    with NetnsLab(limit=60) as lab:
        daemon = lab.target.spawn(["charon"], log=lab.directory / "charon.out")
        print(lab.tester.ping("192.0.2.1", "192.0.2.2", count=3))
"""
import ctypes
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

WIRE = "wire0"
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class LabError(RuntimeError):
    """The lab could not do what was asked; the text says what to look at."""


class LabUnavailable(LabError):
    """This machine cannot hold a lab; a reason to skip.

    Two kinds: what tools/setup would mend, and what the machine forbids whatever is installed. The
    second begins with CANNOT, which tools/test lists without calling it a failure.
    """

    CANNOT = "cannot run here: "

    @classmethod
    def forbidden(cls, reason):
        return cls(cls.CANNOT + reason)


@dataclass(frozen=True)
class End:
    """Where one end of the wire lives: outer addresses, protected subnet, its host in there."""

    name: str
    v4: str
    v6: str
    inner: str
    subnet: str
    inner6: str
    subnet6: str
    identity: str

    def outer(self, ipv6=False):
        return self.v6 if ipv6 else self.v4


TESTER = End("tester", "192.0.2.1", "2001:db8:2::1", "10.99.1.1", "10.99.1.0/24",
             "2001:db8:99:1::1", "2001:db8:99:1::/64", "tester.test")
TARGET = End("target", "192.0.2.2", "2001:db8:2::2", "10.99.2.1", "10.99.2.0/24",
             "2001:db8:99:2::1", "2001:db8:99:2::/64", "target.test")


def _die_with_parent():
    _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def wait_for(condition, timeout, what, interval=0.05):
    """Poll condition() until it is true; its value, or LabError that names `what`."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise LabError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(interval)


class Process:
    """One process started by the lab, with its output in a file; ended by its own pid only."""

    def __init__(self, argv, env=None, log=None, stdin=None, stdout=None):
        self.argv = [str(word) for word in argv]
        self.log_path = pathlib.Path(log) if log else None
        sink = open(self.log_path, "ab") if self.log_path else subprocess.DEVNULL
        try:
            self.popen = subprocess.Popen(
                self.argv, env={**os.environ, **(env or {})}, preexec_fn=_die_with_parent,
                stdin=stdin if stdin is not None else subprocess.DEVNULL,
                stdout=stdout if stdout is not None else sink, stderr=sink)
        finally:
            if self.log_path:
                sink.close()

    @property
    def pid(self):
        return self.popen.pid

    def running(self):
        return self.popen.poll() is None

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path else ""

    def stop(self, how=signal.SIGTERM, grace=5.0):
        """Ask, wait up to `grace` seconds, then insist; the exit status (negative: a signal)."""
        if self.running():
            self.popen.send_signal(how)
            try:
                self.popen.wait(grace)
            except subprocess.TimeoutExpired:
                self.popen.kill()
        status = self.popen.wait()
        for stream in (self.popen.stdin, self.popen.stdout):
            if stream:
                stream.close()
        return status


class Capture:
    """tcpdump on the wire, from `start` until `stop`."""

    def __init__(self, namespace, path, interface=WIRE):
        self.path = pathlib.Path(path)
        log = self.path.with_suffix(".log")
        # -Z root: the folder belongs to us, tcpdump's own user could not write there.
        self.process = namespace.spawn(["tcpdump", "-Z", "root", "-U", "--immediate-mode", "-n",
                                        "-i", interface, "-w", self.path], log=log)

        def listening():
            if not self.process.running():
                raise LabError(f"tcpdump ended at once: {self.process.log()}")
            return "listening on" in self.process.log()

        wait_for(listening, 30, "tcpdump to listen")

    def stop(self):
        time.sleep(0.1)  # the last packets are on their way through the capture ring
        self.process.stop(signal.SIGINT)
        return self.path


class Namespace:
    """A network namespace, held open by a sleeping process of ours."""

    def __init__(self, end, processes):
        self.end = end
        self._processes = processes
        self._holder = Process(["unshare", "--net", "--", "sleep", "infinity"])
        processes.append(self._holder)
        mine = os.readlink("/proc/self/ns/net")
        wait_for(lambda: self._network() not in (None, mine), 30, f"the namespace {end.name}")

    def _network(self):
        if not self._holder.running():
            raise LabError(f"the holder of the namespace {self.end.name} ended")
        try:
            return os.readlink(f"/proc/{self.pid}/ns/net")
        except OSError:
            return None

    @property
    def pid(self):
        return self._holder.pid

    def enter_command(self):
        """The words to put before a command so that it runs in here."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--"]

    def run(self, argv, timeout=30, check=True, env=None):
        """Run to the end; CompletedProcess with text output, LabError if it fails and `check`."""
        words = [str(word) for word in argv]
        try:
            done = subprocess.run(self.enter_command() + words, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                  env={**os.environ, **(env or {})}, timeout=timeout,
                                  preexec_fn=_die_with_parent)
        except subprocess.TimeoutExpired as late:
            raise LabError(f"{' '.join(words)}: no end after {timeout} s") from late
        if check and done.returncode:
            raise LabError(f"{' '.join(words)}: exit {done.returncode}: {done.stdout.strip()}")
        return done

    def spawn(self, argv, env=None, log=None, **streams):
        """Start in here and return; the lab ends it at the latest when the lab ends."""
        process = Process(self.enter_command() + list(argv), env=env, log=log, **streams)
        self._processes.append(process)
        return process

    def ping(self, source, destination, count=10, interval=0.1, wait=30):
        """How many of `count` echo requests from `source` were answered.

        Each is waited for `wait` seconds (one program that sends all of them waits for its last no
        longer than the others took): say less where none is expected.
        """
        once = ["ping", "-n", "-q", "-c", "1", "-W", str(wait), "-I", source, destination]
        running = []
        for number in range(count):
            time.sleep(interval if number else 0)
            running.append(self.spawn(once))
        return [process.popen.wait(wait + 60) for process in running].count(0)

    def capture(self, path, interface=WIRE):
        return Capture(self, path, interface)


def spawn(namespace, argv, env=None, logfile=None, **streams):
    """Start any program in a namespace of a lab (two endpoints of ours, say)."""
    return namespace.spawn(argv, env=env, log=logfile, **streams)


class NetnsLab:
    """The two namespaces `tester` and `target`, a folder for files, and a hard time limit.

    @param limit      seconds after which everything is ended and the program exits with 124
    @param directory  where files go; without it a temporary folder that is removed at the end
    """

    ENDS = (TESTER, TARGET)
    SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM)
    PROGRAMS = ("ip", "nsenter", "unshare", "ping", "tcpdump", "sysctl", "mount")
    # What a container or kernel may refuse, each tried in namespaces that vanish with the command.
    TRIALS = (
        ("no network namespaces (a container needs CAP_SYS_ADMIN)", (), ("true",)),
        ("no private mounts (a chroot needs a mount point as its root: mount --bind ROOT ROOT)",
         ("--mount",), ("mount", "-t", "tmpfs", "tmpfs", "/run")),
        ("no veth wires", (), ("ip", "link", "add", WIRE, "type", "veth", "peer", "name", "wire1")),
        ("no TUN devices, and userland ESP needs them", (),
         ("ip", "tuntap", "add", "tun0", "mode", "tun")))

    def __init__(self, limit=300, directory=None):
        self.limit = limit
        self._temporary = directory is None
        self.directory = pathlib.Path(directory) if directory else None
        self._processes = []
        self._handlers = {}
        self.tester = None
        self.target = None

    @classmethod
    def require(cls, programs=()):
        """LabUnavailable with a remedy unless a lab can be made here."""
        if os.geteuid() != 0:
            raise LabUnavailable.forbidden(
                "network namespaces need root: run it as root or through sudo")
        if "/usr/sbin" not in os.environ["PATH"].split(os.pathsep):
            os.environ["PATH"] += os.pathsep + "/usr/sbin:/sbin"
        for program in (*cls.PROGRAMS, *programs):
            if not shutil.which(program):
                raise LabUnavailable(f"{program} is missing: run tools/setup")
        for what, flags, words in cls.TRIALS:
            trial = subprocess.run(["unshare", "--net", *flags, "--", *words], text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, check=False)
            if trial.returncode:
                raise LabUnavailable.forbidden(f"{what}: {trial.stdout.strip()}")

    def __enter__(self):
        self.require()
        if self._temporary:
            self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ikelab-lab-"))
        else:
            self.directory.mkdir(parents=True, exist_ok=True)
        for number in self.SIGNALS:
            self._handlers[number] = signal.signal(number, self._on_signal)
        signal.alarm(int(self.limit))
        try:
            self.tester, self.target = (Namespace(end, self._processes) for end in self.ENDS)
            self._connect()
        except BaseException:
            self._clean_up()
            raise
        return self

    def spawn(self, argv, env=None, log=None, **streams):
        """Start beside the namespaces; the lab ends it at the latest when it ends itself."""
        process = Process(argv, env=env, log=log, **streams)
        self._processes.append(process)
        return process

    def ping_both_ways(self, count=10, wait=30):
        """How many were answered of those of `tester`, and of those of `target`: Namespace.ping."""
        tester, target = self.tester.end.inner, self.target.end.inner
        return (self.tester.ping(tester, target, count, wait=wait),
                self.target.ping(target, tester, count, wait=wait))

    def _connect(self):
        subprocess.run(["ip", "link", "add", WIRE, "netns", str(self.tester.pid), "type", "veth",
                        "peer", "name", WIRE, "netns", str(self.target.pid)],
                       check=True, stdin=subprocess.DEVNULL, timeout=10)
        for namespace in (self.tester, self.target):
            end = namespace.end
            namespace.run(["sysctl", "-q", "-w", "net.ipv4.conf.all.promote_secondaries=1",
                           # No router or neighbour chatter of the kernel's own in captures.
                           f"net.ipv6.conf.{WIRE}.accept_ra=0"])
            for words in (["link", "set", "lo", "up"],
                          ["addr", "add", f"{end.v4}/24", "dev", WIRE],
                          ["addr", "add", f"{end.v6}/64", "dev", WIRE, "nodad"],
                          ["addr", "add", f"{end.inner}/32", "dev", "lo"],
                          ["addr", "add", f"{end.inner6}/128", "dev", "lo", "nodad"],
                          ["link", "set", WIRE, "up"]):
                namespace.run(["ip", *words])

    def _on_signal(self, number, _frame):
        if number == signal.SIGALRM:
            print(f"lab: over its limit of {self.limit} s, ending", file=sys.stderr)
            raise SystemExit(124)
        raise SystemExit(128 + number)

    def _clean_up(self):
        signal.alarm(0)
        for number in self.SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        # Newest first: the daemons may say goodbye while their namespace still stands.
        while self._processes:
            self._processes.pop().stop(grace=3.0)
        if self._temporary and self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def __exit__(self, *_):
        self._clean_up()
        return False
