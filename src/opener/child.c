// SPDX-License-Identifier: GPL-2.0-only
/*
 * child.c - a tool that reads commands from us, see child.h.
 *
 * Where we have our privileges from our file (file capabilities), a tool would lose
 * them in execve(); so the one it needs is made ambient in the child
 * (capabilities(7)). Its environment is PATH, its directory "/".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/clock.h"
#include "opener/child.h"

#define END_MS 1000

static const char *const directories[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin", "/system/bin"};

static void child_keep_net_admin(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		return;
	d[0].inheritable |= d[0].permitted & (1u << CAP_NET_ADMIN);
	if (!syscall(SYS_capset, &h, d))
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_ADMIN, 0, 0);
}

static void child_become(const char *path, char *const *argv, int in, int out)
{
	char *envp[] = {"PATH=/usr/sbin:/sbin:/usr/bin:/bin:/system/bin", NULL};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, 0) || dup2(out, 1) != 1 || dup2(out, 2) != 2)
		_exit(126);
	child_keep_net_admin();
	execve(path, argv, envp);
	_exit(127);
}

static int child_find_tool(const char *name, char *path, size_t size)
{
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		snprintf(path, size, "%s/%s", directories[i], name);
		if (!access(path, X_OK))
			return 0;
	}
	return -ENOENT;
}

int child_start(struct child *c, char *const *argv)
{
	char path[128];
	int in[2], out[2], err;

	err = child_find_tool(argv[0], path, sizeof(path));
	if (err)
		return err;
	if (pipe2(in, O_CLOEXEC))
		return -errno;
	if (pipe2(out, O_CLOEXEC)) {
		err = -errno;
		goto out_in;
	}
	c->pid = fork();
	if (!c->pid)
		child_become(path, argv, in[0], out[1]);
	if (c->pid < 0) {
		err = -errno;
		goto out_out;
	}
	close(in[0]);
	close(out[1]);
	c->in = in[1];
	c->out = out[0];
	return 0;

out_out:
	close(out[0]);
	close(out[1]);
out_in:
	close(in[0]);
	close(in[1]);
	return err;
}

int child_tell(struct child *c, const char *text, size_t len)
{
	while (len) {
		ssize_t n = write(c->in, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int child_hear(struct child *c, const char *mark, char *text, size_t size, int ms)
{
	long end = (long)clock_mono_ms() + ms, left;
	size_t len = 0;

	text[0] = '\0';
	while ((left = end - (long)clock_mono_ms()) > 0) {
		struct pollfd p = {.fd = c->out, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, (int)left) <= 0)
			continue;
		if (len == size - 1) { /* the end of a long speech is what counts */
			memmove(text, text + len / 2, len - len / 2);
			len -= len / 2;
		}
		n = read(c->out, text + len, size - 1 - len);
		if (n <= 0)
			return -EPIPE;
		len += (size_t)n;
		text[len] = '\0';
		if (strstr(text, mark))
			return 0;
	}
	return -ETIMEDOUT;
}

/* Its output ends when it does: read until then, or for END_MS. */
static void child_outlast(struct child *c)
{
	long end = (long)clock_mono_ms() + END_MS, left;
	struct pollfd p = {.fd = c->out, .events = POLLIN};
	char scrap[256];

	while ((left = end - (long)clock_mono_ms()) > 0) {
		if (poll(&p, 1, (int)left) > 0 && read(c->out, scrap, sizeof(scrap)) <= 0)
			return;
	}
}

void child_end(struct child *c)
{
	if (c->pid <= 0)
		return;
	close(c->in);
	child_outlast(c);
	kill(c->pid, SIGKILL);
	while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(c->out);
	c->pid = 0;
}
