// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_gateway_flow.c - one connection through the gateway, step by step.
 *
 * The host's stack stands in for the engine's (standin.h): the test is the client and the far
 * end, and steps the flow between them by hand.
 */
#include "unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include "gateway/call.h"
#include "gateway/flow.h"
#include "standin.h"

static uint8_t buf[1 << 16];
static uint8_t piece[1 << 16];

/**
 * struct set - a flow with both its ends
 * @client, @far: the test's sockets; @far -1: not accepted
 * @listener: the far end's
 */
struct set {
	struct flow_options options;
	struct socks_server server;
	struct flow *flow;
	int client, far, listener;
};

static int listen_somewhere(struct sockaddr_in *at)
{
	socklen_t len = sizeof(*at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*at = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (void *)at, len), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (void *)at, &len), 0);
	return fd;
}

/* The stack accepts @s->client; the flow goes to @to. */
static void make(struct set *s, const struct sockaddr_in *to)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_storage where = {0};
	socklen_t len = sizeof(at);
	long l, in;

	l = gate_call(SYS_socket, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(gate_call(SYS_bind, l, &at, sizeof(at)), 0);
	assert_int_equal(gate_call(SYS_listen, l, 1), 0);
	assert_int_equal(gate_call(SYS_getsockname, l, &at, &len), 0);
	s->client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(s->client, (void *)&at, sizeof(at)), 0);
	in = gate_call(SYS_accept4, l, 0, 0, SOCK_NONBLOCK);
	assert_true(in >= 0);
	gate_call(SYS_close, l);
	memcpy(&where, to, sizeof(*to));
	s->flow = flow_new((int)in, &where, sizeof(*to));
	assert_non_null(s->flow);
	if (flow_begin(s->flow, &s->options)) {
		flow_free(s->flow);
		s->flow = NULL;
	}
}

static void open_set(struct set *s)
{
	struct sockaddr_in to;

	s->listener = listen_somewhere(&to);
	make(s, &to);
	assert_non_null(s->flow);
	s->far = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(s->far >= 0);
}

static void close_set(struct set *s)
{
	if (s->flow)
		flow_free(s->flow);
	close(s->client);
	if (s->far >= 0)
		close(s->far);
	close(s->listener);
}

/* As the relay does, until it waits; true: it has ended. */
static bool step(struct set *s)
{
	struct timespec nap = {.tv_nsec = 2000000};
	enum flow_news news;

	nanosleep(&nap, NULL);
	do {
		news = flow_step(s->flow, &s->options, buf, sizeof(buf), true);
	} while (news == FLOW_MORE);
	if (news == FLOW_ENDED) {
		flow_free(s->flow);
		s->flow = NULL;
	}
	return news == FLOW_ENDED;
}

static void assert_comes(int fd, const char *words)
{
	char got[100] = "";

	assert_int_equal(recv(fd, got, strlen(words), MSG_WAITALL), strlen(words));
	assert_string_equal(got, words);
}

static void test_both_ways(void **state)
{
	struct set s = {.far = -1};

	open_set(&s);
	assert_int_equal(send(s.client, "hello", 5, 0), 5);
	assert_false(step(&s));
	assert_comes(s.far, "hello");
	assert_int_equal(send(s.far, "and you", 7, 0), 7);
	assert_false(step(&s));
	assert_comes(s.client, "and you");
	close_set(&s);
}

/* An end goes on as an end, what comes back after it arrives, and then it is over. */
static void test_half_closed(void **state)
{
	struct set s = {.far = -1};
	char byte;

	open_set(&s);
	assert_int_equal(send(s.client, "all", 3, 0), 3);
	assert_int_equal(shutdown(s.client, SHUT_WR), 0);
	assert_false(flow_sent(s.flow));
	assert_false(step(&s));
	assert_true(flow_sent(s.flow));
	assert_comes(s.far, "all");
	assert_int_equal(recv(s.far, &byte, 1, 0), 0);
	assert_int_equal(send(s.far, "late", 4, 0), 4);
	assert_int_equal(shutdown(s.far, SHUT_WR), 0);
	assert_true(step(&s));
	assert_comes(s.client, "late");
	assert_int_equal(recv(s.client, &byte, 1, 0), 0);
	close_set(&s);
}

static void reset(int *fd)
{
	struct linger hard = {1, 0};

	setsockopt(*fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(*fd);
	*fd = -1;
}

static void assert_reset(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
}

static void test_reset_by_far_end(void **state)
{
	struct set s = {.far = -1};

	open_set(&s);
	assert_false(step(&s));
	reset(&s.far);
	assert_true(step(&s));
	assert_reset(s.client);
	close_set(&s);
}

static void test_reset_by_client(void **state)
{
	struct set s = {.far = -1};

	open_set(&s);
	assert_false(step(&s));
	reset(&s.client);
	assert_true(step(&s));
	assert_reset(s.far);
	close_set(&s);
}

static void test_nobody_there(void **state)
{
	struct set s = {.far = -1};
	struct sockaddr_in to;

	s.listener = listen_somewhere(&to);
	close(s.listener);
	make(&s, &to);
	if (s.flow)
		assert_true(step(&s));
	assert_reset(s.client);
	close_set(&s);
}

/* A reader that does not read stops its sender; then all arrives, in order. */
static void test_back_pressure(void **state)
{
	struct set s = {.far = -1};
	uint32_t sent = 0, got = 0;
	size_t kept = 0;
	ssize_t n;

	open_set(&s);
	for (unsigned int idle = 0; idle < 20;) {
		for (size_t i = 0; i < sizeof(piece); i++)
			piece[i] = (uint8_t)((sent + i) * 7 >> 3);
		n = send(s.client, piece, sizeof(piece), MSG_DONTWAIT);
		idle = n > 0 ? 0 : idle + 1;
		sent += n > 0 ? (uint32_t)n : 0;
		assert_true(sent < 100u << 20);
		assert_false(step(&s));
		if (s.flow->up.len > kept)
			kept = s.flow->up.len;
	}
	assert_in_range(kept, 1, sizeof(buf));
	shutdown(s.client, SHUT_WR);
	while (got < sent) {
		n = recv(s.far, piece, sizeof(piece), MSG_DONTWAIT);
		for (ssize_t i = 0; i < n; i++)
			assert_int_equal(piece[i], (uint8_t)((got + (uint32_t)i) * 7 >> 3));
		got += n > 0 ? (uint32_t)n : 0;
		if (n < 0)
			assert_false(step(&s));
	}
	assert_int_equal(got, sent);
	assert_null(s.flow->up.kept);
	close_set(&s);
}

/* The server is asked first; not a byte of the connection's own is lost. */
static void test_by_socks(void **state)
{
	static const uint8_t ask[] = {5, 1, 0}, method[] = {5, 0};
	static const uint8_t agreed[] = {5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 'h', 'i'};
	uint8_t got[10];
	struct set s = {.far = -1};
	struct sockaddr_in at, to = {.sin_family = AF_INET, .sin_port = htons(80)};

	s.listener = listen_somewhere(&at);
	memcpy(&s.server.addr, &at, sizeof(at));
	s.server.len = sizeof(at);
	s.options.socks = &s.server;
	inet_pton(AF_INET, "192.0.2.9", &to.sin_addr);
	make(&s, &to);
	assert_non_null(s.flow);
	s.far = accept4(s.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(send(s.client, "early", 5, 0), 5);
	assert_false(step(&s));
	assert_int_equal(recv(s.far, got, 3, MSG_WAITALL), 3);
	assert_memory_equal(got, ask, 3);
	assert_int_equal(send(s.far, method, 2, 0), 2);
	assert_false(step(&s));
	assert_int_equal(recv(s.far, got, 10, MSG_WAITALL), 10);
	assert_memory_equal(got, ((uint8_t[]){5, 1, 0, 1, 192, 0, 2, 9, 0, 80}), 10);
	assert_int_equal(send(s.far, agreed, sizeof(agreed), 0), sizeof(agreed));
	assert_false(step(&s));
	assert_comes(s.far, "early");
	assert_comes(s.client, "hi");
	close_set(&s);
}

static void test_socks_refuses(void **state)
{
	static const uint8_t no[] = {5, 0xff};
	struct set s = {.far = -1};
	struct sockaddr_in at, to = {.sin_family = AF_INET, .sin_port = htons(80)};

	s.listener = listen_somewhere(&at);
	memcpy(&s.server.addr, &at, sizeof(at));
	s.server.len = sizeof(at);
	s.options.socks = &s.server;
	make(&s, &to);
	s.far = accept4(s.listener, NULL, NULL, SOCK_CLOEXEC);
	assert_false(step(&s));
	assert_int_equal(send(s.far, no, 2, 0), 2);
	assert_true(step(&s));
	assert_reset(s.client);
	close_set(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),	 cmocka_unit_test(test_half_closed),
		cmocka_unit_test(test_reset_by_far_end), cmocka_unit_test(test_reset_by_client),
		cmocka_unit_test(test_nobody_there),	 cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_by_socks),	 cmocka_unit_test(test_socks_refuses),
	};

	standin_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
