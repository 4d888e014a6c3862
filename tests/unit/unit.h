/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * unit.h - what the unit tests share: cmocka, and network namespaces.
 *
 * Tests that need privileges move into a network namespace of their own, so
 * nothing of the machine's is touched and everything is gone with the process;
 * without the privilege they say so and count as skipped.
 */
#ifndef PERSONA_UNIT_H
#define PERSONA_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static bool in_netns;

/* Group set-up: a fresh network namespace with lo up, if we may. */
static inline int enter_netns(void **state)
{
	int fd;

	if (unshare(CLONE_NEWNET)) {
		fprintf(stderr, "SKIP: no network namespace: %s (run as root)\n", strerror(errno));
		return 0;
	}
	in_netns = true;
	/* Silence: no router solicitations and the like in the tests' traffic. */
	fd = open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY);
	if (fd >= 0) {
		if (write(fd, "1", 1) != 1)
			fprintf(stderr, "note: IPv6 stays on\n");
		close(fd);
	}
	return system("ip link set lo up");
}

#define NEED_NETNS()            \
	do {                    \
		if (!in_netns)  \
			skip(); \
	} while (0)

/*
 * The thread sanitizer keeps signals back while a thread is in a system call that it does not
 * know, as raw ones are; and a test may change what the product sets before there are threads.
 */
#ifdef __SANITIZE_THREAD__
#define NOT_UNDER_TSAN() skip()
#else
#define NOT_UNDER_TSAN() ((void)0)
#endif

/* A shell command that must succeed. */
static inline void sh(const char *fmt, ...)
{
	char cmd[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd))
		fail_msg("command failed: %s", cmd);
}

/* Wait until an interface really sends: its carrier's news come by a work queue. */
static inline void wait_active(const char *ifname)
{
	sh("for i in $(seq 200); do ip link show %s | grep -v 'qdisc noop ' | grep -q LOWER_UP && "
	   "exit 0; sleep 0.02; done; exit 1",
	   ifname);
}

/* What a shell command prints; static storage. */
static inline const char *output_of(const char *cmd)
{
	static char text[65536];
	FILE *f = popen(cmd, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	assert_int_equal(pclose(f), 0);
	return text;
}

static inline void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

#endif /* PERSONA_UNIT_H */
