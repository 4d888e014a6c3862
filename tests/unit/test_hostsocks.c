// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_hostsocks.c - the local ports that sockets of the host have.
 *
 * In a network namespace: sockets of both families and of several states, told by sock_diag, and by
 * /proc/net where there is none.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "opener/hostsocks.h"
#include "unit.h"

#define MANY 3000 /* more than one datagram of either source tells of */

static int socket_at(int family, int type, uint16_t port)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(family, type, 0), one = 1;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6)
		assert_int_equal(bind(fd, (struct sockaddr *)&in6, sizeof(in6)), 0);
	else
		assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	return fd;
}

/* A connection from @port to @server, which listens at @to: its end, and the server's end of it. */
static void connect_from(uint16_t port, int server, uint16_t to, int end[2])
{
	struct sockaddr_in in = {.sin_family = AF_INET,
				 .sin_port = htons(to),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	end[0] = socket_at(AF_INET, SOCK_STREAM, port);
	assert_int_equal(connect(end[0], (struct sockaddr *)&in, sizeof(in)), 0);
	end[1] = accept(server, NULL, NULL);
	assert_true(end[1] >= 0);
}

static const uint16_t used[] = {17001, 17002, 17003, 17004, 17005, 17006};

static void see(void)
{
	static struct portset s;

	memset(&s, 0, sizeof(s));
	hostsocks_ports(&s);
	for (unsigned int i = 0; i < ARRAY_SIZE(used); i++)
		if (!portset_any(&s, used[i], used[i]))
			fail_msg("port %u is missing", used[i]);
	assert_false(portset_any(&s, 17007, 17999));
	for (unsigned int port = 18000; port < 18000 + MANY; port++)
		if (!portset_any(&s, port, port))
			fail_msg("port %u is missing", port);
	assert_false(portset_any(&s, 18000 + MANY, 65535));
}

/* From now on there is no netlink. */
static void forbid_netlink(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {ARRAY_SIZE(code), code};

	assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog), 0);
}

static void test_ports(void **state)
{
	int listener, six, udp, end[2], gone[2];
	static int many[MANY];

	NEED_NETNS();
	listener = socket_at(AF_INET, SOCK_STREAM, used[0]);
	assert_int_equal(listen(listener, 8), 0);
	six = socket_at(AF_INET6, SOCK_STREAM, used[1]);
	assert_int_equal(listen(six, 8), 0);
	connect_from(used[2], listener, used[0], end);
	connect_from(used[3], listener, used[0], gone);
	close(gone[0]); /* whoever closes first is left in TIME_WAIT */
	close(gone[1]);
	udp = socket_at(AF_INET, SOCK_DGRAM, used[4]);
	socket_at(AF_INET6, SOCK_DGRAM, used[5]);
	for (unsigned int i = 0; i < MANY; i++) {
		many[i] = socket_at(AF_INET, SOCK_STREAM, (uint16_t)(18000 + i));
		assert_int_equal(listen(many[i], 1), 0);
	}
	see();
	forbid_netlink();
	see();
	assert_true(udp >= 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ports)};

	return cmocka_run_group_tests(tests, enter_netns, NULL);
}
