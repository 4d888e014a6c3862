// SPDX-License-Identifier: GPL-2.0-only
/*
 * standin.c - the host's stack behind the engine's interface, see standin.h.
 *
 * Theory of operation: engine_syscall() makes the host's system call on descriptors of a
 * numbering of its own (the stack's s is the host's BASE + s), so a descriptor of one world
 * that is used in the other shows as EBADF. A call that would block waits in ppoll() first,
 * with the host's descriptors beside, so that it can be interrupted as the real engine's can.
 *
 * Threads: any; what is kept of a call is thread-local.
 *
 * Limits: SO_RCVTIMEO and SO_SNDTIMEO do not work; a bad pointer is noticed by the host's kernel
 * only where no wait comes before; there are no interfaces.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "engine/engine.h"
#include "lib/rawsys.h"
#include "standin.h"

#define BASE	500 /* the host's number of the stack's descriptor 0 */
#define HIGH	900 /* what host_fd_keep() renumbers to */
#define NUMBERS 512

void (*engine_host_fd)(int fd, bool open);

static atomic_bool running;
static atomic_uint calls[NUMBERS];
static __thread volatile bool inside, poked;
static __thread int wake_fd = -1;

void standin_start(void)
{
	running = true;
}

unsigned int standin_calls(long nr)
{
	return calls[nr];
}

int standin_host(int fd)
{
	return fd < 0 || fd > INT_MAX - BASE ? fd : BASE + fd;
}

/* The stack's number of a new descriptor. */
static long renumber(long fd)
{
	long to;

	if (fd < 0)
		return fd;
	to = RAWSYS(SYS_fcntl, fd, F_DUPFD_CLOEXEC, BASE);
	raw_close((int)fd);
	if (to < 0)
		return to;
	if (engine_host_fd)
		engine_host_fd((int)to, true);
	return to - BASE;
}

/* An interruption that comes before the sleep must not be slept over: so it makes this ready. */
static int wake_up_fd(void)
{
	if (wake_fd < 0)
		wake_fd = host_fd_keep((int)RAWSYS(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
	return wake_fd;
}

/* ppoll() of @own and of @host in one array; -EINTR also if only one of @host is ready. */
static long sleep_for(struct pollfd *own, size_t n, const struct timespec *timeout,
		      struct pollfd *host, unsigned int nhost)
{
	struct pollfd all[n + nhost + 1];
	struct timespec left;
	uint64_t junk;
	long ret, ready = 0;

	memcpy(all, own, n * sizeof(*all));
	if (nhost)
		memcpy(all + n, host, nhost * sizeof(*all));
	if (timeout)
		left = *timeout;
	all[n + nhost] = (struct pollfd){.fd = wake_up_fd(), .events = POLLIN};
	ret = poked ? -EINTR
		    : RAWSYS(SYS_ppoll, all, n + nhost + 1, timeout ? &left : NULL, NULL, 8);
	RAWSYS(SYS_read, wake_fd, &junk, sizeof(junk));
	for (size_t i = 0; i < n; i++) {
		own[i].revents = ret > 0 ? all[i].revents : 0;
		ready += own[i].revents != 0;
	}
	for (unsigned int i = 0; i < nhost; i++)
		host[i].revents = ret > 0 ? all[n + i].revents : 0;
	if (ret > 0 && !ready)
		return -EINTR;
	return ret < 0 ? ret : ready;
}

static long do_ppoll(const long a[6], struct pollfd *host, unsigned int nhost)
{
	struct pollfd *fds = (void *)a[0];
	size_t n = (size_t)a[1];
	struct pollfd own[n + 1];
	long ret;

	for (size_t i = 0; i < n; i++) {
		own[i] = fds[i];
		own[i].fd = standin_host(fds[i].fd);
	}
	ret = sleep_for(own, n, (void *)a[2], host, nhost);
	for (size_t i = 0; i < n; i++)
		fds[i].revents = own[i].revents;
	return ret == -EINTR ? -ENGINE_ERESTARTNOHAND : ret;
}

static long do_epoll(const long a[6], struct pollfd *host, unsigned int nhost)
{
	struct pollfd own = {.fd = standin_host((int)a[0]), .events = POLLIN};
	struct timespec t = {a[3] / 1000, a[3] % 1000 * 1000000};
	long ret = RAWSYS(SYS_epoll_pwait, own.fd, a[1], a[2], 0, NULL, 8);

	if (ret || !a[3])
		return ret;
	ret = sleep_for(&own, 1, a[3] < 0 ? NULL : &t, host, nhost);
	return ret > 0 ? RAWSYS(SYS_epoll_pwait, own.fd, a[1], a[2], 0, NULL, 8) : ret;
}

static bool nonblocking(int fd, long flags)
{
	return flags & MSG_DONTWAIT || RAWSYS(SYS_fcntl, fd, F_GETFL) & O_NONBLOCK;
}

/* Wait until @fd is ready: 0, or interrupted. */
static long wait_for(int fd, short events, struct pollfd *host, unsigned int nhost)
{
	struct pollfd own = {.fd = fd, .events = events};

	return sleep_for(&own, 1, NULL, host, nhost) < 0 ? -ENGINE_ERESTARTSYS : 0;
}

static long do_connect(int fd, const long a[6], struct pollfd *host, unsigned int nhost)
{
	long flags = RAWSYS(SYS_fcntl, fd, F_GETFL), ret;
	int err = 0, len = sizeof(err);

	if (flags & O_NONBLOCK)
		return RAWSYS(SYS_connect, fd, a[1], a[2]);
	RAWSYS(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
	ret = RAWSYS(SYS_connect, fd, a[1], a[2]);
	if (ret == -EINPROGRESS || ret == -EALREADY) {
		ret = wait_for(fd, POLLOUT, host, nhost);
		if (!ret) {
			RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_ERROR, &err, &len);
			ret = -err;
		}
	}
	RAWSYS(SYS_fcntl, fd, F_SETFL, flags);
	return ret;
}

/* A call that waits for @events unless it does not block. */
static long waiting(long nr, int fd, const long a[6], short events, long flags, struct pollfd *host,
		    unsigned int nhost)
{
	long ret = nonblocking(fd, flags) ? 0 : wait_for(fd, events, host, nhost);

	return ret ? ret : RAWSYS(nr, fd, a[1], a[2], a[3], a[4], a[5]);
}

static long enter(struct pollfd *host, unsigned int nhost, long nr, const long a[6])
{
	int fd = standin_host((int)a[0]);

	switch (nr) {
	case SYS_socket:
	case SYS_epoll_create1:
	case SYS_openat:
		return renumber(RAWSYS(nr, a[0], a[1], a[2], a[3]));
	case SYS_ppoll:
		return do_ppoll(a, host, nhost);
	case SYS_prlimit64:
	case SYS_mkdirat:
	case SYS_mount:
		return 0;
	}
	if (a[0] < 0)
		return -EBADF;
	switch (nr) {
	case SYS_close:
		if (engine_host_fd)
			engine_host_fd(fd, false);
		break;
	case SYS_dup:
		return renumber(RAWSYS(nr, fd));
	case SYS_epoll_pwait:
		return do_epoll(a, host, nhost);
	case SYS_epoll_ctl:
		return RAWSYS(nr, fd, a[1], standin_host((int)a[2]), a[3]);
	case SYS_accept4:
		return renumber(waiting(nr, fd, a, POLLIN, 0, host, nhost));
	case SYS_connect:
		return do_connect(fd, a, host, nhost);
	case SYS_recvfrom:
		return waiting(nr, fd, a, POLLIN, a[3], host, nhost);
	case SYS_recvmsg:
		return waiting(nr, fd, a, POLLIN, a[2], host, nhost);
	case SYS_read:
	case SYS_readv:
		return waiting(nr, fd, a, POLLIN, 0, host, nhost);
	case SYS_sendto:
		return waiting(nr, fd, a, POLLOUT, a[3], host, nhost);
	case SYS_sendmsg:
		return waiting(nr, fd, a, POLLOUT, a[2], host, nhost);
	}
	return RAWSYS(nr, fd, a[1], a[2], a[3], a[4], a[5]);
}

long engine_syscall_poll(struct pollfd *host, unsigned int nhost, long nr, const long args[6])
{
	long ret;

	if (!running)
		return -ENETDOWN;
	if (nr >= 0 && nr < NUMBERS)
		calls[nr]++;
	poked = false;
	inside = true;
	ret = enter(host, nhost, nr, args);
	inside = false;
	return ret;
}

long engine_syscall(long nr, const long args[6])
{
	return engine_syscall_poll(NULL, 0, nr, args);
}

int engine_start(const struct engine_options *opt, const char **why)
{
	running = true;
	return 0;
}

int engine_prepare(const struct engine_options *opt, const char **why)
{
	return 0;
}

void engine_halt(void)
{
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
	uint64_t one = 1;

	poked = true;
	if (wake_fd >= 0)
		RAWSYS(SYS_write, wake_fd, &one, sizeof(one));
}

bool engine_fault(void *ucontext)
{
	return false;
}

void engine_thread_exit(void)
{
	host_fd_close(&wake_fd);
}

void engine_after_fork(void)
{
	running = false;
}

void engine_hide(void)
{
}

int engine_trust(int fd)
{
	return 0;
}

int engine_add_netif(struct backend *be, const char *name)
{
	return -ENODEV;
}

void engine_netif_frames(unsigned int n, uint64_t *rx, uint64_t *tx)
{
	*rx = *tx = 0;
}

int host_fd_keep(int fd)
{
	int to;

	if (fd < 0)
		return fd;
	to = (int)RAWSYS(SYS_fcntl, fd, F_DUPFD_CLOEXEC, HIGH);
	raw_close(fd);
	if (to >= 0 && engine_host_fd)
		engine_host_fd(to, true);
	return to;
}

void host_fd_close(int *fd)
{
	if (*fd < 0)
		return;
	if (engine_host_fd)
		engine_host_fd(*fd, false);
	raw_close(*fd);
	*fd = -1;
}
