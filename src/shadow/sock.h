/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sock.h - a socket of the program: one end of a pair there, a socket in the stack here.
 *
 *	program                  supervisor                     stack
 *	fd N ==== AF_UNIX pair ==== pair      stack ---- TCP, UDP, netlink ...
 *
 * The program's end is known by its inode number, never by N: so dup(), fork(),
 * exec() and SCM_RIGHTS need nothing from us. We keep no copy of it (but for the
 * moments of a call), so the hang-up of our end says that the last one
 * was closed. What the ends carry is told in stream.h and dgram.h.
 *
 * Locking: sock->lock guards everything in it; it is held while a call is served
 * or an event handled, and no two at a time. Memory of a struct sock is never
 * unmapped, and an id (index and generation) tells whether it is still the same
 * socket: events and lists hold ids, not pointers.
 */
#ifndef PERSONA_SHADOW_SOCK_H
#define PERSONA_SHADOW_SOCK_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include "engine/engine.h"
#include "sockets/socket.h"

struct call;
struct chunk;
struct dgram;
struct sock;

enum sock_state {
	SOCK_FRESH, /* no peer yet */
	SOCK_LISTENING,
	SOCK_CONNECTING, /* the program's end is filled, so that it is not writable */
	SOCK_OPEN,	 /* data flows */
	SOCK_FAILED,	 /* refused or reset; our end is closed */
};

/**
 * struct sock_ops - a kind of socket (stream.c, listener.c, dgram.c)
 * @host_event:  edges of our end of the pair, EPOLL*; may destroy: unlocks
 * @stack_event: edges of the stack's socket; may destroy: unlocks
 * @swept:	 the program's end is known to be closed; destroys or waits: unlocks
 * @destroy:	 the socket goes: parked calls are answered, what the kind owns is freed; NULL: none
 */
struct sock_ops {
	void (*host_event)(struct sock *s, uint32_t events);
	void (*stack_event)(struct sock *s, uint32_t events);
	void (*swept)(struct sock *s);
	void (*destroy)(struct sock *s);
};

/**
 * struct sock_lost - a result whose caller was interrupted before it arrived
 *
 * The kernel, or the program after EINTR, makes the same call again: then this is the
 * answer, and nothing is done twice. @when: monotonic ns.
 */
struct sock_lost {
	pid_t tid;
	int nr;
	long ret;
	uint64_t args[6];
	uint64_t when;
};

/** struct sock_accepted - a connection that its caller of accept() did not get */
struct sock_accepted {
	struct sock_accepted *next;
	int stack;
	socklen_t len;
	struct sockaddr_storage peer;
};

/**
 * struct sock
 * @core:    what it is (sockets/socket.h)
 * @ops:     its kind; a stream that listens becomes a listener
 * @ino:     inode of the program's end, the key
 * @stack_ino: inode of the stack's socket
 * @pair:    our end, -1 of a stream that has no peer yet or none any more
 * @stack:   the stack's descriptor
 * @error:   what SO_ERROR will say, positive; beside the stack's own
 * @was_open: failed after it had been connected
 * @suspect: the program may have closed its end: a sweep looks
 * @watch:   messages: tells of the closing of the program's end (closing.h), which can show errors
 *	     then (mark.h); -1: a hang-up tells of it, and errors are messages
 * @sndbuf, @rcvbuf: as the program has set them, bytes; 0: not
 * @marked:  the program's end has an error of its own that stands for @error
 * @tid, @fd: where the program's end was seen last
 * @closed:  the program has closed it; what it wrote is still on its way
 * @up_eof:  the program will write no more, and the stack knows
 * @down_eof: the peer will send no more, and the program knows
 * @rd_shut: the program does not want to read any more
 * @abort:   close with a reset
 * @host:    core.moved: inode of the host's socket
 * @linger:  the program set SO_LINGER: seconds; -1: not
 * @token:   listening: a byte in the pair makes the program's end readable
 * @up, @down: data read and not yet passed on
 */
struct sock {
	pthread_mutex_t lock;
	uint32_t index;
	uint32_t generation; /* odd while in use */
	const struct sock_ops *ops;
	struct socket_core core;
	ino_t ino, stack_ino;
	int pair;
	int stack;
	enum sock_state state;
	bool closed;
	bool up_eof, down_eof;
	bool rd_shut;
	bool abort;
	bool token;
	bool on_stack; /* in the stack's epoll */
	bool on_host;  /* in the host's epoll */
	int linger;
	int sndbuf, rcvbuf;
	bool marked;
	bool was_open;
	bool suspect;
	int watch;
	ino_t host;
	int error;
	pid_t tid;
	int fd;
	struct chunk *up, *down;
	struct dgram *dgram;
	struct call *parked;
	struct sock_lost lost;
	struct sock_accepted *accepted;
	struct sock *hash;
};

/* One system call into the stack. */
#define STACK_LONG(x) ((long)(x))
#define stack_call(nr, a, b, c, d, e, f)                                                  \
	engine_syscall((nr), (const long[6]){STACK_LONG(a), STACK_LONG(b), STACK_LONG(c), \
					     STACK_LONG(d), STACK_LONG(e), STACK_LONG(f)})

/** sock_is_stream() - a byte stream with connections? Else messages. */
static inline bool sock_is_stream(const struct sock *s)
{
	return s->core.type == SOCK_STREAM;
}

/**
 * sock_new() - put a socket of the stack behind an end for the program
 * @core:  what it is
 * @ops:   its kind
 * @alone: a stream without a peer: the program's end alone, to be joined later
 * @stack: its descriptor there, non-blocking; the caller's still on failure
 * @fd:	   receives the program's end, which the caller hands over and closes
 * @err:   -errno on failure
 *
 * Return: the socket, locked; NULL on failure.
 */
struct sock *sock_new(const struct socket_core *core, const struct sock_ops *ops, bool alone,
		      int stack, int *fd, int *err);

/**
 * sock_renew() - a new end in place of one that has failed: a stream's, alone, to connect again
 * @fd: receives the program's end
 *
 * Return: 0 or -errno.
 */
int sock_renew(struct sock *s, int *fd);

/** sock_find() - by inode; locked. NULL: none of ours. */
struct sock *sock_find(ino_t ino);

/** sock_id() - for events and lists. */
static inline uint64_t sock_id(const struct sock *s)
{
	return (uint64_t)s->generation << 32 | s->index;
}

/** sock_get() - by id; locked. NULL: it is gone. */
struct sock *sock_get(uint64_t id);

/** sock_put() - unlock. */
void sock_put(struct sock *s);

/** sock_destroy() - close both sides, forget it; unlocks. */
void sock_destroy(struct sock *s);

/** sock_close_pair() - close our end; the program's end then says what it says. */
void sock_close_pair(struct sock *s);

/** sock_stack_error() - SO_ERROR of the stack's socket, positive, and clear it. */
int sock_stack_error(const struct sock *s);

/** sock_peek() - duplicate of the program's end: where it was seen last, else wherever it is
 * (holder.h); or -ESRCH. */
int sock_peek(struct sock *s);

/** sock_first() - the first socket at or after @index, locked; for sweeps. */
struct sock *sock_first(uint32_t index);

/** sock_at_limit() - are there as many as the stack's memory allows? */
bool sock_at_limit(void);

/** sock_full() - the same, and says so once. */
bool sock_full(void);

/** sock_set_memory() - of the stack, bytes. */
void sock_set_memory(size_t bytes);

/** struct sock_inode - of a socket, in the stack and at the program's end */
struct sock_inode {
	ino_t stack, program;
};

/** sock_inodes() - of all *@n sockets; free() it. Any thread, a socket may be locked. */
struct sock_inode *sock_inodes(size_t *n);

/** sock_count() - how many there are. */
unsigned int sock_count(void);

#endif /* PERSONA_SHADOW_SOCK_H */
