/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * layer.h - whose time a sample is: the rows of "where the time goes".
 */
#ifndef PERSONA_PROFILE_LAYER_H
#define PERSONA_PROFILE_LAYER_H

#include <stdbool.h>
#include "profile/object.h"

enum layer {
	LAYER_PROGRAM,
	LAYER_ENGINE,
	LAYER_STACK,
	LAYER_HOST,
	LAYER_WAIT,
	LAYERS,
	LAYER_ROOT = LAYERS, /* threads: the bottom of the graph */
};

enum row {
	ROW_PROGRAM,
	ROW_ENGINE_CALLS,
	ROW_ENGINE_FRAMES,
	ROW_ENGINE_PUMP,
	ROW_STACK_DRIVER,
	ROW_STACK_DEVICE,
	ROW_STACK_IP,
	ROW_STACK_TCP,
	ROW_STACK_MPTCP,
	ROW_STACK_SOCKET,
	ROW_STACK_BUFFER,
	ROW_STACK_COPY,
	ROW_STACK_LOCK,
	ROW_STACK_SCHED,
	ROW_STACK_OTHER,
	ROW_HOST_PROGRAM,
	ROW_HOST_ENGINE,
	ROW_WAIT,
	ROWS,
};

/** struct row_info - @name: within its layer; @key: in JSON */
struct row_info {
	enum layer layer;
	const char *name;
	const char *key;
};

extern const struct row_info row_info[ROWS];

/** layer_name() - for people. */
const char *layer_name(enum layer l);

/** layer_of() - of a function of an object with this role; the C library is its caller's. */
enum layer layer_of(enum object_role role);

/**
 * row_of_function() - does this function alone tell the row?
 *
 * Return: a row, or ROWS: then its caller is asked.
 */
enum row row_of_function(enum object_role role, const char *name);

/** row_default() - the row of a sample in @role whose functions say nothing. */
enum row row_default(enum object_role role);

/** host_call_waits() - is this system call one that waits, or ends another's wait? */
bool host_call_waits(const char *name);

#endif /* PERSONA_PROFILE_LAYER_H */
