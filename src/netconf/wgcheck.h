/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wgcheck.h - do the two ends of WireGuard tunnels fit each other, by their files?
 */
#ifndef PERSONA_NETCONF_WGCHECK_H
#define PERSONA_NETCONF_WGCHECK_H

#include "netconf/wgconf.h"

/**
 * struct wgcheck_end - one [Interface] with its [Peer]s
 * @file:   its name, for the report
 * @conf:   the section
 * @public: public key of its private one
 */
struct wgcheck_end {
	const char *file;
	const struct wgconf *conf;
	uint8_t public[WG_KEY_LEN];
};

/**
 * struct wgcheck_line - one thing to report
 * @fault:  else all is well there
 * @file, @line: where
 * @words:  what is so; public keys may be in it, private and preshared ones are not
 * @remedy: of a fault; else ""
 */
struct wgcheck_line {
	bool fault;
	const char *file;
	unsigned int line;
	const char *words;
	const char *remedy;
};

typedef void wgcheck_report(void *arg, const struct wgcheck_line *l);

/** wgcheck_serves() - is it a server's: has no peer an Endpoint? */
bool wgcheck_serves(const struct wgconf *c);

/**
 * wgcheck() - compare @n ends, clients' and servers' in any order
 * @report: called for each fault, and for each end that has none
 * @arg:    for @report
 *
 * Pure: neither reads files nor resolves names. Return: how many faults.
 */
unsigned int wgcheck(const struct wgcheck_end *ends, unsigned int n, wgcheck_report *report,
		     void *arg);

#endif /* PERSONA_NETCONF_WGCHECK_H */
