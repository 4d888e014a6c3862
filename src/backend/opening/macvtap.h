/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * macvtap.h - links of back end `macvtap` on the host.
 */
#ifndef PERSONA_BACKEND_OPENING_MACVTAP_H
#define PERSONA_BACKEND_OPENING_MACVTAP_H

#include <net/if.h>
#include <sys/types.h>

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

/** macvtap_link_of() - name of the link behind @fd; 0, or -errno if it is none of ours. */
int macvtap_link_of(int fd, char name[IF_NAMESIZE]);

#endif /* PERSONA_BACKEND_OPENING_MACVTAP_H */
