// SPDX-License-Identifier: GPL-2.0-only
/* in_epoll.c - epoll over both worlds. */
#include "parity.h"

static int add(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int mod(int ep, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event ev = {.events = events, .data.u64 = data};

	return epoll_ctl(ep, EPOLL_CTL_MOD, fd, &ev) < 0 ? -errno : 0;
}

static int by_data(const void *a, const void *b)
{
	const struct epoll_event *x = a, *y = b;

	return x->data.u64 < y->data.u64 ? -1 : x->data.u64 > y->data.u64;
}

/* Wait, and note what came, in the order of the data. */
static void look(int ep, int ms)
{
	struct epoll_event ev[8];
	int n = epoll_wait(ep, ev, 8, ms);

	if (n > 0)
		qsort(ev, (size_t)n, sizeof(ev[0]), by_data);
	note("events %d", n);
	for (int i = 0; i < n; i++)
		note("%#llx: %#x", (unsigned long long)ev[i].data.u64, ev[i].events);
}

static void level(void)
{
	int ep = epoll_create1(0), sv[2], p[2];
	char c;

	tcp_pair(sv);
	if (pipe(p))
		die("pipe");
	note("add %d %d", add(ep, sv[0], EPOLLIN, 0xabcdef0123456789), add(ep, p[0], EPOLLIN, 2));
	look(ep, 20);
	send_byte(&p[1]);
	look(ep, 1000);
	send_byte(&sv[1]);
	wait_for(sv[0], POLLIN);
	look(ep, 1000);
	look(ep, 1000);
	if (read(sv[0], &c, 1) != 1)
		note("no byte");
	look(ep, 1000);
	note("mod %d", mod(ep, sv[0], EPOLLIN | EPOLLOUT, 3));
	look(ep, 1000);
	close(p[0]);
	look(ep, 1000);
	close(sv[0]);
	look(ep, 20);
	close(p[1]);
	close(sv[1]);
	close(ep);
}

static void edges(void)
{
	int ep = epoll_create1(0), sv[2];
	char buf[8];

	tcp_pair(sv);
	add(ep, sv[0], EPOLLIN | EPOLLET, 1);
	look(ep, 20);
	send_byte(&sv[1]);
	look(ep, 1000);
	look(ep, 20);
	send_byte(&sv[1]);
	look(ep, 1000);
	if (recv(sv[0], buf, 8, 0) < 1)
		note("no byte");
	look(ep, 20);
	mod(ep, sv[0], EPOLLIN | EPOLLOUT | EPOLLET, 2);
	look(ep, 20);
	look(ep, 20);
	close_both(sv);
	close(ep);
}

static void oneshot(void)
{
	int ep = epoll_create1(0), sv[2];

	tcp_pair(sv);
	add(ep, sv[0], EPOLLIN | EPOLLONESHOT, 1);
	send_byte(&sv[1]);
	look(ep, 1000);
	send_byte(&sv[1]);
	look(ep, 20);
	mod(ep, sv[0], EPOLLIN | EPOLLONESHOT, 2);
	look(ep, 1000);
	look(ep, 20);
	close_both(sv);
	close(ep);
}

static void misuse(void)
{
	struct epoll_event ev = {.events = EPOLLIN};
	int ep = epoll_create1(0), sv[2], file = open("/etc/passwd", O_RDONLY);

	tcp_pair(sv);
	SEE(epoll_ctl(ep, EPOLL_CTL_MOD, sv[0], &ev));
	SEE(epoll_ctl(ep, EPOLL_CTL_DEL, sv[0], NULL));
	SEE(epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev));
	SEE(epoll_ctl(ep, EPOLL_CTL_ADD, sv[0], &ev));
	SEE(epoll_ctl(ep, 77, sv[0], &ev));
	SEE(epoll_ctl(ep, EPOLL_CTL_DEL, sv[0], NULL));
	SEE(epoll_ctl(ep, EPOLL_CTL_ADD, file, &ev));
	SEE(epoll_ctl(ep, EPOLL_CTL_ADD, ep, &ev));
	SEE(epoll_ctl(sv[1], EPOLL_CTL_ADD, sv[0], &ev));
	SEE(epoll_ctl(file, EPOLL_CTL_ADD, sv[0], &ev));
	SEE(epoll_ctl(999, EPOLL_CTL_ADD, sv[0], &ev));
	SEE(epoll_wait(sv[0], &ev, 1, 0));
	SEE(epoll_wait(ep, &ev, 0, 0));
	SEE(epoll_wait(ep, &ev, -1, 0));
	SEEFD(epoll_create(0));
	SEEFD(epoll_create1(77));
	close(file);
	close_both(sv);
	close(ep);
}

static void woken(void)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), sv[2], p[2];
	pthread_t t;
	long start;
	char c;

	tcp_pair(sv);
	if (pipe(p))
		die("pipe");
	add(ep, sv[0], EPOLLIN, 1);
	add(ep, p[0], EPOLLIN, 2);
	for (int i = 0; i < 4; i++) {
		start = now_ms();
		t = after(30, send_byte, i & 1 ? &sv[1] : &p[1]);
		look(ep, 2000);
		note("%s", now_ms() - start < 500 ? "soon" : "late");
		done(t);
		if (read(i & 1 ? sv[0] : p[0], &c, 1) != 1)
			note("nothing to read");
	}
	close(p[0]);
	close(p[1]);
	close_both(sv);
	close(ep);
}

/* A closed number with a copy left goes on reporting. */
static void copies(void)
{
	int ep = epoll_create1(0), sv[2], copy;

	tcp_pair(sv);
	copy = dup(sv[0]);
	note("add %d %d", add(ep, sv[0], EPOLLIN, 1), add(ep, copy, EPOLLIN, 2));
	send_byte(&sv[1]);
	wait_for(sv[0], POLLIN);
	look(ep, 1000);
	close(copy);
	look(ep, 1000);
	close(sv[0]);
	look(ep, 20);
	close(sv[1]);
	close(ep);
}

static void nested(void)
{
	int outer = epoll_create1(0), inner = epoll_create1(0), sv[2];
	struct epoll_event ev[4];

	tcp_pair(sv);
	note("add %d", add(outer, inner, EPOLLIN, 9));
	note("add %d", add(inner, sv[0], EPOLLIN, 1));
	SEE(poll(&(struct pollfd){.fd = inner, .events = POLLIN}, 1, 0));
	send_byte(&sv[1]);
	note("poll %#x", wait_for(inner, POLLIN));
	note("outer %d", epoll_wait(outer, ev, 4, 1000) > 0);
	note("data %d", (int)ev[0].data.u64);
	look(inner, 1000);
	close_both(sv);
	close(inner);
	close(outer);
}

static void hangup(void)
{
	int ep = epoll_create1(0), sv[2];

	tcp_pair(sv);
	add(ep, sv[0], EPOLLIN | EPOLLRDHUP, 1);
	shutdown(sv[1], SHUT_WR);
	look(ep, 1000);
	shutdown(sv[0], SHUT_WR);
	wait_for(sv[0], POLLHUP);
	look(ep, 1000);
	close_both(sv);
	close(ep);
}

static void timeout(void)
{
	struct timespec t = {.tv_nsec = 60000000};
	struct epoll_event ev;
	int ep = epoll_create1(0), sv[2], p[2];
	long start;

	tcp_pair(sv);
	if (pipe(p))
		die("pipe");
	add(ep, sv[0], EPOLLIN, 1);
	for (int i = 0; i < 3; i++) {
		start = now_ms();
		if (i == 1)
			add(ep, p[0], EPOLLIN, 2);
		if (i == 2)
			SEE(epoll_pwait2(ep, &ev, 1, &t, NULL));
		else
			SEE(epoll_wait(ep, &ev, 1, 60));
		start = now_ms() - start;
		note("waited %s", start >= 59 && start < 250 ? "about that" : "otherwise");
	}
	close(p[0]);
	close(p[1]);
	close_both(sv);
	close(ep);
}

static volatile int seen;

static void on_usr1(int sig)
{
	seen++;
}

static void masks(void)
{
	struct sigaction act = {.sa_handler = on_usr1, .sa_flags = SA_RESTART}, old;
	struct epoll_event ev;
	sigset_t usr1, before;
	pthread_t me = pthread_self(), t;
	int ep = epoll_create1(0), sv[2];

	tcp_pair(sv);
	add(ep, sv[0], EPOLLIN, 1);
	sigaction(SIGUSR1, &act, &old);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &usr1, &before);
	seen = 0;
	raise(SIGUSR1);
	SEE(epoll_pwait(ep, &ev, 1, 1000, &before));
	note("seen %d", seen);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	t = after(40, kill_thread_usr1, &me);
	SEE(epoll_wait(ep, &ev, 1, 1000));
	note("seen %d", seen);
	done(t);
	sigaction(SIGUSR1, &old, NULL);
	close_both(sv);
	close(ep);
}

static void exclusive(void)
{
	int ep = epoll_create1(0), l = tcp_listener(), c = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in sa = address_of(l);

	note("add %d", add(ep, l, EPOLLIN | EPOLLEXCLUSIVE, 5));
	note("mod %d", mod(ep, l, EPOLLIN | EPOLLEXCLUSIVE, 5));
	connect(c, (void *)&sa, sizeof(sa));
	look(ep, 1000);
	close(l);
	close(c);
	close(ep);
}

struct late {
	int ep, fd;
};

static void add_late(void *arg)
{
	struct late *l = arg;

	add(l->ep, l->fd, EPOLLIN, 7);
}

static void *look_too(void *arg)
{
	struct epoll_event ev;
	int n = epoll_wait(*(int *)arg, &ev, 1, 2000);

	return (void *)(intptr_t)(n == 1 && ev.data.u64 == 7);
}

/* As programs do that have an event loop within another's. */
static void *poll_it(void *arg)
{
	struct pollfd p = {.fd = *(int *)arg, .events = POLLIN};

	return (void *)(intptr_t)(poll(&p, 1, 2000) == 1 && p.revents == POLLIN);
}

static void *select_it(void *arg)
{
	int ep = *(int *)arg;
	struct timeval t = {2, 0};
	fd_set in;

	FD_ZERO(&in);
	FD_SET(ep, &in);
	return (void *)(intptr_t)(select(ep + 1, &in, NULL, NULL, &t) == 1 && FD_ISSET(ep, &in));
}

static int idle; /* a socket that has nothing to read */

static void *poll_both(void *arg)
{
	struct pollfd p[2] = {{.fd = idle, .events = POLLIN},
			      {.fd = *(int *)arg, .events = POLLIN}};

	return (void *)(intptr_t)(poll(p, 2, 2000) == 1 && p[1].revents == POLLIN);
}

/*
 * Threads sleep in an epoll that has nothing (@before < 0) or @before; meanwhile another adds
 * @late, which is readable, a descriptor of a kind that the epoll did not have.
 */
static void added_late(int before, int late)
{
	struct late l = {.ep = epoll_create1(0), .fd = late};
	pthread_t t, more[2];
	void *saw;

	if (before >= 0)
		add(l.ep, before, EPOLLIN, 1);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&more[i], NULL, look_too, &l.ep))
			die("thread");
	t = after(50, add_late, &l);
	look(l.ep, 2000);
	done(t);
	for (int i = 0; i < 2; i++) {
		pthread_join(more[i], &saw);
		note("%s", saw ? "saw it" : "missed it");
	}
	/* Nothing is left over that would be reported or would spin. */
	mod(l.ep, late, 0, 7);
	look(l.ep, 30);
	close(l.ep);
}

static void late(void)
{
	int sv[2], p[2], q[2];

	tcp_pair(sv);
	if (pipe(p) || pipe(q))
		die("pipe");
	send_byte(&sv[1]);
	send_byte(&p[1]);
	wait_for(sv[0], POLLIN);
	added_late(-1, sv[0]);
	added_late(q[0], sv[0]);
	added_late(-1, p[0]);
	added_late(sv[1], p[0]);
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(q[i]);
	}
	close_both(sv);
}

/* Threads wait for an epoll, by other calls than its own, and another adds @fd, which is readable.
 */
static void polled_late(int before, int fd)
{
	static void *(*const ways[])(void *) = {poll_it, select_it, poll_both};
	struct late l = {.ep = epoll_create1(0), .fd = fd};
	struct pollfd p = {.fd = l.ep, .events = POLLIN};
	pthread_t t[3];
	void *saw;

	if (before >= 0)
		add(l.ep, before, EPOLLIN, 1);
	for (int i = 0; i < 3; i++)
		if (pthread_create(&t[i], NULL, ways[i], &l.ep))
			die("thread");
	nap(50);
	add_late(&l);
	for (int i = 0; i < 3; i++) {
		pthread_join(t[i], &saw);
		note("%s", saw ? "saw it" : "missed it");
	}
	mod(l.ep, fd, 0, 7);
	note("then %d", poll(&p, 1, 30));
	close(l.ep);
}

static void poll_late(void)
{
	int sv[2], other[2], p[2], q[2];

	tcp_pair(sv);
	tcp_pair(other);
	idle = other[0];
	if (pipe(p) || pipe(q))
		die("pipe");
	send_byte(&sv[1]);
	send_byte(&p[1]);
	wait_for(sv[0], POLLIN);
	polled_late(-1, sv[0]);
	polled_late(q[0], sv[0]);
	polled_late(-1, p[0]);
	polled_late(sv[1], p[0]);
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(q[i]);
	}
	close_both(sv);
	close_both(other);
}

const struct behaviour in_epoll[] = {
	{"epoll-level", level},		  {"epoll-edge", edges},
	{"epoll-oneshot", oneshot},	  {"epoll-misuse", misuse},
	{"epoll-woken", woken},		  {"epoll-copies", copies},
	{"epoll-nested", nested},	  {"epoll-hangup", hangup},
	{"epoll-timeout", timeout},	  {"epoll-masks", masks},
	{"epoll-exclusive", exclusive},	  {"epoll-late", late},
	{"epoll-polled-late", poll_late}, {NULL, NULL},
};
