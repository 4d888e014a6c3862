// SPDX-License-Identifier: GPL-2.0-only
/*
 * netns.c - network namespaces that programs of the run make, see netns.h.
 *
 * Theory of operation
 *
 * unshare() and clone() are not stopped, since clone3() has its flags where seccomp cannot look
 * and makes all threads. Instead socket() asks where its caller stands: /proc/TID/ns/net, 2 us.
 * setns() is stopped: it may lead home, and into a private namespace. So a thread of the run that
 * does not stand at home stands in a private namespace.
 *
 * Private is, for setns(), a namespace that a process of the run stands in (nsenter), or that one
 * has left by setns() (`ip netns add`, which mounts it by name and goes home). The latter are
 * kept open, so that the inode is not another's by then.
 *
 * A socket says by SO_NETNS_COOKIE of which namespace it is, and cookies are never used
 * again. What a cookie is worth is found out once, by the namespace's inode (SIOCGSKNS).
 *
 * Threads: those that answer calls; @lock guards the two lists.
 *
 * Limits: KEPT namespaces are kept, COOKIES cookies are remembered; the oldest goes first, and
 * setns() into a namespace that is no longer known is refused. Of a process its first thread is
 * looked at. A namespace that a program with the host's CAP_NET_ADMIN connects to the host's own
 * by a veth pair is still private. Before Linux 5.14 (no cookie) each call looks at the inode.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/complain.h"
#include "shadow/call.h"
#include "shadow/join.h"
#include "shadow/netns.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif
#ifndef SIOCGSKNS
#define SIOCGSKNS 0x894C
#endif

#define KEPT	    64
#define COOKIES	    64
#define GENERATIONS 64 /* of processes between one of the run and us */

struct netns_id {
	dev_t dev;
	ino_t ino;
};

static struct netns_id home;
static uint64_t home_cookie;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	struct netns_id id;
	int fd;
} kept[KEPT];
static unsigned int nkept; /* ever */
static struct {
	uint64_t cookie;
	bool private;
} cookies[COOKIES];
static unsigned int ncookies; /* ever */

static bool netns_same(const struct netns_id *a, const struct netns_id *b)
{
	return a->ino == b->ino && a->dev == b->dev;
}

static bool netns_of_path(const char *path, struct netns_id *id)
{
	struct stat st;

	if (stat(path, &st))
		return false;
	*id = (struct netns_id){st.st_dev, st.st_ino};
	return true;
}

static bool netns_of_fd(int fd, struct netns_id *id)
{
	struct stat st;

	if (fstat(fd, &st))
		return false;
	*id = (struct netns_id){st.st_dev, st.st_ino};
	return true;
}

static bool netns_of_thread(pid_t tid, struct netns_id *id)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", tid);
	return netns_of_path(path, id);
}

static uint64_t netns_cookie(int fd)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) ? 0 : cookie;
}

void netns_start(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	netns_of_path("/proc/self/ns/net", &home);
	if (fd < 0)
		return;
	home_cookie = netns_cookie(fd);
	close(fd);
}

bool netns_is_home(pid_t tid)
{
	struct netns_id id;

	return !netns_of_thread(tid, &id) || netns_same(&id, &home);
}

bool netns_sees_home(pid_t tid, pid_t pid)
{
	struct netns_id id;
	char path[80];

	/* Its own /proc: numbers are those of the PID namespace that it was mounted in. */
	snprintf(path, sizeof(path), "/proc/%d/root/proc/%d/ns/net", tid, pid);
	return !netns_of_path(path, &id) || netns_same(&id, &home);
}

/* ---- whose a namespace is ---- */

static pid_t netns_parent(pid_t pid)
{
	char path[40], text[512];
	const char *end;
	pid_t parent = 0;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	end = strrchr(text, ')'); /* the name may have any character */
	return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* We are the subreaper: what was started by the run is below us, what joined is below that. */
static bool netns_process_is_ours(pid_t pid)
{
	pid_t self = getpid();

	for (unsigned int i = 0; i < GENERATIONS && pid > 1; i++) {
		if (join_has(pid))
			return true;
		pid = netns_parent(pid);
		if (pid == self)
			return true;
	}
	return false;
}

static bool netns_is_inhabited(const struct netns_id *id)
{
	DIR *d = opendir("/proc");
	bool found = false;
	struct netns_id at;
	struct dirent *e;

	while (d && !found && (e = readdir(d))) {
		pid_t pid = atoi(e->d_name);

		found = pid > 0 && netns_of_thread(pid, &at) && netns_same(&at, id) &&
			netns_process_is_ours(pid);
	}
	if (d)
		closedir(d);
	return found;
}

static bool netns_is_kept(const struct netns_id *id)
{
	bool found = false;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < KEPT && i < nkept && !found; i++)
		found = netns_same(&kept[i].id, id);
	pthread_mutex_unlock(&lock);
	return found;
}

/* Thread @tid leaves where it stands: the namespace may be entered again by name. */
static void netns_keep(pid_t tid)
{
	struct netns_id id;
	unsigned int slot;
	char path[40];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (!netns_of_fd(fd, &id) || netns_same(&id, &home) || netns_is_kept(&id)) {
		close(fd);
		return;
	}
	pthread_mutex_lock(&lock);
	slot = nkept % KEPT;
	if (nkept >= KEPT)
		close(kept[slot].fd);
	kept[slot].id = id;
	kept[slot].fd = fd;
	nkept++;
	pthread_mutex_unlock(&lock);
}

/* Did the run make it? @id is held by the caller, so that no other can have its inode. */
static bool netns_is_ours(const struct netns_id *id)
{
	return !netns_same(id, &home) && (netns_is_kept(id) || netns_is_inhabited(id));
}

/* ---- sockets ---- */

/* What is known of @cookie: 1 private, 0 not, -1 nothing. */
static int netns_recall(uint64_t cookie)
{
	int known = -1;

	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < COOKIES && i < ncookies; i++)
		if (cookies[i].cookie == cookie)
			known = cookies[i].private;
	pthread_mutex_unlock(&lock);
	return known;
}

static void netns_remember(uint64_t cookie, bool private)
{
	pthread_mutex_lock(&lock);
	cookies[ncookies % COOKIES].cookie = cookie;
	cookies[ncookies % COOKIES].private = private;
	ncookies++;
	pthread_mutex_unlock(&lock);
}

bool netns_is_private(const struct call *c)
{
	uint64_t cookie = netns_cookie(c->fd);
	struct netns_id id, at;
	int known, fd;
	bool private;

	if (cookie && cookie == home_cookie)
		return false;
	known = cookie ? netns_recall(cookie) : -1;
	if (known >= 0)
		return known;
	fd = ioctl(c->fd, SIOCGSKNS);
	if (fd < 0 || !netns_of_fd(fd, &id)) {
		if (fd >= 0)
			close(fd);
		return false; /* not ours to look at, or no socket */
	}
	private = !netns_same(&id, &home) &&
		  ((netns_of_thread(c->tid, &at) && netns_same(&at, &id)) || netns_is_ours(&id));
	close(fd);
	if (cookie)
		netns_remember(cookie, private);
	return private;
}

/* ---- setns() ---- */

/* The process of pidfd @fd; 0: it is none, or gone. */
static pid_t netns_of_pidfd(int fd)
{
	char path[40], line[128];
	pid_t pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Pid: %d", &pid) == 1)
			break;
	if (f)
		fclose(f);
	return pid > 0 ? pid : 0;
}

/* May the caller enter what its descriptor @fd names? */
static bool netns_may_enter(int fd)
{
	int type = ioctl(fd, NS_GET_NSTYPE);
	struct netns_id id;
	char path[40];
	bool may;
	pid_t pid;

	if (type >= 0)
		return type != CLONE_NEWNET || !netns_of_fd(fd, &id) || netns_same(&id, &home) ||
		       netns_is_ours(&id);
	pid = netns_of_pidfd(fd);
	if (!pid)
		return true; /* the kernel says what is wrong with it */
	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	may = netns_of_fd(fd, &id) && (netns_same(&id, &home) || netns_is_ours(&id));
	close(fd);
	return may;
}

static long netns_refused(void)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&told))
		complain(0, "a program wanted to enter a network namespace that this run did not "
			    "make (setns: EPERM): its data would leave by the host's network");
	return -EPERM;
}

long netns_setns(struct call *c)
{
	int type = (int)c->args[1], fd;
	bool may;

	if (type && !(type & CLONE_NEWNET))
		return CALL_PASS;
	fd = call_peek_fd(c->tid, (int)c->args[0]);
	if (fd < 0)
		return fd == -EPERM ? netns_refused() : CALL_PASS;
	may = netns_may_enter(fd);
	close(fd);
	if (!may)
		return netns_refused();
	netns_keep(c->tid);
	return CALL_PASS;
}
