// SPDX-License-Identifier: GPL-2.0-only
/*
 * procfs.c - /proc/net and /proc/sys/net are the stack's, /etc/resolv.conf the run's.
 *
 * Theory of operation: programs that show the network (ss, netstat, sysctl) read
 * it from these files. Opening one for reading copies the stack's file into a
 * memfd, whole, as of now: the descriptor is then the host's, and read(),
 * lseek(), stdio and mmap() work. Opening one of /proc/sys/net for writing
 * gives a descriptor of the stack (FD_FILE) so that write() reports what the
 * kernel says to the value.
 *
 * sockets/procpath.c says which files these are. One that the stack does not have does not exist.
 *
 * /etc/resolv.conf is a memfd with the run's name servers, if it has any of its own. libc's
 * own resolver opens the file by calls that no hook sees; dns.c gives it the servers.
 *
 * Limits: directories are listed as the host has them; stat() and access() look at the host.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/life.h"
#include "inline/number.h"
#include "inline/procfs.h"
#include "inline/thread.h"
#include "netconf/nameservers.h"
#include "sockets/procpath.h"

#include <linux/openat2.h>
#include <sys/mman.h>

static const char procfs_resolver[] = "resolv.conf"; /* known by its address */

const char *procfs_path(const char *path)
{
	if (likely(!readable(path) || path[0] != '/' || (path[1] != 'p' && path[1] != 'e')) ||
	    self.bypass)
		return NULL;
	if (path[1] == 'e')
		return life_names() && procpath_names_servers(path) ? procfs_resolver : NULL;
	return procpath_inside(path, getpid());
}

static int procfs_open_resolver(int flags)
{
	if ((flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	return nameservers_fd(life_names(), flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
}

static long procfs_open_inside(const char *inside, int flags)
{
	char path[PROCPATH_MAX + 8];

	snprintf(path, sizeof(path), "/proc/%s", inside);
	return edge(SYS_openat, AT_FDCWD, path, flags, 0, 0, 0);
}

static int procfs_copy_out(int stack, int flags)
{
	char buf[4096];
	int fd, err = 0;
	long n;

	fd = (int)real(syscall)(SYS_memfd_create, "persona-proc",
				flags & O_CLOEXEC ? MFD_CLOEXEC : 0);
	if (fd < 0)
		return -errno;
	while ((n = edge(SYS_read, stack, buf, sizeof(buf), 0, 0, 0)) > 0)
		if (real(write)(fd, buf, (size_t)n) != n)
			err = -EIO;
	if (n < 0)
		err = (int)n;
	if (err) {
		real(close)(fd);
		return err;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

int procfs_open(const char *inside, int flags)
{
	int saved = errno, err, fd;
	struct desc *d;
	long stack;

	if (inside == procfs_resolver)
		return procfs_open_resolver(flags);
	err = stack_need();
	if (err)
		return err;
	flags &= ~O_CREAT;
	stack = procfs_open_inside(inside, flags & ~O_CLOEXEC);
	if (stack < 0)
		return (int)stack;
	if ((flags & O_ACCMODE) == O_RDONLY) {
		fd = procfs_copy_out((int)stack, flags);
		edge_close((int)stack);
		errno = saved;
		return fd;
	}
	d = desc_new();
	if (!d) {
		edge_close((int)stack);
		return -ENFILE;
	}
	return number_place(FD_FILE, d, (int)stack, flags & O_CLOEXEC);
}

/* Inside: its descriptor. Otherwise the host's call, with the mode if there is one. */
#define OPEN(path, flags, host)                                           \
	do {                                                              \
		const char *inside = procfs_path(path);                   \
                                                                          \
		if (unlikely(inside))                                     \
			return (int)edge_ret(procfs_open(inside, flags)); \
		return number_ours(host);                                 \
	} while (0)

#define MODE(mode, flags)                                \
	do {                                             \
		va_list ap;                              \
                                                         \
		mode = 0;                                \
		if ((flags) & (O_CREAT | __O_TMPFILE)) { \
			va_start(ap, flags);             \
			mode = va_arg(ap, mode_t);       \
			va_end(ap);                      \
		}                                        \
	} while (0)

HOOK int open(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(mode, flags);
	OPEN(path, flags, real(open)(path, flags, mode));
}
HOOK_ALIAS(__open, open);

HOOK int open64(const char *path, int flags, ...)
{
	mode_t mode;

	MODE(mode, flags);
	OPEN(path, flags, real(open64)(path, flags, mode));
}
HOOK_ALIAS(__open64, open64);

HOOK int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(mode, flags);
	OPEN(path, flags, real(openat)(dir, path, flags, mode));
}

HOOK int openat64(int dir, const char *path, int flags, ...)
{
	mode_t mode;

	MODE(mode, flags);
	OPEN(path, flags, real(openat64)(dir, path, flags, mode));
}

HOOK int __open_2(const char *path, int flags)
{
	OPEN(path, flags, real(__open_2)(path, flags));
}

HOOK int __open64_2(const char *path, int flags)
{
	OPEN(path, flags, real(__open64_2)(path, flags));
}

HOOK int __openat_2(int dir, const char *path, int flags)
{
	OPEN(path, flags, real(__openat_2)(dir, path, flags));
}

HOOK int __openat64_2(int dir, const char *path, int flags)
{
	OPEN(path, flags, real(__openat64_2)(dir, path, flags));
}

HOOK int creat(const char *path, mode_t mode)
{
	OPEN(path, O_CREAT | O_WRONLY | O_TRUNC, real(creat)(path, mode));
}

HOOK int creat64(const char *path, mode_t mode)
{
	OPEN(path, O_CREAT | O_WRONLY | O_TRUNC, real(creat64)(path, mode));
}

/* libc has no wrapper: syscall(2) comes here (raw.c). */
long procfs_openat2(int dir, const char *path, const struct open_how *how, size_t size)
{
	const char *inside = procfs_path(path);

	if (likely(!inside) || size < sizeof(*how) || !readable(how))
		return real(syscall)(SYS_openat2, dir, path, how, size);
	return edge_ret(procfs_open(inside, (int)how->flags));
}
