// SPDX-License-Identifier: GPL-2.0-only
/*
 * call.c - one system call of the program, see call.h.
 *
 * Theory of operation
 *
 * The kernel's struct seccomp_notif may be longer than ours: it says how
 * long, and buffers are that long. SYNC_WAKE_UP makes the kernel run us on the
 * caller's processor at once, and the caller there again on our answer.
 *
 * Memory is read and written by process_vm_readv(2), allowed since we are the
 * caller's ancestor. Between reading and answering the number may come to
 * mean another thread, if ours was killed: so what was read is believed only if
 * the notification is still valid afterwards (seccomp_unotify(2)).
 *
 * A caller's descriptors are reached by pidfd_getfd(2). Opening a pidfd for each
 * call would cost another system call, so each thread of ours keeps the last ones.
 * A pidfd of a thread needs Linux 6.9; before, its process is looked up, and kept only if the
 * thread is its first: another's number may come to mean a thread of another process.
 *
 * Limits: a program that makes itself undumpable without us being root hides its
 * descriptors and memory from us: its calls fail with EPERM, never pass.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lib/filtered.h"
#include "shadow/call.h"
#include "sockets/event.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS	   SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_ADDFD_FLAG_SEND
#define SECCOMP_ADDFD_FLAG_SEND (1UL << 1)
#endif

#define PIDFDS 32

static struct seccomp_notif_sizes sizes;

/* The calling thread's pidfds, by thread of the program. */
static __thread struct {
	pid_t tid;
	int fd;
} pidfds[PIDFDS];
static __thread struct seccomp_notif *buffer;

int call_listen(int listener)
{
	uint64_t none = 0;

	if (!sizes.seccomp_notif && syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes))
		sizes = (struct seccomp_notif_sizes){sizeof(struct seccomp_notif),
						     sizeof(struct seccomp_notif_resp),
						     sizeof(struct seccomp_data)};
	if (sizes.seccomp_notif < sizeof(struct seccomp_notif))
		sizes.seccomp_notif = sizeof(struct seccomp_notif);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &none) && errno != ENOENT)
		return -ENOTTY;
	/* Absent before Linux 6.6: the same, but slower. */
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return 0;
}

int call_receive(struct call *c, int listener)
{
	if (!buffer) {
		buffer = malloc(sizes.seccomp_notif);
		if (!buffer)
			return -ENOMEM;
	}
	memset(buffer, 0, sizes.seccomp_notif);
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, buffer))
		return -errno;
	*c = (struct call){.listener = listener,
			   .id = buffer->id,
			   .tid = (pid_t)buffer->pid,
			   .nr = buffer->data.nr,
			   .fd = -1};
	for (int i = 0; i < 6; i++)
		c->args[i] = buffer->data.args[i];
	return 0;
}

bool call_over(int listener)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};

	return poll(&p, 1, 0) == 1 && p.revents & POLLHUP;
}

bool call_valid(const struct call *c)
{
	return !ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &c->id);
}

/* Of /proc/TID/status, see proc(5) */
struct call_status {
	char state;
	pid_t tgid;
	unsigned int threads;
	unsigned long long pending, shared, blocked, ignored;
};

static bool call_status(pid_t tid, struct call_status *st)
{
	char path[40], line[256];
	FILE *f;

	*st = (struct call_status){.tgid = tid, .threads = 1};
	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	f = fopen(path, "re");
	if (!f)
		return false;
	/* Pieces of a line that is longer, as that of 65536 groups, match nothing. */
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "State: %c", &st->state) != 1 &&
		    sscanf(line, "Tgid: %d", &st->tgid) != 1 &&
		    sscanf(line, "Threads: %u", &st->threads) != 1 &&
		    sscanf(line, "SigPnd: %llx", &st->pending) != 1 &&
		    sscanf(line, "ShdPnd: %llx", &st->shared) != 1 &&
		    sscanf(line, "SigBlk: %llx", &st->blocked) != 1)
			sscanf(line, "SigIgn: %llx", &st->ignored);
	}
	fclose(f);
	return true;
}

enum call_signal call_signal(struct call *c, bool *quiet)
{
	struct call_status st, first;
	unsigned long long mine;

	*quiet = true;
	if (!call_status(c->tid, &st))
		return CALL_NO_SIGNAL;
	c->tgid = st.tgid;
	*quiet = !(st.shared & ~st.ignored);
	if (st.pending & ~st.blocked & ~st.ignored)
		return CALL_SIGNAL;
	mine = st.shared & ~st.blocked & ~st.ignored;
	if (!mine || st.threads == 1 || st.tgid == c->tid)
		return mine ? CALL_SIGNAL : CALL_NO_SIGNAL;
	/* The kernel gives it to the first thread, if that lives and does not block it. */
	if (call_status(st.tgid, &first) && !strchr("ZX", first.state))
		mine &= first.blocked;
	return mine ? CALL_SIGNAL_SHARED : CALL_NO_SIGNAL;
}

/* For a trace: the call, with its address if it has one. */
static void call_trace(const struct call *c, long ret)
{
	struct sockaddr_storage addr;
	int at = c->nr == SYS_sendto ? 4 : 1;
	bool named = c->nr == SYS_connect || c->nr == SYS_bind || c->nr == SYS_sendto;
	long args[6];

	for (int i = 0; i < 6; i++)
		args[i] = (long)c->args[i];
	named = named && !call_read_addr(c, c->args[at], c->args[at + 1], &addr);
	event_call(c->tid, c->nr, args, named ? (struct sockaddr *)&addr : NULL,
		   (socklen_t)c->args[at + 1], ret, ret == CALL_PASS ? "the host's" : NULL);
}

int call_answer(const struct call *c, long ret)
{
	/* Room for a kernel whose structure is longer. */
	union {
		struct seccomp_notif_resp resp;
		char room[256];
	} r = {.resp = {.id = c->id}};

	if (trace_on(TRACE_CALLS))
		call_trace(c, ret);
	if (ret == CALL_PASS)
		r.resp.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (ret < 0)
		r.resp.error = (int)ret;
	else
		r.resp.val = ret;
	return ioctl(c->listener, SECCOMP_IOCTL_NOTIF_SEND, &r.resp) ? -errno : 0;
}

static int call_add_fd(const struct call *c, struct seccomp_notif_addfd *a)
{
	int n = ioctl(c->listener, SECCOMP_IOCTL_NOTIF_ADDFD, a);

	if (n >= 0)
		return n;
	return errno == ESRCH ? -ENOENT : -errno; /* gone while it was about to get it */
}

int call_answer_fd(const struct call *c, int fd, bool cloexec)
{
	struct seccomp_notif_addfd a = {.id = c->id,
					.flags = SECCOMP_ADDFD_FLAG_SEND,
					.srcfd = (unsigned int)fd,
					.newfd_flags = cloexec ? O_CLOEXEC : 0};
	int n = call_add_fd(c, &a);

	if (trace_on(TRACE_CALLS) && n >= 0)
		call_trace(c, n);
	if (n != -EINVAL)
		return n;
	/* Linux before 5.14: in two steps. */
	a.flags = 0;
	n = call_add_fd(c, &a);
	if (n < 0)
		return n;
	return call_answer(c, n) ? -ENOENT : n;
}

int call_replace_fd(const struct call *c, int fd, int at, bool cloexec)
{
	struct seccomp_notif_addfd a = {.id = c->id,
					.flags = SECCOMP_ADDFD_FLAG_SETFD,
					.srcfd = (unsigned int)fd,
					.newfd = (unsigned int)at,
					.newfd_flags = cloexec ? O_CLOEXEC : 0};
	int n = call_add_fd(c, &a);

	return n < 0 ? n : 0;
}

/* The process of a thread, as pidfd_open() without PIDFD_THREAD wants it. */
static pid_t call_process_of(pid_t tid)
{
	char path[40], line[128];
	pid_t tgid = tid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", tid);
	f = fopen(path, "re");
	if (!f)
		return tid;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "Tgid: %d", &tgid) == 1)
			break;
	fclose(f);
	return tgid;
}

/* @lasting: as long as the number @tid means that thread, or says ESRCH. */
static int call_open_pidfd(pid_t tid, bool *lasting)
{
	pid_t tgid;

	static _Atomic int allowed; /* 0 not known, 1 yes, 2 no */
	int fd;

	if (!allowed)
		allowed =
			filtered_allows(SYS_pidfd_open) && filtered_allows(SYS_pidfd_getfd) ? 1 : 2;
	if (allowed == 2)
		return -ENOSYS;
	fd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
	*lasting = true;
	if (fd < 0 && errno == EINVAL) {
		tgid = call_process_of(tid);
		*lasting = tgid == tid;
		fd = (int)syscall(SYS_pidfd_open, tgid, 0);
	}
	return fd < 0 ? -errno : fd;
}

int call_peek_fd(pid_t tid, int fd)
{
	unsigned int slot = (unsigned int)tid % PIDFDS;
	bool lasting;
	int dup, pidfd, err;

	if (pidfds[slot].tid == tid) {
		dup = (int)syscall(SYS_pidfd_getfd, pidfds[slot].fd, fd, 0);
		if (dup >= 0 || errno != ESRCH)
			return dup < 0 ? -errno : dup;
	}
	if (pidfds[slot].tid)
		close(pidfds[slot].fd);
	pidfds[slot].tid = 0;
	pidfd = call_open_pidfd(tid, &lasting);
	if (pidfd < 0)
		return pidfd;
	dup = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	err = dup < 0 ? -errno : dup;
	if (lasting) {
		pidfds[slot].tid = tid;
		pidfds[slot].fd = pidfd;
	} else {
		close(pidfd);
	}
	return err;
}

void call_forget(void)
{
	for (unsigned int i = 0; i < PIDFDS; i++) {
		if (pidfds[i].tid)
			close(pidfds[i].fd);
		pidfds[i].tid = 0;
	}
}

bool call_cloexec(const struct call *c, int fd)
{
	char path[64], text[256];
	unsigned int flags = 0;
	ssize_t n;
	char *p;
	int info;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", c->tid, fd);
	info = open(path, O_RDONLY | O_CLOEXEC);
	if (info < 0)
		return false;
	n = read(info, text, sizeof(text) - 1);
	close(info);
	if (n <= 0)
		return false;
	text[n] = '\0';
	p = strstr(text, "flags:");
	if (p)
		sscanf(p, "flags: %o", &flags);
	return flags & O_CLOEXEC;
}

int call_read(const struct call *c, uint64_t from, void *buf, size_t len)
{
	struct iovec local = {buf, len};
	struct iovec remote = {(void *)(uintptr_t)from, len};

	if (!len)
		return 0;
	if (process_vm_readv(c->tid, &local, 1, &remote, 1, 0) == (ssize_t)len)
		return 0;
	return errno == EPERM ? -EPERM : -EFAULT;
}

int call_write(const struct call *c, uint64_t to, const void *buf, size_t len)
{
	struct iovec local = {(void *)(uintptr_t)buf, len};
	struct iovec remote = {(void *)(uintptr_t)to, len};

	if (!len)
		return 0;
	if (process_vm_writev(c->tid, &local, 1, &remote, 1, 0) == (ssize_t)len)
		return 0;
	return errno == EPERM ? -EPERM : -EFAULT;
}

int call_write_both(const struct call *c, uint64_t to, const void *buf, size_t len, uint64_t to2,
		    const void *buf2, size_t len2)
{
	struct iovec local[2] = {{(void *)(uintptr_t)buf, len}, {(void *)(uintptr_t)buf2, len2}};
	struct iovec remote[2] = {{(void *)(uintptr_t)to, len}, {(void *)(uintptr_t)to2, len2}};

	if (process_vm_writev(c->tid, local, 2, remote, 2, 0) != (ssize_t)(len + len2))
		return -EFAULT;
	return 0;
}

ssize_t call_readv(const struct call *c, const struct iovec *iov, size_t n, void *buf, size_t len)
{
	struct iovec local = {buf, len};
	ssize_t got;

	if (!len)
		return 0;
	got = process_vm_readv(c->tid, &local, 1, iov, n, 0);
	return got < 0 ? -EFAULT : got;
}

ssize_t call_writev(const struct call *c, const struct iovec *iov, size_t n, const void *buf,
		    size_t len)
{
	struct iovec local = {(void *)(uintptr_t)buf, len};
	ssize_t put;

	if (!len)
		return 0;
	put = process_vm_writev(c->tid, &local, 1, iov, n, 0);
	return put < 0 ? -EFAULT : put;
}

int call_read_string(const struct call *c, uint64_t from, char *buf, size_t size)
{
	size_t have = 0;

	while (have < size) {
		/* Not across a page that may not be there. */
		size_t part = 4096 - (from + have) % 4096;
		char *end;

		if (part > size - have)
			part = size - have;
		if (call_read(c, from + have, buf + have, part))
			return -EFAULT;
		end = memchr(buf + have, '\0', part);
		if (end)
			return 0;
		have += part;
	}
	return -ENAMETOOLONG;
}

int call_read_addr(const struct call *c, uint64_t from, uint64_t len, struct sockaddr_storage *addr)
{
	memset(addr, 0, sizeof(*addr));
	if ((int)len < 0 || (unsigned int)len > sizeof(*addr))
		return -EINVAL;
	return call_read(c, from, addr, (unsigned int)len);
}

int call_write_addr(const struct call *c, uint64_t to, uint64_t lenptr, const void *addr,
		    socklen_t len)
{
	int room;

	if (call_read(c, lenptr, &room, sizeof(room)))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	return call_write_both(c, to, addr, (socklen_t)room < len ? (socklen_t)room : len, lenptr,
			       &len, sizeof(len));
}

bool call_nonblocking(const struct call *c, int flags)
{
	return flags & MSG_DONTWAIT || fcntl(c->fd, F_GETFL) & O_NONBLOCK;
}

void call_done(struct call *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}
