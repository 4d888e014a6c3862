// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shadow_message.c - messages that programs send and receive with addresses and ancillary
 * data: what the supervisor makes of sendto(), sendmsg(), sendmmsg() and their counterparts.
 *
 * What can be compared is: the same script runs on a socket of the host's and on one of the
 * stack's, whose messages go through the pair.
 */
#include "served.h"
#include "sockets/route.h"
#include <netinet/ip.h>
#include <netinet/udp.h>
#include "shadow/dgram.h"

#define UDP_MOST 65507

/* The stand-in's loopback is the stack's: nothing moves away from it. */
static int begin(void **state)
{
	int err = served_begin(false, NULL);

	route_isolate(true);
	return err;
}

/* Where things stand in the room. */
#define AT_MSG	   65536 /* an array of struct mmsghdr */
#define AT_IOV	   131072
#define AT_NAMES   196608 /* struct sockaddr_in each */
#define AT_CONTROL 200704 /* CONTROL bytes each */
#define AT_DATA	   262144
#define CONTROL	   512
#define MSGS	   8

static unsigned char *data(size_t at)
{
	return stage->room + AT_DATA + at;
}

static struct sockaddr_in *name(unsigned int i)
{
	return (struct sockaddr_in *)(stage->room + AT_NAMES) + i;
}

static unsigned char *control(unsigned int i)
{
	return stage->room + AT_CONTROL + i * CONTROL;
}

/* Message @i of the room: @len bytes at data(@at), in one piece; no name, no control. */
static struct mmsghdr *message(unsigned int i, size_t at, size_t len)
{
	struct mmsghdr *m = (struct mmsghdr *)(stage->room + AT_MSG) + i;
	struct iovec *iov = (struct iovec *)(stage->room + AT_IOV) + i;

	*iov = (struct iovec){data(at), len};
	*m = (struct mmsghdr){.msg_hdr = {.msg_iov = iov, .msg_iovlen = 1}};
	return m;
}

static void with_name(struct mmsghdr *m, unsigned int i, const struct sockaddr_in *to)
{
	*name(i) = to ? *to : (struct sockaddr_in){0};
	m->msg_hdr.msg_name = name(i);
	m->msg_hdr.msg_namelen = sizeof(*to);
}

/**
 * struct side - a UDP socket of @p (NULL: of the test's, on the host) and its peer
 * @at:	  where it is bound
 * @back: where @peer is
 */
struct side {
	struct puppet *p;
	long fd;
	int peer;
	struct sockaddr_in at, back;
};

static void side_make(struct side *s, struct puppet *p)
{
	s->p = p;
	s->fd = act(p, SYS_socket, AF_INET, SOCK_DGRAM, 0);
	assert_true(s->fd >= 0);
	s->at = (struct sockaddr_in){.sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	s->at.sin_port = act_bind(p, s->fd);
	s->peer = host_socket(SOCK_DGRAM, &s->back);
}

static void side_close(struct side *s)
{
	act_close(s->p, s->fd);
	close(s->peer);
}

static void peer_sends(struct side *s, const void *what, size_t len)
{
	assert_int_equal(sendto(s->peer, what, len, 0, (struct sockaddr *)&s->at, sizeof(s->at)),
			 len);
}

/* What the peer has got: "LENGTH:FIRST" for each message, in @text. */
static void peer_log(struct side *s, char *text, size_t room)
{
	static unsigned char got[DGRAM_MAX];
	size_t used = strlen(text);

	for (;;) {
		ssize_t n = recv(s->peer, got, sizeof(got), MSG_DONTWAIT);

		if (n < 0)
			return;
		used += (size_t)snprintf(text + used, room - used, "%zd:%.*s ", n,
					 n > 8 ? 8 : (int)n, got);
	}
}

/* A script: results are appended to a text, which is compared. */
struct log {
	char text[32768];
};

static void note(struct log *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct log *l, const char *fmt, ...)
{
	size_t used = strlen(l->text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(l->text + used, sizeof(l->text) - used, fmt, ap);
	va_end(ap);
}

static void compare(void (*script)(struct side *s, struct log *l))
{
	static struct log here, there;
	struct side s;

	for (int i = 0; i < 2; i++) {
		struct log *l = i ? &there : &here;

		memset(stage->room, 0, sizeof(stage->room));
		*l = (struct log){0};
		side_make(&s, i ? &puppet[0] : NULL);
		script(&s, l);
		side_close(&s);
	}
	assert_string_equal(here.text, there.text);
	assert_true(strlen(here.text) > 8);
}

static void script_send(struct side *s, struct log *l)
{
	const void *bad = (void *)8;
	struct mmsghdr *m;
	struct iovec *iov;

	memcpy(data(0), "abcdefghijklmnopqrstuvwxyz", 26);
	/* sendto() */
	with_name(message(0, 0, 0), 0, &s->back);
	note(l, "%ld ", act(s->p, SYS_sendto, s->fd, data(0), 3, 0, name(0), 16));
	note(l, "%ld ", act(s->p, SYS_sendto, s->fd, data(0), 0, 0, name(0), 16));
	note(l, "%ld ", act(s->p, SYS_sendto, s->fd, data(0), UDP_MOST, 0, name(0), 16));
	note(l, "%ld ", act(s->p, SYS_sendto, s->fd, data(0), UDP_MOST + 1, 0, name(0), 16));
	note(l, "%ld ", act(s->p, SYS_sendto, s->fd, data(0), 3, 0, name(0), 3));
	note(l, "%ld ", act(s->p, SYS_sendto, s->fd, data(0), 3, 0, name(0), 1000));
	note(l, "%ld ", act(s->p, SYS_sendto, s->fd, data(0), 3, 0, bad, 16));
	note(l, "%ld ", act(s->p, SYS_sendto, s->fd, bad, 3, 0, name(0), 16));
	note(l, "%ld ", act(s->p, SYS_sendto, s->fd, data(0), 3, MSG_OOB, name(0), 16));
	note(l, "\n");
	peer_log(s, l->text, sizeof(l->text));
	/* sendmsg(): pieces */
	m = message(0, 0, 0);
	with_name(m, 0, &s->back);
	iov = (struct iovec *)(stage->room + AT_IOV);
	iov[0] = (struct iovec){data(0), 4};
	iov[1] = (struct iovec){NULL, 0};
	iov[2] = (struct iovec){data(20), 3};
	m->msg_hdr.msg_iovlen = 3;
	note(l, "\n%ld ", act(s->p, SYS_sendmsg, s->fd, &m->msg_hdr, 0));
	iov[1] = (struct iovec){(void *)8, 2};
	note(l, "%ld ", act(s->p, SYS_sendmsg, s->fd, &m->msg_hdr, 0));
	iov[1] = (struct iovec){data(0), (size_t)-1};
	note(l, "%ld ", act(s->p, SYS_sendmsg, s->fd, &m->msg_hdr, 0));
	for (int i = 0; i < 1025; i++)
		iov[i] = (struct iovec){data(i % 26), 1};
	m->msg_hdr.msg_iovlen = 1024;
	note(l, "%ld ", act(s->p, SYS_sendmsg, s->fd, &m->msg_hdr, 0));
	m->msg_hdr.msg_iovlen = 1025;
	note(l, "%ld ", act(s->p, SYS_sendmsg, s->fd, &m->msg_hdr, 0));
	m->msg_hdr.msg_iovlen = 1;
	m->msg_hdr.msg_iov = (void *)8;
	note(l, "%ld ", act(s->p, SYS_sendmsg, s->fd, &m->msg_hdr, 0));
	note(l, "%ld\n", act(s->p, SYS_sendmsg, s->fd, bad, 0));
	peer_log(s, l->text, sizeof(l->text));
}

static void test_send(void **state)
{
	NEED_PUPPETS();
	compare(script_send);
}

static struct cmsghdr *put_int(void *to, int level, int type, int value)
{
	struct cmsghdr *c = to;

	*c = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(value)), .cmsg_level = level, .cmsg_type = type};
	memcpy(CMSG_DATA(c), &value, sizeof(value));
	return c;
}

/* Ancillary data reach the stack: the time to live is what the peer sees. */
static void script_send_control(struct side *s, struct log *l)
{
	static const struct {
		size_t len;
		int ttl;
	} cases[] = {
		{CMSG_SPACE(4), 7}, {CMSG_LEN(4), 8}, {CMSG_SPACE(4), 999}, {4, 9}, {0, 10},
	};
	int on = 1;

	setsockopt(s->peer, IPPROTO_IP, IP_RECVTTL, &on, sizeof(on));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned char room[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
		char byte;
		struct iovec iov = {&byte, 1};
		struct msghdr got = {.msg_iov = &iov,
				     .msg_iovlen = 1,
				     .msg_control = room,
				     .msg_controllen = sizeof(room)};
		struct mmsghdr *m = message(0, 0, 1);
		struct cmsghdr *c;
		int ttl = -1;

		with_name(m, 0, &s->back);
		put_int(control(0), IPPROTO_IP, IP_TTL, cases[i].ttl);
		m->msg_hdr.msg_control = control(0);
		m->msg_hdr.msg_controllen = cases[i].len;
		note(l, "%ld ", act(s->p, SYS_sendmsg, s->fd, &m->msg_hdr, 0));
		if (recvmsg(s->peer, &got, MSG_DONTWAIT) == 1) {
			c = CMSG_FIRSTHDR(&got);
			if (!c)
				fail_msg("no ancillary data");
			else
				memcpy(&ttl, CMSG_DATA(c), sizeof(ttl));
		}
		note(l, "ttl %d\n", ttl);
		m->msg_hdr.msg_control = (void *)8;
		if (cases[i].len >= CMSG_LEN(4))
			note(l, "%ld\n", act(s->p, SYS_sendmsg, s->fd, &m->msg_hdr, 0));
	}
}

static void test_send_control(void **state)
{
	NEED_PUPPETS();
	compare(script_send_control);
}

static void script_send_many(struct side *s, struct log *l)
{
	struct mmsghdr *m;

	memcpy(data(0), "0123456789", 10);
	for (unsigned int i = 0; i < 5; i++)
		with_name(message(i, i, 1 + i), i, &s->back);
	m = message(0, 0, 1);
	with_name(m, 0, &s->back);
	note(l, "%ld ", act(s->p, SYS_sendmmsg, s->fd, m, 5, 0));
	for (int i = 0; i < 5; i++)
		note(l, "%u ", m[i].msg_len);
	peer_log(s, l->text, sizeof(l->text));
	note(l, "\n%ld ", act(s->p, SYS_sendmmsg, s->fd, m, 0, 0));
	/* One in the middle cannot be sent: those before it count. */
	for (unsigned int wrong = 0; wrong < 3; wrong++) {
		for (unsigned int i = 0; i < 5; i++)
			with_name(message(i, i, 1 + i), i, &s->back);
		m[wrong].msg_hdr.msg_iov->iov_base = (void *)8;
		note(l, "\n%ld ", act(s->p, SYS_sendmmsg, s->fd, m, 5, 0));
		peer_log(s, l->text, sizeof(l->text));
		with_name(message(wrong, wrong, 1), wrong, &s->back);
		m[wrong].msg_hdr.msg_name = (void *)8;
		note(l, "\n%ld ", act(s->p, SYS_sendmmsg, s->fd, m, 5, 0));
		peer_log(s, l->text, sizeof(l->text));
	}
	note(l, "\n%ld ", act(s->p, SYS_sendmmsg, s->fd, 8, 5, 0));
}

static void test_send_many(void **state)
{
	NEED_PUPPETS();
	compare(script_send_many);
}

/* Plain writes and sends with an address keep their order. */
static void test_send_order(void **state)
{
	char text[4096] = "", expected[4096] = "";
	struct side s;

	NEED_PUPPETS();
	side_make(&s, &puppet[0]);
	with_name(message(0, 0, 1), 0, &s.back);
	assert_int_equal(act(s.p, SYS_connect, s.fd, name(0), 16), 0);
	for (int i = 0; i < 60; i++) {
		snprintf((char *)data(0), 16, "%06d", i);
		snprintf(expected + strlen(expected), 16, "6:%06d ", i);
		if (i % 3)
			assert_int_equal(act(s.p, SYS_write, s.fd, data(0), 6), 6);
		else
			assert_int_equal(act(s.p, SYS_sendto, s.fd, data(0), 6, 0, name(0), 16), 6);
	}
	UNTIL((peer_log(&s, text, sizeof(text)), strlen(text) >= strlen(expected)));
	assert_string_equal(text, expected);
	side_close(&s);
}

/* Ancillary data of @used bytes, without the padding between, and what is left of their room. */
static void note_control(struct log *l, const unsigned char *ctl, size_t used, size_t room)
{
	size_t at = 0, len;

	for (; at + sizeof(struct cmsghdr) <= used; at += CMSG_ALIGN(len)) {
		memcpy(&len, ctl + at, sizeof(len));
		for (size_t i = 0; i < len && at + i < used; i++)
			note(l, "%02x", ctl[at + i]);
		note(l, " ");
		if (!len)
			return;
	}
	for (at = used; at < room && at < CONTROL; at++)
		note(l, "%02x", ctl[at]);
}

/* Receive into message 0 of the room, and note all that came back. */
static void note_recvmsg(struct side *s, struct log *l, struct mmsghdr *m, int flags)
{
	size_t room = m->msg_hdr.msg_iov->iov_len, room_for_control = m->msg_hdr.msg_controllen;
	long n;

	memset(data(0), '-', 64);
	n = act(s->p, SYS_recvmsg, s->fd, &m->msg_hdr, flags);
	note(l, "%ld '%.*s' flags %#x", n, room < 32 ? (int)room : 32, data(0),
	     (unsigned int)m->msg_hdr.msg_flags);
	if (m->msg_hdr.msg_name)
		note(l, " name %u:%d", m->msg_hdr.msg_namelen,
		     name(0)->sin_port == s->back.sin_port);
	note(l, " control %zu:", m->msg_hdr.msg_controllen);
	note_control(l, control(0), m->msg_hdr.msg_controllen, room_for_control);
	note(l, "\n");
}

static void script_receive(struct side *s, struct log *l)
{
	static const int rooms[] = {0, 1, 5, 6, 40};
	static const int flags[] = {0, MSG_TRUNC, MSG_PEEK, MSG_PEEK | MSG_TRUNC};
	struct mmsghdr *m;

	for (size_t i = 0; i < ARRAY_SIZE(rooms) * ARRAY_SIZE(flags); i++) {
		int flag = flags[i / ARRAY_SIZE(rooms)];

		peer_sends(s, "letter", 6);
		m = message(0, 0, (size_t)rooms[i % ARRAY_SIZE(rooms)]);
		with_name(m, 0, NULL);
		note_recvmsg(s, l, m, flag);
		if (flag & MSG_PEEK)
			note_recvmsg(s, l, m, 0);
	}
	/* An empty one, and one that comes into three pieces. */
	peer_sends(s, "", 0);
	with_name(m, 0, NULL);
	note_recvmsg(s, l, m, 0);
	peer_sends(s, "letter", 6);
	m->msg_hdr.msg_iovlen = 3;
	m->msg_hdr.msg_iov[0].iov_len = 1;
	m->msg_hdr.msg_iov[1] = (struct iovec){data(40), 2};
	m->msg_hdr.msg_iov[2] = (struct iovec){data(50), 2};
	note_recvmsg(s, l, m, 0);
	note(l, "%.2s%.2s\n", data(40), data(50));
	/* The name is cut, its length is not. */
	for (socklen_t len = 0; len <= 20; len += 4) {
		peer_sends(s, "x", 1);
		m = message(0, 0, 4);
		with_name(m, 0, NULL);
		memset(name(0), 0x77, 16);
		m->msg_hdr.msg_namelen = len;
		note_recvmsg(s, l, m, 0);
		note(l, "%d ", ((unsigned char *)name(0))[len < 16 ? len : 15]);
	}
	/* Nothing there. */
	m = message(0, 0, 4);
	note(l, "%ld ", act(s->p, SYS_recvmsg, s->fd, &m->msg_hdr, MSG_DONTWAIT));
	note(l, "%ld ", act(s->p, SYS_recvfrom, s->fd, data(0), 4, MSG_DONTWAIT, name(0), 8));
	/* Bad pointers. */
	peer_sends(s, "x", 1);
	note(l, "%ld ", act(s->p, SYS_recvmsg, s->fd, 8, 0));
	m->msg_hdr.msg_iovlen = 1025;
	note(l, "%ld ", act(s->p, SYS_recvmsg, s->fd, &m->msg_hdr, 0));
	m->msg_hdr.msg_iovlen = 1;
	m->msg_hdr.msg_iov = (void *)8;
	note(l, "%ld ", act(s->p, SYS_recvmsg, s->fd, &m->msg_hdr, 0));
	m = message(0, 0, 4);
	m->msg_hdr.msg_iov->iov_base = (void *)8;
	note(l, "%ld ", act(s->p, SYS_recvmsg, s->fd, &m->msg_hdr, MSG_PEEK));
}

static void test_receive(void **state)
{
	NEED_PUPPETS();
	compare(script_receive);
}

/* Ancillary data in each room: whole messages, the last one cut, as the kernel does. */
static void script_receive_control(struct side *s, struct log *l)
{
	static const int options[] = {IP_RECVTTL, IP_PKTINFO, IP_RECVTOS};

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		note(l, "%ld ", act_setsockopt(s->p, s->fd, IPPROTO_IP, options[i], 1));
	for (size_t room = 0; room <= 112; room += room < 80 ? 1 : 8) {
		struct mmsghdr *m = message(0, 0, 4);

		peer_sends(s, "x", 1);
		memset(control(0), 0xee, CONTROL);
		m->msg_hdr.msg_control = control(0);
		m->msg_hdr.msg_controllen = room;
		note_recvmsg(s, l, m, 0);
		if (strlen(l->text) > sizeof(l->text) - 600)
			break;
	}
}

static void test_receive_control(void **state)
{
	NEED_PUPPETS();
	compare(script_receive_control);
}

static void script_receive_from(struct side *s, struct log *l)
{
	socklen_t *len = (socklen_t *)control(0);

	for (socklen_t room = 0; room <= 24; room += 8) {
		peer_sends(s, "letter", 6);
		*len = room;
		memset(name(0), 0x77, 32);
		note(l, "%ld ", act(s->p, SYS_recvfrom, s->fd, data(0), 4, 0, name(0), len));
		note(l, "%.4s %u %d\n", data(0), *len,
		     room == 24 ? name(0)->sin_port == s->back.sin_port
				: ((unsigned char *)name(0))[room]);
	}
	peer_sends(s, "letter", 6);
	*len = 16;
	note(l, "%ld ", act(s->p, SYS_recvfrom, s->fd, data(0), 4, MSG_TRUNC, name(0), len));
}

static void test_receive_from(void **state)
{
	NEED_PUPPETS();
	compare(script_receive_from);
}

static void script_receive_many(struct side *s, struct log *l)
{
	struct timespec *t = (struct timespec *)control(1);
	struct mmsghdr *m = message(0, 0, 0);

	for (int i = 0; i < 5; i++)
		peer_sends(s, "abcdefgh", (size_t)i + 2);
	for (unsigned int i = 0; i < MSGS; i++)
		with_name(message(i, i * 16, 4), i, NULL);
	note(l, "%ld ", act(s->p, SYS_recvmmsg, s->fd, m, 3, 0, 0));
	for (int i = 0; i < 5; i++)
		note(l, "%u:%#x:%u ", m[i].msg_len, (unsigned int)m[i].msg_hdr.msg_flags,
		     m[i].msg_hdr.msg_namelen);
	note(l, "%ld ", act(s->p, SYS_recvmmsg, s->fd, m, MSGS, MSG_DONTWAIT | MSG_TRUNC, 0));
	for (int i = 0; i < 2; i++)
		note(l, "%u:%#x:%u ", m[i].msg_len, (unsigned int)m[i].msg_hdr.msg_flags,
		     m[i].msg_hdr.msg_namelen);
	note(l, "%ld ", act(s->p, SYS_recvmmsg, s->fd, m, MSGS, MSG_DONTWAIT, 0));
	*t = (struct timespec){0, 1000000000};
	note(l, "%ld ", act(s->p, SYS_recvmmsg, s->fd, m, MSGS, 0, t));
	note(l, "%ld ", act(s->p, SYS_recvmmsg, s->fd, m, MSGS, 0, 8));
	peer_sends(s, "x", 1);
	note(l, "%ld ", act(s->p, SYS_recvmmsg, s->fd, 8, 1, 0, 0));
	m = message(0, 0, 4);
	note(l, "%ld ", act(s->p, SYS_recvmmsg, s->fd, m, 1, MSG_PEEK, 0));
	note(l, "%ld ", act(s->p, SYS_recvmmsg, s->fd, m, MSGS, MSG_WAITFORONE, 0));
	note(l, "%ld ", act(s->p, SYS_recvmmsg, s->fd, m, MSGS, MSG_DONTWAIT, 0));
}

static void test_receive_many(void **state)
{
	NEED_PUPPETS();
	compare(script_receive_many);
}

/* A call that waits is answered when the message comes, by each of its names. */
static void test_waits(void **state)
{
	struct mmsghdr *m;
	struct timeval *t;
	uint64_t start;
	struct side s;

	NEED_PUPPETS();
	side_make(&s, &puppet[0]);
	for (int i = 0; i < 3; i++) {
		m = message(0, 0, 16);
		with_name(m, 0, NULL);
		*(socklen_t *)control(0) = 16;
		if (i == 0)
			puppet_start(s.p, SYS_recvmsg, s.fd, &m->msg_hdr, 0);
		else if (i == 1)
			puppet_start(s.p, SYS_recvfrom, s.fd, data(0), 16, 0, name(0), control(0));
		else
			puppet_start(s.p, SYS_recvmmsg, s.fd, m, 1, 0, 0);
		assert_true(puppet_waits(s.p));
		peer_sends(&s, "at last", 7);
		assert_int_equal(puppet_result(s.p), i == 2 ? 1 : 7);
		assert_memory_equal(data(0), "at last", 7);
		assert_int_equal(name(0)->sin_port, s.back.sin_port);
		assert_true(i < 2 || m->msg_len == 7);
	}
	t = (struct timeval *)control(0);
	*t = (struct timeval){.tv_usec = 30000};
	assert_int_equal(act(s.p, SYS_setsockopt, s.fd, SOL_SOCKET, SO_RCVTIMEO, t, sizeof(*t)), 0);
	start = now_ms();
	assert_int_equal(act(s.p, SYS_recvmsg, s.fd, &m->msg_hdr, 0), -EAGAIN);
	assert_in_range(now_ms() - start + 1, 30, PATIENCE_MS);
	side_close(&s);
}

/* An error of the peer's host is the next call's, once. */
static void test_error(void **state)
{
	struct sockaddr_in closed;
	int refusing = host_refusing(&closed), error;
	struct side s;

	NEED_PUPPETS();
	side_make(&s, &puppet[0]);
	with_name(message(0, 0, 1), 0, &closed);
	assert_int_equal(act(s.p, SYS_connect, s.fd, name(0), 16), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(act(s.p, SYS_sendto, s.fd, data(0), 1, 0, name(0), 16), 1);
		if (i == 0) {
			*(socklen_t *)control(0) = 16;
			assert_int_equal(
				act(s.p, SYS_recvfrom, s.fd, data(0), 4, 0, name(1), control(0)),
				-ECONNREFUSED);
			continue;
		}
		assert_true(act_poll(s.p, s.fd, 0, PATIENCE_MS) & POLLERR);
		if (i == 1) {
			assert_int_equal(act(s.p, SYS_sendto, s.fd, data(0), 1, 0, name(0), 16),
					 -ECONNREFUSED);
		} else {
			assert_int_equal(act_getsockopt(s.p, s.fd, SOL_SOCKET, SO_ERROR, &error),
					 0);
			assert_int_equal(error, ECONNREFUSED);
		}
		assert_int_equal(act_getsockopt(s.p, s.fd, SOL_SOCKET, SO_ERROR, &error), 0);
		assert_int_equal(error, 0);
		*(socklen_t *)control(0) = 16;
		assert_int_equal(
			act(s.p, SYS_recvfrom, s.fd, data(0), 4, MSG_DONTWAIT, name(1), control(0)),
			-EAGAIN);
	}
	side_close(&s);
	close(refusing);
}

/* On TCP an address means nothing, and a length may be asked for alone. */
static void test_stream(void **state)
{
	struct puppet *p = &puppet[0];
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	long listener, fd;
	int peer, one = 1;

	NEED_PUPPETS();
	listener = act(p, SYS_socket, AF_INET, SOCK_STREAM, 0);
	at.sin_port = act_bind(p, listener);
	assert_int_equal(act(p, SYS_listen, listener, 8), 0);
	peer = host_connect(SOCK_STREAM, &at);
	setsockopt(peer, SOL_SOCKET, SO_OOBINLINE, &one, sizeof(one));
	fd = act(p, SYS_accept, listener, 0, 0);
	assert_true(fd >= 0);
	memcpy(data(0), "stream", 6);
	with_name(message(0, 0, 6), 0, &at);
	assert_int_equal(act(p, SYS_sendto, fd, data(0), 6, 0, name(0), 16), 6);
	assert_reads(peer, "stream");
	/* Urgent: behind what was written, and marked. */
	act_write(p, fd, "before");
	assert_int_equal(act(p, SYS_sendto, fd, data(0), 1, MSG_OOB, 0, 0), 1);
	assert_true(ready(peer, POLLPRI) & POLLPRI);
	assert_reads(peer, "befores");
	/* Thrown away unread, with its length told. */
	write_text(peer, "0123456789");
	assert_true(act_poll(p, fd, POLLIN, PATIENCE_MS) & POLLIN);
	assert_int_equal(act(p, SYS_recvfrom, fd, 0, 4, MSG_TRUNC, 0, 0), 4);
	act_reads(p, fd, "456789");
	assert_int_equal(act(p, SYS_recvfrom, fd, data(0), 4, MSG_ERRQUEUE, 0, 0), -EAGAIN);
	/* The peer is gone. */
	close(peer);
	act_reads(p, fd, "");
	act_close(p, fd);
	act_close(p, listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_send),	     cmocka_unit_test(test_send_control),
		cmocka_unit_test(test_send_many),    cmocka_unit_test(test_send_order),
		cmocka_unit_test(test_receive),	     cmocka_unit_test(test_receive_control),
		cmocka_unit_test(test_receive_from), cmocka_unit_test(test_receive_many),
		cmocka_unit_test(test_waits),	     cmocka_unit_test(test_error),
		cmocka_unit_test(test_stream),
	};

	return cmocka_run_group_tests(tests, begin, served_end);
}
