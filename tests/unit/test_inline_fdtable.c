// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_inline_fdtable.c - which numbers are the stack's: slots, open descriptions, copies,
 * placeholders, what a fork and an exec leave of them.
 */
#include "inline.h"
#include <linux/close_range.h>
#include <sys/wait.h>

#define HEIR	60 /* inherited placeholder of a socket; the next one is a plain socket */
#define NO_HEIR 61

static int stack_fd(int type)
{
	int fd = socket(AF_INET, type, 0);

	assert_true(fd >= 0);
	assert_int_equal(slot_kind(fd_slot(fd)), FD_SOCKET);
	return fd;
}

/* Is the stack's descriptor behind a slot open? */
static bool lives(uint64_t slot)
{
	return RAWSYS(SYS_fcntl, standin_host(slot_stack(slot)), F_GETFD) >= 0;
}

static bool host_has(int fd)
{
	return RAWSYS(SYS_fcntl, fd, F_GETFD) >= 0;
}

/* What is put in comes out, at the first number and at the last; then it is empty. */
static void test_slots(void **state)
{
	static const enum fd_kind kinds[] = {FD_SOCKET, FD_EPOLL, FD_FILE, FD_INTERNAL, FD_MOVED};
	static const int numbers[] = {300, FDTABLE_MAX - 1};

	for (size_t n = 0; n < ARRAY_SIZE(numbers); n++) {
		for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
			struct desc *d = desc_new();
			uint64_t slot;

			assert_non_null(d);
			assert_int_equal(fd_slot(numbers[n]), 0);
			assert_true(fd_set_slot(numbers[n], kinds[i], d, 0x12345));
			slot = fd_slot(numbers[n]);
			assert_int_equal(slot_kind(slot), kinds[i]);
			assert_int_equal(slot_stack(slot), 0x12345);
			assert_ptr_equal(slot_desc(slot), d);
			assert_int_equal(slot_ours(slot), kinds[i] & 1);
			assert_true(fd_top() > numbers[n]);
			assert_int_equal(fd_take(numbers[n]), slot);
			assert_int_equal(fd_take(numbers[n]), 0);
			assert_int_equal(fd_slot(numbers[n]), 0);
			desc_put(d);
		}
	}
}

static void test_no_slot(void **state)
{
	static const int numbers[] = {-1, FDTABLE_MAX, INT32_MAX, INT32_MIN};
	struct desc *d = desc_new();

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		assert_false(fd_set_slot(numbers[i], FD_SOCKET, d, 1));
		assert_int_equal(fd_slot(numbers[i]), 0);
		assert_int_equal(fd_take(numbers[i]), 0);
	}
	desc_put(d);
}

/* References; one that was given up is not to be had again, and its place is used again, clean. */
static void test_references(void **state)
{
	struct desc *d = desc_new(), *next;

	assert_non_null(d);
	assert_int_equal(atomic_load(&d->refs), 1);
	assert_int_equal(atomic_load(&d->epoll), -1);
	assert_true(desc_get(d));
	d->reg[0].ep = 7;
	d->hosted = 5;
	desc_put(d);
	assert_int_equal(d->reg[0].ep, 7);
	desc_put(d);
	assert_false(desc_get(d));
	next = desc_new();
	assert_ptr_equal(next, d);
	assert_int_equal(atomic_load(&next->refs), 1);
	assert_int_equal(atomic_load(&next->epoll), -1);
	assert_int_equal(atomic_load(&next->hosted), 0);
	for (int i = 0; i < DESC_REGS; i++)
		assert_int_equal(next->reg[i].ep, -1);
	desc_put(next);
}

static void *take_and_give(void *arg)
{
	struct desc *mine[64];

	for (int round = 0; round < 200; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(mine); i++) {
			mine[i] = desc_new();
			if (!mine[i] || mine[i]->hosted)
				return "not clean";
			mine[i]->hosted = 1 + (int)(intptr_t)arg;
		}
		for (size_t i = 0; i < ARRAY_SIZE(mine); i++) {
			if (mine[i]->hosted != 1 + (int)(intptr_t)arg)
				return "somebody else's";
			desc_put(mine[i]);
		}
	}
	return NULL;
}

/* Several threads: nobody gets another's. */
static void test_pool(void **state)
{
	pthread_t thread[4];

	for (size_t i = 0; i < ARRAY_SIZE(thread); i++)
		assert_int_equal(
			pthread_create(&thread[i], NULL, take_and_give, (void *)(intptr_t)i), 0);
	for (size_t i = 0; i < ARRAY_SIZE(thread); i++) {
		void *wrong;

		pthread_join(thread[i], &wrong);
		assert_null(wrong);
	}
}

/* There are DESC_MAX: the next socket finds none and leaves nothing open; then there are again. */
static void test_exhausted(void **state)
{
	struct desc **all = calloc(DESC_MAX + 1, sizeof(*all));
	unsigned int n = 0, before;

	assert_non_null(all);
	while ((all[n] = desc_new()))
		n++;
	assert_in_range(n, DESC_MAX - 64, DESC_MAX);
	before = standin_calls(SYS_close);
	assert_int_equal(socket(AF_INET, SOCK_DGRAM, 0), -1);
	assert_int_equal(errno, ENFILE);
	assert_int_equal(standin_calls(SYS_close), before + 1);
	while (n--)
		desc_put(all[n]);
	free(all);
	close(stack_fd(SOCK_DGRAM));
}

/* The numbers are the host's: the lowest free one, with its flags. */
static void test_numbers(void **state)
{
	int fd = stack_fd(SOCK_DGRAM), second = stack_fd(SOCK_STREAM | SOCK_CLOEXEC), pipes[2];

	assert_int_equal(second, fd + 1);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(second, F_GETFD), FD_CLOEXEC);
	close(fd);
	host_pipe(pipes);
	assert_int_equal(pipes[0], fd);
	assert_int_equal(fd_slot(fd), 0);
	assert_int_equal(stack_fd(SOCK_DGRAM), pipes[1] + 1);
	close(pipes[1] + 1);
	close(second);
	close_pipe(pipes);
	assert_int_equal(close(second), -1);
	assert_int_equal(errno, EBADF);
}

/* Each copy has a descriptor of the stack's of its own, and all have one description. */
static void test_copies(void **state)
{
	for (int how = 0; how < 5; how++) {
		int fd = stack_fd(SOCK_DGRAM), onto = -1, copy = -1;
		uint64_t was = fd_slot(fd), slot, replaced = 0;
		struct desc *d = slot_desc(was);

		if (how >= 3) {
			onto = stack_fd(SOCK_DGRAM);
			replaced = fd_slot(onto);
		}
		switch (how) {
		case 0:
			copy = dup(fd);
			break;
		case 1:
			copy = fcntl(fd, F_DUPFD, 200);
			assert_int_equal(copy, 200);
			break;
		case 2:
			copy = fcntl(fd, F_DUPFD_CLOEXEC, 200);
			break;
		case 3:
			copy = dup2(fd, onto);
			break;
		case 4:
			copy = dup3(fd, onto, O_CLOEXEC);
			break;
		}
		assert_true(copy >= 0 && copy != fd);
		slot = fd_slot(copy);
		assert_int_equal(slot_kind(slot), FD_SOCKET);
		assert_ptr_equal(slot_desc(slot), d);
		assert_int_not_equal(slot_stack(slot), slot_stack(was));
		assert_int_equal(atomic_load(&d->refs), 2);
		assert_int_equal(fcntl(copy, F_GETFD), how == 2 || how == 4 ? FD_CLOEXEC : 0);
		if (onto >= 0) {
			assert_int_equal(copy, onto);
			assert_false(lives(replaced) && slot_stack(replaced) != slot_stack(slot));
		}
		close(fd);
		assert_false(lives(was));
		assert_true(lives(slot));
		assert_int_equal(atomic_load(&d->refs), 1);
		close(copy);
		assert_false(lives(slot));
		assert_int_equal(atomic_load(&d->refs), 0);
	}
}

/* Onto itself, from nothing, onto what is the host's and the other way round. */
static void test_copies_mixed(void **state)
{
	int fd = stack_fd(SOCK_DGRAM), pipes[2];
	uint64_t slot = fd_slot(fd);

	host_pipe(pipes);
	assert_int_equal(dup2(fd, fd), fd);
	assert_int_equal(fd_slot(fd), slot);
	assert_int_equal(dup3(fd, fd, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(dup2(99999, fd), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(fd_slot(fd), slot);
	assert_true(lives(slot));
	assert_int_equal(dup2(fd, 1 << 30), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(atomic_load(&slot_desc(slot)->refs), 1);
	/* The stack's onto a pipe's end: its other end sees that it was closed. */
	assert_int_equal(dup2(fd, pipes[0]), pipes[0]);
	assert_int_equal(slot_kind(fd_slot(pipes[0])), FD_SOCKET);
	assert_int_equal(poll(&(struct pollfd){.fd = pipes[1]}, 1, 0), 1);
	/* And a pipe's onto the stack's. */
	assert_int_equal(dup2(pipes[1], fd), fd);
	assert_int_equal(fd_slot(fd), 0);
	assert_false(lives(slot));
	close(fd);
	close_pipe(pipes);
}

/* Persona's own descriptors do not exist for the program. */
static void test_internal(void **state)
{
	int own = (int)RAWSYS(SYS_fcntl, STDERR_FILENO, F_DUPFD, 250), fd = stack_fd(SOCK_DGRAM);

	fd_internal(own, true);
	assert_int_equal(slot_kind(fd_slot(own)), FD_INTERNAL);
	assert_int_equal(close(own), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(dup(own), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(dup2(own, fd), -1);
	assert_int_equal(errno, EBADF);
	assert_int_equal(dup2(fd, own), -1);
	assert_int_equal(errno, EBUSY);
	assert_int_equal(close_range(240, 260, 0), 0);
	assert_true(host_has(own));
	fd_internal(own, false);
	assert_int_equal(fd_slot(own), 0);
	assert_int_equal(close(own), 0);
	/* Not to be taken from a socket. */
	fd_internal(fd, false);
	assert_int_equal(slot_kind(fd_slot(fd)), FD_SOCKET);
	close(fd);
}

/* A range of numbers: the stack's and the host's go, Persona's stay. */
static void test_ranges(void **state)
{
	for (int how = 0; how < 3; how++) {
		int first = 210, fd = stack_fd(SOCK_DGRAM), pipes[2], own;
		uint64_t slot[2];

		host_pipe(pipes);
		assert_int_equal(dup2(fd, first), first);
		assert_int_equal(dup2(pipes[0], first + 1), first + 1);
		own = (int)RAWSYS(SYS_fcntl, STDERR_FILENO, F_DUPFD, first + 2);
		fd_internal(own, true);
		assert_int_equal(dup2(fd, first + 5), first + 5);
		slot[0] = fd_slot(first);
		slot[1] = fd_slot(first + 5);
		if (how == 0)
			assert_int_equal(close_range((unsigned int)first, ~0u, 0), 0);
		else if (how == 1)
			closefrom(first);
		else
			assert_int_equal(close_range((unsigned int)first, (unsigned int)first + 9,
						     CLOSE_RANGE_CLOEXEC),
					 0);
		for (int i = 0; i < 2; i++)
			assert_int_equal(lives(slot[i]), how == 2);
		assert_int_equal(host_has(first + 1), how == 2);
		assert_true(host_has(own));
		assert_int_equal(slot_kind(fd_slot(own)), FD_INTERNAL);
		/* Those below are as they were; and so are the stack's own descriptors. */
		assert_true(lives(fd_slot(fd)));
		assert_true(host_has(pipes[0]));
		if (how == 2) {
			assert_int_equal(fcntl(first, F_GETFD), FD_CLOEXEC);
			assert_int_equal(
				close_range((unsigned int)first, (unsigned int)first + 9, 0), 0);
		}
		fd_internal(own, false);
		close(own);
		close(fd);
		close_pipe(pipes);
	}
}

/* A placeholder: a socket to the host, of no use but to hold its number. */
static void test_placeholder(void **state)
{
	for (int cloexec = 0; cloexec < 2; cloexec++) {
		int fd = fd_placeholder(cloexec), type = 0;
		socklen_t len = sizeof(type);
		char byte;

		assert_true(fd >= 0);
		assert_int_equal(fd_slot(fd), 0);
		assert_int_equal(fcntl(fd, F_GETFD), cloexec ? FD_CLOEXEC : 0);
		assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &type, &len), 0);
		assert_int_equal(type, AF_UNIX);
		assert_int_equal(RAWSYS(SYS_read, fd, &byte, 1), -EINVAL);
		close(fd);
	}
}

/* In the child the sockets are there and say ENETDOWN; the parent's are as they were. */
static void test_fork(void **state)
{
	struct sockaddr_in at;
	int fd = stack_socket(&at), status, epoll = epoll_create1(0);
	struct epoll_event ev = {.events = EPOLLIN};
	uint64_t slot = fd_slot(fd);
	pid_t pid;

	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev), 0);
	pid = fork();
	if (!pid) {
		char byte;
		int step = 1, copy;

		/* Each step that fails is the child's exit status. */
#define STEP(condition) (!(condition) ? (void)RAWSYS(SYS_exit_group, step) : (void)step++)
		STEP(recv(fd, &byte, 1, 0) == -1 && errno == ENETDOWN);
		STEP(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, -1) == -1 &&
		     errno == ENETDOWN);
		STEP(epoll_wait(epoll, &ev, 1, -1) == -1 && errno == ENETDOWN);
		STEP(socket(AF_INET, SOCK_DGRAM, 0) == -1 && errno == ENETDOWN);
		copy = dup(fd);
		STEP(copy >= 0 && slot_kind(fd_slot(copy)) == FD_SOCKET);
		STEP(close(copy) == 0 && close(fd) == 0 && fd_slot(fd) == 0);
		STEP(desc_new() != NULL); /* the pool's lock is free */
		RAWSYS(SYS_exit_group, 0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(fd_slot(fd), slot);
	assert_true(lives(slot));
	feed_stack(&at, "news");
	assert_int_equal(epoll_wait(epoll, &ev, 1, FOREVER), 1);
	close(epoll);
	close(fd);
}

/* Around a fork the pool is locked: another thread waits for it, and goes on in the parent. */
static void test_fork_phases(void **state)
{
	struct desc *d;

	fdtable_fork(0);
	fdtable_fork(1);
	d = desc_new();
	assert_non_null(d);
	fdtable_fork(0);
	fdtable_fork(2);
	desc_put(d);
	assert_ptr_equal(desc_new(), d);
	desc_put(d);
}

/* What the program before this one left: its placeholder is a socket without a stack. */
static void test_heirs(void **state)
{
	struct pollfd p = {.fd = HEIR, .events = POLLIN};
	char byte;
	int copy;

	assert_int_equal(slot_kind(fd_slot(HEIR)), FD_SOCKET);
	assert_int_equal(slot_stack(fd_slot(HEIR)), FD_DEAD);
	assert_int_equal(recv(HEIR, &byte, 1, 0), -1);
	assert_int_equal(errno, ENETDOWN);
	assert_int_equal(poll(&p, 1, 0), -1);
	assert_int_equal(errno, ENETDOWN);
	close(stack_fd(SOCK_DGRAM)); /* a stack for this program makes no difference to them */
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_int_equal(p.revents, POLLNVAL);
	assert_int_equal(recv(HEIR, &byte, 1, 0), -1);
	assert_int_equal(errno, ENETDOWN);
	copy = dup(HEIR);
	assert_true(copy >= 0);
	assert_int_equal(slot_stack(fd_slot(copy)), FD_DEAD);
	assert_int_equal(close(copy), 0);
	assert_int_equal(close(HEIR), 0);
	assert_int_equal(fd_slot(HEIR), 0);
	/* A socket of the host's that it left is the host's. */
	assert_int_equal(fd_slot(NO_HEIR), 0);
	assert_int_equal(recv(NO_HEIR, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EINVAL);
	/* Looked for again: what is known stays what it is. */
	copy = stack_fd(SOCK_DGRAM);
	fd_inherited();
	assert_int_not_equal(slot_stack(fd_slot(copy)), FD_DEAD);
	close(copy);
	close(NO_HEIR);
}

/* The program that is followed by this one. */
static void leave_behind(void)
{
	int fd = fd_placeholder(false), plain = socket(AF_UNIX, SOCK_STREAM, 0);

	dup2(fd, HEIR);
	dup2(plain, NO_HEIR);
	close(fd);
	close(plain);
}

int main(int argc, char *argv[])
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heirs),	     cmocka_unit_test(test_slots),
		cmocka_unit_test(test_no_slot),	     cmocka_unit_test(test_references),
		cmocka_unit_test(test_pool),	     cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_numbers),	     cmocka_unit_test(test_copies),
		cmocka_unit_test(test_copies_mixed), cmocka_unit_test(test_internal),
		cmocka_unit_test(test_ranges),	     cmocka_unit_test(test_placeholder),
		cmocka_unit_test(test_fork),	     cmocka_unit_test(test_fork_phases),
	};

	inline_begin(argv, leave_behind);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
