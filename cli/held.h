/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * held.h - what back ends have made on the host: set right at the start, taken back at the end.
 */
#ifndef PERSONA_HELD_H
#define PERSONA_HELD_H

#include "backend/backend.h"
#include "setup/spec.h"

/**
 * held_add() - an interface has been opened, and its addresses are known
 * @fd:	  what @ops->open gave; the caller's (a duplicate is kept, if need be)
 * @spec: must stay where it is
 *
 * Tells the host which frames are the stack's, where the kind has to be told.
 *
 * Return: 0, or an exit status after a complaint: then @ops->undo is the caller's.
 */
int held_add(const struct backend_ops *ops, int fd, const struct iface_spec *spec);

/** held_undo() - take everything back. */
void held_undo(void);

#endif /* PERSONA_HELD_H */
