/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * follow.h - the running stack's interfaces follow those of the host.
 */
#ifndef PERSONA_STACK_FOLLOW_H
#define PERSONA_STACK_FOLLOW_H

/**
 * follow_start() - follow from now on, in a thread of its own
 * @say: tells the user what could not be followed; called by that thread
 *
 * After stack_up(), by the same thread. Return: 0; -errno if the host does not
 * let us listen (an app's sandbox): the stack then stays as it is.
 */
int follow_start(void (*say)(const char *sentence));

/** follow_quit() - tell the thread to end; follow_stop() then waits for less time. */
void follow_quit(void);

/**
 * follow_stop() - end the thread and wait for it; before engine_stop()
 *
 * Does nothing if it does not run. Not for two threads at a time.
 */
void follow_stop(void);

/** follow_after_fork() - in a forked child, which has no such thread: forget it. */
void follow_after_fork(void);

/**
 * follow_on_change() - have @fn called when addresses, or the host's interface, are others now
 *
 * Called by the following thread for an interface that has its link: stack_spec() has the new
 * addresses, the stack gets them next. One function; set it before follow_start().
 */
void follow_on_change(void (*fn)(void));

#endif /* PERSONA_STACK_FOLLOW_H */
