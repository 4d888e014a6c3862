/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * nameservers.h - name servers and search domains that stand in place of /etc/resolv.conf.
 *
 * A flat structure: it travels in a memfd (stack/config.h).
 */
#ifndef PERSONA_NETCONF_NAMESERVERS_H
#define PERSONA_NETCONF_NAMESERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include "netconf/spec.h"

#define NAMESERVERS_MAX	   8
#define NAMESERVERS_SEARCH 256 /* bytes of all domains, as resolv.conf(5) has it */
#define NAMESERVERS_TEXT   1024

/**
 * struct nameservers - servers in the order in which they are asked
 * @n:	    0: none are given, the host's /etc/resolv.conf holds
 * @server: IPv4 and IPv6 addresses; libc asks the first three
 * @search: domains with a blank between them, or ""
 */
struct nameservers {
	unsigned int n;
	struct ip_addr server[NAMESERVERS_MAX];
	char search[NAMESERVERS_SEARCH];
};

/**
 * nameservers_add() - append servers and domains that are not there yet
 * @to:	    changed
 * @server: @n of them
 * @search: domains with blanks between them
 *
 * Return: true if all found room; what did not is left out.
 */
bool nameservers_add(struct nameservers *to, const struct ip_addr *server, unsigned int n,
		     const char *search);

/** nameservers_given() - is /etc/resolv.conf to be replaced? As wg-quick(8): if there is a server.
 */
bool nameservers_given(const struct nameservers *ns);

/** nameservers_valid() - may @ns, which came from elsewhere, be used? */
bool nameservers_valid(const struct nameservers *ns);

/**
 * nameservers_text() - the file that stands in place of /etc/resolv.conf
 * @text: receives it
 *
 * Return: its length, less than NAMESERVERS_TEXT.
 */
size_t nameservers_text(const struct nameservers *ns, char text[NAMESERVERS_TEXT]);

/**
 * nameservers_fd() - the same as a memfd to be read from its beginning
 * @flags: MFD_CLOEXEC or 0
 *
 * Host calls are raw. Return: the descriptor or -errno.
 */
int nameservers_fd(const struct nameservers *ns, unsigned int flags);

#endif /* PERSONA_NETCONF_NAMESERVERS_H */
