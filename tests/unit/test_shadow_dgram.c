// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shadow_dgram.c - messages between a program's end and the stack: boundaries, order, whose
 * each one is, errors, and a pair that is full.
 *
 * The test is the program; what recvfrom() and recvmsg() would say of a message is asked by
 * dgram_peek(), as the supervisor does.
 */
#include "shadow.h"
#include <sys/ioctl.h>
#include "shadow/dgram.h"
#include "shadow/mark.h"

#define MARKED 5000 /* messages of test_error_loses_nothing() */

static unsigned char room[DGRAM_MAX];

/* A UDP socket of the program at a port of 127.0.0.1, and served by the pump. */
static struct sockaddr_in make_messages(struct made *m)
{
	struct sock *s = make_socket(m, SOCK_DGRAM, false);

	stack_bind(m->stack);
	pump_watch_host(s, EPOLLIN | EPOLLOUT);
	pump_watch_stack(s, EPOLLIN | EPOLLOUT);
	sock_put(s);
	return stack_name(m->stack);
}

static void stack_connect(const struct made *m, const struct sockaddr_in *to)
{
	assert_int_equal(stack_call(SYS_connect, m->stack, to, sizeof(*to), 0, 0, 0), 0);
}

static void send_text(int fd, const char *text, const struct sockaddr_in *to)
{
	assert_int_equal(
		sendto(fd, text, strlen(text), 0, (const struct sockaddr *)to, sizeof(*to)),
		strlen(text));
}

/* The first message is @text from port @from (network order); it is taken if @drop. */
static void assert_first(struct made *m, const char *text, in_port_t from, bool drop)
{
	const struct meta *meta;
	struct sock *s;
	long n;

	assert_true(ready(m->fd, POLLIN) & POLLIN);
	s = sock_get(m->id);
	n = dgram_peek(s, m->fd, room, &meta);
	assert_int_equal(n, strlen(text));
	assert_memory_equal(room, text, n);
	assert_non_null(meta);
	assert_false(meta->error);
	assert_int_equal(meta->namelen, sizeof(struct sockaddr_in));
	assert_int_equal(((const struct sockaddr_in *)&meta->name)->sin_port, from);
	if (drop)
		dgram_drop(s, m->fd);
	sock_put(s);
}

static void assert_nothing_locked(struct sock *s, const struct made *m)
{
	const struct meta *meta;

	assert_int_equal(dgram_peek(s, m->fd, room, &meta), -EAGAIN);
	assert_null(meta);
}

static void assert_nothing(struct made *m)
{
	struct sock *s = sock_get(m->id);

	assert_nothing_locked(s, m);
	sock_put(s);
}

/* All that was sent to it has come through the stack: the pump is done with it. */
static void until_waiting(const struct made *m)
{
	UNTIL(!ready_now(standin_host(m->stack), POLLIN) && ready_now(m->fd, POLLIN) & POLLIN);
	sock_put(sock_get(m->id));
}

/* In the order of sending, each with its sender; what was read plainly has left the list. */
static void test_order(void **state)
{
	struct sockaddr_in at, from[2];
	int peer[2] = {host_socket(SOCK_DGRAM, &from[0]), host_socket(SOCK_DGRAM, &from[1])};
	struct made m;
	char text[32];

	at = make_messages(&m);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "message %02d", i);
		send_text(peer[i % 2], text, &at);
	}
	until_waiting(&m);
	for (int i = 0; i < 20; i++) {
		snprintf(text, sizeof(text), "message %02d", i);
		if (i % 5 == 2) {
			assert_int_equal(recv(m.fd, room, sizeof(room), 0), strlen(text));
			assert_memory_equal(room, text, strlen(text));
			continue;
		}
		assert_first(&m, text, from[i % 2].sin_port, false);
		assert_first(&m, text, from[i % 2].sin_port, true);
	}
	assert_nothing(&m);
	close_made(&m);
	close(peer[0]);
	close(peer[1]);
}

/* Equal messages: each keeps its own sender, also empty ones. */
static void test_equal(void **state)
{
	static const char *const texts[] = {"same", ""};
	struct sockaddr_in at, from[3];
	struct made m;
	int peer[3];

	at = make_messages(&m);
	for (int i = 0; i < 3; i++)
		peer[i] = host_socket(SOCK_DGRAM, &from[i]);
	for (size_t t = 0; t < ARRAY_SIZE(texts); t++) {
		for (int i = 0; i < 3; i++)
			send_text(peer[i], texts[t], &at);
		for (int i = 0; i < 3; i++)
			assert_first(&m, texts[t], from[i].sin_port, true);
		assert_nothing(&m);
	}
	close_made(&m);
	for (int i = 0; i < 3; i++)
		close(peer[i]);
}

/* One write is one message, down and up, whatever its length. */
static void test_boundaries(void **state)
{
	static const size_t sizes[] = {1, 0, 7, 8, 9, 1472, 1473, 0, 40000, 65507, 2};
	static unsigned char data[65507];
	struct sockaddr_in at, back;
	int peer = host_socket(SOCK_DGRAM, &back);
	struct made m;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 11 + (i >> 8));
	at = make_messages(&m);
	stack_connect(&m, &back);
	assert_int_equal(connect(peer, (struct sockaddr *)&at, sizeof(at)), 0);
	for (int down = 0; down < 2; down++) {
		int from = down ? peer : m.fd, to = down ? m.fd : peer;

		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			assert_int_equal(send(from, data, sizes[i], 0), sizes[i]);
			assert_true(ready(to, POLLIN) & POLLIN);
			assert_int_equal(recv(to, room, sizeof(room), 0), sizes[i]);
			assert_memory_equal(room, data, sizes[i]);
		}
		/* Many on their way at once. */
		for (size_t i = 0; i < 7; i++)
			assert_int_equal(send(from, data, sizes[i], 0), sizes[i]);
		for (size_t i = 0; i < 7; i++) {
			assert_true(ready(to, POLLIN) & POLLIN);
			assert_int_equal(recv(to, room, sizeof(room), 0), sizes[i]);
		}
	}
	close_made(&m);
	close(peer);
}

static void connect_refusing(struct made *m, int *refusing)
{
	struct sockaddr_in closed;

	*refusing = host_refusing(&closed);
	make_messages(m);
	stack_connect(m, &closed);
}

/* Of a message that no socket takes: kept for the next call that is served, and shown. */
static void test_error(void **state)
{
	struct made m;
	struct sock *s;
	int refusing;

	connect_refusing(&m, &refusing);
	assert_int_equal(send(m.fd, "anybody?", 8, 0), 8);
	assert_true(ready(m.fd, 0) & POLLERR);
	s = sock_get(m.id);
	assert_int_equal(s->error, ECONNREFUSED);
	assert_true(dgram_unmark(s, m.fd)); /* a call is served, and leaves the error */
	assert_false(ready_now(m.fd, 0));
	assert_int_equal(s->error, ECONNREFUSED);
	dgram_mark_again(s);
	assert_true(ready_now(m.fd, 0) & POLLERR);
	assert_true(dgram_unmark(s, m.fd)); /* another tells of it */
	s->error = 0;
	dgram_mark_again(s);
	assert_false(ready_now(m.fd, 0));
	assert_nothing_locked(s, &m);
	sock_put(s);
	close_made(&m);
	close(refusing);
}

/* A plain call is told, once; then all goes on, as often as it happens. */
static void test_error_plain(void **state)
{
	struct made m;
	struct sock *s;
	int refusing;

	connect_refusing(&m, &refusing);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(send(m.fd, "anybody?", 8, 0), 8);
		assert_true(ready(m.fd, 0) & POLLERR);
		if (i % 2)
			assert_int_equal(send(m.fd, "more", 4, 0), -1);
		else
			assert_int_equal(recv(m.fd, room, 1, MSG_DONTWAIT), -1);
		assert_int_equal(errno, ECONNRESET);
		assert_false(ready_now(m.fd, POLLIN));
		assert_true(ready_now(m.fd, POLLOUT) & POLLOUT);
		assert_int_equal(recv(m.fd, room, 1, MSG_DONTWAIT), -1);
		assert_int_equal(errno, EAGAIN);
	}
	s = sock_get(m.id);
	assert_false(dgram_unmark(s, m.fd)); /* it has been told: no later call is */
	assert_int_equal(s->error, 0);
	sock_put(s);
	close_made(&m);
	close(refusing);
}

static void *writer(void *arg)
{
	struct made *m = arg;

	for (uint32_t i = 0; i < MARKED;) {
		/* It never sleeps, so that it writes at any moment. */
		if (send(m->fd, &i, sizeof(i), MSG_DONTWAIT) == sizeof(i))
			i++;
		else
			assert_true(errno == ECONNRESET || errno == EAGAIN);
	}
	return NULL;
}

/* While errors are shown, nothing that the program writes is lost or changes place. */
static void test_error_loses_nothing(void **state)
{
	struct sockaddr_in back;
	int peer = host_socket(SOCK_DGRAM, &back), most = 4 << 20;
	struct made m;
	struct sock *s;
	pthread_t t;

	setsockopt(peer, SOL_SOCKET, SO_RCVBUFFORCE, &most, sizeof(most));
	make_messages(&m);
	stack_connect(&m, &back);
	assert_int_equal(pthread_create(&t, NULL, writer, &m), 0);
	for (uint32_t i = 0, got; i < MARKED; i++) {
		if (i % 2) {
			s = sock_get(m.id);
			assert_true(mark_set(s));
			sock_put(s);
		}
		assert_true(ready(peer, POLLIN) & POLLIN);
		assert_int_equal(recv(peer, &got, sizeof(got), 0), sizeof(got));
		assert_int_equal(got, i);
	}
	pthread_join(t, NULL);
	assert_false(ready_now(peer, POLLIN));
	close_made(&m);
	close(peer);
}

/* The program closes while an error is shown; its last copy is another process's. */
static void test_error_close(void **state)
{
	int refusing, copy;
	struct made m;

	connect_refusing(&m, &refusing);
	copy = dup(m.fd);
	assert_int_equal(send(m.fd, "anybody?", 8, 0), 8);
	assert_true(ready(m.fd, 0) & POLLERR);
	close(m.fd);
	pump_settle();
	assert_false(is_gone(&m));
	close(copy);
	pump_settle(); /* as before bind() and the like: it is closed now */
	assert_true(is_gone(&m));
	close(refusing);
}

/* The pair takes little: nothing is lost nor changes place, and each keeps its sender. */
static void test_full_pair(void **state)
{
	enum { N = 60, SIZE = 1000 };
	struct sockaddr_in at, from[2];
	int peer[2] = {host_socket(SOCK_DGRAM, &from[0]), host_socket(SOCK_DGRAM, &from[1])};
	int least = 1, most = 400 << 10;
	char data[SIZE + 1] = "";
	struct made m;
	struct sock *s;

	at = make_messages(&m);
	s = sock_get(m.id);
	setsockopt(s->pair, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	setsockopt(standin_host(m.stack), SOL_SOCKET, SO_RCVBUF, &most, sizeof(most));
	sock_put(s);
	for (int i = 0; i < N; i++) {
		memset(data, 'a' + i % 26, SIZE);
		send_text(peer[i % 2], data, &at);
	}
	for (int i = 0; i < N; i++) {
		memset(data, 'a' + i % 26, SIZE);
		if (i % 3 == 1) { /* read behind our back: the pump must fetch the rest */
			assert_true(ready(m.fd, POLLIN) & POLLIN);
			assert_int_equal(recv(m.fd, room, sizeof(room), 0), SIZE);
			assert_memory_equal(room, data, SIZE);
			continue;
		}
		assert_first(&m, data, from[i % 2].sin_port, true);
	}
	UNTIL(!ready_now(m.fd, POLLIN));
	assert_nothing(&m);
	close_made(&m);
	close(peer[0]);
	close(peer[1]);
}

/* A message whose caller has gone is the first again, before what came meanwhile. */
static void test_return(void **state)
{
	struct sockaddr_in at, from;
	int peer = host_socket(SOCK_DGRAM, &from);
	struct made m;
	struct sock *s;

	at = make_messages(&m);
	send_text(peer, "one", &at);
	send_text(peer, "two", &at);
	until_waiting(&m);
	assert_first(&m, "one", from.sin_port, true);
	s = sock_get(m.id);
	dgram_return(s, "one");
	dgram_return(s, "one"); /* once only */
	sock_put(s);
	send_text(peer, "three", &at);
	assert_first(&m, "one", from.sin_port, false);
	assert_first(&m, "one", from.sin_port, true);
	assert_first(&m, "two", from.sin_port, true);
	assert_first(&m, "three", from.sin_port, true);
	assert_nothing(&m);
	/* Returned and never fetched: it goes with the socket. */
	send_text(peer, "four", &at);
	assert_first(&m, "four", from.sin_port, true);
	s = sock_get(m.id);
	dgram_return(s, "four");
	sock_put(s);
	close_made(&m);
	close(peer);
}

/* What the program wrote before it closed is sent; without a peer it vanishes. */
static void test_up(void **state)
{
	enum { N = 40 };
	struct sockaddr_in back;
	int peer = host_socket(SOCK_DGRAM, &back);
	struct made m;
	struct sock *s;
	char text[32];

	make_messages(&m);
	assert_int_equal(send(m.fd, "to nobody", 9, 0), 9);
	s = sock_get(m.id);
	dgram_drain_up(s);
	stack_connect(&m, &back);
	sock_put(s);
	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof(text), "number %02d", i);
		assert_int_equal(send(m.fd, text, 9, 0), 9);
	}
	close_made(&m);
	for (int i = 0; i < N; i++) {
		snprintf(text, sizeof(text), "number %02d", i);
		assert_int_equal(recv(peer, room, sizeof(room), MSG_DONTWAIT), 9);
		assert_memory_equal(room, text, 9);
	}
	assert_int_equal(recv(peer, room, sizeof(room), MSG_DONTWAIT), -1);
	close(peer);
}

/* Closed with messages unread, in the pair and behind it. */
static void test_close_unread(void **state)
{
	struct sockaddr_in at, from;
	int peer = host_socket(SOCK_DGRAM, &from), least = 1;
	struct made m;
	struct sock *s;

	at = make_messages(&m);
	s = sock_get(m.id);
	setsockopt(s->pair, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	sock_put(s);
	for (int i = 0; i < 30; i++)
		send_text(peer, "unread", &at);
	assert_true(ready(m.fd, POLLIN) & POLLIN);
	close_made(&m);
	/* Its port is free. */
	assert_int_equal(connect(peer, (struct sockaddr *)&at, sizeof(at)), 0);
	send_text(peer, "gone?", &at);
	assert_true(ready(peer, POLLIN) & POLLERR);
	close(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),	     cmocka_unit_test(test_equal),
		cmocka_unit_test(test_boundaries),   cmocka_unit_test(test_error),
		cmocka_unit_test(test_error_plain),  cmocka_unit_test(test_error_loses_nothing),
		cmocka_unit_test(test_error_close),  cmocka_unit_test(test_full_pair),
		cmocka_unit_test(test_return),	     cmocka_unit_test(test_up),
		cmocka_unit_test(test_close_unread),
	};

	return cmocka_run_group_tests(tests, shadow_begin, shadow_end);
}
