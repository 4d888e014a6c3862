// SPDX-License-Identifier: GPL-2.0-only
/*
 * fault.c - SIGSEGV and SIGBUS: bad user pointers, crashes of the stack, and the
 * program's own faults.
 *
 * A fault whose stack pointer lies in the stack's memory is the image's. If
 * it was an access to a user pointer, the image says where to go on and the
 * call gives EFAULT. If not, the image has crashed: the interrupted context is
 * sent into lkl_oops(), on the kernel stack it stands on, which prints log
 * and trace and ends the process. All other faults belong to the program: they
 * go to the handler that was there before.
 *
 * The handlers run on an alternate stack, which every thread gets when it first
 * enters (unless it has one).
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "engine/fault.h"
#include "engine/vcpu.h"
#include "lib/rawsys.h"

#define ALT_STACK   (64UL << 10)
#define KSTACK	    (32UL << 10)
#define KSTACK_SAFE (12UL << 10)

/*
 * The kernel's own struct sigaction and call: libc's sigaction() may be the
 * inline library's hook, which serves the program, not us.
 */
struct kernel_sigaction {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static struct kernel_sigaction old_segv, old_bus;

#if defined(__x86_64__)
#define KERNEL_SA_RESTORER 0x04000000UL
void engine_sigreturn(void);
__asm__(".text\n"
	".hidden engine_sigreturn\n"
	".globl engine_sigreturn\n"
	".type engine_sigreturn, @function\n"
	"engine_sigreturn:\n"
	"	movl $15, %eax\n"
	"	syscall\n");
#define RESTORER engine_sigreturn
#else
#define KERNEL_SA_RESTORER 0UL
#define RESTORER	   NULL
#endif

static int kernel_sigaction(int sig, const struct kernel_sigaction *sa,
			    struct kernel_sigaction *old)
{
	return (int)RAWSYS(SYS_rt_sigaction, sig, sa, old, sizeof(unsigned long));
}

static unsigned long get_ip(const ucontext_t *uc)
{
#if defined(__x86_64__)
	return (unsigned long)uc->uc_mcontext.gregs[REG_RIP];
#else
	return uc->uc_mcontext.pc;
#endif
}

static unsigned long get_sp(const ucontext_t *uc)
{
#if defined(__x86_64__)
	return (unsigned long)uc->uc_mcontext.gregs[REG_RSP];
#else
	return uc->uc_mcontext.sp;
#endif
}

static void set_ip_sp(ucontext_t *uc, unsigned long ip, unsigned long sp)
{
#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RIP] = (long)ip;
	uc->uc_mcontext.gregs[REG_RSP] = (long)sp;
#else
	uc->uc_mcontext.pc = ip;
	uc->uc_mcontext.sp = sp;
#endif
}

/* Continue the context in lkl_oops(why, address, ip, sp) on its own stack. */
static void divert_to_oops(ucontext_t *uc, unsigned long ip, unsigned long sp)
{
	static const char why[] = "the stack touched memory that is not there";
	unsigned long at = sp;

	/* Overflown into the guard page: the trace is worth more than the frames above. */
	if (at % KSTACK < KSTACK_SAFE)
		at = (at & ~(KSTACK - 1)) + KSTACK_SAFE;
	at = ((at - 256) & ~15UL) - 8;
#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RDI] = (long)why;
	uc->uc_mcontext.gregs[REG_RSI] = uc->uc_mcontext.gregs[REG_CR2];
	uc->uc_mcontext.gregs[REG_RDX] = (long)ip;
	uc->uc_mcontext.gregs[REG_RCX] = (long)sp;
#elif defined(__aarch64__)
	uc->uc_mcontext.regs[0] = (unsigned long)why;
	uc->uc_mcontext.regs[1] = uc->uc_mcontext.fault_address;
	uc->uc_mcontext.regs[2] = ip;
	uc->uc_mcontext.regs[3] = sp;
	at -= 8;
#endif
	set_ip_sp(uc, (unsigned long)engine.image.oops, at);
}

bool engine_fault(void *ucontext)
{
	ucontext_t *uc = ucontext;
	unsigned long ip = get_ip(uc), sp = get_sp(uc);
	const struct image *im = &engine.image;

	if (!im->base || sp < (unsigned long)im->base || sp >= (unsigned long)im->base + im->size)
		return false;
	switch (im->fixup_fault(&ip, &sp)) {
	case 1:
		set_ip_sp(uc, ip, sp);
		return true;
	case 0:
		return false;
	}
	divert_to_oops(uc, ip, sp);
	return true;
}

static void fault_taken(int sig, siginfo_t *si, void *uc)
{
	const struct kernel_sigaction *old = sig == SIGBUS ? &old_bus : &old_segv;
	bool sent = si->si_code <= 0; /* by kill() and its like: no fault of this thread */

	if (!sent && engine_fault(uc))
		return;
	if (sent && old->handler == (void *)SIG_IGN)
		return;
	if ((uintptr_t)old->handler <= 1) {
		/* The instruction faults again, with the default action. */
		kernel_sigaction(sig, &(struct kernel_sigaction){0}, NULL);
		if (sent)
			RAWSYS(SYS_tgkill, getpid(), RAWSYS(SYS_gettid), sig);
		return;
	}
	old->handler(sig, si, uc);
}

int fault_init(void)
{
	struct kernel_sigaction sa = {
		.handler = fault_taken,
		.flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | KERNEL_SA_RESTORER,
		.restorer = RESTORER,
	};
	int err = kernel_sigaction(SIGSEGV, &sa, &old_segv);

	return err ? err : kernel_sigaction(SIGBUS, &sa, &old_bus);
}

static void fault_restore(int sig, const struct kernel_sigaction *old)
{
	struct kernel_sigaction now;

	/* Somebody may have replaced ours since: then leave theirs alone. */
	if (!kernel_sigaction(sig, NULL, &now) && now.handler == fault_taken)
		kernel_sigaction(sig, old, NULL);
}

void fault_exit(void)
{
	fault_restore(SIGSEGV, &old_segv);
	fault_restore(SIGBUS, &old_bus);
}

void *fault_thread_init(void)
{
	stack_t ss;
	void *at;

	if (sigaltstack(NULL, &ss) || !(ss.ss_flags & SS_DISABLE))
		return NULL;
	at = mmap(NULL, ALT_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		return NULL;
	ss = (stack_t){.ss_sp = at, .ss_size = ALT_STACK};
	if (sigaltstack(&ss, NULL)) {
		munmap(at, ALT_STACK);
		return NULL;
	}
	return at;
}

void fault_thread_exit(void *altstack)
{
	stack_t ss, off = {.ss_flags = SS_DISABLE};

	if (!altstack)
		return;
	if (!sigaltstack(NULL, &ss) && ss.ss_sp == altstack)
		sigaltstack(&off, NULL);
	munmap(altstack, ALT_STACK);
}
