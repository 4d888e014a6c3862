/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * procpath.h - which files are the network's: /proc/net, /proc/sys/net, /etc/resolv.conf.
 *
 * Programs that show or set the network (ss, netstat, sysctl) read and write these files, so
 * the stack's stand in their place. /proc/self/net, /proc/thread-self/net and /proc/PID/net are
 * /proc/net of a process. In shadow mode every process of a run has the same stack, in inline mode
 * one process has it, and another one's files are the host's.
 *
 * /etc/resolv.conf is the network's if the run has name servers of its own (netconf/nameservers.h);
 * to programs it cannot be written then.
 *
 * Limits: only absolute paths, spelled without "..", "." or "//"; directories and stat() show
 * the host's.
 */
#ifndef PERSONA_SOCKETS_PROCPATH_H
#define PERSONA_SOCKETS_PROCPATH_H

#include <stdbool.h>
#include <sys/types.h>

#define PROCPATH_MAX 256 /* bytes of a path that can be the network's, with its NUL */

/**
 * procpath_inside() - the name of the stack's file
 * @path: as the program gave it
 * @pid:  the one process that has the stack; 0: all that /proc names
 *
 * Return: the rest behind "/proc/" inside the stack, as "net/tcp" or
 * "sys/net/ipv4/ip_forward", pointing into @path; NULL: it is the host's. Pure.
 */
const char *procpath_inside(const char *path, pid_t pid);

/** procpath_names_servers() - is it the file that names the name servers? Pure. */
bool procpath_names_servers(const char *path);

#endif /* PERSONA_SOCKETS_PROCPATH_H */
