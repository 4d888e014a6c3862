# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# lib.sh - what the tests in network namespaces share: TAP, a testbed, programs.
#
# A test sources this, calls testbed_up (or not), reports with ok / not_ok /
# check, and ends with done_testing. Everything it starts with `background` is
# ended, by its process id, and its testbed taken down, however it leaves.
#
# PERSONA_TEST_NATIVE=1 runs the programs on the host's kernel in the phone's
# namespace instead: a check of the tests themselves. Tests that make sense for
# Persona alone call persona_only.
set -u

TOP=$(readlink -f "$(dirname "${BASH_SOURCE[0]}")/../..")
PERSONA=${PERSONA:-$TOP/build/persona}
NATIVE=${PERSONA_TEST_NATIVE:-}
ID=t$$
TMP=$(mktemp -d /tmp/persona-test.XXXXXX)
# How `on` runs programs: inline, or shadow (a supervisor beside the program)
MODE=${MODE:-inline}
# Another kernel image than the default: PERSONALITY=linux-6.1 tests/netns/stall.t
TESTS=0
FAILED=0
STARTED=()
# Not a version manager's shell wrapper
PYTHON=$(command -v /usr/bin/python3 || command -v python3)
# Proxies of the machine are none of the tests' business.
unset http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY

# ---- TAP ----
note() { printf '# %s\n' "$*"; }
ok() { TESTS=$((TESTS + 1)); printf 'ok %d - %s\n' $TESTS "$*"; }
not_ok() {
	TESTS=$((TESTS + 1))
	FAILED=$((FAILED + 1))
	printf 'not ok %d - %s\n' $TESTS "$*"
}
skip() { TESTS=$((TESTS + 1)); printf 'ok %d - %s # SKIP %s\n' $TESTS "$1" "$2"; }
skip_all() {
	printf '1..0 # SKIP %s\n' "$*"
	exit 0
}
done_testing() {
	printf '1..%d\n' $TESTS
	exit $((FAILED > 0))
}

# check NAME COMMAND...: ok if the command succeeds; else its output as comments.
check() {
	local name=$1 out=$TMP/check.out
	shift
	if "$@" >"$out" 2>&1; then
		ok "$name"
	else
		not_ok "$name (status $?)"
		tail -n 15 "$out" | sed 's/^/# | /'
	fi
}

# matches NAME TEXT PATTERN: an extended regular expression
matches() {
	if grep -qE -- "$3" <<<"$2"; then ok "$1"; else
		not_ok "$1"
		head -c 1500 <<<"$2" | sed 's/^/# | /'
		note "wanted: $3"
	fi
}

# is NAME GOT WANTED
is() {
	if [ "$2" = "$3" ]; then ok "$1"; else
		not_ok "$1"
		note "got: $2"
		note "wanted: $3"
	fi
}

# at_least NAME GOT LEAST: numbers, which the name is followed by
at_least() {
	if awk "BEGIN { exit !($2 >= $3) }"; then ok "$1: $2 (at least $3)"; else not_ok "$1: $2 (at least $3)"; fi
}

# at_most NAME GOT MOST
at_most() {
	if awk "BEGIN { exit !($2 <= $3) }"; then ok "$1: $2 (at most $3)"; else not_ok "$1: $2 (at most $3)"; fi
}

need() {
	local tool
	for tool; do
		command -v "$tool" >/dev/null || skip_all "$tool is not installed"
	done
}

# have NAME TOOL...: are the programs there? Else the test NAME is skipped, loudly.
have() {
	local name=$1 tool
	shift
	for tool; do
		command -v "$tool" >/dev/null || {
			skip "$name" "$tool is not installed"
			return 1
		}
	done
}

# program NAME: path of a program of tests/programs, in $PROGRAM
program() {
	PROGRAM=$TOP/build/tests/programs/$1
	[ -x "$PROGRAM" ] || {
		skip "$1" "$PROGRAM is not built: make test-programs"
		return 1
	}
}

persona_only() { [ -z "$NATIVE" ] || skip_all "only for Persona"; }

# built NAME: is this image there? Its file is $IMAGE. Else the test NAME is skipped.
built() {
	IMAGE=$TOP/build/personalities/$1.so
	[ -e "$IMAGE" ] || {
		skip "$1" "this image is not built"
		return 1
	}
}

# retell NAME COMMAND...: a program that speaks TAP: its tests are ours, and that its status is 0
retell() {
	local name=$1 line status
	shift
	"$@" >"$TMP/retell.out" 2>&1
	status=$?
	while read -r line; do
		case $line in
		"ok "*) ok "$name: ${line#* - }" ;;
		"not ok "*) not_ok "$name: ${line#* - }" ;;
		1..*) ;;
		*) note "$line" ;;
		esac
	done <"$TMP/retell.out"
	is "$name: the program's status" $status 0
}

# ---- processes ----

# background server|phone|on ...: start it, remember it; its id is in $LAST. (The
# three replace the subshell when EXEC is set, so that a signal reaches the program.)
EXEC=
background() {
	(EXEC=exec && "$@") </dev/null >>"$TMP/background.out" 2>&1 &
	LAST=$!
	STARTED+=("$LAST")
}

# stop PID: end what background started, and wait for it.
stop() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	true
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

cleanup() {
	local pid
	trap '' INT TERM
	for pid in "${STARTED[@]}"; do
		kill "$pid" 2>/dev/null
	done
	for pid in "${STARTED[@]}"; do
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			kill -0 "$pid" 2>/dev/null || break
			sleep 0.1
		done
		kill -9 "$pid" 2>/dev/null
	done
	"$TOP/testbed/phone" --id $ID down
	rm -rf "$TMP"
}
trap cleanup EXIT
trap 'exit 143' INT TERM

# ---- the testbed ----

# testbed_up ARG...: as of `testbed/phone up`
testbed_up() {
	[ "$(id -u)" = 0 ] || skip_all "must be root"
	[ -c /dev/net/tun ] || skip_all "/dev/net/tun is missing"
	[ -n "$NATIVE" ] || [ -x "$PERSONA" ] || skip_all "$PERSONA is not built"
	"$TOP/testbed/phone" --id $ID up --owner $$ ${NATIVE:+--host-ip} "$@" >"$TMP/up.out" 2>&1 || {
		sed 's/^/# /' "$TMP/up.out"
		echo "Bail out! the testbed did not come up"
		exit 1
	}
	echo "nameserver 10.1.0.1" >"$TMP/resolv.conf"
	cat >"$TMP/hosts" <<-'END'
	127.0.0.1 localhost
	::1 localhost
	10.1.0.2 phone4.test
	10.1.0.3 phone4.test
	fd01::2 phone6.test
	fd01::3 phone6.test
	END
	# Addresses of the phone, by IP version
	if [ -n "$NATIVE" ]; then
		WLAN4=10.1.0.3 RMNET4=10.2.0.3 WLAN6=fd01::3 RMNET6=fd02::3
	else
		WLAN4=10.1.0.2 RMNET4=10.2.0.2 WLAN6=fd01::2 RMNET6=fd02::2
	fi
}

# Each command has its own mount namespace (ip netns exec makes it), in which the
# testbed's names and name server stand in for the machine's.
server() { $EXEC ip netns exec "persona-server-$ID" "$@"; }
phone() {
	$EXEC ip netns exec "persona-phone-$ID" sh -c '
		mount --bind "$1/hosts" /etc/hosts
		mount --bind "$1/resolv.conf" "$(readlink -f /etc/resolv.conf)"
		shift
		exec "$@"' sh "$TMP" "$@"
}

WLAN_IF=packet:wlan0,ip=10.1.0.2/24,gw=10.1.0.1,ip=fd01::2/64,gw=fd01::1
RMNET_IF=rawip:rmnet0,ip=10.2.0.2/24,ip=fd02::2/64

# on wlan|rmnet|both [OPTION...] -- COMMAND...: run a program on the stack, over these paths,
# as $MODE says.
# With `both` its plain TCP sockets become MPTCP on the host's kernel, too.
on() {
	local paths=$1 args=()
	shift
	[ "$MODE" = shadow ] || args=(--inline)
	[ -z "${PERSONALITY:-}" ] || args+=(-p "$PERSONALITY")
	case $paths in
	wlan) args+=(-i "$WLAN_IF") ;;
	rmnet) args+=(-i "$RMNET_IF") ;;
	both) args+=(-i "$WLAN_IF" -i "$RMNET_IF") ;;
	esac
	while [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	shift
	if [ -z "$NATIVE" ]; then
		phone "$PERSONA" run "${args[@]}" -- "$@"
	elif [ "$paths" = both ]; then
		phone mptcpize run "$@"
	else
		phone "$@"
	fi
}

# bracket ADDRESS: as URLs want it
bracket() { case $1 in *:*) echo "[$1]" ;; *) echo "$1" ;; esac; }

# httpd: start the testbed's HTTP server; $FILES is its directory, $HTTP_LOG its log.
httpd() {
	FILES=$TMP/files
	HTTP_LOG=$TMP/http.log
	mkdir -p "$FILES"
	: >"$HTTP_LOG"
	background server "$PYTHON" "$TOP/testbed/httpd.py" --log "$HTTP_LOG" "$FILES"
	wait_for 10 server nc -z 10.1.0.1 80 || note "httpd did not start"
}

sum() { sha256sum "$1" | cut -d' ' -f1; }
random_file() { head -c "$2" /dev/urandom >"$1"; }

# listens PORT: does a socket of the server's kernel listen there?
listens() { [ -n "$(server ss -Hltn "sport = :$1")" ]; }
