#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg-host.t - wg.sh's WireGuard server, asked by the host's own client: what the tests of our
# tunnels stand on, and what a host makes of the same two paths.
#
# The topology is in wg.sh. The client is wireguard-go in the phone's namespace, MPTCP the host
# kernel's.
#
# runs: waits
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/wg.sh
. "$(dirname "$0")/wg.sh"
persona_only
wg_need
need iperf3 mptcpize jq ping nc

testbed_up --host-ip --wlan 50mbit,10ms --rmnet 30mbit,25ms
wg_up --psk

for f in wlan rmnet both; do
	is "$f.conf is its owner's alone" "$(stat -c %a "$WG/$f.conf")" 600
done
is "both.conf has a section for each path" "$(grep -cE '^Path = (wlan0|rmnet0)$' "$WG/both.conf")" 2
is "no handshake before a client" "$(wg_age wlan)$(wg_age rmnet)" ""

wg_client wlan
wg_client rmnet
for n in 2 3; do
	check "10.7.0.$n reaches the server" phone ping -q -c 2 -i 0.2 -W 5 -I 10.7.0.$n 10.7.0.1
	check "10.7.0.$n reaches what lies behind" phone ping -q -c 2 -i 0.2 -W 5 -I 10.7.0.$n 10.9.0.1
	check "fd07::$n reaches both" \
		phone sh -c "ping -q -c 2 -i 0.2 -W 5 -I fd07::$n fd07::1 && ping -q -c 2 -i 0.2 -W 5 -I fd07::$n fd09::1"
	check "a packet of 1420 bytes of 10.7.0.$n passes" phone ping -q -c 1 -W 5 -M 'do' -s 1392 -I 10.7.0.$n 10.7.0.1
done
matches "wlan's peer comes by wlan0" "$(wg_peer wlan endpoints)" '^10\.1\.0\.3:[0-9]+$'
matches "rmnet's peer comes by rmnet0" "$(wg_peer rmnet endpoints)" '^10\.2\.0\.3:[0-9]+$'
matches "bytes of both peers" "$(wg_peer wlan transfer) $(wg_peer rmnet transfer)" '^([1-9][0-9]* ?){4}$'
at_most "seconds since the handshake" "$(wg_age wlan)" 60

check "a hop is seen, so the server forwards" \
	phone sh -c 'ping -c 1 -W 5 -t 1 -I 10.7.0.2 10.7.0.9 | grep -q "From 10.7.0.1.*[Tt]ime to live"'

background server mptcpize run iperf3 -s -p 5201
wait_for 10 listens 5201
for way in "" -R; do
	wlan=$(wg_peer wlan transfer | awk '{ print $1 + $2 }')
	rmnet=$(wg_peer rmnet transfer | awk '{ print $1 + $2 }')
	phone mptcpize run timeout 60 iperf3 $way -c 10.7.0.1 -B 10.7.0.2 -t 5 -J >"$TMP/iperf.json" 2>"$TMP/err"
	note "${way:-sends}: $(jq -r '.end.sum_received.bits_per_second / 1e6 | floor' "$TMP/iperf.json") Mbit/s of 72"
	# Busy processors, not this file, may make it slow: 2 MB are 8 % of what is possible.
	at_least "MPTCP ${way:-sends} over wlan's tunnel, bytes" \
		$(($(wg_peer wlan transfer | awk '{ print $1 + $2 }') - wlan)) 2000000
	at_least "MPTCP ${way:-sends} over rmnet's tunnel, bytes" \
		$(($(wg_peer rmnet transfer | awk '{ print $1 + $2 }') - rmnet)) 2000000
done

is "packets past the tunnels" "$(wg_astray)" 0
phone nc -z -w 1 -s 10.1.0.3 10.9.0.1 5201
at_least "packets past the tunnels are counted" "$(wg_astray)" 1

before=$(wg_peer wlan latest-handshakes)
wg_stop
check "no answer without the server" phone sh -c '! ping -q -c 1 -W 1 -I 10.7.0.2 10.7.0.1'
sleep 1 # handshakes are told in seconds
wg_start
check "it answers again after its restart" wait_for 30 phone ping -q -c 1 -W 1 -I 10.7.0.2 10.7.0.1
at_least "by a handshake after the last one" "$(wg_peer wlan latest-handshakes)" $((before + 1))
done_testing
