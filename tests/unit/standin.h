/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * standin.h - the host's stack behind the engine's interface.
 *
 * Tests of what stands above the engine (shadow, inline) are linked with it instead of the
 * engine: they need no image, no interface and no privilege, and reach peers on 127.0.0.1.
 */
#ifndef PERSONA_STANDIN_H
#define PERSONA_STANDIN_H

/** standin_start() - from now on calls are served; before they give ENETDOWN. */
void standin_start(void);

/** standin_calls() - how many calls of number @nr the stack has been asked for so far. */
unsigned int standin_calls(long nr);

/** standin_host() - the host's number behind the stack's descriptor @fd. */
int standin_host(int fd);

#endif /* PERSONA_STANDIN_H */
