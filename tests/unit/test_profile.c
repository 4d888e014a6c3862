// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_profile.c - the parts of persona profile: symbols, unwinding, address spaces, folding,
 * the graph, and the table.
 */
#include "unit.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "profile/cfi.h"
#include "profile/flame.h"
#include "profile/fold.h"
#include "profile/hostsyms.h"
#include "profile/object.h"
#include "profile/report.h"
#include "profile/space.h"
#include "profile/trace.h"

/* ---- symbols ---- */

__attribute__((noinline)) static int known_function(int x)
{
	__asm__ volatile("" : "+r"(x));
	return x + 1;
}

static const char *name_at(const void *p)
{
	const struct mapping *m;
	const struct symbol *s;

	space_read(getpid());
	m = space_find(getpid(), (uintptr_t)p);
	assert_non_null(m);
	assert_non_null(m->object);
	s = object_symbol(m->object, object_vaddr(m->object, (uintptr_t)p - m->start + m->offset));
	return s ? s->name : "";
}

static void symbols_of_this_program(void **state)
{
	const char *p = (const char *)(uintptr_t)known_function;

	assert_int_equal(known_function(1), 2);
	assert_string_equal(name_at(p), "known_function");
	assert_string_equal(name_at(p + 1), "known_function");
	assert_string_equal(name_at((const void *)(uintptr_t)object_get), "object_get");
	spaces_close();
}

static void the_image_keeps_symbols_and_tables(void **state)
{
	static const char *const paths[] = {"build/personalities/linux-6.12.so",
					    "../../personalities/linux-6.12.so"};
	const struct object *o = NULL;
	const struct symbol *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(paths) && !(o && o->data); i++)
		o = object_get(paths[i]);
	if (!o || !o->data) {
		fprintf(stderr, "SKIP: no image is built\n");
		skip();
	}
	if (o && o->data) {
		assert_int_equal(o->role, OBJECT_IMAGE);
		assert_non_null(o->cfi);
		for (size_t i = 0; i < o->nsymbols; i++) {
			if (strcmp(o->symbols[i].name, "tcp_sendmsg") != 0)
				continue;
			found = &o->symbols[i];
			assert_ptr_equal(object_symbol(o, found->at + 1), found);
		}
		assert_non_null(found);
	}
	objects_close();
}

static void damaged_files_have_no_symbols(void **state)
{
	char path[] = "/tmp/persona-test.XXXXXX", bytes[4096];
	int in = open("/proc/self/exe", O_RDONLY), fd = mkstemp(path);

	assert_true(in >= 0 && fd >= 0);
	assert_int_equal(read(in, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(object_get(path)->nsymbols, 0);
	assert_null(object_symbol(object_get(path), 4096));
	assert_null(object_get("/nonexistent")->data);
	assert_int_equal(object_get("/nonexistent")->nsymbols, 0);
	objects_close();
	close(in);
	close(fd);
	unlink(path);
}

/* ---- system calls by their instruction ---- */

static void calls_by_their_instruction(void **state)
{
	const struct object *libc;
	uint64_t at = 0;

	space_read(getpid());
	libc = space_find(getpid(), (uintptr_t)syscall)->object;
	for (size_t i = 0; i < libc->nsymbols; i++) {
		if (!strcmp(libc->symbols[i].name, "listen"))
			at = libc->symbols[i].at;
	}
	if (!at) {
		fprintf(stderr, "SKIP: libc's listen() is not found\n");
		skip();
	}
	for (uint64_t end = at + 40; at < end; at++) {
		const char *name = hostsyms_call_at(libc, at);

		if (name) {
			assert_string_equal(name, "listen");
			break;
		}
	}
	assert_null(hostsyms_call_at(libc, at + 4));
	assert_string_equal(hostsyms_number(SYS_sendmmsg), "sendmmsg");
	assert_null(hostsyms_number(100000));
	assert_string_equal(hostsyms_call("__x64_sys_sendmmsg"), "sendmmsg");
	assert_null(hostsyms_call("sock_sendmsg"));
	spaces_close();
}

/* ---- unwinding: this thread's own stack, against the compiler's return addresses ---- */

static bool read_memory(const struct cfi_stack *s, uint64_t addr, uint64_t *value)
{
	if (addr < s->start || addr >= s->start + s->size)
		return false;
	memcpy(value, (const void *)addr, sizeof(*value));
	return true;
}

static const void *returns[2];
static unsigned int found_depth;

__attribute__((noinline)) static void inner(void)
{
	struct cfi_frame frame = {{0}};
	struct cfi_stack stack = {read_memory, 0, NULL, 1 << 16};

	returns[0] = __builtin_return_address(0);
#if defined(__x86_64__)
	__asm__ volatile("lea (%%rip), %0\n\tmov %%rsp, %1\n\tmov %%rbp, %2\n\tmov %%rbx, %3\n\t"
			 "mov %%r12, %4\n\tmov %%r13, %5\n\tmov %%r14, %6\n\tmov %%r15, %7"
			 : "=&r"(frame.reg[16]), "=m"(frame.reg[7]), "=m"(frame.reg[6]),
			   "=m"(frame.reg[3]), "=m"(frame.reg[12]), "=m"(frame.reg[13]),
			   "=m"(frame.reg[14]), "=m"(frame.reg[15]));
#else
	skip();
#endif
	stack.start = frame.reg[CFI_SP];
	for (unsigned int i = 0; i < 2; i++) {
		uint64_t ip = frame.reg[CFI_IP] - (i > 0);
		const struct mapping *m = space_find(getpid(), ip);

		assert_non_null(m);
		assert_non_null(m->object->cfi);
		assert_int_equal(cfi_step(m->object->cfi,
					  object_vaddr(m->object, ip - m->start + m->offset),
					  &frame, &stack),
				 CFI_CALLER);
		assert_ptr_equal((void *)frame.reg[CFI_IP], returns[i]);
		found_depth++;
	}
}

__attribute__((noinline)) static void outer(unsigned int size)
{
	volatile char array[size]; /* so that the frame needs its frame pointer */

	array[0] = 1;
	returns[1] = __builtin_return_address(0);
	inner();
	assert_int_equal(array[0], 1);
}

static void unwinding_finds_the_callers(void **state)
{
	space_read(getpid());
	outer(100);
	assert_int_equal(found_depth, 2);
	spaces_close();
	objects_close();
}

static void damaged_tables_are_refused(void **state)
{
	static const uint8_t bytes[] = {0x14, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1};
	struct cfi_frame frame = {{0}};
	struct cfi_stack stack = {read_memory, 0, NULL, 0};

	for (size_t n = 0; n <= sizeof(bytes); n++)
		assert_null(cfi_parse(bytes, n, 0));
	/* A CIE and an FDE whose instructions run out of the section. */
	static const uint8_t cut[] = {0x10, 0,	  0, 0, 0,    0, 0, 0, 1,    0,	  1, 0x78,
				      16,   0x0c, 7, 8, 0x90, 1, 0, 0, 0x14, 0,	  0, 0,
				      0x18, 0,	  0, 0, 0,    0, 0, 0, 0,    0,	  0, 0,
				      0xff, 0,	  0, 0, 0,    0, 0, 0, 0x0f, 0xff};
	struct cfi *c = cfi_parse(cut, sizeof(cut), 0);

	if (c)
		assert_int_equal(cfi_step(c, 1, &frame, &stack), CFI_UNKNOWN);
	cfi_free(c);
}

/* Numbers that look random and are the same each time. */
static uint32_t next_number(void)
{
	static uint32_t x = 2463534242u;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x;
}

/* A copy of this program with some bytes changed, most of them where they matter. */
static void mutated_files_do_no_harm(void **state)
{
	char path[64];
	struct stat st;
	int in = open("/proc/self/exe", O_RDONLY), fd;
	uint8_t *bytes, *copy;
	unsigned int with_tables = 0;

	assert_true(in >= 0 && !fstat(in, &st));
	bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, in, 0);
	assert_ptr_not_equal(bytes, MAP_FAILED);
	for (unsigned int round = 0; round < 40; round++) {
		const Elf64_Ehdr *eh = (const void *)bytes;
		size_t headers = (size_t)eh->e_shnum * sizeof(Elf64_Shdr);
		const struct object *o;

		snprintf(path, sizeof(path), "/tmp/persona-test-%d-%u", getpid(), round);
		fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
		assert_true(fd >= 0 && !ftruncate(fd, st.st_size));
		copy = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		assert_ptr_not_equal(copy, MAP_FAILED);
		memcpy(copy, bytes, (size_t)st.st_size);
		for (unsigned int i = 0; i < 20; i++)
			copy[next_number() % (size_t)st.st_size] = (uint8_t)next_number();
		copy[eh->e_shoff + next_number() % headers] = (uint8_t)next_number();
		if (round % 4 == 0)
			copy[next_number() % sizeof(*eh)] = (uint8_t)next_number();
		munmap(copy, (size_t)st.st_size);
		close(fd);
		o = object_get(path);
		for (unsigned int i = 0; o->cfi && i < 200; i++) {
			struct cfi_frame frame = {{0}};
			struct cfi_stack stack = {read_memory, 0, NULL, 0};
			uint64_t vaddr = next_number() % (size_t)st.st_size;

			object_symbol(o, vaddr);
			object_bytes(o, vaddr, 8);
			cfi_step(o->cfi, vaddr, &frame, &stack);
		}
		with_tables += o->cfi != NULL;
		unlink(path);
		objects_close();
	}
	assert_true(with_tables > 10); /* else nothing was tried */
	munmap(bytes, (size_t)st.st_size);
	close(in);
}

/* A table whose every byte may be anything. */
static void mutated_tables_do_no_harm(void **state)
{
	static const uint8_t good[] = {0x14, 0,	   0,	 0,    0,    0, 0,    0,    1,	  'z',
				       'R',  0,	   1,	 0x78, 16,   1, 0x1b, 0x0c, 7,	  8,
				       0x90, 1,	   0,	 0,    0x1c, 0, 0,    0,    0x1c, 0,
				       0,    0,	   0,	 0x10, 0,    0, 0,    0x10, 0,	  0,
				       0,    0x41, 0x0e, 16,   0x86, 2, 0x0a, 0x43, 0x0d, 6,
				       0x0b, 0x0f, 3,	 0x77, 8,    6, 0,    0,    0,	  0};
	unsigned int parsed = 0;

	for (unsigned int round = 0; round < 1500; round++) {
		uint8_t *bytes = malloc(sizeof(good)); /* the sanitizer watches its ends */
		struct cfi_frame frame = {{0}};
		struct cfi_stack stack = {read_memory, 0, NULL, 0};
		struct cfi *c;

		assert_non_null(bytes);
		memcpy(bytes, good, sizeof(good));
		for (unsigned int i = round % 5; i; i--)
			bytes[next_number() % sizeof(good)] = (uint8_t)next_number();
		c = cfi_parse(bytes, sizeof(good), 0);
		parsed += c != NULL;
		for (uint64_t at = 0x1000; c && at < 0x1100; at += 3)
			cfi_step(c, at, &frame, &stack);
		cfi_free(c);
		free(bytes);
	}
	assert_true(parsed > 300);
}

/* ---- address spaces ---- */

static void mappings_replace_each_other(void **state)
{
	space_map(7, 0x1000, 0x5000, 0, "/a");
	space_map(7, 0x2000, 0x1000, 0x100, "/b"); /* splits it */
	assert_string_equal(space_find(7, 0x1fff)->object->path, "/a");
	assert_string_equal(space_find(7, 0x2000)->object->path, "/b");
	assert_string_equal(space_find(7, 0x3000)->object->path, "/a");
	assert_int_equal(space_find(7, 0x3000)->offset, 0x2000);
	assert_int_equal(space_find(7, 0x5fff)->end, 0x6000);
	assert_null(space_find(7, 0x6000));
	assert_null(space_find(7, 0xfff));
	space_map(7, 0, 0x10000, 0, "//anon"); /* covers all of them */
	assert_null(space_find(7, 0x2000)->object);
	space_fork(7, 8);
	assert_int_equal(space_find(8, 0x2000)->end, 0x10000);
	space_exec(8);
	assert_null(space_find(8, 0x2000));
	assert_true(space_known(8) && !space_known(9));
	thread_named(8, "worker");
	assert_string_equal(thread_name(8), "worker");
	assert_string_equal(thread_name(9), "?");
	spaces_close();
	objects_close();
}

/* ---- folding, layers ---- */

static void stacks_fold(void **state)
{
	struct fold f = {0};
	uint32_t root = fold_function(&f, "thread", LAYER_ROOT);
	uint32_t a = fold_function(&f, "a", LAYER_PROGRAM);
	uint32_t b = fold_function(&f, "b.constprop.0", LAYER_STACK);

	assert_int_equal(fold_function(&f, "b", LAYER_STACK), b);
	assert_int_not_equal(fold_function(&f, "b", LAYER_HOST), b);
	fold_add(&f, (uint32_t[]){root, a, b}, 3, 2);
	fold_add(&f, (uint32_t[]){root, a}, 2, 1);
	fold_add(&f, (uint32_t[]){root, b}, 2, 5);
	assert_int_equal(f.root.total, 8);
	assert_int_equal(f.root.child->total, 8);
	assert_null(f.root.child->sibling);
	assert_int_equal(f.functions[a].self, 1);
	assert_int_equal(f.functions[b].self, 7);
	for (int i = 0; i < 5000; i++) { /* more than the first table holds */
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		fold_function(&f, name, LAYER_STACK);
	}
	assert_int_equal(fold_function(&f, "b", LAYER_STACK), b);
	fold_free(&f);
}

static void names_tell_the_row(void **state)
{
	static const struct {
		const char *name;
		enum object_role role;
		enum row row;
	} t[] = {
		{"tcp_sendmsg_locked", OBJECT_IMAGE, ROW_STACK_TCP},
		{"mptcp_sendmsg", OBJECT_IMAGE, ROW_STACK_MPTCP},
		{"lkl_xmit", OBJECT_IMAGE, ROW_STACK_DRIVER},
		{"_raw_spin_lock_bh", OBJECT_IMAGE, ROW_STACK_LOCK},
		{"_copy_from_iter", OBJECT_IMAGE, ROW_STACK_COPY},
		{"skb_copy_datagram_iter", OBJECT_IMAGE, ROW_STACK_COPY},
		{"skb_release_data", OBJECT_IMAGE, ROW_STACK_BUFFER},
		{"dev_gro_receive", OBJECT_IMAGE, ROW_STACK_DEVICE},
		{"ip_finish_output2", OBJECT_IMAGE, ROW_STACK_IP},
		{"zlib_inflate", OBJECT_IMAGE, ROWS},
		{"afpacket_tx", OBJECT_ENGINE, ROW_ENGINE_FRAMES},
		{"spin", OBJECT_ENGINE, ROW_WAIT},
		{"main", OBJECT_ENGINE, ROWS},
		{"main", OBJECT_PROGRAM, ROW_PROGRAM},
		{"memcpy", OBJECT_LIBC, ROWS},
	};

	for (size_t i = 0; i < ARRAY_SIZE(t); i++)
		assert_int_equal(row_of_function(t[i].role, t[i].name), t[i].row);
	assert_true(host_call_waits("epoll_pwait2") && host_call_waits("futex"));
	assert_false(host_call_waits("epoll_ctl") || host_call_waits("sendmmsg"));
}

/* ---- the graph and the table ---- */

static const char *written(void (*write)(FILE *out, void *arg), void *arg)
{
	static char *text;
	static size_t size;
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &size);
	assert_non_null(out);
	write(out, arg);
	fclose(out);
	return text;
}

static void write_flame(FILE *out, void *arg)
{
	flame_write(out, arg, "a <title> & \"more\"", 2.0);
}

static void graphs_are_complete_and_quoted(void **state)
{
	struct fold f = {0};
	uint32_t t = fold_function(&f, "thread", LAYER_ROOT);
	uint32_t cpp = fold_function(&f, "ns::f<int>(a&)", LAYER_PROGRAM);
	uint32_t rare = fold_function(&f, "rare", LAYER_STACK);
	const char *svg;

	fold_add(&f, (uint32_t[]){t, cpp}, 2, 9999);
	fold_add(&f, (uint32_t[]){t, rare}, 2, 1);
	svg = written(write_flame, &f);
	assert_contains(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\"");
	assert_contains(svg, "a &lt;title&gt; &amp; &quot;more&quot;");
	assert_contains(svg, "<title>ns::f&lt;int&gt;(a&amp;) (program, 2.000 s, 99.99 %)</title>");
	assert_contains(svg, "<title>thread (thread, 2.000 s, 100.00 %)</title>");
	assert_contains(svg, "</svg>\n");
	assert_null(strstr(svg, "rare")); /* a ten-thousandth is not drawn */
	assert_null(strstr(svg, "href"));
	fold_free(&f);
}

static void write_table(FILE *out, void *arg)
{
	report_table(out, arg, "> ");
}

static void write_json(FILE *out, void *arg)
{
	report_json(out, arg);
}

static void tables_add_up(void **state)
{
	struct trace t = {.weight = 100, .samples = 100};
	struct report r = {.trace = &t,
			   .wall = 1,
			   .cpu = 0.2,
			   .others = -1,
			   .processors = 2,
			   .units = 1000,
			   .host_hidden = true,
			   .how = "test"};
	const char *text;

	t.rows[ROW_PROGRAM] = 20;
	t.rows[ROW_STACK_TCP] = 50;
	t.rows[ROW_WAIT] = 30;
	fold_add(&t.fold, (uint32_t[]){fold_function(&t.fold, "x\"y", LAYER_STACK)}, 1, 100);
	text = written(write_table, &r);
	/* Of 0.2 s the samples account for 0.1: the other half is the kernel's. */
	assert_contains(text, "> program                               0.020 s   10.0 %");
	assert_contains(text, ">   TCP, UDP                            0.050 s     25.0 %");
	assert_contains(text, ">   not permitted to look into          0.100 s     50.0 %");
	assert_contains(text, "> sum                                   0.200 s  100.0 %");
	text = written(write_json, &r);
	assert_contains(text, "\"Linux stack\":0.25000");
	assert_contains(text, "\"host calls\":0.50000");
	assert_contains(text, "{\"name\":\"x\\\"y\",\"layer\":\"Linux stack\",\"share\":0.50000}");
	fold_free(&t.fold);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(symbols_of_this_program),
		cmocka_unit_test(the_image_keeps_symbols_and_tables),
		cmocka_unit_test(damaged_files_have_no_symbols),
		cmocka_unit_test(calls_by_their_instruction),
		cmocka_unit_test(unwinding_finds_the_callers),
		cmocka_unit_test(damaged_tables_are_refused),
		cmocka_unit_test(mutated_files_do_no_harm),
		cmocka_unit_test(mutated_tables_do_no_harm),
		cmocka_unit_test(mappings_replace_each_other),
		cmocka_unit_test(stacks_fold),
		cmocka_unit_test(names_tell_the_row),
		cmocka_unit_test(graphs_are_complete_and_quoted),
		cmocka_unit_test(tables_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
