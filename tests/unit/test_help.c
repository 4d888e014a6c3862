// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_help.c - the subcommands' tables: help says what the parser takes, and the reverse.
 *
 * What a call prints is taken by a file in the place of stdout or stderr.
 */
#include "unit.h"
#include "cli/cli.h"

static char text[16384]; /* what the last call printed */

/* @argv on the subcommand @c: its exit status; stream @fd into text. */
static int capture(const struct command *c, int fd, int argc, char **argv)
{
	FILE *f = tmpfile();
	int keep = dup(fd), status;
	size_t len;

	assert_non_null(f);
	fflush(NULL);
	dup2(fileno(f), fd);
	status = c->run(argc, argv);
	fflush(NULL);
	dup2(keep, fd);
	close(keep);
	rewind(f);
	len = fread(text, 1, sizeof(text) - 1, f);
	text[len] = '\0';
	fclose(f);
	return status;
}

static void expect(const char *part, const char *whose)
{
	if (!strstr(text, part))
		fail_msg("%s: no '%s' in: %s", whose, part, text);
}

static const struct command_option *row_at(const struct command *c, unsigned int n)
{
	for (unsigned int t = 0; t < COMMAND_TABLES && c->options[t]; t++)
		for (const struct command_option *row = c->options[t]; row->name; row++)
			if (!n--)
				return row;
	return NULL;
}

static void test_every_help(void **state)
{
	char first[128], option[128];
	const struct command *c;

	for (unsigned int i = 0; (c = command_at(i)); i++) {
		char *by_option[] = {(char *)c->name, "--help", NULL};
		char *by_letter[] = {(char *)c->name, "-h", NULL};
		char *by_name[] = {"help", (char *)c->name, NULL};
		char whole[sizeof(text)];

		assert_int_equal(capture(c, 1, 2, by_option), 0);
		snprintf(whole, sizeof(whole), "%s", text);
		snprintf(first, sizeof(first), "persona %s: %s\n\nusage: persona %s", c->name,
			 c->summary, c->name);
		assert_memory_equal(text, first, strlen(first));
		snprintf(first, sizeof(first), "\nexamples:\n  persona %s", c->name);
		expect(first, c->name);
		for (unsigned int n = 0; row_at(c, n); n++) {
			const struct command_option *row = row_at(c, n);

			if (row->arg && *row->arg == '[')
				snprintf(option, sizeof(option), "--%s[=%s", row->name,
					 row->arg + 1);
			else
				snprintf(option, sizeof(option), "--%s%s%s", row->name,
					 row->arg ? " " : "", row->arg ? row->arg : "");
			expect(option, c->name);
		}
		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
			if (strlen(line) > 80)
				fail_msg("%s: a line of %zu columns: %s", c->name, strlen(line),
					 line);
		assert_int_equal(capture(c, 1, 2, by_letter), 0);
		assert_string_equal(text, whole);
		assert_int_equal(capture(&command_help, 1, 2, by_name), 0);
		assert_string_equal(text, whole);
	}
}

/* @word, then "value": @row's key, with the argument @arg, and @words words are used. */
static void expect_option(const struct command *c, const struct command_option *row, char *word,
			  const char *arg, int words)
{
	char *argv[] = {(char *)c->name, word, "value", NULL};
	struct options o;

	options_begin(&o, c, 3, argv);
	assert_int_equal(options_next(&o), row->key);
	if (arg)
		assert_string_equal(optarg, arg);
	else
		assert_null(optarg);
	assert_int_equal(options_next(&o), 0);
	assert_int_equal(o.status, -1);
	assert_int_equal(optind, 1 + words);
}

/* Each option of each table reaches the parser: with an argument or none, by either name. */
static void test_every_option(void **state)
{
	const struct command *c;

	for (unsigned int i = 0; (c = command_at(i)); i++) {
		for (unsigned int n = 0; row_at(c, n); n++) {
			const struct command_option *row = row_at(c, n);
			bool optional = row->arg && *row->arg == '[';
			const char *arg = row->arg && !optional ? "value" : NULL;
			char name[64], letter[3] = {'-', (char)row->key, '\0'};

			snprintf(name, sizeof(name), "--%s", row->name);
			expect_option(c, row, name, arg, arg ? 2 : 1);
			if (row->key < COMMAND_LONG)
				expect_option(c, row, letter, arg, arg ? 2 : 1);
			if (!row->arg)
				continue;
			snprintf(name, sizeof(name), "--%s=x", row->name);
			expect_option(c, row, name, "x", 1);
		}
	}
}

static const struct {
	const char *command, *word, *line;
} bad[] = {
	{"ps", "--jsn", "unknown option '--jsn': did you mean '--json'?"},
	{"ps", "-j", "unknown option '-j': see persona help ps"},
	{"ps", "now", "ps: unknown argument 'now': see persona help ps"},
	{"list", "--json=x", "option '--json=x' takes no argument"},
	{"show", "--interval", "option '--interval' needs an argument"},
	{"show", "--often", "unknown option '--often': see persona help show"},
	{"version", "-x", "unknown option '-x': see persona help version"},
	{"doctor", "--mptpc", "unknown option '--mptpc': did you mean '--mptcp'?"},
	{"profile", "--frequncy", "unknown option '--frequncy': did you mean '--frequency'?"},
	{"exec", "--once", "unknown option '--once': see persona help exec"},
	{"help", "docter", "unknown subcommand 'docter': did you mean 'doctor'?"},
	{"help", "walking", "unknown subcommand 'walking': see persona help"},
};

static void test_bad_words(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *argv[] = {(char *)bad[i].command, (char *)bad[i].word, NULL};
		char line[256];

		assert_int_equal(capture(command_find(bad[i].command), 2, 2, argv), EXIT_PERSONA);
		snprintf(line, sizeof(line), "persona: %s\n", bad[i].line);
		assert_string_equal(text, line);
	}
}

/* A letter that is none of ours, in one word with others, behind a long option. */
static void test_bundled(void **state)
{
	char *argv[] = {"run", "--isolate", "-vx", "--", "true", NULL};
	char *first[] = {"run", "--isolate", "-xv", "--", "true", NULL};

	assert_int_equal(capture(&command_run, 2, 5, argv), EXIT_PERSONA);
	assert_string_equal(text, "persona: unknown option '-x': see persona help run\n");
	assert_int_equal(capture(&command_run, 2, 5, first), EXIT_PERSONA);
	assert_string_equal(text, "persona: unknown option '-x': see persona help run\n");
}

/* The command's own --help is not ours. */
static void test_ordered(void **state)
{
	char *argv[] = {"run", "-v", "true", "--help", NULL};
	struct options o;

	options_begin(&o, &command_run, 4, argv);
	assert_int_equal(options_next(&o), 'v');
	assert_int_equal(options_next(&o), 0);
	assert_int_equal(o.status, -1);
	assert_int_equal(optind, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_help), cmocka_unit_test(test_every_option),
		cmocka_unit_test(test_bad_words),  cmocka_unit_test(test_bundled),
		cmocka_unit_test(test_ordered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
