// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_inline_epoll.c - an epoll over both worlds: one set for the program, two halves behind it.
 */
#include "inline.h"
#include "inline/wait.h"

enum { STACK, HOST, WORLDS };

static const char *const names[] = {"stack", "host"};

/* A descriptor of either world, and how it is fed and emptied. */
static int stack_fd, pipe_fd[2];
static struct sockaddr_in at;

static int begin(void **state)
{
	stack_fd = stack_socket(&at);
	host_pipe(pipe_fd);
	return 0;
}

static int member(int world)
{
	return world == STACK ? stack_fd : pipe_fd[0];
}

static void feed(int world)
{
	if (world == STACK)
		feed_stack(&at, "news");
	else
		feed_host(pipe_fd);
}

static void empty(int world)
{
	if (world == STACK)
		empty_stack(stack_fd);
	else
		empty_host(pipe_fd);
}

static int control(int ep, int op, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return epoll_ctl(ep, op, fd, &ev);
}

static void add(int ep, int fd, uint32_t events, uint64_t data)
{
	assert_int_equal(control(ep, EPOLL_CTL_ADD, fd, events, data), 0);
}

static int make(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC);

	assert_true(ep >= 0);
	assert_int_equal(slot_kind(fd_slot(ep)), FD_EPOLL);
	return ep;
}

/* An epoll that has @world's descriptor under data 10 + @world, and the other's if @both. */
static int make_of(int world, bool both, uint32_t events)
{
	int ep = make();

	add(ep, member(world), events, 10 + (unsigned int)world);
	if (both)
		add(ep, member(!world), EPOLLIN, 10 + (unsigned int)!world);
	return ep;
}

static void assert_quiet(int ep)
{
	struct epoll_event ev[4];

	assert_int_equal(epoll_wait(ep, ev, 4, 0), 0);
}

static void assert_event(int ep, uint32_t events, uint64_t data)
{
	struct epoll_event ev[4] = {0};

	assert_int_equal(epoll_wait(ep, ev, 4, FOREVER), 1);
	assert_int_equal(ev[0].events, events);
	assert_int_equal(ev[0].data.u64, data);
}

/* Level, edge, one-shot: the kernels' own, whichever half, alone or beside the other. */
static void test_triggers(void **state)
{
	for (int i = 0; i < 2 * WORLDS; i++) {
		int world = i % WORLDS, ep;
		uint64_t data = 10 + (uint64_t)world;
		bool both = i / WORLDS;

		print_message("%s%s\n", names[world], both ? ", beside the other" : "");
		ep = make_of(world, both, EPOLLIN);
		assert_quiet(ep);
		feed(world);
		assert_event(ep, EPOLLIN, data);
		assert_event(ep, EPOLLIN, data);
		empty(world);
		assert_quiet(ep);
		close(ep);

		ep = make_of(world, both, EPOLLIN | EPOLLET);
		feed(world);
		assert_event(ep, EPOLLIN, data);
		assert_quiet(ep);
		feed(world);
		assert_event(ep, EPOLLIN, data);
		assert_quiet(ep);
		empty(world);
		close(ep);

		ep = make_of(world, both, EPOLLIN | EPOLLONESHOT);
		feed(world);
		assert_event(ep, EPOLLIN, data);
		feed(world);
		assert_quiet(ep);
		assert_int_equal(
			control(ep, EPOLL_CTL_MOD, member(world), EPOLLIN | EPOLLONESHOT, 77), 0);
		assert_event(ep, EPOLLIN, 77);
		assert_quiet(ep);
		empty(world);
		close(ep);
	}
}

/* Both in one answer; with room for one, none is starved. */
static void test_both(void **state)
{
	int ep = make_of(STACK, true, EPOLLIN), seen[WORLDS] = {0};
	struct epoll_event ev[4];

	feed(STACK);
	feed(HOST);
	assert_int_equal(epoll_wait(ep, ev, 4, FOREVER), 2);
	assert_int_equal(ev[0].data.u64 + ev[1].data.u64, 10 + 11);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(epoll_wait(ep, ev, 1, FOREVER), 1);
		seen[ev[0].data.u64 - 10]++;
	}
	assert_in_range(seen[STACK], 1, 9);
	assert_in_range(seen[HOST], 1, 9);
	empty(STACK);
	assert_event(ep, EPOLLIN, 11);
	empty(HOST);
	assert_quiet(ep);
	close(ep);
}

/* Registrations: each half knows its own, and says what one kernel would. */
static void test_control(void **state)
{
	for (int world = 0; world < WORLDS; world++) {
		int ep = make(), fd = member(world);

		assert_int_equal(control(ep, EPOLL_CTL_MOD, fd, EPOLLIN, 1), -1);
		assert_int_equal(errno, ENOENT);
		assert_int_equal(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), -1);
		assert_int_equal(errno, ENOENT);
		add(ep, fd, 0, 1);
		assert_int_equal(control(ep, EPOLL_CTL_ADD, fd, EPOLLIN, 2), -1);
		assert_int_equal(errno, EEXIST);
		feed(world);
		assert_quiet(ep);
		assert_int_equal(control(ep, EPOLL_CTL_MOD, fd, EPOLLIN, 3), 0);
		assert_event(ep, EPOLLIN, 3);
		assert_int_equal(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0);
		assert_quiet(ep);
		add(ep, fd, EPOLLIN, 4);
		assert_event(ep, EPOLLIN, 4);
		empty(world);
		close(ep);
	}
}

static void test_refused(void **state)
{
	struct epoll_event ev = {.events = EPOLLIN}, *volatile none = NULL;
	volatile int negative = -1;
	int ep = make();
	const struct {
		int ep, op, fd, err;
	} cases[] = {
		{ep, EPOLL_CTL_ADD, ep, EINVAL},
		{stack_fd, EPOLL_CTL_ADD, pipe_fd[0], EINVAL},
		{stack_fd, EPOLL_CTL_ADD, stack_fd, EINVAL},
		{pipe_fd[0], EPOLL_CTL_ADD, stack_fd, EINVAL},
		{pipe_fd[0], EPOLL_CTL_ADD, pipe_fd[1], EINVAL},
		{99999, EPOLL_CTL_ADD, stack_fd, EBADF},
		{ep, EPOLL_CTL_ADD, 99999, EBADF},
		{ep, 77, stack_fd, EINVAL},
		{ep, 77, pipe_fd[0], EINVAL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(epoll_ctl(cases[i].ep, cases[i].op, cases[i].fd, &ev), -1);
		assert_int_equal(errno, cases[i].err);
	}
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_ADD, stack_fd, none), -1);
	assert_int_equal(errno, EFAULT);
	/* Without a half in the stack, and with one. */
	for (int i = 0; i < 2; i++) {
		struct timespec bad = {0, 1000000000};

		assert_int_equal(epoll_wait(ep, &ev, 0, 0), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(epoll_wait(ep, &ev, negative, 0), -1);
		assert_int_equal(errno, EINVAL);
		assert_int_equal(epoll_pwait2(ep, &ev, 1, &bad, NULL), -1);
		assert_int_equal(errno, EINVAL);
		if (!i)
			add(ep, stack_fd, EPOLLIN, 0);
	}
	close(ep);
	assert_int_equal(epoll_wait(ep, &ev, 1, 0), -1);
	assert_int_equal(errno, EBADF);
}

/* By each name of the call; nothing comes. */
static void test_timeout(void **state)
{
	for (int i = 0; i < 3 * WORLDS * 2; i++) {
		int ep = make_of(i % 2, i / 2 % 2, EPOLLIN), n;
		struct timespec t = {.tv_nsec = 20000000};
		uint64_t start = now_ms();
		struct epoll_event ev;

		errno = E2BIG;
		switch (i / 4) {
		case 0:
			n = epoll_wait(ep, &ev, 1, 20);
			break;
		case 1:
			n = epoll_pwait(ep, &ev, 1, 20, NULL);
			break;
		default:
			n = epoll_pwait2(ep, &ev, 1, &t, NULL);
		}
		assert_int_equal(n, 0);
		assert_int_equal(errno, E2BIG);
		assert_in_range(now_ms() - start + 1, 20, PATIENCE_MS);
		close(ep);
	}
}

static long wait_one(void *arg)
{
	struct epoll_event ev = {0};
	long n = epoll_wait(*(int *)arg, &ev, 1, FOREVER);

	return n == 1 ? (long)ev.data.u64 : n;
}

/* Asleep with one half or with both, news of either. */
static void test_wakes(void **state)
{
	for (int i = 0; i < 2 * WORLDS; i++) {
		int world = i % 2, ep = make_of(world, i / 2, EPOLLIN);
		struct waiter w;

		waiter_start(&w, wait_one, &ep);
		feed(world);
		assert_int_equal(waiter_end(&w), 10 + world);
		empty(world);
		close(ep);
	}
}

/* Threads sleep in one half alone when the other comes into use: they learn of it. */
static void test_other_half(void **state)
{
	for (int world = 0; world < WORLDS; world++) {
		for (int n = 1; n <= 4; n += 3) {
			int ep = make_of(world, false, EPOLLIN);
			struct waiter w[4];
			struct epoll_event ev;

			for (int i = 0; i < n; i++)
				waiter_start(&w[i], wait_one, &ep);
			add(ep, member(!world), EPOLLIN, 10 + (unsigned int)!world);
			for (int i = 0; i < n; i++) {
				UNTIL(waiter_sleeps(&w[i]));
				assert_false(w[i].done);
			}
			feed(!world);
			for (int i = 0; i < n; i++)
				assert_int_equal(waiter_end(&w[i]), 10 + !world);
			empty(!world);
			/* What woke them is gone. */
			assert_int_equal(epoll_wait(ep, &ev, 1, 0), 0);
			assert_int_equal(poll(&(struct pollfd){.fd = ep, .events = POLLIN}, 1, 0),
					 0);
			close(ep);
		}
	}
}

/* With a time-out, the time goes on over that. */
static long wait_while(void *arg)
{
	struct epoll_event ev;
	uint64_t start = now_ms();
	int n = epoll_wait(*(int *)arg, &ev, 1, 100);

	return n ? -1 : (long)(now_ms() - start);
}

static void test_other_half_timeout(void **state)
{
	for (int world = 0; world < WORLDS; world++) {
		int ep = make_of(world, false, EPOLLIN);
		struct waiter w;

		waiter_start(&w, wait_while, &ep);
		add(ep, member(!world), EPOLLIN, 10 + (unsigned int)!world);
		assert_in_range(waiter_end(&w) + 1, 100, PATIENCE_MS);
		close(ep);
	}
}

/* A registration is of the open description: it lives as long as any number of that. */
static void test_duplicates(void **state)
{
	struct sockaddr_in where;
	int fd = stack_socket(&where), copy = dup(fd), ep = make();
	struct epoll_event ev[4];

	add(ep, fd, EPOLLIN, 1);
	add(ep, copy, EPOLLIN, 2); /* a second one, by the other number */
	feed_stack(&where, "news");
	assert_int_equal(epoll_wait(ep, ev, 4, FOREVER), 2);
	assert_int_equal(epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL), 0);
	assert_event(ep, EPOLLIN, 2);
	close(copy);
	close(fd);
	assert_quiet(ep);
	close(ep);
}

/* A copy of the epoll is the same one; the halves live until the last is closed. */
static void test_epoll_copied(void **state)
{
	int ep = make_of(STACK, true, EPOLLIN), copy = dup(ep);
	int half = wait_stack_half(ep);

	assert_true(half >= 0);
	assert_int_equal(wait_stack_half(copy), half);
	close(ep);
	for (int world = 0; world < WORLDS; world++) {
		feed(world);
		assert_event(copy, EPOLLIN, 10 + (uint64_t)world);
		empty(world);
	}
	assert_int_equal(RAWSYS(SYS_fcntl, standin_host(half), F_GETFD) >= 0, 1);
	close(copy);
	assert_int_equal(RAWSYS(SYS_fcntl, standin_host(half), F_GETFD), -EBADF);
}

/* A socket moves to the host's loopback: its registrations go along, data and events with them. */
static void test_moves(void **state)
{
	static const uint32_t kinds[] = {EPOLLIN, EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT};

	for (size_t i = 0; i < ARRAY_SIZE(kinds) * 2; i++) {
		struct sockaddr_in where = {.sin_family = AF_INET,
					    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		int fd = socket(AF_INET, SOCK_DGRAM, 0), ep[2] = {make(), make()};
		socklen_t len = sizeof(where);
		bool modified = i / ARRAY_SIZE(kinds);
		uint32_t kind = kinds[i % ARRAY_SIZE(kinds)];
		struct epoll_event ev;
		char byte;

		assert_int_equal(slot_kind(fd_slot(fd)), FD_SOCKET);
		add(ep[0], fd, modified ? EPOLLOUT : kind, modified ? 8 : 1);
		if (modified)
			assert_int_equal(control(ep[0], EPOLL_CTL_MOD, fd, kind, 1), 0);
		add(ep[1], fd, EPOLLIN, 2);
		if (modified)
			assert_int_equal(epoll_ctl(ep[1], EPOLL_CTL_DEL, fd, NULL), 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&where, len), 0);
		assert_int_equal(slot_kind(fd_slot(fd)), FD_MOVED);
		assert_int_equal(getsockname(fd, (struct sockaddr *)&where, &len), 0);
		assert_quiet(ep[0]);
		feed_stack(&where, "x");
		assert_event(ep[0], EPOLLIN, 1);
		if (kind == EPOLLIN)
			assert_event(ep[0], EPOLLIN, 1);
		else
			assert_quiet(ep[0]);
		if (modified)
			assert_quiet(ep[1]);
		else
			assert_event(ep[1], EPOLLIN, 2);
		/* It is an ordinary descriptor of the host's from now on. */
		assert_int_equal(control(ep[0], EPOLL_CTL_MOD, fd, EPOLLIN, 5), 0);
		assert_event(ep[0], EPOLLIN, 5);
		assert_int_equal(recv(fd, &byte, 1, 0), 1);
		assert_int_equal(epoll_ctl(ep[0], EPOLL_CTL_DEL, fd, NULL), 0);
		assert_int_equal(epoll_wait(ep[0], &ev, 1, 0), 0);
		close(fd);
		close(ep[0]);
		close(ep[1]);
	}
}

/* A set in a set: news of either half of the inner one reach the outer one. */
static void test_nested(void **state)
{
	for (int i = 0; i < 2; i++) {
		int inner = make(), outer = make();
		struct epoll_event ev[4];

		if (i)
			add(inner, stack_fd, EPOLLIN, 1);
		add(outer, inner, EPOLLIN, 50);
		if (!i)
			add(inner, stack_fd, EPOLLIN, 1);
		add(inner, pipe_fd[0], EPOLLIN, 2);
		assert_quiet(outer);
		for (int world = 0; world < WORLDS; world++) {
			int n;

			feed(world);
			n = epoll_wait(outer, ev, 4, FOREVER);
			assert_in_range(n, 1, 2);
			for (int j = 0; j < n; j++)
				assert_int_equal(ev[j].data.u64, 50);
			assert_event(inner, EPOLLIN, 1 + (uint64_t)world);
			empty(world);
			assert_quiet(outer);
		}
		close(inner);
		close(outer);
	}
}

static atomic_int handled;

static void handler(int sig)
{
	handled++;
}

static long wait_masked(void *arg)
{
	struct epoll_event ev;
	sigset_t none;

	sigemptyset(&none);
	return epoll_pwait(*(int *)arg, &ev, 1, FOREVER, &none);
}

/* A handler ends the wait, also of a signal that only the wait lets through. */
static void test_interrupted(void **state)
{
	struct sigaction sa = {.sa_handler = handler, .sa_flags = SA_RESTART};
	sigset_t block;

	NOT_UNDER_TSAN();
	sigaction(SIGUSR1, &sa, NULL);
	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	for (int i = 0; i < 2 * 2 * WORLDS; i++) {
		int ep = make_of(i % 2, i / 2 % 2, EPOLLIN);
		bool masked = i / 4;
		struct waiter w;

		handled = 0;
		if (masked)
			pthread_sigmask(SIG_BLOCK, &block, NULL);
		waiter_start(&w, masked ? wait_masked : wait_one, &ep);
		pthread_kill(w.thread, SIGUSR1);
		assert_int_equal(waiter_end(&w), -1);
		assert_int_equal(w.err, EINTR);
		assert_int_equal(handled, 1);
		if (masked)
			pthread_sigmask(SIG_UNBLOCK, &block, NULL);
		close(ep);
	}
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_triggers),    cmocka_unit_test(test_both),
		cmocka_unit_test(test_control),	    cmocka_unit_test(test_refused),
		cmocka_unit_test(test_timeout),	    cmocka_unit_test(test_wakes),
		cmocka_unit_test(test_other_half),  cmocka_unit_test(test_other_half_timeout),
		cmocka_unit_test(test_duplicates),  cmocka_unit_test(test_epoll_copied),
		cmocka_unit_test(test_moves),	    cmocka_unit_test(test_nested),
		cmocka_unit_test(test_interrupted),
	};

	inline_begin(argv, NULL);
	return cmocka_run_group_tests(tests, begin, NULL);
}
