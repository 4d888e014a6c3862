#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# opener.t - a user without privileges, beside the host on its addresses, by persona-opener.
#
#   phone namespace                                    server namespace
#   +------------------------------------------+      +----------------------+
#   | nobody: persona ---- persona-opener      |      |                      |
#   |   stack 10.1.0.3       (file capabil.)   | veth |                      |
#   |    ports of its range       | rules      |      |                      |
#   |         \                   v            |      |                      |
#   |          wlan0 ==============================ap0| 10.1.0.1 fd01::1     |
#   | kernel   10.1.0.3, all other ports       |      |                      |
#   +------------------------------------------+      +----------------------+
#
# The programs are copied to where nobody may read them, and the opener's copy gets the
# capabilities. Each command has a mount namespace of its own (`phone`), in which
# this test's /etc and /run stand in for the machine's.
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl setcap setpriv nft nc
persona_only
testbed_up --unshaped --host-ip
httpd
random_file "$FILES/blob" 20000000
BLOB=$(sum "$FILES/blob")

BOX=$TMP/box
OUT=$BOX/out
CONF=$TMP/etc/persona/opener.conf
mkdir -p "$BOX/personalities" "$OUT" "$TMP/run" "$TMP/etc/persona"
cp "$PERSONA" "$TOP/build/persona-opener" "$BOX/"
cp -L "$TOP/build/personalities/linux-6.12.so" "$BOX/personalities/"
cp -a /etc/passwd /etc/group /etc/nsswitch.conf /etc/ld.so.cache /etc/alternatives "$TMP/etc/"
cp "$TMP/hosts" "$TMP/resolv.conf" "$TMP/etc/"
chmod -R u=rwX,go=rX "$BOX" "$TMP/etc" "$TMP/run"
chmod 755 "$TMP"
chown nobody "$OUT"
setcap cap_net_raw,cap_net_admin+ep "$BOX/persona-opener" || skip_all "no file capabilities in $TMP"

# private COMMAND...: in the phone, with this test's /etc and /run, by $HOST_WITHOUT.
HOST_WITHOUT=()
private() {
	phone sh -c '
		mount --bind "$1/etc" /etc && mount --bind "$1/run" /run || exit 1
		shift
		exec "$@"' sh "$TMP" "${HOST_WITHOUT[@]}" "$@"
}
nobody() { private setpriv --reuid=nobody --regid=nogroup --clear-groups "$@"; }
run() { nobody "$BOX/persona" run "$@"; }
get() { run -i wlan0 -- timeout 60 curl -q -sS --fail -o "$OUT/blob" http://10.1.0.1/blob; }

nobody "$BOX/persona" --help >/dev/null 2>&1 || skip_all "nobody cannot execute in $TMP"

# ours: processes of the phone that are persona's or its tools'
ours() {
	local pid exe
	for pid in $(ip netns pids "persona-phone-$ID"); do
		exe=$(readlink "/proc/$pid/exe")
		case $exe in */persona | */persona-opener | */xtables*) echo "$pid $exe" ;; esac
	done
}
opener_id() { ours | awk '/persona-opener/ { print $1 }'; }
reserved() { phone cat /proc/sys/net/ipv4/ip_local_reserved_ports; }
tables() { phone nft list ruleset; }
hooked() { phone iptables-save -t raw; phone ip6tables-save -t raw; }
nothing_left() { [ -z "$(ours)" ] && [ -z "$(reserved)" ] && [ -z "$(tables)" ]; }
no_chain() { [ -z "$(ours)" ] && [ -z "$(reserved)" ] && ! hooked | grep persona; }
holds() { [ -n "$(reserved)" ] && tables | grep -q "device \"wlan0\""; }
refused() { # NAME PATTERN IFACE
	local out
	out=$(run -i "$3" -- true 2>&1)
	is "$1: status" $? 125
	matches "$1" "$out" "^persona: $2"
	is "$1: one line" "$(wc -l <<<"$out")" 1
}

# ---- who may ----
refused "no configuration" "interface 'wlan0' is not yours: there is no /etc/persona/opener.conf" wlan0
check "root still may" private "$BOX/persona" run -i wlan0 -- true
echo "user nobody wlan*" >"$CONF"
chmod 666 "$CONF"
refused "writable by all" "/etc/persona/opener.conf: must be root's, and writable by nobody else" wlan0
chmod 644 "$CONF"
chown nobody "$CONF"
refused "not root's" "/etc/persona/opener.conf: must be root's, and writable by nobody else" wlan0
chown root "$CONF"
refused "another interface" "interface 'rmnet0' is not yours: root can add 'user 65534 rmnet0'" rmnet0
echo "user nobody" >"$CONF"
refused "a malformed line" "/etc/persona/opener.conf: line 1: write: user.group NAME INTERFACE" wlan0
printf '# for the tests\ngroup nogroup wlan0\n' >"$CONF"
check "nothing is left by refusals" wait_for 5 nothing_left

# ---- what he gets ----
# host_segments: what the phone's own TCP has received and how many resets it has sent
host_segments() { phone awk '/^Tcp: [0-9]/ { print $11, $15 }' /proc/net/snmp; }
before=$(host_segments)
check "20 MB over the shared address" get
is "same data" "$(sum "$OUT/blob")" "$BLOB"
is "the host's TCP has seen none of it, and reset nothing" "$(host_segments)" "$before"
check "over IPv6" run -i wlan0 -- timeout 60 curl -q -sS --fail -o "$OUT/blob" "http://[fd01::1]/blob"
is "same data" "$(sum "$OUT/blob")" "$BLOB"
matches "the server has met the host's address" "$(cat "$HTTP_LOG")" "10\.1\.0\.3"
is "the program is nobody" "$(run -i wlan0 -- id -un)" nobody
run -i wlan0 -- sh -c 'echo x >>/etc/passwd' 2>/dev/null
check "and cannot write what is another's" cmp "$TMP/etc/passwd" /etc/passwd
is "nor has it capabilities" "$(run -i wlan0 -- awk '/^CapEff/ { print $2 }' /proc/self/status)" \
	0000000000000000
check "nothing is left" wait_for 5 nothing_left

# ---- beside the host ----
EXEC="exec" run -i wlan0 -- sleep 60 </dev/null >/dev/null 2>&1 &
pid=$!
STARTED+=("$pid")
check "while it runs: rules, and ports reserved" wait_for 10 holds
background phone nc -l -s 10.1.0.3 -p 7100
check "the host's servers are reached" wait_for 5 server nc -z -w 1 10.1.0.3 7100
matches "and itself reaches others" \
	"$(phone curl -q -sS --fail -o /dev/null -w '%{http_code}' http://10.1.0.1/blob)" 200
kill -9 "$pid"
wait "$pid" 2>/dev/null
check "kill -9 of persona: nothing is left" wait_for 5 nothing_left

# ---- without nf_tables ----
# By a filter that knows the socket of persona-opener (SOCK_CLOEXEC) from those of iptables, which
# may be nf_tables' own.
cat >"$TMP/without-nft.py" <<'END'
import ctypes, errno, os, struct, sys
NR = {"x86_64": 41, "aarch64": 198}[os.uname().machine]
LD, JEQ, RET = 0x20, 0x15, 0x06 # BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, BPF_RET | BPF_K
want = [(0, NR), (16, 16), (24, 3 | os.O_CLOEXEC), (32, 12)] # socket(AF_NETLINK, SOCK_RAW | ..., NETLINK_NETFILTER)
code = []
for i, (at, value) in enumerate(want):
    code += [(LD, 0, 0, at), (JEQ, 0, 2 * (len(want) - i) - 1, value)]
code += [(RET, 0, 0, 0x50000 | errno.EPROTONOSUPPORT), (RET, 0, 0, 0x7fff0000)]
insns = b"".join(struct.pack("HBBI", *c) for c in code)
room = ctypes.create_string_buffer(insns, len(insns))
prog = struct.pack("HxxxxxxP", len(code), ctypes.addressof(room))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(22, 2, prog, 0, 0): # PR_SET_SECCOMP, SECCOMP_MODE_FILTER: root's, without PR_SET_NO_NEW_PRIVS
    sys.exit(os.strerror(ctypes.get_errno()))
os.execvp(sys.argv[1], sys.argv[1:])
END
HOST_WITHOUT=("$PYTHON" "$TMP/without-nft.py")
if ! command -v iptables-restore >/dev/null; then
	skip "by iptables" "iptables is not installed"
	done_testing
fi
if ! why=$(phone iptables -t raw -L 2>&1 >/dev/null) || ! phone ip6tables -t raw -L >/dev/null 2>&1; then
	skip "by iptables" "the host kernel has no table raw: $why"
	done_testing
fi
before=$(host_segments)
rm -f "$OUT/blob"
check "by iptables: 20 MB over the shared address" get
is "by iptables: same data" "$(sum "$OUT/blob")" "$BLOB"
is "by iptables: the host's TCP has seen none of it" "$(host_segments)" "$before"
check "by iptables: nothing is left" wait_for 5 no_chain
EXEC="exec" run -i wlan0 -- sleep 60 </dev/null >/dev/null 2>&1 &
pid=$!
STARTED+=("$pid")
tables() { phone nft list tables netdev; }
chained() { [ -z "$(tables)" ] && hooked | grep -c -- '-i wlan0 -j persona-' | grep -qx 2; }
check "by iptables: a chain of each version" wait_for 10 chained
opener=$(opener_id)
kill -9 "$opener"
stop "$pid"
matches "kill -9 of the opener leaves its chain" "$(hooked)" "persona-$opener-0"
# Its list of ports is the next one's to take back, too; who was nobody cannot write /run.
check "the next start" get
check "removes it" wait_for 5 sh -c "! ip netns exec persona-phone-$ID iptables-save -t raw | grep persona"
is "of IPv6, too" "$(hooked | grep -c persona)" 0
done_testing
