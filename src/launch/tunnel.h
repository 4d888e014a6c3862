/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * tunnel.h - complete the specification of a tunnel from its configuration file.
 */
#ifndef PERSONA_LAUNCH_TUNNEL_H
#define PERSONA_LAUNCH_TUNNEL_H

struct config;
struct config_iface;

/**
 * launch_tunnel_fill() - addresses, networks, MTU and endpoints of a -i wg:
 * @c:	those before @ci are complete; gets the file's name servers
 *
 * Reads the file and resolves names by the host. Keys do not stay. Return: 0 or an exit status;
 * what is wrong has been said.
 */
int launch_tunnel_fill(struct config *c, struct config_iface *ci);

#endif /* PERSONA_LAUNCH_TUNNEL_H */
