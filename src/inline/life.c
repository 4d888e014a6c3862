// SPDX-License-Identifier: GPL-2.0-only
/*
 * life.c - when this process has a stack, and when not.
 *
 * Theory of operation: the constructor reads the configuration whose descriptor
 * PERSONA_CONFIG_FD names, and nothing else; the stack is started by the
 * first call that needs it. So a shell, or a program without sockets, costs
 * nothing and holds nothing.
 *
 * One at a time: the interfaces of a run can be driven by one stack only. The
 * process that starts it holds a flock() on an open description of the
 * configuration memfd which it has opened itself (/proc/thread-self/fd/N: the main thread
 * may have ended), close-on-exec.
 * flock() belongs to the open description: inherited copies of the
 * configuration descriptor do not share it, a forked child inherits a copy
 * of the lock's descriptor and closes it at once (life_child), exec closes it,
 * and death of the holder releases it. POSIX record locks would not do: the
 * program closing any descriptor of that file would drop them.
 *
 * Fork: the state word lies in a page with MADV_WIPEONFORK, so a child
 * never takes itself for the owner, however it was made. vfork() is
 * fork() here: a child that shares our memory would close the parent's sockets.
 *
 * While the stack is up, a thread answers `persona ps` and `show` (control/server.h).
 *
 * End: exit() and _exit() first deliver what was written (drain.c), then stop
 * the engine, which flushes frames. If another thread is still inside, the
 * engine is left running and dies with the process. After _exit() other threads have nothing more
 * to do: they do not come back from a call of the stack, as if they had ended at once.
 *
 * Limits: a signal's default action, abort() and a raw clone() with CLONE_VM
 * are not seen. While _exit() delivers, a thread that computes or is in a call of the host goes
 * on. Descriptors of Persona's own are placed high, out of
 * the way of programs which count on low numbers.
 */
#include "inline/real.h"
#include "inline/edge.h"
#include "inline/fdtable.h"
#include "inline/gai.h"
#include "inline/leader.h"
#include "inline/life.h"
#include "inline/say.h"
#include "inline/signal.h"
#include "inline/stdio.h"
#include "inline/thread.h"
#include "control/server.h"
#include "engine/engine.h"
#include "lib/highfd.h"
#include "lib/rawsys.h"
#include "lib/trace.h"
#include "sockets/route.h"
#include "stack/capture.h"
#include "stack/config.h"
#include "stack/follow.h"
#include "stack/steering.h"
#include "stack/subflows.h"
#include "stack/up.h"

#include <limits.h>
#include <linux/futex.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>

static _Atomic int boot_state[LIFE_WORDS];
_Atomic int *life_state = boot_state;

static struct lock start_lock;
static struct config config;
static int config_fd = -1;
static int config_error = -ENOENT;   /* until the constructor has read it */
static int locks[CONFIG_MAX_IFACES]; /* hold the tunnels for this run; 0: none */
static int lock_fd = -1;
static pid_t owner; /* process that had started the stack, in it and its children */

/* @fd out of the program's way; where there is no room, it stays. */
static int life_move_high(int fd, int cmd)
{
	int to = highfd_move(fd, cmd);

	return to < 0 ? fd : to;
}

/* Has @fd another number then? */
static bool life_move_inherited(int *fd)
{
	int to = life_move_high(*fd, F_DUPFD);
	bool moved = to != *fd;

	*fd = to;
	return moved;
}

/*
 * What says that the run has the tunnel is this process's, and its children's, but not that of
 * what they execute: something in the background would keep it. True if there was one.
 */
static bool life_keep_lock(unsigned int i)
{
	int fd = config.iface[i].lock;

	if (!fd)
		return false;
	locks[i] = life_move_high(fd, F_DUPFD_CLOEXEC);
	real(fcntl)(locks[i], F_SETFD, FD_CLOEXEC);
	config.iface[i].lock = 0;
	return true;
}

/* Put the inherited descriptors out of the program's way, for our children too. */
static void life_move_config(void)
{
	bool moved = false;
	char number[16];

	for (unsigned int i = 0; i < config.nifaces; i++) {
		moved |= life_move_inherited(&config.iface[i].fd);
		moved |= life_keep_lock(i);
	}
	moved |= config.opener && life_move_inherited(&config.opener);
	moved |= config.resolver && life_move_inherited(&config.resolver);
	if (moved) {
		int fd = config_to_fd(&config);

		if (fd >= 0) {
			real(close)(config_fd);
			config_fd = fd;
		}
	}
	config_fd = life_move_high(config_fd, F_DUPFD);
	snprintf(number, sizeof(number), "%d", config_fd);
	setenv(CONFIG_ENV, number, 1);
}

static void life_read_config(void)
{
	const char *env = getenv(CONFIG_ENV);
	char *end;
	long fd;

	config_error = -ENOENT;
	if (!env)
		return;
	fd = strtol(env, &end, 10);
	config_error = -EBADF;
	if (!*env || *end || fd < 0 || fd > INT32_MAX)
		return;
	config_error = config_from_fd((int)fd, &config);
	if (config_error)
		return;
	config_fd = (int)fd;
	route_isolate(config.isolate);
	life_move_config();
	fd_internal(config_fd, true);
	for (unsigned int i = 0; i < config.nifaces; i++) {
		fd_internal(config.iface[i].fd, true);
		if (locks[i])
			fd_internal(locks[i], true);
	}
	if (config.opener)
		fd_internal(config.opener, true);
	if (config.resolver)
		fd_internal(config.resolver, true);
}

/* 0: it is ours; -EWOULDBLOCK: another process has the stack. */
static int life_take_lock(void)
{
	char path[40];
	int fd, err;

	snprintf(path, sizeof(path), "/proc/thread-self/fd/%d", config_fd);
	fd = real(open)(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	fd = life_move_high(fd, F_DUPFD_CLOEXEC);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		err = -errno;
		real(close)(fd);
		return err;
	}
	lock_fd = fd;
	fd_internal(fd, true);
	return 0;
}

static void life_give_lock(void)
{
	if (lock_fd < 0)
		return;
	fd_internal(lock_fd, false);
	real(close)(lock_fd);
	lock_fd = -1;
}

static void life_more_descriptors(void)
{
	struct rlimit r = {DESC_MAX, DESC_MAX};

	edge(SYS_prlimit64, 0, RLIMIT_NOFILE, &r, NULL, 0, 0);
}

/* Others can look in (persona ps, show) while the stack is up. */
static bool life_start_control(void)
{
	static struct control_run run = {
		.mode = "inline",
		.image = config.image,
		.alone = "inline runs cannot be joined, their network is in the program alone",
	};
	int err = control_start(&run);

	if (err)
		say("warning: persona ps will not find this run: %s", strerror(-err));
	return !err;
}

static void life_tell(const char *sentence)
{
	say("%s", sentence);
}

static int life_start_locked(void)
{
	const char *why = "";
	int err, threads = 1; /* the engine's own */
	sigset_t all, old;

	err = life_take_lock();
	if (err == -EWOULDBLOCK) {
		say_once("another process of this run has the stack, and inline mode has one: "
			 "no network for process %d: " SAY_REMEDY,
			 getpid());
		return err;
	}
	if (err) {
		say_once("cannot lock the configuration: %s", strerror(-err));
		return err;
	}
	/* Threads of the engine are born here, and take no signals. */
	engine_quiet_signals(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	self.bypass++;
	engine_host_fd = fd_internal;
	if (config.trace)
		trace_start(config.trace, life_tell);
	err = stack_up(&config, &why);
	if (!err) {
		owner = getpid();
		atomic_store_explicit(life_state, LIFE_UP, memory_order_release);
		signal_stack_started();
		if (!follow_start(life_tell))
			threads++;
		else if (config.verbose)
			say("the host's interfaces are not followed");
		threads += subflows_start();
		threads += capture_start(life_tell);
		life_more_descriptors();
		threads += life_start_control();
		leader_stack_up(threads);
	}
	self.bypass--;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (err) {
		say("%s", why && *why ? why : strerror(-err));
		life_give_lock();
		atomic_store(life_state, LIFE_FAILED);
	}
	return err;
}

bool life_orphan(void)
{
	return owner && !stack_is_up() && getpid() != owner;
}

void life_tell_orphan(void)
{
	say_once("process %d was forked after the stack had been started, "
		 "and inline mode serves the parent only: no network: " SAY_REMEDY,
		 getpid());
}

int life_start(void)
{
	int saved = errno, err = 0;

	if (life_orphan()) {
		life_tell_orphan();
		return -ENETDOWN;
	}
	lock_take(&start_lock);
	if (atomic_load(life_state) == LIFE_FAILED) {
		err = -ENETDOWN;
	} else if (!stack_is_up()) {
		if (config_error)
			say_once("no network: " CONFIG_ENV " (%s): %s",
				 getenv(CONFIG_ENV) ?: "unset", strerror(-config_error));
		if (config_error || life_start_locked())
			err = -ENETDOWN;
	}
	lock_give(&start_lock);
	errno = saved;
	return err;
}

bool life_mptcp(void)
{
	return config.mptcp;
}

int life_linger(void)
{
	return config.linger;
}

const struct nameservers *life_names(void)
{
	return config_error || !nameservers_given(&config.names) ? NULL : &config.names;
}

int life_config(void)
{
	return config_fd;
}

static void life_at_fork(void)
{
	gai_fork(0);
	control_fork(0);
	leader_fork(0);
	thread_fork(0);
	signal_fork(0);
	fdtable_fork(0);
}

static void life_at_fork_parent(void)
{
	fdtable_fork(1);
	signal_fork(1);
	thread_fork(1);
	leader_fork(1);
	control_fork(1);
	gai_fork(1);
}

static void life_child(void)
{
	atomic_store(life_state, LIFE_NONE);
	atomic_store(&start_lock.word, 0);
	if (owner) {
		follow_after_fork();
		steering_after_fork();
		engine_after_fork();
	}
	life_give_lock();
	fdtable_fork(2);
	signal_fork(2);
	thread_fork(2);
	leader_fork(2);
	control_fork(2);
	gai_fork(2);
}

HOOK pid_t vfork(void)
{
	return fork();
}
HOOK_ALIAS(__vfork, vfork);

void life_forked(void)
{
	if (owner)
		engine_after_fork();
	life_give_lock();
}

/* Runs no handlers of pthread_atfork(): the child may only call what is safe in a signal handler.
 */
HOOK pid_t _Fork(void)
{
	pid_t pid = real(_Fork)();

	if (!pid)
		life_forked();
	return pid;
}

/* libc's would replace the numbers 0, 1 and 2 unseen. */
HOOK int daemon(int nochdir, int noclose)
{
	pid_t pid = fork();
	int fd;

	if (pid < 0)
		return -1;
	if (pid)
		real(_exit)(0);
	if (setsid() < 0)
		return -1;
	if (!nochdir && chdir("/") < 0)
		return -1;
	if (noclose)
		return 0;
	fd = real(open)("/dev/null", O_RDWR);
	if (fd < 0)
		return -1;
	for (int to = STDIN_FILENO; to <= STDERR_FILENO; to++)
		dup2(fd, to);
	if (fd > STDERR_FILENO)
		real(close)(fd);
	return 0;
}

/* Once. A thread that comes while another one is at it waits: then no data is left behind. */
static void life_stop(void)
{
	_Atomic int *stopping = life_state + LIFE_STOPPING;
	int none = 0;

	if (!atomic_compare_exchange_strong(stopping, &none, 1)) {
		while (!self.ends && atomic_load(stopping) == 1)
			RAWSYS(SYS_futex, stopping, FUTEX_WAIT_PRIVATE, 1, NULL);
		return;
	}
	self.ends = true;
	leader_end();
	hold();
	drain(config.linger, true);
	atomic_store(life_state, LIFE_FAILED);
	self.bypass++;
	follow_stop();
	subflows_stop();
	capture_stop();
	self.bypass--;
	if (control_stop() && !thread_others_inside()) {
		self.bypass++;
		engine_stop();
		self.bypass--;
	}
	life_give_lock();
	unhold();
	atomic_store(stopping, 2);
	RAWSYS(SYS_futex, stopping, FUTEX_WAKE_PRIVATE, INT_MAX);
}

static bool life_to_stop(void)
{
	return (stack_is_up() || atomic_load(life_state + LIFE_STOPPING) == 1) && !engine_inside();
}

void life_end(void)
{
	if (!life_to_stop())
		return;
	fflush(NULL);
	life_stop();
}

void life_park(void)
{
	uint64_t all = ~0ULL;

	RAWSYS(SYS_rt_sigprocmask, SIG_BLOCK, &all, NULL, sizeof(all));
	for (;;)
		RAWSYS(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

/* Without what exit() does before; the other threads end here, too. */
static void life_end_at_once(void)
{
	if (!life_to_stop())
		return;
	atomic_store(life_state + LIFE_EXITING, 1);
	life_stop();
}

HOOK void _exit(int status)
{
	life_end_at_once();
	real(_exit)(status);
	__builtin_unreachable();
}
HOOK_ALIAS(_Exit, _exit);

__attribute__((constructor(101))) static void life_begin(void)
{
	_Atomic int *page;

	real_init();
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page != MAP_FAILED) {
		madvise(page, 4096, MADV_WIPEONFORK);
		life_state = page;
	}
	thread_init();
	pthread_atfork(life_at_fork, life_at_fork_parent, life_child);
	if (at_quick_exit(life_end_at_once))
		say_once("no room for an exit handler: quick_exit() may lose data");
	life_read_config();
	if (!config_error) {
		fd_inherited();
		for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
			if (slot_ours(fd_slot(fd)))
				stdio_changed(fd);
	}
}

__attribute__((destructor(101))) static void life_over(void)
{
	life_end();
}
