// SPDX-License-Identifier: GPL-2.0-only
/*
 * option.c - options that MPTCP lacks, and options that move along. See option.h.
 *
 * Theory of operation: options go to the stack as they come. A program that asked for TCP and
 * was given MPTCP takes a refusal of an option that every TCP socket has for fatal. So those
 * that merely tune (option_hints[]) are accepted and remembered; those that change what the
 * bytes on the wire mean (TCP_ULP, TCP_MD5SIG, TCP_REPAIR ...) stay refused. MPTCP says
 * EOPNOTSUPP where TCP says ENOPROTOOPT: the program is told the latter.
 *
 * Until a socket has an address or a peer, each option that the stack took is remembered, for
 * the host socket that may take its place (route.c).
 *
 * SO_ZEROCOPY is refused as by a socket that has no such thing: the stack cannot pin the
 * program's pages, and would fail each send that asks for it. Programs then copy.
 *
 * Threads and ownership: see socket.h.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/syscall.h>
#include "sockets/option.h"

#define OPTION_DEFAULT_MSS 536 /* RFC 9293, 3.7.1: without a peer's word */

static const struct {
	int level, name;
} option_hints[] = {
	{IPPROTO_TCP, TCP_MAXSEG},
	{IPPROTO_TCP, TCP_SYNCNT},
	{IPPROTO_TCP, TCP_LINGER2},
	{IPPROTO_TCP, TCP_WINDOW_CLAMP},
	{IPPROTO_TCP, TCP_QUICKACK},
	{IPPROTO_TCP, TCP_THIN_LINEAR_TIMEOUTS},
	{IPPROTO_TCP, TCP_THIN_DUPACK},
	{IPPROTO_TCP, TCP_NOTSENT_LOWAT},
	{IPPROTO_TCP, TCP_SAVE_SYN},
	{IPPROTO_TCP, TCP_CORK},
	{IPPROTO_TCP, TCP_NODELAY},
	{IPPROTO_TCP, TCP_KEEPIDLE},
	{IPPROTO_TCP, TCP_KEEPINTVL},
	{IPPROTO_TCP, TCP_KEEPCNT},
	{IPPROTO_TCP, TCP_DEFER_ACCEPT},
	{IPPROTO_IP, IP_TTL},
	{IPPROTO_IP, IP_MTU_DISCOVER},
	{IPPROTO_IP, IP_RECVERR},
	{IPPROTO_IPV6, IPV6_UNICAST_HOPS},
	{IPPROTO_IPV6, IPV6_MTU_DISCOVER},
	{IPPROTO_IPV6, IPV6_RECVERR},
	{IPPROTO_IPV6, IPV6_TCLASS},
	{SOL_SOCKET, SO_RCVLOWAT},
	{SOL_SOCKET, SO_OOBINLINE}, /* MPTCP has no urgent data, so none arrives elsewhere */
	{SOL_SOCKET, SO_BUSY_POLL},
};

static bool option_is_hint(int level, int name)
{
	for (unsigned int i = 0; i < sizeof(option_hints) / sizeof(option_hints[0]); i++)
		if (option_hints[i].level == level && option_hints[i].name == name)
			return true;
	return false;
}

static bool option_unknown(long err)
{
	return err == -ENOPROTOOPT || err == -EOPNOTSUPP;
}

static long option_as_tcp(const struct socket_core *s, long ret)
{
	return s->mptcp && ret == -EOPNOTSUPP ? -ENOPROTOOPT : ret;
}

static struct socket_option *option_find(struct socket_core *s, int level, int name)
{
	for (int i = 0; i < s->nopts; i++)
		if (s->opt[i].level == level && s->opt[i].name == name)
			return &s->opt[i];
	return NULL;
}

static void option_remember(struct socket_core *s, int level, int name, const void *val, size_t len)
{
	struct socket_option *o = option_find(s, level, name);

	if (!val || len > sizeof(o->val) || (!o && s->nopts == SOCKET_OPTIONS))
		return;
	if (!o)
		o = &s->opt[s->nopts++];
	o->level = level;
	o->name = name;
	o->len = (uint8_t)len;
	memcpy(o->val, val, len);
}

/* SO_ZEROCOPY, which the stack has just taken: off again, and refused if it was to be on. */
static long option_untake(const struct socket_ref *ref)
{
	int on = 0;
	socklen_t len = sizeof(on);

	socket_call(ref->ops->stack, SYS_getsockopt, ref->stack, SOL_SOCKET, SO_ZEROCOPY, &on, &len,
		    0);
	if (!on)
		return 0;
	on = 0;
	socket_call(ref->ops->stack, SYS_setsockopt, ref->stack, SOL_SOCKET, SO_ZEROCOPY, &on,
		    sizeof(on), 0);
	return -EOPNOTSUPP;
}

long option_set(const struct socket_ref *ref, int level, int name, const void *val, socklen_t len)
{
	struct socket_core *s = ref->core;
	long ret;

	ret = socket_call(ref->ops->stack, SYS_setsockopt, ref->stack, level, name, val, len, 0);
	if (level == SOL_SOCKET && name == SO_ZEROCOPY && !ret)
		return option_untake(ref);
	if (s->mptcp && option_unknown(ret) && len >= sizeof(int) && option_is_hint(level, name)) {
		option_remember(s, level, name, val, len);
		return 0;
	}
	if (!ret && !s->settled)
		option_remember(s, level, name, val, len);
	return option_as_tcp(s, ret);
}

static void option_give(const void *value, size_t n, void *val, socklen_t *len)
{
	if (*len > n)
		*len = (socklen_t)n;
	memcpy(val, value, *len);
}

static void option_give_int(int value, void *val, socklen_t *len)
{
	option_give(&value, sizeof(value), val, len);
}

static int option_maxseg(const struct socket_ref *ref)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (!socket_call(ref->ops->stack, SYS_getsockopt, ref->stack, IPPROTO_TCP, TCP_INFO, &info,
			 &len, 0) &&
	    info.tcpi_snd_mss)
		return (int)info.tcpi_snd_mss;
	return OPTION_DEFAULT_MSS;
}

/* An option that MPTCP does not have. */
static void option_substitute(const struct socket_ref *ref, int level, int name, void *val,
			      socklen_t *len)
{
	struct socket_option *o = option_find(ref->core, level, name);

	if (o)
		option_give(o->val, o->len, val, len);
	else if (level == IPPROTO_TCP && name == TCP_MAXSEG)
		option_give_int(option_maxseg(ref), val, len);
	else
		option_give_int(0, val, len);
}

/* MPTCP answers these two, and wrongly for a program that asked for TCP. */
static void option_correct(struct socket_core *s, int level, int name, void *val, socklen_t *len)
{
	struct socket_option *o;
	int value;

	if (level != SOL_SOCKET)
		return;
	if (name == SO_PROTOCOL) {
		option_give_int(IPPROTO_TCP, val, len);
	} else if (name == SO_OOBINLINE) {
		o = option_find(s, level, name);
		if (!o)
			return;
		memcpy(&value, o->val, sizeof(value));
		option_give_int(value != 0, val, len);
	}
}

long option_get(const struct socket_ref *ref, int level, int name, void *val, socklen_t *len)
{
	struct socket_core *s = ref->core;
	long ret =
		socket_call(ref->ops->stack, SYS_getsockopt, ref->stack, level, name, val, len, 0);

	if (!s->mptcp)
		return ret;
	if (!ret)
		option_correct(s, level, name, val, len);
	else if (option_unknown(ret) && option_is_hint(level, name)) {
		option_substitute(ref, level, name, val, len);
		ret = 0;
	}
	return option_as_tcp(s, ret);
}
