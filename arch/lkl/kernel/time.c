// SPDX-License-Identifier: GPL-2.0
/*
 * time.c - clock source, scheduler clock, one-shot clock event.
 *
 * Time is the host's CLOCK_MONOTONIC. The clock event is a deadline in
 * processor cycles: compared when the vCPU is run, and given to the host as the
 * time-out of its wait. No signal, no timer thread.
 */
#include <linux/clockchips.h>
#include <linux/clocksource.h>
#include <linux/init.h>
#include <linux/math64.h>
#include <linux/percpu.h>
#include <linux/sched/clock.h>
#include <linux/timekeeping.h>
#include <asm/host.h>

static DEFINE_PER_CPU(struct clock_event_device, lkl_clockevent);

static u32 ns_mult, ns_shift;		/* cycles to ns */
static u32 cyc_mult, cyc_shift;		/* ns to cycles */
static u64 cycles_base;

u64 lkl_poll_cycles __ro_after_init;

unsigned long long notrace sched_clock(void)
{
	if (!ns_mult)
		return 0;
	return mul_u64_u32_shr(lkl_cycles() - cycles_base, ns_mult, ns_shift);
}

static u64 host_clock_read(struct clocksource *cs)
{
	return lkl_ops.clock_ns();
}

static struct clocksource host_clock = {
	.name = "host",
	.rating = 400,
	.read = host_clock_read,
	.mask = CLOCKSOURCE_MASK(64),
	.mult = 1 << 22, /* it counts nanoseconds */
	.shift = 22,
	.flags = CLOCK_SOURCE_IS_CONTINUOUS,
};

/* From the first moment: no phase of jiffies, in which wall time would lag. */
struct clocksource *__init clocksource_default_clock(void)
{
	return &host_clock;
}

void read_persistent_clock64(struct timespec64 *ts)
{
	*ts = ns_to_timespec64(lkl_ops.wall_ns());
}

static int set_next_event(unsigned long delta, struct clock_event_device *ce)
{
	lkl_this_vcpu()->deadline = lkl_cycles() + mul_u64_u32_shr(delta, cyc_mult, cyc_shift);
	return 0;
}

static int set_shutdown(struct clock_event_device *ce)
{
	lkl_this_vcpu()->deadline = LKL_NO_DEADLINE;
	return 0;
}

void lkl_timer_event(struct lkl_vcpu *v)
{
	struct clock_event_device *ce = this_cpu_ptr(&lkl_clockevent);

	v->deadline = LKL_NO_DEADLINE;
	if (ce->event_handler)
		ce->event_handler(ce);
}

void lkl_clockevent_init(unsigned int cpu)
{
	struct clock_event_device *ce = &per_cpu(lkl_clockevent, cpu);

	ce->name = "lkl";
	ce->features = CLOCK_EVT_FEAT_ONESHOT;
	ce->rating = 400;
	ce->cpumask = cpumask_of(cpu);
	ce->set_next_event = set_next_event;
	ce->set_state_shutdown = set_shutdown;
	ce->set_state_oneshot = set_shutdown;
	clockevents_config_and_register(ce, NSEC_PER_SEC, 1000, LONG_MAX);
}

void __init time_init(void)
{
	clocks_calc_mult_shift(&cyc_mult, &cyc_shift, NSEC_PER_SEC, lkl_params.cycles_hz, 60);
	clocks_calc_mult_shift(&ns_mult, &ns_shift, lkl_params.cycles_hz, NSEC_PER_SEC, 0);
	cycles_base = lkl_cycles();
	lkl_poll_cycles = mul_u64_u32_shr(LKL_POLL_NS, cyc_mult, cyc_shift);
	__clocksource_register(&host_clock);
	lkl_clockevent_init(0);
}

void __init calibrate_delay(void)
{
	loops_per_jiffy = 1;
}

void __delay(unsigned long cycles)
{
	u64 end = lkl_cycles() + cycles;

	while (lkl_cycles() < end)
		cpu_relax();
}

void __udelay(unsigned long usecs)
{
	__delay(mul_u64_u32_shr(usecs * NSEC_PER_USEC, cyc_mult, cyc_shift));
}

void __ndelay(unsigned long nsecs)
{
	__delay(mul_u64_u32_shr(nsecs, cyc_mult, cyc_shift));
}

/* @xloops: microseconds times 2^32 / 10^6 */
void __const_udelay(unsigned long xloops)
{
	__udelay((xloops * 1000000UL) >> 32);
}
