// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_wgread.c - files with WireGuard's keys: who may read them, and what is left in memory.
 */
#include "wgsample.h"
#include <sys/stat.h>

static char file[64];

static void write_file(const char *text, size_t len, int mode)
{
	int fd = open(file, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, (mode_t)mode), 0);
	close(fd);
}

static int read_file(const char **why)
{
	struct wgconf *c = NULL;
	int err = wgconf_read(file, "wlan0", 0, &c, why);

	if (!err) {
		assert_key(c->private_key, PRIVATE);
		wgconf_free(c);
	}
	return err;
}

/* The file's name, @text, and @tail. */
static void assert_why(const char *why, const char *text, const char *tail)
{
	char expected[512];

	snprintf(expected, sizeof(expected), "%s%s%s", file, text, tail);
	assert_string_equal(why, expected);
}

static void test_read(void **state)
{
	static const int modes[] = {0600, 0400, 0700, 0711};
	const char *why = "";
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(modes); i++) {
		write_file(full, sizeof(full) - 1, modes[i]);
		assert_int_equal(read_file(&why), 0);
	}
	write_file(full, sizeof(full) - 1, 0640);
	assert_int_equal(read_file(&why), -EACCES);
	assert_why(why, " has a private key, and other users can read it (mode 640): chmod 600 ",
		   file);
	write_file(full, sizeof(full) - 1, 0604);
	assert_int_equal(read_file(&why), -EACCES);
	write_file(full, sizeof(full) - 1, 0622);
	assert_int_equal(read_file(&why), -EACCES);
	assert_why(why, " has a private key, and other users can write it (mode 622): chmod 600 ",
		   file);
	/* A file without a key may be anybody's: no word of its mode */
	write_file("root:x:0:0:root:/root:/bin/sh\n", 30, 0644);
	assert_int_equal(read_file(&why), -EINVAL);
	assert_null(strstr(why, "chmod"));
	write_file("[Interface]\nMTU=x\n", 18, 0600);
	assert_int_equal(read_file(&why), -EINVAL);
	assert_why(why, ":2: MTU = x: must be a number of bytes from 68 to 65455", "");
	write_file(SECTION(PRIVATE, "1\nPath = eth0"), strlen(SECTION(PRIVATE, "1\nPath = eth0")),
		   0600);
	assert_int_equal(read_file(&why), -EINVAL);
	assert_why(why, ": its only [Interface] has Path = eth0, not wlan0", "");
}

static void test_read_size(void **state)
{
	char *text = malloc(WGCONF_MAX_FILE + 1);
	const char *why = "";

	assert_non_null(text);
	memset(text, '\n', WGCONF_MAX_FILE + 1);
	memcpy(text, GOOD, strlen(GOOD));
	write_file(text, WGCONF_MAX_FILE, 0600);
	assert_int_equal(read_file(&why), 0);
	write_file(text, WGCONF_MAX_FILE + 1, 0600);
	assert_int_equal(read_file(&why), -EFBIG);
	assert_why(why, " is larger than 256 KiB: is it a wg-quick file?", "");
	write_file("", 0, 0600);
	assert_int_equal(read_file(&why), -EINVAL);
	assert_why(why, " has no [Interface] section: is it a wg-quick file?", "");
	free(text);
}

/* What is no file: neither waited for nor read. */
static void test_read_kinds(void **state)
{
	struct wgconf *c;
	const char *why = "";

	unlink(file);
	assert_int_equal(read_file(&why), -ENOENT);
	assert_why(why, ": No such file or directory", "");
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(read_file(&why), -EINVAL);
	assert_why(why, " is no regular file: name a configuration file", "");
	unlink(file);
	assert_int_equal(symlink("/", file), 0);
	assert_int_equal(read_file(&why), -EINVAL);
	assert_why(why, " is a directory: name a configuration file", "");
	unlink(file);
	assert_int_equal(wgconf_read("/dev/null", "wlan0", 0, &c, &why), -EINVAL);
	assert_string_equal(why, "/dev/null is no regular file: name a configuration file");
	assert_int_equal(wgconf_read("/no\nfile\x1b", "", 0, &c, &why), -ENOENT);
	assert_string_equal(why, "/no?file?: No such file or directory");
}

/* Is it @text's inverse, which alone lies in memory? */
static bool inverse_of(const uint8_t *inverse, const uint8_t *text, size_t len)
{
	while (len && (*inverse ^ *text) == 0xff) {
		inverse++;
		text++;
		len--;
	}
	return !len;
}

/* How often that of which @inverse is the inverse lies in the memory of this process. */
static unsigned int count_in_memory(const void *inverse, size_t len)
{
	static uint8_t chunk[65536]; /* copies in it do not count */
	const unsigned long own = (unsigned long)chunk;
	FILE *maps = fopen("/proc/self/maps", "r");
	int mem = open("/proc/self/mem", O_RDONLY);
	unsigned int count = 0;
	unsigned long at, last;
	char line[512];

	assert_non_null(maps);
	assert_true(mem >= 0);
	while (fgets(line, sizeof(line), maps)) {
		/* The sanitizer's shadow is terabytes. */
		if (sscanf(line, "%lx-%lx rw", &at, &last) != 2 || last - at > 64UL << 20)
			continue;
		for (; at + len <= last; at += sizeof(chunk) - len) {
			size_t want = last - at < sizeof(chunk) ? last - at : sizeof(chunk);
			ssize_t n = pread(mem, chunk, want, (off_t)at);

			for (size_t k = 0; n > 0 && k + len <= (size_t)n && k + len < sizeof(chunk);
			     k++) {
				if (at + k + len > own && at + k < own + sizeof(chunk))
					continue;
				count += inverse_of(inverse, chunk + k, len);
			}
		}
	}
	memset(chunk, 0, sizeof(chunk));
	close(mem);
	fclose(maps);
	return count;
}

static void invert(void *p, size_t len)
{
	for (uint8_t *b = p; len--; b++)
		*b ^= 0xff;
}

/* A fresh private key into the file; both forms of it, inverted. */
static void fresh_key(const char *more, char text[WGKEY_TEXT_LEN], uint8_t key[WG_KEY_LEN])
{
	int fd;

	sh("umask 077; (echo '[Interface]'; echo \"PrivateKey = $(head -c 32 /dev/urandom | "
	   "base64)\"; "
	   "printf '" PEER END "%s') >%s",
	   more, file);
	fd = open(file, O_RDONLY);
	assert_int_equal(pread(fd, text, WGKEY_TEXT_LEN, 25), WGKEY_TEXT_LEN);
	close(fd);
	assert_int_equal(wgkey_parse(text, WGKEY_TEXT_LEN, key), 0);
	invert(text, WGKEY_TEXT_LEN);
	invert(key, WG_KEY_LEN);
}

/* Nothing of a key is in memory but where it belongs, and nothing once that is given back. */
static void test_read_wipes(void **state)
{
	char text[WGKEY_TEXT_LEN];
	uint8_t key[WG_KEY_LEN];
	struct wgconf *c;
	const char *why;

	unlink(file);
	fresh_key("", text, key);
	assert_int_equal(wgconf_read(file, "wlan0", 0, &c, &why), 0);
	assert_int_equal(count_in_memory(key, sizeof(key)), 1);
	assert_int_equal(count_in_memory(text, sizeof(text)), 0);
	wgconf_free(c);
	assert_int_equal(count_in_memory(key, sizeof(key)), 0);

	unlink(file);
	fresh_key("nonsense", text, key);
	assert_int_equal(wgconf_read(file, "wlan0", 0, &c, &why), -EINVAL);
	assert_int_equal(count_in_memory(key, sizeof(key)), 0);
	assert_int_equal(count_in_memory(text, sizeof(text)), 0);
}

/* KiB of memory that is left out of dumps, and the next descriptor's number. */
static unsigned int held(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned int size = 0, n = 0;
	char line[512];
	int fd = dup(0);

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		sscanf(line, "Size: %u kB", &size);
		/* The sanitizer's own are terabytes, and not ours. */
		if (!strncmp(line, "VmFlags:", 8) && strstr(line, " dd") && size < 1U << 20)
			n += size;
	}
	fclose(f);
	close(fd);
	return n * 1000 + (unsigned int)fd;
}

/* Whatever came of it. */
static void test_read_leaves_nothing(void **state)
{
	const unsigned int before = held();
	const char *why;
	int round;

	for (round = 0; round < 3; round++) {
		write_file(full, sizeof(full) - 1 - (size_t)round * 200, round == 2 ? 0644 : 0600);
		assert_int_equal(!!read_file(&why), !!round);
		assert_int_equal(held(), before);
	}
	unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_read_size),
		cmocka_unit_test(test_read_kinds),
		cmocka_unit_test(test_read_wipes),
		cmocka_unit_test(test_read_leaves_nothing),
	};

	snprintf(file, sizeof(file), "/tmp/persona-wgconf.%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
