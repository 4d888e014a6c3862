// SPDX-License-Identifier: GPL-2.0-only
/*
 * memory.c - the stack's memory: reserved without cost, kept from children; sealed memfd.
 */
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "tap.h"

#define SIZE (1UL << 30)

static long resident_kb(void)
{
	long pages = 0, skipped;
	FILE *f = fopen("/proc/self/statm", "r");

	if (!f || fscanf(f, "%ld %ld", &skipped, &pages) != 2)
		pages = -1;
	if (f)
		fclose(f);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

int main(void)
{
	long before = resident_kb();
	volatile char *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	int status, fd;
	pid_t pid;

	if (!ok(p != MAP_FAILED, "1 GB is mapped with MAP_NORESERVE"))
		return done();
	p[0] = p[SIZE / 2] = 1;
	ok(resident_kb() - before < 4096, "two touched pages cost less than 4 MB");
	ok(!madvise((void *)p, SIZE, MADV_DONTFORK), "MADV_DONTFORK");
	pid = fork();
	if (!pid) {
		signal(SIGSEGV, SIG_DFL);
		_exit(p[0]);
	}
	waitpid(pid, &status, 0);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV, "a child has no such memory");
	ok(p[0] == 1, "the parent has");

	fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ok(fd >= 0 && write(fd, "abc", 3) == 3, "memfd with sealing");
	ok(!fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE),
	   "is sealed");
	ok(pwrite(fd, "x", 1, 0) < 0 && errno == EPERM, "is not written any more");
	ok(ftruncate(fd, 0) < 0 && errno == EPERM, "nor cut");
	ok(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0 && errno == EPERM, "nor sealed again");
	return done();
}
