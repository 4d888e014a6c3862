/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fdtable.h - which of the program's descriptors belong to the stack.
 *
 * One 64-bit slot per descriptor number, zero for the host's own:
 *
 *	bits  0..7	kind (bit 0 set: the stack's)
 *	bits  8..31	index of the struct desc, the open description
 *	bits 32..63	the stack's own descriptor
 *
 * The number is held in the host's table by a placeholder, so the host
 * allocates numbers (lowest free first), refuses what it does not know and
 * closes at exec. Every number has a stack descriptor of its own: dup() here is
 * dup() there, so reference counts and epoll's (file, number) keys are the
 * stack's.
 *
 * struct desc is what all numbers of one open description share beyond what
 * the stack knows. It lives in a static pool and is never unmapped, so a
 * reader that loses a race against close() reads stale data, no wild memory;
 * the program's own race it was in the first place.
 *
 * Threads: slots are read without a lock and written by the thread
 * that opens or closes the number. Descs are counted atomically.
 */
#ifndef PERSONA_INLINE_FDTABLE_H
#define PERSONA_INLINE_FDTABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include "inline/marker.h"
#include "sockets/socket.h"

#define FDTABLE_MAX (1u << 20) /* numbers at or above are always the host's */
#define DESC_MAX    (1u << 16) /* open descriptions of the stack and epolls */

enum fd_kind {
	FD_HOST = 0,	 /* not ours; the slot is zero */
	FD_SOCKET = 1,	 /* a socket of the stack */
	FD_EPOLL = 2,	 /* host epoll; desc->epoll is its other half in the stack */
	FD_FILE = 3,	 /* a file of the stack: /proc/sys/net */
	FD_INTERNAL = 4, /* Persona's own: the program may not close it */
	FD_MOVED = 6,	 /* a socket that moved to the host by the loopback rule */
};

/* Stands for the stack's descriptor where that went with an earlier program (fd_inherited()). */
#define FD_DEAD 0x7ffffff0

#define DESC_REGS 4

/* An epoll registration to repeat if the socket moves to the host. */
struct desc_reg {
	int ep; /* the program's epoll descriptor, -1: free */
	int fd; /* the number it was registered by */
	struct epoll_event ev;
};

/**
 * struct desc - one open description
 * @refs:     how many slots refer to it
 * @epoll:    FD_EPOLL: the stack's epoll descriptor, -1 until needed
 * @hosted:   FD_EPOLL: at most so many host descriptors are registered
 * @marker:   FD_EPOLL: the threads that sleep on one half alone (marker.h)
 * @core:     what the socket is (sockets/socket.h)
 * @reg:      where it is registered, while it may still move to the host
 */
struct desc {
	atomic_int refs;
	atomic_int epoll;
	atomic_int hosted;
	struct marker marker[2];
	struct socket_core core;
	struct desc_reg reg[DESC_REGS];
	struct desc *next; /* free list */
};

extern _Atomic uint64_t fdtable[FDTABLE_MAX];
extern struct desc descs[DESC_MAX];

static inline uint64_t fd_slot(int fd)
{
	if ((unsigned int)fd >= FDTABLE_MAX)
		return 0;
	return atomic_load_explicit(&fdtable[fd], memory_order_acquire);
}

static inline bool slot_ours(uint64_t slot)
{
	return slot & 1;
}

/* Does sockets/ have a say in where it sends: the stack's, or one that has moved? */
static inline bool slot_routed(uint64_t slot)
{
	return slot & 1 || (slot & 0xff) == FD_MOVED;
}

static inline enum fd_kind slot_kind(uint64_t slot)
{
	return slot & 0xff;
}

static inline int slot_stack(uint64_t slot)
{
	return (int)(slot >> 32);
}

static inline struct desc *slot_desc(uint64_t slot)
{
	return &descs[slot >> 8 & 0xffffff];
}

/** desc_new() - a zeroed description with one reference, or NULL (table full). */
struct desc *desc_new(void);

/** desc_get() - one more reference; false if it was just given up. */
bool desc_get(struct desc *d);

/** desc_put() - one reference less; the last one frees @d and its epoll half. */
void desc_put(struct desc *d);

/** fd_set_slot() - number @fd now means this; false if the number is too high. */
bool fd_set_slot(int fd, enum fd_kind kind, struct desc *d, int stack);

/** fd_take() - empty the slot and return what it was. */
uint64_t fd_take(int fd);

/** fd_internal() - protect Persona's own host descriptor from the program. */
void fd_internal(int fd, bool on);

/**
 * fd_inherited() - find the sockets that a program before this one left to it
 *
 * exec keeps their placeholders, whose sockets went with the old program's stack. They
 * become the stack's again, dead: ENETDOWN. Without /proc those below 256 are looked at.
 */
void fd_inherited(void);

/** fd_top() - no slot at or above this number is in use. */
int fd_top(void);

/**
 * fd_placeholder() - reserve a descriptor number for a socket
 *
 * Return: an unconnected AF_UNIX socket, or -errno.
 */
int fd_placeholder(bool cloexec);

/**
 * fd_drop() - give up what a slot held: close the stack's descriptor, put the desc
 *
 * The caller has taken the slot out of the table. The host's number stays.
 *
 * Return: what the stack's close() said, 0 or -errno.
 */
int fd_drop(uint64_t slot);

/** fdtable_fork() - prepare (0), parent (1), child (2): keep the pool's lock sane. */
void fdtable_fork(int phase);

#endif /* PERSONA_INLINE_FDTABLE_H */
