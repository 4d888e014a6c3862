#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# mode.t - `--mode auto`: what it chooses, says and carries; --isolate inline.
#
#   phone: PROGRAM on Linux as a library             server: HTTP server on the host kernel
#     wlan0 (packet)  10.1.0.2 ===================== ap0    10.1.0.1
#
# Which mode a run has is told by `-v`, and for inline by the library in the program's
# memory map. The rule itself: tests/unit/test_mode.c.
#
# runs: waits, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need curl wget nc ss python3
persona_only
testbed_up --unshaped
httpd
random_file "$FILES/blob" 1000000
BLOB=$(sum "$FILES/blob")

run() { phone timeout 30 "$PERSONA" run -i "$WLAN_IF" "$@"; }

# chooses MODE WHY NAME COMMAND...: one line on stderr says so; $TMP/out is what the command wrote
chooses() {
	local mode=$1 why=$2 name=$3
	shift 3
	run -v --mode auto -- "$@" >"$TMP/out" 2>"$TMP/err" </dev/null
	is "$name: its status" $? 0
	is "$name: $mode, in one line" "$(grep -cE "^persona: mode $mode: .*$why" "$TMP/err")" 1
}

chooses inline "starts no processes" curl curl -q -sS --fail http://10.1.0.1/blob
is "curl's file" "$(sum "$TMP/out")" "$BLOB"
chooses inline "wget is known to be served" wget wget -q -O - http://10.1.0.1/blob
is "wget's file" "$(sum "$TMP/out")" "$BLOB"
chooses shadow "may start processes" "a shell" \
	sh -c 'curl -q -sS http://10.1.0.1/blob | sha256sum | cut -d" " -f1'
is "its file, by two processes" "$(cat "$TMP/out")" "$BLOB"
chooses shadow "starts processes with -b" "wget -b" \
	wget -b -q -o "$TMP/log" -O "$TMP/behind" http://10.1.0.1/blob
is "wget -b's file, by a daemon" "$(sum "$TMP/behind")" "$BLOB"
printf '#!%s\nimport urllib.request as u, hashlib, os\nos.system("true")\n' "$PYTHON" >"$TMP/script"
echo "print(hashlib.sha256(u.urlopen('http://10.1.0.1/blob').read()).hexdigest())" >>"$TMP/script"
chmod 755 "$TMP/script"
chooses shadow "may start processes|loads libraries" "a script" "$TMP/script"
is "its file" "$(cat "$TMP/out")" "$BLOB"

# Without -v nothing is said; the library is in the program, or not.
loaded() { run "$@" -- grep -c libpersona-hijack /proc/self/maps 2>&1 </dev/null; }
at_least "auto: the library is in grep" "$(loaded --mode auto)" 1
at_least "inline: the library is in grep" "$(loaded --mode inline)" 1
is "shadow: it is not" "$(loaded --mode shadow)" 0
is "the default is shadow" "$(loaded)" 0

# --isolate: loopback is the stack's in inline mode, too.
background phone nc -l 127.0.0.1 8091
wait_for 5 phone sh -c 'ss -Hltn "sport = :8091" | grep -q .'
run --inline --isolate -- nc -z -w 2 127.0.0.1 8091 >"$TMP/out" 2>&1 </dev/null
is "inline, --isolate: the host's 127.0.0.1 is not reached" $? 1
run --inline -- nc -z -w 2 127.0.0.1 8091 >"$TMP/out" 2>&1 </dev/null
is "inline: it is reached" $? 0
background phone timeout 30 "$PERSONA" run --inline --isolate -i "$WLAN_IF" -- "$PYTHON" -c '
import socket
l = socket.create_server(("127.0.0.1", 8092))
c = socket.create_connection(("127.0.0.1", 8092))
a, _ = l.accept()
c.send(b"inside"); open("'"$TMP"'/heard", "wb").write(a.recv(9))
a.recv(1)'
wait_for 10 test -s "$TMP/heard"
is "inline, --isolate: 127.0.0.1 within the stack" "$(cat "$TMP/heard" 2>&1)" inside
is "the host sees no such server" "$(phone ss -Hltn 'sport = :8092')" ""
done_testing
