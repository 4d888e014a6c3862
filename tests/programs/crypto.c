// SPDX-License-Identifier: GPL-2.0-only
/*
 * crypto.c - does a kernel image encrypt as RFC 8439 says, with each kind of instructions?
 *
 * usage: crypto IMAGE
 *
 * WireGuard's cipher, ChaCha20-Poly1305, is the image's own (tests/programs/ciphers.h has how it is
 * called). Each level of instructions that this processor has is tried: the RFC's vectors; then,
 * against a plain implementation here, all short lengths and many longer ones at all alignments,
 * keys and texts that are random or all ones (carries), and scatterlists cut at any place, as
 * they come from socket buffers; a forged byte must be found. TAP on standard output.
 *
 * The plain implementation is itself held against the vectors.
 */
#include <sys/random.h>
#include "ciphers.h"
#include "rfc8439.h"

#define TAG	16
#define LONGEST 9000
#define EVERY	700 /* lengths up to here are all tried */
#define LONGER	400
#define CUTS	600

static unsigned int tests, failures;

static void result(bool good, const char *level, const char *what)
{
	tests++;
	failures += !good;
	printf("%sok %u - %s: %s\n", good ? "" : "not ", tests, level, what);
	fflush(stdout);
}

/* ---- a plain implementation ---- */

static uint32_t le32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return v;
}

static void quarter(uint32_t *x, int a, int b, int c, int d)
{
#define STEP(a, b, d, n) (x[a] += x[b], x[d] ^= x[a], x[d] = x[d] << (n) | x[d] >> (32 - (n)))
	STEP(a, b, d, 16);
	STEP(c, d, b, 12);
	STEP(a, b, d, 8);
	STEP(c, d, b, 7);
#undef STEP
}

/* @iv: counter and nonce, 16 bytes */
static void plain_chacha(uint8_t *to, const uint8_t *from, size_t len, const uint8_t *key,
			 const uint8_t *iv)
{
	uint32_t s[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574}, x[16];

	for (int i = 0; i < 8; i++)
		s[4 + i] = le32(key + 4 * i);
	for (int i = 0; i < 4; i++)
		s[12 + i] = le32(iv + 4 * i);
	for (size_t done = 0; done < len; done += 64, s[12]++) {
		memcpy(x, s, sizeof(x));
		for (int i = 0; i < 10; i++) {
			for (int c = 0; c < 4; c++)
				quarter(x, c, 4 + c, 8 + c, 12 + c);
			for (int c = 0; c < 4; c++)
				quarter(x, c, 4 + (c + 1) % 4, 8 + (c + 2) % 4, 12 + (c + 3) % 4);
		}
		for (int i = 0; i < 16; i++)
			x[i] += s[i];
		for (size_t i = 0; i < 64 && done + i < len; i++)
			to[done + i] = from[done + i] ^ ((const uint8_t *)x)[i];
	}
}

/* 130 bits in five pieces of 26. */
static void plain_poly(uint8_t tag[TAG], const uint8_t *text, size_t len, const uint8_t *key)
{
	const uint64_t low = 0x3ffffff;
	uint64_t r[5], h[5] = {0}, d[5], c;
	unsigned __int128 sum;

	r[0] = le32(key) & 0x3ffffff;
	r[1] = le32(key + 3) >> 2 & 0x3ffff03;
	r[2] = le32(key + 6) >> 4 & 0x3ffc0ff;
	r[3] = le32(key + 9) >> 6 & 0x3f03fff;
	r[4] = le32(key + 12) >> 8 & 0x00fffff;
	for (; len; text += TAG) {
		size_t n = len < TAG ? len : TAG;
		uint8_t b[TAG + 4] = {0};

		len -= n;
		memcpy(b, text, n);
		b[n] = 1;
		h[0] += le32(b) & low;
		h[1] += le32(b + 3) >> 2 & low;
		h[2] += le32(b + 6) >> 4 & low;
		h[3] += le32(b + 9) >> 6 & low;
		h[4] += le32(b + 12) >> 8 | (uint64_t)b[16] << 24;
		for (int i = 0; i < 5; i++) {
			d[i] = 0;
			for (int j = 0; j < 5; j++)
				d[i] += h[j] * (j <= i ? r[i - j] : 5 * r[5 + i - j]);
		}
		for (int i = 0; i < 5; i++) {
			c = d[i] >> 26;
			h[i] = d[i] & low;
			if (i < 4)
				d[i + 1] += c;
			else
				h[0] += 5 * c;
		}
		h[1] += h[0] >> 26;
		h[0] &= low;
	}
	/* Fully carried, then less than 2^130 - 5. */
	for (int turn = 0; turn < 2; turn++)
		for (int i = 0; i < 5; i++) {
			c = h[i] >> 26;
			h[i] &= low;
			h[(i + 1) % 5] += i < 4 ? c : 5 * c;
		}
	if (h[4] == low && h[3] == low && h[2] == low && h[1] == low && h[0] >= low - 4) {
		h[0] -= low - 4;
		h[1] = h[2] = h[3] = h[4] = 0;
	}
	sum = h[0] | (unsigned __int128)h[1] << 26 | (unsigned __int128)h[2] << 52 |
	      (unsigned __int128)h[3] << 78 | (unsigned __int128)h[4] << 104;
	sum += le32(key + 16) | (unsigned __int128)le32(key + 20) << 32 |
	       (unsigned __int128)le32(key + 24) << 64 | (unsigned __int128)le32(key + 28) << 96;
	memcpy(tag, &sum, TAG);
}

/* What the tag is made of: additional data, encrypted text, both lengths, padded to 16 bytes. */
static size_t tagged(uint8_t *out, const uint8_t *text, size_t len, const uint8_t *ad,
		     size_t ad_len)
{
	uint64_t lens[2] = {ad_len, len};
	size_t n = (ad_len + 15) & ~15UL, all = n + ((len + 15) & ~15UL);

	memset(out, 0, all);
	memcpy(out, ad, ad_len);
	memcpy(out + n, text, len);
	memcpy(out + all, lens, sizeof(lens));
	return all + sizeof(lens);
}

/* @iv: 0 as counter, and the nonce */
static void plain_seal(uint8_t *to, const uint8_t *from, size_t len, const uint8_t *ad,
		       size_t ad_len, const uint8_t iv[16], const uint8_t *key)
{
	static uint8_t bytes[LONGEST + 256];
	uint8_t first[64] = {0}, next[16];

	memcpy(next, iv, sizeof(next));
	plain_chacha(first, first, sizeof(first), key, next);
	next[0] = 1;
	plain_chacha(to, from, len, key, next);
	plain_poly(to + len, bytes, tagged(bytes, to, len, ad, ad_len), first);
}

/* ---- the image's ---- */

static void (*chacha_init)(uint32_t *state, const uint32_t *key, const uint8_t *iv);
static void (*chacha_crypt)(uint32_t *state, uint8_t *to, const uint8_t *from, unsigned int len,
			    int rounds);
static void (*poly_init)(void *state, const uint8_t *key);
static void (*poly_update)(void *state, const uint8_t *from, unsigned int len);
static void (*poly_final)(void *state, uint8_t *tag);

struct job {
	uint8_t *to;
	const uint8_t *from, *ad, *key, *iv;
	size_t len, ad_len;
	uint64_t nonce;
	bool good;
};

static void do_chacha(void *arg)
{
	struct job *j = arg;
	uint32_t state[16], key[8];

	memcpy(key, j->key, sizeof(key));
	chacha_init(state, key, j->iv);
	chacha_crypt(state, j->to, j->from, (unsigned int)j->len, 20);
}

static void do_poly(void *arg)
{
	struct job *j = arg;
	uint64_t state[64]; /* of struct poly1305_desc_ctx */

	memset(state, 0, sizeof(state));
	poly_init(state, j->key);
	poly_update(state, j->from, (unsigned int)j->len);
	poly_final(state, j->to);
}

static void do_seal(void *arg)
{
	struct job *j = arg;

	seal(j->to, j->from, j->len, j->ad, j->ad_len, j->nonce, j->key);
	j->good = true;
}

static void do_open(void *arg)
{
	struct job *j = arg;

	j->good = open_sealed(j->to, j->from, j->len, j->ad, j->ad_len, j->nonce, j->key);
}

static void do_seal_sg(void *arg)
{
	struct job *j = arg;

	j->good = seal_sg(SCATTERED, j->len, j->ad, j->ad_len, j->nonce, j->key);
}

static void do_open_sg(void *arg)
{
	struct job *j = arg;

	j->good = open_sg(SCATTERED, j->len, j->ad, j->ad_len, j->nonce, j->key);
}

/* ---- vectors ---- */

static size_t unhex(uint8_t *to, const char *hex)
{
	size_t n = strlen(hex) / 2;
	unsigned int byte;

	for (size_t i = 0; i < n; i++)
		to[i] = sscanf(hex + 2 * i, "%2x", &byte) == 1 ? (uint8_t)byte : 0;
	return n;
}

static void fill(uint8_t *to, uint8_t first, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)(first + i);
}

static bool same(const uint8_t *got, const char *hex)
{
	uint8_t want[512];
	size_t n = unhex(want, hex);

	return !memcmp(got, want, n);
}

static void vectors(const char *level, bool plain)
{
	static const uint8_t sunscreen[] = SUNSCREEN;
	const size_t len = sizeof(sunscreen) - 1;
	uint8_t key[32], iv[16] = {1}, got[512], ad[16], bytes[512], first[64] = {0};
	struct job j = {.to = got, .from = sunscreen, .len = len, .key = key, .iv = iv, .ad = ad};

	fill(key, 0, 32);
	unhex(iv + 4, chacha_nonce);
	if (plain)
		plain_chacha(got, sunscreen, len, key, iv);
	else
		inside(do_chacha, &j);
	result(same(got, chacha_sealed), level, "ChaCha20 of RFC 8439, 2.4.2");

	unhex(key, poly_key);
	j.from = (const uint8_t *)POLY_TEXT;
	j.len = strlen(POLY_TEXT);
	if (plain)
		plain_poly(got, j.from, j.len, key);
	else
		inside(do_poly, &j);
	result(same(got, poly_tag), level, "Poly1305 of RFC 8439, 2.5.2");

	/* Linux's function has no room for this nonce: made of the two parts. */
	fill(key, 0x80, 32);
	iv[0] = 0;
	unhex(iv + 4, aead_nonce);
	j.ad_len = unhex(ad, aead_ad);
	if (plain) {
		plain_seal(got, sunscreen, len, ad, j.ad_len, iv, key);
	} else {
		j = (struct job){first, first, .key = key, .iv = iv, .len = 64, .ad_len = j.ad_len};
		inside(do_chacha, &j);
		iv[0] = 1;
		j = (struct job){got,	   sunscreen,  .key = key,
				 .iv = iv, .len = len, .ad_len = j.ad_len};
		inside(do_chacha, &j);
		j = (struct job){got + len, bytes, .key = first,
				 .len = tagged(bytes, got, len, ad, j.ad_len)};
		inside(do_poly, &j);
	}
	result(same(got, aead_sealed), level, "ChaCha20-Poly1305 of RFC 8439, 2.8.2");
}

static void draft(const char *level)
{
	uint8_t key[32], ad[16], text[512], got[512], back[512];
	struct job j = {got, text, .ad = ad, .key = key, .nonce = draft_nonce};

	unhex(key, draft_key);
	j.ad_len = unhex(ad, draft_ad);
	j.len = unhex(text, draft_text);
	inside(do_seal, &j);
	result(same(got, draft_sealed), level, "encrypts as RFC 8439, A.5");
	j.to = back;
	j.from = got;
	j.len += TAG;
	inside(do_open, &j);
	result(j.good && same(back, draft_text), level, "decrypts as RFC 8439, A.5");
	got[200] ^= 1;
	inside(do_open, &j);
	result(!j.good, level, "refuses a forged byte");
}

/* ---- comparison ---- */

static uint64_t random_state;

static unsigned int draw(unsigned int below)
{
	random_state = random_state * 6364136223846793005 + 1442695040888963407;
	return (unsigned int)(random_state >> 33) % below;
}

/* One in four is all ones, one in eight all zeros. */
static void draw_bytes(uint8_t *to, size_t n)
{
	unsigned int kind = draw(8);

	for (size_t i = 0; i < n; i++)
		to[i] = kind < 2 ? 0xff : kind < 3 ? 0 : (uint8_t)draw(256);
}

struct message {
	uint8_t key[32], ad[64], iv[16], text[LONGEST + TAG], want[LONGEST + TAG];
};

static struct message *message(struct job *j, size_t len)
{
	static struct message m;

	memset(&m.iv, 0, sizeof(m.iv));
	draw_bytes(m.key, sizeof(m.key));
	draw_bytes(m.ad, sizeof(m.ad));
	draw_bytes(m.iv + 8, 8);
	draw_bytes(m.text, len);
	*j = (struct job){
		.ad = m.ad, .key = m.key, .len = len, .ad_len = draw(2) ? draw(sizeof(m.ad)) : 0};
	memcpy(&j->nonce, m.iv + 8, 8);
	plain_seal(m.want, m.text, len, m.ad, j->ad_len, m.iv, m.key);
	return &m;
}

static bool compare(size_t len)
{
	static uint8_t from[LONGEST + TAG + 64], to[LONGEST + TAG + 64];
	uint8_t *f = from + draw(64), *t = to + draw(64);
	struct job j;
	struct message *m = message(&j, len);

	memcpy(f, m->text, len);
	j.from = f;
	j.to = draw(3) ? t : f;
	inside(do_seal, &j);
	if (memcmp(j.to, m->want, len + TAG) != 0)
		return false;
	memcpy(f, m->want, len + TAG);
	j.len = len + TAG;
	inside(do_open, &j);
	return j.good && !memcmp(j.to, m->text, len);
}

/* Bytes of a scattered message, to and from its pieces. */
struct piece {
	int offset, len;
};

static unsigned int cut(struct piece *p, size_t len)
{
	unsigned int n = 1 + draw(ENTRIES_MAX);
	int at = (int)draw(64), left = (int)len;

	for (unsigned int i = 0; i < n; i++) {
		p[i] = (struct piece){
			at, i + 1 < n ? 1 + (int)draw(draw(2) ? 80 : 2 * (unsigned int)left / n + 1)
				      : left};
		if (p[i].len >= left) {
			p[i].len = left;
			n = i + 1;
		}
		left -= p[i].len;
		at += p[i].len + (int)draw(64);
	}
	return n;
}

static struct piece pieces[ENTRIES_MAX];
static unsigned int piece_count;

static void do_scatter(void *unused)
{
	(void)unused;
	for (unsigned int i = 0; i < piece_count; i++)
		scatter(i, pieces[i].offset, pieces[i].len);
}

static void spread(const uint8_t *from)
{
	for (unsigned int i = 0; i < piece_count; from += pieces[i++].len)
		memcpy(scattered.bytes + pieces[i].offset, from, (size_t)pieces[i].len);
}

static bool spread_is(const uint8_t *want, size_t len)
{
	size_t n;

	for (unsigned int i = 0; i < piece_count && len; want += n, len -= n, i++) {
		n = (size_t)pieces[i].len < len ? (size_t)pieces[i].len : len;
		if (memcmp(scattered.bytes + pieces[i].offset, want, n) != 0)
			return false;
	}
	return true;
}

static bool compare_cut(size_t len)
{
	struct job j;
	struct message *m = message(&j, len);
	unsigned int forged;

	piece_count = cut(pieces, len + TAG);
	inside(do_scatter, NULL);
	spread(m->text); /* and something where the tag will be */
	inside(do_seal_sg, &j);
	if (!j.good || !spread_is(m->want, len + TAG))
		return false;
	j.len = len + TAG;
	inside(do_open_sg, &j);
	if (!j.good || !spread_is(m->text, len))
		return false;
	spread(m->want);
	forged = draw(piece_count);
	scattered.bytes[pieces[forged].offset + (int)draw((unsigned int)pieces[forged].len)] ^=
		0x10;
	inside(do_open_sg, &j);
	return !j.good;
}

static void comparison(const char *level)
{
	char what[64];
	unsigned int bad = 0, longest = 0;

	for (size_t len = 0; len <= EVERY + LONGER; len++) {
		size_t n = len <= EVERY ? len : draw(LONGEST);

		if (!compare(n)) {
			bad++;
			longest = (unsigned int)n;
		}
	}
	snprintf(what, sizeof(what), "%u wrong of %d lengths and alignments", bad,
		 EVERY + LONGER + 1);
	result(!bad, level, what);
	if (bad)
		printf("# e.g. %u bytes\n", longest);
	bad = 0;
	for (unsigned int i = 0; i < CUTS; i++)
		bad += !compare_cut(draw(draw(2) ? 400 : LONGEST - TAG));
	snprintf(what, sizeof(what), "%u wrong of %d scatterlists", bad, CUTS);
	result(!bad, level, what);
}

/* ---- what a call must leave alone ---- */

struct kept {
	struct job job;
	uint64_t before[8], after[8];
};

static void do_kept(void *arg)
{
	struct kept *k = arg;

#ifdef __aarch64__
	uint64_t *b = k->before, *a = k->after;

	asm volatile("ldp d8, d9, [%0]\n ldp d10, d11, [%0, #16]\n"
		     "ldp d12, d13, [%0, #32]\n ldp d14, d15, [%0, #48]\n" ::"r"(b)
		     : "memory", "d8", "d9", "d10", "d11", "d12", "d13", "d14", "d15");
	do_seal(&k->job);
	asm volatile("stp d8, d9, [%0]\n stp d10, d11, [%0, #16]\n"
		     "stp d12, d13, [%0, #32]\n stp d14, d15, [%0, #48]\n" ::"r"(a)
		     : "memory");
#else
	asm volatile("stmxcsr %0" : "=m"(k->before[0]));
	do_seal(&k->job);
	asm volatile("stmxcsr %0\n pushfq\n popq %1" : "=m"(k->after[0]), "=r"(k->after[1]));
	k->after[1] &= 0x400; /* direction */
#endif
}

static void registers(const char *level)
{
	struct kept k = {0};
	struct message *m;

	m = message(&k.job, LONGEST);
	k.job.from = m->text;
	k.job.to = m->text;
#ifdef __aarch64__
	for (int i = 0; i < 8; i++)
		k.before[i] = random_state * (uint64_t)(2 * i + 3);
#endif
	inside(do_kept, &k);
	result(!memcmp(k.before, k.after, sizeof(k.before)), level,
	       "registers that a call must keep");
}

static bool processor_has(size_t level)
{
#ifdef __x86_64__
	switch (level) {
	case 1:
		return __builtin_cpu_supports("ssse3");
	case 2:
		return __builtin_cpu_supports("avx");
	case 3:
		return __builtin_cpu_supports("avx2");
	case 4:
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		       __builtin_cpu_supports("avx512vl");
	}
#endif
	return true;
}

int main(int argc, char **argv)
{
	uint8_t seed[32];

	if (argc != 2) {
		fprintf(stderr, "usage: crypto IMAGE\n");
		return 2;
	}
	ciphers_start(argv[1]);
	result(engine_syscall(SYS_getrandom, (long[6]){(long)seed, sizeof(seed), GRND_NONBLOCK}) ==
		       sizeof(seed),
	       "image", "random numbers are ready, which WireGuard's handshake waits for");
	chacha_init = must_have("chacha_init_arch");
	chacha_crypt = must_have("chacha_crypt_arch");
	poly_init = must_have("poly1305_init_arch");
	poly_update = must_have("poly1305_update_arch");
	poly_final = must_have("poly1305_final_arch");
	inside(scatter_init, NULL);
	if (!scattered.size)
		ciphers_fail("scatterlist", "has no mark of its end");
	vectors("plain", true);
	for (size_t i = 0; i < LEVELS; i++) {
		result(level_is_there[i] == processor_has(i), levels[i].name,
		       "chosen if the processor has it");
		if (!level_is_there[i])
			continue;
		set_level(i);
		random_state = 8439;
		vectors(levels[i].name, false);
		draft(levels[i].name);
		comparison(levels[i].name);
		registers(levels[i].name);
	}
	engine_stop();
	printf("1..%u\n", tests);
	return failures != 0;
}
