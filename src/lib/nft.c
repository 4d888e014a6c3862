// SPDX-License-Identifier: GPL-2.0-only
/*
 * nft.c - words to messages of nf_tables, see nft.h.
 *
 * Theory of operation
 *
 * A transaction is one datagram to the kernel: BATCH_BEGIN, messages, BATCH_END; all of it is done
 * or nothing. Messages are built one behind the other (nlbuf.h). Numbers in attributes are
 * big-endian (netlink(7) has them native, nf_tables does not).
 *
 * Each value goes through one register: an expression loads it, the next one looks at it.
 *
 * "There or not" is made of two messages: a chain is made, which changes nothing where there is
 * one, and then removed.
 *
 * Ownership: the memory is the caller's. One thread per struct nft.
 * Limits: no sets; whoever has many values gives each a rule.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include "lib/nft.h"

static void nft_put32(struct nft *t, uint16_t type, uint32_t value)
{
	value = htonl(value);
	nlbuf_put(&t->buf, type, &value, sizeof(value));
}

/* ---- messages ---- */

static void nft_begin(struct nft *t, uint16_t type, uint16_t flags, uint8_t family, uint16_t res)
{
	struct nlmsghdr *m;
	struct nfgenmsg *g;

	t->at = t->buf.len;
	m = nlbuf_extend(&t->buf, sizeof(*m));
	g = nlbuf_extend(&t->buf, sizeof(*g));
	if (!g)
		return;
	m->nlmsg_type = type;
	m->nlmsg_flags = NLM_F_REQUEST | flags;
	m->nlmsg_seq = ++t->seq;
	*g = (struct nfgenmsg){.nfgen_family = family, .version = NFNETLINK_V0, .res_id = res};
}

static void nft_end(struct nft *t)
{
	struct nlmsghdr *m = (struct nlmsghdr *)(t->buf.bytes + t->at);

	if (!t->buf.full)
		m->nlmsg_len = (uint32_t)(t->buf.len - t->at);
}

static void nft_end_rule(struct nft *t)
{
	if (!t->rule)
		return;
	nlbuf_nest_end(&t->buf, t->list);
	nft_end(t);
	t->rule = false;
}

/* Begin a message about the table, whose name is attribute @name. */
static void nft_message(struct nft *t, uint16_t type, uint16_t flags, uint16_t name)
{
	nft_end_rule(t);
	nft_begin(t, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, t->family, 0);
	nlbuf_put_string(&t->buf, name, t->table);
}

void nft_init(struct nft *t, uint8_t family, const char *table, void *bytes, size_t size)
{
	*t = (struct nft){.buf = {.bytes = bytes, .size = size}, .family = family};
	strncpy(t->table, table, sizeof(t->table) - 1);
	nft_begin(t, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, htons(NFNL_SUBSYS_NFTABLES));
	nft_end(t);
}

void nft_table(struct nft *t, uint32_t flags)
{
	nft_message(t, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFTA_TABLE_NAME);
	nft_put32(t, NFTA_TABLE_FLAGS, flags);
	nft_end(t);
}

void nft_drop_table(struct nft *t)
{
	nft_message(t, NFT_MSG_DELTABLE, 0, NFTA_TABLE_NAME);
	nft_end(t);
}

/* @device: where the family wants one, or NULL */
static void nft_base_chain(struct nft *t, const char *name, const char *type, uint32_t hook,
			   int32_t priority, uint32_t policy, const char *device)
{
	size_t nest;

	nft_message(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFTA_CHAIN_TABLE);
	nlbuf_put_string(&t->buf, NFTA_CHAIN_NAME, name);
	nest = nlbuf_nest(&t->buf, NFTA_CHAIN_HOOK);
	nft_put32(t, NFTA_HOOK_HOOKNUM, hook);
	nft_put32(t, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	if (device)
		nlbuf_put_string(&t->buf, NFTA_HOOK_DEV, device);
	nlbuf_nest_end(&t->buf, nest);
	nft_put32(t, NFTA_CHAIN_POLICY, policy);
	nlbuf_put_string(&t->buf, NFTA_CHAIN_TYPE, type);
	nft_end(t);
}

void nft_chain(struct nft *t, const char *name, const char *type, uint32_t hook, int32_t priority,
	       uint32_t policy)
{
	nft_base_chain(t, name, type, hook, priority, policy, NULL);
}

void nft_chain_on(struct nft *t, const char *name, const char *device, int32_t priority)
{
	nft_base_chain(t, name, "filter", NF_NETDEV_INGRESS, priority, NF_ACCEPT, device);
}

static void nft_chain_message(struct nft *t, uint16_t type, uint16_t flags, const char *name)
{
	nft_message(t, type, flags, NFTA_CHAIN_TABLE);
	nlbuf_put_string(&t->buf, NFTA_CHAIN_NAME, name);
	nft_end(t);
}

void nft_drop_chain(struct nft *t, const char *name)
{
	nft_chain_message(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE, name);
	nft_chain_message(t, NFT_MSG_DELCHAIN, 0, name);
}

void nft_chain_empty(struct nft *t, const char *name)
{
	nft_drop_chain(t, name);
	nft_chain_message(t, NFT_MSG_NEWCHAIN, NLM_F_CREATE, name);
}

void nft_rule(struct nft *t, const char *chain)
{
	nft_message(t, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, NFTA_RULE_TABLE);
	nlbuf_put_string(&t->buf, NFTA_RULE_CHAIN, chain);
	t->list = nlbuf_nest(&t->buf, NFTA_RULE_EXPRESSIONS);
	t->rule = true;
}

/* ---- expressions ---- */

struct nft_expr {
	size_t elem, data;
};

static struct nft_expr nft_expr(struct nft *t, const char *name)
{
	struct nft_expr e;

	e.elem = nlbuf_nest(&t->buf, NFTA_LIST_ELEM);
	nlbuf_put_string(&t->buf, NFTA_EXPR_NAME, name);
	e.data = nlbuf_nest(&t->buf, NFTA_EXPR_DATA);
	return e;
}

static void nft_expr_end(struct nft *t, struct nft_expr e)
{
	nlbuf_nest_end(&t->buf, e.data);
	nlbuf_nest_end(&t->buf, e.elem);
}

/* Attribute @type of an expression holds @len bytes of data. */
static void nft_put_data(struct nft *t, uint16_t type, const void *data, size_t len)
{
	size_t nest = nlbuf_nest(&t->buf, type);

	nlbuf_put(&t->buf, NFTA_DATA_VALUE, data, len);
	nlbuf_nest_end(&t->buf, nest);
}

static void nft_immediate(struct nft *t, uint32_t reg, const void *data, size_t len)
{
	struct nft_expr e = nft_expr(t, "immediate");

	nft_put32(t, NFTA_IMMEDIATE_DREG, reg);
	nft_put_data(t, NFTA_IMMEDIATE_DATA, data, len);
	nft_expr_end(t, e);
}

struct nft_number {
	uint16_t type;
	uint32_t value;
};

/* An expression whose attributes are @numbers; one of type 0 ends them. */
static void nft_numbers(struct nft *t, const char *name, const struct nft_number *numbers)
{
	struct nft_expr e = nft_expr(t, name);

	for (; numbers->type; numbers++)
		nft_put32(t, numbers->type, numbers->value);
	nft_expr_end(t, e);
}

#define NFT_NUMBERS(t, name, ...) \
	nft_numbers(t, name, (const struct nft_number[]){__VA_ARGS__, {0, 0}})

void nft_meta(struct nft *t, uint32_t key)
{
	NFT_NUMBERS(t, "meta", {NFTA_META_KEY, key}, {NFTA_META_DREG, NFT_REG_1});
}

void nft_ct(struct nft *t, uint32_t key)
{
	NFT_NUMBERS(t, "ct", {NFTA_CT_KEY, key}, {NFTA_CT_DREG, NFT_REG_1});
}

void nft_route(struct nft *t)
{
	NFT_NUMBERS(t, "fib", {NFTA_FIB_DREG, NFT_REG_1}, {NFTA_FIB_RESULT, NFT_FIB_RESULT_OIF},
		    {NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR});
}

void nft_payload(struct nft *t, uint32_t base, uint32_t offset, uint32_t len)
{
	NFT_NUMBERS(t, "payload", {NFTA_PAYLOAD_DREG, NFT_REG_1}, {NFTA_PAYLOAD_BASE, base},
		    {NFTA_PAYLOAD_OFFSET, offset}, {NFTA_PAYLOAD_LEN, len});
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

void nft_between(struct nft *t, uint16_t first, uint16_t last)
{
	const uint16_t low = htons(first), high = htons(last);

	nft_compare(t, NFT_CMP_GTE, &low, sizeof(low));
	nft_compare(t, NFT_CMP_LTE, &high, sizeof(high));
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
	nft_immediate(t, NFT_REG_1, &value, sizeof(value));
	NFT_NUMBERS(t, "meta", {NFTA_META_KEY, key}, {NFTA_META_SREG, NFT_REG_1});
}

void nft_set_ct(struct nft *t, uint32_t key, uint32_t value)
{
	nft_immediate(t, NFT_REG_1, &value, sizeof(value));
	NFT_NUMBERS(t, "ct", {NFTA_CT_KEY, key}, {NFTA_CT_SREG, NFT_REG_1});
}

void nft_notrack(struct nft *t)
{
	nft_expr_end(t, nft_expr(t, "notrack"));
}

void nft_tproxy(struct nft *t, uint16_t port)
{
	const uint16_t be = htons(port);

	nft_immediate(t, NFT_REG_1, &be, sizeof(be));
	NFT_NUMBERS(t, "tproxy", {NFTA_TPROXY_FAMILY, NFPROTO_UNSPEC},
		    {NFTA_TPROXY_REG_PORT, NFT_REG_1});
}

void nft_masquerade(struct nft *t, uint16_t first, uint16_t last)
{
	const uint16_t low = htons(first), high = htons(last);

	if (!first) {
		nft_expr_end(t, nft_expr(t, "masq"));
		return;
	}
	nft_immediate(t, NFT_REG_1, &low, sizeof(low));
	nft_immediate(t, NFT_REG_2, &high, sizeof(high));
	/* Without the flag the kernel has the registers, and keeps any port that is free. */
	NFT_NUMBERS(t, "masq", {NFTA_MASQ_FLAGS, NF_NAT_RANGE_PROTO_SPECIFIED},
		    {NFTA_MASQ_REG_PROTO_MIN, NFT_REG_1}, {NFTA_MASQ_REG_PROTO_MAX, NFT_REG_2});
}

static void nft_put_verdict(struct nft *t, uint32_t verdict, const char *chain)
{
	struct nft_expr e = nft_expr(t, "immediate");
	size_t data, code;

	nft_put32(t, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = nlbuf_nest(&t->buf, NFTA_IMMEDIATE_DATA);
	code = nlbuf_nest(&t->buf, NFTA_DATA_VERDICT);
	nft_put32(t, NFTA_VERDICT_CODE, verdict);
	if (chain)
		nlbuf_put_string(&t->buf, NFTA_VERDICT_CHAIN, chain);
	nlbuf_nest_end(&t->buf, code);
	nlbuf_nest_end(&t->buf, data);
	nft_expr_end(t, e);
}

void nft_verdict(struct nft *t, uint32_t verdict)
{
	nft_put_verdict(t, verdict, NULL);
}

void nft_jump(struct nft *t, const char *chain)
{
	nft_put_verdict(t, (uint32_t)NFT_JUMP, chain);
}

/* ---- the transaction ---- */

long nft_finish(struct nft *t)
{
	nft_end_rule(t);
	if (!t->buf.full)
		((struct nlmsghdr *)(t->buf.bytes + t->at))->nlmsg_flags |= NLM_F_ACK;
	nft_begin(t, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, htons(NFNL_SUBSYS_NFTABLES));
	nft_end(t);
	return t->buf.full ? -EMSGSIZE : (long)t->buf.len;
}

bool nft_answer(const void *bytes, size_t len, int *err)
{
	const struct nlmsghdr *m = bytes;
	long left = (long)len;
	bool any = false;

	for (; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
		const struct nlmsgerr *e = NLMSG_DATA(m);

		if (m->nlmsg_type != NLMSG_ERROR || m->nlmsg_len < NLMSG_LENGTH(sizeof(*e)))
			continue;
		any = true;
		if (e->error && !*err)
			*err = e->error;
	}
	return any;
}
