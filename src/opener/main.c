// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.c - persona-opener: the one process that holds privileges, for one run.
 *
 * Theory of operation
 *
 *	persona (any user)		persona-opener (file capabilities, or root)
 *	OPEN wlan0 ...		--->	may this user? open; pass the descriptor
 *	CLAIM			--->	no other run may have these addresses (claims.c)
 *	STACK			--->	also while this process lives (holder.c)
 *	RANGE			--->	make the table of rules; give up what opening needed
 *					(confine.c); reserve ports
 *	FLOWS, RESERVE, RELEASE	--->	rules for the host's kernel
 *	(ends, however)		--->	end of the connection: take everything back,
 *	(has ended)		<---	close OPENER_GONE_FD, end
 *
 * Here are the process and its connection; what is asked is served by requests.c.
 * It asks the host nothing on behalf of the user that the kernel would not allow its two
 * capabilities.
 *
 * What is left to the end of the process are sockets whose closing waits for the kernel:
 * packet sockets (@slow_close in opening.h) and the table's (nftrules.c). They do nothing any
 * more, so persona does not wait for them: it is told that all is taken back, and ends; this
 * process is gone some 20 to 50 ms later.
 *
 * No memory is allocated: all state is static, and libc functions that would
 * allocate are not used. One thread. Signals of a terminal do not come (a session of
 * its own); SIGTERM is taken as the end.
 *
 * Limits: OPENER_SLOTS interfaces; it trusts the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/rawsys.h"
#include "opener/holder.h"
#include "opener/opener.h"
#include "opener/requests.h"

static struct opener_request request;

static int opener_answer(const struct opener_reply *r, int fd)
{
	union {
		struct cmsghdr hdr;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {(void *)r, sizeof(*r)};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(OPENER_FD, &m, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Return: as of recv(). @from: the process that it comes from, 0 if that cannot be seen. */
static ssize_t opener_receive(pid_t *from)
{
	union {
		struct cmsghdr hdr;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control = {0};
	struct iovec iov = {&request, sizeof(request)};
	struct msghdr m = {.msg_iov = &iov,
			   .msg_iovlen = 1,
			   .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(OPENER_FD, &m, MSG_TRUNC | MSG_CMSG_CLOEXEC);
	const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	struct ucred peer = {0};

	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_CREDENTIALS &&
	    c->cmsg_len == CMSG_LEN(sizeof(peer)))
		memcpy(&peer, CMSG_DATA(c), sizeof(peer));
	*from = peer.pid;
	return n;
}

static volatile sig_atomic_t ending;

static void opener_end(int sig)
{
	ending = 1;
}

static void opener_loop(void)
{
	struct pollfd p[1 + HOLDER_FDS];
	struct opener_reply r;
	pid_t from;
	ssize_t n;
	int fd, err;

	while (!ending) {
		p[0] = (struct pollfd){.fd = OPENER_FD, .events = POLLIN};
		holder_watch(p + 1);
		if (poll(p, 1 + HOLDER_FDS, -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (!p[0].revents) {
			holder_news(p + 1);
			continue;
		}
		n = opener_receive(&from);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		fd = requests_serve(&request, (size_t)n, from, &r);
		err = opener_answer(&r, fd);
		if (fd >= 0)
			close(fd);
		if (err)
			return;
	}
}

/* Descriptors that were forgotten above ours; 0 to 2 lead nowhere. */
static void opener_set_descriptors(void)
{
	int null = open("/dev/null", O_RDWR);

	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	for (int fd = OPENER_GONE_FD + 1;
	     syscall(SYS_close_range, OPENER_GONE_FD + 1, ~0u, 0) && fd < 1024; fd++)
		close(fd);
	fcntl(OPENER_FD, F_SETFD, FD_CLOEXEC);
	fcntl(OPENER_GONE_FD, F_SETFD, FD_CLOEXEC);
	setsockopt(OPENER_FD, SOL_SOCKET, SO_PASSCRED, &(int){1}, sizeof(int));
	holder_start();
}

int main(void)
{
	struct sigaction sa = {.sa_handler = opener_end};
	struct stat st;

	if (fstat(OPENER_FD, &st) || !S_ISSOCK(st.st_mode)) {
		dprintf(2, "persona: persona-opener is started by persona run, not by hand\n");
		return 125;
	}
	opener_set_descriptors();
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &sa, NULL);
	prctl(PR_SET_DUMPABLE, 0);
	umask(022);
	if (chdir("/"))
		return 125;
	opener_loop();
	requests_take_back();
	close(OPENER_GONE_FD); /* persona waits for this */
	return 0;
}
