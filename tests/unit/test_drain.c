// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_drain.c - what the end of a run waits for, told by messages of sock_diag.
 */
#include "unit.h"
#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/mptcp.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include "stack/drain.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define ESTABLISHED_FLAG MPTCP_SUBFLOW_FLAG_FULLY_ESTABLISHED

/* A socket of the stack: TCP's, a subflow's (@ulp, with @flags), or MPTCP's (@mptcp) */
struct drained { /* NOLINT(clang-analyzer-optin.performance.Padding): a table for people */
	uint8_t state;
	uint32_t wqueue;
	bool ulp;
	uint32_t flags;
	bool mptcp;
	bool fallback;
	uint64_t unacknowledged;
	bool inside;
	bool short_info;
};

static const struct drained *drained;
static size_t ndrained;
static uint32_t asked; /* protocol, of IPv4 */
static bool told;

struct message {
	union {
		struct nlmsghdr h;
		uint8_t bytes[2048];
	};
};

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

static void put_socket(struct message *m, const struct drained *s)
{
	struct inet_diag_msg *d = NLMSG_DATA(&m->h);

	memset(m, 0, sizeof(*m));
	m->h.nlmsg_type = SOCK_DIAG_BY_FAMILY;
	m->h.nlmsg_len = NLMSG_LENGTH(sizeof(*d));
	d->idiag_family = AF_INET;
	d->idiag_state = s->state;
	d->idiag_wqueue = s->wqueue;
	inet_pton(AF_INET, "10.1.0.2", d->id.idiag_src);
	inet_pton(AF_INET, s->inside ? "10.1.0.2" : "10.1.0.1", d->id.idiag_dst);
	if (s->mptcp) {
		struct mptcp_info i = {.mptcpi_flags = s->fallback ? MPTCP_INFO_FLAG_FALLBACK : 0,
				       .mptcpi_write_seq = 1000 + s->unacknowledged,
				       .mptcpi_snd_una = 1000};

		put(m, INET_DIAG_INFO, &i, s->short_info ? 16 : sizeof(i));
	}
	if (s->ulp) {
		struct nlattr *ulp = put(m, INET_DIAG_ULP_INFO, NULL, 0), *info;

		put(m, INET_ULP_INFO_NAME, "mptcp", 6);
		info = put(m, INET_ULP_INFO_MPTCP, NULL, 0);
		put(m, MPTCP_SUBFLOW_ATTR_FLAGS, &s->flags, sizeof(s->flags));
		info->nla_len = (uint16_t)(m->bytes + m->h.nlmsg_len - (uint8_t *)info);
		ulp->nla_len = (uint16_t)(m->bytes + m->h.nlmsg_len - (uint8_t *)ulp);
	}
}

/* All that was asked for in one answer, then the end of the dump. */
static long answer(uint8_t *buf, size_t size)
{
	struct nlmsghdr done = {.nlmsg_len = NLMSG_LENGTH(0), .nlmsg_type = NLMSG_DONE};
	size_t n = 0;

	for (size_t i = 0; i < ndrained; i++) {
		struct message m;

		if (asked != (drained[i].mptcp ? IPPROTO_MPTCP : IPPROTO_TCP))
			continue;
		put_socket(&m, &drained[i]);
		assert_true(n + m.h.nlmsg_len <= size);
		memcpy(buf + n, m.bytes, m.h.nlmsg_len);
		n += NLMSG_ALIGN(m.h.nlmsg_len);
	}
	assert_true(n + sizeof(done) <= size);
	memcpy(buf + n, &done, sizeof(done));
	return (long)(n + sizeof(done));
}

static long stack(long nr, const long a[6])
{
	switch (nr) {
	case SYS_socket:
		return 7;
	case SYS_sendto: {
		const uint8_t *bytes = (const uint8_t *)a[1];
		const struct inet_diag_req_v2 *req =
			(const void *)(bytes + sizeof(struct nlmsghdr));

		memcpy(&asked, bytes + a[2] - sizeof(asked), sizeof(asked));
		if (req->sdiag_family != AF_INET)
			asked = 0;
		assert_true(req->idiag_ext & 1 << (INET_DIAG_INFO - 1));
		told = false;
		return a[2];
	}
	case SYS_recvfrom:
		assert_false(told);
		told = true;
		return answer((uint8_t *)a[1], (size_t)a[2]);
	}
	return 0;
}

static void expect(const struct drained *s, size_t n, int pending, int closing)
{
	drained = s;
	ndrained = n;
	assert_int_equal(drain_pending(stack), pending);
	assert_int_equal(drain_closing(stack), closing);
}

#define EXPECT(pending, closing, ...)                                           \
	do {                                                                    \
		const struct drained list[] = {__VA_ARGS__};                    \
		expect(list, sizeof(list) / sizeof(list[0]), pending, closing); \
	} while (0)

static void test_tcp(void **state)
{
	expect(NULL, 0, 0, 0);
	EXPECT(0, 0, {TCP_ESTABLISHED});
	EXPECT(1, 0, {TCP_ESTABLISHED, .wqueue = 1});
	EXPECT(1, 0, {TCP_CLOSE_WAIT, .wqueue = 1});
	EXPECT(1, 0, {TCP_FIN_WAIT1});
	EXPECT(1, 0, {TCP_LAST_ACK});
	EXPECT(1, 0, {TCP_CLOSING});
	EXPECT(0, 1, {TCP_FIN_WAIT2});
	EXPECT(0, 0, {TCP_FIN_WAIT1, .wqueue = 9, .inside = true});
	EXPECT(2, 1, {TCP_FIN_WAIT1}, {TCP_ESTABLISHED, .wqueue = 1}, {TCP_FIN_WAIT2});
}

/* What the peer has by one path, it needs by no other. */
static void test_mptcp(void **state)
{
	const struct drained busy = {TCP_ESTABLISHED, 50000, true, ESTABLISHED_FLAG},
			     leaving = {TCP_FIN_WAIT1, 50000, true, ESTABLISHED_FLAG};

	EXPECT(0, 0, {TCP_ESTABLISHED, .mptcp = true}, busy);
	EXPECT(1, 0, {TCP_ESTABLISHED, .mptcp = true, .unacknowledged = 1}, busy);
	EXPECT(1, 0, {TCP_FIN_WAIT1, .mptcp = true}, busy);
	EXPECT(0, 2, {TCP_FIN_WAIT2, .mptcp = true}, leaving);
	/* The connection has gone. */
	EXPECT(0, 1, leaving);
	EXPECT(0, 2, leaving, leaving);
	/* An answer that is too short for the numbers: the state decides. */
	EXPECT(0, 0, {TCP_ESTABLISHED, .mptcp = true, .unacknowledged = 1, .short_info = true});
	EXPECT(1, 0, {TCP_LAST_ACK, .mptcp = true, .short_info = true});
}

/* The one subflow's bytes are the data; a connection and its subflow are one. */
static void test_fallback(void **state)
{
	const struct drained subflow = {TCP_FIN_WAIT1, 50000, true};

	EXPECT(1, 0, subflow);
	EXPECT(1, 0, subflow,
	       {TCP_FIN_WAIT1, .mptcp = true, .fallback = true, .unacknowledged = 7});
	EXPECT(1, 0, {TCP_FIN_WAIT1, .mptcp = true, .fallback = true, .unacknowledged = 7});
	EXPECT(0, 0, {TCP_FIN_WAIT1, .mptcp = true, .fallback = true});
	EXPECT(0, 1, {TCP_FIN_WAIT2, 0, true});
	EXPECT(2, 0, subflow, {TCP_FIN_WAIT1});
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_mptcp),
		cmocka_unit_test(test_fallback),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
