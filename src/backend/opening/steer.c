// SPDX-License-Identifier: GPL-2.0-only
/*
 * steer.c - which frames are the stack's: to text and back, see steer.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "backend/opening/steer.h"

size_t steer_format(const struct steer *s, char text[STEER_TEXT])
{
	char ip[INET6_ADDRSTRLEN];
	size_t len = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < s->naddrs; i++) {
		const struct steer_addr *a = &s->addr[i];

		inet_ntop(a->family, a->bytes, ip, sizeof(ip));
		len += (size_t)snprintf(text + len, STEER_TEXT - len, "%s %s\n",
					a->shared ? "shared" : "own", ip);
	}
	if (s->last)
		len += (size_t)snprintf(text + len, STEER_TEXT - len, "range %u %u\n", s->first,
					s->last);
	for (unsigned int i = 0; i < s->nports; i++)
		len += (size_t)snprintf(text + len, STEER_TEXT - len, "port %s %u\n",
					s->port[i].proto == IPPROTO_TCP ? "tcp" : "udp",
					s->port[i].port);
	if (!len)
		len = (size_t)snprintf(text, STEER_TEXT, "none\n");
	return len;
}

static int steer_add_address(struct steer *s, const char *text, bool shared)
{
	struct steer_addr *a = &s->addr[s->naddrs];

	if (s->naddrs == STEER_ADDRS)
		return -E2BIG;
	a->shared = shared;
	a->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	if (inet_pton(a->family, text, a->bytes) != 1)
		return -EINVAL;
	s->naddrs++;
	return 0;
}

static int steer_add_port(struct steer *s, const char *proto, unsigned int port)
{
	if (s->nports == STEER_PORTS)
		return -E2BIG;
	if ((strcmp(proto, "tcp") && strcmp(proto, "udp")) || !port || port > 65535)
		return -EINVAL;
	s->port[s->nports].proto = *proto == 't' ? IPPROTO_TCP : IPPROTO_UDP;
	s->port[s->nports++].port = (uint16_t)port;
	return 0;
}

static int steer_parse_line(struct steer *s, const char *line)
{
	char word[INET6_ADDRSTRLEN];
	unsigned int a, b;
	char excess;

	if (!strcmp(line, "none"))
		return 0;
	if (sscanf(line, "own %45s %c", word, &excess) == 1)
		return steer_add_address(s, word, false);
	if (sscanf(line, "shared %45s %c", word, &excess) == 1)
		return steer_add_address(s, word, true);
	if (sscanf(line, "port %3s %5u %c", word, &a, &excess) == 2)
		return steer_add_port(s, word, a);
	if (sscanf(line, "range %5u %5u %c", &a, &b, &excess) != 2 || !a || a > b || b > 65535)
		return -EINVAL;
	s->first = (uint16_t)a;
	s->last = (uint16_t)b;
	return 0;
}

int steer_parse(const char *text, struct steer *s, unsigned int *line)
{
	char one[96];
	int err = 0;

	memset(s, 0, sizeof(*s));
	for (*line = 1; *text && !err; ++*line) {
		size_t len = strcspn(text, "\n");

		if (len >= sizeof(one))
			return -EINVAL;
		memcpy(one, text, len);
		one[len] = '\0';
		err = steer_parse_line(s, one);
		if (err)
			return err;
		text += len + (text[len] == '\n');
	}
	return 0;
}
