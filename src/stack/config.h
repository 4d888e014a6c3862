/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config.h - what one run of Persona is: image, interfaces, sysctls, options.
 *
 * The command line makes it, a sealed memfd carries it into the program
 * (environment variable PERSONA_CONFIG_FD), stack_up() applies it to a stack.
 */
#ifndef PERSONA_STACK_CONFIG_H
#define PERSONA_STACK_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include "netconf/nameservers.h"
#include "netconf/pathpolicy.h"
#include "netconf/spec.h"

#define CONFIG_ENV	    "PERSONA_CONFIG_FD"
#define CONFIG_MAX_IFACES   8
#define CONFIG_MAX_SYSCTL   64
#define CONFIG_MAX_PROGRAMS 16

/**
 * struct config_iface - one -i, ready to use
 * @spec: with back end, addresses and MTU filled in
 * @fd:	  open descriptor of the back end, inherited; -1: stack_up() opens it
 * @lock: open descriptor by which the run alone has the tunnel (launch/sole.h); 0: none
 */
struct config_iface {
	struct iface_spec spec;
	int fd;
	int lock;
};

struct config_sysctl {
	char name[128]; /* net.ipv4.tcp_congestion_control or with slashes */
	char value[128];
};

/**
 * struct config_program - what the connections of a program are sent by
 * @name:   the last part of its file's path, or its process's name
 * @policy: number in pathpolicy_at()
 */
struct config_program {
	char name[32];
	unsigned int policy;
};

struct config {
	char image[4096]; /* path of the personality image */
	size_t memory;	  /* bytes, 0: default */
	int vcpus;	  /* 0: default */
	bool mptcp;	  /* plain TCP sockets become MPTCP */
	bool isolate;	  /* loopback addresses are the stack's, too */
	bool verbose;
	int linger;		  /* seconds that the end waits for written data to be delivered */
	unsigned int trace;	  /* enum trace_kind of lib/trace.h */
	bool sampled;		  /* a profiler of the user's reads this process's memory */
	bool mirror;		  /* frames can be shown to packet sockets (backend/mirror.h) */
	char pcap[4096];	  /* capture file or "" */
	int opener;		  /* connection to persona-opener (opener/client.h); 0: none */
	uint16_t first_port;	  /* the stack's range of ports on addresses shared with the */
	uint16_t last_port;	  /* host; 0: no address is shared */
	uint16_t ports;		  /* as many there are at first; 0: a few */
	int resolver;		  /* resolves names of endpoints again (endpoint.h); 0: none */
	struct nameservers names; /* in place of /etc/resolv.conf, if given */
	unsigned int policy;	  /* number in pathpolicy_at(); 0 is the default */
	bool has_policy;	  /* the user gave it */
	char scheduler[PATHPOLICY_NAME];  /* MPTCP's, whatever the policy's; "": that */
	char congestion[PATHPOLICY_NAME]; /* congestion control; "": the personality's own */
	unsigned int nprograms;
	struct config_program program[CONFIG_MAX_PROGRAMS];
	unsigned int nifaces;
	struct config_iface iface[CONFIG_MAX_IFACES];
	unsigned int nsysctls;
	struct config_sysctl sysctl[CONFIG_MAX_SYSCTL];
};

/** config_to_fd() - sealed memfd (no CLOEXEC) holding @c; -errno on failure. */
int config_to_fd(const struct config *c);

/**
 * config_from_fd() - read and check what config_to_fd() wrote
 *
 * Return: 0; -EBADF and the like, -EBADMSG (something else or damaged), -EPROTO
 * (of another build of Persona).
 */
int config_from_fd(int fd, struct config *c);

#endif /* PERSONA_STACK_CONFIG_H */
