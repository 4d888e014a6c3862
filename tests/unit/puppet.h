/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * puppet.h - programs under shadow mode's filter, which make the calls that a test tells them.
 *
 * A puppet reads an order from a pipe, makes that raw system call and writes its result back;
 * reading and writing are calls that the filter lets pass. All puppets share one filter, and so
 * one listener, and share the memory at `stage` with the test, at the same address. They are
 * forked before the test has threads, and end with it.
 *
 * No privilege is needed (no_new_privs). Where a filter with a listener cannot be installed,
 * puppets_begin() says so, and NEED_PUPPETS() skips.
 */
#ifndef PERSONA_UNIT_PUPPET_H
#define PERSONA_UNIT_PUPPET_H

#include "shadow.h"
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include "lib/rawsys.h"
#include "shadow/call.h"
#include "shadow/filter.h"

#define PUPPETS 4
#define HELD	100 /* first of the numbers that puppets have had since before the filter */

/**
 * struct stage - memory of the test and of all puppets
 * @handled: signals that a puppet's handlers have seen
 * @room:    for arguments: the same addresses here and there
 */
struct stage {
	volatile int handled;
	unsigned char room[1 << 20] __attribute__((aligned(4096)));
};

struct order {
	long nr, args[6];
};

struct puppet {
	pid_t pid;
	int to, from; /* pipes' ends */
};

static struct stage *stage;
static struct puppet puppet[PUPPETS];
static int puppet_listener = -1;

static inline void puppet_handle(int sig)
{
	stage->handled++;
}

static inline void puppet_obey(int in, int out)
{
	struct order o;
	long ret;

	for (;;) {
		do
			ret = RAWSYS(SYS_read, in, &o, sizeof(o));
		while (ret == -EINTR);
		if (ret != sizeof(o))
			RAWSYS(SYS_exit_group, 0);
		ret = rawsys6(o.nr, o.args[0], o.args[1], o.args[2], o.args[3], o.args[4],
			      o.args[5]);
		while (RAWSYS(SYS_write, out, &ret, sizeof(ret)) == -EINTR)
			;
	}
}

/* As filter_install(), but a call that was received can be interrupted: Linux before 5.19. */
static inline int puppet_filter(bool interruptible)
{
	struct sock_filter insn[FILTER_MAX];
	struct sock_fprog prog = {.filter = insn};
	long fd;

	if (!interruptible)
		return filter_install();
	prog.len = (unsigned short)filter_build(insn);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	return fd < 0 ? -errno : (int)fd;
}

/* The first puppet, which makes the others; @prepare runs before the filter. */
static inline void puppet_first(int pipes[PUPPETS][2][2], bool interruptible, void (*prepare)(void))
{
	struct sigaction once = {.sa_handler = puppet_handle};
	struct sigaction restarts = {.sa_handler = puppet_handle, .sa_flags = SA_RESTART};
	struct {
		pid_t pid[PUPPETS];
		int listener;
	} report = {0};
	int me = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGUSR1, &once, NULL);
	sigaction(SIGUSR2, &restarts, NULL);
	if (prepare)
		prepare();
	report.listener = puppet_filter(interruptible);
	report.pid[0] = getpid();
	for (int i = 1; i < PUPPETS && !me; i++) {
		/* Children of the test, not of the first puppet. */
		report.pid[i] = (pid_t)RAWSYS(SYS_clone, CLONE_PARENT | SIGCHLD);
		if (!report.pid[i])
			me = i;
	}
	if (!me)
		RAWSYS(SYS_write, pipes[0][1][1], &report, sizeof(report));
	puppet_obey(pipes[me][0][0], pipes[me][1][1]);
}

/* Group set-up: before any thread. */
static inline int puppets_begin(bool interruptible, void (*prepare)(void))
{
	int pipes[PUPPETS][2][2];
	struct {
		pid_t pid[PUPPETS];
		int listener;
	} report;
	pid_t pid;

	stage = mmap(NULL, sizeof(*stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (stage == MAP_FAILED)
		return -1;
	for (int i = 0; i < PUPPETS; i++)
		if (pipe2(pipes[i][0], O_CLOEXEC) || pipe2(pipes[i][1], O_CLOEXEC))
			return -1;
	pid = fork();
	if (!pid)
		puppet_first(pipes, interruptible, prepare);
	if (pid < 0 || read(pipes[0][1][0], &report, sizeof(report)) != sizeof(report))
		return -1;
	for (int i = 0; i < PUPPETS; i++) {
		puppet[i] = (struct puppet){report.pid[i], pipes[i][0][1], pipes[i][1][0]};
		close(pipes[i][0][0]);
		close(pipes[i][1][1]);
	}
	if (report.listener >= 0)
		puppet_listener = call_peek_fd(pid, report.listener);
	if (puppet_listener < 0)
		fprintf(stderr, "SKIP: no seccomp listener: %s\n",
			strerror(report.listener < 0 ? -report.listener : -puppet_listener));
	return 0;
}

#define NEED_PUPPETS()                   \
	do {                             \
		if (puppet_listener < 0) \
			skip();          \
	} while (0)

static inline void puppets_end(void)
{
	for (int i = 0; i < PUPPETS; i++) {
		close(puppet[i].to);
		close(puppet[i].from);
		if (puppet[i].pid <= 0)
			continue;
		kill(puppet[i].pid, SIGKILL);
		waitpid(puppet[i].pid, NULL, 0);
	}
}

/* It is killed in the middle of whatever it does. */
static inline void puppet_kill(struct puppet *p)
{
	kill(p->pid, SIGKILL);
	assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
	p->pid = 0;
}

/* Begin a call. */
static inline void puppet_start_args(struct puppet *p, long nr, const long args[6])
{
	struct order o = {.nr = nr};

	memcpy(o.args, args, sizeof(o.args));
	assert_int_equal(write(p->to, &o, sizeof(o)), sizeof(o));
}

#define PUPPET_ARGS(a, b, c, d, e, f, ...) \
	((const long[6]){(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f)})
#define puppet_start(p, nr, ...) \
	puppet_start_args(p, nr, PUPPET_ARGS(__VA_ARGS__, 0, 0, 0, 0, 0, 0))

/* Has its call no result yet? */
static inline bool puppet_waits(const struct puppet *p)
{
	return !ready_now(p->from, POLLIN);
}

/* The result of its call: raw, -errno. */
static inline long puppet_result(struct puppet *p)
{
	long ret;

	if (!(ready(p->from, POLLIN) & POLLIN))
		fail_msg("the puppet's call does not return");
	assert_int_equal(read(p->from, &ret, sizeof(ret)), sizeof(ret));
	return ret;
}

/* A call and its result. */
#define puppet_call(p, nr, ...) (puppet_start(p, nr, __VA_ARGS__), puppet_result(p))

#endif /* PERSONA_UNIT_PUPPET_H */
