// SPDX-License-Identifier: GPL-2.0-only
/*
 * bind_lo.c - what SO_BINDTODEVICE "lo" does to a socket, and what it does not.
 *
 *   namespace of the program                     namespace of the peer
 *     lo, va 10.9.0.1 fd09::1 ====== veth ======== vb 10.9.0.2 fd09::2
 *     default routes by va                         a packet socket, a TCP listener
 *
 * A socket for loopback alone can be bound to the device lo. Stated here:
 *
 *	- a process without privilege may do that, once; to change or undo it takes CAP_NET_RAW;
 *	- such a socket talks to 127.0.0.0/8 and ::1 as any other, as client, as server, and
 *	  as server at a wildcard address; what it accepts is bound to lo, too;
 *	- it holds no conversation with the host's other addresses: Linux counts what goes to
 *	  them as received by the interface that has the address, though it goes by lo;
 *	- what it sends elsewhere never leaves: IPv4 says that it was sent and loses it (TCP:
 *	  EINPROGRESS until the time is over), IPv6 says ENETUNREACH;
 *	- but for IP_PKTINFO, and IPV6_PKTINFO with a v4-mapped destination: the interface
 *	  that it names overrides lo, without privilege, whatever the destination. IPv6's own
 *	  IPV6_PKTINFO is refused (EINVAL).
 *
 * So lo stops every address and every option, and races about them; ancillary data with an
 * interface must be refused by other means.
 *
 * Each attempt sends a mark of its own, and the packet socket is searched for it. Every
 * attempt is also made by a socket that is not bound to lo: it must be seen there.
 */
#include <netinet/ip.h>
#include <signal.h>
#include <sys/prctl.h>

#include "packet.h"

#ifndef SO_BINDTOIFINDEX
#define SO_BINDTOIFINDEX 62
#endif

#define PORT	  4099
#define SETTLE_MS 40 /* until a frame has crossed a veth, which takes microseconds */
#define NOBODY	  65534

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage room;
};

static int wire;  /* packet socket on vb */
static int outer; /* number of va */
static char mark[16];

static socklen_t address(union address *a, const char *text, uint16_t port)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, text, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		a->in.sin_port = htons(port);
		return sizeof(a->in);
	}
	inet_pton(AF_INET6, text, &a->in6.sin6_addr);
	a->in6.sin6_family = AF_INET6;
	a->in6.sin6_port = htons(port);
	return sizeof(a->in6);
}

static int bind_device(int fd, const char *name)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)strlen(name));
}

/* Give up the capabilities, or take them again. */
static void privileged(bool on)
{
	if (seteuid(on ? 0 : NOBODY))
		skip_all("cannot change the user");
}

/* A socket with time-outs, bound to lo if asked for. */
static int make(int domain, int type, bool lo)
{
	struct timeval tv = {.tv_usec = 300000};
	int one = 1, fd = socket(domain, type | SOCK_CLOEXEC, 0);

	if (lo && bind_device(fd, "lo"))
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &one, sizeof(one));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	return fd;
}

/* ---- the namespaces ---- */

static void enter(int ns)
{
	if (setns(ns, CLONE_NEWNET))
		skip_all("cannot enter a network namespace");
}

static int new_namespace(void)
{
	if (unshare(CLONE_NEWNET))
		skip_all("no privilege to make a network namespace");
	return open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
}

/* A process that keeps the peer's namespace until we have one of our own. */
static pid_t holder(void)
{
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	return pid;
}

static void topology(void)
{
	int peer = new_namespace(), home, listener;
	pid_t pid = holder();
	union address any;
	char cmd[128];

	home = new_namespace();
	snprintf(cmd, sizeof(cmd), "ip link add va type veth peer name vb netns %d", pid);
	if (system(cmd))
		skip_all("no veth");
	kill(pid, SIGKILL);
	if (system("echo 0 >/proc/sys/net/ipv6/conf/va/router_solicitations;"
		   "ip link set lo up && ip link set va up &&"
		   "ip addr add 10.9.0.1/24 dev va && ip addr add fd09::1/64 dev va nodad &&"
		   "ip route add default via 10.9.0.2 && ip route add default via fd09::2"))
		skip_all("cannot set up a network namespace (ip)");
	outer = (int)if_nametoindex("va");
	enter(peer);
	if (system("ip link set lo up && ip link set vb up &&"
		   "ip addr add 10.9.0.2/24 dev vb && ip addr add fd09::2/64 dev vb nodad"))
		skip_all("cannot set up a network namespace (ip)");
	wire = packet_socket("vb", false);
	listener = socket(AF_INET6, SOCK_STREAM, 0);
	if (bind(listener, &any.sa, address(&any, "::", PORT)) || listen(listener, 16))
		skip_all("no listener");
	enter(home);
}

/* Has a frame with the mark come? */
static bool seen(void)
{
	struct timeval tv = {.tv_usec = SETTLE_MS * 1000};
	uint8_t frame[2048];
	bool found = false;
	ssize_t n;

	setsockopt(wire, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	while (!found && (n = recv(wire, frame, sizeof(frame), 0)) > 0)
		found = memmem(frame, (size_t)n, mark, strlen(mark)) != NULL;
	return found;
}

/* ---- attempts to leave ---- */

static long to(int fd, const char *text)
{
	union address a;
	socklen_t len = address(&a, text, PORT);

	return sendto(fd, mark, strlen(mark), MSG_DONTWAIT, &a.sa, len);
}

static long connected(int fd, const char *text)
{
	union address a;

	if (connect(fd, &a.sa, address(&a, text, PORT)))
		return -1;
	return send(fd, mark, strlen(mark), MSG_NOSIGNAL);
}

static long with_control(int fd, const char *text, int level, int type, const void *val, size_t len)
{
	char buf[128] __attribute__((aligned(8))) = {0};
	struct iovec v = {mark, strlen(mark)};
	struct cmsghdr *c = (void *)buf;
	union address a;
	struct msghdr msg = {.msg_name = &a,
			     .msg_namelen = address(&a, text, PORT),
			     .msg_iov = &v,
			     .msg_iovlen = 1,
			     .msg_control = buf,
			     .msg_controllen = CMSG_SPACE(len)};

	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), val, len);
	return sendmsg(fd, &msg, MSG_DONTWAIT);
}

static long pktinfo(int fd, const char *text)
{
	struct in_pktinfo info = {.ipi_ifindex = outer};

	return with_control(fd, text, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static long pktinfo6(int fd, const char *text)
{
	struct in6_pktinfo info = {.ipi6_ifindex = (unsigned int)outer};

	if (strstr(text, "ffff:"))
		inet_pton(AF_INET6, "::ffff:0.0.0.0", &info.ipi6_addr);
	return with_control(fd, text, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
}

static long pktinfo6_option(int fd, const char *text)
{
	struct in6_pktinfo info = {.ipi6_ifindex = (unsigned int)outer};

	setsockopt(fd, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	return to(fd, text);
}

/* The address of va as source, without an interface. */
static long pktinfo_source(int fd, const char *text)
{
	struct in_pktinfo info = {0};

	inet_pton(AF_INET, "10.9.0.1", &info.ipi_spec_dst);
	return with_control(fd, text, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
}

static long bound_source(int fd, const char *text)
{
	union address a;

	if (bind(fd, &a.sa, address(&a, strchr(text, ':') ? "fd09::1" : "10.9.0.1", 0)))
		return -1;
	return to(fd, text);
}

static long unicast_if(int fd, const char *text)
{
	uint32_t index = htonl((uint32_t)outer);

	if (strchr(text, ':'))
		setsockopt(fd, IPPROTO_IPV6, IPV6_UNICAST_IF, &index, sizeof(index));
	else
		setsockopt(fd, IPPROTO_IP, IP_UNICAST_IF, &index, sizeof(index));
	return to(fd, text);
}

static long multicast_if(int fd, const char *text)
{
	struct ip_mreqn r = {.imr_ifindex = outer};

	if (strchr(text, ':'))
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &outer, sizeof(outer));
	else
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &r, sizeof(r));
	return to(fd, text);
}

/* A loose source route by the peer, which needs CAP_NET_RAW; for IPv6 a segment routing header. */
static long source_route(int fd, const char *text)
{
	unsigned char opt[8] = {IPOPT_NOP, IPOPT_LSRR, 7, 4, 10, 9, 0, 2};

	privileged(true);
	setsockopt(fd, IPPROTO_IP, IP_OPTIONS, opt, sizeof(opt));
	privileged(false);
	return to(fd, text);
}

static long segment_route(int fd, const char *text)
{
	unsigned char header[24] = {0, 2, 4};

	inet_pton(AF_INET6, "fd09::2", header + 8);
	setsockopt(fd, IPPROTO_IPV6, IPV6_RTHDR, header, sizeof(header));
	return to(fd, text);
}

static long fastopen(int fd, const char *text)
{
	union address a;
	socklen_t len = address(&a, text, PORT);

	return sendto(fd, mark, strlen(mark), MSG_FASTOPEN, &a.sa, len);
}

static long device_again(int fd, const char *text)
{
	bind_device(fd, "va");
	return to(fd, text);
}

static long device_none(int fd, const char *text)
{
	setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0);
	return to(fd, text);
}

static const struct attempt {
	const char *name;
	int domain, type;
	long (*send)(int fd, const char *text);
	const char *text;
} attempts[] = {
	{"sendto", AF_INET, SOCK_DGRAM, to, "10.9.0.2"},
	{"sendto by the gateway", AF_INET, SOCK_DGRAM, to, "192.0.2.1"},
	{"sendto, bound to the host's address", AF_INET, SOCK_DGRAM, bound_source, "10.9.0.2"},
	{"connect, send", AF_INET, SOCK_DGRAM, connected, "10.9.0.2"},
	{"multicast", AF_INET, SOCK_DGRAM, to, "239.9.9.9"},
	{"multicast, IP_MULTICAST_IF", AF_INET, SOCK_DGRAM, multicast_if, "239.9.9.9"},
	{"subnet broadcast", AF_INET, SOCK_DGRAM, to, "10.9.0.255"},
	{"broadcast", AF_INET, SOCK_DGRAM, to, "255.255.255.255"},
	{"IP_UNICAST_IF", AF_INET, SOCK_DGRAM, unicast_if, "10.9.0.2"},
	{"IP_UNICAST_IF, to loopback", AF_INET, SOCK_DGRAM, unicast_if, "127.0.0.1"},
	{"IP_UNICAST_IF, broadcast", AF_INET, SOCK_DGRAM, unicast_if, "255.255.255.255"},
	{"source in IP_PKTINFO", AF_INET, SOCK_DGRAM, pktinfo_source, "10.9.0.2"},
	{"source route, to loopback", AF_INET, SOCK_DGRAM, source_route, "127.0.0.1"},
	{"SO_BINDTODEVICE again", AF_INET, SOCK_DGRAM, device_again, "10.9.0.2"},
	{"SO_BINDTODEVICE of none", AF_INET, SOCK_DGRAM, device_none, "10.9.0.2"},
	{"TCP connect, send", AF_INET, SOCK_STREAM, connected, "10.9.0.2"},
	{"TCP MSG_FASTOPEN", AF_INET, SOCK_STREAM, fastopen, "10.9.0.2"},
	{"IPv6 sendto", AF_INET6, SOCK_DGRAM, to, "fd09::2"},
	{"IPv6 sendto, bound to the host's address", AF_INET6, SOCK_DGRAM, bound_source, "fd09::2"},
	{"IPv6 connect, send", AF_INET6, SOCK_DGRAM, connected, "fd09::2"},
	{"IPv6 multicast, IPV6_MULTICAST_IF", AF_INET6, SOCK_DGRAM, multicast_if, "ff05::99"},
	{"IPV6_UNICAST_IF", AF_INET6, SOCK_DGRAM, unicast_if, "fd09::2"},
	{"IPV6_UNICAST_IF, to loopback", AF_INET6, SOCK_DGRAM, unicast_if, "::1"},
	{"IPV6_PKTINFO", AF_INET6, SOCK_DGRAM, pktinfo6, "fd09::2"},
	{"IPV6_PKTINFO, to loopback", AF_INET6, SOCK_DGRAM, pktinfo6, "::1"},
	{"IPV6_PKTINFO as option", AF_INET6, SOCK_DGRAM, pktinfo6_option, "fd09::2"},
	{"IPv6 segment route, to loopback", AF_INET6, SOCK_DGRAM, segment_route, "::1"},
	{"IPv6 TCP connect, send", AF_INET6, SOCK_STREAM, connected, "fd09::2"},
	{"v4-mapped sendto", AF_INET6, SOCK_DGRAM, to, "::ffff:10.9.0.2"},
	{"v4-mapped TCP connect, send", AF_INET6, SOCK_STREAM, connected, "::ffff:10.9.0.2"},
};

/* Those that leave in spite of lo. */
static const struct attempt overrides[] = {
	{"IP_PKTINFO", AF_INET, SOCK_DGRAM, pktinfo, "10.9.0.2"},
	{"IP_PKTINFO, to loopback", AF_INET, SOCK_DGRAM, pktinfo, "127.0.0.1"},
	{"IP_PKTINFO, multicast", AF_INET, SOCK_DGRAM, pktinfo, "239.9.9.9"},
	{"v4-mapped IPV6_PKTINFO", AF_INET6, SOCK_DGRAM, pktinfo6, "::ffff:10.9.0.2"},
	{"v4-mapped IPV6_PKTINFO, to loopback", AF_INET6, SOCK_DGRAM, pktinfo6, "::ffff:127.0.0.1"},
};

/* Make the attempt; its mark is new. Gives whether it was seen, and in @err how it ended. */
static bool leaves(const struct attempt *a, bool lo, int *err)
{
	static unsigned int n;
	int fd = make(a->domain, a->type, lo);
	bool found;

	snprintf(mark, sizeof(mark), "mark-%03u-end", n++);
	*err = a->send(fd, a->text) < 0 ? errno : 0;
	found = seen();
	close(fd);
	return found;
}

static void stays(void)
{
	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		int plain, err;
		bool control = leaves(&attempts[i], false, &plain);
		bool found = leaves(&attempts[i], true, &err);

		ok(control && !found, "%s: leaves without (%s), not with lo (%s)", attempts[i].name,
		   plain ? strerror(plain) : "sent", err ? strerror(err) : "sent");
	}
}

static void overridden(void)
{
	for (size_t i = 0; i < sizeof(overrides) / sizeof(overrides[0]); i++) {
		int err;

		ok(leaves(&overrides[i], true, &err), "%s: leaves in spite of lo",
		   overrides[i].name);
	}
}

/* ---- loopback ---- */

/* A socket that is bound to @text, listens if it is a stream; its address in @a. */
static int server(int domain, int type, bool lo, const char *text, union address *a)
{
	socklen_t len = address(a, text, 0);
	int fd = make(domain, type, lo);

	if (bind(fd, &a->sa, len) || getsockname(fd, &a->sa, &len) ||
	    (type == SOCK_STREAM && listen(fd, 4))) {
		close(fd);
		return -1;
	}
	return fd;
}

/*
 * One byte there, and one back, from a client to a server at @at, which is reached as @text.
 * How far it came: 0 nowhere, 1 there, 2 and back.
 */
static int talk(int domain, int type, bool client_lo, bool server_lo, const char *at,
		const char *text)
{
	union address a, from;
	socklen_t len, fromlen = sizeof(from);
	int s = server(domain, type, server_lo, at, &a), c = make(domain, type, client_lo);
	int conn = -1, came = 0;
	char b = 0;

	len = address(&a, text, ntohs(a.in.sin_port));
	if (s < 0 || c < 0)
		return 0;
	if (type == SOCK_STREAM) {
		if (!connect(c, &a.sa, len) && (conn = accept(s, NULL, NULL)) >= 0 &&
		    write(c, "x", 1) == 1 && read(conn, &b, 1) == 1)
			came = 1;
		if (came && write(conn, "y", 1) == 1 && read(c, &b, 1) == 1 && b == 'y')
			came = 2;
		close(conn);
	} else {
		if (sendto(c, "x", 1, 0, &a.sa, len) == 1 &&
		    recvfrom(s, &b, 1, 0, &from.sa, &fromlen) == 1)
			came = 1;
		if (came && sendto(s, "y", 1, 0, &from.sa, fromlen) == 1 &&
		    recv(c, &b, 1, 0) == 1 && b == 'y')
			came = 2;
	}
	close(s);
	close(c);
	return came;
}

static const struct {
	int domain, type;
	const char *what, *any, *loop, *own;
} kinds[] = {
	{AF_INET, SOCK_DGRAM, "UDP", "0.0.0.0", "127.0.0.1", "10.9.0.1"},
	{AF_INET, SOCK_STREAM, "TCP", "0.0.0.0", "127.0.0.1", "10.9.0.1"},
	{AF_INET6, SOCK_DGRAM, "UDP", "::", "::1", "fd09::1"},
	{AF_INET6, SOCK_STREAM, "TCP", "::", "::1", "fd09::1"},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static void loopback(void)
{
	for (size_t i = 0; i < KINDS; i++) {
		int domain = kinds[i].domain, type = kinds[i].type;
		const char *any = kinds[i].any, *loop = kinds[i].loop, *what = kinds[i].what;

		ok(talk(domain, type, true, false, loop, loop) == 2, "%s client to %s", what, loop);
		ok(talk(domain, type, false, true, loop, loop) == 2, "%s server at %s", what, loop);
		ok(talk(domain, type, true, true, loop, loop) == 2, "%s both, %s", what, loop);
		ok(talk(domain, type, false, true, any, loop) == 2, "%s server at %s, by %s", what,
		   any, loop);
	}
	ok(talk(AF_INET, SOCK_DGRAM, true, false, "127.0.0.5", "127.0.0.5") == 2,
	   "UDP client to 127.0.0.5");
	ok(talk(AF_INET6, SOCK_STREAM, true, false, "::", "::ffff:127.0.0.1") == 2,
	   "TCP client to ::ffff:127.0.0.1");
}

/* Each of these is a conversation without lo. */
static void own(void)
{
	for (size_t i = 0; i < KINDS; i++) {
		int domain = kinds[i].domain, type = kinds[i].type, there, answer;
		const char *any = kinds[i].any, *addr = kinds[i].own;

		there = talk(domain, type, true, false, addr, addr);
		answer = talk(domain, type, false, true, any, addr);
		ok(talk(domain, type, false, false, any, addr) == 2 && there < 2 && answer < 2,
		   "%s: no conversation with the host's %s (as client %d, as server %d of 2)",
		   kinds[i].what, addr, there, answer);
	}
}

/* ---- changing the device ---- */

static int set_index(int fd, int index)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof(index));
}

static int result(int ret)
{
	return ret ? errno : 0;
}

static void changing(void)
{
	int fd = make(AF_INET, SOCK_DGRAM, true), again, other, none, index;
	char name[IFNAMSIZ] = "";
	socklen_t len = sizeof(name);

	ok(fd >= 0, "without privilege: SO_BINDTODEVICE lo, once");
	again = result(bind_device(fd, "lo"));
	other = result(bind_device(fd, "va"));
	none = result(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0));
	index = result(set_index(fd, 0));
	ok(again == EPERM && other == EPERM && none == EPERM && index == EPERM,
	   "then no more: again, another, none, by number: %d %d %d %d", again, other, none, index);
	ok(!getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, &len) && !strcmp(name, "lo"),
	   "it is still bound to lo");
	privileged(true);
	ok(!bind_device(fd, "va") && !bind_device(fd, "lo") &&
		   !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 0),
	   "with CAP_NET_RAW: it can be changed and undone");
	close(fd);
	privileged(false);
}

/* What was accepted by a listener that is bound to lo is bound to lo, too. */
static void accepted(void)
{
	union address a;
	int s = server(AF_INET, SOCK_STREAM, true, "127.0.0.1", &a),
	    c = make(AF_INET, SOCK_STREAM, false);
	char name[IFNAMSIZ] = "";
	socklen_t len = sizeof(name);
	int conn;

	ok(!connect(c, &a.sa, sizeof(a.in)) && (conn = accept(s, NULL, NULL)) >= 0 &&
		   !getsockopt(conn, SOL_SOCKET, SO_BINDTODEVICE, name, &len) &&
		   !strcmp(name, "lo"),
	   "an accepted socket is bound to lo like its listener");
	close(s);
	close(c);
}

int main(void)
{
	topology();
	privileged(false);
	loopback();
	own();
	stays();
	overridden();
	changing();
	accepted();
	return done();
}
