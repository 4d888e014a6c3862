/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netname.h - a name in the network namespace, which one process has at a time.
 */
#ifndef PERSONA_LIB_NETNAME_H
#define PERSONA_LIB_NETNAME_H

#define NETNAME_MAX 100 /* bytes of a name with its NUL */

/**
 * netname_take() - have @name, at once or when its holder is done
 * @ms: how long to wait for that
 *
 * Return: a descriptor that holds the name until it is closed (CLOEXEC); -EBUSY (another process
 * still has it), or another -errno.
 */
int netname_take(const char *name, int ms);

#endif /* PERSONA_LIB_NETNAME_H */
