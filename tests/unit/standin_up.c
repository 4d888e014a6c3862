// SPDX-License-Identifier: GPL-2.0-only
/*
 * standin_up.c - what inline mode starts beside the engine, where that is a stand-in.
 *
 * There is one stack, without interfaces: nothing to set up, to follow or to look into.
 */
#include "control/server.h"
#include "stack/config.h"
#include "stack/follow.h"
#include "stack/up.h"
#include "standin.h"

int stack_up(const struct config *c, const char **why)
{
	standin_start();
	return 0;
}

struct netconf_iface *stack_ifaces(unsigned int *n)
{
	*n = 0;
	return NULL;
}

const struct iface_spec *stack_spec(unsigned int i)
{
	return NULL;
}

void stack_set_spec(unsigned int i, const struct iface_spec *s)
{
}

bool stack_verbose(void)
{
	return false;
}

int follow_start(void (*say)(const char *sentence))
{
	return 0;
}

void follow_stop(void)
{
}

void follow_after_fork(void)
{
}

void follow_on_change(void (*fn)(void))
{
}

int control_start(const struct control_run *run)
{
	return 0;
}

bool control_stop(void)
{
	return true;
}

void control_fork(int phase)
{
}
