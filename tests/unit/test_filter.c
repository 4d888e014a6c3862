// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_filter.c - what the seccomp filter lets pass, refuses and sends to the supervisor.
 *
 * The filter is run by an interpreter of the few instructions it is made of, over
 * every system call number, and over the arguments that it looks at.
 */
#include "unit.h"
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netdb.h>
#include <resolv.h>
#include <ifaddrs.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include "sockets/calls.h"
#include "shadow/filter.h"

#if defined(__x86_64__)
#define ARCH		 AUDIT_ARCH_X86_64
#define OTHER		 AUDIT_ARCH_I386
#define OTHER_SOCKETCALL 102
#else
#define ARCH		 AUDIT_ARCH_AARCH64
#define OTHER		 AUDIT_ARCH_ARM
#define OTHER_SOCKETCALL 281
#endif

static struct sock_filter prog[FILTER_MAX];
static size_t len;

static bool jump(unsigned short op, uint32_t a, uint32_t k)
{
	switch (op) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	case BPF_JSET:
		return a & k;
	}
	fail_msg("unknown jump %#x", op);
	return false;
}

static uint32_t run(const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (size_t pc = 0; pc < len; pc++) {
		const struct sock_filter *i = &prog[pc];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			assert_int_equal(i->code, BPF_LD | BPF_W | BPF_ABS);
			assert_in_range(i->k, 0, sizeof(*d) - 4);
			memcpy(&a, (const char *)d + i->k, 4);
			break;
		case BPF_JMP:
			if (BPF_OP(i->code) == BPF_JA)
				pc += i->k;
			else
				pc += jump(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
			break;
		case BPF_RET:
			return i->k;
		default:
			fail_msg("unknown instruction %#x", i->code);
		}
	}
	fail_msg("runs off the end");
	return 0;
}

static uint32_t call(int nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4)
{
	struct seccomp_data d = {.nr = nr, .arch = ARCH, .args = {a0, a1, a2, a3, a4}};

	return run(&d);
}

#define NOTIFY SECCOMP_RET_USER_NOTIF
#define ALLOW  SECCOMP_RET_ALLOW

static int build(void **state)
{
	len = filter_build(prog);
	return 0;
}

static void test_size(void **state)
{
	assert_in_range(len, 20, FILTER_MAX);
}

/* The table's word on each number, and no other number is stopped. */
static void test_numbers(void **state)
{
	static const struct {
		int nr;
		enum call_filter what;
	} table[] = {
#define NUMBERED(name, nr, raw, filter, handler, where, proto) {nr, CALL_FILTER_##filter},
#include "sockets/calls.h"
	};
	uint32_t want[512];

	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		want[i] = ALLOW;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].what == CALL_FILTER_REFUSE)
			want[table[i].nr] = SECCOMP_RET_ERRNO | ENOSYS;
		else if (table[i].what != CALL_FILTER_PASS)
			want[table[i].nr] = NOTIFY;
	for (int nr = 0; nr < 512; nr++) {
		/* Arguments that concern us, wherever the filter looks at them. */
		uint64_t a1 = nr == SYS_ioctl ? SIOCGIFINDEX : 1;

		assert_int_equal(call(nr, AF_INET, a1, 0, 0, 1), want[nr]);
	}
}

/* Whatever the table says: what could lead out of the machine is stopped. */
static void test_outward(void **state)
{
	static const int asked[] = {SYS_socket,	 SYS_bind,     SYS_connect,    SYS_sendto,
				    SYS_sendmsg, SYS_sendmmsg, SYS_setsockopt, SYS_openat,
				    SYS_openat2, SYS_setns};

	for (size_t i = 0; i < ARRAY_SIZE(asked); i++)
		assert_int_equal(call(asked[i], AF_INET, 1, 1, 1, 1), NOTIFY);
	assert_int_equal(call(SYS_io_uring_setup, 8, 1, 0, 0, 0), SECCOMP_RET_ERRNO | ENOSYS);
}

static void test_families(void **state)
{
	assert_int_equal(call(SYS_socket, AF_INET, SOCK_STREAM, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_socket, AF_INET6, SOCK_DGRAM, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_socket, AF_NETLINK, SOCK_RAW, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_socket, AF_PACKET, SOCK_RAW, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_socket, AF_ALG, SOCK_SEQPACKET, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_socket, 43 /* AF_SMC */, SOCK_STREAM, 0, 0, 0),
			 SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	assert_int_equal(call(SYS_socket, 44 /* AF_XDP */, SOCK_RAW, 0, 0, 0),
			 SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	assert_int_equal(call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 0, 0), ALLOW);
}

static void test_data(void **state)
{
	assert_int_equal(call(SYS_sendto, 3, 0x1000, 1, 0, 0), ALLOW);
	assert_int_equal(call(SYS_sendto, 3, 0x1000, 1, 0, 0x7fff0000), NOTIFY);
	assert_int_equal(call(SYS_sendto, 3, 0x1000, 1, 0, 0x7fff00000000), NOTIFY);
	assert_int_equal(call(SYS_sendto, 3, 0x1000, 1, MSG_OOB, 0), NOTIFY);
	assert_int_equal(call(SYS_sendto, 3, 0x1000, 1, MSG_MORE | MSG_NOSIGNAL, 0), ALLOW);
	assert_int_equal(call(SYS_recvfrom, 3, 0x1000, 1, MSG_PEEK, 0), ALLOW);
	assert_int_equal(call(SYS_recvfrom, 3, 0x1000, 1, MSG_WAITALL, 0), ALLOW);
	assert_int_equal(call(SYS_recvfrom, 3, 0x1000, 1, MSG_PEEK | MSG_WAITALL, 0), NOTIFY);
	assert_int_equal(call(SYS_recvfrom, 3, 0x1000, 1, 0, 0), ALLOW);
	assert_int_equal(call(SYS_recvfrom, 3, 0x1000, 1, MSG_ERRQUEUE, 0), NOTIFY);
	assert_int_equal(call(SYS_recvfrom, 3, 0x1000, 1, 0, 0x7fff0000), NOTIFY);
	assert_int_equal(call(SYS_read, 3, 0x1000, 1, 0, 0), ALLOW);
	assert_int_equal(call(SYS_write, 3, 0x1000, 1, 0, 0), ALLOW);
}

static void test_ioctl(void **state)
{
	assert_int_equal(call(SYS_ioctl, 1, 0x5401 /* TCGETS */, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_ioctl, 1, FIONREAD, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_ioctl, 1, 0x88ff, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_ioctl, 1, 0x8900, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_ioctl, 1, 0x89ff, 0, 0, 0), NOTIFY);
	assert_int_equal(call(SYS_ioctl, 1, 0x8a00, 0, 0, 0), ALLOW);
	assert_int_equal(call(SYS_ioctl, 1, TIOCOUTQ, 0, 0, 0), NOTIFY);
}

/* Another word size: its socket calls are refused, all else passes. */
static void test_foreign(void **state)
{
	struct seccomp_data d = {.nr = OTHER_SOCKETCALL, .arch = OTHER};

	assert_int_equal(run(&d), SECCOMP_RET_ERRNO | EAFNOSUPPORT);
	d.nr = 4;
	assert_int_equal(run(&d), ALLOW);
#ifdef __x86_64__
	d.arch = ARCH;
	d.nr = 0x40000000 | SYS_socket;
	assert_int_equal(run(&d), SECCOMP_RET_ERRNO | ENOSYS);
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),	cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_outward), cmocka_unit_test(test_families),
		cmocka_unit_test(test_data),	cmocka_unit_test(test_ioctl),
		cmocka_unit_test(test_foreign),
	};

	return cmocka_run_group_tests(tests, build, NULL);
}
