/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vcpu.h - virtual CPUs and the host threads that drive them.
 *
 * Internal to the engine. vcpu.c has the theory of operation.
 */
#ifndef PERSONA_ENGINE_VCPU_H
#define PERSONA_ENGINE_VCPU_H

#include <poll.h>
#include <sys/epoll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include "engine/engine.h"
#include "engine/coalesce.h"
#include "engine/doorbell.h"
#include "engine/image.h"
#include "engine/moderation.h"

/* How a thread sleeps, that is, how it must be woken. */
enum thread_sleep {
	SLEEP_NOT,
	SLEEP_FUTEX, /* on thread.wake */
	SLEEP_EVENT, /* in ppoll on thread.event_fd */
	SLEEP_VCPU,  /* as its vCPU's waiter, in epoll */
};

/**
 * struct thread - a host thread in the engine
 * @lkl:      the image's view; its address is the thread's identity there
 * @wake:     futex word: 1 when the call is done
 * @sleep:    enum thread_sleep
 * @streak:   its calls since it waited or paused
 * @turn:     its calls since a wait gave several events
 * @inside:   the thread is in the engine: its signal handlers must be deferred
 * @ts:	      time-out of the sleep in progress; a signal handler zeroes it, so
 *	      that a sleep which has not begun yet ends at once
 * @event_fd: wakes a sleep in ppoll, -1 until needed
 * @host, @nhost: host descriptors watched by engine_syscall_poll()
 * @host_ready: one of them is ready
 */
struct thread {
	struct lkl_thread lkl;
	_Atomic uint32_t wake;
	_Atomic uint32_t sleep;
	volatile bool inside;
	bool host_ready;
	struct streak streak;
	struct turn turn;
	int event_fd;
	struct timespec ts;
	struct pollfd *host;
	unsigned int nhost;
	struct thread *next_free;
};

/**
 * struct vcpu - engine's part of a vCPU
 * @lock:    0 free, 1 held, 2 held with sleepers; its holder drives
 * @waiter:  the blocked thread that waits for this vCPU's events, or NULL
 * @asleep:  the waiter sleeps, or is about to: kick it by @kick_fd
 * @until:   when its sleep ends, in cycles
 * @blocked: threads blocked in calls on this vCPU
 * @threads: application threads whose tasks live here
 * @called:  when a thread last called here, cycles; not the background thread
 * @idle:    at the last run it had nothing to do (else: a task in user mode)
 * @epoll_fd: the back ends' descriptors and @kick_fd
 * @quiet_fd: @kick_fd alone: the sleep in which frames may gather
 * @sent:    frames whose TX completion was not reported to its image yet
 * @bell:    frames that are held back, their devices in @lkl->tx
 * @spin:    how long to poll before sleeping, adapted, cycles
 * @score:   how well polling has paid lately; @waits: waits that it did not end
 * @runs:    how often it was run; @seen: by the background thread, last time
 * @streams: at its last look completions were left to wait; @rings: or frames held back
 */
struct vcpu {
	struct lkl_vcpu *lkl;
	_Atomic uint32_t lock;
	_Atomic(struct thread *) waiter;
	_Atomic bool asleep;
	_Atomic uint64_t until;
	_Atomic uint32_t blocked;
	_Atomic uint32_t threads;
	_Atomic bool idle;
	_Atomic uint64_t called;
	int epoll_fd;
	int kick_fd;
	int quiet_fd;
	struct coalesce sent;
	struct doorbell bell;
	uint64_t spin;
	uint64_t waits;
	unsigned int score;
	uint64_t runs;
	uint64_t seen;
	bool streams;
	bool rings;
} __attribute__((aligned(128)));

/**
 * struct engine - the one stack of this process
 * @stop:      the background thread shall end
 * @bg_asleep, @bg_until: it sleeps, until then (cycles)
 * @bg_frames: its sleep ends when frames come
 * @overdue:   a tick this late (cycles) means that the application is not calling
 * @look:      how long threads that are blocked on a vCPU may depend on one that calls there
 * @receiver:  the vCPU whose waiter took frames last: it moderates, the others stand by
 * @moderation: of the frames of all devices; @moderating: somebody is at it
 * @hold:      what it said last, cycles
 * @spinners:  threads that poll right now; fewer than the host's processors
 */
struct engine {
	struct image image;
	struct lkl_host_ops ops;
	struct lkl_boot_params params;
	struct lkl_vcpu lkl_vcpu[LKL_MAX_VCPUS] __attribute__((aligned(128)));
	struct vcpu vcpu[LKL_MAX_VCPUS];
	unsigned int nvcpus;
	struct thread init;
	_Atomic uint32_t init_lock;
	_Atomic bool running;
	_Atomic bool forked;
	_Atomic bool halted;
	double cycles_per_ns;
	bool pwait2; /* epoll_pwait2() may be called */
	uint64_t overdue;
	uint64_t look;
	unsigned int processors;
	_Atomic int spinners;

	_Atomic(struct vcpu *) receiver;
	_Atomic bool moderating;
	struct moderation moderation;
	_Atomic uint64_t hold;

	_Atomic bool stop;
	_Atomic bool bg_asleep;
	_Atomic bool bg_frames;
	_Atomic uint64_t bg_until;
	int bg_epoll_fd;
	int bg_kick_fd;
};

extern struct engine engine;

static inline uint64_t cycles(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#else
	uint64_t v;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
	return v;
#endif
}

static inline void cpu_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#else
	__asm__ volatile("yield");
#endif
}

#define for_each_vcpu(v) for (struct vcpu *v = engine.vcpu; v < engine.vcpu + engine.nvcpus; v++)

/** vcpus_init() - descriptors and state of @n vCPUs; -errno. */
int vcpus_init(unsigned int n);

/** vcpus_exit() - close their descriptors. */
void vcpus_exit(void);

/** vcpus_boot() - run all vCPUs on this thread until @t's call (or the boot) is done. */
void vcpus_boot(struct thread *t);

/** vcpu_call() - the call described in @t->lkl on its vCPU; returns its result. */
long vcpu_call(struct thread *t);

/** vcpu_kick() - its pending word was set: see that somebody takes it. */
void vcpu_kick(struct vcpu *v);

/** vcpus_watch() - add a back end's descriptor to what all waits poll. */
int vcpus_watch(int fd, unsigned int dev);

/**
 * vcpu_epoll() - epoll_pwait2() without a mask, by other calls where that one may be forbidden
 *
 * @ts is not kept: it may be written to, unless it is zero.
 *
 * Return: as that, -errno.
 */
long vcpu_epoll(int epfd, struct epoll_event *ev, int n, const struct timespec *ts);

/**
 * full_fence() - what was stored before is seen before anything is loaded behind it
 *
 * Between a store of "I sleep" and a look at what is not read by a sequentially consistent
 * load. x86 needs none behind such a store.
 */
static inline void full_fence(void)
{
#if !defined(__x86_64__)
	__sync_synchronize();
#endif
}

/** vcpu_spins() - did its kernel let go in the middle of a spin? Then it must be run soon. */
static inline bool vcpu_spins(const struct vcpu *v)
{
	return __atomic_load_n(&v->lkl->reason, __ATOMIC_RELAXED) == LKL_RUN_YIELD;
}

/** vcpu_service() - run @v, if free, until it is idle, on behalf of no application thread. */
bool vcpu_service(struct vcpu *v);

/** background_kick() - wake the background thread if it sleeps past @deadline (0: in any case). */
void background_kick(uint64_t deadline);

/** background_start(), background_stop() - the thread that drives when nobody is inside. */
int background_start(void);
void background_stop(void);

/*
 * What the image's own locks order, of which the thread sanitizer sees nothing: all that is done
 * about @at between a begin and an end comes after what was done in the one before.
 */
#ifdef __SANITIZE_THREAD__
void __tsan_acquire(void *at);
void __tsan_release(void *at);
#define image_orders_begin(at) __tsan_acquire(at)
#define image_orders_end(at)   __tsan_release(at)
#else
#define image_orders_begin(at) ((void)(at))
#define image_orders_end(at)   ((void)(at))
#endif

/* mutex.c: a futex mutex, never held across a sleep */
void mutex_lock_slow(_Atomic uint32_t *m);
void mutex_wake(_Atomic uint32_t *m);

static inline bool mutex_trylock(_Atomic uint32_t *m)
{
	uint32_t free = 0;

	return atomic_compare_exchange_strong(m, &free, 1);
}

static inline void mutex_lock(_Atomic uint32_t *m)
{
	if (!mutex_trylock(m))
		mutex_lock_slow(m);
}

static inline void mutex_unlock(_Atomic uint32_t *m)
{
	if (__builtin_expect(atomic_exchange(m, 0) == 2, 0))
		mutex_wake(m);
}

#endif /* PERSONA_ENGINE_VCPU_H */
