// SPDX-License-Identifier: GPL-2.0-only
/*
 * linkem.c - link emulator: joins two network namespaces by shaped links.
 *
 *   linkem [-d] -a NS -b NS -c SOCKET --link NAME,tap|tun,SPEC... [--link ...]
 *   linkem --ctl SOCKET COMMAND
 *
 * Each link is a pair of TAP devices (Ethernet, like WiFi) or of TUN devices
 * (IFF_NO_PI, ARPHRD_NONE: bare IP packets, like a cellular modem), one in each
 * namespace. SPEC: a=DEVICE b=DEVICE, mtu=N, seed=N, gso, and for each direction
 * rate=50mbit delay=10ms jitter=1ms loss=0.1% queue=100ms (see pipe.h), with
 * the prefix `up.` for a to b only, `down.` for b to a only.
 *
 * Commands to the control socket (UNIX datagram, the answer goes back):
 *   stats                      counters and parameters as one line of JSON
 *   set LINK SPEC              change the parameters of a running link
 *   state LINK up|down|drop    down: the devices lose their carrier; drop: frames
 *                              vanish silently, as behind a wall
 *   quit
 *
 * Theory of operation. One thread, one epoll. A readable device is emptied into
 * its pipe (pipe.c), which gives each frame its time of arrival; the wait ends
 * at the earliest of these times, and what has arrived is written to the other
 * device. Waits for a due time last until TICK_NS after the last wake-up, so that
 * under load several frames leave at once: a frame is late by up to TICK_NS, and
 * never early.
 *
 * Cost: at 2 x 100 Mbit/s of TCP 0.31 of a CPU, nearly half of which is the
 * receiving side's TCP, which the kernel runs inside our write (perf, cpu-clock).
 *
 * A link with no shaping at all and `gso` carries frames with a virtio_net_hdr
 * and up to 64 KB (checksum and segmentation offload), for full speed.
 *
 * Ends by SIGTERM, SIGINT, `quit`, with its parent (--die-with-parent), or when
 * either namespace's name is gone. The devices are not persistent: they vanish
 * with this process, however it dies.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "testbed/pipe.h"
#include "testbed/wire.h"

#define MAX_LINKS     8
#define READ_BATCH    64
#define TICK_NS	      (250 * 1000ULL) /* see "Theory of operation" */
#define CHECK_NS      NS_PER_S	      /* how often the namespaces are looked for */
#define CTL_TIMEOUT_S 2

struct netns {
	const char *path;
	int fd;
	struct stat st;
};

struct linkem {
	struct netns ns[2];
	struct wire wire[MAX_LINKS];
	unsigned int nwires;
	int epfd;
	int ctl;
	struct sockaddr_un ctl_addr;
	bool quit;
};

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("linkem: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S),
				 .tv_nsec = (long)(ns % NS_PER_S)};
}

/* ---- namespaces ---- */

static void netns_open(struct netns *ns, const char *name)
{
	char *path;

	if (strchr(name, '/')) {
		path = strdup(name);
	} else if (asprintf(&path, "/run/netns/%s", name) < 0) {
		path = NULL;
	}
	if (!path)
		die("out of memory");
	ns->path = path;
	ns->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (ns->fd < 0 || fstat(ns->fd, &ns->st))
		die("network namespace %s: %s", path, strerror(errno));
}

/* Is the name still there, and the same namespace? */
static bool netns_alive(const struct netns *ns)
{
	struct stat st;

	return !stat(ns->path, &st) && st.st_ino == ns->st.st_ino && st.st_dev == ns->st.st_dev;
}

/* ---- control socket ---- */

static struct wire *find_wire(struct linkem *l, const char *name)
{
	for (unsigned int i = 0; i < l->nwires; i++)
		if (!strcmp(l->wire[i].name, name))
			return &l->wire[i];
	return NULL;
}

static void stats_json(struct linkem *l, FILE *out)
{
	struct timespec cpu;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
	fprintf(out, "{\"pid\":%d,\"time\":%.6f,\"cpu_seconds\":%.3f,\"links\":{", getpid(),
		(double)now_ns() / 1e9, (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9);
	for (unsigned int i = 0; i < l->nwires; i++) {
		fputs(i ? "," : "", out);
		wire_json(&l->wire[i], out);
	}
	fputs("}}\n", out);
}

static void run_command(struct linkem *l, char *line, FILE *out)
{
	char *save = NULL, *cmd = strtok_r(line, " \t\n", &save);
	char *name = strtok_r(NULL, " \t\n", &save), *arg = strtok_r(NULL, " \t\n", &save);
	struct wire *w;
	const char *bad;

	if (cmd && !strcmp(cmd, "stats")) {
		stats_json(l, out);
	} else if (cmd && !strcmp(cmd, "quit")) {
		l->quit = true;
		fputs("ok\n", out);
	} else if (cmd && (!strcmp(cmd, "set") || !strcmp(cmd, "state"))) {
		w = name ? find_wire(l, name) : NULL;
		if (!w || !arg)
			fprintf(out, "error: %s\n", w ? "argument missing" : "no such link");
		else if (!strcmp(cmd, "set") && (bad = wire_set(w, arg)))
			fprintf(out, "error: bad parameter: %s\n", bad);
		else if (!strcmp(cmd, "state") && wire_set_state(w, arg))
			fprintf(out, "error: no such state: %s\n", arg);
		else
			fputs("ok\n", out);
	} else {
		fputs("error: no such command\n", out);
	}
}

static void serve_control(struct linkem *l)
{
	struct sockaddr_un from;
	socklen_t fromlen = sizeof(from);
	char line[1024], *answer = NULL;
	size_t len = 0;
	ssize_t n = recvfrom(l->ctl, line, sizeof(line) - 1, 0, (void *)&from, &fromlen);
	FILE *out;

	if (n <= 0)
		return;
	line[n] = 0;
	out = open_memstream(&answer, &len);
	if (!out)
		return;
	run_command(l, line, out);
	fclose(out);
	/* A client that does not wait for its answer gets none. */
	sendto(l->ctl, answer, len, MSG_DONTWAIT, (void *)&from, fromlen);
	free(answer);
}

static void unix_address(struct sockaddr_un *sa, const char *path, const char *suffix)
{
	*sa = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (snprintf(sa->sun_path, sizeof(sa->sun_path), "%s%s", path, suffix) >=
	    (int)sizeof(sa->sun_path))
		die("%s: path too long for a UNIX socket", path);
}

static int unix_socket(const struct sockaddr_un *sa, int flags)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | flags, 0);

	unlink(sa->sun_path);
	if (fd < 0 || bind(fd, (const void *)sa, sizeof(*sa)))
		die("control socket %s: %s", sa->sun_path, strerror(errno));
	return fd;
}

/* The client: send one command, print the answer. */
static int control(const char *path, const char *command)
{
	struct timeval tv = {.tv_sec = CTL_TIMEOUT_S};
	struct sockaddr_un server, client;
	char suffix[32], answer[65536];
	ssize_t n = -1;
	int fd;

	unix_address(&server, path, "");
	snprintf(suffix, sizeof(suffix), ".%d", getpid());
	unix_address(&client, path, suffix);
	fd = unix_socket(&client, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv));
	if (sendto(fd, command, strlen(command), 0, (void *)&server, sizeof(server)) < 0 ||
	    (n = recv(fd, answer, sizeof(answer), 0)) < 0) {
		unlink(client.sun_path);
		die("no emulator answers at %s: %s", path, strerror(errno));
	}
	unlink(client.sun_path);
	if (!strncmp(answer, "error: ", 7)) {
		fprintf(stderr, "linkem: %.*s", (int)n - 7, answer + 7);
		return 1;
	}
	return fwrite(answer, 1, (size_t)n, stdout) != (size_t)n;
}

/* ---- the loop ---- */

static void watch(struct linkem *l, int fd, void *ptr)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = ptr};

	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, fd, &ev))
		die("epoll: %s", strerror(errno));
}

static void loop(struct linkem *l)
{
	uint64_t check = now_ns() + CHECK_NS, last = 0;

	while (!stop && !l->quit) {
		struct epoll_event ev[2 * MAX_LINKS + 1];
		uint64_t now = now_ns(), next = check;
		struct timespec ts;
		int n;

		for (unsigned int i = 0; i < l->nwires; i++) {
			uint64_t due = wire_deliver(&l->wire[i], now);

			if (due < last + TICK_NS)
				due = last + TICK_NS;
			if (due < next)
				next = due;
		}
		now = now_ns();
		if (now >= check) {
			if (!netns_alive(&l->ns[0]) || !netns_alive(&l->ns[1]))
				return;
			check = now + CHECK_NS;
		}
		ts = timespec_of(next > now ? next - now : 0);
		n = (int)syscall(SYS_epoll_pwait2, l->epfd, ev, 2 * MAX_LINKS + 1, &ts, NULL, 0);
		last = now_ns();
		for (int i = 0; i < n; i++) {
			if (ev[i].data.ptr == l)
				serve_control(l);
			else
				wire_read(ev[i].data.ptr, last, READ_BATCH);
		}
	}
}

/* ---- start ---- */

static void open_links(struct linkem *l, char **specs, unsigned int n)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	for (unsigned int i = 0; i < n; i++) {
		struct wire *w = &l->wire[l->nwires];
		const char *bad = wire_parse(w, strdup(specs[i])); /* it cuts the string up */

		if (bad)
			die("--link: bad word: %s", bad);
		for (int side = 0; side < 2; side++) {
			if (setns(l->ns[side].fd, CLONE_NEWNET))
				die("cannot enter %s: %s", l->ns[side].path, strerror(errno));
			bad = wire_open(w, side);
			if (bad)
				die("%s in %s: %s", w->end[side].ifname, l->ns[side].path, bad);
		}
		wire_start(w);
		l->nwires++;
	}
	if (home < 0 || setns(home, CLONE_NEWNET))
		die("cannot return to my namespace: %s", strerror(errno));
	close(home);
}

/*
 * Go to the background, in a session of its own. The parent stays until the
 * child says through the returned descriptor that all is set up.
 */
static int go_background(void)
{
	int fds[2], devnull;
	pid_t pid;
	char c;

	if (pipe2(fds, O_CLOEXEC) || (pid = fork()) < 0)
		die("fork: %s", strerror(errno));
	if (pid) {
		close(fds[1]);
		exit(read(fds[0], &c, 1) == 1 ? 0 : 1);
	}
	setsid();
	devnull = open("/dev/null", O_RDWR);
	dup2(devnull, 0);
	dup2(devnull, 1);
	return fds[1];
}

static void usage(void)
{
	fputs("usage: linkem [-d] [--die-with-parent] -a NS -b NS -c SOCKET --link SPEC...\n"
	      "       linkem --ctl SOCKET COMMAND\n",
	      stderr);
	exit(2);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"link", required_argument, NULL, 'l'},
						{"ctl", required_argument, NULL, 'C'},
						{"die-with-parent", no_argument, NULL, 'P'},
						{NULL}};
	static struct linkem l;
	const struct sigaction sa = {.sa_handler = on_signal};
	const char *ns[2] = {NULL, NULL}, *ctl = NULL;
	char *specs[MAX_LINKS];
	unsigned int nspecs = 0;
	bool background = false;
	int opt, ready = -1;

	while ((opt = getopt_long(argc, argv, "da:b:c:", options, NULL)) != -1) {
		switch (opt) {
		case 'd':
			background = true;
			break;
		case 'a':
		case 'b':
			ns[opt - 'a'] = optarg;
			break;
		case 'c':
			ctl = optarg;
			break;
		case 'l':
			if (nspecs == MAX_LINKS)
				die("more than %d links", MAX_LINKS);
			specs[nspecs++] = optarg;
			break;
		case 'C':
			if (optind != argc - 1)
				usage();
			return control(optarg, argv[optind]);
		case 'P':
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			break;
		default:
			usage();
		}
	}
	if (!ns[0] || !ns[1] || !ctl || !nspecs || optind != argc)
		usage();

	if (background)
		ready = go_background();
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 10000UL); /* ns; the default of 50 us would add to each delay */
	netns_open(&l.ns[0], ns[0]);
	netns_open(&l.ns[1], ns[1]);
	open_links(&l, specs, nspecs);
	unix_address(&l.ctl_addr, ctl, "");
	l.ctl = unix_socket(&l.ctl_addr, SOCK_NONBLOCK);
	l.epfd = epoll_create1(EPOLL_CLOEXEC);
	watch(&l, l.ctl, &l);
	for (unsigned int i = 0; i < l.nwires; i++)
		for (int side = 0; side < 2; side++)
			watch(&l, l.wire[i].end[side].fd, &l.wire[i].end[side]);
	if (ready >= 0) {
		if (write(ready, "", 1) != 1)
			return 1;
		close(ready);
		dup2(0, 2);
	}
	loop(&l);
	unlink(l.ctl_addr.sun_path);
	return 0;
}
