// SPDX-License-Identifier: GPL-2.0-only
/*
 * visit.c - try something with a stack in a process of its own, see visit.h.
 *
 * The process opens an interface as a run does and starts a stack, so sentences of a start that
 * fails come as a run would say them: by standard error, which is a pipe to us.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/doctor/visit.h"
#include "launch/paths.h"

int visit_configure(struct config *c, const struct iface_spec *s)
{
	memset(c, 0, sizeof(*c));
	c->mptcp = true;
	c->nifaces = 1;
	c->iface[0].spec = *s;
	c->iface[0].fd = -1;
	return path_personality(DEFAULT_PERSONALITY, c->image, sizeof(c->image), NULL);
}

/* Of lines that end by a newline the last one, without "persona: ". */
static void visit_keep_last(char *words)
{
	char *last, *end = strrchr(words, '\n');
	size_t head = strlen("persona: ");

	if (end)
		*end = '\0';
	last = strrchr(words, '\n');
	last = last ? last + 1 : words;
	if (!strncmp(last, "persona: ", head))
		last += head;
	memmove(words, last, strlen(last) + 1);
}

void visit(struct visit *v, int (*trial)(struct config *c, const void *arg), struct config *c,
	   const void *arg)
{
	size_t len = 0;
	int fd[2], status = -1;
	ssize_t n;
	pid_t pid;

	v->status = -1;
	snprintf(v->words, sizeof(v->words), "no process");
	if (pipe(fd))
		return;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(fd[1], 2);
		close(fd[0]);
		close(fd[1]);
		_exit(trial(c, arg));
	}
	close(fd[1]);
	while (pid > 0 && len < VISIT_WORDS - 1 &&
	       ((n = read(fd[0], v->words + len, VISIT_WORDS - 1 - len)) > 0 ||
		(n < 0 && errno == EINTR)))
		len += n > 0 ? (size_t)n : 0;
	close(fd[0]);
	if (pid < 0)
		return;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	v->status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	v->words[len] = '\0';
	visit_keep_last(v->words);
}
