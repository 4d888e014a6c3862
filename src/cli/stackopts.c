// SPDX-License-Identifier: GPL-2.0-only
/*
 * stackopts.c - the options that say what a stack is, see stackopts.h.
 *
 * Theory of operation: each option goes into struct config (stack/config.h), checked word by
 * word where it stands.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "backend/backend.h"
#include "cli/cli.h"
#include "cli/stackopts.h"
#include "engine/engine.h"
#include "launch/interfaces.h"
#include "launch/paths.h"
#include "lib/trace.h"
#include "netconf/sysctl.h"
#include "stack/config.h"

#define DEFAULT_LINGER	  30 /* seconds for the last data to be delivered */
#define DEFAULT_INTERFACE "passt:"

enum {
	STACK_LINGER = COMMAND_LONG,
	STACK_NO_MPTCP,
	STACK_PCAP,
	STACK_VCPUS,
	STACK_MEM,
	STACK_TRACE,
	STACK_CONGESTION,
	STACK_POLICY,
	STACK_SCHEDULER,
};

const struct command_option stackopts[] = {
	{'p', "personality", "NAME", "network stack (default: " DEFAULT_PERSONALITY "), or a path"},
	{'i', "interface", "SPEC",
	 "interface of the host to use; may be repeated\n"
	 "(default: passt:, the host's sockets, for any user)"},
	{STACK_LINGER, "linger", "SECONDS",
	 "wait so long at the end for data to arrive\n(default: 30)"},
	{'o', "sysctl", "KEY=VALUE", "set a sysctl of the stack; may be repeated"},
	{STACK_POLICY, "policy", "NAME",
	 "how several interfaces are used: aggregate (default),\n"
	 "handover, interactive, redundant; PROGRAM=NAME: what\n"
	 "one program sends (shadow mode); may be repeated"},
	{STACK_SCHEDULER, "scheduler", "NAME", "MPTCP's scheduler, in place of the policy's"},
	{STACK_CONGESTION, "congestion", "NAME", "congestion control of the stack"},
	{STACK_NO_MPTCP, "no-mptcp", NULL, "leave plain TCP sockets plain"},
	{STACK_PCAP, "pcap", "FILE", "capture all interfaces into a pcapng file"},
	{STACK_TRACE, "trace", "[KINDS]",
	 "tell events on stderr: sockets, calls, paths, with\ncommas between them (default: all)"},
	{'v', "verbose", NULL, "show the stack's kernel log and what is done"},
	{STACK_VCPUS, "vcpus", "N", "processors of the stack (default: 2, or 1)"},
	{STACK_MEM, "mem", "SIZE", "memory of the stack (default: 256M)"},
	{0},
};

static int stackopts_add_interface(struct config *c, const char *text)
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
static bool stackopts_by_relay(const struct config *c)
{
	for (unsigned int i = 0; i < c->nifaces; i++) {
		const struct backend_ops *kind = backend_find(c->iface[i].spec.backend);

		if (!kind || kind->place != BACKEND_RELAY)
			return false;
	}
	return true;
}

static int stackopts_add_sysctl(struct config *c, const char *text)
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
static int stackopts_set_memory(struct config *c, const char *text)
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

static int stackopts_set_vcpus(struct config *c, const char *text)
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
static int stackopts_set_pcap(struct config *c, const char *text)
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

static int stackopts_set_linger(struct config *c, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 0 || n > 86400)
		return complain(EXIT_PERSONA, "--linger %s: must be seconds from 0 to 86400", text);
	c->linger = (int)n;
	return 0;
}

static int stackopts_set_policy(struct config *c, const char *text)
{
	const char *equals = strrchr(text, '=');
	const char *name = equals ? equals + 1 : text;
	const struct pathpolicy *p = pathpolicy_find(name);
	struct config_program *g = &c->program[c->nprograms];
	char rest[128];
	unsigned int number = 0;

	if (!p)
		return complain(EXIT_PERSONA, "--policy %.96s: no policy '%.64s': %s", text, name,
				pathpolicy_unknown(name, rest, sizeof(rest)));
	while (pathpolicy_at(number) != p)
		number++;
	if (!equals) {
		c->policy = number;
		c->has_policy = true;
		return 0;
	}
	if (equals == text || equals - text >= (long)sizeof(g->name) || strchr(text, '/'))
		return complain(
			EXIT_PERSONA,
			"--policy %.96s: write PROGRAM=NAME, PROGRAM without a directory, at "
			"most %zu letters",
			text, sizeof(g->name) - 1);
	if (c->nprograms == CONFIG_MAX_PROGRAMS)
		return complain(EXIT_PERSONA, "--policy %s: more than %d programs", text,
				CONFIG_MAX_PROGRAMS);
	memcpy(g->name, text, (size_t)(equals - text));
	g->policy = number;
	c->nprograms++;
	return 0;
}

/* Whether the personality has it is known when that runs. */
static int stackopts_set_name(char *to, const char *option, const char *text)
{
	if (!*text || strlen(text) >= PATHPOLICY_NAME || strpbrk(text, " \t\n/"))
		return complain(EXIT_PERSONA, "--%s %.64s: is no name: 1 to %d letters, no blanks",
				option, text, PATHPOLICY_NAME - 1);
	memcpy(to, text, strlen(text) + 1);
	return 0;
}

void stackopts_begin(struct config *c)
{
	c->mptcp = true;
	c->linger = DEFAULT_LINGER;
}

int stackopts_take(int key, struct config *c, const char **personality)
{
	const char *why;

	switch (key) {
	case 'p':
		*personality = optarg;
		return -1;
	case 'i':
		return stackopts_add_interface(c, optarg) ?: -1;
	case 'o':
		return stackopts_add_sysctl(c, optarg) ?: -1;
	case 'v':
		c->verbose = true;
		return -1;
	case STACK_LINGER:
		return stackopts_set_linger(c, optarg) ?: -1;
	case STACK_NO_MPTCP:
		c->mptcp = false;
		return -1;
	case STACK_POLICY:
		return stackopts_set_policy(c, optarg) ?: -1;
	case STACK_SCHEDULER:
		return stackopts_set_name(c->scheduler, "scheduler", optarg) ?: -1;
	case STACK_CONGESTION:
		return stackopts_set_name(c->congestion, "congestion", optarg) ?: -1;
	case STACK_PCAP:
		return stackopts_set_pcap(c, optarg) ?: -1;
	case STACK_VCPUS:
		return stackopts_set_vcpus(c, optarg) ?: -1;
	case STACK_TRACE:
		return trace_parse(optarg, &c->trace, &why) ? complain(EXIT_PERSONA, "%s", why)
							    : -1;
	default:
		return stackopts_set_memory(c, optarg) ?: -1;
	}
}

/* Keys may be written with slashes. */
static bool stackopts_is_key(const char *name, const char *key)
{
	while (*name && (*name == *key || (*name == '/' && *key == '.'))) {
		name++;
		key++;
	}
	return !*name && !*key;
}

/* An option and the sysctl that it sets: which one is meant? */
static int stackopts_agree(const struct config *c)
{
	static const char *const keys[][2] = {
		{"scheduler", "net.mptcp.scheduler"},
		{"congestion", "net.ipv4.tcp_congestion_control"},
	};
	const char *const given[] = {c->scheduler, c->congestion};

	for (unsigned int i = 0; i < c->nsysctls * 2; i++)
		if (given[i % 2][0] && stackopts_is_key(c->sysctl[i / 2].name, keys[i % 2][1]))
			return complain(EXIT_PERSONA, "--%s %s and -o %s are one: leave out one",
					keys[i % 2][0], given[i % 2], keys[i % 2][1]);
	return 0;
}

int stackopts_end(struct config *c)
{
	bool steered = c->has_policy || c->scheduler[0] || c->nprograms;
	int status = stackopts_agree(c);

	if (status)
		return status;
	if (steered && !c->mptcp)
		return complain(EXIT_PERSONA,
				"--no-mptcp: policies and schedulers are MPTCP's: leave out one");
	if (!c->nifaces)
		status = stackopts_add_interface(c, DEFAULT_INTERFACE);
	if (stackopts_by_relay(c)) {
		if (steered && !status)
			complain(0, "passt ends connections on this machine, without MPTCP: the "
				    "policy has nothing to choose from");
		c->mptcp = false;
	}
	return status ? status : -1;
}
