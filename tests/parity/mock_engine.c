// SPDX-License-Identifier: GPL-2.0-only
/*
 * mock_engine.c - the host's stack behind the engine's interface.
 *
 * For testing inline/ alone: engine_syscall() makes the host's system call on
 * descriptors of a numbering of its own (stack descriptor s is host descriptor
 * BASE + s), so every mistake between the two shows as EBADF. Blocking calls
 * wait in ppoll() first, with the host's descriptors beside, so that they can be
 * interrupted as the real engine's can.
 *
 * Limits: SO_RCVTIMEO and SO_SNDTIMEO do not work; no fault handling.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/engine.h"
#include "stack/config.h"
#include "stack/up.h"

#define BASE 600

static atomic_bool running;
static __thread volatile bool inside, poked;

static long host(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret;
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static long number(long fd)
{
	long to;

	if (fd < 0)
		return fd;
	to = host(SYS_fcntl, fd, F_DUPFD_CLOEXEC, BASE, 0, 0, 0);
	host(SYS_close, fd, 0, 0, 0, 0, 0);
	return to < 0 ? to : to - BASE;
}

/* Sleep until @fd is ready or a host descriptor is; 0, or -512 (interrupted). */
static long sleep_on(int fd, short events, struct pollfd *h, unsigned int nh)
{
	struct pollfd fds[65] = {{.fd = fd, .events = events}};
	uint64_t all = ~0x7f8ULL, old;
	long ret;

	if (nh)
		memcpy(fds + 1, h, nh * sizeof(*h));
	host(SYS_rt_sigprocmask, SIG_BLOCK, (long)&all, (long)&old, 8, 0, 0);
	ret = poked ? -EINTR : host(SYS_ppoll, (long)fds, nh + 1, 0, (long)&old, 8, 0);
	host(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, 8, 0, 0);
	if (nh)
		memcpy(h, fds + 1, nh * sizeof(*h));
	return ret < 0 || !fds[0].revents ? -ENGINE_ERESTARTSYS : 0;
}

static long do_ppoll(const long *a, struct pollfd *h, unsigned int nh)
{
	struct pollfd *fds = (void *)a[0], all[1200];
	unsigned int n = (unsigned int)a[1];
	uint64_t mask = ~0x7f8ULL, old;
	long ret, ready = 0;

	for (unsigned int i = 0; i < n; i++) {
		all[i] = fds[i];
		all[i].fd += BASE;
	}
	if (nh)
		memcpy(all + n, h, nh * sizeof(*h));
	host(SYS_rt_sigprocmask, SIG_BLOCK, (long)&mask, (long)&old, 8, 0, 0);
	ret = poked ? -EINTR : host(SYS_ppoll, (long)all, n + nh, a[2], (long)&old, 8, 0);
	host(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, 8, 0, 0);
	for (unsigned int i = 0; i < n; i++) {
		fds[i].revents = ret > 0 ? all[i].revents : 0;
		ready += fds[i].revents != 0;
	}
	if (nh)
		memcpy(h, all + n, nh * sizeof(*h));
	if (ret == 0 || ready)
		return ready;
	return ret < 0 && ret != -EINTR ? ret : -ENGINE_ERESTARTNOHAND;
}

static long do_epoll(const long *a, struct pollfd *h, unsigned int nh)
{
	struct pollfd fds[65] = {{.fd = BASE + (int)a[0], .events = POLLIN}};
	struct timespec t = {a[3] / 1000, a[3] % 1000 * 1000000};
	uint64_t mask = ~0x7f8ULL, old;
	long ret;

	ret = host(SYS_epoll_wait, a[0] + BASE, a[1], a[2], 0, 0, 0);
	if (ret || !a[3])
		return ret;
	if (nh)
		memcpy(fds + 1, h, nh * sizeof(*h));
	host(SYS_rt_sigprocmask, SIG_BLOCK, (long)&mask, (long)&old, 8, 0, 0);
	ret = poked ? -EINTR
		    : host(SYS_ppoll, (long)fds, nh + 1, a[3] < 0 ? 0 : (long)&t, (long)&old, 8, 0);
	host(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, 8, 0, 0);
	if (nh)
		memcpy(h, fds + 1, nh * sizeof(*h));
	if (ret > 0 && fds[0].revents)
		return host(SYS_epoll_wait, a[0] + BASE, a[1], a[2], 0, 0, 0);
	return ret == 0 ? 0 : -EINTR;
}

static bool nonblock(int fd, long flags)
{
	return flags & MSG_DONTWAIT || host(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0) & O_NONBLOCK;
}

static long blocking(long nr, int fd, short events, long flags, int flagarg, const long *a,
		     struct pollfd *h, unsigned int nh)
{
	long b[6], ret;

	if (nonblock(fd, flags))
		return host(nr, fd, a[1], a[2], a[3], a[4], a[5]);
	memcpy(b, a, sizeof(b));
	ret = sleep_on(fd, events, h, nh);
	return ret ? ret : host(nr, fd, b[1], b[2], b[3], b[4], b[5]);
}

static long do_connect(int fd, const long *a, struct pollfd *h, unsigned int nh)
{
	long fl = host(SYS_fcntl, fd, F_GETFL, 0, 0, 0, 0), ret;
	int err = 0, len = sizeof(err);

	if (fl & O_NONBLOCK)
		return host(SYS_connect, fd, a[1], a[2], 0, 0, 0);
	host(SYS_fcntl, fd, F_SETFL, fl | O_NONBLOCK, 0, 0, 0);
	ret = host(SYS_connect, fd, a[1], a[2], 0, 0, 0);
	if (ret == -EINPROGRESS || ret == -EALREADY) {
		ret = sleep_on(fd, POLLOUT, h, nh);
		if (!ret) {
			host(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, (long)&err, (long)&len, 0);
			ret = -err;
		}
	}
	host(SYS_fcntl, fd, F_SETFL, fl, 0, 0, 0);
	return ret;
}

static long do_send(long nr, int fd, const long *a, long flags, struct pollfd *h, unsigned int nh)
{
	const char *p = (void *)a[1];
	size_t left = (size_t)a[2];
	long ret, done = 0;

	if (nr != SYS_sendto || nonblock(fd, flags))
		return blocking(nr, fd, POLLOUT, flags, 0, a, h, nh);
	do {
		ret = sleep_on(fd, POLLOUT, h, nh);
		if (!ret)
			ret = host(nr, fd, (long)p, (long)left, flags | MSG_DONTWAIT, a[4], a[5]);
		if (ret == -EAGAIN)
			continue;
		if (ret < 0)
			return done ? done : ret;
		done += ret;
		p += ret;
		left -= (size_t)ret;
	} while (left);
	return done;
}

static bool listening(int fd)
{
	int on = 0, len = sizeof(on);

	host(SYS_getsockopt, fd, SOL_SOCKET, SO_ACCEPTCONN, (long)&on, (long)&len, 0);
	return on;
}

static long enter(struct pollfd *h, unsigned int nh, long nr, const long a[6])
{
	int fd = (int)a[0] + BASE;

	if (nr == SYS_socket && a[0] != AF_NETLINK && a[2] == 262 && getenv("MOCK_NO_MPTCP"))
		return -EPROTONOSUPPORT;
	if (nr == SYS_socket || nr == SYS_epoll_create1)
		return number(host(nr, a[0], a[1], a[2], 0, 0, 0));
	if (nr == SYS_ppoll)
		return do_ppoll(a, h, nh);
	if (nr == SYS_openat)
		return number(host(nr, a[0], a[1], a[2], a[3], 0, 0));
	if (nr == SYS_mkdirat || nr == SYS_mount || nr == SYS_prlimit64)
		return 0;
	if (a[0] < 0)
		return -EBADF;
	switch (nr) {
	case SYS_dup:
		return number(host(nr, fd, 0, 0, 0, 0, 0));
	case SYS_epoll_pwait:
		return do_epoll(a, h, nh);
	case SYS_epoll_ctl:
		return host(nr, fd, a[1], a[2] + BASE, a[3], 0, 0);
	case SYS_accept4:
		return !listening(fd) || a[3] & ~(long)SOCK_NONBLOCK
			       ? host(nr, fd, a[1], a[2], a[3], 0, 0)
			       : number(blocking(nr, fd, POLLIN, 0, 0, a, h, nh));
	case SYS_connect:
		return do_connect(fd, a, h, nh);
	case SYS_recvfrom:
		return blocking(nr, fd, POLLIN, a[3], 3, a, h, nh);
	case SYS_recvmsg:
		return blocking(nr, fd, POLLIN, a[2], 2, a, h, nh);
	case SYS_read:
	case SYS_readv:
		return blocking(nr, fd, POLLIN, 0, 0, a, h, nh);
	case SYS_sendto:
		return do_send(nr, fd, a, a[3], h, nh);
	case SYS_sendmsg:
		return do_send(nr, fd, a, a[2], h, nh);
	}
	return host(nr, fd, a[1], a[2], a[3], a[4], a[5]);
}

long engine_syscall_poll(struct pollfd *h, unsigned int nh, long nr, const long a[6])
{
	long ret;

	if (!running)
		return -ENETDOWN;
	poked = false;
	inside = true;
	ret = enter(h, nh, nr, a);
	inside = false;
	return ret;
}

long engine_syscall(long nr, const long args[6])
{
	return engine_syscall_poll(NULL, 0, nr, args);
}

int engine_start(const struct engine_options *opt, const char **why)
{
	return 0;
}

void engine_stop(void)
{
	running = false;
}

bool engine_running(void)
{
	return running;
}

bool engine_inside(void)
{
	return inside;
}

void engine_interrupt(void)
{
	poked = true;
}

bool engine_fault(void *ucontext)
{
	return false;
}

void engine_thread_exit(void)
{
}

void engine_after_fork(void)
{
	running = false;
}

int stack_up(const struct config *c, const char **why)
{
	struct rlimit r = {4096, 4096};

	setrlimit(RLIMIT_NOFILE, &r);
	running = true;
	return 0;
}

#ifdef MOCK_CONFIG
int config_from_fd(int fd, struct config *c)
{
	memset(c, 0, sizeof(*c));
	c->mptcp = getenv("MOCK_MPTCP") != NULL;
	return fcntl(fd, F_GETFD) < 0 ? -errno : 0;
}

int config_to_fd(const struct config *c)
{
	return -EINVAL;
}
#endif
