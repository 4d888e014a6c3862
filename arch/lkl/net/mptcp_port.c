// SPDX-License-Identifier: GPL-2.0
/*
 * mptcp_port.c - a connection's subflows may all have one port.
 *
 * Theory of operation
 *
 * A further subflow is bound to its endpoint's address before it connects, and with the address
 * it gets a port. A port that was bound is not used by connect() any more, on whatever address. So
 * each connection by two paths takes two ports, by four paths four, and a range of N ports is used
 * up by N / 2 connections: connect() then fails with EADDRNOTAVAIL. A host has 28,000 ports, but a
 * stack that shares its addresses has a range of 256 to 16,384 of them (src/stack/ports.c).
 *
 * Here the subflow is bound to the address alone, as by the socket option IP_BIND_ADDRESS_NO_PORT.
 * connect() then takes any port with which address, port and peer are unique.
 *
 * kernel_bind() is wrapped by the linker (--wrap, arch/lkl/Makefile). Other callers than MPTCP's
 * subflows are not concerned.
 *
 * Locking: the subflow's socket is known to its creator alone.
 */
#include <linux/net.h>
#include <net/inet_sock.h>
#include <net/mptcp.h>
#include <net/tcp.h>

extern typeof(kernel_bind) __real_kernel_bind;

int __wrap_kernel_bind(struct socket *sock, struct sockaddr *addr, int addrlen);

int __wrap_kernel_bind(struct socket *sock, struct sockaddr *addr, int addrlen)
{
	/* The port lies at one place in both families' addresses. */
	if (sk_is_tcp(sock->sk) && sk_is_mptcp(sock->sk) && !((struct sockaddr_in *)addr)->sin_port)
#ifdef HAVE_INET_FLAGS
		inet_set_bit(BIND_ADDRESS_NO_PORT, sock->sk);
#else
		inet_sk(sock->sk)->bind_address_no_port = 1;
#endif
	return __real_kernel_bind(sock, addr, addrlen);
}
