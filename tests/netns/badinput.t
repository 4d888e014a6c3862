#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# badinput.t - what is wrong is said in one line, with the right status, leaving nothing.
#
#   phone: wlan0 (Ethernet), rmnet0 (bare IP), down0 (down)  ===  server
#
# Status 125: Persona cannot; 126: the command cannot be executed; 127: not found.
#
# runs: loads, quick
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"

need setpriv gcc
persona_only
testbed_up
phone ip link add down0 type veth peer name down1

IMAGE=$TOP/build/personalities/linux-6.12.so
GOOD=packet:wlan0,ip=10.1.0.2/24,gw=10.1.0.1

state() {
	phone ip -br link | sort
	ls /dev/shm
	ip netns pids "persona-phone-$ID"
	phone nft list tables 2>/dev/null
}
BEFORE=$(state)

# refuse NAME STATUS PATTERN COMMAND...: the status, one line on stderr that begins with
# "persona: " and matches, nothing on stdout, no process, interface or table left.
refuse() {
	local name=$1 status=$2 pattern=$3 got lines bad=''
	shift 3
	phone timeout 20 "$@" >"$TMP/stdout" 2>"$TMP/stderr" </dev/null
	got=$?
	lines=$(wc -l <"$TMP/stderr")
	[ $got = "$status" ] || bad="$bad; status $got, not $status"
	[ "$lines" = 1 ] || bad="$bad; $lines lines"
	grep -q '^persona: ' "$TMP/stderr" || bad="$bad; not by persona"
	grep -qiE "$pattern" "$TMP/stderr" || bad="$bad; does not say $pattern"
	[ ! -s "$TMP/stdout" ] || bad="$bad; wrote on stdout"
	[ "$(state)" = "$BEFORE" ] || bad="$bad; something stayed behind"
	if [ -z "$bad" ]; then
		ok "$name: $(head -c 160 "$TMP/stderr" | tr -d '\n#')"
	else
		not_ok "$name$bad"
		head -n 5 "$TMP/stderr" | sed 's/^/# /'
	fi
}
run() { # NAME STATUS PATTERN OPTION...: in both modes
	local name=$1 status=$2 pattern=$3
	shift 3
	refuse "$name" "$status" "$pattern" "$PERSONA" run --inline "$@"
	case $name in *"in inline mode") return ;; esac
	refuse "$name, shadow" "$status" "$pattern" "$PERSONA" run "$@"
}

run "unknown interface" 125 "no such interface.*nosuch0" -i packet:nosuch0,ip=10.1.0.2/24 -- true
run "unknown back end" 125 "unknown back end.*carrier" -i carrier:wlan0,ip=10.1.0.2/24 -- true
run "misspelt back end" 125 "did you mean 'packet'" -i pakcet:wlan0,ip=10.1.0.2/24 -- true
run "unknown personality" 125 "linux-9" -p linux-9 -i $GOOD -- true
run "unknown key" 125 "unknown key.*colour" -i $GOOD,colour=red -- true
run "misspelt key" 125 "did you mean 'mtu'" -i $GOOD,mtuu=1400 -- true
run "malformed address" 125 "10.1.0.300" -i packet:wlan0,ip=10.1.0.300/24 -- true
run "malformed IPv6 address" 125 "fd01:::2" -i packet:wlan0,ip=fd01:::2/64 -- true
run "no prefix length" 125 "prefix" -i packet:wlan0,ip=10.1.0.2 -- true
run "prefix length out of range" 125 "prefix" -i packet:wlan0,ip=10.1.0.2/33 -- true
run "malformed gateway" 125 "gateway|gw=" -i packet:wlan0,ip=10.1.0.2/24,gw=x -- true
run "malformed MAC" 125 "mac=" -i $GOOD,mac=02:00:00 -- true
run "malformed MTU" 125 "mtu=" -i $GOOD,mtu=big -- true
run "interface twice" 125 "twice" -i $GOOD -i $GOOD -- true
run "interface is down" 125 "down0.*down" -i packet:down0,ip=10.1.0.2/24 -- true
run "packet on a device without Ethernet" 125 "rmnet0" -i packet:rmnet0,ip=10.2.0.2/24 -- true
run "rawip on an Ethernet device" 125 "wlan0" -i rawip:wlan0,ip=10.1.0.2/24 -- true
run "unknown option" 125 "unknown option" --inlien -i $GOOD -- true
run "option without argument" 125 "needs an argument" -i
run "no command" 125 "command" -i $GOOD
run "unknown sysctl" 125 "nosuch" -o net.ipv4.nosuch=1 -i $GOOD -- true
run "sysctl without value" 125 "KEY=VALUE" -o net.ipv4.ip_forward -i $GOOD -- true
run "bad sysctl value" 125 "tcp_congestion_control" -o net.ipv4.tcp_congestion_control=nosuch -i $GOOD -- true
run "bad number of processors" 125 "vcpus" --vcpus 0 -i $GOOD -- true
run "memory too small" 125 "too small" --mem 1M -i $GOOD -- true
run "malformed linger" 125 "linger" --linger soon -i $GOOD -- true
run "malformed memory size" 125 "mem" --mem many -i $GOOD -- true
run "memory beyond all bounds" 125 "too much" --mem 2000G -i $GOOD -- true
# Found only when the program first needs the stack: the program sees "network is down".
phone timeout 20 prlimit --as=200000000 "$PERSONA" run --inline -i $GOOD -- ip link >"$TMP/stdout" 2>&1
is "address space limited: the program's status" $? 1
is "address space limited: one line of ours" "$(grep -c '^persona: .*address space' "$TMP/stdout")" 1
# The loader would leave the library out, and the program would be on the host's stack.
for limit in as=12 as=30 as=60 as=120 data=30; do
	refuse "inline, prlimit --$limit MB" 125 "memory" prlimit "--${limit}000000" \
		"$PERSONA" run --inline -i $GOOD -- ip link
done
refuse "mode auto, prlimit --as=120 MB: no mode has room" 125 "address space" prlimit --as=120000000 \
	"$PERSONA" run --mode auto -i $GOOD -- ip link
run "capture file in no directory" 125 "pcap" --pcap /nonexistent/x -i $GOOD -- true
run "command not found" 127 "nosuchcommand" -i $GOOD -- nosuchcommand
run "command path not found" 127 "nosuch" -i $GOOD -- "$TMP/nosuch"
echo "text" >"$TMP/text"
run "command is not executable" 126 "text" -i $GOOD -- "$TMP/text"
run "command is a directory" 126 "" -i $GOOD -- "$TMP"
echo 'int main(void) { return 0; }' >"$TMP/static.c"
if gcc -static -o "$TMP/static" "$TMP/static.c" 2>/dev/null; then
	run "a static program, in inline mode" 125 "static" -i $GOOD -- "$TMP/static"
else
	skip "a static program, in inline mode" "no static libc"
fi

refuse "two modes" 125 "mode inline and --mode shadow" "$PERSONA" run --inline --mode shadow -i $GOOD -- true
refuse "unknown mode" 125 "auto, inline or shadow" "$PERSONA" run --mode fast -i $GOOD -- true

refuse "without CAP_NET_RAW" 125 "CAP_NET_RAW" \
	setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$PERSONA" run --inline -i $GOOD -- true
refuse "without CAP_NET_ADMIN, new TAP" 125 "CAP_NET_ADMIN" \
	setpriv --bounding-set=-net_admin --inh-caps=-net_admin \
	"$PERSONA" run --inline -i tap:newtap,ip=10.5.0.2/24 -- true
# The tree may lie where another user cannot look: give that user a copy.
mkdir -m 755 "$TMP/pub" "$TMP/pub/personalities"
chmod 755 "$TMP"
cp "$PERSONA" "$(dirname "$PERSONA")"/{persona-opener,libpersona-hijack.so} "$TMP/pub/"
cp "$(dirname "$PERSONA")/personalities/linux-6.12.so" "$TMP/pub/personalities/"
refuse "another user, no capability" 125 "CAP_NET_RAW" \
	setpriv --reuid=65534 --regid=65534 --clear-groups "$TMP/pub/persona" run --inline -i $GOOD -- true

# Images that are none, or another's
echo "no ELF" >"$TMP/junk.so"
run "image that is no image" 125 "junk.so" -p "$TMP/junk.so" -i $GOOD -- true
head -c 100000 "$IMAGE" >"$TMP/short.so"
run "truncated image" 125 "short.so" -p "$TMP/short.so" -i $GOOD -- true
"$PYTHON" - "$IMAGE" "$TMP" <<'END'
import struct, subprocess, sys
data = bytearray(open(sys.argv[1], "rb").read())
other = bytearray(data)
other[18:20] = struct.pack("<H", 8)     # EM_MIPS
open(sys.argv[2] + "/mips.so", "wb").write(other)
# lkl_image_abi() returns a constant: change it where it is loaded into a register.
for line in subprocess.run(["nm", "-D", sys.argv[1]], stdout=subprocess.PIPE, text=True).stdout.split("\n"):
    if line.endswith(" lkl_image_abi"):
        address = int(line.split()[0], 16)
phoff, = struct.unpack_from("<Q", data, 32)
size, count = struct.unpack_from("<HH", data, 54)
for i in range(count):
    kind, flags, offset, vaddr, paddr, filesz = struct.unpack_from("<IIQQQQ", data, phoff + i * size)
    if kind == 1 and vaddr <= address < vaddr + filesz:
        at = address - vaddr + offset
        code = data.find(b"\xb8", at, at + 16)       # mov $imm32,%eax
        if code >= 0:
            data[code + 1] ^= 0x40
            open(sys.argv[2] + "/abi.so", "wb").write(data)
END
run "image of another processor" 125 "processor" -p "$TMP/mips.so" -i $GOOD -- true
if [ -f "$TMP/abi.so" ]; then
	run "image of another ABI" 125 "ABI|version" -p "$TMP/abi.so" -i $GOOD -- true
else
	skip "image of another ABI" "cannot patch it on this processor"
fi
refuse "unknown subcommand" 125 "walk" "$PERSONA" walk
refuse "misspelt subcommand" 125 "did you mean 'doctor'" "$PERSONA" docter
refuse "help on an unknown subcommand" 125 "did you mean 'doctor'" "$PERSONA" help docter
refuse "unknown argument" 125 "ps: unknown argument 'x'" "$PERSONA" ps x
refuse "misspelt option of show" 125 "did you mean '--once'" "$PERSONA" show --onec

# Help is on standard output, and the manual page and the completions know each option of it.
for sub in run ps show exec profile wg list doctor version help; do
	check "persona $sub --help" "$PERSONA" "$sub" --help
	is "persona help $sub is the same" "$("$PERSONA" help "$sub" 2>&1)" "$("$PERSONA" "$sub" --help 2>&1)"
	missing=
	for option in $("$PERSONA" help "$sub" | grep -o '^ \{2,6\}\(-., \)\?--[a-z-]*' | grep -o '[a-z][a-z-]*$'); do
		grep -qE "Fl -$option( |\$)" "$TOP/docs/persona.1" || missing="$missing man:$option"
		grep -qe "--$option" "$TOP/packaging/completion/_persona" || missing="$missing zsh:$option"
		grep -qe "--$option" "$TOP/packaging/completion/persona.bash" || missing="$missing bash:$option"
	done
	is "persona $sub: options that are documented nowhere" "$missing" ""
done

# And all of this did not break the good case.
check "then it runs" phone "$PERSONA" run --inline -i $GOOD -- true
phone "$PERSONA" run --inline -i $GOOD -- sh -c 'exit 42'
is "the command's own status" $? 42
phone "$PERSONA" run --inline -i $GOOD -- sh -c 'kill -TERM $$'
is "ended by a signal: 128 + its number" $? 143
is "nothing left behind" "$(state)" "$BEFORE"
done_testing
