// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostsyms.c - names in the host's kernel; see hostsyms.h.
 *
 * /proc/kallsyms is read at the first question, all of it (some 200,000 names). If
 * kernel.kptr_restrict hides the addresses, they are all zero, and there are no names; then
 * the instruction that made the system call is looked at: compilers and libc load the
 * number just before it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include "profile/hostsyms.h"
#include "profile/object.h"

struct hostsym {
	uint64_t at;
	uint32_t name; /* offset in names */
};

static struct hostsym *syms;
static size_t nsyms;
static char *names;
static bool loaded;

static int hostsyms_by_address(const void *a, const void *b)
{
	const struct hostsym *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

static void hostsyms_load(void)
{
	size_t capacity = 0, names_capacity = 0, used = 0;
	unsigned long long at;
	char type, name[128];
	FILE *f;

	loaded = true;
	f = fopen("/proc/kallsyms", "re");
	if (!f)
		return;
	while (fscanf(f, "%llx %c %127s%*[^\n]", &at, &type, name) >= 3) {
		size_t len = strlen(name) + 1;

		if (!at || !strchr("tTwW", type))
			continue;
		if (nsyms == capacity) {
			struct hostsym *more;

			capacity = capacity ? capacity * 2 : 65536;
			more = reallocarray(syms, capacity, sizeof(*more));
			if (!more)
				break;
			syms = more;
		}
		if (used + len > names_capacity) {
			char *more;

			names_capacity = names_capacity ? names_capacity * 2 : 1 << 20;
			more = realloc(names, names_capacity);
			if (!more)
				break;
			names = more;
		}
		memcpy(names + used, name, len);
		syms[nsyms++] = (struct hostsym){at, (uint32_t)used};
		used += len;
	}
	fclose(f);
	if (nsyms)
		qsort(syms, nsyms, sizeof(*syms), hostsyms_by_address);
}

const char *hostsyms_find(uint64_t addr)
{
	size_t low = 0, high;

	if (!loaded)
		hostsyms_load();
	high = nsyms;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (syms[mid].at <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? names + syms[low - 1].name : NULL;
}

const char *hostsyms_call(const char *function)
{
	static const char *const entries[] = {"__x64_sys_", "__arm64_sys_", "__se_sys_",
					      "__do_sys_"};

	for (unsigned int i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		size_t len = strlen(entries[i]);

		if (!strncmp(function, entries[i], len))
			return function + len;
	}
	return NULL;
}

#define CALL(name)                \
	{                         \
		SYS_##name, #name \
	}
static const struct {
	long number;
	const char *name;
} calls[] = {
	CALL(read),
	CALL(write),
	CALL(readv),
	CALL(writev),
	CALL(pread64),
	CALL(pwrite64),
	CALL(sendto),
	CALL(recvfrom),
	CALL(sendmsg),
	CALL(recvmsg),
	CALL(sendmmsg),
	CALL(recvmmsg),
	CALL(splice),
	CALL(sendfile),
	CALL(close),
	CALL(openat),
	CALL(fstat),
	CALL(ioctl),
	CALL(fcntl),
	CALL(socket),
	CALL(socketpair),
	CALL(connect),
	CALL(accept),
	CALL(accept4),
	CALL(bind),
	CALL(listen),
	CALL(shutdown),
	CALL(getsockopt),
	CALL(setsockopt),
	CALL(getsockname),
	CALL(getpeername),
	CALL(epoll_create1),
	CALL(epoll_ctl),
	CALL(epoll_pwait),
	CALL(epoll_pwait2),
	CALL(ppoll),
	CALL(pselect6),
	CALL(futex),
	CALL(nanosleep),
	CALL(clock_nanosleep),
	CALL(clock_gettime),
	CALL(sched_yield),
	CALL(mmap),
	CALL(munmap),
	CALL(mprotect),
	CALL(madvise),
	CALL(brk),
	CALL(execve),
	CALL(clone),
	CALL(exit_group),
	CALL(wait4),
	CALL(pidfd_open),
	CALL(pidfd_getfd),
	CALL(process_vm_readv),
	CALL(process_vm_writev),
	CALL(getrandom),
	CALL(rt_sigaction),
	CALL(rt_sigprocmask),
	CALL(rt_sigtimedwait),
	CALL(getpid),
	CALL(eventfd2),
	CALL(pipe2),
	CALL(dup3),
#ifdef SYS_poll
	CALL(poll),
	CALL(select),
	CALL(epoll_wait),
	CALL(open),
	CALL(stat),
	CALL(fork),
	CALL(vfork),
#endif
};

const char *hostsyms_number(long number)
{
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (calls[i].number == number)
			return calls[i].name;
	}
	return NULL;
}

#define CALLS_MAX 600
#define LOOK_BACK 48 /* bytes in which the number is looked for */

const char *hostsyms_call_at(const struct object *o, uint64_t vaddr)
{
	const uint8_t *p;

#if defined(__x86_64__)
	p = object_bytes(o, vaddr - 2, 2);
	if (!p || p[0] != 0x0f || p[1] != 0x05) /* syscall */
		return NULL;
	for (unsigned int back = 7; back < LOOK_BACK; back++) {
		const uint8_t *q = object_bytes(o, vaddr - back, 5);
		uint32_t number;

		if (!q || q[0] != 0xb8) /* mov $number, %eax */
			continue;
		memcpy(&number, q + 1, sizeof(number));
		if (number < CALLS_MAX) /* the call before it is another function's */
			return hostsyms_number((long)number);
	}
#elif defined(__aarch64__)
	uint32_t code;

	p = object_bytes(o, vaddr - 4, 4);
	if (!p)
		return NULL;
	memcpy(&code, p, sizeof(code));
	if (code != 0xd4000001) /* svc #0 */
		return NULL;
	for (unsigned int back = 8; back < LOOK_BACK; back += 4) {
		p = object_bytes(o, vaddr - back, 4);
		if (!p)
			continue;
		memcpy(&code, p, sizeof(code));
		if ((code & 0x7fe0001f) == 0x52800008) /* mov x8, #number */
			return hostsyms_number(code >> 5 & 0xffff);
	}
#endif
	return NULL;
}

void hostsyms_close(void)
{
	free(syms);
	free(names);
	syms = NULL;
	names = NULL;
	nsyms = 0;
	loaded = false;
}
