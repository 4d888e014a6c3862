#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-soak.t - mixed load in shadow mode, clients killed and stopped at random: nothing grows.
#
#   phone: driver, clients, echo server on the stack   server: httpd, iperf3, UDP echo, clients
#     wlan0  10.1.0.2 fd01::2 ===200mbit,2ms========== ap0    10.1.0.1
#     rmnet0 10.2.0.2 fd02::2 ===100mbit,5ms========== cell0  10.2.0.1
#
# SOAK_SECONDS (default 120) are shared by two runs: MPTCP over both paths, and plain TCP.
# In each, curl, iperf3, TCP and UDP echo clients come and go; every few tenths of a second one
# of them gets SIGKILL, or SIGSTOP and after a while SIGCONT. Three times all is quiet for
# a moment: then the driver, a program of the same run, counts the supervisor's descriptors,
# its resident memory, and the stack's sockets by ss. The first count, when all
# has been in use, is what the others are compared with. A client that was left alone
# must succeed, and in time. SOAK_SEED repeats a sequence of blows.
#
# runs: loads, long
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need curl iperf3 ss
persona_only
testbed_up --wlan 200mbit,2ms --rmnet 100mbit,5ms
httpd
random_file "$FILES/blob" 400000
SOAK_SECONDS=${SOAK_SECONDS:-120}
SEED=${SOAK_SEED:-$RANDOM}
note "$SOAK_SECONDS s, SOAK_SEED=$SEED"

# echo.py tcp|udp ADDRESS PORT: TCP, a thread per connection
cat >"$TMP/echo.py" <<'END'
import socket, sys, threading
kind, where = sys.argv[1], (sys.argv[2], int(sys.argv[3]))

def serve(s):
    try:
        while data := s.recv(65536):
            s.sendall(data)
    except OSError:
        pass
    s.close()

if kind == "udp":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(where)
    while True:
        data, who = s.recvfrom(65536)
        s.sendto(data, who)
l = socket.create_server(where, backlog=100)
while True:
    s, _ = l.accept()
    threading.Thread(target=serve, args=(s,), daemon=True).start()
END

# client.py tcp|udp ADDRESS PORT ROUNDS
cat >"$TMP/client.py" <<'END'
import os, random, socket, sys, threading
kind, where, rounds = sys.argv[1], (sys.argv[2], int(sys.argv[3])), int(sys.argv[4])
if kind == "udp":
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect(where)
    s.settimeout(0.3)
    back = 0
    for i in range(rounds):
        try:
            s.send(os.urandom(random.randrange(1, 1400)))
            back += len(s.recv(2000)) > 0
        except TimeoutError:
            pass
    sys.exit(back < rounds // 2)
s = socket.create_connection(where)
for i in range(rounds):
    data = os.urandom(random.randrange(1, 60000))
    t = threading.Thread(target=s.sendall, args=(data,))
    t.start()
    got = b""
    while len(got) < len(data):
        more = s.recv(65536)
        if not more:
            sys.exit("end of file after %d of %d" % (len(got), len(data)))
        got += more
    t.join()
    if got != data:
        sys.exit("other data")
END

# driver.py SECONDS SEED DIRECTORY: run by persona, which is an ancestor
cp "$(dirname "$0")/memory.py" "$TMP/memory.py"
cat >"$TMP/driver.py" <<'END'
import memory, os, random, re, signal, subprocess, sys, time
seconds, seed, where = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
random.seed(seed)
PATIENCE = 25           # seconds that a client may take which was left alone
python = [sys.executable, where + "/client.py"]
KINDS = {
    "curl": ["curl", "-q", "-sS", "--fail", "-o", "/dev/null", "http://10.1.0.1/blob"],
    "iperf3": ["iperf3", "-c", "10.1.0.1", "-t", "2"],
    "iperf3 -R": ["iperf3", "-c", "10.1.0.1", "-t", "2", "-R"],
    "echo": [*python, "tcp", "10.1.0.2", "7000", "20"],
    "UDP": [*python, "udp", "10.1.0.1", "7001", "100"],
}
WORKERS = ["curl"] * 4 + ["echo"] * 3 + ["UDP"] * 2 + ["iperf3", "iperf3 -R"]
count = dict.fromkeys([*KINDS, "killed", "stopped"], 0)
errors = []
supervisor = os.getppid()
while open("/proc/%d/comm" % supervisor).read().strip() != "persona":
    supervisor = int(re.search(r"PPid:\s*(\d+)", open("/proc/%d/status" % supervisor).read()).group(1))


class Client:
    def __init__(self, kind):
        self.kind, self.hit, self.stopped = kind, False, None
        self.began = time.time()
        self.log = open(where + "/client.log", "w+b")
        self.process = subprocess.Popen(KINDS[kind], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=self.log)

    def blow(self):
        self.hit = True
        if random.random() < 0.5:
            count["killed"] += 1
            self.process.kill()
        else:
            count["stopped"] += 1
            self.process.send_signal(signal.SIGSTOP)
            self.stopped = time.time() + random.uniform(0.1, 3)

    def over(self):
        """Has it ended? Then take the verdict."""
        if self.stopped and time.time() > self.stopped:
            self.stopped = None
            self.process.send_signal(signal.SIGCONT)
        if self.process.poll() is None:
            if not self.stopped and time.time() - self.began > PATIENCE + 10 * self.hit:
                self.fail("hung")
                self.process.kill()
                self.process.wait()
            else:
                return False
        # One iperf3 client at a time; another's death may take a server's second.
        elif self.process.returncode and not self.hit and not self.kind.startswith("iperf3"):
            self.fail("status %d" % self.process.returncode)
        count[self.kind] += self.process.returncode == 0
        self.log.close()
        return True

    def fail(self, how):
        self.log.seek(0)
        text = self.log.read().decode(errors="replace").strip().split("\n")[-1]
        errors.append("%s %s after %.1f s: %s" % (self.kind, how, time.time() - self.began, text))


def load(until):
    clients, blow = [], time.time() + 0.3
    while time.time() < until:
        for kind in WORKERS:
            if sum(c.kind == kind for c in clients) < WORKERS.count(kind):
                clients.append(Client(kind))
        if time.time() > blow:
            random.choice(clients).blow()
            blow = time.time() + random.uniform(0.1, 0.5)
        clients = [c for c in clients if not c.over()]
        time.sleep(0.02)
    for c in clients:
        c.process.kill()
        c.process.wait()
        c.log.close()


def sockets(owned):
    """The stack's, but for TIME-WAIT; owned: by a descriptor. An orphan waits for its peer, MPTCP's for a minute.
    A raw ICMP socket is the path monitor's, open while a probe waits for its answer."""
    lines = []
    for words in ["ss", "-Hatuwe"], ["ss", "-HaMe"]:
        text = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=10, check=False).stdout
        lines += [" ".join(line.split()) for line in text.split("\n") if " sk:" in line]
    return [line for line in lines
            if "TIME-WAIT" not in line and ":icmp " not in line and not (owned and " ino:0 " in line)]


def descriptors():
    """But for pidfds, of which it keeps the last few dozen."""
    kinds, where = [], "/proc/%d/fd/" % supervisor
    for fd in os.listdir(where):
        try:
            kinds.append(os.readlink(where + fd))
        except FileNotFoundError:
            pass
    return sum("pidfd" not in k for k in kinds)


def measure():
    return {"descriptors": descriptors(), "sockets": len(sockets(True)),
            "stack kB": memory.stack_kb(supervisor), "rest kB": memory.rest_kb(supervisor)}


def quiet(first):
    """Let connections end, 20 s at most: FIN and reset have to travel."""
    until = time.time() + 20
    while True:
        time.sleep(1)
        got = measure()
        if time.time() > until or got["sockets"] <= (first["sockets"] if first else 2):
            return got


def main():
    bad, first = [], None
    server = subprocess.Popen([sys.executable, where + "/echo.py", "tcp", "10.1.0.2", "7000"])
    time.sleep(0.5)
    for part in range(3):
        load(time.time() + seconds / 3)
        got = quiet(first)
        print("# %s" % ", ".join("%s %d" % i for i in got.items()), count)
        sys.stdout.flush()
        if not first:
            first = got
            continue
        for key, share, spare in (("descriptors", 0, 3), ("sockets", 0, 0), ("stack kB", 0.1, 8192),
                                  ("rest kB", 0.1, 8192)):
            bad += memory.grown(first, got, key, share, spare)
    if bad:
        print("# | " + "\n# | ".join(sockets(True)))
    server.kill()
    server.wait()
    until = time.time() + 75
    while (orphans := len(sockets(False))) and time.time() < until:
        time.sleep(1)
    if orphans:
        bad.append("%d orphans" % orphans)
        print("# | " + "\n# | ".join(sockets(False)))
    for e in errors[:10]:
        print("# | " + e)
    print("errors: %d" % len(errors))
    print("grown: %s" % (", ".join(bad) or "nothing"))
    print("did: %s" % ("all" if all(v for v in count.values()) else "not all: %s" % count))


main()
END

background server iperf3 -s
background server "$PYTHON" "$TMP/echo.py" udp 10.1.0.1 7001
# From outside, into the program's server; it ends when that has gone
cat >"$TMP/outside.sh" <<'END'
while :; do
	timeout 15 "$1" "$2/client.py" tcp 10.1.0.2 7000 10 && echo . >>"$2/outside"
	sleep 0.2
done
END
wait_for 10 listens 5201

soak() { # NAME OPTION...
	local name=$1 half=$((SOAK_SECONDS / 2)) out=$TMP/soak.out
	shift
	: >"$TMP/outside"
	background server bash "$TMP/outside.sh" "$PYTHON" "$TMP" 2>"$TMP/outside.err"
	local outside=$LAST
	on both --linger 5 "$@" -- timeout --kill-after=5 $((half + 120)) \
		"$PYTHON" "$TMP/driver.py" $half "$SEED" "$TMP" >"$out" 2>"$TMP/err"
	is "$name: status" $? 0
	stop "$outside"
	grep '^#' "$out"
	sed 's/^/# | /' "$TMP/err" | tail -n 5
	is "$name: clients that were left alone succeeded, none hung" "$(grep '^errors' "$out")" "errors: 0"
	is "$name: descriptors, sockets, memory have grown by" "$(grep '^grown' "$out")" "grown: nothing"
	is "$name: every kind of client succeeded, some were killed, some stopped" "$(grep '^did' "$out")" "did: all"
	at_least "$name: clients from outside" "$(wc -l <"$TMP/outside")" 3
}

soak MPTCP
soak TCP --no-mptcp
done_testing
