// SPDX-License-Identifier: GPL-2.0-only
/*
 * dgram.c - sockets that carry messages, see dgram.h.
 *
 * Theory of operation
 *
 * Received messages are put into the pair at once, so that poll(), read() and
 * recv() are the host kernel's; where each came from (address, ancillary data)
 * stays here in a list, in the same order. A recvfrom() or recvmsg() that
 * wants to know is served by us: it looks at the first message in the pair and
 * finds it in the list by length and checksum; what stands before it in the list has
 * been read by plain calls.
 *
 * The pair is of type SOCK_SEQPACKET, which keeps boundaries as SOCK_DGRAM does, and
 * says when the program's end is closed, which SOCK_DGRAM does not.
 *
 * Sending: plain writes go through the pair; those with an address are sent by
 * us directly, after what is in the pair.
 *
 * An error that the stack reports (ICMP) is kept in s->error for the next call
 * that we see; an empty message wakes who waits for one. A plain recv() gets that,
 * 0 bytes, where the host's kernel says ECONNREFUSED.
 *
 * Limits: of two equal messages from different peers, one read by recv() and
 * one by recvfrom(), the second may be given the first one's address. A plain write
 * to a socket without peer vanishes, where the host's kernel says EDESTADDRREQ.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <linux/sockios.h>
#include <unistd.h>
#include "shadow/call.h"
#include "shadow/dgram.h"
#include "shadow/park.h"
#include "shadow/pump.h"
#include "shadow/sock.h"

#define LIST_MAX 2048 /* more than a pair can hold */
#define TURNS	 256

/**
 * struct dgram - beside struct sock
 * @first, @last: what waits in the pair
 * @taken: what dgram_drop() took last; @returned: its data, if it came back
 * @held: a message of @heldlen bytes that the pair did not take yet; @held_meta
 * @up:	  a message of @uplen bytes that the stack did not take yet
 */
struct dgram {
	struct meta *first, **last;
	unsigned int n;
	struct meta *taken;
	unsigned char *returned;
	unsigned char *held;
	size_t heldlen;
	struct meta *held_meta;
	unsigned char *up;
	size_t uplen;
};

static __thread unsigned char *scratch;

struct dgram *dgram_new(void)
{
	struct dgram *d = calloc(1, sizeof(*d));

	if (d)
		d->last = &d->first;
	return d;
}

static struct meta *take_first(struct dgram *d)
{
	struct meta *m = d->first;

	d->first = m->next;
	if (!d->first)
		d->last = &d->first;
	d->n--;
	return m;
}

static void drop_first(struct dgram *d)
{
	free(take_first(d));
}

void dgram_free(struct dgram *d)
{
	while (d->first)
		drop_first(d);
	free(d->taken);
	free(d->returned);
	free(d->held);
	free(d->held_meta);
	free(d->up);
	free(d);
}

static uint32_t checksum(const unsigned char *p, size_t n)
{
	uint64_t sum = n, word;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&word, p, 8);
		sum = (sum ^ word) * 0x9e3779b97f4a7c15u;
		sum ^= sum >> 29;
	}
	for (; n; n--)
		sum = (sum ^ *p++) * 0x9e3779b97f4a7c15u;
	return (uint32_t)(sum ^ sum >> 32);
}

static unsigned char *get_scratch(void)
{
	if (!scratch)
		scratch = malloc(DGRAM_MAX);
	return scratch;
}

/* The pair is empty: all in the list has been read. */
static void trim(struct sock *s)
{
	struct dgram *d = s->dgram;
	int waiting = 1;

	if (d->n && !ioctl(s->pair, SIOCOUTQ, &waiting) && !waiting)
		while (d->first)
			drop_first(d);
	while (d->n > LIST_MAX)
		drop_first(d);
}

/* Put a message into the pair; false: not now. Takes @m if true. */
static bool put_down(struct sock *s, const void *data, size_t len, struct meta *m)
{
	struct dgram *d = s->dgram;

	if (send(s->pair, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM)
			return false;
		free(m); /* closed, or shut for reading */
		return true;
	}
	m->next = NULL;
	*d->last = m;
	d->last = &m->next;
	d->n++;
	return true;
}

static bool retry_held(struct sock *s)
{
	struct dgram *d = s->dgram;

	if (!d->held)
		return true;
	if (!put_down(s, d->held, d->heldlen, d->held_meta))
		return false;
	free(d->held);
	d->held = NULL;
	d->held_meta = NULL;
	return true;
}

static void hold(struct sock *s, const void *data, size_t len, struct meta *m)
{
	struct dgram *d = s->dgram;

	d->held = malloc(len ? len : 1);
	if (!d->held) {
		free(m);
		return;
	}
	memcpy(d->held, data, len);
	d->heldlen = len;
	d->held_meta = m;
}

/*
 * The program asked for the error queue (traceroute, tracepath): it waits for POLLERR,
 * which a pair shows only when its other end is closed with a message unread. The program
 * then asks us for the queue, and gets a new end (dgram_mend()).
 */
static bool show_pollerr(struct sock *s)
{
	int fd = sock_peek(s);

	if (fd < 0)
		return false;
	send(fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
	sock_close_pair(s);
	pump_suspect(s);
	return true;
}

/* An error that no call has asked for: keep it, and wake who waits. */
static void report(struct sock *s, int err)
{
	struct meta *m;

	if (s->error || s->pair < 0)
		return;
	s->error = err;
	if (s->recverr && show_pollerr(s))
		return;
	m = calloc(1, sizeof(*m));
	if (!m)
		return;
	m->error = true;
	m->sum = checksum(NULL, 0);
	if (!put_down(s, "", 0, m))
		free(m);
}

void dgram_pull(struct sock *s)
{
	unsigned char control[DGRAM_CONTROL] __attribute__((aligned(8)));
	unsigned char *buf = get_scratch();
	struct sockaddr_storage name;
	struct iovec iov = {buf, DGRAM_MAX};

	if (!buf || s->pair < 0 || !retry_held(s))
		return;
	trim(s);
	for (int turn = 0; turn < TURNS; turn++) {
		struct msghdr msg = {.msg_name = &name,
				     .msg_namelen = sizeof(name),
				     .msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = control,
				     .msg_controllen = sizeof(control)};
		long n = stack_call(SYS_recvmsg, s->stack, &msg, MSG_DONTWAIT, 0, 0, 0);
		struct meta *m;

		if (n < 0) {
			if (n == -EAGAIN || n == -EINTR)
				return;
			report(s, (int)-n);
			continue; /* the error is consumed, messages may follow */
		}
		m = malloc(sizeof(*m) + msg.msg_controllen);
		if (!m)
			return;
		m->len = (uint32_t)n;
		m->sum = checksum(buf, (size_t)n);
		m->error = false;
		m->flags = msg.msg_flags;
		m->namelen = msg.msg_namelen;
		m->name = name;
		m->controllen = msg.msg_controllen;
		memcpy(m->control, control, msg.msg_controllen);
		if (!put_down(s, buf, (size_t)n, m)) {
			hold(s, buf, (size_t)n, m);
			return;
		}
	}
}

long dgram_peek(struct sock *s, int fd, void *buf, const struct meta **meta)
{
	struct dgram *d = s->dgram;
	uint32_t sum;
	ssize_t n;

	*meta = NULL;
	if (d->returned) {
		memcpy(buf, d->returned, d->taken->len);
		*meta = d->taken;
		return d->taken->len;
	}
	n = recv(fd, buf, DGRAM_MAX, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	sum = checksum(buf, (size_t)n);
	while (d->first && (d->first->len != (uint32_t)n || d->first->sum != sum))
		drop_first(d);
	*meta = d->first;
	return n;
}

void dgram_drop(struct sock *s, int fd)
{
	struct dgram *d = s->dgram;
	char byte;

	if (d->returned) {
		free(d->returned);
		d->returned = NULL;
		return;
	}
	recv(fd, &byte, 1, MSG_DONTWAIT);
	free(d->taken);
	d->taken = d->first ? take_first(d) : NULL;
	if (d->held)
		dgram_pull(s);
}

void dgram_return(struct sock *s, const void *data)
{
	struct dgram *d = s->dgram;

	if (!d->taken || d->returned)
		return;
	d->returned = malloc(d->taken->len + 1);
	if (d->returned)
		memcpy(d->returned, data, d->taken->len);
}

/* Send one message; false: not now. */
static bool put_up(struct sock *s, const void *data, size_t len)
{
	for (int try = 0; try < 2; try++) {
		long n = stack_call(SYS_sendto, s->stack, data, len, MSG_DONTWAIT | MSG_NOSIGNAL,
				    NULL, 0);

		if (n == -EAGAIN || n == -ENOBUFS)
			return false;
		if (n >= 0 || n == -EDESTADDRREQ)
			break;
		s->error = (int)-n; /* perhaps of an earlier message: try again */
	}
	return true;
}

/* Nothing read: an empty message, or the end? */
static bool at_end(const struct sock *s)
{
	struct pollfd p = {.fd = s->pair, .events = POLLRDHUP};

	return poll(&p, 1, 0) == 1 && p.revents & (POLLRDHUP | POLLHUP);
}

void dgram_drain_up(struct sock *s)
{
	struct dgram *d = s->dgram;
	unsigned char *buf = get_scratch();

	if (!buf || s->pair < 0)
		return;
	if (d->up) {
		if (!put_up(s, d->up, d->uplen))
			return;
		free(d->up);
		d->up = NULL;
	}
	for (;;) {
		ssize_t n = recv(s->pair, buf, DGRAM_MAX, MSG_DONTWAIT);

		if (n < 0 || (!n && at_end(s)))
			return;
		if (put_up(s, buf, (size_t)n))
			continue;
		d->up = malloc((size_t)n + 1);
		if (d->up) {
			memcpy(d->up, buf, (size_t)n);
			d->uplen = (size_t)n;
		}
		return;
	}
}

int dgram_mend(struct call *c, struct sock *s)
{
	int number = (int)c->args[0], flags = fcntl(c->fd, F_GETFL), fd, err;
	unsigned char *buf = get_scratch();
	ssize_t n;

	err = buf ? sock_renew(s, &fd) : -ENOMEM;
	if (err)
		return err;
	/* What was received and not read moves along; the list stays as it is. */
	while ((n = recv(c->fd, buf, DGRAM_MAX, MSG_DONTWAIT)) > 0)
		send(s->pair, buf, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	fcntl(fd, F_SETFL, flags);
	err = call_replace_fd(c, fd, number, call_cloexec(c, number));
	close(c->fd);
	c->fd = fd;
	s->suspect = false;
	pump_watch_host(s, EPOLLIN | EPOLLOUT);
	return err;
}

void dgram_host_event(struct sock *s, uint32_t events)
{
	dgram_drain_up(s);
	if (events & EPOLLHUP) {
		if (!s->rd_shut) {
			sock_destroy(s);
			return;
		}
		pump_suspect(s);
	}
	if (s->dgram->held)
		dgram_pull(s);
	sock_put(s);
}

void dgram_stack_event(struct sock *s, uint32_t events)
{
	dgram_pull(s);
	if (s->dgram->up)
		dgram_drain_up(s);
	park_retry(s);
	sock_put(s);
}
