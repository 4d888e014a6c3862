// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_shadow_call.c - what is read about a caller: its signals, its descriptors.
 */
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "shadow/call.h"
#include "shadow/holder.h"
#include "unit.h"

static void nothing(int sig)
{
}

/* A stopped child with a signal waiting, and in @groups groups; 0 if that is not allowed. */
static pid_t stopped(int groups)
{
	gid_t list[5000];
	int status;
	pid_t pid = fork();

	if (!pid) {
		for (int i = 0; i < groups; i++)
			list[i] = (gid_t)(1000000 + i);
		if (groups && setgroups((size_t)groups, list))
			_exit(1);
		signal(SIGUSR1, nothing);
		raise(SIGSTOP);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	return WIFSTOPPED(status) ? pid : 0;
}

static void ended(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* However long a line of /proc/PID/status before it is. */
static void test_signal(void **state)
{
	bool quiet;

	for (int groups = 0; groups <= 5000; groups += 5000) {
		struct call c = {.tid = stopped(groups)};

		if (!c.tid) {
			fprintf(stderr, "SKIP: setgroups() needs root\n");
			return;
		}
		assert_int_equal(call_signal(&c, &quiet), CALL_NO_SIGNAL);
		assert_true(quiet);
		assert_int_equal(c.tgid, c.tid);
		kill(c.tid, SIGUSR1);
		assert_int_equal(call_signal(&c, &quiet), CALL_SIGNAL);
		assert_false(quiet);
		ended(c.tid);
	}
}

static void *waiting(void *arg)
{
	*(_Atomic pid_t *)arg = (pid_t)syscall(SYS_gettid);
	pause();
	return arg;
}

/* A signal to a process is its first thread's, unless that blocks it; then it is another's. */
static void test_signal_of_threads(void **state)
{
	_Atomic pid_t *tid =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	bool quiet;

	assert_ptr_not_equal(tid, MAP_FAILED);
	for (int blocks = 0; blocks < 2; blocks++) {
		struct call first = {0}, other = {0};
		int status;

		first.tid = fork();
		if (!first.tid) {
			pthread_t thread;
			sigset_t set;

			signal(SIGUSR1, nothing);
			if (pthread_create(&thread, NULL, waiting, (void *)tid))
				_exit(1);
			while (!*tid)
				usleep(1000);
			sigfillset(&set);
			if (blocks)
				pthread_sigmask(SIG_BLOCK, &set, NULL);
			kill(getpid(), SIGSTOP);
			pause();
			_exit(0);
		}
		assert_int_equal(waitpid(first.tid, &status, WUNTRACED), first.tid);
		other.tid = *tid;
		assert_int_equal(call_signal(&other, &quiet), CALL_NO_SIGNAL);
		assert_true(quiet);
		assert_int_equal(other.tgid, first.tid);
		kill(first.tid, SIGUSR1);
		assert_int_equal(call_signal(&first, &quiet),
				 blocks ? CALL_NO_SIGNAL : CALL_SIGNAL);
		assert_false(quiet);
		assert_int_equal(call_signal(&other, &quiet),
				 blocks ? CALL_SIGNAL_SHARED : CALL_NO_SIGNAL);
		assert_false(quiet);
		ended(first.tid);
		*tid = 0;
	}
	munmap((void *)tid, 4096);
}

/* An end is found in a child, and in its child, under whatever number. */
static void test_holder(void **state)
{
	int sv[2], up[2], fd, number = 0;
	struct stat st, got;
	pid_t pid, grandchild, holder = 0;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(pipe(up), 0);
	fstat(sv[0], &st);
	pid = fork();
	if (!pid) {
		grandchild = fork();
		if (!grandchild) {
			dup2(sv[0], 77);
			close(sv[0]);
			assert_int_equal(write(up[1], "x", 1), 1);
			pause();
		}
		close(sv[0]);
		assert_int_equal(write(up[1], &grandchild, sizeof(grandchild)), sizeof(pid_t));
		pause();
	}
	close(sv[0]);
	grandchild = 0;
	for (size_t n = 0; n < 1 + sizeof(pid_t);) {
		char buf[8];
		ssize_t r = read(up[0], buf, sizeof(buf));

		assert_true(r > 0);
		if (r >= (ssize_t)sizeof(pid_t)) /* alone, or with the byte before or behind it */
			memcpy(&grandchild, buf + (r > (ssize_t)sizeof(pid_t) && buf[0] == 'x'),
			       sizeof(pid_t));
		n += (size_t)r;
	}
	fd = holder_peek(st.st_ino, &holder, &number);
	assert_true(fd >= 0);
	assert_int_equal(holder, grandchild);
	assert_int_equal(number, 77);
	assert_int_equal(fstat(fd, &got), 0);
	assert_int_equal(got.st_ino, st.st_ino);
	close(fd);
	ended(pid);
	kill(grandchild, SIGKILL);
	while (holder_peek(st.st_ino, &holder, &number) >= 0)
		usleep(1000);
	assert_int_equal(holder_peek(st.st_ino, &holder, &number), -ESRCH);
	close(sv[1]);
	close(up[0]);
	close(up[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signal),
		cmocka_unit_test(test_signal_of_threads),
		cmocka_unit_test(test_holder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
