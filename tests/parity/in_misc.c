// SPDX-License-Identifier: GPL-2.0-only
/* in_misc.c - streams, copies between worlds, loopback, other families. */
#include "parity.h"

#include <net/if.h>
#include <netdb.h>
#include <sys/eventfd.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static void streams(void)
{
	char line[32] = "";
	FILE *in, *out;
	int sv[2];

	tcp_pair(sv);
	out = fdopen(sv[0], "w");
	in = fdopen(sv[1], "r");
	SEE(fprintf(out, "line %d\n", 1));
	SEE(fflush(out));
	note("read %d", fgets(line, sizeof(line), in) != NULL);
	line[strcspn(line, "\n")] = '\0';
	note("%s", line);
	note("fileno %d %d", fileno(out) == sv[0], fileno(in) == sv[1]);
	SEE(dprintf(sv[0], "%s", "two\n"));
	note("got %d", fgets(line, sizeof(line), in) != NULL);
	SEE(fclose(out));
	note("end %d", fgets(line, sizeof(line), in) == NULL && feof(in));
	SEE(fclose(in));
	SEE(close(sv[1]));
}

/* A server's way: the connection becomes 0 and 1. */
static void standard_streams(void)
{
	char line[32] = "";
	int sv[2], keep[2] = {dup(0), dup(1)};

	tcp_pair(sv);
	fflush(stdout);
	dup2(sv[1], 0);
	dup2(sv[1], 1);
	send(sv[0], "hello\n", 6, 0);
	if (fgets(line, sizeof(line), stdin))
		printf("echo %s", line);
	fflush(stdout);
	dup2(keep[0], 0);
	dup2(keep[1], 1);
	clearerr(stdin);
	memset(line, 0, sizeof(line));
	SEE(recv(sv[0], line, sizeof(line) - 1, 0));
	line[strcspn(line, "\n")] = '\0';
	note("%s", line);
	close(keep[0]);
	close(keep[1]);
	close_both(sv);
}

static void sending_files(void)
{
	char path[] = "/tmp/parity.XXXXXX", buf[64] = "";
	int file = mkstemp(path), sv[2];
	off_t off = 2;

	unlink(path);
	if (write(file, "0123456789", 10) != 10)
		die("write");
	tcp_pair(sv);
	SEE(sendfile(sv[0], file, &off, 5));
	note("offset %d", (int)off);
	SEE(recv(sv[1], buf, 5, MSG_WAITALL));
	note("%s", buf);
	lseek(file, 8, SEEK_SET);
	SEE(sendfile(sv[0], file, NULL, 100));
	SEE(lseek(file, 0, SEEK_CUR));
	SEE(sendfile(sv[0], file, NULL, 100));
	SEE(recv(sv[1], buf, 64, 0));
	SEE(sendfile(sv[0], sv[1], NULL, 1));
	SEE(sendfile(sv[0], -1, NULL, 1));
	close(file);
	close_both(sv);
}

static void splicing(void)
{
	char buf[16] = "";
	int p[2], sv[2];
	loff_t off = 0;

	if (pipe(p))
		die("pipe");
	tcp_pair(sv);
	if (write(p[1], "spliced", 7) != 7)
		die("write");
	SEE(splice(p[0], NULL, sv[0], NULL, 100, 0));
	wait_for(sv[1], POLLIN);
	SEE(splice(sv[1], NULL, p[1], NULL, 4, 0));
	SEE(read(p[0], buf, sizeof(buf)));
	SEE(recv(sv[1], buf, sizeof(buf), 0));
	fcntl(sv[1], F_SETFL, O_NONBLOCK);
	SEE(splice(sv[1], NULL, p[1], NULL, 4, SPLICE_F_NONBLOCK));
	SEE(splice(p[0], NULL, sv[0], NULL, 4, SPLICE_F_NONBLOCK));
	SEE(splice(p[0], NULL, sv[0], &off, 4, 0));
	SEE(splice(sv[0], NULL, sv[1], NULL, 4, 0));
	shutdown(sv[0], SHUT_WR);
	wait_for(sv[1], POLLRDHUP);
	SEE(splice(sv[1], NULL, p[1], NULL, 4, 0));
	close(p[0]);
	close(p[1]);
	close_both(sv);
}

/* 127.0.0.1 is served, whoever serves it. */
static void loopback(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = 77};
	int l = socket(AF_INET, SOCK_STREAM, 0), c, a, one = 1, ep = epoll_create1(0);
	char b = 0;

	SEE(setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
	SEE(bind(l, (void *)&sa, sizeof(sa)));
	SEE(listen(l, 4));
	sa = address_of(l);
	c = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	SEE(epoll_ctl(ep, EPOLL_CTL_ADD, c, &ev));
	SEE(connect(c, (void *)&sa, sizeof(sa)));
	a = SEEFD(accept(l, NULL, NULL));
	SEE(send(a, "x", 1, 0));
	ev = (struct epoll_event){0};
	do {
		epoll_wait(ep, &ev, 1, 1000);
	} while (ev.events && !(ev.events & EPOLLIN));
	note("event %#x %u", ev.events & EPOLLIN, ev.data.u32);
	SEE(fcntl(c, F_GETFL));
	SEE(recv(c, &b, 1, 0));
	SEE(epoll_ctl(ep, EPOLL_CTL_DEL, c, NULL));
	close(l);
	close(c);
	close(a);
	close(ep);
}

/* A server on all addresses is found through 127.0.0.1. */
static void wildcard(void)
{
	struct sockaddr_in sa = {.sin_family = AF_INET};
	int l = socket(AF_INET, SOCK_STREAM, 0), c = socket(AF_INET, SOCK_STREAM, 0);

	SEE(bind(l, (void *)&sa, sizeof(sa)));
	SEE(listen(l, 4));
	sa = address_of(l);
	note("any %d", sa.sin_addr.s_addr == 0);
	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	SEE(connect(c, (void *)&sa, sizeof(sa)));
	SEEFD(accept(l, NULL, NULL));
	close(l);
	close(c);
}

static void raw_calls(void)
{
	struct sockaddr_in sa = any_port();
	char c = 'r';
	int fd = (int)syscall(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	note("socket %d", fd >= 0);
	SEE(syscall(SYS_bind, fd, &sa, sizeof(sa)));
	sa = address_of(fd);
	SEE(syscall(SYS_sendto, fd, &c, 1, 0, &sa, sizeof(sa)));
	SEE(syscall(SYS_recvfrom, fd, &c, 1, 0, NULL, NULL));
	SEE(syscall(SYS_close, fd));
	SEE(syscall(SYS_close, fd));
}

static void unix_sockets(void)
{
	struct msghdr msg = {0};
	struct iovec iov = {"x", 1};
	char room[CMSG_SPACE(sizeof(int))] = {0};
	struct cmsghdr *cm = (void *)room;
	int u[2], ev = eventfd(0, 0);

	SEE(socketpair(AF_UNIX, SOCK_STREAM, 0, u));
	msg = (struct msghdr){.msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = room,
			      .msg_controllen = sizeof(room)};
	*cm = (struct cmsghdr){CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
	memcpy(CMSG_DATA(cm), &ev, sizeof(ev));
	SEE(sendmsg(u[0], &msg, 0));
	SEE(recvmsg(u[1], &msg, 0));
	close(ev);
	close_both(u);
}

static void children(void)
{
	int u[2], status = -1;
	pid_t pid;
	char c = 0;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, u))
		die("socketpair");
	pid = fork();
	if (!pid) {
		if (write(u[1], "c", 1) != 1)
			_exit(2);
		_exit(3);
	}
	SEE(read(u[0], &c, 1));
	note("child %d", waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3);
	pid = vfork();
	if (!pid)
		_exit(4);
	note("vfork %d", waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 4);
	note("system %d", WEXITSTATUS(system("exit 5")));
	close_both(u);
}

static void lookups(void)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST},
			*res = NULL;
	char name[IF_NAMESIZE] = "";

	SEE(getaddrinfo("192.0.2.7", "80", &hints, &res));
	note("family %d", res ? res->ai_family : -1);
	if (res)
		freeaddrinfo(res);
	note("not numeric %d", getaddrinfo("x.invalid", "80", &hints, &res));
	note("lo is %u", if_nametoindex("lo"));
	SEE(if_nametoindex("nothing0") ? 0 : -1);
	SEE(if_indextoname(1, name) ? 0 : -1);
	note("1 is %s", name);
	errno = 0;
	note("9999 is %s %s", if_indextoname(9999, name) ? name : "unknown",
	     strerrorname_np(errno));
}

/* Our listener stands in /proc/net/tcp. */
static void proc_net(void)
{
	char line[512], want[16];
	int l = tcp_listener(), found = 0;
	FILE *f = fopen("/proc/net/tcp", "r");

	snprintf(want, sizeof(want), ":%04X ", ntohs(address_of(l).sin_port));
	while (f && fgets(line, sizeof(line), f))
		found += strstr(line, want) && strstr(line, " 0A ");
	note("found %d", found);
	if (f)
		fclose(f);
	close(l);
}

const struct behaviour in_misc[] = {
	{"stdio", streams},	     {"stdio-standard", standard_streams},
	{"sendfile", sending_files}, {"splice", splicing},
	{"loopback", loopback},	     {"loopback-wildcard", wildcard},
	{"raw-syscall", raw_calls},  {"unix-sockets", unix_sockets},
	{"child", children},	     {"look-ups", lookups},
	{"proc-net", proc_net},	     {NULL, NULL},
};
