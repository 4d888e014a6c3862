// SPDX-License-Identifier: GPL-2.0-only
/*
 * complain.c - how the command speaks: one line on stderr, in one write.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "lib/complain.h"

int complain(int status, const char *fmt, ...)
{
	char line[2048] = "persona: ";
	size_t len = strlen(line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + len, sizeof(line) - len - 1, fmt, ap);
	va_end(ap);
	len = strlen(line);
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return status; /* nobody left to tell */
	return status;
}
