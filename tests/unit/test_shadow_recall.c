// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shadow_recall.c - calls that are interrupted while they are served: the program makes them
 * again, and nothing is done twice nor lost.
 *
 * The puppets' filter is one of Linux before 5.19, whose received calls can be interrupted. The
 * test holds the socket's lock, so that the call is in the supervisor's hands while a signal takes
 * it away: whether it was received is asked of the listener, which is writable then.
 */
#include "served.h"
#include "sockets/route.h"

/* The stand-in's loopback is the stack's: nothing moves away from it. */
static int begin(void **state)
{
	int err = served_begin(true, NULL);

	route_isolate(true);
	return err;
}

/* The only socket that there is, locked. */
static struct sock *the_socket(void)
{
	struct sock *s = sock_first(0);

	assert_non_null(s);
	assert_int_equal(sock_count(), 1);
	return s;
}

static void until_gone(void)
{
	UNTIL((pump_sweep(), sock_count() == 0));
}

/* @p has begun a call on the only socket: take it away while it is served. */
static void interrupt_args(struct puppet *p, long nr, const long args[6])
{
	struct sock *s = the_socket();
	int before = stage->handled;

	puppet_start_args(p, nr, args);
	UNTIL(ready_now(puppet_listener, POLLOUT) & POLLOUT);
	assert_true(puppet_waits(p));
	assert_int_equal(kill(p->pid, SIGUSR1), 0);
	assert_int_equal(puppet_result(p), -EINTR);
	assert_int_equal(stage->handled, before + 1);
	sock_put(s);
}

#define interrupt(p, nr, ...) interrupt_args(p, nr, PUPPET_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0))

/* A result that did not arrive is the answer to the same call. */
static void test_bind(void **state)
{
	struct puppet *p = &puppet[0];
	struct sockaddr_in sa;
	unsigned int before;
	long fd;

	NOT_UNDER_TSAN();
	NEED_PUPPETS();
	fd = act(p, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	before = standin_calls(SYS_bind);
	interrupt(p, SYS_bind, fd, room_addr("0.0.0.0", 0), sizeof(sa));
	UNTIL(standin_calls(SYS_bind) == before + 1);
	assert_int_equal(act(p, SYS_bind, fd, room_addr("0.0.0.0", 0), sizeof(sa)), 0);
	assert_int_equal(standin_calls(SYS_bind), before + 1);
	/* Once: now it is another call. */
	assert_int_equal(act(p, SYS_bind, fd, room_addr("0.0.0.0", 0), sizeof(sa)), -EINVAL);
	act_close(p, fd);
	until_gone();
}

/* Also an error; and another call in between makes it forgotten. */
static void test_other_call(void **state)
{
	struct puppet *p = &puppet[0];
	struct sockaddr_in sa;
	unsigned int before;
	long fd;

	NOT_UNDER_TSAN();
	NEED_PUPPETS();
	fd = act(p, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	act_bind(p, fd);
	before = standin_calls(SYS_bind);
	for (int other = 0; other < 2; other++) {
		unsigned int served;

		interrupt(p, SYS_bind, fd, room_addr("0.0.0.0", 0), sizeof(sa));
		UNTIL(standin_calls(SYS_bind) > before);
		if (other)
			assert_int_equal(act_name(p, SYS_getsockname, fd, &sa), 0);
		served = standin_calls(SYS_bind);
		assert_int_equal(act(p, SYS_bind, fd, room_addr("0.0.0.0", 0), sizeof(sa)),
				 -EINVAL);
		assert_true((standin_calls(SYS_bind) > served) == other);
		before = standin_calls(SYS_bind);
	}
	act_close(p, fd);
	until_gone();
}

/* The result is its thread's: another program's same call is served. */
static void test_other_caller(void **state)
{
	struct puppet *p = &puppet[0];
	unsigned int before;
	long fd;

	NOT_UNDER_TSAN();
	NEED_PUPPETS();
	fd = act(p, SYS_socket, AF_INET, SOCK_STREAM, 0);
	act_bind(p, fd);
	before = standin_calls(SYS_listen);
	interrupt(p, SYS_listen, fd, 4);
	UNTIL(standin_calls(SYS_listen) == before + 1);
	assert_int_equal(act(p, SYS_listen, fd, 5), 0); /* not the same arguments */
	assert_int_equal(standin_calls(SYS_listen), before + 2);
	assert_int_equal(act(p, SYS_listen, fd, 4), 0); /* and it is forgotten */
	assert_int_equal(standin_calls(SYS_listen), before + 3);
	act_close(p, fd);
	until_gone();
}

/* A message that may not have been sent is sent once. */
static void test_send(void **state)
{
	struct puppet *p = &puppet[0];
	struct sockaddr_in at;
	int peer = host_socket(SOCK_DGRAM, &at);
	char got[64];
	long fd;

	NOT_UNDER_TSAN();
	NEED_PUPPETS();
	fd = act(p, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	act_bind(p, fd);
	memcpy(stage->room + ROOM_DATA, "once", 4);
	for (int i = 0; i < 10; i++) {
		interrupt(p, SYS_sendto, fd, stage->room + ROOM_DATA, 4, 0,
			  room_addr("127.0.0.1", at.sin_port), sizeof(at));
		assert_int_equal(act(p, SYS_sendto, fd, stage->room + ROOM_DATA, 4, 0,
				     room_addr("127.0.0.1", at.sin_port), sizeof(at)),
				 4);
		assert_int_equal(recv(peer, got, sizeof(got), MSG_DONTWAIT), 4);
		assert_int_equal(recv(peer, got, sizeof(got), MSG_DONTWAIT), -1);
	}
	act_close(p, fd);
	until_gone();
	close(peer);
}

/* A message that was being received is the next call's. */
static void test_receive(void **state)
{
	struct puppet *p = &puppet[0];
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)},
			   from;
	int peer = host_socket(SOCK_DGRAM, &from);
	unsigned char *data = stage->room + ROOM_DATA;
	struct sockaddr_in *name = (void *)(stage->room + ROOM_RESULT);
	socklen_t *len = (void *)(stage->room + ROOM_LEN);
	long fd;

	NOT_UNDER_TSAN();
	NEED_PUPPETS();
	fd = act(p, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	at.sin_port = act_bind(p, fd);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(sendto(peer, "first", 5, 0, (struct sockaddr *)&at, sizeof(at)),
				 5);
		assert_int_equal(sendto(peer, "second", 6, 0, (struct sockaddr *)&at, sizeof(at)),
				 6);
		*len = sizeof(*name);
		interrupt(p, SYS_recvfrom, fd, data, 64, 0, name, len);
		for (int j = 0; j < 2; j++) {
			memset(data, 0, 64);
			*len = sizeof(*name);
			assert_int_equal(act(p, SYS_recvfrom, fd, data, 64, 0, name, len), 5 + j);
			assert_string_equal((char *)data, j ? "second" : "first");
			assert_int_equal(name->sin_port, from.sin_port);
		}
	}
	act_close(p, fd);
	until_gone();
	close(peer);
}

/* A connection whose caller of accept() was taken away is the next caller's. */
static void test_accept(void **state)
{
	struct puppet *p = &puppet[0];
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	long listener, fd;
	int peer;

	NOT_UNDER_TSAN();
	NEED_PUPPETS();
	listener = act(p, SYS_socket, AF_INET, SOCK_STREAM, 0);
	at.sin_port = act_bind(p, listener);
	assert_int_equal(act(p, SYS_listen, listener, 8), 0);
	for (int i = 0; i < 5; i++) {
		peer = host_connect(SOCK_STREAM, &at);
		write_text(peer, "mine");
		interrupt(p, SYS_accept, listener, 0, 0);
		fd = act(p, SYS_accept, listener, 0, 0);
		assert_int_equal(fd, listener + 1);
		act_reads(p, fd, "mine");
		act_close(p, fd);
		close(peer);
		UNTIL((pump_sweep(), sock_count() == 1));
	}
	act_close(p, listener);
	until_gone();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bind),	     cmocka_unit_test(test_other_call),
		cmocka_unit_test(test_other_caller), cmocka_unit_test(test_send),
		cmocka_unit_test(test_receive),	     cmocka_unit_test(test_accept),
	};

	return cmocka_run_group_tests(tests, begin, served_end);
}
