// SPDX-License-Identifier: GPL-2.0-only
/*
 * dnsproxy.c - a name server on 127.0.0.1 for the length of one look-up.
 *
 * Theory of operation: libc's resolver sends its queries from sockets which no
 * hook sees, to addresses which we may choose (dns.c). So each real name server gets
 * a host UDP socket and a TCP listener on one random port of 127.0.0.1, and a
 * thread carries queries from there through the stack and the answers back.
 * Answers find their asker by the query's ID. A server that the stack cannot
 * reach answers SERVFAIL at once, so that the resolver tries the next.
 *
 * TCP (truncated answers) is served one connection at a time: query in, query
 * out, answer back, until the resolver closes. TCP_TIMEOUT bounds each step.
 *
 * Ownership: the thread owns the sockets, the caller joins it. Signals are
 * blocked in it. It enters the stack like any application thread and waits
 * for both worlds in one call.
 */
#include "inline/real.h"
#include "inline/dns.h"
#include "inline/edge.h"
#include "inline/thread.h"
#include "engine/engine.h"

#include <stdlib.h>
#include <string.h>

#define PENDING	    16
#define QUERY_MAX   4096
#define TCP_TIMEOUT 5 /* seconds */

struct pending {
	struct sockaddr_in from;
	int server;
	uint16_t id; /* as it stands in the packet */
	uint16_t len;
	unsigned char query[512];
};

struct dns_proxy {
	pthread_t thread;
	int stop; /* eventfd */
	int n;
	struct dns_server server[DNS_SERVERS];
	struct pending pending[PENDING];
	unsigned int next;
	unsigned char buf[65536 + 2];
};

static void dnsproxy_answer_failure(struct dns_server *s, struct pending *p)
{
	if (p->len < 12)
		return;
	p->query[2] |= 0x80;			   /* QR */
	p->query[3] = (p->query[3] & 0xf0) | 0x02; /* SERVFAIL */
	real(sendto)(s->udp, p->query, p->len, 0, (void *)&p->from, sizeof(p->from));
	p->len = 0;
}

static long dnsproxy_query_socket(struct dns_server *s)
{
	long fd, err;

	if (s->query >= 0)
		return s->query;
	fd = edge(SYS_socket, s->addr.ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0, 0, 0, 0);
	if (fd < 0)
		return fd;
	err = edge(SYS_connect, fd, &s->addr, s->len, 0, 0, 0);
	if (err) {
		edge_close((int)fd);
		return err;
	}
	return s->query = (int)fd;
}

static void dnsproxy_take_query(struct dns_proxy *p, int i)
{
	struct dns_server *s = &p->server[i];
	struct pending *q = &p->pending[p->next++ % PENDING];
	socklen_t len = sizeof(q->from);
	ssize_t n;
	long fd;

	n = real(recvfrom)(s->udp, p->buf, QUERY_MAX, MSG_DONTWAIT, (void *)&q->from, &len);
	if (n < 12)
		return;
	q->server = i;
	q->len = (uint16_t)((size_t)n < sizeof(q->query) ? (size_t)n : sizeof(q->query));
	memcpy(&q->id, p->buf, sizeof(q->id));
	memcpy(q->query, p->buf, q->len);
	fd = dnsproxy_query_socket(s);
	if (fd < 0 || edge(SYS_sendto, fd, p->buf, n, MSG_NOSIGNAL, NULL, 0) < 0)
		dnsproxy_answer_failure(s, q);
}

static void dnsproxy_take_answer(struct dns_proxy *p, int i)
{
	struct dns_server *s = &p->server[i];
	uint16_t id;
	long n;

	n = edge(SYS_recvfrom, s->query, p->buf, sizeof(p->buf), MSG_DONTWAIT, NULL, NULL);
	if (n == -EAGAIN)
		return;
	if (n >= 12)
		memcpy(&id, p->buf, sizeof(id));
	for (int j = 0; j < PENDING; j++) {
		struct pending *q = &p->pending[j];

		if (!q->len || q->server != i)
			continue;
		if (n < 0) {
			dnsproxy_answer_failure(s, q);
		} else if (n >= 12 && q->id == id) {
			real(sendto)(s->udp, p->buf, (size_t)n, 0, (void *)&q->from,
				     sizeof(q->from));
			q->len = 0;
		}
	}
}

static bool dnsproxy_host_whole(int fd, unsigned char *buf, size_t n, bool write_it)
{
	while (n) {
		ssize_t got =
			write_it ? real(send)(fd, buf, n, MSG_NOSIGNAL) : real(recv)(fd, buf, n, 0);

		if (got <= 0)
			return false;
		buf += got;
		n -= (size_t)got;
	}
	return true;
}

static bool dnsproxy_stack_whole(long fd, unsigned char *buf, size_t n, bool write_it)
{
	while (n) {
		long got = edge(write_it ? SYS_sendto : SYS_recvfrom, fd, buf, n,
				write_it ? MSG_NOSIGNAL : 0, NULL, 0);

		if (got <= 0)
			return false;
		buf += got;
		n -= (size_t)got;
	}
	return true;
}

static size_t dnsproxy_prefix(const unsigned char *buf)
{
	return 2 + ((size_t)buf[0] << 8 | buf[1]);
}

/* Queries and answers, one after the other. */
static void dnsproxy_relay_tcp(struct dns_proxy *p, int host, long stack)
{
	for (;;) {
		if (!dnsproxy_host_whole(host, p->buf, 2, false) ||
		    !dnsproxy_host_whole(host, p->buf + 2, dnsproxy_prefix(p->buf) - 2, false) ||
		    !dnsproxy_stack_whole(stack, p->buf, dnsproxy_prefix(p->buf), true) ||
		    !dnsproxy_stack_whole(stack, p->buf, 2, false) ||
		    !dnsproxy_stack_whole(stack, p->buf + 2, dnsproxy_prefix(p->buf) - 2, false) ||
		    !dnsproxy_host_whole(host, p->buf, dnsproxy_prefix(p->buf), true))
			return;
	}
}

static void dnsproxy_take_connection(struct dns_proxy *p, struct dns_server *s)
{
	struct timeval limit = {.tv_sec = TCP_TIMEOUT};
	int host = real(accept4)(s->tcp, NULL, NULL, SOCK_CLOEXEC);
	long fd;

	if (host < 0)
		return;
	real(setsockopt)(host, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	fd = edge(SYS_socket, s->addr.ss_family, SOCK_STREAM, 0, 0, 0, 0);
	if (fd >= 0) {
		edge(SYS_setsockopt, fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit), 0);
		edge(SYS_setsockopt, fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit), 0);
		if (edge(SYS_connect, fd, &s->addr, s->len, 0, 0, 0) == 0)
			dnsproxy_relay_tcp(p, host, fd);
		edge_close((int)fd);
	}
	real(close)(host);
}

static void dnsproxy_serve_round(struct dns_proxy *p)
{
	struct pollfd host[2 * DNS_SERVERS + 1], stack[DNS_SERVERS];
	unsigned int nhost = 0, nstack = 0;
	int of[DNS_SERVERS];

	host[nhost++] = (struct pollfd){.fd = p->stop, .events = POLLIN};
	for (int i = 0; i < p->n; i++) {
		host[nhost++] = (struct pollfd){.fd = p->server[i].udp, .events = POLLIN};
		host[nhost++] = (struct pollfd){.fd = p->server[i].tcp, .events = POLLIN};
		of[nstack] = i;
		if (p->server[i].query >= 0)
			stack[nstack++] =
				(struct pollfd){.fd = p->server[i].query, .events = POLLIN};
	}
	edge_once(host, nhost, SYS_ppoll, EDGE_ARGS(stack, nstack, NULL, NULL, 8, 0));
	real(poll)(host, nhost, 0);
	for (unsigned int j = 0; j < nstack; j++)
		if (stack[j].revents)
			dnsproxy_take_answer(p, of[j]);
	for (int i = 0; i < p->n; i++) {
		if (host[1 + 2 * i].revents)
			dnsproxy_take_query(p, i);
		if (host[2 + 2 * i].revents)
			dnsproxy_take_connection(p, &p->server[i]);
	}
}

static void *dnsproxy_serve(void *arg)
{
	struct dns_proxy *p = arg;
	struct pollfd stop = {.fd = p->stop, .events = POLLIN};

	self.bypass++;
	/* Nothing to wait for in the stack before the first query. */
	do {
		dnsproxy_serve_round(p);
	} while (real(poll)(&stop, 1, 0) == 0);
	for (int i = 0; i < p->n; i++)
		if (p->server[i].query >= 0)
			edge_close(p->server[i].query);
	self.bypass--;
	return NULL;
}

/* A UDP socket and a TCP listener on one port. */
static bool dnsproxy_listen_on(struct dns_server *s)
{
	socklen_t len = sizeof(s->local);

	for (int tries = 0; tries < 8; tries++) {
		s->local = (struct sockaddr_in){.sin_family = AF_INET,
						.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		s->udp = real(socket)(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		s->tcp = real(socket)(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (s->udp >= 0 && s->tcp >= 0 &&
		    real(bind)(s->udp, (void *)&s->local, sizeof(s->local)) == 0 &&
		    real(getsockname)(s->udp, (void *)&s->local, &len) == 0 &&
		    real(bind)(s->tcp, (void *)&s->local, sizeof(s->local)) == 0 &&
		    real(listen)(s->tcp, 4) == 0)
			return true;
		real(close)(s->udp);
		real(close)(s->tcp);
		s->udp = s->tcp = -1;
	}
	return false;
}

static void dnsproxy_release(struct dns_proxy *p)
{
	for (int i = 0; i < p->n; i++) {
		if (p->server[i].udp >= 0)
			real(close)(p->server[i].udp);
		if (p->server[i].tcp >= 0)
			real(close)(p->server[i].tcp);
	}
	if (p->stop >= 0)
		real(close)(p->stop);
	free(p);
}

struct dns_proxy *dns_proxy_start(struct dns_server *servers, int n)
{
	struct dns_proxy *p = calloc(1, sizeof(*p));
	bool ok;

	if (!p)
		return NULL;
	memcpy(p->server, servers, (size_t)n * sizeof(*servers));
	p->n = n;
	p->stop = real(eventfd)(0, EFD_CLOEXEC);
	ok = p->stop >= 0;
	for (int i = 0; i < n; i++)
		p->server[i].udp = p->server[i].tcp = p->server[i].query = -1;
	for (int i = 0; ok && i < n; i++)
		ok = dnsproxy_listen_on(&p->server[i]);
	if (ok) {
		ok = engine_thread_create(&p->thread, 0, 0, dnsproxy_serve, p) == 0;
	}
	if (ok)
		return p;
	dnsproxy_release(p);
	return NULL;
}

const struct dns_server *dns_proxy_server(const struct dns_proxy *p, int i)
{
	return &p->server[i];
}

void dns_proxy_stop(struct dns_proxy *p)
{
	uint64_t one = 1;
	int old;

	if (real(write)(p->stop, &one, sizeof(one)) < 0)
		return;
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	pthread_join(p->thread, NULL);
	pthread_setcancelstate(old, NULL);
	dnsproxy_release(p);
}
