// SPDX-License-Identifier: GPL-2.0-only
/*
 * closing.c - ends of the program's whose closing the pair does not tell, see closing.h.
 *
 * A table leads from inotify's number of a watch to the socket's id. The kernel gives no number
 * again before it has given 2^31 others, so one that is taken off twice does no harm. An entry
 * goes with the event that is its last: IN_CLOSE, or IN_IGNORED after closing_forget().
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>
#include "shadow/closing.h"

#define BUCKETS 1024 /* a power of two */
#define EVENTS	64

struct closing_entry {
	struct closing_entry *next;
	int watch;
	uint64_t id;
};

static int closing_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct closing_entry *bucket[BUCKETS];

int closing_start(void)
{
	if (closing_fd < 0)
		closing_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	return closing_fd < 0 ? -errno : closing_fd;
}

static struct closing_entry **closing_bucket(int watch)
{
	return &bucket[(unsigned int)watch % BUCKETS];
}

/* The lock is held. */
static void closing_insert(struct closing_entry *e)
{
	struct closing_entry **p = closing_bucket(e->watch);

	e->next = *p;
	*p = e;
}

int closing_watch(int fd, uint64_t id)
{
	struct closing_entry *e;
	char path[40];
	int watch;

	if (closing_fd < 0)
		return -ENOSYS;
	e = malloc(sizeof(*e));
	if (!e)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	pthread_mutex_lock(&lock);
	watch = inotify_add_watch(closing_fd, path, IN_CLOSE);
	if (watch >= 0) {
		e->watch = watch;
		e->id = id;
		closing_insert(e);
	} else {
		watch = -errno;
		free(e);
	}
	pthread_mutex_unlock(&lock);
	return watch;
}

void closing_forget(int watch)
{
	if (watch >= 0)
		inotify_rm_watch(closing_fd, watch);
}

/* The entry of a watch goes; gives whether there was one, and its id. */
static bool closing_remove(int watch, uint64_t *id)
{
	struct closing_entry **p, *e;

	pthread_mutex_lock(&lock);
	p = closing_bucket(watch);
	while (*p && (*p)->watch != watch)
		p = &(*p)->next;
	e = *p;
	if (e) {
		*p = e->next;
		*id = e->id;
	}
	pthread_mutex_unlock(&lock);
	free(e);
	return e;
}

bool closing_take(void (*closed)(uint64_t id))
{
	struct inotify_event ev[EVENTS]; /* of a watched file itself: they carry no name */
	bool whole = true;
	ssize_t n;

	while ((n = read(closing_fd, ev, sizeof(ev))) > 0) {
		for (size_t i = 0; i < (size_t)n / sizeof(ev[0]); i++) {
			uint64_t id;

			whole &= !(ev[i].mask & IN_Q_OVERFLOW);
			if (!closing_remove(ev[i].wd, &id) || ev[i].mask & IN_IGNORED)
				continue;
			inotify_rm_watch(closing_fd, ev[i].wd);
			closed(id);
		}
	}
	return whole;
}
