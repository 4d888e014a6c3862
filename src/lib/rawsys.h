/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rawsys.h - system calls of the host kernel without libc: the raw result.
 *
 * Three notions of a system call exist: the raw one (result or -errno), libc's
 * (errno), and libc's cancellation point. Code below the stack needs the first:
 * it runs on kernel stacks and on behalf of threads whose errno and
 * cancellation state are the program's, and libc's symbols (socket, close,
 * setsockopt ...) may be hooked by our own inline library.
 *
 * The typed helpers below are those that more than one file uses.
 */
#ifndef PERSONA_LIB_RAWSYS_H
#define PERSONA_LIB_RAWSYS_H

#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#if defined(__x86_64__)
static inline long rawsys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}
#elif defined(__aarch64__)
static inline long rawsys6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory", "cc");
	return x0;
}
#else
#error "rawsys.h: processor not supported"
#endif

#define RAWSYS_PAD(nr, a, b, c, d, e, f, ...) \
	rawsys6((nr), (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/** RAWSYS() - system call with zero to six arguments: result or -errno. */
#define RAWSYS(...) RAWSYS_PAD(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)

static inline int raw_open(const char *path, int flags, int mode)
{
	return (int)RAWSYS(SYS_openat, AT_FDCWD, path, flags, mode);
}

static inline void raw_close(int fd)
{
	RAWSYS(SYS_close, fd);
}

static inline int raw_socket(int domain, int type, int protocol)
{
	return (int)RAWSYS(SYS_socket, domain, type, protocol);
}

static inline int raw_ioctl(int fd, unsigned long req, const void *arg)
{
	return (int)RAWSYS(SYS_ioctl, fd, req, arg);
}

static inline int raw_setsockopt(int fd, int level, int name, const void *val, size_t len)
{
	return (int)RAWSYS(SYS_setsockopt, fd, level, name, val, len);
}

static inline int raw_setsockopt_int(int fd, int level, int name, int val)
{
	return raw_setsockopt(fd, level, name, &val, sizeof(val));
}

/**
 * raw_yield() - let the thread run that holds what we poll for.
 *
 * sched_yield() of a real-time thread would let other real-time threads run only, and the holder
 * may wait for this very processor: such a thread sleeps, for some 20 us. Any thread.
 */
static inline void raw_yield(void)
{
	static const struct timespec nap = {.tv_nsec = 20000};
	long policy = RAWSYS(SYS_sched_getscheduler, 0) & ~SCHED_RESET_ON_FORK;

	if (policy == SCHED_RR || policy == SCHED_FIFO)
		RAWSYS(SYS_nanosleep, &nap, NULL);
	else
		RAWSYS(SYS_sched_yield);
}

#endif /* PERSONA_LIB_RAWSYS_H */
