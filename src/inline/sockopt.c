// SPDX-License-Identifier: GPL-2.0-only
/*
 * sockopt.c - options: the stack's, and what MPTCP does not have.
 *
 * Theory of operation: options go to the stack as they come. Until a socket
 * has an address they are also remembered, since it may still move to the
 * host's loopback and take them along.
 *
 * A program that asked for TCP and was given MPTCP is told TCP (SO_PROTOCOL).
 * Some TCP and IP options do not exist on MPTCP sockets, and many programs
 * take a refusal for fatal. Those that merely tune are accepted and remembered
 * (sockets/hints.h); those that change what the bytes on the wire mean (TCP_ULP,
 * TCP_MD5SIG, TCP_REPAIR ...) stay refused. TCP_MAXSEG is answered from TCP_INFO.
 *
 * Threads: two threads setting options of one unbound socket may lose one of
 * the remembered values; the stack's own are right.
 */
#include "inline/real.h"
#include "sockets/hints.h"
#include "inline/edge.h"
#include "inline/fdtable.h"

#include <netinet/tcp.h>
#include <string.h>

static bool unknown(long err)
{
	return err == -ENOPROTOOPT || err == -EOPNOTSUPP;
}

/* TCP says ENOPROTOOPT where MPTCP says EOPNOTSUPP. */
static long as_tcp(const struct desc *d, long ret)
{
	return unlikely(d->mptcp) && ret == -EOPNOTSUPP ? -ENOPROTOOPT : ret;
}

static struct desc_opt *find(struct desc *d, int level, int name)
{
	for (int i = 0; i < d->nopts; i++)
		if (d->opt[i].level == level && d->opt[i].name == name)
			return &d->opt[i];
	return NULL;
}

static void remember(struct desc *d, int level, int name, const void *val, socklen_t len)
{
	struct desc_opt *o = find(d, level, name);

	if (len > sizeof(o->val) || !val)
		return;
	if (!o && d->nopts == DESC_OPTS)
		return;
	if (!o)
		o = &d->opt[d->nopts++];
	o->level = level;
	o->name = name;
	o->len = (uint8_t)len;
	memcpy(o->val, val, len);
}

HOOK int setsockopt(int fd, int level, int name, const void *val, socklen_t len)
{
	uint64_t slot = fd_slot(fd);
	struct desc *d;
	long ret;

	if (!slot_ours(slot))
		return real(setsockopt)(fd, level, name, val, len);
	d = slot_desc(slot);
	ret = edge(SYS_setsockopt, slot_stack(slot), level, name, val, len, 0);
	if (d->mptcp && unknown(ret) && len >= sizeof(int) && hint(level, name)) {
		remember(d, level, name, val, len);
		ret = 0;
	} else if (!ret && !d->settled) {
		remember(d, level, name, val, len);
	}
	return (int)edge_ret(as_tcp(d, ret));
}

static int give_int(int value, void *val, socklen_t *len)
{
	socklen_t n = *len < sizeof(value) ? *len : sizeof(value);

	memcpy(val, &value, n);
	*len = n;
	return 0;
}

static int maxseg(int stack)
{
	struct tcp_info info = {0};
	socklen_t len = sizeof(info);

	if (edge(SYS_getsockopt, stack, IPPROTO_TCP, TCP_INFO, &info, &len, 0) == 0 &&
	    info.tcpi_snd_mss)
		return (int)info.tcpi_snd_mss;
	return 536;
}

/* An option that MPTCP does not have. */
static int substitute(uint64_t slot, int level, int name, void *val, socklen_t *len)
{
	struct desc_opt *o = find(slot_desc(slot), level, name);

	if (o) {
		socklen_t n = *len < o->len ? *len : o->len;

		memcpy(val, o->val, n);
		*len = n;
		return 0;
	}
	if (level == IPPROTO_TCP && name == TCP_MAXSEG)
		return give_int(maxseg(slot_stack(slot)), val, len);
	return give_int(0, val, len);
}

/* MPTCP refuses to set this one, and then says 0. */
static bool oobinline(uint64_t slot, int level, int name, int *value)
{
	const struct desc_opt *o;

	if (level != SOL_SOCKET || name != SO_OOBINLINE)
		return false;
	o = find(slot_desc(slot), level, name);
	if (!o)
		return false;
	memcpy(value, o->val, sizeof(*value));
	*value = *value != 0;
	return true;
}

HOOK int getsockopt(int fd, int level, int name, void *val, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);
	struct desc *d;
	int value;
	long ret;

	if (!slot_ours(slot))
		return real(getsockopt)(fd, level, name, val, len);
	d = slot_desc(slot);
	ret = edge(SYS_getsockopt, slot_stack(slot), level, name, val, len, 0);
	if (unlikely(d->mptcp)) {
		if (unknown(ret) && hint(level, name))
			ret = substitute(slot, level, name, val, len);
		else if (!ret && level == SOL_SOCKET && name == SO_PROTOCOL)
			give_int(IPPROTO_TCP, val, len);
		else if (!ret && oobinline(slot, level, name, &value))
			give_int(value, val, len);
	}
	return (int)edge_ret(as_tcp(d, ret));
}
