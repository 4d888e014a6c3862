/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sysctl.h - /proc/sys of a Linux reached by system calls (netlink.h).
 */
#ifndef PERSONA_NETCONF_SYSCTL_H
#define PERSONA_NETCONF_SYSCTL_H

#include <stddef.h>
#include "netconf/netlink.h"

/** sysctl_mount() - mount /proc in a fresh stack; 0 or -errno. */
int sysctl_mount(nl_call_fn *call);

/**
 * sysctl_set() - write one value
 * @name:  net.ipv4.tcp_congestion_control, or with slashes
 * @value: as the file takes it
 *
 * Return: 0; -ENOENT (no such key), -EINVAL (value refused), ...
 */
int sysctl_set(nl_call_fn *call, const char *name, const char *value);

/**
 * sysctl_get() - read one value, without its last newline
 *
 * Return: 0; -ENOENT (no such key), ...
 */
int sysctl_get(nl_call_fn *call, const char *name, char *value, size_t size);

/**
 * sysctl_again() - write the value that is there once more: some keys have a state that this resets
 *
 * Return: 0; -ENOENT (no such key), ...
 */
int sysctl_again(nl_call_fn *call, const char *name);

/**
 * sysctl_defaults() - what a phone with several interfaces wants
 * @memory: bytes of memory of the stack, which bound its buffers
 *
 * To be called before interfaces exist: they inherit some values. A key that a
 * personality lacks is left out. Return: 0 or the first other -errno.
 */
int sysctl_defaults(nl_call_fn *call, size_t memory);

/** sysctl_name_valid() - is @name the name of a key, not a path out of /proc/sys? */
int sysctl_name_valid(const char *name);

#endif /* PERSONA_NETCONF_SYSCTL_H */
