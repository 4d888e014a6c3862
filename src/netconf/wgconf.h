/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wgconf.h - the configuration file of a WireGuard tunnel, as wg-quick(8) and wg(8) read it.
 *
 *   [Interface]			one section for each path; with more than one
 *   Path = wlan0			in a file, our own key Path names the path,
 *   PrivateKey = BASE64		or their order does
 *   Address = 10.7.0.2/32, fd07::2/128
 *   DNS = 10.7.0.1, example.org
 *
 *   [Peer]				those of the [Interface] above
 *   PublicKey = BASE64
 *   AllowedIPs = 0.0.0.0/0, ::/0
 *   Endpoint = vps.example.org:51820
 */
#ifndef PERSONA_NETCONF_WGCONF_H
#define PERSONA_NETCONF_WGCONF_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "netconf/spec.h"
#include "netconf/wgkey.h"

#define WGCONF_MAX_FILE	    (256 * 1024) /* bytes of a file */
#define WGCONF_MAX_LINE	    (64 * 1024)	 /* bytes of a line */
#define WGCONF_MAX_SECTIONS 16		 /* [Interface]s in a file */
#define WGCONF_MAX_PEERS    1024	 /* [Peer]s in a file */
#define WGCONF_MAX_DNS	    8
#define WGCONF_MTU_MAX	    65455 /* 65535 less what WireGuard adds over IPv6 */

/**
 * struct wg_peer - a [Peer]
 * @line:	   of its "[Peer]" in the file, for messages
 * @public_key:	   never zeros
 * @preshared_key: zeros if @has_psk is not set
 * @host:	   Endpoint's name or address without brackets; "" if it has none. An IPv6
 *		   address may have a zone (fe80::1%eth0)
 * @port:	   Endpoint's port; 0 if it has none
 * @keepalive:	   PersistentKeepalive in seconds; 0 is "off"
 * @has_keepalive: PersistentKeepalive was given, even as "off"
 * @nallowed:	   at least 1
 * @allowed:	   networks: bits beyond the prefix, which may be 0, are zeros
 */
struct wg_peer {
	unsigned int line;
	uint8_t public_key[WG_KEY_LEN];
	uint8_t preshared_key[WG_KEY_LEN];
	bool has_psk;
	char host[256];
	uint16_t port;
	uint16_t keepalive;
	bool has_keepalive;
	unsigned int nallowed;
	struct ip_addr *allowed;
};

/**
 * struct wgconf - one [Interface] with its [Peer]s
 * @size:	 of the memory that holds all of it, for wgconf_free()
 * @line:	 of its "[Interface]" in the file, for messages
 * @path:	 key Path; "" if the section was chosen by its place
 * @private_key: never zeros
 * @listen_port: 0: any
 * @fwmark:	 0: none
 * @naddrs:	 0 if no Address was given
 * @addr:	 addresses a host can have; prefix 1 to 32 or 128
 * @ndns:	 servers of key DNS
 * @search:	 domains of key DNS, with blanks between them as resolv.conf has them
 * @mtu:	 0 if none was given; fits IPv6 if an address is one
 * @hooks:	 the file has PreUp, PostUp, PreDown or PostDown, which are never run
 * @hooks_line:	 line of the first one of them
 * @npeers:	 at least 1, and at least one of them has an Endpoint (a server's: perhaps none)
 */
struct wgconf {
	size_t size;
	unsigned int line;
	char path[IF_NAMESIZE];
	uint8_t private_key[WG_KEY_LEN];
	uint16_t listen_port;
	uint32_t fwmark;
	unsigned int naddrs;
	struct ip_addr addr[SPEC_MAX_ADDRS];
	unsigned int ndns;
	struct ip_addr dns[WGCONF_MAX_DNS];
	char search[256];
	unsigned int mtu;
	bool hooks;
	unsigned int hooks_line;
	unsigned int npeers;
	struct wg_peer *peers;
};

/* A whole file: its sections in order. */
struct wgconf_file {
	size_t size;
	unsigned int nsections;
	struct wgconf *section;
};

/**
 * wgconf_read() - read a file, and take one path's section out of it
 * @file:   path of a regular file that neither group nor others can read or write
 * @ifname: the path's interface; "" if it has none (wg:fd=N)
 * @nth:    how many -i before this one name the same file and got a section without Path
 *	    (their struct wgconf has @path ""); 0 for the first
 * @out:    result, for wgconf_free()
 * @why:    on failure one sentence: file and line, the thing, the reason, the remedy; no text
 *	    of a key is ever in it
 *
 * See wgconf_pick() for the choice. Nothing of the keys stays behind but in @out, which is
 * memory of its own, left out of core dumps. Host calls are raw: also for inline mode.
 *
 * Return: 0; -EINVAL (what the file says), -EACCES (its mode), -ENOENT and the like.
 */
int wgconf_read(const char *file, const char *ifname, unsigned int nth, struct wgconf **out,
		const char **why);

/** wgconf_free() - wipe and give back what wgconf_read() or wgconf_pick() made; NULL is fine. */
void wgconf_free(struct wgconf *c);

/**
 * wgconf_parse() - parse the text of a file
 * @text: @len bytes and room for a zero behind them; it is changed, wiping it is the caller's
 * @len:  without that room
 * @name: the file's name, for messages
 * @out:  result, for wgconf_file_free()
 * @why:  on failure one sentence
 *
 * Pure: neither reads files nor resolves names. Return: 0, -EINVAL or -ENOMEM.
 */
int wgconf_parse(char *text, size_t len, const char *name, struct wgconf_file **out,
		 const char **why);

/** wgconf_parse_any() - the same, and a server's file too: no [Peer] needs an Endpoint. */
int wgconf_parse_any(char *text, size_t len, const char *name, struct wgconf_file **out,
		     const char **why);

/**
 * wgconf_read_any() - read a whole file, a client's or a server's
 * @exposed: receives the file's mode (0640) if group or others can read or write it, which is no
 *	     failure here; else 0
 *
 * As wgconf_read() in all else; the result is for wgconf_file_free().
 */
int wgconf_read_any(const char *file, struct wgconf_file **out, unsigned int *exposed,
		    const char **why);

/**
 * wgconf_pick() - copy one path's section out of a file
 *
 * It is the section with "Path = @ifname". If there is none: the @nth (from 0) of those
 * without Path; or the only section of the file, whatever @nth is, unless its Path is another.
 * So two -i can get the same section, hence the same key: the caller judges that.
 *
 * Return: 0, -EINVAL or -ENOMEM.
 */
int wgconf_pick(const struct wgconf_file *f, const char *name, const char *ifname, unsigned int nth,
		struct wgconf **out, const char **why);

/** wgconf_file_free() - wipe and give back what wgconf_parse() made; NULL is fine. */
void wgconf_file_free(struct wgconf_file *f);

#endif /* PERSONA_NETCONF_WGCONF_H */
