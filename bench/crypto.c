// SPDX-License-Identifier: GPL-2.0-only
/*
 * crypto.c - how fast a kernel image encrypts: with general registers, and with vector registers.
 *
 * What is measured is WireGuard's own call, chacha20poly1305_encrypt_sg_inplace() on one packet,
 * inside the running image (tests/programs/ciphers.h). For each size of a message and each kind of
 * instructions that this processor has, the kinds in turn, there are ROUNDS rounds of ROUND_S
 * seconds of processor time; the figure is the median in MB/s.
 *
 * General registers are the tree's C for ChaCha20, and its assembly without vector registers for
 * Poly1305: a quarter faster than its C for both, which an image without the vector code has
 * (--image). The goal of 3 is about 4 times the latter. Curve25519, of which a handshake computes
 * five on each side, is C in all images.
 *
 * Options: --image FILE. Exits 0; the goal is marked, not enforced.
 */
#include <time.h>
#include "../tests/programs/ciphers.h"

#define ROUNDS	5
#define ROUND_S 0.1
#define TAG	16
#define PACKET	1440 /* of MTU 1420, padded */
#define GOAL	3.0

static const int sizes[] = {64, 576, PACKET, 16384};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))

/* Of this thread, which runs the image: the machine may be busy. */
static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

struct work {
	int size;
	unsigned int count;
};

static void encrypt(void *arg)
{
	static const uint8_t key[32] = "a key of any bytes does as well";
	const struct work *w = arg;

	scatter(0, 0, w->size + TAG);
	for (unsigned int i = 0; i < w->count; i++)
		seal_sg(SCATTERED, (size_t)w->size, NULL, 0, i, key);
}

/* MB/s of one round; the count of messages is found by doubling. */
static double rate(int size)
{
	struct work w = {size, 1};
	double t;

	for (;; w.count *= 2) {
		t = now();
		inside(encrypt, &w);
		t = now() - t;
		if (t >= ROUND_S / 2)
			return (double)size * w.count / t / 1e6;
	}
}

static void (*curve25519)(uint8_t *out, const uint8_t *secret, const uint8_t *point);

static void multiply(void *arg)
{
	static const uint8_t secret[32] = {8, 1, 2, 3, [31] = 64};
	uint8_t point[32] = {9};

	for (unsigned int i = 0; i < *(unsigned int *)arg; i++)
		curve25519(point, secret, point);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

int main(int argc, char **argv)
{
	const char *path = "build/personalities/linux-6.12.so";
	static double v[LEVELS][SIZES][ROUNDS];
	double curve[ROUNDS], packet[LEVELS] = {0}, best = 0;
	unsigned int n = 1000;

	if (argc == 3 && !strcmp(argv[1], "--image")) {
		path = argv[2];
	} else if (argc != 1) {
		fprintf(stderr, "usage: crypto [--image FILE]\n");
		return 2;
	}
	ciphers_start(path);
	inside(scatter_init, NULL);
	if (!scattered.size)
		ciphers_fail("scatterlist", "has no mark of its end");
	curve25519 = must_have("curve25519_generic");
	for (int round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < SIZES * LEVELS; i++) {
			size_t s = i / LEVELS, l = i % LEVELS;

			if (!level_is_there[l])
				continue;
			set_level(l);
			v[l][s][round] = rate(sizes[s]);
		}
		curve[round] = now();
		inside(multiply, &n);
		curve[round] = (now() - curve[round]) / n * 1e6;
	}

	printf("ChaCha20-Poly1305, MB/s; bytes of a message: ");
	for (size_t s = 0; s < SIZES; s++)
		printf("%8d", sizes[s]);
	printf("\n");
	for (size_t l = 0; l < LEVELS; l++) {
		if (!level_is_there[l])
			continue;
		printf("  %-43s", levels[l].name);
		for (size_t s = 0; s < SIZES; s++) {
			double m = median(v[l][s]);

			printf("%8.0f", m);
			if (sizes[s] == PACKET)
				packet[l] = m;
		}
		printf("\n");
		if (packet[l] > best)
			best = packet[l];
	}
	printf("a full packet: %.1f times as fast as with general registers, goal %.1f: %s\n",
	       best / packet[0], GOAL, best >= GOAL * packet[0] ? "met" : "MISSED");
	printf("Curve25519: %.0f microseconds each\n", median(curve));
	engine_stop();
	return 0;
}
