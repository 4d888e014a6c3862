/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wgsample.h - configuration files of WireGuard for the unit tests, and pieces of them.
 */
#ifndef PERSONA_UNIT_WGSAMPLE_H
#define PERSONA_UNIT_WGSAMPLE_H

#include "unit.h"
#include "netconf/wgconf.h"

/* Keys as `wg genkey` and `wg pubkey` print them. */
#define PRIVATE	 "yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk="
#define PRIVATE2 "gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA="
#define PUBLIC	 "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="
#define PUBLIC2	 "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
#define PSK	 "/UwcSPg38hW/D9Y3tcS1FOV0K1wuURMbS0sesJEP5ak="
#define ZEROS	 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

#define IFACE "[Interface]\nPrivateKey = " PRIVATE "\n"
#define PEER  "[Peer]\nPublicKey = " PUBLIC "\nAllowedIPs = 0.0.0.0/0\n"
#define END   "Endpoint = 192.0.2.1:51820\n"
#define GOOD  IFACE PEER END

#define SECTION(private, more) \
	"[Interface]\nPrivateKey = " private "\nListenPort = " more "\n" PEER END

/* All that a file can have. */
static const char full[] = "# made by hand\r\n"
			   "\r\n"
			   "  [ INTERFACE ]  # the client\r\n"
			   "privatekey=" PRIVATE "\r\n"
			   "Address = 10.7.0.2/24, fd07::2/64\r\n"
			   "ADDRESS =10.7.1.2 ,fd08::2 10.7.2.2\t10.7.3.2/8,\r\n"
			   "DNS = 10.7.0.1, example.org,fd07::1, ~., ~corp.example\r\n"
			   "DNS = lan. 10.7.0.1\r\n"
			   "MTU=1420\r\n"
			   "Listen Port = 51821\r\n"
			   "FwMark = 0xCA6c\r\n"
			   "Table = off\r\n"
			   "SaveConfig = TRUE\r\n"
			   "PreUp =\r\n"
			   "PostUp = iptables -A FORWARD -i %i; x=[1] # and more\r\n"
			   "PostUp = second\r\n"
			   "PreDown = a = b\r\n"
			   "PostDown = c\r\n"
			   "IncludedApplications = org.example.one, org.example.two\r\n"
			   "Path = wlan0\r\n"
			   "[Peer] # server\r\n"
			   "PublicKey = xTIBA5rboUvnH4htodjb6e697QjL ERt1NAB4mZqp8Dg=\r\n"
			   "PresharedKey = " PSK "\r\n"
			   "AllowedIPs = 10.7.9.9/16, 10.8.0.1,fd00:1:2:3::ffff/49\r\n"
			   "AllowedIPs =\r\n"
			   "AllowedIPs = ::/0\r\n"
			   "Endpoint = [2001:db8::1]:51820\r\n"
			   "PersistentKeepalive = 25\r\n"
			   "[peer]\r\n"
			   "PublicKey = " PUBLIC2 "\r\n"
			   "AllowedIPs = 192.168.0.0/16\r\n"
			   "PresharedKey = " ZEROS "\r\n"
			   "PersistentKeepalive = OFF";

static inline void assert_key(const uint8_t key[WG_KEY_LEN], const char *expected)
{
	char text[WGKEY_TEXT_LEN + 1];

	wgkey_format(key, text);
	assert_string_equal(text, expected);
}

#endif /* PERSONA_UNIT_WGSAMPLE_H */
