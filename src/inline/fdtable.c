// SPDX-License-Identifier: GPL-2.0-only
/*
 * fdtable.c - slots, open descriptions and placeholders.
 *
 * Theory of operation: see fdtable.h. The table and the pool are zero pages of
 * the library's .bss, so a process that never opens a stack socket pays no
 * memory for them. A desc comes from a free list, or from the part of
 * the pool never used so far.
 *
 * Ownership: a slot owns one reference of its desc and one descriptor of the
 * stack. Locking: pool_lock for the free list only.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "inline/thread.h"
#include "lib/rawsys.h"
#include "sockets/event.h"
#include "sockets/route.h"
#include "stack/ports.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

_Atomic uint64_t fdtable[FDTABLE_MAX];
struct desc descs[DESC_MAX];

#define FD_INHERITED 256      /* numbers that are looked at where there is no /proc */
#define MARK	     0x50534e /* SO_RCVLOWAT of a placeholder, by which the next program knows it */

static struct lock pool_lock;
static struct desc *pool_free;
static unsigned int pool_used;
static atomic_int top;

struct desc *desc_new(void)
{
	struct desc *d;

	lock_take(&pool_lock);
	d = pool_free;
	if (d)
		pool_free = d->next;
	else if (pool_used < DESC_MAX)
		d = &descs[pool_used++];
	lock_give(&pool_lock);
	if (!d)
		return NULL;
	memset(d, 0, sizeof(*d));
	for (int i = 0; i < DESC_REGS; i++)
		d->reg[i].ep = -1;
	atomic_store(&d->epoll, -1);
	atomic_store(&d->refs, 1);
	return d;
}

bool desc_get(struct desc *d)
{
	int refs = atomic_load(&d->refs);

	while (refs > 0)
		if (atomic_compare_exchange_weak(&d->refs, &refs, refs + 1))
			return true;
	return false;
}

void desc_put(struct desc *d)
{
	int ep;

	if (atomic_fetch_sub(&d->refs, 1) != 1)
		return;
	ep = atomic_load(&d->epoll);
	if (ep >= 0 && stack_is_up())
		edge_close(ep);
	if (d->core.number && !d->core.moved)
		event_closed(&d->core);
	route_forget(&d->core);
	lock_take(&pool_lock);
	d->next = pool_free;
	pool_free = d;
	lock_give(&pool_lock);
}

bool fd_set_slot(int fd, enum fd_kind kind, struct desc *d, int stack)
{
	uint64_t slot = (uint64_t)(uint32_t)stack << 32 | (uint64_t)kind;
	int old = atomic_load(&top);

	if ((unsigned int)fd >= FDTABLE_MAX)
		return false;
	if (d)
		slot |= (uint64_t)(d - descs) << 8;
	while (old <= fd && !atomic_compare_exchange_weak(&top, &old, fd + 1))
		;
	atomic_store_explicit(&fdtable[fd], slot, memory_order_release);
	return true;
}

uint64_t fd_take(int fd)
{
	if ((unsigned int)fd >= FDTABLE_MAX ||
	    !atomic_load_explicit(&fdtable[fd], memory_order_relaxed))
		return 0;
	return atomic_exchange(&fdtable[fd], 0);
}

void fd_internal(int fd, bool on)
{
	if (fd >= 0 && on)
		fd_set_slot(fd, FD_INTERNAL, NULL, 0);
	else if (slot_kind(fd_slot(fd)) == FD_INTERNAL)
		fd_take(fd);
}

int fd_top(void)
{
	return atomic_load(&top);
}

int fd_placeholder(bool cloexec)
{
	int fd = real(socket)(AF_UNIX, SOCK_STREAM | (cloexec ? SOCK_CLOEXEC : 0), 0);

	if (fd < 0)
		return -errno;
	if ((unsigned int)fd >= FDTABLE_MAX) {
		real(close)(fd);
		return -EMFILE;
	}
	real(setsockopt)(fd, SOL_SOCKET, SO_RCVLOWAT, &(int){MARK}, sizeof(int));
	return fd;
}

/* If @fd is a placeholder that an earlier program left. */
static void fd_find_inherited(int fd)
{
	int mark = 0;
	socklen_t len = sizeof(mark);
	struct desc *d;

	if (fd_slot(fd) || real(getsockopt)(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, &len) < 0 ||
	    mark != MARK)
		return;
	d = desc_new();
	if (!d)
		return;
	d->core.settled = true;
	fd_set_slot(fd, FD_SOCKET, d, FD_DEAD);
}

void fd_inherited(void)
{
	int saved = errno, dir = real(open)("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_Alignas(struct dirent64) char buf[2048];
	long n;

	if (dir < 0)
		for (int fd = 0; fd < FD_INHERITED; fd++)
			fd_find_inherited(fd);
	while (dir >= 0 && (n = RAWSYS(SYS_getdents64, dir, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n; at += ((struct dirent64 *)(buf + at))->d_reclen)
			fd_find_inherited(atoi(((struct dirent64 *)(buf + at))->d_name));
	if (dir >= 0)
		real(close)(dir);
	errno = saved;
}

int fd_drop(uint64_t slot)
{
	int ret = 0;

	if (!slot || slot_kind(slot) == FD_INTERNAL)
		return 0;
	if (slot_ours(slot) && slot_stack(slot) != FD_DEAD && stack_is_up()) {
		ret = edge_close(slot_stack(slot));
		ports_released();
	}
	desc_put(slot_desc(slot));
	return ret;
}

void fdtable_fork(int phase)
{
	if (phase == 0)
		lock_take(&pool_lock);
	else
		lock_give(&pool_lock);
}
