// SPDX-License-Identifier: GPL-2.0-only
/*
 * ppoll_timeout.c - the kernel reads ppoll's time-out at entry, from our memory.
 *
 * A signal handler that zeroes the timespec before the system call is entered
 * makes it return at once: there is no window in which a signal is lost. A
 * signal after the entry gives EINTR. (The raw call: libc's ppoll copies.)
 */
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "tap.h"

static struct timespec timeout;

static void handler(int sig)
{
	timeout.tv_sec = 0;
	timeout.tv_nsec = 0;
}

static long raw_ppoll(void)
{
	return syscall(SYS_ppoll, NULL, 0, &timeout, NULL, 0);
}

int main(void)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
	struct itimerval soon = {.it_value.tv_usec = 50000};
	double start, worst = 0;
	long ret;

	sigaction(SIGALRM, &sa, NULL);

	timeout.tv_sec = 5;
	start = seconds();
	raise(SIGALRM);
	ret = raw_ppoll();
	ok(!ret && seconds() - start < 1, "zeroed before the entry: returns at once");

	timeout.tv_sec = 5;
	start = seconds();
	setitimer(ITIMER_REAL, &soon, NULL);
	ret = raw_ppoll();
	ok(ret < 0 && errno == EINTR && seconds() - start < 1,
	   "a signal during the wait: EINTR, SA_RESTART or not");

	/* The moment of the signal sweeps over the entry. */
	for (int i = 0; i < 2000; i++) {
		struct itimerval at = {.it_value.tv_usec = 1 + i % 40};

		timeout.tv_sec = 2;
		timeout.tv_nsec = 0;
		start = seconds();
		setitimer(ITIMER_REAL, &at, NULL);
		raw_ppoll();
		if (seconds() - start > worst)
			worst = seconds() - start;
	}
	ok(worst < 1, "2000 signals around the entry: none lost (longest wait %.3f s)", worst);
	return done();
}
