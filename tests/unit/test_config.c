// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_config.c - the configuration's way through a memfd.
 */
#include "unit.h"
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "stack/config.h"

/* Static: both are larger than a test's frame should be. */
static struct config in, out;

static void fill(void)
{
	memset(&in, 0, sizeof(in));
	strcpy(in.image, "/usr/lib/persona/personalities/linux-6.12.so");
	strcpy(in.pcap, "/tmp/x.pcap");
	in.memory = 128 << 20;
	in.vcpus = 2;
	in.mptcp = true;
	in.nifaces = 2;
	assert_int_equal(spec_parse("packet:wlan0,ip=10.1.0.2/24,ip=fd00::2/64,gw=10.1.0.1",
				    &in.iface[0].spec, NULL),
			 0);
	in.iface[0].fd = 7;
	assert_int_equal(spec_parse("rawip:rmnet0,ip=10.2.0.2/24", &in.iface[1].spec, NULL), 0);
	in.iface[1].fd = -1;
	in.nsysctls = 1;
	strcpy(in.sysctl[0].name, "net.ipv4.tcp_congestion_control");
	strcpy(in.sysctl[0].value, "bbr");
}

static void test_round_trip(void **state)
{
	int fd;

	fill();
	fd = config_to_fd(&in);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	assert_int_equal(config_from_fd(fd, &out), 0);
	assert_memory_equal(&in, &out, sizeof(in));
	/* Every process that inherits it finds the whole. */
	memset(&out, 0xff, sizeof(out));
	assert_int_equal(config_from_fd(fd, &out), 0);
	assert_memory_equal(&in, &out, sizeof(in));
	close(fd);
}

static void test_sealed(void **state)
{
	int fd;

	fill();
	fd = config_to_fd(&in);
	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
}

/* An unsealed copy with one byte changed, or cut to @len. */
static int copy(int fd, off_t flip, off_t len)
{
	int new = memfd_create("copy", MFD_CLOEXEC);
	char buf[4096];
	ssize_t n;
	off_t at = 0;

	assert_true(new >= 0);
	while ((n = pread(fd, buf, sizeof(buf), at)) > 0) {
		assert_int_equal(write(new, buf, (size_t)n), n);
		at += n;
	}
	if (flip >= 0) {
		assert_int_equal(pread(new, buf, 1, flip), 1);
		buf[0] ^= 0x40;
		assert_int_equal(pwrite(new, buf, 1, flip), 1);
	}
	if (len >= 0)
		assert_int_equal(ftruncate(new, len), 0);
	return new;
}

static void test_corruption(void **state)
{
	struct stat st;
	off_t at;
	int fd, bad;

	fill();
	fd = config_to_fd(&in);
	assert_int_equal(fstat(fd, &st), 0);
	for (at = 0; at < st.st_size; at += 997) {
		bad = copy(fd, at, -1);
		assert_true(config_from_fd(bad, &out) < 0);
		close(bad);
	}
	for (at = 0; at < 24; at++) { /* the header, byte by byte */
		bad = copy(fd, at, -1);
		assert_true(config_from_fd(bad, &out) < 0);
		close(bad);
		bad = copy(fd, -1, at);
		assert_int_equal(config_from_fd(bad, &out), -EBADMSG);
		close(bad);
	}
	bad = copy(fd, -1, st.st_size - 1);
	assert_int_equal(config_from_fd(bad, &out), -EBADMSG);
	close(bad);
	bad = copy(fd, -1, st.st_size + 1);
	assert_int_equal(config_from_fd(bad, &out), -EBADMSG);
	close(bad);
	close(fd);
}

static void test_other_descriptor(void **state)
{
	int fd = open("/dev/null", O_RDONLY);
	int p[2];

	assert_int_equal(config_from_fd(-1, &out), -EBADF);
	assert_int_equal(config_from_fd(fd, &out), -EBADMSG);
	close(fd);
	assert_int_equal(config_from_fd(fd, &out), -EBADF);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(config_from_fd(p[0], &out), -ESPIPE);
	close(p[0]);
	close(p[1]);
}

/* A checksum that fits does not make a bad content good. */
static void refuse(void)
{
	int fd = config_to_fd(&in);

	assert_true(fd >= 0);
	assert_int_equal(config_from_fd(fd, &out), -EBADMSG);
	close(fd);
	fill();
}

static void test_content(void **state)
{
	fill();
	in.nifaces = CONFIG_MAX_IFACES + 1;
	refuse();
	in.nsysctls = CONFIG_MAX_SYSCTL + 1;
	refuse();
	in.vcpus = 17;
	refuse();
	in.vcpus = -1;
	refuse();
	memset(in.image, 'x', sizeof(in.image));
	refuse();
	memset(in.sysctl[0].value, 'x', sizeof(in.sysctl[0].value));
	refuse();
	in.iface[1].spec.naddrs = SPEC_MAX_ADDRS + 1;
	refuse();
	in.iface[1].spec.nroutes = SPEC_MAX_ROUTES + 1;
	refuse();
	in.iface[0].spec.nroutes = 1; /* of no family */
	refuse();
	in.iface[0].spec.local6.family = AF_INET;
	refuse();
	in.iface[0].spec.addr[0].prefix = 33;
	refuse();
	in.iface[0].spec.addr[0].family = AF_UNIX;
	refuse();
	memset(in.iface[0].spec.name, 'x', sizeof(in.iface[0].spec.name));
	refuse();
	in.iface[0].spec.ifname[0] = '\0';
	refuse();
	in.iface[0].fd = -2;
	refuse();
	in.iface[0].spec.role = PATH_ROLES;
	refuse();
	in.policy = 4;
	refuse();
	memset(in.scheduler, 'x', sizeof(in.scheduler));
	refuse();
	memset(in.congestion, 'x', sizeof(in.congestion));
	refuse();
	in.nprograms = CONFIG_MAX_PROGRAMS + 1;
	refuse();
	in.nprograms = 1;
	memset(in.program[0].name, 'x', sizeof(in.program[0].name));
	refuse();
	in.nprograms = 1;
	in.program[0].policy = 4;
	refuse();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_sealed),
		cmocka_unit_test(test_corruption), cmocka_unit_test(test_other_descriptor),
		cmocka_unit_test(test_content),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
