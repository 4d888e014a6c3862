// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.c - from samples to whole call chains; see trace.h.
 *
 * Theory of operation
 *
 * A sample has up to three parts. The user part is unwound by call frame information from
 * registers and a copy of the stack (cfi.c). If the thread was in the host's kernel, "host:
 * NAME" of the system call follows, and the kernel's functions where their names are
 * known. The third part is what a task of the stack hides: it has a stack of its own, whose
 * outermost function nobody called; the host thread's stack, with the program's and
 * the engine's functions that led here, is not in the sample. But the same thread is sampled
 * in the engine as well, before and behind the stack: the way from main() to
 * vcpu_call() is taken from the latest such sample. So the upper part of a joined chain is
 * the thread's, and nearly always the call's. What comes before the first such sample waits
 * (trace_settle()).
 *
 * The row of a sample is decided from the innermost function outwards (layer.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "profile/hostsyms.h"
#include "profile/space.h"
#include "profile/trace.h"

/* A chain that waits to be joined: outermost first. */
struct waiting {
	struct waiting *next;
	uint64_t weight;
	unsigned int n;
	uint32_t functions[];
};

struct thread_path {
	pid_t tid;
	unsigned int n;
	uint32_t functions[FOLD_DEPTH];
	struct waiting *waiting;
	struct thread_path *next;
};

/* A chain being made: innermost first. */
struct chain {
	unsigned int n;
	struct {
		enum object_role role;
		const char *name;
		uint32_t function;
		bool driver; /* one of the engine's that run the stack */
	} f[FOLD_DEPTH];
	bool task; /* ended where a task of the stack begins */
	bool broken;
};

static bool is_driver(const char *name)
{
	return !strcmp(name, "vcpu_call") || !strcmp(name, "vcpu_service") ||
	       !strcmp(name, "vcpus_boot");
}

/* The beginning of tasks: not worth a line in each chain. */
static bool is_start(const char *name)
{
	return !strcmp(name, "lkl_ctx_start") || !strcmp(name, "lkl_task_start");
}

static void trace_push(struct trace *t, struct chain *c, const struct object *o, uint64_t vaddr)
{
	const struct symbol *sym = o ? object_symbol(o, vaddr) : NULL;
	enum object_role role = o ? o->role : OBJECT_PROGRAM;
	char unnamed[64];
	const char *name = sym ? sym->name : unnamed;

	if (role == OBJECT_IMAGE && sym && is_start(name))
		return;
	if (!sym)
		snprintf(unnamed, sizeof(unnamed), "[%.60s]", o ? o->name : "generated code");
	/* The C library is its caller's: settled when that is known. */
	c->f[c->n].role = role;
	c->f[c->n].driver = role == OBJECT_ENGINE && is_driver(name);
	c->f[c->n].function = fold_function(&t->fold, name, layer_of(role));
	c->f[c->n].name = t->fold.nfunctions ? t->fold.functions[c->f[c->n].function].name : "";
	c->n++;
}

/* Without a table: on entry the return address is on the stack (or in its register). */
static bool step_blindly(struct cfi_frame *frame, const struct cfi_stack *stack, bool innermost)
{
	uint64_t fp = frame->reg[CFI_FP], ip, next;

#if defined(__x86_64__)
	if (innermost) {
		if (!stack->read(stack, frame->reg[CFI_SP], &ip))
			return false;
		frame->reg[CFI_SP] += 8;
		frame->reg[CFI_IP] = ip;
		return true;
	}
#else
	if (innermost) {
		frame->reg[CFI_IP] = frame->reg[CFI_LR];
		return true;
	}
#endif
	if (fp < frame->reg[CFI_SP] || !stack->read(stack, fp, &next) ||
	    !stack->read(stack, fp + 8, &ip))
		return false;
	frame->reg[CFI_SP] = fp + 16;
	frame->reg[CFI_FP] = next;
	frame->reg[CFI_IP] = ip;
	return true;
}

static void trace_unwind(struct trace *t, struct chain *c, const struct sample *s)
{
	struct cfi_frame frame = s->user;
	bool image = false;

	while (c->n < FOLD_DEPTH) {
		uint64_t ip = frame.reg[CFI_IP] - (c->n > 0), vaddr;
		const struct mapping *m = space_find(s->pid, ip);
		enum cfi_step step = CFI_UNKNOWN;
		struct object *o = m ? m->object : NULL;

		if (!m) {
			/* Return address 0 is how processes and threads begin. */
			c->broken = ip + 1 > 1;
			break;
		}
		vaddr = o ? object_vaddr(o, ip - m->start + m->offset) : 0;
		trace_push(t, c, o, vaddr);
		image = o && o->role == OBJECT_IMAGE;
		if (o && o->cfi)
			step = cfi_step(o->cfi, vaddr, &frame, &s->stack);
		if (step == CFI_OUTMOST)
			break;
		if (step == CFI_UNKNOWN && !step_blindly(&frame, &s->stack, c->n <= 1)) {
			c->broken = true;
			break;
		}
	}
	c->task = image;
}

/* How every system call begins. */
static bool is_entry(const char *name)
{
	return !strcmp(name, "x64_sys_call") || !strcmp(name, "do_syscall_64") ||
	       !strcmp(name, "invoke_syscall") || !strncmp(name, "el0_svc", 7);
}

/* The host's part, innermost first, in front of @c. */
static const char *host_part(struct trace *t, struct chain *host, const struct chain *user,
			     const struct sample *s)
{
	const char *call = s->call >= 0 ? hostsyms_number(s->call) : NULL;
	unsigned int end = 0;
	char text[80];

	for (unsigned int i = 0; i < s->nkernel && host->n < FOLD_DEPTH / 2; i++) {
		const char *name = hostsyms_find(s->kernel[i]);

		if (!name)
			break;
		if (is_entry(name)) {
			if (!call)
				end = host->n;
			break;
		}
		if (!call && hostsyms_call(name)) {
			call = hostsyms_call(name);
			end = host->n;
		}
		if (!call && (!strncmp(name, "asm_exc_", 8) || !strncmp(name, "asm_sysvec_", 11) ||
			      !strncmp(name, "asm_common_", 11))) {
			end = host->n;
		}
		host->f[host->n].role = OBJECT_PROGRAM;
		host->f[host->n].function = fold_function(&t->fold, name, LAYER_HOST);
		host->n++;
	}
	if (call) {
		host->n = end;
	} else if (end < host->n) {
		const char *name = t->fold.functions[host->f[end].function].name;

		call = !strncmp(name, "asm_exc_", 8) ? name + 8 : "interrupt";
		host->n = end;
	}
	if (!call && s->has_user) {
		uint64_t ip = s->user.reg[CFI_IP];
		const struct mapping *m = space_find(s->pid, ip);

		if (m && m->object)
			call = hostsyms_call_at(m->object,
						object_vaddr(m->object, ip - m->start + m->offset));
		if (!call && user->n && user->f[0].role == OBJECT_LIBC)
			call = user->f[0].name + strspn(user->f[0].name, "_");
	}
	if (!call)
		call = "[kernel]";
	snprintf(text, sizeof(text), "host: %s", call);
	host->f[host->n].role = OBJECT_PROGRAM;
	host->f[host->n].function =
		fold_function(&t->fold, text, host_call_waits(call) ? LAYER_WAIT : LAYER_HOST);
	host->n++;
	return call;
}

static void count_call(struct trace *t, uint32_t function, bool engine, uint64_t weight)
{
	struct host_call *c;

	for (c = t->calls; c; c = c->next) {
		if (c->function == function && c->engine == engine)
			break;
	}
	if (!c) {
		c = calloc(1, sizeof(*c));
		if (!c)
			return;
		c->function = function;
		c->engine = engine;
		c->next = t->calls;
		t->calls = c;
	}
	c->weight += weight;
}

static enum row trace_row_of(const struct chain *c)
{
	enum row row;

	for (unsigned int i = 0; i < c->n; i++) {
		row = row_of_function(c->f[i].role, c->f[i].name);
		if (row != ROWS) {
			/* libc in the stack's service only copies. */
			if (i && c->f[i].role == OBJECT_IMAGE && c->f[0].role == OBJECT_LIBC)
				return ROW_STACK_COPY;
			return row;
		}
		if (i + 1 == c->n ||
		    (c->f[i + 1].role != c->f[i].role && c->f[i].role != OBJECT_LIBC))
			return row_default(c->f[i].role);
	}
	return ROW_PROGRAM;
}

static bool by_engine(const struct chain *c)
{
	for (unsigned int i = 0; i < c->n; i++) {
		if (c->f[i].role != OBJECT_LIBC)
			return c->f[i].role != OBJECT_PROGRAM;
	}
	return false;
}

/* Functions of the C library belong to the layer that called them. */
static void settle_libc(struct trace *t, struct chain *c)
{
	enum layer layer = LAYER_PROGRAM;
	unsigned int i = c->n;

	/* What starts a thread is its own function's. */
	while (i && c->f[i - 1].role == OBJECT_LIBC)
		i--;
	if (i)
		layer = layer_of(c->f[i - 1].role);
	for (i = c->n; i-- > 0;) {
		if (c->f[i].role == OBJECT_LIBC)
			c->f[i].function = fold_function(&t->fold, c->f[i].name, layer);
		else
			layer = layer_of(c->f[i].role);
	}
}

static struct thread_path *path_of(struct trace *t, pid_t tid)
{
	struct thread_path **head = &t->paths[(unsigned int)tid % 64], *p;

	for (p = *head; p; p = p->next) {
		if (p->tid == tid)
			return p;
	}
	p = calloc(1, sizeof(*p));
	if (p) {
		p->tid = tid;
		p->next = *head;
		*head = p;
	}
	return p;
}

static void add_joined(struct trace *t, const struct thread_path *p, const uint32_t *rest,
		       unsigned int n, uint64_t weight)
{
	uint32_t all[3 * FOLD_DEPTH];

	memcpy(all, p->functions, p->n * sizeof(*all));
	memcpy(all + p->n, rest, n * sizeof(*all));
	fold_add(&t->fold, all, p->n + n, weight);
}

static void wait_for_path(struct trace *t, struct thread_path *p, const uint32_t *functions,
			  unsigned int n, uint64_t weight)
{
	struct waiting *w = malloc(sizeof(*w) + n * sizeof(*functions));

	if (!w)
		return;
	w->n = n;
	w->weight = weight;
	memcpy(w->functions, functions, n * sizeof(*functions));
	w->next = p->waiting;
	p->waiting = w;
}

/* The thread's way into the engine: from its beginning to the function that runs the stack. */
static void note_path(struct thread_path *p, const uint32_t *functions, unsigned int upto)
{
	p->n = upto;
	memcpy(p->functions, functions, upto * sizeof(*functions));
}

void trace_sample(void *arg, const struct sample *s)
{
	struct trace *t = arg;
	static struct chain user, host;
	uint32_t all[2 * FOLD_DEPTH + 1];
	unsigned int n = 0, driver = 0;
	struct thread_path *p = path_of(t, s->tid);
	enum row row;

	user.n = host.n = 0;
	user.task = user.broken = false;
	t->samples++;
	t->weight += s->weight;
	if (s->has_user)
		trace_unwind(t, &user, s);
	row = trace_row_of(&user);
	settle_libc(t, &user);
	if (s->nkernel || s->call >= 0) {
		const char *call = host_part(t, &host, &user, s);
		bool engine = by_engine(&user);

		row = host_call_waits(call) ? ROW_WAIT
		      : engine		    ? ROW_HOST_ENGINE
					    : ROW_HOST_PROGRAM;
		count_call(t, host.f[host.n - 1].function, engine, s->weight);
	}
	t->rows[row] += s->weight;
	t->broken += user.broken;

	if (!user.task)
		all[n++] = fold_function(&t->fold, thread_name(s->tid), LAYER_ROOT);
	for (unsigned int i = user.n; i-- > 0;) {
		all[n++] = user.f[i].function;
		if (user.f[i].driver && !driver)
			driver = n;
	}
	for (unsigned int i = host.n; i-- > 0;)
		all[n++] = host.f[i].function;
	if (!p)
		return;
	if (!user.task) {
		if (driver && driver <= FOLD_DEPTH && !user.broken)
			note_path(p, all, driver);
		fold_add(&t->fold, all, n, s->weight);
	} else if (p->n) {
		add_joined(t, p, all, n, s->weight);
	} else {
		wait_for_path(t, p, all, n, s->weight);
	}
}

void trace_settle(struct trace *t)
{
	for (unsigned int i = 0; i < 64; i++) {
		for (struct thread_path *p = t->paths[i]; p; p = p->next) {
			if (!p->n)
				p->functions[p->n++] =
					fold_function(&t->fold, thread_name(p->tid), LAYER_ROOT);
			while (p->waiting) {
				struct waiting *w = p->waiting;

				p->waiting = w->next;
				add_joined(t, p, w->functions, w->n, w->weight);
				free(w);
			}
		}
	}
}

void trace_free(struct trace *t)
{
	for (unsigned int i = 0; i < 64; i++) {
		while (t->paths[i]) {
			struct thread_path *p = t->paths[i];

			t->paths[i] = p->next;
			while (p->waiting) {
				struct waiting *w = p->waiting;

				p->waiting = w->next;
				free(w);
			}
			free(p);
		}
	}
	while (t->calls) {
		struct host_call *c = t->calls;

		t->calls = c->next;
		free(c);
	}
	fold_free(&t->fold);
}
