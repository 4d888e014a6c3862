/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * sched_option.h - an option of MPTCP sockets that this pack adds, at level SOL_MPTCP (284).
 */
#ifndef _MPTCP_EXT_SCHED_OPTION_H
#define _MPTCP_EXT_SCHED_OPTION_H

/* The name of the socket's scheduler, as net.mptcp.available_schedulers has it; set and get */
#define MPTCP_SCHEDULER 0x5001

#endif
