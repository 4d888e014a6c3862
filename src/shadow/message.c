// SPDX-License-Identifier: GPL-2.0-only
/*
 * message.c - messages of a caller, brought here. See message.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "shadow/call.h"
#include "shadow/message.h"

__thread struct message *message;

bool message_ready(void)
{
	if (!message)
		message = malloc(sizeof(*message));
	return message;
}

static int message_sum(struct message *m)
{
	m->capacity = 0;
	for (size_t i = 0; i < m->hdr.msg_iovlen; i++) {
		if ((ssize_t)m->iov[i].iov_len < 0)
			return -EINVAL;
		m->capacity += m->iov[i].iov_len;
	}
	return 0;
}

/* The struct msghdr at @at of the caller. */
int message_fetch(struct call *c, struct message *m, uint64_t at)
{
	m->at = at;
	if (call_read(c, at, &m->hdr, sizeof(m->hdr)))
		return -EFAULT;
	if (m->hdr.msg_iovlen > MESSAGE_IOV)
		return -EMSGSIZE;
	if (call_read(c, (uintptr_t)m->hdr.msg_iov, m->iov,
		      m->hdr.msg_iovlen * sizeof(struct iovec)))
		return -EFAULT;
	return message_sum(m);
}

/* sendto() and recvfrom() in the same form. */
int message_fetch_plain(struct call *c, struct message *m)
{
	memset(&m->hdr, 0, sizeof(m->hdr));
	m->at = 0;
	m->hdr.msg_iovlen = 1;
	m->iov[0].iov_base = (void *)(uintptr_t)c->args[1];
	m->iov[0].iov_len = c->args[2];
	m->hdr.msg_name = (void *)(uintptr_t)c->args[4];
	m->hdr.msg_namelen = (socklen_t)c->args[5]; /* recvfrom(): a pointer, not looked at */
	return message_sum(m);
}

/* The name and the ancillary data of @m, brought here into @msg. */
int message_fetch_header(struct call *c, struct message *m, struct sockaddr_storage *name,
			 struct msghdr *msg)
{
	int err;

	if (m->hdr.msg_name) {
		err = call_read_addr(c, (uintptr_t)m->hdr.msg_name, m->hdr.msg_namelen, name);
		if (err)
			return err;
		msg->msg_name = name;
		msg->msg_namelen = m->hdr.msg_namelen;
	}
	if (m->hdr.msg_controllen) {
		if (m->hdr.msg_controllen > sizeof(m->control))
			return -ENOBUFS;
		if (call_read(c, (uintptr_t)m->hdr.msg_control, m->control, m->hdr.msg_controllen))
			return -EFAULT;
		msg->msg_control = m->control;
		msg->msg_controllen = m->hdr.msg_controllen;
	}
	return 0;
}

/* The bytes of @m, brought here into m->data. */
int message_fetch_data(struct call *c, struct message *m, struct iovec *iov)
{
	ssize_t n;

	if (m->capacity > sizeof(m->data))
		return -EMSGSIZE;
	n = call_readv(c, m->iov, m->hdr.msg_iovlen, m->data, m->capacity);
	if (n < 0 || (size_t)n < m->capacity)
		return -EFAULT;
	iov->iov_len = m->capacity;
	return 0;
}

uint64_t message_at(const struct call *c, unsigned int i)
{
	return c->args[1] + i * sizeof(struct mmsghdr);
}

/* The length of message @i of the vector, as the kernel leaves it there. */
int message_give_len(struct call *c, unsigned int i, long len)
{
	unsigned int n = (unsigned int)len;

	return call_write(c, message_at(c, i) + offsetof(struct mmsghdr, msg_len), &n, sizeof(n));
}

unsigned int message_count(const struct call *c)
{
	unsigned int n = (unsigned int)c->args[2];

	return n < MESSAGE_MANY ? n : MESSAGE_MANY;
}
