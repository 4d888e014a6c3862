// SPDX-License-Identifier: GPL-2.0-only
/*
 * rules.c - keep the host's kernel from the stack's frames, see rules.h.
 *
 * Theory of operation
 *
 * By nf_tables (nftrules.c), whose rules go with this process, however it ends; where the kernel
 * has none, or an old one, by iptables (iptables.c), as on Android.
 *
 * Dropped: everything to an own address; TCP and UDP to the stack's ports on shared ones.
 * ICMP, ARP and neighbour discovery go to both worlds.
 *
 * Openers that use iptables take turns (turn.h).
 *
 * Ownership: all state is static. One thread.
 *
 * Limits: all but the first fragment of a datagram on a shared address still reach the host's
 * reassembly, which forgets them silently, since the first one is missing.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/why.h"
#include "opener/iptables.h"
#include "opener/nftrules.h"
#include "opener/rules.h"
#include "opener/turn.h"

static enum { NONE, NFT, IPTABLES } kind;

static int rules_start_iptables(int err_nft, const char **why)
{
	int turn = turn_take(why), err;

	if (turn < 0)
		return turn;
	err = iptables_start();
	close(turn);
	if (!err) {
		kind = IPTABLES;
		return 0;
	}
	return why_set(why, EOPNOTSUPP,
		       "the host's packet filter, which is to keep the host from the stack's "
		       "packets, does not work: nf_tables: %s; iptables: %s",
		       strerror(-err_nft), err == -ENOENT ? "not installed" : iptables_complaint());
}

int rules_start(const char **why)
{
	int err;

	if (kind != NONE)
		return 0;
	err = nftrules_start();
	if (err)
		return rules_start_iptables(err, why);
	kind = NFT;
	return 0;
}

int rules_set(unsigned int slot, const char *ifname, const struct flows *f, const char **why)
{
	int turn, err;

	if (kind == NFT)
		return nftrules_set(slot, ifname, f, why);
	turn = turn_take(why);
	if (turn < 0)
		return turn;
	err = iptables_set(slot, ifname, f, why);
	close(turn);
	return err;
}

void rules_stop(void)
{
	const char *why;
	int turn;

	if (kind == NFT) {
		nftrules_stop();
	} else if (kind == IPTABLES) {
		turn = turn_take(&why);
		iptables_stop();
		if (turn >= 0)
			close(turn);
	}
	kind = NONE;
}
