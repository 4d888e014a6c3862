// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules.c - keep the host's kernel from the stack's frames, see rules.h.
 *
 * Theory of operation
 *
 * nftables: a table `netdev persona-PID` with a chain per interface at its ingress hook,
 * which comes before the host's IP layer, its connection tracking and its own rules, but
 * after packet sockets. The table has an owner: the kernel removes it when the socket that
 * made it is closed. That socket is of an `nft -i` child, which reads our lines from a
 * pipe and dies with us: so nothing outlives us, however we end. Each set of rules is
 * one line, so one transaction. nft says nothing when it succeeds; a question that must
 * fail (a table of a name that is not) follows each line, and all that comes before its
 * error is the line's own.
 *
 * iptables, for kernels without nftables as on Android: a chain persona-PID-SLOT in table
 * `raw`, hooked into PREROUTING, by iptables-restore children that read our blocks
 * as long as we live. It is later than ingress (the host's IP layer has looked at the header),
 * but before its transport layer. These rules do outlive a kill of this process: at its
 * start the next one removes the chains of processes that are gone.
 *
 * Dropped: everything to an own address; TCP and UDP to the stack's ports on shared ones.
 * ICMP, ARP and neighbour discovery go to both worlds.
 *
 * Openers take turns (turn.h).
 *
 * Limits: where iptables is nftables' own (iptables-nft), an empty table `raw` stays, as after any
 * use of it. All but the first fragment of a datagram on a shared address still reach the host's
 * reassembly, which forgets them silently, since the first one is missing.
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
#include "opener/opener.h"
#include "opener/rules.h"
#include "opener/turn.h"

#define PATIENCE_MS 20000 /* below what is left of OPENER_PATIENCE behind a turn */
#define SILENCE_MS  150	  /* of iptables-restore: no error so far */

static enum { NONE, NFT, IPTABLES } kind;
static struct child nft;
static struct child iptables[2];		  /* IPv4, IPv6; pid 0: not there */
static char hooked[2][OPENER_SLOTS][IF_NAMESIZE]; /* of iptables; "": not */
static char text[RULES_TEXT];
static char heard[2048];
static unsigned int question;

static const int families[2] = {AF_INET, AF_INET6};

/* ---- text ---- */

struct buf {
	char *at;
	size_t size, len;
};

static void rules_add(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void rules_add(struct buf *b, const char *fmt, ...)
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

static int rules_finish(const struct buf *b)
{
	return b->len < b->size ? (int)b->len : -E2BIG;
}

static void rules_add_address(struct buf *b, const struct flows_addr *a, const char *before)
{
	char name[INET6_ADDRSTRLEN];

	inet_ntop(a->family, a->bytes, name, sizeof(name));
	rules_add(b, "%s%s", before, name);
}

static bool rules_has_ports(const struct flows *f, int proto)
{
	bool any = f->first != 0;

	for (uint32_t i = 0; i < f->nports; i++)
		any |= f->port[i].proto == proto;
	return any;
}

/* " ip daddr { A, B }"; false if there is none of that family and owner. */
static bool nft_addresses(struct buf *b, const char *head, const struct flows *f, int family,
			  enum flows_owner owner)
{
	bool any = false;

	for (uint32_t i = 0; i < f->naddrs; i++) {
		const struct flows_addr *a = &f->addr[i];

		if (a->family != family || a->owner != owner)
			continue;
		if (!any)
			rules_add(b, "%s%s daddr {", head, family == AF_INET ? "ip" : "ip6");
		rules_add_address(b, a, any ? ", " : " ");
		any = true;
	}
	if (any)
		rules_add(b, " }");
	return any;
}

static void nft_ports(struct buf *b, const struct flows *f, int proto)
{
	const char *comma = "";

	rules_add(b, " %s dport {", proto == IPPROTO_TCP ? "tcp" : "udp");
	if (f->first) {
		rules_add(b, " %u-%u", f->first, f->last);
		comma = ",";
	}
	for (uint32_t i = 0; i < f->nports; i++) {
		if (f->port[i].proto != proto)
			continue;
		rules_add(b, "%s %u", comma, f->port[i].port);
		comma = ",";
	}
	rules_add(b, " } drop");
}

int rules_nft(char *out, size_t size, const char *table, unsigned int slot, const char *ifname,
	      const struct flows *f)
{
	static const int protocols[2] = {IPPROTO_TCP, IPPROTO_UDP};
	struct buf b = {out, size, 0};
	char head[96];

	snprintf(head, sizeof(head), "; add rule netdev %s i%u ", table, slot);
	/* Made each time, so that an interface that was removed and came back is hooked. */
	rules_add(&b, "add chain netdev %s i%u; delete chain netdev %s i%u; ", table, slot, table,
		  slot);
	rules_add(
		&b,
		"add chain netdev %s i%u { type filter hook ingress device \"%s\" priority -500; }",
		table, slot, ifname);
	for (unsigned int v = 0; v < 2; v++) {
		if (nft_addresses(&b, head, f, families[v], FLOWS_OWN))
			rules_add(&b, " drop");
		for (unsigned int p = 0; p < 2; p++) {
			if (rules_has_ports(f, protocols[p]) &&
			    nft_addresses(&b, head, f, families[v], FLOWS_SHARED))
				nft_ports(&b, f, protocols[p]);
		}
	}
	rules_add(&b, "\n");
	return rules_finish(&b);
}

static void iptables_port(struct buf *b, const char *chain, const struct flows_addr *a,
			  const char *proto, unsigned int first, unsigned int last)
{
	rules_add(b, "-A %s", chain);
	rules_add_address(b, a, " -d ");
	rules_add(b, " -p %s --dport %u:%u -j DROP\n", proto, first, last);
}

int rules_iptables(char *out, size_t size, const char *chain, int family, const struct flows *f)
{
	struct buf b = {out, size, 0};

	for (uint32_t i = 0; i < f->naddrs; i++) {
		const struct flows_addr *a = &f->addr[i];

		if (a->family != family || a->owner == FLOWS_HOST)
			continue;
		if (a->owner == FLOWS_OWN) {
			rules_add(&b, "-A %s", chain);
			rules_add_address(&b, a, " -d ");
			rules_add(&b, " -j DROP\n");
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
	return rules_finish(&b);
}

/* ---- nft ---- */

/* Its first line of error, without the tool's "Error: ". */
static const char *nft_complaint(void)
{
	char *p = strstr(heard, "Error: ");
	char *end;

	p = p ? p + strlen("Error: ") : heard;
	end = strchr(p, '\n');
	if (end)
		*end = '\0';
	return *p ? p : "no reason given";
}

/* Tell nft @len bytes of @text: 0, or -errno with its words in @heard. */
static int nft_tell(size_t len)
{
	char ask[64], mark[32];
	char *p;
	int err;

	snprintf(mark, sizeof(mark), "persona-question-%u", ++question);
	snprintf(ask, sizeof(ask), "list table netdev %s\n", mark);
	err = child_tell(&nft, text, len);
	if (!err)
		err = child_tell(&nft, ask, strlen(ask));
	if (!err)
		err = child_hear(&nft, mark, heard, sizeof(heard), PATIENCE_MS);
	if (err)
		return err;
	/* Two errors: the first is the line's. */
	p = strstr(heard, "Error: ");
	return p && strstr(p + 1, "Error: ") ? -EINVAL : 0;
}

static void nft_table_name(char *name, size_t size)
{
	snprintf(name, size, "persona-%d", getpid());
}

static int nft_start(void)
{
	static char *const argv[] = {"nft", "-i", NULL};
	char table[32];
	int err, n;

	err = child_start(&nft, argv);
	if (err)
		return err;
	nft_table_name(table, sizeof(table));
	n = snprintf(text, sizeof(text), "add table netdev %s { flags owner; }\n", table);
	err = nft_tell((size_t)n);
	if (err)
		child_end(&nft);
	return err;
}

static int nft_set(unsigned int slot, const char *ifname, const struct flows *f, const char **why)
{
	char table[32];
	int n, err;

	nft_table_name(table, sizeof(table));
	n = rules_nft(text, sizeof(text), table, slot, ifname, f);
	if (n < 0)
		return why_set(why, -n, "too many addresses and ports for the packet filter");
	err = nft_tell((size_t)n);
	if (err)
		return why_set(why, -err, "nft refuses the rules for '%s': %s", ifname,
			       err == -EINVAL ? nft_complaint() : strerror(-err));
	return 0;
}

/* ---- iptables ---- */

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
static bool rules_owner_lives(int pid)
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
	static char saved[RULES_TEXT];
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
		    sscanf(chain, "persona-%d-%u", &pid, &slot) == 2 && !rules_owner_lives(pid))
			iptables_tell(v, iptables_unhook_text(chain, ifname));
	}
}

static int iptables_start(void)
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

static int iptables_set(unsigned int slot, const char *ifname, const struct flows *f,
			const char **why)
{
	char chain[40];
	int n, rest, err;

	iptables_chain_name(chain, sizeof(chain), slot);
	for (unsigned int v = 0; v < 2; v++) {
		/* Declaring a chain empties it. */
		n = snprintf(text, sizeof(text), "*raw\n:%s - [0:0]\n", chain);
		rest = rules_iptables(text + n, sizeof(text) - (size_t)n - 64, chain, families[v],
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
				       nft_complaint());
		snprintf(hooked[v][slot], IF_NAMESIZE, "%s", ifname);
	}
	return 0;
}

static void iptables_stop(void)
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

/* ---- either ---- */

static int rules_start_some(const char **why)
{
	char reason[128];
	int err_nft, err;

	err_nft = nft_start();
	if (!err_nft) {
		kind = NFT;
		return 0;
	}
	if (err_nft == -ETIMEDOUT) /* it works, but for the load: iptables would not help */
		return why_set(why, EBUSY, "nft has not answered for %d s", PATIENCE_MS / 1000);
	snprintf(reason, sizeof(reason), "%s",
		 err_nft == -ENOENT ? "not installed" : nft_complaint());
	heard[0] = '\0';
	err = iptables_start();
	if (!err) {
		kind = IPTABLES;
		return 0;
	}
	if (err_nft == -ENOENT && err == -ENOENT)
		return why_set(why, EOPNOTSUPP,
			       "neither nft nor iptables is installed, which keep the host from "
			       "the stack's packets: apt-get install nftables");
	return why_set(why, EOPNOTSUPP,
		       "the host's packet filter does not work: nft: %s; iptables: %s", reason,
		       err == -ENOENT ? "not installed" : nft_complaint());
}

int rules_start(const char **why)
{
	int turn, err;

	if (kind != NONE)
		return 0;
	turn = turn_take(why);
	if (turn < 0)
		return turn;
	err = rules_start_some(why);
	close(turn);
	return err;
}

int rules_set(unsigned int slot, const char *ifname, const struct flows *f, const char **why)
{
	int turn = turn_take(why), err;

	if (turn < 0)
		return turn;
	err = kind == NFT ? nft_set(slot, ifname, f, why) : iptables_set(slot, ifname, f, why);
	close(turn);
	return err;
}

void rules_stop(void)
{
	const char *why;
	int turn = -1;

	if (kind == NFT) {
		child_end(&nft); /* its table goes with its socket: no turn is needed */
	} else if (kind == IPTABLES) {
		turn = turn_take(&why);
		iptables_stop();
	}
	if (turn >= 0)
		close(turn);
	kind = NONE;
}
