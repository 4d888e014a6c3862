// SPDX-License-Identifier: GPL-2.0-only
/*
 * host.c - the host operations of the image: clock, log, memory, death.
 *
 * They run on kernel stacks with a vCPU held: raw system calls, no locks, no
 * errno, no allocation.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <emmintrin.h>
#endif
#include "engine/host.h"
#include "engine/netif.h"
#include "engine/vcpu.h"
#include "lib/clock.h"
#include "lib/highfd.h"
#include "lib/rawsys.h"

static __u64 host_clock_ns(void)
{
	return clock_mono_ns();
}

static __u64 host_wall_ns(void)
{
	return clock_read_ns(CLOCK_REALTIME);
}

static void host_print(int level, const char *text, unsigned int len)
{
	static const char prefix[] = "persona: ";

	while (len) {
		const char *nl = memchr(text, '\n', len);
		unsigned int n = nl ? (unsigned int)(nl - text) : len;
		struct iovec iov[3] = {
			{(void *)prefix, sizeof(prefix) - 1},
			{(void *)text, n},
			{"\n", 1},
		};

		if (n)
			RAWSYS(SYS_writev, STDERR_FILENO, iov, 3);
		n += nl ? 1 : 0;
		text += n;
		len -= n;
	}
}

/*
 * Where the host's pages are larger than the stack's, they would take half of a kernel stack: no
 * guard pages there.
 */
static void host_protect(void *page, unsigned long len, int accessible)
{
	if (len % getauxval(AT_PAGESZ))
		return;
	RAWSYS(SYS_mprotect, page, len, accessible ? PROT_READ | PROT_WRITE : PROT_NONE);
}

/* The program cannot go on without its stack: end it, visibly. */
static void host_die(const char *why)
{
	static const char line[] =
		"persona: the network stack has died (see above); the program ends with SIGABRT\n";
	static const long dfl[4]; /* the kernel's struct sigaction: SIG_DFL */
	sigset_t set;

	RAWSYS(SYS_write, STDERR_FILENO, line, sizeof(line) - 1);
	sigfillset(&set);
	sigdelset(&set, SIGABRT);
	RAWSYS(SYS_rt_sigaction, SIGABRT, dfl, NULL, 8);
	RAWSYS(SYS_rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
	RAWSYS(SYS_tgkill, RAWSYS(SYS_getpid), RAWSYS(SYS_gettid), SIGABRT);
	RAWSYS(SYS_exit_group, 134);
}

#if defined(__x86_64__)
#define LINE 64

/*
 * Stores past the cache, so that the reader's processor has not to ask ours for each line. A
 * program's null pointer faults here as any other does.
 */
__attribute__((no_sanitize("nonnull-attribute"))) static void *
store_past(void *to, const void *from, unsigned long n)
{
	unsigned long head = -(unsigned long)to % LINE;
	const char *s = from;
	char *d = to;

	if (n < 4096)
		return memcpy(to, from, n);
	memcpy(d, s, head);
	d += head;
	s += head;
	for (n -= head; n >= LINE; n -= LINE, d += LINE, s += LINE)
		for (int i = 0; i < LINE; i += 16)
			_mm_stream_si128((__m128i *)(d + i),
					 _mm_loadu_si128((const __m128i *)(s + i)));
	_mm_sfence();
	memcpy(d, s, n);
	return to;
}
#else
#define store_past memcpy
#endif

#ifdef __SANITIZE_THREAD__
/* The thread sanitizer sees no lock of the image, and these run under them. */
#define UNSEEN __attribute__((no_sanitize("thread"), noinline))

UNSEEN static void *copy_unseen(void *to, const void *from, unsigned long n)
{
	for (volatile char *d = to; n--; d++)
		*d = *(const char *)from++;
	return to;
}

UNSEEN static void *move_unseen(void *to, const void *from, unsigned long n)
{
	if (to <= from)
		return copy_unseen(to, from, n);
	for (volatile char *d = to; n--;)
		d[n] = ((const char *)from)[n];
	return to;
}

UNSEEN static void *set_unseen(void *to, int byte, unsigned long n)
{
	for (volatile char *d = to; n--; d++)
		*d = (char)byte;
	return to;
}
#endif

void (*engine_host_fd)(int fd, bool open);

int host_fd_keep(int fd)
{
	int high;

	if (fd < 0)
		return fd;
	high = highfd_move(fd, F_DUPFD_CLOEXEC);
	if (high >= 0)
		fd = high;
	if (engine_host_fd)
		engine_host_fd(fd, true);
	return fd;
}

void host_fd_close(int *fd)
{
	if (*fd >= 0) {
		if (engine_host_fd)
			engine_host_fd(*fd, false);
		raw_close(*fd);
	}
	*fd = -1;
}

void host_ops_init(struct lkl_host_ops *ops)
{
	*ops = (struct lkl_host_ops){
		.abi = LKL_ABI,
		.clock_ns = host_clock_ns,
		.wall_ns = host_wall_ns,
		.print = host_print,
		.rx = netif_rx,
		.copy = (void *(*)(void *, const void *, unsigned long))memcpy,
		.move = (void *(*)(void *, const void *, unsigned long))memmove,
		.set = (void *(*)(void *, int, unsigned long))memset,
		.copy_past = (void *(*)(void *, const void *, unsigned long))store_past,
		.protect = host_protect,
		.panic = host_die,
	};
#ifdef __SANITIZE_THREAD__
	ops->copy = ops->copy_past = copy_unseen;
	ops->move = move_unseen;
	ops->set = set_unseen;
#endif
}

/* Relative error about 1e-4: a timer that fires early is programmed again. */
double host_cycles_per_ns(void)
{
	uint64_t t0, t1, c0, c1;

#if defined(__aarch64__)
	uint64_t hz;

	__asm__("mrs %0, cntfrq_el0" : "=r"(hz));
	return (double)hz / 1e9;
#endif
	host_clock_ns();
	t0 = host_clock_ns();
	c0 = cycles();
	do {
		t1 = host_clock_ns();
		c1 = cycles();
	} while (t1 - t0 < 200000);
	return (double)(c1 - c0) / (double)(t1 - t0);
}
