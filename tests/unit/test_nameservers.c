// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_nameservers.c - servers and domains of several files, and the file that programs find.
 */
#include "unit.h"
#include <sys/mman.h>
#include <sys/socket.h>
#include "netconf/nameservers.h"

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	assert_int_equal(ip_parse(text, &a), 0);
	return a;
}

static void is_text(const struct nameservers *ns, const char *wanted)
{
	char text[NAMESERVERS_TEXT];

	assert_int_equal(nameservers_text(ns, text), strlen(wanted));
	assert_string_equal(text, wanted);
}

/* In order, each once. */
static void test_merge(void **state)
{
	struct ip_addr first[] = {ip("10.7.0.1"), ip("fd07::1")};
	struct ip_addr second[] = {ip("fd07::1"), ip("10.8.0.1"), ip("10.7.0.1")};
	struct nameservers ns = {0};

	assert_false(nameservers_given(&ns));
	is_text(&ns, "");
	assert_true(nameservers_add(&ns, first, 2, "corp.example"));
	assert_true(nameservers_given(&ns));
	assert_true(nameservers_add(&ns, second, 3, "example.org corp.example example.net"));
	is_text(&ns, "nameserver 10.7.0.1\nnameserver fd07::1\nnameserver 10.8.0.1\n"
		     "search corp.example example.org example.net\n");
	/* The beginning of a domain is another domain. */
	assert_true(nameservers_add(&ns, NULL, 0, "corp example.o"));
	assert_string_equal(ns.search, "corp.example example.org example.net corp example.o");
	assert_true(nameservers_valid(&ns));
}

static void test_full(void **state)
{
	struct nameservers ns = {0};
	char domain[NAMESERVERS_SEARCH], text[NAMESERVERS_TEXT];
	struct ip_addr a;

	for (int i = 1; i <= NAMESERVERS_MAX + 1; i++) {
		snprintf(text, sizeof(text), "fd00:1111:2222:3333:4444:5555:6666:77%02x", i);
		a = ip(text);
		assert_int_equal(nameservers_add(&ns, &a, 1, ""), i <= NAMESERVERS_MAX);
	}
	assert_int_equal(ns.n, NAMESERVERS_MAX);
	memset(domain, 'a', sizeof(domain));
	domain[sizeof(domain) - 1] = '\0';
	assert_true(nameservers_add(&ns, NULL, 0, domain));
	assert_false(nameservers_add(&ns, NULL, 0, "b"));
	assert_string_equal(ns.search, domain);
	assert_true(nameservers_text(&ns, text) < NAMESERVERS_TEXT);
	assert_non_null(strstr(text, ":7708\nsearch aaa"));
	assert_int_equal(text[strlen(text) - 1], '\n');
}

static void test_valid(void **state)
{
	struct nameservers ns = {.n = 1, .server = {ip("10.0.0.1")}, .search = "a b"}, bad = ns;

	assert_true(nameservers_valid(&ns));
	bad.n = NAMESERVERS_MAX + 1;
	assert_false(nameservers_valid(&bad));
	bad = ns;
	bad.server[0].family = AF_UNIX;
	assert_false(nameservers_valid(&bad));
	bad = ns;
	memset(bad.search, 'x', sizeof(bad.search));
	assert_false(nameservers_valid(&bad));
	bad = ns;
	strcpy(bad.search, "a\nnameserver 1.2.3.4");
	assert_false(nameservers_valid(&bad));
}

static void test_fd(void **state)
{
	struct nameservers ns = {.n = 1, .server = {ip("10.0.0.1")}};
	char text[64] = "";
	int fd = nameservers_fd(&ns, MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 20);
	assert_string_equal(text, "nameserver 10.0.0.1\n");
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_valid),
		cmocka_unit_test(test_fd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
