// SPDX-License-Identifier: GPL-2.0-only
/*
 * background.c - the thread that drives while no application thread is inside.
 *
 * Three situations, seen from the vCPUs that no thread waits for:
 *  - a task stands in user mode, its application computes or will call again
 *    soon: leave it alone until its next tick is overdue, then take over (the
 *    task is parked, the vCPU becomes idle and its tick stops);
 *  - the same, but other threads are blocked in calls on that vCPU, and none of them is its
 *    waiter: a thread that calls takes the frames for them. Leave them alone until there was no
 *    call for LOOK_NS;
 *  - nobody is inside at all, or there are blocked calls but no waiter and no calling thread for
 *    their vCPU: wait for frames and for the earliest timer;
 *  - a thread waits or runs: frames are its business; sleep until the earliest
 *    timer of the others.
 *
 * Frames that a thread holds back (doorbell.c) and does not send in time it sends itself.
 *
 * While applications call often it looks every WATCH_NS and nobody needs to
 * wake it; after a quiet period it sleeps for good.
 *
 * One thread for all vCPUs; it takes no signals (ownthread.c). It sleeps in epoll; application
 * threads wake it (background_kick()) only if it would wake too late.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include "engine/fault.h"
#include "engine/netif.h"
#include "engine/vcpu.h"
#include "lib/rawsys.h"

#define OVERDUE_NS 10000000 /* a tick this late: the application is not calling */
#define WATCH_NS   8000000  /* how often to look while applications call; less than OVERDUE_NS */
#define LOOK_NS	   500000   /* the same, if other threads are blocked on its vCPU */
#define KICK_TAG   0xffffffffu

static pthread_t thread;

void background_kick(uint64_t deadline)
{
	uint64_t one = 1;

	if (deadline && (deadline == LKL_NO_DEADLINE ||
			 atomic_load(&engine.bg_until) <= deadline + engine.overdue))
		return;
	RAWSYS(SYS_write, engine.bg_kick_fd, &one, sizeof(one));
}

/* Have applications called since the last look? */
static bool look_busy(void)
{
	bool busy = false;

	for_each_vcpu (v) {
		uint64_t runs = __atomic_load_n(&v->runs, __ATOMIC_RELAXED);

		busy |= runs != v->seen;
		v->seen = runs;
		v->streams = coalesce_used(&v->sent);
		v->rings = doorbell_used(&v->bell);
	}
	return busy;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Is @v driven by a thread that calls again and again, as far as one can say? */
static bool background_driven(const struct vcpu *v)
{
	return cycles() - atomic_load_explicit(&v->called, memory_order_relaxed) < engine.look / 2;
}

/* Frames of @v that are held back; gives when to look again, 0: they have been sent now. */
static uint64_t background_bell(struct vcpu *v)
{
	uint64_t late = doorbell_late(&v->bell), now = cycles();
	uint64_t soon = now + DOORBELL_LATE_US * v->bell.us;

	if (now < late)
		return v->rings ? earlier(late, soon) : late;
	doorbell_missed(&v->bell);
	/* If it is locked, its holder sends. */
	return vcpu_service(v) ? 0 : soon;
}

/* Serve what nobody else does; gives when to look again, and whether frames matter. */
static uint64_t background_survey(bool busy, bool *frames)
{
	uint64_t until = LKL_NO_DEADLINE;
	bool active = false, alone = false;

	for_each_vcpu (v) {
		uint64_t deadline, late = coalesce_late(&v->sent);
		uint64_t soon = cycles() + COALESCE_LATE_US * v->sent.us;
		bool idle = atomic_load(&v->idle);
		uint32_t waiter = atomic_load(&v->waiter) ? 1 : 0;
		bool driven = background_driven(v);
		uint64_t bell = background_bell(v);
		bool orphans;

		if (!bell)
			return 0;
		until = earlier(until, bell);
		/* Blocked threads beside one that calls: look again soon, without being woken. */
		if ((busy || driven) && atomic_load(&v->blocked) > waiter)
			until = earlier(until, cycles() + engine.look);
		if (waiter || atomic_load(&v->lock)) {
			active = true;
			/* That thread reports its completions, or leaves them to us. */
			if (v->streams)
				until = earlier(until, soon);
			continue;
		}
		orphans = atomic_load(&v->blocked) > 0 && !driven;
		deadline = v->lkl->deadline;
		if (!idle && deadline != LKL_NO_DEADLINE && !orphans)
			deadline += engine.overdue;
		if (__atomic_load_n(&v->lkl->pending, __ATOMIC_SEQ_CST) & 0xff ||
		    cycles() >= deadline || cycles() >= late || vcpu_spins(v) ||
		    ((idle || orphans) && __atomic_load_n(&v->lkl->pending, __ATOMIC_RELAXED))) {
			vcpu_service(v);
			return 0;
		}
		until = earlier(until, earlier(deadline, late));
		if (v->streams)
			until = earlier(until, soon);
		if (orphans)
			alone = true;
		else if (!idle)
			active = true;
	}
	*frames = alone || !active;
	if (active && busy) {
		/* Look again soon, so that no thread that leaves has to wake us. */
		until = earlier(until, cycles() + (uint64_t)(WATCH_NS * engine.cycles_per_ns));
	}
	return until;
}

static void sleep_until(uint64_t until, bool frames)
{
	struct epoll_event ev[LKL_MAX_NETDEVS + 1];
	struct timespec ts = {3600, 0};
	uint64_t now = cycles();
	long n;

	if (until != LKL_NO_DEADLINE) {
		double ns = until > now ? (double)(until - now) / engine.cycles_per_ns : 0;

		if (ns < 3600e9) {
			ts.tv_sec = (time_t)(ns / 1e9);
			ts.tv_nsec = (long)(ns - (double)ts.tv_sec * 1e9);
		}
	}
	if (netif_stalled() && (ts.tv_sec || ts.tv_nsec > 1000000))
		ts = (struct timespec){0, 1000000};
	if (!frames) {
		/* Only the kick descriptor: frames are the callers' business. */
		struct pollfd p = {.fd = engine.bg_kick_fd, .events = POLLIN};
		uint64_t v;

		RAWSYS(SYS_ppoll, &p, 1, &ts, NULL, 0);
		if (p.revents)
			RAWSYS(SYS_read, engine.bg_kick_fd, &v, sizeof(v));
		return;
	}
	n = vcpu_epoll(engine.bg_epoll_fd, ev, LKL_MAX_NETDEVS + 1, &ts);
	for (long i = 0; i < n; i++) {
		struct vcpu *v = &engine.vcpu[0];

		if (ev[i].data.u32 == KICK_TAG) {
			uint64_t count;

			RAWSYS(SYS_read, engine.bg_kick_fd, &count, sizeof(count));
			continue;
		}
		/* Prefer a vCPU that nobody waits for: we drive it ourselves. */
		for_each_vcpu (w) {
			if (!atomic_load(&w->waiter)) {
				v = w;
				break;
			}
		}
		__atomic_fetch_or(&v->lkl->pending, LKL_PENDING_RX(ev[i].data.u32),
				  __ATOMIC_SEQ_CST);
		if (atomic_load(&v->waiter))
			vcpu_kick(v);
		else
			vcpu_service(v);
	}
}

static void *background_run(void *arg)
{
	/* It may run a call of the program's, with a bad pointer. */
	void *alt_stack = fault_thread_init();

	prctl(PR_SET_NAME, "persona");
	while (!atomic_load(&engine.stop)) {
		bool busy = look_busy(), frames = false;
		uint64_t until;

		until = background_survey(busy, &frames);
		if (!until)
			continue;
		atomic_store(&engine.bg_until, until);
		atomic_store(&engine.bg_asleep, true);
		full_fence();
		/* Again: somebody may have left before we said that we sleep. */
		until = background_survey(busy, &frames);
		if (until) {
			atomic_store(&engine.bg_until, until);
			atomic_store(&engine.bg_frames, frames);
			sleep_until(until, frames);
		}
		atomic_store(&engine.bg_asleep, false);
		if (netif_stalled())
			netif_flush(netif_stalled(), 0);
	}
	fault_thread_exit(alt_stack);
	return arg;
}

int background_start(void)
{
	atomic_store(&engine.stop, false);
	engine.overdue = (uint64_t)(OVERDUE_NS * engine.cycles_per_ns);
	engine.look = (uint64_t)(LOOK_NS * engine.cycles_per_ns);
	return engine_thread_create(&thread, 256 << 10, 0, background_run, NULL);
}

void background_stop(void)
{
	atomic_store(&engine.stop, true);
	background_kick(0);
	pthread_join(thread, NULL);
}
