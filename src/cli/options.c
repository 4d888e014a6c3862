// SPDX-License-Identifier: GPL-2.0-only
/*
 * options.c - the options of a subcommand, see options.h.
 */
#include <string.h>
#include "cli/options.h"
#include "lib/closest.h"

static int options_takes(const struct command_option *row)
{
	if (!row->arg)
		return no_argument;
	return *row->arg == '[' ? optional_argument : required_argument;
}

static void options_add(struct options *o, unsigned int *n, const struct command_option *row)
{
	size_t len = strlen(o->shorts);

	if (*n == OPTIONS_MAX)
		return;
	o->longs[(*n)++] = (struct option){row->name, options_takes(row), NULL, row->key};
	if (row->key >= COMMAND_LONG)
		return;
	o->shorts[len] = (char)row->key;
	o->shorts[len + 1] = row->arg ? ':' : '\0';
}

void options_begin(struct options *o, const struct command *c, int argc, char **argv)
{
	static const struct command_option help = {'h', "help", NULL, NULL};
	unsigned int n = 0;

	*o = (struct options){.status = -1, .command = c, .argc = argc, .argv = argv};
	strcpy(o->shorts, c->ordered ? "+:" : ":");
	for (unsigned int t = 0; t < COMMAND_TABLES && c->options[t]; t++)
		for (const struct command_option *row = c->options[t]; row->name; row++)
			options_add(o, &n, row);
	options_add(o, &n, &help);
	opterr = 0;
	optind = 0; /* glibc and musl: forget the place and the order of an earlier walk */
}

static bool options_known(const struct options *o, int key)
{
	for (const struct option *l = o->longs; l->name; l++)
		if (l->val == key)
			return true;
	return false;
}

/* getopt_long() has returned @opt, '?' or ':'. */
static int options_refuse(const struct options *o, int opt)
{
	const char *names[OPTIONS_MAX + 1] = {NULL};
	const char *arg = o->argv[optind - 1];
	const char *near;

	if (opt == ':')
		return complain(EXIT_PERSONA, "option '%s' needs an argument", arg);
	if (optopt && !options_known(o, optopt))
		return complain(EXIT_PERSONA, "unknown option '-%c': see persona help %s", optopt,
				o->command->name);
	if (optopt)
		return complain(EXIT_PERSONA, "option '%s' takes no argument", arg);
	for (unsigned int i = 0; o->longs[i].name; i++)
		names[i] = o->longs[i].name;
	near = closest(arg + 2, names);
	if (near)
		return complain(EXIT_PERSONA, "unknown option '%s': did you mean '--%s'?", arg,
				near);
	return complain(EXIT_PERSONA, "unknown option '%s': see persona help %s", arg,
			o->command->name);
}

int options_next(struct options *o)
{
	int opt;

	if (o->status > 0)
		return 0;
	o->status = -1;
	opt = getopt_long(o->argc, o->argv, o->shorts, o->longs, NULL);
	if (opt == -1)
		return 0;
	if (opt == 'h')
		o->status = command_print_help(o->command);
	else if (opt == '?' || opt == ':')
		o->status = options_refuse(o, opt);
	return o->status < 0 ? opt : 0;
}

int options_end(struct options *o, int words)
{
	if (o->status < 0 && o->argc - optind > words)
		o->status = complain(EXIT_PERSONA, "%s: unknown argument '%s': see persona help %s",
				     o->command->name, o->argv[optind + words], o->command->name);
	return o->status;
}
