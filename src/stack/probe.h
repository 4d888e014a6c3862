/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * probe.h - ask whether a path inside the stack is alive.
 */
#ifndef PERSONA_STACK_PROBE_H
#define PERSONA_STACK_PROBE_H

#include <stdbool.h>

struct netconf_iface;
struct iface_spec;

/**
 * probe_send() - ask the first router of an interface
 * @spec: its addresses and gateways as they are now
 * @ident: tells probes of this interface from others'; the same for probe_answered()
 *
 * Inside the stack, not for two threads at a time. Return: 0, or -errno:
 * -EDESTADDRREQ if there is nobody to ask.
 */
int probe_send(const struct netconf_iface *ifc, const struct iface_spec *spec, unsigned int ident);

/** probe_answered() - has an answer come since the last probe_send()? */
bool probe_answered(const struct netconf_iface *ifc, const struct iface_spec *spec,
		    unsigned int ident);

/** probe_end() - no answer is waited for any longer: close the socket, if there is one. */
void probe_end(unsigned int ident);

/** probe_close() - the stack ends, or has ended with another process: forget the sockets. */
void probe_close(void);

#endif /* PERSONA_STACK_PROBE_H */
