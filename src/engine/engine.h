/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * engine.h - the one Linux stack of this process: start it, call it, stop it.
 *
 * The engine loads a personality image (Linux as a library), gives it memory,
 * a clock and virtual CPUs, and lets application threads make Linux system
 * calls into it. There is no server thread: the calling thread enters a vCPU,
 * runs its own system call there, and when that call blocks the same thread
 * drives the stack (timers, received frames, other tasks) until it can return.
 *
 * Every function returns 0 or a positive result, or a negative errno; none
 * touches the libc's errno. All are thread-safe unless they say otherwise.
 */
#ifndef PERSONA_ENGINE_ENGINE_H
#define PERSONA_ENGINE_ENGINE_H

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct backend;

/*
 * What a blocking call may return beside the errno values of its man page,
 * when engine_interrupt() cut it short. They are Linux' own internal codes:
 * the caller of engine_syscall() runs the deferred signal handlers, and then
 * repeats the call or turns the code into -EINTR.
 */
#define ENGINE_ERESTARTSYS	     512 /* repeat if SA_RESTART, else EINTR */
#define ENGINE_ERESTARTNOINTR	     513 /* always repeat */
#define ENGINE_ERESTARTNOHAND	     514 /* EINTR, whatever SA_RESTART says */
#define ENGINE_ERESTART_RESTARTBLOCK 516 /* EINTR, whatever SA_RESTART says */

/**
 * struct engine_options - how to start the stack
 * @image:   path of the personality image (build/personalities/NAME.so)
 * @memory:  bytes of memory of the stack; 0 means the default (256 MiB)
 * @vcpus:   virtual CPUs, 1..ENGINE_MAX_VCPUS; 0 means two where the host has
 *	     two processors or more, else one
 * @verbose: the stack's own kernel log goes to stderr, prefixed "persona: "
 * @cmdline: further kernel command line, or NULL
 */
struct engine_options {
	const char *image;
	size_t memory;
	int vcpus;
	bool verbose;
	const char *cmdline;
};

#define ENGINE_MAX_VCPUS      16
#define ENGINE_MEMORY_DEFAULT (256UL << 20)
#define ENGINE_MEMORY_MIN     (16UL << 20)
#define ENGINE_MEMORY_MAX     (16UL << 30)

/**
 * engine_start() - load the image and boot the stack
 * @opt: options, read only during the call
 * @why: on failure receives one static or per-process sentence naming the
 *	 reason (never NULL then)
 *
 * Return: 0; -ENOENT/-ENOEXEC/-EPROTO (no image, not an image of this
 * processor, image of another ABI version), -ENOMEM, -EBUSY (already running).
 * Not thread-safe against itself and engine_stop().
 */
int engine_start(const struct engine_options *opt, const char **why);

/**
 * engine_prepare() - the part of engine_start() that takes time and starts no thread
 * @opt, @why: as engine_start()'s, which must be called with the same options next
 *
 * For a caller that has other things to do meanwhile, and then to fork: it may be called by a
 * thread of its own that ends before engine_start() is called. What is forked in between has
 * neither the image nor the stack's memory. On failure all is as before, and engine_start() tries
 * again. Return: as engine_start().
 */
int engine_prepare(const struct engine_options *opt, const char **why);

/**
 * engine_halt() - the part of engine_stop() after which no frame is sent
 *
 * Back ends are closed, memory is still to be given back by engine_stop().
 */
void engine_halt(void);

/**
 * engine_stop() - halt the stack and give everything back
 *
 * No other thread may be inside or enter. Queued frames are sent first.
 * Afterwards engine_start() may be called again.
 */
void engine_stop(void);

/*
 * If set before engine_start(): called with each host descriptor that the engine
 * opens (@open) or closes, so that an interposer can protect it from the program.
 * The engine's descriptors have high numbers (lib/highfd.h), so that the program finds the
 * low ones free.
 */
extern void (*engine_host_fd)(int fd, bool open);

/** host_fd_keep() - renumber a new descriptor that way, and say so; -errno stays. */
int host_fd_keep(int fd);

/** host_fd_close() - close a descriptor of host_fd_keep() and set it to -1. */
void host_fd_close(int *fd);

/** engine_running() - has engine_start() succeeded (and engine_stop() not run)? */
bool engine_running(void);

/**
 * engine_hide() - leave the stack's memory out of core dumps from now on: it gets secrets
 *
 * A host that cannot is not told of. The engine runs.
 */
void engine_hide(void);

/**
 * engine_syscall() - one Linux system call into the stack
 * @nr:   the host architecture's system call number (SYS_socket ...)
 * @args: six arguments as the host kernel would take them; pointers are
 *	  pointers of this process. Descriptors are the *stack's* descriptors.
 *
 * The first call of a thread makes a kernel task for it. A bad pointer gives
 * -EFAULT. exit, exit_group, execve, clone, fork give -ENOSYS.
 *
 * Return: result or negative errno, or an interrupted code, see above.
 */
long engine_syscall(long nr, const long args[6]);

/**
 * engine_trust() - let a netlink socket of the stack configure WireGuard and read its state
 * @fd: the stack's descriptor
 *
 * No other socket may, since a device tells its private key. Return: 0 or -EBADF and the like.
 */
int engine_trust(int fd);

/**
 * engine_syscall_poll() - like engine_syscall(), and watch host descriptors
 * @host:  host descriptors to watch while the call blocks; revents is filled
 * @nhost: how many
 *
 * When a host descriptor becomes ready while the call is blocked, the call is
 * interrupted as by a signal (-ENGINE_ERESTARTNOHAND, -EINTR ...) and revents
 * tells which. Descriptors that are ready already at the start make the call
 * return at once if it would block.
 */
long engine_syscall_poll(struct pollfd *host, unsigned int nhost, long nr, const long args[6]);

/**
 * engine_inside() - is the calling thread inside the engine?
 *
 * Async-signal-safe. A signal handler that finds true here must not run the
 * program's handler (it may stand on a kernel stack, holding a vCPU): it notes
 * the signal, calls engine_interrupt() and returns.
 */
bool engine_inside(void);

/**
 * engine_interrupt() - end the calling thread's blocked call as by a signal
 *
 * Async-signal-safe; only from a signal handler of the thread itself while
 * engine_inside(). Has no effect on a call that does not block.
 */
void engine_interrupt(void);

/**
 * engine_fault() - SIGSEGV/SIGBUS: was it the stack touching a bad user pointer?
 * @ucontext: third argument of the SA_SIGINFO handler
 *
 * Return: true if handled (the handler just returns, the call gives -EFAULT);
 * false if the fault is the program's own. The engine installs its own
 * SIGSEGV and SIGBUS handlers on an alternate stack at start; all other faults
 * go to the handlers that were there before. A program that installs its own
 * afterwards calls this first.
 */
bool engine_fault(void *ucontext);

/** engine_quiet_signals() - what Persona's own threads block: all but those that an instruction
 * raises. */
void engine_quiet_signals(sigset_t *set);

/**
 * engine_thread_create() - a thread of Persona's own, which takes none of the program's signals
 * @stack:     bytes of stack, 0: as usual
 * @unblocked: a signal that it does take, 0: none
 *
 * Return: 0 or -errno. Thread-safe.
 */
int engine_thread_create(pthread_t *thread, size_t stack, int unblocked, void *(*fn)(void *),
			 void *arg);

/** engine_thread_exit() - give the calling thread's kernel task back. */
void engine_thread_exit(void);

/**
 * engine_after_fork() - in a forked child: forget the stack
 *
 * The stack belongs to the parent. In the child every further engine_syscall()
 * gives -ENETDOWN, engine_running() is false. Async-signal-safe.
 */
void engine_after_fork(void);

/**
 * engine_add_netif() - attach a back end as a network interface of the stack
 * @be:   open back end; the engine owns it from here on and closes it
 * @name: interface name inside the stack (IFNAMSIZ)
 *
 * Return: the interface index inside the stack (> 0) or -errno. The interface
 * is down; bring it up by rtnetlink.
 */
int engine_add_netif(struct backend *be, const char *name);

/**
 * engine_netif_frames() - how many frames an interface has received and sent so far
 * @n: in the order of engine_add_netif(), from 0
 *
 * Reads memory, does not enter the stack. A batch of segments (GSO) is one frame.
 */
void engine_netif_frames(unsigned int n, uint64_t *rx, uint64_t *tx);

#endif /* PERSONA_ENGINE_ENGINE_H */
