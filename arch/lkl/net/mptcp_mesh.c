// SPDX-License-Identifier: GPL-2.0
/*
 * mptcp_mesh.c - an endpoint `fullmesh` that returns opens the first subflow's way again.
 *
 * Theory of operation
 *
 * fill_remote_addresses_vec() looks for what such an endpoint can connect to in the connection's
 * list of subflows: each address that one of them goes to, unless there is one already from this
 * endpoint's identifier. But the first subflow stays in the list when it is closed, since the
 * MPTCP socket owns it. So after a path's loss and return, if the connection began there:
 *
 * 1. The closed subflow counts as one that is there, and none is opened to the first address. Here
 *    its local identifier becomes 256, which no endpoint has, once the path manager has closed it
 *    or has told the peer that its address has gone. subflow_get_local_id() still returns the lower
 *    eight bits, 0 as before. (A negative one, "not known yet", would be found out again when the
 *    FIN is repeated: subflow_chk_local_id().)
 *
 * 2. A subflow that was reset is disconnected, and has port 0. It stands first in the list, so the
 *    new subflow would go to port 0, and none to the address's true port. Here it goes to the
 *    MPTCP socket's own port, which is what the first subflow had. No peer announces port 0
 *    (mptcp_pm_nl_add_addr_received() asks).
 *
 * Endpoints without `fullmesh` take the MPTCP socket's address, and have neither fault.
 *
 * Locking: all run with the MPTCP socket's lock held, as the functions that they wrap (--wrap,
 * arch/lkl/Makefile); mptcp_last.c calls mptcp_mesh_forget().
 */
#include <net/mptcp/protocol.h>
#include "mptcp_mesh.h"
#include "mptcp_timeout.h"

extern typeof(__mptcp_subflow_connect) __real___mptcp_subflow_connect;

#define NOBODYS (U8_MAX + 1)

/* What @local points to differs between kernel series. */
int __wrap___mptcp_subflow_connect(struct sock *sk, const void *local,
				   const struct mptcp_addr_info *remote);

void mptcp_mesh_forget(struct mptcp_sock *msk, bool closing)
{
	struct sock *first = READ_ONCE(msk->first);

	if (first && (closing || inet_sk_state_load(first) == TCP_CLOSE))
		WRITE_ONCE(mptcp_subflow_ctx(first)->local_id, NOBODYS);
}

int __wrap___mptcp_subflow_connect(struct sock *sk, const void *local,
				   const struct mptcp_addr_info *remote)
{
	struct mptcp_addr_info whole = *remote;
	bool waits = mptcp_timeout_waits(sk);
	int err;

	if (!whole.port)
		whole.port = sk->sk_dport;
	err = __real___mptcp_subflow_connect(sk, local, &whole);
	if (waits)
		mptcp_timeout_go_on(sk);
	return err;
}
