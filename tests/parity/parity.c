// SPDX-License-Identifier: GPL-2.0-only
/*
 * parity.c - run the behaviours and say what each noted.
 *
 *	parity ADDRESS [--after NAME]	all, or those behind NAME
 *	parity ADDRESS NAME...		these
 *	parity --child ...		for behaviours that execute a program
 *
 * ADDRESS is an IPv4 address of the stack itself, not loopback. One line per
 * behaviour: "NAME notes". The name is out before the behaviour runs; so one that
 * kills the program is known, and the caller (compare) goes on behind it.
 *
 * Each behaviour has HANG seconds, $PARITY_SLOW times as many on a slow machine. One
 * that takes longer, or cannot go on, ends the program with its notes so far and a
 * word in capitals; the stack is the process's, and what it is waiting for may never end.
 */
#include "parity.h"

#include <stdarg.h>
#include <sys/wait.h>

#define HANG 5 /* seconds */

static const struct behaviour *const rooms[] = {
	in_socket,  in_option,	in_io,	  in_number, in_wait,	 in_epoll, in_signal, in_misc,
	in_state,   in_misuse,	in_value, in_urgent, in_restart, in_tree,  in_pass,   in_udp,
	in_message, in_address, in_six,	  in_bulk,   in_end,	 in_libc,  in_thread, in_gai,
};

static FILE *out;
static char notes[8192];
static size_t noted;
static struct in_addr address;
static const char *current;
static volatile bool over; /* a watchdog ends the program: no more notes */

/* Ending may wake the hanging call: its thread must not go on. */
static void hold_if_over(void)
{
	while (over)
		pause();
}

void note(const char *fmt, ...)
{
	va_list ap;

	hold_if_over();
	va_start(ap, fmt);
	noted += (size_t)vsnprintf(notes + noted, sizeof(notes) - noted, fmt, ap);
	va_end(ap);
	if (noted > sizeof(notes) - 3)
		noted = sizeof(notes) - 3;
	for (char *p = notes; (p = memchr(p, '\n', noted - (size_t)(p - notes)));)
		*p = ' ';
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
	hold_if_over();
	fprintf(out, "%sDIED %s: %s\n", notes, what, strerror(errno));
	fflush(out);
	_exit(1);
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

int full_listener(int fd[2])
{
	struct sockaddr_in sa = any_port();
	int l = socket(AF_INET, SOCK_STREAM, 0);

	if (l < 0 || bind(l, (void *)&sa, sizeof(sa)) < 0 || listen(l, 0) < 0)
		die("full listener");
	sa = address_of(l);
	for (int i = 0; i < 2; i++) {
		fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(fd[i], (void *)&sa, sizeof(sa)) < 0 && errno != EINPROGRESS)
			die("connect to the full listener");
		if (!i)
			wait_for(l, POLLIN);
	}
	return l;
}

int parity_socket(int domain, int type, int protocol)
{
	static int mptcp = -1;

	if (mptcp < 0)
		mptcp = getenv("PARITY_MPTCP") != NULL;
	if (mptcp && (domain == AF_INET || domain == AF_INET6) && (type & 15) == SOCK_STREAM &&
	    (!protocol || protocol == IPPROTO_TCP))
		protocol = IPPROTO_MPTCP;
	return (socket)(domain, type, protocol);
}

const char *word(long ret)
{
	static char room[4][24];
	static int turn;

	if (ret < 0)
		return strerrorname_np(errno);
	turn = (turn + 1) % 4;
	snprintf(room[turn], sizeof(room[turn]), "%ld", ret);
	return room[turn];
}

int wait_for(int fd, int events)
{
	struct pollfd p = {.fd = fd, .events = (short)events};

	return poll(&p, 1, 1000) < 0 ? -1 : p.revents;
}

pid_t child(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	if (!pid)
		alarm(CHILD_TIME);
	return pid;
}

void ended(pid_t pid)
{
	int status = -1;

	if (waitpid(pid, &status, 0) != pid)
		note("lost");
	else if (WIFSIGNALED(status))
		note("child killed by %d", WTERMSIG(status));
	else
		note("child %d", WEXITSTATUS(status));
}

/* What one recv() gives, if it comes soon. */
void hear(int fd)
{
	char buf[16] = "";
	ssize_t n = -1;

	errno = ETIMEDOUT;
	if (poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, SOON))
		n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
	note("recv %s '%s'", word(n), buf);
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

int slowness(void)
{
	const char *slow = getenv("PARITY_SLOW");

	return slow ? atoi(slow) : 1;
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
	long limit = HANG * 1000L * slowness(), since = now_ms();

	for (;;) {
		nap(100);
		if (seen != current) {
			seen = current;
			since = now_ms();
		} else if (now_ms() - since > limit) {
			over = true;
			fprintf(out, "%sHANGS\n", notes);
			fflush(out);
			_exit(1);
		}
	}
	return unused;
}

static void run(const struct behaviour *b)
{
	noted = 0;
	notes[0] = '\0';
	current = b->name;
	fprintf(out, "%s ", b->name);
	fflush(out);
	if (b->run)
		b->run();
	else
		b->with(b->arg);
	hold_if_over();
	fprintf(out, "%s\n", notes);
	fflush(out);
}

static bool asked(const char *name, int n, char *const *names)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return n == 0;
}

int main(int argc, char **argv)
{
	bool waiting = argc == 4 && strcmp(argv[2], "--after") == 0;
	char *const *names = argv + 2;
	int n = waiting ? 0 : argc - 2;
	pthread_t t;
	sigset_t all, old;

	if (argc > 2 && strcmp(argv[1], "--child") == 0)
		return child_main(argv + 2);
	if (argc < 2 || !inet_aton(argv[1], &address)) {
		fprintf(stderr, "usage: parity ADDRESS [--after NAME | NAME...]\n");
		return 2;
	}
	/* What a child says by mistake is not in the notes. */
	out = fdopen(fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 400), "w");
	if (!out || !freopen("/dev/null", "w", stdout))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_create(&t, NULL, watchdog, NULL);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	for (size_t r = 0; r < sizeof(rooms) / sizeof(rooms[0]); r++)
		for (const struct behaviour *b = rooms[r]; b->name; b++) {
			if (!waiting && asked(b->name, n, names))
				run(b);
			else if (waiting && strcmp(b->name, argv[3]) == 0)
				waiting = false;
		}
	return 0;
}
