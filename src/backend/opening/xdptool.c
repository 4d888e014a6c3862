// SPDX-License-Identifier: GPL-2.0-only
/*
 * xdptool.c - start persona-xdp and talk to it, see xdptool.h.
 *
 * Theory of operation
 *
 * Loading a BPF object takes libbpf, which Persona's own programs do not link;
 * so it is done by a process of its own, xdp/loader.c, over a pair of
 * SOCK_SEQPACKET sockets: a packet is a request, a packet is the answer, `ok` or
 * `error SENTENCE`. It lives as long as our end, so whatever ends us ends it.
 *
 * It is started through a child that ends at once. Else shadow mode, which
 * waits until all our children have ended, would wait for itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include "backend/opening/xdptool.h"
#include "lib/rawsys.h"
#include "lib/why.h"

#define PATIENCE 10 /* seconds for an answer: loading takes some 10 ms */

int xdptool_find(char *path, size_t size)
{
	static const char *const places[] = {"%s/persona-xdp", "%s/../lib/persona/persona-xdp"};
	char own[PATH_MAX];
	long n = RAWSYS(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", own, sizeof(own) - 1);
	char *slash;

	own[n > 0 ? n : 0] = '\0';
	slash = strrchr(own, '/');
	if (slash)
		*slash = '\0';
	for (unsigned int i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
		if ((size_t)snprintf(path, size, places[i], own) < size && !access(path, X_OK))
			return 0;
	}
	snprintf(path, size, "/usr/lib/persona/persona-xdp");
	return access(path, X_OK) ? -ENOENT : 0;
}

/* In the new process: descriptors as loader.c has them, nothing else of ours. */
static void xdptool_become(const char *path, const char *ifname, int control, int xsk)
{
	char *const argv[] = {(char *)"persona-xdp", (char *)ifname, NULL};
	char *const env[] = {NULL};
	char text[128];
	sigset_t none;
	int null;

	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	control = fcntl(control, F_DUPFD_CLOEXEC, 10); /* out of the way of 0 to 3 */
	xsk = fcntl(xsk, F_DUPFD_CLOEXEC, 10);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (dup2(control, 0) == 0 && dup2(null, 1) == 1 && dup2(null, 2) == 2 && dup2(xsk, 3) == 3)
		execve(path, argv, env);
	snprintf(text, sizeof(text), "error cannot execute persona-xdp: %s", strerror(errno));
	send(control, text, strlen(text), MSG_NOSIGNAL);
	_exit(125);
}

static int xdptool_spawn(const char *path, const char *ifname, int control, int xsk)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid) {
		if (!fork())
			xdptool_become(path, ifname, control, xsk);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return 0;
}

static int xdptool_hear(int control, const char *ifname, const char **why)
{
	char text[512];
	ssize_t n;

	do {
		n = recv(control, text, sizeof(text) - 1, 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return why_set(why, EIO, "xdp on interface '%s': persona-xdp %s", ifname,
			       n ? "does not answer" : "has ended");
	text[n] = '\0';
	if (!strcmp(text, "ok"))
		return 0;
	return why_set(why, EIO, "xdp on interface '%s': %s", ifname,
		       strncmp(text, "error ", 6) ? text : text + 6);
}

int xdptool_start(const char *ifname, int xsk, const char **why)
{
	const struct timeval patience = {.tv_sec = PATIENCE};
	char path[PATH_MAX];
	int pair[2];
	int err;

	if (xdptool_find(path, sizeof(path)))
		return why_set(why, ENOENT,
			       "xdp on interface '%s': persona-xdp is not there: apt-get install "
			       "clang libbpf-dev, then make host",
			       ifname);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return why_set(why, errno, "xdp on interface '%s': %s", ifname, strerror(errno));
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	err = xdptool_spawn(path, ifname, pair[1], xsk);
	close(pair[1]);
	if (err)
		why_set(why, -err, "xdp on interface '%s': cannot start persona-xdp: %s", ifname,
			strerror(-err));
	else
		err = xdptool_hear(pair[0], ifname, why);
	if (!err)
		return pair[0];
	close(pair[0]);
	return err;
}

int xdptool_steer(int control, const char *ifname, const struct steer *s, const char **why)
{
	char text[STEER_TEXT];
	size_t len = steer_format(s, text);

	if (send(control, text, len, MSG_NOSIGNAL) != (ssize_t)len)
		return why_set(why, errno, "xdp on interface '%s': persona-xdp has ended", ifname);
	return xdptool_hear(control, ifname, why);
}

void xdptool_end(int control)
{
	char rest[64];

	shutdown(control, SHUT_WR);
	while (recv(control, rest, sizeof(rest), 0) > 0)
		;
	close(control);
}
