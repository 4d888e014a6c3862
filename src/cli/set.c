// SPDX-License-Identifier: GPL-2.0-only
/*
 * set.c - `persona set [ID] KEY=VALUE...`: change how a run uses its paths.
 *
 * Theory of operation: the words go to the run as they are (control/wire.h), which checks all of
 * them before it changes anything (stack/steering.h). A first argument without `=` is the run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"
#include "cli/remote.h"
#include "control/wire.h"

static const struct command_option set_options[] = {{0}};

/* "set WORD WORD"; false: too long */
static bool set_request(char *const *words, char text[WIRE_REQUEST])
{
	size_t len = (size_t)snprintf(text, WIRE_REQUEST, "set");

	for (; *words && len < WIRE_REQUEST; words++)
		len += (size_t)snprintf(text + len, WIRE_REQUEST - len, " %s", *words);
	return len < WIRE_REQUEST;
}

static int set_run(int argc, char **argv)
{
	struct remote run = {.fd = -1};
	char request[WIRE_REQUEST], *lack = NULL, **words;
	const char *why = "", *id = NULL;
	struct options o;
	int err;

	options_begin(&o, &command_set, argc, argv);
	while (options_next(&o))
		;
	if (o.status >= 0)
		return o.status;
	words = argv + optind;
	if (*words && !strchr(*words, '='))
		id = *words++;
	if (!*words)
		return complain(EXIT_PERSONA, "nothing to set: persona set [ID] KEY=VALUE...");
	for (char **w = words; *w; w++)
		if (strpbrk(*w, " \t\n"))
			return complain(EXIT_PERSONA, "'%s': a word has no blanks", *w);
	if (!set_request(words, request))
		return complain(EXIT_PERSONA, "too many words at once: give some of them later");
	err = remote_find(&run, id, &why);
	if (!err)
		err = remote_ask(&run, request, &lack, &why);
	if (!err && lack && *lack)
		complain(0, "%s", lack);
	if (err)
		complain(0, "%s", why);
	remote_close(&run);
	free(lack);
	return err ? EXIT_PERSONA : 0;
}

const struct command command_set = {
	.name = "set",
	.summary = "change how a run uses its paths, while it runs",
	.usage = "[ID] KEY=VALUE...",
	.options = {set_options},
	.notes = "policy=NAME          aggregate, handover, interactive, redundant\n"
		 "policy=PROGRAM=NAME  the same for one program's new connections; without NAME\n"
		 "                     it has none of its own any more\n"
		 "scheduler=NAME       MPTCP's scheduler, in place of the policy's\n"
		 "congestion=NAME      congestion control\n"
		 "INTERFACE=ROLE       active, backup or metered\n"
		 "\n"
		 "All words are checked first: with one that is wrong nothing changes. ID is what\n"
		 "`persona ps` lists; it may be left out if only one run is there.\n",
	.examples = "set policy=handover\nset 4711 rmnet0=metered scheduler=minrtt\n",
	.run = set_run,
};
