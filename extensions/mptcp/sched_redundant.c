// SPDX-License-Identifier: GPL-2.0
/*
 * sched_redundant.c - MPTCP scheduler "redundant": every byte on every path.
 *
 * Algorithm: each subflow sends the whole stream at its own pace: what the peer lacks, from a
 * cursor of its own. What another path has delivered meanwhile is skipped. The peer takes what
 * comes first; so a message is as fast as the fastest path, and a loss, or a path that is gone,
 * costs what the next path is slower. The rate is that of the best path; each path is used up.
 * Source: the "redundant" scheduler of multipath-tcp.org's Linux (Froemmgen, Erbshaeusser,
 * Buchmann, Zimmermann, Wehrle: ReMP TCP: Low Latency Multipath TCP, ICC 2016).
 *
 * Theory of operation
 *
 * MPTCP has one place where sending goes on, and moves it with each piece. To choose all subflows
 * at once would only deal the data out. So before each piece the place is set to the cursor of
 * the subflow that shall send (mpsched_seek()), which is the one with space that is most behind. A
 * piece ends with its fragment (snd_burst), since later fragments are marked by what others sent.
 *
 * To go back over what was sent is what MPTCP does when a subflow has failed, and it must know:
 * msk->recovery says that acknowledgments may be ahead of the place. It stays set, by a
 * recovery_snd_nxt that no acknowledgment reaches.
 *
 * Where the first subflow has sent all there is, MPTCP asks no more. So with a piece that takes the
 * end of the queue, MPTCP is made to ask where to retransmit (mpsched_ask_retrans()). There the
 * place is set to the cursor that is most behind, and the answer is that there is nothing to
 * retransmit. MPTCP then finds something to send, and asks again with each acknowledgment.
 * A connection's end (DATA_FIN) is not sent while something waits: when all data has been sent
 * once, the place goes to the end for a moment, and comes back behind the DATA_FIN.
 *
 * State: a subflow's cursor, as its difference to rel_write_seq, which MPTCP counts up with each
 * byte that the subflow is given (bit 32 says that there is one). That counts probes and
 * retransmissions too, so a cursor is kept between what is acknowledged and what has been sent.
 *
 * Locking: see sched.h. recovery and recovery_snd_nxt change under the msk's spinlock.
 *
 * Limits: backup subflows send only if there are no others, as everywhere. A subflow that is more
 * than 2 GiB behind is not expected.
 */
#include "sched.h"

#define CURSOR_SET BIT_ULL(32)

static u64 redundant_cursor(const struct mptcp_sock *msk,
			    const struct mptcp_subflow_context *subflow)
{
	u64 una = READ_ONCE(msk->snd_una), nxt = msk->snd_nxt, end = mpsched_data_end(msk), c = una;

	if (subflow->avg_pacing_rate & CURSOR_SET)
		c += (s32)((u32)subflow->avg_pacing_rate + subflow->rel_write_seq - (u32)una);
	if (after64(c, nxt))
		c = nxt;
	if (after64(c, end))
		c = end;
	return before64(c, una) ? una : c;
}

static void redundant_set_cursor(struct mptcp_subflow_context *subflow, u64 c)
{
	subflow->avg_pacing_rate = CURSOR_SET | (u32)((u32)c - subflow->rel_write_seq);
}

/* The peer's acknowledgments may be ahead of the place where sending goes on. */
static void redundant_allow_back(struct mptcp_sock *msk)
{
	u64 far = msk->snd_nxt + BIT_ULL(62);
	bool locked;

	if (READ_ONCE(msk->recovery) && msk->recovery_snd_nxt - msk->snd_nxt > BIT_ULL(61))
		return;
	locked = mpsched_lock(msk);
	msk->recovery = true;
	msk->recovery_snd_nxt = far;
	mpsched_unlock(msk, locked);
}

/* The cursor that is most behind; the data's end if none is */
static u64 redundant_hindmost(const struct mptcp_sock *msk, const struct mpsched_path *paths, int n)
{
	u64 hind = mpsched_data_end(msk), c;
	int i;

	for (i = 0; i < n; i++) {
		c = redundant_cursor(msk, paths[i].subflow);
		if (before64(c, hind))
			hind = c;
	}
	return hind;
}

/* The one that has space, and something to send, and is most behind; then the faster one */
static const struct mpsched_path *
redundant_next(const struct mptcp_sock *msk, const struct mpsched_path *paths, int n, u64 *from)
{
	u64 end = mpsched_data_end(msk), wnd = READ_ONCE(msk->wnd_end), c;
	const struct mpsched_path *best = NULL;
	int i;

	for (i = 0; i < n; i++) {
		c = redundant_cursor(msk, paths[i].subflow);
		if (!paths[i].space || !before64(c, end) || !before64(c, wnd))
			continue;
		if (best && (after64(c, *from) || (c == *from && best->srtt <= paths[i].srtt)))
			continue;
		best = &paths[i];
		*from = c;
	}
	return best;
}

/* Nobody can send now: leave the place where the next one will go on, if anybody is to. */
static void redundant_rest(struct mptcp_sock *msk, const struct mpsched_path *paths, int n)
{
	u64 end = mpsched_data_end(msk), hind = redundant_hindmost(msk, paths, n);

	if (before64(msk->snd_nxt, end)) {
		mpsched_seek(msk, msk->snd_nxt);
	} else if (msk->snd_data_fin_enable && msk->snd_nxt == end) {
		/* mptcp_worker() sends the DATA_FIN, then it asks for retransmissions. */
		mpsched_seek(msk, end);
		if (hind != end) {
			mpsched_state(msk)->redundant.asked = true;
			set_bit(MPTCP_WORK_RTX, &msk->flags);
		}
		mptcp_schedule_work((struct sock *)msk);
	} else {
		mpsched_seek(msk, hind);
	}
}

static int redundant_send(struct mptcp_sock *msk)
{
	struct mpsched_path paths[MPSCHED_PATHS];
	int n = mpsched_paths(msk, paths, false);
	const struct mptcp_data_frag *d;
	const struct mpsched_path *p;
	u64 from, to;
	bool full;

	if (!n)
		return -EINVAL;
	redundant_allow_back(msk);
	p = redundant_next(msk, paths, n, &from);
	if (!p) {
		full = before64(msk->snd_nxt, mpsched_data_end(msk)) &&
		       !before64(msk->snd_nxt, READ_ONCE(msk->wnd_end));
		redundant_rest(msk, paths, n);
		return full ? mpsched_full(msk, mpsched_fastest(paths, n, false)) : -EAGAIN;
	}
	redundant_set_cursor(p->subflow, from);
	mpsched_seek(msk, from);
	d = msk->first_pending;
	to = min(from + p->space, d->data_seq + d->data_len);
	if (to == mpsched_data_end(msk) && n > 1) {
		mpsched_state(msk)->redundant.asked = true;
		mpsched_ask_retrans(msk);
	}
	if (to != d->data_seq + d->data_len)
		return mpsched_give(msk, p, to - from);
	msk->snd_burst = 0;
	mptcp_subflow_set_scheduled(p->subflow, true);
	return 0;
}

static int redundant_retrans(struct mptcp_sock *msk)
{
	struct mpsched_state *s = mpsched_state(msk);
	struct mpsched_path paths[MPSCHED_PATHS];
	struct mptcp_data_frag *d;
	int n = mpsched_paths(msk, paths, false);

	if (s->redundant.asked) {
		s->redundant.asked = false;
		redundant_allow_back(msk);
		if (!before64(msk->snd_nxt, mpsched_data_end(msk)))
			mpsched_seek(msk, redundant_hindmost(msk, paths, n));
		return -EAGAIN;
	}
	/* MPTCP retransmits of the first fragment what is marked as sent. */
	d = list_first_entry_or_null(&msk->rtx_queue, struct mptcp_data_frag, list);
	if (d)
		d->already_sent = clamp_t(s64, msk->snd_nxt - d->data_seq, 0, d->data_len);
	return mpsched_retrans(msk);
}

SCHEDULER(redundant);
