// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shadow_stream.c - what a program sees of TCP through its end of the pair.
 *
 * The test is the program: each state of a connection is looked at by poll(), read() and
 * write() on the program's end, while the pump works.
 */
#include "shadow.h"
#include <sys/ioctl.h>
#include "shadow/stream.h"

/* A stream that is connecting to @to. Its program's end is looked at before the pump can. */
static void start_connecting(struct made *m, const struct sockaddr_in *to)
{
	struct sock *s = make_socket(m, SOCK_STREAM, true);
	long ret;

	assert_int_equal(ready_now(m->fd, POLLIN | POLLOUT), POLLOUT | POLLHUP);
	ret = stack_call(SYS_connect, m->stack, to, sizeof(*to), 0, 0, 0);
	assert_int_equal(ret, -EINPROGRESS);
	assert_int_equal(stream_join(s, m->fd, STREAM_CONNECTING), 0);
	assert_int_equal(ready_now(m->fd, POLLIN | POLLOUT), 0);
	sock_put(s);
}

static enum sock_state state_of(const struct made *m)
{
	struct sock *s = sock_get(m->id);
	enum sock_state state;

	assert_non_null(s);
	state = s->state;
	sock_put(s);
	return state;
}

/* A connection to a peer of the host, which is returned. */
static int make_connection(struct made *m)
{
	struct sockaddr_in at;
	int listener = host_listen(&at), peer;

	start_connecting(m, &at);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer >= 0);
	close(listener);
	assert_int_equal(ready(m->fd, POLLOUT), POLLOUT);
	UNTIL(state_of(m) == SOCK_OPEN);
	return peer;
}

/* Not writable while connecting; then open, and nothing of the filling reaches the peer. */
static void test_connects(void **state)
{
	struct made m;
	int peer = make_connection(&m);

	assert_int_equal(state_of(&m), SOCK_OPEN);
	write_text(m.fd, "first");
	assert_reads(peer, "first");
	write_text(peer, "answer");
	assert_reads(m.fd, "answer");
	close_made(&m);
	assert_ended(peer);
	close(peer);
}

/* Written as soon as poll() allows it, while the filling is still being taken away. */
static void test_first_bytes(void **state)
{
	struct sockaddr_in at;
	int listener = host_listen(&at);

	for (int i = 0; i < 1000; i++) {
		struct made m;
		int peer;

		start_connecting(&m, &at);
		peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		assert_true(peer >= 0);
		while (!ready_now(m.fd, POLLOUT))
			;
		write_text(m.fd, "first");
		assert_reads(peer, "first");
		close(peer);
		close(m.fd);
	}
	close(listener);
}

static void test_refused(void **state)
{
	struct sockaddr_in at;
	int closed = host_socket(SOCK_STREAM, &at); /* bound, so nobody else listens there */
	struct made m;
	struct sock *s;
	char byte;

	start_connecting(&m, &at);
	assert_int_equal(ready(m.fd, POLLIN) & (POLLERR | POLLHUP), POLLERR | POLLHUP);
	assert_int_equal(state_of(&m), SOCK_FAILED);
	s = sock_get(m.id);
	assert_int_equal(s->error, ECONNREFUSED);
	assert_false(s->was_open);
	sock_put(s);
	assert_int_equal(read(m.fd, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(write(m.fd, "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close_made(&m);
	close(closed);
}

static void close_hard(int fd)
{
	struct linger l = {.l_onoff = 1, .l_linger = 0};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
	close(fd);
}

/* The peer resets: POLLERR, the error at the first read, and kept for SO_ERROR. */
static void test_reset(void **state)
{
	struct made m;
	int peer = make_connection(&m);
	struct sock *s;
	char byte;

	close_hard(peer);
	assert_int_equal(ready(m.fd, 0) & POLLERR, POLLERR);
	s = sock_get(m.id);
	assert_int_equal(s->state, SOCK_FAILED);
	assert_int_equal(s->error, ECONNRESET);
	assert_true(s->was_open);
	sock_put(s);
	assert_int_equal(read(m.fd, &byte, 1), -1);
	assert_int_equal(errno, ECONNRESET);
	close_made(&m);
}

/* A reset behind the peer's end: no read of the supervisor's will find it. */
static void test_reset_after_end(void **state)
{
	struct made m;
	int peer = make_connection(&m);

	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	assert_ended(m.fd);
	close_hard(peer);
	assert_int_equal(ready(m.fd, 0) & POLLERR, POLLERR);
	assert_int_equal(state_of(&m), SOCK_FAILED);
	close_made(&m);
}

/* Each direction ends by itself; the other goes on. */
static void test_ends(void **state)
{
	static const struct {
		const char *name;
		bool program_first;
	} cases[] = {{"program", true}, {"peer", false}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct made m;
		int peer = make_connection(&m);
		int first = cases[i].program_first ? m.fd : peer;
		int second = cases[i].program_first ? peer : m.fd;

		print_message("%s first\n", cases[i].name);
		write_text(first, "last words");
		assert_int_equal(shutdown(first, SHUT_WR), 0);
		assert_reads(second, "last words");
		assert_ended(second);
		assert_int_equal(ready_now(first, POLLIN), 0);
		write_text(second, "still here");
		assert_reads(first, "still here");
		assert_int_equal(shutdown(second, SHUT_WR), 0);
		assert_ended(first);
		close_made(&m);
		close(peer);
	}
}

/* What the program wrote before it closed arrives, and then the end. */
static void test_close_delivers(void **state)
{
	enum { SIZE = 3 << 20 };
	unsigned char *data = malloc(SIZE), *got = malloc(SIZE);
	struct made m;
	int peer = make_connection(&m);
	size_t sent = 0;

	assert_true(data && got);
	for (size_t i = 0; i < SIZE; i++)
		data[i] = (unsigned char)(i * 31 >> 5);
	set_nonblocking(m.fd, true);
	while (sent < SIZE) {
		ssize_t n = write(m.fd, data + sent, SIZE - sent);

		if (n > 0)
			sent += (size_t)n;
		else if (!ready_in(m.fd, POLLOUT, 50))
			break; /* nobody reads yet: all buffers are full */
	}
	close(m.fd);
	read_all(peer, got, sent);
	assert_memory_equal(got, data, sent);
	assert_ended(peer);
	UNTIL(is_gone(&m));
	close(peer);
	free(data);
	free(got);
}

/* Closing is found by a sweep where the hang-up is ambiguous: the peer had ended before. */
static void test_close_after_end(void **state)
{
	struct made m;
	int peer = make_connection(&m);

	assert_int_equal(shutdown(peer, SHUT_WR), 0);
	assert_ended(m.fd);
	write_text(m.fd, "bye");
	close_made(&m);
	assert_reads(peer, "bye");
	assert_ended(peer);
	close(peer);
}

/* As TCP: closing with unread data, or with a linger of zero, is a reset. */
static void test_close_resets(void **state)
{
	static const struct {
		bool unread, linger0;
	} cases[] = {{true, false}, {false, true}};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct made m;
		int peer = make_connection(&m);
		char byte;

		if (cases[i].unread) {
			write_text(peer, "ignored");
			assert_true(ready(m.fd, POLLIN) & POLLIN);
		}
		if (cases[i].linger0) {
			struct sock *s = sock_get(m.id);

			s->linger = 0;
			sock_put(s);
		}
		close(m.fd);
		assert_true(ready(peer, 0) & POLLERR);
		assert_int_equal(read(peer, &byte, 1), -1);
		assert_int_equal(errno, ECONNRESET);
		UNTIL(is_gone(&m));
		close(peer);
	}
}

/* Duplicates are one socket: the connection ends with the last of them. */
static void test_duplicate(void **state)
{
	struct made m;
	int peer = make_connection(&m), copy = dup(m.fd);

	close(m.fd);
	write_text(copy, "on");
	assert_reads(peer, "on");
	assert_int_equal(ready_now(peer, POLLIN), 0);
	assert_false(is_gone(&m));
	m.fd = copy;
	close_made(&m);
	assert_ended(peer);
	close(peer);
}

/* Readable exactly while a connection waits; never writable. */
static void test_listens(void **state)
{
	struct made m;
	struct sock *s = make_socket(&m, SOCK_STREAM, true);
	struct sockaddr_in at;
	int peer[2];

	stack_bind(m.stack);
	assert_int_equal(stack_call(SYS_listen, m.stack, 8, 0, 0, 0, 0), 0);
	assert_int_equal(listener_start(s, m.fd), 0);
	sock_put(s);
	at = stack_name(m.stack);
	assert_int_equal(ready_now(m.fd, POLLIN | POLLOUT), 0);
	for (int i = 0; i < 2; i++)
		peer[i] = host_connect(SOCK_STREAM, &at);
	assert_int_equal(ready(m.fd, POLLIN), POLLIN);
	for (int i = 0; i < 2; i++) {
		long stack;

		s = sock_get(m.id);
		stack = stack_call(SYS_accept4, m.stack, NULL, NULL, SOCK_NONBLOCK, 0, 0);
		assert_true(stack >= 0);
		listener_token(s, i ? -1 : m.fd); /* by a descriptor, and looked up */
		sock_put(s);
		assert_int_equal(ready_now(m.fd, POLLIN | POLLOUT), i ? 0 : POLLIN);
		stack_call(SYS_close, stack, 0, 0, 0, 0, 0);
		close(peer[i]);
	}
	peer[0] = host_connect(SOCK_STREAM, &at);
	assert_int_equal(ready(m.fd, POLLIN), POLLIN);
	close(peer[0]);
	close_made(&m);
	/* Its port is free. */
	peer[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(peer[0], (struct sockaddr *)&at, sizeof(at)), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(peer[0]);
}

/* An accepted connection: a pair that is open from the start. */
static void test_accepted(void **state)
{
	struct socket_core core = {.domain = AF_INET, .type = SOCK_STREAM};
	struct made m;
	struct sockaddr_in at;
	int listener = (int)stack_call(SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0, 0), peer, err;
	struct sock *s;

	stack_bind(listener);
	assert_int_equal(stack_call(SYS_listen, listener, 8, 0, 0, 0, 0), 0);
	at = stack_name(listener);
	peer = host_connect(SOCK_STREAM, &at);
	write_text(peer, "hello");
	m.stack = (int)stack_call(SYS_accept4, listener, NULL, NULL, SOCK_NONBLOCK, 0, 0);
	assert_true(m.stack >= 0);
	s = sock_new(&core, &stream_ops, false, m.stack, &m.fd, &err);
	assert_non_null(s);
	m.id = sock_id(s);
	stream_open(s, m.fd);
	sock_put(s);
	assert_reads(m.fd, "hello");
	write_text(m.fd, "welcome");
	assert_reads(peer, "welcome");
	close_made(&m);
	assert_ended(peer);
	close(peer);
	stack_call(SYS_close, listener, 0, 0, 0, 0, 0);
}

static unsigned char byte_at(size_t i)
{
	return (unsigned char)((i >> 16) * 7 + (i >> 8) * 3 + i);
}

/*
 * @total bytes from @from to @to. First nobody reads, and the writer must be stopped; then
 * all arrives, and in order.
 */
static void transfer(int from, int to, size_t total)
{
	enum { PIECE = 50000 };
	static unsigned char out[PIECE], in[PIECE];
	bool stopped = false;
	size_t sent = 0, got = 0;

	while (got < total) {
		size_t n = total - sent < PIECE ? total - sent : PIECE;
		struct pollfd p[2] = {{.fd = from, .events = n ? POLLOUT : 0},
				      {.fd = to, .events = POLLIN}};
		ssize_t r;

		if (!stopped && !ready_in(from, POLLOUT, 50)) {
			stopped = true;
			assert_true(sent < total);
		}
		if (stopped)
			assert_true(poll(p, 2, PATIENCE_MS) > 0);
		else
			p[0].revents = POLLOUT;
		if (p[0].revents & POLLOUT) {
			for (size_t i = 0; i < n; i++)
				out[i] = byte_at(sent + i);
			r = write(from, out, n);
			assert_true(r > 0 || errno == EAGAIN);
			sent += r > 0 ? (size_t)r : 0;
		}
		if (p[1].revents & POLLIN) {
			r = read(to, in, PIECE);
			assert_true(r > 0);
			for (ssize_t i = 0; i < r; i++)
				if (in[i] != byte_at(got + (size_t)i))
					fail_msg("byte %zu differs", got + (size_t)i);
			got += (size_t)r;
		}
		assert_true(stopped || sent < total);
	}
	assert_int_equal(ready_now(to, POLLIN), 0);
}

static void test_back_pressure(void **state)
{
	static const bool up[] = {true, false};
	int small = 64 << 10;

	for (size_t i = 0; i < ARRAY_SIZE(up); i++) {
		struct made m;
		int peer = make_connection(&m);

		setsockopt(peer, SOL_SOCKET, up[i] ? SO_RCVBUF : SO_SNDBUF, &small, sizeof(small));
		set_nonblocking(m.fd, true);
		set_nonblocking(peer, true);
		if (up[i])
			transfer(m.fd, peer, 24 << 20);
		else
			transfer(peer, m.fd, 24 << 20);
		close_made(&m);
		close(peer);
	}
}

/* Buffers that the program bounds bound what is under way. */
static void test_buffers(void **state)
{
	struct made m;
	int peer = make_connection(&m), small = 4096, waiting = 0, total = 0;
	char data[4096] = "";
	struct sock *s = sock_get(m.id);

	stream_buffers(s, m.fd, SO_RCVBUF, small);
	setsockopt(standin_host(m.stack), SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	setsockopt(peer, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	sock_put(s);
	set_nonblocking(peer, true);
	while (ready_in(peer, POLLOUT, 50)) {
		ssize_t n = write(peer, data, sizeof(data));

		total += n > 0 ? (int)n : 0;
		assert_true(total < 256 << 10);
	}
	ioctl(m.fd, FIONREAD, &waiting);
	assert_in_range(waiting, 1, 32 << 10);
	for (int left = total; left;) {
		ssize_t n;

		assert_true(ready(m.fd, POLLIN) & POLLIN);
		n = read(m.fd, data, sizeof(data));
		assert_true(n > 0);
		left -= (int)n;
	}
	close_made(&m);
	close(peer);
}

static bool unix_has_urgent(void)
{
	int sv[2];
	bool has;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	has = send(sv[0], "x", 1, MSG_OOB) == 1;
	close(sv[0]);
	close(sv[1]);
	return has;
}

/* The urgent byte comes as one, and the data around it in order. */
static void test_urgent(void **state)
{
	struct made m;
	int peer;
	char byte = 0;

	if (!unix_has_urgent())
		skip();
	peer = make_connection(&m);
	write_text(peer, "before");
	assert_int_equal(send(peer, "!", 1, MSG_OOB), 1);
	write_text(peer, "after");
	assert_true(ready(m.fd, POLLPRI) & POLLPRI);
	assert_int_equal(recv(m.fd, &byte, 1, MSG_OOB), 1);
	assert_int_equal(byte, '!');
	assert_reads(m.fd, "before");
	assert_reads(m.fd, "after");
	close_made(&m);
	close(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connects),	cmocka_unit_test(test_first_bytes),
		cmocka_unit_test(test_refused),		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_reset_after_end), cmocka_unit_test(test_ends),
		cmocka_unit_test(test_close_delivers),	cmocka_unit_test(test_close_after_end),
		cmocka_unit_test(test_close_resets),	cmocka_unit_test(test_duplicate),
		cmocka_unit_test(test_listens),		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_back_pressure),	cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_urgent),
	};

	return cmocka_run_group_tests(tests, shadow_begin, shadow_end);
}
