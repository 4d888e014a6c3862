/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * remote.h - the runs of this network namespace, and a word with one of them.
 */
#ifndef PERSONA_CLI_REMOTE_H
#define PERSONA_CLI_REMOTE_H

#include <sys/types.h>

/**
 * struct remote - a connection to a run; zeroed before use
 * @fd:	 close-on-exec; remote_close()
 * @pid: its ID
 * @uid: whose it is
 */
struct remote {
	int fd;
	pid_t pid;
	uid_t uid;
};

/**
 * remote_list() - the IDs of all runs that can be seen, of any user, ascending
 *
 * Return: how many, @pids is malloc'ed; or -errno.
 */
int remote_list(pid_t **pids);

/** remote_connect() - to run @pid; 0, or -errno with one sentence in @why. */
int remote_connect(struct remote *r, pid_t pid, const char **why);

/**
 * remote_find() - connect to the run that the user means
 * @id: what was given on the command line; NULL: the only one
 *
 * Return: 0, or -errno with one sentence in @why.
 */
int remote_find(struct remote *r, const char *id, const char **why);

/**
 * remote_ask() - send a request, wait for the whole answer
 * @text: receives the malloc'ed answer; NULL: it is of no interest
 *
 * Uses read() and write() alone: with the filter installed and nobody serving it yet, all others
 * would never come back. Return: 0, or -errno with one sentence in @why.
 */
int remote_ask(struct remote *r, const char *request, char **text, const char **why);

void remote_close(struct remote *r);

#endif /* PERSONA_CLI_REMOTE_H */
