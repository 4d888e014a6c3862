// SPDX-License-Identifier: GPL-2.0-only
/*
 * in_value.c - one line per option: set it, and read it back; on a fresh socket
 * and, if it can be, on a connected one.
 *
 * A default is noted only if no sysctl says otherwise (DEFAULT).
 */
#include "parity.h"

#include <linux/errqueue.h>
#include <netinet/udp.h>

#ifndef TCP_NOTSENT_LOWAT
#define TCP_NOTSENT_LOWAT 25
#endif

enum {
	STREAM,
	DATAGRAM,
	STREAM6,
	DATAGRAM6,
	KIND = 3,
	DEFAULT = 4,
};

struct option {
	int flags;
	int level, name;
	int val;
};

/* With their defaults noted. */
enum {
	T = STREAM | DEFAULT,
	U = DATAGRAM | DEFAULT,
	S = STREAM6 | DEFAULT,
	D = DATAGRAM6 | DEFAULT
};

#define OPTIONS(X)                                      \
	X(T, SOL_SOCKET, SO_REUSEADDR, 1)               \
	X(T, SOL_SOCKET, SO_REUSEPORT, 1)               \
	X(T, SOL_SOCKET, SO_KEEPALIVE, 7)               \
	X(T, SOL_SOCKET, SO_OOBINLINE, 1)               \
	X(U, SOL_SOCKET, SO_BROADCAST, 1)               \
	X(T, SOL_SOCKET, SO_DONTROUTE, 1)               \
	X(T, SOL_SOCKET, SO_DEBUG, 0)                   \
	X(T, SOL_SOCKET, SO_PRIORITY, 6)                \
	X(T, SOL_SOCKET, SO_MARK, 5)                    \
	X(STREAM, SOL_SOCKET, SO_SNDBUF, 20000)         \
	X(STREAM, SOL_SOCKET, SO_RCVBUF, 20000)         \
	X(DATAGRAM, SOL_SOCKET, SO_SNDBUF, 20000)       \
	X(DATAGRAM, SOL_SOCKET, SO_RCVBUF, 20000)       \
	X(STREAM, SOL_SOCKET, SO_SNDBUFFORCE, 40000)    \
	X(STREAM, SOL_SOCKET, SO_RCVBUFFORCE, 40000)    \
	X(T, SOL_SOCKET, SO_RCVLOWAT, 100)              \
	X(T, SOL_SOCKET, SO_SNDLOWAT, 100)              \
	X(T, SOL_SOCKET, SO_TIMESTAMP, 1)               \
	X(U, SOL_SOCKET, SO_TIMESTAMP, 1)               \
	X(U, SOL_SOCKET, SO_TIMESTAMPNS, 1)             \
	X(U, SOL_SOCKET, SO_RXQ_OVFL, 1)                \
	X(U, SOL_SOCKET, SO_NO_CHECK, 1)                \
	X(T, SOL_SOCKET, SO_BUSY_POLL, 50)              \
	X(T, SOL_SOCKET, SO_ZEROCOPY, 1)                \
	X(U, SOL_SOCKET, SO_PEEK_OFF, 2)                \
	X(T, SOL_SOCKET, SO_PASSCRED, 1)                \
	X(T, SOL_SOCKET, SO_PEERCRED, 1)                \
	X(T, SOL_SOCKET, SO_TYPE, 1)                    \
	X(T, SOL_SOCKET, SO_DOMAIN, 1)                  \
	X(T, SOL_SOCKET, SO_PROTOCOL, 1)                \
	X(T, SOL_SOCKET, SO_ACCEPTCONN, 1)              \
	X(T, SOL_SOCKET, SO_ERROR, 1)                   \
	X(STREAM, SOL_SOCKET, SO_INCOMING_CPU, 1)       \
	X(T, IPPROTO_TCP, TCP_NODELAY, 1)               \
	X(T, IPPROTO_TCP, TCP_CORK, 1)                  \
	X(STREAM, IPPROTO_TCP, TCP_MAXSEG, 1000)        \
	X(STREAM, IPPROTO_TCP, TCP_KEEPIDLE, 50)        \
	X(STREAM, IPPROTO_TCP, TCP_KEEPINTVL, 20)       \
	X(STREAM, IPPROTO_TCP, TCP_KEEPCNT, 4)          \
	X(STREAM, IPPROTO_TCP, TCP_SYNCNT, 2)           \
	X(STREAM, IPPROTO_TCP, TCP_LINGER2, 20)         \
	X(T, IPPROTO_TCP, TCP_DEFER_ACCEPT, 3)          \
	X(STREAM, IPPROTO_TCP, TCP_WINDOW_CLAMP, 30000) \
	X(STREAM, IPPROTO_TCP, TCP_QUICKACK, 0)         \
	X(T, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000)       \
	X(T, IPPROTO_TCP, TCP_FASTOPEN, 5)              \
	X(T, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, 1)      \
	X(T, IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16384)     \
	X(T, IPPROTO_TCP, TCP_INQ, 1)                   \
	X(T, IPPROTO_TCP, TCP_SAVE_SYN, 1)              \
	X(T, IPPROTO_TCP, TCP_REPAIR, 0)                \
	X(T, IPPROTO_IP, IP_TOS, 0x48)                  \
	X(U, IPPROTO_IP, IP_TOS, 0x48)                  \
	X(T, IPPROTO_IP, IP_TTL, 42)                    \
	X(U, IPPROTO_IP, IP_TTL, 0)                     \
	X(U, IPPROTO_IP, IP_RECVTOS, 1)                 \
	X(U, IPPROTO_IP, IP_RECVTTL, 1)                 \
	X(U, IPPROTO_IP, IP_RECVERR, 1)                 \
	X(U, IPPROTO_IP, IP_PKTINFO, 1)                 \
	X(U, IPPROTO_IP, IP_RECVORIGDSTADDR, 1)         \
	X(U, IPPROTO_IP, IP_RECVOPTS, 1)                \
	X(U, IPPROTO_IP, IP_MTU_DISCOVER, 3)            \
	X(U, IPPROTO_IP, IP_MTU_DISCOVER, 9)            \
	X(U, IPPROTO_IP, IP_FREEBIND, 1)                \
	X(U, IPPROTO_IP, IP_TRANSPARENT, 1)             \
	X(U, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)    \
	X(U, IPPROTO_IP, IP_MULTICAST_TTL, 5)           \
	X(U, IPPROTO_IP, IP_MULTICAST_LOOP, 0)          \
	X(U, IPPROTO_IP, IP_MULTICAST_ALL, 0)           \
	X(T, IPPROTO_IP, IP_MULTICAST_LOOP, 0)          \
	X(U, IPPROTO_IP, IP_MTU, 1)                     \
	X(U, IPPROTO_UDP, UDP_CORK, 1)                  \
	X(U, IPPROTO_UDP, UDP_SEGMENT, 1000)            \
	X(U, IPPROTO_UDP, UDP_GRO, 1)                   \
	X(U, IPPROTO_TCP, TCP_NODELAY, 1)               \
	X(T, IPPROTO_IPV6, IPV6_TCLASS, 1)              \
	X(STREAM6, IPPROTO_IPV6, IPV6_V6ONLY, 1)        \
	X(S, IPPROTO_IPV6, IPV6_TCLASS, 0x48)           \
	X(S, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9)        \
	X(D, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, 9)      \
	X(D, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0)      \
	X(D, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)         \
	X(D, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)        \
	X(D, IPPROTO_IPV6, IPV6_RECVTCLASS, 1)          \
	X(D, IPPROTO_IPV6, IPV6_RECVERR, 1)             \
	X(D, IPPROTO_IPV6, IPV6_MTU_DISCOVER, 2)        \
	X(D, IPPROTO_IPV6, IPV6_DONTFRAG, 1)            \
	X(D, IPPROTO_IPV6, IPV6_AUTOFLOWLABEL, 0)       \
	X(S, IPPROTO_IP, IP_TOS, 0x48)

static const struct option options[] = {
#define X(kind, level, name, val) {kind, level, name, val},
	OPTIONS(X)
#undef X
};

static void get(int fd, const struct option *o)
{
	int val = -1;
	socklen_t len = sizeof(val);

	errno = 0;
	if (getsockopt(fd, o->level, o->name, &val, &len) < 0)
		note("get %s", strerrorname_np(errno));
	else
		note("get %d, %d bytes", val, (int)len);
}

static void set_and_get(int fd, const struct option *o)
{
	errno = 0;
	note("set %d %s", o->val, word(setsockopt(fd, o->level, o->name, &o->val, sizeof(o->val))));
	get(fd, o);
}

static void option(long n)
{
	const struct option *o = &options[n];
	int kind = o->flags & KIND, sv[2] = {-1, -1};
	int fd = socket(kind >= STREAM6 ? AF_INET6 : AF_INET,
			kind == STREAM || kind == STREAM6 ? SOCK_STREAM : SOCK_DGRAM, 0);

	if (o->flags & DEFAULT)
		get(fd, o);
	set_and_get(fd, o);
	close(fd);
	if (kind >= STREAM6)
		return;
	if (kind == STREAM)
		tcp_pair(sv);
	else
		udp_pair(sv);
	note("connected");
	set_and_get(sv[0], o);
	close_both(sv);
}

/* The rows in the order of the table: each takes the next number. */
enum { FIRST = __COUNTER__ + 1 };

const struct behaviour in_value[] = {
#define X(kind, level, name, val) \
	{"value-" #kind "-" #name "-" #val, NULL, option, __COUNTER__ - FIRST},
	OPTIONS(X)
#undef X
		{0},
};
