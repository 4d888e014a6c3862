// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_inline_wait.c - poll() and ppoll() over descriptors of the stack and of the host.
 */
#include "inline.h"

static int stack_fd, pipe_fd[2];
static struct sockaddr_in at;

static int begin(void **state)
{
	stack_fd = stack_socket(&at);
	host_pipe(pipe_fd);
	return 0;
}

static void empty(void)
{
	empty_stack(stack_fd);
	empty_host(pipe_fd);
}

#define EVENTS (POLLIN | POLLRDNORM)

/* What is ready in which world, asked without waiting and with. */
static void test_ready(void **state)
{
	static const struct {
		bool stack, host;
	} cases[] = {{false, false}, {true, false}, {false, true}, {true, true}};
	static const int timeouts[] = {0, 1000, FOREVER};

	for (size_t i = 0; i < ARRAY_SIZE(cases) * ARRAY_SIZE(timeouts); i++) {
		bool stack = cases[i % 4].stack, host = cases[i % 4].host;
		struct pollfd p[] = {
			{.fd = pipe_fd[0], .events = EVENTS, .revents = 0x5555},
			{.fd = -1, .events = EVENTS, .revents = 0x5555},
			{.fd = stack_fd, .events = EVENTS, .revents = 0x5555},
		};

		if (!stack && !host && timeouts[i / 4])
			continue;
		if (stack)
			feed_stack(&at, "news");
		if (host)
			feed_host(pipe_fd);
		errno = E2BIG;
		assert_int_equal(poll(p, 3, timeouts[i / 4]), stack + host);
		assert_int_equal(errno, E2BIG);
		assert_int_equal(p[0].revents, host ? EVENTS : 0);
		assert_int_equal(p[1].revents, 0);
		assert_int_equal(p[2].revents, stack ? EVENTS : 0);
		empty();
	}
}

static long poll_both(void *arg)
{
	struct pollfd *p = arg;

	return poll(p, 2, FOREVER);
}

/* News of either world ends the sleep. */
static void test_wakes(void **state)
{
	for (int host = 0; host < 2; host++) {
		struct pollfd p[] = {{.fd = stack_fd, .events = POLLIN},
				     {.fd = pipe_fd[0], .events = POLLIN}};
		struct waiter w;

		waiter_start(&w, poll_both, p);
		assert_false(w.done);
		if (host)
			feed_host(pipe_fd);
		else
			feed_stack(&at, "news");
		assert_int_equal(waiter_end(&w), 1);
		assert_int_equal(p[0].revents, host ? 0 : POLLIN);
		assert_int_equal(p[1].revents, host ? POLLIN : 0);
		empty();
	}
}

/* Nothing comes: not before the time, and not long after it. */
static void test_timeout(void **state)
{
	static const struct {
		int ms;
		bool precise;
	} cases[] = {{1, false}, {30, false}, {30, true}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct pollfd p[] = {{.fd = stack_fd, .events = POLLIN},
				     {.fd = pipe_fd[0], .events = POLLIN}};
		struct timespec t = {.tv_nsec = cases[i].ms * 1000000}, before = t;
		uint64_t start = now_ms(), took;

		assert_int_equal(cases[i].precise ? ppoll(p, 2, &t, NULL) : poll(p, 2, cases[i].ms),
				 0);
		took = now_ms() - start;
		assert_in_range(took + 1, cases[i].ms, PATIENCE_MS);
		assert_int_equal(p[0].revents | p[1].revents, 0);
		assert_memory_equal(&t, &before, sizeof(t));
	}
}

/* Numbers that mean nothing; they do not hide what is ready. */
static void test_nothing_there(void **state)
{
	struct sockaddr_in gone_at;
	int gone = stack_socket(&gone_at), pipe2_fd[2];
	struct pollfd p[] = {
		{.fd = stack_fd, .events = POLLIN},
		{.fd = gone, .events = POLLIN},
		{.events = POLLIN},
		{.fd = 99999, .events = POLLIN},
		{.fd = 1 << 30, .events = POLLIN},
	};

	host_pipe(pipe2_fd);
	p[2].fd = pipe2_fd[0];
	close(gone);
	close_pipe(pipe2_fd);
	assert_int_equal(poll(p, 5, FOREVER), 4);
	assert_int_equal(p[0].revents, 0);
	for (int i = 1; i < 5; i++)
		assert_int_equal(p[i].revents, POLLNVAL);
	feed_stack(&at, "news");
	assert_int_equal(poll(p, 5, FOREVER), 5);
	assert_int_equal(p[0].revents, POLLIN);
	empty();
}

/* Each entry has its own answer, the same descriptor several times, and many of them. */
static void test_many(void **state)
{
	static const unsigned int sizes[] = {2, 255, 256, 257, 1000};
	static struct pollfd p[1000];

	feed_stack(&at, "news");
	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		unsigned int n = sizes[s], expected = 0, in = 0, out = 0;

		for (unsigned int i = 0; i < n; i++)
			p[i] = (struct pollfd){.fd = i % 2 ? stack_fd : pipe_fd[0],
					       .events = i % 3 ? POLLIN : POLLIN | POLLOUT};
		expected = n / 2;
		assert_int_equal(poll(p, n, FOREVER), expected);
		for (unsigned int i = 0; i < n; i++) {
			in += p[i].revents == POLLIN;
			out += p[i].revents == (POLLIN | POLLOUT);
			assert_int_equal(!!p[i].revents, i % 2);
		}
		assert_int_equal(in + out, expected);
		assert_true(n < 4 || (in && out));
	}
	empty();
}

/* The kernel's own words for what is wrong. */
static void test_refused(void **state)
{
	static const struct timespec bad[] = {{-1, 0}, {0, -1}, {0, 1000000000}};
	struct pollfd p = {.fd = stack_fd, .events = POLLIN};
	struct pollfd *volatile none = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(ppoll(&p, 1, &bad[i], NULL), -1);
		assert_int_equal(errno, EINVAL);
	}
	assert_int_equal(poll(none, 1, 0), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(poll(none, 0, 0), 0);
}

static atomic_int handled;

static void handler(int sig)
{
	handled++;
}

static long poll_stack(void *arg)
{
	struct pollfd p = {.fd = stack_fd, .events = POLLIN};

	return poll(&p, 1, FOREVER);
}

/* A handler ends the wait, whatever SA_RESTART says; it has run before poll() returns. */
static void test_interrupted(void **state)
{
	static const int flags[] = {0, SA_RESTART};

	NOT_UNDER_TSAN();
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		struct sigaction sa = {.sa_handler = handler, .sa_flags = flags[i]};
		struct waiter w;

		handled = 0;
		assert_int_equal(sigaction(SIGUSR1, &sa, NULL), 0);
		waiter_start(&w, poll_stack, NULL);
		assert_int_equal(pthread_kill(w.thread, SIGUSR1), 0);
		assert_int_equal(waiter_end(&w), -1);
		assert_int_equal(w.err, EINTR);
		assert_int_equal(handled, 1);
	}
}

struct masked {
	sigset_t mask;
	struct timespec *timeout;
};

static long poll_masked(void *arg)
{
	struct masked *m = arg;
	struct pollfd p[] = {{.fd = stack_fd, .events = POLLIN},
			     {.fd = pipe_fd[0], .events = POLLIN}};

	return ppoll(p, 2, m->timeout, &m->mask);
}

/* ppoll() lets through what the thread blocks, and only while it waits. */
static void test_mask_opens(void **state)
{
	struct sigaction sa = {.sa_handler = handler};
	sigset_t block, now;
	struct masked m = {0};
	struct waiter w;

	NOT_UNDER_TSAN();
	handled = 0;
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&m.mask);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &block, NULL);
	/* It waits already. */
	raise(SIGUSR1);
	assert_int_equal(handled, 0);
	assert_int_equal(poll_masked(&m), -1);
	assert_int_equal(errno, EINTR);
	assert_int_equal(handled, 1);
	pthread_sigmask(SIG_BLOCK, NULL, &now);
	assert_int_equal(sigismember(&now, SIGUSR1), 1);
	/* It comes while the thread sleeps, which has the same mask. */
	waiter_start(&w, poll_masked, &m);
	pthread_kill(w.thread, SIGUSR1);
	assert_int_equal(waiter_end(&w), -1);
	assert_int_equal(w.err, EINTR);
	assert_int_equal(handled, 2);
	pthread_sigmask(SIG_UNBLOCK, &block, NULL);
	assert_int_equal(handled, 2);
}

/* What the mask blocks waits until ppoll() has returned. */
static void test_mask_closes(void **state)
{
	struct sigaction sa = {.sa_handler = handler};
	struct masked m = {0};
	struct waiter w;

	NOT_UNDER_TSAN();
	handled = 0;
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&m.mask);
	sigaddset(&m.mask, SIGUSR1);
	waiter_start(&w, poll_masked, &m);
	pthread_kill(w.thread, SIGUSR1);
	UNTIL(waiter_sleeps(&w));
	assert_int_equal(handled, 0);
	feed_stack(&at, "news");
	assert_int_equal(waiter_end(&w), 1);
	assert_int_equal(handled, 1);
	empty();
}

/*
 * poll() until the epoll has an event, as programs do. For the moment in which other threads
 * learn of a new half, poll() may call an epoll ready that has none.
 */
static long poll_epoll(void *arg)
{
	struct pollfd p = {.fd = *(int *)arg, .events = POLLIN};
	struct epoll_event ev;
	long n;

	do {
		n = poll(&p, 1, FOREVER);
		if (n != 1 || p.revents != POLLIN)
			return -1;
		n = epoll_wait(p.fd, &ev, 1, 0);
	} while (!n);
	return n < 0 ? n : (long)ev.data.u64;
}

/* An epoll of the host alone is polled, and gets its half in the stack meanwhile. */
static void test_epoll_grows(void **state)
{
	struct epoll_event host = {.events = EPOLLIN, .data.u64 = 1};
	struct epoll_event stack = {.events = EPOLLIN, .data.u64 = 2};

	for (int n = 1; n <= 3; n++) {
		int ep = epoll_create1(EPOLL_CLOEXEC);
		struct waiter w[3];

		assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, pipe_fd[0], &host), 0);
		for (int i = 0; i < n; i++)
			waiter_start(&w[i], poll_epoll, &ep);
		assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, stack_fd, &stack), 0);
		for (int i = 0; i < n; i++)
			UNTIL(waiter_sleeps(&w[i]));
		feed_stack(&at, "news");
		for (int i = 0; i < n; i++)
			assert_int_equal(waiter_end(&w[i]), 2);
		empty();
		assert_int_equal(poll(&(struct pollfd){.fd = ep, .events = POLLIN}, 1, 0), 0);
		feed_host(pipe_fd);
		assert_int_equal(poll_epoll(&ep), 1);
		empty();
		close(ep);
	}
}

/* A connection of the stack, from its listener to both ends. */
static void test_connection(void **state)
{
	struct sockaddr_in where = {.sin_family = AF_INET};
	socklen_t len = sizeof(where);
	int listener = socket(AF_INET, SOCK_STREAM, 0), peer, fd;
	struct pollfd p = {.events = POLLIN | POLLOUT | POLLRDHUP};

	assert_int_equal(bind(listener, (struct sockaddr *)&where, len), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&where, &len), 0);
	where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p.fd = listener;
	assert_int_equal(poll(&p, 1, 0), 0);
	peer = raw_socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(RAWSYS(SYS_connect, peer, &where, sizeof(where)), 0);
	assert_int_equal(poll(&p, 1, FOREVER), 1);
	assert_int_equal(p.revents, POLLIN);
	fd = accept(listener, NULL, NULL);
	assert_int_equal(slot_kind(fd_slot(fd)), FD_SOCKET);
	p.fd = fd;
	assert_int_equal(poll(&p, 1, FOREVER), 1);
	assert_int_equal(p.revents, POLLOUT);
	RAWSYS(SYS_shutdown, peer, SHUT_WR);
	p.events = POLLIN | POLLRDHUP;
	assert_int_equal(poll(&p, 1, FOREVER), 1);
	assert_int_equal(p.revents, POLLIN | POLLRDHUP);
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	p.events = 0;
	assert_int_equal(poll(&p, 1, FOREVER), 1);
	assert_int_equal(p.revents, POLLHUP);
	raw_close(peer);
	close(fd);
	close(listener);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),	    cmocka_unit_test(test_wakes),
		cmocka_unit_test(test_timeout),	    cmocka_unit_test(test_nothing_there),
		cmocka_unit_test(test_many),	    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_interrupted), cmocka_unit_test(test_mask_opens),
		cmocka_unit_test(test_mask_closes), cmocka_unit_test(test_epoll_grows),
		cmocka_unit_test(test_connection),
	};

	inline_begin(argv, NULL);
	return cmocka_run_group_tests(tests, begin, NULL);
}
