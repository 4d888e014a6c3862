// SPDX-License-Identifier: GPL-2.0-only
/*
 * why.c - the one sentence that goes with an error, see why.h.
 *
 * Each thread has its own; it is overwritten by the next one.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "lib/why.h"

static __thread char sentence[1024];

int why_set(const char **why, int err, const char *fmt, ...)
{
	char text[sizeof(sentence)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	memcpy(sentence, text, sizeof(sentence));
	if (why)
		*why = sentence;
	return -err;
}
