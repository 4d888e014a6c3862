/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netlink.h - build, send and receive rtnetlink and generic netlink messages.
 *
 * One builder for two worlds: the system calls go through a function, which is
 * engine_syscall() for the stack inside and netlink_host_call() for the host.
 * Use: nl_begin(), nl_put...(), then nl_talk() or nl_dump(). One request at a
 * time; no thread-safety of its own.
 */
#ifndef PERSONA_NETCONF_NETLINK_H
#define PERSONA_NETCONF_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "lib/nlbuf.h"

/* A system call of some Linux: result or -errno. engine_syscall() is one. */
typedef long nl_call_fn(long nr, const long args[6]);

#define NL_REQUEST_MAX 2048
#define NL_REPLY_MAX   32768 /* the kernel never makes a larger dump part */

/**
 * struct nl - one netlink socket and its request under construction
 * @call: which Linux it talks to
 * @buf:  the request in @req; nl_talk() gives -EMSGSIZE if it did not fit
 * @secret: it is in memory for keys
 * @ext:  the kernel's own words about the last error, or ""
 */
struct nl {
	nl_call_fn *call;
	int fd;
	uint32_t seq;
	bool secret;
	struct nlbuf buf;
	char ext[128];
	union {
		struct nlmsghdr hdr;
		uint8_t bytes[NL_REQUEST_MAX];
	} req;
	union {
		struct nlmsghdr hdr;
		uint8_t bytes[NL_REPLY_MAX];
	} reply;
};

/** netlink_host_call() - nl_call_fn of the host's kernel. */
nl_call_fn netlink_host_call;

/**
 * nl_open() - open a socket of @protocol (NETLINK_ROUTE, NETLINK_GENERIC)
 *
 * Return: a malloc'ed struct for nl_close(), or NULL with the -errno in @err.
 */
struct nl *nl_open(nl_call_fn *call, int protocol, int *err);

/** nl_open_secret() - the same in memory that is in no core and is wiped, for keys (wgkey.h). */
struct nl *nl_open_secret(nl_call_fn *call, int protocol, int *err);

/** nl_close() - close and free; NULL is allowed. */
void nl_close(struct nl *nl);

/**
 * nl_begin() - begin a request
 * @flags:  NLM_F_* beside NLM_F_REQUEST
 * @header: fixed header (struct ifinfomsg ...) of @len bytes
 */
void nl_begin(struct nl *nl, uint16_t type, uint16_t flags, const void *header, size_t len);

/** nl_put() - append an attribute. */
void nl_put(struct nl *nl, uint16_t type, const void *data, size_t len);

void nl_put_u8(struct nl *nl, uint16_t type, uint8_t value);
void nl_put_u16(struct nl *nl, uint16_t type, uint16_t value);
void nl_put_u32(struct nl *nl, uint16_t type, uint32_t value);
void nl_put_string(struct nl *nl, uint16_t type, const char *value);

/** nl_nest() - begin a nested attribute; give the result to nl_nest_end(). */
size_t nl_nest(struct nl *nl, uint16_t type);
void nl_nest_end(struct nl *nl, size_t nest);

/** nl_talk() - send the request, wait for its acknowledgement; 0 or -errno. */
int nl_talk(struct nl *nl);

/**
 * nl_dump() - send the request, call @each for every message of the answer
 * @each: returns 0 to go on; anything else is remembered and returned at the
 *	  end (the rest of the answer is read, but not looked at)
 *
 * Serves single answers (NLM_F_ACK) and dumps (NLM_F_DUMP). A dump that the
 * kernel reports as inconsistent gives -EAGAIN.
 */
int nl_dump(struct nl *nl, int (*each)(const struct nlmsghdr *m, void *arg), void *arg);

/**
 * nl_attrs() - index the attributes of a message
 * @m:	    message
 * @header: bytes of its fixed header
 * @attrs:  receives @max + 1 pointers, by attribute type; NULL where absent
 */
void nl_attrs(const struct nlmsghdr *m, size_t header, const struct nlattr **attrs,
	      unsigned int max);

/** nl_nested() - the same for the attributes inside @a; NULL has none. */
void nl_nested(const struct nlattr *a, const struct nlattr **attrs, unsigned int max);

/** nl_payload() - data of an attribute, or NULL if it has fewer than @len bytes. */
const void *nl_payload(const struct nlattr *a, size_t len);

/** nl_get_u32() - number in an attribute, 0 if it is absent. */
uint32_t nl_get_u32(const struct nlattr *a);

/** nl_family() - number of generic netlink family @name, or -errno. */
int nl_family(struct nl *nl, const char *name);

/** nl_group() - number of multicast group @group of generic netlink family @name, or -errno. */
int nl_group(struct nl *nl, const char *name, const char *group);

#endif /* PERSONA_NETCONF_NETLINK_H */
