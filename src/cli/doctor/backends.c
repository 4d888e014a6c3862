// SPDX-License-Identifier: GPL-2.0-only
/*
 * backends.c - which kinds of back end can this user open, and has a gateway its namespace?
 *
 * Without an interface where that is possible, so that nothing is seen or changed.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backend/backend.h"
#include "backend/opening/rtlink.h"
#include "backend/opening/xdphost.h"
#include "backend/opening/xdptool.h"
#include "cli/cli.h"
#include "cli/doctor/doctor.h"
#include "cli/doctor/visit.h"
#include "gateway/gateway.h"
#include "gateway/namespace.h"
#include "lib/complain.h"

static void check_packet(void)
{
	int one = 1;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		doctor_say(DOCTOR_WARN, "packet, rawip",
			   "run as root, or give persona-opener capabilities",
			   "no packet socket of this user's own: %s", strerror(errno));
		return;
	}
	if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)))
		doctor_say(DOCTOR_WARN, "packet, rawip", NULL,
			   "the host kernel has no PACKET_VNET_HDR: %s", strerror(errno));
	else
		doctor_say(DOCTOR_OK, "packet, rawip", NULL, "packet sockets with offloads");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &one, sizeof(one)))
		doctor_say(DOCTOR_WARN, "socket buffers",
			   "give persona CAP_NET_ADMIN, or raise them for more than about 1 Gbit/s",
			   "bounded by net.core.rmem_max and wmem_max");
	close(fd);
}

static void check_tun(void)
{
	const char *path = "/dev/net/tun";
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		doctor_say(DOCTOR_WARN, "tap, tun",
			   errno == ENOENT || errno == ENODEV ? "modprobe tun" : "run as root",
			   "%s: %s", path, strerror(errno));
		return;
	}
	close(fd);
	doctor_say(DOCTOR_OK, "tap, tun", NULL, "%s can be opened", path);
}

/* By asking the kernel for a link on no interface: each answer but EOPNOTSUPP means it can. */
static void check_macvtap(void)
{
	int err = rtlink_add_macvtap("persona-doctor", 0);

	if (err == -EPERM)
		doctor_say(DOCTOR_WARN, "macvtap", "run as root", "needs CAP_NET_ADMIN");
	else if (err == -EOPNOTSUPP)
		doctor_say(DOCTOR_WARN, "macvtap", "modprobe macvtap", "the host kernel has none");
	else
		doctor_say(DOCTOR_OK, "macvtap", NULL, "links can be made");
}

static void check_xdp(void)
{
	char path[PATH_MAX];
	int fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		doctor_say(DOCTOR_WARN, "xdp",
			   errno == EPERM ? "run as root" : "use packet instead",
			   "no AF_XDP socket: %s", strerror(errno));
	else if (xdptool_find(path, sizeof(path)))
		doctor_say(DOCTOR_WARN, "xdp", "apt-get install clang libbpf-dev, then make host",
			   "persona-xdp is not there");
	else
		doctor_say(DOCTOR_OK, "xdp", NULL, "AF_XDP sockets, and %s", path);
	if (fd >= 0)
		close(fd);
}

/* What a bare `persona run` uses. */
static void check_passt(void)
{
	const char *why;
	int fd = backend_find("passt")->opening->open("", &why);

	if (fd < 0) {
		doctor_say(DOCTOR_WARN, "passt", NULL, "%s", why);
		return;
	}
	close(fd);
	doctor_say(DOCTOR_OK, "passt", NULL, "starts: persona run needs no -i");
}

static int gateway_try(struct config *c, const void *arg)
{
	const struct namespace_room room = {.mtu = GATEWAY_MTU};
	const char *why;
	int fds[2];

	return namespace_enter(&room, fds, &why) ? complain(EXIT_PERSONA, "%s", why) : 0;
}

/* What `persona gateway -- COMMAND` needs: a namespace of a process's own, and a TUN in it. */
static void check_gateway(void)
{
	struct visit v;

	visit(&v, gateway_try, NULL, NULL);
	if (v.status)
		doctor_say(DOCTOR_WARN, "gateway", NULL, "%s", v.words);
	else
		doctor_say(DOCTOR_OK, "gateway", NULL, "COMMAND gets a namespace with a TUN in it");
}

void doctor_backends(const struct doctor *d)
{
	check_packet();
	check_tun();
	check_macvtap();
	check_xdp();
	check_passt();
	check_gateway();
}
