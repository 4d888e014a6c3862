/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * files.h - /proc/net and /proc/sys/net are the stack's, /etc/resolv.conf the run's.
 */
#ifndef PERSONA_SHADOW_FILES_H
#define PERSONA_SHADOW_FILES_H

struct call;

/** files_open() - open(2), creat(2), openat(2), openat2(2): a handler, see serve.h */
long files_open(struct call *c);

/** files_settle() - what programs have written to files so far has arrived. Any thread. */
void files_settle(void);

#endif /* PERSONA_SHADOW_FILES_H */
