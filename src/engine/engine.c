// SPDX-License-Identifier: GPL-2.0-only
/*
 * engine.c - start, stop, and the threads' way in; see engine.h.
 *
 * Start: load the image, boot it on the calling thread (all vCPUs, in turn),
 * then start the background thread. The first two may be done before, by another
 * thread (engine_prepare()): in between nothing runs in the stack. The boot leaves an init task,
 * whose host thread is engine.init: a thread without a task of its own borrows it (under init_lock)
 * for the call that makes one.
 *
 * struct thread lives in a pool that is never given back before the engine
 * stops, since a late wake-up may still look at one.
 */
#include <errno.h>
#include <linux/random.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include "engine/engine.h"
#include "engine/fault.h"
#include "engine/host.h"
#include "engine/netif.h"
#include "engine/vcpu.h"
#include "lib/filtered.h"
#include "lib/rawsys.h"

#define POOL_THREADS 64

/* Initial-exec: reading it is async-signal-safe and one instruction. */
static __thread struct thread *self __attribute__((tls_model("initial-exec")));
static __thread void *alt_stack __attribute__((tls_model("initial-exec")));

static bool prepared; /* booted, not started */
static bool ended;    /* not running any more, not given back */

struct pool {
	struct pool *next;
	struct thread thread[POOL_THREADS];
};

static struct pool *pools;
static struct thread *free_threads;
static _Atomic uint32_t pool_lock;

static struct thread *thread_alloc(void)
{
	struct thread *t;

	mutex_lock(&pool_lock);
	if (!free_threads) {
		struct pool *p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED) {
			mutex_unlock(&pool_lock);
			return NULL;
		}
		p->next = pools;
		pools = p;
		for (int i = 0; i < POOL_THREADS; i++) {
			p->thread[i].next_free = free_threads;
			free_threads = &p->thread[i];
		}
	}
	t = free_threads;
	free_threads = t->next_free;
	mutex_unlock(&pool_lock);
	memset(t, 0, sizeof(*t));
	t->event_fd = -1;
	return t;
}

static void thread_free(struct thread *t)
{
	host_fd_close(&t->event_fd);
	mutex_lock(&pool_lock);
	t->next_free = free_threads;
	free_threads = t;
	mutex_unlock(&pool_lock);
}

static void pools_free(void)
{
	while (pools) {
		struct pool *p = pools;

		pools = p->next;
		munmap(p, sizeof(*p));
	}
	free_threads = NULL;
}

static long engine_call_image(struct thread *t, long nr, const long args[6])
{
	t->lkl.nr = nr;
	memcpy(t->lkl.args, args, sizeof(t->lkl.args));
	return vcpu_call(t);
}

/* A call of the init task, by any thread. */
static long init_call(long nr, const long args[6])
{
	struct thread *me = self;
	long ret;

	mutex_lock(&engine.init_lock);
	self = &engine.init;
	ret = engine_call_image(&engine.init, nr, args);
	self = me;
	mutex_unlock(&engine.init_lock);
	return ret;
}

/* Tasks are pinned: a new one goes where the fewest are. */
static unsigned int least_loaded(void)
{
	struct vcpu *best = &engine.vcpu[0];

	for_each_vcpu (v)
		if (atomic_load(&v->threads) < atomic_load(&best->threads))
			best = v;
	atomic_fetch_add(&best->threads, 1);
	return best->lkl->id;
}

/* The calling thread's first call: make its task. */
static struct thread *engine_attach(long *err)
{
	struct thread *t;
	unsigned int cpu;

	if (!engine_running()) {
		*err = -ENETDOWN;
		return NULL;
	}
	t = thread_alloc();
	if (!t) {
		*err = -ENOMEM;
		return NULL;
	}
	cpu = least_loaded();
	*err = init_call(LKL_NR_NEW_TASK, (long[6]){(long)&t->lkl, cpu});
	if (*err < 0 || !t->lkl.task) {
		atomic_fetch_sub(&engine.vcpu[cpu].threads, 1);
		thread_free(t);
		return NULL;
	}
	alt_stack = fault_thread_init();
	self = t;
	return t;
}

long engine_syscall(long nr, const long args[6])
{
	struct thread *t = self;
	long err;

	if (__builtin_expect(!t, 0)) {
		t = engine_attach(&err);
		if (!t)
			return err;
	}
	if (__builtin_expect(atomic_load_explicit(&engine.forked, memory_order_relaxed), 0))
		return -ENETDOWN;
	return engine_call_image(t, nr, args);
}

long engine_syscall_poll(struct pollfd *host, unsigned int nhost, long nr, const long args[6])
{
	size_t size = (nhost + 1) * sizeof(struct pollfd);
	bool big = size > 4096;
	struct pollfd small[big ? 1 : nhost + 1], *fds = small;
	struct thread *t = self;
	long ret;

	if (!t) {
		t = engine_attach(&ret);
		if (!t)
			return ret;
	}
	if (atomic_load_explicit(&engine.forked, memory_order_relaxed))
		return -ENETDOWN;
	if (t->event_fd < 0) {
		t->event_fd =
			host_fd_keep((int)RAWSYS(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK));
		if (t->event_fd < 0)
			return t->event_fd;
	}
	if (big) {
		fds = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (fds == MAP_FAILED)
			return -ENOMEM;
	}
	/* The first one is the engine's own: vCPU or wake-up descriptor. */
	memcpy(fds + 1, host, nhost * sizeof(*fds));
	t->host = fds + 1;
	t->nhost = nhost;
	ret = engine_call_image(t, nr, args);
	t->nhost = 0;
	t->host = NULL;
	for (unsigned int i = 0; i < nhost; i++)
		host[i].revents = t->host_ready ? fds[i + 1].revents : 0;
	if (big)
		munmap(fds, size);
	return ret;
}

bool engine_running(void)
{
	return atomic_load_explicit(&engine.running, memory_order_acquire) &&
	       !atomic_load_explicit(&engine.forked, memory_order_relaxed);
}

bool engine_inside(void)
{
	return self && self->inside;
}

void engine_interrupt(void)
{
	struct thread *t = self;

	if (!t || !t->inside)
		return;
	t->lkl.interrupt = 1;
	/* A sleep that has not begun yet must not begin. */
	t->ts = (struct timespec){0, 0};
}

void engine_thread_exit(void)
{
	struct thread *t = self;

	if (!t)
		return;
	self = NULL;
	if (engine_running())
		engine_call_image(t, LKL_NR_EXIT, (long[6]){0});
	atomic_fetch_sub(&engine.vcpu[t->lkl.vcpu].threads, 1);
	thread_free(t);
	fault_thread_exit(alt_stack);
	alt_stack = NULL;
}

void engine_after_fork(void)
{
	atomic_store(&engine.forked, true);
	self = NULL;
}

void engine_hide(void)
{
	RAWSYS(SYS_madvise, engine.image.base, engine.image.size, MADV_DONTDUMP);
}

static unsigned int host_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 1;
	return (unsigned int)CPU_COUNT(&set);
}

static int engine_refuse(const char **why, int err, const char *text)
{
	*why = text;
	return err;
}

static int engine_boot(const struct engine_options *opt, const char **why)
{
	static char cmdline[1024];
	struct lkl_boot_params *p = &engine.params;
	unsigned int n = opt->vcpus ? (unsigned int)opt->vcpus : engine.processors >= 2 ? 2 : 1;
	int err;

	err = vcpus_init(n);
	if (err < 0)
		return engine_refuse(why, err,
				     "no descriptors left for the stack; raise `ulimit -n`");
	snprintf(cmdline, sizeof(cmdline), "dummy.numdummies=0 %s%s",
		 opt->verbose ? "loglevel=8 " : "loglevel=1 quiet ",
		 opt->cmdline ? opt->cmdline : "");
	memset(&engine.init, 0, sizeof(engine.init));
	engine.init.event_fd = -1;
	engine.init.lkl.state = LKL_THREAD_RUNNING;
	*p = (struct lkl_boot_params){
		.base = engine.image.base,
		.size = engine.image.size,
		.image = engine.image.extent,
		.vcpus = n,
		.verbose = opt->verbose,
		.vcpu = engine.lkl_vcpu,
		.cycles_hz = (uint64_t)(engine.cycles_per_ns * 1e9),
		.init = &engine.init.lkl,
		.cmdline = cmdline,
	};
	RAWSYS(SYS_getrandom, p->seed, sizeof(p->seed), GRND_NONBLOCK);
	host_ops_init(&engine.ops);
	engine.image.boot(&engine.ops, p);
	vcpus_boot(&engine.init);
	memset(p->seed, 0, sizeof(p->seed));
	if (engine.halted)
		return engine_refuse(why, -EIO, "the stack halted while it booted; see -v");
	return 0;
}

/* The image, loaded and booted; its vCPUs are idle, and no thread of ours is there yet. */
static int engine_load(const struct engine_options *opt, const char **why)
{
	size_t memory = opt->memory ? opt->memory : ENGINE_MEMORY_DEFAULT;
	int err;

	if (atomic_load(&engine.running))
		return engine_refuse(why, -EBUSY, "the stack is running already");
	if (memory < ENGINE_MEMORY_MIN)
		return engine_refuse(
			why, -ENOMEM,
			"too little memory for the stack; give it 16 MiB or more with --mem");
	if (memory > ENGINE_MEMORY_MAX)
		return engine_refuse(why, -ENOMEM,
				     "more memory than a stack can use; 16G is the most for --mem");
	if (opt->vcpus < 0 || opt->vcpus > ENGINE_MAX_VCPUS)
		return engine_refuse(why, -EINVAL, "the number of vCPUs must be 1 to 16");
	engine.processors = host_processors();
	engine.cycles_per_ns = host_cycles_per_ns();
	/* Not there before Linux 5.11; a filter may kill for it. */
	engine.pwait2 =
		!filtered() && RAWSYS(SYS_epoll_pwait2, -1, NULL, 0, NULL, NULL, 0) != -ENOSYS;
	engine.halted = false;
	atomic_store(&engine.forked, false);
	err = image_load(&engine.image, opt->image, memory, why);
	if (err)
		return err;
	if (fault_init()) {
		err = engine_refuse(why, -EINVAL, "cannot install the SIGSEGV handler");
		goto unload;
	}
	err = engine_boot(opt, why);
	if (!err)
		return 0;
	vcpus_exit();
	fault_exit();
unload:
	image_unload(&engine.image);
	return err;
}

int engine_prepare(const struct engine_options *opt, const char **why)
{
	int err = engine_load(opt, why);

	if (err)
		return err;
	/* A fork would make each page that the image writes to be copied when it does so again. */
	RAWSYS(SYS_madvise, engine.image.base, engine.image.extent, MADV_DONTFORK);
	prepared = true;
	return 0;
}

int engine_start(const struct engine_options *opt, const char **why)
{
	int err = prepared ? 0 : engine_load(opt, why);

	if (err)
		return err;
	prepared = false;
	err = background_start();
	if (err) {
		vcpus_exit();
		fault_exit();
		image_unload(&engine.image);
		return engine_refuse(why, err, "cannot start the background thread");
	}
	atomic_store_explicit(&engine.running, true, memory_order_release);
	return 0;
}

void engine_halt(void)
{
	if (!engine_running())
		return;
	init_call(LKL_NR_HALT, (long[6]){0});
	atomic_store(&engine.running, false);
	background_stop();
	netifs_close();
	ended = true;
}

void engine_stop(void)
{
	engine_halt();
	if (!ended)
		return;
	ended = false;
	fault_exit();
	vcpus_exit();
	self = NULL;
	pools_free();
	image_unload(&engine.image);
}
