// SPDX-License-Identifier: GPL-2.0-only
/*
 * stdio.c - streams upon descriptors of the stack.
 *
 * Theory of operation: libc's streams read and write inside libc, where no hook
 * sees them. So fdopen() on a descriptor of the stack makes a stream
 * with our own read, write and close (fopencookie), which are the hooks. fileno() of
 * such a stream is looked up in a list.
 *
 * The same for the standard streams: servers put a connection at 0, 1 and 2 by
 * dup2() and go on with stdin and stdout. When one of these numbers
 * becomes the stack's, the variable stdin, stdout or stderr is set to a stream of
 * ours, and back to libc's own when it becomes the host's again.
 *
 * fclose() and freopen() close or replace a number inside libc: a stream of libc's whose number
 * became the stack's must not leave a slot behind that the next owner of the number would
 * find. A stream of ours is given another file by dup2() onto its number; it stays ours, and reads
 * and writes by the hooks.
 *
 * Ownership: the list owns its entries until fclose(); a standard stream that
 * was replaced is not freed, since the program may hold the pointer.
 * Locking: list_lock.
 *
 * Limits: a stream opened before its descriptor became the stack's (other than the
 * three) is not seen. A stream of ours after freopen() has the direction that it had before, and
 * does not seek.
 */
#include "inline/real.h"
#include "inline/fdtable.h"
#include "inline/procfs.h"
#include "inline/stdio.h"
#include "inline/thread.h"

#include <stdlib.h>
#include <string.h>

struct stream {
	struct stream *next;
	FILE *file;
	int fd;
};

static struct lock list_lock;
static struct stream *_Atomic list;
static FILE *original[3], *replaced[3];

static ssize_t stdio_stream_read(void *cookie, char *buf, size_t n)
{
	return read(((struct stream *)cookie)->fd, buf, n);
}

static ssize_t stdio_stream_write(void *cookie, const char *buf, size_t n)
{
	const struct stream *s = cookie;
	size_t done = 0;
	ssize_t ret;

	while (done < n) {
		ret = write(s->fd, buf + done, n - done);
		if (ret < 0)
			break;
		done += (size_t)ret;
	}
	return (ssize_t)done;
}

static int stdio_stream_close(void *cookie)
{
	struct stream *s = cookie, *_Atomic * at;
	int fd = s->fd;

	lock_take(&list_lock);
	for (at = &list; *at; at = (struct stream * _Atomic *)&(*at)->next)
		if (*at == s) {
			*at = s->next;
			break;
		}
	lock_give(&list_lock);
	free(s);
	return close(fd);
}

static FILE *stream_open(int fd, const char *mode)
{
	cookie_io_functions_t io = {stdio_stream_read, stdio_stream_write, NULL,
				    stdio_stream_close};
	struct stream *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fd = fd;
	s->file = fopencookie(s, mode, io);
	if (!s->file) {
		free(s);
		return NULL;
	}
	lock_take(&list_lock);
	s->next = list;
	list = s;
	lock_give(&list_lock);
	return s->file;
}

HOOK FILE *fdopen(int fd, const char *mode)
{
	if (!slot_ours(fd_slot(fd)))
		return real(fdopen)(fd, mode);
	return stream_open(fd, mode);
}
HOOK_ALIAS(_IO_fdopen, fdopen);

static int stdio_find(FILE *f)
{
	struct stream *s;
	int fd = -1;

	if (likely(!list))
		return -1;
	lock_take(&list_lock);
	for (s = list; s; s = s->next)
		if (s->file == f)
			fd = s->fd;
	lock_give(&list_lock);
	return fd;
}

HOOK int fileno(FILE *f)
{
	int fd = stdio_find(f);

	return fd >= 0 ? fd : real(fileno)(f);
}

HOOK int fileno_unlocked(FILE *f)
{
	int fd = stdio_find(f);

	return fd >= 0 ? fd : real(fileno_unlocked)(f);
}

static FILE **standard(int fd)
{
	return fd == 0 ? &stdin : fd == 1 ? &stdout : &stderr;
}

void stdio_changed(int fd)
{
	bool ours = slot_ours(fd_slot(fd));
	FILE **var;

	if (fd < 0 || fd > 2 || ours == (replaced[fd] != NULL))
		return;
	var = standard(fd);
	if (!ours) {
		if (*var == replaced[fd])
			*var = original[fd];
		replaced[fd] = NULL;
		return;
	}
	original[fd] = *var;
	replaced[fd] = stream_open(fd, fd == 0 ? "r" : "w");
	if (!replaced[fd])
		return;
	if (fd == 2)
		setvbuf(replaced[fd], NULL, _IONBF, 0);
	*var = replaced[fd];
}

static int stdio_mode_flags(const char *mode)
{
	int flags = *mode == 'r' ? O_RDONLY : *mode == 'w' ? O_WRONLY | O_TRUNC : O_WRONLY;

	if (strchr(mode, '+'))
		flags = (flags & ~O_ACCMODE) | O_RDWR;
	return flags | (strchr(mode, 'e') ? O_CLOEXEC : 0);
}

static FILE *open_stream(const char *path, const char *mode, bool *done)
{
	const char *inside = procfs_path(path);
	FILE *f;
	int fd;

	*done = inside != NULL;
	if (!inside)
		return NULL;
	fd = procfs_open(inside, stdio_mode_flags(mode));
	if (fd < 0) {
		errno = -fd;
		return NULL;
	}
	f = fdopen(fd, mode);
	if (!f)
		close(fd);
	return f;
}

HOOK FILE *fopen(const char *path, const char *mode)
{
	bool done;
	FILE *f = open_stream(path, mode, &done);

	return done ? f : real(fopen)(path, mode);
}
HOOK_ALIAS(_IO_fopen, fopen);

HOOK FILE *fopen64(const char *path, const char *mode)
{
	bool done;
	FILE *f = open_stream(path, mode, &done);

	return done ? f : real(fopen64)(path, mode);
}

/* Empty the slot of a number that libc will close or replace; *fd is that number, or -1. */
static uint64_t stdio_take_slot(FILE *f, int *fd)
{
	int saved = errno;
	uint64_t slot;

	*fd = real(fileno)(f);
	errno = saved;
	slot = *fd >= 0 ? fd_slot(*fd) : 0;
	if (likely(!slot) || slot_kind(slot) == FD_INTERNAL)
		return 0;
	return fd_take(*fd);
}

static void stdio_drop_slot(uint64_t slot, int fd)
{
	int saved = errno;

	fd_drop(slot);
	stdio_changed(fd);
	errno = saved;
}

HOOK int fclose(FILE *f)
{
	uint64_t slot;
	int fd, ret;

	if (stdio_find(f) >= 0)
		return real(fclose)(f);
	slot = stdio_take_slot(f, &fd);
	ret = real(fclose)(f);
	if (unlikely(slot))
		stdio_drop_slot(slot, fd);
	return ret;
}
HOOK_ALIAS(_IO_fclose, fclose);

/* Put @file, which may be NULL, at number @fd of our stream @f. */
static FILE *put_under(FILE *file, int fd, FILE *f)
{
	bool standard_one = fd <= STDERR_FILENO && *standard(fd) == f;
	int err = errno;

	fflush(f);
	if (file) {
		err = dup2(fileno(file), fd) < 0 ? errno : 0;
		fclose(file);
	}
	if (err) {
		/* As libc: what cannot be opened again is closed. */
		fclose(f);
		errno = err;
		return NULL;
	}
	clearerr(f);
	return standard_one ? *standard(fd) : f;
}

static FILE *reopen(const char *path, const char *mode, FILE *f,
		    FILE *(*libc)(const char *, const char *, FILE *))
{
	int fd = stdio_find(f);
	uint64_t slot;
	FILE *ret;

	if (unlikely(fd >= 0)) {
		/* A socket cannot be opened again by its number. */
		errno = ENXIO;
		return put_under(path ? fopen(path, mode) : NULL, fd, f);
	}
	slot = stdio_take_slot(f, &fd);
	ret = libc(path, mode, f);
	if (unlikely(slot))
		stdio_drop_slot(slot, fd);
	return ret;
}

HOOK FILE *freopen(const char *path, const char *mode, FILE *f)
{
	return reopen(path, mode, f, real(freopen));
}

HOOK FILE *freopen64(const char *path, const char *mode, FILE *f)
{
	return reopen(path, mode, f, real(freopen64));
}

HOOK int vdprintf(int fd, const char *fmt, va_list ap)
{
	char *text;
	int n;

	if (!slot_ours(fd_slot(fd)))
		return real(vdprintf)(fd, fmt, ap);
	n = vasprintf(&text, fmt, ap);
	if (n < 0)
		return -1;
	for (int at = 0; at < n;) {
		ssize_t ret = write(fd, text + at, (size_t)(n - at));

		if (ret < 0) {
			n = -1;
			break;
		}
		at += (int)ret;
	}
	free(text);
	return n;
}

HOOK int __vdprintf_chk(int fd, int flag, const char *fmt, va_list ap)
{
	if (!slot_ours(fd_slot(fd)))
		return real(__vdprintf_chk)(fd, flag, fmt, ap);
	return vdprintf(fd, fmt, ap);
}

HOOK int dprintf(int fd, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vdprintf(fd, fmt, ap);
	va_end(ap);
	return n;
}

HOOK int __dprintf_chk(int fd, int flag, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = __vdprintf_chk(fd, flag, fmt, ap);
	va_end(ap);
	return n;
}
