// SPDX-License-Identifier: GPL-2.0-only
/*
 * ps.c - `persona ps`: what runs in this network namespace.
 *
 * Each run is asked for its own account. Those of other users are left out
 * (root sees all), and so is what ends meanwhile.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/remote.h"
#include "cli/table.h"
#include "cli/view.h"
#include "lib/jsonread.h"

#define WORD 96

static void ps_row(struct table *t, const char *info)
{
	char buf[WORD], names[256] = "", command[VIEW_COMMAND];
	const char *p = json_first(json_member(info, "interfaces"));

	for (; p; p = json_next(p))
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s",
			 *names ? "," : "", view_string(json_member(p, "name"), buf, sizeof(buf)));
	table_cell(t, "%" PRIu64, json_uint(json_member(info, "id")));
	table_cell(t, "%s", view_string(json_member(info, "mode"), buf, sizeof(buf)));
	table_cell(t, "%s", view_string(json_member(info, "personality"), buf, sizeof(buf)));
	table_cell(t, "%s", names);
	table_cell(t, "%s", human_time(json_uint(json_member(info, "uptime_ms")) / 1000, buf));
	table_cell(t, "%s", view_command(info, command));
}

static const struct command_option ps_options[] = {
	{COMMAND_LONG, "json", NULL, "an array of objects, for programs"},
	{0},
};

static int ps_run(int argc, char **argv)
{
	static const char *const names[] = {"ID",	  "MODE",   "PERSONALITY",
					    "INTERFACES", "UPTIME", "COMMAND"};
	bool json = false;
	struct table t = {.right = "><<<><"};
	struct winsize size = {0};
	unsigned int shown = 0;
	struct options o;
	pid_t *pids;
	int n;

	options_begin(&o, &command_ps, argc, argv);
	while (options_next(&o))
		json = true;
	if (options_end(&o, 0) >= 0)
		return o.status;
	n = remote_list(&pids);
	if (n < 0)
		return complain(EXIT_PERSONA, "cannot read /proc/self/net/unix: %s", strerror(-n));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		table_cell(&t, "%s", names[i]);
	if (json)
		putchar('[');
	for (int i = 0; i < n; i++) {
		struct remote r;
		char *info = NULL;

		if (remote_connect(&r, pids[i], NULL))
			continue;
		if (!remote_ask(&r, "info", &info, NULL) && json_valid(info)) {
			if (json)
				printf("%s%s", shown++ ? ",\n " : "", info);
			else
				ps_row(&t, info);
		}
		free(info);
		remote_close(&r);
	}
	free(pids);
	if (json)
		puts("]");
	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	if (!json)
		table_print(&t, stdout, size.ws_col ? size.ws_col : 4096, SIZE_MAX);
	return 0;
}

const struct command command_ps = {
	.name = "ps",
	.summary = "list what runs in this network namespace",
	.usage = "[OPTION]...",
	.options = {ps_options},
	.notes = "Runs of other users are left out; root sees all.\n",
	.examples = "ps\n",
	.run = ps_run,
};
