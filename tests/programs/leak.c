// SPDX-License-Identifier: GPL-2.0-only
/*
 * leak.c - tries to send bytes to the network by a socket that belongs to the host's loopback.
 *
 * usage: leak [-n] [-i INTERFACE] [-s SOURCE] CALL[/WAY] ADDRESS PORT MARK
 *
 *	-n		the socket does not move: nothing is sent to loopback before
 *	-i INTERFACE	an interface of the host that is not loopback (wlan0)
 *	-s SOURCE	an address of the host on that interface, for CALL bind
 *	CALL		a line of the table at the end of this file
 *	WAY		how system calls are made: libc (libc's functions), syscall
 *			(syscall(2)) or raw (instructions of the processor)
 *	ADDRESS PORT	where the bytes shall go
 *	MARK		what is sent; a capture of the wire is searched for it
 *
 * Theory of operation. Loopback is the host's for programs under Persona: a socket that is
 * used with a loopback address first moves to the host's kernel, and must not reach a network
 * from there. Each CALL makes a socket, moves it by a loopback datagram whose arrival
 * is awaited (or by a refused TCP connection), and then tries one way to send MARK to
 * ADDRESS. Steps are printed as they end: "CALL: STEP RESULT ERRNO", ERRNO "-" on success. What
 * left is for the capture to tell: so a program that prints an error but has sent is found.
 *
 * Without Persona nearly every CALL reaches the wire, which shows that the attempt is a real one.
 *
 * Exit status: 0 if the attempt was made, 1 if the preparation failed, 2 for wrong arguments.
 *
 * Threads: the race calls have one thread that rewrites what the other one sends from.
 * Limits: x86_64 and arm64 for WAY raw.
 */
#include <fcntl.h>
#include <linux/openat2.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "leak_detour.h"

#define RACE_TRIES 2000
#define SEVERAL	   12
#define NEVER_US   100000 /* some round trips of the testbed's link */

static const char *source;
static char **self_args;

/* ---- connect, then send ---- */

static void connect_write(int fd)
{
	do_connect(fd, &to);
	step("write", call(SYS_write, fd, (long)data, (long)size, 0, 0, 0));
}

static void connect_writev(int fd)
{
	struct iovec v = {data, size};

	do_connect(fd, &to);
	step("writev", call(SYS_writev, fd, (long)&v, 1, 0, 0, 0));
}

static void connect_pwritev2(int fd)
{
	struct iovec v = {data, size};

	do_connect(fd, &to);
	step("pwritev2", call(SYS_pwritev2, fd, (long)&v, 1, -1, -1, 0));
}

static void connect_sendfile(int fd)
{
	int file = memfd_create("leak", 0);

	if (write(file, data, size) != (ssize_t)size || lseek(file, 0, SEEK_SET))
		die("memfd");
	do_connect(fd, &to);
	step("sendfile", call(SYS_sendfile, fd, file, 0, (long)size, 0, 0));
}

static void connect_splice(int fd)
{
	int p[2];

	if (pipe(p) || write(p[1], data, size) != (ssize_t)size)
		die("pipe");
	do_connect(fd, &to);
	step("splice", call(SYS_splice, p[0], 0, fd, 0, (long)size, 0));
}

/* Disconnected from loopback, its port is given up, and it can be bound again. */
static void bind_send(int fd)
{
	struct target none = {.sa.ss_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in)};
	struct target local = address(source, "0");

	if (!never &&
	    (connect(fd, (void *)&loop.sa, loop.len) || connect(fd, (void *)&none.sa, none.len)))
		die("disconnect");
	step("bind", call(SYS_bind, fd, (long)&local.sa, local.len, 0, 0, 0));
	do_sendto(fd, 0, &to);
	connect_send(fd);
}

/* ---- addresses with the message ---- */

/* @n messages, that with number @bad to the network, the others to loopback. */
static void several(int fd, unsigned int n, unsigned int bad)
{
	struct iovec v, x = {"x", 1};
	struct mmsghdr m[SEVERAL] = {0};

	for (unsigned int i = 0; i < n; i++) {
		m[i].msg_hdr = message(i == bad ? &to : &loop, &v);
		if (i != bad)
			m[i].msg_hdr.msg_iov = &x;
	}
	step("sendmmsg", call(SYS_sendmmsg, fd, (long)m, n, 0, 0, 0));
}

static void sendmmsg_first(int fd)
{
	several(fd, 2, 0);
}

static void sendmmsg_second(int fd)
{
	several(fd, 2, 1);
}

static void sendmmsg_middle(int fd)
{
	several(fd, SEVERAL, 6);
}

/* Linux takes AF_UNSPEC for AF_INET when a datagram is sent. */
static void unspec_sendto(int fd)
{
	to.sa.ss_family = AF_UNSPEC;
	do_sendto(fd, 0, &to);
}

static void unspec_sendmsg(int fd)
{
	to.sa.ss_family = AF_UNSPEC;
	plain_sendmsg(fd);
}

/* An IPv6 address without the last field, as of RFC 2133: Linux takes it. */
static void short_sendto(int fd)
{
	to.len = 24;
	do_sendto(fd, 0, &to);
}

/* ---- TCP ---- */

static void fastopen_sendto(int fd)
{
	do_sendto(fd, MSG_FASTOPEN, &to);
}

static void fastopen_sendmsg(int fd)
{
	struct iovec v;
	struct msghdr msg = message(&to, &v);

	do_sendmsg(fd, MSG_FASTOPEN, &msg);
}

static void fastopen_connect(int fd)
{
	do_set(fd, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof(one));
	connect_send(fd);
}

/* A connection to loopback, disconnected and used for another one. */
static void disconnected_connect(int fd)
{
	struct target none = {.sa.ss_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in)};
	int server = bound_to_loopback(AF_INET, SOCK_STREAM);

	if (listen(server, 1) || connect(fd, (void *)&loop.sa, loop.len))
		die("connect to loopback");
	step("disconnect", connect(fd, (void *)&none.sa, none.len));
	connect_send(fd);
}

/* ---- other numbers of the socket, other processes ---- */

static void dup_after(int fd)
{
	int other = dup(fd);

	do_sendto(other, 0, &to);
	plain_sendmsg(other);
}

/* What unties a socket from an interface, if it may. */
static void untie(int fd)
{
	struct target none = {.sa.ss_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in)};

	step("disconnect", connect(fd, (void *)&none.sa, none.len));
	do_set(fd, SOL_SOCKET, SO_BINDTODEVICE, "", 1);
}

static void getfd_sendto(int fd)
{
	int self = (int)syscall(SYS_pidfd_open, getpid(), 0);
	int other = (int)step("pidfd_getfd", syscall(SYS_pidfd_getfd, self, fd, 0));

	if (other < 0)
		return;
	untie(other);
	do_sendto(other, 0, &to);
}

static void rights_sendto(int fd)
{
	struct iovec v = {"x", 1};
	struct msghdr msg = {.msg_iov = &v, .msg_iovlen = 1};
	char buf[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	int pair[2], other;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair))
		die("socketpair");
	attach(&msg, SOL_SOCKET, SCM_RIGHTS, &fd, sizeof(fd));
	if (step("pass", sendmsg(pair[0], &msg, 0)) < 0)
		return;
	v.iov_base = buf;
	msg.msg_control = buf;
	msg.msg_controllen = sizeof(buf);
	if (recvmsg(pair[1], &msg, 0) < 0 || msg.msg_controllen < CMSG_LEN(sizeof(int)))
		die("recvmsg");
	memcpy(&other, CMSG_DATA((struct cmsghdr *)buf), sizeof(other));
	untie(other);
	do_sendto(other, 0, &to);
}

/* What a listener on loopback has accepted, disconnected and used for another connection. */
static void accepted_connect(int fd)
{
	int server = bound_to_loopback(AF_INET, SOCK_STREAM), other;
	struct target at = {.len = sizeof(at.sa)}, any = address("0.0.0.0", "0");

	if (listen(server, 1) || getsockname(server, (void *)&at.sa, &at.len) ||
	    connect(fd, (void *)&at.sa, at.len))
		die("connect to loopback");
	other = accept(server, NULL, NULL);
	if (other < 0)
		die("accept");
	untie(other);
	step("bind", bind(other, (void *)&any.sa, any.len));
	connect_send(other);
}

static void fork_send(int fd)
{
	pid_t child = fork();

	if (!child) {
		do_sendto(fd, 0, &to);
		plain_sendmsg(fd);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

/* A new program with the same socket: this one again, told its number. */
static void exec_send(int fd)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", fd);
	setenv("LEAK_FD", number, 1);
	fcntl(fd, F_SETFD, 0);
	execv("/proc/self/exe", self_args);
	die("exec");
}

static void after_exec(int fd)
{
	do_sendto(fd, 0, &to);
	plain_sendmsg(fd);
}

/* Numbers and binds that were there before the socket moved. */
static void dup_before(int fd)
{
	int other = dup(fd);

	move(fd, AF_INET);
	do_sendto(fd, 0, &to);
	do_sendto(other, 0, &to);
	plain_sendmsg(other);
}

static void wildcard_before(int fd)
{
	struct target any = address("0.0.0.0", "0");

	if (bind(fd, (void *)&any.sa, any.len))
		die("bind");
	bound_to_loopback(AF_INET, SOCK_DGRAM);
	step("move", sendto(fd, "x", 1, 0, (void *)&loop.sa, loop.len));
	do_sendto(fd, 0, &to);
	plain_sendmsg(fd);
	sendmmsg_second(fd);
}

/* ---- races: a thread rewrites what the other one sends from ---- */

static struct target racing;
static struct msghdr race_msg;
static struct iovec race_iov;
static atomic_bool race_over;
static atomic_uint race_rewrites;

enum race { RACE_ADDRESS, RACE_POINTER, RACE_IOVEC };

static void *race_rewrite(void *arg)
{
	volatile struct sockaddr_in *in = (void *)&racing.sa;
	void *volatile *name = &race_msg.msg_name;
	volatile struct iovec *iov = &race_iov;
	const struct sockaddr_in *a = (void *)&loop.sa, *b = (void *)&to.sa;
	enum race kind = *(enum race *)arg;

	for (unsigned int i = 0; !atomic_load(&race_over); i++) {
		if (kind == RACE_ADDRESS) {
			in->sin_addr = i & 1 ? b->sin_addr : a->sin_addr;
			in->sin_port = i & 1 ? b->sin_port : a->sin_port;
		} else if (kind == RACE_POINTER) {
			*name = i & 1 ? &to.sa : &loop.sa;
		} else {
			iov->iov_base = i & 1 ? data : NULL;
			iov->iov_len = i & 2 ? size : 1u << 20;
		}
		atomic_store(&race_rewrites, i);
		/* Not in step with the sender. */
		for (volatile unsigned int pause = 0; pause < i % 61; pause++)
			;
	}
	return NULL;
}

/* Connect, without the source address of the time before; then send to wherever that was. */
static long race_connected(int fd)
{
	struct target none = {.sa.ss_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in)};
	long ret;

	connect(fd, (void *)&none.sa, none.len);
	ret = call(SYS_connect, fd, (long)&racing.sa, racing.len, 0, 0, 0);
	return ret < 0 ? ret : call(SYS_sendto, fd, (long)data, (long)size, MSG_DONTWAIT, 0, 0);
}

/* Send by @nr RACE_TRIES times; print how often it succeeded, was refused, failed otherwise. */
static void race(int fd, enum race kind, long nr)
{
	struct iovec v, x = {"x", 1};
	struct mmsghdr m[2];
	int sent = 0, refused = 0, other = 0;
	unsigned int seen = 0;
	pthread_t thread;

	racing = loop;
	race_msg = message(&loop, &v);
	if (kind == RACE_ADDRESS)
		race_msg.msg_name = &racing.sa;
	if (kind == RACE_IOVEC)
		race_msg.msg_iov = &race_iov;
	m[0].msg_hdr = m[1].msg_hdr = message(&loop, &v);
	m[0].msg_hdr.msg_iov = &x;
	m[1].msg_hdr.msg_name = &racing.sa;
	if (pthread_create(&thread, NULL, race_rewrite, &kind))
		die("pthread_create");
	for (int i = 0; i < RACE_TRIES; i++) {
		long ret;

		/* On one processor, too, the other thread comes to its turn. */
		while (atomic_load(&race_rewrites) == seen)
			sched_yield();
		seen = atomic_load(&race_rewrites);
		if (nr == SYS_sendto)
			ret = call(nr, fd, (long)data, (long)size, MSG_DONTWAIT, (long)&racing.sa,
				   racing.len);
		else if (nr == SYS_connect)
			ret = race_connected(fd);
		else if (nr == SYS_sendmsg)
			ret = call(nr, fd, (long)&race_msg, MSG_DONTWAIT, 0, 0, 0);
		else
			ret = call(nr, fd, (long)m, 2, MSG_DONTWAIT, 0, 0);
		if (ret >= 0)
			sent++;
		else if (errno == ENETUNREACH)
			refused++;
		else
			other++;
	}
	atomic_store(&race_over, true);
	pthread_join(thread, NULL);
	printf("%s: race sent %d refused %d other %d\n", label, sent, refused, other);
}

static void race_connect(int fd)
{
	race(fd, RACE_ADDRESS, SYS_connect);
}

/* Another thread ends the socket's connection all the time, which unties it for moments. */
static void *race_dissolve(void *arg)
{
	struct target none = {.sa.ss_family = AF_UNSPEC, .len = sizeof(struct sockaddr_in)};

	while (!atomic_load(&race_over))
		connect(*(int *)arg, (void *)&none.sa, none.len);
	return NULL;
}

static void race_untied(int fd)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, race_dissolve, &fd))
		die("pthread_create");
	race(fd, RACE_ADDRESS, SYS_sendto);
	pthread_join(thread, NULL);
}

static void race_sendto(int fd)
{
	race(fd, RACE_ADDRESS, SYS_sendto);
}

static void race_sendmsg(int fd)
{
	race(fd, RACE_ADDRESS, SYS_sendmsg);
}

static void race_pointer(int fd)
{
	race(fd, RACE_POINTER, SYS_sendmsg);
}

static void race_sendmmsg(int fd)
{
	race(fd, RACE_ADDRESS, SYS_sendmmsg);
}

static void race_iovec(int fd)
{
	race(fd, RACE_IOVEC, SYS_sendmsg);
}

/* ---- calls that are no sending ---- */

/* The length of struct io_uring_params; zeroes ask for the simplest ring. */
static void uring(int fd)
{
	char params[120] = {0};

	step("io_uring_setup", call(SYS_io_uring_setup, 8, (long)params, 0, 0, 0, 0));
}

/* Whose interfaces does /proc/net/dev list? Prints their names. */
static void openat2_dev(int fd)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC};
	char line[512], *colon;
	long dev = step("openat2", call(SYS_openat2, AT_FDCWD, (long)"/proc/net/dev", (long)&how,
					sizeof(how), 0, 0));
	FILE *f = dev < 0 ? NULL : fdopen((int)dev, "r");

	while (f && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		*colon = 0;
		printf("%s: interface %s\n", label, line + strspn(line, " "));
	}
	if (f)
		fclose(f);
}

/* ---- the table ---- */

/* What the call is given: a moved socket, one that has not moved yet, none. */
enum start { DGRAM, DGRAM6, STREAM, PING, FRESH, FRESH_STREAM, NOTHING };

static const struct entry {
	const char *name;
	enum start start;
	void (*act)(int fd);
} entries[] = {
	{"connect-send", DGRAM, connect_send},
	{"connect-write", DGRAM, connect_write},
	{"connect-writev", DGRAM, connect_writev},
	{"connect-pwritev2", DGRAM, connect_pwritev2},
	{"connect-sendfile", DGRAM, connect_sendfile},
	{"connect-splice", DGRAM, connect_splice},
	{"bind-send", DGRAM, bind_send},
	{"sendto", DGRAM, plain_sendto},
	{"sendmsg", DGRAM, plain_sendmsg},
	{"sendmmsg-first", DGRAM, sendmmsg_first},
	{"sendmmsg-second", DGRAM, sendmmsg_second},
	{"sendmmsg-middle", DGRAM, sendmmsg_middle},
	{"unspec-sendto", DGRAM, unspec_sendto},
	{"unspec-sendmsg", DGRAM, unspec_sendmsg},
	{"six-connect-send", DGRAM6, connect_send},
	{"six-sendto", DGRAM6, plain_sendto},
	{"six-sendmsg", DGRAM6, plain_sendmsg},
	{"six-sendmmsg-second", DGRAM6, sendmmsg_second},
	{"six-short-sendto", DGRAM6, short_sendto},
	{"ping-sendto", PING, plain_sendto},
	{"ping-sendmsg", PING, plain_sendmsg},
	{"tcp-connect", STREAM, connect_send},
	{"tcp-fastopen-sendto", STREAM, fastopen_sendto},
	{"tcp-fastopen-sendmsg", STREAM, fastopen_sendmsg},
	{"tcp-fastopen-connect", STREAM, fastopen_connect},
	{"tcp-disconnected", FRESH_STREAM, disconnected_connect},
	{"tcp-accepted", FRESH_STREAM, accepted_connect},
	{"dup-before", FRESH, dup_before},
	{"dup-after", DGRAM, dup_after},
	{"wildcard-before", FRESH, wildcard_before},
	{"pidfd-getfd", DGRAM, getfd_sendto},
	{"scm-rights", DGRAM, rights_sendto},
	{"fork", DGRAM, fork_send},
	{"exec", DGRAM, exec_send},
	{"race-connect", DGRAM, race_connect},
	{"race-sendto", DGRAM, race_sendto},
	{"race-untied", DGRAM, race_untied},
	{"race-sendmsg", DGRAM, race_sendmsg},
	{"race-pointer", DGRAM, race_pointer},
	{"race-sendmmsg", DGRAM, race_sendmmsg},
	{"race-iovec", DGRAM, race_iovec},
	{"pktinfo", DGRAM, pktinfo},
	{"pktinfo-sendmmsg", DGRAM, pktinfo_sendmmsg},
	{"pktinfo6", DGRAM6, pktinfo6},
	{"pktinfo-mapped", DGRAM6, pktinfo_mapped},
	{"device", DGRAM, device},
	{"device-index", DGRAM, device_index},
	{"device-connect", DGRAM, device_connect},
	{"device-tcp", STREAM, device_connect},
	{"device-before", FRESH, device_before},
	{"unicast-if", DGRAM, unicast_if},
	{"unicast-if-before", FRESH, unicast_if_before},
	{"multicast-if", DGRAM, multicast_if},
	{"source-route", DGRAM, source_route},
	{"source-route-before", FRESH, source_route_before},
	{"segment-route", DGRAM6, segment_route},
	{"io_uring", NOTHING, uring},
	{"openat2", NOTHING, openat2_dev},
};

/* An echo request is its own reply's receiver on loopback. */
static int ping(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);

	if (fd < 0)
		die("ping socket");
	memmove(data + 8, data, size);
	memcpy(data, "\x08\0\0\0\0\0\0\1", 8);
	size += 8;
	loop = address("127.0.0.1", "0");
	if (!never && step("move", sendto(fd, data, 8, 0, (void *)&loop.sa, loop.len)) != 8)
		exit(1);
	return fd;
}

static int begin(enum start start)
{
	switch (start) {
	case DGRAM:
		return dgram(AF_INET);
	case DGRAM6:
		return dgram(AF_INET6);
	case STREAM:
		return stream(AF_INET);
	case PING:
		return ping();
	case FRESH:
		return dgram_socket(AF_INET);
	case FRESH_STREAM:
		return socket(AF_INET, SOCK_STREAM, 0);
	case NOTHING:
		break;
	}
	return -1;
}

static void usage(void)
{
	fprintf(stderr, "usage: leak [-n] [-i INTERFACE] [-s SOURCE] CALL[/libc|/syscall|/raw] "
			"ADDRESS PORT MARK\n");
	exit(2);
}

static void options(int argc, char **argv)
{
	int opt;

	while ((opt = getopt(argc, argv, "+ni:s:")) != -1) {
		if (opt == 'n')
			never = true;
		else if (opt == 'i')
			interface = optarg;
		else if (opt == 's')
			source = optarg;
		else
			usage();
	}
	if (argc - optind != 4)
		usage();
}

/* Cut "/WAY" off a copy of CALL, which is static, and take it. */
static char *take_way(const char *text)
{
	static char name[64];
	char *slash;

	snprintf(name, sizeof(name), "%s", text);
	slash = strchr(name, '/');
	if (!slash)
		return name;
	*slash = 0;
	for (unsigned int i = 0; i < sizeof(way_name) / sizeof(way_name[0]); i++) {
		if (!strcmp(slash + 1, way_name[i])) {
			way = (enum way)i;
			return name;
		}
	}
	usage();
	return name;
}

int main(int argc, char **argv)
{
	const char *inherited = getenv("LEAK_FD");
	char *name;

	signal(SIGPIPE, SIG_IGN);
	options(argc, argv);
	self_args = argv;
	label = argv[optind];
	name = take_way(label);
	to = address(argv[optind + 1], argv[optind + 2]);
	size = strlen(argv[optind + 3]);
	if (size > sizeof(data) - 8 || (!source && !strcmp(name, "bind-send")))
		usage();
	memcpy(data, argv[optind + 3], size);
	if (inherited) {
		after_exec(atoi(inherited));
		return 0;
	}
	for (unsigned int i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		if (!strcmp(entries[i].name, name)) {
			entries[i].act(begin(entries[i].start));
			/* What waits for its neighbour's address ends with an inline stack. */
			if (never)
				usleep(NEVER_US);
			return 0;
		}
	}
	usage();
}
