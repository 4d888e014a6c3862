/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pair.h - the two AF_UNIX ends between the program and us.
 */
#ifndef PERSONA_SHADOW_PAIR_H
#define PERSONA_SHADOW_PAIR_H

#include <sys/types.h>

/**
 * pair_make() - two connected ends
 * @type:   SOCK_STREAM, SOCK_SEQPACKET, or SOCK_DGRAM: then the program's end has a name, so that
 *	    ours can be connected to it again (mark.h), and closing it hangs nothing up (closing.h)
 * @theirs: receives the program's end, blocking; @ino its inode
 * @ours:   receives ours, non-blocking
 *
 * Both are close-on-exec. Return: 0 or -errno. Thread-safe, as all here.
 */
int pair_make(int type, int *theirs, int *ours, ino_t *ino);

/**
 * pair_alone() - a program's end without another: a stream that is not connected
 *
 * The host's kernel answers on it nearly as on a TCP socket without a peer:
 * poll() says POLLOUT | POLLHUP, reading and writing fail.
 */
int pair_alone(int *theirs, ino_t *ino);

/** pair_join() - give end @theirs its other end, and return that; or -errno. */
int pair_join(int theirs);

#endif /* PERSONA_SHADOW_PAIR_H */
