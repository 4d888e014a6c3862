// SPDX-License-Identifier: GPL-2.0-only
/*
 * places.c - where a process has a socket, see places.h.
 *
 * Theory of operation
 *
 * The links in /proc/TID/fd name the numbers that mean a socket, by its inode, and those that are
 * epoll sets. What is in a set is in its fdinfo, a line each: number, events, data, inode.
 *
 * An entry of a set is known by a file and a number, the one that epoll_ctl() was given. So that
 * the program can change it later, the new socket must be entered under the program's number; but
 * epoll_ctl() takes the number from the table of its caller, which is us. So a thread of ours
 * does it that has a table of descriptors of its own for that moment (CLOSE_RANGE_UNSHARE).
 *
 * The sets come first, then the numbers (SECCOMP_ADDFD_FLAG_SETFD): once a number means the new
 * socket, other threads of the program may call epoll_ctl() on it.
 *
 * Looking at all descriptors takes microseconds for each. Where that was more than a millisecond,
 * the process is not looked at again for nine times as long: meanwhile the sets are those that it
 * had, and of each the kernel is asked whether the socket is in it (kcmp(2)).
 *
 * Limits: for that while, other numbers are not found, nor sets made since, nor entries under other
 * numbers. What other processes have is not reached: descriptors can be put into a process only
 * while it waits for us. A number that another thread closes at this very moment and opens again
 * is replaced, too.
 */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "engine/engine.h"
#include "lib/clock.h"
#include "lib/filtered.h"
#include "shadow/call.h"
#include "shadow/places.h"

#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE (1U << 1)
#endif

#define PLACES_LONG 1000000u /* ns: a look that takes longer is not taken at each call */
#define PLACES_REST 10	     /* times as long until the next */
#define PLACES_SEEN 16
#define PLACES_SETS 32

/* The epoll sets of the process of a thread, by number; believed until @until (monotonic ns). */
static struct places_seen {
	uint64_t until;
	pid_t tid;
	unsigned int n;
	int set[PLACES_SETS];
} seen[PLACES_SEEN];
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER;

/* An entry of an epoll set: @set is our duplicate of it. */
struct places_entry {
	int set;
	int number;
	struct epoll_event ev;
};

/**
 * struct places
 * @number: besides the call's own
 * @old, @fd: the socket that is there, and the one that takes its place: descriptors of ours
 */
struct places {
	int *number;
	unsigned int nnumbers;
	struct places_entry *entry;
	unsigned int nentries;
	int old, fd;
};

/* One more of @size bytes at the end of *@list, NULL: no memory. */
static void *places_more(void *list, unsigned int *n, size_t size)
{
	void **p = list;
	char *more = realloc(*p, (*n + 1) * size);

	if (!more)
		return NULL;
	*p = more;
	return more + size * (*n)++;
}

static void places_add_entry(struct places *p, int set, int number, uint32_t events, uint64_t data)
{
	struct places_entry *e;

	set = fcntl(set, F_DUPFD_CLOEXEC, 0);
	if (set < 0)
		return;
	e = places_more(&p->entry, &p->nentries, sizeof(*e));
	if (e)
		*e = (struct places_entry){set, number, {.events = events, .data.u64 = data}};
	else
		close(set);
}

/* The entries of epoll set @number of the process that are the socket. */
static void places_in_set(struct places *p, pid_t tid, int number, const struct stat *st)
{
	unsigned int events, dev;
	char path[64], line[256];
	unsigned long ino;
	uint64_t data;
	int tfd, set;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", tid, number);
	f = fopen(path, "re");
	set = f ? call_peek_fd(tid, number) : -1;
	while (set >= 0 && fgets(line, sizeof(line), f))
		if (sscanf(line, "tfd: %d events: %x data: %" SCNx64 " pos:%*d ino:%lx sdev:%x",
			   &tfd, &events, &data, &ino, &dev) == 5 &&
		    ino == st->st_ino && dev == minor(st->st_dev))
			places_add_entry(p, set, tfd, events, data);
	if (set >= 0)
		close(set);
	if (f)
		fclose(f);
}

/* Is number @number of the caller in its epoll set @set? -errno: it is no set, or not to be told.
 */
static int places_is_in(const struct call *c, int number, int set)
{
	struct kcmp_epoll_slot slot = {.efd = (uint32_t)set, .tfd = (uint32_t)number};
	static _Atomic int allowed; /* 0 not known, 1 yes, 2 no */
	long ret;

	if (!allowed)
		allowed = filtered_allows(SYS_kcmp) ? 1 : 2;
	if (allowed == 2)
		return -ENOSYS;
	ret = syscall(SYS_kcmp, c->tid, c->tid, KCMP_EPOLL_TFD, number, &slot);
	if (ret >= 0)
		return !ret;
	return errno == ENOENT ? 0 : -errno;
}

/* In the sets that the process had a moment ago; false: it has to be looked at. */
static bool places_find_seen(struct places *p, const struct call *c, const struct stat *st,
			     uint64_t now)
{
	int number = (int)c->args[0], in;
	struct places_seen had;

	pthread_mutex_lock(&seen_lock);
	had = seen[(unsigned int)c->tid % PLACES_SEEN];
	pthread_mutex_unlock(&seen_lock);
	if (had.tid != c->tid || now >= had.until)
		return false;
	for (unsigned int i = 0; i < had.n; i++) {
		in = places_is_in(c, number, had.set[i]);
		if (in == -EINVAL || in == -EBADF)
			return false;
		if (in)
			places_in_set(p, c->tid, had.set[i], st);
	}
	return true;
}

static void places_remember(struct places_seen *has, uint64_t now)
{
	uint64_t took = clock_mono_ns() - now;

	has->until = took > PLACES_LONG && has->n <= PLACES_SETS ? now + PLACES_REST * took : 0;
	pthread_mutex_lock(&seen_lock);
	seen[(unsigned int)has->tid % PLACES_SEEN] = *has;
	pthread_mutex_unlock(&seen_lock);
}

static void places_find(struct places *p, const struct call *c, const struct stat *st)
{
	struct places_seen has = {.tid = c->tid};
	char path[40], want[40], link[64];
	uint64_t now = clock_mono_ns();
	struct dirent *e;
	DIR *d;

	if (places_find_seen(p, c, st, now))
		return;
	snprintf(want, sizeof(want), "socket:[%lu]", (unsigned long)st->st_ino);
	snprintf(path, sizeof(path), "/proc/%d/fd", c->tid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		int number = atoi(e->d_name), *other;
		ssize_t n = readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1);

		if (n <= 0)
			continue;
		link[n] = '\0';
		if (!strcmp(link, "anon_inode:[eventpoll]")) {
			places_in_set(p, c->tid, number, st);
			if (has.n < PLACES_SETS)
				has.set[has.n] = number;
			has.n++;
		}
		if (strcmp(link, want) || number == (int)c->args[0])
			continue;
		other = places_more(&p->number, &p->nnumbers, sizeof(*other));
		if (other)
			*other = number;
	}
	if (d)
		closedir(d);
	places_remember(&has, now);
}

/* In a table of descriptors of this thread's own. @arg: struct places */
static void *places_enter(void *arg)
{
	struct places *p = arg;
	int base = 0, old, fd;

	if (syscall(SYS_close_range, ~0U, ~0U, CLOSE_RANGE_UNSHARE))
		return NULL;
	for (unsigned int i = 0; i < p->nentries; i++)
		if (p->entry[i].number >= base)
			base = p->entry[i].number + 1;
	/* What is needed, out of the way of the numbers. */
	old = fcntl(p->old, F_DUPFD_CLOEXEC, base);
	fd = fcntl(p->fd, F_DUPFD_CLOEXEC, base);
	for (unsigned int i = 0; i < p->nentries; i++)
		p->entry[i].set = fcntl(p->entry[i].set, F_DUPFD_CLOEXEC, base);
	for (unsigned int i = 0; i < p->nentries; i++) {
		struct places_entry *e = &p->entry[i];

		if (dup2(fd, e->number) < 0)
			continue;
		epoll_ctl(e->set, EPOLL_CTL_ADD, e->number, &e->ev);
		dup2(old, e->number);
		epoll_ctl(e->set, EPOLL_CTL_DEL, e->number, NULL);
	}
	return NULL;
}

/* The socket's entries become the other's. */
static void places_move_entries(struct places *p)
{
	static _Atomic int allowed; /* 0 not known, 1 yes, 2 no */
	struct places theirs = *p;
	pthread_t t;

	if (!p->nentries)
		return;
	if (!allowed)
		allowed = filtered_allows(SYS_close_range) ? 1 : 2;
	theirs.entry = malloc(p->nentries * sizeof(*p->entry));
	if (theirs.entry)
		memcpy(theirs.entry, p->entry, p->nentries * sizeof(*p->entry));
	if (theirs.entry && allowed == 1 &&
	    !engine_thread_create(&t, 64 << 10, 0, places_enter, &theirs))
		pthread_join(t, NULL);
	free(theirs.entry);
}

int places_replace(const struct call *c, int fd)
{
	struct places p = {.old = c->fd, .fd = fd};
	int number = (int)c->args[0], err;
	struct stat st;

	if (fstat(c->fd, &st))
		return -errno;
	places_find(&p, c, &st);
	places_move_entries(&p);
	err = call_replace_fd(c, fd, number, call_cloexec(c, number));
	for (unsigned int i = 0; !err && i < p.nnumbers; i++)
		call_replace_fd(c, fd, p.number[i], call_cloexec(c, p.number[i]));
	for (unsigned int i = 0; i < p.nentries; i++)
		close(p.entry[i].set);
	free(p.number);
	free(p.entry);
	return err;
}
