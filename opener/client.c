// SPDX-License-Identifier: GPL-2.0-only
/*
 * client.c - ask `persona-opener`, see client.h and opener.h.
 *
 * Host calls are raw: in inline mode this runs in the program, where libc's are hooked.
 * An opener that does not answer within OPENER_PATIENCE seconds is given up
 * (-ETIMEDOUT); the connection stays, so that its end still means the end.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "backend/rawsys.h"
#include "backend/why.h"
#include "opener/client.h"
#include "opener/opener.h"

union control {
	struct cmsghdr hdr;
	char room[CMSG_SPACE(sizeof(int))];
};

static int passed_fd(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* One exchange. Return: the reply's @err, or what kept it from coming. */
static int ask(int opener, struct opener_request *q, struct opener_reply *r, int *fd,
	       const char **why)
{
	union control control;
	struct iovec iov = {r, sizeof(*r)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	long n;

	q->magic = OPENER_MAGIC;
	n = RAWSYS(SYS_sendto, opener, q, sizeof(*q), MSG_NOSIGNAL, NULL, 0);
	while (n >= 0 && (n = RAWSYS(SYS_recvmsg, opener, &m, MSG_CMSG_CLOEXEC)) == -EINTR)
		;
	if (n == -EAGAIN)
		return why_set(why, ETIMEDOUT, "persona-opener does not answer");
	if (n != (long)sizeof(*r))
		return why_set(why, n < 0 ? (int)-n : EPIPE, "persona-opener has ended%s%s",
			       n < 0 ? ": " : "", n < 0 ? strerror((int)-n) : "");
	if (fd)
		*fd = passed_fd(&m);
	r->why[sizeof(r->why) - 1] = '\0';
	return r->err ? why_set(why, -r->err, "%s", r->why) : 0;
}

int opener_open(int opener, const char *backend, const char *ifname, const char **why)
{
	struct opener_request q = {.op = OPENER_OPEN};
	struct opener_reply r;
	int fd = -1, err;

	snprintf(q.backend, sizeof(q.backend), "%s", backend);
	snprintf(q.ifname, sizeof(q.ifname), "%s", ifname);
	err = ask(opener, &q, &r, &fd, why);
	if (err)
		return err;
	return fd >= 0 ? fd
		       : why_set(why, EMFILE,
				 "interface '%s': no descriptor came: "
				 "ulimit -n 1024",
				 ifname);
}

int opener_slice(int opener, uint16_t want, uint16_t *first, uint16_t *last, const char **why)
{
	struct opener_request q = {.op = OPENER_SLICE, .ports = want};
	struct opener_reply r;
	int err = ask(opener, &q, &r, NULL, why);

	if (err)
		return err;
	*first = r.first;
	*last = r.last;
	return 0;
}

int opener_claim(int opener, int proto, uint16_t port, int family, const uint8_t *bytes,
		 const char **why)
{
	struct opener_request q = {.op = OPENER_CLAIM,
				   .proto = (uint16_t)proto,
				   .port = port,
				   .family = (uint16_t)family};
	struct opener_reply r;

	memcpy(q.bytes, bytes, family == AF_INET ? 4 : 16);
	return ask(opener, &q, &r, NULL, why);
}

int opener_release(int opener, int proto, uint16_t port, const char **why)
{
	struct opener_request q = {.op = OPENER_RELEASE, .proto = (uint16_t)proto, .port = port};
	struct opener_reply r;

	return ask(opener, &q, &r, NULL, why);
}

int opener_flows(int opener, const char *ifname, const struct flows *f, const char **why)
{
	struct opener_request q = {.op = OPENER_FLOWS, .flows = *f};
	struct opener_reply r;

	snprintf(q.ifname, sizeof(q.ifname), "%s", ifname);
	return ask(opener, &q, &r, NULL, why);
}

/* The grandchild: becomes the opener, or says on @report why not. */
static void become(const char *path, int end, int report)
{
	char *argv[] = {"persona-opener", NULL};
	char *envp[] = {NULL};
	int err;

	setsid();
	if (dup2(end, OPENER_FD) != OPENER_FD || fcntl(OPENER_FD, F_SETFD, 0))
		_exit(125);
	execve(path, argv, envp);
	err = errno;
	if (write(report, &err, sizeof(err)) < 0)
		_exit(125);
	_exit(126);
}

int opener_spawn(const char *path, const char **why)
{
	struct timeval patience = {.tv_sec = OPENER_PATIENCE};
	int pair[2], report[2], err = 0;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return why_set(why, errno, "cannot make a socket pair: %s", strerror(errno));
	if (pipe2(report, O_CLOEXEC)) {
		err = why_set(why, errno, "cannot make a pipe: %s", strerror(errno));
		goto out_pair;
	}
	pid = fork();
	if (!pid) {
		/* Twice, so that nobody waits for it. */
		if (report[1] <= OPENER_FD)
			report[1] = fcntl(report[1], F_DUPFD_CLOEXEC, OPENER_FD + 1);
		if (fork() == 0)
			become(path, pair[1], report[1]);
		_exit(0);
	}
	close(report[1]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	if (pid < 0)
		err = why_set(why, errno, "cannot start a process: %s", strerror(errno));
	else if (read(report[0], &err, sizeof(err)) == sizeof(err))
		err = why_set(why, err, "%s: cannot execute: %s", path, strerror(err));
	close(report[0]);
out_pair:
	close(pair[1]);
	if (!err) {
		setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		return pair[0];
	}
	close(pair[0]);
	return err;
}
