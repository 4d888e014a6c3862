/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * leak_way.h - three ways to make a system call, for leak.c, and how steps are reported.
 *
 * By libc's function, by syscall(2), by the processor's instruction: inline mode sees the
 * first two, shadow mode all. Limits: raw calls where lib/rawsys.h has them.
 */
#ifndef PERSONA_PROGRAMS_LEAK_WAY_H
#define PERSONA_PROGRAMS_LEAK_WAY_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "lib/rawsys.h"

enum way { WAY_LIBC, WAY_SYSCALL, WAY_RAW };

static const char *const way_name[] = {"libc", "syscall", "raw"};
static enum way way;
static const char *label; /* CALL, in front of each line that is printed */

static void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", label, what, strerror(errno));
	exit(1);
}

/* Print how a step ended, and give its result. */
static long step(const char *what, long ret)
{
	printf("%s: %s %ld %s\n", label, what, ret, ret < 0 ? strerrorname_np(errno) : "-");
	fflush(stdout);
	return ret;
}

static long raw_call(long nr, long a, long b, long c, long d, long e, long f)
{
	long ret = rawsys6(nr, a, b, c, d, e, f);

	if (ret < 0 && ret > -4096) {
		errno = (int)-ret;
		return -1;
	}
	return ret;
}

#define P(x) ((void *)(uintptr_t)(x))

/* By libc's function; a call that has none there goes by syscall(2). */
static long libc_call(long nr, long a, long b, long c, long d, long e, long f)
{
	switch (nr) {
	case SYS_connect:
		return connect((int)a, P(b), (socklen_t)c);
	case SYS_bind:
		return bind((int)a, P(b), (socklen_t)c);
	case SYS_write:
		return write((int)a, P(b), (size_t)c);
	case SYS_writev:
		return writev((int)a, P(b), (int)c);
	case SYS_pwritev2:
		return pwritev2((int)a, P(b), (int)c, d, (int)f);
	case SYS_sendto:
		return e ? sendto((int)a, P(b), (size_t)c, (int)d, P(e), (socklen_t)f)
			 : send((int)a, P(b), (size_t)c, (int)d);
	case SYS_sendmsg:
		return sendmsg((int)a, P(b), (int)c);
	case SYS_sendmmsg:
		return sendmmsg((int)a, P(b), (unsigned int)c, (int)d);
	case SYS_sendfile:
		return sendfile((int)a, (int)b, P(c), (size_t)d);
	case SYS_splice:
		return splice((int)a, P(b), (int)c, P(d), (size_t)e, (unsigned int)f);
	case SYS_setsockopt:
		return setsockopt((int)a, (int)b, (int)c, P(d), (socklen_t)e);
	}
	return syscall(nr, a, b, c, d, e, f);
}

static long call(long nr, long a, long b, long c, long d, long e, long f)
{
	switch (way) {
	case WAY_LIBC:
		return libc_call(nr, a, b, c, d, e, f);
	case WAY_SYSCALL:
		return syscall(nr, a, b, c, d, e, f);
	case WAY_RAW:
		break;
	}
	return raw_call(nr, a, b, c, d, e, f);
}

#endif /* PERSONA_PROGRAMS_LEAK_WAY_H */
