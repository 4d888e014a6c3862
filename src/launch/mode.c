// SPDX-License-Identifier: GPL-2.0-only
/*
 * mode.c - where the stack of a run lives: the rule of `--mode auto`.
 *
 * Theory of operation: inline mode serves one dynamically linked process, so a command is for
 * it if
 *
 *	1. our library can be loaded into it (program_preloadable(): a loader and a C library
 *	   that fit, no more privileges than the caller's, not Go's calls); of a script, its
 *	   interpreter
 *	2. it was not linked with a sanitizer, whose runtime replaces the same functions
 *	3. it is in the table of known programs, and no option is given that makes it
 *	   start processes (a daemon, a command); or neither it nor a library that it is
 *	   started with imports a function that starts a process or becomes another
 *	   program, and it does not load libraries on its own
 *
 * Libraries that start a helper of their own, which has no business with the program's
 * sockets, are in a table too: else nearly no program of a distribution would pass.
 *
 * Nothing of the program runs. All other commands are for shadow mode, so a wrong answer
 * costs speed. Limits: a program that passes, and whose plug-in (NSS, dlopen() in
 * a library) starts a process for the network, is told so by that process's line.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "launch/imports.h"
#include "launch/mode.h"
#include "launch/program.h"
#include "lib/executable.h"
#include "lib/why.h"

static const char *const names[] = {
	[MODE_SHADOW] = "shadow",
	[MODE_INLINE] = "inline",
	[MODE_AUTO] = "auto",
};

#define NMODES (sizeof(names) / sizeof(names[0]))

/* What a program imports that does not stay one process running one program. */
static const char *const starters[] = {
	"fork",	   "vfork",	  "clone",   "posix_spawn", "posix_spawnp", "popen",
	"system",  "daemon",	  "forkpty", "execv",	    "execve",	    "execvp",
	"execvpe", "execl",	  "execlp",  "execle",	    "fexecve",	    "execveat",
	"wordexp", "pidfd_spawn", "__fork",  "__vfork",	    "__clone",	    NULL,
};

/* And of the program itself: what it may load is anybody's guess. */
static const char *const openers[] = {"dlopen", "dlmopen", NULL};

/* Libraries, up to the version, whose starters serve something else than the program's network. */
static const char *const harmless[] = {
	"libc.so.",	    /* implements them */
	"libc.musl-",	    /* likewise */
	"ld-",		    /* the loader */
	"libcap.so.",	    /* cap_launch() */
	"libcurl.so.",	    /* ntlm_auth of Samba, for NTLM by winbind */
	"libdbus-1.so.",    /* starts a bus */
	"libgpg-error.so.", /* starts the agent */
	"libp11-kit.so.",   /* remote PKCS#11 modules */
	"libselinux.so.",   /* setexecfilecon() */
	"libsystemd.so.",   /* services by command */
	NULL,
};

/*
 * Programs that are known to be served, though the rule would not let them pass.
 * @shorts, @longs: options with which they are not
 */
static const struct known {
	const char *name;
	const char *shorts;
	const char *longs[4];
} known[] = {
	{"iperf3", "D", {"--daemon"}},
	{"nc.traditional", "ec", {NULL}},
	{"nuttcp", "S1", {NULL}},
	{"wget", "b", {"--background"}}, /* else it starts --use-askpass's command alone */
	{"wrk", "", {NULL}},		 /* LuaJIT's os.execute */
};

enum mode mode_parse(const char *text)
{
	for (unsigned int i = MODE_SHADOW; i < NMODES; i++)
		if (!strcmp(names[i], text))
			return (enum mode)i;
	return MODE_UNSET;
}

const char *mode_name(enum mode mode)
{
	return names[mode == MODE_UNSET ? MODE_SHADOW : mode];
}

static bool one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(word, *list))
			return true;
	return false;
}

static bool is_harmless(const char *library)
{
	for (const char *const *h = harmless; *h; h++)
		if (!strncmp(library, *h, strlen(*h)))
			return true;
	return false;
}

/* The first word of @argv that is, or may have in it, an option that excludes @k. */
static const char *mode_excluding(const struct known *k, char *const *argv)
{
	for (argv += *argv != NULL; *argv; argv++) {
		const char *word = *argv;

		if (word[0] != '-' || !word[1])
			continue;
		if (word[1] != '-' && strpbrk(word + 1, k->shorts))
			return word;
		for (unsigned int i = 0; i < 4 && k->longs[i]; i++)
			if (!strncmp(word, k->longs[i], strlen(k->longs[i])))
				return word;
	}
	return NULL;
}

static const struct known *find_known(const char *name)
{
	for (unsigned int i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, name))
			return &known[i];
	return NULL;
}

/* What was found, on a walk through all that a command imports. */
struct finding {
	const char *const *unwanted[2]; /* lists of symbols */
	char symbol[32];
	char library[NAME_MAX + 1];
};

static int look_at_symbol(const char *symbol, void *arg)
{
	struct finding *f = arg;

	for (unsigned int i = 0; i < 2; i++) {
		if (f->unwanted[i] && one_of(symbol, f->unwanted[i])) {
			strncpy(f->symbol, symbol, sizeof(f->symbol) - 1);
			return 1;
		}
	}
	return 0;
}

static int look_at_library(const char *path, const char *name, void *arg)
{
	struct finding *f = arg;
	int ret;

	strncpy(f->library, name, sizeof(f->library) - 1);
	if (!path)
		return -ENOENT;
	if (is_harmless(name))
		return 0;
	ret = imports_of(path, look_at_symbol, f);
	return ret;
}

static enum mode by_imports(const char *path, const char *loader, const char *name,
			    const char **why)
{
	struct finding f = {.unwanted = {starters, openers}};
	int ret = imports_of(path, look_at_symbol, &f);

	if (ret > 0 && one_of(f.symbol, openers))
		why_set(why, EPERM, "%s loads libraries on its own (%s)", name, f.symbol);
	else if (ret > 0)
		why_set(why, EPERM, "%s may start processes (%s)", name, f.symbol);
	if (ret > 0)
		return MODE_SHADOW;
	if (ret < 0) {
		why_set(why, -ret, "what %s imports cannot be told: %s", name, strerror(-ret));
		return MODE_SHADOW;
	}
	f.unwanted[1] = NULL;
	ret = imports_libraries(path, loader, look_at_library, &f);
	if (ret > 0)
		why_set(why, EPERM, "%s may start processes (%s of %s)", name, f.symbol, f.library);
	else if (ret < 0)
		why_set(why, -ret, "the libraries of %s cannot all be looked at (%s%s): %s", name,
			*f.library ? "the last one: " : "none", f.library, strerror(-ret));
	else
		why_set(why, 0, "%s starts no processes", name);
	return ret ? MODE_SHADOW : MODE_INLINE;
}

enum mode mode_choose(const char *path, char *const *argv, const char **why)
{
	char file[PATH_MAX], real[PATH_MAX];
	const char *name, *word, *sanitizer;
	const struct known *k;
	struct executable p;

	if (program_preloadable(path, why) || executable_resolve(path, file, &p))
		return MODE_SHADOW;
	/* nc is nc.openbsd or nc.traditional */
	if (!realpath(file, real))
		memcpy(real, file, sizeof(real));
	name = strrchr(real, '/') ? strrchr(real, '/') + 1 : real;
	sanitizer = imports_sanitizer(file);
	if (sanitizer) {
		why_set(why, EPERM, "%s was linked with %s", name, sanitizer);
		return MODE_SHADOW;
	}
	k = find_known(name);
	word = k ? mode_excluding(k, argv) : NULL;
	if (word) {
		why_set(why, EPERM, "%s starts processes with %s", name, word);
		return MODE_SHADOW;
	}
	if (k) {
		why_set(why, 0, "%s is known to be served", name);
		return MODE_INLINE;
	}
	return by_imports(file, p.loader, name, why);
}
