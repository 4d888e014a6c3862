// SPDX-License-Identifier: GPL-2.0-only
/*
 * contents.c - what a personality image has in it; see contents.h.
 *
 * Theory of operation
 *
 * What an image was made of, nothing but its build knows: kernel/build leaves lines in the file's
 * section .persona, a word for the kind and the rest. What it offers is asked of the stack itself,
 * by its own sysctls: a child process starts it, without interfaces, which takes some
 * milliseconds, and writes the answer into a pipe. An image of another processor, or a damaged
 * one, gives a reason instead.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli/contents.h"
#include "engine/engine.h"
#include "netconf/sysctl.h"
#include "profile/object.h"
#include "stack/config.h"
#include "stack/up.h"

static void contents_add(char *list, size_t size, const char *word, size_t len)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%.*s", used ? " " : "", (int)len, word);
}

void contents_note(struct contents *c, const char *text, unsigned long len)
{
	const struct {
		const char *kind;
		char *list;
		size_t size;
	} kinds[] = {
		{"kernel ", c->kernel, sizeof(c->kernel)},
		{"extension ", c->extensions, sizeof(c->extensions)},
		{"patched ", c->patched, sizeof(c->patched)},
		{"without ", c->without, sizeof(c->without)},
	};

	while (len) {
		const char *end = memchr(text, '\n', len);
		size_t line = end ? (size_t)(end - text) : len;

		for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			size_t word = strlen(kinds[i].kind);

			if (line > word && !memcmp(text, kinds[i].kind, word))
				contents_add(kinds[i].list, kinds[i].size, text + word,
					     line - word);
		}
		line += end ? 1 : 0;
		text += line;
		len -= line;
	}
}

/* In the child: start the stack and ask it. */
static void contents_start(const char *path, struct contents *c)
{
	struct config *bare = calloc(1, sizeof(*bare));
	const char *why = "out of memory";

	if (!bare || snprintf(bare->image, sizeof(bare->image), "%s", path) < 0 ||
	    stack_up(bare, &why)) {
		snprintf(c->why, sizeof(c->why), "%s", why);
		return;
	}
	sysctl_get(engine_syscall, "net.ipv4.tcp_available_congestion_control", c->congestion,
		   sizeof(c->congestion));
	sysctl_get(engine_syscall, "net.mptcp.available_schedulers", c->schedulers,
		   sizeof(c->schedulers));
}

static void contents_ask(const char *path, struct contents *c)
{
	struct contents got = *c;
	int fd[2], status;
	size_t n = 0;
	pid_t pid;

	snprintf(c->why, sizeof(c->why), "the stack did not start");
	if (pipe(fd))
		return;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		contents_start(path, &got);
		_exit(write(fd[1], &got, sizeof(got)) != sizeof(got));
	}
	close(fd[1]);
	while (n < sizeof(got)) {
		ssize_t r = read(fd[0], (char *)&got + n, sizeof(got) - n);

		if (r <= 0 && !(r < 0 && errno == EINTR))
			break;
		n += r > 0 ? (size_t)r : 0;
	}
	close(fd[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (n == sizeof(got))
		*c = got;
}

void contents_read(const char *path, struct contents *c)
{
	struct object *o = object_get(path);
	const uint8_t *note;
	size_t len;

	memset(c, 0, sizeof(*c));
	note = o ? object_section(o, ".persona", &len) : NULL;
	if (note)
		contents_note(c, (const char *)note, len);
	contents_ask(path, c);
}
