// SPDX-License-Identifier: GPL-2.0
/*
 * mptcp_prio.c - a subflow's priority is told twice.
 *
 * Theory of operation
 *
 * When an endpoint's flag `backup` changes, Linux sends an acknowledgment with MP_PRIO on each
 * subflow from it, once; nothing says whether it came. If it is lost, the peer's sender goes on as
 * before until the flag changes again.
 *
 * It is lost even where the network loses nothing. An acknowledgment without data may leave by
 * another TX queue than the one before (ooo_okay), and that with MP_PRIO is made by the thread
 * that changes the endpoint. If others of a download overtake it by more than a millisecond, its
 * timestamp is older than the peer's last, and it acknowledges less: PAWS discards it
 * (TcpExtPAWSEstab at the peer).
 *
 * __mptcp_subflow_send_ack() is what the path manager sends it with. It is wrapped by the linker
 * (--wrap, arch/lkl/Makefile): behind the call the subflow has to send MP_PRIO again, so the next
 * segment that has room for it repeats it. While a download runs that is the next acknowledgment,
 * which is of the ones that overtake. It says what holds at that time. (Another signal of the
 * path manager in between repeats it once more.)
 *
 * Locking: the subflow's socket lock, which the caller holds.
 *
 * Limits: on a subflow that is idle the repetition waits until something is sent. Segments of data
 * mostly have no room: 40 bytes of options are a map, a 64-bit DATA_ACK and a timestamp. Of a frame
 * without a map that the device cuts into segments each one has it.
 */
#include <net/sock.h>
#include <net/mptcp/protocol.h>

extern typeof(__mptcp_subflow_send_ack) __real___mptcp_subflow_send_ack;

void __wrap___mptcp_subflow_send_ack(struct sock *ssk);

void __wrap___mptcp_subflow_send_ack(struct sock *ssk)
{
	struct mptcp_subflow_context *subflow = mptcp_subflow_ctx(ssk);
	bool prio = subflow->send_mp_prio;

	__real___mptcp_subflow_send_ack(ssk);
	if (prio)
		subflow->send_mp_prio = 1;
}
