#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# push-and-run.sh ARG... - persona ARG... on the phone that adb sees.
#
#	push-and-run.sh doctor			what is missing on this phone
#	push-and-run.sh run -i wlan0 -i rmnet_data0 -- iperf3 -c 10.1.0.1
#	push-and-run.sh remove			take all of it from the phone
#
# Pushes this directory to /data/local/tmp/persona when something in it has changed, and runs there as root: by
# adb's own rights, else by su. iperf3, curl and netperf of this directory come first in PATH.
# ADB_SERIAL chooses among several phones. The exit status is persona's.
set -eu

place=${PERSONA_PLACE:-/data/local/tmp/persona}
here=$(cd "$(dirname "$0")" && pwd)

fail() { echo "persona: $*" >&2; exit 125; }
phone() { adb ${ADB_SERIAL:+-s "$ADB_SERIAL"} "$@"; }

# One word for a remote shell.
quote() { printf "'%s' " "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

[ $# -gt 0 ] || { sed -n '4,14s/^# \{0,1\}//p' "$0"; exit 2; }
command -v adb >/dev/null || fail "adb is not installed: apt-get install adb"
phone get-state >/dev/null 2>&1 || fail "adb sees no phone: connect it, switch on USB debugging, and allow this computer there"

as_root() {
	if [ "$(phone shell id -u | tr -d '\r')" = 0 ]; then
		phone shell "$1"
	else
		phone shell "su -c $(quote "$1")"
	fi
}

if [ "$1" = remove ]; then
	as_root "rm -rf $place"
	exit
fi
[ "$(as_root 'id -u' | tr -d '\r')" = 0 ] || fail "no root on this phone: neither 'adb root' nor su works"

# What is there is known by a sum of all files.
sum=$(cd "$here" && find . -type f ! -name push-and-run.sh -exec cksum {} + | sort | cksum | tr ' ' -)
if [ "$(as_root "cat $place/.sum 2>/dev/null || true" | tr -d '\r')" != "$sum" ]; then
	echo "persona: pushing to $place" >&2
	as_root "rm -rf $place && mkdir -p $place && chmod 777 $place"
	phone push "$here/." "$place/" >/dev/null || fail "cannot push to $place"
	as_root "chmod -R go-w $place; chmod 755 $place/persona $place/persona-opener; echo $sum >$place/.sum"
fi
line="PATH=$place:\$PATH; export PATH; exec $place/persona"
for a; do
	line="$line $(quote "$a")"
done
as_root "$line"
