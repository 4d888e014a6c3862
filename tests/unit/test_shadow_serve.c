// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shadow_serve.c - programs under the filter make sockets and connect them: what they see.
 */
#include "served.h"
#include <sys/un.h>

enum { HELD_UDP = HELD, HELD_LISTENER, HELD_PIPE, HELD_UNIX };

/* Descriptors that the programs have had since before the filter: none of the stack's. */
static void hold(void)
{
	struct sockaddr_in at;
	int fds[2], fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || dup2(fd, HELD_UDP) < 0)
		_exit(1);
	fd = host_listen(&at);
	if (dup2(fd, HELD_LISTENER) < 0 || pipe(fds) || dup2(fds[0], HELD_PIPE) < 0)
		_exit(1);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (fd < 0 || dup2(fd, HELD_UNIX) < 0)
		_exit(1);
}

static int begin(void **state)
{
	return served_begin(false, hold);
}

static long make(struct puppet *p, int type)
{
	long fd = act(p, SYS_socket, AF_INET, type, 0);

	assert_true(fd >= 0);
	return fd;
}

/* A server and a client of two programs, from nothing to the end. */
static void test_connection(void **state)
{
	struct puppet *server = &puppet[0], *client = &puppet[1];
	unsigned int in_stack = standin_calls(SYS_accept4), before;
	struct sockaddr_in mine, theirs, *peer;
	long listener, fd, accepted;
	in_port_t port;
	socklen_t *len;

	NEED_PUPPETS();
	before = sock_count();
	listener = make(server, SOCK_STREAM);
	port = act_bind(server, listener);
	assert_int_not_equal(port, 0);
	assert_int_equal(act(server, SYS_listen, listener, 8), 0);
	peer = room_at(ROOM_DATA, sizeof(*peer));
	len = room_at(ROOM_DATA + 256, sizeof(*len));
	*len = sizeof(*peer);
	puppet_start(server, SYS_accept, listener, peer, len);
	fd = make(client, SOCK_STREAM);
	assert_true(puppet_waits(server));
	assert_int_equal(act(client, SYS_connect, fd, room_addr("127.0.0.1", port), sizeof(*peer)),
			 0);
	accepted = puppet_result(server);
	assert_true(accepted >= 0);
	assert_true(standin_calls(SYS_accept4) > in_stack);
	theirs = *peer;
	assert_int_equal(*len, sizeof(*peer));
	assert_int_equal(act_name(client, SYS_getsockname, fd, &mine), 0);
	assert_memory_equal(&mine, &theirs, sizeof(mine));
	assert_int_equal(act_name(server, SYS_getpeername, accepted, &theirs), 0);
	assert_memory_equal(&mine, &theirs, sizeof(mine));
	assert_int_equal(act_name(client, SYS_getpeername, fd, &theirs), 0);
	assert_int_equal(theirs.sin_port, port);
	act_write(client, fd, "question");
	act_reads(server, accepted, "question");
	act_write(server, accepted, "answer");
	act_reads(client, fd, "answer");
	assert_int_equal(act(client, SYS_shutdown, fd, SHUT_WR), 0);
	act_reads(server, accepted, "");
	act_write(server, accepted, "last");
	act_close(server, accepted);
	act_reads(client, fd, "last");
	act_reads(client, fd, "");
	act_close(client, fd);
	act_close(server, listener);
	UNTIL((pump_sweep(), sock_count() == before));
}

/* The same sequence on the host's kernel gives the same results. */
static unsigned int script(struct puppet *p, long log[64])
{
	struct sockaddr_in sa;
	const void *bad = (void *)8;
	unsigned int n = 0;
	long tcp, udp;
	int *small;
	char *cut;

	tcp = make(p, SOCK_STREAM);
	udp = make(p, SOCK_DGRAM);
	/* Made, and nothing else. */
	log[n++] = act(p, SYS_accept, tcp, 0, 0);
	log[n++] = act(p, SYS_accept, udp, 0, 0);
	log[n++] = act(p, SYS_listen, udp, 1);
	log[n++] = act_name(p, SYS_getpeername, tcp, &sa);
	log[n++] = act_name(p, SYS_getpeername, udp, &sa);
	log[n++] = act(p, SYS_shutdown, tcp, SHUT_RDWR);
	log[n++] = act(p, SYS_shutdown, udp, SHUT_RDWR);
	log[n++] = act(p, SYS_shutdown, tcp, 7);
	/* Arguments. */
	log[n++] = act(p, SYS_bind, tcp, bad, sizeof(sa));
	log[n++] = act(p, SYS_connect, udp, bad, sizeof(sa));
	log[n++] = act(p, SYS_bind, tcp, room_addr("0.0.0.0", 0), 4);
	log[n++] = act(p, SYS_bind, tcp, room_addr("0.0.0.0", 0), -1);
	log[n++] = act(p, SYS_bind, tcp, room_addr("0.0.0.0", 0), 1000);
	log[n++] = act(p, SYS_getsockname, tcp, room_at(ROOM_RESULT, 64), bad);
	log[n++] = act(p, SYS_bind, 77, room_addr("0.0.0.0", 0), sizeof(sa));
	log[n++] = act(p, SYS_socket, AF_INET, 99, 0);
	log[n++] = act(p, SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_UDP);
	/* Bound. */
	log[n++] = act(p, SYS_bind, tcp, room_addr("0.0.0.0", 0), sizeof(sa));
	log[n++] = act(p, SYS_bind, tcp, room_addr("0.0.0.0", 0), sizeof(sa));
	/* An address that does not fit is cut, and its length told. */
	small = room_at(ROOM_LEN, sizeof(*small));
	cut = room_at(ROOM_RESULT, 16);
	*small = 2;
	log[n++] = act(p, SYS_getsockname, tcp, cut, small);
	log[n++] = *small;
	log[n++] = cut[0] | cut[1] << 8;
	log[n++] = cut[2] | cut[3] | cut[4] | cut[5];
	*small = -1;
	log[n++] = act(p, SYS_getsockname, tcp, cut, small);
	/* Listening. */
	log[n++] = act(p, SYS_listen, tcp, 3);
	log[n++] = act(p, SYS_listen, tcp, 1);
	log[n++] = act(p, SYS_accept4, tcp, 0, 0, 0x40);
	log[n++] = act(p, SYS_fcntl, tcp, F_SETFL, O_RDWR | O_NONBLOCK);
	log[n++] = act(p, SYS_accept4, tcp, 0, 0, 0);
	log[n++] = act_name(p, SYS_getpeername, tcp, &sa);
	act_close(p, udp);
	act_close(p, tcp);
	return n;
}

static void test_as_the_host(void **state)
{
	long here[64], there[64];
	unsigned int n, m;

	NEED_PUPPETS();
	n = script(NULL, here);
	m = script(&puppet[0], there);
	assert_int_equal(n, m);
	for (unsigned int i = 0; i < n; i++)
		if (here[i] != there[i])
			fail_msg("step %u: %ld on the host, %ld here", i, here[i], there[i]);
}

/* Numbers are the lowest free, flags are where programs look for them. */
static void test_numbers(void **state)
{
	static const struct {
		int type, getfd, getfl;
	} cases[] = {
		{SOCK_STREAM, 0, O_RDWR},
		{SOCK_STREAM | SOCK_CLOEXEC, FD_CLOEXEC, O_RDWR},
		{SOCK_DGRAM | SOCK_NONBLOCK, 0, O_RDWR | O_NONBLOCK},
		{SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, FD_CLOEXEC, O_RDWR | O_NONBLOCK},
	};
	struct puppet *p = &puppet[0];
	long first, fd;

	NEED_PUPPETS();
	first = make(p, SOCK_DGRAM);
	act_close(p, first);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = make(p, cases[i].type);
		assert_int_equal(fd, first);
		assert_int_equal(act(p, SYS_fcntl, fd, F_GETFD), cases[i].getfd);
		assert_int_equal(act(p, SYS_fcntl, fd, F_GETFL), cases[i].getfl);
		act_close(p, fd);
	}
	for (int flags = 0; flags < 4; flags++) {
		int want = (flags & 1 ? SOCK_NONBLOCK : 0) | (flags & 2 ? SOCK_CLOEXEC : 0);
		struct sockaddr_in at = {.sin_family = AF_INET,
					 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		long listener = make(p, SOCK_STREAM);
		int peer;

		at.sin_port = act_bind(p, listener);
		assert_int_equal(act(p, SYS_listen, listener, 1), 0);
		peer = host_connect(SOCK_STREAM, &at);
		fd = act(p, SYS_accept4, listener, 0, 0, want);
		assert_int_equal(fd, listener + 1);
		assert_int_equal(act(p, SYS_fcntl, fd, F_GETFD), flags & 2 ? FD_CLOEXEC : 0);
		assert_int_equal(act(p, SYS_fcntl, fd, F_GETFL),
				 O_RDWR | (flags & 1 ? O_NONBLOCK : 0));
		act_close(p, fd);
		act_close(p, listener);
		close(peer);
	}
}

/* connect() that does not wait: in progress, then writable or an error, which is told once. */
static void test_nonblocking(void **state)
{
	struct puppet *server = &puppet[0], *client = &puppet[1];
	int error;

	NEED_PUPPETS();
	for (int refused = 0; refused < 2; refused++) {
		long listener = make(server, SOCK_STREAM), fd;
		in_port_t port = act_bind(server, listener);

		/* Listening, its port is served in the stack; then it is no more. */
		assert_int_equal(act(server, SYS_listen, listener, 8), 0);
		if (refused)
			assert_int_equal(act(server, SYS_shutdown, listener, SHUT_RD), 0);
		fd = make(client, SOCK_STREAM | SOCK_NONBLOCK);
		assert_int_equal(act(client, SYS_connect, fd, room_addr("127.0.0.1", port),
				     sizeof(struct sockaddr_in)),
				 -EINPROGRESS);
		if (refused) {
			assert_true(act_poll(client, fd, POLLOUT, PATIENCE_MS) & POLLERR);
			assert_int_equal(act_getsockopt(client, fd, SOL_SOCKET, SO_ERROR, &error),
					 0);
			assert_int_equal(error, ECONNREFUSED);
		} else {
			assert_int_equal(act_poll(client, fd, POLLOUT, PATIENCE_MS), POLLOUT);
		}
		assert_int_equal(act_getsockopt(client, fd, SOL_SOCKET, SO_ERROR, &error), 0);
		assert_int_equal(error, 0);
		/* Asked once more, the kernel says that it has succeeded, and then that it is so.
		 */
		for (int again = 0; !refused && again < 2; again++)
			assert_int_equal(act(client, SYS_connect, fd, room_addr("127.0.0.1", port),
					     sizeof(struct sockaddr_in)),
					 again ? -EISCONN : 0);
		act_close(client, fd);
		act_close(server, listener);
	}
}

/* A blocking connect() that is refused says so, and the socket may try again. */
static void test_refused_then_connected(void **state)
{
	struct puppet *server = &puppet[0], *client = &puppet[1];
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof(at);
	int one = 1, keeper = socket(AF_INET, SOCK_STREAM, 0); /* keeps the port from others */
	long listener, fd;

	NEED_PUPPETS();
	setsockopt(keeper, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	assert_int_equal(bind(keeper, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(keeper, (struct sockaddr *)&at, &len), 0);
	listener = make(server, SOCK_STREAM);
	assert_int_equal(act_setsockopt(server, listener, SOL_SOCKET, SO_REUSEADDR, 1), 0);
	assert_int_equal(act(server, SYS_bind, listener, room_addr("0.0.0.0", at.sin_port), len),
			 0);
	assert_int_equal(act(server, SYS_listen, listener, 8), 0);
	assert_int_equal(act(server, SYS_shutdown, listener, SHUT_RD), 0);
	fd = make(client, SOCK_STREAM);
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			act(client, SYS_connect, fd, room_addr("127.0.0.1", at.sin_port), len),
			-ECONNREFUSED);
	assert_int_equal(act(server, SYS_listen, listener, 8), 0);
	assert_int_equal(act(client, SYS_connect, fd, room_addr("127.0.0.1", at.sin_port), len), 0);
	act_write(client, fd, "at last");
	act_close(client, fd);
	act_close(server, listener);
	close(keeper);
}

/* The port of what a program has closed is free at once. */
static void test_port_again(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
	struct puppet *p = &puppet[0];

	NEED_PUPPETS();
	for (int i = 0; i < 60; i++) {
		long fd = make(p, types[i % 2]), again = make(p, types[i % 2]);
		in_port_t port = act_bind(p, fd);

		if (i % 4 == 2)
			assert_int_equal(act(p, SYS_listen, fd, 1), 0);
		assert_int_equal(act(p, SYS_bind, again, room_addr("0.0.0.0", port),
				     sizeof(struct sockaddr_in)),
				 -EADDRINUSE);
		act_close(p, fd);
		assert_int_equal(act(p, SYS_bind, again, room_addr("0.0.0.0", port),
				     sizeof(struct sockaddr_in)),
				 0);
		act_close(p, again);
	}
}

/* accept() with a time-out of the socket's, and what an accepted socket inherits of that. */
static void test_timeout(void **state)
{
	struct puppet *p = &puppet[0];
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval *t;
	uint64_t start;
	long listener, fd;
	int peer;

	NEED_PUPPETS();
	listener = make(p, SOCK_STREAM);
	at.sin_port = act_bind(p, listener);
	assert_int_equal(act(p, SYS_listen, listener, 8), 0);
	t = room_at(ROOM_RESULT, sizeof(*t));
	t->tv_usec = 40000;
	assert_int_equal(act(p, SYS_setsockopt, listener, SOL_SOCKET, SO_RCVTIMEO, t, sizeof(*t)),
			 0);
	start = now_ms();
	assert_int_equal(act(p, SYS_accept, listener, 0, 0), -EAGAIN);
	assert_in_range(now_ms() - start + 1, 40, PATIENCE_MS);
	peer = host_connect(SOCK_STREAM, &at);
	fd = act(p, SYS_accept, listener, 0, 0);
	assert_true(fd >= 0);
	start = now_ms();
	assert_int_equal(act(p, SYS_read, fd, stage->room + ROOM_DATA, 1), -EAGAIN);
	assert_in_range(now_ms() - start + 1, 40, PATIENCE_MS);
	close(peer);
	act_close(p, fd);
	act_close(p, listener);
}

/* What is not the stack's is the host kernel's business, unless it would leave loopback. */
static void test_foreign(void **state)
{
	struct puppet *p = &puppet[2];
	struct sockaddr_in sa, at;
	int peer = host_socket(SOCK_DGRAM, &at);
	socklen_t len = sizeof(sa);

	NEED_PUPPETS();
	/* The host would say ENOTSOCK, EADDRNOTAVAIL, EISCONN, EMSGSIZE. */
	assert_int_equal(act(p, SYS_bind, HELD_PIPE, room_addr("192.0.2.1", 0), len), -ENOTSOCK);
	assert_int_equal(act(p, SYS_bind, HELD_UDP, room_addr("192.0.2.1", 0), len), -ENETUNREACH);
	assert_int_equal(act(p, SYS_connect, HELD_LISTENER, room_addr("192.0.2.1", 9), len),
			 -ENETUNREACH);
	assert_int_equal(
		act(p, SYS_sendto, HELD_UDP, stage->room, 70000, 0, room_addr("192.0.2.1", 9), len),
		-ENETUNREACH);
	/* Loopback it may. */
	assert_int_equal(act_name(p, SYS_getsockname, HELD_LISTENER, &sa), 0);
	assert_int_equal(sa.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	assert_int_equal(
		act(p, SYS_sendto, HELD_UDP, "hi", 0, 0, room_addr("127.0.0.1", at.sin_port), len),
		0);
	assert_true(ready(peer, POLLIN) & POLLIN);
	assert_int_equal(act(p, SYS_connect, HELD_UDP, room_addr("127.0.0.1", at.sin_port), len),
			 0);
	assert_int_equal(act_name(p, SYS_getpeername, HELD_UDP, &sa), 0);
	assert_int_equal(sa.sin_port, at.sin_port);
	/* AF_UNIX is none of ours. */
	assert_int_equal(act(p, SYS_listen, HELD_UNIX, 1), -EINVAL);
	assert_int_equal(act(p, SYS_close, 99), -EBADF);
	assert_int_equal(act_name(p, SYS_getsockname, 99, &sa), -EBADF);
	close(peer);
}

/* A socket that goes to the host's loopback is the host's from then on. */
static void test_moves(void **state)
{
	struct puppet *p = &puppet[0];
	struct sockaddr_in at, sa;
	int listener = host_listen(&at), peer, on = 0;
	unsigned int before;
	long fd, copy;

	NEED_PUPPETS();
	before = standin_calls(SYS_connect);
	fd = make(p, SOCK_STREAM | SOCK_CLOEXEC);
	assert_int_equal(act_setsockopt(p, fd, SOL_SOCKET, SO_KEEPALIVE, 1), 0);
	assert_int_equal(act(p, SYS_connect, fd, room_addr("127.0.0.1", at.sin_port), sizeof(at)),
			 0);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer >= 0);
	assert_int_equal(standin_calls(SYS_connect), before);
	assert_int_equal(act(p, SYS_fcntl, fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(act_getsockopt(p, fd, SOL_SOCKET, SO_KEEPALIVE, &on), 0);
	assert_int_equal(on, 1);
	assert_int_equal(act_name(p, SYS_getpeername, fd, &sa), 0);
	assert_int_equal(sa.sin_port, at.sin_port);
	act_write(p, fd, "to the host");
	assert_reads(peer, "to the host");
	copy = act(p, SYS_dup, fd);
	act_close(p, fd);
	act_close(p, copy);
	assert_ended(peer);
	close(peer);
	close(listener);
}

/* The events of set @ep that the program finds within @ms: at most one; its data in @data. */
static uint32_t act_epoll(struct puppet *p, long ep, uint64_t *data, int ms)
{
	struct epoll_event *ev = room_at(ROOM_DATA, 2 * sizeof(*ev));
	long n = act(p, SYS_epoll_pwait, ep, ev, 2, ms, 0, 8);

	assert_in_range(n, 0, 1);
	*data = n ? ev->data.u64 : 0;
	return n ? ev->events : 0;
}

static void act_epoll_ctl(struct puppet *p, long ep, int op, long fd, uint32_t events,
			  uint64_t data)
{
	struct epoll_event *ev = room_at(ROOM_DATA, sizeof(*ev));

	*ev = (struct epoll_event){.events = events, .data.u64 = data};
	assert_int_equal(act(p, SYS_epoll_ctl, ep, op, fd, ev), 0);
}

/* Its other numbers move along, each with its flag, and its places in epoll sets. */
static void test_moves_along(void **state)
{
	const uint64_t mark = 0xfedcba9876543210;
	struct puppet *p = &puppet[0], *other = &puppet[1];
	struct sockaddr_in at, sa;
	int listener = host_listen(&at), peer;
	long fd, ep, one, copy;
	uint64_t data;

	NEED_PUPPETS();
	ep = act(p, SYS_epoll_create1, 0);
	one = act(p, SYS_epoll_create1, 0);
	fd = make(p, SOCK_STREAM);
	copy = act(p, SYS_fcntl, fd, F_DUPFD_CLOEXEC, 40);
	assert_int_equal(copy, 40);
	act_epoll_ctl(p, ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLET, mark);
	act_epoll_ctl(p, ep, EPOLL_CTL_ADD, HELD_PIPE, EPOLLIN, 1);
	act_epoll_ctl(p, one, EPOLL_CTL_ADD, copy, EPOLLIN | EPOLLONESHOT, 7);
	assert_true(act_epoll(p, ep, &data, 0) & EPOLLHUP); /* without a peer */
	assert_true(act_epoll(p, one, &data, 0) & EPOLLHUP);
	assert_int_equal(act(p, SYS_connect, fd, room_addr("127.0.0.1", at.sin_port), sizeof(at)),
			 0);
	peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(peer >= 0);
	assert_int_equal(act(p, SYS_fcntl, fd, F_GETFD), 0);
	assert_int_equal(act(p, SYS_fcntl, copy, F_GETFD), FD_CLOEXEC);
	assert_int_equal(act_name(p, SYS_getpeername, copy, &sa), 0);
	assert_int_equal(sa.sin_port, at.sin_port);
	assert_int_equal(act_epoll(p, ep, &data, 0), 0);
	write_text(peer, "answer");
	assert_int_equal(act_epoll(p, ep, &data, PATIENCE_MS), EPOLLIN);
	assert_true(data == mark);
	assert_int_equal(act_epoll(p, ep, &data, 0), 0);  /* an edge */
	assert_int_equal(act_epoll(p, one, &data, 0), 0); /* it has fired before */
	act_epoll_ctl(p, one, EPOLL_CTL_MOD, copy, EPOLLIN | EPOLLONESHOT, 8);
	assert_int_equal(act_epoll(p, one, &data, PATIENCE_MS), EPOLLIN);
	assert_int_equal(data, 8);
	act_reads(p, copy, "answer");
	act_epoll_ctl(p, ep, EPOLL_CTL_DEL, fd, 0, 0);
	/* Another program's are its own. */
	assert_int_equal(act(other, SYS_fcntl, fd, F_GETFD), -EBADF);
	act_close(p, fd);
	act_close(p, copy);
	assert_ended(peer);
	act_close(p, ep);
	act_close(p, one);
	close(peer);
	close(listener);
}

/* No more sockets than the stack has memory for. */
static void test_full(void **state)
{
	struct puppet *p = &puppet[0];
	long fd[3];

	NOT_UNDER_TSAN();
	NEED_PUPPETS();
	UNTIL((pump_sweep(), sock_count() == 0));
	sock_set_memory(2 * 6144);
	fd[0] = make(p, SOCK_STREAM);
	fd[1] = make(p, SOCK_DGRAM);
	assert_int_equal(act(p, SYS_socket, AF_INET, SOCK_STREAM, 0), -ENFILE);
	act_close(p, fd[1]); /* its end tells */
	fd[1] = make(p, SOCK_DGRAM);
	sock_set_memory(1ul << 30);
	fd[2] = make(p, SOCK_STREAM);
	for (int i = 0; i < 3; i++)
		act_close(p, fd[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connection),
		cmocka_unit_test(test_as_the_host),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_nonblocking),
		cmocka_unit_test(test_refused_then_connected),
		cmocka_unit_test(test_port_again),
		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_moves),
		cmocka_unit_test(test_moves_along),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, begin, served_end);
}
