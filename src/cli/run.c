// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - `persona run`: the command line, checked word by word.
 *
 * Theory of operation: each option goes into struct config (stack/config.h), or, if only the
 * start of the program needs it, into struct launch (launch/launch.h). What is wrong with an
 * option is said where it stands, in one line; the first mistake ends the command. launch()
 * does the rest.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli/cli.h"
#include "engine/engine.h"
#include "launch/interfaces.h"
#include "launch/launch.h"
#include "launch/paths.h"
#include "lib/closest.h"
#include "netconf/sysctl.h"
#include "stack/config.h"

#define DEFAULT_LINGER	  30 /* seconds for the last data to be delivered */
#define DEFAULT_INTERFACE "passt:"

enum {
	OPT_INLINE = 256,
	OPT_ISOLATE,
	OPT_LINGER,
	OPT_MODE,
	OPT_NO_MPTCP,
	OPT_PCAP,
	OPT_VCPUS,
	OPT_MEM,
	OPT_HELP
};

const struct option run_options[] = {
	{"personality", required_argument, NULL, 'p'},
	{"interface", required_argument, NULL, 'i'},
	{"inline", no_argument, NULL, OPT_INLINE},
	{"isolate", no_argument, NULL, OPT_ISOLATE},
	{"linger", required_argument, NULL, OPT_LINGER},
	{"mode", required_argument, NULL, OPT_MODE},
	{"sysctl", required_argument, NULL, 'o'},
	{"no-mptcp", no_argument, NULL, OPT_NO_MPTCP},
	{"pcap", required_argument, NULL, OPT_PCAP},
	{"verbose", no_argument, NULL, 'v'},
	{"vcpus", required_argument, NULL, OPT_VCPUS},
	{"mem", required_argument, NULL, OPT_MEM},
	{"help", no_argument, NULL, OPT_HELP},
	{NULL, 0, NULL, 0},
};

static int bad_option(char *const *argv, int opt)
{
	const char *names[sizeof(run_options) / sizeof(run_options[0])] = {NULL};
	const char *arg = argv[optind - 1];
	const char *near;
	unsigned int i;

	if (opt == ':')
		return complain(EXIT_PERSONA, "option '%s' needs an argument", arg);
	if (strncmp(arg, "--", 2))
		return complain(EXIT_PERSONA, "unknown option '-%c': see persona help", optopt);
	if (optopt)
		return complain(EXIT_PERSONA, "option '%s' takes no argument", arg);
	for (i = 0; run_options[i].name; i++)
		names[i] = run_options[i].name;
	near = closest(arg + 2, names);
	if (near)
		return complain(EXIT_PERSONA, "unknown option '%s': did you mean '--%s'?", arg,
				near);
	return complain(EXIT_PERSONA, "unknown option '%s': see persona help", arg);
}

static int add_interface(struct config *c, const char *text)
{
	struct config_iface *ci = &c->iface[c->nifaces];
	const char *why;
	unsigned int i;

	if (c->nifaces == CONFIG_MAX_IFACES)
		return complain(EXIT_PERSONA, "-i %s: more than %d interfaces", text,
				CONFIG_MAX_IFACES);
	if (spec_parse(text, &ci->spec, &why))
		return complain(EXIT_PERSONA, "%s", why);
	for (i = 0; i < c->nifaces; i++) {
		const struct iface_spec *other = &c->iface[i].spec;

		if (*other->ifname && !strcmp(other->ifname, ci->spec.ifname))
			return complain(EXIT_PERSONA, "-i %s: interface '%s' is given twice", text,
					ci->spec.ifname);
	}
	if (interfaces_name_taken(c, ci))
		return complain(EXIT_PERSONA,
				"-i %s: name '%s' is taken: give another by name=", text,
				ci->spec.name);
	ci->fd = -1;
	c->nifaces++;
	return 0;
}

/*
 * passt ends TCP connections on this machine, so MPTCP's would always fall back to TCP. And
 * the stack must not have to: when its peer repeats data in segments cut
 * differently, as passt does, Linux 6.12 maps them wrongly after a fallback, and hangs.
 */
static bool only_passt(const struct config *c)
{
	for (unsigned int i = 0; i < c->nifaces; i++) {
		if (strcmp(c->iface[i].spec.backend, "passt"))
			return false;
	}
	return true;
}

static int add_sysctl(struct config *c, const char *text)
{
	const char *equals = strchr(text, '=');
	struct config_sysctl *s = &c->sysctl[c->nsysctls];

	if (!equals || equals == text || !equals[1])
		return complain(EXIT_PERSONA, "-o %s: write -o KEY=VALUE", text);
	if (c->nsysctls == CONFIG_MAX_SYSCTL)
		return complain(EXIT_PERSONA, "-o %s: more than %d sysctls", text,
				CONFIG_MAX_SYSCTL);
	if ((size_t)(equals - text) >= sizeof(s->name) || strlen(equals + 1) >= sizeof(s->value))
		return complain(EXIT_PERSONA, "-o %.32s...: too long", text);
	memcpy(s->name, text, (size_t)(equals - text));
	strcpy(s->value, equals + 1);
	if (!sysctl_name_valid(s->name))
		return complain(EXIT_PERSONA,
				"-o %s: '%s' is no sysctl key: write it as "
				"net.ipv4.tcp_congestion_control=cubic",
				text, s->name);
	c->nsysctls++;
	return 0;
}

/* 64M, 1G, 65536K, or bytes. */
static int set_memory(struct config *c, const char *text)
{
	unsigned long long n;
	unsigned int shift = 0;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || errno)
		goto malformed;
	if (*end) {
		static const char units[] = "KMGkmg";
		const char *unit = strchr(units, *end);

		if (!unit || end[1])
			goto malformed;
		shift = 10 * (unsigned int)(1 + (unit - units) % 3);
	}
	if (n > ENGINE_MEMORY_MAX >> shift)
		return complain(EXIT_PERSONA, "--mem %s: too much: at most %luG", text,
				ENGINE_MEMORY_MAX >> 30);
	n <<= shift;
	if (n < ENGINE_MEMORY_MIN)
		return complain(EXIT_PERSONA, "--mem %s: too small for the stack: at least %luM",
				text, ENGINE_MEMORY_MIN >> 20);
	c->memory = (size_t)n & ~(size_t)4095;
	return 0;

malformed:
	return complain(EXIT_PERSONA, "--mem %s: write a size as 64M or 1G", text);
}

static int set_vcpus(struct config *c, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 1 || n > ENGINE_MAX_VCPUS)
		return complain(EXIT_PERSONA, "--vcpus %s: must be a number from 1 to %d", text,
				ENGINE_MAX_VCPUS);
	c->vcpus = (int)n;
	return 0;
}

/* Absolute, since the program may start elsewhere; created by the stack. */
static int set_pcap(struct config *c, const char *text)
{
	char dir[PATH_MAX] = "";
	struct stat st;
	char *slash;

	if (*text != '/' && !getcwd(dir, sizeof(dir)))
		return complain(EXIT_PERSONA, "--pcap %s: %s", text, strerror(errno));
	if (snprintf(c->pcap, sizeof(c->pcap), "%s%s%s", dir, *dir ? "/" : "", text) >=
	    (int)sizeof(c->pcap))
		return complain(EXIT_PERSONA, "--pcap %.32s...: path too long", text);
	if (!stat(c->pcap, &st) && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		goto refused;
	}
	if (!access(c->pcap, W_OK))
		return 0;
	if (errno != ENOENT)
		goto refused;
	snprintf(dir, sizeof(dir), "%s", c->pcap);
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	if (!access(dir, W_OK))
		return 0;
refused:
	return complain(EXIT_PERSONA, "--pcap %s: cannot write: %s", text, strerror(errno));
}

static int set_linger(struct launch *l, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 0 || n > 86400)
		return complain(EXIT_PERSONA, "--linger %s: must be seconds from 0 to 86400", text);
	l->linger = (int)n;
	return 0;
}

static int set_mode(struct launch *l, const char *text)
{
	enum mode mode = mode_parse(text);

	if (mode == MODE_UNSET)
		return complain(EXIT_PERSONA, "--mode %s: must be auto, inline or shadow", text);
	if (l->mode != MODE_UNSET && l->mode != mode)
		return complain(EXIT_PERSONA,
				"--mode %s and --mode %s (--inline is --mode inline): give one",
				mode_name(l->mode), text);
	l->mode = mode;
	return 0;
}

/* Options into @l and its configuration; -1 to go on, else an exit status. */
static int parse(int argc, char **argv, struct launch *l)
{
	struct config *c = l->config;
	int opt, status = 0;

	opterr = 0;
	optind = 1;
	while (!status && (opt = getopt_long(argc, argv, RUN_SHORT, run_options, NULL)) != -1) {
		switch (opt) {
		case 'p':
			l->personality = optarg;
			break;
		case 'i':
			status = add_interface(c, optarg);
			break;
		case 'o':
			status = add_sysctl(c, optarg);
			break;
		case 'v':
			c->verbose = true;
			break;
		case OPT_INLINE:
			status = set_mode(l, "inline");
			break;
		case OPT_MODE:
			status = set_mode(l, optarg);
			break;
		case OPT_ISOLATE:
			c->isolate = true;
			break;
		case OPT_LINGER:
			status = set_linger(l, optarg);
			break;
		case OPT_NO_MPTCP:
			c->mptcp = false;
			break;
		case OPT_PCAP:
			status = set_pcap(c, optarg);
			break;
		case OPT_VCPUS:
			status = set_vcpus(c, optarg);
			break;
		case OPT_MEM:
			status = set_memory(c, optarg);
			break;
		case 'h':
		case OPT_HELP:
			return cmd_help(argc, argv);
		default:
			status = bad_option(argv, opt);
		}
	}
	if (status)
		return status;
	if (optind >= argc)
		return complain(EXIT_PERSONA,
				"no COMMAND given: persona run [OPTION]... -- COMMAND [ARG]...");
	if (!c->nifaces)
		status = add_interface(c, DEFAULT_INTERFACE);
	if (only_passt(c))
		c->mptcp = false;
	return status ? status : -1;
}

int cmd_run(int argc, char **argv)
{
	struct config *c = calloc(1, sizeof(*c));
	struct launch l = {
		.config = c, .personality = DEFAULT_PERSONALITY, .linger = DEFAULT_LINGER};
	int status;

	if (!c)
		return complain(EXIT_PERSONA, "out of memory");
	c->mptcp = true;
	status = parse(argc, argv, &l);
	if (status < 0) {
		l.argv = argv + optind;
		status = launch(&l);
	}
	free(c);
	return status;
}
