# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# wg.sh - a WireGuard server in the testbed, with a peer of its own for each of the phone's paths.
#
#   namespace phone                                      namespace server: wireguard-go
#  +------------------------------+                  +-----------------------------------------+
#  | wlan0   10.1.0.3  fd01::3    |==== UDP =========| ap0    10.1.0.1 fd01::1  port 51820     |
#  | rmnet0  10.2.0.3  fd02::3    |==== UDP =========| cell0  10.2.0.1 fd02::1  port 51820     |
#  |                              |                  |                                         |
#  | tunnel of wlan0              |                  | $WG_IF 10.7.0.1/24 fd07::1/64, MTU 1420 |
#  |         10.7.0.2  fd07::2  - - - - - - - - - - - -  [Peer] wlan   10.7.0.2, fd07::2       |
#  | tunnel of rmnet0             |                  |                                         |
#  |         10.7.0.3  fd07::3  - - - - - - - - - - - -  [Peer] rmnet  10.7.0.3, fd07::3       |
#  +------------------------------+                  |                                         |
#                                                    | lo     10.9.0.1 fd09::1: what lies      |
#                                                    |        behind it, by the tunnels alone  |
#                                                    +-----------------------------------------+
#
# Sourced after lib.sh. A test calls wg_need, `testbed_up --host-ip ...` (tunnels leave by the
# host's sockets, which need addresses), and wg_up. Then there are, with mode 600:
#
#   $WG/wlan.conf, $WG/rmnet.conf     the client's file for each path
#   $WG/both.conf                     one file with a section for each, by our own key Path
#   $WG/wlan.key, $WG/rmnet.key       private keys (wg_private), *.pub their public ones;
#                                     $WG/server.key, server.pub; $WG/psk if wg_up --psk
#
# The server forwards. wireguard-go lives in the server's namespace as $WG_SERVER (wg_stop ends
# it, wg_start brings it back with the same keys). What comes to 10.7 or 10.9 past the tunnels is
# dropped and counted (wg_astray). Its sockets below /run/wireguard are the
# machine's, so names of interfaces contain the test's number.

WG=$TMP/wg
WG_IF=ws-$ID
WG_PORT=51820

wg_need() {
	need wireguard-go wg nft jq
	[ "$(id -u)" = 0 ] || skip_all "must be root"
}

# wg_number wlan|rmnet: the host part of a path's addresses in the tunnel
wg_number() { case $1 in wlan) echo 2 ;; rmnet) echo 3 ;; esac; }

# wg_file wlan|rmnet ENDPOINT [LINE...]: a client's file; LINEs go into [Interface]
wg_file() {
	local path=$1 endpoint=$2 n
	n=$(wg_number "$path")
	shift 2
	cat <<-END
	[Interface]
	PrivateKey = $(cat "$WG/$path.key")
	Address = 10.7.0.$n/24, fd07::$n/64
	END
	[ $# -eq 0 ] || printf '%s\n' "$@"
	cat <<-END

	[Peer]
	PublicKey = $(cat "$WG/server.pub")
	AllowedIPs = 0.0.0.0/0, ::/0
	Endpoint = $endpoint:$WG_PORT
	PersistentKeepalive = 25
	END
	[ ! -e "$WG/psk" ] || echo "PresharedKey = $(cat "$WG/psk")"
}

# wg_keys: fresh ones for the server and both paths
wg_keys() {
	local who
	for who in server wlan rmnet; do
		wg genkey >"$WG/$who.key"
		wg pubkey <"$WG/$who.key" >"$WG/$who.pub"
	done
}

# The server's own file, for `wg setconf`
wg_server_file() {
	local path n
	echo "[Interface]"
	echo "PrivateKey = $(cat "$WG/server.key")"
	echo "ListenPort = $WG_PORT"
	for path in wlan rmnet; do
		n=$(wg_number $path)
		cat <<-END
		[Peer]
		PublicKey = $(cat "$WG/$path.pub")
		AllowedIPs = 10.7.0.$n/32, fd07::$n/128
		END
		[ ! -e "$WG/psk" ] || echo "PresharedKey = $(cat "$WG/psk")"
	done
}

# wg_go server|phone IF: a wireguard-go with a device there; its process is $LAST
wg_go() {
	# It warns that the kernel has one, too.
	background "$1" env WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1 LOG_LEVEL=error wireguard-go -f "$2"
	wait_for 10 "$1" wg show "$2" || {
		sed 's/^/# /' "$TMP/background.out"
		echo "Bail out! wireguard-go does not start"
		exit 1
	}
}

# wg_up [--psk] [--ip6]: keys, files and the server; --ip6: the outer packets are IPv6
wg_up() {
	local wlan=10.1.0.1 rmnet=10.2.0.1 psk=
	while [ $# -gt 0 ]; do
		case $1 in
		--psk) psk=yes ;;
		--ip6) wlan='[fd01::1]' rmnet='[fd02::1]' ;;
		esac
		shift
	done
	mkdir -p "$WG"
	chmod 700 "$WG"
	(
		umask 077
		wg_keys
		[ -z "$psk" ] || wg genpsk >"$WG/psk"
		wg_server_file >"$WG/server.conf"
		wg_file wlan "$wlan" >"$WG/wlan.conf"
		wg_file rmnet "$rmnet" >"$WG/rmnet.conf"
		{
			wg_file wlan "$wlan" "Path = wlan0"
			wg_file rmnet "$rmnet" "Path = rmnet0"
		} >"$WG/both.conf"
	)
	# The server's kernel would answer for these addresses on any interface.
	server nft -f - <<-END
	table inet wg {
		chain input {
			type filter hook input priority 0
			iifname { "lo", "$WG_IF" } accept
			ip daddr { 10.7.0.0/24, 10.9.0.1 } counter drop
			ip6 daddr { fd07::/64, fd09::1 } counter drop
		}
	}
	END
	server sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
	server ip address add 10.9.0.1/32 dev lo
	server ip address add fd09::1/128 dev lo
	wg_start
}

# wg_start: the server, after wg_stop too; it knows nothing of earlier sessions then
wg_start() {
	wg_go server "$WG_IF"
	WG_SERVER=$LAST
	server wg setconf "$WG_IF" "$WG/server.conf"
	server ip address add 10.7.0.1/24 dev "$WG_IF"
	server ip address add fd07::1/64 dev "$WG_IF" nodad
	server ip link set "$WG_IF" mtu 1420 up
}

wg_stop() { stop "$WG_SERVER"; }

# wg_peer wlan|rmnet FIELD: what the server knows of a path: latest-handshakes (seconds since 1970,
# 0: never), endpoints (ADDRESS:PORT or "(none)"), transfer ("RECEIVED SENT", bytes)
wg_peer() {
	server wg show "$WG_IF" "$2" | awk -F '\t' -v key="$(cat "$WG/$1.pub")" \
		'$1 == key { print $2 (NF > 2 ? " " $3 : "") }'
}

# wg_age wlan|rmnet: seconds since the path's last handshake; nothing if there was none
wg_age() {
	local at
	at=$(wg_peer "$1" latest-handshakes)
	[ "${at:-0}" = 0 ] || echo $(($(date +%s) - at))
}

# wg_astray: packets to addresses behind the tunnels that came without one
wg_astray() {
	server nft -j list table inet wg | jq '[.. | .counter? | select(. != null) | .packets] | add'
}

# wg_client wlan|rmnet: the host's own client over that path, from its file: device w2-$ID or w3-$ID
# with a table for its address, and as an MPTCP endpoint. For comparisons, and checks of this file.
wg_client() {
	local path=$1 n dev table
	n=$(wg_number "$path")
	dev=w$n-$ID table=20$n
	# The testbed's own would send subflows past the tunnels.
	phone ip mptcp endpoint | grep -q 'dev w[23]-' || phone ip mptcp endpoint flush
	wg_go phone "$dev"
	grep -vE '^(Address|Path)' "$WG/$path.conf" >"$WG/$path.strip"
	phone wg setconf "$dev" "$WG/$path.strip"
	phone ip link set "$dev" mtu 1420 up
	phone ip address add "10.7.0.$n/32" dev "$dev"
	phone ip address add "fd07::$n/128" dev "$dev" nodad
	phone ip route add default dev "$dev" table $table
	phone ip -6 route add default dev "$dev" table $table
	phone ip rule add from "10.7.0.$n" table $table
	phone ip -6 rule add from "fd07::$n" table $table
	# Without a source, by the first that comes
	phone ip route add 10.7.0.0/24 dev "$dev" metric $table
	phone ip route add 10.9.0.1/32 dev "$dev" metric $table
	phone ip -6 route add fd07::/64 dev "$dev" metric $table
	phone ip -6 route add fd09::1/128 dev "$dev" metric $table
	phone ip mptcp endpoint add "10.7.0.$n" dev "$dev" subflow
	phone ip mptcp endpoint add "fd07::$n" dev "$dev" subflow
}
