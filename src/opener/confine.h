/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * confine.h - give up what the opener does not need any more.
 */
#ifndef PERSONA_OPENER_CONFINE_H
#define PERSONA_OPENER_CONFINE_H

/**
 * confine() - from opening to holding
 *
 * Drops all capabilities but CAP_NET_ADMIN and CAP_NET_BIND_SERVICE, for good, and
 * allows from now on only the system calls that holding and taking back need; any
 * other one ends the process (and so the rules and the ports). Return: 0 or -errno.
 */
int confine(void);

#endif /* PERSONA_OPENER_CONFINE_H */
