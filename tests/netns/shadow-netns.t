#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# shadow-netns.t - a program of a run that makes a network namespace of its own has it from the
# host's kernel: sockets, netlink and /proc/net alike; and no namespace from outside the run is a
# way around the stack.
#
#   phone: a run on wlan0 10.1.0.2 ======== ap0 10.1.0.1 :server
#          its programs: at home, or in namespaces that they made
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2034 # lib.sh's
MODE=shadow
need curl nc ip ss unshare nsenter tcpdump
persona_only
testbed_up --unshaped
httpd
random_file "$FILES/blob" 100000
echo small >"$FILES/small"
SYSCTL=$(command -v sysctl || echo /sbin/sysctl)

script() { on wlan -- timeout 30 bash -c "$1" bash "${@:2}" 2>&1; }

# ---- what an empty namespace has ----

empty() { # NAME COMMAND...: that runs a command in a namespace of its own
	local name=$1 out
	shift
	out=$(on wlan -- timeout 20 "$@" ip -o addr 2>&1)
	is "$name: no address of the stack's or the host's" "$(grep -cE '10\.1\.|wlan0' <<<"$out")" 0
	is "$name: one interface" "$(on wlan -- timeout 20 "$@" ip -br link 2>&1 | wc -l)" 1
	matches "$name: /proc/net/dev" "$(on wlan -- timeout 20 "$@" sh -c 'tail -n +3 /proc/net/dev | tr -s " \n" " "')" '^ lo: [^:]*$'
	is "$name: no route in /proc/self/net/route" "$(on wlan -- timeout 20 "$@" sh -c 'grep -c 10A /proc/self/net/route' 2>&1)" 0
	matches "$name: the network is unreachable" "$(on wlan -- timeout 20 "$@" curl -q -sS http://10.1.0.1/small 2>&1)" \
		'Failed to connect|unreachable'
	is "$name: the stack is as before" "$(script '"$@" true; curl -q -sS http://10.1.0.1/small' "$@")" small
}

empty "unshare -n" unshare -n
if have bwrap bwrap; then
	empty bwrap bwrap --unshare-net --dev-bind / /
	matches "bwrap: its loopback is up" "$(on wlan -- timeout 20 bwrap --unshare-net --dev-bind / / ip -o addr)" \
		'lo +inet 127\.0\.0\.1/8'
fi

out=$(script 'unshare -n sh -c "ip link set lo up && ip link add dummy0 type dummy 2>/dev/null; ip addr add 10.7.7.7/24 dev lo; ip -o addr"
	echo; ip -o addr')
matches "netlink configures the namespace" "${out%%$'\n\n'*}" 'lo +inet 10\.7\.7\.7/24'
is "and not the stack" "$(grep -c 10.7.7.7 <<<"${out##*$'\n\n'}")" 0
is "a sysctl is the namespace's" "$(script "
	'$SYSCTL' -qw net.ipv4.ip_default_ttl=70
	unshare -n sh -c 'echo 71 >/proc/sys/net/ipv4/ip_default_ttl; cat /proc/sys/net/ipv4/ip_default_ttl'
	cat /proc/sys/net/ipv4/ip_default_ttl" | tr '\n' ' ')" "71 70 "
is "and the host's is another" "$(phone cat /proc/sys/net/ipv4/ip_default_ttl)" 64

# ---- its loopback is its own: not the host's, not another namespace's ----

cat >"$TMP/pair.py" <<'END'
import socket, sys, threading
at = sys.argv[1]
family = socket.AF_INET6 if ":" in at else socket.AF_INET
t = socket.socket(family)
t.bind((at, 7070))
t.listen()
u = socket.socket(family, socket.SOCK_DGRAM)
u.bind((at, 7070))
def tcp():
    c = t.accept()[0]
    c.sendall(c.recv(100))
def udp():
    data, peer = u.recvfrom(100)
    u.sendto(data, peer)
threading.Thread(target=tcp, daemon=True).start()
threading.Thread(target=udp, daemon=True).start()
c = socket.create_connection((at, 7070), 5)
c.sendall(b"stream")
d = socket.socket(family, socket.SOCK_DGRAM)
d.settimeout(5)
d.sendto(b"message", (at, 7070))
print(c.recv(100), d.recv(100))
END
for at in 127.0.0.1 ::1 10.7.7.7; do
	is "a server and its client in the namespace, $at" \
		"$(script "unshare -n sh -c 'ip link set lo up; ip addr add 10.7.7.7/24 dev lo; $PYTHON $TMP/pair.py $at'")" \
		"b'stream' b'message'"
done
background phone nc -lk 127.0.0.1 7777
wait_for 5 phone nc -z 127.0.0.1 7777
is "the host's loopback is reached from home" "$(script 'nc -z 127.0.0.1 7777 && echo reached')" reached
is "and not from the namespace" "$(script 'unshare -n sh -c "ip link set lo up; nc -z 127.0.0.1 7777 && echo reached"')" ""
is "what listens there is not seen at home" "$(script '
	unshare -n sh -c "ip link set lo up; nc -l 127.0.0.1 7171 & sleep 1; ss -Hltn; kill \$!" | grep -c :7171
	unshare -n sh -c "ip link set lo up; exec nc -l 7172" & sleep 1
	nc -z 127.0.0.1 7172 || echo no; ss -Hltn | grep -c :7172; kill $!' | tr '\n' ' ')" "1 no 0 "

# Two namespaces of one run, joined by a veth pair: neither loopback nor the stack.
is "two namespaces talk over a pair of their own" "$(script '
	unshare -n sleep 20 & a=$!
	unshare -n sleep 20 & b=$!
	for p in $a $b; do until [ "$(readlink /proc/$p/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done; done
	at() { nsenter --net=/proc/$1/ns/net "${@:2}"; }
	at $a ip link add va type veth peer name vb netns $b
	at $a ip addr add 10.8.0.1/24 dev va; at $a ip link set va up
	at $b ip addr add 10.8.0.2/24 dev vb; at $b ip link set vb up
	at $a nc -l 10.8.0.1 80 <<<"over the pair" & sleep 1
	at $b nc -w 3 10.8.0.1 80 </dev/null
	at $b ping -qnc 1 -W 2 10.8.0.1 | grep -o " 0% packet loss"
	kill $a $b')" $'over the pair\n 0% packet loss'

# ---- sockets that were there before, and the way home ----

# shellcheck disable=SC2016 # the inner shells'
is "a socket that was made at home goes on" "$(script '
	exec 3<>/dev/tcp/10.1.0.1/80
	unshare -n sh -c "printf \"GET /small HTTP/1.0\r\n\r\n\" >&3; cat <&3" | tail -n 1')" small
is "a socket that was made there goes on at home" "$(on wlan -- timeout 20 "$PYTHON" -c '
import ctypes, os, socket, subprocess
libc = ctypes.CDLL(None, use_errno=True)
home = os.open("/proc/self/ns/net", os.O_RDONLY)
assert not libc.unshare(0x40000000)
there = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
subprocess.run(["ip", "addr", "add", "10.7.7.7/24", "dev", "lo"], check=True)
assert not libc.setns(home, 0x40000000)
there.bind(("10.7.7.7", 99))
there.sendto(b"x", ("10.7.7.7", 99))
print(there.recv(9), socket.create_connection(("10.1.0.1", 80), 5).getsockname()[0])' 2>&1)" "b'x' 10.1.0.2"
# Mount namespaces keep the name from the machine's /run/netns.
is "ip netns add, exec, delete" "$(on wlan -- timeout 20 unshare -m sh -c '
	mkdir -p /run/netns && mount -t tmpfs none /run/netns && ip netns add inner &&
	ip netns exec inner ip -br link | grep -c . && ip netns exec inner ip link set lo up &&
	ip netns exec inner ping -qnc 1 127.0.0.1 | grep -o " 0% packet loss" &&
	ip netns delete inner && curl -q -sS http://10.1.0.1/small' 2>&1 | tr '\n' ' ')" "1  0% packet loss small "
is "a pidfd is a way there, too" "$(on wlan -- timeout 20 "$PYTHON" -c '
import ctypes, os, socket, subprocess, time
libc = ctypes.CDLL(None, use_errno=True)
there = subprocess.Popen(["unshare", "-n", "sleep", "20"])
own = os.readlink("/proc/self/ns/net")
while os.readlink(f"/proc/{there.pid}/ns/net") == own:
    time.sleep(0.05)
print(libc.setns(os.pidfd_open(there.pid), 0x40000000), socket.if_nameindex())
there.kill()' 2>&1)" "0 [(1, 'lo')]"

# ---- namespaces of others: no way in, and nothing on the wire ----

# A third namespace whose kernel has an address and the way to the server.
OUT=persona-out-$ID
ip netns add "$OUT"
ip -n "$OUT" link add out0 type veth peer name out1 netns "persona-server-$ID"
ip -n "$OUT" addr add 10.66.0.2/24 dev out0
ip -n "$OUT" link set out0 up
server ip addr add 10.66.0.1/24 dev out1
server ip link set out1 up
trap 'ip netns del "$OUT"; cleanup' EXIT
check "the way is there, for others" ip netns exec "$OUT" ping -qnc 1 -W 2 10.66.0.1
EXEC="exec" server tcpdump -nli out1 -U -w "$TMP/out.pcap" "udp port 9" >/dev/null 2>&1 &
STARTED+=($!)
wait_for 10 test -s "$TMP/out.pcap"
sleep 0.3
# A process that stands there, for a pidfd
background ip netns exec "$OUT" sleep 300
stands=$LAST
wait_for 5 test "/proc/$stands/ns/net" -ef "/run/netns/$OUT"
cat >"$TMP/enter.py" <<'END'
import ctypes, errno, os, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
out, stands = sys.argv[1], int(sys.argv[2])
def enter(fd, kind):
    print(errno.errorcode.get(ctypes.get_errno(), "OK") if libc.setns(fd, kind) else "entered", end=" ")
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        s.sendto(b"leaked", ("10.66.0.1", 9))
    except OSError:
        pass
    s.close()
fd = os.open(out, os.O_RDONLY)
enter(fd, 0x40000000)
enter(fd, 0)
enter(os.pidfd_open(stands), 0x40000000)
enter(os.pidfd_open(stands), 0x40000000 | 0x04000000)
if os.fork() == 0: # from a private namespace, too
    assert not libc.unshare(0x40000000)
    enter(fd, 0x40000000)
    sys.stdout.flush()
    os._exit(0)
os.wait()
END
out=$(on wlan -- timeout 20 "$PYTHON" "$TMP/enter.py" "/run/netns/$OUT" "$stands" 2>"$TMP/enter.err")
is "no way in, by whichever descriptor" "$(tr ' ' '\n' <<<"$out" | sed '/^$/d' | sort | uniq -c | tr -s ' \n' ' ')" " 5 EPERM "
is "it is said once" "$(grep -c 'persona: a program wanted to enter a network namespace' "$TMP/enter.err")" 1
check "others' bytes are seen" ip netns exec "$OUT" sh -c 'echo marker | nc -u -w 1 10.66.0.1 9'
wait_for 5 sh -c "tcpdump -Anr '$TMP/out.pcap' 2>/dev/null | grep -q marker"
is "the run's are not" "$(tcpdump -Anr "$TMP/out.pcap" 2>/dev/null | grep -c leaked)" 0

# A socket of there that the run has got: its way is judged as that of any socket of the host.
cat >"$TMP/pass.py" <<'END'
import os, socket, subprocess, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"marker2", ("10.66.0.1", 9))
os.set_inheritable(s.fileno(), True)
os.execvp(sys.argv[1], [a.replace("FD", str(s.fileno())) for a in sys.argv[1:]])
END
cat >"$TMP/use.py" <<'END'
import errno, socket, subprocess, sys
s = socket.socket(fileno=int(sys.argv[1]))
for _ in range(2):
    try:
        s.sendto(b"leaked2", ("10.66.0.1", 9))
        print("sent")
    except OSError as e:
        print(errno.errorcode[e.errno])
END
is "a socket from outside stays judged" "$(ip netns exec "$OUT" "$PYTHON" "$TMP/pass.py" \
	nsenter --net="/run/netns/persona-phone-$ID" "$PERSONA" run -i "$WLAN_IF" -- \
	timeout 20 "$PYTHON" "$TMP/use.py" FD 2>/dev/null | tr '\n' ' ')" "ENETUNREACH ENETUNREACH "
wait_for 5 sh -c "tcpdump -Anr '$TMP/out.pcap' 2>/dev/null | grep -q marker2"
is "and nothing of it is seen" "$(tcpdump -Anr "$TMP/out.pcap" 2>/dev/null | grep -c leaked2)" 0

done_testing
