// SPDX-License-Identifier: GPL-2.0-only
/*
 * say.c - the only way inline mode talks to the user.
 *
 * A line goes to descriptor 2 of the program, which may be closed or be
 * something else by now: the line is then lost, never sent elsewhere. If 2 is
 * a descriptor of the stack, nothing is written.
 */
#include "inline/real.h"
#include "inline/fdtable.h"
#include "inline/say.h"

#include <string.h>

void say(const char *fmt, ...)
{
	char line[512] = "persona: ";
	size_t at = strlen(line);
	int saved = errno;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line + at, sizeof(line) - at - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		goto out;
	at += (size_t)n < sizeof(line) - at - 1 ? (size_t)n : sizeof(line) - at - 2;
	line[at++] = '\n';
	if (!slot_ours(fd_slot(STDERR_FILENO)))
		at = (size_t)real(write)(STDERR_FILENO, line, at);
out:
	errno = saved;
}
