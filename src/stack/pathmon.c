// SPDX-License-Identifier: GPL-2.0-only
/*
 * pathmon.c - is a path still alive? The judgement about one interface.
 *
 * Theory of operation
 *
 *	good	   frames move: every one received is a sign of life
 *	suspected  it is @open, and silent for SUSPECT_MS: probes, PROBE_MS apart
 *	away	   PROBES of them and DEAD_MS of silence (more on a slow path: see
 *		   pathmon_patience()), and another interface is alive: MPTCP has left it.
 *		   Probes go on, fast, later slow, and slower when nothing else moves
 *	good	   an answer came
 *
 * The silence counts from the last frame received or, if there was none for long,
 * from the first one sent. An answer closes the matter until frames move again, so an
 * idle path is asked once after its last frame.
 *
 * A probe that was never answered since the interface came up proves nothing by
 * not being answered: such a path is never left. So the first thing on a busy
 * path is a probe, which also measures how long an answer takes. Where that
 * goes unanswered, it is tried again now and then, and silence is no reason to ask.
 *
 * A tunnel's far end answers the first frame, with a handshake. So one that has never spoken
 * OWES_MS after it is left, too, and is good as soon as it speaks.
 *
 * After a return connections should open subflows. The kernel tries each endpoint but once, so
 * the caller is told to look, three times, and to make the endpoint again if there is none.
 *
 * Owner, threads: the caller. No I/O, no clock of its own.
 */
#include "stack/pathmon.h"

#define SUSPECT_MS     300
#define PROBE_MS       PATHMON_TICK_MS
#define PROBES	       3
#define DEAD_MS	       800
#define DEAD_MAX_MS    2000
#define SLOW_MS	       1000 /* between further probes of a suspect that cannot be left */
#define PROVE_MS       1000 /* between first probes, PROVE_FOR_MS long, then PROVE_LATER_MS */
#define PROVE_FOR_MS   5000
#define PROVE_LATER_MS 30000
#define AWAY_MS	       500 /* between probes of a path that was left, EAGER_MS long */
#define AWAY_LATER_MS  2000
#define AWAY_QUIET_MS  10000
#define EAGER_MS       30000
#define ALIVE_MS       1000
#define OWES_MS	       2000
#define FORGET_MS      5000 /* an answer that took longer is another probe's */
#define RENEWS	       4
#define RENEW_MS       400 /* after the return; doubled each time: 0.4, 0.8, 1.6 s */

void pathmon_init(struct pathmon *p, int64_t now, uint64_t rx, uint64_t tx, bool again)
{
	*p = (struct pathmon){
		.renews = again ? RENEWS : 0,
		.rx = rx,
		.tx = tx,
		.since = now,
		.base = now,
		.heard = now - ALIVE_MS,
	};
}

static void note_seen(struct pathmon *p, int64_t now, const struct pathmon_seen *seen)
{
	bool heard = seen->rx != p->rx || seen->answered;

	if (heard) {
		p->heard = now;
		p->probes = 0;
	}
	if (heard || (seen->tx != p->tx && !p->open))
		p->base = now;
	if (heard || seen->tx != p->tx)
		p->open = true;
	p->rx = seen->rx;
	p->tx = seen->tx;
	if (!seen->answered)
		return;
	p->open = false;
	p->proven = true;
	/* What is answered after a loss tells how long that was, not how slow the path is. */
	if (!p->away && p->asked && now - p->asked < FORGET_MS) {
		p->rtt -= p->rtt / 8;
		if (now - p->asked > p->rtt)
			p->rtt = now - p->asked;
	}
	p->asked = 0;
}

static enum pathmon_act pathmon_probe(struct pathmon *p, int64_t now, int64_t pause)
{
	if (p->probed && now - p->probed < pause)
		return PATHMON_NOTHING;
	p->probed = now;
	p->probes++;
	if (!p->asked || now - p->asked >= FORGET_MS)
		p->asked = now;
	return PATHMON_PROBE;
}

static enum pathmon_act pathmon_enter(struct pathmon *p, int64_t now, bool away)
{
	p->away = away;
	p->since = now;
	p->renews = RENEWS;
	return away ? PATHMON_LEAVE : PATHMON_RETURN;
}

/* How long an answer may take: twice what it took, once the asking has begun. */
static int64_t pathmon_patience(const struct pathmon *p)
{
	int64_t slow = SUSPECT_MS + 2 * p->rtt;

	if (!p->proven)
		return OWES_MS;
	if (slow < DEAD_MS)
		return DEAD_MS;
	return slow < DEAD_MAX_MS ? slow : DEAD_MAX_MS;
}

bool pathmon_suspect(const struct pathmon *p, int64_t now)
{
	return (p->proven || p->owes) && !p->away && p->open && now - p->base >= SUSPECT_MS;
}

bool pathmon_alive(const struct pathmon *p, int64_t now)
{
	return !p->away && now - p->heard < ALIVE_MS;
}

static enum pathmon_act step_away(struct pathmon *p, int64_t now, const struct pathmon_seen *seen,
				  bool first)
{
	if (seen->answered || (seen->owes && first))
		return pathmon_enter(p, now, false);
	if (!seen->busy || seen->thrifty)
		return pathmon_probe(p, now, AWAY_QUIET_MS);
	return pathmon_probe(p, now, now - p->since < EAGER_MS ? AWAY_MS : AWAY_LATER_MS);
}

static bool pathmon_renew(struct pathmon *p, int64_t now, const struct pathmon_seen *seen)
{
	if (!p->renews || now - p->since < (int64_t)RENEW_MS << (RENEWS - p->renews))
		return false;
	return --p->renews && seen->busy;
}

enum pathmon_act pathmon_step(struct pathmon *p, int64_t now, const struct pathmon_seen *seen)
{
	bool first = !p->spoken && seen->rx != p->rx;

	p->spoken |= first;
	p->owes = seen->owes && !p->spoken;
	note_seen(p, now, seen);
	if (p->away)
		return step_away(p, now, seen, first);
	if (pathmon_suspect(p, now)) {
		if (p->probes < PROBES)
			return pathmon_probe(p, now, PROBE_MS);
		if (seen->refuge && now - p->base >= pathmon_patience(p))
			return pathmon_enter(p, now, true);
		return seen->busy ? pathmon_probe(p, now, SLOW_MS) : PATHMON_NOTHING;
	}
	if (pathmon_renew(p, now, seen))
		return PATHMON_RENEW;
	if (seen->needed && !pathmon_alive(p, now) && (p->proven || p->probes < PROBES))
		return pathmon_probe(p, now, PROBE_MS);
	if (!p->proven && seen->busy && !seen->thrifty)
		return pathmon_probe(p, now,
				     now - p->since < PROVE_FOR_MS ? PROVE_MS : PROVE_LATER_MS);
	return PATHMON_NOTHING;
}
