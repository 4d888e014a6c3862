// SPDX-License-Identifier: GPL-2.0-only
/*
 * nameservers.c - what stands in place of /etc/resolv.conf, see nameservers.h.
 *
 * Theory of operation: a run collects servers and domains of its interfaces in their order, each
 * once. Programs find them as a file of resolv.conf(5), whose syntax all C libraries read; inline
 * mode puts them into glibc's resolver itself, which opens the file by calls that no hook sees
 * (inline/dns.c).
 *
 * No state; any thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/rawsys.h"
#include "netconf/nameservers.h"

/* Is the word of @len letters among those of @list? */
static bool nameservers_has(const char *list, const char *word, size_t len)
{
	for (size_t n; *list; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		if (n == len && !memcmp(list, word, len))
			return true;
	}
	return false;
}

static bool nameservers_add_domain(struct nameservers *to, const char *word, size_t len)
{
	size_t used = strlen(to->search);

	if (nameservers_has(to->search, word, len))
		return true;
	if (used + !!used + len >= sizeof(to->search))
		return false;
	if (used)
		to->search[used++] = ' ';
	memcpy(to->search + used, word, len);
	to->search[used + len] = '\0';
	return true;
}

static bool nameservers_add_server(struct nameservers *to, const struct ip_addr *a)
{
	for (unsigned int i = 0; i < to->n; i++)
		if (ip_equal(&to->server[i], a))
			return true;
	if (to->n == NAMESERVERS_MAX)
		return false;
	to->server[to->n++] = *a;
	return true;
}

bool nameservers_add(struct nameservers *to, const struct ip_addr *server, unsigned int n,
		     const char *search)
{
	bool all = true;

	for (unsigned int i = 0; i < n; i++)
		all &= nameservers_add_server(to, &server[i]);
	for (size_t len; *search; search += len) {
		search += strspn(search, " ");
		len = strcspn(search, " ");
		if (len)
			all &= nameservers_add_domain(to, search, len);
	}
	return all;
}

bool nameservers_given(const struct nameservers *ns)
{
	return ns->n > 0;
}

bool nameservers_valid(const struct nameservers *ns)
{
	if (ns->n > NAMESERVERS_MAX || !memchr(ns->search, '\0', sizeof(ns->search)) ||
	    strpbrk(ns->search, "\n#;"))
		return false;
	for (unsigned int i = 0; i < ns->n; i++)
		if (ns->server[i].family != AF_INET && ns->server[i].family != AF_INET6)
			return false;
	return true;
}

size_t nameservers_text(const struct nameservers *ns, char text[NAMESERVERS_TEXT])
{
	char address[IP_ADDR_TEXT];
	int len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < ns->n; i++)
		len += snprintf(text + len, NAMESERVERS_TEXT - (size_t)len, "nameserver %s\n",
				ip_format(&ns->server[i], false, address));
	if (ns->search[0])
		len += snprintf(text + len, NAMESERVERS_TEXT - (size_t)len, "search %s\n",
				ns->search);
	return (size_t)len;
}

_Static_assert(NAMESERVERS_MAX *(sizeof("nameserver \n") + IP_ADDR_TEXT) + sizeof("search \n") +
			       NAMESERVERS_SEARCH <
		       NAMESERVERS_TEXT,
	       "nameservers_text() has room");

int nameservers_fd(const struct nameservers *ns, unsigned int flags)
{
	char text[NAMESERVERS_TEXT];
	size_t len = nameservers_text(ns, text);
	int fd = (int)RAWSYS(SYS_memfd_create, "persona-resolv.conf", flags);
	long n;

	if (fd < 0)
		return fd;
	n = RAWSYS(SYS_write, fd, text, len);
	if (n == (long)len) {
		RAWSYS(SYS_lseek, fd, 0, SEEK_SET);
		return fd;
	}
	raw_close(fd);
	return n < 0 ? (int)n : -ENOSPC;
}
