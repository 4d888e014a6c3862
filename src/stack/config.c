// SPDX-License-Identifier: GPL-2.0-only
/*
 * config.c - carry a configuration from the command into the program.
 *
 * Theory of operation
 *
 * The structure is flat, so it travels as it is, in a sealed memfd behind a
 * header with magic, layout size and checksum. Both ends come from one build;
 * the header catches a library of another build, a descriptor that is
 * something else by now (a program that closed and reused it), and the checks
 * of the contents catch what would make the reader leave an array.
 *
 * Reading is by pread, so that every process that inherits the descriptor
 * finds the whole. Host calls are raw: in the program libc's are hooked.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>
#include "backend/backend.h"
#include "engine/engine.h"
#include "lib/rawsys.h"
#include "stack/config.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS   1033
#define F_SEAL_SEAL   1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW   4
#define F_SEAL_WRITE  8
#endif

#define MFD_ALLOW_SEALING_ 2
#define MFD_NOEXEC_SEAL_   8

#define CONFIG_VERSION 7

struct header {
	char magic[8];
	uint32_t version;
	uint32_t size;
	uint64_t sum;
};

static const char magic[8] = "PERSONA";

/* FNV-1a: it is accidents that must be noticed, not attacks. */
static uint64_t config_checksum(const struct config *c)
{
	const uint8_t *p = (const uint8_t *)c;
	uint64_t sum = 0xcbf29ce484222325u;
	size_t i;

	for (i = 0; i < sizeof(*c); i++)
		sum = (sum ^ p[i]) * 0x100000001b3u;
	return sum;
}

static bool config_ended(const char *s, size_t size)
{
	return memchr(s, '\0', size) != NULL;
}

static bool addr_valid(const struct ip_addr *a)
{
	return (a->family == AF_INET && a->prefix <= 32) ||
	       (a->family == AF_INET6 && a->prefix <= 128);
}

/* A relay may do without an interface of the host. */
static bool host_ifname_valid(const struct iface_spec *s)
{
	const struct backend_ops *kind = backend_find(s->backend);

	return ifname_valid(s->ifname) || (!s->ifname[0] && kind && kind->relay);
}

static bool iface_valid(const struct config_iface *ci)
{
	const struct iface_spec *s = &ci->spec;
	unsigned int i;

	if (!config_ended(s->backend, sizeof(s->backend)) ||
	    !config_ended(s->ifname, sizeof(s->ifname)) ||
	    !config_ended(s->name, sizeof(s->name)) || !host_ifname_valid(s) ||
	    !ifname_valid(s->name) || s->naddrs > SPEC_MAX_ADDRS || s->nroutes > SPEC_MAX_ROUTES ||
	    ci->fd < -1 || ci->lock < 0 || !config_ended(s->conf, sizeof(s->conf)) ||
	    s->nfars > SPEC_MAX_FARS || s->role >= PATH_ROLES)
		return false;
	for (i = 0; i < s->nfars; i++) {
		if (!addr_valid(&s->far[i].addr))
			return false;
	}
	for (i = 0; i < s->naddrs; i++) {
		if (!addr_valid(&s->addr[i]))
			return false;
	}
	for (i = 0; i < s->nroutes; i++) {
		if (!addr_valid(&s->route[i].dst) ||
		    (s->route[i].gw.family && !addr_valid(&s->route[i].gw)))
			return false;
	}
	return (!s->local6.family || s->local6.family == AF_INET6) &&
	       (!s->gw4.family || s->gw4.family == AF_INET) &&
	       (!s->gw6.family || s->gw6.family == AF_INET6);
}

static bool config_valid(const struct config *c)
{
	unsigned int i;

	if (!config_ended(c->image, sizeof(c->image)) || !config_ended(c->pcap, sizeof(c->pcap)) ||
	    c->vcpus < 0 || c->vcpus > ENGINE_MAX_VCPUS || c->nifaces > CONFIG_MAX_IFACES ||
	    c->nsysctls > CONFIG_MAX_SYSCTL || c->opener < 0 || c->resolver < 0 || c->linger < 0 ||
	    c->first_port > c->last_port || !nameservers_valid(&c->names) ||
	    !pathpolicy_at(c->policy) || !config_ended(c->scheduler, sizeof(c->scheduler)) ||
	    !config_ended(c->congestion, sizeof(c->congestion)) ||
	    c->nprograms > CONFIG_MAX_PROGRAMS)
		return false;
	for (i = 0; i < c->nprograms; i++) {
		if (!config_ended(c->program[i].name, sizeof(c->program[i].name)) ||
		    !pathpolicy_at(c->program[i].policy))
			return false;
	}
	for (i = 0; i < c->nifaces; i++) {
		if (!iface_valid(&c->iface[i]))
			return false;
	}
	for (i = 0; i < c->nsysctls; i++) {
		if (!config_ended(c->sysctl[i].name, sizeof(c->sysctl[i].name)) ||
		    !config_ended(c->sysctl[i].value, sizeof(c->sysctl[i].value)))
			return false;
	}
	return true;
}

int config_to_fd(const struct config *c)
{
	struct header h = {
		.version = CONFIG_VERSION, .size = sizeof(*c), .sum = config_checksum(c)};
	const struct iovec iov[2] = {{&h, sizeof(h)}, {(void *)c, sizeof(*c)}};
	int fd, err;
	long r;

	memcpy(h.magic, magic, sizeof(magic));
	fd = (int)RAWSYS(SYS_memfd_create, "persona", MFD_ALLOW_SEALING_ | MFD_NOEXEC_SEAL_);
	if (fd == -EINVAL) /* before 6.3 */
		fd = (int)RAWSYS(SYS_memfd_create, "persona", MFD_ALLOW_SEALING_);
	if (fd < 0)
		return fd;
	r = RAWSYS(SYS_writev, fd, iov, 2);
	if (r != (long)(sizeof(h) + sizeof(*c))) {
		err = r < 0 ? (int)r : -ENOSPC;
		goto out_close;
	}
	err = (int)RAWSYS(SYS_fcntl, fd, F_ADD_SEALS,
			  F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
	if (err)
		goto out_close;
	return fd;

out_close:
	raw_close(fd);
	return err;
}

/* Bytes read from offset @at, up to @len, or -errno. */
static long read_at(int fd, void *buf, size_t len, size_t at)
{
	size_t done = 0;
	long r;

	while (done < len) {
		r = RAWSYS(SYS_pread64, fd, (char *)buf + done, len - done, at + done);
		if (r == -EINTR)
			continue;
		if (r < 0)
			return r;
		if (!r)
			break;
		done += (size_t)r;
	}
	return (long)done;
}

int config_from_fd(int fd, struct config *c)
{
	struct header h;
	char beyond;
	long r;

	r = read_at(fd, &h, sizeof(h), 0);
	if (r < 0)
		return (int)r;
	if (r != sizeof(h) || memcmp(h.magic, magic, sizeof(magic)))
		return -EBADMSG;
	if (h.version != CONFIG_VERSION || h.size != sizeof(*c))
		return -EPROTO;
	r = read_at(fd, c, sizeof(*c), sizeof(h));
	if (r < 0)
		return (int)r;
	if (r != sizeof(*c) || read_at(fd, &beyond, 1, sizeof(h) + sizeof(*c)) ||
	    config_checksum(c) != h.sum || !config_valid(c))
		return -EBADMSG;
	return 0;
}
