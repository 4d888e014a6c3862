// SPDX-License-Identifier: GPL-2.0-only
/*
 * thread.c - the record of each thread, and the library's locks.
 *
 * Ownership: a record is its thread's. The list of records exists for
 * pthread_cancel() and for the end of the process, which ask about other threads.
 * A thread leaves the list, and gives its kernel task back, in the destructor
 * of a pthread key; a later destructor that enters the stack again arms it
 * again (libc runs up to four rounds). The main thread's is armed from the start, since
 * its end is of interest in any case (leader.c).
 *
 * Locks are futexes: the holder is in hold(), so a handler never waits for its
 * own thread's lock.
 */
#include "inline/real.h"
#include "inline/fdtable.h"
#include "inline/leader.h"
#include "inline/thread.h"
#include "engine/engine.h"

#include <linux/futex.h>
#include <stdlib.h>

__thread struct thread self __attribute__((tls_model("initial-exec")));

static struct lock list_lock;
static struct thread *list;
static pthread_key_t key;

void lock_take(struct lock *l)
{
	int word = 0;

	hold();
	if (atomic_compare_exchange_strong(&l->word, &word, 1))
		return;
	while (atomic_exchange(&l->word, 2) != 0)
		real(syscall)(SYS_futex, &l->word, FUTEX_WAIT_PRIVATE, 2, NULL, NULL, 0);
}

void lock_give(struct lock *l)
{
	if (atomic_exchange(&l->word, 0) == 2)
		real(syscall)(SYS_futex, &l->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	unhold();
}

static void thread_gone(void *unused)
{
	struct thread *t = &self;

	if (real(syscall)(SYS_gettid) == getpid())
		leader_gone();
	if (!t->known)
		return;
	lock_take(&list_lock);
	t->known = false;
	*t->prev = t->next;
	if (t->next)
		t->next->prev = t->prev;
	lock_give(&list_lock);
	if (t->sigfd) {
		fd_internal(t->sigfd - 1, false);
		real(close)(t->sigfd - 1);
		t->sigfd = 0;
	}
	free(t->buffer);
	t->buffer = NULL;
	hold();
	engine_thread_exit();
	unhold();
}

void thread_known(void)
{
	struct thread *t = &self;

	lock_take(&list_lock);
	t->id = pthread_self();
	t->next = list;
	t->prev = &list;
	if (list)
		list->prev = &t->next;
	list = t;
	t->known = true;
	lock_give(&list_lock);
	pthread_setspecific(key, t);
}

struct thread *thread_find(pthread_t id)
{
	struct thread *t;

	for (t = list; t; t = t->next)
		if (pthread_equal(t->id, id))
			return t;
	return NULL;
}

void thread_list_lock(void)
{
	lock_take(&list_lock);
}

void thread_list_unlock(void)
{
	lock_give(&list_lock);
}

bool thread_others_inside(void)
{
	struct thread *t;
	bool found = false;

	lock_take(&list_lock);
	for (t = list; t; t = t->next)
		found |= t != &self && t->inside;
	lock_give(&list_lock);
	return found;
}

void thread_fork(int phase)
{
	if (phase == 0) {
		lock_take(&list_lock);
		return;
	}
	if (phase == 2) {
		/* The other threads did not come along. */
		list = self.known ? &self : NULL;
		self.next = NULL;
		self.prev = &list;
		self.inside = false;
	}
	lock_give(&list_lock);
}

void thread_init(void)
{
	if (!pthread_key_create(&key, thread_gone))
		pthread_setspecific(key, &self);
}
