// SPDX-License-Identifier: GPL-2.0
/*
 * planted_test.c - a KUnit suite of an extension: it runs at the image's start, as net/mptcp's do.
 */
#include <kunit/test.h>
#include <net/net_namespace.h>
#include <net/tcp.h>

/* The image's own functions can be called, static ones of this directory by #include. */
static void planted_finds_cubic(struct kunit *test)
{
	const struct tcp_congestion_ops *ops;

	rcu_read_lock();
	ops = tcp_ca_find("cubic");
	rcu_read_unlock();
	KUNIT_ASSERT_NOT_NULL(test, ops);
	KUNIT_EXPECT_STREQ(test, ops->name, "cubic");
}

static struct kunit_case planted_cases[] = {
	KUNIT_CASE(planted_finds_cubic),
	{}
};

static struct kunit_suite planted_suite = {
	.name = "planted",
	.test_cases = planted_cases,
};

kunit_test_suite(planted_suite);
