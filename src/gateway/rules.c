// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules.c - the stack inside as a gateway, see rules.h.
 *
 * Theory of operation
 *
 * Packets from the inlet (in0) are marked when they come in, and the mark says where they go:
 *
 *	TCP	RULES_TCP: table 99, where all addresses are the stack's own; the packet filter
 *		gives them to the listener (TPROXY), whatever their address and port. A socket
 *		accepted there has the mark, too (tcp_fwmark_accept), so its packets go back by
 *		table 98, whose one route is the inlet: whatever address the client has
 *	others	RULES_MARK, kept with the connection that conntrack knows: they are forwarded by
 *		the main table, which has the best path that is alive, and leave with that path's
 *		address. Answers are marked again: table 98
 *
 * What is masqueraded goes on by another path when its path is lost: the kernel forgets a
 * connection whose packets leave by another interface than before, and the next packet begins
 * it again. Answers of a dead end (ICMP errors of ours) take the mark of their cause
 * (fwmark_reflect).
 *
 * TCP is not tracked, for it is never forwarded: ten thousand connections need no entry. Nor is
 * what the stack itself sends, tunnels' packets for example: while there is an entry, the kernel
 * looks once a second whether its time is up. Packets that come by a path and belong to nothing
 * are not forwarded.
 *
 * A connection that no path has a route for, as in IPv6 where no path has it, is not given to the
 * listener, which could accept and then only reset: routing answers that there is no way.
 *
 * Threads: the thread that makes the stack runs it once.
 */
#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <string.h>
#include "engine/engine.h"
#include "gateway/rules.h"
#include "lib/why.h"
#include "netconf/netlink.h"
#include "netconf/nftables.h"
#include "netconf/route.h"
#include "netconf/sysctl.h"
#include "stack/tunnel.h"

#define TABLE_BACK  98 /* to the clients */
#define TABLE_OWN   99 /* everything is ours */
#define RULE_FIRST  900
#define CHAIN_RAW   (-300)
#define CHAIN_EARLY (-150)

static const uint8_t tcp = IPPROTO_TCP;

static const struct {
	const char *name, *value;
} settings[] = {
	{"net.ipv4.ip_forward", "1"},
	{"net.ipv6.conf.all.forwarding", "1"},
	{"net.ipv4.tcp_fwmark_accept", "1"},
	{"net.ipv4.fwmark_reflect", "1"},
	{"net.ipv6.fwmark_reflect", "1"},
	{"net.ipv4.conf.all.send_redirects", "0"},
	{"net.ipv4.conf.default.send_redirects", "0"},
	{"net.ipv4.conf.all.src_valid_mark", "1"},
	{"net.netfilter.nf_conntrack_max", "16384"},
};

static int rules_settings(const char **why)
{
	for (unsigned int i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		int err = sysctl_set(engine_syscall, settings[i].name, settings[i].value);

		if (err && err != -ENOENT)
			return why_set(why, -err, "cannot set %s in the stack: %s",
				       settings[i].name, strerror(-err));
	}
	return 0;
}

/* ---- the packet filter ---- */

/* Only what is forwarded needs tracking: not TCP, nothing of the stack's own sockets. */
static void rules_untracked(struct nft *t)
{
	nft_chain(t, "untracked-in", "filter", NF_INET_PRE_ROUTING, CHAIN_RAW, NF_ACCEPT);
	nft_chain(t, "untracked-out", "filter", NF_INET_LOCAL_OUT, CHAIN_RAW, NF_ACCEPT);
	nft_rule(t, "untracked-in");
	nft_meta(t, NFT_META_L4PROTO);
	nft_is(t, &tcp, sizeof(tcp));
	nft_notrack(t);
	nft_rule(t, "untracked-in");
	nft_meta(t, NFT_META_IIFNAME);
	nft_is(t, TUNNEL_LOWER, strlen(TUNNEL_LOWER));
	nft_notrack(t);
	nft_rule(t, "untracked-out");
	nft_notrack(t);
}

/* A rule for TCP that there is a way for. */
static void rules_tcp(struct nft *t, const struct rules *r)
{
	const uint32_t none = 0;

	nft_rule(t, "early");
	nft_meta(t, NFT_META_IIF);
	nft_is(t, &r->index, sizeof(r->index));
	nft_meta(t, NFT_META_L4PROTO);
	nft_is(t, &tcp, sizeof(tcp));
	nft_route(t);
	nft_is_not(t, &none, sizeof(none));
}

static void rules_early(struct nft *t, const struct rules *r)
{
	nft_chain(t, "early", "filter", NF_INET_PRE_ROUTING, CHAIN_EARLY, NF_ACCEPT);
	rules_tcp(t, r);
	nft_tproxy(t, RULES_PORT);
	nft_set_meta(t, NFT_META_MARK, RULES_TCP);
	nft_verdict(t, NF_ACCEPT);
	rules_tcp(t, r); /* there is no listener */
	nft_verdict(t, NF_DROP);
	nft_rule(t, "early");
	nft_meta(t, NFT_META_IIF);
	nft_is(t, &r->index, sizeof(r->index));
	nft_set_meta(t, NFT_META_MARK, RULES_MARK);
	nft_set_ct(t, NFT_CT_MARK, RULES_MARK);
	nft_verdict(t, NF_ACCEPT);
	nft_rule(t, "early");
	nft_ct(t, NFT_CT_MARK);
	nft_has(t, RULES_MARK);
	nft_set_meta(t, NFT_META_MARK, RULES_MARK);
}

static void rules_forward(struct nft *t, const struct rules *r)
{
	const uint32_t states = NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);

	nft_chain(t, "forward", "filter", NF_INET_FORWARD, 0, NF_DROP);
	nft_rule(t, "forward");
	nft_meta(t, NFT_META_IIF);
	nft_is(t, &r->index, sizeof(r->index));
	nft_meta(t, NFT_META_L4PROTO);
	nft_is_not(t, &tcp, sizeof(tcp));
	nft_verdict(t, NF_ACCEPT);
	nft_rule(t, "forward");
	nft_meta(t, NFT_META_OIF);
	nft_is(t, &r->index, sizeof(r->index));
	nft_ct(t, NFT_CT_STATE);
	nft_has(t, states);
	nft_verdict(t, NF_ACCEPT);
}

static void rules_leave(struct nft *t, const struct rules *r)
{
	nft_chain(t, "leave", "nat", NF_INET_POST_ROUTING, 100, NF_ACCEPT);
	nft_rule(t, "leave");
	nft_meta(t, NFT_META_OIF);
	nft_is_not(t, &r->index, sizeof(r->index));
	nft_ct(t, NFT_CT_MARK);
	nft_has(t, RULES_MARK);
	nft_masquerade(t, r->first, r->last);
}

static int rules_filter(const struct rules *r, const char **why)
{
	struct nft *t;
	int err;

	t = nft_new(engine_syscall, "gateway", &err);
	if (!t)
		return why_set(why, EOPNOTSUPP,
			       "this personality has no packet filter (nf_tables)");
	rules_untracked(t);
	rules_early(t, r);
	rules_forward(t, r);
	rules_leave(t, r);
	return nft_commit(t, why);
}

/* ---- routing ---- */

/**
 * struct rules_rule - a routing rule; its priority is its place
 * @table: 0: unreachable
 * @inlet: for packets from there, else for all
 */
struct rules_rule {
	uint32_t table;
	uint32_t mark;
	bool inlet;
};

static const struct rules_rule rules[] = {
	{.table = TABLE_OWN, .mark = RULES_TCP, .inlet = true},
	{.table = LINK_TABLE_MAIN, .inlet = true},
	{.inlet = true},
	{.table = TABLE_BACK, .mark = RULES_TCP},
	{.table = TABLE_BACK, .mark = RULES_MARK},
};

static int rules_add(struct nl *nl, uint8_t family, unsigned int i, const char *inlet)
{
	const struct rules_rule *r = &rules[i];
	struct fib_rule_hdr h = {
		.family = family,
		.action = r->table ? FR_ACT_TO_TBL : FR_ACT_UNREACHABLE,
		.table = (uint8_t)r->table,
	};

	nl_begin(nl, RTM_NEWRULE, NLM_F_CREATE, &h, sizeof(h));
	nl_put_u32(nl, FRA_PRIORITY, RULE_FIRST + i);
	if (r->mark)
		nl_put_u32(nl, FRA_FWMARK, r->mark);
	if (r->inlet)
		nl_put_string(nl, FRA_IIFNAME, inlet);
	return nl_talk(nl);
}

/* All addresses are the stack's own. */
static int rules_own(struct nl *nl, uint8_t family)
{
	struct rtmsg m = {
		.rtm_family = family,
		.rtm_table = TABLE_OWN,
		.rtm_protocol = RTPROT_STATIC,
		.rtm_scope = RT_SCOPE_HOST,
		.rtm_type = RTN_LOCAL,
	};

	nl_begin(nl, RTM_NEWROUTE, NLM_F_CREATE, &m, sizeof(m));
	nl_put_u32(nl, RTA_OIF, 1); /* lo */
	return nl_talk(nl);
}

static int rules_routing(struct nl *nl, const struct rules *r, uint8_t family)
{
	struct link_route back = {.oif = r->index, .family = family, .table = TABLE_BACK};
	int err = link_route_add(nl, &back) ?: rules_own(nl, family);

	for (unsigned int i = 0; !err && i < sizeof(rules) / sizeof(rules[0]); i++)
		err = rules_add(nl, family, i, r->name);
	return err;
}

int rules_make(const struct rules *r, const char **why)
{
	int err = rules_settings(why);
	struct nl *nl;

	if (!err)
		err = rules_filter(r, why);
	if (err)
		return err;
	nl = nl_open(engine_syscall, NETLINK_ROUTE, &err);
	if (nl)
		err = rules_routing(nl, r, AF_INET);
	if (nl && !err)
		err = rules_routing(nl, r, AF_INET6);
	if (err)
		why_set(why, -err, "cannot set the gateway's routes in the stack: %s%s%s",
			strerror(-err), nl && nl->ext[0] ? ": " : "", nl ? nl->ext : "");
	nl_close(nl);
	return err;
}
