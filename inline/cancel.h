/* SPDX-License-Identifier: GPL-2.0-only */
/* cancel.h - pthread_cancel() against threads inside the stack. */
#ifndef PERSONA_INLINE_CANCEL_H
#define PERSONA_INLINE_CANCEL_H

#include <stdbool.h>

/* Some thread has been cancelled in this process, or asked for asynchronous cancellation. */
extern volatile bool cancel_used;

/** cancel_shut() - entering the engine: no cancellation until cancel_open(). */
void cancel_shut(void);

/** cancel_open() - left the engine; may not return (the thread was cancelled). */
void cancel_open(void);

#endif /* PERSONA_INLINE_CANCEL_H */
