// SPDX-License-Identifier: GPL-2.0-only
/*
 * remote.c - the runs of this network namespace, see remote.h; control/wire.h.
 *
 * Runs are found by the names of their listeners in /proc/self/net/unix, which is opened
 * relative to /proc: under shadow mode the absolute path would mean the stack's.
 *
 * Abstract names are anybody's to take: a run is believed to be PID's only if the kernel
 * says that PID listens there.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "cli/remote.h"
#include "control/wire.h"
#include "lib/why.h"

#define ANSWER_MS 5000
#define LISTENING 0x10000 /* __SO_ACCEPTCON in /proc/net/unix */

static FILE *open_sockets(void)
{
	int proc = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(proc, "self/net/unix", O_RDONLY | O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	close(proc);
	return f;
}

static int remote_ascending(const void *a, const void *b)
{
	return *(const pid_t *)a - *(const pid_t *)b;
}

int remote_list(pid_t **pids)
{
	FILE *f = open_sockets();
	char line[512];
	int n = 0;

	*pids = NULL;
	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f)) {
		unsigned int flags;
		int pid, end = 0;
		pid_t *more;

		if (sscanf(line, "%*s %*s %*s %x %*s %*s %*s @" WIRE_NAME "%d%n", &flags, &pid,
			   &end) != 2 ||
		    !(flags & LISTENING) || pid <= 0 || line[end] != '\n')
			continue;
		more = realloc(*pids, ((size_t)n + 1) * sizeof(pid_t));
		if (!more)
			break;
		*pids = more;
		more[n++] = pid;
	}
	fclose(f);
	if (n)
		qsort(*pids, (size_t)n, sizeof(pid_t), remote_ascending);
	return n;
}

int remote_connect(struct remote *r, pid_t pid, const char **why)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, WIRE_NAME "%d", pid);
	struct ucred peer = {0};
	socklen_t size = sizeof(peer);
	int err;

	*r = (struct remote){.pid = pid};
	r->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (r->fd < 0)
		return why_set(why, errno, "cannot make a socket: %s", strerror(errno));
	if (connect(r->fd, (struct sockaddr *)&name,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len))) {
		err = why_set(why, errno, "no run has the ID %d: see persona ps", pid);
		goto fail;
	}
	getsockopt(r->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	if (peer.pid != pid) {
		err = why_set(why, ESRCH, "no run has the ID %d: see persona ps", pid);
		goto fail;
	}
	r->uid = peer.uid;
	if (geteuid() && geteuid() != r->uid) {
		err = why_set(why, EPERM, "run %d belongs to user %u: be that user or root", pid,
			      r->uid);
		goto fail;
	}
	return 0;

fail:
	remote_close(r);
	return err;
}

/* The only run, or -errno. */
static int remote_only(const char **why)
{
	char text[256] = "";
	size_t len = 0;
	pid_t *pids;
	int n = remote_list(&pids), pid = pids && n > 0 ? pids[0] : 0;

	if (n < 0)
		return why_set(why, -n, "cannot read /proc/self/net/unix: %s", strerror(-n));
	for (int i = 0; pids && i < n && len < sizeof(text) - 32; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%d", i ? ", " : "",
					pids[i]);
	free(pids);
	if (!n)
		return why_set(why, ENOENT, "nothing runs in this network namespace");
	if (n > 1)
		return why_set(why, EINVAL, "several runs: give one of the IDs %s", text);
	return pid;
}

int remote_find(struct remote *r, const char *id, const char **why)
{
	long pid;
	char *end;

	if (id) {
		pid = strtol(id, &end, 10);
		if (end == id || *end || pid <= 0 || pid > INT32_MAX)
			return why_set(why, EINVAL, "'%s' is no ID: see persona ps", id);
	} else {
		pid = remote_only(why);
		if (pid < 0)
			return (int)pid;
	}
	return remote_connect(r, (pid_t)pid, why);
}

int remote_ask(struct remote *r, const char *request, char **text, const char **why)
{
	static char packet[1 + WIRE_CHUNK + 1];
	struct pollfd p = {.fd = r->fd, .events = POLLIN};
	size_t have = 0;
	char *all = NULL;
	ssize_t n;

	if (write(r->fd, request, strlen(request)) < 0)
		goto gone;
	do {
		char *more;

		if (poll(&p, 1, ANSWER_MS) <= 0) {
			free(all);
			return why_set(why, ETIMEDOUT, "run %d does not answer: it may be stopped",
				       r->pid);
		}
		n = read(r->fd, packet, sizeof(packet) - 1);
		if (n <= 0)
			goto gone;
		packet[n] = '\0';
		if (packet[0] == WIRE_REFUSED) {
			free(all);
			return why_set(why, EPERM, "run %d: %s", r->pid, packet + 1);
		}
		more = realloc(all, have + (size_t)n);
		if (!more) {
			free(all);
			return why_set(why, ENOMEM, "out of memory");
		}
		all = more;
		memcpy(all + have, packet + 1, (size_t)n);
		have += (size_t)n - 1;
	} while (packet[0] == WIRE_MORE);
	if (text)
		*text = all;
	else
		free(all);
	return 0;

gone:
	free(all);
	return why_set(why, ESRCH, "run %d has ended", r->pid);
}

void remote_close(struct remote *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}
