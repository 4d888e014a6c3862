// SPDX-License-Identifier: GPL-2.0-only
/*
 * perf.c - perf_event_open() with the software clock; see perf.h.
 *
 * Theory of operation
 *
 * PERF_COUNT_SW_CPU_CLOCK is a high-resolution timer of the kernel's that runs while
 * the thread does, so it works in any virtual machine. Each sample has the kernel's call
 * chain (if we may have it), the user registers and a copy of the user stack's end: programs
 * and libraries have no frame pointers, so their callers are found by trace.c.
 *
 * An event of a thread starts its timer whenever the thread is switched to, and stops it
 * after. In a virtual machine setting a timer is slow: with the thousands of switches of a
 * network load, that took 10 to 30 % of the throughput. So if we may, the timers are the
 * processors' and never stop; samples of others than the process's offspring are counted
 * and thrown away.
 *
 * An inherited event cannot share a ring between processors: there is one event and one
 * ring for each. Records of several rings are merged by time, since a fork on one processor
 * must come before the child's samples on another. A record that is older than the moment we
 * looked at the clock, less a margin for those being written, is in its ring: that
 * is the horizon up to which a drain goes.
 *
 * Where kernel.perf_event_paranoid is 2, others than root may not have the kernel's
 * part: then samples are of user mode only, and perf_cpu_ns() tells how much is missing.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "lib/clock.h"
#include "lib/why.h"
#include "profile/perf.h"
#include "profile/space.h"

#define STACK_BYTES 16384 /* select() with its arrays in the program's frames needs 10 KiB */
#define MARGIN_NS   2000000
#define PARANOID    "/proc/sys/kernel/perf_event_paranoid"

#if defined(__x86_64__)
/* ax bx cx dx si di bp sp ip, r8..r15 */
#define REGS 0xff01ffULL
static const uint8_t reg_dwarf[] = {0, 3, 2, 1, 4, 5, 6, 7, 16, 8, 9, 10, 11, 12, 13, 14, 15};
#elif defined(__aarch64__)
/* x0..x29 lr sp pc */
#define REGS 0x1ffffffffULL
static const uint8_t reg_dwarf[] = {0,	1,  2,	3,  4,	5,  6,	7,  8,	9,  10,
				    11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
				    22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
#endif

#define NREGS (sizeof(reg_dwarf))

struct perf_ring {
	int fd;
	struct perf_event_mmap_page *page;
	uint8_t *data;
	uint64_t size; /* a power of two */
	uint64_t tail, head;
	uint8_t *copy; /* of a record that wraps around */
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static int open_event(pid_t pid, int cpu, unsigned int hz, bool kernel, bool whole)
{
	struct perf_event_attr a = {
		.size = sizeof(a),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 1000000000ULL / hz,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CALLCHAIN |
			       PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
		.sample_regs_user = REGS,
		.sample_stack_user = STACK_BYTES,
		.sample_id_all = 1,
		.inherit = !whole,
		.exclude_idle = whole,
		.exclude_kernel = !kernel,
		.exclude_hv = 1,
		.exclude_callchain_user = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.watermark = 1,
		.wakeup_watermark = 256 << 10,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	long fd = syscall(SYS_perf_event_open, &a, whole ? -1 : pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

/* As large as we are allowed: root 8 MiB, others what kernel.perf_event_mlock_kb leaves them. */
static int map_ring(struct perf_ring *r)
{
	for (r->size = 8 << 20; r->size >= 64 << 10; r->size /= 2) {
		void *p = mmap(NULL, page_size() + r->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			       r->fd, 0);

		if (p == MAP_FAILED)
			continue;
		r->page = p;
		r->data = (uint8_t *)p + page_size();
		r->copy = malloc(65536);
		return r->copy ? 0 : -ENOMEM;
	}
	return -errno;
}

static bool is_refusal(int fd)
{
	return fd == -EACCES || fd == -EPERM;
}

static int perf_refused(int err, const char **why)
{
	FILE *f = fopen(PARANOID, "re");
	int level = 0;

	if (f && fscanf(f, "%d", &level) != 1)
		level = 0;
	if (f)
		fclose(f);
	if (is_refusal(err))
		return why_set(
			why, -err,
			"the kernel refuses perf_event_open (kernel.perf_event_paranoid is %d)"
			": be root, or sysctl kernel.perf_event_paranoid=1",
			level);
	return why_set(why, -err, "perf_event_open: %s", strerror(-err));
}

int perf_open(struct perf *p, pid_t pid, unsigned int hz, const char **why)
{
	long cpus = sysconf(_SC_NPROCESSORS_CONF);
	int err = 0;

	*p = (struct perf){.hz = hz, .kernel = true, .whole = true};
	p->ring = calloc((size_t)cpus, sizeof(*p->ring));
	if (!p->ring)
		return why_set(why, ENOMEM, "out of memory");
	for (int cpu = 0; cpu < cpus; cpu++) {
		struct perf_ring *r = &p->ring[p->nrings];

		r->fd = open_event(pid, cpu, hz, p->kernel, p->whole);
		if (is_refusal(r->fd) && !p->nrings) {
			p->whole = false;
			r->fd = open_event(pid, cpu, hz, true, false);
		}
		if (is_refusal(r->fd) && !p->nrings) {
			p->kernel = false;
			r->fd = open_event(pid, cpu, hz, false, false);
		}
		if (r->fd == -ENODEV)
			continue; /* a processor that is off */
		p->nrings += r->fd >= 0;
		err = r->fd < 0 ? r->fd : map_ring(r);
		if (err) {
			perf_close(p);
			return perf_refused(err, why);
		}
	}
	return 0;
}

static const struct perf_event_header *perf_record(struct perf_ring *r)
{
	const struct perf_event_header *h;
	uint64_t at = r->tail & (r->size - 1), first;

	h = (const void *)(r->data + at); /* records are aligned, so a header never wraps */
	first = r->size - at;
	if (h->size <= first)
		return h;
	memcpy(r->copy, r->data + at, first);
	memcpy(r->copy + first, r->data, h->size - first);
	return (const void *)r->copy;
}

static uint64_t time_of(const struct perf_event_header *h)
{
	uint64_t t;

	/* Samples: behind pid and tid; others: what sample_id_all appends is pid, tid, time. */
	memcpy(&t, (const uint8_t *)h + (h->type == PERF_RECORD_SAMPLE ? 16 : h->size - 8), 8);
	return t;
}

static void take_sample(const struct perf_event_header *h, struct sample *s)
{
	const uint64_t *p = (const void *)(h + 1),
		       *end = (const void *)((const uint8_t *)h + h->size);
	uint64_t n;

	*s = (struct sample){.weight = 1, .call = -1};
	s->pid = (pid_t)(uint32_t)p[0];
	s->tid = (pid_t)(p[0] >> 32);
	n = p[2];
	p += 3;
	if (n > (uint64_t)(end - p))
		return;
	for (uint64_t i = 0; i < n; i++) {
		if (p[i] >= (uint64_t)PERF_CONTEXT_MAX)
			continue;
		if (!s->kernel)
			s->kernel = &p[i];
		s->nkernel = (unsigned int)(&p[i] - s->kernel) + 1;
	}
	p += n;
	if (p == end || *p++ != PERF_SAMPLE_REGS_ABI_64 || (uint64_t)(end - p) < NREGS + 1)
		return;
	for (unsigned int i = 0; i < NREGS; i++)
		s->user.reg[reg_dwarf[i]] = p[i];
	p += NREGS;
	s->has_user = true;
	n = *p++;
	s->stack = (struct cfi_stack){cfi_read_copy, s->user.reg[CFI_SP], (const uint8_t *)p, 0};
	if (n && n <= (uint64_t)((const uint8_t *)end - (const uint8_t *)p) - 8)
		s->stack.size = p[n / 8] <= n ? p[n / 8] : n;
}

/* What is not a sample; these structures are the kernel's (perf_event.h describes them in
 * comments). */
static void take_news(struct perf *p, const struct perf_event_header *h)
{
	struct {
		uint32_t pid, tid;
		uint64_t addr, len, pgoff, device[3];
		uint32_t prot, flags;
		char path[];
	} const *map = (const void *)(h + 1);
	struct {
		uint32_t pid, tid;
		char comm[];
	} const *comm = (const void *)(h + 1);
	struct {
		uint32_t pid, ppid, tid, ptid;
	} const *fork = (const void *)(h + 1);

	switch (h->type) {
	case PERF_RECORD_MMAP2:
		if (space_known((pid_t)map->pid))
			space_map((pid_t)map->pid, map->addr, map->len, map->pgoff, map->path);
		break;
	case PERF_RECORD_COMM:
		if (!space_known((pid_t)comm->pid))
			break;
		if (h->misc & PERF_RECORD_MISC_COMM_EXEC)
			space_exec((pid_t)comm->pid);
		thread_named((pid_t)comm->tid, comm->comm);
		break;
	case PERF_RECORD_FORK:
		if (!space_known((pid_t)fork->ppid))
			break;
		if (fork->pid != fork->ppid)
			space_fork((pid_t)fork->ppid, (pid_t)fork->pid);
		thread_named((pid_t)fork->tid, thread_name((pid_t)fork->ptid));
		break;
	case PERF_RECORD_LOST:
		p->lost += ((const uint64_t *)(const void *)(h + 1))[1];
		break;
	}
}

void perf_drain(struct perf *p, bool all, void (*sample)(void *arg, const struct sample *s),
		void *arg)
{
	uint64_t horizon = all ? UINT64_MAX : clock_mono_ns() - MARGIN_NS;

	for (unsigned int i = 0; i < p->nrings; i++)
		p->ring[i].head = __atomic_load_n(&p->ring[i].page->data_head, __ATOMIC_ACQUIRE);
	for (;;) {
		const struct perf_event_header *h = NULL;
		struct perf_ring *first = NULL;
		uint64_t least = horizon;

		for (unsigned int i = 0; i < p->nrings; i++) {
			struct perf_ring *r = &p->ring[i];
			const struct perf_event_header *mine;

			if (r->tail == r->head)
				continue;
			mine = perf_record(r);
			if (time_of(mine) < least) {
				least = time_of(mine);
				first = r;
				h = mine;
			}
		}
		if (!first)
			break;
		if (h->type == PERF_RECORD_SAMPLE) {
			struct sample s;

			take_sample(h, &s);
			if (space_known(s.pid))
				sample(arg, &s);
			else
				p->others++;
		} else {
			take_news(p, h);
		}
		first->tail += h->size;
		__atomic_store_n(&first->page->data_tail, first->tail, __ATOMIC_RELEASE);
	}
}

void perf_wait(struct perf *p, int ms)
{
	struct pollfd fds[64];
	unsigned int n = 0;

	for (; n < p->nrings && n < 64; n++)
		fds[n] = (struct pollfd){.fd = p->ring[n].fd, .events = POLLIN};
	poll(fds, n, ms);
}

uint64_t perf_cpu_ns(struct perf *p)
{
	uint64_t sum = 0, value;

	for (unsigned int i = 0; i < p->nrings && !p->whole; i++) {
		if (read(p->ring[i].fd, &value, sizeof(value)) == sizeof(value))
			sum += value;
	}
	return sum;
}

void perf_close(struct perf *p)
{
	for (unsigned int i = 0; i < p->nrings; i++) {
		struct perf_ring *r = &p->ring[i];

		if (r->page)
			munmap(r->page, page_size() + r->size);
		free(r->copy);
		close(r->fd);
	}
	free(p->ring);
	p->ring = NULL;
	p->nrings = 0;
}
