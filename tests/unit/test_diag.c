// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_diag.c - messages of sock_diag, whole, of other kernels, and cut anywhere.
 */
#include "unit.h"
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include "netconf/sock_diag.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

/* A message under construction. */
struct message {
	union {
		struct nlmsghdr h;
		uint8_t bytes[2048];
	};
};

static struct inet_diag_msg *begin(struct message *m, int family)
{
	struct inet_diag_msg *d = NLMSG_DATA(&m->h);

	memset(m, 0, sizeof(*m));
	m->h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	m->h.nlmsg_len = NLMSG_LENGTH(sizeof(*d));
	d->idiag_family = (uint8_t)family;
	d->idiag_state = 1;
	d->id.idiag_sport = htons(1234);
	d->id.idiag_dport = htons(80);
	inet_pton(family, family == AF_INET ? "10.1.0.2" : "fd01::2", d->id.idiag_src);
	inet_pton(family, family == AF_INET ? "10.1.0.1" : "fd01::1", d->id.idiag_dst);
	return d;
}

static struct nlattr *put(struct message *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(m->bytes + m->h.nlmsg_len);

	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (len)
		memcpy((uint8_t *)a + NLA_HDRLEN, data, len);
	m->h.nlmsg_len += NLA_ALIGN(a->nla_len);
	return a;
}

static void end(struct message *m, struct nlattr *nest)
{
	nest->nla_len = (uint16_t)(m->bytes + m->h.nlmsg_len - (uint8_t *)nest);
}

static void subflow(struct message *m, int family)
{
	struct tcp_info info = {.tcpi_bytes_sent = 111,
				.tcpi_bytes_received = 222,
				.tcpi_bytes_acked = 333,
				.tcpi_total_retrans = 4,
				.tcpi_lost = 5,
				.tcpi_unacked = 8,
				.tcpi_last_data_recv = 70,
				.tcpi_last_ack_recv = 60,
				.tcpi_retransmits = 3,
				.tcpi_rtt = 20000,
				.tcpi_min_rtt = UINT32_MAX,
				.tcpi_snd_cwnd = 10,
				.tcpi_snd_mss = 1448,
				.tcpi_delivery_rate = 7};
	uint32_t token = 0xabcdef01, flags = MPTCP_SUBFLOW_FLAG_BKUP_REM;
	struct nlattr *ulp, *mptcp;

	begin(m, family);
	put(m, INET_DIAG_INFO, &info, sizeof(info));
	put(m, INET_DIAG_CONG, "cubic", 6);
	ulp = put(m, INET_DIAG_ULP_INFO | NLA_F_NESTED, NULL, 0);
	put(m, INET_ULP_INFO_NAME, "mptcp", 6);
	mptcp = put(m, INET_ULP_INFO_MPTCP | NLA_F_NESTED, NULL, 0);
	put(m, MPTCP_SUBFLOW_ATTR_TOKEN_LOC, &token, sizeof(token));
	put(m, MPTCP_SUBFLOW_ATTR_FLAGS, &flags, sizeof(flags));
	end(m, mptcp);
	end(m, ulp);
}

static void test_subflow(void **state)
{
	struct message m;
	struct diag_sock s;
	char text[IP_ADDR_TEXT];

	subflow(&m, AF_INET6);
	assert_int_equal(diag_parse(&m.h, IPPROTO_TCP, &s), 0);
	assert_string_equal(ip_format(&s.local, false, text), "fd01::2");
	assert_string_equal(ip_format(&s.remote, false, text), "fd01::1");
	assert_int_equal(s.lport, 1234);
	assert_int_equal(s.rport, 80);
	assert_true(s.mptcp && s.backup && s.token == 0xabcdef01);
	assert_true(s.sent == 111 && s.received == 222 && s.acked == 333 && s.retrans == 4);
	assert_true(s.unacked == 8 && s.timeouts == 3 && s.heard == 60);
	assert_true(s.lost == 5 && s.rtt == 20000 && s.min_rtt == 0 && s.cwnd == 10);
	assert_true(s.mss == 1448 && s.delivery_rate == 7);
	assert_string_equal(s.congestion, "cubic");
	assert_string_equal(diag_state(s.state), "established");
	assert_string_equal(diag_state(200), "unknown");
}

static void test_mptcp(void **state)
{
	struct mptcp_info info = {.mptcpi_token = 77, .mptcpi_flags = MPTCP_INFO_FLAG_FALLBACK};
	struct message m;
	struct diag_sock s;

	begin(&m, AF_INET);
	put(&m, INET_DIAG_INFO, &info, sizeof(info));
	assert_int_equal(diag_parse(&m.h, IPPROTO_MPTCP, &s), 0);
	assert_true(s.token == 77 && s.fallback && !s.mptcp);
	/* Before Linux 6.5 it has no counters; a structure that ends among them has none either. */
	for (size_t len = 0; len <= 120; len += 4) {
		uint64_t words[16] = {[7] = 1001, [8] = 2002};

		begin(&m, AF_INET);
		put(&m, INET_DIAG_INFO, words, len);
		assert_int_equal(diag_parse(&m.h, IPPROTO_MPTCP, &s), 0);
		assert_int_equal(s.counts, len >= 72);
		assert_int_equal(s.sent, s.counts ? 1001 : 0);
		assert_int_equal(s.received, s.counts ? 2002 : 0);
	}
}

/* Other kernels' structures end earlier or later. */
static void test_other_versions(void **state)
{
	struct tcp_info info = {.tcpi_rtt = 9, .tcpi_bytes_received = 8, .tcpi_bytes_sent = 7};
	uint8_t longer[sizeof(info) + 64] = {0};
	struct message m;
	struct diag_sock s;

	begin(&m, AF_INET);
	put(&m, INET_DIAG_INFO, &info, offsetof(struct tcp_info, tcpi_bytes_sent));
	assert_int_equal(diag_parse(&m.h, IPPROTO_TCP, &s), 0);
	assert_true(s.rtt == 9 && s.received == 8 && s.sent == 0);
	memcpy(longer, &info, sizeof(info));
	begin(&m, AF_INET);
	put(&m, INET_DIAG_INFO, longer, sizeof(longer));
	assert_int_equal(diag_parse(&m.h, IPPROTO_TCP, &s), 0);
	assert_true(s.rtt == 9 && s.sent == 7);
	/* A name that is not ended is. */
	begin(&m, AF_INET);
	put(&m, INET_DIAG_CONG, "0123456789abcdefghij", 20);
	assert_int_equal(diag_parse(&m.h, IPPROTO_TCP, &s), 0);
	assert_string_equal(s.congestion, "0123456789abcde");
}

/* Each length of the same message, in memory that ends there: nothing is read beyond. */
static void test_truncated(void **state)
{
	struct message m;
	struct diag_sock s;

	subflow(&m, AF_INET);
	for (uint32_t len = NLMSG_HDRLEN; len <= m.h.nlmsg_len; len++) {
		struct nlmsghdr *cut = malloc(len);

		memcpy(cut, &m, len);
		cut->nlmsg_len = len;
		assert_int_equal(diag_parse(cut, IPPROTO_TCP, &s),
				 len < NLMSG_LENGTH(sizeof(struct inet_diag_msg)) ? -EPROTO : 0);
		free(cut);
	}
	assert_int_equal(s.token, 0xabcdef01);
}

/* Attributes whose length lies, outside and inside a nest. */
static void test_lies(void **state)
{
	struct message m;
	struct diag_sock s;
	size_t first = NLMSG_LENGTH(sizeof(struct inet_diag_msg));

	subflow(&m, AF_INET);
	for (size_t at = first; at + 2 <= m.h.nlmsg_len; at += 4) {
		for (unsigned int lie = 0; lie < 40; lie++) {
			struct message copy = m;
			struct nlmsghdr *exact = malloc(m.h.nlmsg_len);
			uint16_t len = lie < 39 ? (uint16_t)lie : 0xffff;

			memcpy(copy.bytes + at, &len, sizeof(len));
			memcpy(exact, &copy, m.h.nlmsg_len);
			assert_int_equal(diag_parse(exact, IPPROTO_TCP, &s), 0);
			free(exact);
		}
	}
}

static void test_other_messages(void **state)
{
	struct message m;
	struct diag_sock s;

	begin(&m, AF_INET)->idiag_family = AF_UNIX;
	assert_int_equal(diag_parse(&m.h, IPPROTO_TCP, &s), -EPROTO);
	begin(&m, AF_INET);
	m.h.nlmsg_type = 16;
	assert_int_equal(diag_parse(&m.h, IPPROTO_TCP, &s), -EPROTO);
}

/* The host's own kernel has a listening socket of ours. */
static void test_dump(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), err, found = 0;
	struct diag_list list = {0};
	struct nl *nl;

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	nl = nl_open(netlink_host_call, NETLINK_SOCK_DIAG, &err);
	assert_non_null(nl);
	err = diag_dump(nl, IPPROTO_TCP, &list);
	nl_close(nl);
	close(fd);
	if (err == -ENOENT) {
		free(list.at);
		skip(); /* a host without inet_diag */
		return;
	}
	assert_int_equal(err, 0);
	for (size_t i = 0; i < list.n; i++)
		found += list.at[i].state == DIAG_LISTEN && list.at[i].lport == ntohs(a.sin_port);
	free(list.at);
	assert_int_equal(found, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_subflow),	       cmocka_unit_test(test_mptcp),
		cmocka_unit_test(test_other_versions), cmocka_unit_test(test_truncated),
		cmocka_unit_test(test_lies),	       cmocka_unit_test(test_other_messages),
		cmocka_unit_test(test_dump),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
