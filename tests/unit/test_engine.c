// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_engine.c - the engine with the default image: life, calls, faults, death.
 *
 * Needs build/personalities/linux-6.12.so (or PERSONA_IMAGE). No privileges, no
 * network: only the stack's own loopback.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <asm/image.h>
#include "engine/engine.h"
#include "engine/vcpu.h"

#define CALL(nr, ...) engine_syscall((nr), (long[6]){__VA_ARGS__})

static const char *image(void)
{
	const char *p = getenv("PERSONA_IMAGE");

	return p ? p : "build/personalities/linux-6.12.so";
}

static void start(int vcpus)
{
	struct engine_options opt = {.image = image(), .vcpus = vcpus};
	const char *why = NULL;
	int err = engine_start(&opt, &why);

	if (err)
		print_error("engine_start: %s\n", why);
	assert_int_equal(err, 0);
}

static void lo_up(void)
{
	struct ifreq ifr = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	long fd = CALL(SYS_socket, AF_INET, SOCK_DGRAM, 0);

	assert_true(fd >= 0);
	assert_int_equal(CALL(SYS_ioctl, fd, SIOCSIFFLAGS, (long)&ifr), 0);
	CALL(SYS_close, fd);
}

static int count_entries(const char *dir)
{
	DIR *d = opendir(dir);
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static int count_maps(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	int n = 0, c;

	while ((c = getc(f)) != EOF)
		n += c == '\n';
	fclose(f);
	return n;
}

/* Start and stop leave no descriptor, no thread, no mapping behind. */
static void test_restart(void **state)
{
	int fds, threads, maps;

	start(0);
	engine_stop();
	fds = count_entries("/proc/self/fd");
	threads = count_entries("/proc/self/task");
	maps = count_maps();
	(void)maps;
	for (int i = 0; i < 20; i++) {
		start(i % 3);
		assert_true(CALL(SYS_socket, AF_INET6, SOCK_STREAM, 0) >= 0);
		engine_stop();
	}
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal(count_entries("/proc/self/task"), threads);
#ifndef __SANITIZE_THREAD__ /* it makes mappings of its own for each of ours */
	assert_in_range(count_maps(), maps - 8, maps + 8);
#endif
	assert_int_equal(CALL(SYS_getppid, 0), -ENETDOWN);
}

static void *prepare(void *arg)
{
	struct engine_options opt = {.image = arg};
	const char *why = NULL;

	return (void *)(long)engine_prepare(&opt, &why);
}

/*
 * The image boots on a thread that ends; then comes a fork, in whose child nothing of the stack is,
 * and then the stack starts in the parent.
 */
static void test_prepare(void **state)
{
	int threads = count_entries("/proc/self/task"), fds, status;
	void *err;
	pthread_t t;
	pid_t pid;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_create(&t, NULL, prepare, (void *)image()), 0);
		assert_int_equal(pthread_join(t, &err), 0);
		assert_null(err);
#ifndef __SANITIZE_THREAD__ /* it has one of its own */
		assert_int_equal(count_entries("/proc/self/task"), threads);
#endif
		assert_false(engine_running());
		pid = fork();
		if (!pid) {
			uint8_t *at = engine.image.base;

			while (at < engine.image.base + engine.image.size &&
			       msync(at, 4096, MS_ASYNC) && errno == ENOMEM)
				at += 4096;
			_exit(at != engine.image.base + engine.image.size);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		start(0);
		lo_up();
		assert_true(CALL(SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0);
		engine_halt();
		assert_int_equal(CALL(SYS_getppid, 0), -ENETDOWN);
		engine_halt(); /* once more: no matter */
		engine_stop();
		assert_null(engine.image.base);
		if (!i)
			fds = count_entries("/proc/self/fd");
	}
	assert_int_equal(count_entries("/proc/self/fd"), fds);
	assert_int_equal((long)prepare("/no/such/image"), -ENOENT);
	start(0); /* with its own options, as if nothing had been tried */
	engine_stop();
}

static void test_busy(void **state)
{
	struct engine_options opt = {.image = image()};
	const char *why = NULL;

	start(0);
	assert_int_equal(engine_start(&opt, &why), -EBUSY);
	assert_non_null(why);
	engine_stop();
}

static void test_faults(void **state)
{
	char *hole = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t len = sizeof(a);
	struct iovec iov = {hole + 4096 - 8, 64};
	long fd, pair[2] = {0};
	int both[2];

	munmap(hole + 4096, 4096);
	start(0);
	lo_up();
	fd = CALL(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(CALL(SYS_bind, fd, 16, sizeof(a)), -EFAULT);
	assert_int_equal(CALL(SYS_bind, fd, -4096, sizeof(a)), -EFAULT);
	assert_int_equal(CALL(SYS_bind, fd, (long)&a, sizeof(a)), 0);
	assert_int_equal(CALL(SYS_getsockname, fd, 8, (long)&len), -EFAULT);
	assert_int_equal(CALL(SYS_getsockname, fd, (long)&a, 8), -EFAULT);
	assert_int_equal(CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, 24), -EFAULT);
	assert_int_equal(CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (long)both), 0);
	pair[0] = both[0];
	pair[1] = both[1];
	assert_int_equal(CALL(SYS_write, pair[0], 8, 100), -EFAULT);
	assert_int_equal(CALL(SYS_writev, pair[0], (long)&iov, 1), -EFAULT);
	assert_int_equal(CALL(SYS_write, pair[0], (long)"hello", 5), 5);
	assert_int_equal(CALL(SYS_read, pair[1], 8, 5), -EFAULT);
	assert_int_equal(CALL(SYS_read, pair[1], (long)hole, 5), 5);
	assert_memory_equal(hole, "hello", 5);
	assert_int_equal(CALL(SYS_openat, AT_FDCWD, 8, O_RDONLY), -EFAULT);
	engine_stop();
	munmap(hole, 4096);
}

struct misread {
	long fd;
	long ret;
};

static void *misread(void *arg)
{
	struct misread *m = arg;

	m->ret = CALL(SYS_read, m->fd, 8, 5);
	engine_thread_exit();
	return NULL;
}

static void *tell(void *arg)
{
	CALL(SYS_write, *(long *)arg, (long)"hello", 5);
	engine_thread_exit();
	return NULL;
}

/* A thread of Persona's own may be the one that finishes a call with a bad pointer. */
static void test_faults_of_others(void **state)
{
	start(1);
	for (int i = 0; i < 40; i++) {
		struct misread m;
		pthread_t bad, ours;
		int both[2];
		long to;

		assert_int_equal(CALL(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, (long)both), 0);
		m = (struct misread){.fd = both[1]};
		to = both[0];
		assert_int_equal(pthread_create(&bad, NULL, misread, &m), 0);
		usleep(2000);
		assert_int_equal(engine_thread_create(&ours, 0, 0, tell, &to), 0);
		pthread_join(ours, NULL);
		pthread_join(bad, NULL);
		assert_int_equal(m.ret, -EFAULT);
		CALL(SYS_close, both[0]);
		CALL(SYS_close, both[1]);
	}
	engine_stop();
}

static void test_hosts_calls(void **state)
{
	start(0);
	assert_int_equal(CALL(SYS_exit, 0), -ENOSYS);
	assert_int_equal(CALL(SYS_exit_group, 0), -ENOSYS);
	assert_int_equal(CALL(SYS_execve, 0, 0, 0), -ENOSYS);
	assert_int_equal(CALL(SYS_clone, 0), -ENOSYS);
	assert_int_equal(CALL(100000, 0), -ENOSYS);
	assert_int_equal(CALL(-1, 0), -ENOSYS);
	engine_stop();
}

struct talk {
	int fd;
	unsigned long sum, bytes;
};

static void *reader(void *arg)
{
	struct talk *t = arg;
	unsigned char buf[3000];
	long n;

	while ((n = CALL(SYS_read, t->fd, (long)buf, sizeof(buf))) > 0) {
		t->bytes += (unsigned long)n;
		for (long i = 0; i < n; i++)
			t->sum += buf[i];
	}
	engine_thread_exit();
	return NULL;
}

/* Many threads on few vCPUs, over TCP on the stack's loopback; nothing is lost. */
static void threads_on(int vcpus)
{
	enum { PAIRS = 12, ROUNDS = 300 };
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct talk talk[PAIRS] = {0};
	unsigned long sum = 0;
	unsigned char buf[2000];
	socklen_t len = sizeof(a);
	pthread_t th[PAIRS];
	int tx[PAIRS];
	long l;

	start(vcpus);
	lo_up();
	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (unsigned char)(i * 7);
	for (size_t i = 0; i < sizeof(buf); i++)
		sum += buf[i];
	l = CALL(SYS_socket, AF_INET, SOCK_STREAM, 0);
	assert_int_equal(CALL(SYS_bind, l, (long)&a, sizeof(a)), 0);
	assert_int_equal(CALL(SYS_listen, l, 16), 0);
	assert_int_equal(CALL(SYS_getsockname, l, (long)&a, (long)&len), 0);
	for (int i = 0; i < PAIRS; i++) {
		tx[i] = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM, 0);
		assert_int_equal(CALL(SYS_connect, tx[i], (long)&a, sizeof(a)), 0);
		talk[i].fd = (int)CALL(SYS_accept, l, 0, 0);
		assert_true(talk[i].fd >= 0);
		assert_int_equal(pthread_create(&th[i], NULL, reader, &talk[i]), 0);
	}
	for (int r = 0; r < ROUNDS; r++)
		for (int i = 0; i < PAIRS; i++)
			assert_int_equal(CALL(SYS_write, tx[i], (long)buf, sizeof(buf)),
					 sizeof(buf));
	for (int i = 0; i < PAIRS; i++)
		CALL(SYS_close, tx[i]);
	for (int i = 0; i < PAIRS; i++) {
		pthread_join(th[i], NULL);
		assert_int_equal(talk[i].bytes, ROUNDS * sizeof(buf));
		assert_int_equal(talk[i].sum, ROUNDS * sum);
	}
	engine_stop();
}

static void test_threads(void **state)
{
	for (int vcpus = 1; vcpus <= 4; vcpus++)
		threads_on(vcpus);
}

/* fd[0] has dialled fd[1] on the stack's loopback. */
static void connect_pair(int proto, int fd[2])
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	long l = CALL(SYS_socket, AF_INET, SOCK_STREAM, proto);

	assert_int_equal(CALL(SYS_bind, l, (long)&a, sizeof(a)), 0);
	assert_int_equal(CALL(SYS_listen, l, 1), 0);
	assert_int_equal(CALL(SYS_getsockname, l, (long)&a, (long)&len), 0);
	fd[0] = (int)CALL(SYS_socket, AF_INET, SOCK_STREAM, proto);
	assert_int_equal(CALL(SYS_connect, fd[0], (long)&a, sizeof(a)), 0);
	fd[1] = (int)CALL(SYS_accept, l, 0, 0);
	assert_true(fd[1] >= 0);
	CALL(SYS_close, l);
}

/* What stays on loopback is copied past the cache: all lengths and places, and bad pointers. */
static void test_loopback_copies(void **state)
{
	static const int protocols[] = {0, 262 /* IPPROTO_MPTCP */};
	static const int lengths[] = {1, 4095, 4096, 4097, 5000, 8191, 20001};
	static unsigned char out[3 * 20480], in[20480];
	unsigned char *hole =
		mmap(NULL, 3 * 20480, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct iovec iov[2] = {{out, 6000}, {hole + 20480 - 5000, 10000}};
	int fd[2];
	long sent;

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = (unsigned char)(i * 31 + (i >> 8));
	mprotect(hole + 20480, 20480, PROT_NONE);
	start(2);
	lo_up();
	for (size_t k = 0; k < 2 * sizeof(protocols) / sizeof(protocols[0]); k++) {
		unsigned int from = k & 1, to = !from;

		connect_pair(protocols[k / 2], fd);
		for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
			for (int place = 0; place < 70; place += 23) {
				int len = lengths[n];

				assert_int_equal(
					CALL(SYS_write, fd[from], (long)(out + place), len), len);
				memset(in, 0, sizeof(in));
				assert_int_equal(
					CALL(SYS_recvfrom, fd[to], (long)in, len, MSG_WAITALL),
					len);
				assert_memory_equal(in, out + place, len);
			}
		}
		assert_int_equal(CALL(SYS_write, fd[from], (long)(hole + 20480), 10000), -EFAULT);
		assert_int_equal(CALL(SYS_write, fd[from], 16, 10000), -EFAULT);
		/* What can be read may be sent; the kernel takes whole pieces. */
		sent = CALL(SYS_writev, fd[from], (long)iov, 2);
		assert_true(sent == -EFAULT || (sent > 0 && sent <= 11000));
		CALL(SYS_close, fd[0]);
		CALL(SYS_close, fd[1]);
	}
	engine_stop();
	munmap(hole, 3 * 20480);
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

/* Timers fire with nobody inside, and while the caller waits. */
static void test_time(void **state)
{
	struct timespec ts = {0, 30000000};
	double t;

	start(0);
	t = now_s();
	assert_int_equal(CALL(SYS_nanosleep, (long)&ts, 0), 0);
	assert_true(now_s() - t >= 0.0299);
	engine_stop();
}

/*
 * While frames are left to gather, who is not their receiver only looks now and then. If the
 * receiver waits no more, one of them takes its place; else it would be woken for ever.
 */
static void test_receiver_gone(void **state)
{
	struct timespec ts = {0, 100000000};

	start(1);
	atomic_store(&engine.receiver, &engine.vcpu[LKL_MAX_VCPUS - 1]);
	atomic_store(&engine.hold, (uint64_t)(1e6 * engine.cycles_per_ns));
	assert_int_equal(CALL(SYS_nanosleep, (long)&ts, 0), 0);
	assert_ptr_equal(atomic_load(&engine.receiver), &engine.vcpu[0]);
	assert_int_equal(atomic_load(&engine.hold), 0);
	engine_stop();
}

static void on_alarm(int sig)
{
	if (engine_inside())
		engine_interrupt();
}

static void test_interrupt(void **state)
{
	struct sigaction sa = {.sa_handler = on_alarm};
	struct timespec ts = {5, 0};
	struct itimerval it = {.it_value = {0, 50000}};
	double t = now_s();
	long fd, ret;
	char c;

	start(0);
	lo_up();
	sigaction(SIGALRM, &sa, NULL);
	setitimer(ITIMER_REAL, &it, NULL);
	ret = CALL(SYS_nanosleep, (long)&ts, 0);
	assert_true(ret == -ENGINE_ERESTART_RESTARTBLOCK || ret == -EINTR);

	fd = CALL(SYS_socket, AF_INET, SOCK_DGRAM, 0);
	setitimer(ITIMER_REAL, &it, NULL);
	ret = CALL(SYS_recvfrom, fd, (long)&c, 1, 0, 0, 0);
	assert_int_equal(ret, -ENGINE_ERESTARTSYS);
	assert_true(now_s() - t < 2);
	engine_stop();
}

/* A blocked call ends when a host descriptor becomes ready. */
static void test_host_descriptor(void **state)
{
	struct pollfd p = {.events = POLLIN};
	struct timespec ts = {5, 0};
	int fd[2];
	long ret;

	start(0);
	assert_int_equal(pipe(fd), 0);
	p.fd = fd[0];
	assert_int_equal(write(fd[1], "x", 1), 1);
	ret = engine_syscall_poll(&p, 1, SYS_nanosleep, (long[6]){(long)&ts, 0});
	assert_true(ret < 0);
	assert_int_equal(p.revents, POLLIN);
	close(fd[0]);
	close(fd[1]);
	engine_stop();
}

static void expect_refusal(const char *path, int err, const char *word)
{
	struct engine_options opt = {.image = path};
	const char *why = NULL;

	assert_int_equal(engine_start(&opt, &why), err);
	assert_non_null(why);
	if (!strstr(why, word))
		fail_msg("'%s' does not say '%s'", why, word);
	assert_false(engine_running());
}

static size_t read_image(unsigned char **data)
{
	FILE *f = fopen(image(), "rb");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	*data = malloc((size_t)st.st_size);
	assert_int_equal(fread(*data, 1, (size_t)st.st_size, f), (size_t)st.st_size);
	fclose(f);
	return (size_t)st.st_size;
}

static void write_file(const char *path, const unsigned char *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, n, f), n);
	fclose(f);
}

static void test_bad_images(void **state)
{
	char path[] = "/tmp/persona-image-XXXXXX";
	struct engine_options small = {.image = image(), .memory = 1 << 20};
	const char *why = NULL;
	unsigned char *data;
	size_t n = read_image(&data);

	close(mkstemp(path));
	expect_refusal("/nonexistent.so", -ENOENT, "No such file");
	write_file(path, (const unsigned char *)"hello", 5);
	expect_refusal(path, -ENOEXEC, "not a personality image");
	write_file(path, data, 4096);
	expect_refusal(path, -ENOEXEC, "truncated");
	data[18] = 8; /* e_machine: MIPS */
	write_file(path, data, n);
	expect_refusal(path, -ENOEXEC, "another processor");
	unlink(path);
	free(data);
	assert_int_equal(engine_start(&small, &why), -ENOMEM);
	assert_non_null(strstr(why, "--mem"));
}

/* A crash of the stack: log, symbolised trace, SIGABRT; never a hang. */
static void test_death(void **state)
{
	char out[65536];
	size_t n = 0;
	int fd[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(fd), 0);
	pid = fork();
	if (!pid) {
		dup2(fd[1], 2);
		close(fd[0]);
		start(0);
		alarm(10);
		CALL(LKL_NR_NETDEV, 64); /* a kernel pointer that is none */
		_exit(0);
	}
	close(fd[1]);
	while (n < sizeof(out) - 1 && (got = read(fd[0], out + n, sizeof(out) - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = '\0';
	close(fd[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
	assert_non_null(strstr(out, "lkl_netdev_add+0x"));
	assert_non_null(strstr(out, "Linux version"));
	assert_non_null(strstr(out, "the network stack has died"));
}

/* Timers fire and threads are woken on a host that has no epoll_pwait2(). */
static void test_no_pwait2(void **state)
{
	struct sock_filter insn[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_epoll_pwait2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {sizeof(insn) / sizeof(insn[0]), insn};
	struct timespec ts = {0, 30000000};
	int status;
	pid_t pid = fork();

	if (!pid) {
		alarm(30);
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
			_exit(2);
		start(2);
		if (CALL(SYS_nanosleep, (long)&ts, 0))
			_exit(3);
		engine_stop();
		threads_on(2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A fault of the program's own reaches the program's own handler. */
static void on_segv(int sig)
{
	_exit(42);
}

static void test_own_fault(void **state)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		signal(SIGSEGV, on_segv);
		start(0);
		CALL(SYS_getppid, 0);
		*(volatile int *)16 = 1;
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void test_fork(void **state)
{
	int status;
	pid_t pid;

	start(0);
	CALL(SYS_getppid, 0);
	pid = fork();
	if (!pid) {
		engine_after_fork();
		if (engine_running() || CALL(SYS_getppid, 0) != -ENETDOWN)
			_exit(1);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(engine_running());
	assert_true(CALL(SYS_socket, AF_INET, SOCK_STREAM, 0) >= 0);
	engine_stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_prepare),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_faults_of_others),
		cmocka_unit_test(test_hosts_calls),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_loopback_copies),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_receiver_gone),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_host_descriptor),
		cmocka_unit_test(test_bad_images),
		cmocka_unit_test(test_death),
		cmocka_unit_test(test_no_pwait2),
		cmocka_unit_test(test_own_fault),
		cmocka_unit_test(test_fork),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
