// SPDX-License-Identifier: GPL-2.0-only
/*
 * supervise.c - run a program as a child and be as transparent as can be.
 *
 * Theory of operation
 *
 * The child stays in our process group, so what the terminal sends (interrupt,
 * quit, stop, hang-up) reaches it by itself. We hold all signals blocked and
 * take them one by one by sigwaitinfo(): SIGCHLD is looked after, others that
 * somebody sent to *us* are passed on. Those of the terminal (SI_KERNEL) are
 * not passed on, the child has them already; the stop signals stay unblocked,
 * so that job control stops us together with the child.
 *
 * With ops->tree we are the subreaper: orphans of the program become our children,
 * and we stay until the last one has ended (a daemon keeps its sockets). The
 * status is the program's. Signals go to the program, later to all that remain.
 *
 * The child gets the signal mask and dispositions that we were started with.
 * Unless it is a tree, it dies with us (PR_SET_PDEATHSIG), so that killing us outright leaves
 * nothing running; the check of the parent closes the race with our death
 * before it is set. A program that gains privileges by execve loses this.
 *
 * A failing execve is reported through a pipe that closes on success.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch/supervise.h"
#include "lib/complain.h"

extern char **environ;

static void exec_child(const char *path, char *const *argv)
{
	char *sh_argv[256] = {"sh", (char *)path};
	unsigned int i;

	execve(path, argv, environ);
	if (errno != ENOEXEC || !argv[0])
		return;
	/* A script without #! is the shell's, as execvp() has it. */
	for (i = 1; argv[i]; i++) {
		if (i + 2 >= sizeof(sh_argv) / sizeof(sh_argv[0])) {
			errno = E2BIG;
			return;
		}
		sh_argv[i + 1] = argv[i];
	}
	execve("/bin/sh", sh_argv, environ);
}

/* Signal state that we were started with, for the child. */
struct signals {
	sigset_t mask;
	struct sigaction chld;
};

static void supervise_child(const char *path, char *const *argv, const int *keep,
			    unsigned int nkeep, int report, pid_t parent, const struct signals *old,
			    const struct supervise_ops *ops)
{
	unsigned int i;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_PERSONA);
	if (ops && ops->in_child && ops->in_child(ops->arg))
		_exit(EXIT_PERSONA);
	if (ops && ops->tree)
		prctl(PR_SET_PDEATHSIG, 0);
	for (i = 0; i < nkeep; i++) {
		if (fcntl(keep[i], F_SETFD, 0)) {
			err = errno;
			goto fail;
		}
	}
	sigaction(SIGCHLD, &old->chld, NULL);
	sigprocmask(SIG_SETMASK, &old->mask, NULL);
	exec_child(path, argv);
	err = errno;
fail:
	if (write(report, &err, sizeof(err)) < 0)
		_exit(EXIT_PERSONA);
	_exit(EXIT_NOEXEC);
}

static int status_of(int wstatus)
{
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

/* Send @sig to all our children, of whatever generation they were. */
static void kill_children(int sig)
{
	char path[64];
	pid_t pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	if (!f)
		return;
	while (fscanf(f, "%d", &pid) == 1)
		kill(pid, sig);
	fclose(f);
}

/* Take note of children that have ended; true when there is nobody left to wait for. */
static bool supervise_reap(pid_t pid, bool tree, bool *ended, int *wstatus)
{
	int status;
	pid_t gone;

	while ((gone = waitpid(tree ? -1 : pid, &status, WNOHANG)) > 0) {
		if (gone == pid) {
			*ended = true;
			*wstatus = status;
		}
	}
	return tree ? gone < 0 && errno == ECHILD : *ended;
}

/* Pass signals on until the child (or the tree) has ended; return its wait status. */
static int supervise_attend(pid_t pid, const sigset_t *all, bool tree)
{
	bool ended = false;
	int wstatus = 0;
	siginfo_t si;

	for (;;) {
		if (supervise_reap(pid, tree, &ended, &wstatus))
			return wstatus;
		if (sigwaitinfo(all, &si) < 0)
			continue; /* EINTR: stopped and continued */
		if (si.si_signo == SIGCHLD)
			continue;
		if (si.si_code == SI_KERNEL && !ended)
			continue;
		if (si.si_pid == pid && si.si_code <= 0)
			continue; /* the child's own signal to our process group */
		if (ended)
			kill_children(si.si_signo);
		else
			kill(pid, si.si_signo);
	}
}

/* Job control's, and those that a fault of our own raises. */
static const int untouched[] = {SIGTSTP, SIGTTIN, SIGTTOU, SIGSEGV, SIGBUS,
				SIGFPE,	 SIGILL,  SIGABRT, SIGTRAP};

static int failed_exec(const char *path, int err)
{
	if (err == ENOENT) /* the file is there: it is the interpreter that is missing */
		return complain(EXIT_NOCMD, "%s: its interpreter is missing", path);
	return complain(EXIT_NOEXEC, "%s: cannot execute: %s", path, strerror(err));
}

int supervise_become(const char *path, char *const *argv)
{
	exec_child(path, argv);
	return failed_exec(path, errno);
}

int supervise(const char *path, char *const *argv, const int *keep, unsigned int nkeep,
	      const struct supervise_ops *ops)
{
	bool tree = ops && ops->tree;
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	struct signals old;
	sigset_t all;
	pid_t self = getpid();
	int report[2];
	int wstatus, status = 0, err = 0;
	unsigned int i;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return complain(EXIT_PERSONA, "cannot make a pipe: %s", strerror(errno));
	sigfillset(&all);
	for (i = 0; i < sizeof(untouched) / sizeof(untouched[0]); i++)
		sigdelset(&all, untouched[i]);
	sigprocmask(SIG_BLOCK, &all, &old.mask);
	sigaction(SIGCHLD, &dfl, &old.chld); /* ignored, no status would ever come */

	if (tree)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = fork();
	if (pid < 0)
		return complain(EXIT_PERSONA, "cannot start a process: %s", strerror(errno));
	if (!pid) {
		close(report[0]);
		supervise_child(path, argv, keep, nkeep, report[1], self, &old, ops);
	}
	close(report[1]);
	if (ops && ops->in_parent)
		status = ops->in_parent(ops->arg, pid);
	if (status)
		kill(pid, SIGKILL);
	for (i = 0; i < nkeep; i++)
		close(keep[i]);

	if (read(report[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(report[0]);
	wstatus = supervise_attend(pid, &all, tree);
	if (status)
		return status;
	return err ? failed_exec(path, err) : status_of(wstatus);
}
