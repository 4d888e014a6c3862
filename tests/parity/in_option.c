// SPDX-License-Identifier: GPL-2.0-only
/* in_option.c - getsockopt(), setsockopt(), ioctl(), fcntl(). */
#include "parity.h"

#include <linux/sockios.h>
#include <sys/stat.h>
#include <sys/mman.h>

static int get(int fd, int level, int name)
{
	int val = -1;
	socklen_t len = sizeof(val);

	return getsockopt(fd, level, name, &val, &len) < 0 ? -errno : val;
}

static int set(int fd, int level, int name, int val)
{
	return setsockopt(fd, level, name, &val, sizeof(val)) < 0 ? -errno : 0;
}

#define GET(fd, level, name) note(#name " %d", get(fd, level, name))
#define SET(fd, level, name, val)                                            \
	do {                                                                 \
		int was = set(fd, level, name, val);                         \
                                                                             \
		note(#name " = %d: %d, %d", val, was, get(fd, level, name)); \
	} while (0)

static void identity(void)
{
	int t = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);

	GET(t, SOL_SOCKET, SO_TYPE);
	GET(t, SOL_SOCKET, SO_DOMAIN);
	GET(t, SOL_SOCKET, SO_PROTOCOL);
	GET(u, SOL_SOCKET, SO_TYPE);
	GET(u, SOL_SOCKET, SO_PROTOCOL);
	GET(t, SOL_SOCKET, SO_ACCEPTCONN);
	GET(t, SOL_SOCKET, SO_ERROR);
	close(t);
	close(u);
}

static void of_socket(void)
{
	struct linger l = {1, 5};
	socklen_t len = sizeof(l);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	SET(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	SET(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	SET(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	SET(fd, SOL_SOCKET, SO_BROADCAST, 1);
	SET(fd, SOL_SOCKET, SO_OOBINLINE, 1);
	SET(fd, SOL_SOCKET, SO_PRIORITY, 4);
	SET(fd, SOL_SOCKET, SO_SNDBUF, 30000);
	SET(fd, SOL_SOCKET, SO_RCVBUF, 30000);
	SET(fd, SOL_SOCKET, SO_SNDBUF, 1);
	SET(fd, SOL_SOCKET, SO_RCVLOWAT, 7);
	SET(fd, SOL_SOCKET, SO_SNDLOWAT, 7);
	SET(fd, SOL_SOCKET, SO_TYPE, 1);
	SEE(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	memset(&l, 0, sizeof(l));
	SEE(getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &len));
	note("linger %d %d", l.l_onoff, l.l_linger);
	close(fd);
}

static void of_tcp(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	SET(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	SET(fd, IPPROTO_TCP, TCP_CORK, 1);
	SET(fd, IPPROTO_TCP, TCP_CORK, 0);
	SET(fd, IPPROTO_TCP, TCP_KEEPIDLE, 77);
	SET(fd, IPPROTO_TCP, TCP_KEEPINTVL, 7);
	SET(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
	SET(fd, IPPROTO_TCP, TCP_KEEPCNT, 1000);
	SET(fd, IPPROTO_TCP, TCP_SYNCNT, 3);
	SET(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 9000);
	SET(fd, IPPROTO_TCP, TCP_QUICKACK, 1);
	GET(fd, IPPROTO_TCP, TCP_MAXSEG);
	GET(fd, IPPROTO_TCP, 999);
	SET(fd, IPPROTO_TCP, 999, 1);
	close(fd);
}

static void of_ip(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), six;

	SET(fd, IPPROTO_IP, IP_TOS, 0x10);
	SET(fd, IPPROTO_IP, IP_TTL, 33);
	SET(fd, IPPROTO_IP, IP_TTL, 300);
	SET(fd, IPPROTO_IP, IP_PKTINFO, 1);
	SET(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
	note("IP_MTU unconnected %d", get(fd, IPPROTO_IP, IP_MTU));
	note("wrong level %d", set(fd, 12345, 1, 1));
	close(fd);
	six = SEEFD(socket(AF_INET6, SOCK_STREAM, 0));
	SET(six, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	SET(six, IPPROTO_IPV6, IPV6_UNICAST_HOPS, 9);
	close(six);
}

static void misuse(void)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0), val = 1;
	socklen_t len = 2, none = (socklen_t)-1;

	SEE(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &val, 1));
	SEE(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, (void *)8, sizeof(val)));
	SEE(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &val, &len));
	note("short len %d", (int)len);
	SEE(getsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &val, &none));
	SEE(getsockopt(fd, SOL_SOCKET, 9999, &val, &len));
	SEE(getsockopt(fd, SOL_SOCKET, SO_TYPE, (void *)8, &len));
	SEE(getsockopt(-1, SOL_SOCKET, SO_TYPE, &val, &len));
	SEE(getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &val, &len));
	close(fd);
}

static void receive_timeout(void)
{
	struct timeval t = {.tv_usec = 80000}, back = {0};
	socklen_t len = sizeof(back);
	long start;
	int sv[2];
	char c;

	tcp_pair(sv);
	SEE(setsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	SEE(getsockopt(sv[0], SOL_SOCKET, SO_RCVTIMEO, &back, &len));
	note("is %ld.%06ld", (long)back.tv_sec, (long)back.tv_usec / 10000 * 10000);
	start = now_ms();
	SEE(recv(sv[0], &c, 1, 0));
	start = now_ms() - start;
	note("waited %s", start > 60 && start < 300 ? "about that" : "otherwise");
	close_both(sv);
}

static void send_timeout(void)
{
	struct timeval t = {.tv_usec = 80000};
	static char bulk[65536];
	ssize_t n;
	int sv[2];

	tcp_pair(sv);
	setsockopt(sv[0], SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t));
	set(sv[1], SOL_SOCKET, SO_RCVBUF, 4096);
	set(sv[0], SOL_SOCKET, SO_SNDBUF, 4096);
	while ((n = send(sv[0], bulk, sizeof(bulk), 0)) > 0)
		;
	note("full: %s", strerrorname_np(errno));
	SEE(poll(&(struct pollfd){.fd = sv[0], .events = POLLOUT}, 1, 0));
	close_both(sv);
}

static void queue_lengths(void)
{
	int sv[2], n = -1;
	char buf[8];

	tcp_pair(sv);
	send(sv[0], "12345", 5, 0);
	wait_for(sv[1], POLLIN);
	SEE(ioctl(sv[1], FIONREAD, &n));
	note("FIONREAD %d", n);
	recv(sv[1], buf, 2, 0);
	SEE(ioctl(sv[1], FIONREAD, &n));
	note("FIONREAD %d", n);
	nap(50);
	SEE(ioctl(sv[0], SIOCOUTQ, &n));
	note("SIOCOUTQ %d", n);
	SEE(ioctl(sv[0], SIOCATMARK, &n));
	note("SIOCATMARK %d", n);
	SEE(ioctl(sv[0], FIONREAD, (void *)8));
	SEE(ioctl(sv[0], 0x12345678, &n));
	close_both(sv);
}

static void nonblocking(void)
{
	int sv[2], on = 1, copy;
	char c;

	tcp_pair(sv);
	SEE(ioctl(sv[0], FIONBIO, &on));
	SEE(fcntl(sv[0], F_GETFL));
	SEE(recv(sv[0], &c, 1, 0));
	copy = dup(sv[0]);
	SEE(fcntl(copy, F_SETFL, 0));
	SEE(fcntl(sv[0], F_GETFL));
	SEE(fcntl(copy, F_SETFL, O_NONBLOCK | O_APPEND));
	SEE(fcntl(sv[0], F_GETFL));
	SEE(recv(sv[0], &c, 1, MSG_DONTWAIT));
	close(copy);
	close_both(sv);
}

static void as_a_file(void)
{
	struct stat st = {0};
	int fd = socket(AF_INET, SOCK_STREAM, 0), u = socket(AF_INET, SOCK_DGRAM, 0);

	SEE(fstat(fd, &st));
	note("socket %d", S_ISSOCK(st.st_mode));
	SEE(isatty(fd));
	SEE(lseek(fd, 0, SEEK_CUR));
	SEE(ftruncate(fd, 0));
	SEE(fsync(fd));
	SEE(pread(fd, &st, 1, 0));
	SEE(pwrite(fd, &st, 1, 0));
	SEE(mmap(NULL, 4096, PROT_READ, MAP_SHARED, u, 0) == MAP_FAILED ? -1 : 0);
	SEE(fcntl(fd, F_SETFD, FD_CLOEXEC));
	SEE(fcntl(fd, F_GETFD));
	SEE(ioctl(fd, FIONCLEX));
	SEE(fcntl(fd, F_GETFD));
	close(fd);
	close(u);
}

const struct behaviour in_option[] = {
	{"option-identity", identity},
	{"option-socket", of_socket},
	{"option-tcp", of_tcp},
	{"option-ip", of_ip},
	{"option-misuse", misuse},
	{"receive-timeout", receive_timeout},
	{"send-timeout", send_timeout},
	{"queue-lengths", queue_lengths},
	{"nonblocking", nonblocking},
	{"as-a-file", as_a_file},
	{NULL, NULL},
};
