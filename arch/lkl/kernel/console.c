// SPDX-License-Identifier: GPL-2.0
/*
 * console.c - the kernel log goes to the host; when the stack dies, all of it.
 */
#include <linux/console.h>
#include <linux/init.h>
#include <linux/kmsg_dump.h>
#include <asm/host.h>

static void lkl_console_write(struct console *con, const char *text, unsigned int len)
{
	lkl_ops.print(1, text, len);
}

static struct console lkl_console = {
	.name = "lkl",
	.write = lkl_console_write,
	.flags = CON_PRINTBUFFER | CON_ENABLED,
	.index = -1,
};

static void dump_reason(enum kmsg_dump_reason reason)
{
	static char line[1024];
	struct kmsg_dump_iter iter;
	size_t len;

	/* In verbose mode it has all been printed. */
	if (reason != KMSG_DUMP_PANIC || lkl_params.verbose)
		return;
	kmsg_dump_rewind(&iter);
	while (kmsg_dump_get_line(&iter, false, line, sizeof(line), &len))
		lkl_ops.print(0, line, len);
}

#ifdef HAVE_KMSG_DUMP_DETAIL
static void dump_log(struct kmsg_dumper *dumper, struct kmsg_dump_detail *detail)
{
	dump_reason(detail->reason);
}
#else
static void dump_log(struct kmsg_dumper *dumper, enum kmsg_dump_reason reason)
{
	dump_reason(reason);
}
#endif

static struct kmsg_dumper dumper = {
	.dump = dump_log,
};

static int __init lkl_console_init(void)
{
	if (lkl_params.verbose)
		register_console(&lkl_console);
	kmsg_dump_register(&dumper);
	return 0;
}
console_initcall(lkl_console_init);
