// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_program.c - finding a command, and telling what cannot be preloaded.
 */
#include "unit.h"
#include <elf.h>
#include <sys/stat.h>
#include "launch/paths.h"
#include "launch/program.h"
#include "lib/executable.h"

static char dir[] = "/tmp/persona-test-XXXXXX";

static const char *file(const char *name)
{
	static char path[2][PATH_MAX];
	static unsigned int turn;

	turn ^= 1;
	snprintf(path[turn], PATH_MAX, "%s/%s", dir, name);
	return path[turn];
}

static const char *make_file(const char *name, const void *data, size_t len, mode_t mode)
{
	const char *path = file(name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static const char *make_text(const char *name, const char *text)
{
	return make_file(name, text, strlen(text), 0755);
}

/* The smallest ELF that the inspection has to understand. */
struct tiny {
	Elf64_Ehdr e;
	Elf64_Phdr ph[2];
	char interp[64];
};

static struct tiny tiny_elf(const char *interp)
{
	struct tiny t = {
		.e = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, 1},
		      .e_type = ET_DYN,
#if defined(__x86_64__)
		      .e_machine = EM_X86_64,
#else
		      .e_machine = EM_AARCH64,
#endif
		      .e_phoff = offsetof(struct tiny, ph),
		      .e_phentsize = sizeof(Elf64_Phdr),
		      .e_phnum = 2},
		.ph = {{.p_type = PT_LOAD},
		       {.p_type = interp ? PT_INTERP : PT_NOTE,
			.p_offset = offsetof(struct tiny, interp),
			.p_filesz = interp ? strlen(interp) + 1 : 0}},
	};

	if (interp)
		strcpy(t.interp, interp);
	return t;
}

static enum executable_kind kind_of(const void *data, size_t len)
{
	struct executable p;

	assert_int_equal(executable_inspect(make_file("x", data, len, 0755), &p), 0);
	return p.kind;
}

static void test_kinds(void **state)
{
	struct executable p;
	struct tiny t;

	assert_int_equal(executable_inspect("/bin/sh", &p), 0);
	assert_int_equal(p.kind, EXECUTABLE_DYNAMIC);
	assert_contains(p.loader, "/ld-linux");
	assert_int_equal(executable_inspect(file("nosuch"), &p), -ENOENT);
	assert_int_equal(executable_inspect(dir, &p), -EISDIR);

	t = tiny_elf("/lib/ld.so");
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_DYNAMIC);
	t = tiny_elf(NULL);
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_STATIC);
	t.e.e_phnum = 0;
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_STATIC);
	t = tiny_elf("/lib/ld.so");
	t.e.e_ident[EI_CLASS] = ELFCLASS32;
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_FOREIGN);
	t = tiny_elf("/lib/ld.so");
	t.e.e_machine = EM_RISCV;
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_FOREIGN);
	t = tiny_elf("/lib/ld.so");
	t.e.e_type = ET_REL;
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_FOREIGN);

	assert_int_equal(kind_of("", 0), EXECUTABLE_TEXT);
	assert_int_equal(kind_of("exit 0\n", 7), EXECUTABLE_TEXT);
	assert_int_equal(kind_of("\177ELF", 4), EXECUTABLE_TEXT);
	assert_int_equal(kind_of("#!", 2), EXECUTABLE_TEXT);
	assert_int_equal(kind_of("#!  \n", 5), EXECUTABLE_TEXT);
}

/* Headers that lie about the file must not be believed. */
static void test_damaged(void **state)
{
	struct tiny t;
	size_t len;

	for (len = sizeof(t.e); len < sizeof(t); len++) {
		t = tiny_elf("/lib/ld.so");
		if (len < offsetof(struct tiny, interp) + sizeof("/lib/ld.so"))
			assert_int_equal(kind_of(&t, len), EXECUTABLE_FOREIGN);
	}
	t = tiny_elf("/lib/ld.so");
	t.e.e_phoff = 0xfffffffffffffff0u;
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_FOREIGN);
	t = tiny_elf("/lib/ld.so");
	t.e.e_phnum = 65535;
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_FOREIGN);
	t = tiny_elf("/lib/ld.so");
	t.e.e_phentsize = 1;
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_FOREIGN);
	t = tiny_elf("/lib/ld.so");
	t.ph[1].p_filesz = 1 << 20;
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_FOREIGN);
	t = tiny_elf("/lib/ld.so");
	t.ph[1].p_filesz = 3; /* no end of string */
	assert_int_equal(kind_of(&t, sizeof(t)), EXECUTABLE_FOREIGN);
}

static void refused(const char *path, int err, const char *part)
{
	const char *why = "";

	assert_int_equal(program_preloadable(path, &why), err);
	assert_contains(why, part);
}

static void test_preloadable(void **state)
{
	struct tiny t = tiny_elf(NULL);
	char script[300];
	const char *why = "";

	assert_int_equal(program_preloadable("/bin/sh", &why), 0);
	refused(make_file("static", &t, sizeof(t), 0755), -ENOEXEC, "/static is statically linked");
	snprintf(script, sizeof(script), "#! %s -x\n", file("static"));
	refused(make_text("s1", script), -ENOEXEC, "/static is statically linked");
	snprintf(script, sizeof(script), "#!%s\n", file("s1"));
	refused(make_text("s2", script), -ENOEXEC, "/static is statically linked");
	snprintf(script, sizeof(script), "#!%s\n", file("loop"));
	refused(make_text("loop", script), -ELOOP, "too many levels");
	refused(make_text("s3", "#!/no/such/interpreter\n"), -ENOENT,
		"/s3: cannot read /no/such/interpreter: No such file");
	assert_int_equal(program_preloadable(make_text("s4", "#!/bin/sh\n"), &why), 0);
	assert_int_equal(program_preloadable(make_text("s5", "exit 0\n"), &why), 0);
	t = tiny_elf("/lib/ld-other.so.1");
	refused(make_file("libc", &t, sizeof(t), 0755), -ENOEXEC,
		"uses another C library (/lib/ld-other.so.1)");
	t = tiny_elf("/lib/ld.so");
	t.e.e_ident[EI_CLASS] = ELFCLASS32;
	refused(make_file("m32", &t, sizeof(t), 0755), -ENOEXEC,
		"is not a program of this processor and word size");
}

static void test_privileged(void **state)
{
	struct executable self;
	struct tiny t;

	if (getuid()) {
		fprintf(stderr, "SKIP: only root can make another user's set-user-ID program\n");
		skip();
	}
	assert_int_equal(executable_inspect("/proc/self/exe", &self), 0);
	t = tiny_elf(self.loader);
	make_file("suid", &t, sizeof(t), 0755);
	assert_int_equal(chown(file("suid"), 65534, 65534), 0);
	assert_int_equal(chmod(file("suid"), 04755), 0);
	refused(file("suid"), -EPERM, "is set-user-ID");
	assert_int_equal(chmod(file("suid"), 02755), 0);
	refused(file("suid"), -EPERM, "is set-group-ID");
	assert_int_equal(chown(file("suid"), 0, 0), 0);
	assert_int_equal(chmod(file("suid"), 06755), 0); /* but root's own: nothing is gained */
	assert_int_equal(program_preloadable(file("suid"), NULL), 0);
}

static void test_find(void **state)
{
	char path[PATH_MAX], env[PATH_MAX];
	const char *why = "";

	make_text("good", "x");
	make_file("plain", "x", 1, 0644);
	mkdir(file("sub"), 0755);
	snprintf(env, sizeof(env), "/nonexistent:%s", dir);
	setenv("PATH", env, 1);
	assert_int_equal(program_find("good", path, &why), 0);
	assert_string_equal(path, file("good"));
	assert_int_equal(program_find("nosuch", path, &why), -ENOENT);
	assert_string_equal(why, "nosuch: command not found in PATH");
	assert_int_equal(program_find("plain", path, &why), -EACCES);
	assert_string_equal(why, "plain: Permission denied");
	assert_int_equal(program_find("sub", path, &why), -ENOENT);
	assert_int_equal(program_find("", path, &why), -ENOENT);
	assert_int_equal(program_find(dir, path, &why), -EISDIR);
	assert_int_equal(program_find(file("nosuch"), path, &why), -ENOENT);
	assert_int_equal(program_find(file("good"), path, &why), 0);
	setenv("PATH", "/bin:/usr/bin", 1);
}

static int count(const char *name, const char *path, void *arg)
{
	++*(int *)arg;
	return 0;
}

static void test_personalities(void **state)
{
	char path[PATH_MAX], env[PATH_MAX];
	const char *why = "";
	int n = 0;

	mkdir(file("near"), 0755);
	mkdir(file("far"), 0755);
	make_text("near/linux-6.12.so", "x");
	make_text("far/linux-6.12.so", "x");
	make_text("far/test-one.so", "x");
	make_text("far/ignored.txt", "x");
	snprintf(env, sizeof(env), "%s/near:%s/far", dir, dir);
	setenv("PERSONA_PATH", env, 1);
	assert_int_equal(path_personality("linux-6.12", path, sizeof(path), &why), 0);
	assert_string_equal(path, file("near/linux-6.12.so"));
	assert_int_equal(path_personality("test-one", path, sizeof(path), &why), 0);
	assert_string_equal(path, file("far/test-one.so"));
	assert_int_equal(path_personality("test-two", path, sizeof(path), &why), -ENOENT);
	assert_contains(why, "no personality 'test-two'");
	assert_int_equal(path_personality("test-on", path, sizeof(path), &why), -ENOENT);
	assert_contains(why, "did you mean 'test-one'?");
	assert_int_equal(path_personality(file("far/test-one.so"), path, sizeof(path), &why), 0);
	assert_int_equal(path_personality("./nosuch", path, sizeof(path), &why), -ENOENT);
	path_personalities(count, &n);
	assert_true(n >= 2);
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
		cmocka_unit_test(test_kinds),	    cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_preloadable), cmocka_unit_test(test_privileged),
		cmocka_unit_test(test_find),	    cmocka_unit_test(test_personalities),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
