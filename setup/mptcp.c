// SPDX-License-Identifier: GPL-2.0-only
/*
 * mptcp.c - MPTCP's in-kernel path manager, by generic netlink.
 *
 * Every interface's address becomes an endpoint of kind `subflow`, the first
 * interface's too: the path manager recognises the endpoint that the initial
 * subflow happens to leave from, accounts it as used under identifier 0, and
 * opens subflows from all others. So it does not matter by which interface a
 * connection begins.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/mptcp.h>
#include <sys/socket.h>
#include "setup/mptcp.h"

static int begin(struct nl *nl, uint8_t cmd)
{
	struct genlmsghdr g = {.cmd = cmd, .version = MPTCP_PM_VER};
	int family = nl_family(nl, MPTCP_PM_NAME);

	if (family < 0)
		return family;
	nl_begin(nl, (uint16_t)family, 0, &g, sizeof(g));
	return 0;
}

int mptcp_limits(struct nl *nl, uint32_t subflows, uint32_t accepted)
{
	int err = begin(nl, MPTCP_PM_CMD_SET_LIMITS);

	if (err)
		return err;
	nl_put_u32(nl, MPTCP_PM_ATTR_RCV_ADD_ADDRS, accepted);
	nl_put_u32(nl, MPTCP_PM_ATTR_SUBFLOWS, subflows);
	return nl_talk(nl);
}

int mptcp_endpoint(struct nl *nl, const struct ip_addr *a, int index, uint8_t id)
{
	int err = begin(nl, MPTCP_PM_CMD_ADD_ADDR);
	uint32_t nest;

	if (err)
		return err;
	nest = nl_nest(nl, MPTCP_PM_ATTR_ADDR);
	nl_put_u16(nl, MPTCP_PM_ADDR_ATTR_FAMILY, a->family);
	nl_put_u8(nl, MPTCP_PM_ADDR_ATTR_ID, id);
	nl_put(nl, a->family == AF_INET ? MPTCP_PM_ADDR_ATTR_ADDR4 : MPTCP_PM_ADDR_ATTR_ADDR6,
	       a->bytes, ip_len(a));
	nl_put_u32(nl, MPTCP_PM_ADDR_ATTR_FLAGS, MPTCP_PM_ADDR_FLAG_SUBFLOW);
	nl_put_u32(nl, MPTCP_PM_ADDR_ATTR_IF_IDX, (uint32_t)index);
	nl_nest_end(nl, nest);
	return nl_talk(nl);
}
