#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# backends.t - each back end carries ping, UDP and TCP, IPv4 and IPv6, at full speed.
#
#   phone namespace, on the stack          peer: host kernel
#     packet:wlan0   10.1.0.2 fd01::2 ==== ap0    10.1.0.1 fd01::1  server (veth, offloads)
#     rawip:rmnet0   10.2.0.2 fd02::2 ==== cell0  10.2.0.1 fd02::1  server (TUN pair, offloads)
#     tap:tap0       10.3.0.2 fd03::2 ==== tap0   10.3.0.1 fd03::1  phone's own kernel
#     tun:tun0       10.4.0.2 fd04::2 ==== tun0   10.4.0.1 fd04::1  phone's own kernel
#
# runs: loads
# shellcheck source=tests/netns/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/netns/carries.sh
. "$(dirname "$0")/carries.sh"

need curl ping nc
persona_only
testbed_up --unshaped
carries_up

for dev in tap0:3:tap tun0:4:tun; do
	IFS=: read -r name net mode <<<"$dev"
	phone ip tuntap add "$name" mode "$mode"
	phone ip link set "$name" up
	phone ip addr add "10.$net.0.1/24" dev "$name"
	phone ip addr add "fd0$net::1/64" dev "$name" nodad
done

carries packet "$WLAN_IF" server 4 10.1.0.1 10.1.0.2
carries packet "$WLAN_IF" server 6 fd01::1 fd01::2
carries rawip "$RMNET_IF" server 4 10.2.0.1 10.2.0.2
carries rawip "$RMNET_IF" server 6 fd02::1 fd02::2
TAP_IF=tap:tap0,ip=10.3.0.2/24,ip=fd03::2/64
TUN_IF=tun:tun0,ip=10.4.0.2/24,ip=fd04::2/64
carries tap $TAP_IF phone 4 10.3.0.1 10.3.0.2
carries tap $TAP_IF phone 6 fd03::1 fd03::2
carries tun $TUN_IF phone 4 10.4.0.1 10.4.0.2
carries tun $TUN_IF phone 6 fd04::1 fd04::2

for kind in tap tun; do
	background phone "$PERSONA" run --inline -i "$kind:new$kind,ip=10.5.0.2/24" -- nc -l -p 7009
	pid=$LAST
	check "$kind: an interface that is not there is made" wait_for 5 phone ip link show "new$kind"
	stop "$pid"
	wait_for 5 sh -c "! ip -n persona-phone-$ID link show new$kind"
	is "$kind: and goes with the program" "$(phone ip link show "new$kind" 2>/dev/null)" ""
done
done_testing
