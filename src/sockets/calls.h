/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * calls.h - the one table of calls that can meet a socket.
 *
 * Each line is a libc entry point:
 *
 *   CALL(room, return type, name, prototype, number, descriptors, flags)
 *
 *   room		the file in inline/ that serves it
 *   number		the system call behind it, or NONE when libc makes it out of
 *			several (getaddrinfo) or out of another line's
 *   descriptors	which arguments are descriptors: FD(0), FD(0) | FD(1), ...;
 *			FDS if they are inside a structure (poll), NEWFD if the
 *			result is a new descriptor
 *   flags		BLOCKS: may wait; CANCELS: POSIX cancellation point;
 *			CONTROL: sets a socket up or asks about it, moves no data;
 *			ADDRESS: moves data and may carry addresses; PATH: opens a
 *			path. Shadow mode's supervisor is asked about CONTROL,
 *			ADDRESS and PATH calls (shadow/filter.c)
 *
 * Includers define CALL and include this file; it is undefined at the end. From
 * the table are made: the declarations of the hooks and the pointers to the
 * libc's own functions (inline/real.h), the list in docs/inline.md and the
 * coverage test (tests/parity/coverage.c). Two entry points which libc exports
 * under several names are joined by ALIAS(name, same as).
 *
 * Limits: the table holds what glibc 2.36 exports. A number that the processor
 * does not have (arm64: poll, select, epoll_wait ...) is NONE there.
 */
#ifndef PERSONA_CALLS_H
#define PERSONA_CALLS_H

#include <sys/syscall.h>

#define CALL_NONE     (-1)
#define CALL_FD(arg)  (1u << (arg))
#define CALL_FDS      (1u << 8)
#define CALL_NEWFD    (1u << 9)
#define CALL_NOFD     0u
#define CALL_BLOCKS   (1u << 0)
#define CALL_CANCELS  (1u << 1)
#define CALL_CONTROL  (1u << 2)
#define CALL_ADDRESS  (1u << 3)
#define CALL_PATH     (1u << 4)
#define CALL_WAITS    (CALL_BLOCKS | CALL_CANCELS)
#define CALL_PLAIN    0u

/* Older processors' calls, absent on arm64 and riscv. */
#ifdef SYS_poll
#define CALL_SYS_poll SYS_poll
#define CALL_SYS_select SYS_select
#define CALL_SYS_dup2 SYS_dup2
#define CALL_SYS_open SYS_open
#define CALL_SYS_epoll_create SYS_epoll_create
#define CALL_SYS_epoll_wait SYS_epoll_wait
#else
#define CALL_SYS_poll CALL_NONE
#define CALL_SYS_select CALL_NONE
#define CALL_SYS_dup2 CALL_NONE
#define CALL_SYS_open CALL_NONE
#define CALL_SYS_epoll_create CALL_NONE
#define CALL_SYS_epoll_wait CALL_NONE
#endif

#endif /* PERSONA_CALLS_H */

#ifndef ALIAS
#define ALIAS(name, same)
#endif

/* clang-format off */
#ifdef CALL

/* Sockets: making them, their addresses, their state. */
CALL(socket, int, socket, (int domain, int type, int protocol), SYS_socket, CALL_NEWFD, CALL_CONTROL)
CALL(socket, int, socketpair, (int domain, int type, int protocol, int sv[2]), SYS_socketpair, CALL_NEWFD, CALL_CONTROL)
CALL(socket, int, bind, (int fd, const struct sockaddr *addr, socklen_t len), SYS_bind, CALL_FD(0), CALL_CONTROL)
CALL(socket, int, connect, (int fd, const struct sockaddr *addr, socklen_t len), SYS_connect, CALL_FD(0), CALL_WAITS | CALL_CONTROL)
CALL(socket, int, listen, (int fd, int backlog), SYS_listen, CALL_FD(0), CALL_CONTROL)
CALL(socket, int, accept, (int fd, struct sockaddr *addr, socklen_t *len), SYS_accept, CALL_FD(0) | CALL_NEWFD, CALL_WAITS | CALL_CONTROL)
CALL(socket, int, accept4, (int fd, struct sockaddr *addr, socklen_t *len, int flags), SYS_accept4, CALL_FD(0) | CALL_NEWFD, CALL_WAITS | CALL_CONTROL)
CALL(socket, int, getsockname, (int fd, struct sockaddr *addr, socklen_t *len), SYS_getsockname, CALL_FD(0), CALL_CONTROL)
CALL(socket, int, getpeername, (int fd, struct sockaddr *addr, socklen_t *len), SYS_getpeername, CALL_FD(0), CALL_CONTROL)
CALL(socket, int, shutdown, (int fd, int how), SYS_shutdown, CALL_FD(0), CALL_CONTROL)
CALL(socket, int, sockatmark, (int fd), CALL_NONE, CALL_FD(0), CALL_CONTROL)
CALL(sockopt, int, getsockopt, (int fd, int level, int name, void *val, socklen_t *len), SYS_getsockopt, CALL_FD(0), CALL_CONTROL)
CALL(sockopt, int, setsockopt, (int fd, int level, int name, const void *val, socklen_t len), SYS_setsockopt, CALL_FD(0), CALL_CONTROL)

/* Data. */
CALL(io, ssize_t, read, (int fd, void *buf, size_t n), SYS_read, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, __read_chk, (int fd, void *buf, size_t n, size_t room), CALL_NONE, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, readv, (int fd, const struct iovec *iov, int n), SYS_readv, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, preadv2, (int fd, const struct iovec *iov, int n, off_t off, int flags), SYS_preadv2, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, write, (int fd, const void *buf, size_t n), SYS_write, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, writev, (int fd, const struct iovec *iov, int n), SYS_writev, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, pwritev2, (int fd, const struct iovec *iov, int n, off_t off, int flags), SYS_pwritev2, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, send, (int fd, const void *buf, size_t n, int flags), CALL_NONE, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, sendto, (int fd, const void *buf, size_t n, int flags, const struct sockaddr *addr, socklen_t len), SYS_sendto, CALL_FD(0), CALL_WAITS | CALL_ADDRESS)
CALL(io, ssize_t, sendmsg, (int fd, const struct msghdr *msg, int flags), SYS_sendmsg, CALL_FD(0), CALL_WAITS | CALL_ADDRESS)
CALL(io, int, sendmmsg, (int fd, struct mmsghdr *msgs, unsigned int n, int flags), SYS_sendmmsg, CALL_FD(0), CALL_WAITS | CALL_ADDRESS)
CALL(io, ssize_t, recv, (int fd, void *buf, size_t n, int flags), CALL_NONE, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, __recv_chk, (int fd, void *buf, size_t n, size_t room, int flags), CALL_NONE, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, recvfrom, (int fd, void *buf, size_t n, int flags, struct sockaddr *addr, socklen_t *len), SYS_recvfrom, CALL_FD(0), CALL_WAITS | CALL_ADDRESS)
CALL(io, ssize_t, __recvfrom_chk, (int fd, void *buf, size_t n, size_t room, int flags, struct sockaddr *addr, socklen_t *len), CALL_NONE, CALL_FD(0), CALL_WAITS)
CALL(io, ssize_t, recvmsg, (int fd, struct msghdr *msg, int flags), SYS_recvmsg, CALL_FD(0), CALL_WAITS | CALL_ADDRESS)
CALL(io, int, recvmmsg, (int fd, struct mmsghdr *msgs, unsigned int n, int flags, struct timespec *timeout), SYS_recvmmsg, CALL_FD(0), CALL_WAITS | CALL_ADDRESS)
CALL(copy, ssize_t, sendfile, (int out, int in, off_t *off, size_t n), SYS_sendfile, CALL_FD(0) | CALL_FD(1), CALL_BLOCKS)
CALL(copy, ssize_t, sendfile64, (int out, int in, off64_t *off, size_t n), CALL_NONE, CALL_FD(0) | CALL_FD(1), CALL_BLOCKS)
CALL(copy, ssize_t, splice, (int in, off64_t *inoff, int out, off64_t *outoff, size_t n, unsigned int flags), SYS_splice, CALL_FD(0) | CALL_FD(2), CALL_WAITS)

/* Descriptors. */
CALL(number, int, close, (int fd), SYS_close, CALL_FD(0), CALL_BLOCKS | CALL_CANCELS)
CALL(number, int, close_range, (unsigned int first, unsigned int last, int flags), SYS_close_range, CALL_FDS, CALL_PLAIN)
CALL(number, void, closefrom, (int first), CALL_NONE, CALL_FDS, CALL_PLAIN)
CALL(number, int, dup, (int fd), SYS_dup, CALL_FD(0) | CALL_NEWFD, CALL_PLAIN)
CALL(number, int, dup2, (int fd, int to), CALL_SYS_dup2, CALL_FD(0) | CALL_FD(1) | CALL_NEWFD, CALL_PLAIN)
CALL(number, int, dup3, (int fd, int to, int flags), SYS_dup3, CALL_FD(0) | CALL_FD(1) | CALL_NEWFD, CALL_PLAIN)
CALL(number, int, fcntl, (int fd, int cmd, ...), SYS_fcntl, CALL_FD(0) | CALL_NEWFD, CALL_CANCELS)
CALL(number, int, fcntl64, (int fd, int cmd, ...), CALL_NONE, CALL_FD(0) | CALL_NEWFD, CALL_CANCELS)
CALL(number, int, ioctl, (int fd, unsigned long cmd, ...), SYS_ioctl, CALL_FD(0), CALL_CONTROL)
CALL(number, int, eventfd, (unsigned int count, int flags), SYS_eventfd2, CALL_NEWFD, CALL_PLAIN)
CALL(number, int, timerfd_create, (clockid_t clock, int flags), SYS_timerfd_create, CALL_NEWFD, CALL_PLAIN)

/* Waiting. */
CALL(wait, int, poll, (struct pollfd *fds, nfds_t n, int timeout), CALL_SYS_poll, CALL_FDS, CALL_WAITS)
CALL(wait, int, __poll_chk, (struct pollfd *fds, nfds_t n, int timeout, size_t room), CALL_NONE, CALL_FDS, CALL_WAITS)
CALL(wait, int, ppoll, (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask), SYS_ppoll, CALL_FDS, CALL_WAITS)
CALL(wait, int, __ppoll_chk, (struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room), CALL_NONE, CALL_FDS, CALL_WAITS)
CALL(select, int, select, (int n, fd_set *in, fd_set *out, fd_set *except, struct timeval *timeout), CALL_SYS_select, CALL_FDS, CALL_WAITS)
CALL(select, int, pselect, (int n, fd_set *in, fd_set *out, fd_set *except, const struct timespec *timeout, const sigset_t *mask), SYS_pselect6, CALL_FDS, CALL_WAITS)
CALL(epoll, int, epoll_create, (int size), CALL_SYS_epoll_create, CALL_NEWFD, CALL_PLAIN)
CALL(epoll, int, epoll_create1, (int flags), SYS_epoll_create1, CALL_NEWFD, CALL_PLAIN)
CALL(epoll, int, epoll_ctl, (int ep, int op, int fd, struct epoll_event *ev), SYS_epoll_ctl, CALL_FD(0) | CALL_FD(2), CALL_PLAIN)
CALL(epoll, int, epoll_wait, (int ep, struct epoll_event *evs, int n, int timeout), CALL_SYS_epoll_wait, CALL_FD(0), CALL_WAITS)
CALL(epoll, int, epoll_pwait, (int ep, struct epoll_event *evs, int n, int timeout, const sigset_t *mask), SYS_epoll_pwait, CALL_FD(0), CALL_WAITS)
CALL(epoll, int, epoll_pwait2, (int ep, struct epoll_event *evs, int n, const struct timespec *timeout, const sigset_t *mask), SYS_epoll_pwait2, CALL_FD(0), CALL_WAITS)

/* Files of the stack: /proc/net, /proc/sys/net; streams upon sockets. */
CALL(procfs, int, open, (const char *path, int flags, ...), CALL_SYS_open, CALL_NEWFD, CALL_WAITS | CALL_PATH)
CALL(procfs, int, open64, (const char *path, int flags, ...), CALL_NONE, CALL_NEWFD, CALL_WAITS)
CALL(procfs, int, openat, (int dir, const char *path, int flags, ...), SYS_openat, CALL_FD(0) | CALL_NEWFD, CALL_WAITS | CALL_PATH)
CALL(procfs, int, openat64, (int dir, const char *path, int flags, ...), CALL_NONE, CALL_FD(0) | CALL_NEWFD, CALL_WAITS)
CALL(procfs, int, __open_2, (const char *path, int flags), CALL_NONE, CALL_NEWFD, CALL_WAITS)
CALL(procfs, int, __open64_2, (const char *path, int flags), CALL_NONE, CALL_NEWFD, CALL_WAITS)
CALL(procfs, int, __openat_2, (int dir, const char *path, int flags), CALL_NONE, CALL_FD(0) | CALL_NEWFD, CALL_WAITS)
CALL(procfs, int, __openat64_2, (int dir, const char *path, int flags), CALL_NONE, CALL_FD(0) | CALL_NEWFD, CALL_WAITS)
CALL(procfs, int, creat, (const char *path, mode_t mode), CALL_NONE, CALL_NEWFD, CALL_WAITS)
CALL(procfs, int, creat64, (const char *path, mode_t mode), CALL_NONE, CALL_NEWFD, CALL_WAITS)
CALL(stdio, FILE *, fopen, (const char *path, const char *mode), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(stdio, FILE *, fopen64, (const char *path, const char *mode), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(stdio, FILE *, freopen, (const char *path, const char *mode, FILE *f), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(stdio, FILE *, freopen64, (const char *path, const char *mode, FILE *f), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(stdio, int, fclose, (FILE *f), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(stdio, FILE *, fdopen, (int fd, const char *mode), CALL_NONE, CALL_FD(0), CALL_PLAIN)
CALL(stdio, int, fileno, (FILE *f), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(stdio, int, fileno_unlocked, (FILE *f), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(stdio, int, dprintf, (int fd, const char *fmt, ...), CALL_NONE, CALL_FD(0), CALL_CANCELS)
CALL(stdio, int, __dprintf_chk, (int fd, int flag, const char *fmt, ...), CALL_NONE, CALL_FD(0), CALL_CANCELS)
CALL(stdio, int, vdprintf, (int fd, const char *fmt, va_list ap), CALL_NONE, CALL_FD(0), CALL_CANCELS)
CALL(stdio, int, __vdprintf_chk, (int fd, int flag, const char *fmt, va_list ap), CALL_NONE, CALL_FD(0), CALL_CANCELS)

/* Signals and cancellation: nothing of the program may run inside the stack. */
CALL(signal, int, sigaction, (int sig, const struct sigaction *act, struct sigaction *old), SYS_rt_sigaction, CALL_NOFD, CALL_PLAIN)
CALL(signal, __sighandler_t, signal, (int sig, __sighandler_t handler), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(signal, __sighandler_t, __sysv_signal, (int sig, __sighandler_t handler), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(signal, __sighandler_t, sigset, (int sig, __sighandler_t handler), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(signal, int, sigignore, (int sig), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(signal, int, siginterrupt, (int sig, int flag), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(cancel, int, pthread_cancel, (pthread_t thread), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(cancel, int, pthread_setcanceltype, (int type, int *old), CALL_NONE, CALL_NOFD, CALL_PLAIN)

/* The life of the process. */
CALL(life, pid_t, vfork, (void), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(life, pid_t, _Fork, (void), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(life, int, daemon, (int nochdir, int noclose), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(life, void, _exit, (int status), SYS_exit_group, CALL_NOFD, CALL_PLAIN)
CALL(exec, int, execve, (const char *path, char *const argv[], char *const envp[]), SYS_execve, CALL_NOFD, CALL_PLAIN)
CALL(exec, int, execv, (const char *path, char *const argv[]), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(exec, int, execvp, (const char *file, char *const argv[]), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(exec, int, execvpe, (const char *file, char *const argv[], char *const envp[]), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(exec, int, fexecve, (int fd, char *const argv[], char *const envp[]), CALL_NONE, CALL_FD(0), CALL_PLAIN)
CALL(exec, int, execl, (const char *path, const char *arg, ...), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(exec, int, execlp, (const char *file, const char *arg, ...), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(exec, int, execle, (const char *path, const char *arg, ...), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(exec, int, posix_spawn, (pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr, char *const argv[], char *const envp[]), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(exec, int, posix_spawnp, (pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attr, char *const argv[], char *const envp[]), CALL_NONE, CALL_NOFD, CALL_PLAIN)
CALL(raw, long, syscall, (long nr, ...), CALL_NONE, CALL_NOFD, CALL_PLAIN)

/* Names and interfaces: libc opens sockets of its own for these. */
CALL(netif, unsigned int, if_nametoindex, (const char *name), CALL_NONE, CALL_NOFD, CALL_CONTROL)
CALL(netif, char *, if_indextoname, (unsigned int index, char name[IF_NAMESIZE]), CALL_NONE, CALL_NOFD, CALL_CONTROL)
CALL(netif, struct if_nameindex *, if_nameindex, (void), CALL_NONE, CALL_NOFD, CALL_CONTROL)
CALL(netif, int, getifaddrs, (struct ifaddrs **list), CALL_NONE, CALL_NOFD, CALL_CONTROL)
CALL(resolve, int, getaddrinfo, (const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, getnameinfo, (const struct sockaddr *sa, socklen_t salen, char *host, socklen_t hostlen, char *serv, socklen_t servlen, int flags), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, struct hostent *, gethostbyname, (const char *name), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, struct hostent *, gethostbyname2, (const char *name, int af), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, struct hostent *, gethostbyaddr, (const void *addr, socklen_t len, int type), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, gethostbyname_r, (const char *name, struct hostent *ret, char *buf, size_t len, struct hostent **res, int *herr), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, gethostbyname2_r, (const char *name, int af, struct hostent *ret, char *buf, size_t len, struct hostent **res, int *herr), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, gethostbyaddr_r, (const void *addr, socklen_t alen, int type, struct hostent *ret, char *buf, size_t len, struct hostent **res, int *herr), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, res_query, (const char *name, int cls, int type, unsigned char *answer, int len), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, res_search, (const char *name, int cls, int type, unsigned char *answer, int len), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, res_querydomain, (const char *name, const char *domain, int cls, int type, unsigned char *answer, int len), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, res_send, (const unsigned char *msg, int msglen, unsigned char *answer, int len), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, res_nquery, (res_state state, const char *name, int cls, int type, unsigned char *answer, int len), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, res_nsearch, (res_state state, const char *name, int cls, int type, unsigned char *answer, int len), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, res_nquerydomain, (res_state state, const char *name, const char *domain, int cls, int type, unsigned char *answer, int len), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(resolve, int, res_nsend, (res_state state, const unsigned char *msg, int msglen, unsigned char *answer, int len), CALL_NONE, CALL_NOFD, CALL_WAITS)

CALL(gai, int, getaddrinfo_a, (int mode, struct gaicb *list[], int n, struct sigevent *event), CALL_NONE, CALL_NOFD, CALL_BLOCKS)
CALL(gai, int, gai_suspend, (const struct gaicb *const list[], int n, const struct timespec *timeout), CALL_NONE, CALL_NOFD, CALL_WAITS)
CALL(gai, int, gai_cancel, (struct gaicb *request), CALL_NONE, CALL_NOFD, CALL_PLAIN)

CALL(rcmd, int, rresvport, (int *port), CALL_NONE, CALL_NEWFD, CALL_CONTROL)
CALL(rcmd, int, rresvport_af, (int *port, sa_family_t af), CALL_NONE, CALL_NEWFD, CALL_CONTROL)
CALL(rcmd, int, bindresvport, (int fd, struct sockaddr_in *sin), CALL_NONE, CALL_FD(0), CALL_CONTROL)
CALL(rcmd, int, rcmd, (char **host, unsigned short port, const char *local, const char *remote, const char *command, int *errors), CALL_NONE, CALL_NEWFD, CALL_CONTROL)
CALL(rcmd, int, rcmd_af, (char **host, unsigned short port, const char *local, const char *remote, const char *command, int *errors, sa_family_t af), CALL_NONE, CALL_NEWFD, CALL_CONTROL)
CALL(rcmd, int, rexec, (char **host, int port, const char *name, const char *password, const char *command, int *errors), CALL_NONE, CALL_NEWFD, CALL_CONTROL)
CALL(rcmd, int, rexec_af, (char **host, int port, const char *name, const char *password, const char *command, int *errors, sa_family_t af), CALL_NONE, CALL_NEWFD, CALL_CONTROL)

#undef CALL
#endif /* CALL */

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
/* clang-format on */
