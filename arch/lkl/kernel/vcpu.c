// SPDX-License-Identifier: GPL-2.0
/*
 * vcpu.c - where kernel contexts and host threads meet.
 *
 * lkl_run() (on the host's stack, vCPU lock held) continues the vCPU's
 * current context; lkl_leave() (in that context) goes back to whoever runs the
 * vCPU. A context leaves at three places only: an application task at its
 * call's border, the idle task, and cpu_relax(). After each, before anything
 * else, it takes the events that have gathered.
 *
 * An application task is a loop: take the call that its host thread handed over,
 * run it, leave. If another thread drives the vCPU when the call is done, the
 * result is left in the vCPU's done list and the task parks. The task of the
 * last caller stays `current` while nobody is inside, so a further call of the
 * same thread costs no scheduling.
 */
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/irqnr.h>
#include <linux/reboot.h>
#include <linux/resume_user_mode.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>
#include <linux/start_kernel.h>
#include <linux/tick.h>
#include <asm/host.h>
#include <asm/irq_regs.h>
#include <asm/ptrace.h>

/* cpu_relax() lets go after so many turns: a lock holder may be preempted. */
#define RELAX_TURNS 64

u32 lkl_run(struct lkl_vcpu *v, struct lkl_thread *me)
{
	v->driver = me;
	lkl_ctx_switch(&me->host_sp, v->kernel_sp, NULL);
	return v->reason;
}

void lkl_leave(enum lkl_run_reason reason)
{
	struct lkl_vcpu *v = lkl_this_vcpu();

	v->reason = reason;
	lkl_ctx_switch(&v->kernel_sp, v->driver->host_sp, NULL);
}

/* Make vCPU @cpu take @pending soon; its host thread is woken after unlock. */
void lkl_kick(unsigned int cpu, u32 pending)
{
	__atomic_fetch_or(&lkl_vcpu_of(cpu)->pending, pending, __ATOMIC_SEQ_CST);
	if (cpu != raw_smp_processor_id())
		lkl_this_vcpu()->kick |= 1u << cpu;
}

/* In interrupt context: what the driver wants of its own task. */
static void driver_events(struct lkl_thread *me)
{
	struct task_struct *task = me->task;

	if (!task)
		return;
	if (me->state == LKL_THREAD_PENDING) {
		if (task != current)
			wake_up_process(task);
	} else if (me->interrupt && me->state == LKL_THREAD_RUNNING) {
		me->interrupt = 0;
		set_tsk_thread_flag(task, TIF_SIGPENDING);
		wake_up_state(task, TASK_INTERRUPTIBLE);
	}
}

static bool driver_wants(struct lkl_thread *me)
{
	if (me->state == LKL_THREAD_PENDING)
		return me->task != current;
	return READ_ONCE(me->interrupt) && me->state == LKL_THREAD_RUNNING;
}

/* As interrupts would; @user: the context stands at its call's border. */
static noinline void handle_events(struct lkl_vcpu *v, bool user, u32 pending, bool timer)
{
	struct pt_regs regs = { .user = user }, *old;

	local_irq_disable();
	old = set_irq_regs(&regs);
	irq_enter();
	if (pending & LKL_PENDING_CALL)
		generic_smp_call_function_interrupt();
	if (pending & LKL_PENDING_RESCHED)
		scheduler_ipi();
	if (pending & LKL_PENDING_IRQ_WORK)
		irq_work_run();
	if (timer)
		lkl_timer_event(v);
	if (pending >> 8)
		lkl_netdev_events(pending);
	driver_events(v->driver);
	irq_exit();
	set_irq_regs(old);
	local_irq_enable();
}

/* Take what is pending at @now, if anything. The caller has interrupts enabled. */
static __always_inline void take_events(struct lkl_vcpu *v, bool user, u64 now)
{
	bool timer = now >= v->deadline;
	u32 pending = 0;

	if (unlikely(READ_ONCE(v->pending)))
		pending = __atomic_exchange_n(&v->pending, 0, __ATOMIC_SEQ_CST);
	if (unlikely(now - v->last_poll > lkl_poll_cycles)) {
		v->last_poll = now;
		pending |= lkl_netdev_mask();
	}
	if (unlikely(pending || timer || driver_wants(v->driver)))
		handle_events(v, user, pending, timer);
}

/*
 * A lock holder may be a host thread that is preempted, or the vCPU we wait
 * for may have no thread at all: after some turns, let others run. Events are
 * taken as an interrupt would be, if interrupts are enabled.
 */
void cpu_relax(void)
{
	struct lkl_vcpu *v = lkl_this_vcpu();

	lkl_cpu_pause();
	if (++v->relax % RELAX_TURNS == 0)
		lkl_leave(LKL_RUN_YIELD);
	if (unlikely(READ_ONCE(v->pending)) && !irqs_disabled())
		take_events(v, false, lkl_cycles());
}
EXPORT_SYMBOL(cpu_relax);

void arch_cpu_idle(void)
{
	struct lkl_vcpu *v = lkl_this_vcpu();

	/*
	 * Called with interrupts disabled and nothing to run. What came since
	 * is in v->pending, which the host looks at before it sleeps. A driver
	 * that continued a spin instead of idle or user mode has not been heard yet.
	 */
	if (!need_resched() && !driver_wants(v->driver))
		lkl_leave(LKL_RUN_IDLE);
	raw_local_irq_enable();
	take_events(v, false, lkl_cycles());
	raw_local_irq_disable();
}

/* What the kernel does before it returns to user mode. */
static void border_work(void)
{
	unsigned long work;

	while ((work = read_thread_flags() & _TIF_WORK_MASK)) {
		if (work & _TIF_NEED_RESCHED)
			schedule();
		if (work & _TIF_NOTIFY_SIGNAL)
			clear_thread_flag(TIF_NOTIFY_SIGNAL);
		if (work & _TIF_NOTIFY_RESUME)
			resume_user_mode_work(task_pt_regs(current));
		else if (work & _TIF_NOTIFY_SIGNAL)
			task_work_run();
		if (work & _TIF_SIGPENDING) {
			/* Signals are the host's; ours only end calls. */
			restore_saved_sigmask();
			flush_signals(current);
			clear_thread_flag(TIF_SIGPENDING);
		}
	}
}

static void run_call(struct lkl_thread *t)
{
	struct lkl_vcpu *v;

	t->state = LKL_THREAD_RUNNING;
	t->ret = lkl_do_call(t);
	if (unlikely(read_thread_flags() & _TIF_WORK_MASK))
		border_work();
	lockdep_sys_exit();
	v = lkl_this_vcpu();
	if (v->driver == t) {
		t->state = LKL_THREAD_DONE;
		return;
	}
	/* Another thread drives: it wakes ours after it has unlocked. */
	v->done[v->ndone++] = t;
	smp_store_release(&t->state, LKL_THREAD_DONE);
	if (v->ndone == LKL_DONE_MAX)
		lkl_leave(LKL_RUN_YIELD);
}

void __noreturn lkl_user_loop(void)
{
	struct lkl_thread *t = current->thread.host;

	local_irq_enable();
	for (;;) {
		struct lkl_vcpu *v = lkl_this_vcpu();

		if (smp_load_acquire(&t->state) == LKL_THREAD_PENDING) {
			run_call(t);
		} else if (v->driver == t) {
			lkl_leave(LKL_RUN_USER);
			take_events(v, true, v->now);
			if (need_resched())
				schedule();
		} else {
			/* Driven by another: make room until our call comes. */
			set_current_state(TASK_IDLE);
			schedule();
		}
	}
}

/* A context's first instructions, on its own stack; @prev: who switched to it. */
asmlinkage void __ref lkl_task_start(struct task_struct *prev)
{
	if (!prev) {
		if (raw_smp_processor_id() == 0)
			start_kernel();
		else
			lkl_secondary_start();
		BUG();
	}
	lkl_switched_from(prev);
	schedule_tail(prev);
	if (current->thread.fn)
		current->thread.fn(current->thread.arg);
	/* Only init gets here from a kernel function, after its exec. */
	lkl_user_loop();
}
