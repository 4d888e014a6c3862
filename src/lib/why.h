/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * why.h - the one sentence that goes with an error: the thing, reason, remedy.
 *
 * Set-up functions return -errno and leave a sentence for the user behind. It
 * lives in one buffer per thread, since it is reported at once; nothing on the data
 * path comes here.
 */
#ifndef PERSONA_LIB_WHY_H
#define PERSONA_LIB_WHY_H

/**
 * why_set() - leave a sentence behind
 * @why: receives the sentence; may be NULL
 * @err: positive errno
 * @fmt: sentence without prefix and newline; its arguments may point into
 *	 an earlier sentence
 *
 * Return: -@err, so that a caller can write `return why_set(...)`.
 */
int why_set(const char **why, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif /* PERSONA_LIB_WHY_H */
