/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tap.h - what the assumption programs share: TAP, a network namespace, time.
 *
 * Each program states one thing that Persona relies on in the host's kernel,
 * and tries it. Where the machine cannot even try (no privilege, no device) it
 * says skip, with the reason.
 */
#ifndef PERSONA_ASSUMPTIONS_TAP_H
#define PERSONA_ASSUMPTIONS_TAP_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int tap_count, tap_failed;

/* ok() - one assertion; the text is formatted. */
__attribute__((format(printf, 2, 3), unused)) static bool ok(bool good, const char *fmt, ...)
{
	va_list ap;

	tap_failed += !good;
	printf("%sok %d - ", good ? "" : "not ", ++tap_count);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	return good;
}

/* skip() - an assertion that cannot be tried. */
__attribute__((unused)) static void skip(const char *what, const char *reason)
{
	printf("ok %d - %s # SKIP %s\n", ++tap_count, what, reason);
}

__attribute__((noreturn, unused)) static void skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	exit(0);
}

/* done() - the plan, and the exit status for main(). */
static inline int done(void)
{
	printf("1..%d\n", tap_count);
	return tap_failed != 0;
}

/* fresh_netns() - a network namespace of our own, gone with us. */
__attribute__((unused)) static void fresh_netns(void)
{
	if (unshare(CLONE_NEWNET))
		skip_all("no privilege to make a network namespace");
	/* No router solicitations, no multicast reports in the way. */
	if (system("echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6; ip link set lo up"))
		skip_all("cannot set up a network namespace (ip)");
}

/*
 * veth_pair() - va and vb, both up. The kernel attaches a queue to an interface by deferred work
 * after its carrier comes; until then it drops what is sent, so wait for the state UP.
 */
__attribute__((unused)) static void veth_pair(void)
{
	if (system("ip link add va type veth peer vb && ip link set va up && ip link set vb up && "
		   "for i in $(seq 100); do "
		   "[ $(ip link show type veth | grep -c 'state UP') = 2 ] && exit; "
		   "sleep 0.05; done; false"))
		skip_all("no veth");
}

__attribute__((unused)) static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

#endif /* PERSONA_ASSUMPTIONS_TAP_H */
