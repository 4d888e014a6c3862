// SPDX-License-Identifier: GPL-2.0-only
/*
 * signal_epoll.c - a signalfd that another process has added to our epoll instance tells us of
 * each signal of that process.
 *
 * So it is after the process has executed another program, for each of its threads, whatever the
 * signal and whether it is blocked; nothing is told while none is sent. The signalfd has to be held
 * by somebody: us. Whether it is readable is judged by what waits for our own thread, so a signal
 * waits there for ever (shadow/look.c).
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "tap.h"

#define FD 77 /* of the signalfd, in both processes */

static int ep;

static int events(int ms)
{
	struct epoll_event e;

	return epoll_wait(ep, &e, 1, ms);
}

static void *sleeper(void *arg)
{
	*(pid_t *)arg = (pid_t)syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

/* What the child executes: this program again. Prints its second thread's number. */
__attribute__((noreturn)) static void executed(void)
{
	pthread_t th;
	static volatile pid_t tid;
	sigset_t set;

	signal(SIGHUP, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	pthread_create(&th, NULL, sleeper, (void *)&tid);
	while (!tid)
		usleep(1000);
	printf("%d\n", tid);
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLET};
	int out[2], sfd, dup_fd, thread = 0;
	sigset_t set;
	pid_t pid;
	FILE *f;

	if (argc > 1)
		executed();
	ep = epoll_create1(EPOLL_CLOEXEC);
	sigemptyset(&set);
	sigaddset(&set, SIGRTMAX);
	sigprocmask(SIG_BLOCK, &set, NULL);
	raise(SIGRTMAX);
	if (pipe(out))
		return 1;
	pid = fork();
	if (!pid) {
		sfd = signalfd(-1, &set, SFD_CLOEXEC);
		epoll_ctl(ep, EPOLL_CTL_ADD, sfd, &e);
		dup2(sfd, FD);
		close(sfd);
		dup2(out[1], 1);
		kill(getpid(), SIGSTOP);
		fcntl(FD, F_SETFD, FD_CLOEXEC);
		execl("/proc/self/exe", argv[0], "executed", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, WUNTRACED);
	dup_fd = (int)syscall(SYS_pidfd_getfd, syscall(SYS_pidfd_open, pid, 0), FD, 0);
	ok(dup_fd >= 0, "its signalfd can be taken");
	kill(pid, SIGCONT);
	f = fdopen(out[0], "r");
	ok(fscanf(f, "%d", &thread) == 1, "it has executed a program of two threads");
	while (events(100) > 0)
		;
	ok(!events(300), "no event without a signal");
	kill(pid, SIGHUP);
	ok(events(1000) == 0, "an ignored signal is none");
	kill(pid, SIGUSR2);
	ok(events(1000) == 1, "a blocked signal to the process is an event");
	ok(!events(300), "... and one only");
	syscall(SYS_tgkill, pid, thread, SIGWINCH);
	syscall(SYS_tgkill, pid, thread, SIGUSR2);
	ok(events(1000) == 1, "so is a signal to one of its threads");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	while (events(100) > 0)
		;
	ok(!events(300), "its end leaves nothing that wakes us");
	return done();
}
