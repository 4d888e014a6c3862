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
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "lib/rawsys.h"
#include "lib/why.h"
#include "opener/client.h"
#include "opener/opener.h"

union control {
	struct cmsghdr hdr;
	char bytes[CMSG_SPACE(sizeof(int))];
};

static uint32_t number; /* of the last request */

static int client_passed_fd(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

/* One exchange. Return: the reply's @err, or what kept it from coming. */
static int client_ask(int opener, struct opener_request *q, struct opener_reply *r, int *fd,
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
	q->number = __atomic_add_fetch(&number, 1, __ATOMIC_RELAXED);
	n = RAWSYS(SYS_sendto, opener, q, sizeof(*q), MSG_NOSIGNAL, NULL, 0);
	while (n >= 0) {
		n = RAWSYS(SYS_recvmsg, opener, &m, MSG_CMSG_CLOEXEC);
		if (n == -EINTR)
			n = 0;
		else if (n != (long)sizeof(*r) || r->number == q->number)
			break;
		else if (client_passed_fd(&m) >= 0) /* the answer to a request that was given up */
			raw_close(client_passed_fd(&m));
		m.msg_controllen = sizeof(control);
	}
	if (n == -EAGAIN)
		return why_set(why, ETIMEDOUT, "persona-opener does not answer");
	if (n != (long)sizeof(*r))
		return why_set(why, n < 0 ? (int)-n : EPIPE, "persona-opener has ended%s%s",
			       n < 0 ? ": " : "", n < 0 ? strerror((int)-n) : "");
	if (fd)
		*fd = client_passed_fd(&m);
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
	err = client_ask(opener, &q, &r, &fd, why);
	if (err)
		return err;
	return fd >= 0 ? fd
		       : why_set(why, EMFILE,
				 "interface '%s': no descriptor came: "
				 "ulimit -n 1024",
				 ifname);
}

int opener_claim(int opener, const char *ifname, const struct flows *f, const char **why)
{
	struct opener_request q = {.op = OPENER_CLAIM, .flows = *f};
	struct opener_reply r;

	snprintf(q.ifname, sizeof(q.ifname), "%s", ifname);
	return client_ask(opener, &q, &r, NULL, why);
}

int opener_stack(int opener, const char **why)
{
	struct opener_request q = {.op = OPENER_STACK};
	struct opener_reply r;

	return client_ask(opener, &q, &r, NULL, why);
}

int opener_reserve_range(int opener, uint16_t want, uint16_t *first, uint16_t *last,
			 const char **why)
{
	struct opener_request q = {.op = OPENER_RANGE, .ports = want};
	struct opener_reply r;
	int err = client_ask(opener, &q, &r, NULL, why);

	if (err)
		return err;
	*first = r.first;
	*last = r.last;
	return 0;
}

int opener_reserve_port(int opener, int proto, uint16_t port, int family, const uint8_t *bytes,
			const char **why)
{
	struct opener_request q = {.op = OPENER_RESERVE,
				   .proto = (uint16_t)proto,
				   .port = port,
				   .family = (uint16_t)family};
	struct opener_reply r;

	memcpy(q.bytes, bytes, family == AF_INET ? 4 : 16);
	return client_ask(opener, &q, &r, NULL, why);
}

int opener_release_port(int opener, int proto, uint16_t port, const char **why)
{
	struct opener_request q = {.op = OPENER_RELEASE, .proto = (uint16_t)proto, .port = port};
	struct opener_reply r;

	return client_ask(opener, &q, &r, NULL, why);
}

int opener_flows(int opener, const char *ifname, const struct flows *f, const char **why)
{
	struct opener_request q = {.op = OPENER_FLOWS, .flows = *f};
	struct opener_reply r;

	snprintf(q.ifname, sizeof(q.ifname), "%s", ifname);
	return client_ask(opener, &q, &r, NULL, why);
}

/* The grandchild: becomes the opener, or says on @report why not. */
static void client_become(const char *path, int end, int gone, int report)
{
	char *argv[] = {"persona-opener", NULL};
	char *envp[] = {NULL};
	int high[3] = {end, gone, report}, err;
	struct rlimit lim;

	setsid();
	if (!getrlimit(RLIMIT_NOFILE, &lim)) {
		lim.rlim_cur = lim.rlim_max;
		setrlimit(RLIMIT_NOFILE, &lim);
	}
	/* First out of the way of the numbers that they are to have. */
	for (int i = 0; i < 3; i++) {
		high[i] = fcntl(high[i], F_DUPFD_CLOEXEC, OPENER_GONE_FD + 1);
		if (high[i] < 0)
			_exit(125);
	}
	if (dup2(high[0], OPENER_FD) == OPENER_FD &&
	    dup2(high[1], OPENER_GONE_FD) == OPENER_GONE_FD)
		execve(path, argv, envp);
	err = errno;
	if (write(high[2], &err, sizeof(err)) < 0)
		_exit(125);
	_exit(126);
}

/* Start it; 0, or -errno with the sentence in @why. */
static int client_start(const char *path, int end, int gone, const char **why)
{
	int report[2], err = 0;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC))
		return why_set(why, errno, "cannot make a pipe: %s", strerror(errno));
	pid = fork();
	if (!pid) {
		/* Twice, so that nobody waits for it. */
		if (fork() == 0)
			client_become(path, end, gone, report[1]);
		_exit(0);
	}
	close(report[1]);
	if (pid < 0) {
		err = why_set(why, errno, "cannot start a process: %s", strerror(errno));
		goto out;
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (read(report[0], &err, sizeof(err)) == sizeof(err))
		err = why_set(why, err, "%s: cannot execute: %s", path, strerror(err));
	else
		err = 0;
out:
	close(report[0]);
	return err;
}

int opener_spawn(const char *path, int *gone, const char **why)
{
	struct timeval patience = {.tv_sec = OPENER_PATIENCE};
	int pair[2], end[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return why_set(why, errno, "cannot make a socket pair: %s", strerror(errno));
	if (pipe2(end, O_CLOEXEC)) {
		err = why_set(why, errno, "cannot make a pipe: %s", strerror(errno));
		goto out_pair;
	}
	err = client_start(path, pair[1], end[1], why);
	close(end[1]);
	if (err)
		goto out_end;
	close(pair[1]);
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	*gone = end[0];
	return pair[0];

out_end:
	close(end[0]);
out_pair:
	close(pair[0]);
	close(pair[1]);
	return err;
}
