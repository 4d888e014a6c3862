// SPDX-License-Identifier: GPL-2.0-only
/*
 * sockopt.c - options and ioctls: the stack's, and what must hold for the pair too.
 *
 * Theory of operation: what an option means is sockets/option.c's word. Here values are brought
 * from the caller and back, and what the program's end of the pair must do is done there too:
 * time-outs and the low mark, where plain reads and writes block, and buffers.
 *
 * SO_ERROR is both sides': an error that the pump has met, then the stack's own. It
 * is cleared only if the answer has arrived.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include "shadow/call.h"
#include "shadow/chunk.h"
#include "shadow/dgram.h"
#include "shadow/move.h"
#include "shadow/sock.h"
#include "shadow/sockopt.h"
#include "shadow/stream.h"
#include "sockets/option.h"

#define VALUE_MAX  4096	     /* longest option value that is read at once */
#define VALUE_MOST (1 << 20) /* bytes: no option has more */

/*
 * The low mark of a stream is the program's end's. Bytes that the stack held back for it would be
 * missing for a call that does not wait, or wants fewer. So the stack, which bounds the value,
 * keeps none.
 */
static void sockopt_low_mark(const struct call *c, const struct sock *s, int asked)
{
	int bounded = 1, one = 1;
	socklen_t len = sizeof(bounded);

	stack_call(SYS_getsockopt, s->stack, SOL_SOCKET, SO_RCVLOWAT, &bounded, &len, 0);
	stack_call(SYS_setsockopt, s->stack, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one), 0);
	if (bounded == 1) /* also of MPTCP, which has no such option */
		bounded = asked;
	setsockopt(c->fd, SOL_SOCKET, SO_RCVLOWAT, &bounded, sizeof(bounded));
}

/* What the program's own end must do. */
static void sockopt_mirror(struct call *c, struct sock *s, int level, int name, const void *val,
			   size_t len)
{
	const struct linger *l = val;

	if (!sock_is_stream(s) && ((level == IPPROTO_IP && name == IP_RECVERR) ||
				   (level == IPPROTO_IPV6 && name == IPV6_RECVERR)))
		dgram_queue_purged(s);
	if (level != SOL_SOCKET)
		return;
	switch (name) {
	case SO_RCVTIMEO:
	case SO_SNDTIMEO:
		setsockopt(c->fd, level, name, val, (socklen_t)len);
		break;
	case SO_RCVLOWAT:
		if (sock_is_stream(s) && len >= sizeof(int))
			sockopt_low_mark(c, s, *(const int *)val);
		break;
	case SO_SNDBUF:
	case SO_RCVBUF:
		if (sock_is_stream(s) && len >= sizeof(int))
			stream_buffers(s, c->fd, name, *(const int *)val);
		break;
	case SO_LINGER:
		if (len >= sizeof(*l))
			s->linger = l->l_onoff ? l->l_linger : -1;
		break;
	}
}

/* Urgent data and peeking are the pair's. */
static bool sockopt_is_pairs(const struct sock *s, int level, int name)
{
	return sock_is_stream(s) && level == SOL_SOCKET &&
	       (name == SO_OOBINLINE || name == SO_PEEK_OFF);
}

/* A program for the socket filter: the value points to it. */
static long sockopt_set_filter(struct call *c, struct sock *s, int name, const void *value,
			       size_t len)
{
	struct sock_filter insn[BPF_MAXINSNS];
	struct sock_fprog prog;

	if (len != sizeof(prog))
		return -EINVAL;
	memcpy(&prog, value, sizeof(prog));
	if (!prog.len || prog.len > BPF_MAXINSNS)
		return -EINVAL;
	if (call_read(c, (uintptr_t)prog.filter, insn, prog.len * sizeof(insn[0])))
		return -EFAULT;
	prog.filter = insn;
	return stack_call(SYS_setsockopt, s->stack, SOL_SOCKET, name, &prog, sizeof(prog), 0);
}

static long sockopt_set_value(struct call *c, struct sock *s, void *value, int len)
{
	int level = (int)c->args[1], name = (int)c->args[2];
	struct move m = {c, s};
	struct socket_ref ref;
	long ret;

	if (call_read(c, c->args[3], value, (size_t)len))
		return -EFAULT;
	if (s->core.domain == AF_PACKET && level == SOL_PACKET && name == PACKET_RX_RING)
		return -ENOPROTOOPT; /* memory of the stack cannot be mapped by the program */
	if (sockopt_is_pairs(s, level, name))
		return CALL_PASS;
	if (level == SOL_SOCKET && (name == SO_ATTACH_FILTER || name == SO_ATTACH_REUSEPORT_CBPF))
		return sockopt_set_filter(c, s, name, value, (size_t)len);
	ref = move_stack_ref(&m);
	ret = option_set(&ref, level, name, value, (socklen_t)len);
	if (!ret)
		sockopt_mirror(c, s, level, name, value, (size_t)len);
	return ret;
}

long sockopt_set(struct call *c, struct sock *s)
{
	char small[VALUE_MAX] __attribute__((aligned(8)));
	int len = (int)c->args[4];
	char *value = small;
	long ret;

	if (len < 0)
		return -EINVAL;
	if (len > VALUE_MAX) {
		len = len < VALUE_MOST ? len : VALUE_MOST;
		value = malloc((size_t)len);
		if (!value)
			return -ENOMEM;
	}
	ret = sockopt_set_value(c, s, value, len);
	if (value != small)
		free(value);
	return ret;
}

static long sockopt_give(struct call *c, const void *value, int len)
{
	return call_write_both(c, c->args[3], value, (size_t)len, c->args[4], &len, sizeof(len));
}

/* A reset that read() or write() has told already is not told again. */
static void sockopt_look_at_mark(struct call *c, struct sock *s)
{
	socklen_t len = sizeof(int);
	int theirs = 0;

	if (!s->marked || getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &theirs, &len))
		return;
	s->marked = false;
	if (!theirs)
		s->error = 0;
}

static long sockopt_get_error(struct call *c, struct sock *s, int room)
{
	int err;
	long ret;

	sockopt_look_at_mark(c, s);
	call_done(c);
	err = s->error ? s->error : sock_stack_error(s);
	if (err && s->state == SOCK_CONNECTING)
		stream_refused(s, err); /* before the pump has seen it */
	ret = sockopt_give(c, &err, room < (int)sizeof(err) ? room : (int)sizeof(err));
	s->error = err;
	if (!call_answer(c, ret) && !ret)
		s->error = 0;
	return CALL_ANSWERED;
}

long sockopt_get(struct call *c, struct sock *s)
{
	int level = (int)c->args[1], name = (int)c->args[2], len;
	char small[VALUE_MAX] __attribute__((aligned(8)));
	char *value = small;
	struct move m = {c, s};
	struct socket_ref ref;
	socklen_t got;
	long ret;

	if (call_read(c, c->args[4], &len, sizeof(len)))
		return -EFAULT;
	if (len < 0)
		return -EINVAL;
	if (level == SOL_SOCKET && name == SO_ERROR)
		return sockopt_get_error(c, s, len);
	if (sockopt_is_pairs(s, level, name) ||
	    (sock_is_stream(s) && level == SOL_SOCKET && name == SO_RCVLOWAT))
		return CALL_PASS;
	if (level == IPPROTO_TCP && name == TCP_ZEROCOPY_RECEIVE)
		return -EOPNOTSUPP; /* it would map the stack's memory here, not there */
	if (len > VALUE_MAX) {
		len = len < VALUE_MOST ? len : VALUE_MOST;
		value = malloc((size_t)len);
		if (!value)
			return -ENOMEM;
	}
	/* Some options read their value too, none of the socket's own. */
	if (level == SOL_SOCKET)
		memset(value, 0, (size_t)len);
	else
		call_read(c, c->args[3], value, (size_t)len);
	ref = move_stack_ref(&m);
	got = (socklen_t)len;
	ret = option_get(&ref, level, name, value, &got);
	if (!ret)
		ret = sockopt_give(c, value, (int)got);
	if (value != small)
		free(value);
	return ret;
}

/* Bytes of the argument of an ioctl, all in and out. */
static size_t sockopt_ioctl_size(unsigned int cmd)
{
	switch (cmd) {
	case SIOCGIFCONF:
		return sizeof(struct ifconf);
	case SIOCATMARK:
	case SIOCOUTQ:
	case SIOCOUTQNSD:
		return sizeof(int);
	case SIOCADDRT:
	case SIOCDELRT:
		return sizeof(struct rtentry);
	case SIOCGARP:
	case SIOCSARP:
	case SIOCDARP:
		return sizeof(struct arpreq);
	default:
		return sizeof(struct ifreq);
	}
}

/* A route by ioctl() names its device by a pointer. */
static int sockopt_route_device(struct call *c, struct rtentry *rt, char name[IFNAMSIZ])
{
	if (!rt->rt_dev)
		return 0;
	if (call_read_string(c, (uintptr_t)rt->rt_dev, name, IFNAMSIZ))
		return -EFAULT;
	rt->rt_dev = name;
	return 0;
}

/* A list of interfaces, through a buffer of ours. */
static long sockopt_interfaces(struct call *c, int stack)
{
	struct ifconf theirs, ours;
	long ret = -EFAULT;

	if (call_read(c, c->args[2], &theirs, sizeof(theirs)))
		return -EFAULT;
	if (theirs.ifc_len < 0)
		return -EINVAL;
	ours = theirs;
	if (ours.ifc_len > 1 << 20)
		ours.ifc_len = 1 << 20;
	if (theirs.ifc_buf) {
		ours.ifc_buf = malloc((size_t)ours.ifc_len + 1);
		if (!ours.ifc_buf)
			return -ENOMEM;
	}
	ret = stack_call(SYS_ioctl, stack, SIOCGIFCONF, &ours, 0, 0, 0);
	if (!ret && theirs.ifc_buf)
		ret = call_write(c, (uintptr_t)theirs.ifc_buf, ours.ifc_buf, (size_t)ours.ifc_len);
	theirs.ifc_len = ours.ifc_len;
	if (theirs.ifc_buf)
		free(ours.ifc_buf);
	return ret ? ret : call_write(c, c->args[2], &theirs, sizeof(theirs));
}

/* Bytes on their way to the peer: in the pair, in our hands, in the stack. */
static long sockopt_out_queue(struct call *c, struct sock *s)
{
	int total = 0, part = 0;
	long ret = stack_call(SYS_ioctl, s->stack, SIOCOUTQ, &total, 0, 0, 0);

	if (ret)
		return ret;
	if (s->pair >= 0 && s->state == SOCK_OPEN && !ioctl(s->pair, FIONREAD, &part))
		total += part;
	if (s->up)
		total += (int)s->up->len;
	return call_write(c, c->args[2], &total, sizeof(total));
}

static long sockopt_interface_ioctl(struct call *c, int stack)
{
	unsigned int cmd = (unsigned int)c->args[1];
	char arg[256] __attribute__((aligned(8))) = {0}, name[IFNAMSIZ];
	size_t size = sockopt_ioctl_size(cmd);
	long ret;

	if (call_read(c, c->args[2], arg, size))
		return -EFAULT;
	if (cmd == SIOCADDRT || cmd == SIOCDELRT) {
		ret = sockopt_route_device(c, (struct rtentry *)arg, name);
		return ret ? ret : stack_call(SYS_ioctl, stack, cmd, arg, 0, 0, 0);
	}
	ret = stack_call(SYS_ioctl, stack, cmd, arg, 0, 0, 0);
	if (ret >= 0 && call_write(c, c->args[2], arg, size))
		return -EFAULT;
	return ret;
}

long sockopt_ioctl(struct call *c, struct sock *s)
{
	unsigned int cmd = (unsigned int)c->args[1];

	switch (cmd) {
	case SIOCATMARK:
		if (sock_is_stream(s))
			return CALL_PASS;
		break;
	case SIOCGIFCONF:
		return sockopt_interfaces(c, s->stack);
	case SIOCOUTQ:
		return sockopt_out_queue(c, s);
	case FIOSETOWN:
	case SIOCSPGRP:
	case FIOGETOWN:
	case SIOCGPGRP:
		return CALL_PASS;
	case SIOCETHTOOL: /* full of pointers */
		return -EOPNOTSUPP;
	case SIOCGSTAMP_OLD:
	case SIOCGSTAMPNS_OLD:
		return -ENOENT;
	}
	return sockopt_interface_ioctl(c, s->stack);
}

long sockopt_ioctl_host(struct call *c)
{
	static int any = -1;
	unsigned int cmd = (unsigned int)c->args[1];

	if (cmd < SIOCGIFNAME || cmd > SIOCSIFTXQLEN)
		return CALL_PASS;
	if (any < 0)
		any = (int)stack_call(SYS_socket, AF_INET, SOCK_DGRAM, 0, 0, 0, 0);
	if (any < 0)
		return any;
	return cmd == SIOCGIFCONF ? sockopt_interfaces(c, any) : sockopt_interface_ioctl(c, any);
}
