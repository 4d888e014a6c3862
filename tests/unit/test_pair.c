// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_pair.c - the two ends between a program and the supervisor, and their buffers.
 */
#include "unit.h"
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "shadow/chunk.h"
#include "shadow/closing.h"
#include "shadow/pair.h"

static ino_t inode(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_ino;
}

static short state_of(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};

	assert_true(poll(&p, 1, 0) >= 0);
	return p.revents;
}

static void test_make(void **state)
{
	int theirs, ours;
	char buf[8];
	ino_t ino;

	assert_int_equal(pair_make(SOCK_STREAM, &theirs, &ours, &ino), 0);
	assert_int_equal(inode(theirs), ino);
	assert_true(fcntl(ours, F_GETFL) & O_NONBLOCK);
	assert_false(fcntl(theirs, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(theirs, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(write(theirs, "up", 2), 2);
	assert_int_equal(read(ours, buf, sizeof(buf)), 2);
	close(ours);
	assert_int_equal(read(theirs, buf, sizeof(buf)), 0);
	close(theirs);
}

/* Messages keep their boundaries, and closing is seen. */
static void test_messages(void **state)
{
	int theirs, ours;
	char buf[8];
	ino_t ino;

	assert_int_equal(pair_make(SOCK_SEQPACKET, &theirs, &ours, &ino), 0);
	assert_int_equal(send(theirs, "one", 3, 0), 3);
	assert_int_equal(send(theirs, "", 0, 0), 0);
	assert_int_equal(send(theirs, "three", 5, 0), 5);
	assert_int_equal(recv(ours, buf, sizeof(buf), 0), 3);
	assert_int_equal(recv(ours, buf, sizeof(buf), 0), 0);
	assert_int_equal(recv(ours, buf, sizeof(buf), 0), 5);
	close(theirs);
	assert_true(state_of(ours) & POLLHUP);
	close(ours);
}

static unsigned int nclosed;
static uint64_t last_closed;

static void closed(uint64_t id)
{
	nclosed++;
	last_closed = id;
}

/* An end with a name: ours can look away and come back; closing is told elsewhere. */
static void test_named(void **state)
{
	int theirs[3], ours[3], watch[3], copy;
	struct sockaddr_un name;
	socklen_t len = sizeof(name);
	ino_t ino;

	assert_true(closing_start() >= 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pair_make(SOCK_DGRAM, &theirs[i], &ours[i], &ino), 0);
		assert_int_equal(inode(theirs[i]), ino);
		watch[i] = closing_watch(theirs[i], 70 + (uint64_t)i);
		assert_true(watch[i] >= 0);
	}
	assert_int_equal(getsockname(theirs[0], (struct sockaddr *)&name, &len), 0);
	assert_true(len > sizeof(name.sun_family));
	assert_true(closing_take(closed));
	assert_int_equal(nclosed, 0);
	copy = dup(theirs[0]);
	close(theirs[0]);
	assert_true(closing_take(closed));
	assert_int_equal(nclosed, 0);
	close(copy);
	assert_true(closing_take(closed));
	assert_int_equal(nclosed, 1);
	assert_int_equal(last_closed, 70);
	closing_forget(watch[0]); /* once more does no harm */
	closing_forget(watch[1]);
	close(theirs[1]);
	close(theirs[2]);
	assert_true(closing_take(closed));
	assert_int_equal(nclosed, 2);
	assert_int_equal(last_closed, 72);
	for (int i = 0; i < 3; i++)
		close(ours[i]);
	assert_true(closing_take(closed));
	assert_int_equal(nclosed, 2);
}

/* Alone it behaves as TCP without a peer; joined, it is the same socket. */
static void test_join(void **state)
{
	int theirs, copy, ours;
	char buf[8];
	ino_t ino;

	assert_int_equal(pair_alone(&theirs, &ino), 0);
	copy = dup(theirs);
	assert_int_equal(state_of(theirs), POLLOUT | POLLHUP);
	assert_int_equal(recv(theirs, buf, 1, 0), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(send(theirs, "x", 1, MSG_NOSIGNAL), -1);
	assert_int_equal(errno, ENOTCONN);
	ours = pair_join(theirs);
	assert_true(ours >= 0);
	assert_int_equal(inode(theirs), ino);
	assert_int_equal(state_of(copy), POLLOUT);
	assert_int_equal(write(copy, "up", 2), 2);
	assert_int_equal(read(ours, buf, sizeof(buf)), 2);
	assert_int_equal(pair_join(theirs), -EISCONN);
	close(theirs);
	assert_false(state_of(ours) & POLLHUP);
	close(copy);
	assert_true(state_of(ours) & POLLHUP);
	close(ours);
}

/* An end that is closed with data unread resets the other. */
static void test_reset(void **state)
{
	int theirs, ours;
	char buf[8];
	ino_t ino;

	assert_int_equal(pair_make(SOCK_STREAM, &theirs, &ours, &ino), 0);
	assert_int_equal(write(ours, "data", 4), 4);
	assert_int_equal(write(theirs, "x", 1), 1);
	close(ours);
	assert_int_equal(read(theirs, buf, sizeof(buf)), 4); /* data first */
	assert_int_equal(read(theirs, buf, sizeof(buf)), -1);
	assert_int_equal(errno, ECONNRESET);
	close(theirs);
}

static void test_chunks(void **state)
{
	struct chunk *c[40];

	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		c[i] = chunk_get();
		assert_non_null(c[i]);
		assert_int_equal(c[i]->len, 0);
		memset(c[i]->data, (int)i, CHUNK_SIZE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(c); i++) {
		assert_int_equal(c[i]->data[CHUNK_SIZE - 1], i);
		chunk_put(c[i]);
	}
	chunk_put(NULL);
	c[0] = chunk_get();
	assert_ptr_equal(c[0]->next, NULL);
	chunk_put(c[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_make),  cmocka_unit_test(test_messages),
		cmocka_unit_test(test_join),  cmocka_unit_test(test_reset),
		cmocka_unit_test(test_named), cmocka_unit_test(test_chunks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
