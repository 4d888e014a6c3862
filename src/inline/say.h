/* SPDX-License-Identifier: GPL-2.0-only */
/* say.h - one line on stderr for each kind of thing that cannot be done. */
#ifndef PERSONA_INLINE_SAY_H
#define PERSONA_INLINE_SAY_H

#include <stdatomic.h>

/**
 * say() - write "persona: ..." to stderr, as one write(2)
 *
 * Async-signal-safe but for the formatting of numbers with %d and %s, which
 * glibc does without allocating. Leaves errno alone.
 */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What helps where inline mode cannot: the end of such a line. */
#define SAY_REMEDY "use persona run --mode shadow, which serves whole trees"

/* say_once() - the same, once per place in the source and process. */
#define say_once(...)                                       \
	do {                                                \
		static atomic_flag said = ATOMIC_FLAG_INIT; \
		if (!atomic_flag_test_and_set(&said))       \
			say(__VA_ARGS__);                   \
	} while (0)

#endif /* PERSONA_INLINE_SAY_H */
