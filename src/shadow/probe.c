// SPDX-License-Identifier: GPL-2.0-only
/*
 * probe.c - can shadow mode work on this machine? See shadow.h.
 *
 * It is tried: a child puts the filter on itself and asks for a socket, and we do what
 * the supervisor would: take the listener, receive the call, read the child's memory and
 * answer. The child ends with what it saw. Alarmed, so that a surprise does not hang.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/why.h"
#include "shadow/call.h"
#include "shadow/filter.h"
#include "shadow/shadow.h"

#define SECONDS 5

static const char word[] = "persona";

/* Exit status 0: the supervisor's answer arrived. */
static int probe_child(int in, int out)
{
	struct sockaddr_storage copy = {0};
	char go;
	int fd;

	alarm(SECONDS); /* before the filter, which stops that call, too */
	fd = filter_install();
	memcpy(&copy, word, sizeof(word));
	if (write(out, &fd, sizeof(fd)) != sizeof(fd) || fd < 0 || read(in, &go, 1) != 1)
		return 1;
	/* Any descriptor will do: the call does not reach the kernel. */
	return connect(-1, (struct sockaddr *)&copy, sizeof(copy)) < 0 && errno == EXFULL ? 0 : 1;
}

static int probe_answer(pid_t pid, int theirs, const char **why)
{
	char text[sizeof(word)] = "";
	struct call c = {0};
	int fd, err;

	fd = call_peek_fd(pid, theirs);
	if (fd < 0)
		return why_set(why, -fd,
			       "descriptors of a child cannot be taken (pidfd_getfd): %s: "
			       "Linux 5.6 and kernel.yama.ptrace_scope below 2 are needed",
			       strerror(-fd));
	do {
		err = call_listen(fd);
		if (!err)
			err = call_receive(&c, fd);
	} while (err == -EINTR);
	if (!err && call_read(&c, c.args[1], text, sizeof(text)))
		err = why_set(why, EPERM,
			      "memory of a child cannot be read (process_vm_readv): set "
			      "kernel.yama.ptrace_scope below 2");
	else if (err)
		why_set(why, -err, "no call arrives: %s", strerror(-err));
	else
		err = strcmp(text, word) ? why_set(why, EIO, "memory of a child reads wrong") : 0;
	call_answer(&c, -EXFULL);
	close(fd);
	return err;
}

int shadow_probe(const char **why)
{
	int to[2], from[2], theirs = -EPIPE, status = -1, err = 0;
	pid_t pid;

	if (pipe(to) || pipe(from))
		return why_set(why, errno, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (!pid)
		_exit(probe_child(to[0], from[1]));
	if (pid < 0 || read(from[0], &theirs, sizeof(theirs)) != sizeof(theirs) || theirs < 0)
		err = why_set(why, theirs < 0 ? -theirs : EIO,
			      "the host kernel has no seccomp user notification for us: %s: Linux "
			      "5.9 is needed, outside of another supervisor",
			      strerror(-theirs));
	else if (write(to[1], "g", 1) == 1)
		err = probe_answer(pid, theirs, why);
	if (err && pid > 0)
		kill(pid, SIGKILL);
	for (int i = 0; i < 2; i++) {
		close(to[i]);
		close(from[i]);
	}
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (!err && status)
		err = why_set(why, EIO, "a notified call was not answered as it should be");
	return err;
}
