// SPDX-License-Identifier: GPL-2.0-only
/*
 * plugin.c - a personality image for packetdrill: `packetdrill --so_filename persona.so SCRIPT`.
 *
 * Theory of operation. The stack runs in the tool's process. Calls of the script go into it by
 * engine_syscall(), so the script's descriptors are the stack's own. Its one network interface has
 * a back end of this file: packets go over a pair of sockets of this process, one end of which the
 * engine polls as any back end's descriptor, while the other is netdev_send()'s and
 * netdev_receive()'s. A packet that leaves has the time in front, so that it counts as sent when
 * the stack sent it. Nothing of the host's network is touched, and no privilege is needed.
 *
 *	script: connect(3, ...)  --engine_syscall()--> stack --tx()--> pair --> netdev_receive()
 *	script: < S. 0:0(0) ...  --netdev_send()-----> pair --rx()--> stack
 *
 * `--so_flags` is a list of KEY=VALUE with commas between:
 *
 *	image=FILE	personality image; default $PERSONA_IMAGE, else linux-6.12 of this build
 *	local=ADDR/LEN	the stack's address; each further one is an MPTCP endpoint.
 *			Default: packetdrill's, 192.168.0.1/16
 *	gateway=ADDR	default 192.168.0.2, none if there is a local=
 *	mtu=N		default 1500
 *	vcpus=N		default 1
 *	verbose		the stack's log goes to stderr
 *	KEY.KEY=VALUE	a sysctl of the stack (an underscore may stand for a space in VALUE's place
 *			if it is doubled: 4096__131072__6291456)
 *
 * A setsockopt(FD, SOL_MPTCP, 0x5fff, [N], 4) on any socket is the tool's own, since no program
 * calls that: it sets (1) or clears (0) the flag `backup` of the second local='s endpoint.
 *
 * Threads: any may call; the pair orders packets. No offloads, so a packet is what is on a wire.
 * Limits: one stack for each process, packets up to 65,535 bytes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "backend/backend.h"
#include "engine/engine.h"
#include "lib/clock.h"
#include "lib/rawsys.h"
#include "netconf/mptcp.h"
#include "netconf/netconf.h"
#include "netconf/sysctl.h"
#include "tests/packetdrill/interface.h"

#define IMAGE	    "../../personalities/linux-6.12.so"
#define NS_PER_USEC 1000

#define SOL_MPTCP     284
#define PLUGIN_BACKUP 0x5fff

/* The engine's end is @be.fd. */
static struct pair {
	struct backend be;
	int tool;
} * pair;

static struct iface_spec plugin_spec;

static void plugin_fail(const char *what, const char *why)
{
	fprintf(stderr, "persona, packetdrill plug-in: %s: %s\n", what, why);
	exit(1);
}

/* ---- the back end ---- */

static int pair_tx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		long long usecs = (long long)(clock_read_ns(CLOCK_REALTIME) / NS_PER_USEC);
		struct msghdr m = {.msg_iov = f[i].iov - 1, .msg_iovlen = f[i].niov + 1};
		long r;

		f[i].iov[-1] = (struct iovec){&usecs, sizeof(usecs)};
		r = RAWSYS(SYS_sendmsg, be->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (r == -EAGAIN)
			return (int)i;
		be->tx_dropped += r < 0;
	}
	return (int)n;
}

static int pair_rx(struct backend *be, unsigned int queue, struct backend_frame *f, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		struct msghdr m = {.msg_iov = f[i].iov, .msg_iovlen = f[i].niov};
		long r = RAWSYS(SYS_recvmsg, be->fd, &m, MSG_DONTWAIT);

		if (r <= 0)
			return (int)i;
		f[i].hdr = (struct virtio_net_hdr){0};
		f[i].len = (uint32_t)r;
	}
	return (int)n;
}

static void pair_close(struct backend *be)
{
	host_fd_close(&be->fd);
	host_fd_close(&pair->tool);
	free(pair);
	pair = NULL;
}

static const struct backend_ops pair_ops = {
	.help = "packetdrill",
	.place = BACKEND_FAR_END,
	.link = BACKEND_LINK_RAWIP,
	.close = pair_close,
	.tx = pair_tx,
	.rx = pair_rx,
};

static void pair_open(unsigned int mtu)
{
	int ends[2], room = 1 << 20;

	pair = calloc(1, sizeof(*pair));
	if (!pair || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		plugin_fail("socket pair", strerror(errno));
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	pair->be = (struct backend){
		.ops = &pair_ops,
		.ifname = "pair",
		.fd = host_fd_keep(ends[0]),
		.link = BACKEND_LINK_RAWIP,
		.mtu = mtu,
		.queues = 1,
	};
	pair->tool = host_fd_keep(ends[1]);
}

static int plugin_netdev_send(void *userdata, const void *packet, size_t count)
{
	return send(pair->tool, packet, count, MSG_NOSIGNAL) == (ssize_t)count ? 0 : -1;
}

static int plugin_netdev_receive(void *userdata, void *packet, size_t *count, long long *usecs)
{
	struct iovec iov[2] = {{usecs, sizeof(*usecs)}, {packet, *count}};
	ssize_t n = readv(pair->tool, iov, 2);

	*count = n > (ssize_t)sizeof(*usecs) ? (size_t)n - sizeof(*usecs) : 0;
	return *count ? 0 : -1;
}

/* ---- calls ---- */

#define CALL(nr, ...) plugin_call(nr, (const long[6]){__VA_ARGS__})

static long plugin_call(long nr, const long args[6])
{
	long r = engine_syscall(nr, args);

	if (r >= 0)
		return r;
	errno = r <= -ENGINE_ERESTARTSYS && r >= -ENGINE_ERESTART_RESTARTBLOCK ? EINTR : (int)-r;
	return -1;
}

static int plugin_socket(void *userdata, int domain, int type, int protocol)
{
	return (int)CALL(SYS_socket, domain, type, protocol);
}

static int plugin_bind(void *userdata, int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)CALL(SYS_bind, fd, (long)addr, len);
}

static int plugin_listen(void *userdata, int fd, int backlog)
{
	return (int)CALL(SYS_listen, fd, backlog);
}

static int plugin_accept(void *userdata, int fd, struct sockaddr *addr, socklen_t *len)
{
	return (int)CALL(SYS_accept, fd, (long)addr, (long)len);
}

static int plugin_connect(void *userdata, int fd, const struct sockaddr *addr, socklen_t len)
{
	return (int)CALL(SYS_connect, fd, (long)addr, len);
}

static ssize_t plugin_read(void *userdata, int fd, void *buf, size_t n)
{
	return CALL(SYS_read, fd, (long)buf, (long)n);
}

static ssize_t plugin_readv(void *userdata, int fd, const struct iovec *iov, int n)
{
	return CALL(SYS_readv, fd, (long)iov, n);
}

static ssize_t plugin_recvfrom(void *userdata, int fd, void *buf, size_t n, int flags,
			       struct sockaddr *addr, socklen_t *len)
{
	return CALL(SYS_recvfrom, fd, (long)buf, (long)n, flags, (long)addr, (long)len);
}

static ssize_t plugin_recv(void *userdata, int fd, void *buf, size_t n, int flags)
{
	return plugin_recvfrom(userdata, fd, buf, n, flags, NULL, NULL);
}

static ssize_t plugin_recvmsg(void *userdata, int fd, struct msghdr *msg, int flags)
{
	return CALL(SYS_recvmsg, fd, (long)msg, flags);
}

static ssize_t plugin_write(void *userdata, int fd, const void *buf, size_t n)
{
	return CALL(SYS_write, fd, (long)buf, (long)n);
}

static ssize_t plugin_writev(void *userdata, int fd, const struct iovec *iov, int n)
{
	return CALL(SYS_writev, fd, (long)iov, n);
}

static ssize_t plugin_sendto(void *userdata, int fd, const void *buf, size_t n, int flags,
			     const struct sockaddr *addr, socklen_t len)
{
	return CALL(SYS_sendto, fd, (long)buf, (long)n, flags, (long)addr, len);
}

static ssize_t plugin_send(void *userdata, int fd, const void *buf, size_t n, int flags)
{
	return plugin_sendto(userdata, fd, buf, n, flags, NULL, 0);
}

static ssize_t plugin_sendmsg(void *userdata, int fd, const struct msghdr *msg, int flags)
{
	return CALL(SYS_sendmsg, fd, (long)msg, flags);
}

static int plugin_fcntl(void *userdata, int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)CALL(SYS_fcntl, fd, cmd, arg);
}

static int plugin_ioctl(void *userdata, int fd, unsigned long request, ...)
{
	va_list ap;
	long arg;

	va_start(ap, request);
	arg = va_arg(ap, long);
	va_end(ap);
	return (int)CALL(SYS_ioctl, fd, (long)request, arg);
}

static int plugin_close(void *userdata, int fd)
{
	return (int)CALL(SYS_close, fd);
}

static int plugin_shutdown(void *userdata, int fd, int how)
{
	return (int)CALL(SYS_shutdown, fd, how);
}

static int plugin_getsockopt(void *userdata, int fd, int level, int name, void *value,
			     socklen_t *len)
{
	return (int)CALL(SYS_getsockopt, fd, level, name, (long)value, (long)len);
}

/* Of the second address: 0, or -1 and errno */
static int plugin_backup(bool backup)
{
	int err = 0;
	struct nl *nl = nl_open(engine_syscall, NETLINK_GENERIC, &err);

	if (nl)
		err = mptcp_endpoint_flags(nl, &plugin_spec.addr[1], backup ? MPTCP_BACKUP : 0);
	nl_close(nl);
	errno = -err;
	return err ? -1 : 0;
}

static int plugin_setsockopt(void *userdata, int fd, int level, int name, const void *value,
			     socklen_t len)
{
	if (level == SOL_MPTCP && name == PLUGIN_BACKUP && len == sizeof(int))
		return plugin_backup(*(const int *)value);
	return (int)CALL(SYS_setsockopt, fd, level, name, (long)value, len);
}

static int plugin_poll(void *userdata, struct pollfd *fds, nfds_t n, int timeout)
{
	struct timespec ts = {timeout / 1000, timeout % 1000 * 1000000L};

	return (int)CALL(SYS_ppoll, (long)fds, (long)n, timeout < 0 ? 0 : (long)&ts);
}

static int plugin_epoll_create(void *userdata, int size)
{
	return (int)CALL(SYS_epoll_create1, 0);
}

static int plugin_epoll_ctl(void *userdata, int epfd, int op, int fd, struct epoll_event *event)
{
	return (int)CALL(SYS_epoll_ctl, epfd, op, fd, (long)event);
}

static int plugin_epoll_wait(void *userdata, int epfd, struct epoll_event *events, int max,
			     int timeout)
{
	return (int)CALL(SYS_epoll_pwait, epfd, (long)events, max, timeout);
}

static int plugin_pipe(void *userdata, int fds[2])
{
	return (int)CALL(SYS_pipe2, (long)fds, 0);
}

static int plugin_splice(void *userdata, int fd_in, loff_t *off_in, int fd_out, loff_t *off_out,
			 size_t n, unsigned int flags)
{
	return (int)CALL(SYS_splice, fd_in, (long)off_in, fd_out, (long)off_out, (long)n, flags);
}

static int plugin_usleep(void *userdata, useconds_t usecs)
{
	return usleep(usecs);
}

static int plugin_gettimeofday(void *userdata, struct timeval *tv, struct timezone *tz)
{
	return gettimeofday(tv, tz);
}

static void plugin_free(void *userdata)
{
	if (engine_running())
		engine_stop();
}

/* ---- start ---- */

/**
 * struct flags - `--so_flags`
 * @spec: the interface, as -i takes it
 * @sysctl: KEY=VALUE, in @text
 */
struct flags {
	char text[1024];
	char spec[512];
	const char *image;
	unsigned int mtu, vcpus, nsysctls;
	bool verbose;
	char *sysctl[16];
};

/* "4096__131072" is "4096 131072". */
static void flags_spaces(char *value)
{
	char *to = value;

	for (; *value; value++, to++) {
		if (value[0] == '_' && value[1] == '_')
			*value++ = ' ', *to = ' ';
		else
			*to = *value;
	}
	*to = '\0';
}

static void flags_add(struct flags *f, const char *key, const char *value)
{
	size_t used = strlen(f->spec);

	if (!used)
		used += (size_t)snprintf(f->spec, sizeof(f->spec), "tun:pair,name=eth0");
	snprintf(f->spec + used, sizeof(f->spec) - used, ",%s=%s", key, value);
}

static void flags_parse(struct flags *f, const char *text)
{
	char *save = NULL, *word;

	*f = (struct flags){.mtu = 1500, .vcpus = 1};
	snprintf(f->text, sizeof(f->text), "%s", text ? text : "");
	for (word = strtok_r(f->text, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		char *value = strchr(word, '=');

		if (!strcmp(word, "verbose")) {
			f->verbose = true;
			continue;
		}
		if (!value)
			plugin_fail(word, "--so_flags is a list of KEY=VALUE");
		*value++ = '\0';
		if (!strcmp(word, "image"))
			f->image = value;
		else if (!strcmp(word, "local"))
			flags_add(f, "ip", value);
		else if (!strcmp(word, "gateway"))
			flags_add(f, "gw", value);
		else if (!strcmp(word, "mtu"))
			f->mtu = (unsigned int)atoi(value);
		else if (!strcmp(word, "vcpus"))
			f->vcpus = (unsigned int)atoi(value);
		else if (!strchr(word, '.') || f->nsysctls == 16)
			plugin_fail(word, "no such key in --so_flags");
		else
			f->sysctl[f->nsysctls++] = word;
	}
	if (!f->spec[0])
		snprintf(f->spec, sizeof(f->spec),
			 "tun:pair,name=eth0,ip=192.168.0.1/16,gw=192.168.0.2");
}

/* The image of this build, from where this object is. */
static const char *plugin_image(char path[4096])
{
	const char *env = getenv("PERSONA_IMAGE"), *slash;
	Dl_info self;

	if (env)
		return env;
	if (!dladdr((void *)packetdrill_interface_init, &self) || !self.dli_fname)
		return IMAGE;
	slash = strrchr(self.dli_fname, '/');
	snprintf(path, 4096, "%.*s/" IMAGE, slash ? (int)(slash - self.dli_fname) : 1,
		 slash ? self.dli_fname : ".");
	return path;
}

/* netconf makes one of an interface's first address. */
static void plugin_endpoints(const struct iface_spec *spec, int index)
{
	int err = 0;
	struct nl *nl = nl_open(engine_syscall, NETLINK_GENERIC, &err);

	for (unsigned int i = 1; nl && !err && i < spec->naddrs; i++)
		err = mptcp_endpoint_add(nl, &spec->addr[i], index, 0);
	nl_close(nl);
	if (err)
		plugin_fail("MPTCP endpoints", strerror(-err));
}

static void plugin_configure(const struct flags *f, const struct iface_spec *spec)
{
	struct netconf_iface ifc = {.spec = spec, .rawip = true};
	const char *why = "";
	int err;

	err = sysctl_mount(engine_syscall);
	if (!err)
		err = sysctl_defaults(engine_syscall, ENGINE_MEMORY_DEFAULT);
	if (err)
		plugin_fail("sysctls", strerror(-err));
	pair_open(f->mtu);
	ifc.be = &pair->be;
	ifc.index = engine_add_netif(&pair->be, spec->name);
	if (ifc.index < 0)
		plugin_fail("interface", strerror(-ifc.index));
	if (netconf_apply(engine_syscall, &ifc, 1, &why))
		plugin_fail("interface", why);
	plugin_endpoints(spec, ifc.index);
	for (unsigned int i = 0; i < f->nsysctls; i++) {
		char *key = f->sysctl[i], *value = key + strlen(key) + 1;

		flags_spaces(value);
		err = sysctl_set(engine_syscall, key, value);
		if (err)
			plugin_fail(key, strerror(-err));
	}
}

__attribute__((visibility("default"))) void
packetdrill_interface_init(const char *text, struct packetdrill_interface *interface)
{
	static struct flags flags;
	struct engine_options opt = {0};
	const char *why = "";
	char path[4096];

	flags_parse(&flags, text);
	if (spec_parse(flags.spec, &plugin_spec, &why))
		plugin_fail(flags.spec, why);
	opt.image = flags.image ? flags.image : plugin_image(path);
	opt.vcpus = (int)flags.vcpus;
	opt.verbose = flags.verbose;
	if (engine_start(&opt, &why))
		plugin_fail(opt.image, why);
	plugin_configure(&flags, &plugin_spec);
	*interface = (struct packetdrill_interface){
		.userdata = interface,
		.free = plugin_free,
		.socket = plugin_socket,
		.bind = plugin_bind,
		.listen = plugin_listen,
		.accept = plugin_accept,
		.connect = plugin_connect,
		.read = plugin_read,
		.readv = plugin_readv,
		.recv = plugin_recv,
		.recvfrom = plugin_recvfrom,
		.recvmsg = plugin_recvmsg,
		.write = plugin_write,
		.writev = plugin_writev,
		.send = plugin_send,
		.sendto = plugin_sendto,
		.sendmsg = plugin_sendmsg,
		.fcntl = plugin_fcntl,
		.ioctl = plugin_ioctl,
		.close = plugin_close,
		.shutdown = plugin_shutdown,
		.getsockopt = plugin_getsockopt,
		.setsockopt = plugin_setsockopt,
		.poll = plugin_poll,
		.netdev_send = plugin_netdev_send,
		.netdev_receive = plugin_netdev_receive,
		.usleep = plugin_usleep,
		.gettimeofday = plugin_gettimeofday,
		.epoll_create = plugin_epoll_create,
		.epoll_ctl = plugin_epoll_ctl,
		.epoll_wait = plugin_epoll_wait,
		.pipe = plugin_pipe,
		.splice = plugin_splice,
	};
}
