// SPDX-License-Identifier: GPL-2.0-only
/*
 * number.c - descriptor numbers: made, copied, closed.
 *
 * Theory of operation: the host's table decides about numbers, through the
 * placeholders; the slots follow. Closing: the slot is emptied, the stack's
 * descriptor closed, the placeholder last, so that the number cannot be given
 * to another thread in between. Copying: the stack's descriptor is copied
 * first, then the placeholder, then the slot is set. dup2() onto a number
 * of the stack replaces the placeholder at once, as on the host, and gives up
 * what the slot held.
 *
 * FD_INTERNAL numbers do not exist for the program: close() says EBADF,
 * close_range() spares them, dup2() onto one says EBUSY.
 *
 * Close-on-exec is a property of the number and is kept by the placeholder;
 * O_NONBLOCK is one of the open description and is kept by the stack.
 *
 * Limits: signal-driven I/O (O_ASYNC, F_SETOWN) is refused.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/life.h"
#include "inline/number.h"
#include "inline/say.h"
#include "inline/stdio.h"
#include "inline/thread.h"
#include "engine/engine.h"

#include <linux/close_range.h>

static bool number_trusted(void)
{
	return self.bypass || engine_inside();
}

int number_ours(int fd)
{
	if (fd >= 0 && unlikely(number_trusted()))
		fd_internal(fd, true);
	return fd;
}

/* The standard streams follow their numbers. */
static void number_changed(int fd)
{
	if (unlikely(fd <= STDERR_FILENO))
		stdio_changed(fd);
}

void number_fill(int fd, enum fd_kind kind, struct desc *d, int stack, bool cloexec)
{
	if (!cloexec)
		real(fcntl)(fd, F_SETFD, 0);
	fd_set_slot(fd, kind, d, stack);
	number_changed(fd);
}

int number_place(enum fd_kind kind, struct desc *d, int stack, bool cloexec)
{
	int fd = fd_placeholder(cloexec);

	if (fd < 0) {
		edge_close(stack);
		desc_put(d);
		return fd;
	}
	fd_set_slot(fd, kind, d, stack);
	number_changed(fd);
	return fd;
}

HOOK int close(int fd)
{
	uint64_t slot = fd_slot(fd);
	int err;

	if (likely(!slot))
		return real(close)(fd);
	if (slot_kind(slot) == FD_INTERNAL && !number_trusted()) {
		errno = EBADF;
		return -1;
	}
	slot = fd_take(fd);
	number_changed(fd);
	err = fd_drop(slot);
	if (real(close)(fd) < 0 && !err)
		return -1;
	return (int)edge_ret(err);
}
HOOK_ALIAS(__close, close);

/* Apply close_range() to [first, last] except the numbers we protect. */
static int number_close_between(unsigned int first, unsigned int last, int flags)
{
	unsigned int fd, end = (unsigned int)fd_top();
	int ret = 0;

	for (fd = first; fd <= last && fd < end; fd++) {
		enum fd_kind kind = slot_kind(fd_slot((int)fd));

		if (kind == FD_INTERNAL) {
			if (fd > first)
				ret |= real(close_range)(first, fd - 1, flags);
			first = fd + 1;
		} else if (kind != FD_HOST && !(flags & CLOSE_RANGE_CLOEXEC)) {
			fd_drop(fd_take((int)fd));
			number_changed((int)fd);
		}
	}
	if (first <= last)
		ret |= real(close_range)(first, last, flags);
	return ret;
}

HOOK int close_range(unsigned int first, unsigned int last, int flags)
{
	if (first > last || flags & ~(int)(CLOSE_RANGE_CLOEXEC | CLOSE_RANGE_UNSHARE))
		return real(close_range)(first, last, flags);
	return number_close_between(first, last, flags) ? -1 : 0;
}

HOOK void closefrom(int first)
{
	number_close_between(first > 0 ? (unsigned int)first : 0, ~0u, 0);
}

/* A second descriptor of the stack for what @slot means; *copy is its slot's content. */
static int number_copy_stack(uint64_t slot, int *stack)
{
	struct desc *d = slot_desc(slot);
	long ret = 0;

	*stack = 0;
	if (!slot || slot_kind(slot) == FD_INTERNAL)
		return 0;
	if (!desc_get(d))
		return -EBADF;
	if (slot_ours(slot) && !stack_is_up()) {
		*stack = FD_DEAD; /* a child, for the program that it becomes: used, it says so */
	} else if (slot_ours(slot)) {
		ret = slot_stack(slot) == FD_DEAD ? FD_DEAD
						  : edge(SYS_dup, slot_stack(slot), 0, 0, 0, 0, 0);
		if (ret < 0)
			desc_put(d);
		*stack = (int)ret;
	}
	return ret < 0 ? (int)ret : 0;
}

static void number_uncopy_stack(uint64_t slot, int stack)
{
	if (!slot || slot_kind(slot) == FD_INTERNAL)
		return;
	if (slot_ours(slot) && stack != FD_DEAD)
		edge_close(stack);
	desc_put(slot_desc(slot));
}

static void number_set_copy(int fd, uint64_t slot, int stack)
{
	if (slot && slot_kind(slot) != FD_INTERNAL)
		fd_set_slot(fd, slot_kind(slot), slot_desc(slot), stack);
	else
		number_ours(fd);
	number_changed(fd);
}

/* dup() and F_DUPFD: @cmd < 0 is dup(). */
static int number_dup_lowest(int fd, int cmd, int from)
{
	uint64_t slot = fd_slot(fd);
	int stack, to, err;

	if (slot_kind(slot) == FD_INTERNAL && !number_trusted()) {
		errno = EBADF;
		return -1;
	}
	err = number_copy_stack(slot, &stack);
	if (err)
		return (int)edge_ret(err);
	to = cmd < 0 ? real(dup)(fd) : real(fcntl)(fd, cmd, from);
	if (to < 0 || ((unsigned int)to >= FDTABLE_MAX && slot)) {
		if (to >= 0) {
			real(close)(to);
			errno = EMFILE;
		}
		err = errno;
		number_uncopy_stack(slot, stack);
		errno = err;
		return -1;
	}
	number_set_copy(to, slot, stack);
	return to;
}

HOOK int dup(int fd)
{
	return number_dup_lowest(fd, -1, 0);
}

static int number_dup_onto(int fd, int to, int flags, bool three)
{
	uint64_t slot = fd_slot(fd), was = fd_slot(to);
	int stack, ret, err;

	if (fd == to || (likely(!slot && !was) && !number_trusted()))
		return three ? real(dup3)(fd, to, flags) : real(dup2)(fd, to);
	if (!number_trusted() &&
	    (slot_kind(slot) == FD_INTERNAL || slot_kind(was) == FD_INTERNAL)) {
		errno = slot_kind(slot) == FD_INTERNAL ? EBADF : EBUSY;
		if (errno == EBUSY)
			say_once("descriptor %d is Persona's own, dup2() onto it refused", to);
		return -1;
	}
	err = number_copy_stack(slot, &stack);
	if (err)
		return (int)edge_ret(err);
	ret = three ? real(dup3)(fd, to, flags) : real(dup2)(fd, to);
	if (ret < 0) {
		err = errno;
		number_uncopy_stack(slot, stack);
		errno = err;
		return -1;
	}
	was = fd_take(to);
	number_set_copy(to, slot, stack);
	fd_drop(was);
	return ret;
}

HOOK int dup2(int fd, int to)
{
	return number_dup_onto(fd, to, 0, false);
}
HOOK_ALIAS(__dup2, dup2);

HOOK int dup3(int fd, int to, int flags)
{
	return number_dup_onto(fd, to, flags, true);
}

static int number_no_sigio(void)
{
	say_once("signal-driven I/O (O_ASYNC, F_SETOWN) is not served on sockets of the stack");
	errno = EINVAL;
	return -1;
}

static int number_stack_fcntl(uint64_t slot, int fd, int cmd, void *arg)
{
	switch (cmd) {
	case F_GETFL:
		return (int)edge_ret(edge(SYS_fcntl, slot_stack(slot), cmd, 0, 0, 0, 0));
	case F_SETFL:
		if ((long)arg & O_ASYNC)
			return number_no_sigio();
		return (int)edge_ret(edge(SYS_fcntl, slot_stack(slot), cmd, arg, 0, 0, 0));
	case F_SETOWN:
	case F_SETOWN_EX:
	case F_SETSIG:
		return number_no_sigio();
	default:
		return real(fcntl)(fd, cmd, arg);
	}
}

HOOK int fcntl(int fd, int cmd, ...)
{
	uint64_t slot = fd_slot(fd);
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC)
		return number_dup_lowest(fd, cmd, (int)(long)arg);
	if (likely(!slot_ours(slot)))
		return real(fcntl)(fd, cmd, arg);
	return number_stack_fcntl(slot, fd, cmd, arg);
}
HOOK_ALIAS(__fcntl, fcntl);

HOOK int fcntl64(int fd, int cmd, ...)
{
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	return fcntl(fd, cmd, arg);
}

HOOK int ioctl(int fd, unsigned long cmd, ...)
{
	uint64_t slot = fd_slot(fd);
	va_list ap;
	void *arg;

	va_start(ap, cmd);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (likely(!slot_ours(slot)) || cmd == FIOCLEX || cmd == FIONCLEX)
		return real(ioctl)(fd, cmd, arg);
	if (cmd == FIOASYNC)
		return number_no_sigio();
	return (int)edge_ret(edge(SYS_ioctl, slot_stack(slot), (unsigned int)cmd, arg, 0, 0, 0));
}

/* Hooked only to know the descriptors that Persona itself makes. */
HOOK int eventfd(unsigned int count, int flags)
{
	return number_ours(real(eventfd)(count, flags));
}

HOOK int timerfd_create(clockid_t clock, int flags)
{
	return number_ours(real(timerfd_create)(clock, flags));
}
