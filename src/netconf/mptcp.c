// SPDX-License-Identifier: GPL-2.0-only
/*
 * mptcp.c - MPTCP's in-kernel path manager, by generic netlink.
 *
 * Every interface's address becomes an endpoint of kind `subflow`, the first
 * interface's too: the path manager recognises the endpoint that the initial
 * subflow happens to leave from, accounts it as used under identifier 0, and
 * opens subflows from all others. So it does not matter by which interface a
 * connection begins.
 *
 * With `fullmesh` an endpoint goes on to each address and port that the peer announces;
 * without it the kernel opens one subflow to that, by the main table's way. Both open
 * one subflow to a peer that announces nothing.
 *
 * With `backup` a subflow says so as it opens (MP_JOIN), the connection's first one when it is
 * established, and all of them when the flag changes (MP_PRIO): so the peer's sender obeys, too.
 *
 * Identifiers are the kernel's choice, and an endpoint is found by its address: a
 * connection from an address that is no endpoint (yet) leaves an implicit one
 * behind, which is replaced by ours only if we do not insist on a number. After
 * a removal the kernel goes on upwards, so a late word of the peer about the
 * old endpoint does not meet the new one.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/mptcp.h>
#include <string.h>
#include <sys/socket.h>
#include "netconf/mptcp.h"

static void mptcp_put_address(struct nl *nl, const struct ip_addr *a)
{
	nl_put_u16(nl, MPTCP_PM_ADDR_ATTR_FAMILY, a->family);
	nl_put(nl, a->family == AF_INET ? MPTCP_PM_ADDR_ATTR_ADDR4 : MPTCP_PM_ADDR_ATTR_ADDR6,
	       a->bytes, ip_len(a));
}

static int mptcp_begin(struct nl *nl, uint8_t cmd, uint16_t flags)
{
	struct genlmsghdr g = {.cmd = cmd, .version = MPTCP_PM_VER};
	int family = nl_family(nl, MPTCP_PM_NAME);

	if (family < 0)
		return family;
	nl_begin(nl, (uint16_t)family, flags, &g, sizeof(g));
	return 0;
}

int mptcp_limits(struct nl *nl, uint32_t subflows, uint32_t accepted)
{
	int err = mptcp_begin(nl, MPTCP_PM_CMD_SET_LIMITS, 0);

	if (err)
		return err;
	nl_put_u32(nl, MPTCP_PM_ATTR_RCV_ADD_ADDRS, accepted);
	nl_put_u32(nl, MPTCP_PM_ATTR_SUBFLOWS, subflows);
	return nl_talk(nl);
}

static uint32_t mptcp_pm_flags(unsigned int flags)
{
	return MPTCP_PM_ADDR_FLAG_SUBFLOW |
	       (flags & MPTCP_FULLMESH ? MPTCP_PM_ADDR_FLAG_FULLMESH : 0) |
	       (flags & MPTCP_BACKUP ? MPTCP_PM_ADDR_FLAG_BACKUP : 0);
}

/* @index: of the interface; 0: it stays */
static int mptcp_endpoint(struct nl *nl, uint8_t cmd, const struct ip_addr *a, int index,
			  unsigned int flags)
{
	int err = mptcp_begin(nl, cmd, 0);
	size_t nest;

	if (err)
		return err;
	nest = nl_nest(nl, MPTCP_PM_ATTR_ADDR);
	mptcp_put_address(nl, a);
	nl_put_u32(nl, MPTCP_PM_ADDR_ATTR_FLAGS, mptcp_pm_flags(flags));
	if (index)
		nl_put_u32(nl, MPTCP_PM_ADDR_ATTR_IF_IDX, (uint32_t)index);
	nl_nest_end(nl, nest);
	return nl_talk(nl);
}

int mptcp_endpoint_flags(struct nl *nl, const struct ip_addr *a, unsigned int flags)
{
	return mptcp_endpoint(nl, MPTCP_PM_CMD_SET_FLAGS, a, 0, flags);
}

int mptcp_endpoint_add(struct nl *nl, const struct ip_addr *a, int index, unsigned int flags)
{
	return mptcp_endpoint(nl, MPTCP_PM_CMD_ADD_ADDR, a, index, flags);
}

struct endpoint {
	const struct ip_addr *addr;
	uint8_t id;
};

static int one_endpoint(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *outer[MPTCP_PM_ATTR_ADDR + 1];
	const struct nlattr *attrs[MPTCP_PM_ADDR_ATTR_MAX + 1];
	struct endpoint *e = arg;
	const uint8_t *id;
	const void *bytes;

	nl_attrs(m, GENL_HDRLEN, outer, MPTCP_PM_ATTR_ADDR);
	if (!outer[MPTCP_PM_ATTR_ADDR])
		return 0;
	nl_nested(outer[MPTCP_PM_ATTR_ADDR], attrs, MPTCP_PM_ADDR_ATTR_MAX);
	id = nl_payload(attrs[MPTCP_PM_ADDR_ATTR_ID], 1);
	bytes = nl_payload(attrs[e->addr->family == AF_INET ? MPTCP_PM_ADDR_ATTR_ADDR4
							    : MPTCP_PM_ADDR_ATTR_ADDR6],
			   ip_len(e->addr));
	if (id && bytes && !memcmp(bytes, e->addr->bytes, ip_len(e->addr)))
		e->id = *id;
	return 0;
}

int mptcp_endpoint_del(struct nl *nl, const struct ip_addr *a)
{
	struct endpoint e = {.addr = a};
	size_t nest;
	int err;

	err = mptcp_begin(nl, MPTCP_PM_CMD_GET_ADDR, NLM_F_DUMP);
	if (!err)
		err = nl_dump(nl, one_endpoint, &e);
	if (err)
		return err;
	if (!e.id)
		return -ENOENT;
	err = mptcp_begin(nl, MPTCP_PM_CMD_DEL_ADDR, 0);
	if (err)
		return err;
	nest = nl_nest(nl, MPTCP_PM_ATTR_ADDR);
	mptcp_put_address(nl, a);
	nl_put_u8(nl, MPTCP_PM_ADDR_ATTR_ID, e.id);
	nl_nest_end(nl, nest);
	return nl_talk(nl);
}
