// SPDX-License-Identifier: GPL-2.0-only
/*
 * appfilter.c - run a command as an Android app of some release would be run.
 *
 *	appfilter RELEASE[+CALL] UID COMMAND...	RELEASE: 10 or 14; CALL: let pass, too
 *	appfilter RELEASE:FILE UID COMMAND...	of those, what is a line of FILE alone
 *	appfilter list RELEASE			the system calls that its apps may make
 *
 * Theory of operation. An app's processes have a seccomp filter that lets pass what the
 * platform's libc uses, and what the platform lists beside it; any other call
 * raises SIGSYS, which ends the process. The table below was written from those published
 * lists, for 64-bit ARM. The command gets user and group UID, no capabilities, no new
 * privileges, and the filter, which its children inherit.
 *
 * Limits: only numbers are looked at, as in the platform's filter. What SELinux
 * forbids to apps is not here: the caller hides files by mounts.
 */
#include <errno.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __aarch64__
#define ARCH AUDIT_ARCH_AARCH64
#else
#define ARCH AUDIT_ARCH_X86_64
#endif

/* S(name): since 10 at the latest; N(name): in 14, not in 10. */
/* clang-format off */
static const struct {
	const char *name;
	int nr, since;
} allowed[] = {
#define S(name) {#name, __NR_##name, 10},
#define N(name) {#name, __NR_##name, 14},
	S(getuid) S(getgid) S(geteuid) S(getegid) S(getresuid) S(getresgid) S(getgroups)
	S(setresuid) S(readahead) S(getpgid) S(getppid) S(getsid) S(setsid) S(kill)
	S(tgkill) S(tkill) S(brk) S(execve) S(execveat) S(ptrace) S(getrusage)
	S(getpriority) S(setpriority) S(getrlimit) S(setrlimit) S(prlimit64) S(setpgid)
	S(prctl) S(capget) S(capset) S(sigaltstack) S(read) S(write) S(pread64) S(pwrite64)
	S(preadv) S(pwritev) S(preadv2) S(pwritev2) S(close) N(close_range)
	S(copy_file_range) S(getpid) S(gettid) S(memfd_create) S(munmap) S(msync)
	S(mprotect) S(madvise) N(process_madvise) S(mlock) S(mlock2) S(munlock) S(mlockall)
	S(munlockall) S(mincore) S(ioctl) S(readv) S(writev) S(fcntl) S(flock) S(fchmod)
	S(pipe2) S(dup) S(dup3) S(fsync) S(fdatasync) S(fchown) S(sync) S(syncfs)
	S(fsetxattr) S(fgetxattr) S(flistxattr) S(fremovexattr) S(getdents64) S(openat)
	S(faccessat) S(fchmodat) S(fchownat) S(newfstatat) S(linkat) S(mkdirat) S(mknodat)
	S(readlinkat) S(renameat) S(renameat2) S(symlinkat) S(unlinkat) S(utimensat)
	S(lseek) S(sendfile) S(truncate) S(ftruncate) S(fallocate) S(mmap) S(mremap)
	S(fadvise64) S(fstatfs) S(statfs) S(fstat) S(chdir) S(fchdir) S(getcwd) S(setxattr)
	S(lsetxattr) S(getxattr) S(lgetxattr) S(listxattr) S(llistxattr) S(removexattr)
	S(lremovexattr) N(statx) S(times) S(nanosleep) S(clock_nanosleep) S(clock_gettime)
	S(clock_getres) S(gettimeofday) S(getitimer) S(setitimer) S(timer_create)
	S(timer_settime) S(timer_gettime) S(timer_getoverrun) S(timer_delete)
	S(timerfd_create) S(timerfd_settime) S(timerfd_gettime) S(rt_sigaction)
	S(rt_sigpending) S(rt_sigprocmask) S(rt_sigsuspend) S(rt_sigtimedwait)
	S(rt_sigqueueinfo) S(rt_tgsigqueueinfo) S(rt_sigreturn) S(restart_syscall)
	S(signalfd4) S(socket) S(socketpair) S(bind) S(connect) S(listen) S(accept4)
	S(getsockname) S(getpeername) S(sendto) S(recvfrom) S(shutdown) S(setsockopt)
	S(getsockopt) S(recvmsg) S(sendmsg) S(recvmmsg) S(sendmmsg)
	S(sched_get_priority_max) S(sched_get_priority_min) S(sched_getaffinity)
	S(sched_getattr) S(sched_getparam) S(sched_getscheduler) S(sched_rr_get_interval)
	S(sched_setaffinity) S(sched_setattr) S(sched_setparam) S(sched_setscheduler)
	S(sched_yield) S(uname) S(umask) S(sysinfo) S(personality) S(setns) S(unshare)
	S(getcpu) S(bpf) S(tee) S(splice) S(vmsplice) S(epoll_create1) S(epoll_ctl)
	S(epoll_pwait) S(eventfd2) S(exit_group) S(exit) S(inotify_init1)
	S(inotify_add_watch) S(inotify_rm_watch) S(pselect6) S(ppoll) S(process_vm_readv)
	S(process_vm_writev) S(quotactl) S(set_tid_address) S(sync_file_range) S(wait4)
	S(waitid) S(getrandom) N(pidfd_open) N(pidfd_getfd) N(pidfd_send_signal) S(futex)
	S(clone) S(perf_event_open) S(seccomp) S(io_setup) S(io_destroy) S(io_submit)
	S(io_getevents) S(io_cancel) S(ioprio_get) S(ioprio_set) S(pivot_root) N(membarrier)
	N(userfaultfd)
};
/* clang-format on */

#define COUNT (sizeof(allowed) / sizeof(allowed[0]))

/* Is @name a line of the file at @path? A filter without a file asks for none. */
static int named(const char *path, const char *name)
{
	char line[64];
	int found = !path;
	FILE *f = path ? fopen(path, "r") : NULL;

	while (f && !found && fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		found = !strcmp(line, name);
	}
	if (f)
		fclose(f);
	return found;
}

static int install(int release, const char *more, const char *only)
{
	struct sock_filter insn[COUNT * 2 + 8];
	struct sock_fprog prog = {.filter = insn};
	unsigned short n = 0;

#define PUT(code, k, jt, jf) \
	(insn[n++] = (struct sock_filter){(unsigned short)(code), jt, jf, (unsigned int)(k)})
	PUT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	PUT(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	PUT(BPF_RET | BPF_K, SECCOMP_RET_TRAP, 0, 0);
	PUT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	for (size_t i = 0; i < COUNT; i++) {
		if (allowed[i].since > release && strcmp(allowed[i].name, more) != 0)
			continue;
		if (!named(only, allowed[i].name))
			continue;
		PUT(BPF_JMP | BPF_JEQ | BPF_K, allowed[i].nr, 0, 1);
		PUT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
	}
	PUT(BPF_RET | BPF_K, SECCOMP_RET_TRAP, 0, 0);
	prog.len = n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog) ? -errno : 0;
}

static int usage(void)
{
	fprintf(stderr, "usage: appfilter 10|14 UID COMMAND... | appfilter list 10|14\n");
	return 2;
}

int main(int argc, char **argv)
{
	int release, err;
	const char *more, *only;
	gid_t id;

	if (argc < 3)
		return usage();
	if (!strcmp(argv[1], "list")) {
		release = atoi(argv[2]);
		for (size_t i = 0; i < COUNT; i++)
			if (allowed[i].since <= release)
				puts(allowed[i].name);
		return 0;
	}
	release = atoi(argv[1]);
	id = (gid_t)atoi(argv[2]);
	if ((release != 10 && release != 14) || !id || argc < 4)
		return usage();
	if (setgroups(0, NULL) || setgid(id) || setuid(id)) {
		perror("appfilter: cannot become that user");
		return 2;
	}
	more = strchr(argv[1], '+');
	only = strchr(argv[1], ':');
	err = install(release, more ? more + 1 : "", only ? only + 1 : NULL);
	if (err) {
		fprintf(stderr, "appfilter: no filter: %s\n", strerror(-err));
		return 2;
	}
	execv(argv[3], argv + 3);
	perror(argv[3]);
	return 2;
}
