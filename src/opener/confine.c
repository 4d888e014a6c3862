// SPDX-License-Identifier: GPL-2.0-only
/*
 * confine.c - give up what the opener does not need any more, see confine.h.
 *
 * The filter compares the number of the call with a list, and the architecture first;
 * it looks at no argument: what a path or a message may be is the kernel's to judge by
 * the capabilities that are left.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "opener/confine.h"

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

/* clang-format off */
static const int allowed[] = {
	/* the connection, the tools' pipes */
	SYS_recvmsg, SYS_sendmsg, SYS_sendto, SYS_recvfrom, SYS_read, SYS_write, SYS_ppoll, SYS_close,
	SYS_fcntl, SYS_wait4, SYS_kill, SYS_pidfd_open,
	/* ports: single ones, the list of reserved ones; turns */
	SYS_socket, SYS_bind, SYS_connect, SYS_listen, SYS_setsockopt, SYS_getsockname, SYS_openat,
	SYS_fstat, SYS_newfstatat, SYS_flock, SYS_unlinkat, SYS_getdents64, SYS_mkdirat, SYS_getrandom,
	/* taking back a device */
	SYS_ioctl,
	/* time, ending */
	SYS_clock_gettime, SYS_clock_nanosleep, SYS_nanosleep, SYS_getpid, SYS_getuid, SYS_rt_sigreturn,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_restart_syscall, SYS_exit, SYS_exit_group,
	SYS_tgkill, SYS_gettid,
#ifdef SYS_poll
	SYS_poll,
#endif
#ifdef SYS_stat
	SYS_stat,
#endif
#ifdef SYS_mkdir
	SYS_mkdir, SYS_rmdir, SYS_unlink,
#endif
};
/* clang-format on */

#define NALLOWED (sizeof(allowed) / sizeof(allowed[0]))

static int confine_drop_capabilities(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	const uint32_t keep = 1u << CAP_NET_ADMIN | 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		return -errno;
	d[0].permitted &= keep;
	d[0].effective &= keep;
	d[0].inheritable = 0;
	d[1] = (struct __user_cap_data_struct){0};
	return syscall(SYS_capset, &h, d) ? -errno : 0;
}

int confine(void)
{
	static struct sock_filter code[NALLOWED + 8];
	struct sock_fprog prog = {.filter = code};
	unsigned int n = 0;
	int err = confine_drop_capabilities();

	if (err)
		return err;
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (unsigned int i = 0; i < NALLOWED; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
							 (unsigned int)allowed[i],
							 (unsigned char)(NALLOWED - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog))
		return -errno;
	return 0;
}
