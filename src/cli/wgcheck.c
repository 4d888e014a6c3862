// SPDX-License-Identifier: GPL-2.0-only
/*
 * wgcheck.c - persona wg check: do files of both ends of tunnels fit each other?
 *
 * Theory of operation
 *
 * Each file is read and judged alone, then all sections of the good ones are compared
 * (netconf/wgcheck.c). The public keys that belong to their private ones are computed by a stack
 * without interfaces (launch/wgkeys.h), so nothing here needs a privilege. Neither files nor
 * the host are changed.
 *
 * Keys are in wiped memory (wgkey.h) meanwhile.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"
#include "cli/wgcheck.h"
#include "launch/paths.h"
#include "launch/wgkeys.h"
#include "netconf/wgcheck.h"

#define FILES_MOST 64
#define ENDS_MOST  128

/**
 * struct check - all that was read
 * @private: keys of @ends, for the stack
 * @faults: told so far
 */
struct check {
	bool json;
	unsigned int faults;
	unsigned int nfiles, nends;
	struct wgconf_file *file[FILES_MOST];
	struct wgcheck_end ends[ENDS_MOST];
	uint8_t private[ENDS_MOST][WG_KEY_LEN];
	uint8_t public[ENDS_MOST][WG_KEY_LEN];
};

/* @l without a line: its words begin with the file's name. */
static void check_print(void *arg, const struct wgcheck_line *l)
{
	struct check *c = arg;
	const char *verdict = l->fault ? "fail" : "ok";

	if (c->json) {
		printf("{\"verdict\":\"%s\",\"file\":", verdict);
		print_json(l->file);
		printf(",\"line\":%u,\"words\":", l->line);
		print_json(l->words);
		printf(",\"remedy\":");
		print_json(l->remedy);
		puts("}");
	} else if (l->line) {
		printf("%-5s %s:%u: %s%s%s\n", verdict, l->file, l->line, l->words,
		       *l->remedy ? ": " : "", l->remedy);
	} else {
		printf("%-5s %s%s%s\n", verdict, l->words, *l->remedy ? ": " : "", l->remedy);
	}
	fflush(stdout);
	c->faults += l->fault;
}

static int check_add(struct check *c, const char *name, const struct wgconf_file *f)
{
	for (unsigned int i = 0; i < f->nsections; i++) {
		if (c->nends == ENDS_MOST)
			return complain(EXIT_PERSONA, "wg check: more than %d [Interface] sections",
					ENDS_MOST);
		c->ends[c->nends].file = name;
		c->ends[c->nends].conf = &f->section[i];
		memcpy(c->private[c->nends++], f -> section[i].private_key, WG_KEY_LEN);
	}
	return 0;
}

static int check_read(struct check *c, const char *name)
{
	struct wgcheck_line l = {.fault = true, .file = name, .remedy = ""};
	struct wgconf_file *f;
	unsigned int mode = 0;
	char words[128];
	int err = wgconf_read_any(name, &f, &mode, &l.words);

	if (err) { /* the sentence has file, line and remedy */
		check_print(c, &l);
		return 0;
	}
	c->file[c->nfiles++] = f;
	if (mode) {
		snprintf(words, sizeof(words), "mode %03o lets other users at the private key",
			 mode);
		l.line = f->section[0].line;
		l.words = words;
		l.remedy = "chmod 600";
		check_print(c, &l);
	}
	return check_add(c, name, f);
}

/* The same file twice would be told as all kinds of faults. */
static int check_names(char **files, unsigned int n)
{
	if (!n)
		return complain(EXIT_PERSONA,
				"wg check: no file: write persona wg check CLIENT.conf... "
				"SERVER.conf");
	if (n > FILES_MOST)
		return complain(EXIT_PERSONA, "wg check: more than %d files", FILES_MOST);
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int j = 0; j < i; j++)
			if (!strcmp(files[i], files[j]))
				return complain(EXIT_PERSONA, "wg check: %s is given twice",
						files[i]);
	return 0;
}

static int check_files(struct check *c, char **files, unsigned int n)
{
	char image[PATH_MAX];
	const char *why;
	int status = check_names(files, n);

	for (unsigned int i = 0; i < n && !status; i++)
		status = check_read(c, files[i]);
	if (status)
		return status;
	if (c->nends && (path_personality(DEFAULT_PERSONALITY, image, sizeof(image), &why) ||
			 wgkeys_public(image, c->private, c->public, c->nends, &why)))
		return complain(EXIT_PERSONA, "%s", why);
	for (unsigned int i = 0; i < c->nends; i++)
		memcpy(c->ends[i].public, c->public[i], WG_KEY_LEN);
	wgcheck(c->ends, c->nends, check_print, c);
	return c->faults ? EXIT_FAILURE : 0;
}

int wg_check(char **files, unsigned int n, bool json)
{
	struct check *c = wgkey_alloc(sizeof(*c));
	int status;

	if (!c)
		return complain(EXIT_PERSONA, "no memory");
	c->json = json;
	status = check_files(c, files, n);
	for (unsigned int i = 0; i < c->nfiles; i++)
		wgconf_file_free(c->file[i]);
	wgkey_free(c, sizeof(*c));
	return status;
}
