// SPDX-License-Identifier: GPL-2.0-only
/*
 * resolver.c - a process that resolves names for the stack, see resolver.h.
 *
 * Theory of operation
 *
 * It answers struct endpoint_question with struct endpoint_answer (stack/endpoint.h) at a socket
 * whose other end goes with the stack: by inheritance inline, as a descriptor of persona itself
 * in shadow mode. Its libc is the host's, and no filter and no library of Persona's is upon it.
 *
 *	main thread	sleeps until a question or the end of the stack comes, which is its end
 *	a thread	for each question, as getaddrinfo() may wait for seconds
 *
 * It is nobody's child (forked twice, before persona becomes a subreaper) and in a session of its
 * own: neither ^C nor waiting for programs concerns it. It has no file of the user's open.
 *
 * Costs: while nothing is asked it sleeps. It exists only if an endpoint is a name.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "launch/farend.h"
#include "launch/resolver.h"
#include "lib/complain.h"
#include "lib/highfd.h"
#include "stack/ahead.h"
#include "stack/config.h"
#include "stack/endpoint.h"

#define STACK (256 << 10) /* bytes of a thread's stack */

static char *names[CONFIG_MAX_IFACES][SPEC_MAX_FARS];
static bool any;

static int resolver_socket; /* in the process */

static void resolver_add(struct endpoint_answer *a, const struct sockaddr *sa)
{
	const struct sockaddr_in6 *in6 = (const void *)sa;
	const struct sockaddr_in *in = (const void *)sa;
	struct ip_addr *addr = &a->addr[a->n];

	if (a->n == ENDPOINT_ADDRS || (sa->sa_family != AF_INET && sa->sa_family != AF_INET6))
		return;
	*addr = (struct ip_addr){.family = sa->sa_family};
	addr->prefix = (uint16_t)(ip_len(addr) * 8);
	if (sa->sa_family == AF_INET)
		memcpy(addr->bytes, &in->sin_addr, 4);
	else
		memcpy(addr->bytes, &in6->sin6_addr, 16);
	a->n++;
}

int resolver_look_up(const char *host, struct endpoint_answer *a)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_DGRAM};
	struct addrinfo *list, *at;
	int err = getaddrinfo(host, NULL, &hints, &list);

	a->n = 0;
	if (err)
		return err;
	for (at = list; at; at = at->ai_next)
		resolver_add(a, at->ai_addr);
	freeaddrinfo(list);
	return 0;
}

int resolver_note(unsigned int iface, unsigned int far, const char *host)
{
	free(names[iface][far]);
	names[iface][far] = strdup(host);
	any = true;
	return names[iface][far] ? 0 : complain(EXIT_PERSONA, "out of memory");
}

/* ---- in the process ---- */

/* What a network's own name server says before it lets anybody in is often such an address. */
static void resolver_keep_fit(struct endpoint_answer *a)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->n; i++)
		if (!farend_judge(&a->addr[i]))
			a->addr[n++] = a->addr[i];
	a->n = n;
}

static void *resolver_answer(void *arg)
{
	const struct endpoint_question *q = arg;
	struct endpoint_answer a;

	memset(&a, 0, sizeof(a));
	a.iface = q->iface;
	a.far = q->far;
	resolver_look_up(names[q->iface][q->far], &a);
	resolver_keep_fit(&a);
	send(resolver_socket, &a, sizeof(a), MSG_NOSIGNAL);
	free(arg);
	return NULL;
}

static void resolver_ask(const struct endpoint_question *q)
{
	struct endpoint_question *copy = malloc(sizeof(*copy));
	pthread_attr_t attr;
	pthread_t thread;

	if (!copy)
		return;
	*copy = *q;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	if (pthread_create(&thread, &attr, resolver_answer, copy))
		free(copy);
	pthread_attr_destroy(&attr);
}

/* Until the stack's end is closed; threads that still wait for a server go with the process. */
static void resolver_serve(void)
{
	struct endpoint_question q;
	ssize_t n;

	while ((n = recv(resolver_socket, &q, sizeof(q), 0)) > 0 || (n < 0 && errno == EINTR)) {
		if (n == sizeof(q) && q.iface < CONFIG_MAX_IFACES && q.far < SPEC_MAX_FARS &&
		    names[q.iface][q.far])
			resolver_ask(&q);
	}
}

/* An open descriptor here would hide the end of persona's output, and of the stack, from its
 * reader. */
static void resolver_close_files(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *e;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (null < 0 || dup2(null, fd) < 0)
			close(fd);
	while (dir && (e = readdir(dir))) {
		int fd = atoi(e->d_name);

		if (fd > STDERR_FILENO && fd != keep && fd != dirfd(dir))
			close(fd);
	}
	if (dir)
		closedir(dir);
}

static void resolver_become(int fd)
{
	setsid();
	prctl(PR_SET_NAME, "persona-resolve");
	resolver_socket = fd;
	resolver_close_files(fd);
	resolver_serve();
	_exit(0);
}

int resolver_start(struct config *c)
{
	int pair[2];
	pid_t pid;

	if (!any)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return complain(EXIT_PERSONA, "cannot make a socket pair: %s", strerror(errno));
	ahead_wait(); /* the child uses all of libc */
	pid = fork();
	if (!pid) {
		close(pair[0]);
		if (fork() == 0)
			resolver_become(pair[1]);
		_exit(0);
	}
	close(pair[1]);
	if (pid < 0) {
		close(pair[0]);
		return complain(EXIT_PERSONA, "cannot start a process: %s", strerror(errno));
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	c->resolver = highfd_move(pair[0], F_DUPFD_CLOEXEC);
	return c->resolver < 0 ? complain(EXIT_PERSONA, "too many open files: ulimit -n 1024") : 0;
}
