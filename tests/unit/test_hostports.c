// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_hostports.c - the ports that are taken from the host.
 *
 * The list's text; then ranges and single ports in a network namespace, with a /run of
 * our own in a mount namespace. A second opener is a child process.
 */
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "opener/hostports.h"
#include "opener/portset.h"
#include "unit.h"

#define RESERVED "/proc/sys/net/ipv4/ip_local_reserved_ports"
#define RANGE	 "/proc/sys/net/ipv4/ip_local_port_range"

static const uint8_t local[16] = {127, 0, 0, 1};
static const uint8_t zero[16];

/* ---- the list ---- */

static const struct {
	const char *list;
	unsigned int first, last;
	const char *added;
	const char *removed;
} lists[] = {
	{"", 5, 9, "5-9", ""},
	{"\n", 5, 5, "5", ""},
	{"1-4", 5, 9, "1-9", "1-4"},
	{"10-12", 5, 9, "5-12", "10-12"},
	{"1-4,10-12", 5, 9, "1-12", "1-4,10-12"},
	{"1-20", 5, 9, "1-20", "1-4,10-20"},
	{"5-9", 5, 9, "5-9", ""},
	{"4-9", 5, 9, "4-9", "4"},
	{"5-10", 5, 9, "5-10", "10"},
	{"7", 5, 9, "5-9", ""},
	{"1,100,65535\n", 5, 9, "1,5-9,100,65535", "1,100,65535"},
	{"65535", 65000, 65535, "65000-65535", ""},
	{"0-3", 65535, 65535, "0-3,65535", "0-3"},
	{"9-5", 1, 1, "1", ""},		     /* reversed: nothing */
	{"70000-80000,8", 1, 1, "1,8", "8"}, /* beyond */
	{"99999999999999999999,8", 1, 1, "1,8", "8"},
	{"x,3-", 1, 1, "1", ""},
	{"3,,4, 6-7 ", 1, 1, "1,3-4,6-7", "3-4,6-7"},
};

static void test_list(void **state)
{
	char text[128];

	for (unsigned int i = 0; i < ARRAY_SIZE(lists); i++) {
		uint16_t first = (uint16_t)lists[i].first, last = (uint16_t)lists[i].last;

		strcpy(text, lists[i].list);
		assert_int_equal(portset_list_add(text, sizeof(text), first, last), 0);
		assert_string_equal(text, lists[i].added);
		assert_true(portset_list_overlaps(text, first, last));
		strcpy(text, lists[i].list);
		assert_int_equal(portset_list_remove(text, sizeof(text), first, last), 0);
		assert_string_equal(text, lists[i].removed);
		assert_false(portset_list_overlaps(text, first, last));
	}
}

static void test_overlap(void **state)
{
	assert_false(portset_list_overlaps("", 1, 65535));
	assert_false(portset_list_overlaps("1-4,10", 5, 9));
	assert_true(portset_list_overlaps("1-4,10", 4, 9));
	assert_true(portset_list_overlaps("1-4,10", 5, 10));
	assert_true(portset_list_overlaps("65535", 65535, 65535));
}

static void test_list_full(void **state)
{
	char text[12] = "1,3,5,7,9";

	assert_int_equal(portset_list_add(text, sizeof(text), 11, 11), -E2BIG);
	strcpy(text, "1,3,5,7,9");
	assert_int_equal(portset_list_remove(text, sizeof(text), 9, 9), 0);
	assert_string_equal(text, "1,3,5,7");
}

/* ---- in a namespace ---- */

static bool own_run; /* /run is ours alone */

static int set_up(void **state)
{
	int err = enter_netns(state);

	if (err || !in_netns)
		return err;
	own_run = !unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
		  !mount("tmpfs", "/run", "tmpfs", 0, NULL);
	if (!own_run)
		fprintf(stderr, "SKIP: no /run of our own: %s\n", strerror(errno));
	return 0;
}

#define NEED_RUN()              \
	do {                    \
		NEED_NETNS();   \
		if (!own_run)   \
			skip(); \
	} while (0)

static const char *reserved(void)
{
	static char text[4096];
	int fd = open(RESERVED, O_RDONLY);
	ssize_t n = read(fd, text, sizeof(text) - 1);

	close(fd);
	assert_true(n >= 0);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static bool run_is_empty(void)
{
	return access("/run/persona", F_OK) != 0;
}

static void reserve(uint16_t want, uint16_t *first, uint16_t *last)
{
	const char *why = "";

	if (hostports_reserve_range(want, first, last, &why))
		fail_msg("%s", why);
}

static void test_reserve(void **state)
{
	uint16_t first, last;
	char text[32];

	NEED_RUN();
	reserve(4096, &first, &last);
	assert_int_equal(last - first + 1, 4096);
	assert_int_equal(first % 4096, 0);
	assert_true(first >= 16384);
	assert_true(last < 32768 || first > 60999); /* not the host's automatic ones */
	snprintf(text, sizeof(text), "%u-%u", first, last);
	assert_string_equal(reserved(), text);
	assert_true(hostports_has_range(first, last));
	assert_true(hostports_has_range((uint16_t)(first + 1), (uint16_t)(last - 1)));
	assert_false(hostports_has_range((uint16_t)(first - 1), last));
	assert_false(hostports_has_range(first, (uint16_t)(last + 1)));
	assert_false(hostports_has_range(last, first));
	assert_false(hostports_has_range(0, 0));
	assert_true(hostports_ours(IPPROTO_TCP, first));
	assert_true(hostports_ours(IPPROTO_UDP, last));
	assert_false(hostports_ours(IPPROTO_TCP, (uint16_t)(first - 1)));
	hostports_restore();
	assert_string_equal(reserved(), "");
	assert_false(hostports_has_range(first, first));
	assert_false(hostports_ours(IPPROTO_TCP, first));
	assert_true(run_is_empty());
	hostports_restore(); /* once more: no matter */
}

/* What the host's administrator has reserved stays, and is not taken. */
static void test_others_stay(void **state)
{
	uint16_t first, last;

	NEED_RUN();
	write_to(RESERVED, "8080,16384-32767\n");
	reserve(4096, &first, &last);
	assert_true(first > 32767);
	assert_contains(reserved(), "8080,16384-32767");
	hostports_restore();
	assert_string_equal(reserved(), "8080,16384-32767");
	write_to(RESERVED, "\n");
}

/* Used ports are avoided: all but one block is. */
static void test_used_are_avoided(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
	uint16_t first, last;
	int fds[64];
	unsigned int n = 0;

	NEED_RUN();
	for (unsigned int block = 16384; block < 65536; block += 1024) {
		struct sockaddr_in sin = {.sin_family = AF_INET,
					  .sin_port = htons((uint16_t)(block + 700))};

		if (block == 50 * 1024)
			continue;
		fds[n] = socket(AF_INET, types[n & 1], 0);
		assert_int_equal(bind(fds[n], (struct sockaddr *)&sin, sizeof(sin)), 0);
		assert_true(types[n & 1] == SOCK_DGRAM || !listen(fds[n], 1));
		n++;
	}
	reserve(1024, &first, &last);
	assert_int_equal(first, 50 * 1024);
	hostports_restore();
	while (n)
		close(fds[--n]);
}

static void test_none_free(void **state)
{
	uint16_t first, last;
	const char *why = "";

	NEED_RUN();
	write_to(RESERVED, "16384-65535\n");
	assert_int_equal(hostports_reserve_range(4096, &first, &last, &why), -EADDRINUSE);
	assert_contains(why, "no free block of ports");
	assert_true(run_is_empty());
	/* A smaller one is better than none, down to an eighth. */
	write_to(RESERVED, "16384-40959,41472-65535\n");
	reserve(4096, &first, &last);
	assert_int_equal(first, 40960);
	assert_int_equal(last, 41471);
	hostports_restore();
	write_to(RESERVED, "16384-40959,41024-65535\n");
	assert_int_equal(hostports_reserve_range(4096, &first, &last, &why), -EADDRINUSE);
	reserve(64, &first, &last);
	assert_int_equal(last - first, 63);
	hostports_restore();
	write_to(RESERVED, "\n");
}

/* Twice as long each time, as long as nobody else is met, up or down; what was ours stays ours. */
static void test_grows(void **state)
{
	static const char *const walls[] = {"\n", "16384-20479,24576-65535\n",
					    "16384-20991,24576-65535\n"};
	static const unsigned int most[] = {16384, 4096, 3584};
	uint16_t first, last, was[2];
	const char *why;

	NEED_RUN();
	for (unsigned int i = 0; i < ARRAY_SIZE(walls); i++) {
		unsigned int size;

		write_to(RESERVED, walls[i]);
		reserve(256, &first, &last);
		for (;;) {
			was[0] = first;
			was[1] = last;
			size = last - first + 1u;
			if (hostports_reserve_range(256, &first, &last, &why))
				break;
			assert_true(first <= was[0] && was[1] <= last);
			assert_true(last - first + 1u > size && last - first + 1u <= 2 * size);
			assert_true(hostports_has_range(was[0], was[1]));
		}
		assert_in_range(size, most[i] - 2 * 63, most[i]); /* steps are 64 or more */
		assert_contains(why, "no free block of ports");
		assert_true(hostports_has_range(was[0], was[1]));
		sh("[ $(ls /run/persona | wc -l) = 1 ]"); /* one file, of the whole range */
		hostports_restore();
		write_to(RESERVED, "\n");
		assert_true(run_is_empty());
	}
}

/* All that a stack may have at once, still not the host's own: it need not grow any more. */
static void test_largest(void **state)
{
	uint16_t first, last;
	const char *why;

	NEED_RUN();
	reserve(16384, &first, &last);
	assert_int_equal(first, 16384);
	assert_int_equal(last, 32767);
	assert_int_equal(hostports_reserve_range(16384, &first, &last, &why), -EADDRINUSE);
	hostports_restore();
	assert_true(run_is_empty());
}

/* Many small ranges find room, each with some beside it as long as there is some. */
static void test_many(void **state)
{
	uint16_t first, last;
	unsigned int n;

	NEED_RUN();
	write_to(RESERVED, "\n");
	for (n = 0; n < 300; n++) {
		const char *why;
		char list[16384];

		if (hostports_reserve_range(256, &first, &last, &why))
			break;
		if (n == 8)
			assert_true(!portset_list_overlaps(reserved(), (uint16_t)(last + 1),
							   (uint16_t)(last + 512)));
		/* Another's from now on. */
		snprintf(list, sizeof(list), "%s\n", reserved());
		hostports_restore();
		write_to(RESERVED, list);
	}
	assert_in_range(n, 192, 300); /* 49152 ports */
	write_to(RESERVED, "\n");
}

/* ---- another opener ---- */

struct other {
	pid_t pid;
	int to;
	uint16_t bounds[2];
};

/* A process that reserves, and restores when it reads a byte. */
static struct other other_start(void)
{
	int up[2], down[2];
	struct other o;

	assert_int_equal(pipe(up), 0);
	assert_int_equal(pipe(down), 0);
	o.pid = fork();
	if (!o.pid) {
		const char *why;
		char byte;

		close(down[1]);
		if (hostports_reserve_range(4096, &o.bounds[0], &o.bounds[1], &why) ||
		    write(up[1], o.bounds, sizeof(o.bounds)) != sizeof(o.bounds))
			_exit(1);
		if (read(down[0], &byte, 1) == 1)
			hostports_restore();
		_exit(0);
	}
	close(up[1]);
	close(down[0]);
	assert_int_equal(read(up[0], o.bounds, sizeof(o.bounds)), sizeof(o.bounds));
	close(up[0]);
	o.to = down[1];
	return o;
}

static void other_end(struct other *o, bool killed)
{
	if (!killed)
		assert_int_equal(write(o->to, "", 1), 1);
	close(o->to); /* the end without a byte: as if it were killed */
	assert_int_equal(waitpid(o->pid, NULL, 0), o->pid);
}

static void test_two(void **state)
{
	struct other o;
	uint16_t first, last;
	char text[32];

	NEED_RUN();
	o = other_start();
	reserve(4096, &first, &last);
	assert_true(last < o.bounds[0] || first > o.bounds[1]);
	assert_true(portset_list_overlaps(reserved(), o.bounds[0], o.bounds[1]));
	other_end(&o, false);
	snprintf(text, sizeof(text), "%u-%u", first, last);
	assert_string_equal(reserved(), text);
	hostports_restore();
	assert_string_equal(reserved(), "");
	assert_true(run_is_empty());
}

/* What a killed one left is taken back by the next, what a living one has is not. */
static void test_recovery(void **state)
{
	struct other dead, living;
	uint16_t first, last;

	NEED_RUN();
	living = other_start();
	dead = other_start();
	other_end(&dead, true);
	assert_true(portset_list_overlaps(reserved(), dead.bounds[0], dead.bounds[1]));
	/* Of another namespace, and nonsense. */
	close(open("/run/persona/1-20480-24575", O_CREAT | O_WRONLY, 0644));
	close(open("/run/persona/x", O_CREAT | O_WRONLY, 0644));
	reserve(4096, &first, &last);
	assert_true(portset_list_overlaps(reserved(), living.bounds[0], living.bounds[1]));
	hostports_restore();
	assert_false(portset_list_overlaps(reserved(), dead.bounds[0], dead.bounds[1]));
	other_end(&living, false);
	assert_string_equal(reserved(), "");
	assert_int_equal(access("/run/persona/1-20480-24575", F_OK), 0);
	sh("rm -r /run/persona");
}

/* ---- single ports ---- */

static int reserve_port(int proto, uint16_t port, const uint8_t *bytes)
{
	const char *why = "";

	return hostports_reserve_port(proto, port, AF_INET, bytes, &why);
}

static int host_socket(int type, uint16_t port, const uint8_t *bytes)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type, 0), one = 1;

	memcpy(&sin.sin_addr, bytes, 4);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!bind(fd, (struct sockaddr *)&sin, sizeof(sin)))
		return fd;
	close(fd);
	return -1;
}

static void test_port(void **state)
{
	const char *why = "";
	uint16_t first, last;
	int fd;

	NEED_RUN();
	fd = host_socket(SOCK_STREAM, 8080, zero);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(hostports_reserve_port(IPPROTO_TCP, 8080, AF_INET, local, &why),
			 -EADDRINUSE);
	assert_contains(why, "port 8080 of the host: ");
	assert_false(hostports_ours(IPPROTO_TCP, 8080));
	assert_int_equal(reserve_port(IPPROTO_UDP, 8080, local), 0); /* another protocol's */
	assert_int_equal(reserve_port(IPPROTO_UDP, 8080, zero), 0);  /* once more */
	assert_true(hostports_ours(IPPROTO_UDP, 8080));
	close(fd);
	assert_int_equal(reserve_port(IPPROTO_TCP, 8080, zero), 0);
	assert_int_equal(host_socket(SOCK_DGRAM, 8081, local) >= 0, 1);
	fd = socket(AF_INET6, SOCK_STREAM, 0);
	assert_int_equal(hostports_reserve_port(IPPROTO_TCP, 8082, AF_INET6, zero, &why), 0);
	close(fd);
	hostports_release_port(IPPROTO_TCP, 8080);
	assert_false(hostports_ours(IPPROTO_TCP, 8080));
	assert_true(hostports_ours(IPPROTO_UDP, 8080));
	fd = host_socket(SOCK_STREAM, 8080, zero);
	assert_true(fd >= 0);
	close(fd);
	hostports_release_port(IPPROTO_TCP, 8080); /* again, and what never was */
	hostports_release_port(0, 0);
	hostports_release_port(99, 99);
	/* A port of the range needs no reserving. */
	reserve(64, &first, &last);
	assert_int_equal(reserve_port(IPPROTO_TCP, first, local), 0);
	hostports_restore();
	assert_false(hostports_ours(IPPROTO_UDP, 8080));
}

/* The host's program cannot have what is reserved, even if it shares. */
static void test_port_holds(void **state)
{
	int fd;

	NEED_RUN();
	assert_int_equal(reserve_port(IPPROTO_TCP, 8090, zero), 0);
	assert_int_equal(reserve_port(IPPROTO_UDP, 8090, zero), 0);
	assert_int_equal(host_socket(SOCK_DGRAM, 8090, local), -1);
	fd = host_socket(SOCK_STREAM, 8090, local);
	assert_true(fd < 0);
	hostports_restore();
}

/* An old connection of the host's on that port does not matter. */
static void test_port_time_wait(void **state)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(8085)};
	int l, c, s;
	char byte;

	NEED_RUN();
	memcpy(&sin.sin_addr, local, 4);
	l = host_socket(SOCK_STREAM, 8085, local);
	assert_int_equal(listen(l, 1), 0);
	c = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(c, (struct sockaddr *)&sin, sizeof(sin)), 0);
	s = accept(l, NULL, NULL);
	close(s); /* the server's end closes first: it has the port in TIME_WAIT */
	assert_int_equal(read(c, &byte, 1), 0);
	close(c);
	close(l);
	assert_contains(output_of("ss -Htan state time-wait"), ":8085");
	assert_int_equal(reserve_port(IPPROTO_TCP, 8085, local), 0);
	hostports_restore();
}

static void test_port_full(void **state)
{
	unsigned int n = 0;

	NEED_RUN();
	while (!reserve_port(IPPROTO_TCP, (uint16_t)(9000 + n), local))
		n++;
	assert_int_equal(n, 64);
	assert_int_equal(reserve_port(IPPROTO_TCP, 9100, local), -ENOBUFS);
	hostports_release_port(IPPROTO_TCP, 9063);
	assert_int_equal(reserve_port(IPPROTO_TCP, 9100, local), 0);
	hostports_restore();
	assert_int_equal(reserve_port(IPPROTO_TCP, 9000, local), 0);
	hostports_restore();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_overlap),
		cmocka_unit_test(test_list_full),
		cmocka_unit_test(test_reserve),
		cmocka_unit_test(test_others_stay),
		cmocka_unit_test(test_used_are_avoided),
		cmocka_unit_test(test_none_free),
		cmocka_unit_test(test_grows),
		cmocka_unit_test(test_largest),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_two),
		cmocka_unit_test(test_recovery),
		cmocka_unit_test(test_port),
		cmocka_unit_test(test_port_holds),
		cmocka_unit_test(test_port_time_wait),
		cmocka_unit_test(test_port_full),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
