// SPDX-License-Identifier: GPL-2.0-only
/*
 * epoll_exclusive.c - EPOLLEXCLUSIVE | EPOLLET wakes one of many waiters per event.
 *
 * Each thread waits in an epoll of its own, all of which watch one descriptor.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include "tap.h"

#define WAITERS 4
#define EVENTS	50

static int event_fd;
static atomic_int woken, waiting;
static atomic_bool quit;

static void *waiter(void *arg)
{
	struct epoll_event ev = {.events = EPOLLIN | EPOLLET | EPOLLEXCLUSIVE};
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (epoll_ctl(ep, EPOLL_CTL_ADD, event_fd, &ev))
		return (void *)1;
	while (!quit) {
		waiting++;
		if (epoll_wait(ep, &ev, 1, 500) == 1)
			woken++;
		waiting--;
	}
	close(ep);
	return NULL;
}

int main(void)
{
	pthread_t thread[WAITERS];
	const uint64_t one = 1;
	uint64_t value;
	int most = 0, least = WAITERS;
	void *failed, *any = NULL;

	event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	for (int i = 0; i < WAITERS; i++)
		pthread_create(&thread[i], NULL, waiter, NULL);
	for (int i = 0; i < EVENTS; i++) {
		while (waiting < WAITERS)
			usleep(1000);
		usleep(20000); /* counted, not yet in epoll_wait() */
		woken = 0;
		if (write(event_fd, &one, sizeof(one)) != sizeof(one))
			return 1;
		for (int ms = 0; ms < 300 && !woken; ms++)
			usleep(1000);
		usleep(5000);
		if (woken > most)
			most = woken;
		if (woken < least)
			least = woken;
		if (read(event_fd, &value, sizeof(value)) != sizeof(value))
			return 1;
	}
	quit = true;
	for (int i = 0; i < WAITERS; i++) {
		pthread_join(thread[i], &failed);
		any = any ? any : failed;
	}
	ok(!any, "EPOLLEXCLUSIVE with EPOLLET is accepted");
	ok(least >= 1, "each of %d events wakes somebody (at least %d)", EVENTS, least);
	ok(most == 1, "and one only, of %d (at most %d)", WAITERS, most);
	return done();
}
