// SPDX-License-Identifier: GPL-2.0-only
/*
 * run.c - run a program tree whose sockets are the stack's, see shadow.h.
 *
 * Theory of operation
 *
 *	parent (becomes the supervisor)		child (becomes the program)
 *	shadow_new(), fork
 *	shadow_in_parent():			shadow_in_child():
 *	start the stack, pump
 *	"install"		------->	install the filter
 *	take the listener	<-------	its number, and that of look.h
 *	serve calls
 *	"go"			------->	execute the program
 *	wait for the whole tree, shadow_finish()
 *
 * The fork and the waiting are the caller's (launch/supervise.c). The fork comes before the
 * stack has threads. The listener is taken out of the child by pidfd_getfd(), since sendmsg()
 * of the child would already be a notified call.
 *
 * Then others can look in and join (control/server.h, join.h); programs that have joined are
 * waited for, too. At the end all pairs have hung up: the pump delivers what was written, closes
 * the stack's sockets, and then we wait until the peers have acknowledged all, for as long as
 * the user has said (--linger).
 *
 * Descriptors: this process may need one per socket, so its limit is raised as far
 * as allowed; the program gets back the limit that we were started with.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "lib/clock.h"
#include "control/server.h"
#include "engine/engine.h"
#include "lib/complain.h"
#include "lib/rawsys.h"
#include "lib/trace.h"
#include "shadow/call.h"
#include "shadow/filter.h"
#include "shadow/join.h"
#include "shadow/look.h"
#include "shadow/pump.h"
#include "shadow/serve.h"
#include "shadow/shadow.h"
#include "shadow/sniff.h"
#include "shadow/sock.h"
#include "sockets/address.h"
#include "stack/capture.h"
#include "stack/config.h"
#include "stack/drain.h"
#include "stack/follow.h"
#include "stack/ports.h"
#include "stack/settle.h"
#include "stack/subflows.h"
#include "stack/up.h"

#define TELL_AFTER_MS 1000

/**
 * struct shadow - one run
 * @config:   of the stack
 * @to_child, @to_parent: pipes; [0] is read; -1: closed
 * @limit:    of descriptors, as we were started
 * @up:	      the stack runs
 * @control:  answers `persona ps`, `show`, `exec`
 */
struct shadow {
	const struct config *config;
	int to_child[2];
	int to_parent[2];
	struct rlimit limit;
	bool up;
	struct control_run control;
};

static void run_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int shadow_in_child(void *shadow)
{
	struct shadow *r = shadow;
	int fd[2];
	char go;

	close(r->to_child[1]);
	close(r->to_parent[0]);
	setrlimit(RLIMIT_NOFILE, &r->limit);
	if (read(r->to_child[0], &go, 1) != 1)
		return 1; /* the parent has failed, and said so */
	fd[1] = look_in_child();
	fd[0] = filter_install();
	if (write(r->to_parent[1], fd, sizeof(fd)) != sizeof(fd) || fd[0] < 0 ||
	    read(r->to_child[0], &go, 1) != 1)
		return 1;
	close(fd[0]);
	close(fd[1]); /* the parent holds it */
	return 0;
}

static void run_tell(const char *sentence)
{
	complain(0, "%s", sentence);
}

static int run_start_stack(struct shadow *r)
{
	struct rlimit many = {1 << 20, 1 << 20};
	const char *why;
	int err;

	if (r->config->trace)
		trace_start(r->config->trace, run_tell);
	if (stack_up(r->config, &why))
		return complain(EXIT_PERSONA, "%s", why);
	r->up = true;
	stack_hide(r->config);
	sock_set_memory(r->config->memory ? r->config->memory : ENGINE_MEMORY_DEFAULT);
	stack_call(SYS_prlimit64, 0, RLIMIT_NOFILE, &many, NULL, 0, 0);
	err = pump_start();
	if (err)
		return complain(EXIT_PERSONA, "cannot start the pump: %s", strerror(-err));
	err = follow_start(run_tell);
	if (err && r->config->verbose)
		complain(0, "the host's interfaces are not followed: %s", strerror(-err));
	subflows_start();
	capture_start(run_tell);
	return 0;
}

/* The descriptor, or a negative exit status; what is wrong has been said. */
static int run_take_listener(struct shadow *r, pid_t child)
{
	int theirs[2] = {-EPIPE, -1}, fd;

	if (write(r->to_child[1], "i", 1) != 1 ||
	    read(r->to_parent[0], theirs, sizeof(theirs)) != sizeof(theirs))
		return -complain(EXIT_PERSONA, "the program ended before it began");
	if (theirs[0] == -EBUSY)
		return -complain(EXIT_PERSONA, SHADOW_SUPERVISED);
	if (theirs[0] == -EINVAL || theirs[0] == -ENOSYS)
		return -complain(EXIT_PERSONA, "the host kernel has no seccomp user notification "
					       "(Linux 5.9 or later): use --inline");
	if (theirs[0] < 0)
		return -complain(EXIT_PERSONA, "cannot install the system call filter: %s",
				 strerror(-theirs[0]));
	fd = call_peek_fd(child, theirs[0]);
	if (fd < 0)
		return -complain(
			EXIT_PERSONA, "cannot take the filter's descriptor (pidfd_getfd): %s%s",
			strerror(-fd),
			fd == -ENOSYS ? ": Linux 5.6 is needed, and that no filter upon us "
					"forbids it, as Android's before 12 does: use --inline"
				      : "");
	if (theirs[1] >= 0)
		look_hold(call_peek_fd(child, theirs[1]));
	return fd;
}

int shadow_in_parent(void *shadow, pid_t child)
{
	struct shadow *r = shadow;
	struct serve_options options = {
		.mptcp = r->config->mptcp,
		.isolate = r->config->isolate,
		.names = &r->config->names,
	};
	int status, listener, err;

	run_close(&r->to_child[0]);
	run_close(&r->to_parent[1]);
	status = run_start_stack(r);
	if (status)
		return status;
	listener = run_take_listener(r, child);
	if (listener < 0)
		return -listener;
	err = serve_start(listener, &options);
	if (err)
		return complain(EXIT_PERSONA, "cannot start a thread: %s", strerror(-err));
	err = control_start(&r->control);
	if (err)
		complain(0, "warning: persona ps will not find this run: %s", strerror(-err));
	if (write(r->to_child[1], "g", 1) != 1)
		return EXIT_PERSONA;
	run_close(&r->to_child[1]);
	run_close(&r->to_parent[0]);
	return 0;
}

static void run_nap(long ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000};

	RAWSYS(SYS_nanosleep, &t, NULL);
}

/* Is the peer in the stack itself? It has ended, too: nobody waits for the data. */
static bool run_is_inside(const struct sock *s)
{
	struct sockaddr_storage self = {0}, peer = {0};
	socklen_t len = sizeof(self), peerlen = sizeof(peer);
	size_t at = offsetof(struct sockaddr_in, sin_addr), n = sizeof(struct in_addr);

	if (stack_call(SYS_getsockname, s->stack, &self, &len, 0, 0, 0) ||
	    stack_call(SYS_getpeername, s->stack, &peer, &peerlen, 0, 0, 0))
		return false;
	if (self.ss_family == AF_INET6) {
		at = offsetof(struct sockaddr_in6, sin6_addr);
		n = sizeof(struct in6_addr);
	}
	return address_class((struct sockaddr *)&peer, peerlen) == ADDRESS_LOOPBACK ||
	       !memcmp((char *)&self + at, (char *)&peer + at, n);
}

static int run_unfinished(void)
{
	struct sock *s;
	int n = 0;

	for (uint32_t i = 0; (s = sock_first(i)); sock_put(s)) {
		i = s->index + 1;
		n += !run_is_inside(s);
	}
	return n;
}

/* Sockets not yet emptied into the stack, and connections not yet acknowledged. */
static int run_undelivered(void)
{
	struct sock *s;
	int n;

	/* All programs have ended, and so their ends are closed, whatever events said so or did
	 * not: all that is left is looked for. (Somebody outside the run may have got one.) */
	for (uint32_t i = 0; (s = sock_first(i)); sock_put(s)) {
		i = s->index + 1;
		pump_suspect(s);
	}
	pump_sweep();
	n = sock_count() ? run_unfinished() : 0;
	return n ? n : drain_pending(engine_syscall);
}

static void run_deliver(int seconds)
{
	uint64_t start = clock_mono_ns();
	bool told = false;
	long ms = 1;
	int left;

	while ((left = run_undelivered())) {
		uint64_t waited = (clock_mono_ns() - start) / 1000000;

		if (waited >= (uint64_t)seconds * 1000) {
			complain(0,
				 "gave up on %d connection%s: after %d s not all data, or not its "
				 "end, was acknowledged",
				 left, left == 1 ? "" : "s", seconds);
			return;
		}
		if (waited >= TELL_AFTER_MS && !told) {
			complain(0,
				 "waiting for the peers of %d connection%s to take the last data",
				 left, left == 1 ? "" : "s");
			told = true;
		}
		run_nap(ms);
		ms = ms < 100 ? ms * 2 : 100;
	}
	start = clock_mono_ns();
	while (clock_mono_ns() - start < DRAIN_CLOSING_MS * 1000000ull &&
	       drain_closing(engine_syscall))
		run_nap(1);
	settle(engine_syscall, seconds, run_nap, run_tell);
}

static void run_raise_limit(struct rlimit *old)
{
	struct rlimit more;

	if (getrlimit(RLIMIT_NOFILE, old))
		*old = (struct rlimit){1024, 1024};
	more = *old;
	more.rlim_cur = more.rlim_max;
	setrlimit(RLIMIT_NOFILE, &more);
}

int shadow_new(struct shadow **shadow, const struct config *config, char *const *argv)
{
	struct shadow *r = malloc(sizeof(*r));
	int err;

	if (!r)
		return complain(EXIT_PERSONA, "out of memory");
	*r = (struct shadow){.config = config,
			     .to_child = {-1, -1},
			     .to_parent = {-1, -1},
			     .control = {.mode = "shadow",
					 .image = config->image,
					 .argv = argv,
					 .join = join_take,
					 .programs = true}};
	run_raise_limit(&r->limit); /* first: what follows may be more than it allowed */
	if (pipe2(r->to_child, O_CLOEXEC) || pipe2(r->to_parent, O_CLOEXEC))
		err = -errno;
	else
		err = look_prepare();
	if (err) {
		complain(0, "cannot make a pipe or an epoll instance: %s", strerror(-err));
		shadow_finish(r, 0);
		return EXIT_PERSONA;
	}
	*shadow = r;
	return 0;
}

/* All wake up at once, to be waited for one by one: a wake-up takes 0.1 ms. */
static void run_end_threads(void)
{
	control_quit();
	look_quit();
	follow_quit();
	control_stop();
	serve_stop();
	pump_quit();
	follow_stop();
	pump_stop();
	sniff_stop();
	subflows_stop();
	capture_stop();
}

void shadow_finish(struct shadow *r, int linger)
{
	for (unsigned int i = 0; i < 2; i++) {
		run_close(&r->to_child[i]);
		run_close(&r->to_parent[i]);
	}
	if (r->up) {
		join_wait();
		run_deliver(linger);
		run_end_threads();
		engine_halt();
		ports_down(); /* the opener takes back what it has, while we do */
		engine_stop();
	}
	free(r);
}
