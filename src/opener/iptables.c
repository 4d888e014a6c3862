// SPDX-License-Identifier: GPL-2.0-only
/*
 * iptables.c - rules of the host's packet filter by iptables, see iptables.h.
 *
 * Theory of operation
 *
 * For kernels without nf_tables as on Android: a chain persona-PID-SLOT in table
 * `raw`, hooked into PREROUTING, by iptables-restore children that read our blocks
 * as long as we live. It is later than ingress (the host's IP layer has looked at the header),
 * but before its transport layer. These rules do outlive a kill of this process: at its
 * start the next one removes the chains of processes that are gone.
 *
 * Ownership: all state is static. One thread.
 *
 * Limits: iptables-restore says nothing on success: each block waits SILENCE_MS for an error.
 * Where iptables is nftables' own (iptables-nft), an empty table `raw` stays, as after any use of
 * it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/why.h"
#include "opener/child.h"
#include "opener/iptables.h"
#include "opener/opener.h"

#define PATIENCE_MS 20000 /* below what is left of OPENER_PATIENCE behind a turn */
#define SILENCE_MS  150	  /* of iptables-restore: no error so far */

static struct child iptables[2];		  /* IPv4, IPv6; pid 0: not there */
static char hooked[2][OPENER_SLOTS][IF_NAMESIZE]; /* "": not */
static char text[IPTABLES_TEXT];
static char heard[2048];

static const int families[2] = {AF_INET, AF_INET6};

/* ---- text ---- */

struct buf {
	char *at;
	size_t size, len;
};

static void iptables_add(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void iptables_add(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (b->len >= b->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(b->at + b->len, b->size - b->len, fmt, ap);
	va_end(ap);
	b->len += n > 0 ? (size_t)n : 0;
}

static int iptables_finish(const struct buf *b)
{
	return b->len < b->size ? (int)b->len : -E2BIG;
}

static void iptables_add_address(struct buf *b, const struct flows_addr *a, const char *before)
{
	char name[INET6_ADDRSTRLEN];

	inet_ntop(a->family, a->bytes, name, sizeof(name));
	iptables_add(b, "%s%s", before, name);
}

static void iptables_port(struct buf *b, const char *chain, const struct flows_addr *a,
			  const char *proto, unsigned int first, unsigned int last)
{
	iptables_add(b, "-A %s", chain);
	iptables_add_address(b, a, " -d ");
	iptables_add(b, " -p %s --dport %u:%u -j DROP\n", proto, first, last);
}

int iptables_text(char *out, size_t size, const char *chain, int family, const struct flows *f)
{
	struct buf b = {out, size, 0};

	for (uint32_t i = 0; i < f->naddrs; i++) {
		const struct flows_addr *a = &f->addr[i];

		if (a->family != family || a->owner == FLOWS_HOST)
			continue;
		if (a->owner == FLOWS_OWN) {
			iptables_add(&b, "-A %s", chain);
			iptables_add_address(&b, a, " -d ");
			iptables_add(&b, " -j DROP\n");
			continue;
		}
		if (f->first) {
			iptables_port(&b, chain, a, "tcp", f->first, f->last);
			iptables_port(&b, chain, a, "udp", f->first, f->last);
		}
		for (uint32_t p = 0; p < f->nports; p++)
			iptables_port(&b, chain, a, f->port[p].proto == IPPROTO_TCP ? "tcp" : "udp",
				      f->port[p].port, f->port[p].port);
	}
	return iptables_finish(&b);
}

/* ---- the tools ---- */

/* The first line of error, without the tool's "Error: ". */
const char *iptables_complaint(void)
{
	char *p = strstr(heard, "Error: ");
	char *end;

	p = p ? p + strlen("Error: ") : heard;
	end = strchr(p, '\n');
	if (end)
		*end = '\0';
	return *p ? p : "no reason given";
}

static void iptables_chain_name(char *name, size_t size, unsigned int slot)
{
	snprintf(name, size, "persona-%d-%u", getpid(), slot);
}

/* Tell iptables-restore number @v @len bytes of @text. */
static int iptables_tell(unsigned int v, size_t len)
{
	int err = child_tell(&iptables[v], text, len);

	if (err)
		return err;
	err = child_hear(&iptables[v], "\n", heard, sizeof(heard), SILENCE_MS);
	return err == -ETIMEDOUT ? 0 : -EINVAL;
}

/* A block that removes chain @chain, hooked for interface @ifname. */
static size_t iptables_unhook_text(const char *chain, const char *ifname)
{
	return (size_t)snprintf(text, sizeof(text),
				"*raw\n-D PREROUTING -i %s -j %s\n-F %s\n-X %s\nCOMMIT\n", ifname,
				chain, chain, chain);
}

/* Is it an opener that lives? A zombie and another program of its number are none. */
static bool iptables_owner_lives(int pid)
{
	char path[32], stat[64] = "";
	const char *state;
	int fd;

	if (kill(pid, 0) && errno == ESRCH)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, stat, sizeof(stat) - 1) <= 0) /* hidden: in doubt it lives */
		snprintf(stat, sizeof(stat), "(persona-opener) S");
	if (fd >= 0)
		close(fd);
	state = strstr(stat, "(persona-opener) ");
	return state && state[strlen("(persona-opener) ")] != 'Z';
}

/* Remove the chains of processes that are gone. */
static void iptables_recover(unsigned int v)
{
	static char *const argv[2][4] = {{"iptables-save", "-t", "raw", NULL},
					 {"ip6tables-save", "-t", "raw", NULL}};
	static char saved[IPTABLES_TEXT];
	struct child c = {0};
	char *line, *save = NULL;

	if (child_start(&c, argv[v]))
		return;
	child_hear(&c, "COMMIT\n", saved, sizeof(saved), PATIENCE_MS);
	child_end(&c);
	for (line = strtok_r(saved, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char ifname[IF_NAMESIZE], chain[40];
		unsigned int slot;
		int pid;

		if (sscanf(line, "-A PREROUTING -i %15s -j %39s", ifname, chain) == 2 &&
		    sscanf(chain, "persona-%d-%u", &pid, &slot) == 2 && !iptables_owner_lives(pid))
			iptables_tell(v, iptables_unhook_text(chain, ifname));
	}
}

int iptables_start(void)
{
	static char *const argv[2][4] = {{"iptables-restore", "--noflush", "-w", NULL},
					 {"ip6tables-restore", "--noflush", "-w", NULL}};
	int err = 0;

	for (unsigned int v = 0; v < 2 && !err; v++) {
		err = child_start(&iptables[v], argv[v]);
		if (err)
			break;
		err = iptables_tell(v, (size_t)snprintf(text, sizeof(text), "*raw\nCOMMIT\n"));
		if (!err)
			iptables_recover(v);
	}
	for (unsigned int v = 0; v < 2 && err; v++)
		child_end(&iptables[v]);
	return err;
}

int iptables_set(unsigned int slot, const char *ifname, const struct flows *f, const char **why)
{
	char chain[40];
	int n, rest, err;

	iptables_chain_name(chain, sizeof(chain), slot);
	for (unsigned int v = 0; v < 2; v++) {
		/* Declaring a chain empties it. */
		n = snprintf(text, sizeof(text), "*raw\n:%s - [0:0]\n", chain);
		rest = iptables_text(text + n, sizeof(text) - (size_t)n - 64, chain, families[v],
				     f);
		if (rest < 0)
			return why_set(why, -rest,
				       "too many addresses and ports for the packet filter");
		n += rest;
		if (!hooked[v][slot][0])
			n += snprintf(text + n, 64, "-I PREROUTING -i %s -j %s\n", ifname, chain);
		n += snprintf(text + n, sizeof(text) - (size_t)n, "COMMIT\n");
		err = iptables_tell(v, (size_t)n);
		if (err)
			return why_set(why, -err, "iptables refuses the rules for '%s': %s", ifname,
				       iptables_complaint());
		snprintf(hooked[v][slot], IF_NAMESIZE, "%s", ifname);
	}
	return 0;
}

void iptables_stop(void)
{
	char chain[40];

	for (unsigned int slot = 0; slot < OPENER_SLOTS; slot++) {
		iptables_chain_name(chain, sizeof(chain), slot);
		for (unsigned int v = 0; v < 2; v++) {
			if (hooked[v][slot][0])
				child_tell(&iptables[v], text,
					   iptables_unhook_text(chain, hooked[v][slot]));
			hooked[v][slot][0] = '\0';
		}
	}
	child_end(&iptables[0]);
	child_end(&iptables[1]);
}
