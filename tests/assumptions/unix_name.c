// SPDX-License-Identifier: GPL-2.0-only
/*
 * unix_name.c - what `persona ps` relies on: abstract names of AF_UNIX listeners.
 *
 * The name of a killed process' listener is gone with it; /proc/net/unix tells listeners from
 * the sockets they accepted; both ends know each other's process and user; the
 * name is not seen in another network namespace.
 */
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "tap.h"

#define NAME "persona-assumption/"

static struct sockaddr_un address;
static socklen_t size;

static int reach(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (!connect(fd, (struct sockaddr *)&address, size))
		return fd;
	close(fd);
	return -1;
}

static struct ucred peer_of(int fd)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);

	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len);
	return cred;
}

/* Lines of /proc/net/unix with the name, and with these flags. */
static int lines(unsigned int flag, unsigned int value)
{
	FILE *f = fopen("/proc/self/net/unix", "re");
	unsigned int flags;
	char line[512];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += sscanf(line, "%*s %*s %*s %x", &flags) == 1 && (flags & flag) == value &&
		     strstr(line, "@" NAME);
	if (f)
		fclose(f);
	return n;
}

int main(void)
{
	struct ucred cred;
	int fd, taken, out[2];
	pid_t child, who = 0;
	char c;

	size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			   (size_t)snprintf(address.sun_path + 1, 64, NAME "%d", getpid()));
	address.sun_family = AF_UNIX;
	if (pipe(out))
		return 1;
	child = fork();
	if (!child) {
		fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 4) ||
		    write(out[1], "l", 1) != 1)
			_exit(1);
		taken = accept(fd, NULL, NULL);
		who = peer_of(taken).pid;
		if (write(out[1], &who, sizeof(who)) != sizeof(who))
			_exit(1);
		pause();
		_exit(1);
	}
	if (read(out[0], &c, 1) != 1)
		return 1;
	fd = reach();
	if (read(out[0], &who, sizeof(who)) != sizeof(who))
		return 1;
	ok(fd >= 0, "the name is reached");
	ok(who == getpid(), "the listener knows who connects");
	cred = peer_of(fd);
	ok(cred.pid == child && cred.uid == geteuid(), "who connects knows who listens");
	ok(lines(0x10000, 0x10000) == 1, "/proc/net/unix lists the listener once");
	ok(lines(0x10000, 0) == 1, "the accepted socket has the name, and is told from it");
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ok(reach() < 0 && errno == ECONNREFUSED, "killed: the name is refused at once");
	ok(lines(0, 0) == 0, "and listed no more");

	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	if (bind(fd, (struct sockaddr *)&address, size) || listen(fd, 4))
		return 1;
	if (unshare(CLONE_NEWNET))
		skip("another network namespace does not see it", "no privilege to make one");
	else
		ok(reach() < 0 && lines(0, 0) == 0, "another network namespace does not see it");
	return done();
}
