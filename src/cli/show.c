// SPDX-License-Identifier: GPL-2.0-only
/*
 * show.c - `persona show [ID]`: the inside of a running stack.
 *
 * Theory of operation: the run is asked for its report, again after each interval; rates
 * come from two reports. On a terminal the tables are drawn again and again in its second
 * screen until q or ^C, which leaves the first one as it was; elsewhere, and with --once, they
 * are printed once, after one interval. --json prints one report as it came.
 *
 * Limits: what does not fit the terminal's height is counted, not shown.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/rates.h"
#include "cli/remote.h"
#include "cli/view.h"
#include "lib/jsonread.h"

#define SECOND_SCREEN "\033[?1049h\033[?25l"
#define FIRST_SCREEN  "\033[?25h\033[?1049l"
#define REDRAW	      "\033[H\033[J"
#define WIDE	      4096 /* columns where there is no terminal */

enum { SHOW_INTERVAL = COMMAND_LONG, SHOW_ONCE, SHOW_JSON };

static const struct command_option show_options[] = {
	{SHOW_INTERVAL, "interval", "SECONDS", "between two reports (default: 1)"},
	{SHOW_ONCE, "once", NULL, "print once, after one interval"},
	{SHOW_JSON, "json", NULL, "print one report as an object, for programs"},
	{0},
};

/**
 * struct show - what was asked for, and the last report
 * @interval: ms
 */
struct show {
	struct remote run;
	const char *id;
	int interval;
	bool once, json;
	char *document;
	struct rates now, old;
};

static volatile sig_atomic_t ended;

static void show_on_signal(int sig)
{
	ended |= sig != SIGWINCH;
}

/* A new report; the one before becomes the old one. */
static int show_ask(struct show *s, const char **why)
{
	char *document = NULL;
	int err = remote_ask(&s->run, "show", &document, why);

	if (err)
		return err;
	if (!json_valid(document)) {
		*why = "the run's answer is damaged";
		free(document);
		return -EBADMSG;
	}
	free(s->document);
	free(s->old.at);
	s->document = document;
	s->old = s->now;
	s->now = (struct rates){0};
	view_rates(document, &s->now);
	return 0;
}

static void show_draw(const struct show *s, const char *before, size_t width, size_t rows)
{
	char *screen = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&screen, &len);

	if (!f)
		return;
	fputs(before, f);
	view_print(s->document, &s->now, &s->old, f, width, rows);
	fclose(f);
	fwrite(screen, 1, len, stdout);
	fflush(stdout);
	free(screen);
}

static int show_print_once(struct show *s, const char **why)
{
	struct timespec t = {s->interval / 1000, s->interval % 1000 * 1000000L};
	int err = show_ask(s, why);

	if (err)
		return err;
	if (s->json) {
		puts(s->document);
		return 0;
	}
	nanosleep(&t, NULL);
	err = show_ask(s, why);
	if (!err)
		show_draw(s, "", WIDE, SIZE_MAX);
	return err;
}

static bool show_quits(void)
{
	char c = 0;

	return read(STDIN_FILENO, &c, 1) <= 0 || c == 'q' || c == 'Q';
}

/* Until q or a signal; the run's end ends it, too, and is no failure. */
static int show_watch(struct show *s, const char **why)
{
	struct sigaction sa = {.sa_handler = show_on_signal};
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH};
	struct termios old, raw;
	int err = show_ask(s, why);

	if (err)
		return err;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &sa, NULL);
	tcgetattr(STDIN_FILENO, &old);
	raw = old;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	fputs(SECOND_SCREEN, stdout);
	while (!err && !ended) {
		struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
		struct winsize size = {0};

		ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
		show_draw(s, REDRAW, size.ws_col ? size.ws_col : 80,
			  size.ws_row ? size.ws_row : 24);
		if (poll(&p, 1, s->interval) > 0 && show_quits())
			break;
		if (!ended)
			err = show_ask(s, why);
	}
	fputs(FIRST_SCREEN, stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &old);
	if (err == -ESRCH)
		return complain(0, "%s", *why);
	return err;
}

static int show_set_interval(struct show *s, const char *text)
{
	char *end;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds >= 0.1 && seconds <= 3600))
		return complain(EXIT_PERSONA, "--interval %s: must be seconds from 0.1 to 3600",
				text);
	s->interval = (int)(seconds * 1000);
	return 0;
}

/* -1 to go on, else an exit status. */
static int show_parse(int argc, char **argv, struct show *s)
{
	struct options o;
	int key;

	options_begin(&o, &command_show, argc, argv);
	while ((key = options_next(&o))) {
		if (key == SHOW_INTERVAL)
			o.status = show_set_interval(s, optarg);
		else if (key == SHOW_ONCE)
			s->once = true;
		else
			s->json = true;
	}
	options_end(&o, 1);
	s->id = argv[optind];
	return o.status;
}

static int show_run(int argc, char **argv)
{
	struct show s = {.run = {.fd = -1}, .interval = 1000};
	const char *why = "";
	int status = show_parse(argc, argv, &s), err;

	if (status >= 0)
		return status;
	err = remote_find(&s.run, s.id, &why);
	if (!err) {
		if (s.once || s.json || !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
			err = show_print_once(&s, &why);
		else
			err = show_watch(&s, &why);
	}
	remote_close(&s.run);
	free(s.document);
	free(s.now.at);
	free(s.old.at);
	return err ? complain(EXIT_PERSONA, "%s", why) : 0;
}

const struct command command_show = {
	.name = "show",
	.summary = "interfaces and connections of a run, with rates",
	.usage = "[OPTION]... [ID]",
	.options = {show_options},
	.notes =
		"ID is what `persona ps` lists; it may be left out if only one run is there. On a\n"
		"terminal the tables are drawn again after each interval, until q or ^C.\n",
	.examples = "show\nshow --once --interval 5 4711\n",
	.run = show_run,
};
