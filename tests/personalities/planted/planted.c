// SPDX-License-Identifier: GPL-2.0
/*
 * planted.c - an extension with faults, so that a test sees lockdep find them.
 *
 * A write to net.planted.fault commits one:
 *
 *	1  two locks in one order, then in the other (AB-BA)
 *	2  a lock that softirqs take is taken with them enabled
 *	3  a spin lock is left held when the call returns
 *
 * Nothing blocks for ever: one context takes all locks, one after the other. That is what lockdep
 * is for: it needs no unlucky moment.
 */
#include <linux/init.h>
#include <linux/spinlock.h>
#include <linux/sysctl.h>
#include <linux/timer.h>
#include <net/net_namespace.h>

static DEFINE_SPINLOCK(planted_a);
static DEFINE_SPINLOCK(planted_b);
static DEFINE_SPINLOCK(planted_soft);
static DEFINE_SPINLOCK(planted_kept);

static noinline void planted_ab(void)
{
	spin_lock_bh(&planted_a);
	spin_lock(&planted_b);
	spin_unlock(&planted_b);
	spin_unlock_bh(&planted_a);
}

static noinline void planted_ba(void)
{
	spin_lock_bh(&planted_b);
	spin_lock(&planted_a);
	spin_unlock(&planted_a);
	spin_unlock_bh(&planted_b);
}

static void planted_expired(struct timer_list *timer)
{
	spin_lock(&planted_soft);
	spin_unlock(&planted_soft);
}

static DEFINE_TIMER(planted_timer, planted_expired);

static noinline void planted_open(void)
{
	spin_lock(&planted_soft);
	spin_unlock(&planted_soft);
	mod_timer(&planted_timer, jiffies + 1);
}

static noinline void planted_keep(void)
{
	spin_lock(&planted_kept);
}

static int planted_fault;

static int planted_write(const struct ctl_table *table, int write, void *buffer, size_t *len,
			 loff_t *at)
{
	int err = proc_dointvec(table, write, buffer, len, at);

	if (err || !write)
		return err;
	switch (planted_fault) {
	case 1:
		planted_ab();
		planted_ba();
		break;
	case 2:
		planted_open();
		break;
	case 3:
		planted_keep();
		break;
	}
	return 0;
}

static struct ctl_table planted_table[] = {
	{
		.procname = "fault",
		.data = &planted_fault,
		.maxlen = sizeof(int),
		.mode = 0644,
		.proc_handler = planted_write,
	},
};

static int __init planted_init(void)
{
	if (!register_net_sysctl(&init_net, "net/planted", planted_table))
		return -ENOMEM;
	return 0;
}
late_initcall(planted_init);
