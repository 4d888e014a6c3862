// SPDX-License-Identifier: GPL-2.0-only
/*
 * parity.c - run the behaviours; record what the host says, or compare with it.
 *
 *	parity ADDRESS > expected		note what this stack does
 *	parity ADDRESS expected [known]		compare; prints TAP
 *	parity ADDRESS - NAME			one behaviour, notes to stdout
 *
 * ADDRESS is an IPv4 address of the stack itself, not loopback. A file of known
 * differences has lines "NAME reason"; those become TODO tests.
 *
 * Each behaviour has 10 seconds; one that hangs or dies is reported as such: it
 * runs in the main process (the stack is the process's) and the rest is then
 * missing from the output.
 */
#include "parity.h"

#include <stdarg.h>

static const struct behaviour *const rooms[] = {
	in_socket, in_option, in_io, in_number, in_wait, in_epoll, in_signal, in_misc,
};

static char notes[8192];
static size_t noted;
static struct in_addr address;
static const char *current;

void note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	noted += (size_t)vsnprintf(notes + noted, sizeof(notes) - noted, fmt, ap);
	va_end(ap);
	if (noted > sizeof(notes) - 3)
		noted = sizeof(notes) - 3;
	notes[noted++] = ';';
	notes[noted++] = ' ';
	notes[noted] = '\0';
}

long see(const char *text, long ret)
{
	if (ret < 0)
		note("%s = %ld %s", text, ret, strerrorname_np(errno));
	else
		note("%s = %ld", text, ret);
	return ret;
}

int see_fd(const char *text, int ret)
{
	if (ret < 0)
		note("%s = %d %s", text, ret, strerrorname_np(errno));
	else
		note("%s = ok", text);
	return ret;
}

void die(const char *what)
{
	printf("Bail out! %s: %s: %s\n", current, what, strerror(errno));
	exit(1);
}

struct sockaddr_in any_port(void)
{
	return (struct sockaddr_in){.sin_family = AF_INET, .sin_addr = address};
}

struct sockaddr_in address_of(int fd)
{
	struct sockaddr_in sa;
	socklen_t len = sizeof(sa);

	if (getsockname(fd, (void *)&sa, &len) < 0)
		die("getsockname");
	return sa;
}

int tcp_listener(void)
{
	struct sockaddr_in sa = any_port();
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (void *)&sa, sizeof(sa)) < 0 || listen(fd, 8) < 0)
		die("listener");
	return fd;
}

void tcp_pair(int sv[2])
{
	int l = tcp_listener();
	struct sockaddr_in sa = address_of(l);

	sv[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (sv[0] < 0 || connect(sv[0], (void *)&sa, sizeof(sa)) < 0)
		die("connect");
	sv[1] = accept(l, NULL, NULL);
	if (sv[1] < 0)
		die("accept");
	close(l);
}

void udp_pair(int sv[2])
{
	struct sockaddr_in a[2];

	for (int i = 0; i < 2; i++) {
		a[i] = any_port();
		sv[i] = socket(AF_INET, SOCK_DGRAM, 0);
		if (sv[i] < 0 || bind(sv[i], (void *)&a[i], sizeof(a[i])) < 0)
			die("udp");
		a[i] = address_of(sv[i]);
	}
	for (int i = 0; i < 2; i++)
		if (connect(sv[i], (void *)&a[!i], sizeof(a[i])) < 0)
			die("udp connect");
}

void close_both(const int sv[2])
{
	close(sv[0]);
	close(sv[1]);
}

int wait_for(int fd, int events)
{
	struct pollfd p = {.fd = fd, .events = (short)events};

	return poll(&p, 1, 1000) < 0 ? -1 : p.revents;
}

struct later {
	int ms;
	void (*fn)(void *);
	void *arg;
};

static void *later(void *arg)
{
	struct later *l = arg;

	nap(l->ms);
	l->fn(l->arg);
	free(l);
	return NULL;
}

pthread_t after(int ms, void (*fn)(void *), void *arg)
{
	struct later *l = malloc(sizeof(*l));
	sigset_t all, old;
	pthread_t t;

	*l = (struct later){ms, fn, arg};
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&t, NULL, later, l))
		die("thread");
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return t;
}

void done(pthread_t t)
{
	pthread_join(t, NULL);
}

long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void nap(int ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000L};

	while (nanosleep(&t, &t) < 0)
		;
}

void send_byte(void *fd)
{
	if (write(*(int *)fd, "x", 1) != 1)
		perror("send_byte");
}

void kill_thread_usr1(void *id)
{
	pthread_kill(*(pthread_t *)id, SIGUSR1);
}

static void *watchdog(void *unused)
{
	const char *seen = NULL;
	long since = now_ms();

	for (;;) {
		nap(100);
		if (seen != current) {
			seen = current;
			since = now_ms();
		} else if (now_ms() - since > 10000) {
			printf("Bail out! %s hangs (%s)\n", current, notes);
			fflush(stdout);
			_exit(1);
		}
	}
	return unused;
}

static const char *run(const struct behaviour *b)
{
	current = b->name;
	noted = 0;
	notes[0] = '\0';
	b->run();
	return notes;
}

/* The rest of the line in @file that begins with @name and a space; "" if none. */
static char *line_of(const char *file, const char *name, char *line, size_t size)
{
	FILE *f = file ? fopen(file, "r") : NULL;
	size_t n = strlen(name);
	char *found = NULL;

	while (f && !found && fgets(line, (int)size, f))
		if (strncmp(line, name, n) == 0 && line[n] == ' ')
			found = line + n + 1;
	if (f)
		fclose(f);
	if (found)
		found[strcspn(found, "\n")] = '\0';
	return found;
}

static int compare(const struct behaviour *b, int number, const char *expected, const char *known)
{
	static char want[9000], why[512];
	const char *got = run(b);
	char *e = line_of(expected, b->name, want, sizeof(want));
	char *k = line_of(known, b->name, why, sizeof(why));
	bool same = e && strcmp(e, got) == 0;

	printf("%s %d - %s%s%s\n", same ? "ok" : "not ok", number, b->name, k ? " # TODO " : "",
	       k ? k : "");
	if (!same)
		printf("# host    %s\n# persona %s\n", e ? e : "(nothing)", got);
	fflush(stdout);
	return !same && !k;
}

int main(int argc, char **argv)
{
	const char *expected = argc > 2 ? argv[2] : NULL, *known = argc > 3 ? argv[3] : NULL;
	bool one = expected && strcmp(expected, "-") == 0;
	int total = 0, number = 0, bad = 0;
	pthread_t t;
	sigset_t all, old;

	if (argc < 2 || !inet_aton(argv[1], &address)) {
		fprintf(stderr, "usage: parity ADDRESS [EXPECTED [KNOWN] | - NAME]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_create(&t, NULL, watchdog, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++)
		for (const struct behaviour *b = rooms[r]; b->name; b++)
			total++;
	if (expected && !one)
		printf("1..%d\n", total);
	for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++)
		for (const struct behaviour *b = rooms[r]; b->name; b++) {
			if (one && strcmp(b->name, argv[3]) != 0)
				continue;
			if (expected && !one)
				bad += compare(b, ++number, expected, known);
			else
				printf("%s %s\n", b->name, run(b));
			fflush(stdout);
		}
	return bad != 0;
}
