/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wgvalue.h - values of a WireGuard configuration file; for wgparse.c, which finds them.
 */
#ifndef PERSONA_NETCONF_WGVALUE_H
#define PERSONA_NETCONF_WGVALUE_H

#include "lib/why.h"
#include "netconf/wgconf.h"
#include "netconf/wgtext.h"

/**
 * struct wgparse - a file while it is read
 * @server:  a section may do without any Endpoint
 * @line:    number of the present one; at a section's end that of its beginning
 * @file:    the result
 * @conf:    the section that lines belong to; NULL before the first
 * @peer:    the [Peer] that lines belong to; NULL: they are the [Interface]'s
 * @seen:    bit for each key of the table that the section has
 * @peers:   where the next [Peer] goes
 * @room:    [Peer]s that fit there
 * @allowed: where the next network goes
 * @shown:   for wgtext_shown()
 * @why:     receives a sentence without file and line
 */
struct wgparse {
	bool server;
	unsigned int line;
	struct wgconf_file *file;
	struct wgconf *conf;
	struct wg_peer *peer;
	uint32_t seen;
	struct wg_peer *peers;
	unsigned int room;
	struct ip_addr *allowed;
	char shown[WGTEXT_SHOWN];
	const char **why;
};

/* One sentence without file and line; -EINVAL. */
#define refuse(p, ...) why_set((p)->why, EINVAL, __VA_ARGS__)

/* What becomes of a key's value: it may be cut to pieces. @key is for messages. 0 or -EINVAL. */
typedef int wgvalue_set(struct wgparse *p, const char *key, char *value);

wgvalue_set wgvalue_private_key, wgvalue_public_key, wgvalue_preshared_key, wgvalue_path,
	wgvalue_listen_port, wgvalue_fwmark, wgvalue_mtu, wgvalue_address, wgvalue_dns,
	wgvalue_allowed_ips, wgvalue_endpoint, wgvalue_keepalive, wgvalue_save_config, wgvalue_hook,
	wgvalue_ignore;

#endif /* PERSONA_NETCONF_WGVALUE_H */
