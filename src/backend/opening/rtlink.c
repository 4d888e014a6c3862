// SPDX-License-Identifier: GPL-2.0-only
/*
 * rtlink.c - make, find and delete macvtap links by rtnetlink, see rtlink.h.
 *
 * Theory of operation
 *
 * A request is built in a local struct; attributes are appended, and a nest is
 * closed by writing its length. Every attribute used here is small and their
 * number fixed, so their capacity is known to suffice and is asserted by size alone.
 *
 * IPv6 must be kept off before the link comes up, or the host's kernel would
 * speak on it (duplicate address detection, router solicitations) with the
 * very link-local address that the stack inside makes from the same Ethernet
 * address. Flags are processed before address families, so it takes a request
 * of its own between making the link and setting it up.
 */
#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>
#include "backend/opening/rtlink.h"
#include "lib/rawsys.h"

#define REPLY_MAX 16384 /* more than a dump part of one link without its virtual functions */

struct request {
	struct nlmsghdr hdr;
	struct ifinfomsg link;
	char attrs[320];
};

/* Append an attribute; returned for rtlink_close_nest(). */
static struct rtattr *rtlink_put(struct request *r, unsigned short type, const void *data,
				 size_t len)
{
	struct rtattr *a = (void *)((char *)r + NLMSG_ALIGN(r->hdr.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	if (len)
		memcpy(RTA_DATA(a), data, len);
	r->hdr.nlmsg_len = NLMSG_ALIGN(r->hdr.nlmsg_len) + RTA_ALIGN(a->rta_len);
	return a;
}

static void rtlink_close_nest(struct request *r, struct rtattr *nest)
{
	nest->rta_len = (unsigned short)((char *)r + r->hdr.nlmsg_len - (char *)nest);
}

static void rtlink_begin(struct request *r, unsigned short type, unsigned short flags)
{
	memset(r, 0, sizeof(*r));
	r->hdr.nlmsg_len = NLMSG_LENGTH(sizeof(r->link));
	r->hdr.nlmsg_type = type;
	r->hdr.nlmsg_flags = NLM_F_REQUEST | flags;
}

static void rtlink_put_name(struct request *r, const char *name)
{
	rtlink_put(r, IFLA_IFNAME, name, strnlen(name, IF_NAMESIZE - 1) + 1);
}

/* Send; the socket with the answer to come, or -errno. */
static int rtlink_send(struct request *r)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	long sent;
	int fd;

	fd = raw_socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return fd;
	sent = RAWSYS(SYS_sendto, fd, r, r->hdr.nlmsg_len, 0, &kernel, sizeof(kernel));
	if (sent == (long)r->hdr.nlmsg_len)
		return fd;
	raw_close(fd);
	return sent < 0 ? (int)sent : -EIO;
}

static long rtlink_receive(int fd, void *buf, size_t size)
{
	long n;

	do {
		n = RAWSYS(SYS_recvfrom, fd, buf, size, 0, NULL, NULL);
	} while (n == -EINTR);
	return n;
}

static int rtlink_talk(struct request *r)
{
	struct {
		struct nlmsghdr hdr;
		struct nlmsgerr err;
		char rest[sizeof(struct request)];
	} reply;
	int fd;
	long n;

	r->hdr.nlmsg_flags |= NLM_F_ACK;
	fd = rtlink_send(r);
	if (fd < 0)
		return fd;
	n = rtlink_receive(fd, &reply, sizeof(reply));
	raw_close(fd);
	if (n < 0)
		return (int)n;
	if (n < (long)NLMSG_LENGTH(sizeof(reply.err)) || reply.hdr.nlmsg_type != NLMSG_ERROR)
		return -EPROTO;
	return reply.err.error;
}

int rtlink_add_macvtap(const char *name, int lower)
{
	const unsigned int mode = MACVLAN_MODE_BRIDGE;
	struct rtattr *info, *data;
	struct request r;

	rtlink_begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
	rtlink_put_name(&r, name);
	rtlink_put(&r, IFLA_LINK, &lower, sizeof(lower));
	info = rtlink_put(&r, IFLA_LINKINFO, NULL, 0);
	rtlink_put(&r, IFLA_INFO_KIND, "macvtap", strlen("macvtap"));
	data = rtlink_put(&r, IFLA_INFO_DATA, NULL, 0);
	rtlink_put(&r, IFLA_MACVLAN_MODE, &mode, sizeof(mode));
	rtlink_close_nest(&r, data);
	rtlink_close_nest(&r, info);
	return rtlink_talk(&r);
}

int rtlink_dress(const char *name, const char *alias)
{
	const unsigned char none = IN6_ADDR_GEN_MODE_NONE;
	struct rtattr *spec, *inet6;
	struct request r;
	int err;

	rtlink_begin(&r, RTM_SETLINK, 0);
	rtlink_put_name(&r, name);
	rtlink_put(&r, IFLA_IFALIAS, alias, strnlen(alias, RTLINK_ALIAS - 1));
	err = rtlink_talk(&r);
	if (err)
		return err;
	rtlink_begin(&r, RTM_SETLINK, 0);
	rtlink_put_name(&r, name);
	spec = rtlink_put(&r, IFLA_AF_SPEC, NULL, 0);
	inet6 = rtlink_put(&r, AF_INET6, NULL, 0);
	rtlink_put(&r, IFLA_INET6_ADDR_GEN_MODE, &none, sizeof(none));
	rtlink_close_nest(&r, inet6);
	rtlink_close_nest(&r, spec);
	err = rtlink_talk(&r);
	return err == -EAFNOSUPPORT ? 0 : err;
}

int rtlink_del(const char *name)
{
	struct request r;

	rtlink_begin(&r, RTM_DELLINK, 0);
	rtlink_put_name(&r, name);
	return rtlink_talk(&r);
}

static const struct rtattr *rtlink_find_attr(const struct rtattr *a, long left, unsigned short type)
{
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		if ((a->rta_type & NLA_TYPE_MASK) == type)
			return a;
	}
	return NULL;
}

/* Text of an attribute, cut to @size; "" if it is absent. */
static void rtlink_text(const struct rtattr *a, char *out, size_t size)
{
	size_t len = a ? RTA_PAYLOAD(a) : 0;

	if (len >= size)
		len = size - 1;
	if (len)
		memcpy(out, RTA_DATA(a), len);
	out[len] = '\0';
}

static int rtlink_show(const struct nlmsghdr *m, int (*each)(const char *, const char *, void *),
		       void *arg)
{
	const struct rtattr *attrs = IFLA_RTA((struct ifinfomsg *)NLMSG_DATA(m));
	long left = (long)m->nlmsg_len - (long)NLMSG_LENGTH(sizeof(struct ifinfomsg));
	char name[IF_NAMESIZE], alias[RTLINK_ALIAS], kind[16];
	const struct rtattr *info;

	info = rtlink_find_attr(attrs, left, IFLA_LINKINFO);
	if (!info)
		return 0;
	rtlink_text(rtlink_find_attr(RTA_DATA(info), (long)RTA_PAYLOAD(info), IFLA_INFO_KIND), kind,
		    sizeof(kind));
	if (strcmp(kind, "macvtap"))
		return 0;
	rtlink_text(rtlink_find_attr(attrs, left, IFLA_IFNAME), name, sizeof(name));
	rtlink_text(rtlink_find_attr(attrs, left, IFLA_IFALIAS), alias, sizeof(alias));
	return each(name, alias, arg);
}

int rtlink_macvtaps(int (*each)(const char *name, const char *alias, void *arg), void *arg)
{
	union {
		struct nlmsghdr hdr;
		char bytes[REPLY_MAX];
	} reply;
	struct request r;
	int fd, ret = 0;
	bool more = true;

	rtlink_begin(&r, RTM_GETLINK, NLM_F_DUMP);
	fd = rtlink_send(&r);
	if (fd < 0)
		return fd;
	while (more && !ret) {
		struct nlmsghdr *m = &reply.hdr;
		long n = rtlink_receive(fd, &reply, sizeof(reply));

		if (n < 0)
			ret = (int)n;
		for (; !ret && more && n > 0 && NLMSG_OK(m, n); m = NLMSG_NEXT(m, n)) {
			if (m->nlmsg_type == NLMSG_DONE)
				more = false;
			else if (m->nlmsg_type == NLMSG_ERROR)
				ret = ((struct nlmsgerr *)NLMSG_DATA(m))->error;
			else if (m->nlmsg_type == RTM_NEWLINK)
				ret = rtlink_show(m, each, arg);
		}
	}
	raw_close(fd);
	return ret;
}
