// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_sockets.c - what a socket means: families, the loopback rule, options, /proc's paths.
 *
 * Both kernels are played by the test: a table of what the stack answers, and a record of what
 * the host was asked. No privilege, no network.
 */
#include "unit.h"
#include <arpa/inet.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/syscall.h>
#include "sockets/option.h"
#include "sockets/procpath.h"
#include "sockets/route.h"
#include "sockets/socket.h"
#include "sockets/urgent.h"

#define STACK_FD 7
#define HOST_FD	 9

/* ---- the two kernels ---- */

static long stack_mptcp; /* what socket(IPPROTO_MPTCP) gives */
static int stack_zerocopy;
static long stack_option;	     /* what setsockopt() and getsockopt() give */
static struct sockaddr_in6 bound_to; /* what getsockname() gives */
static long host_bind;		     /* what the host's bind() gives */
static char asked[512];		     /* of the host, in words */
static int replaced;

static void note(const char *word)
{
	strncat(asked, word, sizeof(asked) - strlen(asked) - 1);
	strncat(asked, " ", sizeof(asked) - strlen(asked) - 1);
}

static long stack(long nr, const long a[6])
{
	switch (nr) {
	case SYS_socket:
		return a[2] == IPPROTO_MPTCP ? stack_mptcp : STACK_FD;
	case SYS_getsockname:
		memcpy((void *)a[1], &bound_to, sizeof(bound_to));
		*(socklen_t *)a[2] = bound_to.sin6_family == AF_INET ? sizeof(struct sockaddr_in)
								     : sizeof(bound_to);
		return 0;
	case SYS_setsockopt:
		if (!stack_option && a[2] == SO_ZEROCOPY)
			stack_zerocopy = *(const int *)a[3];
		return stack_option;
	case SYS_getsockopt:
		if (!stack_option && a[2] == SO_PROTOCOL)
			*(int *)a[3] = IPPROTO_MPTCP;
		if (!stack_option && a[2] == SO_ZEROCOPY)
			*(int *)a[3] = stack_zerocopy;
		return stack_option;
	}
	return -ENOSYS;
}

static long host(long nr, const long a[6])
{
	switch (nr) {
	case SYS_socket:
		note(a[1] & SOCK_NONBLOCK ? "socket-nonblocking" : "socket");
		return HOST_FD;
	case SYS_setsockopt:
		note(a[2] == SO_BINDTODEVICE ? (const char *)a[3] : "setsockopt");
		return 0;
	case SYS_bind:
		note("bind");
		return host_bind;
	case SYS_close:
		note("close");
		return 0;
	case SYS_connect:
		note("connect");
		return 0;
	case SYS_getsockopt:
		*(int *)a[3] = 1; /* tied to loopback */
		return 0;
	}
	return -ENOSYS;
}

static int replace_result;

static int replace(const struct socket_ref *ref, int fd)
{
	assert_int_equal(fd, HOST_FD);
	replaced++;
	return replace_result;
}

static const struct socket_ops ops = {.stack = stack, .host = host, .replace = replace};

static struct socket_ref ref_of(struct socket_core *s)
{
	return (struct socket_ref){.ops = &ops, .core = s, .stack = STACK_FD};
}

static int reset(void **state)
{
	stack_mptcp = STACK_FD;
	stack_option = 0;
	host_bind = 0;
	replace_result = 0;
	replaced = 0;
	asked[0] = '\0';
	memset(&bound_to, 0, sizeof(bound_to));
	bound_to.sin6_family = AF_INET;
	route_isolate(false);
	return 0;
}

/* An address as text, with port 53. */
static socklen_t addr_of(struct sockaddr_storage *to, const char *text)
{
	struct sockaddr_in *four = (void *)to;
	struct sockaddr_in6 *six = (void *)to;

	memset(to, 0, sizeof(*to));
	four->sin_port = htons(53);
	if (!strncmp(text, "unspec ", 7)) { /* Linux takes it for IPv4 in a send */
		assert_int_equal(inet_pton(AF_INET, text + 7, &four->sin_addr), 1);
		return sizeof(*four);
	}
	if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		return sizeof(*four);
	}
	assert_int_equal(inet_pton(AF_INET6, text, &six->sin6_addr), 1);
	six->sin6_family = AF_INET6;
	return sizeof(*six);
}

/* ---- families ---- */

static void test_families(void **state)
{
	static const struct {
		int domain, protocol;
		enum socket_family whose;
	} cases[] = {
		{AF_INET, 0, SOCKET_STACK},
		{AF_INET6, IPPROTO_ICMPV6, SOCKET_STACK},
		{AF_PACKET, 0, SOCKET_STACK},
		{AF_NETLINK, NETLINK_ROUTE, SOCKET_STACK},
		{AF_NETLINK, NETLINK_KOBJECT_UEVENT, SOCKET_HOST},
		{AF_UNIX, 0, SOCKET_HOST},
		{AF_SMC, 0, SOCKET_NOWHERE},
		{AF_RDS, 0, SOCKET_NOWHERE},
		{AF_XDP, 0, SOCKET_NOWHERE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(socket_family(cases[i].domain, cases[i].protocol), cases[i].whose);
}

static void test_make(void **state)
{
	static const struct {
		int domain, type, protocol;
		bool wanted;
		long mptcp;
		int fd;
		bool is;
	} cases[] = {
		{AF_INET, SOCK_STREAM, 0, true, 5, 5, true},
		{AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP, true, 5, 5, true},
		{AF_INET, SOCK_STREAM, 0, false, 5, STACK_FD, false},
		{AF_INET, SOCK_STREAM, 0, true, -EPROTONOSUPPORT, STACK_FD, false},
		{AF_INET, SOCK_STREAM, 0, true, -ENOPROTOOPT, STACK_FD, false},
		{AF_INET, SOCK_STREAM, 0, true, -ENOMEM, -ENOMEM, false},
		{AF_INET, SOCK_DGRAM, 0, true, 5, STACK_FD, false},
		{AF_INET, SOCK_STREAM, IPPROTO_SCTP, true, 5, STACK_FD, false},
		{AF_PACKET, SOCK_RAW, 0, true, 5, STACK_FD, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct socket_core s;

		stack_mptcp = cases[i].mptcp;
		assert_int_equal(socket_make(&ops, &s, cases[i].domain, cases[i].type,
					     cases[i].protocol, cases[i].wanted),
				 cases[i].fd);
		assert_int_equal(s.mptcp, cases[i].is);
		assert_int_equal(s.type, cases[i].type & ~SOCK_NONBLOCK);
	}
}

/* ---- where an address leads ---- */

#define NONE (-ENETUNREACH)

static void test_connect(void **state)
{
	static const struct {
		const char *addr;
		int fresh, moved;
	} cases[] = {
		{"10.1.0.1", ROUTE_STACK, NONE},
		{"127.0.0.1", ROUTE_MOVE, ROUTE_HOST},
		{"127.9.8.7", ROUTE_MOVE, ROUTE_HOST},
		{"0.0.0.0", ROUTE_MOVE, ROUTE_HOST},
		{"::1", ROUTE_MOVE, ROUTE_HOST},
		{"::", ROUTE_MOVE, ROUTE_HOST},
		{"::ffff:127.0.0.1", ROUTE_MOVE, ROUTE_HOST},
		{"::ffff:10.1.0.1", ROUTE_STACK, NONE},
		{"fd01::1", ROUTE_STACK, NONE},
		{"224.0.0.1", ROUTE_STACK, NONE},
		{"255.255.255.255", ROUTE_STACK, NONE},
		{"128.0.0.1", ROUTE_STACK, NONE},
		{"unspec 10.1.0.1", ROUTE_STACK, ROUTE_HOST}, /* ends a connection */
	};
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};

	for (size_t i = 0; i < 2 * ARRAY_SIZE(cases); i++) {
		struct socket_core s = {.domain = AF_INET6, .type = types[i % 2]};
		struct sockaddr_storage to;
		socklen_t len = addr_of(&to, cases[i / 2].addr);

		assert_int_equal(route_connect(&s, (void *)&to, len), cases[i / 2].fresh);
		s.moved = true;
		assert_int_equal(route_connect(&s, (void *)&to, len), cases[i / 2].moved);
		s = (struct socket_core){.domain = AF_INET6, .type = types[i % 2], .settled = true};
		assert_int_equal(route_connect(&s, (void *)&to, len), ROUTE_STACK);
	}
}

static void test_bind(void **state)
{
	static const struct {
		const char *addr;
		int fresh, bound, moved;
	} cases[] = {
		{"127.0.0.1", ROUTE_MOVE, ROUTE_STACK, ROUTE_HOST},
		{"::1", ROUTE_MOVE, ROUTE_STACK, ROUTE_HOST},
		{"0.0.0.0", ROUTE_STACK, ROUTE_STACK, ROUTE_HOST},
		{"10.1.0.2", ROUTE_STACK, ROUTE_STACK, NONE},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct socket_core s = {.domain = AF_INET, .type = SOCK_DGRAM};
		struct sockaddr_storage to;
		socklen_t len = addr_of(&to, cases[i].addr);

		assert_int_equal(route_bind(&s, (void *)&to, len), cases[i].fresh);
		s.bound = true;
		assert_int_equal(route_bind(&s, (void *)&to, len), cases[i].bound);
		s.moved = true;
		assert_int_equal(route_bind(&s, (void *)&to, len), cases[i].moved);
		route_isolate(true);
		s.moved = s.bound = false;
		assert_int_equal(route_bind(&s, (void *)&to, len), ROUTE_STACK);
		route_isolate(false);
	}
}

static int send_to(struct socket_core *s, const char *addr, int flags)
{
	struct sockaddr_storage to;
	struct msghdr msg = {.msg_name = &to};

	msg.msg_namelen = addr ? addr_of(&to, addr) : 0;
	if (!addr)
		msg.msg_name = NULL;
	return route_message(s, &msg, flags);
}

static void test_message(void **state)
{
	struct socket_core fresh = {.domain = AF_INET, .type = SOCK_DGRAM};
	struct socket_core moved = {.domain = AF_INET, .type = SOCK_DGRAM, .moved = true};
	struct socket_core moved6 = {.domain = AF_INET6, .type = SOCK_DGRAM, .moved = true};
	struct socket_core stream = {.domain = AF_INET, .type = SOCK_STREAM};
	struct socket_core raw = {.domain = AF_INET, .type = SOCK_RAW};

	assert_int_equal(send_to(&fresh, NULL, 0), ROUTE_STACK);
	assert_int_equal(send_to(&fresh, "10.1.0.1", 0), ROUTE_STACK);
	assert_int_equal(send_to(&fresh, "127.0.0.1", 0), ROUTE_MOVE);
	assert_int_equal(send_to(&moved, NULL, 0), ROUTE_HOST);
	assert_int_equal(send_to(&moved, "127.0.0.1", 0), ROUTE_HOST);
	assert_int_equal(send_to(&moved, "10.1.0.1", 0), NONE);
	assert_int_equal(send_to(&moved, "224.0.0.251", 0), NONE);
	assert_int_equal(send_to(&moved, "unspec 10.1.0.1", 0), NONE);
	assert_int_equal(send_to(&moved, "unspec 127.0.0.1", 0), ROUTE_HOST);
	assert_int_equal(send_to(&moved6, "::ffff:10.1.0.1", 0), NONE);
	/* A name on a stream is ignored, unless it opens the connection. */
	assert_int_equal(send_to(&stream, "127.0.0.1", 0), ROUTE_STACK);
	assert_int_equal(send_to(&stream, "127.0.0.1", MSG_FASTOPEN), ROUTE_MOVE);
	stream.moved = true;
	assert_int_equal(send_to(&stream, "10.1.0.1", 0), ROUTE_HOST);
	assert_int_equal(send_to(&stream, "10.1.0.1", MSG_FASTOPEN), NONE);
	assert_int_equal(send_to(&raw, "127.0.0.1", 0), ROUTE_STACK);
}

/* Ancillary data of @len bytes after the header; @index: of the interface that it names. */
static int send_control(struct socket_core *s, int level, int type, size_t len, int index)
{
	char control[128] __attribute__((aligned(8))) = {0};
	struct cmsghdr *c = (void *)control;
	struct msghdr msg = {.msg_control = control, .msg_controllen = CMSG_SPACE(len)};

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	if (level == IPPROTO_IP && type == IP_PKTINFO)
		((struct in_pktinfo *)CMSG_DATA(c))->ipi_ifindex = index;
	else if (type == IPV6_PKTINFO)
		((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_ifindex = (unsigned int)index;
	return route_message(s, &msg, 0);
}

static void test_control(void **state)
{
	struct socket_core s = {.domain = AF_INET, .type = SOCK_DGRAM, .moved = true};
	char control[CMSG_SPACE(4)] __attribute__((aligned(8))) = {0};
	struct cmsghdr *c = (void *)control;
	struct msghdr msg = {.msg_control = control, .msg_controllen = sizeof(control)};

	assert_int_equal(send_control(&s, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo), 0),
			 ROUTE_HOST);
	assert_int_equal(send_control(&s, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo), 1),
			 ROUTE_HOST);
	assert_int_equal(send_control(&s, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo), 4),
			 NONE);
	assert_int_equal(
		send_control(&s, IPPROTO_IPV6, IPV6_PKTINFO, sizeof(struct in6_pktinfo), 4), NONE);
	assert_int_equal(send_control(&s, IPPROTO_IP, IP_TTL, 4, 0), ROUTE_HOST);
	assert_int_equal(send_control(&s, IPPROTO_IP, IP_RETOPTS, 8, 0), NONE);
	/* A header longer than what is there is not read beyond: the kernel refuses it. */
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = 4096;
	assert_int_equal(route_message(&s, &msg, 0), ROUTE_HOST);
	c->cmsg_len = 1;
	assert_int_equal(route_message(&s, &msg, 0), ROUTE_HOST);
	/* One that has not moved may name what it wants. */
	s.moved = false;
	assert_int_equal(send_control(&s, IPPROTO_IP, IP_PKTINFO, sizeof(struct in_pktinfo), 4),
			 ROUTE_STACK);
}

/* A port that the run itself serves by wildcard: loopback means the stack's own. */
static void test_served(void **state)
{
	struct socket_core server = {.domain = AF_INET, .type = SOCK_DGRAM};
	struct socket_core client = {.domain = AF_INET, .type = SOCK_DGRAM};
	struct socket_core stream = {.domain = AF_INET, .type = SOCK_STREAM};
	struct socket_ref ref = ref_of(&server);

	bound_to.sin6_port = htons(53);
	route_bound(&ref, (struct sockaddr *)&bound_to);
	assert_true(server.bound && server.settled);
	assert_int_equal(server.port, 53);
	/* It has to stay there: the host's loopback could not answer it. */
	assert_int_equal(send_to(&server, "127.0.0.1", 0), ROUTE_STACK); /* its own port */
	assert_int_equal(send_to(&client, "127.0.0.1", 0), ROUTE_STACK);
	assert_int_equal(send_to(&stream, "127.0.0.1", MSG_FASTOPEN),
			 ROUTE_MOVE); /* TCP's port is not */
	route_forget(&server);
	route_forget(&server);
	assert_int_equal(send_to(&client, "127.0.0.1", 0), ROUTE_MOVE);
	/* A stream serves only once it listens. */
	ref = ref_of(&stream);
	route_bound(&ref, (struct sockaddr *)&bound_to);
	assert_int_equal(stream.port, 0);
	assert_false(stream.settled);
	route_bound(&ref, NULL);
	assert_int_equal(stream.port, 53);
	route_forget(&stream);
}

/* Where does a message to @port of loopback go? */
static int answer(struct socket_core *from, uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct msghdr msg = {.msg_name = &to, .msg_namelen = sizeof(to)};

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return route_message(from, &msg, 0);
}

/* A server of any address answers clients of its run by loopback, and does not reach the host's. */
/* Ping sockets stay, and what they are bound to is no port that a client could ask. */
static void test_ping(void **state)
{
	static const struct {
		int domain, protocol;
		const char *to;
	} pings[] = {
		{AF_INET, IPPROTO_ICMP, "127.0.0.1"},
		{AF_INET6, IPPROTO_ICMPV6, "::1"},
	};
	struct socket_core udp = {.domain = AF_INET, .type = SOCK_DGRAM};
	struct sockaddr_storage to, any;
	socklen_t len;

	for (int i = 0; i < 2; i++) {
		struct socket_core s = {
			.domain = pings[i].domain,
			.type = SOCK_DGRAM,
			.protocol = pings[i].protocol,
		};
		struct socket_ref ref = ref_of(&s);
		struct msghdr msg = {.msg_name = &to};

		msg.msg_namelen = len = addr_of(&to, pings[i].to);
		assert_int_equal(route_bind(&s, (void *)&to, len), ROUTE_STACK);
		assert_int_equal(route_connect(&s, (void *)&to, len), ROUTE_STACK);
		assert_int_equal(route_message(&s, &msg, 0), ROUTE_STACK);
		addr_of(&any, "0.0.0.0");
		bound_to.sin6_family = AF_INET;
		bound_to.sin6_port = htons(53);
		route_bound(&ref, (void *)&any);
		assert_int_equal(s.port, 0);
		s.moved = true; /* one of the host's, from elsewhere, is judged */
		len = addr_of(&to, "10.0.0.1");
		assert_int_equal(route_connect(&s, (void *)&to, len), -ENETUNREACH);
	}
	len = addr_of(&to, "127.0.0.1");
	assert_int_equal(route_connect(&udp, (void *)&to, len), ROUTE_MOVE);
}

static void test_served_answers(void **state)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET};

	for (int automatic = 0; automatic < 2; automatic++) {
		struct socket_core server = {.domain = AF_INET, .type = SOCK_DGRAM};
		struct socket_core client = server, other = server;
		struct socket_ref ref = ref_of(&server);

		any.sin6_port = automatic ? 0 : htons(53);
		bound_to.sin6_port = htons(53);
		route_bound(&ref, (struct sockaddr *)&any);
		assert_int_equal(server.settled, !automatic);
		assert_int_equal(answer(&server, 40000), automatic ? ROUTE_MOVE : NONE);
		assert_int_equal(send_to(&client, "127.0.0.1", 0), ROUTE_STACK);
		assert_int_equal(answer(&server, 40000), ROUTE_STACK);
		assert_true(server.settled);
		route_forget(&server);
		/* Another server of that port has not been asked. */
		ref = ref_of(&other);
		route_bound(&ref, (struct sockaddr *)&any);
		assert_int_equal(answer(&other, 40000), automatic ? ROUTE_MOVE : NONE);
		/* A first message to a network settles it: answers will come to the stack. */
		assert_int_equal(send_to(&other, "10.1.0.1", 0), ROUTE_STACK);
		assert_true(other.settled);
		assert_int_equal(answer(&other, 40000), NONE);
		route_forget(&other);
	}
}

/* ---- moving ---- */

static void test_move(void **state)
{
	struct socket_core s = {.domain = AF_INET, .type = SOCK_STREAM};
	struct socket_ref ref = ref_of(&s);
	int one = 1;

	option_set(&ref, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	option_set(&ref, SOL_SOCKET, SO_BINDTODEVICE, "wlan0", 6); /* does not come along */
	assert_int_equal(route_move(&ref), 0);
	assert_string_equal(asked, "socket setsockopt lo close ");
	assert_true(s.moved);
	assert_int_equal(replaced, 1);
}

static void test_move_bound(void **state)
{
	struct socket_core s = {.domain = AF_INET, .type = SOCK_DGRAM, .bound = true};
	struct socket_ref ref = ref_of(&s);

	ref.nonblocking = true;
	host_bind = -EADDRINUSE;
	assert_int_equal(route_move(&ref), -EADDRINUSE);
	assert_string_equal(asked, "socket-nonblocking lo bind close ");
	assert_false(s.moved);
	assert_int_equal(replaced, 0);
	host_bind = 0;
	replace_result = -EMFILE;
	assert_int_equal(route_move(&ref), -EMFILE);
	assert_false(s.moved);
}

/* The tie to loopback holds when a connection is ended. */
static void test_tied_again(void **state)
{
	struct sockaddr none = {.sa_family = AF_UNSPEC};

	assert_int_equal(route_connect_host(host, HOST_FD, &none, sizeof(none)), 0);
	assert_string_equal(asked, "connect lo ");
}

static void test_outward_options(void **state)
{
	struct socket_core s = {.domain = AF_INET, .type = SOCK_DGRAM};

	assert_int_equal(route_option(&s, SOL_SOCKET, SO_BINDTODEVICE), 0);
	s.moved = true;
	assert_int_equal(route_option(&s, SOL_SOCKET, SO_BINDTODEVICE), -EPERM);
	assert_int_equal(route_option(&s, IPPROTO_IP, IP_UNICAST_IF), -EPERM);
	assert_int_equal(route_option(&s, SOL_SOCKET, SO_REUSEADDR), 0);
}

/* ---- options ---- */

static void test_hints(void **state)
{
	struct socket_core s = {.domain = AF_INET, .type = SOCK_STREAM, .mptcp = true};
	struct socket_ref ref = ref_of(&s);
	int value = 40;
	socklen_t len = sizeof(value);

	stack_option = -EOPNOTSUPP;
	assert_int_equal(option_set(&ref, IPPROTO_TCP, TCP_LINGER2, &value, len), 0);
	assert_int_equal(option_set(&ref, IPPROTO_TCP, TCP_ULP, "tls", 4), -ENOPROTOOPT);
	/* The stack has no pages of the program to send from; what it refuses itself it judges. */
	stack_option = -EFAULT;
	assert_int_equal(option_set(&ref, SOL_SOCKET, SO_ZEROCOPY, NULL, len), -EFAULT);
	stack_option = 0;
	assert_int_equal(option_set(&ref, SOL_SOCKET, SO_ZEROCOPY, &(int){0}, len), 0);
	assert_int_equal(option_set(&ref, SOL_SOCKET, SO_ZEROCOPY, &(int){1}, len), -EOPNOTSUPP);
	assert_int_equal(stack_zerocopy, 0);
	stack_option = -EOPNOTSUPP;
	value = 0;
	assert_int_equal(option_get(&ref, IPPROTO_TCP, TCP_LINGER2, &value, &len), 0);
	assert_int_equal(value, 40);
	/* Cut to the capacity, and nothing where it was never set. */
	len = 2;
	assert_int_equal(option_get(&ref, IPPROTO_TCP, TCP_LINGER2, &value, &len), 0);
	assert_int_equal(len, 2);
	len = sizeof(value);
	assert_int_equal(option_get(&ref, IPPROTO_TCP, TCP_SYNCNT, &value, &len), 0);
	assert_int_equal(value, 0);
	assert_int_equal(option_get(&ref, IPPROTO_TCP, TCP_MAXSEG, &value, &len), 0);
	assert_int_equal(value, 536);
	/* Plain TCP's refusals are its own. */
	s.mptcp = false;
	assert_int_equal(option_set(&ref, IPPROTO_TCP, TCP_LINGER2, &value, len), -EOPNOTSUPP);
}

static void test_protocol(void **state)
{
	struct socket_core s = {.domain = AF_INET, .type = SOCK_STREAM, .mptcp = true};
	struct socket_ref ref = ref_of(&s);
	int value = 0;
	socklen_t len = sizeof(value);

	assert_int_equal(option_get(&ref, SOL_SOCKET, SO_PROTOCOL, &value, &len), 0);
	assert_int_equal(value, IPPROTO_TCP);
	s.mptcp = false;
	assert_int_equal(option_get(&ref, SOL_SOCKET, SO_PROTOCOL, &value, &len), 0);
	assert_int_equal(value, IPPROTO_MPTCP); /* as the stack says it */
}

static void test_memory(void **state)
{
	struct socket_core s = {.domain = AF_INET, .type = SOCK_DGRAM};
	struct socket_ref ref = ref_of(&s);
	char lengthy[20] = "";

	for (int i = 0; i < SOCKET_OPTIONS + 3; i++)
		option_set(&ref, SOL_SOCKET, 1000 + i, &i, sizeof(i));
	assert_int_equal(s.nopts, SOCKET_OPTIONS);
	s.nopts = 0;
	option_set(&ref, SOL_SOCKET, 1000, lengthy, sizeof(lengthy));
	option_set(&ref, SOL_SOCKET, 1000, NULL, 0);
	assert_int_equal(s.nopts, 0);
	s.settled = true;
	option_set(&ref, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	assert_int_equal(s.nopts, 0);
}

static void test_urgent(void **state)
{
	struct socket_core s = {.type = SOCK_STREAM, .mptcp = true};

	assert_int_equal(urgent_may_send(&s, MSG_OOB | MSG_DONTWAIT), -EOPNOTSUPP);
	assert_int_equal(urgent_may_receive(&s, MSG_OOB), -EINVAL);
	assert_int_equal(urgent_may_send(&s, 0), 0);
	s.mptcp = false;
	assert_int_equal(urgent_may_send(&s, MSG_OOB), 0);
	assert_int_equal(urgent_may_receive(&s, MSG_OOB), 0);
}

/* ---- files ---- */

static void test_paths(void **state)
{
	static const char *const cases[][2] = {
		{"/proc/net/tcp", "net/tcp"},
		{"/proc/self/net/dev", "net/dev"},
		{"/proc/thread-self/net/dev", "net/dev"},
		{"/proc/4711/net/dev", "net/dev"},
		{"/proc/sys/net/ipv4/ip_forward", "sys/net/ipv4/ip_forward"},
		{"/proc/net", NULL},
		{"/proc/net/", NULL},
		{"/proc/self/net/", NULL},
		{"/proc/sys/kernel/hostname", NULL},
		{"/proc/47x/net/dev", NULL},
		{"/proc/self/status", NULL},
		{"proc/net/tcp", NULL},
		{"/sys/class/net/eth0", NULL},
		{"", NULL},
	};
	char path[PROCPATH_MAX + 8] = "/proc/net/";

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *inside = procpath_inside(cases[i][0], 0);

		if (cases[i][1])
			assert_string_equal(inside, cases[i][1]);
		else
			assert_null(inside);
	}
	memset(path + 10, 'x', sizeof(path) - 11);
	assert_null(procpath_inside(path, 0));
	/* One process has the stack: another one's files are the host's. */
	assert_string_equal(procpath_inside("/proc/4711/net/dev", 4711), "net/dev");
	assert_null(procpath_inside("/proc/4711/net/dev", 4712));
	assert_string_equal(procpath_inside("/proc/self/net/dev", 4712), "net/dev");
}

static void test_resolver(void **state)
{
	assert_true(procpath_names_servers("/etc/resolv.conf"));
	assert_false(procpath_names_servers("/etc/resolv.conf.d"));
	assert_false(procpath_names_servers("/etc/resolv"));
	assert_false(procpath_names_servers("etc/resolv.conf"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_families, reset),
		cmocka_unit_test_setup(test_make, reset),
		cmocka_unit_test_setup(test_connect, reset),
		cmocka_unit_test_setup(test_bind, reset),
		cmocka_unit_test_setup(test_message, reset),
		cmocka_unit_test_setup(test_control, reset),
		cmocka_unit_test_setup(test_served, reset),
		cmocka_unit_test_setup(test_ping, reset),
		cmocka_unit_test_setup(test_served_answers, reset),
		cmocka_unit_test_setup(test_move, reset),
		cmocka_unit_test_setup(test_move_bound, reset),
		cmocka_unit_test_setup(test_tied_again, reset),
		cmocka_unit_test_setup(test_outward_options, reset),
		cmocka_unit_test_setup(test_hints, reset),
		cmocka_unit_test_setup(test_protocol, reset),
		cmocka_unit_test_setup(test_memory, reset),
		cmocka_unit_test_setup(test_urgent, reset),
		cmocka_unit_test_setup(test_paths, reset),
		cmocka_unit_test(test_resolver),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
