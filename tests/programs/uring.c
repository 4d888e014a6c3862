// SPDX-License-Identifier: GPL-2.0-only
/*
 * uring.c - fetch a file by HTTP with io_uring alone, which no seccomp filter can follow.
 *
 *	uring ADDRESS PATH	IPv4, port 80; prints "bytes N", headers among them
 *
 * One operation at a time: its entry is submitted and its completion waited for.
 */
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	int fd;
	struct io_uring_params p;
	struct io_uring_sqe *sqe;
	uint8_t *sq, *cq;
} ring;

static uint32_t *word_of(uint8_t *area, uint32_t offset)
{
	return (uint32_t *)(area + offset);
}

static int ring_open(void)
{
	size_t cq_len, sq_len;

	ring.fd = (int)syscall(SYS_io_uring_setup, 4, &ring.p);
	if (ring.fd < 0)
		return -1;
	sq_len = ring.p.sq_off.array + ring.p.sq_entries * sizeof(uint32_t);
	cq_len = ring.p.cq_off.cqes + ring.p.cq_entries * sizeof(struct io_uring_cqe);
	ring.sq =
		mmap(NULL, sq_len, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_SQ_RING);
	ring.cq =
		mmap(NULL, cq_len, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd, IORING_OFF_CQ_RING);
	ring.sqe = mmap(NULL, ring.p.sq_entries * sizeof(*ring.sqe), PROT_READ | PROT_WRITE,
			MAP_SHARED, ring.fd, IORING_OFF_SQES);
	return ring.sq == MAP_FAILED || ring.cq == MAP_FAILED || ring.sqe == MAP_FAILED ? -1 : 0;
}

/* The operation's result: bytes, or -errno. */
static int ring_do(struct io_uring_sqe what)
{
	uint32_t *tail = word_of(ring.sq, ring.p.sq_off.tail);
	uint32_t *head = word_of(ring.cq, ring.p.cq_off.head);
	uint32_t slot = *tail & *word_of(ring.sq, ring.p.sq_off.ring_mask);
	struct io_uring_cqe *done;

	ring.sqe[slot] = what;
	word_of(ring.sq, ring.p.sq_off.array)[slot] = slot;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring.fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1)
		return -1;
	done = (struct io_uring_cqe *)(ring.cq + ring.p.cq_off.cqes) +
	       (*head & *word_of(ring.cq, ring.p.cq_off.ring_mask));
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return done->res;
}

static int io(uint8_t opcode, int fd, const void *data, size_t len)
{
	return ring_do((struct io_uring_sqe){
		.opcode = opcode,
		.fd = fd,
		.addr = (uintptr_t)data,
		.len = opcode == IORING_OP_CONNECT ? 0 : (uint32_t)len,
		.off = opcode == IORING_OP_CONNECT ? len : 0,
	});
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(80)};
	static char buf[65536];
	long bytes = 0;
	int fd, n;

	if (argc != 3 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) {
		fprintf(stderr, "usage: uring ADDRESS PATH\n");
		return 2;
	}
	if (ring_open()) {
		perror("uring: no io_uring");
		return 3;
	}
	fd = socket(AF_INET, SOCK_STREAM, 0);
	n = io(IORING_OP_CONNECT, fd, &to, sizeof(to));
	if (n < 0) {
		fprintf(stderr, "uring: connect: %s\n", strerror(-n));
		return 1;
	}
	n = snprintf(buf, sizeof(buf), "GET %s HTTP/1.0\r\n\r\n", argv[2]);
	n = io(IORING_OP_SEND, fd, buf, (size_t)n);
	while (n > 0 && (n = io(IORING_OP_RECV, fd, buf, sizeof(buf))) > 0)
		bytes += n;
	printf("bytes %ld\n", bytes);
	return n < 0;
}
