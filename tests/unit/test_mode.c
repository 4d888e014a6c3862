// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_mode.c - `--mode auto`: which mode for which command, and what programs import.
 *
 * The commands are made here by the C compiler, so the verdicts do not depend on
 * what is installed.
 */
#include "unit.h"
#include <elf.h>
#include <limits.h>
#include <sys/stat.h>
#include "launch/imports.h"
#include "launch/mode.h"
#include "lib/executable.h"

static char dir[] = "/tmp/persona-test-XXXXXX";

static const char *file(const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned int turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], PATH_MAX, "%s/%s", dir, name);
	return path[turn];
}

/* A program of that name whose main() is @body; @flags go to the compiler. */
static void compile(const char *name, const char *body, const char *flags)
{
	FILE *f = fopen(file("x.c"), "w");

	assert_non_null(f);
	fprintf(f,
		"#define _GNU_SOURCE\n#include <dlfcn.h>\n#include <spawn.h>\n#include <stdio.h>\n"
		"#include <stdlib.h>\n#include <unistd.h>\nvoid helper(void);\n"
		"int main(int argc, char **argv) { %s; return 0; }\n",
		body);
	fclose(f);
	sh("gcc -w -o %s/%s %s/x.c %s", dir, name, dir, flags);
}

static void make_library(const char *name, const char *body)
{
	FILE *f = fopen(file("y.c"), "w");

	assert_non_null(f);
	fprintf(f, "#include <stdlib.h>\n#include <unistd.h>\nvoid helper(void) { %s; }\n", body);
	fclose(f);
	sh("gcc -w -shared -fPIC -Wl,-soname,%s -o %s/%s %s/y.c", name, dir, name, dir);
}

/* The command line "NAME WORD..." gets @mode, for a reason that has @part in it. */
static void chosen(const char *words, enum mode mode, const char *part)
{
	char copy[256], *argv[16], *save = NULL, path[PATH_MAX];
	const char *why = "";
	enum mode got;
	int argc = 0;

	snprintf(copy, sizeof(copy), "%s", words);
	for (argv[0] = strtok_r(copy, " ", &save); argc < 15 && argv[argc];)
		argv[++argc] = strtok_r(NULL, " ", &save);
	snprintf(path, sizeof(path), "%s/%s", dir, argv[0]);
	got = mode_choose(path, argv, &why);
	if (got != mode)
		fail_msg("%s: mode %s: %s", words, mode_name(got), why);
	assert_contains(why, part);
}

static void test_names(void **state)
{
	assert_int_equal(mode_parse("auto"), MODE_AUTO);
	assert_int_equal(mode_parse("inline"), MODE_INLINE);
	assert_int_equal(mode_parse("shadow"), MODE_SHADOW);
	assert_int_equal(mode_parse(""), MODE_UNSET);
	assert_int_equal(mode_parse("Inline"), MODE_UNSET);
	assert_string_equal(mode_name(MODE_UNSET), "shadow");
	assert_string_equal(mode_name(MODE_AUTO), "auto");
}

static void test_starters(void **state)
{
	static const struct {
		const char *body, *word;
	} starters[] = {
		{"fork()", "(fork)"},
		{"vfork()", "(vfork)"},
		{"system(argv[0])", "(system)"},
		{"popen(argv[0], \"r\")", "(popen)"},
		{"daemon(0, 0)", "(daemon)"},
		{"posix_spawn(0, argv[0], 0, 0, argv, argv)", "(posix_spawn)"},
		{"execv(argv[0], argv)", "(execv)"},
		{"dlopen(argv[0], 0)", "loads libraries on its own (dlopen)"},
		/* Not called, but its address is taken: DT_RELA */
		{"static int (*volatile p)() = fork; p()", "(fork)"},
	};

	compile("plain", "puts(\"\")", "");
	chosen("plain", MODE_INLINE, "plain starts no processes");
	for (size_t i = 0; i < ARRAY_SIZE(starters); i++) {
		compile("starter", starters[i].body, "");
		chosen("starter", MODE_SHADOW, starters[i].word);
		compile("starter", starters[i].body, "-no-pie -s -Wl,-z,lazy");
		chosen("starter", MODE_SHADOW, starters[i].word);
	}
}

static void test_libraries(void **state)
{
	char flags[3 * PATH_MAX];

	snprintf(flags, sizeof(flags), "-L%s -l:libhelp.so.1 -Wl,-rpath,%s", dir, dir);
	make_library("libhelp.so.1", "");
	compile("user", "helper()", flags);
	chosen("user", MODE_INLINE, "user starts no processes");
	make_library("libhelp.so.1", "system(\"\")");
	chosen("user", MODE_SHADOW, "user may start processes (system of libhelp.so.1)");
	unlink(file("libhelp.so.1"));
	chosen("user", MODE_SHADOW, "the libraries of user cannot all be looked at");
	/* One that is known to start helpers of its own only */
	snprintf(flags, sizeof(flags), "-L%s -l:libcap.so.2 -Wl,-rpath,%s", dir, dir);
	make_library("libcap.so.2", "fork()");
	compile("user", "helper()", flags);
	chosen("user", MODE_INLINE, "user starts no processes");
}

static void test_known(void **state)
{
	compile("wget", "fork()", "");
	chosen("wget http://x/ -O - -q", MODE_INLINE, "wget is known to be served");
	chosen("wget -b http://x/", MODE_SHADOW, "wget starts processes with -b");
	chosen("wget -qb http://x/", MODE_SHADOW, "wget starts processes with -qb");
	chosen("wget --background", MODE_SHADOW, "with --background");
	compile("iperf3", "daemon(0, 0)", "");
	chosen("iperf3 -s -D", MODE_SHADOW, "iperf3 starts processes with -D");
	chosen("iperf3 -c 10.0.0.1", MODE_INLINE, "iperf3 is known to be served");
	/* By another name it is another program. */
	compile("mywget", "fork()", "");
	chosen("mywget", MODE_SHADOW, "mywget may start processes (fork)");
	assert_int_equal(symlink("wget", file("link")), 0);
	chosen("link http://x/", MODE_INLINE, "wget is known to be served");
}

static void test_unfit(void **state)
{
	FILE *f;

	compile("static", "puts(\"\")", "-static");
	chosen("static", MODE_SHADOW, "is statically linked");
	f = fopen(file("script"), "w");
	fputs("#!/bin/sh\nexit 0\n", f);
	fclose(f);
	chmod(file("script"), 0755);
	chosen("script", MODE_SHADOW, "may start processes");
	chosen("nosuch", MODE_SHADOW, "No such file");
}

static void test_sanitizer(void **state)
{
	compile("asan", "puts(\"\")", "-fsanitize=address");
	chosen("asan", MODE_SHADOW, "asan was linked with AddressSanitizer");
	compile("tsan", "puts(\"\")", "-fsanitize=thread");
	chosen("tsan", MODE_SHADOW, "tsan was linked with ThreadSanitizer");
	compile("ubsan", "return argc << 31", "-fsanitize=undefined");
	chosen("ubsan", MODE_SHADOW, "ubsan was linked with UndefinedBehaviorSanitizer");
	/* The runtime is in the program, and shows less of itself. */
	compile("asan", "puts(\"\")", "-fsanitize=address -static-libasan");
	chosen("asan", MODE_SHADOW, "asan was linked with ");
}

static void test_go(void **state)
{
	struct executable e;
	FILE *f = fopen(file("go.s"), "w");

	fputs(".section .note.go.buildid,\"a\",%note\n.balign 4\n.long 4, 4, 4\n"
	      ".ascii \"Go\\0\\0\"\n.ascii \"abcd\"\n.section .note.GNU-stack,\"\",%progbits\n",
	      f);
	fclose(f);
	compile("gopher", "puts(\"\")", file("go.s"));
	chosen("gopher", MODE_SHADOW, "gopher was linked by Go");
	assert_false(executable_inspect(file("gopher"), &e));
	assert_true(e.go);
	compile("plain", "puts(\"\")", "");
	assert_false(executable_inspect(file("plain"), &e));
	assert_false(e.go);
}

static int any(const char *symbol, void *arg)
{
	++*(int *)arg;
	return 0;
}

/* Each byte of the headers and of the dynamic section damaged: an error or an answer, no crash. */
static void test_damaged(void **state)
{
	static uint8_t good[1 << 20];
	struct executable e;
	uint8_t bad;
	ssize_t size;
	int n = 0, fd, refused = 0;

	compile("plain", "puts(\"\")", "-s");
	assert_int_equal(imports_of(file("plain"), any, &n), 0);
	assert_true(n > 2);
	fd = open(file("plain"), O_RDWR);
	size = pread(fd, good, sizeof(good), 0);
	assert_true(size > 4096);
	for (ssize_t at = 0; at < size; at += at < 1024 ? 1 : 13) {
		bad = good[at] ^ 0xff;
		assert_int_equal(pwrite(fd, &bad, 1, at), 1);
		refused += imports_of(file("plain"), any, &n) < 0;
		executable_inspect(file("plain"), &e);
		assert_int_equal(pwrite(fd, good + at, 1, at), 1);
	}
	assert_true(refused > 10);
	for (ssize_t len = size; len > 0; len -= 97) {
		assert_int_equal(ftruncate(fd, len), 0);
		imports_of(file("plain"), any, &n);
		executable_inspect(file("plain"), &e);
	}
	assert_int_equal(imports_of(file("plain"), any, &n), -ENOEXEC);
	close(fd);
	assert_int_equal(imports_of(file("nosuch"), any, &n), -ENOENT);
	assert_int_equal(imports_of(dir, any, &n), -ENOEXEC);
}

static int set_up(void **state)
{
	return mkdtemp(dir) ? 0 : -1;
}

static int tear_down(void **state)
{
	char cmd[PATH_MAX];

	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	return system(cmd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	  cmocka_unit_test(test_starters),
		cmocka_unit_test(test_libraries), cmocka_unit_test(test_known),
		cmocka_unit_test(test_unfit),	  cmocka_unit_test(test_go),
		cmocka_unit_test(test_sanitizer), cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
