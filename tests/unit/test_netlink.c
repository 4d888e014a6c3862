// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_netlink.c - messages byte by byte, and answers good and bad.
 *
 * A fake Linux stands behind the system call function: it keeps what was sent
 * and answers with what a test has prepared.
 */
#include "unit.h"
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "netconf/link.h"
#include "netconf/mptcp.h"
#include "netconf/netlink.h"
#include "netconf/route.h"
#include "netconf/sysctl.h"

static uint8_t sent[4096];
static size_t sent_len;
static uint8_t answer[8192];
static size_t answer_len;
static unsigned int answers; /* datagrams to give, then -EAGAIN */
static bool fix_seq;	     /* copy the request's sequence number into the answer */
static int open_fds;
static char path[256];	   /* last one opened */
static char written[4096]; /* PATH=VALUE lines */

static long fake_call(long nr, const long args[6])
{
	switch (nr) {
	case SYS_socket:
		open_fds++;
		return 5;
	case SYS_close:
		open_fds--;
		return 0;
	case SYS_bind:
	case SYS_setsockopt:
		return 0;
	case SYS_sendto:
		sent_len = (size_t)args[2];
		assert_true(sent_len <= sizeof(sent));
		memcpy(sent, (void *)args[1], sent_len);
		return args[2];
	case SYS_recvfrom:
		if (!answers)
			return -EAGAIN;
		answers--;
		assert_true(answer_len <= (size_t)args[2]);
		if (fix_seq) {
			struct nlmsghdr *m = (void *)answer;

			m->nlmsg_seq = ((struct nlmsghdr *)sent)->nlmsg_seq;
		}
		memcpy((void *)args[1], answer, answer_len);
		return (long)answer_len;
	case SYS_openat:
		snprintf(path, sizeof(path), "%s", (const char *)args[1]);
		return strstr(path, "/arp_") ? -ENOENT : 6;
	case SYS_write:
		snprintf(written + strlen(written), sizeof(written) - strlen(written), "%s=%s\n",
			 path, (const char *)args[1]);
		return args[2];
	default:
		return -ENOSYS;
	}
}

static struct nl *fake_open(int protocol)
{
	int err = 0;
	struct nl *nl = nl_open(fake_call, protocol, &err);

	assert_non_null(nl);
	fix_seq = true;
	return nl;
}

/* An acknowledgement with @err, followed by @more bytes of attributes. */
static void acknowledge(int err, const void *more, size_t len)
{
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
	} m = {
		.h = {.nlmsg_type = NLMSG_ERROR,
		      .nlmsg_flags = (uint16_t)(NLM_F_CAPPED | (len ? NLM_F_ACK_TLVS : 0)),
		      .nlmsg_len = (uint32_t)(sizeof(m) + len)},
		.e = {.error = err},
	};

	memcpy(answer, &m, sizeof(m));
	if (len)
		memcpy(answer + sizeof(m), more, len);
	answer_len = sizeof(m) + len;
	answers = 1;
}

static void expect(const char *hex)
{
	char text[2 * sizeof(sent) + 1];
	char wanted[2 * sizeof(sent) + 1];
	size_t i, n = 0;

	memset(sent + 8, 0, 4); /* sequence number */
	for (i = 0; i < sent_len; i++)
		sprintf(text + 2 * i, "%02x", sent[i]);
	for (; *hex; hex++) {
		if (*hex != ' ')
			wanted[n++] = *hex;
	}
	wanted[n] = '\0';
	assert_string_equal(text, wanted);
}

static void test_addr_add(void **state)
{
	struct nl *nl = fake_open(NETLINK_ROUTE);
	struct ip_addr a;

	assert_int_equal(ip_parse("10.1.2.3", &a), 0);
	a.prefix = 20;
	acknowledge(0, NULL, 0);
	assert_int_equal(link_addr_add(nl, 7, &a), 0);
	expect("30000000 1400 0506 00000000 00000000" /* NEWADDR, REQUEST ACK EXCL CREATE */
	       "02140000 07000000"		      /* inet/20, global, ifindex 7 */
	       "0800 0200 0a010203"		      /* local */
	       "0800 0100 0a010203"		      /* address */
	       "0800 0400 0a010fff");		      /* broadcast */
	assert_int_equal(ip_parse("fd00::5", &a), 0);
	a.prefix = 64;
	acknowledge(0, NULL, 0);
	assert_int_equal(link_addr_add(nl, 7, &a), 0);
	expect("40000000 1400 0506 00000000 00000000"
	       "0a400200 07000000" /* NODAD */
	       "1400 0200 fd000000000000000000000000000005"
	       "1400 0100 fd000000000000000000000000000005");
	/* None of these has a route that would come later: no message. */
	assert_int_equal(link_addr_wait(nl, &(struct ip_addr){.family = AF_INET}), 0);
	assert_int_equal(ip_parse("fe80::5", &a), 0);
	assert_int_equal(link_addr_wait(nl, &a), 0);
	assert_int_equal(ip_parse("fd00::5", &a), 0);
	assert_int_equal(link_addr_wait(nl, &a), -ETIMEDOUT);
	nl_close(nl);
	assert_int_equal(open_fds, 0);
}

static void test_link_set(void **state)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 9};
	struct nl *nl = fake_open(NETLINK_ROUTE);

	acknowledge(0, NULL, 0);
	assert_int_equal(link_set(nl, 3, 1400, mac), 0);
	expect("34000000 1000 0500 00000000 00000000"
	       "00000000 03000000 01000000 01000000"
	       "0800 0400 78050000"
	       "0a00 0100 020000000009 0000");
	acknowledge(0, NULL, 0);
	assert_int_equal(link_set(nl, 1, 0, NULL), 0);
	expect("20000000 1000 0500 00000000 00000000"
	       "00000000 01000000 01000000 01000000");
	nl_close(nl);
}

static void test_route_add(void **state)
{
	struct nl *nl = fake_open(NETLINK_ROUTE);
	struct link_route r = {.oif = 3, .family = AF_INET, .table = 300, .metric = 100};
	struct ip_addr gw, dst;

	assert_int_equal(ip_parse("10.1.0.1", &gw), 0);
	r.gw = &gw;
	acknowledge(0, NULL, 0);
	assert_int_equal(link_route_add(nl, &r), 0);
	expect("3c000000 1800 0505 00000000 00000000"
	       "02000000 00040001 04000000" /* static, universe, unicast, onlink */
	       "0800 0f00 2c010000"	    /* table 300 */
	       "0800 0400 03000000"	    /* oif */
	       "0800 0500 0a010001"	    /* gateway */
	       "0800 0600 64000000");	    /* metric */
	assert_int_equal(ip_parse("fd00::ffff:1", &dst), 0);
	dst.prefix = 97;
	r = (struct link_route){.oif = 3, .family = AF_INET6, .dst = &dst, .table = 101};
	acknowledge(0, NULL, 0);
	assert_int_equal(link_route_add(nl, &r), 0);
	expect("40000000 1800 0505 00000000 00000000"
	       "0a610000 65040001 00000000"
	       "0800 0f00 65000000"
	       "0800 0400 03000000"
	       "1400 0100 fd000000000000000000000080000000");
	nl_close(nl);
}

static void test_rule_add(void **state)
{
	struct nl *nl = fake_open(NETLINK_ROUTE);
	struct ip_addr a;

	assert_int_equal(ip_parse("10.1.0.2", &a), 0);
	acknowledge(0, NULL, 0);
	assert_int_equal(link_rule_add(nl, &a, 101, 1001), 0);
	expect("3c000000 2000 0506 00000000 00000000"
	       "02002000 65000001 00000000" /* inet, from /32, table 101, to table */
	       "0800 0200 0a010002"
	       "0800 0f00 65000000"
	       "0800 0600 e9030000"
	       "0500 1500 04000000");
	nl_close(nl);
}

static void test_mptcp_bytes(void **state)
{
	struct nl *nl = fake_open(NETLINK_GENERIC);
	struct ip_addr a;

	/* Without the family there is no request at all. */
	acknowledge(-ENOENT, NULL, 0);
	assert_int_equal(ip_parse("10.1.0.2", &a), 0);
	assert_int_equal(mptcp_endpoint_add(nl, &a, 3, MPTCP_FULLMESH), -ENOENT);
	expect("24000000 1000 0500 00000000 00000000"
	       "03010000"
	       "0d00 0200 6d707463705f706d00 000000"); /* "mptcp_pm" */
	nl_close(nl);
}

static void test_kernel_words(void **state)
{
	static const struct {
		struct nlattr a;
		char text[12];
	} words = {{sizeof(words), NLMSGERR_ATTR_MSG}, "No such foo"};
	struct nl *nl = fake_open(NETLINK_ROUTE);

	acknowledge(-EINVAL, &words, sizeof(words));
	assert_int_equal(link_set(nl, 1, 0, NULL), -EINVAL);
	assert_string_equal(nl->ext, "No such foo");
	acknowledge(-EPERM, NULL, 0);
	assert_int_equal(link_set(nl, 1, 0, NULL), -EPERM);
	assert_string_equal(nl->ext, "");
	nl_close(nl);
}

static void test_bad_answers(void **state)
{
	struct nl *nl = fake_open(NETLINK_ROUTE);
	struct nlmsghdr *m = (void *)answer;
	unsigned int i;

	/* Lengths that lie. */
	static const uint32_t lengths[] = {0, 1, 15, 37, 0xffffffff};

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		acknowledge(0, NULL, 0);
		m->nlmsg_len = lengths[i];
		assert_int_equal(link_set(nl, 1, 0, NULL), -EPROTO);
	}
	/* An error message without an error in it. */
	acknowledge(0, NULL, 0);
	m->nlmsg_len = NLMSG_HDRLEN;
	assert_int_equal(link_set(nl, 1, 0, NULL), -EPROTO);
	/* Too short to be a message at all, or of another request: read on. */
	acknowledge(0, NULL, 0);
	answer_len = 8;
	assert_int_equal(link_set(nl, 1, 0, NULL), -EAGAIN);
	acknowledge(0, NULL, 0);
	fix_seq = false;
	m->nlmsg_seq = 12345;
	assert_int_equal(link_set(nl, 1, 0, NULL), -EAGAIN);
	nl_close(nl);
}

/* Attributes of every claimed length must neither crash nor be believed. */
static void test_bad_attributes(void **state)
{
	struct {
		struct nlmsghdr h;
		struct ifinfomsg ifi;
		struct nlattr a;
		uint8_t data[4];
	} m = {.h = {.nlmsg_type = RTM_NEWLINK, .nlmsg_len = sizeof(m)},
	       .ifi = {.ifi_index = 4},
	       .a = {.nla_type = 4 /* IFLA_MTU */},
	       .data = {0xdc, 5, 0, 0}};
	struct nl *nl = fake_open(NETLINK_ROUTE);
	struct link_info info;
	unsigned int len;

	for (len = 0; len < 40; len++) {
		m.a.nla_len = (uint16_t)len;
		memcpy(answer, &m, sizeof(m));
		answer_len = sizeof(m);
		answers = 1;
		assert_int_equal(link_get(nl, "eth0", &info), -EAGAIN); /* no end came */
		assert_int_equal(info.index, 4);
		assert_int_equal(info.mtu, len == 8 ? 1500 : 0);
	}
	nl_close(nl);
}

static void test_overflow(void **state)
{
	static const uint8_t data[NL_REQUEST_MAX];
	struct nl *nl = fake_open(NETLINK_ROUTE);
	uint32_t nest;

	nl_begin(nl, 16, 0, data, 16);
	nl_put(nl, 1, data, sizeof(data) - 100);
	nest = nl_nest(nl, 2);
	nl_put(nl, 1, data, 100);
	nl_nest_end(nl, nest);
	nl_put_u32(nl, 1, 1);
	assert_int_equal(nl_talk(nl), -EMSGSIZE);
	nl_begin(nl, 16, 0, data, 16);
	acknowledge(0, NULL, 0);
	assert_int_equal(nl_talk(nl), 0);
	nl_close(nl);
}

static void test_no_socket(void **state)
{
	int err = 0;

	assert_null(nl_open(netlink_host_call, 999, &err));
	assert_int_equal(err, -EPROTONOSUPPORT);
}

static void test_sysctl_names(void **state)
{
	assert_true(sysctl_name_valid("net.ipv4.tcp_rmem"));
	assert_true(sysctl_name_valid("net/ipv4/conf/eth0.1/arp_ignore"));
	assert_false(sysctl_name_valid(""));
	assert_false(sysctl_name_valid("/etc/passwd"));
	assert_false(sysctl_name_valid("../../etc/passwd"));
	assert_false(sysctl_name_valid("net/../../etc/passwd"));
	assert_false(sysctl_name_valid("net/./ipv4"));
	assert_false(sysctl_name_valid("net..ipv4"));
	assert_false(sysctl_name_valid("net.ipv4."));
	assert_false(sysctl_name_valid(".net"));
	assert_false(sysctl_name_valid("net ipv4"));
	assert_int_equal(sysctl_set(netlink_host_call, "no.such.key", "1"), -ENOENT);
	assert_int_equal(sysctl_set(netlink_host_call, "/etc/passwd", "1"), -ENOENT);
}

/* Buffers follow the memory; a key that does not exist is no error. */
static void test_sysctl_defaults(void **state)
{
	written[0] = '\0';
	assert_int_equal(sysctl_defaults(fake_call, 256 << 20), 0);
	assert_contains(written, "/proc/sys/net/ipv4/tcp_rmem=4096 131072 6710886\n");
	assert_contains(written, "/proc/sys/net/ipv4/tcp_wmem=4096 65536 3355443\n");
	assert_contains(written, "/proc/sys/net/ipv4/tcp_mem=16384 24576 40960\n");
	assert_contains(written, "/proc/sys/net/ipv6/conf/default/accept_dad=0\n");
	assert_null(strstr(written, "arp_"));
	written[0] = '\0';
	assert_int_equal(sysctl_defaults(fake_call, (size_t)1 << 30), 0);
	assert_contains(written, "tcp_rmem=4096 131072 16777216\n");
	written[0] = '\0';
	assert_int_equal(sysctl_defaults(fake_call, 16 << 20), 0);
	assert_contains(written, "tcp_rmem=4096 131072 524288\n");
	/* Slashes mean slashes: interface names have dots. */
	assert_int_equal(sysctl_set(fake_call, "net/ipv4/conf/eth0.1/rp_filter", "1"), 0);
	assert_string_equal(path, "/proc/sys/net/ipv4/conf/eth0.1/rp_filter");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addr_add),     cmocka_unit_test(test_link_set),
		cmocka_unit_test(test_route_add),    cmocka_unit_test(test_rule_add),
		cmocka_unit_test(test_mptcp_bytes),  cmocka_unit_test(test_kernel_words),
		cmocka_unit_test(test_bad_answers),  cmocka_unit_test(test_bad_attributes),
		cmocka_unit_test(test_overflow),     cmocka_unit_test(test_no_socket),
		cmocka_unit_test(test_sysctl_names), cmocka_unit_test(test_sysctl_defaults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
