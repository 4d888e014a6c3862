// SPDX-License-Identifier: GPL-2.0-only
/*
 * settle.c - datagrams of ended programs that still wait inside the stack, see settle.h.
 *
 * Theory of operation
 *
 * A host's kernel goes on after a program has ended: what waits for a tunnel's handshake, or for
 * the address of a neighbour, is sent when that has come. A stack that ends with its program
 * loses it. Nothing lists such datagrams once their socket is closed, so what they wait for is
 * looked at:
 *
 *	tunnel		something was sent, and there is no handshake of the last 180 s, after which
 *			WireGuard encrypts no more. A path that was found dead is not waited for
 *	neighbour	one is being asked for (NUD_INCOMPLETE)
 *
 * Neither matters if no program has sent a datagram, by the stack's own counters. TCP is drain.c's.
 * What a tunnel has encrypted passes through its work queues; when it has all left, the frames of
 * the lower interface are counted no further.
 *
 * Threads: the one that ends the run.
 *
 * Limits: a tunnel on which the last thing sent was not a program's is waited for, too. A datagram
 * that was lost behind the first hop is not sent again.
 */
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include "engine/engine.h"
#include "lib/clock.h"
#include "netconf/netconf.h"
#include "stack/config.h"
#include "stack/settle.h"
#include "stack/tunnel.h"
#include "stack/up.h"
#include "stack/watch.h"

#define TELL_AFTER_MS 3000
#define FLUSH_MS      2	  /* between two looks at the frames of a tunnel */
#define FLUSH_MOST    100 /* looks */
#define TEXT	      8192

static uint64_t settle_after(const char *text, const char *word, unsigned int column)
{
	const char *at = strstr(text, word);

	if (!at)
		return 0;
	for (at += strlen(word); column; column--) {
		at += strspn(at, " \t");
		at += strcspn(at, " \t\n");
	}
	return strtoull(at, NULL, 10);
}

/* "Udp: InDatagrams NoPorts InErrors OutDatagrams ...", and a line with their numbers. */
uint64_t settle_sent(const char *snmp, const char *snmp6)
{
	const char *names = strstr(snmp, "\nUdp: ");
	const char *numbers = names ? strstr(names + 1, "\nUdp: ") : NULL;

	return (numbers ? settle_after(numbers, "\nUdp:", 3) : 0) +
	       settle_after(snmp6, "\nUdp6OutDatagrams", 0);
}

static void settle_read(nl_call_fn *call, const char *path, char text[TEXT])
{
	long fd = call(SYS_openat, (const long[6]){AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC});
	long n = 1;
	size_t len = 0;

	while (fd >= 0 && n > 0 && len < TEXT - 1) {
		n = call(SYS_read, (const long[6]){fd, (long)(text + len), (long)(TEXT - 1 - len)});
		len += n > 0 ? (size_t)n : 0;
	}
	text[len] = '\0';
	if (fd >= 0)
		call(SYS_close, (const long[6]){fd});
}

static bool settle_any_sent(nl_call_fn *call)
{
	static char snmp[TEXT], snmp6[TEXT]; /* valgrind takes such a frame for another stack */

	settle_read(call, "/proc/net/snmp", snmp);
	settle_read(call, "/proc/net/snmp6", snmp6);
	return settle_sent(snmp, snmp6) != 0;
}

static int settle_neighbour(const struct nlmsghdr *m, void *found)
{
	const struct ndmsg *n = NLMSG_DATA(m);

	if (m->nlmsg_type == RTM_NEWNEIGH && m->nlmsg_len >= NLMSG_LENGTH(sizeof(*n)))
		*(bool *)found |= n->ndm_state == NUD_INCOMPLETE;
	return 0;
}

static bool settle_neighbours(nl_call_fn *call)
{
	const struct ndmsg all = {.ndm_family = AF_UNSPEC};
	bool found = false;
	struct nl *nl;
	int err;

	nl = nl_open(call, NETLINK_ROUTE, &err);
	if (!nl)
		return false;
	nl_begin(nl, RTM_GETNEIGH, NLM_F_DUMP, &all, sizeof(all));
	nl_dump(nl, settle_neighbour, &found);
	nl_close(nl);
	return found;
}

/* What datagrams wait for, into @what; false: for nothing. */
static bool settle_waits(nl_call_fn *call, char *what, size_t len)
{
	const struct netconf_iface *ifs;
	unsigned int i, n;

	ifs = stack_ifaces(&n);
	for (i = 0; i < n; i++) {
		if (!ifs[i].lower || watch_left(i) || !tunnel_holds(call, &ifs[i], i))
			continue;
		snprintf(what, len, "the handshake of tunnel %s", ifs[i].spec->name);
		return true;
	}
	if (!settle_neighbours(call))
		return false;
	snprintf(what, len, "a neighbour's address");
	return true;
}

static uint64_t settle_tunnel_frames(bool *any)
{
	const struct netconf_iface *ifs;
	uint64_t rx, tx, sum = 0;
	unsigned int n;

	ifs = stack_ifaces(&n);
	for (unsigned int i = 0; i < n; i++) {
		if (!ifs[i].lower)
			continue;
		engine_netif_frames(i, &rx, &tx);
		sum += tx;
		*any = true;
	}
	return sum;
}

static void settle_flush(void (*nap)(long ms))
{
	bool any = false;
	uint64_t frames = settle_tunnel_frames(&any), before = ~frames, earlier = before;

	for (int i = 0; any && i < FLUSH_MOST && (frames != before || before != earlier); i++) {
		earlier = before;
		before = frames;
		nap(FLUSH_MS);
		frames = settle_tunnel_frames(&any);
	}
}

void settle(nl_call_fn *call, int seconds, void (*nap)(long ms), void (*tell)(const char *sentence))
{
	uint64_t start = clock_mono_ms(), limit = (uint64_t)seconds * 1000;
	char what[64], sentence[160];
	bool told = false;
	long ms = 1;

	if (!settle_any_sent(call))
		return;
	if (limit > SETTLE_MS)
		limit = SETTLE_MS;
	while (settle_waits(call, what, sizeof(what))) {
		uint64_t waited = clock_mono_ms() - start;

		if (waited >= limit) {
			snprintf(sentence, sizeof(sentence),
				 "gave up on datagrams that wait for %s: after %llu s", what,
				 (unsigned long long)limit / 1000);
			tell(sentence);
			return;
		}
		if (waited >= TELL_AFTER_MS && !told) {
			snprintf(sentence, sizeof(sentence), "waiting for %s, to send datagrams",
				 what);
			tell(sentence);
			told = true;
		}
		nap(ms);
		ms = ms < 16 ? ms * 2 : 20;
	}
	settle_flush(nap);
}
