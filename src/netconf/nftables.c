// SPDX-License-Identifier: GPL-2.0-only
/*
 * nftables.c - a table of nf_tables, made in one transaction, see nftables.h.
 *
 * Theory of operation
 *
 * A transaction is one datagram to the kernel: BATCH_BEGIN, messages, BATCH_END. Each message is
 * built by netlink.h's functions in its buffer and then moved to the end of the batch. The kernel
 * answers while we send: an error for each message that it refuses, and the acknowledgement
 * that the last one asks for. Numbers in attributes are big-endian (netlink(7) has them native,
 * nf_tables does not).
 *
 * Each value goes through one register: an expression loads it, the next one looks at it.
 *
 * Ownership: nft_new() to nft_commit(). Limits: NFT_BATCH bytes, some 60 rules.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/rawsys.h"
#include "lib/why.h"
#include "netconf/nftables.h"

#define NFT_BATCH 16384
#define NFT_NAME  32

/**
 * struct nft - a transaction under construction
 * @rule:  a rule is open: its expressions are the nest @list of the message in @nl
 * @full:  a message did not fit
 * @last:  offset of the last message in @bytes
 */
struct nft {
	struct nl *nl;
	char table[NFT_NAME];
	bool rule, full;
	uint32_t list;
	uint32_t seq;
	size_t len, last;
	uint8_t bytes[NFT_BATCH] __attribute__((aligned(8)));
};

static void nft_begin(struct nft *t, uint16_t type, uint16_t flags, uint8_t family, uint16_t res)
{
	const struct nfgenmsg g = {.nfgen_family = family, .version = NFNETLINK_V0, .res_id = res};

	nl_begin(t->nl, type, flags, &g, sizeof(g));
}

/* The message in the builder goes to the end of the batch. */
static void nft_push(struct nft *t)
{
	if (t->nl->full || t->nl->len > sizeof(t->bytes) - t->len) {
		t->full = true;
		return;
	}
	t->nl->req.hdr.nlmsg_len = t->nl->len;
	t->nl->req.hdr.nlmsg_seq = ++t->seq;
	t->last = t->len;
	memcpy(t->bytes + t->len, t->nl->req.bytes, t->nl->len);
	t->len += t->nl->len;
}

static void nft_table_message(struct nft *t, uint16_t type, uint16_t flags)
{
	nft_begin(t, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, NFPROTO_INET, 0);
}

static void nft_put32(struct nft *t, uint16_t type, uint32_t value)
{
	nl_put_u32(t->nl, type, htonl(value));
}

struct nft *nft_new(nl_call_fn *call, const char *name, int *err)
{
	struct nft *t = calloc(1, sizeof(*t));

	*err = -ENOMEM;
	if (!t)
		return NULL;
	t->nl = nl_open(call, NETLINK_NETFILTER, err);
	if (!t->nl) {
		free(t);
		return NULL;
	}
	*err = 0;
	strncpy(t->table, name, sizeof(t->table) - 1);
	nft_begin(t, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, htons(NFNL_SUBSYS_NFTABLES));
	nft_push(t);
	nft_table_message(t, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	nl_put_string(t->nl, NFTA_TABLE_NAME, t->table);
	nft_put32(t, NFTA_TABLE_FLAGS, 0);
	nft_push(t);
	return t;
}

static void nft_end_rule(struct nft *t)
{
	if (!t->rule)
		return;
	nl_nest_end(t->nl, t->list);
	nft_push(t);
	t->rule = false;
}

void nft_chain(struct nft *t, const char *name, const char *type, uint32_t hook, int32_t priority,
	       uint32_t policy)
{
	uint32_t nest;

	nft_end_rule(t);
	nft_table_message(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	nl_put_string(t->nl, NFTA_CHAIN_TABLE, t->table);
	nl_put_string(t->nl, NFTA_CHAIN_NAME, name);
	nest = nl_nest(t->nl, NFTA_CHAIN_HOOK);
	nft_put32(t, NFTA_HOOK_HOOKNUM, hook);
	nft_put32(t, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	nl_nest_end(t->nl, nest);
	nft_put32(t, NFTA_CHAIN_POLICY, policy);
	nl_put_string(t->nl, NFTA_CHAIN_TYPE, type);
	nft_push(t);
}

void nft_rule(struct nft *t, const char *chain)
{
	nft_end_rule(t);
	nft_table_message(t, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	nl_put_string(t->nl, NFTA_RULE_TABLE, t->table);
	nl_put_string(t->nl, NFTA_RULE_CHAIN, chain);
	t->list = nl_nest(t->nl, NFTA_RULE_EXPRESSIONS);
	t->rule = true;
}

/* ---- expressions ---- */

struct nft_expr {
	uint32_t elem, data;
};

static struct nft_expr nft_expr(struct nft *t, const char *name)
{
	struct nft_expr e;

	e.elem = nl_nest(t->nl, NFTA_LIST_ELEM);
	nl_put_string(t->nl, NFTA_EXPR_NAME, name);
	e.data = nl_nest(t->nl, NFTA_EXPR_DATA);
	return e;
}

static void nft_expr_end(struct nft *t, struct nft_expr e)
{
	nl_nest_end(t->nl, e.data);
	nl_nest_end(t->nl, e.elem);
}

/* Attribute @type of an expression holds @len bytes of data. */
static void nft_put_data(struct nft *t, uint16_t type, const void *data, size_t len)
{
	uint32_t nest = nl_nest(t->nl, type);

	nl_put(t->nl, NFTA_DATA_VALUE, data, len);
	nl_nest_end(t->nl, nest);
}

static void nft_immediate(struct nft *t, uint32_t reg, const void *data, size_t len)
{
	struct nft_expr e = nft_expr(t, "immediate");

	nft_put32(t, NFTA_IMMEDIATE_DREG, reg);
	nft_put_data(t, NFTA_IMMEDIATE_DATA, data, len);
	nft_expr_end(t, e);
}

void nft_meta(struct nft *t, uint32_t key)
{
	struct nft_expr e = nft_expr(t, "meta");

	nft_put32(t, NFTA_META_KEY, key);
	nft_put32(t, NFTA_META_DREG, NFT_REG_1);
	nft_expr_end(t, e);
}

void nft_ct(struct nft *t, uint32_t key)
{
	struct nft_expr e = nft_expr(t, "ct");

	nft_put32(t, NFTA_CT_KEY, key);
	nft_put32(t, NFTA_CT_DREG, NFT_REG_1);
	nft_expr_end(t, e);
}

void nft_route(struct nft *t)
{
	struct nft_expr e = nft_expr(t, "fib");

	nft_put32(t, NFTA_FIB_DREG, NFT_REG_1);
	nft_put32(t, NFTA_FIB_RESULT, NFT_FIB_RESULT_OIF);
	nft_put32(t, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	nft_expr_end(t, e);
}

static void nft_compare(struct nft *t, uint32_t op, const void *data, size_t len)
{
	struct nft_expr e = nft_expr(t, "cmp");

	nft_put32(t, NFTA_CMP_SREG, NFT_REG_1);
	nft_put32(t, NFTA_CMP_OP, op);
	nft_put_data(t, NFTA_CMP_DATA, data, len);
	nft_expr_end(t, e);
}

void nft_is(struct nft *t, const void *data, size_t len)
{
	nft_compare(t, NFT_CMP_EQ, data, len);
}

void nft_is_not(struct nft *t, const void *data, size_t len)
{
	nft_compare(t, NFT_CMP_NEQ, data, len);
}

void nft_has(struct nft *t, uint32_t mask)
{
	const uint32_t zero = 0;
	struct nft_expr e = nft_expr(t, "bitwise");

	nft_put32(t, NFTA_BITWISE_SREG, NFT_REG_1);
	nft_put32(t, NFTA_BITWISE_DREG, NFT_REG_1);
	nft_put32(t, NFTA_BITWISE_LEN, sizeof(mask));
	nft_put_data(t, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	nft_put_data(t, NFTA_BITWISE_XOR, &zero, sizeof(zero));
	nft_expr_end(t, e);
	nft_compare(t, NFT_CMP_NEQ, &zero, sizeof(zero));
}

void nft_set_meta(struct nft *t, uint32_t key, uint32_t value)
{
	struct nft_expr e;

	nft_immediate(t, NFT_REG_1, &value, sizeof(value));
	e = nft_expr(t, "meta");
	nft_put32(t, NFTA_META_KEY, key);
	nft_put32(t, NFTA_META_SREG, NFT_REG_1);
	nft_expr_end(t, e);
}

void nft_set_ct(struct nft *t, uint32_t key, uint32_t value)
{
	struct nft_expr e;

	nft_immediate(t, NFT_REG_1, &value, sizeof(value));
	e = nft_expr(t, "ct");
	nft_put32(t, NFTA_CT_KEY, key);
	nft_put32(t, NFTA_CT_SREG, NFT_REG_1);
	nft_expr_end(t, e);
}

void nft_notrack(struct nft *t)
{
	nft_expr_end(t, nft_expr(t, "notrack"));
}

void nft_tproxy(struct nft *t, uint16_t port)
{
	const uint16_t be = htons(port);
	struct nft_expr e;

	nft_immediate(t, NFT_REG_1, &be, sizeof(be));
	e = nft_expr(t, "tproxy");
	nft_put32(t, NFTA_TPROXY_FAMILY, NFPROTO_UNSPEC);
	nft_put32(t, NFTA_TPROXY_REG_PORT, NFT_REG_1);
	nft_expr_end(t, e);
}

void nft_masquerade(struct nft *t, uint16_t first, uint16_t last)
{
	const uint16_t low = htons(first), high = htons(last);
	struct nft_expr e;

	if (first) {
		nft_immediate(t, NFT_REG_1, &low, sizeof(low));
		nft_immediate(t, NFT_REG_2, &high, sizeof(high));
	}
	e = nft_expr(t, "masq");
	if (first) {
		nft_put32(t, NFTA_MASQ_REG_PROTO_MIN, NFT_REG_1);
		nft_put32(t, NFTA_MASQ_REG_PROTO_MAX, NFT_REG_2);
	}
	nft_expr_end(t, e);
}

void nft_verdict(struct nft *t, uint32_t verdict)
{
	struct nft_expr e = nft_expr(t, "immediate");
	uint32_t data, code;

	nft_put32(t, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nl_nest(t->nl, NFTA_IMMEDIATE_DATA);
	code = nl_nest(t->nl, NFTA_DATA_VERDICT);
	nft_put32(t, NFTA_VERDICT_CODE, verdict);
	nl_nest_end(t->nl, code);
	nl_nest_end(t->nl, data);
	nft_expr_end(t, e);
}

/* ---- the transaction ---- */

/* Answers are there when the datagram has been sent: the first error, or 0. */
static int nft_answers(struct nft *t)
{
	struct nl *nl = t->nl;
	long args[6] = {nl->fd, (long)nl->reply.bytes, sizeof(nl->reply), MSG_DONTWAIT, 0, 0};
	int err = 0;
	long n;

	while ((n = nl->call(SYS_recvfrom, args)) > 0) {
		const struct nlmsghdr *m = &nl->reply.hdr;

		for (; NLMSG_OK(m, (size_t)n); m = NLMSG_NEXT(m, n)) {
			const struct nlmsgerr *e = NLMSG_DATA(m);

			if (m->nlmsg_type == NLMSG_ERROR && e->error && !err)
				err = e->error;
		}
	}
	return err;
}

static int nft_send(struct nft *t)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	long args[6] = {t->nl->fd, (long)t->bytes, 0, 0, (long)&kernel, sizeof(kernel)};
	long r;

	nft_end_rule(t);
	((struct nlmsghdr *)(t->bytes + t->last))->nlmsg_flags |= NLM_F_ACK;
	nft_begin(t, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, htons(NFNL_SUBSYS_NFTABLES));
	nft_push(t);
	if (t->full)
		return -EMSGSIZE;
	args[2] = (long)t->len;
	do {
		r = t->nl->call(SYS_sendto, args);
	} while (r == -EINTR);
	if (r < 0)
		return (int)r;
	return nft_answers(t);
}

int nft_commit(struct nft *t, const char **why)
{
	int err = nft_send(t);

	if (err == -ENOENT || err == -EOPNOTSUPP || err == -EPROTONOSUPPORT || err == -EINVAL)
		err = why_set(why, EOPNOTSUPP,
			      "this personality's packet filter lacks what table '%s' needs",
			      t->table);
	else if (err)
		why_set(why, -err, "cannot make table '%s' of the packet filter: %s", t->table,
			strerror(-err));
	nl_close(t->nl);
	free(t);
	return err;
}
