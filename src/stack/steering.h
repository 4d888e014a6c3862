/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * steering.h - which paths of the running stack carry data: its policy, and changes of it.
 */
#ifndef PERSONA_STACK_STEERING_H
#define PERSONA_STACK_STEERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "netconf/netconf.h"
#include "netconf/pathpolicy.h"

struct config;

/**
 * steering_start() - the interfaces are there, and have no endpoints yet
 * @ifaces, @n: receive their @backup; kept until steering_stop()
 *
 * Sets congestion control, scheduler and the endpoints' flags to be. Return: 0, or -errno with one
 * sentence in @why.
 */
int steering_start(const struct config *c, struct netconf_iface *ifaces, unsigned int n,
		   const char **why);

/** steering_lack() - what the policy needs and the personality has not, in one sentence; or "". */
const char *steering_lack(void);

/**
 * steering_update() - netconf_update() of interface @i, and what follows for the other paths
 * @from, @to: their roles are filled in here
 *
 * Any thread. Return: as of netconf_update().
 */
int steering_update(unsigned int i, struct netconf_state from, struct netconf_state to,
		    const char **why);

/** steering_look() - frames move: is another path the fastest? The follower's. */
void steering_look(void);

/**
 * steering_set() - change what is running
 * @words: KEY=VALUE with blanks between them: policy=NAME, policy=PROGRAM=NAME, scheduler=NAME,
 *	   congestion=NAME, INTERFACE=active|backup|metered. Changed
 * @programs: policy=PROGRAM=NAME can be served
 * @why:   on failure one sentence, and nothing has changed; on success "" or steering_lack()
 *
 * Any thread. Return: 0 or -errno.
 */
int steering_set(char *words, bool programs, const char **why);

/** struct steering_path - a path as it is used now */
struct steering_path {
	enum path_role role;
	bool backup;
};

/** steering_path() - of interface @i. Any thread. */
struct steering_path steering_path(unsigned int i);

/** steering_policy() - the one that holds. Any thread. */
const struct pathpolicy *steering_policy(void);

/**
 * steering_program() - a rule for a program: number @i
 *
 * Return: its policy, its name is in @name; NULL: there are no more. Any thread.
 */
const struct pathpolicy *steering_program(unsigned int i, char name[32]);

/** steering_programs() - is there a rule for any program? Any thread, at no cost. */
bool steering_programs(void);

/**
 * steering_scheduler_of() - by which scheduler a program's new connection is to send
 * @file, @process: the names that it goes by
 * @scheduler: receives it
 *
 * Return: is it another one than the run's? Any thread.
 */
bool steering_scheduler_of(const char *file, const char *process, char scheduler[PATHPOLICY_NAME]);

/** steering_after_fork() - in a forked child, which has no other threads. */
void steering_after_fork(void);

#endif /* PERSONA_STACK_STEERING_H */
