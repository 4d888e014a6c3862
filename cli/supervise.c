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
 * The child gets the signal mask and dispositions that we were started with.
 * It dies with us (PR_SET_PDEATHSIG), so that killing us outright leaves
 * nothing running; the check of the parent closes the race with our death
 * before it is set. A program that gains privileges by execve loses this.
 *
 * A failing execve is reported through a pipe that closes on success.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/supervise.h"

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

static void child(const char *path, char *const *argv, const int *keep, unsigned int nkeep,
		  int report, pid_t parent, const struct signals *old)
{
	unsigned int i;
	int err;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_PERSONA);
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

/* Pass signals on until the child has ended; return its wait status. */
static int attend(pid_t pid, const sigset_t *all)
{
	siginfo_t si;
	int wstatus;

	for (;;) {
		if (waitpid(pid, &wstatus, WNOHANG) == pid)
			return wstatus;
		if (sigwaitinfo(all, &si) < 0)
			continue; /* EINTR: stopped and continued */
		if (si.si_signo == SIGCHLD)
			continue;
		if (si.si_code == SI_KERNEL)
			continue;
		if (si.si_pid == pid && si.si_code <= 0)
			continue; /* the child's own signal to our process group */
		kill(pid, si.si_signo);
	}
}

static int failed_exec(const char *path, int err)
{
	if (err == ENOENT) /* the file is there: it is the interpreter that is missing */
		return complain(EXIT_NOCMD, "%s: its interpreter is missing", path);
	return complain(EXIT_NOEXEC, "%s: cannot execute: %s", path, strerror(err));
}

int supervise(const char *path, char *const *argv, const int *keep, unsigned int nkeep)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL};
	struct signals old;
	sigset_t all;
	pid_t self = getpid();
	int report[2];
	int wstatus, err = 0;
	unsigned int i;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return complain(EXIT_PERSONA, "cannot make a pipe: %s", strerror(errno));
	sigfillset(&all);
	sigdelset(&all, SIGTSTP);
	sigdelset(&all, SIGTTIN);
	sigdelset(&all, SIGTTOU);
	sigprocmask(SIG_BLOCK, &all, &old.mask);
	sigaction(SIGCHLD, &dfl, &old.chld); /* ignored, no status would ever come */

	pid = fork();
	if (pid < 0)
		return complain(EXIT_PERSONA, "cannot start a process: %s", strerror(errno));
	if (!pid) {
		close(report[0]);
		child(path, argv, keep, nkeep, report[1], self, &old);
	}
	close(report[1]);
	for (i = 0; i < nkeep; i++)
		close(keep[i]);

	if (read(report[0], &err, sizeof(err)) != sizeof(err))
		err = 0;
	close(report[0]);
	wstatus = attend(pid, &all);
	return err ? failed_exec(path, err) : status_of(wstatus);
}
