// SPDX-License-Identifier: GPL-2.0-only
/*
 * netlink.c - build, send and receive netlink messages, see netlink.h.
 *
 * Theory of operation
 *
 * A request is built in place in nl->req (lib/nlbuf.h): that it fits is checked
 * once, when it is sent. Each request asks for an acknowledgement or a dump, so each ends with
 * NLMSG_ERROR or NLMSG_DONE; messages of another sequence number (of an
 * earlier request that was given up) are skipped. What comes back is checked
 * against the bytes received at every step.
 *
 * With NETLINK_EXT_ACK the kernel says in words what it did not like;
 * the text is kept in nl->ext for the error line.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/rawsys.h"
#include "netconf/netlink.h"
#include "netconf/wgkey.h"

#define CALL(nl, nr, ...) nl_call6((nl)->call, (nr), NL_PAD(__VA_ARGS__, 0, 0, 0, 0, 0))
#define NL_PAD(a, b, c, d, e, f, ...)                                            \
	(const long[6])                                                          \
	{                                                                        \
		(long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f) \
	}

static long nl_call6(nl_call_fn *call, long nr, const long *args)
{
	return call(nr, args);
}

long netlink_host_call(long nr, const long args[6])
{
	return rawsys6(nr, args[0], args[1], args[2], args[3], args[4], args[5]);
}

static void netlink_free(struct nl *nl)
{
	if (nl->secret)
		wgkey_free(nl, sizeof(*nl));
	else
		free(nl);
}

static struct nl *netlink_open(nl_call_fn *call, int protocol, bool secret, int *err)
{
	struct sockaddr_nl self = {.nl_family = AF_NETLINK};
	struct nl *nl = secret ? wgkey_alloc(sizeof(*nl)) : calloc(1, sizeof(*nl));
	int one = 1;

	if (!nl) {
		*err = -ENOMEM;
		return NULL;
	}
	nl->secret = secret;
	nl->call = call;
	nl->fd = (int)CALL(nl, SYS_socket, AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (nl->fd < 0) {
		*err = nl->fd;
		goto out_free;
	}
	*err = (int)CALL(nl, SYS_bind, nl->fd, &self, sizeof(self));
	if (*err)
		goto out_close;
	CALL(nl, SYS_setsockopt, nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	/* Dumps are then filtered by the kernel; one before 4.20 gives all. */
	CALL(nl, SYS_setsockopt, nl->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
	return nl;

out_close:
	CALL(nl, SYS_close, nl->fd);
out_free:
	netlink_free(nl);
	return NULL;
}

struct nl *nl_open(nl_call_fn *call, int protocol, int *err)
{
	return netlink_open(call, protocol, false, err);
}

struct nl *nl_open_secret(nl_call_fn *call, int protocol, int *err)
{
	return netlink_open(call, protocol, true, err);
}

void nl_close(struct nl *nl)
{
	if (!nl)
		return;
	CALL(nl, SYS_close, nl->fd);
	netlink_free(nl);
}

void nl_begin(struct nl *nl, uint16_t type, uint16_t flags, const void *header, size_t len)
{
	void *at;

	nl->buf = (struct nlbuf){.bytes = nl->req.bytes, .size = sizeof(nl->req)};
	nl->ext[0] = '\0';
	nlbuf_extend(&nl->buf, sizeof(struct nlmsghdr));
	nl->req.hdr.nlmsg_type = type;
	nl->req.hdr.nlmsg_flags = NLM_F_REQUEST | flags;
	at = nlbuf_extend(&nl->buf, len);
	if (at)
		memcpy(at, header, len);
}

void nl_put(struct nl *nl, uint16_t type, const void *data, size_t len)
{
	nlbuf_put(&nl->buf, type, data, len);
}

void nl_put_u8(struct nl *nl, uint16_t type, uint8_t value)
{
	nl_put(nl, type, &value, sizeof(value));
}

void nl_put_u16(struct nl *nl, uint16_t type, uint16_t value)
{
	nl_put(nl, type, &value, sizeof(value));
}

void nl_put_u32(struct nl *nl, uint16_t type, uint32_t value)
{
	nl_put(nl, type, &value, sizeof(value));
}

void nl_put_string(struct nl *nl, uint16_t type, const char *value)
{
	nlbuf_put_string(&nl->buf, type, value);
}

size_t nl_nest(struct nl *nl, uint16_t type)
{
	return nlbuf_nest(&nl->buf, type);
}

void nl_nest_end(struct nl *nl, size_t nest)
{
	nlbuf_nest_end(&nl->buf, nest);
}

static int netlink_send(struct nl *nl)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	long r;

	if (nl->buf.full)
		return -EMSGSIZE;
	nl->req.hdr.nlmsg_len = (uint32_t)nl->buf.len;
	nl->req.hdr.nlmsg_seq = ++nl->seq;
	do {
		r = CALL(nl, SYS_sendto, nl->fd, nl->req.bytes, nl->buf.len, 0, &kernel,
			 sizeof(kernel));
	} while (r == -EINTR);
	if (r < 0)
		return (int)r;
	return r == (long)nl->buf.len ? 0 : -EIO;
}

/* The kernel's words behind an error: the original message comes first, or its header alone. */
static void keep_words(struct nl *nl, const struct nlmsghdr *m, const struct nlmsgerr *e)
{
	size_t skip = sizeof(*e);
	const struct nlattr *attrs[NLMSGERR_ATTR_MSG + 1];
	const char *text;
	size_t len;

	if (!(m->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(m->nlmsg_flags & NLM_F_CAPPED) && e->msg.nlmsg_len > sizeof(e->msg))
		skip += NLMSG_ALIGN(e->msg.nlmsg_len) - sizeof(e->msg);
	if (skip > m->nlmsg_len - NLMSG_HDRLEN)
		return;
	nl_attrs(m, skip, attrs, NLMSGERR_ATTR_MSG);
	text = nl_payload(attrs[NLMSGERR_ATTR_MSG], 1);
	if (!text)
		return;
	len = attrs[NLMSGERR_ATTR_MSG]->nla_len - NLA_HDRLEN;
	if (len >= sizeof(nl->ext))
		len = sizeof(nl->ext) - 1;
	memcpy(nl->ext, text, len);
	nl->ext[len] = '\0';
}

/*
 * One message of an answer. Return: 1 to go on, 0 finished, or -errno; what
 * @each says goes to @verdict.
 */
static int netlink_take(struct nl *nl, const struct nlmsghdr *m,
			int (*each)(const struct nlmsghdr *m, void *arg), void *arg, int *verdict)
{
	size_t len = m->nlmsg_len - NLMSG_HDRLEN;

	if (m->nlmsg_seq != nl->seq)
		return 1;
	if (m->nlmsg_flags & NLM_F_DUMP_INTR)
		*verdict = -EAGAIN;
	if (m->nlmsg_type == NLMSG_ERROR) {
		const struct nlmsgerr *e = NLMSG_DATA(m);

		if (len < sizeof(*e))
			return -EPROTO;
		keep_words(nl, m, e);
		return e->error;
	}
	if (m->nlmsg_type == NLMSG_DONE)
		return len >= sizeof(int) ? *(const int *)NLMSG_DATA(m) : 0;
	if (each && !*verdict)
		*verdict = each(m, arg);
	return 1;
}

static int netlink_transact(struct nl *nl, int (*each)(const struct nlmsghdr *m, void *arg),
			    void *arg)
{
	int verdict = 0;
	long r;
	int err;

	err = netlink_send(nl);
	if (err)
		return err;
	for (;;) {
		const struct nlmsghdr *m = &nl->reply.hdr;

		r = CALL(nl, SYS_recvfrom, nl->fd, nl->reply.bytes, sizeof(nl->reply), MSG_TRUNC);
		if (r == -EINTR)
			continue;
		if (r < 0)
			return (int)r;
		if ((size_t)r > sizeof(nl->reply))
			return -EMSGSIZE;
		while (r >= (long)NLMSG_HDRLEN) {
			if (m->nlmsg_len < NLMSG_HDRLEN || m->nlmsg_len > r)
				return -EPROTO;
			err = netlink_take(nl, m, each, arg, &verdict);
			if (err <= 0)
				return err ? err : verdict;
			r -= NLMSG_ALIGN(m->nlmsg_len);
			m = (const void *)((const uint8_t *)m + NLMSG_ALIGN(m->nlmsg_len));
		}
	}
}

int nl_talk(struct nl *nl)
{
	nl->req.hdr.nlmsg_flags |= NLM_F_ACK;
	return netlink_transact(nl, NULL, NULL);
}

int nl_dump(struct nl *nl, int (*each)(const struct nlmsghdr *m, void *arg), void *arg)
{
	return netlink_transact(nl, each, arg);
}

/* The attributes from @at up to @end. */
static void index_attrs(const uint8_t *at, const uint8_t *end, const struct nlattr **attrs,
			unsigned int max)
{
	memset(attrs, 0, (max + 1) * sizeof(*attrs));
	while (at < end && (size_t)(end - at) >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)at;
		unsigned int type = a->nla_type & NLA_TYPE_MASK;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > end - at)
			return;
		if (type <= max)
			attrs[type] = a;
		at += NLA_ALIGN(a->nla_len);
	}
}

void nl_attrs(const struct nlmsghdr *m, size_t header, const struct nlattr **attrs,
	      unsigned int max)
{
	const uint8_t *at = (const uint8_t *)m;

	index_attrs(at + NLMSG_HDRLEN + NLMSG_ALIGN(header), at + m->nlmsg_len, attrs, max);
}

void nl_nested(const struct nlattr *a, const struct nlattr **attrs, unsigned int max)
{
	const uint8_t *at = (const uint8_t *)a;

	index_attrs(at ? at + NLA_HDRLEN : NULL, at ? at + a->nla_len : NULL, attrs, max);
}

const void *nl_payload(const struct nlattr *a, size_t len)
{
	if (!a || (size_t)(a->nla_len - NLA_HDRLEN) < len)
		return NULL;
	return (const uint8_t *)a + NLA_HDRLEN;
}

uint32_t nl_get_u32(const struct nlattr *a)
{
	const uint32_t *v = nl_payload(a, sizeof(*v));

	return v ? *v : 0;
}

static int family_id(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *attrs[CTRL_ATTR_FAMILY_ID + 1];
	const uint16_t *id;

	nl_attrs(m, GENL_HDRLEN, attrs, CTRL_ATTR_FAMILY_ID);
	id = nl_payload(attrs[CTRL_ATTR_FAMILY_ID], sizeof(*id));
	if (id)
		*(int *)arg = *id;
	return 0;
}

int nl_family(struct nl *nl, const char *name)
{
	struct genlmsghdr g = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	int id = -ENOENT;
	int err;

	nl_begin(nl, GENL_ID_CTRL, NLM_F_ACK, &g, sizeof(g));
	nl_put_string(nl, CTRL_ATTR_FAMILY_NAME, name);
	err = nl_dump(nl, family_id, &id);
	return err ? err : id;
}

struct netlink_group {
	const char *name;
	int id;
};

/* The groups of a family are an array: nests whose types count from 1. */
static int netlink_group_id(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *attrs[CTRL_ATTR_MAX + 1], *each[16], *one[CTRL_ATTR_MCAST_GRP_MAX + 1];
	struct netlink_group *g = arg;
	const char *name;

	nl_attrs(m, GENL_HDRLEN, attrs, CTRL_ATTR_MAX);
	nl_nested(attrs[CTRL_ATTR_MCAST_GROUPS], each, 15);
	for (unsigned int i = 0; i < 16; i++) {
		if (!each[i])
			continue;
		nl_nested(each[i], one, CTRL_ATTR_MCAST_GRP_MAX);
		name = nl_payload(one[CTRL_ATTR_MCAST_GRP_NAME], strlen(g->name) + 1);
		if (name && !memcmp(name, g->name, strlen(g->name) + 1))
			g->id = (int)nl_get_u32(one[CTRL_ATTR_MCAST_GRP_ID]);
	}
	return 0;
}

int nl_group(struct nl *nl, const char *name, const char *group)
{
	struct genlmsghdr h = {.cmd = CTRL_CMD_GETFAMILY, .version = 1};
	struct netlink_group g = {group, -ENOENT};
	int err;

	nl_begin(nl, GENL_ID_CTRL, NLM_F_ACK, &h, sizeof(h));
	nl_put_string(nl, CTRL_ATTR_FAMILY_NAME, name);
	err = nl_dump(nl, netlink_group_id, &g);
	return err ? err : g.id;
}
