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
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "backend/backend.h"
#include "cli/cli.h"
#include "engine/engine.h"
#include "launch/interfaces.h"
#include "launch/launch.h"
#include "launch/paths.h"
#include "lib/trace.h"
#include "netconf/sysctl.h"
#include "stack/config.h"

#define DEFAULT_LINGER	  30 /* seconds for the last data to be delivered */
#define DEFAULT_INTERFACE "passt:"

enum {
	RUN_INLINE = COMMAND_LONG,
	RUN_ISOLATE,
	RUN_LINGER,
	RUN_MODE,
	RUN_NO_MPTCP,
	RUN_PCAP,
	RUN_VCPUS,
	RUN_MEM,
	RUN_TRACE,
};

const struct command_option run_options[] = {
	{'p', "personality", "NAME", "network stack (default: " DEFAULT_PERSONALITY "), or a path"},
	{'i', "interface", "SPEC",
	 "interface of the host to use; may be repeated\n"
	 "(default: passt:, the host's sockets, for any user)"},
	{RUN_MODE, "mode", "MODE",
	 "shadow: persona holds the stack, for whole trees of\n"
	 "programs (default); inline: the program holds it:\n"
	 "faster, one process; auto: inline for programs\n"
	 "known to fit"},
	{RUN_INLINE, "inline", NULL, "the same as --mode inline"},
	{RUN_ISOLATE, "isolate", NULL, "loopback addresses are the stack's, too"},
	{RUN_LINGER, "linger", "SECONDS",
	 "wait so long at the end for data to arrive\n(default: 30)"},
	{'o', "sysctl", "KEY=VALUE", "set a sysctl of the stack; may be repeated"},
	{RUN_NO_MPTCP, "no-mptcp", NULL, "leave plain TCP sockets plain"},
	{RUN_PCAP, "pcap", "FILE", "capture all interfaces into a pcapng file"},
	{RUN_TRACE, "trace", "[KINDS]",
	 "tell events on stderr: sockets, calls, paths, with\ncommas between them (default: all)"},
	{'v', "verbose", NULL, "show the stack's kernel log and what is done"},
	{RUN_VCPUS, "vcpus", "N", "processors of the stack (default: 2, or 1)"},
	{RUN_MEM, "mem", "SIZE", "memory of the stack (default: 256M)"},
	{0},
};

static int run_add_interface(struct config *c, const char *text)
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
 * A relay (passt) ends TCP connections on this machine, so MPTCP's would always fall back to TCP.
 * And the stack must not have to: when its peer repeats data in segments cut differently, as passt
 * does, Linux 6.12 maps them wrongly after a fallback, and hangs.
 */
static bool run_by_relay(const struct config *c)
{
	for (unsigned int i = 0; i < c->nifaces; i++) {
		const struct backend_ops *kind = backend_find(c->iface[i].spec.backend);

		if (!kind || kind->place != BACKEND_RELAY)
			return false;
	}
	return true;
}

static int run_add_sysctl(struct config *c, const char *text)
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
static int run_set_memory(struct config *c, const char *text)
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

static int run_set_vcpus(struct config *c, const char *text)
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
static int run_set_pcap(struct config *c, const char *text)
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

static int run_set_linger(struct config *c, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 0 || n > 86400)
		return complain(EXIT_PERSONA, "--linger %s: must be seconds from 0 to 86400", text);
	c->linger = (int)n;
	return 0;
}

static int run_set_mode(struct launch *l, const char *text)
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
static int run_parse(int argc, char **argv, struct launch *l)
{
	struct config *c = l->config;
	struct options o;
	const char *why;
	int key, status = 0;

	options_begin(&o, &command_run, argc, argv);
	while ((key = options_next(&o))) {
		switch (key) {
		case 'p':
			l->personality = optarg;
			break;
		case 'i':
			o.status = run_add_interface(c, optarg);
			break;
		case 'o':
			o.status = run_add_sysctl(c, optarg);
			break;
		case 'v':
			c->verbose = true;
			break;
		case RUN_INLINE:
			o.status = run_set_mode(l, "inline");
			break;
		case RUN_MODE:
			o.status = run_set_mode(l, optarg);
			break;
		case RUN_ISOLATE:
			c->isolate = true;
			break;
		case RUN_LINGER:
			o.status = run_set_linger(c, optarg);
			break;
		case RUN_NO_MPTCP:
			c->mptcp = false;
			break;
		case RUN_PCAP:
			o.status = run_set_pcap(c, optarg);
			break;
		case RUN_VCPUS:
			o.status = run_set_vcpus(c, optarg);
			break;
		case RUN_TRACE:
			if (trace_parse(optarg, &c->trace, &why))
				o.status = complain(EXIT_PERSONA, "%s", why);
			break;
		case RUN_MEM:
			o.status = run_set_memory(c, optarg);
			break;
		}
	}
	if (o.status >= 0)
		return o.status;
	if (optind >= argc)
		return complain(EXIT_PERSONA,
				"no COMMAND given: persona run [OPTION]... -- COMMAND [ARG]...");
	if (!c->nifaces)
		status = run_add_interface(c, DEFAULT_INTERFACE);
	if (run_by_relay(c))
		c->mptcp = false;
	return status ? status : -1;
}

static int run_run(int argc, char **argv)
{
	struct config *c = calloc(1, sizeof(*c));
	struct launch l = {.config = c, .personality = DEFAULT_PERSONALITY};
	int status;

	if (!c)
		return complain(EXIT_PERSONA, "out of memory");
	c->mptcp = true;
	c->linger = DEFAULT_LINGER;
	status = run_parse(argc, argv, &l);
	if (status < 0) {
		l.argv = argv + optind;
		status = launch(&l);
	}
	free(c);
	return status;
}

static void run_more(void)
{
	puts("\nback ends:");
	for (unsigned int i = 0; backend_at(i); i++)
		printf("  %-8s %s\n", backend_at(i)->opening->name, backend_at(i)->help);
	puts("\n"
	     "exit status: COMMAND's; 128+N if signal N ended it; 125 Persona failed;\n"
	     "             126 COMMAND cannot be executed; 127 COMMAND not found");
}

const struct command command_run = {
	.name = "run",
	.summary = "run a program on a network stack of its own",
	.usage = "[OPTION]... [-i SPEC]... [--] COMMAND [ARG]...",
	.options = {run_options},
	.ordered = true,
	.notes = "SPEC = [BACKEND:]IFNAME[,ip=ADDR/LEN]...[,gw=ADDR]...[,mac=MAC][,mtu=N]\n"
		 "       [,name=NAME]\n"
		 "       wg:IFNAME,conf=FILE[,endpoint=HOST:PORT][,mtu=N][,name=NAME]\n"
		 "       without ip= the host interface's addresses and gateways are taken over\n"
		 "       fd:N is an inherited TUN/TAP descriptor; passt: needs no IFNAME\n"
		 "       wg: is a WireGuard tunnel by wg-quick's FILE; needs no privilege\n",
	.more = run_more,
	.examples = "run -- curl http://192.0.2.1/file\n"
		    "run --mode auto -v -i wlan0 -i rmnet0 -- curl http://192.0.2.1/file\n"
		    "run -i wlan0,ip=10.1.0.2/24,gw=10.1.0.1 --pcap out.pcapng -- firefox\n",
	.run = run_run,
};
