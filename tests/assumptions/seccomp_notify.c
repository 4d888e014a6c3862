// SPDX-License-Identifier: GPL-2.0-only
/*
 * seccomp_notify.c - what shadow mode's supervisor relies on, seccomp_unotify(2).
 *
 * A child installs a filter that notifies getppid(); the parent takes the listener out of it by
 * pidfd_getfd(), answers, reads and writes the child's memory, puts descriptors into it.
 */
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "tap.h"

#define ASK SYS_getppid

static int listener = -1;

static int install(void)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ASK, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {4, insn};

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER,
			    &prog);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int sig)
{
	alarms++;
}

/* What the child does; its exit status is the number of the first thing that went wrong. */
static int child(int in, int out, pid_t parent)
{
	struct sigaction sa = {.sa_handler = on_alarm};
	volatile char memory[8] = "before";
	int fd = install(), got;
	char c;

	if (write(out, &fd, sizeof(fd)) != sizeof(fd) || read(in, &c, 1) != 1)
		return 1;
	if (syscall(ASK, memory, 0) != 4711 || strcmp((char *)memory, "after"))
		return 2;
	got = (int)syscall(ASK, memory, 1); /* a new descriptor */
	if (got < 0 || write(got, "x", 1) != 1)
		return 3;
	if (syscall(ASK, memory, 2, got) || write(got, "y", 1) != 1) /* another at its place */
		return 4;
	if (syscall(ASK, memory, 3) != parent) /* the kernel's own answer */
		return 5;
	sigaction(SIGALRM, &sa, NULL);
	if (syscall(ASK, memory, 4) != -1 || errno != EINTR || !alarms)
		return 6;
	return 0;
}

static struct seccomp_notif get(void)
{
	struct seccomp_notif n = {0};

	ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &n);
	return n;
}

static int answer(uint64_t id, long val, unsigned int flags)
{
	struct seccomp_notif_resp r = {.id = id, .val = val, .flags = flags};

	return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r) ? -errno : 0;
}

static void serve(pid_t pid)
{
	struct seccomp_notif n = get();
	struct seccomp_notif_addfd a = {.id = n.id};
	struct iovec local, remote = {(void *)(uintptr_t)n.data.args[0], 7};
	char buf[8] = "";
	int pipes[2][2];

	local = (struct iovec){buf, 7};
	ok(n.pid == (unsigned int)pid, "the notification names the thread");
	ok(process_vm_readv(pid, &local, 1, &remote, 1, 0) == 7 && !strcmp(buf, "before"),
	   "its memory can be read");
	strcpy(buf, "after");
	ok(process_vm_writev(pid, &local, 1, &remote, 1, 0) == 7, "and written");
	ok(!ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id), "it is valid before the answer");
	ok(!answer(n.id, 4711, 0), "it is answered");
	ok(ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id) && errno == ENOENT,
	   "and is not valid afterwards");

	if (pipe(pipes[0]) || pipe(pipes[1]))
		return;
	n = get();
	a.id = n.id;
	a.srcfd = (unsigned int)pipes[0][1];
	a.flags = SECCOMP_ADDFD_FLAG_SEND;
	ok(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a) >= 0,
	   "a descriptor is put into it and the call answered at once (Linux 5.14)");
	ok(read(pipes[0][0], buf, 1) == 1 && *buf == 'x', "it writes there");

	n = get();
	a.id = n.id;
	a.srcfd = (unsigned int)pipes[1][1];
	a.newfd = (unsigned int)n.data.args[2];
	a.flags = SECCOMP_ADDFD_FLAG_SETFD;
	ok(ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &a) == (int)a.newfd && !answer(n.id, 0, 0),
	   "another is put in its place");
	ok(read(pipes[1][0], buf, 1) == 1 && *buf == 'y', "it writes there");

	n = get();
	ok(!answer(n.id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE), "a call is left to the kernel");

	n = get();
	kill(pid, SIGALRM);
	for (int i = 0; i < 200 && !ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &n.id); i++)
		usleep(10000);
	ok(answer(n.id, 1, 0) == -ENOENT, "a signal takes the call away: the answer says ENOENT");
}

int main(void)
{
	int to[2], from[2], theirs = -1, pidfd, status = -1;
	pid_t pid, parent = getpid();
	struct pollfd hangup = {.events = POLLIN};

	if (pipe(to) || pipe(from))
		return 1;
	pid = fork();
	if (!pid)
		_exit(child(to[0], from[1], parent));
	if (read(from[0], &theirs, sizeof(theirs)) != sizeof(theirs) || theirs < 0)
		skip_all("no seccomp user notification here");
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	listener = (int)syscall(SYS_pidfd_getfd, pidfd, theirs, 0);
	ok(listener >= 0, "pidfd_getfd() takes the listener out of the child");
	ok(write(to[1], "g", 1) == 1, "go");
	hangup.fd = listener;
	serve(pid);
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && !WEXITSTATUS(status), "the child saw what it should (%d)",
	   WEXITSTATUS(status));
	ok(poll(&hangup, 1, 5000) == 1 && hangup.revents & POLLHUP,
	   "its last process gone, the listener hangs up");
	return done();
}
