/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sniff.h - packet sockets of programs (tcpdump): real ones, on a copy of the stack's links.
 */
#ifndef PERSONA_SHADOW_SNIFF_H
#define PERSONA_SHADOW_SNIFF_H

#include <stdint.h>

#define SNIFF_LINKS 8

/**
 * sniff_socket() - a packet socket for a program; AF_PACKET, @type with its flags, @protocol
 *
 * Return: a descriptor of the host, to be handed over; -errno if there can be none
 * here (no privilege, no /dev/net/tun). Thread-safe.
 */
int sniff_socket(int type, int protocol);

/** sniff_stop() - give all back. */
void sniff_stop(void);

#endif /* PERSONA_SHADOW_SNIFF_H */
