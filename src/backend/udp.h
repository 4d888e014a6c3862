/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * udp.h - back end `wg`: the datagrams of a tunnel inside leave by a UDP socket of the host.
 *
 * Inside, both ends have addresses of 192.0.0.0/24, which is for the use of protocols
 * (RFC 6890): /27 for each interface, the near end first, the far ends from there on. They stand
 * for the socket and for the real endpoints, which may be of IPv4 and IPv6 and may change.
 */
#ifndef PERSONA_BACKEND_UDP_H
#define PERSONA_BACKEND_UDP_H

#include <stdint.h>

struct backend;
struct sockaddr_in6;

#define UDP_PEERS  16	 /* most far ends of one tunnel */
#define UDP_PORT   51820 /* of all ends inside */
#define UDP_PREFIX 27

extern const struct backend_ops backend_wg;

/**
 * udp_inside() - an address inside, host byte order
 * @tunnel: number of the interface, below 8
 * @end:    0: the near end; from 1 on: far end @end - 1
 */
static inline uint32_t udp_inside(unsigned int tunnel, unsigned int end)
{
	return 0xc0000000 + 32 * (tunnel & 7) + 1 + end;
}

/**
 * udp_set_peers() - where the far ends are
 * @be:	    the back end itself, not a wrapper of it
 * @tunnel: number of the interface
 * @peer:   @n endpoints, IPv4 ones mapped into IPv6; port 0: unknown, nothing is sent there
 *
 * What comes from elsewhere is dropped. Any thread, but not two at a time.
 */
void udp_set_peers(struct backend *be, unsigned int tunnel, const struct sockaddr_in6 *peer,
		   unsigned int n);

/**
 * udp_on_silence() - tell when far ends may be elsewhere
 * @be: the back end itself, not a wrapper of it
 * @fd: an eventfd; -1: no more
 *
 * It is written to at the second handshake in a row to a far end that has not sent anything since
 * (WireGuard sends the next after five seconds), and at each second from there; and when what
 * looks like WireGuard's comes from elsewhere: the first since a far end has sent something, and
 * each 64th from there.
 *
 * Any thread.
 */
void udp_on_silence(struct backend *be, int fd);

/** udp_take_silent() - a bit for each far end that this was told of since the last call. */
uint32_t udp_take_silent(struct backend *be);

#endif /* PERSONA_BACKEND_UDP_H */
