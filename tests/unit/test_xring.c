// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_xring.c - the rings of AF_XDP, with the kernel's side played here.
 */
#include <sys/mman.h>
#include "backend/xring.h"
#include "unit.h"

#define SIZE 8

/* One ring in memory, seen from both sides. */
struct fake {
	uint32_t producer, consumer, flags;
	union {
		uint64_t addr[SIZE];
		struct xdp_desc desc[SIZE];
	};
};

static struct xring ring_of(struct fake *f, uint32_t start)
{
	f->producer = f->consumer = start;
	f->flags = 0;
	return (struct xring){&f->producer, &f->consumer, &f->flags, f->addr, start, SIZE, NULL, 0};
}

/* Indices count on, over the ring's end and over 2^32. */
static const uint32_t starts[] = {0, 5, SIZE - 1, 0xfffffffdu};

static void test_produce(void **state)
{
	for (unsigned int s = 0; s < ARRAY_SIZE(starts); s++) {
		struct fake f;
		struct xring r = ring_of(&f, starts[s]);

		assert_int_equal(xring_headroom(&r), SIZE);
		for (uint32_t i = 0; i < SIZE; i++)
			*xring_addr(&r, i) = 100 + i;
		assert_int_equal(f.producer, starts[s]); /* nothing is published yet */
		xring_produced(&r, SIZE);
		assert_int_equal(f.producer, starts[s] + SIZE);
		assert_int_equal(xring_headroom(&r), 0);
		assert_int_equal(xring_pending(&r), SIZE);
		for (uint32_t i = 0; i < SIZE; i++)
			assert_int_equal(f.addr[(starts[s] + i) % SIZE], 100 + i);
		f.consumer += 3;
		assert_int_equal(xring_headroom(&r), 3);
		assert_int_equal(xring_pending(&r), SIZE - 3);
		*xring_addr(&r, 0) = 200;
		xring_produced(&r, 1);
		assert_int_equal(f.addr[(starts[s] + SIZE) % SIZE], 200);
		assert_int_equal(xring_headroom(&r), 2);
	}
}

static void test_consume(void **state)
{
	for (unsigned int s = 0; s < ARRAY_SIZE(starts); s++) {
		struct fake f;
		struct xring r = ring_of(&f, starts[s]);

		assert_int_equal(xring_ready(&r), 0);
		for (uint32_t i = 0; i < 5; i++)
			f.desc[(starts[s] + i) % SIZE] = (struct xdp_desc){i * 4096, i, 0};
		f.producer += 5;
		assert_int_equal(xring_ready(&r), 5);
		for (uint32_t i = 0; i < 5; i++)
			assert_int_equal(xring_desc(&r, i)->len, i);
		assert_int_equal(f.consumer, starts[s]);
		xring_consumed(&r, 4);
		assert_int_equal(f.consumer, starts[s] + 4);
		assert_int_equal(xring_ready(&r), 1);
		assert_int_equal(xring_desc(&r, 0)->addr, 4 * 4096);
		xring_consumed(&r, 1);
		assert_int_equal(xring_ready(&r), 0);
	}
}

static void test_flags(void **state)
{
	struct fake f;
	struct xring r = ring_of(&f, 0);

	assert_false(xring_sleeps(&r));
	f.flags = XDP_RING_NEED_WAKEUP;
	assert_true(xring_sleeps(&r));
}

/* Everything lies where the kernel says, of the mapping of a file. */
static void test_map(void **state)
{
	const struct xdp_ring_offset o = {
		.producer = 64, .consumer = 128, .flags = 192, .desc = 256};
	int fd = memfd_create("ring", 0);
	struct xring r = {0};
	uint32_t word = 7;

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 8192), 0);
	assert_int_equal(pwrite(fd, &word, sizeof(word), 4096 + 64), sizeof(word));
	assert_int_equal(xring_map(&r, fd, 4096, &o, SIZE, sizeof(uint64_t)), 0);
	assert_int_equal(*r.producer, 7);
	assert_ptr_equal((char *)r.consumer - (char *)r.producer, 64);
	assert_ptr_equal((char *)r.entry - (char *)r.flags, 64);
	assert_int_equal(r.len, 256 + SIZE * sizeof(uint64_t));
	xring_unmap(&r);
	xring_unmap(&r);
	assert_null(r.map);
	close(fd);
	assert_int_equal(xring_map(&r, fd, 0, &o, SIZE, sizeof(uint64_t)), -EBADF);
	xring_unmap(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_produce),
		cmocka_unit_test(test_consume),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_map),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
