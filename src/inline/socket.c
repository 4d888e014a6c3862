// SPDX-License-Identifier: GPL-2.0-only
/*
 * socket.c - sockets: where they live, their names, their connections.
 *
 * Theory of operation: sockets/socket.c says whose a new socket is and as what it is made,
 * sockets/route.c where an address leads. Here the answers become descriptors of the program.
 *
 * While our own code runs (self.bypass, or inside the engine) a socket is the
 * host's and protected from the program.
 *
 * accept() reserves its number before it waits, as the kernel does: with a full table the
 * connection stays in the queue.
 *
 * Limits: a thread that is cancelled in accept() leaves its reserved number behind. (A clean-up
 * handler would need names that only one of glibc and musl has.)
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "inline/move.h"
#include "inline/number.h"
#include "inline/say.h"
#include "inline/thread.h"
#include "engine/engine.h"
#include "sockets/event.h"
#include "stack/ports.h"

#include <linux/sockios.h>
#include <string.h>

/* A number for socket @stack, which is what @core says; or -errno, and it is closed. */
static int socket_place(const struct socket_core *core, int stack, int flags)
{
	struct desc *d = desc_new();

	if (!d) {
		edge_close(stack);
		return -ENFILE;
	}
	d->core = *core;
	return number_place(FD_SOCKET, d, stack, flags & SOCK_CLOEXEC);
}

static int socket_of_stack(int domain, int type, int protocol)
{
	struct socket_core core;
	int stack = socket_make(&move_ops, &core, domain, type, protocol, life_mptcp());

	if (stack < 0)
		return stack;
	ports_born();
	return socket_place(&core, stack, type);
}

HOOK int socket(int domain, int type, int protocol)
{
	enum socket_family whose = socket_family(domain, protocol);
	int err;

	if (whose == SOCKET_HOST || self.bypass || engine_inside())
		return number_ours(real(socket)(domain, type, protocol));
	if (whose == SOCKET_NOWHERE) {
		say_once("sockets of family %d would use the host's network: refused", domain);
		errno = EAFNOSUPPORT;
		return -1;
	}
	err = stack_need();
	return (int)edge_ret(err ? err : socket_of_stack(domain, type, protocol));
}

HOOK int socketpair(int domain, int type, int protocol, int sv[2])
{
	int ret = real(socketpair)(domain, type, protocol, sv);

	if (ret == 0 && unlikely(self.bypass)) {
		fd_internal(sv[0], true);
		fd_internal(sv[1], true);
	}
	return ret;
}

/*
 * connect() or bind() on a socket of the host: what was judged is what is done, whatever other
 * threads write there meanwhile.
 */
static int socket_host_call(int fd, uint64_t slot, long nr, const struct sockaddr *addr,
			    socklen_t len)
{
	const struct sockaddr *looked = move_addr(addr);
	struct sockaddr_storage copy;
	struct socket_core core;
	int where;

	if (!looked || len > sizeof(copy) || !move_judged(fd, slot, looked, len, &core))
		return nr == SYS_bind ? real(bind)(fd, addr, len) : real(connect)(fd, addr, len);
	memcpy(&copy, looked, len);
	looked = (struct sockaddr *)&copy;
	where = nr == SYS_bind ? route_bind(&core, looked, len) : route_connect(&core, looked, len);
	if (where < 0)
		return (int)edge_ret(move_refuse(where));
	if (nr == SYS_bind)
		return real(bind)(fd, looked, len);
	if (core.type != SOCK_DGRAM)
		return real(connect)(fd, looked, len);
	return (int)edge_ret(route_connect_host(move_ops.host, fd, looked, len));
}

HOOK int bind(int fd, const struct sockaddr *addr, socklen_t len)
{
	uint64_t slot = fd_slot(fd);
	struct socket_ref ref;
	long ret;

	if (!slot_ours(slot))
		return socket_host_call(fd, slot, SYS_bind, addr, len);
	ret = move_to(slot, route_bind(&slot_desc(slot)->core, move_addr(addr), len));
	if (ret == ROUTE_HOST)
		return socket_host_call(fd, fd_slot(fd), SYS_bind, addr, len);
	if (ret)
		return (int)edge_ret(ret);
	ref = move_ref(slot);
	ret = ports_reserve(ref.core->type, addr, len);
	if (!ret)
		ret = edge(SYS_bind, ref.stack, addr, len, 0, 0, 0);
	if (!ret)
		route_bound(&ref, addr);
	else
		ports_released();
	return (int)edge_ret(ret);
}

HOOK int listen(int fd, int backlog)
{
	uint64_t slot = fd_slot(fd);
	struct socket_ref ref;
	long ret;

	if (!slot_ours(slot))
		return real(listen)(fd, backlog);
	ref = move_ref(slot);
	ret = edge(SYS_listen, ref.stack, backlog, 0, 0, 0, 0);
	if (!ret)
		route_bound(&ref, NULL);
	return (int)edge_ret(ret);
}

/* What connect() has come to, for a trace. */
static void socket_told(uint64_t slot, const struct sockaddr *addr, socklen_t len, long ret)
{
	struct socket_core *core = &slot_desc(slot)->core;

	if (!readable(addr))
		return;
	if (!ret || ret == -EINPROGRESS || ret == -EINTR)
		event_connecting(core, addr, len);
	if (!ret)
		event_connected(&move_ops, core, slot_stack(slot));
	else if (ret != -EINPROGRESS && ret != -EINTR && ret != -EALREADY && ret != -EISCONN)
		event_failed(core, (int)-ret);
}

HOOK int connect(int fd, const struct sockaddr *addr, socklen_t len)
{
	uint64_t slot = fd_slot(fd);
	struct socket_core *core = &slot_desc(slot)->core;
	long ret;

	if (!slot_ours(slot))
		return socket_host_call(fd, slot, SYS_connect, addr, len);
	ret = move_to(slot, route_connect(core, move_addr(addr), len));
	if (ret == ROUTE_HOST)
		return socket_host_call(fd, fd_slot(fd), SYS_connect, addr, len);
	if (ret)
		return (int)edge_ret(ret);
	ret = edge_block(SYS_connect, slot_stack(slot), addr, len, 0, 0, 0);
	if (core->type == SOCK_STREAM && (!ret || ret == -EINPROGRESS || ret == -EINTR))
		core->settled = true;
	if (unlikely(trace_mask))
		socket_told(slot, addr, len, ret);
	return (int)edge_ret(ret);
}
HOOK_ALIAS(__connect, connect);

/* A number that is reserved for an accepted connection, and what it will be. */
struct reserved {
	int fd;
	struct desc *d;
};

/* Nobody may close it or copy onto it meanwhile, and no exec() takes it along. */
static int socket_reserve(struct reserved *r)
{
	r->fd = fd_placeholder(true);
	if (r->fd < 0)
		return r->fd;
	r->d = desc_new();
	if (!r->d) {
		real(close)(r->fd);
		return -ENFILE;
	}
	fd_internal(r->fd, true);
	return 0;
}

static void socket_unreserve(struct reserved *r)
{
	fd_internal(r->fd, false);
	real(close)(r->fd);
	desc_put(r->d);
}

static int socket_accept(uint64_t slot, struct sockaddr *addr, socklen_t *len, int flags)
{
	/* Copied: the program may close it, and use it for another, while we wait. */
	struct socket_core listener = slot_desc(slot)->core;
	struct reserved r;
	long stack;
	int err = socket_reserve(&r);

	if (err)
		return err;
	stack = edge_block(SYS_accept4, slot_stack(slot), addr, len, flags & ~SOCK_CLOEXEC, 0, 0);
	if (stack < 0) {
		socket_unreserve(&r);
		return (int)stack;
	}
	socket_accepted(&move_ops, &r.d->core, &listener, (int)stack);
	number_fill(r.fd, FD_SOCKET, r.d, (int)stack, flags & SOCK_CLOEXEC);
	return r.fd;
}

HOOK int accept(int fd, struct sockaddr *addr, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(accept)(fd, addr, len);
	return (int)edge_ret(socket_accept(slot, addr, len, 0));
}

HOOK int accept4(int fd, struct sockaddr *addr, socklen_t *len, int flags)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(accept4)(fd, addr, len, flags);
	return (int)edge_ret(socket_accept(slot, addr, len, flags));
}

HOOK int getsockname(int fd, struct sockaddr *addr, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(getsockname)(fd, addr, len);
	return (int)edge_ret(edge(SYS_getsockname, slot_stack(slot), addr, len, 0, 0, 0));
}

HOOK int getpeername(int fd, struct sockaddr *addr, socklen_t *len)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(getpeername)(fd, addr, len);
	return (int)edge_ret(edge(SYS_getpeername, slot_stack(slot), addr, len, 0, 0, 0));
}

HOOK int shutdown(int fd, int how)
{
	uint64_t slot = fd_slot(fd);

	if (!slot_ours(slot))
		return real(shutdown)(fd, how);
	return (int)edge_ret(edge(SYS_shutdown, slot_stack(slot), how, 0, 0, 0, 0));
}

HOOK int sockatmark(int fd)
{
	/* Where a socket has no mark, the kernel takes it for a request about an interface. */
	union {
		int mark;
		struct ifreq ifr;
	} arg = {0};

	return ioctl(fd, SIOCATMARK, &arg) < 0 ? -1 : arg.mark;
}
