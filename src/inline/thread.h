/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * thread.h - what the library knows about the calling thread, and its locks.
 *
 * struct thread is thread-local and reached by one instruction. Other
 * threads touch only @cancel_asked, @guarded and @inside, under the list's lock.
 *
 * hold()/unhold() bracket short sections in which no handler of the program
 * may run: the handler might call a hook that wants the same lock. A signal that
 * comes meanwhile is put back and delivered at unhold(), see signal.c.
 */
#ifndef PERSONA_INLINE_THREAD_H
#define PERSONA_INLINE_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct thread {
	int bypass;		 /* > 0: our own code runs, hooks mean the host */
	int hold;		 /* > 0: handlers wait for unhold() */
	volatile bool deferred;	 /* signals were put back, @mask is the real mask */
	volatile bool norestart; /* one of them has no SA_RESTART */
	volatile uint64_t mask;	 /* the program's signal mask while @deferred */
	atomic_bool inside;	 /* in engine_syscall(); see cancel.c */
	atomic_bool guarded;	 /* and libc's cancellation is shut */
	atomic_bool cancel_asked;
	bool known;   /* in the list, destructor armed */
	bool ends;    /* in _exit() */
	int sigfd;    /* signalfd kept for ppoll(), +1; 0: none */
	void *buffer; /* for sendfile and splice, COPY_BUFFER bytes */
	pthread_t id;
	struct thread *next, **prev;
};

extern __thread struct thread self __attribute__((tls_model("initial-exec")));

/** thread_known() - first entry of a thread: arm its destructor. */
void thread_known(void);

/** thread_find() - the record of @id or NULL; the list's lock is held. */
struct thread *thread_find(pthread_t id);
void thread_list_lock(void);
void thread_list_unlock(void);

/** thread_others_inside() - is any other thread inside the engine right now? */
bool thread_others_inside(void);

/** thread_fork() - prepare (0), parent (1), child (2). */
void thread_fork(int phase);

/** thread_init() - from the constructor. */
void thread_init(void);

void signal_release(void);

static inline void hold(void)
{
	self.hold++;
	atomic_signal_fence(memory_order_seq_cst);
}

static inline void unhold(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	if (--self.hold == 0 && __builtin_expect(self.deferred, 0))
		signal_release();
}

/* A lock for short sections; implies hold(). */
struct lock {
	atomic_int word; /* 0 free, 1 taken, 2 taken and awaited */
};

void lock_take(struct lock *l);
void lock_give(struct lock *l);

#endif /* PERSONA_INLINE_THREAD_H */
