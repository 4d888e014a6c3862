#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# `persona profile`: the table and the flame graph of a program under load, in both modes.
#
#     phone: persona profile -- iperf3      server: iperf3, host kernel
#       wlan0 ============ veth, unshaped ============ ap0
#
# What is looked for are functions of every layer, in the right order, and sums.
#
# runs: alone
. "$(dirname "$0")/lib.sh"
persona_only
need iperf3 "$PYTHON"
testbed_up --unshaped
background server iperf3 -s
wait_for 10 listens 5201 || note "iperf3 did not start"

# judge SVG JSON: facts as NAME=VALUE lines, from a graph and a report
judge() {
	"$PYTHON" - "$1" "$2" <<-'END'
	import json, re, sys
	import xml.etree.ElementTree as xml
	svg = "{http://www.w3.org/2000/svg}"
	report = json.loads(open(sys.argv[2]).read().splitlines()[-1])
	root = xml.parse(sys.argv[1]).getroot()
	boxes = []
	for g in root.iter(svg + "g"):
	    title = g.find(svg + "title").text
	    name, layer = re.match(r"(.*) \(([^,]*), [0-9.]+ s, [0-9.]+ %\)$", title).groups()
	    boxes.append((name, layer, int(g.get("s")), int(g.get("n")), int(g.get("d"))))
	def above(inner, outer):
	    """Is a box of the first name on top of one of the second?"""
	    return any(a[2] >= b[2] and a[2] + a[3] <= b[2] + b[3] and a[4] > b[4]
	               for a in boxes if re.fullmatch(inner, a[0])
	               for b in boxes if re.fullmatch(outer, b[0]))
	print("layers=%s" % ",".join(sorted({b[1] for b in boxes})))
	print("sum=%.3f" % sum(report["layers"].values()))
	print("seen=%.3f" % (report["seen_seconds"] / report["accounted_seconds"]))
	print("rows=%.3f" % sum(report["rows"].values()))
	print("samples=%d" % report["samples"])
	print("broken=%.3f" % (report["broken_stacks"] / max(1, report["samples"])))
	print("cpu=%.3f" % report["cpu_seconds"])
	print("stack=%.4f" % report["layers"]["Linux stack"])
	print("host=%.4f" % report["layers"]["host calls"])
	print("send_in_program=%d" % above("tcp_sendmsg(_locked)?", "iperf_.*|Nwrite"))
	print("send_in_pump=%d" % above("tcp_sendmsg(_locked)?", "persona-pump"))
	print("send_in_vcpu=%d" % above("tcp_sendmsg(_locked)?", "vcpu_call"))
	print("frames=%d" % above("host: sendmmsg", "afpacket_tx"))
	print("program_writes=%d" % above("host: write", "iperf_.*|Nwrite"))
	print("kernel=%d" % above("packet_sendmsg|packet_snd", "host: sendmmsg"))
	END
}

# profile NAME OPTION...: run iperf3 under it; facts go to $FACTS
profile() {
	local name=$1
	shift
	phone "$PERSONA" profile -o "$TMP/$name.svg" --json -i "$WLAN_IF" --no-mptcp "$@" -- \
		iperf3 -c 10.1.0.1 -t 3 >"$TMP/$name.json" 2>"$TMP/$name.err"
	is "$name: the program's exit status" $? 0
	FACTS=$(judge "$TMP/$name.svg" "$TMP/$name.json" 2>&1)
	note "$(tr '\n' ' ' <<<"$FACTS")"
}

fact() { sed -n "s/^$1=//p" <<<"$FACTS"; }
facts() {
	local name=$1 pair
	shift
	for pair; do
		is "$name: ${pair%=*}" "$(fact "${pair%=*}")" "${pair#*=}"
	done
}

# common NAME SEEN STACK: what holds for all; samples account for that part of the processor time,
# or for more: interrupts are no process's in what the host accounts for; and for that part at least
# they are in the Linux stack. Stops fall onto host calls more often than onto what is between them.
common() {
	at_least "$1: samples against processor time" "$(fact seen)" "$2"
	at_most "$1: samples against processor time" "$(fact seen)" 2
	at_least "$1: the layers' sum" "$(fact sum)" 0.98
	at_most "$1: the layers' sum" "$(fact sum)" 1.02
	at_least "$1: the rows' sum" "$(fact rows)" 0.98
	at_least "$1: samples" "$(fact samples)" 100
	at_most "$1: stacks not followed to their end" "$(fact broken)" 0.1
	at_least "$1: share of the Linux stack" "$(fact stack)" "$3"
	at_least "$1: share of host calls" "$(fact host)" 0.2
}

# ---- inline: one thread, from main() into the stack and through to the host ----
profile inline --inline
common inline 0.9 0.02
matches "inline: layers" "$(fact layers)" '^Linux stack,all,engine,host calls,program,thread'
facts inline send_in_program=1 \
	send_in_vcpu=1 frames=1

# ---- shadow: the program's threads and the supervisor's ----
profile shadow
common shadow 0.9 0.02
facts shadow program_writes=1 send_in_pump=1 send_in_vcpu=1 frames=1

# ---- no perf events: the same by stops, but for the kernel's part ----
profile stops-inline --stops --inline
common stops-inline 0.7 0.01
facts stops-inline frames=1 kernel=0
profile stops-shadow --stops
common stops-shadow 0.7 0.01
facts stops-shadow frames=1 kernel=0 program_writes=1

# ---- the table ----
OUT=$(phone "$PERSONA" profile --output "$TMP/t.svg" --inline -i "$WLAN_IF" -- \
	iperf3 -c 10.1.0.1 -t 1 2>&1 >"$TMP/stdout")
matches "table: every line is Persona's" "$(grep -vc '^persona: ' <<<"$OUT")" '^0$'
matches "table: layers" "$OUT" '^persona: Linux stack +[0-9.]+ s +[0-9.]+ %$'
matches "table: sum" "$OUT" '^persona: sum +[0-9.]+ s +(99\.9|100\.[01]) %$'
matches "table: host calls" "$OUT" '^persona:   host: sendmmsg +engine +[0-9.]+ %$'
matches "table: the graph's name" "$OUT" "^persona: flame graph: $TMP/t.svg$"
matches "the program's output is its own" "$(cat "$TMP/stdout")" 'iperf Done'

# ---- statuses and refusals ----
run_profile() { phone "$PERSONA" profile -o "$TMP/s.svg" -i "$WLAN_IF" "$@" 2>&1; }
run_profile --inline -- sh -c 'exit 7' >/dev/null
is "exit status of the command" $? 7
run_profile --inline -- sh -c 'kill -9 $$' >/dev/null
is "killed by a signal" $? 137
run_profile --inline -- /nonexistent >/dev/null
is "no such command" $? 127
OUT=$(run_profile --frequency 0 -- true)
is "bad frequency: status" $? 125
is "bad frequency" "$OUT" "persona: --frequency 0: must be a number from 1 to 10000"
OUT=$(phone "$PERSONA" profile --output /nonexistent/x.svg -- true 2>&1)
is "unwritable graph: status" $? 125
is "unwritable graph" "$OUT" "persona: /nonexistent/x.svg: cannot write: No such file or directory"
rm -f "$TMP/s.svg"
OUT=$(run_profile --inlnie -- true)
is "a misspelt option of run's, and no report" "$OUT" \
	"persona: unknown option '--inlnie': did you mean '--inline'?"
is "no graph either" "$(ls "$TMP/s.svg" 2>/dev/null)" ""
OUT=$(run_profile -o net.ipv4.tcp_congestion_control=reno -- "$PYTHON" -c 'import socket
s = socket.socket()
print(s.getsockopt(6, 13, 16).split(b"\0")[0].decode())' 2>/dev/null)
matches "-o with a sysctl is run's" "$OUT" '^reno'
done_testing
