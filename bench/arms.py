# SPDX-License-Identifier: GPL-2.0-only
"""arms - the ways to run one unmodified netperf that are compared.

  host      the host kernel (MPTCP: mptcpize)      phone ===veth or link=== server
  inline    persona run --inline                   the same link, an address of its own
  shadow    persona run                            the same
  tap       persona run --inline -i tap:           server's own TAP device, nothing between
  uml       user-mode-linux, vector driver, tap    another of these
  pasta     a network namespace joined to the phone's sockets by pasta (passt)
  slirp     the same by slirp4netns

An arm is started once per experiment and stopped after it: start() of those with a
process that stays (uml, pasta, slirp), run() per measurement. All that an arm starts is
in a group of its own, which ends with it; what a killed benchmark leaves dies with it
(PR_SET_PDEATHSIG).
"""
import os
import selectors
import shlex
import shutil
import subprocess
import tempfile
import time

from common import HERE, PERSONA, RMNET, WLAN, Failed, end_group

WITH_US = ["setpriv", "--pdeathsig", "KILL"]
CLEAN = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}


def no_tool(*names):
    missing = [n for n in names if not shutil.which(n)]
    return "not installed: " + ", ".join(missing) if missing else None


class Arm:
    """One way to run a program. @bed: testbed, @group: its cgroup, @setup: Setup of the experiment."""
    name = label = None

    def __init__(self, bed, group, setup):
        self.bed, self.group, self.setup = bed, group, setup

    @staticmethod
    def missing():
        """Why it cannot run here, or None."""

    def start(self):
        pass

    def stop(self):
        self.group.close()

    def server(self):
        """The server's address as the arm reaches it."""
        return self.setup.server

    def words(self, words):
        raise NotImplementedError

    def run(self, words, seconds):
        """(standard output, standard error); Failed if it does not end well within @seconds."""
        words = self.group.words(self.words(words))
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=CLEAN,
                                 stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            end_group(child)
            child.communicate()
            raise Failed("not done after %d s" % seconds)
        except BaseException:
            end_group(child)
            raise
        if child.returncode:
            raise Failed("status %d: %s" % (child.returncode, (err + out).decode(errors="replace").strip()[-200:]))
        return out.decode(), err.decode(errors="replace").strip()

    def background(self, words, **more):
        return subprocess.Popen(self.group.words(WITH_US + words), start_new_session=True, env=CLEAN, **more)


class Host(Arm):
    name, label = "host", "host kernel"
    own = "10.1.0.3"        # where a server that runs in the arm is reached

    def words(self, words):
        wrap = ["mptcpize", "run"] if self.setup.mptcp else []
        return self.bed.command("phone", *wrap, *words)


class Inline(Arm):
    name, label = "inline", "persona, inline"
    own = "10.1.0.2"
    mode = ["--inline"]

    def words(self, words):
        run = [PERSONA, "run", *self.mode, "-o", "net.ipv4.tcp_congestion_control=" + self.setup.cc]
        run += [] if self.setup.mptcp else ["--no-mptcp"]
        for path in self.setup.paths:
            run += ["-i", {"wlan": WLAN, "rmnet": RMNET}[path]]
        return self.bed.command("phone", *run, "--", *words)


class Shadow(Inline):
    name, label = "shadow", "persona, shadow"
    mode = []


def make_tap(bed, name, address):
    for words in (["tuntap", "add", name, "mode", "tap"], ["address", "add", address, "dev", name],
                  ["link", "set", name, "up"]):
        subprocess.run(bed.command("server", "ip", *words), check=True)


class Tap(Arm):
    name, label = "tap", "persona, inline, over TAP"

    def start(self):
        make_tap(self.bed, "tap0", "10.8.0.1/24")

    def server(self):
        return "10.8.0.1"

    def words(self, words):
        return self.bed.command("server", PERSONA, "run", "--inline", "--no-mptcp", "-o",
                                "net.ipv4.tcp_congestion_control=" + self.setup.cc,
                                "-i", "tap:tap0,ip=10.8.0.2/24", "--", *words)


class Uml(Arm):
    """Commands by the console: a line in, output and @@END out."""
    name, label = "uml", "user-mode-linux, over TAP"

    def __init__(self, *args):
        super().__init__(*args)
        self.child = self.directory = None

    @staticmethod
    def missing():
        return no_tool("linux.uml")

    def server(self):
        return "10.9.0.1"

    def start(self):
        make_tap(self.bed, "tapuml", "10.9.0.1/24")
        self.directory = tempfile.mkdtemp(prefix="persona-uml.")
        self.child = self.background(
            self.bed.command("server", "linux.uml", "mem=512M", "rootfstype=hostfs", "rootflags=/", "ro", "quiet",
                             "init=" + os.path.join(HERE, "uml-init"), "ADDRESS=10.9.0.2/24", "CC=" + self.setup.cc,
                             "con=null", "con0=fd:0,fd:1", "ssl=null", "uml_dir=" + self.directory,
                             "vec0:transport=tap,ifname=tapuml,depth=128,gro=1"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.answer(60)

    def stop(self):
        if self.child:
            end_group(self.child)
            self.child.stdout.close()
        super().stop()
        if self.directory:
            shutil.rmtree(self.directory, ignore_errors=True)

    def answer(self, seconds):
        until = time.monotonic() + seconds
        got = b""
        with selectors.DefaultSelector() as s:
            s.register(self.child.stdout, selectors.EVENT_READ)
            while True:
                if not s.select(max(0, until - time.monotonic())):
                    raise Failed("user-mode-linux: not done after %d s: %s" % (seconds, got[-200:].decode(errors="replace")))
                more = os.read(self.child.stdout.fileno(), 65536)
                if not more:
                    raise Failed("user-mode-linux ended: %s" % got[-300:].decode(errors="replace"))
                got += more
                lines = got.decode(errors="replace").replace("\r", "").split("\n")
                for line in lines[:-1]:
                    if line.startswith("@@END "):
                        return int(line.split()[1]), "\n".join(lines)

    def run(self, words, seconds):
        os.write(self.child.stdin.fileno(), (" ".join(map(shlex.quote, words)) + "\n").encode())
        status, out = self.answer(seconds)
        if status:
            raise Failed("status %d: %s" % (status, out.strip()[-200:]))
        return out, ""


class Box(Arm):
    """The host kernel in a namespace without a link; a process carries its traffic to the phone's sockets."""
    device = None

    def __init__(self, *args):
        super().__init__(*args)
        self.holder = self.joiner = None

    def inside(self, *words):
        return ["nsenter", "--net=/proc/%d/ns/net" % self.holder.pid, *words]

    def join(self):
        raise NotImplementedError

    def start(self):
        # The wrapper of the group and setpriv become unshare, which becomes sleep: one process.
        self.holder = self.background(["unshare", "--net", "sleep", "7200"], stdin=subprocess.DEVNULL)
        ours = os.readlink("/proc/self/ns/net")
        self.until(lambda: os.readlink("/proc/%d/ns/net" % self.holder.pid) != ours, "no namespace")
        for words in (["ip", "link", "set", "lo", "up"],
                      ["sysctl", "-qw", "net.ipv4.tcp_congestion_control=" + self.setup.cc]):
            subprocess.run(self.inside(*words), check=True)
        # By descriptor: pasta has no right to look into the holder's /proc any more when it opens it.
        words = ["sh", "-c", 'exec 9<"$0"; exec "$@"', "/proc/%d/ns/net" % self.holder.pid, *self.join()]
        self.joiner = self.background(self.bed.command("phone", *words), stdin=subprocess.DEVNULL,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.until(lambda: b"default" in subprocess.run(self.inside("ip", "-4", "route"), check=False,
                                                        stdout=subprocess.PIPE).stdout, "no route")

    def until(self, condition, what):
        end = time.monotonic() + 10
        while not condition():
            if time.monotonic() > end:
                raise Failed("%s: %s after 10 s" % (self.name, what))
            time.sleep(0.05)

    def stop(self):
        for child in self.joiner, self.holder:
            if child:
                end_group(child)
        super().stop()

    def words(self, words):
        return self.inside(*words)


class Pasta(Box):
    name, label = "pasta", "pasta (passt)"

    @staticmethod
    def missing():
        return no_tool("pasta")

    def join(self):
        return ["pasta", "-f", "-q", "--runas", "0:0", "--netns-only", "--config-net", "--no-map-gw",
                *(w for o in "tuTU" for w in ("-" + o, "none")), "--netns", "/proc/self/fd/9"]


class Slirp(Box):
    name, label = "slirp", "slirp4netns"

    @staticmethod
    def missing():
        return no_tool("slirp4netns")

    def join(self):
        return ["slirp4netns", "--configure", "--mtu=65520", "--netns-type=path", "/proc/self/fd/9", "tap0"]


ARMS = {a.name: a for a in (Host, Inline, Shadow, Tap, Uml, Pasta, Slirp)}
