// SPDX-License-Identifier: GPL-2.0-only
/*
 * raw.c - syscall(2), for programs which bypass libc's wrappers but not libc.
 *
 * Theory of operation: a number that can meet a socket is sent to the hook of
 * the same name, which decides by descriptor; the rest goes to the host as it
 * came. io_uring cannot be served by a library, so io_uring_setup() says that
 * this kernel has none, and programs fall back. A fork by this way is told to
 * life.c: the child has no stack. As the hooks are libc's, ppoll() and pselect() do not write back
 * the time that was left.
 *
 * The engine and the back ends may come through here too; for their calls
 * (futex, clone, ...) the switch is one look-up.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/life.h"
#include "inline/thread.h"
#include "engine/engine.h"

#include <linux/sched.h>
#include <string.h>

#define AS(type, x) ((type)(x))
#define PTR(x)	    ((void *)(x))
#define INT(x)	    ((int)(x))

/* The kernel's mask of 8 bytes as libc's, which is longer. */
static const sigset_t *mask_of(const void *kernel, sigset_t *set)
{
	if (!readable(kernel))
		return kernel;
	sigemptyset(set);
	memcpy(set, kernel, 8);
	return set;
}

static bool served(long nr, const long *a, long *ret)
{
	sigset_t set;

	switch (nr) {
	case SYS_socket:
		*ret = socket(INT(a[0]), INT(a[1]), INT(a[2]));
		break;
	case SYS_bind:
		*ret = bind(INT(a[0]), PTR(a[1]), AS(socklen_t, a[2]));
		break;
	case SYS_connect:
		*ret = connect(INT(a[0]), PTR(a[1]), AS(socklen_t, a[2]));
		break;
	case SYS_listen:
		*ret = listen(INT(a[0]), INT(a[1]));
		break;
	case SYS_accept:
		*ret = accept(INT(a[0]), PTR(a[1]), PTR(a[2]));
		break;
	case SYS_accept4:
		*ret = accept4(INT(a[0]), PTR(a[1]), PTR(a[2]), INT(a[3]));
		break;
	case SYS_getsockname:
		*ret = getsockname(INT(a[0]), PTR(a[1]), PTR(a[2]));
		break;
	case SYS_getpeername:
		*ret = getpeername(INT(a[0]), PTR(a[1]), PTR(a[2]));
		break;
	case SYS_shutdown:
		*ret = shutdown(INT(a[0]), INT(a[1]));
		break;
	case SYS_getsockopt:
		*ret = getsockopt(INT(a[0]), INT(a[1]), INT(a[2]), PTR(a[3]), PTR(a[4]));
		break;
	case SYS_setsockopt:
		*ret = setsockopt(INT(a[0]), INT(a[1]), INT(a[2]), PTR(a[3]), AS(socklen_t, a[4]));
		break;
	case SYS_read:
		*ret = read(INT(a[0]), PTR(a[1]), AS(size_t, a[2]));
		break;
	case SYS_write:
		*ret = write(INT(a[0]), PTR(a[1]), AS(size_t, a[2]));
		break;
	case SYS_readv:
		*ret = readv(INT(a[0]), PTR(a[1]), INT(a[2]));
		break;
	case SYS_writev:
		*ret = writev(INT(a[0]), PTR(a[1]), INT(a[2]));
		break;
	case SYS_sendto:
		*ret = sendto(INT(a[0]), PTR(a[1]), AS(size_t, a[2]), INT(a[3]), PTR(a[4]),
			      AS(socklen_t, a[5]));
		break;
	case SYS_recvfrom:
		*ret = recvfrom(INT(a[0]), PTR(a[1]), AS(size_t, a[2]), INT(a[3]), PTR(a[4]),
				PTR(a[5]));
		break;
	case SYS_sendmsg:
		*ret = sendmsg(INT(a[0]), PTR(a[1]), INT(a[2]));
		break;
	case SYS_recvmsg:
		*ret = recvmsg(INT(a[0]), PTR(a[1]), INT(a[2]));
		break;
	case SYS_sendmmsg:
		*ret = sendmmsg(INT(a[0]), PTR(a[1]), AS(unsigned int, a[2]), INT(a[3]));
		break;
	case SYS_recvmmsg:
		*ret = recvmmsg(INT(a[0]), PTR(a[1]), AS(unsigned int, a[2]), INT(a[3]), PTR(a[4]));
		break;
	case SYS_sendfile:
		*ret = sendfile(INT(a[0]), INT(a[1]), PTR(a[2]), AS(size_t, a[3]));
		break;
	case SYS_splice:
		*ret = splice(INT(a[0]), PTR(a[1]), INT(a[2]), PTR(a[3]), AS(size_t, a[4]),
			      AS(unsigned int, a[5]));
		break;
	case SYS_close:
		*ret = close(INT(a[0]));
		break;
	case SYS_close_range:
		*ret = close_range(AS(unsigned int, a[0]), AS(unsigned int, a[1]), INT(a[2]));
		break;
	case SYS_dup:
		*ret = dup(INT(a[0]));
		break;
	case SYS_dup3:
		*ret = dup3(INT(a[0]), INT(a[1]), INT(a[2]));
		break;
	case SYS_fcntl:
		*ret = fcntl(INT(a[0]), INT(a[1]), a[2]);
		break;
	case SYS_ioctl:
		*ret = ioctl(INT(a[0]), AS(unsigned long, a[1]), a[2]);
		break;
	case SYS_epoll_create1:
		*ret = epoll_create1(INT(a[0]));
		break;
	case SYS_epoll_ctl:
		*ret = epoll_ctl(INT(a[0]), INT(a[1]), INT(a[2]), PTR(a[3]));
		break;
	case SYS_epoll_pwait:
		*ret = epoll_pwait(INT(a[0]), PTR(a[1]), INT(a[2]), INT(a[3]),
				   mask_of(PTR(a[4]), &set));
		break;
	case SYS_epoll_pwait2:
		*ret = epoll_pwait2(INT(a[0]), PTR(a[1]), INT(a[2]), PTR(a[3]),
				    mask_of(PTR(a[4]), &set));
		break;
	case SYS_ppoll:
		*ret = ppoll(PTR(a[0]), AS(nfds_t, a[1]), PTR(a[2]), mask_of(PTR(a[3]), &set));
		break;
	case SYS_pselect6:
		*ret = pselect(INT(a[0]), PTR(a[1]), PTR(a[2]), PTR(a[3]), PTR(a[4]),
			       mask_of(readable(a[5]) ? *(void **)a[5] : NULL, &set));
		break;
	case SYS_preadv2: /* the offset comes in two halves, the second unused with 64 bits */
		*ret = preadv2(INT(a[0]), PTR(a[1]), INT(a[2]), a[3], INT(a[5]));
		break;
	case SYS_pwritev2:
		*ret = pwritev2(INT(a[0]), PTR(a[1]), INT(a[2]), a[3], INT(a[5]));
		break;
#ifdef SYS_vfork
	case SYS_vfork: /* cannot return twice from here, and is fork() anyway (life.c) */
		*ret = fork();
		break;
#endif
	case SYS_execve:
		*ret = execve(PTR(a[0]), PTR(a[1]), PTR(a[2]));
		break;
	case SYS_exit_group:
		_exit(INT(a[0]));
	case SYS_io_uring_setup:
		*ret = edge_ret(-ENOSYS);
		break;
#ifdef SYS_creat
	case SYS_creat:
		*ret = creat(PTR(a[0]), AS(mode_t, a[1]));
		break;
#endif
#ifdef SYS_poll
	case SYS_poll:
		*ret = poll(PTR(a[0]), AS(nfds_t, a[1]), INT(a[2]));
		break;
	case SYS_select:
		*ret = select(INT(a[0]), PTR(a[1]), PTR(a[2]), PTR(a[3]), PTR(a[4]));
		break;
	case SYS_dup2:
		*ret = dup2(INT(a[0]), INT(a[1]));
		break;
	case SYS_epoll_create:
		*ret = epoll_create(INT(a[0]));
		break;
	case SYS_epoll_wait:
		*ret = epoll_wait(INT(a[0]), PTR(a[1]), INT(a[2]), INT(a[3]));
		break;
	case SYS_open:
		*ret = open(PTR(a[0]), INT(a[1]), a[2]);
		break;
#endif
	case SYS_openat:
		*ret = openat(INT(a[0]), PTR(a[1]), INT(a[2]), a[3]);
		break;
	default:
		return false;
	}
	return true;
}

/* Does this call give 0 in a new process with a copy of our memory? */
static bool forks(long nr, const long *a)
{
	switch (nr) {
#ifdef SYS_fork
	case SYS_fork:
		return true;
#endif
	case SYS_clone:
		return !(a[0] & CLONE_VM);
	case SYS_clone3:
		return !(((const struct clone_args *)PTR(a[0]))->flags & CLONE_VM);
	}
	return false;
}

HOOK long syscall(long nr, ...)
{
	long a[6], ret;
	va_list ap;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (!self.bypass && !engine_inside() && served(nr, a, &ret))
		return ret;
	ret = real(syscall)(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (unlikely(!ret) && forks(nr, a))
		life_forked();
	return ret;
}
