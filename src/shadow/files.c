// SPDX-License-Identifier: GPL-2.0-only
/*
 * files.c - /proc/net and /proc/sys/net are the stack's, /etc/resolv.conf the run's, see files.h.
 *
 * open() for reading gives a copy, whole and as of now, in a memfd; for writing, the
 * end of a pipe whose other end a thread writes into the stack, so that `sysctl -w`
 * works; calls that could depend on a value wait until it has arrived. Which files these are is
 * sockets/procpath.c's word.
 *
 * In a network namespace that a program has made itself (netns.h) they are that namespace's.
 *
 * /etc/resolv.conf is a memfd with the run's name servers, if it has any of its own.
 *
 * Limits: directories and stat() show the host's; a value that the stack refuses is not reported
 * by write(), but by a line on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "lib/complain.h"
#include "lib/rawsys.h"
#include "netconf/nameservers.h"
#include "shadow/call.h"
#include "shadow/files.h"
#include "shadow/inodes.h"
#include "shadow/netns.h"
#include "shadow/serve.h"
#include "shadow/sock.h"
#include "sockets/calls.h"
#include "sockets/procpath.h"

#define SETTLE 1000 /* times 100 us */

/* All of file @stack; free() *@text. Bytes or -errno. */
static long files_read(int stack, char **text)
{
	size_t len = 0, size = 0;
	char *more;
	long n;

	*text = NULL;
	do {
		if (len == size) {
			size = size * 2 + 65536;
			more = realloc(*text, size);
			if (!more)
				return -ENOMEM;
			*text = more;
		}
		n = stack_call(SYS_read, stack, *text + len, size - len, 0, 0, 0);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return n < 0 ? n : (long)len;
}

/* A table of sockets, with the inodes that programs see in @column. */
static long files_copy_table(int stack, int fd, int column)
{
	char *text, *new = NULL;
	long n = files_read(stack, &text);
	size_t len = 0;

	if (n >= 0) {
		new = inodes_text(text, (size_t)n, column, &len);
		n = !new ? -ENOMEM : write(fd, new, len) == (ssize_t)len ? 0 : -EIO;
	}
	free(text);
	free(new);
	return n;
}

/* @rest: the path behind "/proc/" */
static int files_copy_out(int stack, const char *rest)
{
	int column = inodes_column(rest);
	char buf[4096];
	int fd = memfd_create("persona-proc", MFD_CLOEXEC);
	long n;

	if (fd < 0)
		return -errno;
	n = column >= 0 ? files_copy_table(stack, fd, column) : 1;
	while (n > 0 && (n = stack_call(SYS_read, stack, buf, sizeof(buf), 0, 0, 0)) > 0) {
		if (write(fd, buf, (size_t)n) != n) {
			n = -EIO;
			break;
		}
	}
	if (n < 0) {
		close(fd);
		return (int)n;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

/**
 * struct writer - a file of the stack that a program has opened for writing
 * @lock: held while bytes are on their way from the pipe into the stack
 */
struct writer {
	struct writer *next;
	pthread_mutex_t lock;
	int pipe;
	int stack;
	char path[PROCPATH_MAX];
};

static pthread_mutex_t writers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct writer *writers;
static _Atomic int nwriters;

/* Bytes of the first line. */
static size_t files_line(const char *buf, size_t n)
{
	const char *end = memchr(buf, '\n', n);

	return end ? (size_t)(end - buf) : n;
}

/* One write of the program's; false: it has closed the file. */
static bool files_pass_on(struct writer *w)
{
	struct pollfd p = {.fd = w->pipe, .events = POLLIN};
	char buf[4096];
	ssize_t n;
	long ret;

	poll(&p, 1, -1);
	pthread_mutex_lock(&w->lock);
	n = read(w->pipe, buf, sizeof(buf));
	if (n > 0) {
		ret = stack_call(SYS_write, w->stack, buf, n, 0, 0, 0);
		if (ret < 0)
			complain(0, "/proc/%s: the stack refuses '%.*s': %s", w->path,
				 (int)files_line(buf, (size_t)n), buf, strerror((int)-ret));
	}
	pthread_mutex_unlock(&w->lock);
	return n > 0;
}

static void *files_write_in(void *arg)
{
	struct writer *w = arg, **p = &writers;

	while (files_pass_on(w))
		;
	pthread_mutex_lock(&writers_lock);
	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	nwriters--;
	pthread_mutex_unlock(&writers_lock);
	close(w->pipe);
	stack_call(SYS_close, w->stack, 0, 0, 0, 0, 0);
	free(w);
	engine_thread_exit();
	return NULL;
}

/* Has all that was written to @w arrived? */
static bool files_is_idle(struct writer *w)
{
	int waiting = 0;

	pthread_mutex_lock(&w->lock);
	ioctl(w->pipe, FIONREAD, &waiting);
	pthread_mutex_unlock(&w->lock);
	return !waiting;
}

void files_settle(void)
{
	struct timespec t = {0, 100000};
	bool idle = !nwriters;

	for (int i = 0; i < SETTLE && !idle; i++) {
		if (i)
			RAWSYS(SYS_nanosleep, &t, NULL);
		idle = true;
		pthread_mutex_lock(&writers_lock);
		for (struct writer *w = writers; w; w = w->next)
			idle &= files_is_idle(w);
		pthread_mutex_unlock(&writers_lock);
	}
}

static int files_pipe_in(int stack, const char *path)
{
	struct writer *w = malloc(sizeof(*w));
	pthread_t thread;
	int ends[2];

	if (!w)
		return -ENOMEM;
	if (pipe2(ends, O_CLOEXEC)) {
		free(w);
		return -errno;
	}
	pthread_mutex_init(&w->lock, NULL);
	w->pipe = ends[0];
	w->stack = stack;
	snprintf(w->path, sizeof(w->path), "%s", path);
	pthread_mutex_lock(&writers_lock);
	w->next = writers;
	writers = w;
	nwriters++;
	pthread_mutex_unlock(&writers_lock);
	if (pthread_create(&thread, NULL, files_write_in, w)) {
		/* The thread's end of it all, by ourselves: nobody will write. */
		close(ends[1]);
		files_write_in(w);
		return -EAGAIN;
	}
	pthread_detach(thread);
	return ends[1];
}

/* Where open(), creat(), openat() and openat2() have the path and the flags; 0 or -errno. */
static int files_arguments(struct call *c, uint64_t *path, int *flags)
{
	struct open_how how;

	switch (c->nr) {
	case SYS_openat:
		*path = c->args[1];
		*flags = (int)c->args[2];
		return 0;
	case SYS_openat2:
		*path = c->args[1];
		if (c->args[3] < sizeof(how) || call_read(c, c->args[2], &how, sizeof(how)))
			return -EINVAL;
		*flags = (int)how.flags;
		return 0;
#ifdef SYS_creat
	case SYS_creat:
		*path = c->args[0];
		*flags = O_WRONLY | O_CREAT | O_TRUNC;
		return 0;
#endif
	default:
		*path = c->args[0];
		*flags = (int)c->args[1];
		return 0;
	}
}

/* Does the caller mean the stack's by @path, which procpath.c has found to be the network's? */
static bool files_is_at_home(const struct call *c, const char *path)
{
	int pid;

	if (sscanf(path, "/proc/%d/", &pid) == 1)
		return netns_sees_home(c->tid, pid);
	return netns_is_home(c->tid);
}

/* /etc/resolv.conf, or what else begins like it. */
static long files_open_resolver(struct call *c, uint64_t from, int flags)
{
	char path[PROCPATH_MAX];
	long ret;
	int fd;

	if (!serve_options.names || !nameservers_given(serve_options.names) ||
	    call_read_string(c, from, path, sizeof(path)) || !procpath_names_servers(path) ||
	    flags & (O_DIRECTORY | O_PATH) || !netns_is_home(c->tid))
		return CALL_PASS;
	if ((flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	fd = nameservers_fd(serve_options.names, MFD_CLOEXEC);
	if (fd < 0)
		return fd;
	ret = call_answer_fd(c, fd, flags & O_CLOEXEC);
	close(fd);
	return ret >= 0 || ret == -ENOENT ? CALL_ANSWERED : ret;
}

long files_open(struct call *c)
{
	char path[PROCPATH_MAX], full[PROCPATH_MAX + 8];
	const char *rest;
	char prefix[8];
	uint64_t from;
	int flags, fd;
	long stack;

	/* Nearly all paths are told by their beginning; what is wrong the kernel says. */
	if (files_arguments(c, &from, &flags) || call_read(c, from, prefix, 6))
		return CALL_PASS;
	if (!memcmp(prefix, "/etc/r", 6))
		return files_open_resolver(c, from, flags);
	if (memcmp(prefix, "/proc/", 6))
		return CALL_PASS;
	if (call_read_string(c, from, path, sizeof(path)))
		return CALL_PASS;
	rest = procpath_inside(path, 0);
	if (!rest || !files_is_at_home(c, path))
		return CALL_PASS;
	files_settle();
	snprintf(full, sizeof(full), "/proc/%s", rest);
	stack = stack_call(SYS_openat, AT_FDCWD, full, flags & ~(O_CREAT | O_CLOEXEC), 0, 0, 0);
	if (stack < 0)
		return stack;
	if (flags & O_DIRECTORY) {
		stack_call(SYS_close, stack, 0, 0, 0, 0, 0);
		return CALL_PASS;
	}
	if ((flags & O_ACCMODE) == O_RDONLY) {
		fd = files_copy_out((int)stack, rest);
		stack_call(SYS_close, stack, 0, 0, 0, 0, 0);
	} else {
		fd = files_pipe_in((int)stack, rest);
		if (fd < 0 && fd != -EAGAIN)
			stack_call(SYS_close, stack, 0, 0, 0, 0, 0);
	}
	if (fd == -EISDIR)
		return CALL_PASS;
	if (fd < 0)
		return fd;
	stack = call_answer_fd(c, fd, flags & O_CLOEXEC);
	close(fd);
	return stack >= 0 || stack == -ENOENT ? CALL_ANSWERED : stack;
}
