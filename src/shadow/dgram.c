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
 * The pair of an IP socket is of type SOCK_DGRAM, which can show errors (mark.h); the others' is
 * of type SOCK_SEQPACKET, which hangs up when the program's end is closed (closing.h).
 *
 * Sending: plain writes go through the pair; those with an address are sent by
 * us directly, after what is in the pair.
 *
 * An error that the stack reports (ICMP) is kept in s->error for the next call that we see, and
 * the program's end is marked: POLLERR, and the next plain call fails with ECONNRESET, where the
 * host's kernel says ECONNREFUSED or the like. So it is when something comes into the error queue
 * (IP_RECVERR, time stamps of what was sent). The mark goes when the queue has been read.
 *
 * Each is shown once, though the queue may stay unread. The stack's POLLERR says only that the
 * queue is not empty, and comes with each message then. What is new in it is known by the
 * memory that it takes: the socket's (SO_MEMINFO), at a moment when no message waits there. An
 * ICMP error comes both by the queue and by itself: what is in the queue by then is shown with it.
 * While the pair is full there is no such moment: then a queue of which nothing has been shown is
 * new, and what comes behind waits for the program to read.
 *
 * Limits: of two equal messages from different peers, one read by recv() and
 * one by recvfrom(), the second may be given the first one's address. A plain write
 * to a socket without peer vanishes, where the host's kernel says EDESTADDRREQ.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/sockios.h>
#include <unistd.h>
#include "lib/complain.h"
#include "shadow/batch.h"
#include "shadow/call.h"
#include "shadow/dgram.h"
#include "shadow/inodes.h"
#include "shadow/mark.h"
#include "shadow/park.h"
#include "shadow/pump.h"
#include "shadow/sock.h"

#define LIST_MAX 2048 /* more than a pair can hold */
#define TURNS	 16   /* batches in one go */

/**
 * struct dgram - beside struct sock
 * @first, @last: what waits in the pair
 * @taken: what dgram_drop() took last; @returned: its data, if it came back
 * @down: messages that the pair did not take yet, with their struct meta
 * @up:	  messages that the stack did not take yet
 * @look: there may be something new in the stack's error queue
 * @shown: bytes of the queue that have been shown; INT_MAX: all that is in it now
 * @failed: the call that is served found an error that no call had been told
 */
struct dgram {
	struct meta *first, **last;
	unsigned int n;
	struct meta *taken;
	unsigned char *returned;
	struct waiting *down;
	struct waiting *up;
	bool look;
	int shown;
	bool failed;
};

int dgram_attach(struct sock *s)
{
	struct dgram *d = calloc(1, sizeof(*d));

	if (!d)
		return -ENOMEM;
	d->last = &d->first;
	s->dgram = d;
	return 0;
}

static struct meta *dgram_take_first(struct dgram *d)
{
	struct meta *m = d->first;

	d->first = m->next;
	if (!d->first)
		d->last = &d->first;
	d->n--;
	return m;
}

static void dgram_drop_first(struct dgram *d)
{
	if (d->first)
		free(dgram_take_first(d));
}

static void dgram_destroy(struct sock *s)
{
	struct dgram *d = s->dgram;

	park_drop_all(s);
	if (!d)
		return;
	s->dgram = NULL;
	while (d->first)
		dgram_drop_first(d);
	for (; d->down; waiting_drop(&d->down))
		free(d->down->extra);
	while (d->up)
		waiting_drop(&d->up);
	free(d->taken);
	free(d->returned);
	free(d);
}

static uint32_t dgram_checksum(const unsigned char *p, size_t n)
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

/* The pair is empty: all in the list has been read. */
static void dgram_trim(struct sock *s)
{
	struct dgram *d = s->dgram;
	int waiting = 1;

	if (d->n && !ioctl(s->pair, SIOCOUTQ, &waiting) && !waiting)
		while (d->first)
			dgram_drop_first(d);
	while (d->n > LIST_MAX)
		dgram_drop_first(d);
}

static void dgram_append(struct dgram *d, struct meta *m)
{
	m->next = NULL;
	*d->last = m;
	d->last = &m->next;
	d->n++;
}

/* Must the pair's answer be waited for? Otherwise nobody will ever read. */
static bool dgram_pair_full(void)
{
	return errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM;
}

/* Put a message into the pair; false: not now. Takes @m if true. */
static bool dgram_put_down(struct sock *s, const void *data, size_t len, struct meta *m)
{
	if (send(s->pair, data, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		dgram_append(s->dgram, m);
	else if (dgram_pair_full())
		return false;
	else
		free(m);
	return true;
}

static bool dgram_retry_down(struct sock *s)
{
	struct dgram *d = s->dgram;

	while (d->down && dgram_put_down(s, d->down->data, d->down->len, d->down->extra))
		waiting_drop(&d->down);
	return !d->down;
}

/* Does the stack's socket say POLLERR: is its error queue not empty? */
static bool dgram_has_queue(const struct sock *s)
{
	struct pollfd p = {.fd = s->stack};
	struct timespec zero = {0, 0};

	return stack_call(SYS_ppoll, &p, 1, &zero, NULL, 8, 0) == 1 && p.revents & POLLERR;
}

/* Bytes that wait in the stack's socket, messages and error queue. */
static int dgram_memory(const struct sock *s)
{
	uint32_t mem[SK_MEMINFO_VARS] = {0};
	socklen_t len = sizeof(mem);

	stack_call(SYS_getsockopt, s->stack, SOL_SOCKET, SO_MEMINFO, mem, &len, 0);
	return (int)mem[SK_MEMINFO_RMEM_ALLOC];
}

/* What is in the error queue now is shown with an error that is. A look tells how much that is. */
static void dgram_queue_shown(struct sock *s)
{
	s->dgram->shown = INT_MAX;
	s->dgram->look = s->watch >= 0;
}

/* The error queue had @memory bytes: is there more than has been shown? */
static void dgram_look_at_queue(struct sock *s, int memory)
{
	struct dgram *d = s->dgram;
	bool more = memory > d->shown;

	d->look = false;
	d->shown = memory;
	if (more)
		mark_set(s);
}

/*
 * An error that no call has asked for: keep it, and show it. Where the program's end can show
 * none, an empty message wakes a thread that waits.
 */
static void dgram_report(struct sock *s, int err)
{
	struct meta *m;

	if (s->watch >= 0) {
		dgram_queue_shown(s);
		if (mark_set(s)) {
			s->error = err;
			return;
		}
	} else if (s->error) {
		return;
	}
	s->error = err;
	m = calloc(1, sizeof(*m));
	if (!m)
		return;
	m->error = true;
	m->sum = dgram_checksum(NULL, 0);
	if (!dgram_put_down(s, "", 0, m))
		free(m);
}

bool dgram_unmark(struct sock *s, int fd)
{
	if (!s->marked)
		return false;
	s->marked = false;
	s->dgram->failed = false;
	if (!mark_clear(fd)) {
		s->error = 0; /* a plain call of the program has been told */
		return false;
	}
	s->dgram->failed = s->error;
	return true;
}

void dgram_mark_again(struct sock *s)
{
	if (s->error || (!s->dgram->failed && dgram_has_queue(s)))
		mark_set(s);
}

void dgram_queue_read(struct sock *s)
{
	int err = sock_stack_error(s); /* that of an ICMP error which follows in the queue */

	if (err || dgram_has_queue(s))
		mark_set(s);
	s->error = err; /* what was there was the queue's */
	dgram_queue_shown(s);
	dgram_pull(s);
}

void dgram_queue_purged(struct sock *s)
{
	if (!dgram_has_queue(s))
		s->dgram->shown = 0;
}

/* What the pair cannot carry of message @i. */
static struct meta *dgram_describe(const struct batch *b, unsigned int i)
{
	const struct msghdr *h = &b->msg[i].msg_hdr;
	struct meta *m = malloc(sizeof(*m) + h->msg_controllen);

	if (!m)
		return NULL;
	m->len = b->msg[i].msg_len;
	m->sum = dgram_checksum(b->data[i], m->len);
	m->error = false;
	m->flags = h->msg_flags;
	m->namelen = h->msg_namelen;
	m->name = b->name[i];
	m->controllen = h->msg_controllen;
	memcpy(m->control, b->control[i], h->msg_controllen);
	return m;
}

/* sock_diag's answers: the inodes that programs see. @n. */
static unsigned int dgram_translate(const struct sock *s, struct batch *b, unsigned int n)
{
	if (s->core.domain == AF_NETLINK && s->core.protocol == NETLINK_SOCK_DIAG)
		for (unsigned int i = 0; i < n; i++)
			inodes_diag(b->data[i], b->msg[i].msg_len);
	return n;
}

/* Put @n messages into the pair, keep what it does not take; false: it is full. */
static bool dgram_deliver(struct sock *s, struct batch *b, unsigned int n)
{
	struct dgram *d = s->dgram;
	struct meta *m[BATCH];
	unsigned int i;
	int sent;

	for (i = 0; i < n; i++) {
		m[i] = dgram_describe(b, i);
		if (!m[i])
			n = i; /* no memory: as if lost on the way */
	}
	batch_turn(b, n);
	sent = n ? sendmmsg(s->pair, b->msg, n, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
	if (sent < 0 && !dgram_pair_full()) {
		for (i = 0; i < n; i++)
			free(m[i]);
		return true;
	}
	for (i = 0; i < n; i++) {
		if ((int)i < sent)
			dgram_append(d, m[i]);
		else if (!waiting_add(&d->down, b->data[i], m[i]->len, m[i]))
			free(m[i]);
	}
	return dgram_retry_down(s);
}

void dgram_pull(struct sock *s)
{
	if (s->pair < 0 || !dgram_retry_down(s))
		return;
	dgram_trim(s);
	for (int turn = 0; turn < TURNS; turn++) {
		struct batch *b = batch_get(true);
		int memory = s->dgram->look ? dgram_memory(s) : 0;
		long n;

		if (!b)
			return;
		n = stack_call(SYS_recvmmsg, s->stack, b->msg, BATCH, MSG_DONTWAIT, NULL, 0);
		if (n == -EAGAIN && s->dgram->look) /* so there was no message either */
			dgram_look_at_queue(s, memory);
		if (n == -EAGAIN || n == -EINTR)
			return;
		if (n < 0)
			dgram_report(s, (int)-n); /* consumed: messages may follow */
		else if (!dgram_deliver(s, b, dgram_translate(s, b, (unsigned int)n)))
			return;
		if (s->pair < 0)
			return;
	}
	pump_watch_stack(s, EPOLLIN | EPOLLOUT); /* others first: the event comes again */
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
	sum = dgram_checksum(buf, (size_t)n);
	while (d->first && (d->first->len != (uint32_t)n || d->first->sum != sum))
		dgram_drop_first(d);
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
	d->taken = d->first ? dgram_take_first(d) : NULL;
	if (d->down)
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

/* Nothing read: an empty message, or the end? */
static bool dgram_at_end(const struct sock *s)
{
	struct pollfd p = {.fd = s->pair, .events = POLLRDHUP};

	return poll(&p, 1, 0) == 1 && p.revents & (POLLRDHUP | POLLHUP);
}

/*
 * The stack has refused a message of @len bytes that the program wrote into its pair. The write
 * has succeeded, and an error of the next one would be taken for that one's: so it is told, once.
 * (The pair's kernel refuses by length, too, but nothing below 4577 bytes: SOCK_MIN_SNDBUF.)
 */
static void dgram_refused(long err, size_t len)
{
	static atomic_flag told = ATOMIC_FLAG_INIT;

	if (err == -EMSGSIZE && !atomic_flag_test_and_set(&told))
		complain(0,
			 "a message of %zu bytes was longer than its path takes, and is lost: "
			 "send() and write() cannot tell in this mode, sendto() with an address "
			 "and --inline can",
			 len);
}

/* Send messages from @i to @n of @b into the stack; gives where it stopped. */
static unsigned int dgram_send_up(struct sock *s, struct batch *b, unsigned int i, unsigned int n)
{
	bool again = false;

	while (i < n) {
		long r = stack_call(SYS_sendmmsg, s->stack, b->msg + i, n - i,
				    MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);

		if (r == -EAGAIN || r == -ENOBUFS)
			break;
		if (r > 0) {
			i += (unsigned int)r;
			again = false;
		} else if (r == -EDESTADDRREQ || again) {
			dgram_refused(r, b->msg[i].msg_hdr.msg_iov->iov_len);
			i++;
			again = false;
		} else {
			s->error = (int)-r; /* perhaps of an earlier message: try again */
			again = true;
		}
	}
	return i;
}

static bool dgram_retry_up(struct sock *s)
{
	struct dgram *d = s->dgram;

	while (d->up) {
		long r = stack_call(SYS_sendto, s->stack, d->up->data, d->up->len,
				    MSG_DONTWAIT | MSG_NOSIGNAL, NULL, 0);

		if (r == -EAGAIN || r == -ENOBUFS)
			return false;
		dgram_refused(r, d->up->len);
		waiting_drop(&d->up);
	}
	return true;
}

void dgram_take_up(struct sock *s, const void *except, size_t len)
{
	struct batch *b = batch_get(false);
	ssize_t n;

	while (b && (n = recv(s->pair, b->data[0], BATCH_MESSAGE, MSG_DONTWAIT)) >= 0)
		if ((size_t)n != len || memcmp(b->data[0], except, len))
			waiting_add(&s->dgram->up, b->data[0], (size_t)n, NULL);
}

void dgram_drain_up(struct sock *s)
{
	if (s->pair < 0 || !dgram_retry_up(s))
		return;
	for (int turn = 0; turn < TURNS; turn++) {
		struct batch *b = batch_get(false);
		unsigned int i, n;
		int got;

		if (!b)
			return;
		got = recvmmsg(s->pair, b->msg, BATCH, MSG_DONTWAIT, NULL);
		if (got <= 0)
			return;
		n = (unsigned int)got;
		if (!b->msg[n - 1].msg_len && dgram_at_end(s))
			while (n && !b->msg[n - 1].msg_len)
				n--;
		batch_turn(b, n);
		for (i = dgram_send_up(s, b, 0, n); i < n; i++)
			waiting_add(&s->dgram->up, b->data[i], b->msg[i].msg_len, NULL);
		if (s->dgram->up || n < (unsigned int)got)
			return;
	}
	pump_watch_host(s, EPOLLIN | EPOLLOUT); /* others first: the event comes again */
}

static void dgram_host_event(struct sock *s, uint32_t events)
{
	dgram_drain_up(s);
	if (events & EPOLLHUP) {
		if (!s->rd_shut || s->closed) {
			sock_destroy(s);
			return;
		}
		pump_suspect(s);
	}
	if (s->dgram->down)
		dgram_pull(s);
	sock_put(s);
}

/* Messages are left in the stack's socket, for which the pair has no room: show what is new. */
static void dgram_look_early(struct sock *s)
{
	int err = sock_stack_error(s);

	if (err) {
		dgram_report(s, err);
	} else if (!s->dgram->shown && dgram_has_queue(s)) {
		dgram_queue_shown(s);
		mark_set(s);
	}
}

static void dgram_stack_event(struct sock *s, uint32_t events)
{
	bool error = events & EPOLLERR && s->watch >= 0;

	s->dgram->look |= error;
	dgram_pull(s);
	if (error && s->dgram->look)
		dgram_look_early(s);
	if (s->dgram->up)
		dgram_drain_up(s);
	park_retry(s);
	sock_put(s);
}

const struct sock_ops dgram_ops = {
	.host_event = dgram_host_event,
	.stack_event = dgram_stack_event,
	.swept = sock_destroy,
	.destroy = dgram_destroy,
};
