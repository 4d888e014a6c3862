// SPDX-License-Identifier: GPL-2.0-only
/*
 * version.c - `persona version`.
 */
#include <stdio.h>
#include "cli/command.h"
#include "cli/options.h"

static int version_run(int argc, char **argv)
{
	struct options o;

	options_begin(&o, &command_version, argc, argv);
	while (options_next(&o))
		;
	if (options_end(&o, 0) >= 0)
		return o.status;
	puts("persona " PERSONA_VERSION);
	return 0;
}

const struct command command_version = {
	.name = "version",
	.summary = "print the version",
	.usage = "",
	.examples = "version\n",
	.run = version_run,
};
