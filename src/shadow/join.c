// SPDX-License-Identifier: GPL-2.0-only
/*
 * join.c - programs that were not started by this run, see join.h.
 *
 * Theory of operation
 *
 *	persona exec				persona run
 *	"join"			------->	can we look into it? (Yama, other user)
 *	install the filter
 *	"listener N"		------->	take the listener (pidfd_getfd)
 *	execute COMMAND		<-------	a thread serves it
 *
 * After the filter is there, no call of the joining process may be one that the filter
 * stops until we serve it: read() and write() are not.
 *
 * Each joined tree has a listener and a thread of its own; its sockets are
 * as all others in every way. When its last process has ended the listener hangs up, and
 * the thread waits for the next tree: so its buffers are used again.
 *
 * A run whose own tree has ended stays until the joined ones have ended, too: a
 * program must not find its network dead because another one is done. What is
 * sent to persona then (SIGTERM, ^C) goes to the commands that joined, by pidfd.
 *
 * Threads: @lock guards the list; a thread's @listener is its own between
 * join_take(), which posts @work, and @busy turning false.
 *
 * Limits: children of a joined command that outlive it are waited for and cannot be
 * sent signals to through us.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "engine/engine.h"
#include "lib/complain.h"
#include "shadow/call.h"
#include "shadow/join.h"
#include "shadow/serve.h"

/**
 * struct joined - a thread, and the tree that it serves
 * @busy:   there is a tree
 * @pidfd:  the command that joined
 * @pid:    its number
 */
struct joined {
	struct joined *next;
	sem_t work;
	bool busy;
	int listener;
	int pidfd;
	pid_t pid;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct joined *list;
static unsigned int nbusy;
static bool over;	 /* nobody may join any more */
static pthread_t waiter; /* in join_wait() */
static bool waiting;

static void *join_serve_trees(void *arg)
{
	struct joined *j = arg;

	prctl(PR_SET_NAME, "persona-join");
	for (;;) {
		while (sem_wait(&j->work))
			;
		serve_joined(j->listener);
		engine_thread_exit();
		pthread_mutex_lock(&lock);
		close(j->listener);
		close(j->pidfd);
		j->busy = false;
		nbusy--;
		if (waiting)
			pthread_kill(waiter, SIGCHLD);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

/* A thread without a tree; the lock is held. NULL: no memory. */
static struct joined *join_idle_thread(void)
{
	struct joined *j = list;
	pthread_t thread;
	int err;

	while (j && j->busy)
		j = j->next;
	if (j)
		return j;
	j = calloc(1, sizeof(*j));
	if (!j)
		return NULL;
	sem_init(&j->work, 0, 0);
	err = engine_thread_create(&thread, 0, 0, join_serve_trees, j);
	if (err) {
		free(j);
		return NULL;
	}
	pthread_detach(thread);
	j->next = list;
	list = j;
	return j;
}

/* The lock is held. */
static int join_add(int listener, int pidfd, pid_t pid, const char **why)
{
	struct joined *j;

	*why = "it is just ending";
	if (over)
		return -ESHUTDOWN;
	*why = "that descriptor is no seccomp listener";
	if (call_listen(listener))
		return -ENOTTY;
	*why = "it cannot start a thread for you: out of memory or processes";
	j = join_idle_thread();
	if (!j)
		return -ENOMEM;
	j->listener = listener;
	j->pidfd = pidfd;
	j->pid = pid;
	j->busy = true;
	nbusy++;
	sem_post(&j->work);
	return 0;
}

int join_take(pid_t pid, int fd, const char **why)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), listener, err;

	*why = "it cannot see this process: it is in another PID namespace";
	if (pidfd < 0)
		return -errno;
	listener = (int)syscall(SYS_pidfd_getfd, pidfd, fd < 0 ? 0 : fd, 0);
	err = listener < 0 ? -errno : 0;
	if (fd < 0) {
		/* Any descriptor will do, even one that is not open. */
		if (!err)
			close(listener);
		err = err == -EBADF ? 0 : err;
	}
	if (err)
		*why = err == -EPERM
			       ? "it may not look into this process (pidfd_getfd): be its user, "
				 "and have kernel.yama.ptrace_scope below 2"
			       : "it cannot take descriptors of this process (pidfd_getfd)";
	if (err || fd < 0) {
		close(pidfd);
		return err;
	}
	pthread_mutex_lock(&lock);
	err = join_add(listener, pidfd, pid, why);
	pthread_mutex_unlock(&lock);
	if (err) {
		close(listener);
		close(pidfd);
	}
	return err;
}

bool join_has(pid_t pid)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (struct joined *j = list; j && !found; j = j->next) {
		if (!j->busy || j->pid != pid)
			continue;
		/* Signal 0: or has it ended, and the number is another's by now? */
		found = !syscall(SYS_pidfd_send_signal, j->pidfd, 0, NULL, 0) || errno != ESRCH;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

static void join_pass_on(int sig)
{
	pthread_mutex_lock(&lock);
	for (struct joined *j = list; j; j = j->next)
		if (j->busy)
			syscall(SYS_pidfd_send_signal, j->pidfd, sig, NULL, 0);
	pthread_mutex_unlock(&lock);
}

void join_wait(void)
{
	unsigned int n;
	bool told = false;
	siginfo_t si;
	sigset_t set;

	pthread_sigmask(SIG_BLOCK, NULL, &set);
	sigaddset(&set, SIGCHLD);
	waiter = pthread_self();
	for (;;) {
		pthread_mutex_lock(&lock);
		n = nbusy;
		waiting = n;
		over = !n;
		pthread_mutex_unlock(&lock);
		if (!n)
			return;
		if (!told)
			complain(0, "COMMAND has ended; waiting for %u that joined by persona exec",
				 n);
		told = true;
		if (sigwaitinfo(&set, &si) > 0 && si.si_signo != SIGCHLD)
			join_pass_on(si.si_signo);
	}
}
