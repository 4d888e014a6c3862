/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * passt.h - back end `passt`: out through the host's sockets, without privilege.
 */
#ifndef PERSONA_BACKEND_PASST_H
#define PERSONA_BACKEND_PASST_H

#include "backend/backend.h"

/* What the stack is called inside; passt's own default would be the host's address. */
#define PASST_ADDR4    "10.0.2.15"
#define PASST_PREFIX4  24
#define PASST_GATEWAY4 "10.0.2.2"
#define PASST_ADDR6    "fd00::15"
#define PASST_PREFIX6  64
#define PASST_GATEWAY6 "fd00::2"
#define PASST_MTU      65520	/* with the link header no more than passt takes */
#define PASST_NAME     "passt0" /* of the interface inside, where the host's is not named */

extern const struct backend_ops backend_passt;

/**
 * passt_start() - run passt at the far end of a stream socket
 * @sock:   passt's end; stays open here
 * @ifname: interface of the host that it goes out by; "": by the routing table
 * @why:    one sentence on failure, with passt's own words
 *
 * Comes back when passt is ready. It is nobody's child of ours then, has its own
 * session, and ends when the other end of @sock is closed. For a process with one
 * thread; allocates nothing. Return: 0 or -errno.
 */
int passt_start(int sock, const char *ifname, const char **why);

#endif /* PERSONA_BACKEND_PASST_H */
