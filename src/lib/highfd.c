// SPDX-License-Identifier: GPL-2.0-only
/*
 * highfd.c - descriptors of our own, out of the way of programs, see highfd.h.
 */
#include <sys/resource.h>
#include "lib/highfd.h"
#include "lib/rawsys.h"

#define HIGHFD_SPACE 100 /* numbers that must be left above HIGHFD_BASE */
#define HIGHFD_FEW   64	 /* numbers that are ours at the end of a lower limit */

int highfd_base(void)
{
	struct rlimit r;

	if (RAWSYS(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &r) ||
	    r.rlim_cur >= HIGHFD_BASE + HIGHFD_SPACE)
		return HIGHFD_BASE;
	return (int)(r.rlim_cur > 2 * HIGHFD_FEW ? r.rlim_cur - HIGHFD_FEW : r.rlim_cur / 2);
}

void highfd_room(void)
{
	int fd = highfd_move((int)RAWSYS(SYS_eventfd2, 0, O_CLOEXEC), F_DUPFD_CLOEXEC);

	if (fd >= 0)
		raw_close(fd);
}

int highfd_move(int fd, int cmd)
{
	int base = highfd_base();
	int high;

	if (fd < 0)
		return fd;
	if (fd >= base) {
		RAWSYS(SYS_fcntl, fd, F_SETFD, cmd == F_DUPFD_CLOEXEC ? FD_CLOEXEC : 0);
		return fd;
	}
	high = (int)RAWSYS(SYS_fcntl, fd, cmd, base);
	if (high >= 0)
		raw_close(fd);
	return high;
}
