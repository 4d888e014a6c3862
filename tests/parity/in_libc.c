// SPDX-License-Identifier: GPL-2.0-only
/* in_libc.c - calls that libc makes out of others, and those that a socket has no answer to. */
#include "parity.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <netdb.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

static int sv[2];

static struct iovec *vector(char *buf)
{
	static struct iovec iov;

	iov = (struct iovec){buf, 4};
	return &iov;
}

/* What needs a file: each error is the kernel's about a socket. */
static void no_file(void)
{
	static char buf[8] = "abcd";
	int pipes[2];

	tcp_pair(sv);
	if (pipe(pipes) < 0)
		die("pipe");
	SEE(pread(sv[0], buf, 4, 0));
	SEE(pread64(sv[0], buf, 4, 0));
	SEE(pwrite(sv[0], buf, 4, 0));
	SEE(preadv(sv[0], vector(buf), 1, 0));
	SEE(pwritev(sv[0], vector(buf), 1, 0));
	SEE(preadv2(sv[0], vector(buf), 1, 0, 0));
	SEE(pwritev2(sv[0], vector(buf), 1, 0, 0));
	SEE(lseek(sv[0], 0, SEEK_CUR));
	SEE(ftruncate(sv[0], 0));
	SEE(fsync(sv[0]));
	SEE(fdatasync(sv[0]));
	SEE(fallocate(sv[0], 0, 0, 1));
	SEE(posix_fadvise(sv[0], 0, 0, POSIX_FADV_NORMAL));
	SEE(readahead(sv[0], 0, 1));
	SEE(copy_file_range(sv[0], NULL, pipes[1], NULL, 4, 0));
	SEE(copy_file_range(pipes[0], NULL, sv[0], NULL, 4, 0));
	SEE(tee(sv[0], pipes[1], 4, SPLICE_F_NONBLOCK));
	SEE(tee(pipes[0], sv[0], 4, SPLICE_F_NONBLOCK));
	SEE(vmsplice(sv[0], vector(buf), 1, SPLICE_F_NONBLOCK));
	SEE(isfdtype(sv[0], S_IFSOCK));
	SEE(isfdtype(sv[0], S_IFREG));
	SEE(isatty(sv[0]));
	note("%s", fdopendir(sv[0]) ? "directory" : strerrorname_np(errno));
	SEE(fchdir(sv[0]));
	SEE(flock(sv[0], LOCK_EX));
	/* Nothing of it went through. */
	send(sv[1], "ef", 2, 0);
	memset(buf, 0, sizeof(buf));
	SEE(recv(sv[0], buf, sizeof(buf), 0));
	note("%s", buf);
	close_both(pipes);
	close_both(sv);
}

/* A number that libc closes inside itself is the next owner's. */
static void fclose_socket(void)
{
	FILE *f = fopen("/dev/zero", "r");
	char byte = 'z';
	int fd, again;

	if (!f)
		die("/dev/zero");
	fd = fileno(f);
	tcp_pair(sv);
	if (dup2(sv[0], fd) != fd)
		die("dup2");
	SEE(send(fd, "a", 1, 0));
	SEE(fclose(f));
	SEE(send(fd, "b", 1, 0));
	again = open("/dev/zero", O_RDONLY);
	note("%s", again == fd ? "the same number" : "another number");
	SEE(read(again, &byte, 1));
	note("%d", byte);
	close(again);
	close(sv[0]);
	SEE(recv(sv[1], &byte, 1, 0));
	SEE(recv(sv[1], &byte, 1, 0));
	close(sv[1]);
}

static void freopen_over_socket(void)
{
	FILE *f = fopen("/dev/null", "r"), *g;
	char byte = 'z';
	int fd;

	if (!f)
		die("/dev/null");
	fd = fileno(f);
	tcp_pair(sv);
	if (dup2(sv[0], fd) != fd)
		die("dup2");
	close(sv[0]);
	g = freopen("/dev/zero", "r", f);
	note("%s, number %s",
	     g == f ? "the same"
	     : g    ? "another"
		    : strerrorname_np(errno),
	     g && fileno(g) == fd ? "kept" : "changed");
	note("%d", g ? fgetc(g) : -2);
	SEE(read(fd, &byte, 1));
	note("%d", byte);
	/* That was the last copy. */
	SEE(recv(sv[1], &byte, 1, 0));
	if (g)
		fclose(g);
	close(sv[1]);
}

/* A stream upon a socket is given a file. */
static void freopen_socket(void)
{
	char path[] = "/tmp/parity-XXXXXX", buf[16] = "";
	int file = mkstemp(path), fd;
	FILE *f, *g;

	tcp_pair(sv);
	f = fdopen(sv[0], "w");
	if (!f || file < 0)
		die("fdopen");
	fputs("one", f);
	g = freopen(path, "w", f);
	fd = g ? fileno(g) : -1;
	note("%s, number %s", g ? "opened" : strerrorname_np(errno),
	     fd == sv[0] ? "kept" : "changed");
	if (g)
		fputs("two", g);
	SEE(g ? fclose(g) : -1);
	SEE(recv(sv[1], buf, sizeof(buf), 0));
	note("%s", buf);
	SEE(recv(sv[1], buf, sizeof(buf), 0));
	memset(buf, 0, sizeof(buf));
	SEE(read(file, buf, sizeof(buf) - 1));
	note("%s", buf);
	close(file);
	unlink(path);
	close(sv[1]);
}

static void freopen_missing(void)
{
	char byte;
	FILE *f;

	tcp_pair(sv);
	f = fdopen(sv[0], "w");
	errno = 0;
	note("%s", freopen("/nowhere/at/all", "w", f) ? "opened" : strerrorname_np(errno));
	SEE(send(sv[0], "a", 1, 0));
	SEE(recv(sv[1], &byte, 1, 0));
	close(sv[1]);
}

static void freopen_standard(void)
{
	int keep = dup(STDIN_FILENO);
	char buf[16] = "";

	tcp_pair(sv);
	dup2(sv[0], STDIN_FILENO);
	close(sv[0]);
	send(sv[1], "line\n", 5, 0);
	note("%s", fgets(buf, sizeof(buf), stdin) ? "line" : "nothing");
	note("%s", freopen("/dev/zero", "r", stdin) ? "opened" : strerrorname_np(errno));
	note("%d, number %d", fgetc(stdin), fileno(stdin));
	SEE(recv(sv[1], buf, 1, 0));
	dup2(keep, STDIN_FILENO);
	close(keep);
	close(sv[1]);
}

static bool reserved(int port)
{
	return port >= 512 && port < 1024;
}

/* A socket with a reserved port is of the stack: it reaches the stack's own address. */
static void reserved_ports(void)
{
	struct sockaddr_in sa, from;
	socklen_t len = sizeof(from);
	int port = 1023, l = tcp_listener(), fd, fd2;

	sa = address_of(l);
	fd = SEEFD(rresvport(&port));
	note("%s", reserved(port) && ntohs(address_of(fd).sin_port) == port ? "as said" : "not so");
	SEE(connect(fd, (void *)&sa, sizeof(sa)));
	fd2 = accept(l, (void *)&from, &len);
	note("from %s", ntohs(from.sin_port) == port ? "there" : "elsewhere");
	close(fd2);
	/* Taken now: the next one below. */
	fd2 = SEEFD(rresvport_af(&port, AF_INET));
	note("%s", ntohs(address_of(fd2).sin_port) == port ? "as said" : "not so");
	close(fd2);
	port = 5;
	fd2 = SEEFD(rresvport_af(&port, AF_INET6));
	note("%s", reserved(port) ? "reserved" : "not so");
	close(fd2);
	SEE(rresvport_af(&port, AF_UNIX));
	close(fd);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	SEE(bindresvport(fd, NULL));
	note("%s", reserved(ntohs(address_of(fd).sin_port)) ? "reserved" : "not so");
	SEE(bindresvport(fd, NULL));
	close(fd);
	close(l);
}

/* A child by ways that pthread_atfork() does not see; the parent's connection is as it was. */
static void child_unseen(pid_t pid)
{
	char byte = '-';

	if (!pid) {
		alarm(CHILD_TIME);
		recv(sv[0], &byte, 1, MSG_DONTWAIT);
		getpeername(sv[0], NULL, NULL);
		_exit(3);
	}
	ended(pid);
	send(sv[0], "a", 1, 0);
	SEE(recv(sv[1], &byte, 1, 0));
	SEE(send(sv[1], &byte, 1, 0));
	SEE(recv(sv[0], &byte, 1, 0));
	note("%c", byte);
}

static void fork_unseen(void)
{
	tcp_pair(sv);
	child_unseen(_Fork());
	child_unseen((pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	close_both(sv);
}

/* Waiting by syscall(2). */
static void raw_waits(void)
{
	struct timespec soon = {.tv_nsec = 50000000};
	struct epoll_event ev = {.events = EPOLLIN};
	struct pollfd p;
	uint64_t mask = 0;
	struct {
		const void *set;
		size_t size;
	} last = {&mask, sizeof(mask)};
	int ep = epoll_create1(0), pipes[2];
	fd_set in;

	tcp_pair(sv);
	if (pipe(pipes) < 0)
		die("pipe");
	epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev);
	epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &ev);
	for (int i = 0; i < 2; i++) {
		p = (struct pollfd){.fd = sv[0], .events = POLLIN};
		SEE(syscall(SYS_ppoll, &p, 1, &soon, &mask, 8L));
		note("%x", (unsigned int)p.revents);
		FD_ZERO(&in);
		FD_SET(sv[0], &in);
		soon = (struct timespec){.tv_nsec = 50000000};
		SEE(syscall(SYS_pselect6, sv[0] + 1, &in, NULL, NULL, &soon, &last));
		note("%d", FD_ISSET(sv[0], &in) != 0);
		soon = (struct timespec){.tv_nsec = 50000000};
		SEE(syscall(SYS_epoll_pwait, ep, &ev, 1, 50, &mask, 8L));
		SEE(syscall(SYS_epoll_pwait2, ep, &ev, 1, &soon, NULL, 0L));
		send(sv[1], "abcd", 4, 0);
	}
	write(pipes[1], "x", 1);
	SEE(syscall(SYS_epoll_pwait, ep, (struct epoll_event[2]){}, 2, 50, NULL, 0L));
	SEE(syscall(SYS_preadv2, sv[0], vector((char[4]){0}), 1, -1L, 0L, 0));
	SEE(syscall(SYS_preadv2, sv[0], vector((char[4]){0}), 1, 5L, 0L, 0));
	SEE(syscall(SYS_pwritev2, sv[0], vector((char[4]){0}), 1, -1L, 0L, 0));
	close(ep);
	close_both(pipes);
	close_both(sv);
}

static void creat_file(void)
{
	char path[] = "/tmp/parity-XXXXXX";
	int fd = mkstemp(path), made;

	made = SEEFD(creat(path, 0600));
	SEE(write(made, "ab", 2));
	close(made);
	SEE(lseek(fd, 0, SEEK_END));
	SEEFD(creat("/proc/sys/net/ipv4/no_such_value", 0600));
	close(fd);
	unlink(path);
}

const struct behaviour in_libc[] = {
	{"no-file", no_file},
	{"fclose-socket", fclose_socket},
	{"freopen-over-socket", freopen_over_socket},
	{"freopen-socket", freopen_socket},
	{"freopen-missing", freopen_missing},
	{"freopen-standard", freopen_standard},
	{"reserved-ports", reserved_ports},
	{"fork-unseen", fork_unseen},
	{"raw-waits", raw_waits},
	{"creat", creat_file},
	{NULL},
};
