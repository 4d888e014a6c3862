// SPDX-License-Identifier: GPL-2.0-only
/*
 * stops.c - sampling by stopping; see stops.h.
 *
 * Theory of operation
 *
 * Each turn walks the tree of processes (/proc/PID/task/TID/children) and asks how much
 * processor time each thread has had (schedstat, in nanoseconds). One that has had some and
 * runs right now is seized, interrupted, read (registers, end of the stack, number of the
 * system call that it is in), and let go at once; between turns nobody is traced, so
 * signals, debuggers and exits are not in our way. The sample weighs what the thread has had
 * since its last one, so sums are right whatever the rate.
 *
 * A thread that sleeps is left alone: some system calls (epoll_wait) would return EINTR.
 * One that goes to sleep between our look and the stop may see that; programs must be
 * prepared for it, since a debugger does the same. What it has had is then counted at its
 * next sample.
 *
 * A signal that arrives while the thread is stopped is delivered when it is let go.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>
#include "profile/space.h"
#include "profile/stops.h"

#define STACK_BYTES 16384
#define PROCESSES   512 /* of a tree; more are not looked at */

struct stops_thread {
	pid_t tid;
	uint64_t had; /* ns of processor time at its last sample */
	dev_t dev;    /* its executable, to see an exec */
	ino_t ino;
	struct stops_thread *next;
};

static struct stops_thread *thread_of(struct stops *s, pid_t tid)
{
	struct stops_thread *t;

	for (t = s->threads; t; t = t->next) {
		if (t->tid == tid)
			return t;
	}
	t = calloc(1, sizeof(*t));
	if (t) {
		t->tid = tid;
		t->next = s->threads;
		s->threads = t;
	}
	return t;
}

static bool stops_read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, size - 1);
	close(fd);
	buf[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Nanoseconds on a processor, and is it on one (or waiting for one) now? */
static bool stops_look(pid_t pid, pid_t tid, uint64_t *had, bool *running)
{
	unsigned long long ns;
	char path[64], text[512];
	const char *state;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", pid, tid);
	if (!stops_read_file(path, text, sizeof(text)) || sscanf(text, "%llu", &ns) != 1)
		return false;
	*had = ns;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	if (!stops_read_file(path, text, sizeof(text)))
		return false;
	state = strrchr(text, ')');
	*running = state && state[1] == ' ' && state[2] == 'R';
	return true;
}

/* Mappings are read when a process is new, has another program, or is where nothing was. */
static void stops_refresh(struct stops_thread *t, pid_t pid, uint64_t ip)
{
	char path[64], name[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st))
		return;
	if (space_find(pid, ip) && t->dev == st.st_dev && t->ino == st.st_ino)
		return;
	t->dev = st.st_dev;
	t->ino = st.st_ino;
	space_exec(pid);
	space_read(pid);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", pid, t->tid);
	if (stops_read_file(path, name, sizeof(name))) {
		name[strcspn(name, "\n")] = '\0';
		thread_named(t->tid, name);
	}
}

static bool get_registers(pid_t tid, struct sample *s)
{
#if defined(__x86_64__)
	struct user_regs_struct r;
	struct iovec iov = {&r, sizeof(r)};

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &iov))
		return false;
	memcpy(s->user.reg,
	       (uint64_t[CFI_NREGS]){r.rax, r.rdx, r.rcx, r.rbx, r.rsi, r.rdi, r.rbp, r.rsp, r.r8,
				     r.r9, r.r10, r.r11, r.r12, r.r13, r.r14, r.r15, r.rip},
	       sizeof(s->user.reg));
	s->call = (long)r.orig_rax >= 0 ? (long)r.orig_rax : -1;
#elif defined(__aarch64__)
	struct user_regs_struct r;
	struct iovec iov = {&r, sizeof(r)};
	int call = -1;

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &iov))
		return false;
	memcpy(s->user.reg, r.regs, sizeof(r.regs));
	s->user.reg[CFI_SP] = r.sp;
	s->user.reg[CFI_IP] = r.pc;
	iov = (struct iovec){&call, sizeof(call)};
	if (ptrace(PTRACE_GETREGSET, tid, (void *)0x404 /* NT_ARM_SYSTEM_CALL */, &iov))
		call = -1;
	s->call = call;
#endif
	s->has_user = true;
	return true;
}

/* Wait for the stop that we asked for; a signal that came first is to be passed on. */
static bool wait_stop(struct stops *s, pid_t tid, int *sig)
{
	int status;

	*sig = 0;
	if (waitpid(tid, &status, __WALL) != tid)
		return false;
	if (!WIFSTOPPED(status)) {
		if (tid == s->root) {
			s->ended = true;
			s->wstatus = status;
		}
		return false;
	}
	/* An event stop has its number above the signal: it is no signal of the thread's. */
	if (!(status >> 16))
		*sig = WSTOPSIG(status);
	return true;
}

static bool stop_and_read(struct stops *s, pid_t pid, pid_t tid, struct sample *sample,
			  uint8_t *stack)
{
	struct iovec local = {stack, STACK_BYTES}, remote;
	bool got = false;
	ssize_t n;
	int sig;

	if (ptrace(PTRACE_SEIZE, tid, 0, 0))
		return false;
	if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) || !wait_stop(s, tid, &sig))
		return false;
	if (get_registers(tid, sample)) {
		got = true;
		remote = (struct iovec){(void *)sample->user.reg[CFI_SP], STACK_BYTES};
		n = process_vm_readv(pid, &local, 1, &remote, 1, 0);
		sample->stack = (struct cfi_stack){cfi_read_copy, sample->user.reg[CFI_SP], stack,
						   n > 0 ? (size_t)n : 0};
	}
	ptrace(PTRACE_DETACH, tid, 0, (void *)(uintptr_t)sig);
	return got;
}

static void one_thread(struct stops *s, pid_t pid, pid_t tid,
		       void (*sample)(void *arg, const struct sample *s), void *arg)
{
	static uint8_t stack[STACK_BYTES];
	struct sample sam = {.pid = pid, .tid = tid, .call = -1};
	struct stops_thread *t = thread_of(s, tid);
	uint64_t had;
	bool running;

	if (!t || !stops_look(pid, tid, &had, &running) || !running)
		return;
	if (had < t->had)
		t->had = 0; /* the number belongs to another thread now */
	sam.weight = (had - t->had) / (1000000000 / STOPS_UNITS);
	if (!sam.weight || !stop_and_read(s, pid, tid, &sam, stack))
		return;
	t->had = had;
	stops_refresh(t, pid, sam.user.reg[CFI_IP]);
	sample(arg, &sam);
}

/* Add the children of a thread to the list. */
static unsigned int add_children(pid_t pid, pid_t tid, pid_t *list, unsigned int n)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, tid);
	f = fopen(path, "re");
	if (!f)
		return n;
	while (n < PROCESSES && fscanf(f, "%d", &list[n]) == 1)
		n++;
	fclose(f);
	return n;
}

void stops_turn(struct stops *s, void (*sample)(void *arg, const struct sample *s), void *arg)
{
	pid_t list[PROCESSES] = {s->root};
	unsigned int n = 1;

	for (unsigned int i = 0; i < n && !s->ended; i++) {
		const struct dirent *e;
		char path[64];
		DIR *dir;

		snprintf(path, sizeof(path), "/proc/%d/task", list[i]);
		dir = opendir(path);
		if (!dir)
			continue;
		while (!s->ended && (e = readdir(dir))) {
			pid_t tid = (pid_t)strtol(e->d_name, NULL, 10);

			if (tid <= 0)
				continue;
			n = add_children(list[i], tid, list, n);
			one_thread(s, list[i], tid, sample, arg);
		}
		closedir(dir);
	}
}

int stops_try(pid_t pid)
{
	struct stops s = {.root = pid};
	int sig;

	if (ptrace(PTRACE_SEIZE, pid, 0, 0))
		return -errno;
	if (!ptrace(PTRACE_INTERRUPT, pid, 0, 0))
		wait_stop(&s, pid, &sig);
	return ptrace(PTRACE_DETACH, pid, 0, 0) ? -errno : 0;
}

void stops_close(struct stops *s)
{
	while (s->threads) {
		struct stops_thread *t = s->threads;

		s->threads = t->next;
		free(t);
	}
}
