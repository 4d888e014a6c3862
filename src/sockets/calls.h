/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls.h - the one table of calls that can meet a socket or the network's files.
 *
 * Each line is a call; adding a call to Persona is one line here plus its code:
 *
 *   SYSCALL(room, type, name, prototype, descriptors, flags, number, raw, filter, handler, where)
 *	a system call that libc exports under @name
 *   LIBCALL(room, type, name, prototype, descriptors, flags)
 *	an entry point of libc without a number of its own: libc makes it out of several
 *	calls (getaddrinfo), or out of another line's (send)
 *   RAWCALL(name, number, raw, filter, handler, where)
 *	a system call that libc has no wrapper for
 *
 *   room		the file in inline/ that has the hook
 *   descriptors	which arguments are descriptors: CALL_FD(0) ...; CALL_FDS: they stand in a
 *			structure (poll); CALL_NEWFD: the result is one
 *   flags		CALL_BLOCKS: may wait; CALL_CANCELS: POSIX cancellation point;
 *			CALL_THROUGH: takes an address and gives it to another line's call
 *   number		of the system call, SYS_...
 *   raw		what syscall(2) does with the number in inline mode, of INT(0), PTR(1) ...
 *			(inline/raw.c); HOST_DOES: the host's kernel has it
 *   filter		what shadow mode's seccomp filter does (enum call_filter)
 *   handler		shadow mode's function: BY_SOCK(f): of a socket, BY_CALL(f): of the call
 *			alone, BY_NONE
 *   where		the destination rule: which argument can lead bytes out of the machine
 *			(enum call_where). A sending call without one fails test_calls.c
 *
 * An includer defines what it needs and includes this file; all is undefined at the end:
 *
 *   HOOKED(room, type, name, prototype, descriptors, flags)	   SYSCALL and LIBCALL lines
 *   NUMBERED(name, number, raw, filter, handler, where, prototype) SYSCALL and RAWCALL lines
 *   ALIAS(name, same)		two entry points that libc exports under several names
 *
 * From the table are made: the hooks' declarations and the pointers to libc's functions
 * (inline/real.h), syscall(2)'s dispatch (inline/raw.c), the filter (shadow/filter.c), the
 * supervisor's handlers (shadow/serve.c), the names in a trace (sockets/event.c),
 * docs/calls.md and the tests of coverage.
 *
 * Limits: the table holds what glibc 2.36 exports. OLDCALL is a SYSCALL where the processor
 * has the number, else a LIBCALL (arm64 has no poll, select, epoll_wait ...).
 */
#ifndef PERSONA_SOCKETS_CALLS_H
#define PERSONA_SOCKETS_CALLS_H

#include <sys/syscall.h>

#define CALL_FD(arg) (1u << (arg))
#define CALL_FDS     (1u << 8)
#define CALL_NEWFD   (1u << 9)
#define CALL_NOFD    0u
#define CALL_BLOCKS  (1u << 0)
#define CALL_CANCELS (1u << 1)
#define CALL_THROUGH (1u << 2)
#define CALL_WAITS   (CALL_BLOCKS | CALL_CANCELS)
#define CALL_PLAIN   0u

/* Not in the headers of every libc that we build with; the same on all processors. */
#ifndef SYS_openat2
#define SYS_openat2 437
#endif

/** enum call_filter - what the seccomp filter does with the number */
enum call_filter {
	CALL_FILTER_PASS,    /* the host's kernel: it meets the program's end of the pair */
	CALL_FILTER_ASK,     /* the supervisor */
	CALL_FILTER_FAMILY,  /* ... for families that have networks */
	CALL_FILTER_SEND,    /* ... with an address, or a flag that the pair does not know */
	CALL_FILTER_RECEIVE, /* the same */
	CALL_FILTER_IOCTL,   /* ... for requests about networks */
	CALL_FILTER_REFUSE,  /* ENOSYS */
};

/*
 * Destination rules: the kind and up to two arguments, in one number.
 *
 *   NOWHERE		carries none (a receiving call's is the kernel's answer)
 *   ADDRESS(a, l)	struct sockaddr at argument a, of the length in argument l
 *   MESSAGE(a)		struct msghdr at argument a
 *   MESSAGES(a, n)	struct mmsghdr[] at argument a, as many as argument n says
 *   OPTION		setsockopt(): an option that names an interface
 *   PATH(a)		a file's name: the network's files
 *   DENIED		never reaches a kernel
 */
#define CALL_TO(kind, a, b) \
	((unsigned int)(kind) | (unsigned int)(a) << 8 | (unsigned int)(b) << 12)
#define CALL_TO_NOWHERE	       CALL_TO(CALL_WHERE_NOWHERE, 0, 0)
#define CALL_TO_ADDRESS(a, l)  CALL_TO(CALL_WHERE_ADDRESS, a, l)
#define CALL_TO_MESSAGE(a)     CALL_TO(CALL_WHERE_MESSAGE, a, 0)
#define CALL_TO_MESSAGES(a, n) CALL_TO(CALL_WHERE_MESSAGES, a, n)
#define CALL_TO_OPTION	       CALL_TO(CALL_WHERE_OPTION, 0, 0)
#define CALL_TO_PATH(a)	       CALL_TO(CALL_WHERE_PATH, a, 0)
#define CALL_TO_DENIED	       CALL_TO(CALL_WHERE_DENIED, 0, 0)
#define CALL_TO_KIND(where)    ((enum call_where)((where)&0xff))
#define CALL_TO_ARG(where)     ((where) >> 8 & 15)
#define CALL_TO_ARG2(where)    ((where) >> 12 & 15)

enum call_where {
	CALL_WHERE_NOWHERE,
	CALL_WHERE_ADDRESS,
	CALL_WHERE_MESSAGE,
	CALL_WHERE_MESSAGES,
	CALL_WHERE_OPTION,
	CALL_WHERE_PATH,
	CALL_WHERE_DENIED,
};

#endif /* PERSONA_SOCKETS_CALLS_H */

#ifndef HOOKED
#define HOOKED(room, ret, name, proto, fds, flags)
#endif
#ifndef NUMBERED
#define NUMBERED(name, nr, raw, filter, handler, where, proto)
#endif
#ifndef ALIAS
#define ALIAS(name, same)
#endif
#define LIBCALL(room, ret, name, proto, fds, flags) HOOKED(room, ret, name, proto, fds, flags)
#define RAWCALL(name, nr, raw, filter, handler, where) \
	NUMBERED(name, nr, raw, filter, handler, where, (raw call))
#define SYSCALL(room, ret, name, proto, fds, flags, nr, raw, filter, handler, where) \
	HOOKED(room, ret, name, proto, fds, flags)                                   \
	NUMBERED(name, nr, raw, filter, handler, where, proto)
#ifdef SYS_poll
#define OLDCALL SYSCALL
#else
#define OLDCALL(room, ret, name, proto, fds, flags, nr, raw, filter, handler, where) \
	LIBCALL(room, ret, name, proto, fds, flags)
#endif

/* clang-format off */

/* Sockets: making them, their addresses, their state. */
SYSCALL(socket, int, socket, (int domain, int type, int protocol), CALL_NEWFD, CALL_PLAIN, SYS_socket, socket(INT(0), INT(1), INT(2)), FAMILY, BY_CALL(control_socket), NOWHERE)
SYSCALL(socket, int, socketpair, (int domain, int type, int protocol, int sv[2]), CALL_NEWFD, CALL_PLAIN, SYS_socketpair, socketpair(INT(0), INT(1), INT(2), PTR(3)), PASS, BY_NONE, NOWHERE)
SYSCALL(socket, int, bind, (int fd, const struct sockaddr *addr, socklen_t len), CALL_FD(0), CALL_PLAIN, SYS_bind, bind(INT(0), PTR(1), LEN(2)), ASK, BY_SOCK(control_bind), ADDRESS(1, 2))
SYSCALL(socket, int, connect, (int fd, const struct sockaddr *addr, socklen_t len), CALL_FD(0), CALL_WAITS, SYS_connect, connect(INT(0), PTR(1), LEN(2)), ASK, BY_SOCK(control_connect), ADDRESS(1, 2))
SYSCALL(socket, int, listen, (int fd, int backlog), CALL_FD(0), CALL_PLAIN, SYS_listen, listen(INT(0), INT(1)), ASK, BY_SOCK(control_listen), NOWHERE)
SYSCALL(socket, int, accept, (int fd, struct sockaddr *addr, socklen_t *len), CALL_FD(0) | CALL_NEWFD, CALL_WAITS, SYS_accept, accept(INT(0), PTR(1), PTR(2)), ASK, BY_SOCK(control_accept), NOWHERE)
SYSCALL(socket, int, accept4, (int fd, struct sockaddr *addr, socklen_t *len, int flags), CALL_FD(0) | CALL_NEWFD, CALL_WAITS, SYS_accept4, accept4(INT(0), PTR(1), PTR(2), INT(3)), ASK, BY_SOCK(control_accept), NOWHERE)
SYSCALL(socket, int, getsockname, (int fd, struct sockaddr *addr, socklen_t *len), CALL_FD(0), CALL_PLAIN, SYS_getsockname, getsockname(INT(0), PTR(1), PTR(2)), ASK, BY_SOCK(control_name), NOWHERE)
SYSCALL(socket, int, getpeername, (int fd, struct sockaddr *addr, socklen_t *len), CALL_FD(0), CALL_PLAIN, SYS_getpeername, getpeername(INT(0), PTR(1), PTR(2)), ASK, BY_SOCK(control_name), NOWHERE)
SYSCALL(socket, int, shutdown, (int fd, int how), CALL_FD(0), CALL_PLAIN, SYS_shutdown, shutdown(INT(0), INT(1)), ASK, BY_SOCK(control_shutdown), NOWHERE)
LIBCALL(socket, int, sockatmark, (int fd), CALL_FD(0), CALL_PLAIN)
SYSCALL(sockopt, int, getsockopt, (int fd, int level, int name, void *val, socklen_t *len), CALL_FD(0), CALL_PLAIN, SYS_getsockopt, getsockopt(INT(0), INT(1), INT(2), PTR(3), PTR(4)), ASK, BY_SOCK(sockopt_get), NOWHERE)
SYSCALL(sockopt, int, setsockopt, (int fd, int level, int name, const void *val, socklen_t len), CALL_FD(0), CALL_PLAIN, SYS_setsockopt, setsockopt(INT(0), INT(1), INT(2), PTR(3), LEN(4)), ASK, BY_SOCK(sockopt_set), OPTION)

/* Data. */
SYSCALL(io, ssize_t, read, (int fd, void *buf, size_t n), CALL_FD(0), CALL_WAITS, SYS_read, read(INT(0), PTR(1), SIZE(2)), PASS, BY_NONE, NOWHERE)
LIBCALL(io, ssize_t, __read_chk, (int fd, void *buf, size_t n, size_t room), CALL_FD(0), CALL_WAITS)
SYSCALL(io, ssize_t, readv, (int fd, const struct iovec *iov, int n), CALL_FD(0), CALL_WAITS, SYS_readv, readv(INT(0), PTR(1), INT(2)), PASS, BY_NONE, NOWHERE)
SYSCALL(io, ssize_t, preadv2, (int fd, const struct iovec *iov, int n, off_t off, int flags), CALL_FD(0), CALL_WAITS, SYS_preadv2, preadv2(INT(0), PTR(1), INT(2), LONG(3), INT(5)), PASS, BY_NONE, NOWHERE)
SYSCALL(io, ssize_t, write, (int fd, const void *buf, size_t n), CALL_FD(0), CALL_WAITS, SYS_write, write(INT(0), PTR(1), SIZE(2)), PASS, BY_NONE, NOWHERE)
SYSCALL(io, ssize_t, writev, (int fd, const struct iovec *iov, int n), CALL_FD(0), CALL_WAITS, SYS_writev, writev(INT(0), PTR(1), INT(2)), PASS, BY_NONE, NOWHERE)
SYSCALL(io, ssize_t, pwritev2, (int fd, const struct iovec *iov, int n, off_t off, int flags), CALL_FD(0), CALL_WAITS, SYS_pwritev2, pwritev2(INT(0), PTR(1), INT(2), LONG(3), INT(5)), PASS, BY_NONE, NOWHERE)
LIBCALL(io, ssize_t, send, (int fd, const void *buf, size_t n, int flags), CALL_FD(0), CALL_WAITS)
SYSCALL(io, ssize_t, sendto, (int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr, socklen_t len), CALL_FD(0), CALL_WAITS, SYS_sendto, sendto(INT(0), PTR(1), SIZE(2), INT(3), PTR(4), LEN(5)), SEND, BY_SOCK(send_call), ADDRESS(4, 5))
SYSCALL(io, ssize_t, sendmsg, (int fd, const struct msghdr *msg, int flags), CALL_FD(0), CALL_WAITS, SYS_sendmsg, sendmsg(INT(0), PTR(1), INT(2)), ASK, BY_SOCK(send_call), MESSAGE(1))
SYSCALL(io, int, sendmmsg, (int fd, struct mmsghdr *msgs, unsigned int n, int flags), CALL_FD(0), CALL_WAITS, SYS_sendmmsg, sendmmsg(INT(0), PTR(1), UINT(2), INT(3)), ASK, BY_SOCK(send_call), MESSAGES(1, 2))
LIBCALL(io, ssize_t, recv, (int fd, void *buf, size_t n, int flags), CALL_FD(0), CALL_WAITS)
LIBCALL(io, ssize_t, __recv_chk, (int fd, void *buf, size_t n, size_t room, int flags), CALL_FD(0), CALL_WAITS)
SYSCALL(io, ssize_t, recvfrom, (int fd, void *buf, size_t n, int flags, struct sockaddr *addr, socklen_t *len), CALL_FD(0), CALL_WAITS, SYS_recvfrom, recvfrom(INT(0), PTR(1), SIZE(2), INT(3), PTR(4), PTR(5)), RECEIVE, BY_SOCK(receive_call), NOWHERE)
LIBCALL(io, ssize_t, __recvfrom_chk, (int fd, void *buf, size_t n, size_t room, int flags, struct sockaddr *addr, socklen_t *len), CALL_FD(0), CALL_WAITS)
SYSCALL(io, ssize_t, recvmsg, (int fd, struct msghdr *msg, int flags), CALL_FD(0), CALL_WAITS, SYS_recvmsg, recvmsg(INT(0), PTR(1), INT(2)), ASK, BY_SOCK(receive_call), NOWHERE)
SYSCALL(io, int, recvmmsg, (int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout), CALL_FD(0), CALL_WAITS, SYS_recvmmsg, recvmmsg(INT(0), PTR(1), UINT(2), INT(3), PTR(4)), ASK, BY_SOCK(receive_call), NOWHERE)
SYSCALL(copy, ssize_t, sendfile, (int out, int in, off_t *off, size_t n), CALL_FD(0) | CALL_FD(1), CALL_BLOCKS, SYS_sendfile, sendfile(INT(0), INT(1), PTR(2), SIZE(3)), PASS, BY_NONE, NOWHERE)
LIBCALL(copy, ssize_t, sendfile64, (int out, int in, off64_t *off, size_t n), CALL_FD(0) | CALL_FD(1), CALL_BLOCKS)
SYSCALL(copy, ssize_t, splice, (int in, off64_t *inoff, int out, off64_t *outoff, size_t n, unsigned int flags), CALL_FD(0) | CALL_FD(2), CALL_WAITS, SYS_splice, splice(INT(0), PTR(1), INT(2), PTR(3), SIZE(4), UINT(5)), PASS, BY_NONE, NOWHERE)

/* Descriptors. */
SYSCALL(number, int, close, (int fd), CALL_FD(0), CALL_BLOCKS | CALL_CANCELS, SYS_close, close(INT(0)), PASS, BY_NONE, NOWHERE)
SYSCALL(number, int, close_range, (unsigned int first, unsigned int last, int flags), CALL_FDS, CALL_PLAIN, SYS_close_range, close_range(UINT(0), UINT(1), INT(2)), PASS, BY_NONE, NOWHERE)
LIBCALL(number, void, closefrom, (int first), CALL_FDS, CALL_PLAIN)
SYSCALL(number, int, dup, (int fd), CALL_FD(0) | CALL_NEWFD, CALL_PLAIN, SYS_dup, dup(INT(0)), PASS, BY_NONE, NOWHERE)
OLDCALL(number, int, dup2, (int fd, int to), CALL_FD(0) | CALL_FD(1) | CALL_NEWFD, CALL_PLAIN, SYS_dup2, dup2(INT(0), INT(1)), PASS, BY_NONE, NOWHERE)
SYSCALL(number, int, dup3, (int fd, int to, int flags), CALL_FD(0) | CALL_FD(1) | CALL_NEWFD, CALL_PLAIN, SYS_dup3, dup3(INT(0), INT(1), INT(2)), PASS, BY_NONE, NOWHERE)
SYSCALL(number, int, fcntl, (int fd, int cmd, ...), CALL_FD(0) | CALL_NEWFD, CALL_CANCELS, SYS_fcntl, fcntl(INT(0), INT(1), LONG(2)), PASS, BY_NONE, NOWHERE)
LIBCALL(number, int, fcntl64, (int fd, int cmd, ...), CALL_FD(0) | CALL_NEWFD, CALL_CANCELS)
SYSCALL(number, int, ioctl, (int fd, unsigned long cmd, ...), CALL_FD(0), CALL_PLAIN, SYS_ioctl, ioctl(INT(0), ULONG(1), LONG(2)), IOCTL, BY_SOCK(sockopt_ioctl), NOWHERE)
SYSCALL(number, int, eventfd, (unsigned int count, int flags), CALL_NEWFD, CALL_PLAIN, SYS_eventfd2, eventfd(UINT(0), INT(1)), PASS, BY_NONE, NOWHERE)
SYSCALL(number, int, timerfd_create, (clockid_t clock, int flags), CALL_NEWFD, CALL_PLAIN, SYS_timerfd_create, timerfd_create(INT(0), INT(1)), PASS, BY_NONE, NOWHERE)

/* Waiting. */
OLDCALL(wait, int, poll, (struct pollfd *fds, nfds_t n, int timeout), CALL_FDS, CALL_WAITS, SYS_poll, poll(PTR(0), ULONG(1), INT(2)), PASS, BY_NONE, NOWHERE)
LIBCALL(wait, int, __poll_chk, (struct pollfd *fds, nfds_t n, int timeout, size_t room), CALL_FDS, CALL_WAITS)
SYSCALL(wait, int, ppoll, (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask), CALL_FDS, CALL_WAITS, SYS_ppoll, ppoll(PTR(0), ULONG(1), PTR(2), MASK(3)), PASS, BY_NONE, NOWHERE)
LIBCALL(wait, int, __ppoll_chk, (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room), CALL_FDS, CALL_WAITS)
OLDCALL(select, int, select, (int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout), CALL_FDS, CALL_WAITS, SYS_select, select(INT(0), PTR(1), PTR(2), PTR(3), PTR(4)), PASS, BY_NONE, NOWHERE)
SYSCALL(select, int, pselect, (int n, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout, const sigset_t *mask), CALL_FDS, CALL_WAITS, SYS_pselect6, pselect(INT(0), PTR(1), PTR(2), PTR(3), PTR(4), MASK_AT(5)), PASS, BY_NONE, NOWHERE)
OLDCALL(epoll, int, epoll_create, (int size), CALL_NEWFD, CALL_PLAIN, SYS_epoll_create, epoll_create(INT(0)), PASS, BY_NONE, NOWHERE)
SYSCALL(epoll, int, epoll_create1, (int flags), CALL_NEWFD, CALL_PLAIN, SYS_epoll_create1, epoll_create1(INT(0)), PASS, BY_NONE, NOWHERE)
SYSCALL(epoll, int, epoll_ctl, (int ep, int op, int fd, struct epoll_event *ev), CALL_FD(0) | CALL_FD(2), CALL_PLAIN, SYS_epoll_ctl, epoll_ctl(INT(0), INT(1), INT(2), PTR(3)), PASS, BY_NONE, NOWHERE)
OLDCALL(epoll, int, epoll_wait, (int ep, struct epoll_event *evs, int n, int timeout), CALL_FD(0), CALL_WAITS, SYS_epoll_wait, epoll_wait(INT(0), PTR(1), INT(2), INT(3)), PASS, BY_NONE, NOWHERE)
SYSCALL(epoll, int, epoll_pwait, (int ep, struct epoll_event *evs, int n, int timeout, const sigset_t *mask), CALL_FD(0), CALL_WAITS, SYS_epoll_pwait, epoll_pwait(INT(0), PTR(1), INT(2), INT(3), MASK(4)), PASS, BY_NONE, NOWHERE)
SYSCALL(epoll, int, epoll_pwait2, (int ep, struct epoll_event *evs, int n, const struct timespec *timeout, const sigset_t *mask), CALL_FD(0), CALL_WAITS, SYS_epoll_pwait2, epoll_pwait2(INT(0), PTR(1), INT(2), PTR(3), MASK(4)), PASS, BY_NONE, NOWHERE)

/* Files of the stack: /proc/net, /proc/sys/net; streams upon sockets. */
OLDCALL(procfs, int, open, (const char *path, int flags, ...), CALL_NEWFD, CALL_WAITS, SYS_open, open(PTR(0), INT(1), MODE(2)), ASK, BY_CALL(files_open), PATH(0))
LIBCALL(procfs, int, open64, (const char *path, int flags, ...), CALL_NEWFD, CALL_WAITS)
SYSCALL(procfs, int, openat, (int dir, const char *path, int flags, ...), CALL_FD(0) | CALL_NEWFD, CALL_WAITS, SYS_openat, openat(INT(0), PTR(1), INT(2), MODE(3)), ASK, BY_CALL(files_open), PATH(1))
LIBCALL(procfs, int, openat64, (int dir, const char *path, int flags, ...), CALL_FD(0) | CALL_NEWFD, CALL_WAITS)
LIBCALL(procfs, int, __open_2, (const char *path, int flags), CALL_NEWFD, CALL_WAITS)
LIBCALL(procfs, int, __open64_2, (const char *path, int flags), CALL_NEWFD, CALL_WAITS)
LIBCALL(procfs, int, __openat_2, (int dir, const char *path, int flags), CALL_FD(0) | CALL_NEWFD, CALL_WAITS)
LIBCALL(procfs, int, __openat64_2, (int dir, const char *path, int flags), CALL_FD(0) | CALL_NEWFD, CALL_WAITS)
OLDCALL(procfs, int, creat, (const char *path, mode_t mode), CALL_NEWFD, CALL_WAITS, SYS_creat, creat(PTR(0), MODE(1)), ASK, BY_CALL(files_open), PATH(0))
LIBCALL(procfs, int, creat64, (const char *path, mode_t mode), CALL_NEWFD, CALL_WAITS)
LIBCALL(stdio, FILE *, fopen, (const char *path, const char *mode), CALL_NOFD, CALL_PLAIN)
LIBCALL(stdio, FILE *, fopen64, (const char *path, const char *mode), CALL_NOFD, CALL_PLAIN)
LIBCALL(stdio, FILE *, freopen, (const char *path, const char *mode, FILE *f), CALL_NOFD, CALL_PLAIN)
LIBCALL(stdio, FILE *, freopen64, (const char *path, const char *mode, FILE *f), CALL_NOFD, CALL_PLAIN)
LIBCALL(stdio, int, fclose, (FILE *f), CALL_NOFD, CALL_PLAIN)
LIBCALL(stdio, FILE *, fdopen, (int fd, const char *mode), CALL_FD(0), CALL_PLAIN)
LIBCALL(stdio, int, fileno, (FILE *f), CALL_NOFD, CALL_PLAIN)
LIBCALL(stdio, int, fileno_unlocked, (FILE *f), CALL_NOFD, CALL_PLAIN)
LIBCALL(stdio, int, dprintf, (int fd, const char *fmt, ...), CALL_FD(0), CALL_CANCELS)
LIBCALL(stdio, int, __dprintf_chk, (int fd, int flag, const char *fmt, ...), CALL_FD(0), CALL_CANCELS)
LIBCALL(stdio, int, vdprintf, (int fd, const char *fmt, va_list ap), CALL_FD(0), CALL_CANCELS)
LIBCALL(stdio, int, __vdprintf_chk, (int fd, int flag, const char *fmt, va_list ap), CALL_FD(0), CALL_CANCELS)

RAWCALL(openat2, SYS_openat2, procfs_openat2(INT(0), PTR(1), PTR(2), SIZE(3)), ASK, BY_CALL(files_open), PATH(1))

/* Its operations are seen by neither mode: programs fall back. */
RAWCALL(io_uring_setup, SYS_io_uring_setup, edge_ret(-ENOSYS), REFUSE, BY_NONE, DENIED)

/* Enters a namespace whose network may be the host's. */
RAWCALL(setns, SYS_setns, HOST_DOES, ASK, BY_CALL(netns_setns), NOWHERE)

/* What sends a signal, or lets a timer send one: a parked call may have to be interrupted. */
RAWCALL(kill, SYS_kill, HOST_DOES, ASK, BY_CALL(look_kill), NOWHERE)
RAWCALL(tkill, SYS_tkill, HOST_DOES, ASK, BY_CALL(look_kill), NOWHERE)
RAWCALL(tgkill, SYS_tgkill, HOST_DOES, ASK, BY_CALL(look_kill), NOWHERE)
RAWCALL(rt_sigqueueinfo, SYS_rt_sigqueueinfo, HOST_DOES, ASK, BY_CALL(look_kill), NOWHERE)
RAWCALL(rt_tgsigqueueinfo, SYS_rt_tgsigqueueinfo, HOST_DOES, ASK, BY_CALL(look_kill), NOWHERE)
RAWCALL(pidfd_send_signal, SYS_pidfd_send_signal, HOST_DOES, ASK, BY_CALL(look_kill), NOWHERE)
#ifdef SYS_alarm
RAWCALL(alarm, SYS_alarm, HOST_DOES, ASK, BY_CALL(look_alarm), NOWHERE)
#endif
RAWCALL(setitimer, SYS_setitimer, HOST_DOES, ASK, BY_CALL(look_alarm), NOWHERE)
RAWCALL(timer_settime, SYS_timer_settime, HOST_DOES, ASK, BY_CALL(look_alarm), NOWHERE)

/* Signals and cancellation: nothing of the program may run inside the stack. */
SYSCALL(signal, int, sigaction, (int sig, const struct sigaction *act, struct sigaction *old), CALL_NOFD, CALL_PLAIN, SYS_rt_sigaction, HOST_DOES, PASS, BY_NONE, NOWHERE)
LIBCALL(signal, __sighandler_t, signal, (int sig, __sighandler_t handler), CALL_NOFD, CALL_PLAIN)
LIBCALL(signal, __sighandler_t, __sysv_signal, (int sig, __sighandler_t handler), CALL_NOFD, CALL_PLAIN)
LIBCALL(signal, __sighandler_t, sigset, (int sig, __sighandler_t handler), CALL_NOFD, CALL_PLAIN)
LIBCALL(signal, int, sigignore, (int sig), CALL_NOFD, CALL_PLAIN)
LIBCALL(signal, int, siginterrupt, (int sig, int flag), CALL_NOFD, CALL_PLAIN)
LIBCALL(cancel, int, pthread_cancel, (pthread_t thread), CALL_NOFD, CALL_PLAIN)
LIBCALL(cancel, int, pthread_setcanceltype, (int type, int *old), CALL_NOFD, CALL_PLAIN)

/* The life of the process. */
OLDCALL(life, pid_t, vfork, (void), CALL_NOFD, CALL_PLAIN, SYS_vfork, fork(), PASS, BY_NONE, NOWHERE)
LIBCALL(life, pid_t, _Fork, (void), CALL_NOFD, CALL_PLAIN)
LIBCALL(life, int, daemon, (int nochdir, int noclose), CALL_NOFD, CALL_PLAIN)
SYSCALL(life, void, _exit, (int status), CALL_NOFD, CALL_PLAIN, SYS_exit_group, (_exit(INT(0)), 0L), PASS, BY_NONE, NOWHERE)
SYSCALL(exec, int, execve, (const char *path, char *const argv[], char *const envp[]), CALL_NOFD, CALL_PLAIN, SYS_execve, execve(PTR(0), PTR(1), PTR(2)), PASS, BY_NONE, NOWHERE)
LIBCALL(exec, int, execv, (const char *path, char *const argv[]), CALL_NOFD, CALL_PLAIN)
LIBCALL(exec, int, execvp, (const char *file, char *const argv[]), CALL_NOFD, CALL_PLAIN)
LIBCALL(exec, int, execvpe, (const char *file, char *const argv[], char *const envp[]), CALL_NOFD, CALL_PLAIN)
LIBCALL(exec, int, fexecve, (int fd, char *const argv[], char *const envp[]), CALL_FD(0), CALL_PLAIN)
LIBCALL(exec, int, execl, (const char *path, const char *arg, ...), CALL_NOFD, CALL_PLAIN)
LIBCALL(exec, int, execlp, (const char *file, const char *arg, ...), CALL_NOFD, CALL_PLAIN)
LIBCALL(exec, int, execle, (const char *path, const char *arg, ...), CALL_NOFD, CALL_PLAIN)
LIBCALL(exec, int, posix_spawn, (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr, char *const argv[], char *const envp[]), CALL_NOFD, CALL_PLAIN)
LIBCALL(exec, int, posix_spawnp, (pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr, char *const argv[], char *const envp[]), CALL_NOFD, CALL_PLAIN)
LIBCALL(exec, int, system, (const char *command), CALL_NOFD, CALL_PLAIN)
LIBCALL(exec, FILE *, popen, (const char *command, const char *type), CALL_NOFD, CALL_PLAIN)
#ifdef _WORDEXP_H
LIBCALL(exec, int, wordexp, (const char *words, wordexp_t *out, int flags), CALL_NOFD, CALL_PLAIN)
#endif
SYSCALL(exec, int, execveat, (int dir, const char *path, char *const argv[], char *const envp[], int flags), CALL_FD(0), CALL_PLAIN, SYS_execveat, execveat(INT(0), PTR(1), PTR(2), PTR(3), INT(4)), PASS, BY_NONE, NOWHERE)
LIBCALL(plugin, void *, dlopen, (const char *file, int mode), CALL_NOFD, CALL_PLAIN)
#ifdef LM_ID_BASE
LIBCALL(plugin, void *, dlmopen, (Lmid_t space, const char *file, int mode), CALL_NOFD, CALL_PLAIN)
#endif
LIBCALL(raw, long, syscall, (long nr, ...), CALL_NOFD, CALL_PLAIN)

/* Names and interfaces: libc opens sockets of its own for these. */
LIBCALL(netif, unsigned int, if_nametoindex, (const char *name), CALL_NOFD, CALL_PLAIN)
LIBCALL(netif, char *, if_indextoname, (unsigned int index, char name[IF_NAMESIZE]), CALL_NOFD, CALL_PLAIN)
LIBCALL(netif, struct if_nameindex *, if_nameindex, (void), CALL_NOFD, CALL_PLAIN)
LIBCALL(netif, int, getifaddrs, (struct ifaddrs **list), CALL_NOFD, CALL_PLAIN)
LIBCALL(resolve, int, getaddrinfo, (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, getnameinfo, (const struct sockaddr *sa, socklen_t salen, char *host, socklen_t hostlen, char *serv, socklen_t servlen, int flags), CALL_NOFD, CALL_WAITS | CALL_THROUGH)
LIBCALL(resolve, struct hostent *, gethostbyname, (const char *name), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, struct hostent *, gethostbyname2, (const char *name, int af), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, struct hostent *, gethostbyaddr, (const void *addr, socklen_t len, int type), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, gethostbyname_r, (const char *name, struct hostent *ret, char *buf, size_t len, struct hostent **res, int *herr), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, gethostbyname2_r, (const char *name, int af, struct hostent *ret, char *buf, size_t len, struct hostent **res, int *herr), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, gethostbyaddr_r, (const void *addr, socklen_t alen, int type, struct hostent *ret, char *buf, size_t len, struct hostent **res, int *herr), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, res_query, (const char *name, int cls, int type, unsigned char *answer, int len), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, res_search, (const char *name, int cls, int type, unsigned char *answer, int len), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, res_querydomain, (const char *name, const char *domain, int cls, int type, unsigned char *answer, int len), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, res_send, (const unsigned char *msg, int msglen, unsigned char *answer, int len), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, res_nquery, (res_state state, const char *name, int cls, int type, unsigned char *answer, int len), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, res_nsearch, (res_state state, const char *name, int cls, int type, unsigned char *answer, int len), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, res_nquerydomain, (res_state state, const char *name, const char *domain, int cls, int type, unsigned char *answer, int len), CALL_NOFD, CALL_WAITS)
LIBCALL(resolve, int, res_nsend, (res_state state, const unsigned char *msg, int msglen, unsigned char *answer, int len), CALL_NOFD, CALL_WAITS)

LIBCALL(gai, int, getaddrinfo_a, (int mode, struct gaicb *list[], int n, struct sigevent *event), CALL_NOFD, CALL_BLOCKS)
LIBCALL(gai, int, gai_suspend, (const struct gaicb *const list[], int n, const struct timespec *timeout), CALL_NOFD, CALL_WAITS)
LIBCALL(gai, int, gai_cancel, (struct gaicb *request), CALL_NOFD, CALL_PLAIN)

LIBCALL(rcmd, int, rresvport, (int *port), CALL_NEWFD, CALL_PLAIN)
LIBCALL(rcmd, int, rresvport_af, (int *port, sa_family_t af), CALL_NEWFD, CALL_PLAIN)
LIBCALL(rcmd, int, bindresvport, (int fd, struct sockaddr_in *sin), CALL_FD(0), CALL_THROUGH)
LIBCALL(rcmd, int, rcmd, (char **host, unsigned short port, const char *local, const char *remote, const char *command, int *errors), CALL_NEWFD, CALL_PLAIN)
LIBCALL(rcmd, int, rcmd_af, (char **host, unsigned short port, const char *local, const char *remote, const char *command, int *errors, sa_family_t af), CALL_NEWFD, CALL_PLAIN)
LIBCALL(rcmd, int, rexec, (char **host, int port, const char *name, const char *password, const char *command, int *errors), CALL_NEWFD, CALL_PLAIN)
LIBCALL(rcmd, int, rexec_af, (char **host, int port, const char *name, const char *password, const char *command, int *errors, sa_family_t af), CALL_NEWFD, CALL_PLAIN)

ALIAS(__read, read)
ALIAS(__write, write)
ALIAS(__close, close)
ALIAS(__send, send)
ALIAS(__connect, connect)
ALIAS(__poll, poll)
ALIAS(__select, select)
ALIAS(__dup2, dup2)
ALIAS(__fcntl, fcntl)
ALIAS(__open, open)
ALIAS(__open64, open64)
ALIAS(_IO_fopen, fopen)
ALIAS(_IO_fclose, fclose)
ALIAS(_IO_fdopen, fdopen)
ALIAS(__sigaction, sigaction)
ALIAS(bsd_signal, signal)
ALIAS(ssignal, signal)
ALIAS(sysv_signal, __sysv_signal)
ALIAS(__vfork, vfork)
ALIAS(_Exit, _exit)
ALIAS(preadv64v2, preadv2)
ALIAS(pwritev64v2, pwritev2)
ALIAS(__res_query, res_query)
ALIAS(__res_search, res_search)
ALIAS(__res_querydomain, res_querydomain)
ALIAS(__res_send, res_send)
ALIAS(__res_nquery, res_nquery)
ALIAS(__res_nsearch, res_nsearch)
ALIAS(__res_nquerydomain, res_nquerydomain)
ALIAS(__res_nsend, res_nsend)
#undef ALIAS
#undef HOOKED
#undef NUMBERED
#undef LIBCALL
#undef SYSCALL
#undef OLDCALL
#undef RAWCALL
/* clang-format on */
