// SPDX-License-Identifier: GPL-2.0-only
/*
 * passtrun.c - start passt, and hear whether it has.
 *
 * Theory of operation
 *
 * passt forks into the background by itself once it is ready, so the process
 * that we started ends then: with status 0 if all is well, else after a few words
 * on standard error, the last line of which says why. The process that stays has
 * lost its parent: the program's supervisor, which waits for all its
 * descendants later, is not a subreaper yet and never sees it. passt makes a session of
 * its own; so do we before, so that an interrupt from the terminal ends us
 * alone while it starts.
 *
 * It gets its end of the socket and nothing else of ours: a pipe of the user's
 * that it held would not end with the program. It leaves root's identity by itself.
 *
 * Options: only such as the oldest packaged version (Debian 12) has. What is not
 * named stays off or unused: it forwards no port to us, and we ask it neither for
 * an address nor for a name server.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "backend/passt.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#define STATUS_NOT_FOUND 127
#define MAX_ARGS	 32

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

static const char *const always[] = {
	"passt",     "--quiet",	     "--mtu",	    STRING(PASST_MTU),
	"--address", PASST_ADDR4,    "--netmask",   STRING(PASST_PREFIX4),
	"--gateway", PASST_GATEWAY4, "--address",   PASST_ADDR6,
	"--gateway", PASST_GATEWAY6, "--no-map-gw", /* the gateway's address is not the host's
						       loopback */
	"--dns",     "none",
};

#define NALWAYS (sizeof(always) / sizeof(always[0]))

static void passtrun_exec(int sock, int words, const char *ifname)
{
	static const char *const by[] = {"--interface", "--outbound-if4", "--outbound-if6"};
	const char *argv[MAX_ARGS];
	unsigned int i, n = NALWAYS;
	char number[16];

	memcpy(argv, always, sizeof(always));
	setsid();
	dup2(words, STDERR_FILENO);
	RAWSYS(SYS_close_range, STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	snprintf(number, sizeof(number), "%d", fcntl(sock, F_DUPFD, STDERR_FILENO + 1));
	argv[n++] = "--fd";
	argv[n++] = number;
	for (i = 0; *ifname && i < sizeof(by) / sizeof(by[0]); i++) {
		argv[n++] = by[i];
		argv[n++] = ifname;
	}
	argv[n] = NULL;
	execvp(argv[0], (char *const *)argv);
	_exit(errno == ENOENT ? STATUS_NOT_FOUND : 126);
}

/* What comes until the other end is closed: the last @size - 1 bytes of it. */
static void passtrun_read_words(int fd, char *buf, size_t size)
{
	size_t len = 0;
	long r;

	for (;;) {
		if (len == size - 1) {
			len /= 2;
			memmove(buf, buf + size - 1 - len, len);
		}
		r = RAWSYS(SYS_read, fd, buf + len, size - 1 - len);
		if (r == -EINTR)
			continue;
		if (r <= 0)
			break;
		len += (size_t)r;
	}
	buf[len] = '\0';
}

static const char *passtrun_last_line(char *text)
{
	size_t len = strlen(text);
	char *nl;

	while (len && (text[len - 1] == '\n' || text[len - 1] == '\r'))
		text[--len] = '\0';
	nl = strrchr(text, '\n');
	return nl ? nl + 1 : text;
}

static int passtrun_wait(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return status;
}

/* Status and words into a sentence; 0 if there is nothing to complain of. */
static int passtrun_judge(int status, char *words, const char *ifname, const char **why)
{
	const char *line = passtrun_last_line(words);

	if (!status)
		return 0;
	if (status > 0 && WIFEXITED(status) && WEXITSTATUS(status) == STATUS_NOT_FOUND)
		return why_set(why, ENOENT,
			       "passt is not installed: apt-get install passt, or name an "
			       "interface by -i IFNAME");
	if (!*line)
		line = status > 0 && WIFSIGNALED(status) ? strsignal(WTERMSIG(status))
							 : "it does not say why";
	if (*ifname)
		return why_set(why, ECHILD, "passt does not start on interface '%s': %s", ifname,
			       line);
	return why_set(why, ECHILD,
		       "passt does not start: %s (it needs a default route, or -i passt:IFNAME)",
		       line);
}

int passt_start(int sock, const char *ifname, const char **why)
{
	struct sigaction dfl = {.sa_handler = SIG_DFL}, old;
	char words[1024];
	int pipefd[2];
	int status;
	pid_t pid;

	if (pipe2(pipefd, O_CLOEXEC))
		return why_set(why, errno, "cannot start passt: %s", strerror(errno));
	sigaction(SIGCHLD, &dfl, &old); /* ignored, no status would ever come */
	pid = fork();
	if (!pid)
		passtrun_exec(sock, pipefd[1], ifname);
	status = -errno;
	close(pipefd[1]);
	if (pid > 0) {
		passtrun_read_words(pipefd[0], words, sizeof(words));
		status = passtrun_wait(pid);
	}
	close(pipefd[0]);
	sigaction(SIGCHLD, &old, NULL);
	if (status < 0)
		return why_set(why, -status, "cannot start passt: %s", strerror(-status));
	return passtrun_judge(status, words, ifname, why);
}
