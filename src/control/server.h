/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * server.h - how a running stack is reached by `persona ps`, `show`, `set` and `exec`.
 */
#ifndef PERSONA_CONTROL_SERVER_H
#define PERSONA_CONTROL_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/**
 * struct control_run - what runs here; stays valid until control_stop()
 * @mode: "shadow" or "inline"
 * @image: path of the personality image
 * @argv: command and arguments; NULL: this process' own
 * @join: serve the calls that arrive at descriptor @fd of process @pid from now on;
 *	  @fd -1: could you? 0, or -errno with one sentence in @why. NULL: never
 * @alone: without @join, a sentence that says why
 * @programs: its programs can have policies of their own
 */
struct control_run {
	const char *mode;
	const char *image;
	char *const *argv;
	int (*join)(pid_t pid, int fd, const char **why);
	const char *alone;
	bool programs;
};

enum control_request {
	CONTROL_UNKNOWN,
	CONTROL_INFO,
	CONTROL_SHOW,
	CONTROL_SET,
	CONTROL_JOIN,
	CONTROL_LISTENER,
};

#define CONTROL_SET_WORD "set " /* what the words of CONTROL_SET stand behind */

/**
 * control_parse() - a request of @len bytes as of wire.h
 * @number: receives the argument of CONTROL_LISTENER
 *
 * Pure.
 */
enum control_request control_parse(const char *text, size_t len, int *number);

/**
 * control_start() - listen, in a thread of its own; once, after stack_up()
 *
 * Return: 0 or -errno. Without it the run goes on and cannot be found.
 */
int control_start(const struct control_run *run);

/** control_quit() - tell the thread to end; control_stop() then waits for less time. */
void control_quit(void);

/**
 * control_stop() - before engine_stop()
 *
 * Return: true if the thread is out of the stack; false if it did not come out in time.
 */
bool control_stop(void);

/** control_fork() - prepare (0), parent (1), child (2): the child listens no more. */
void control_fork(int phase);

#endif /* PERSONA_CONTROL_SERVER_H */
