// SPDX-License-Identifier: GPL-2.0-only
/*
 * holder.c - which process has an end of a pair, see holder.h.
 *
 * The links in /proc/PID/task/TID/fd name sockets by inode. Threads of a process share their
 * descriptors, so the first that shows any stands for all; the process's first thread may have
 * ended. We are the subreaper of the tree, so all of it is below us (/proc/PID/task/TID/children);
 * what joined by `persona exec` is not, and neither is all of it on a kernel without these files:
 * so the rest of /proc comes second.
 *
 * Limits: threads with descriptors of their own (CLONE_FILES not set) are seen by the first alone.
 */
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "shadow/call.h"
#include "shadow/holder.h"

#define HOLDER_DEPTH 64 /* generations of processes; what is deeper is found in the second pass */

/* What is looked for, and where it was found. */
struct holder {
	ino_t ino;
	pid_t tid;
	int number;
};

/* Number @fd of thread @tid, if it is the socket that is looked for. */
static int holder_take(pid_t tid, int fd, struct holder *h)
{
	struct stat st;
	int dup = call_peek_fd(tid, fd);

	if (dup < 0)
		return -ESRCH;
	if (!fstat(dup, &st) && st.st_ino == h->ino) {
		h->tid = tid;
		h->number = fd;
		return dup;
	}
	close(dup);
	return -ESRCH;
}

/* In one thread's descriptors; @any: it has some. */
static int holder_in_thread(pid_t pid, pid_t tid, struct holder *h, bool *any)
{
	char path[64], want[40], link[64];
	struct dirent *e;
	int got = -ESRCH;
	DIR *d;

	snprintf(want, sizeof(want), "socket:[%lu]", (unsigned long)h->ino);
	snprintf(path, sizeof(path), "/proc/%d/task/%d/fd", pid, tid);
	d = opendir(path);
	while (d && got < 0 && (e = readdir(d))) {
		ssize_t n;

		if (*e->d_name == '.')
			continue;
		*any = true;
		n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';
		if (!strcmp(link, want))
			got = holder_take(tid, atoi(e->d_name), h);
	}
	if (d)
		closedir(d);
	return got;
}

static int holder_in_process(pid_t pid, struct holder *h)
{
	bool any = false;
	char path[40];
	struct dirent *e;
	int got = -ESRCH;
	DIR *d;

	if (pid == getpid())
		return -ESRCH;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && got < 0 && !any && (e = readdir(d)))
		if (*e->d_name != '.')
			got = holder_in_thread(pid, atoi(e->d_name), h, &any);
	if (d)
		closedir(d);
	return got;
}

/* In the children of @pid, and theirs. */
static int holder_below(pid_t pid, struct holder *h, unsigned int depth)
{
	char path[64];
	struct dirent *t;
	int got = -ESRCH, child;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = depth < HOLDER_DEPTH ? opendir(path) : NULL;
	while (d && got < 0 && (t = readdir(d))) {
		if (*t->d_name == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, atoi(t->d_name));
		f = fopen(path, "re");
		while (f && got < 0 && fscanf(f, "%d", &child) == 1) {
			got = holder_in_process(child, h);
			if (got < 0)
				got = holder_below(child, h, depth + 1);
		}
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return got;
}

int holder_peek(ino_t ino, pid_t *tid, int *number)
{
	struct holder h = {.ino = ino};
	int got = holder_below(getpid(), &h, 0);
	struct dirent *e;
	DIR *d = got < 0 ? opendir("/proc") : NULL;

	while (d && got < 0 && (e = readdir(d)))
		if (*e->d_name >= '1' && *e->d_name <= '9')
			got = holder_in_process(atoi(e->d_name), &h);
	if (d)
		closedir(d);
	if (got >= 0) {
		*tid = h.tid;
		*number = h.number;
	}
	return got;
}
