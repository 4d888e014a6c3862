// SPDX-License-Identifier: GPL-2.0-only
/*
 * vcpu.c - the thread that drives: calls, waits, wake-ups.
 *
 * Theory of operation
 *
 * A thread that calls in locks its task's vCPU and runs it until its own call
 * is done. If the call blocks, the vCPU becomes idle and the thread waits
 * itself, with the vCPU unlocked: the first such thread is the vCPU's @waiter, it
 * watches the back ends' descriptors, the kick descriptor and the next timer;
 * others sleep until somebody finishes their call. So a blocking receive costs
 * one host wait and no hand-over.
 *
 * Everything that may run other host threads happens after the unlock
 * (vcpu_release()): waking the threads whose calls were finished, kicking other vCPUs,
 * sending frames.
 *
 * No event is missed: a thread that sets a pending bit looks at the vCPU's lock and at @asleep
 * afterwards; a thread that unlocks or goes to sleep looks at the pending bits afterwards. All
 * four accesses are sequentially consistent.
 *
 * TX completions are reported to the image, which frees the frames and lets their sockets send
 * more, when the next call comes; while a thread sends little and often, some time later
 * (coalesce.c). A thread that is about to wait reports them at once.
 *
 * Frames leave when the vCPU has been released; those of a thread that works through several
 * events leave together, some time later (doorbell.c).
 *
 * When no application thread drives, the background thread does
 * (background.c). A waiter polls for a while before it sleeps, as long as that
 * has paid recently and a processor is left for the others.
 */
#include <errno.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "engine/netif.h"
#include "engine/vcpu.h"
#include "lib/rawsys.h"

#define URGENT	      (LKL_PENDING_RESCHED | LKL_PENDING_CALL | LKL_PENDING_IRQ_WORK)
#define SPIN_NS	      50000 /* longest poll before a sleep */
#define SHORT_WAIT_NS 90000
#define PROBE	      16
#define SCORE_MAX     16
#define STALL_NS      1000000 /* retry a full transmit queue of the host after 1 ms */
#define FOREVER_S     3600
#define STAND_BY      8 /* times as long as the receiver the others leave frames alone */
#define KICK_TAG      0xffffffffu

struct engine engine = {.bg_epoll_fd = -1, .bg_kick_fd = -1};

static uint64_t ns_to_cycles(uint64_t ns)
{
	return (uint64_t)((double)ns * engine.cycles_per_ns);
}

static struct timespec until_to_ts(uint64_t until)
{
	uint64_t now = cycles();
	struct timespec ts = {FOREVER_S, 0};
	double ns;

	if (until <= now)
		return (struct timespec){0, 0};
	ns = (double)(until - now) / engine.cycles_per_ns;
	if (ns < FOREVER_S * 1e9) {
		ts.tv_sec = (time_t)(ns / 1e9);
		ts.tv_nsec = (long)(ns - (double)ts.tv_sec * 1e9);
	}
	return ts;
}

static uint32_t vcpu_pending_of(const struct vcpu *v)
{
	return __atomic_load_n(&v->lkl->pending, __ATOMIC_SEQ_CST);
}

static void vcpu_pend(struct vcpu *v, uint32_t bits)
{
	__atomic_fetch_or(&v->lkl->pending, bits, __ATOMIC_SEQ_CST);
}

static bool is_done(const struct thread *t)
{
	return __atomic_load_n(&t->lkl.state, __ATOMIC_ACQUIRE) == LKL_THREAD_DONE;
}

static void event_write(int fd)
{
	uint64_t one = 1;

	RAWSYS(SYS_write, fd, &one, sizeof(one));
}

/* Its call is done: wake it, however it sleeps. */
static void vcpu_wake(struct thread *t)
{
	struct vcpu *v = &engine.vcpu[t->lkl.vcpu];

	atomic_store(&t->wake, 1);
	switch (atomic_load(&t->sleep)) {
	case SLEEP_FUTEX:
		RAWSYS(SYS_futex, &t->wake, FUTEX_WAKE_PRIVATE, 1);
		break;
	case SLEEP_EVENT:
		event_write(t->event_fd);
		break;
	case SLEEP_VCPU:
		event_write(v->kick_fd);
		break;
	}
}

void vcpu_kick(struct vcpu *v)
{
	if (atomic_load(&v->lock))
		return; /* the holder looks after it has unlocked */
	if (atomic_load(&v->waiter)) {
		if (atomic_load(&v->asleep))
			event_write(v->kick_fd);
		return; /* a polling waiter sees the bits */
	}
	background_kick(0);
}

/* Report TX completions to @v's image; false if there were none. */
static bool vcpu_complete_tx(struct vcpu *v)
{
	uint32_t devs = coalesce_take(&v->sent);

	if (devs)
		vcpu_pend(v, devs * LKL_PENDING_TX(0));
	return devs;
}

/* Does another vCPU hold frames back? What one socket sends on two of them stays in order. */
static bool others_hold(const struct vcpu *v)
{
	for_each_vcpu (w)
		if (w != v && doorbell_late(&w->bell) != UINT64_MAX)
			return true;
	return false;
}

/* Are @v's frames held back (doorbell.c)? @may: the thread will call again. @v is locked. */
static bool vcpu_holds(struct vcpu *v, bool may)
{
	unsigned int frames = 0;
	uint32_t bytes = 0;
	uint64_t now = 0;

	may = may && !others_hold(v);

	if (may) {
		frames = netif_backlog(v->lkl->tx, v->lkl->id, &bytes);
		now = cycles();
	}
	return doorbell_holds(&v->bell, now, may, frames, bytes);
}

/* Unlock, and do what had to wait for it. @hold: frames may wait for others. */
static void vcpu_release(struct vcpu *v, bool hold)
{
	struct lkl_vcpu *l = v->lkl;
	struct lkl_thread *done[LKL_DONE_MAX];
	uint32_t ndone = l->ndone, kick = l->kick, tx = 0;
	bool coalesce = l->coalesce;

	if (__builtin_expect(ndone, 0)) {
		memcpy(done, l->done, ndone * sizeof(done[0]));
		l->ndone = 0;
	}
	l->kick = 0;
	if (l->tx && !vcpu_holds(v, hold)) {
		tx = l->tx;
		l->tx = 0;
	}
	l->coalesce = 0;
	atomic_store_explicit(&v->idle, l->reason == LKL_RUN_IDLE, memory_order_relaxed);
	mutex_unlock(&v->lock);

	for (uint32_t i = 0; i < ndone; i++)
		vcpu_wake((struct thread *)done[i]);
	for (; kick; kick &= kick - 1)
		vcpu_kick(&engine.vcpu[__builtin_ctz(kick)]);
	tx |= netif_stalled();
	if (tx) {
		uint32_t bytes = netif_flush(tx, l->id);

		if (!coalesce_sent(&v->sent, cycles(), tx, bytes, coalesce))
			vcpu_complete_tx(v);
	}
}

/*
 * Run @v, locked, for @t, then release it; @now in cycles, from a moment ago. @hold: the frames of
 * a call that has not blocked may wait for others.
 */
static uint32_t run_and_release(struct vcpu *v, struct lkl_thread *t, uint64_t now, bool hold)
{
	uint32_t reason;

	v->lkl->now = now;
	reason = engine.image.run(v->lkl, t);
	/* Written under the lock, read without (background.c). */
	__atomic_store_n(&v->runs, v->runs + 1, __ATOMIC_RELAXED);
	vcpu_release(v, hold && __atomic_load_n(&t->state, __ATOMIC_RELAXED) == LKL_THREAD_DONE);
	return reason;
}

/* The kernel on @self spins for another vCPU: if nobody drives that one, do. */
static void help_others(const struct vcpu *self)
{
	bool helped = false;

	for_each_vcpu (v) {
		struct lkl_thread driver = {.vcpu = v->lkl->id};

		if (v == self || !(vcpu_spins(v) || vcpu_pending_of(v) & URGENT) ||
		    !__atomic_load_n(&v->lkl->kernel_sp, __ATOMIC_ACQUIRE) ||
		    !mutex_trylock(&v->lock))
			continue;
		helped = true;
		/* Still spinning itself, or kicked while we held it: not to be forgotten. */
		if (run_and_release(v, &driver, cycles(), false) == LKL_RUN_YIELD)
			background_kick(0);
		else if (vcpu_pending_of(v) & URGENT)
			vcpu_kick(v);
	}
	if (!helped)
		raw_yield();
}

bool vcpu_service(struct vcpu *v)
{
	struct lkl_thread driver = {.vcpu = v->lkl->id};
	uint32_t reason;

	if (!__atomic_load_n(&v->lkl->kernel_sp, __ATOMIC_ACQUIRE) || !mutex_trylock(&v->lock))
		return false;
	vcpu_complete_tx(v);
	do {
		reason = run_and_release(v, &driver, cycles(), false);
		if (reason != LKL_RUN_YIELD)
			break;
		help_others(v);
	} while (mutex_trylock(&v->lock));
	if (reason == LKL_RUN_HALT)
		engine.halted = true;
	return true;
}

/*
 * Without epoll_pwait2() the time-out, in nanoseconds, is poll's: of the epoll descriptor. It is
 * read in place, since a signal may clear it until we sleep (engine_interrupt()).
 */
long vcpu_epoll(int epfd, struct epoll_event *ev, int n, const struct timespec *ts)
{
	struct pollfd p = {.fd = epfd, .events = POLLIN};

	if (engine.pwait2)
		return RAWSYS(SYS_epoll_pwait2, epfd, ev, n, ts, NULL, 0);
	if (ts->tv_sec || ts->tv_nsec) {
		long ready = RAWSYS(SYS_ppoll, &p, 1, ts, NULL, 0);

		if (ready <= 0)
			return ready;
	}
	return RAWSYS(SYS_epoll_pwait, epfd, ev, n, 0, NULL, 0);
}

/* Wait for one of the descriptors in epoll @fd; note what is ready. */
static bool poll_events(struct vcpu *v, int fd, const struct timespec *ts)
{
	struct epoll_event ev[LKL_MAX_NETDEVS + 1];
	bool any = false;
	long n;

	n = vcpu_epoll(fd, ev, LKL_MAX_NETDEVS + 1, ts);
	for (long i = 0; i < n; i++) {
		if (ev[i].data.u32 != KICK_TAG) {
			vcpu_pend(v, LKL_PENDING_RX(ev[i].data.u32));
			any = true;
		}
	}
	return any;
}

/* Anything for thread @t, waiting on @v, to do? */
static inline bool must_stop(struct thread *t, struct vcpu *v)
{
	return is_done(t) || vcpu_pending_of(v) || t->lkl.interrupt || cycles() >= v->lkl->deadline;
}

/*
 * Sleep on descriptor @fd and the host descriptors of the call. A host
 * descriptor that is ready ends the call as a signal would. Gives whether @fd is.
 */
static bool sleep_with_host(struct thread *t, int fd)
{
	struct pollfd *p = t->host - 1; /* see engine_syscall_poll() */
	long n;

	*p = (struct pollfd){.fd = fd, .events = POLLIN};
	n = RAWSYS(SYS_ppoll, p, t->nhost + 1, &t->ts, NULL, 0);
	if (n <= 0)
		return false;
	if (n > (p->revents != 0)) {
		t->host_ready = true;
		t->lkl.interrupt = 1;
	}
	return p->revents;
}

/* Is a host descriptor of the call ready? */
static bool host_ready(struct thread *t)
{
	static const struct timespec zero;

	return t->nhost && RAWSYS(SYS_ppoll, t->host, t->nhost, &zero, NULL, 0) > 0;
}

/*
 * Poll for a while; true if something came. A ready host descriptor ends it, too. Not inlined, so
 * that profiles tell polling from work.
 */
__attribute__((noinline)) static bool spin(struct thread *t, struct vcpu *v)
{
	static const struct timespec zero;
	uint64_t start = cycles(), limit = v->spin;
	bool got = false;

	if (!limit)
		return false;
	if (atomic_fetch_add(&engine.spinners, 1) >=
	    (int)engine.processors - 1 + (engine.processors > 1))
		goto out;
	for (unsigned int turn = 1; cycles() - start < limit; turn++) {
		if (must_stop(t, v)) {
			got = true;
			break;
		}
		if (netif_count() && turn % 16 == 0 && poll_events(v, v->epoll_fd, &zero)) {
			got = true;
			break;
		}
		if (turn % 16 == 8 && host_ready(t))
			break;
		cpu_pause();
	}
out:
	atomic_fetch_sub(&engine.spinners, 1);
	return got;
}

/*
 * Polling pays if what is waited for comes soon, and costs a processor if not: a
 * packet every 200 us is not worth it. So keep score of the waits that
 * polling ended, or would have (a sleep of less than a wake-up and a bit). Two
 * threads that wake each other out of sleep look as if it would not pay until one
 * of them tries, so now and then one does.
 */
static void keep_score(struct vcpu *v, bool polled, uint64_t waited)
{
	if (engine.processors < 2)
		return;
	if (polled || waited < ns_to_cycles(SHORT_WAIT_NS))
		v->score = v->score + 2 < SCORE_MAX ? v->score + 2 : SCORE_MAX;
	else if (v->score)
		v->score--;
	v->spin = v->score || ++v->waits % PROBE == 0 ? ns_to_cycles(SPIN_NS) : 0;
}

/*
 * How long may frames gather, cycles? Not where polling pays: what is waited for comes at
 * once. While frames gather, the waiters of other vCPUs look now and then only, for the case
 * that the receiver has gone to compute; a waiter that finds frames becomes the receiver.
 */
static uint64_t hold_frames(struct vcpu *v, uint64_t now)
{
	struct vcpu *receiver = atomic_load(&engine.receiver);
	uint64_t hold = atomic_load_explicit(&engine.hold, memory_order_relaxed);

	if (receiver != v)
		return hold * STAND_BY;
	if (!hold && v->score)
		return 0;
	if (atomic_exchange(&engine.moderating, true))
		return hold;
	hold = moderation_hold(&engine.moderation, now, netif_received());
	atomic_store_explicit(&engine.hold, hold, memory_order_relaxed);
	atomic_store(&engine.moderating, false);
	return hold;
}

/*
 * A waiter that has got frames becomes the receiver; so does one that stood by for a receiver
 * that waits no more, whose hold would never be judged again, so that ours would never end.
 */
static void vcpu_take_over(struct vcpu *v, bool got)
{
	struct vcpu *receiver = atomic_load(&engine.receiver);

	if (receiver != v && (got || (receiver && !atomic_load(&receiver->waiter))))
		atomic_store(&engine.receiver, v);
}

/* As @v's waiter: until something is to be done on @v or for @t. */
static void wait_vcpu(struct thread *t, struct vcpu *v)
{
	static const struct timespec zero;
	uint64_t start = cycles(), begin, until, hold;
	int fd = v->epoll_fd;

	if (!atomic_load_explicit(&engine.hold, memory_order_relaxed) && spin(t, v)) {
		keep_score(v, true, 0);
		return;
	}
	begin = cycles();
	until = v->lkl->deadline;
	if (netif_stalled() && until > begin + ns_to_cycles(STALL_NS))
		until = begin + ns_to_cycles(STALL_NS);
	hold = hold_frames(v, begin);
	if (hold) {
		fd = v->quiet_fd;
		if (until > begin + hold)
			until = begin + hold;
	}
	atomic_store(&v->until, until);
	t->ts = until_to_ts(until);
	atomic_store(&t->sleep, SLEEP_VCPU);
	atomic_store(&v->asleep, true);
	full_fence();
	if (!must_stop(t, v)) {
		bool got = false;

		if (!t->nhost)
			got = poll_events(v, fd, &t->ts);
		else if (sleep_with_host(t, fd))
			got = poll_events(v, fd, &zero);
		if (hold)
			got = poll_events(v, v->epoll_fd, &zero);
		vcpu_take_over(v, got);
		/* What has come is known: no need to look again at the next call. */
		v->lkl->last_poll = cycles();
	}
	atomic_store(&v->asleep, false);
	atomic_store(&t->sleep, SLEEP_NOT);
	if (!hold)
		keep_score(v, false, cycles() - start);
	if (netif_stalled())
		netif_flush(netif_stalled(), v->lkl->id);
}

/* Another thread waits for the vCPU: until our call is done, or a signal. */
static void wait_done(struct thread *t)
{
	t->ts = (struct timespec){FOREVER_S, 0};
	atomic_store(&t->wake, 0); /* a late wake-up for the last call may have set it */
	if (t->nhost) {
		uint64_t n;

		atomic_store(&t->sleep, SLEEP_EVENT);
		full_fence();
		if (!is_done(t) && !t->lkl.interrupt && sleep_with_host(t, t->event_fd))
			RAWSYS(SYS_read, t->event_fd, &n, sizeof(n));
	} else {
		atomic_store(&t->sleep, SLEEP_FUTEX);
		full_fence();
		if (!is_done(t) && !t->lkl.interrupt)
			RAWSYS(SYS_futex, &t->wake, FUTEX_WAIT_PRIVATE, 0, &t->ts);
	}
	atomic_store(&t->sleep, SLEEP_NOT);
}

/* The call is blocked and its vCPU idle. */
static void wait_blocked(struct thread *t, struct vcpu *v)
{
	struct thread *none = NULL;

	atomic_fetch_add(&v->blocked, 1);
	if (atomic_compare_exchange_strong(&v->waiter, &none, t)) {
		/* A thread that sent meanwhile leaves completions to the waiter, or saw none yet.
		 */
		if (!vcpu_complete_tx(v))
			wait_vcpu(t, v);
		atomic_store(&v->waiter, NULL);
	} else {
		wait_done(t);
	}
	atomic_fetch_sub(&v->blocked, 1);
}

/* Frames are held back: the background thread shall be there in time if no call follows. */
static void vcpu_watch_bell(struct vcpu *v)
{
	uint64_t late = doorbell_late(&v->bell);

	if (late != UINT64_MAX && atomic_load(&engine.bg_asleep) &&
	    atomic_load(&engine.bg_until) > late + DOORBELL_LATE_US * v->bell.us)
		background_kick(0);
}

/*
 * We leave for the application. Whatever comes now is the background thread's:
 * see that it wakes in time, and that no urgent bit stays behind.
 */
static void vcpu_leave(struct thread *t, struct vcpu *v)
{
	struct thread *waiter;

	for (int i = 0; i < 4 && (vcpu_pending_of(v) & URGENT) && mutex_trylock(&v->lock); i++)
		run_and_release(v, &t->lkl, cycles(), false);
	if (vcpu_pending_of(v) & URGENT)
		vcpu_kick(v);
	vcpu_watch_bell(v);
	waiter = atomic_load(&v->waiter);
	if (waiter) {
		bool completed = vcpu_complete_tx(v);

		if (atomic_load(&v->asleep) &&
		    (completed || v->lkl->deadline < atomic_load(&v->until)))
			event_write(v->kick_fd);
		return;
	}
	if (atomic_load(&engine.bg_asleep)) {
		/* Others are blocked here: it looks after us soon, or it does now. */
		bool orphans = atomic_load(&v->blocked) && !atomic_load(&engine.bg_frames) &&
			       atomic_load(&engine.bg_until) > cycles() + engine.look;

		/* Its look at what was sent may come that much later. */
		uint64_t late_at = coalesce_late(&v->sent);
		bool late = late_at != LKL_NO_DEADLINE &&
			    atomic_load(&engine.bg_until) > late_at + COALESCE_LATE_US * v->sent.us;

		background_kick(orphans || late ? 0 : v->lkl->deadline);
	}
}

/* Before @t's vCPU @v runs for it, locked. */
static void begin_run(struct thread *t, struct vcpu *v, uint64_t now)
{
	/* A waiter gets its completions at once. */
	bool coalesce = streak_coalesces(&t->streak, &v->sent) && !atomic_load(&v->waiter);

	v->lkl->coalesce = coalesce;
	if (coalesce && coalesce_waits(&v->sent, now))
		v->lkl->last_poll = now;
	else if (vcpu_complete_tx(v))
		v->lkl->last_poll = 0;
}

static bool is_wait(long nr)
{
	return nr == SYS_epoll_pwait || nr == SYS_epoll_pwait2 || nr == SYS_ppoll ||
	       nr == SYS_pselect6;
}

long vcpu_call(struct thread *t)
{
	struct vcpu *v = &engine.vcpu[t->lkl.vcpu];
	bool wait = is_wait(t->lkl.nr), hold;
	uint64_t now = cycles();
	uint32_t reason;

	atomic_store_explicit(&t->wake, 0, memory_order_relaxed);
	t->host_ready = false;
	t->inside = true;
	streak_call(&t->streak, &v->sent, now);
	hold = !wait && t->lkl.nr != LKL_NR_EXIT && turn_call(&t->turn, &v->bell, now);
	atomic_store_explicit(&v->called, now, memory_order_relaxed);
	__atomic_store_n(&t->lkl.state, LKL_THREAD_PENDING, __ATOMIC_RELEASE);
	for (;;) {
		mutex_lock(&v->lock);
		if (is_done(t)) {
			/* Finished by another while we came for the lock. */
			vcpu_release(v, false);
			break;
		}
		begin_run(t, v, now);
		reason = run_and_release(v, &t->lkl, now, hold);
		if (is_done(t))
			break;
		streak_end(&t->streak);
		if (reason == LKL_RUN_HALT) {
			engine.halted = true;
			t->lkl.ret = -ENETDOWN;
			break;
		}
		if (reason == LKL_RUN_YIELD)
			help_others(v);
		else if (!vcpu_complete_tx(v) && !vcpu_pending_of(v))
			wait_blocked(t, v);
		if (is_done(t))
			break;
		now = cycles();
	}
	if (wait)
		turn_waited(&t->turn, t->lkl.ret);
	vcpu_leave(t, v);
	t->lkl.state = LKL_THREAD_USER;
	t->lkl.interrupt = 0;
	t->inside = false;
	return t->lkl.ret;
}

void vcpus_boot(struct thread *t)
{
	struct vcpu *first = &engine.vcpu[0];

	mutex_lock(&first->lock);
	run_and_release(first, &t->lkl, cycles(), false);
	while (!is_done(t) && !engine.halted) {
		for_each_vcpu (v) {
			if (v == first || vcpu_pending_of(v) || cycles() >= v->lkl->deadline)
				vcpu_service(v);
			if (is_done(t))
				break;
		}
	}
	t->lkl.state = LKL_THREAD_USER;
}

int vcpus_watch(int fd, unsigned int dev)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET | EPOLLEXCLUSIVE, .data.u32 = dev};
	long err;

	for_each_vcpu (v) {
		err = RAWSYS(SYS_epoll_ctl, v->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
		if (err < 0)
			return (int)err;
	}
	/* Last, so that the kernel prefers a waiting application thread. */
	return (int)RAWSYS(SYS_epoll_ctl, engine.bg_epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

/* An epoll descriptor with @kick_fd in it. */
static int make_poll_set(int *epoll_fd, int kick_fd)
{
	/* Edge triggered: the counter is never read, each write is an edge. */
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET, .data.u32 = KICK_TAG};

	*epoll_fd = host_fd_keep((int)RAWSYS(SYS_epoll_create1, EPOLL_CLOEXEC));
	if (*epoll_fd < 0)
		return *epoll_fd;
	return (int)RAWSYS(SYS_epoll_ctl, *epoll_fd, EPOLL_CTL_ADD, kick_fd, &ev);
}

static int make_kick(int *kick_fd)
{
	*kick_fd = host_fd_keep((int)RAWSYS(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
	return *kick_fd;
}

int vcpus_init(unsigned int n)
{
	int err;

	engine.nvcpus = n;
	moderation_init(&engine.moderation, ns_to_cycles(1000));
	atomic_store(&engine.hold, 0);
	atomic_store(&engine.receiver, NULL);
	memset(engine.vcpu, 0, sizeof(engine.vcpu));
	memset(engine.lkl_vcpu, 0, sizeof(engine.lkl_vcpu));
	for (unsigned int i = 0; i < LKL_MAX_VCPUS; i++)
		engine.vcpu[i].epoll_fd = engine.vcpu[i].kick_fd = engine.vcpu[i].quiet_fd = -1;
	for_each_vcpu (v) {
		v->lkl = &engine.lkl_vcpu[v - engine.vcpu];
		v->lkl->id = (uint32_t)(v - engine.vcpu);
		v->lkl->deadline = LKL_NO_DEADLINE;
		coalesce_init(&v->sent, ns_to_cycles(1000));
		doorbell_init(&v->bell, ns_to_cycles(1000));
		v->spin = engine.processors > 1 ? ns_to_cycles(SPIN_NS) : 0;
		err = make_kick(&v->kick_fd);
		if (err >= 0)
			err = make_poll_set(&v->epoll_fd, v->kick_fd);
		if (err >= 0)
			err = make_poll_set(&v->quiet_fd, v->kick_fd);
		if (err < 0)
			return err;
	}
	err = make_kick(&engine.bg_kick_fd);
	return err < 0 ? err : make_poll_set(&engine.bg_epoll_fd, engine.bg_kick_fd);
}

void vcpus_exit(void)
{
	for_each_vcpu (v) {
		host_fd_close(&v->epoll_fd);
		host_fd_close(&v->kick_fd);
		host_fd_close(&v->quiet_fd);
	}
	host_fd_close(&engine.bg_epoll_fd);
	host_fd_close(&engine.bg_kick_fd);
}
