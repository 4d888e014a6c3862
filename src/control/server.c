// SPDX-License-Identifier: GPL-2.0-only
/*
 * server.c - how a running stack is reached, see server.h; wire.h has the protocol.
 *
 * Theory of operation
 *
 * One thread sleeps in poll() on the listener, the connections and a wake-up descriptor. It
 * costs nothing until somebody asks. A peer must be of our user or root, by the credentials
 * that the kernel noted at connect(); others are hung up on.
 *
 * Inline, the thread lives in the program's process: all signals are blocked in it,
 * its system calls are raw (libc's may be hooks of ours), and its descriptors lie high
 * and protected, as the engine's do. It gives its kernel task back after each answer, so that it
 * takes part in the stack's life only while it answers.
 *
 * Ownership: descriptors are the thread's; @lock is held while they change, and
 * around fork(), so that a child knows which ones to close: an inherited listener
 * would keep the name when its process is gone.
 *
 * Limits: MAX_PEERS connections, more wait in the backlog. A peer that does not read
 * holds the others up for SEND_MS at most, and is then hung up on.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include "control/report.h"
#include "control/server.h"
#include "control/wire.h"
#include "engine/engine.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/rawsys.h"
#include "netconf/spec.h"
#include "stack/steering.h"
#include "stack/up.h"

#define MAX_PEERS 8
#define SEND_MS	  1000
#define STOP_S	  2

/* fd[0] wakes the thread up, fd[1] listens, the others are connections; -1: none. */
enum { WAKE, LISTENER, FIRST_PEER, NFDS = FIRST_PEER + MAX_PEERS };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int fds[NFDS] = {[0 ... NFDS - 1] = -1};
static const struct control_run *run;
static pthread_t thread;
static bool started;
static _Atomic bool stop;
static uint64_t begun_ms, begun_wall_ns;

enum control_request control_parse(const char *text, size_t len, int *number)
{
	static const struct {
		const char *word;
		enum control_request request;
	} words[] = {{"info", CONTROL_INFO}, {"show", CONTROL_SHOW}, {"join", CONTROL_JOIN}};
	static const char listener[] = "listener ";
	const size_t n = sizeof(listener) - 1;
	long value = 0;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (len == strlen(words[i].word) && !memcmp(text, words[i].word, len))
			return words[i].request;
	if (len > strlen(CONTROL_SET_WORD) &&
	    !memcmp(text, CONTROL_SET_WORD, strlen(CONTROL_SET_WORD)))
		return CONTROL_SET;
	if (len <= n || len > n + 9 || memcmp(text, listener, n))
		return CONTROL_UNKNOWN;
	for (size_t i = n; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return CONTROL_UNKNOWN;
		value = value * 10 + (text[i] - '0');
	}
	*number = (int)value;
	return CONTROL_LISTENER;
}

/* ---- answers ---- */

static bool send_packet(int fd, char tag, const char *text, size_t len)
{
	struct iovec iov[2] = {{&tag, 1}, {(void *)text, len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};
	struct pollfd p[2] = {{.fd = fd, .events = POLLOUT}, {.fd = fds[WAKE], .events = POLLIN}};
	struct timespec t = {SEND_MS / 1000, SEND_MS % 1000 * 1000000L};
	long n;

	for (;;) {
		n = RAWSYS(SYS_sendmsg, fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n != -EAGAIN)
			return n >= 0;
		if (RAWSYS(SYS_ppoll, p, 2, &t, NULL, 0) <= 0 || p[1].revents)
			return false;
	}
}

static bool server_refuse(int fd, const char *why)
{
	return send_packet(fd, WIRE_REFUSED, why, strlen(why));
}

static bool send_text(int fd, const char *text, size_t len)
{
	for (; len > WIRE_CHUNK; text += WIRE_CHUNK, len -= WIRE_CHUNK)
		if (!send_packet(fd, WIRE_MORE, text, WIRE_CHUNK))
			return false;
	return send_packet(fd, WIRE_END, text, len);
}

/* "/path/linux-6.12.so": linux-6.12 */
static void put_personality(struct json *j)
{
	const char *slash = strrchr(run->image, '/');
	const char *name = slash ? slash + 1 : run->image;
	const char *dot = strrchr(name, '.');

	json_bytes(j, "personality", name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static void put_own_command(struct json *j)
{
	int fd = raw_open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC, 0);
	char text[4096];
	long n = fd < 0 ? 0 : RAWSYS(SYS_read, fd, text, sizeof(text));

	if (fd >= 0)
		raw_close(fd);
	for (long at = 0; at < n;) {
		size_t len = strnlen(text + at, (size_t)(n - at));

		json_bytes(j, NULL, text + at, len);
		at += (long)len + 1;
	}
}

/* What both documents begin with. */
static void put_info(struct json *j)
{
	json_number(j, "id", (uint64_t)getpid());
	json_text(j, "mode", run->mode);
	put_personality(j);
	json_open(j, "command", '[');
	for (char *const *arg = run->argv; arg && *arg; arg++)
		json_text(j, NULL, *arg);
	if (!run->argv)
		put_own_command(j);
	json_close(j, ']');
	json_number(j, "started", begun_wall_ns / CLOCK_NS_PER_S);
	json_number(j, "uptime_ms", clock_mono_ms() - begun_ms);
}

/* The interfaces by name; the report has more of them. */
static void put_interfaces(struct json *j)
{
	unsigned int n;

	stack_ifaces(&n);
	json_open(j, "interfaces", '[');
	for (unsigned int i = 0; i < n; i++) {
		json_open(j, NULL, '{');
		json_text(j, "name", stack_spec(i)->name);
		json_text(j, "backend", stack_spec(i)->backend);
		json_text(j, "host", stack_spec(i)->ifname);
		json_close(j, '}');
	}
	json_close(j, ']');
}

static bool send_document(int fd, bool whole)
{
	struct json j = {0};
	bool ok;
	int err = 0;

	json_open(&j, NULL, '{');
	put_info(&j);
	if (whole) {
		err = report(engine_syscall, &j);
		engine_thread_exit();
	} else {
		put_interfaces(&j);
	}
	json_close(&j, '}');
	if (j.failed)
		err = -ENOMEM;
	ok = err ? server_refuse(fd, strerror(-err)) : send_text(fd, j.text, j.len);
	json_free(&j);
	return ok;
}

static bool answer_join(int fd, int theirs)
{
	struct ucred peer = {0};
	socklen_t len = sizeof(peer);
	const char *why = run->alone;

	if (!run->join)
		return server_refuse(fd, why);
	RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	if (run->join(peer.pid, theirs, &why))
		return server_refuse(fd, why);
	return send_packet(fd, WIRE_END, "", 0);
}

static bool answer_set(int fd, char *words)
{
	const char *why = "";
	int err = steering_set(words, run->programs, &why);

	engine_thread_exit();
	return err ? server_refuse(fd, why) : send_text(fd, why, strlen(why));
}

/* One request; false: hang up. */
static bool server_answer(int fd)
{
	char text[WIRE_REQUEST + 1];
	int number = -1;
	long n = RAWSYS(SYS_recvfrom, fd, text, WIRE_REQUEST, MSG_DONTWAIT | MSG_TRUNC, NULL, NULL);

	if (n == -EAGAIN)
		return true;
	if (n <= 0 || n > WIRE_REQUEST)
		return false;
	text[n] = '\0';
	switch (control_parse(text, (size_t)n, &number)) {
	case CONTROL_INFO:
		return send_document(fd, false);
	case CONTROL_SHOW:
		return send_document(fd, true);
	case CONTROL_SET:
		return answer_set(fd, text + strlen(CONTROL_SET_WORD));
	case CONTROL_JOIN:
	case CONTROL_LISTENER:
		return answer_join(fd, number);
	default:
		return server_refuse(fd,
				     "it is of another version of Persona and does not know that");
	}
}

/* ---- connections ---- */

static bool is_allowed(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	return !RAWSYS(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) &&
	       (!peer.uid || peer.uid == geteuid());
}

static void take_peer(void)
{
	int i = FIRST_PEER, fd;

	pthread_mutex_lock(&lock);
	while (i < NFDS && fds[i] >= 0)
		i++;
	fd = i == NFDS ? -EMFILE
		       : (int)RAWSYS(SYS_accept4, fds[LISTENER], NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0 && is_allowed(fd))
		fds[i] = host_fd_keep(fd);
	else if (fd >= 0)
		raw_close(fd);
	pthread_mutex_unlock(&lock);
}

static void server_drop(int i)
{
	pthread_mutex_lock(&lock);
	host_fd_close(&fds[i]);
	pthread_mutex_unlock(&lock);
}

static void *server_serve(void *arg)
{
	struct pollfd p[NFDS];

	RAWSYS(SYS_prctl, PR_SET_NAME, "persona-ctl");
	while (!atomic_load(&stop)) {
		bool vacant = false;

		for (int i = 0; i < NFDS; i++) {
			p[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
			vacant |= fds[i] < 0;
		}
		if (!vacant)
			p[LISTENER].fd = -1;
		if (RAWSYS(SYS_ppoll, p, NFDS, NULL, NULL, 0) < 0)
			continue;
		for (int i = FIRST_PEER; i < NFDS && !atomic_load(&stop); i++)
			if (p[i].revents && !server_answer(fds[i]))
				server_drop(i);
		if (p[LISTENER].revents)
			take_peer();
	}
	return arg;
}

/* The lock is held, or nobody else is there. */
static void server_close_all(void)
{
	for (int i = 0; i < NFDS; i++)
		host_fd_close(&fds[i]);
}

static int listen_on_name(void)
{
	struct sockaddr_un name = {.sun_family = AF_UNIX};
	int len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1, WIRE_NAME "%d", getpid());
	long err;

	fds[WAKE] = host_fd_keep((int)RAWSYS(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
	fds[LISTENER] =
		host_fd_keep(raw_socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	if (fds[WAKE] < 0 || fds[LISTENER] < 0)
		return -EMFILE;
	err = RAWSYS(SYS_bind, fds[LISTENER], &name,
		     offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len);
	if (!err)
		err = RAWSYS(SYS_listen, fds[LISTENER], MAX_PEERS);
	return (int)err;
}

int control_start(const struct control_run *r)
{
	int err;

	run = r;
	begun_ms = clock_mono_ms();
	begun_wall_ns = clock_read_ns(CLOCK_REALTIME);
	atomic_store(&stop, false);
	err = listen_on_name();
	if (err)
		goto fail;
	err = engine_thread_create(&thread, 256 << 10, 0, server_serve, NULL);
	if (err)
		goto fail;
	started = true;
	return 0;

fail:
	server_close_all();
	return err;
}

void control_quit(void)
{
	uint64_t one = 1;

	if (!started)
		return;
	atomic_store(&stop, true);
	RAWSYS(SYS_write, fds[WAKE], &one, sizeof(one));
}

bool control_stop(void)
{
	struct timespec until;

	if (!started)
		return true;
	control_quit();
	clock_read(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_S;
	if (pthread_timedjoin_np(thread, NULL, &until))
		return false;
	started = false;
	server_close_all();
	return true;
}

void control_fork(int phase)
{
	if (phase == 0) {
		pthread_mutex_lock(&lock);
		return;
	}
	if (phase == 2) {
		server_close_all();
		started = false;
	}
	pthread_mutex_unlock(&lock);
}
