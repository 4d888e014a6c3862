// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_socks.c - what is said to a SOCKS server, byte by byte, and what its answers mean.
 */
#include "unit.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include "gateway/socks.h"

static struct socks_server server;
static struct socks s;

static const struct sockaddr_in four = {
	.sin_family = AF_INET,
	.sin_addr.s_addr = 0x0100090a, /* 10.9.0.1 on a little-endian machine */
	.sin_port = 0x5000,	       /* 80 */
};

#define assert_says(...)                                          \
	do {                                                      \
		const uint8_t said_[] = {__VA_ARGS__};            \
		assert_int_equal(s.filled, sizeof(said_));        \
		assert_memory_equal(s.out, said_, sizeof(said_)); \
	} while (0)

/* Give it @len bytes as they are asked for: never more than it wants. Returns the last result. */
static int hear(const void *to, const uint8_t *bytes, size_t len)
{
	int err = 0;

	while (len && !err) {
		size_t n = socks_wants(&s);

		assert_true(n);
		if (n > len)
			n = len;
		memcpy(s.in + s.got, bytes, n);
		s.got = (uint16_t)(s.got + n);
		bytes += n;
		len -= n;
		err = socks_take(&s, &server, to);
	}
	return err;
}

#define HEAR(to, ...) \
	hear(to, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static int begin(void **state)
{
	memset(&server, 0, sizeof(server));
	memset(&s, 0, sizeof(s));
	return 0;
}

static void test_without_user(void **state)
{
	socks_begin(&s, &server);
	assert_says(5, 1, 0);
	assert_int_equal(HEAR(&four, 5, 0), 0);
	assert_says(5, 1, 0, 1, 10, 9, 0, 1, 0, 80);
	assert_int_equal(HEAR(&four, 5, 0, 0, 1, 127, 0, 0, 1, 0, 9), 0);
	assert_int_equal(s.stage, SOCKS_DONE);
	assert_int_equal(socks_wants(&s), 0);
}

static void test_with_user(void **state)
{
	strcpy(server.user, "me");
	strcpy(server.password, "key");
	socks_begin(&s, &server);
	assert_says(5, 2, 0, 2);
	assert_int_equal(HEAR(&four, 5, 2), 0);
	assert_says(1, 2, 'm', 'e', 3, 'k', 'e', 'y');
	assert_int_equal(HEAR(&four, 1, 0), 0);
	assert_says(5, 1, 0, 1, 10, 9, 0, 1, 0, 80);
}

static void test_wrong_password(void **state)
{
	strcpy(server.user, "me");
	socks_begin(&s, &server);
	assert_int_equal(HEAR(&four, 5, 2), 0);
	assert_int_equal(HEAR(&four, 1, 1), -EACCES);
}

static void test_longest(void **state)
{
	memset(server.user, 'u', SOCKS_NAME_MAX);
	memset(server.password, 'p', SOCKS_NAME_MAX);
	socks_begin(&s, &server);
	assert_int_equal(HEAR(&four, 5, 2), 0);
	assert_int_equal(s.filled, 3 + 2 * SOCKS_NAME_MAX);
}

static void test_six(void **state)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(443)};

	inet_pton(AF_INET6, "fd09::1", &six.sin6_addr);
	socks_begin(&s, &server);
	assert_int_equal(HEAR(&six, 5, 0), 0);
	assert_says(5, 1, 0, 4, 0xfd, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0xbb);
}

/* An answer with a name, whose length is known late: not a byte of what follows is taken. */
static void test_answer_with_name(void **state)
{
	socks_begin(&s, &server);
	assert_int_equal(HEAR(&four, 5, 0), 0);
	assert_int_equal(HEAR(&four, 5, 0, 0, 3, 4), 0);
	assert_int_equal(socks_wants(&s), 6);
	assert_int_equal(HEAR(&four, 'h', 'o', 's', 't', 0), 0);
	assert_int_equal(socks_wants(&s), 1);
	assert_int_equal(HEAR(&four, 9), 0);
	assert_int_equal(s.stage, SOCKS_DONE);
}

static void test_refusals(void **state)
{
	static const struct {
		uint8_t code;
		int err;
	} cases[] = {
		{1, -EIO},	    {2, -EACCES},    {3, -ENETUNREACH}, {4, -EHOSTUNREACH},
		{5, -ECONNREFUSED}, {6, -ETIMEDOUT}, {7, -EPROTO},	{255, -EPROTO},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		socks_begin(&s, &server);
		assert_int_equal(HEAR(&four, 5, 0), 0);
		assert_int_equal(HEAR(&four, 5, cases[i].code, 0, 1, 0, 0, 0, 0, 0, 0),
				 cases[i].err);
	}
}

static void test_nonsense(void **state)
{
	socks_begin(&s, &server);
	assert_int_equal(HEAR(&four, 4, 0), -EPROTO);
	socks_begin(&s, &server);
	assert_int_equal(HEAR(&four, 5, 0xff), -EACCES);
	socks_begin(&s, &server);
	assert_int_equal(HEAR(&four, 5, 2), -EACCES); /* it was not offered */
	socks_begin(&s, &server);
	assert_int_equal(HEAR(&four, 5, 0), 0);
	assert_int_equal(HEAR(&four, 4, 0, 0, 1, 0, 0, 0, 0, 0, 0), -EPROTO);
	socks_begin(&s, &server);
	assert_int_equal(HEAR(&four, 5, 0), 0);
	assert_int_equal(HEAR(&four, 5, 0, 0, 9, 0, 0, 0), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_without_user, begin),
		cmocka_unit_test_setup(test_with_user, begin),
		cmocka_unit_test_setup(test_wrong_password, begin),
		cmocka_unit_test_setup(test_longest, begin),
		cmocka_unit_test_setup(test_six, begin),
		cmocka_unit_test_setup(test_answer_with_name, begin),
		cmocka_unit_test_setup(test_refusals, begin),
		cmocka_unit_test_setup(test_nonsense, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
