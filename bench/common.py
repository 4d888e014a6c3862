# SPDX-License-Identifier: GPL-2.0-only
"""common - what the benchmarks share: a testbed, groups of processes, turns, rows.

Everything that is started here is ended here: a Testbed by `with`, processes by
end_group(), a Group with all that is in it by close(). CPU seconds are a cgroup's
(version 2, cpu.stat, which needs no controller): they have in them what the group's
processes used up to their end, and what the kernel did in their name, soft interrupts
included unless it accounts those apart (CONFIG_IRQ_TIME_ACCOUNTING).
"""
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.path.join(ROOT, "build")
PHONE = os.path.join(ROOT, "testbed", "phone")
PERSONA = os.path.join(BUILD, "persona")
NETOPS = os.path.join(BUILD, "bench", "netops")
ECHO = os.path.join(BUILD, "bench", "echo")

SHAPED = {"wlan": ("50mbit,10ms", 50), "rmnet": ("30mbit,25ms", 30)}
WLAN = "packet:wlan0,ip=10.1.0.2/24,gw=10.1.0.1,ip=fd01::2/64,gw=fd01::1"
RMNET = "rawip:rmnet0,ip=10.2.0.2/24,ip=fd02::2/64"


class Failed(Exception):
    """A run that did not work; the text says why."""


def interruptible():
    """SIGTERM ends the program as Ctrl-C does: by what `finally` and `with` say."""
    def interrupted(_number, _frame):
        raise KeyboardInterrupt
    signal.signal(signal.SIGTERM, interrupted)


def progress(text=""):
    """A line that the next one replaces; nothing if nobody watches."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()


def in_turn(names, i):
    """The order of round @i: there and back."""
    names = list(names)
    return names if i % 2 == 0 else names[::-1]


def commit():
    """Of this tree, `+` if files differ from it."""
    got = subprocess.run(["git", "-C", HERE, "describe", "--always", "--dirty=+", "--exclude=*"],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return got.stdout.decode().strip()


def conditions(**more):
    """All that a repetition needs to know of the machine, and @more."""
    return {"row": "conditions", "kernel": os.uname().release.split("-")[0], "machine": os.uname().machine,
            "processors": os.cpu_count(), "load": os.getloadavg()[0], "commit": commit(),
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), **more}


def end_group(child, *numbers):
    """End a process that leads a session, and its group: by @numbers in turn, at last by force."""
    for number in (*numbers, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
    child.wait()


class Testbed:
    """One testbed, and an iperf3 server on it if wanted; used by `with`. @number: one of several."""

    def __init__(self, *options, iperf=True, group=None, number=None):
        self.id = "bench%d" % os.getpid() + ("" if number is None else ".%d" % number)
        self.options = options
        self.iperf = iperf
        self.group = group      # of the link emulator
        self.server = None

    def command(self, side, *words):
        return ["ip", "netns", "exec", "persona-%s-%s" % (side, self.id), *words]

    def __enter__(self):
        up = [PHONE, "--id", self.id, "up", "--host-ip", "--owner", str(os.getpid()), *self.options]
        if subprocess.run(self.group.words(up) if self.group else up, check=False).returncode:
            raise Failed("the testbed did not come up")
        if self.iperf:
            self.server = subprocess.Popen(
                self.command("server", "mptcpize", "run", "iperf3", "-s"),
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            time.sleep(0.5)
        return self

    def __exit__(self, *exc):
        if self.server:
            end_group(self.server)
        subprocess.run([PHONE, "--id", self.id, "down"], check=False)


def cgroups():
    """Where the version 2 hierarchy is mounted, or None."""
    with open("/proc/self/mounts") as f:
        for line in f:
            _what, where, kind = line.split()[:3]
            if kind == "cgroup2" and os.access(where, os.W_OK):
                return where
    return None


class Group:
    """A cgroup of our own: CPU seconds of all that ran in it, and an end to all of it."""

    def __init__(self, name):
        top = cgroups()
        if not top:
            raise Failed("no cgroup2 hierarchy is mounted where it can be written")
        for old in os.listdir(top):     # what a killed benchmark left
            if old.startswith("persona-bench-") and not os.path.exists("/proc/" + old.split("-")[2]):
                self.path = os.path.join(top, old)
                self.close()
        self.path = os.path.join(top, "persona-bench-%d-%s" % (os.getpid(), name))
        os.mkdir(self.path)

    def words(self, words):
        """@words, to be started in the group. Before any `ip netns exec`, which hides the hierarchy."""
        return ["sh", "-c", 'echo $$ >"$0/cgroup.procs" && exec "$@"', self.path, *words]

    def seconds(self):
        return cpu_seconds(self.path)

    def members(self):
        with open(os.path.join(self.path, "cgroup.procs")) as f:
            return [int(line) for line in f]

    def empty(self, seconds=5.0):
        """Kill whatever is in it; False if something stays."""
        until = time.monotonic() + seconds
        while True:
            for pid in self.members():
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            if not self.members():
                return True
            if time.monotonic() > until:
                return False
            time.sleep(0.02)

    def close(self):
        self.empty()
        for _attempt in range(50):
            try:
                return os.rmdir(self.path)
            except OSError:     # the last of them is not quite gone
                time.sleep(0.05)


def cpu_seconds(path=None):
    """Of a cgroup, or of the whole machine."""
    if not path:
        with open("/proc/stat") as f:
            ticks = list(map(int, f.readline().split()[1:9]))
        return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")    # all but idle and iowait
    with open(os.path.join(path, "cpu.stat")) as f:
        return int(f.readline().split()[1]) / 1e6       # usage_usec


def show(row):
    """One line of the table of a comparison: persona, host, ratio, goal."""
    host = "%10.2f %-7s %6.2fx" % (row["host"], row["unit"], row["ratio"]) if row["host"] else \
        "%10s %-7s %7s" % ("-", "", "")
    extra = ""
    if "share" in row:
        extra += "  %.1f %% of the rates" % (100 * row["share"])
    if "cpu_s_per_gb" in row:
        extra += "  CPU %.2f / %.2f s/GB" % (row["cpu_s_per_gb"]["persona"], row["cpu_s_per_gb"]["host"])
    if "added_ns" in row:
        extra += "  %+.1f ns" % row["added_ns"]
    mark = {True: "reached", False: "MISSED", None: ""}[row.get("reached")]
    print("%-24s %10.2f %-7s %s   %-18s %-8s%s" % (
        row["name"], row["persona"], row["unit"], host, row.get("goal", ""), mark, extra))
    sys.stdout.flush()


def show_head():
    print("%-24s %10s %-7s %10s %-7s %7s   %s" % ("", "persona", "", "host", "", "ratio", "goal"))
    sys.stdout.flush()
