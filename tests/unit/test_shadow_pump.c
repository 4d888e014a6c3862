// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shadow_pump.c - the thread that moves data: events of both worlds, closed sockets that no
 * event tells of, what is settled before a call goes on.
 *
 * Deadlines are tested where calls have them: test_shadow_park.c.
 */
#include "lib/clock.h"
#include "shadow.h"
#include "shadow/dgram.h"
#include "shadow/stream.h"

static struct sockaddr_in make_messages(struct made *m)
{
	struct sock *s = make_socket(m, SOCK_DGRAM, false);

	stack_bind(m->stack);
	pump_watch_host(s, EPOLLIN | EPOLLOUT);
	pump_watch_stack(s, EPOLLIN | EPOLLOUT);
	sock_put(s);
	return stack_name(m->stack);
}

/* An open connection; gives the peer. */
static int make_connection(struct made *m)
{
	struct sockaddr_in at;
	int listener = host_listen(&at), peer;
	struct sock *s = make_socket(m, SOCK_STREAM, true);

	stack_call(SYS_connect, m->stack, &at, sizeof(at), 0, 0, 0);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer >= 0);
	assert_int_equal(stream_join(s, m->fd, STREAM_OPEN), 0);
	sock_put(s);
	close(listener);
	return peer;
}

/* A stream as socket() leaves it: nothing tells when the program closes its end. */
static void make_fresh(struct made *m)
{
	struct sock *s = make_socket(m, SOCK_STREAM, true);

	pump_fresh(s);
	sock_put(s);
}

/* News of one world while the pump sleeps in the other, many sockets at a time. */
static void test_events(void **state)
{
	enum { N = 40 };
	struct made m[N];
	int peer[N];
	char text[32];

	for (int i = 0; i < N; i++)
		peer[i] = make_connection(&m[i]);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < N; i++) {
			snprintf(text, sizeof(text), "up %d.%d", round, i);
			write_text(m[i].fd, text);
			snprintf(text, sizeof(text), "down %d.%d", round, i);
			write_text(peer[i], text);
		}
		for (int i = 0; i < N; i++) {
			snprintf(text, sizeof(text), "up %d.%d", round, i);
			assert_reads(peer[i], text);
			snprintf(text, sizeof(text), "down %d.%d", round, i);
			assert_reads(m[i].fd, text);
		}
	}
	for (int i = 0; i < N; i++) {
		close_made(&m[i]);
		close(peer[i]);
	}
}

/* More at a time than one turn moves: a busy socket does not keep others waiting for ever. */
static void test_turns(void **state)
{
	enum { BIG = 6 << 20 };
	struct made busy, quiet;
	int from = make_connection(&busy), peer = make_connection(&quiet);
	static char piece[64 << 10];
	size_t sent = 0, got = 0;

	set_nonblocking(from, true);
	while (got < BIG) {
		if (sent < BIG) {
			ssize_t n = write(from, piece, sizeof(piece));

			sent += n > 0 ? (size_t)n : 0;
		}
		if (got % 7 == 0) {
			write_text(peer, "?");
			assert_reads(quiet.fd, "?");
		}
		if (sent >= BIG || ready_now(busy.fd, POLLIN)) {
			assert_true(ready(busy.fd, POLLIN) & POLLIN);
			got += (size_t)read(busy.fd, piece, sizeof(piece));
		}
	}
	close_made(&busy);
	close_made(&quiet);
	close(from);
	close(peer);
}

/* A sweep takes what has been closed, and nothing else: not what lives on in a duplicate. */
static void test_sweep(void **state)
{
	struct made closed, open, copied;
	unsigned int before = sock_count();
	int copy;

	make_fresh(&closed);
	make_fresh(&open);
	make_fresh(&copied);
	assert_int_equal(sock_count(), before + 3);
	pump_sweep();
	assert_int_equal(sock_count(), before + 3);
	copy = dup(copied.fd);
	close(copied.fd);
	close(closed.fd);
	pump_sweep();
	assert_true(is_gone(&closed));
	assert_false(is_gone(&open));
	assert_false(is_gone(&copied));
	/* Its descriptor in the stack is closed, too. */
	assert_int_equal(fcntl(standin_host(closed.stack), F_GETFD), -1);
	close(open.fd);
	close(copy);
	pump_sweep();
	assert_int_equal(sock_count(), before);
}

/* By itself, a second later at most, once anything has woken the pump. */
static void test_sweeps_by_itself(void **state)
{
	struct sockaddr_in at, from;
	int peer = host_socket(SOCK_DGRAM, &from);
	struct made other;

	at = make_messages(&other);
	for (int i = 0; i < 2; i++) { /* the second one has a sweep just before it */
		uint64_t start = now_ms();
		struct made m;

		make_fresh(&m);
		close(m.fd);
		sendto(peer, "", 0, 0, (struct sockaddr *)&at, sizeof(at));
		UNTIL(is_gone(&m));
		assert_true(now_ms() - start < 3000);
	}
	close_made(&other);
	close(peer);
}

/* No longer fresh, or no longer there: not a sweep's business any more. */
static void test_sweep_forgets(void **state)
{
	struct made m, next;
	struct sock *s;

	make_fresh(&m);
	s = sock_get(m.id);
	sock_destroy(s);
	make_fresh(&next); /* takes the place of the first, under another id */
	assert_true(next.id != m.id);
	assert_int_equal((uint32_t)next.id, (uint32_t)m.id);
	close(m.fd);
	pump_sweep();
	assert_null(sock_get(m.id));
	assert_false(is_gone(&next));
	close(next.fd);
	pump_sweep();
	assert_true(is_gone(&next));
}

/* Where many may have been closed, it is not waited for. */
static void test_relieve(void **state)
{
	struct made m;
	struct sock *s;

	make_fresh(&m);
	close(m.fd);
	pump_relieve(); /* few suspects: nothing is done */
	s = sock_get(m.id);
	assert_non_null(s);
	for (int i = 0; i < 600; i++)
		pump_fresh(s);
	sock_put(s);
	pump_relieve();
	assert_true(is_gone(&m));
}

/* What the program closed before a call is closed when the call goes on: its port is free. */
static void test_settle(void **state)
{
	for (int i = 0; i < 200; i++) {
		struct made m;
		struct sockaddr_in at = make_messages(&m);
		int fd = socket(AF_INET, SOCK_DGRAM, 0);

		close(m.fd);
		pump_settle();
		assert_true(is_gone(&m));
		/* The pump may be asking it for events just now, which keeps it for a moment. */
		UNTIL(bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
		close(fd);
	}
}

/* An open connection is not settled but finished: what was written arrives. */
static void test_settle_open(void **state)
{
	for (int i = 0; i < 50; i++) {
		struct made m;
		int peer = make_connection(&m);

		write_text(m.fd, "the last");
		close(m.fd);
		pump_settle();
		assert_reads(peer, "the last");
		assert_ended(peer);
		UNTIL(is_gone(&m));
		close(peer);
	}
}

/* More open connections end at a time than pump_settle() can keep events of. */
static void test_settle_many(void **state)
{
	enum { N = 120 };
	struct made m[N];
	int peer[N];

	for (int i = 0; i < N; i++)
		peer[i] = make_connection(&m[i]);
	for (int i = 0; i < N; i++) {
		write_text(m[i].fd, "x");
		close(m[i].fd);
		pump_settle();
	}
	for (int i = 0; i < N; i++) {
		assert_reads(peer[i], "x");
		assert_ended(peer[i]);
		UNTIL(is_gone(&m[i]));
		close(peer[i]);
	}
}

static void test_clock(void **state)
{
	uint64_t a = clock_mono_ns(), b = now_ms(), c = clock_mono_ns();

	assert_true(a <= c);
	assert_in_range(b, a / 1000000, c / 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),	      cmocka_unit_test(test_turns),
		cmocka_unit_test(test_sweep),	      cmocka_unit_test(test_sweeps_by_itself),
		cmocka_unit_test(test_sweep_forgets), cmocka_unit_test(test_relieve),
		cmocka_unit_test(test_settle),	      cmocka_unit_test(test_settle_open),
		cmocka_unit_test(test_settle_many),   cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, shadow_begin, shadow_end);
}
