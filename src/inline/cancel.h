/* SPDX-License-Identifier: GPL-2.0-only */
/* cancel.h - pthread_cancel() against threads inside the stack. */
#ifndef PERSONA_INLINE_CANCEL_H
#define PERSONA_INLINE_CANCEL_H

#include <stdatomic.h>
#include <stdbool.h>

/* Some thread has been cancelled in this process, or asked for asynchronous cancellation. */
extern _Atomic bool cancel_used;

/** cancel_is_used() - has the program ever called pthread_cancel()? One load. */
static inline bool cancel_is_used(void)
{
	return atomic_load_explicit(&cancel_used, memory_order_relaxed);
}

/** cancel_shut() - entering the engine: no cancellation until cancel_open(). */
void cancel_shut(void);

/** cancel_open() - left the engine; may not return (the thread was cancelled). */
void cancel_open(void);

#endif /* PERSONA_INLINE_CANCEL_H */
