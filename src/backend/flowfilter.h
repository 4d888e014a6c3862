/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flowfilter.h - the packet filter that passes the stack's frames to it.
 */
#ifndef PERSONA_BACKEND_FLOWFILTER_H
#define PERSONA_BACKEND_FLOWFILTER_H

#include "backend/opening/flows.h"
#include "backend/opening/opening.h"

#define FLOWS_MAX_CODE 1152 /* instructions of the longest program */

struct sock_filter;

/**
 * flows_filter() - the classic BPF program that passes the stack's frames
 * @link: do frames begin with an Ethernet header?
 * @code: receives at most FLOWS_MAX_CODE instructions
 *
 * Passed are: on shared addresses, TCP and UDP to the stack's ports, all but the first
 * fragment of a datagram (a kernel without the first one forgets them silently), and ICMP that is
 * no request, as both worlds may have asked; on own and unknown addresses everything; ARP and
 * neighbour discovery but for questions about addresses that the host answers for.
 * Not passed: our own transmissions, frames of a VLAN, what is the host's.
 *
 * Pure. Return: instructions, or -E2BIG.
 */
int flows_filter(const struct flows *f, enum backend_link link, struct sock_filter *code);

#endif /* PERSONA_BACKEND_FLOWFILTER_H */
