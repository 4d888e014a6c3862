# SPDX-License-Identifier: GPL-2.0-only
"""mptcp_ends - what bench/mptcp measures with: testbeds, the two ends of a transfer, and what came out.

    phone namespace                                 server namespace
      "two"     wlan0 10.1.0.N  === 50 Mbit/s, 10 ms ===  ap0   10.1.0.1 (host), 10.1.0.200+N (stack)
                rmnet0 10.2.0.N === 30 Mbit/s, 25 ms ===  cell0 10.2.0.1         10.2.0.200+N
      "wlan"    the first of them alone
      "shared"  mv0 10.1.0.N, mv1 10.1.0.100+N: two macvlan devices on wlan0, one link for two subflows

An End is one of them: a stack of Persona's with a congestion control and a scheduler, or the host's kernel
(`mptcpize`). The phone connects, as phones do; either end may send. Scheduler and congestion
control are the sender's business, so a download with one of ours has a stack of ours at the server, too.

All that is started is ended: a Transfer by end(), a Bed by `with`; children die with the thread
that started them (PR_SET_PDEATHSIG).
"""
import json
import os
import select
import signal
import subprocess
import sys
import time

from common import HERE, PERSONA, PHONE, Failed, Testbed, end_group

FLOW = os.path.join(HERE, "flow.py")
PORT = 5300
WITH_US = ["setpriv", "--pdeathsig", "KILL"]
PHONE_PATHS = {"two": ("packet:wlan0,ip=10.1.0.%d/24,gw=10.1.0.1", "rawip:rmnet0,ip=10.2.0.%d/24"),
               "wlan": ("packet:wlan0,ip=10.1.0.%d/24,gw=10.1.0.1",),
               "shared": ("packet:mv0,ip=10.1.0.%d/24,gw=10.1.0.1", "packet:mv1,ip=10.1.0.1%02d/24,gw=10.1.0.1"),
               "half": ("packet:mv0,ip=10.1.0.%d/24,gw=10.1.0.1",)}
SERVER_PATHS = "packet:ap0,ip=10.1.0.2%02d/24", "rawip:cell0,ip=10.2.0.2%02d/24"

RUNNING = set()         # both ends of all transfers, of all threads


def interrupt():
    """Ends what runs, so that the threads that wait for it go on."""
    for child in list(RUNNING):
        try:
            os.killpg(child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class End:
    """How one end's program is run. @kind: persona or host; @mptcp: else plain TCP."""

    def __init__(self, kind="host", congestion="cubic", scheduler=None, paths="two", mptcp=True):
        self.kind, self.congestion, self.scheduler, self.paths, self.mptcp = kind, congestion, scheduler, paths, mptcp

    def words(self, bed, side, number):
        """Before a program's name; @number tells the stacks of one testbed apart."""
        if self.kind == "host":
            bed.sysctl(side, "net.ipv4.tcp_congestion_control", self.congestion)
            return bed.command(side, *(["mptcpize", "run"] if self.mptcp else []))
        run = [PERSONA, "run", *(["-p", bed.personality] if bed.personality else []), "--inline", "-o", "net.ipv4.tcp_congestion_control=" + self.congestion]
        run += ["-o", "net.mptcp.scheduler=" + self.scheduler] if self.scheduler else []
        run += [] if self.mptcp else ["--no-mptcp"]
        for path in SERVER_PATHS if side == "server" else PHONE_PATHS[self.paths]:
            run += ["-i", path % number]
        return bed.command(side, *run, "--")

    def address(self, number):
        """Of the server."""
        return "10.1.0.1" if self.kind == "host" else "10.1.0.2%02d" % number


class Bed(Testbed):
    """A testbed with macvlan devices on the phone's WiFi; may be one of several. @personality: of its stacks."""

    def __init__(self, number, *options, personality=None):
        super().__init__(*options, iperf=False, number=number)
        self.personality = personality
        self.port = PORT

    def __enter__(self):
        super().__enter__()
        for name in "mv0", "mv1":
            self.ip("phone", "link", "add", name, "link", "wlan0", "type", "macvlan", "mode", "private")
            self.ip("phone", "link", "set", name, "addrgenmode", "none", "up")
        return self

    def ip(self, side, *words):
        subprocess.run(self.command(side, "ip", *words), check=True)

    def sysctl(self, side, name, value):
        subprocess.run(self.command(side, "sysctl", "-qw", "%s=%s" % (name, value)), check=True)

    def link(self, *words):
        """`set` and `state` of testbed/phone."""
        subprocess.run([PHONE, "--id", self.id, *words], check=True)

    def carried(self, way):
        """Bytes so far by WiFi and by cellular, up or down."""
        out = subprocess.run([PHONE, "--id", self.id, "status", "--json"], stdout=subprocess.PIPE, check=True).stdout
        links = json.loads(out)["emulator"]["links"]
        return [links[name][way]["bytes"] for name in ("wlan0", "rmnet0")]

    def next_port(self):
        self.port += 1
        return self.port


class Transfer:
    """One run of flow.py's two ends. @way tx: the phone sends; @words for both ends."""

    def __init__(self, bed, phone, server, way, kind, words, number=10):
        self.way, self.sender = way, phone if way == "tx" else server
        self.seconds = sum(float(w.split("=")[1]) for w in words if w.startswith(("seconds=", "skip=")))
        port, self.children = bed.next_port(), []
        roles = ("send", "receive") if way == "tx" else ("receive", "send")
        at = [server.address(number), str(port)]
        try:
            listener = self.start(server.words(bed, "server", number), "listen", *at, roles[1], kind, *words)
            if not select.select([listener.stdout], [], [], 20)[0] or listener.stdout.readline() != b"ready\n":
                self.fail(listener, "the server's end did not start")
            connector = self.start(phone.words(bed, "phone", number), "connect", *at, roles[0], kind, *words)
        except BaseException:
            self.end()
            raise
        self.receiving, self.sending = (listener, connector) if way == "tx" else (connector, listener)

    def start(self, words, *more):
        child = subprocess.Popen([*WITH_US, *words, sys.executable, FLOW, *more], start_new_session=True, bufsize=0,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.children.append(child)
        RUNNING.add(child)
        return child

    def fail(self, child, what):
        end_group(child, signal.SIGTERM)
        text = child.stderr.read().decode(errors="replace").strip().splitlines()
        raise Failed("%s: %s" % (what, text[-1] if text else "no reason given"))

    def result(self):
        """What the receiver printed; Failed if it did not, or the sender had another congestion control."""
        try:
            out = self.receiving.communicate(timeout=self.seconds + 20)[0]
        except subprocess.TimeoutExpired:
            self.fail(self.sending if self.sending.poll() else self.receiving, "no end of the transfer")
        if self.receiving.returncode:
            self.fail(self.sending, "the transfer broke")
        time.sleep(0.1)
        had = json.loads(self.sending.stdout.readline() or b"{}").get("congestion")
        if had != self.sender.congestion:
            raise Failed("the sender used %s, not %s" % (had, self.sender.congestion))
        return json.loads(out)

    def end(self):
        for child in self.children:
            end_group(child)
            RUNNING.discard(child)
            child.stdout.close()
            child.stderr.close()
        self.children = []


def transfer(bed, phone, server, way, kind, words):
    """One alone."""
    running = Transfer(bed, phone, server, way, kind, words)
    try:
        return running.result()
    finally:
        running.end()


def together(bed, ends, kind, words, meanwhile=None):
    """{name: result} of transfers by (phone, server) ends at the same time, all tx; @meanwhile() once they run."""
    running = {}
    try:
        for number, (name, (phone, server)) in enumerate(ends.items()):
            running[name] = Transfer(bed, phone, server, "tx", kind, words[name] if isinstance(words, dict) else words,
                                     10 + number)
        if meanwhile:
            meanwhile()
        return {name: one.result() for name, one in running.items()}
    finally:
        for one in running.values():
            one.end()
