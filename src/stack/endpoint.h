/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * endpoint.h - endpoints of tunnels that are names are resolved again by the host.
 */
#ifndef PERSONA_STACK_ENDPOINT_H
#define PERSONA_STACK_ENDPOINT_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include "netconf/spec.h"

#define ENDPOINT_ADDRS 8 /* of one name */
#define ENDPOINT_FDS   2 /* of endpoint_fds() */

/**
 * struct endpoint_question - "what is the address of that name now?"
 * @iface: number of the interface
 * @far:   number of its far end (iface_spec.far)
 */
struct endpoint_question {
	uint32_t iface, far;
};

/** struct endpoint_answer - the same numbers, and what the host says; @n 0: nothing */
struct endpoint_answer {
	uint32_t iface, far;
	uint32_t n;
	struct ip_addr addr[ENDPOINT_ADDRS];
};

/**
 * endpoint_choose() - which of the addresses an endpoint is to have
 * @now:     it has
 * @a:	     the host's answer
 * @has_way: can the host send to an address of that family now? With @arg
 *
 * It keeps the one that it has if that is among them and has a way; else it is the first that has
 * one; else, if the present one is not among them, the first. Return: NULL if it stays. Pure.
 */
const struct ip_addr *endpoint_choose(const struct ip_addr *now, const struct endpoint_answer *a,
				      bool (*has_way)(const struct ip_addr *a, void *arg),
				      void *arg);

/**
 * endpoint_start() - the stack is up
 * @resolver: of struct config; 0: no endpoint is a name
 *
 * Return: 0 or -errno.
 */
int endpoint_start(int resolver);

/** endpoint_stop() - ask no more. While the stack still runs. */
void endpoint_stop(void);

/** endpoint_after_fork() - in a forked child: close what is the parent's. */
void endpoint_after_fork(void);

/** endpoint_fds() - fill in what the follower is to wait for; how many: 0 to ENDPOINT_FDS. */
unsigned int endpoint_fds(struct pollfd *p);

/** endpoint_ask() - the names of interface @i may have other addresses now. Does not wait. */
void endpoint_ask(unsigned int i);

/**
 * endpoint_serve() - there is news at one of endpoint_fds()
 *
 * Asks for tunnels that hear no answer to their handshakes, and takes answers. Does not wait.
 *
 * Return: a bit for each interface that has another endpoint now: its MTU and whether the
 * host has a way to it are to be looked at.
 */
uint32_t endpoint_serve(void);

#endif /* PERSONA_STACK_ENDPOINT_H */
