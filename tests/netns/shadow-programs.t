#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-programs.t - interpreters, runtimes and shell pipelines as clients in shadow mode.
#
#   phone: PROGRAM and all its processes on the stack   server: httpd, echo on the host kernel
#     wlan0  10.1.0.2 fd01::2 ===100mbit,2ms=========== ap0    10.1.0.1 fd01::1
#     rmnet0 10.2.0.2 fd02::2 ===100mbit,2ms=========== cell0  10.2.0.1 fd02::1
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need curl nc
testbed_up --wlan 100mbit,2ms --rmnet 100mbit,2ms
httpd
random_file "$FILES/blob" 1000000
BLOB=$(sum "$FILES/blob")

# An echo server on the host: TCP and UDP, port 7, IPv4 and IPv6.
cat >"$TMP/echo.py" <<'END'
import asyncio, socket

async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()

class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport
    def datagram_received(self, data, peer):
        self.transport.sendto(data, peer)

async def main():
    loop = asyncio.get_running_loop()
    for a in "10.1.0.1", "fd01::1":
        await asyncio.start_server(echo, a, 7, backlog=200)
        await loop.create_datagram_endpoint(Datagrams, (a, 7))
    await asyncio.Event().wait()

asyncio.run(main())
END
background server "$PYTHON" "$TMP/echo.py"
wait_for 10 listens 7

# runs NAME PATHS [OPTION...] -- COMMAND...: it succeeds and its last line is "good"
runs() {
	local name=$1
	shift
	is "$name" "$(on "$@" 2>&1 | tail -n 12)" good
}

# ---- Python ----

cat >"$TMP/aio.py" <<'END'
"""asyncio: 100 connections at a time, each echoes 20 kB in both directions at once."""
import asyncio, os, sys

async def one():
    reader, writer = await asyncio.open_connection(sys.argv[1], 7)
    data = os.urandom(20000)
    async def write():
        for at in range(0, len(data), 3000):
            writer.write(data[at:at + 3000])
            await writer.drain()
        writer.write_eof()
    sender = asyncio.create_task(write())
    got = await reader.read(-1)
    await sender
    writer.close()
    await writer.wait_closed()
    assert got == data, (len(got), len(data))

async def times_out():
    reader, writer = await asyncio.open_connection(sys.argv[1], 7)
    try:
        await asyncio.wait_for(reader.read(1), 0.2)
        raise AssertionError("read something")
    except asyncio.TimeoutError:
        writer.close()

async def main():
    await asyncio.gather(*(one() for _ in range(100)), times_out())
    process = await asyncio.create_subprocess_exec(
        "curl", "-q", "-sS", "http://10.1.0.1/blob", stdout=asyncio.subprocess.PIPE)
    out, _ = await process.communicate()
    assert len(out) == 1000000, len(out)

asyncio.run(asyncio.wait_for(main(), 20))
print("good")
END
cat >"$TMP/udp.py" <<'END'
"""asyncio's datagrams, connected and not, and select() with a timeout."""
import asyncio, os, select, socket, sys

class Ask(asyncio.DatagramProtocol):
    def __init__(self):
        self.got = asyncio.Queue()
    def datagram_received(self, data, peer):
        self.got.put_nowait((data, peer[:2]))

async def main():
    loop = asyncio.get_running_loop()
    for remote in None, (sys.argv[1], 7):
        transport, ask = await loop.create_datagram_endpoint(
            Ask, remote_addr=remote, family=socket.AF_UNSPEC if remote else
            (socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET))
        for n in 1, 100, 1400, 4000, 1:
            data = os.urandom(n)
            transport.sendto(data, None if remote else (sys.argv[1], 7))
            got = await asyncio.wait_for(ask.got.get(), 3)
            assert got == (data, (sys.argv[1], 7)), got[1]
        transport.close()

asyncio.run(main())
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
assert select.select([s], [], [], 0.1) == ([], [], [])
assert select.select([], [s], [], 1) == ([], [s], [])
print("good")
END
cat >"$TMP/threads.py" <<'END'
"""20 threads with blocking sockets; a thread's blocking accept-like wait hinders no other."""
import concurrent.futures, hashlib, socket, sys, threading, urllib.request

url = "http://%s/blob" % sys.argv[1]
idle = socket.create_connection(("10.1.0.1", 7))
got = []
waiter = threading.Thread(target=lambda: got.append(idle.recv(10)))
waiter.start()

def get(_):
    with urllib.request.urlopen(url, timeout=20) as f:
        return hashlib.sha256(f.read()).hexdigest()

with concurrent.futures.ThreadPoolExecutor(20) as pool:
    sums = set(pool.map(get, range(40)))
assert sums == {sys.argv[2]}, sums
assert waiter.is_alive()
idle.sendall(b"wake up")
waiter.join(5)
assert got == [b"wake up"], got
s = socket.create_connection(("10.1.0.1", 7))
s.settimeout(0.3)
try:
    s.recv(1)
    sys.exit("received something")
except socket.timeout:
    pass
print("good")
END
cat >"$TMP/processes.py" <<'END'
"""Forked workers: with connections of their own, and with the parent's."""
import hashlib, multiprocessing, os, socket, subprocess, sys, urllib.request

def get(n):
    with urllib.request.urlopen("http://10.1.0.1/blob", timeout=20) as f:
        return hashlib.sha256(f.read()).hexdigest()

def use(connection):
    connection.sendall(b"from the child")
    multiprocessing.current_process()
    os._exit(0 if connection.recv(100) == b"from the child" else 1)

def take(pipe):
    s = pipe.recv()
    s.sendall(b"handed over")
    os._exit(0 if s.recv(100) == b"handed over" else 2)

if __name__ == "__main__":
    for method in "fork", "spawn":
        with multiprocessing.get_context(method).Pool(4) as pool:
            sums = set(pool.map(get, range(8)))
        assert sums == {sys.argv[1]}, (method, sums)
    fork = multiprocessing.get_context("fork")
    s = socket.create_connection(("fd01::1", 7))
    child = fork.Process(target=use, args=(s,))
    child.start()
    child.join(10)
    assert child.exitcode == 0, child.exitcode
    s.sendall(b"from the parent")
    assert s.recv(100) == b"from the parent"
    # multiprocessing's own way of sending sockets: SCM_RIGHTS
    here, there = fork.Pipe()
    child = fork.Process(target=take, args=(there,))
    child.start()
    here.send(s)
    child.join(10)
    assert child.exitcode == 0, child.exitcode
    # An inherited socket as a command's standard input and output
    s = socket.create_connection(("10.1.0.1", 7))
    subprocess.run(["sh", "-c", "echo from a command; read l; echo $l >&2"],
                   stdin=s, stdout=s, stderr=open(sys.argv[2], "w"), check=True, timeout=10)
    assert open(sys.argv[2]).read() == "from a command\n"
    out = subprocess.run("curl -q -sS http://10.1.0.1/blob | sha256sum", shell=True, text=True,
                         stdout=subprocess.PIPE, timeout=20).stdout
    assert out.split()[0] == sys.argv[1], out
    print("good")
END

python_programs() {
	runs "Python asyncio, IPv4" both -- timeout 25 "$PYTHON" "$TMP/aio.py" 10.1.0.1
	runs "Python asyncio, IPv6, no MPTCP" wlan --no-mptcp -- timeout 25 "$PYTHON" "$TMP/aio.py" fd01::1
	runs "Python datagrams, IPv4" wlan -- timeout 25 "$PYTHON" "$TMP/udp.py" 10.1.0.1
	runs "Python datagrams, IPv6" wlan -- timeout 25 "$PYTHON" "$TMP/udp.py" fd01::1
	runs "Python threads, IPv4" both -- timeout 25 "$PYTHON" "$TMP/threads.py" 10.1.0.1 "$BLOB"
	runs "Python threads, IPv6" both -- timeout 25 "$PYTHON" "$TMP/threads.py" '[fd01::1]' "$BLOB"
	runs "Python multiprocessing and subprocess" both -- \
		timeout 40 "$PYTHON" "$TMP/processes.py" "$BLOB" "$TMP/err"
}

# ---- Node.js ----

cat >"$TMP/node.js" <<'END'
// 40 requests by 10 sockets of an agent, an echo, a datagram, a worker, a child process.
const http = require("http"), net = require("net"), dgram = require("dgram");
const crypto = require("crypto"), assert = require("assert");
const { Worker, isMainThread, parentPort } = require("worker_threads");
const { exec } = require("child_process");
const [host, sum] = process.argv.slice(2);
const agent = new http.Agent({ keepAlive: true, maxSockets: 10 });

const get = () => new Promise((resolve, reject) => {
	http.get({ host, path: "/blob", agent }, (res) => {
		const h = crypto.createHash("sha256");
		res.on("data", (d) => h.update(d)).on("end", () => resolve(h.digest("hex")));
	}).on("error", reject);
});
const echo = (size) => new Promise((resolve, reject) => {
	const data = crypto.randomBytes(size), got = [];
	const s = net.connect(7, host, () => s.end(data));
	s.on("data", (d) => got.push(d)).on("error", reject);
	s.on("end", () => resolve(Buffer.concat(got).equals(data)));
});
const datagram = () => new Promise((resolve, reject) => {
	const s = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
	s.on("message", (m) => { s.close(); resolve(m.toString()); }).on("error", reject);
	s.send("hello", 7, host);
});
const worker = () => new Promise((resolve, reject) =>
	new Worker(__filename, { argv: [host, sum] }).on("message", resolve).on("error", reject));
const child = () => new Promise((resolve, reject) =>
	exec("curl -q -sS http://10.1.0.1/blob | sha256sum", (err, out) =>
		err ? reject(err) : resolve(out.split(" ")[0])));

async function main() {
	if (!isMainThread)
		return parentPort.postMessage(await get());
	assert.deepStrictEqual([...new Set(await Promise.all([...Array(40)].map(get)))], [sum]);
	assert.deepStrictEqual(await Promise.all([1, 1000, 500000].map(echo)), [true, true, true]);
	assert.strictEqual(await datagram(), "hello");
	assert.strictEqual(await worker(), sum);
	assert.strictEqual(await child(), sum);
	await assert.rejects(new Promise((_, reject) => net.connect(81, host).on("error", reject)),
		{ code: "ECONNREFUSED" });
	agent.destroy();
	console.log("good");
}
main().catch((e) => { console.error(e); process.exit(1); });
END

node_program() {
	have "Node.js" node || return
	runs "Node.js, IPv4" both -- timeout 25 node "$TMP/node.js" 10.1.0.1 "$BLOB"
	runs "Node.js, IPv6" both --no-mptcp -- timeout 25 node "$TMP/node.js" fd01::1 "$BLOB"
}

# ---- Go ----

go_program() {
	program goclient || return
	is "static Go client, IPv4" "$(on both -- timeout 25 "$PROGRAM" http://10.1.0.1/blob 20 2>&1)" "$BLOB 40"
	is "static Go client, IPv6" \
		"$(on both --no-mptcp -- timeout 25 "$PROGRAM" "http://[fd01::1]/blob" 20 2>&1)" "$BLOB 40"
}

# ---- netcat, socat, shells ----

small_tools() { # VERSION SERVER
	is "nc -N, an echo of 1 MB, IPv$1" \
		"$(on both -- timeout 20 nc -N "$2" 7 <"$FILES/blob" | sha256sum | cut -d' ' -f1)" "$BLOB"
	is "nc -u, IPv$1" "$(echo hello | on wlan -- timeout 20 nc -u -W 1 "$2" 7 2>&1)" hello
	check "nc -z" on wlan -- timeout 20 nc -z "$2" 7
	on wlan -- timeout 20 nc -z "$2" 9 >/dev/null 2>&1
	is "nc -z of a closed port" $? 1
	have socat socat || return
	is "socat, IPv$1" "$(on both -- timeout 20 socat -t 5 - "TCP:$(bracket "$2"):7" \
		<"$FILES/blob" | sha256sum | cut -d' ' -f1)" "$BLOB"
	is "socat UDP, IPv$1" "$(echo hello | on wlan -- timeout 20 socat -t 0.5 - "UDP:$(bracket "$2"):7" 2>&1)" hello
	# shellcheck disable=SC2016 # the inner shell's
	is "socat, a command's socket, IPv$1" "$(on wlan -- timeout 20 socat -t 5 "TCP:$(bracket "$2"):7" \
		'SYSTEM:"echo hello; read l; echo got $l >&2"' 2>&1)" "got hello"
	have "busybox nc" busybox || return
	is "busybox nc, IPv$1" "$(echo hello | on wlan -- timeout 20 busybox nc "$2" 7 2>&1)" hello
}

shells() {
	# shellcheck disable=SC2016 # all of these are the inner shell's
	{
		is "bash /dev/tcp" "$(on both -- timeout 20 bash -c \
			'exec 3<>/dev/tcp/10.1.0.1/7; echo hello >&3; read -r l <&3; echo "$l"' 2>&1)" hello
		is "bash /dev/tcp, IPv6" "$(on wlan -- timeout 20 bash -c \
			'exec 3<>/dev/tcp/fd01::1/7; echo hello >&3; read -r l <&3; echo "$l"' 2>&1)" hello
		is "bash /dev/udp" "$(on wlan -- timeout 20 bash -c \
			'exec 3<>/dev/udp/10.1.0.1/7; echo hello >&3; dd bs=100 count=1 <&3 2>&-' 2>&1)" hello
		is "bash: a child uses the shell's socket" "$(on wlan -- timeout 20 bash -c '
			exec 3<>/dev/tcp/10.1.0.1/7
			(echo one >&3); sh -c "echo two >&3"
			head -n 2 <&3 | tr "\n" " "' 2>&1)" "one two "
		is "two programs in a pipeline" "$(on both -- timeout 20 bash -c \
			'curl -q -sS http://10.1.0.1/blob | nc -N fd01::1 7 | sha256sum' 2>&1)" "$BLOB  -"
		is "three at a time, in the background" "$(on both -- timeout 20 bash -c '
			for a in 10.1.0.1 10.2.0.1 [fd01::1]; do curl -q -gsS "http://$a/blob" | sha256sum & done
			wait' 2>&1 | sort -u)" "$BLOB  -"
		is "a pipeline of three" "$(on both -- timeout 20 bash -c '
			set -o pipefail
			wget -q -O - http://10.1.0.1/blob | nc -N 10.1.0.1 7 | nc -N fd01::1 7 | sha256sum' 2>&1)" "$BLOB  -"
		is "100 short-lived programs" "$(on wlan -- timeout 30 bash -c '
			for i in {1..100}; do nc -z 10.1.0.1 7 && echo ok; done' 2>&1 | sort | uniq -c | tr -s " ")" " 100 ok"
	}
}

python_programs
node_program
go_program
small_tools 4 10.1.0.1
small_tools 6 fd01::1
shells
done_testing
