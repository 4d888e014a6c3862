/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * turn.h - openers of one network namespace change the host's settings one after the other.
 */
#ifndef PERSONA_OPENER_TURN_H
#define PERSONA_OPENER_TURN_H

/**
 * turn_take() - wait until it is our turn
 *
 * Return: a descriptor that holds the turn until it is closed; or -EBUSY (others have had it
 * for too long) or another -errno, with one sentence in @why.
 */
int turn_take(const char **why);

#endif /* PERSONA_OPENER_TURN_H */
