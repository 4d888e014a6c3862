// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shadow_park.c - calls that wait for their socket: answered, expired, dropped, forgotten,
 * interrupted.
 *
 * The calls are real ones of programs under the filter; the test receives them and puts them
 * aside, and the pump serves them again.
 */
#include "lib/clock.h"
#include "puppet.h"
#include "shadow/control.h"
#include "shadow/park.h"
#include "shadow/serve.h"
#include "shadow/stream.h"

static int begin(void **state)
{
	if (puppets_begin(false, NULL))
		return -1;
	if (puppet_listener >= 0 && call_listen(puppet_listener))
		return -1;
	return shadow_begin(state);
}

static int end(void **state)
{
	shadow_end(state);
	puppets_end();
	return 0;
}

static void receive(struct call *c)
{
	int err;

	do
		err = call_receive(c, puppet_listener);
	while (err == -EINTR || err == -ENOENT);
	assert_int_equal(err, 0);
}

/* A listening socket of @p, whose number there is @m->fd; gives where it listens. */
static struct sockaddr_in make_listener(struct puppet *p, struct made *m)
{
	struct call c;
	struct sock *s;
	int fd;

	puppet_start(p, SYS_socket, AF_INET, SOCK_STREAM, 0);
	receive(&c);
	assert_int_equal(c.nr, SYS_socket);
	assert_int_equal(c.tid, p->pid);
	s = make_socket(m, SOCK_STREAM, true);
	stack_bind(m->stack);
	assert_int_equal(stack_call(SYS_listen, m->stack, 8, 0, 0, 0, 0), 0);
	assert_int_equal(listener_start(s, m->fd), 0);
	fd = call_answer_fd(&c, m->fd, false);
	assert_int_equal(puppet_result(p), fd);
	close(m->fd);
	m->fd = s->fd = fd;
	s->tid = p->pid;
	sock_put(s);
	return stack_name(m->stack);
}

static void close_listener(struct puppet *p, struct made *m)
{
	assert_int_equal(puppet_call(p, SYS_close, m->fd), 0);
	UNTIL(is_gone(m));
}

/* @p calls accept(), and that is parked; it ends with @ret after @ms, if @ms is not 0. */
static void start_accept(struct puppet *p, struct made *m, int ms, long ret)
{
	struct sock *s = sock_get(m->id);
	struct call c;

	puppet_start(p, SYS_accept, m->fd, 0, 0);
	receive(&c);
	assert_int_equal(c.nr, SYS_accept);
	c.again = control_accept; /* as serve.c finds it in the call table */
	if (ms) {
		c.deadline = clock_mono_ns() + (uint64_t)ms * 1000000;
		c.timeout = ret;
	}
	assert_int_equal(park(&c, s), 0);
	sock_put(s);
}

static bool nothing_parked(const struct made *m)
{
	struct sock *s = sock_get(m->id);
	bool none;

	assert_non_null(s);
	none = !s->parked;
	sock_put(s);
	return none;
}

/* The socket has news: the call is served again, and answered. */
static void test_news(void **state)
{
	struct sockaddr_in at;
	struct made m;
	int peer;
	long fd;

	NEED_PUPPETS();
	at = make_listener(&puppet[0], &m);
	start_accept(&puppet[0], &m, 0, 0);
	assert_true(puppet_waits(&puppet[0]));
	assert_false(nothing_parked(&m));
	peer = host_connect(SOCK_STREAM, &at);
	fd = puppet_result(&puppet[0]);
	assert_true(fd >= 0 && fd != m.fd);
	UNTIL(nothing_parked(&m));
	memcpy(stage->room, "from there", 10);
	assert_int_equal(puppet_call(&puppet[0], SYS_write, fd, stage->room, 10), 10);
	assert_reads(peer, "from there");
	assert_int_equal(puppet_call(&puppet[0], SYS_close, fd), 0);
	assert_ended(peer);
	close(peer);
	close_listener(&puppet[0], &m);
}

/* Several wait for one socket: it goes to the first, and to the second what comes then. */
static void test_order(void **state)
{
	struct sockaddr_in at;
	int peer[3];
	struct made m, twin;
	long fd;

	NEED_PUPPETS();
	at = make_listener(&puppet[0], &m);
	start_accept(&puppet[0], &m, 0, 0);
	/* Another program with its own number for nothing: EBADF, and the first keeps waiting. */
	twin = m;
	twin.fd = 90;
	start_accept(&puppet[1], &twin, 0, 0);
	assert_true(puppet_waits(&puppet[0]));
	peer[0] = host_connect(SOCK_STREAM, &at);
	fd = puppet_result(&puppet[0]);
	assert_true(fd >= 0);
	assert_int_equal(puppet_result(&puppet[1]), -EBADF);
	puppet_call(&puppet[0], SYS_close, fd);
	close(peer[0]);
	close_listener(&puppet[0], &m);
}

/* Each call ends at its own time with its own answer, whatever the order. */
static void test_deadline(void **state)
{
	static const struct {
		int ms;
		long ret;
	} cases[][2] = {
		{{60, -EAGAIN}, {20, -EINPROGRESS}},
		{{20, -EINPROGRESS}, {60, -EAGAIN}},
		{{1, -EALREADY}, {1, 0}},
	};

	NEED_PUPPETS();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t start = now_ms();
		struct made m[2];

		for (int j = 0; j < 2; j++) {
			make_listener(&puppet[j], &m[j]);
			start_accept(&puppet[j], &m[j], cases[i][j].ms, cases[i][j].ret);
		}
		for (int j = 0; j < 2; j++) {
			assert_int_equal(puppet_result(&puppet[j]), cases[i][j].ret);
			assert_true(now_ms() - start + 1 >= (uint64_t)cases[i][j].ms);
			UNTIL(nothing_parked(&m[j]));
		}
		for (int j = 0; j < 2; j++)
			close_listener(&puppet[j], &m[j]);
	}
}

/* News before the deadline: the deadline does nothing more. */
static void test_news_before_deadline(void **state)
{
	struct sockaddr_in at;
	struct made m;
	int peer;
	long fd;

	NEED_PUPPETS();
	at = make_listener(&puppet[0], &m);
	start_accept(&puppet[0], &m, PATIENCE_MS, -EAGAIN);
	peer = host_connect(SOCK_STREAM, &at);
	fd = puppet_result(&puppet[0]);
	assert_true(fd >= 0);
	puppet_call(&puppet[0], SYS_close, fd);
	close(peer);
	close_listener(&puppet[0], &m);
}

/* The socket goes while calls wait for it. */
static void test_dropped(void **state)
{
	struct made m;

	NEED_PUPPETS();
	make_listener(&puppet[0], &m);
	start_accept(&puppet[0], &m, 0, 0);
	sock_destroy(sock_get(m.id));
	assert_int_equal(puppet_result(&puppet[0]), -EBADF);
	assert_true(is_gone(&m));
	assert_int_equal(puppet_call(&puppet[0], SYS_close, m.fd), 0);
}

/* A thread has one call at a time: one that comes after another replaces it. */
static void test_one_each(void **state)
{
	struct call c;
	struct made m;
	struct sock *s;

	NEED_PUPPETS();
	make_listener(&puppet[0], &m);
	puppet_start(&puppet[0], SYS_accept, m.fd, 0, 0);
	receive(&c);
	s = sock_get(m.id);
	assert_int_equal(park(&c, s), 0);
	c.timeout = -ETIME;
	c.deadline = clock_mono_ns() + 1000000;
	assert_int_equal(park(&c, s), 0);
	assert_non_null(s->parked);
	assert_null(s->parked->next);
	sock_put(s);
	assert_int_equal(puppet_result(&puppet[0]), -ETIME);
	close_listener(&puppet[0], &m);
}

/* A signal waits for the caller: what becomes of the call is the handler's and the call's. */
static void test_signal(void **state)
{
	static const struct {
		int sig, ms;
		bool restarts;
	} cases[] = {
		{SIGUSR1, 0, false},
		{SIGUSR2, 0, true},
		{SIGUSR1, PATIENCE_MS, false},
		{SIGUSR2, PATIENCE_MS,
		 false}, /* with a time-out: EINTR, whatever SA_RESTART says */
	};

	NOT_UNDER_TSAN();
	NEED_PUPPETS();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int before = stage->handled;
		struct call c;
		struct made m;

		make_listener(&puppet[0], &m);
		start_accept(&puppet[0], &m, cases[i].ms, -EAGAIN);
		assert_int_equal(kill(puppet[0].pid, cases[i].sig), 0);
		if (cases[i].restarts) {
			receive(&c); /* the same call once more */
			assert_int_equal(c.nr, SYS_accept);
			assert_int_equal(c.args[0], m.fd);
			assert_true(puppet_waits(&puppet[0]));
			assert_int_equal(call_answer(&c, -ENOSPC), 0);
			assert_int_equal(puppet_result(&puppet[0]), -ENOSPC);
		} else {
			assert_int_equal(puppet_result(&puppet[0]), -EINTR);
		}
		assert_int_equal(stage->handled, before + 1);
		UNTIL(nothing_parked(&m));
		close_listener(&puppet[0], &m);
	}
}

/* The caller was killed: forgotten without news, and its connection is the next caller's. */
static void test_dead_caller(void **state)
{
	struct sockaddr_in at;
	struct made m;
	struct sock *s;
	int peer;
	long fd;

	NEED_PUPPETS();
	at = make_listener(&puppet[0], &m);
	start_accept(&puppet[3], &m, 0, 0);
	puppet_kill(&puppet[3]);
	UNTIL(nothing_parked(&m));
	peer = host_connect(SOCK_STREAM, &at);
	start_accept(&puppet[0], &m, 0, 0);
	s = sock_get(m.id);
	park_retry(s); /* the news came before the call did */
	sock_put(s);
	fd = puppet_result(&puppet[0]);
	assert_true(fd >= 0);
	puppet_call(&puppet[0], SYS_close, fd);
	close(peer);
	close_listener(&puppet[0], &m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_news),	 cmocka_unit_test(test_order),
		cmocka_unit_test(test_deadline), cmocka_unit_test(test_news_before_deadline),
		cmocka_unit_test(test_dropped),	 cmocka_unit_test(test_one_each),
		cmocka_unit_test(test_signal),	 cmocka_unit_test(test_dead_caller),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
