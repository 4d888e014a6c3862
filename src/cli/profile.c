// SPDX-License-Identifier: GPL-2.0-only
/*
 * profile.c - `persona profile`: run a command as `persona run` does, and say where the time goes.
 *
 * Theory of operation: a child becomes `persona run` with the options that are its own, but
 * not before this process has put its events on it (perf.h), which all that it starts inherits.
 * Where events are refused, it stops the threads now and then (stops.h).
 * This process then only collects, and at the end writes the graph and the
 * table. The terminal's signals reach the child by themselves; what somebody sends to us
 * is passed on. The exit status is the child's.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/stackopts.h"
#include "launch/launch.h"
#include "lib/clock.h"
#include "profile/flame.h"
#include "profile/hostsyms.h"
#include "profile/perf.h"
#include "profile/report.h"
#include "profile/space.h"
#include "profile/stops.h"

#define DEFAULT_GRAPH "persona-profile.svg"
#define DEFAULT_HZ    997 /* not in step with timers */
#define HZ_MAX	      10000
#define TURN_MS	      50

enum {
	PROFILE_OUTPUT = 2 * COMMAND_LONG, /* beyond those of run */
	PROFILE_FREQUENCY,
	PROFILE_JSON,
	PROFILE_STOPS,
};

static const struct command_option profile_options[] = {
	{PROFILE_OUTPUT, "output", "FILE.svg",
	 "flame graph (default: " DEFAULT_GRAPH ");\n-o FILE.svg is the same"},
	{PROFILE_JSON, "json", NULL, "the report as an object on standard output"},
	{PROFILE_FREQUENCY, "frequency", "HZ", "samples a second (default: 997)"},
	{PROFILE_STOPS, "stops", NULL, "stop threads instead of using perf events"},
	{0},
};

struct choice {
	const char *graph;
	unsigned int hz;
	bool json, stops;
	char **argv; /* for `persona run` */
	int argc;
	const char *command;
};

static volatile sig_atomic_t child_pid;

static void profile_pass_on(int sig)
{
	if (child_pid > 0)
		kill(child_pid, sig);
}

static int profile_set_frequency(struct choice *c, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 1 || n > HZ_MAX)
		return complain(EXIT_PERSONA, "--frequency %s: must be a number from 1 to %d", text,
				HZ_MAX);
	c->hz = (unsigned int)n;
	return 0;
}

/* -o is run's, for sysctls; but a file that ends in .svg can be meant only by us. */
static bool profile_is_graph(const char *text)
{
	size_t len = strlen(text);

	return len > 4 && !strcmp(text + len - 4, ".svg") && !strchr(text, '=');
}

/* Ours are taken; what is run's goes to c->argv as it was written. -1 to go on, or an exit status.
 */
static int profile_parse(int argc, char **argv, struct choice *c)
{
	struct options o;
	int key, from = 1;

	c->argv = calloc((size_t)argc + 1, sizeof(*c->argv));
	if (!c->argv)
		return complain(EXIT_PERSONA, "out of memory");
	c->argv[c->argc++] = argv[0];
	options_begin(&o, &command_profile, argc, argv);
	while ((key = options_next(&o))) {
		bool ours = true;

		if (key == PROFILE_OUTPUT || (key == 'o' && profile_is_graph(optarg)))
			c->graph = optarg;
		else if (key == PROFILE_FREQUENCY)
			o.status = profile_set_frequency(c, optarg);
		else if (key == PROFILE_JSON)
			c->json = true;
		else if (key == PROFILE_STOPS)
			c->stops = true;
		else
			ours = false;
		for (; from < optind; from++) {
			if (!ours)
				c->argv[c->argc++] = argv[from];
		}
	}
	if (o.status >= 0)
		return o.status;
	if (optind < argc)
		c->command = argv[optind];
	for (from = optind; from < argc; from++) {
		if (from == optind && strcmp(argv[from - 1], "--") == 0)
			c->argv[c->argc++] = argv[from - 1];
		c->argv[c->argc++] = argv[from];
	}
	return -1;
}

/* What the child is told when it may begin */
#define COUNTING 'g' /* perf events */
#define STOPPING 's' /* its threads are stopped, and read */

/* The child waits for its events, then is `persona run`. */
static pid_t profile_start(const struct choice *c, int *go)
{
	int pipefd[2];
	pid_t pid;
	char byte;

	if (pipe2(pipefd, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		pid = -errno;
	if (pid) {
		close(pipefd[0]);
		*go = pipefd[1];
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	close(pipefd[1]);
	if (read(pipefd[0], &byte, 1) != 1)
		_exit(EXIT_PERSONA);
	close(pipefd[0]);
	if (byte == STOPPING)
		launch_sampled();
	exit(command_run.run(c->argc, c->argv));
}

static void profile_take_signals(void)
{
	static const int passed[] = {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2};
	struct sigaction sa = {.sa_handler = profile_pass_on, .sa_flags = SA_RESTART};

	for (unsigned int i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
		sigaction(passed[i], &sa, NULL);
	sa.sa_handler = SIG_IGN;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
}

static void profile_write_graph(const struct choice *c, FILE *out, const struct trace *t,
				double cpu)
{
	char title[256];

	snprintf(title, sizeof(title), "persona profile: %s", c->command ? c->command : "");
	flame_write(out, &t->fold, title, cpu);
	if (fflush(out) || ferror(out))
		complain(0, "warning: cannot write %s: %s", c->graph, strerror(errno));
}

/* Of all that have ended and were waited for: our child has waited for its own. */
static double profile_children_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_CHILDREN, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Where samples come from: the kernel, or what a debugger may do. */
struct source {
	struct perf perf;
	struct stops stops;
	bool stopping;
	unsigned int hz;
};

/* Until the child has ended; its status. */
static int profile_collect(struct source *s, struct trace *t)
{
	struct timespec turn = {0, 1000000000L / s->hz};
	int wstatus = 0;

	while (!s->stops.ended && waitpid(s->stops.root, &wstatus, WNOHANG) == 0) {
		if (s->stopping) {
			nanosleep(&turn, NULL);
			stops_turn(&s->stops, trace_sample, t);
		} else {
			perf_wait(&s->perf, TURN_MS);
			perf_drain(&s->perf, false, trace_sample, t);
		}
	}
	return s->stops.ended ? s->stops.wstatus : wstatus;
}

static int profile_watch(const struct choice *c, int go, struct source *s, FILE *graph)
{
	static struct trace trace;
	const struct perf *perf = &s->perf;
	struct report r = {.trace = &trace,
			   .processors = (unsigned int)sysconf(_SC_NPROCESSORS_ONLN),
			   .units = s->stopping ? STOPS_UNITS : s->hz,
			   .host_hidden = !s->stopping && !perf->kernel,
			   .how = s->stopping	? "stops"
				  : perf->whole ? "clock of processors"
						: "clock of threads",
			   .graph = c->graph};
	uint64_t begin = clock_mono_ns();
	int wstatus;

	space_read(s->stops.root);
	thread_named(s->stops.root, "persona");
	if (write(go, &(const char){s->stopping ? STOPPING : COUNTING}, 1) != 1)
		kill(s->stops.root, SIGKILL);
	close(go);
	wstatus = profile_collect(s, &trace);
	r.wall = (double)(clock_mono_ns() - begin) / 1e9;
	if (!s->stopping)
		perf_drain(&s->perf, true, trace_sample, &trace);
	trace_settle(&trace);
	r.accounted = profile_children_seconds();
	if (s->stopping)
		r.cpu = r.accounted;
	else if (perf->whole)
		r.cpu = (double)trace.weight /
			s->hz; /* interrupts included: they are no process's */
	else
		r.cpu = (double)perf_cpu_ns(&s->perf) / 1e9;
	r.others = !s->stopping && perf->whole ? (double)perf->others / s->hz : -1;
	r.lost = perf->lost;
	if (WIFEXITED(wstatus) && WEXITSTATUS(wstatus) == EXIT_PERSONA) {
		unlink(c->graph); /* nothing ran, and why was said */
	} else if (trace.samples) {
		profile_write_graph(c, graph, &trace, r.cpu);
		if (c->json)
			report_json(stdout, &r);
		else
			report_table(stderr, &r, "persona: ");
	} else {
		unlink(c->graph);
		complain(0, "warning: not one sample: it ended too soon, or only slept");
	}
	trace_free(&trace);
	return WIFSIGNALED(wstatus) ? 128 + WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

/* Perf events; where they are refused, stops. 0, or an exit status. */
static int profile_open_source(const struct choice *c, struct source *s)
{
	const char *why = "";

	s->hz = c->hz ? c->hz : DEFAULT_HZ;
	if (!c->stops && !perf_open(&s->perf, s->stops.root, s->hz, &why))
		return 0;
	if (stops_try(s->stops.root))
		return complain(EXIT_PERSONA, "%s; and stopping threads is refused, too (ptrace)",
				*why ? why : "perf events are not used");
	if (!c->stops)
		complain(0, "note: %s; threads are stopped to look at them instead", why);
	s->stopping = true;
	s->hz = c->hz && c->hz < STOPS_HZ ? c->hz : STOPS_HZ;
	return 0;
}

static int profile_run(int argc, char **argv)
{
	struct choice c = {.graph = DEFAULT_GRAPH};
	int status = profile_parse(argc, argv, &c), go = -1;
	struct source source = {0};
	FILE *graph = NULL;
	pid_t pid;

	if (status >= 0)
		goto out;
	status = EXIT_PERSONA;
	graph = fopen(c.graph, "we");
	if (!graph) {
		complain(0, "%s: cannot write: %s", c.graph, strerror(errno));
		goto out;
	}
	pid = profile_start(&c, &go);
	if (pid < 0) {
		complain(0, "cannot start a process: %s", strerror(-pid));
		unlink(c.graph);
		goto out;
	}
	child_pid = source.stops.root = pid;
	/* The rings must be emptied in time, whatever the load; only root may. */
	setpriority(PRIO_PROCESS, 0, -10);
	profile_take_signals(); /* not before: the child must not inherit that */
	status = profile_open_source(&c, &source);
	if (status) {
		close(go);
		waitpid(pid, NULL, 0);
		unlink(c.graph);
		goto out;
	}
	status = profile_watch(&c, go, &source, graph);
	perf_close(&source.perf);
	stops_close(&source.stops);
out:
	if (graph)
		fclose(graph);
	spaces_close();
	objects_close();
	hostsyms_close();
	free(c.argv);
	return status;
}

const struct command command_profile = {
	.name = "profile",
	.summary = "run a program, and say where the time goes: table, flame graph",
	.usage = "[OPTION]... [OPTION OF run]... [--] COMMAND [ARG]...",
	.options = {profile_options, stackopts, run_options},
	.ordered = true,
	.notes = "`persona help run` says what a SPEC is. The exit status is that of run.\n",
	.examples = "profile -i wlan0 -- curl -o /dev/null http://192.0.2.1/file\n"
		    "profile --output out.svg --inline -i wlan0 -- iperf3 -c 192.0.2.1\n",
	.run = profile_run,
};
