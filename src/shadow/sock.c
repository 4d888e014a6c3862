// SPDX-License-Identifier: GPL-2.0-only
/*
 * sock.c - the table of sockets, see sock.h.
 *
 * Sockets live in slabs that are never freed, found by index; a hash table finds
 * them by the inode of the program's end. The table's lock is never held
 * while a socket's is taken: between the two the socket may change, so
 * what it is is checked again under its own lock.
 */
#include <stdatomic.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/complain.h"
#include "shadow/call.h"
#include "shadow/closing.h"
#include "shadow/holder.h"
#include "shadow/inodes.h"
#include "shadow/pair.h"
#include "shadow/sock.h"
#include "sockets/event.h"
#include "sockets/route.h"
#include "stack/ports.h"

#define SLAB	    256
#define SLABS	    4096
#define BUCKETS	    8192
#define SOCK_MEMORY 6144 /* bytes of the stack that a socket may take: MPTCP, idle */

static pthread_mutex_t table = PTHREAD_MUTEX_INITIALIZER;
static struct sock *slab[SLABS];
static uint32_t nslots; /* slots ever used */
static struct sock *unused;
static struct sock *bucket[BUCKETS];
static _Atomic unsigned int count;
static unsigned int limit = UINT32_MAX;

static struct sock *sock_slot(uint32_t index)
{
	return &slab[index / SLAB][index % SLAB];
}

static struct sock *sock_take_slot(void)
{
	struct sock *s = NULL;

	pthread_mutex_lock(&table);
	if (unused) {
		s = unused;
		unused = s->hash;
	} else if (nslots < SLAB * SLABS) {
		if (!slab[nslots / SLAB])
			slab[nslots / SLAB] = calloc(SLAB, sizeof(*s));
		if (slab[nslots / SLAB]) {
			s = sock_slot(nslots);
			s->index = nslots;
			pthread_mutex_init(&s->lock, NULL);
			__atomic_store_n(&nslots, nslots + 1, __ATOMIC_RELEASE);
		}
	}
	pthread_mutex_unlock(&table);
	return s;
}

static void sock_insert(struct sock *s)
{
	pthread_mutex_lock(&table);
	s->hash = bucket[s->ino % BUCKETS];
	bucket[s->ino % BUCKETS] = s;
	count++;
	pthread_mutex_unlock(&table);
}

/* The table's lock is held. */
static void sock_unhash(struct sock *s)
{
	struct sock **p = &bucket[s->ino % BUCKETS];

	while (*p && *p != s)
		p = &(*p)->hash;
	if (*p) {
		*p = s->hash;
		count--;
	}
}

/* Out of the table, into the free list; its generation has been advanced. */
static void sock_remove_slot(struct sock *s)
{
	pthread_mutex_lock(&table);
	sock_unhash(s);
	s->hash = unused;
	unused = s;
	pthread_mutex_unlock(&table);
}

/* A slot that is used again: all but its lock, its place and its generation. */
static void sock_reset(struct sock *s)
{
	size_t at = offsetof(struct sock, ops);

	memset((char *)s + at, 0, sizeof(*s) - at);
	s->pair = s->stack = s->fd = s->watch = -1;
	s->linger = -1;
}

/* The pair of a new socket, which gets the next generation. Only IP has errors that come late. */
static int sock_make_pair(struct sock *s, int *fd)
{
	uint64_t id = (uint64_t)(s->generation + 1) << 32 | s->index;
	int err;

	if (sock_is_stream(s))
		return pair_make(SOCK_STREAM, fd, &s->pair, &s->ino);
	if (socket_is_inet(&s->core) && !pair_make(SOCK_DGRAM, fd, &s->pair, &s->ino)) {
		s->watch = closing_watch(*fd, id);
		if (s->watch >= 0)
			return 0;
		close(*fd);
		close(s->pair);
	}
	err = pair_make(SOCK_SEQPACKET, fd, &s->pair, &s->ino);
	if (err)
		s->pair = -1;
	return err;
}

struct sock *sock_new(const struct socket_core *core, const struct sock_ops *ops, bool alone,
		      int stack, int *fd, int *err)
{
	struct sock *s = sock_take_slot();

	*err = -ENOMEM;
	if (!s)
		return NULL;
	pthread_mutex_lock(&s->lock);
	sock_reset(s);
	s->core = *core;
	s->ops = ops;
	s->stack = stack;
	if (alone)
		*err = pair_alone(fd, &s->ino);
	else
		*err = sock_make_pair(s, fd);
	if (*err) {
		pthread_mutex_unlock(&s->lock);
		pthread_mutex_lock(&table);
		s->hash = unused;
		unused = s;
		pthread_mutex_unlock(&table);
		return NULL;
	}
	s->generation++;
	s->stack_ino = inodes_stack(stack);
	sock_insert(s);
	return s;
}

int sock_renew(struct sock *s, int *fd)
{
	int err;

	pthread_mutex_lock(&table);
	sock_unhash(s);
	pthread_mutex_unlock(&table);
	sock_close_pair(s);
	err = pair_alone(fd, &s->ino);
	s->suspect = false; /* the old end was */
	sock_insert(s);
	if (!err)
		s->state = SOCK_FRESH;
	return err;
}

struct sock *sock_find(ino_t ino)
{
	struct sock *s;

	pthread_mutex_lock(&table);
	for (s = bucket[ino % BUCKETS]; s; s = s->hash)
		if (s->ino == ino)
			break;
	pthread_mutex_unlock(&table);
	if (!s)
		return NULL;
	pthread_mutex_lock(&s->lock);
	if (s->generation & 1 && s->ino == ino)
		return s;
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

struct sock *sock_get(uint64_t id)
{
	uint32_t index = (uint32_t)id;
	struct sock *s;

	if (index >= __atomic_load_n(&nslots, __ATOMIC_ACQUIRE))
		return NULL;
	s = sock_slot(index);
	pthread_mutex_lock(&s->lock);
	if (s->generation == id >> 32)
		return s;
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

struct sock *sock_first(uint32_t index)
{
	for (; index < __atomic_load_n(&nslots, __ATOMIC_ACQUIRE); index++) {
		struct sock *s = sock_slot(index);

		pthread_mutex_lock(&s->lock);
		if (s->generation & 1)
			return s;
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

unsigned int sock_count(void)
{
	return atomic_load_explicit(&count, memory_order_relaxed);
}

void sock_set_memory(size_t bytes)
{
	limit = (unsigned int)(bytes / SOCK_MEMORY);
}

bool sock_at_limit(void)
{
	return sock_count() >= limit;
}

bool sock_full(void)
{
	static _Atomic bool told;

	if (!sock_at_limit())
		return false;
	if (!told) {
		told = true;
		complain(0, "%u sockets: the stack's memory holds no more: give it more by --mem",
			 limit);
	}
	return true;
}

struct sock_inode *sock_inodes(size_t *n)
{
	struct sock_inode *list;

	*n = 0;
	pthread_mutex_lock(&table);
	list = malloc((count + 1) * sizeof(*list));
	for (unsigned int i = 0; list && i < BUCKETS; i++)
		for (struct sock *s = bucket[i]; s; s = s->hash)
			list[(*n)++] = (struct sock_inode){s->stack_ino, s->ino};
	pthread_mutex_unlock(&table);
	return list;
}

void sock_put(struct sock *s)
{
	pthread_mutex_unlock(&s->lock);
}

void sock_close_pair(struct sock *s)
{
	if (s->pair >= 0)
		close(s->pair);
	s->pair = -1;
	s->on_host = false;
}

void sock_destroy(struct sock *s)
{
	if (!s->core.moved) /* else the host's lives on */
		event_closed(&s->core);
	if (s->ops->destroy)
		s->ops->destroy(s);
	sock_close_pair(s);
	closing_forget(s->watch);
	if (s->stack >= 0) {
		/* The program has not waited for close(): nor do we. */
		struct linger l = {.l_onoff = s->abort, .l_linger = 0};

		if (s->abort || s->linger > 0)
			stack_call(SYS_setsockopt, s->stack, SOL_SOCKET, SO_LINGER, &l, sizeof(l),
				   0);
		stack_call(SYS_close, s->stack, 0, 0, 0, 0, 0);
	}
	route_forget(&s->core);
	s->stack = -1;
	s->generation++;
	pthread_mutex_unlock(&s->lock);
	sock_remove_slot(s);
	ports_released();
}

int sock_stack_error(const struct sock *s)
{
	int err = 0;
	socklen_t len = sizeof(err);

	stack_call(SYS_getsockopt, s->stack, SOL_SOCKET, SO_ERROR, &err, &len, 0);
	return err;
}

int sock_peek(struct sock *s)
{
	struct stat st;
	int fd;

	fd = s->tid ? call_peek_fd(s->tid, s->fd) : -ESRCH;
	if (fd >= 0 && !fstat(fd, &st) && st.st_ino == s->ino)
		return fd;
	if (fd >= 0)
		close(fd);
	return holder_peek(s->ino, &s->tid, &s->fd);
}
