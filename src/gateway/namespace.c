// SPDX-License-Identifier: GPL-2.0-only
/*
 * namespace.c - a network namespace for one program tree, see namespace.h.
 *
 * Theory of operation
 *
 *	program's tree		persona
 *	persona0 (TUN) -------- its descriptor: the gateway's inlet
 *	lo
 *	network namespace	the host's
 *
 * A user without privileges makes a user namespace first, and is the administrator of the network
 * namespace that it owns, until the program is executed. Only the user's own
 * numbers exist there, unchanged, so files belong to whom they belong, and a setuid program keeps
 * the user's identity. Root needs no user namespace, and setuid programs are what they are.
 *
 * Ping sockets are allowed to everybody in it: the namespace has no other way.
 *
 * A resolver of the host's on loopback cannot be reached from here, so resolv.conf is another file,
 * mounted over the host's in a mount namespace, with which it ends.
 *
 * The namespace lives as long as a program in it or its descriptor: what programs have written
 * and not seen acknowledged is its kernel sockets' matter when they have ended.
 *
 * Threads: the child runs it before it executes the program; the parent runs namespace_take().
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "backend/opening/hostif.h"
#include "backend/opening/opening.h"
#include "gateway/gateway.h"
#include "gateway/namespace.h"
#include "lib/why.h"
#include "netconf/link.h"
#include "netconf/netlink.h"
#include "netconf/route.h"

#define RESOLV_CONF "/etc/resolv.conf"

static int namespace_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

static int namespace_map(const char *path, unsigned int id)
{
	char text[40];

	snprintf(text, sizeof(text), "%u %u 1", id, id);
	return namespace_write(path, text);
}

/* User and network namespace; root makes no user namespace. */
static int namespace_make(const char **why)
{
	unsigned int uid = geteuid(), gid = getegid();
	int err = 0;

	if (!unshare(CLONE_NEWNET | CLONE_NEWNS))
		return 0;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS))
		return why_set(
			why, errno,
			"no namespace can be made for COMMAND: %s: allow user namespaces "
			"(sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, "
			"kernel.apparmor_restrict_unprivileged_userns), or run as root",
			strerror(errno));
	err = namespace_write("/proc/self/setgroups", "deny");
	if (!err || err == -ENOENT)
		err = namespace_map("/proc/self/uid_map", uid);
	if (!err)
		err = namespace_map("/proc/self/gid_map", gid);
	if (err)
		return why_set(why, -err, "cannot set the user of COMMAND's namespace: %s",
			       strerror(-err));
	return 0;
}

static void namespace_allow_ping(void)
{
	char text[40];

	if (geteuid())
		snprintf(text, sizeof(text), "%u %u", getegid(), getegid());
	else
		snprintf(text, sizeof(text), "0 2147483647");
	namespace_write("/proc/sys/net/ipv4/ping_group_range", text);
}

/* Addresses and default routes of the client's end. */
static int namespace_configure(const struct namespace_room *r)
{
	struct link_info link;
	struct nl *nl;
	int err;

	nl = nl_open(netlink_host_call, NETLINK_ROUTE, &err);
	if (!nl)
		return err;
	err = link_get(nl, NAMESPACE_DEVICE, &link);
	if (!err)
		err = link_queue(nl, link.index, GATEWAY_QUEUE)
			      ?: link_set(nl, link.index, r->mtu, NULL);
	for (unsigned int i = 0; !err && i < r->naddrs; i++) {
		struct link_route all = {
			.oif = link.index,
			.family = r->addr[i].family,
			.gw = &r->gw[i],
			.table = LINK_TABLE_MAIN,
		};

		err = link_addr_add(nl, link.index, &r->addr[i]);
		/* A host without IPv6. */
		if ((err == -EOPNOTSUPP || err == -EACCES) && r->addr[i].family == AF_INET6) {
			err = 0;
			continue;
		}
		if (!err)
			err = link_route_add(nl, &all);
	}
	nl_close(nl);
	return err;
}

/* /sys shows the interfaces of this namespace, where that is allowed; cgroups stay there. */
static void namespace_sys(void)
{
	int cgroup = open("/sys/fs/cgroup", O_PATH | O_CLOEXEC);
	char path[40];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", cgroup);
	if (!mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) && cgroup >= 0)
		mount(path, "/sys/fs/cgroup", NULL, MS_BIND | MS_REC, NULL);
	if (cgroup >= 0)
		close(cgroup);
}

/* A file of a file system of its own, so that others can be mounted over it in turn. */
static int namespace_write_resolv(const char *dir, const char *text)
{
	char path[64];
	int fd, err = 0;

	if (mount("tmpfs", dir, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64k,mode=755"))
		return -errno;
	snprintf(path, sizeof(path), "%s/resolv.conf", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, 0644) ||
	    mount(path, RESOLV_CONF, NULL, MS_BIND, NULL))
		err = -errno;
	if (fd >= 0)
		close(fd);
	umount2(dir, MNT_DETACH);
	return err;
}

/* Mount @text over resolv.conf; a directory that everybody has is covered for a moment. */
static int namespace_resolv(const char *text, const char **why)
{
	int err = namespace_write_resolv("/tmp", text);

	if (!err)
		return 0;
	return why_set(why, -err, "cannot give COMMAND a %s of its own: %s", RESOLV_CONF,
		       strerror(-err));
}

int namespace_enter(const struct namespace_room *r, int fds[2], const char **why)
{
	int err = namespace_make(why);

	if (err)
		return err;
	hostif_set_up("lo");
	fds[0] = opening_tun.open(NAMESPACE_DEVICE, why);
	if (fds[0] == -EACCES)
		return why_set(why, EACCES,
			       "COMMAND's interface needs /dev/net/tun, which this user may not "
			       "open: chmod 666 /dev/net/tun, as udev has it");
	if (fds[0] < 0)
		return fds[0];
	err = namespace_configure(r);
	if (err)
		return why_set(why, -err, "cannot configure COMMAND's interface: %s",
			       strerror(-err));
	namespace_allow_ping();
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return why_set(why, errno, "cannot make a mount namespace of COMMAND's own: %s",
			       strerror(errno));
	namespace_sys();
	if (r->resolv[0])
		err = namespace_resolv(r->resolv, why);
	if (err)
		return err;
	fds[1] = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return fds[1] < 0
		       ? why_set(why, errno, "cannot hold COMMAND's namespace: %s", strerror(errno))
		       : 0;
}

/* ---- between child and parent ---- */

union namespace_room_for_two {
	char bytes[CMSG_SPACE(2 * sizeof(int))];
	struct cmsghdr header;
};

int namespace_pass(int sock, const int fds[2])
{
	union namespace_room_for_two control = {{0}};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(2 * sizeof(int));
	memcpy(CMSG_DATA(c), fds, 2 * sizeof(int));
	return sendmsg(sock, &m, MSG_NOSIGNAL) == 1 ? 0 : -errno;
}

int namespace_take(int sock, int fds[2])
{
	union namespace_room_for_two control;
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n;

	do {
		n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	c = CMSG_FIRSTHDR(&m);
	if (!n || !c || c->cmsg_type != SCM_RIGHTS || c->cmsg_len != CMSG_LEN(2 * sizeof(int)))
		return -EPIPE;
	memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
	return 0;
}
