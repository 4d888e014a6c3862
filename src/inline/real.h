/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * real.h - every hook of the call table, and the libc's own function behind it.
 *
 * This header comes first in each file of inline/: hooks must be compiled
 * against the plain declarations, without the fortified inline wrappers.
 *
 * real(name) is the libc's function. The pointers are filled in by the
 * constructor; a hook that runs earlier (constructors of other libraries)
 * fills them in itself.
 */
#ifndef PERSONA_INLINE_REAL_H
#define PERSONA_INLINE_REAL_H

#undef _FORTIFY_SOURCE

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <resolv.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#if __has_include(<wordexp.h>) /* not in Android's libc */
#include <wordexp.h>
#endif

#define HOOK	    __attribute__((visibility("default")))
#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The hooks, visible to the program. */
#define HOOKED(room, ret, name, proto, fds, flags) HOOK ret name proto;
#include "sockets/calls.h"

/* glibc marks some names nothrow and leaf, and not their aliases. */
#pragma GCC diagnostic ignored "-Wmissing-attributes"

/* A second exported name of a hook defined in the same file. */
#define HOOK_ALIAS(name, same)                                           \
	extern HOOK __typeof__(same) name __attribute__((alias(#same))); \
	struct hook_alias_##name

/* The functions hidden behind them. */
struct real {
#define HOOKED(room, ret, name, proto, fds, flags) ret(*name) proto;
#include "sockets/calls.h"
};

extern struct real real_table;

/**
 * real_init() - look up every function of the table behind this library
 *
 * May be called again and from anywhere; dlsym() neither allocates nor calls a
 * hook for a name that exists.
 */
void real_init(void);

/*
 * Could the program's pointer be read here? Hooks that look at a structure before
 * a kernel does leave the usual bad ones (NULL, small numbers) to the kernel,
 * which says EFAULT; a wild pointer faults in the hook instead.
 */
#define readable(p) ((uintptr_t)(p) >= 65536)

#define real(name) (*(likely(real_table.name) ? real_table.name : (real_init(), real_table.name)))

#endif /* PERSONA_INLINE_REAL_H */
