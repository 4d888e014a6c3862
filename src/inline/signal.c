// SPDX-License-Identifier: GPL-2.0-only
/*
 * signal.c - the program's handlers, kept out of the stack.
 *
 * Theory of operation: sigaction() and its relatives install signal_on_signal()
 * instead of the program's handler, and remember that one. When the
 * signal comes while the thread is neither inside the engine nor in hold(),
 * signal_on_signal() calls the program's handler at once: same thread, same stack, same
 * mask, same context. Otherwise it puts the signal back: the same siginfo is queued
 * to the same thread, all signals are blocked in the context that signal_on_signal()
 * returns to, and the stack's call is interrupted. When the engine has been
 * left, signal_release() restores the program's mask, and the host's kernel
 * delivers what is pending with its own rules: order, sa_mask, SA_ONSTACK,
 * SA_NODEFER, coalescing. So a handler that never returns (longjmp) is harmless.
 *
 * SA_RESETHAND is ours to do, else putting a signal back would reset it
 * twice. SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP and SIGSYS stay unblocked:
 * they may be raised by an instruction. For SIGSEGV and SIGBUS the engine has
 * handlers of its own; a program's handler comes after engine_fault().
 *
 * Locking: table_lock for writers; signal_on_signal() reads two atomic words.
 *
 * Limits: a handler installed by a raw system call is not seen. The default
 * action of a signal needs no deferral; its death cannot be hooked.
 */
#include "inline/real.h"
#include "inline/say.h"
#include "inline/signal.h"
#include "inline/thread.h"
#include "inline/life.h"
#include "engine/engine.h"

#include <string.h>
#include <ucontext.h>

struct disposition {
	_Atomic(void *) handler; /* NULL: libc's and the kernel's business */
	atomic_int flags;
	sigset_t mask;
};

static struct disposition table[NSIG];
static struct lock table_lock;
static struct sigaction engine_segv, engine_bus;
static bool engine_faults;
static sigset_t interrupting; /* siginterrupt(sig, 1) */

#define SYNCHRONOUS                                                            \
	(1ULL << (SIGSEGV - 1) | 1ULL << (SIGBUS - 1) | 1ULL << (SIGFPE - 1) | \
	 1ULL << (SIGILL - 1) | 1ULL << (SIGTRAP - 1) | 1ULL << (SIGSYS - 1))
/* libc's own two, cancellation and setuid: their handlers are harmless inside. */
#define LIBC_OWN (1ULL << 31 | 1ULL << 32)

static void signal_kernel_mask(int how, const uint64_t *set, uint64_t *old)
{
	real(syscall)(SYS_rt_sigprocmask, how, set, old, sizeof(*set));
}

static void signal_queue_to_self(int sig, siginfo_t *info)
{
	real(syscall)(SYS_rt_tgsigqueueinfo, getpid(), real(syscall)(SYS_gettid), sig, info);
}

/* Real-time signals stay in order: those which came later go behind this one. */
static void signal_queue_in_order(int sig, siginfo_t *info)
{
	static const struct timespec now;
	siginfo_t later[16];
	uint64_t set = 1ULL << (sig - 1);
	int n = 0;

	while (sig >= 32 && n < 16 &&
	       real(syscall)(SYS_rt_sigtimedwait, &set, &later[n], &now, sizeof(set)) == sig)
		n++;
	signal_queue_to_self(sig, info);
	for (int i = 0; i < n; i++)
		signal_queue_to_self(sig, &later[i]);
}

static void signal_put_back(int sig, siginfo_t *info, ucontext_t *uc)
{
	uint64_t all = ~(SYNCHRONOUS | LIBC_OWN), now;
	struct thread *t = &self;

	memcpy(&now, &uc->uc_sigmask, sizeof(now));
	signal_kernel_mask(SIG_BLOCK, &all, NULL);
	if (!t->deferred) {
		t->mask = now;
		t->norestart = false;
		t->deferred = true;
	}
	if (!(atomic_load(&table[sig].flags) & SA_RESTART))
		t->norestart = true;
	now |= all;
	memcpy(&uc->uc_sigmask, &now, sizeof(now));
	signal_queue_in_order(sig, info);
	if (engine_inside())
		engine_interrupt();
}

void signal_release(void)
{
	struct thread *t = &self;
	uint64_t mask = t->mask;

	t->deferred = false;
	signal_kernel_mask(SIG_SETMASK, &mask, NULL);
}

static void signal_call_handler(int sig, siginfo_t *info, void *uc, void *handler, int flags)
{
	if (flags & SA_RESETHAND) {
		struct sigaction dfl = {.sa_handler = SIG_DFL};

		sigaction(sig, &dfl, NULL);
	}
	if (flags & SA_SIGINFO)
		((void (*)(int, siginfo_t *, void *))handler)(sig, info, uc);
	else
		((void (*)(int))handler)(sig);
}

static void signal_on_signal(int sig, siginfo_t *info, void *uc)
{
	void *handler = atomic_load(&table[sig].handler);
	int flags = atomic_load(&table[sig].flags);
	int saved = errno;

	if ((engine_inside() || self.hold) && !(SYNCHRONOUS >> (sig - 1) & 1)) {
		signal_put_back(sig, info, uc);
		errno = saved;
	} else if (handler) {
		signal_call_handler(sig, info, uc, handler, flags);
	}
}

static void signal_on_fault(int sig, siginfo_t *info, void *uc)
{
	void *handler;

	if (engine_fault(uc))
		return;
	handler = atomic_load(&table[sig].handler);
	if (handler)
		signal_call_handler(sig, info, uc, handler, atomic_load(&table[sig].flags));
}

static bool signal_is_fault(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS;
}

/* What the kernel is told for the program's handler. */
static struct sigaction signal_wrapped(int sig, int flags, const sigset_t *mask)
{
	struct sigaction k = {.sa_sigaction = signal_on_signal, .sa_mask = *mask};

	k.sa_flags = (flags | SA_SIGINFO) & ~(int)SA_RESETHAND;
	if (signal_is_fault(sig) && engine_faults) {
		k.sa_sigaction = signal_on_fault;
		k.sa_flags |= SA_ONSTACK;
	}
	return k;
}

static int signal_set_locked(int sig, const struct sigaction *act)
{
	struct disposition *d = &table[sig];
	void *handler = (void *)act->sa_sigaction;
	struct sigaction k;

	if (handler == (void *)SIG_DFL || handler == (void *)SIG_IGN) {
		k = *act;
		if (signal_is_fault(sig) && engine_faults && handler == (void *)SIG_DFL)
			k = sig == SIGSEGV ? engine_segv : engine_bus;
		if (real(sigaction)(sig, &k, NULL) < 0)
			return -1;
		atomic_store(&d->handler, NULL);
		return 0;
	}
	k = signal_wrapped(sig, act->sa_flags, &act->sa_mask);
	if (!atomic_load(&d->handler)) {
		/* Not ours yet: the table first, so that signal_on_signal() finds it. */
		atomic_store(&d->flags, act->sa_flags);
		atomic_store(&d->handler, handler);
		if (real(sigaction)(sig, &k, NULL) < 0) {
			atomic_store(&d->handler, NULL);
			return -1;
		}
	} else {
		if (real(sigaction)(sig, &k, NULL) < 0)
			return -1;
		atomic_store(&d->flags, act->sa_flags);
		atomic_store(&d->handler, handler);
	}
	d->mask = act->sa_mask;
	return 0;
}

static int signal_get_locked(int sig, struct sigaction *old)
{
	struct disposition *d = &table[sig];

	if (real(sigaction)(sig, NULL, old) < 0)
		return -1;
	if (atomic_load(&d->handler)) {
		old->sa_sigaction = atomic_load(&d->handler);
		old->sa_flags = atomic_load(&d->flags);
		old->sa_mask = d->mask;
	} else if (signal_is_fault(sig) && engine_faults && old->sa_handler != SIG_IGN) {
		memset(old, 0, sizeof(*old));
	}
	return 0;
}

HOOK int sigaction(int sig, const struct sigaction *act, struct sigaction *old)
{
	struct sigaction was;
	int ret = 0;

	if (sig < 1 || sig >= NSIG || self.bypass)
		return real(sigaction)(sig, act, old);
	lock_take(&table_lock);
	if (old)
		ret = signal_get_locked(sig, &was);
	if (!ret && act)
		ret = signal_set_locked(sig, act);
	lock_give(&table_lock);
	if (!ret && old)
		*old = was;
	return ret;
}
HOOK_ALIAS(__sigaction, sigaction);

static __sighandler_t signal_set_simple(int sig, __sighandler_t handler, int flags, bool mask_self)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = flags}, old;

	if (handler == SIG_ERR || sig < 1 || sig >= NSIG) {
		errno = EINVAL;
		return SIG_ERR;
	}
	if (mask_self)
		sigaddset(&act.sa_mask, sig);
	if (sigaction(sig, &act, &old) < 0)
		return SIG_ERR;
	return old.sa_handler;
}

HOOK __sighandler_t signal(int sig, __sighandler_t handler)
{
	bool intr = sig > 0 && sig < NSIG && sigismember(&interrupting, sig) == 1;

	return signal_set_simple(sig, handler, intr ? 0 : SA_RESTART, true);
}
HOOK_ALIAS(bsd_signal, signal);
HOOK_ALIAS(ssignal, signal);

HOOK __sighandler_t __sysv_signal(int sig, __sighandler_t handler)
{
	return signal_set_simple(sig, handler, (int)(SA_RESETHAND | SA_NODEFER), false);
}
HOOK_ALIAS(sysv_signal, __sysv_signal);

HOOK int siginterrupt(int sig, int flag)
{
	struct sigaction act;

	if (sigaction(sig, NULL, &act) < 0)
		return -1;
	if (flag) {
		sigaddset(&interrupting, sig);
		act.sa_flags &= ~SA_RESTART;
	} else {
		sigdelset(&interrupting, sig);
		act.sa_flags |= SA_RESTART;
	}
	return sigaction(sig, &act, NULL);
}

HOOK int sigignore(int sig)
{
	struct sigaction act = {.sa_handler = SIG_IGN};

	return sigaction(sig, &act, NULL);
}

/* X/Open: install unblocked, or hold; the old disposition may be SIG_HOLD. */
HOOK __sighandler_t sigset(int sig, __sighandler_t handler)
{
	struct sigaction act = {.sa_handler = handler}, old;
	sigset_t set, was;

	sigemptyset(&set);
	if (handler == SIG_ERR || sigaddset(&set, sig) < 0) {
		errno = EINVAL;
		return SIG_ERR;
	}
	if (handler == SIG_HOLD) {
		if (sigprocmask(SIG_BLOCK, &set, &was) < 0 || sigaction(sig, NULL, &old) < 0)
			return SIG_ERR;
		return sigismember(&was, sig) ? SIG_HOLD : old.sa_handler;
	}
	if (sigaction(sig, &act, &old) < 0 || sigprocmask(SIG_UNBLOCK, &set, &was) < 0)
		return SIG_ERR;
	return sigismember(&was, sig) ? SIG_HOLD : old.sa_handler;
}

void signal_stack_started(void)
{
	static const int faults[] = {SIGSEGV, SIGBUS};

	lock_take(&table_lock);
	real(sigaction)(SIGSEGV, NULL, &engine_segv);
	real(sigaction)(SIGBUS, NULL, &engine_bus);
	/* An engine without fault handlers of its own leaves ours, or none. */
	engine_faults =
		engine_segv.sa_sigaction != signal_on_signal && engine_segv.sa_handler != SIG_DFL;
	for (unsigned int i = 0; engine_faults && i < 2; i++) {
		struct disposition *d = &table[faults[i]];

		if (atomic_load(&d->handler)) {
			struct sigaction k =
				signal_wrapped(faults[i], atomic_load(&d->flags), &d->mask);

			real(sigaction)(faults[i], &k, NULL);
		}
	}
	lock_give(&table_lock);
}

void signal_fork(int phase)
{
	if (phase == 0)
		lock_take(&table_lock);
	else
		lock_give(&table_lock);
}
