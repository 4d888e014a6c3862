/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostsocks.h - the local ports that sockets of the host have.
 */
#ifndef PERSONA_OPENER_HOSTSOCKS_H
#define PERSONA_OPENER_HOSTSOCKS_H

#include "opener/portset.h"

/**
 * hostsocks_ports() - add the local ports of all TCP and UDP sockets of this network namespace
 *
 * Those in TIME_WAIT, too. What the kernel does not tell is missing. One thread.
 */
void hostsocks_ports(struct portset *s);

#endif /* PERSONA_OPENER_HOSTSOCKS_H */
