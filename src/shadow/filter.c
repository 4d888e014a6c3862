// SPDX-License-Identifier: GPL-2.0-only
/*
 * filter.c - the seccomp filter that sends socket calls to the supervisor.
 *
 * Theory of operation
 *
 * Classic BPF, made from the column "filter" of sockets/calls.h: every number that is not
 * simply passed is a candidate, and a binary search over the numbers leads to its block. A block
 * looks at the arguments where these can tell that the call is none of our business: a
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
#include <linux/seccomp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "shadow/filter.h"
#include "sockets/calls.h"
#include "sockets/socket.h"

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

#define ARG_LOW(n)  ((unsigned int)offsetof(struct seccomp_data, args[n]))
#define ARG_HIGH(n) (ARG_LOW(n) + 4)
#define FIELD(name) ((unsigned int)offsetof(struct seccomp_data, name))

#define NOTIFY	    SECCOMP_RET_USER_NOTIF
#define ALLOW	    SECCOMP_RET_ALLOW
#define REFUSE(err) (SECCOMP_RET_ERRNO | (err))

struct filter_out {
	struct sock_filter *insn;
	size_t n;
};

static void filter_emit(struct filter_out *o, unsigned short code, unsigned int k, unsigned char jt,
			unsigned char jf)
{
	o->insn[o->n++] = (struct sock_filter){code, jt, jf, k};
}

static void filter_load(struct filter_out *o, unsigned int offset)
{
	filter_emit(o, BPF_LD | BPF_W | BPF_ABS, offset, 0, 0);
}

static void filter_ret(struct filter_out *o, unsigned int action)
{
	filter_emit(o, BPF_RET | BPF_K, action, 0, 0);
}

/* If the accumulator passes the test: @action. Else go on. */
static void filter_ret_if(struct filter_out *o, unsigned short test, unsigned int k,
			  unsigned int action)
{
	filter_emit(o, BPF_JMP | test | BPF_K, k, 0, 1);
	filter_ret(o, action);
}

/* socket(): the families whose packets would leave by the host's network. */
static void filter_socket(struct filter_out *o)
{
	filter_load(o, ARG_LOW(0));
	filter_ret_if(o, BPF_JEQ, AF_INET, NOTIFY);
	filter_ret_if(o, BPF_JEQ, AF_INET6, NOTIFY);
	filter_ret_if(o, BPF_JEQ, AF_NETLINK, NOTIFY);
	filter_ret_if(o, BPF_JEQ, AF_PACKET, NOTIFY);
	filter_ret_if(o, BPF_JEQ, AF_SMC, REFUSE(EAFNOSUPPORT));
	filter_ret_if(o, BPF_JEQ, AF_RDS, REFUSE(EAFNOSUPPORT));
	filter_ret_if(o, BPF_JEQ, AF_XDP, REFUSE(EAFNOSUPPORT));
	filter_ret(o, ALLOW);
}

/* sendto(), recvfrom(): with an address, or with a flag that the pair does not know. */
static void filter_address(struct filter_out *o, unsigned int flags)
{
	filter_load(o, ARG_LOW(4));
	filter_ret_if(o, BPF_JGT, 0, NOTIFY);
	filter_load(o, ARG_HIGH(4));
	filter_ret_if(o, BPF_JGT, 0, NOTIFY);
	filter_load(o, ARG_LOW(3));
	filter_ret_if(o, BPF_JSET, flags, NOTIFY);
}

/* AF_UNIX does not wait for all that MSG_PEEK is asked for. */
static void filter_receive(struct filter_out *o)
{
	filter_address(o, MSG_TRUNC | MSG_ERRQUEUE);
	filter_emit(o, BPF_JMP | BPF_JSET | BPF_K, MSG_PEEK, 0, 2);
	filter_ret_if(o, BPF_JSET, MSG_WAITALL, NOTIFY);
	filter_ret(o, ALLOW);
}

/* ioctl(): SIOC..., and TIOCOUTQ, which is SIOCOUTQ too. */
static void filter_ioctl(struct filter_out *o)
{
	filter_load(o, ARG_LOW(1));
	filter_ret_if(o, BPF_JEQ, 0x5411, NOTIFY);
	filter_emit(o, BPF_JMP | BPF_JGE | BPF_K, 0x8900, 0, 2);
	filter_emit(o, BPF_JMP | BPF_JGT | BPF_K, 0x89ff, 1, 0);
	filter_ret(o, NOTIFY);
	filter_ret(o, ALLOW);
}

struct filter_number {
	int nr;
	enum call_filter what;
};

static void filter_block(struct filter_out *o, enum call_filter what)
{
	switch (what) {
	case CALL_FILTER_FAMILY:
		filter_socket(o);
		break;
	case CALL_FILTER_SEND:
		filter_address(o, MSG_OOB | MSG_FASTOPEN);
		filter_ret(o, ALLOW);
		break;
	case CALL_FILTER_RECEIVE:
		filter_receive(o);
		break;
	case CALL_FILTER_IOCTL:
		filter_ioctl(o);
		break;
	case CALL_FILTER_REFUSE:
		filter_ret(o, REFUSE(ENOSYS));
		break;
	case CALL_FILTER_ASK:
		filter_ret(o, NOTIFY);
		break;
	case CALL_FILTER_PASS:
		filter_ret(o, ALLOW);
	}
}

/* The table's numbers that concern us, sorted. */
static size_t filter_numbers(struct filter_number *list, size_t max)
{
	static const struct filter_number table[] = {
#define NUMBERED(name, nr, raw, filter, handler, dest, proto) {nr, CALL_FILTER_##filter},
#include "sockets/calls.h"
	};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]) && n < max; i++) {
		size_t at = n;

		if (table[i].what == CALL_FILTER_PASS)
			continue;
		for (; at && list[at - 1].nr > table[i].nr; at--)
			list[at] = list[at - 1];
		list[at] = table[i];
		n++;
	}
	return n;
}

/* The number is in the accumulator. */
static void filter_search(struct filter_out *o, const struct filter_number *nr, size_t n)
{
	size_t jump;

	if (n == 1) {
		filter_emit(o, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)nr[0].nr, 1, 0);
		filter_ret(o, ALLOW);
		filter_block(o, nr[0].what);
		return;
	}
	/* Far jumps, since a half may be longer than 255 instructions. */
	filter_emit(o, BPF_JMP | BPF_JGE | BPF_K, (unsigned int)nr[n / 2].nr, 0, 1);
	jump = o->n;
	filter_emit(o, BPF_JMP | BPF_JA, 0, 0, 0);
	filter_search(o, nr, n / 2);
	o->insn[jump].k = (unsigned int)(o->n - jump - 1);
	filter_search(o, nr + n / 2, n - n / 2);
}

size_t filter_build(struct sock_filter *prog)
{
	struct filter_out o = {prog, 0};
	size_t n, foreign;
	struct filter_number nr[64];

	filter_load(&o, FIELD(arch));
	foreign = o.n;
	filter_emit(&o, BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 0, 0);
	filter_load(&o, FIELD(nr));
	for (size_t i = 0; i < sizeof(other_socket_calls) / sizeof(other_socket_calls[0]); i++)
		filter_ret_if(&o, BPF_JEQ, other_socket_calls[i], REFUSE(EAFNOSUPPORT));
	filter_ret(&o, ALLOW);
	o.insn[foreign].jt = (unsigned char)(o.n - foreign - 1);

	filter_load(&o, FIELD(nr));
#ifdef __x86_64__
	filter_ret_if(&o, BPF_JGE, X32_BIT, REFUSE(ENOSYS));
#endif
	n = filter_numbers(nr, sizeof(nr) / sizeof(nr[0]));
	filter_search(&o, nr, n);
	return o.n;
}

/*
 * Once received, a call is interrupted by fatal signals only (Linux 5.19): else its caller could
 * have returned, and its stack be in other use, while we write the result there.
 */
static long filter_listen(const struct sock_fprog *prog)
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
	fd = filter_listen(&prog);
	if (fd < 0 && errno == EACCES) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
			return -errno;
		fd = filter_listen(&prog);
	}
	return fd < 0 ? -errno : (int)fd;
}
