/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doctor.h - what the checks of `persona doctor` share.
 *
 * A check tries something, says what came of it by doctor_say(), and gives back
 * what it took. Checks run one after another in one thread, and may fork.
 */
#ifndef PERSONA_CLI_DOCTOR_DOCTOR_H
#define PERSONA_CLI_DOCTOR_DOCTOR_H

#include <stdbool.h>
#include <stdint.h>
#include "netconf/spec.h"

#define DOCTOR_IFACES 8 /* most interfaces of a visit */

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_WARN, /* something that not everybody needs is missing, or in the way */
	DOCTOR_FAIL, /* what was asked for will not work */
};

/**
 * struct doctor - what is to be looked at
 * @json:  print JSON lines
 * @mptcp: host whose MPTCP is tried, or ""
 * @port:  its port
 * @n:	   interfaces in @spec
 * @spec:  interfaces, with their back end if one serves them
 */
struct doctor {
	bool json;
	char mptcp[256];
	char port[8];
	unsigned int n;
	struct iface_spec spec[DOCTOR_IFACES];
};

/**
 * doctor_say() - one line
 * @thing:  what was looked at, few letters
 * @remedy: what to do, or NULL
 * @fmt:    what was found
 */
void doctor_say(enum doctor_verdict v, const char *thing, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/** doctor_sysctl() - number in the host's /proc/sys/@key, or -1. */
long doctor_sysctl(const char *key);

/** doctor_is_tunnel() - is it a WireGuard tunnel of the stack's own? */
bool doctor_is_tunnel(const struct iface_spec *s);

/* The checks, by file; each says all it has to. */
void doctor_stack(const struct doctor *d);
void doctor_backends(const struct doctor *d);
void doctor_net(const struct doctor *d);
void doctor_beside(const struct doctor *d);
void doctor_tunnel(const struct doctor *d);
void doctor_mptcp(const struct doctor *d);

#endif /* PERSONA_CLI_DOCTOR_DOCTOR_H */
