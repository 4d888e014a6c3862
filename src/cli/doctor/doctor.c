// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor.c - `persona doctor`: check what this machine allows, say what to do.
 *
 * Theory of operation
 *
 * One function per noun, in a table; each in its own file. A check really tries what
 * `persona run` will do (open the socket, start the stack, set the rules) instead of
 * reading about it, gives back what it took, and prints a line: ok, warn (something is
 * missing that not everybody needs) or fail (what was asked for will not work), the thing,
 * words, the remedy. --json makes each line an object with these four members.
 *
 * Interfaces are those that are named, as -i of `persona run` takes them, or else all of
 * the host's but the loopback, DOCTOR_IFACES at most.
 *
 * Exit status: 0 if nothing failed, else 1; 125 for a command line that is wrong.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "backend/backend.h"
#include "cli/cli.h"
#include "cli/doctor/doctor.h"
#include "netconf/link.h"

#define DEFAULT_PORT "443"

static struct {
	bool json;
	unsigned int failed;
} report;

void doctor_say(enum doctor_verdict v, const char *thing, const char *remedy, const char *fmt, ...)
{
	static const char *const words[] = {"ok", "warn", "fail"};
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (report.json) {
		printf("{\"verdict\":\"%s\",\"thing\":", words[v]);
		print_json(thing);
		printf(",\"words\":");
		print_json(text);
		printf(",\"remedy\":");
		print_json(remedy ? remedy : "");
		puts("}");
	} else {
		printf("%-5s %-14s %s%s%s\n", words[v], thing, text, remedy ? ": " : "",
		       remedy ? remedy : "");
	}
	fflush(stdout);
	if (v == DOCTOR_FAIL)
		report.failed++;
}

long doctor_sysctl(const char *key)
{
	char path[PATH_MAX];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/%s", key);
	f = fopen(path, "re");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

static void (*const checks[])(const struct doctor *d) = {
	doctor_stack, doctor_backends, doctor_net, doctor_beside, doctor_tunnel, doctor_mptcp,
};

/* ---- the command line ---- */

static int doctor_add_spec(struct doctor *d, const char *text)
{
	struct iface_spec *s = &d->spec[d->n];
	const char *why;

	if (d->n == DOCTOR_IFACES)
		return complain(EXIT_PERSONA, "doctor: more than %d interfaces", DOCTOR_IFACES);
	if (spec_parse(text, s, &why))
		return complain(EXIT_PERSONA, "%s", why);
	d->n++;
	return 0;
}

/* HOST, HOST:PORT, [HOST]:PORT or an IPv6 address. */
static int doctor_set_mptcp(struct doctor *d, const char *text)
{
	const char *host = text, *colon = strrchr(text, ':');
	size_t len = strlen(text);
	char *end;

	snprintf(d->port, sizeof(d->port), DEFAULT_PORT);
	if (*text == '[') {
		const char *close = strchr(text, ']');

		if (!close || (close[1] && close[1] != ':'))
			goto malformed;
		host = text + 1;
		len = (size_t)(close - host);
		colon = close[1] ? close + 1 : NULL;
	} else if (colon && strchr(text, ':') == colon) {
		len = (size_t)(colon - text);
	} else {
		colon = NULL;
	}
	if (colon) {
		unsigned long port = strtoul(colon + 1, &end, 10);

		if (colon[1] < '0' || colon[1] > '9' || *end || !port || port > 65535)
			goto malformed;
		snprintf(d->port, sizeof(d->port), "%lu", port);
	}
	if (!len || len >= sizeof(d->mptcp))
		goto malformed;
	memcpy(d->mptcp, host, len);
	d->mptcp[len] = '\0';
	return 0;

malformed:
	return complain(EXIT_PERSONA, "doctor: --mptcp %s: write HOST, HOST:PORT or [ADDRESS]:PORT",
			text);
}

enum { DOCTOR_JSON = COMMAND_LONG, DOCTOR_MPTCP };

static const struct command_option doctor_options[] = {
	{'i', "interface", "SPEC", "an interface to look at; -i may be left out"},
	{DOCTOR_JSON, "json", NULL, "an object for each line, for programs"},
	{DOCTOR_MPTCP, "mptcp", "HOST[:PORT]",
	 "does MPTCP pass to it, by each interface (port 443)"},
	{0},
};

static int doctor_parse(struct doctor *d, int argc, char **argv)
{
	struct options o;
	int key, status = 0;

	options_begin(&o, &command_doctor, argc, argv);
	while ((key = options_next(&o))) {
		if (key == 'i')
			o.status = doctor_add_spec(d, optarg);
		else if (key == DOCTOR_JSON)
			d->json = true;
		else
			o.status = doctor_set_mptcp(d, optarg);
	}
	if (o.status >= 0)
		return o.status;
	for (; !status && optind < argc; optind++)
		status = doctor_add_spec(d, argv[optind]);
	return status ? status : -1;
}

/* ---- interfaces ---- */

static int doctor_add_link(const struct link_info *info, void *arg)
{
	struct doctor *d = arg;

	if (info->flags & IFF_LOOPBACK || d->n == DOCTOR_IFACES)
		return 0;
	snprintf(d->spec[d->n].ifname, IF_NAMESIZE, "%s", info->name);
	snprintf(d->spec[d->n].name, IF_NAMESIZE, "%s", info->name);
	d->n++;
	return 0;
}

static void doctor_find_interfaces(struct doctor *d)
{
	struct nl *nl;
	int err;

	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (nl)
		err = link_list(nl, doctor_add_link, d);
	nl_close(nl);
	if (err)
		doctor_say(DOCTOR_WARN, "interfaces", "name them, and ip= yourself",
			   "cannot be listed: %s", strerror(-err));
	else if (!d->n)
		doctor_say(DOCTOR_WARN, "interfaces", NULL,
			   "none but the loopback: nothing to give to -i");
}

static int doctor_run(int argc, char **argv)
{
	struct doctor *d = calloc(1, sizeof(*d));
	const struct backend_ops *ops;
	int status;

	if (!d)
		return complain(EXIT_PERSONA, "out of memory");
	status = doctor_parse(d, argc, argv);
	if (status >= 0)
		goto out;
	report.json = d->json;
	if (!d->n)
		doctor_find_interfaces(d);
	for (unsigned int i = 0; i < d->n; i++) {
		ops = d->spec[i].backend[0] ? NULL : backend_choose(d->spec[i].ifname, NULL);
		if (ops)
			snprintf(d->spec[i].backend, sizeof(d->spec[i].backend), "%s",
				 ops->opening->name);
	}
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
		checks[i](d);
	status = report.failed ? 1 : 0;
out:
	free(d);
	return status;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "check what this machine allows, and say what to do",
	.usage = "[OPTION]... [[-i] SPEC]...",
	.options = {doctor_options},
	.notes = "`persona help run` says what a SPEC is; without one, all interfaces but the\n"
		 "loopback are looked at.\n"
		 "exit status: 0 if nothing failed, else 1\n",
	.examples = "doctor\ndoctor --mptcp multipath-tcp.org wlan0 rmnet0\n",
	.run = doctor_run,
};
