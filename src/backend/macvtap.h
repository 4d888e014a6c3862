/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * macvtap.h - back end `macvtap`: a station of its own on an Ethernet interface.
 */
#ifndef PERSONA_BACKEND_MACVTAP_H
#define PERSONA_BACKEND_MACVTAP_H

#include <stdbool.h>
#include <sys/types.h>
#include "backend/backend.h"

extern const struct backend_ops backend_macvtap;

/**
 * macvtap_owner() - whose device is it, by its name?
 *
 * Return: id of the process that made it, or 0 if the name is none of ours.
 */
pid_t macvtap_owner(const char *name);

/**
 * macvtap_recover() - delete devices of ours whose process is gone
 *
 * Looks at the caller's network namespace; devices made from another pid
 * namespace are left alone, since nothing can be said of their process.
 *
 * Return: how many were deleted, or -errno.
 */
int macvtap_recover(void);

#endif /* PERSONA_BACKEND_MACVTAP_H */
