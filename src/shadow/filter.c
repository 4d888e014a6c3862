// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.c - the seccomp filter that sends socket calls to the supervisor.
 *
 * Theory of operation
 *
 * Classic BPF, made from sockets/calls.h: every line with a system call number
 * that sets a socket up, carries addresses or opens a path is a candidate, and
 * a binary search over the numbers leads to its block. A block looks at the
 * arguments where these can tell that the call is none of our business: a
 * socket() of another family, a send without an address (plain data, which
 * goes through the socket pair), an ioctl() that is not about networking.
 *
 * What would get around us is refused: io_uring (its operations are not seen by
 * seccomp; programs fall back), the x32 calls, and the socket calls of the other
 * word size, which this supervisor could not read.
 *
 * Limits: seccomp cannot see what a pointer points to, so sendmsg(), recvmsg()
 * and open() are always sent to the supervisor, which lets most of them pass.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netdb.h>
#include <resolv.h>
#include <ifaddrs.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "shadow/filter.h"
#include "sockets/calls.h"

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#define OTHER_ARCH  AUDIT_ARCH_I386
static const unsigned int other_socket_calls[] = {102 /* socketcall */, 359 /* socket */};
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#define OTHER_ARCH  AUDIT_ARCH_ARM
static const unsigned int other_socket_calls[] = {281 /* socket */};
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define X32_BIT 0x40000000u

#ifndef AF_SMC
#define AF_SMC 43
#endif

#define ARG_LOW(n)  ((unsigned int)offsetof(struct seccomp_data, args[n]))
#define ARG_HIGH(n) (ARG_LOW(n) + 4)
#define FIELD(name) ((unsigned int)offsetof(struct seccomp_data, name))

#define NOTIFY	    SECCOMP_RET_USER_NOTIF
#define ALLOW	    SECCOMP_RET_ALLOW
#define REFUSE(err) (SECCOMP_RET_ERRNO | (err))

struct out {
	struct sock_filter *insn;
	size_t n;
};

static void emit(struct out *o, unsigned short code, unsigned int k, unsigned char jt,
		 unsigned char jf)
{
	o->insn[o->n++] = (struct sock_filter){code, jt, jf, k};
}

static void load(struct out *o, unsigned int offset)
{
	emit(o, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void ret(struct out *o, unsigned int action)
{
	emit(o, BPF_RET | BPF_K, action, 0, 0);
}

/* If the accumulator passes the test: @action. Else go on. */
static void ret_if(struct out *o, unsigned short test, unsigned int k, unsigned int action)
{
	emit(o, BPF_JMP | test | BPF_K, k, 0, 1);
	ret(o, action);
}

/* socket(): the families whose packets would leave by the host's network. */
static void block_socket(struct out *o)
{
	load(o, ARG_LOW(0));
	ret_if(o, BPF_JEQ, AF_INET, NOTIFY);
	ret_if(o, BPF_JEQ, AF_INET6, NOTIFY);
	ret_if(o, BPF_JEQ, AF_NETLINK, NOTIFY);
	ret_if(o, BPF_JEQ, AF_PACKET, NOTIFY);
	ret_if(o, BPF_JEQ, AF_SMC, REFUSE(EAFNOSUPPORT));
	ret_if(o, BPF_JEQ, AF_RDS, REFUSE(EAFNOSUPPORT));
	ret(o, ALLOW);
}

/* sendto(), recvfrom(): with an address, or with a flag that the pair does not know. */
static void block_address(struct out *o, unsigned int flags)
{
	load(o, ARG_LOW(4));
	ret_if(o, BPF_JGT, 0, NOTIFY);
	load(o, ARG_HIGH(4));
	ret_if(o, BPF_JGT, 0, NOTIFY);
	load(o, ARG_LOW(3));
	ret_if(o, BPF_JSET, flags, NOTIFY);
	ret(o, ALLOW);
}

/* ioctl(): SIOC..., and TIOCOUTQ, which is SIOCOUTQ too. */
static void block_ioctl(struct out *o)
{
	load(o, ARG_LOW(1));
	ret_if(o, BPF_JEQ, 0x5411, NOTIFY);
	emit(o, BPF_JMP | BPF_JGE | BPF_K, 0x8900, 0, 2);
	emit(o, BPF_JMP | BPF_JGT | BPF_K, 0x89ff, 1, 0);
	ret(o, NOTIFY);
	ret(o, ALLOW);
}

static void block(struct out *o, int nr)
{
	switch (nr) {
	case SYS_socket:
		block_socket(o);
		break;
	case SYS_sendto:
		block_address(o, MSG_OOB | MSG_FASTOPEN);
		break;
	case SYS_recvfrom:
		block_address(o, MSG_TRUNC | MSG_ERRQUEUE);
		break;
	case SYS_ioctl:
		block_ioctl(o);
		break;
	default:
		ret(o, NOTIFY);
	}
}

/* The table's numbers that concern us, sorted, each once. */
static size_t numbers(int *nr, size_t max)
{
	static const struct {
		int nr;
		unsigned int flags;
	} table[] = {
#define CALL(room, type, name, proto, number, fds, flags) {number, flags},
#include "sockets/calls.h"
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		size_t at = 0;

		if (table[i].nr < 0 || table[i].nr == SYS_socketpair ||
		    !(table[i].flags & (CALL_CONTROL | CALL_ADDRESS | CALL_PATH)))
			continue;
		while (at < n && nr[at] < table[i].nr)
			at++;
		if ((at < n && nr[at] == table[i].nr) || n == max)
			continue;
		memmove(nr + at + 1, nr + at, (n - at) * sizeof(*nr));
		nr[at] = table[i].nr;
		n++;
	}
	return n;
}

/* The number is in the accumulator. */
static void search(struct out *o, const int *nr, size_t n)
{
	size_t jump;

	if (n == 1) {
		emit(o, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)nr[0], 1, 0);
		ret(o, ALLOW);
		block(o, nr[0]);
		return;
	}
	/* Far jumps, since a half may be longer than 255 instructions. */
	emit(o, BPF_JMP | BPF_JGE | BPF_K, (unsigned int)nr[n / 2], 0, 1);
	jump = o->n;
	emit(o, BPF_JMP | BPF_JA, 0, 0, 0);
	search(o, nr, n / 2);
	o->insn[jump].k = (unsigned int)(o->n - jump - 1);
	search(o, nr + n / 2, n - n / 2);
}

size_t filter_build(struct sock_filter *prog)
{
	struct out o = {prog, 0};
	size_t n, foreign;
	int nr[64];

	load(&o, FIELD(arch));
	foreign = o.n;
	emit(&o, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 0, 0);
	load(&o, FIELD(nr));
	for (size_t i = 0; i < sizeof(other_socket_calls) / sizeof(other_socket_calls[0]); i++)
		ret_if(&o, BPF_JEQ, other_socket_calls[i], REFUSE(EAFNOSUPPORT));
	ret(&o, ALLOW);
	o.insn[foreign].jt = (unsigned char)(o.n - foreign - 1);

	load(&o, FIELD(nr));
#ifdef __x86_64__
	ret_if(&o, BPF_JGE, X32_BIT, REFUSE(ENOSYS));
#endif
	ret_if(&o, BPF_JEQ, SYS_io_uring_setup, REFUSE(ENOSYS));
	n = numbers(nr, sizeof(nr) / sizeof(nr[0]));
	search(&o, nr, n);
	return o.n;
}

/*
 * Once received, a call is interrupted by fatal signals only (Linux 5.19): else its caller could
 * have returned, and its stack be in other use, while we write the result there.
 */
static long listen_for(const struct sock_fprog *prog)
{
	long fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			  SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
			  prog);

	if (fd < 0 && errno == EINVAL)
		fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			     prog);
	return fd;
}

int filter_install(void)
{
	struct sock_filter insn[FILTER_MAX];
	struct sock_fprog prog = {.filter = insn};
	long fd;

	prog.len = (unsigned short)filter_build(insn);
	fd = listen_for(&prog);
	if (fd < 0 && errno == EACCES) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			return -errno;
		fd = listen_for(&prog);
	}
	return fd < 0 ? -errno : (int)fd;
}
