// SPDX-License-Identifier: GPL-2.0-only
/*
 * word32.c - a 32-bit program for x86: fetches a file by HTTP and writes what comes to its standard
 * output. Without a C library, which need not be there for 32 bits.
 *
 *	word32			GET /small from 10.9.0.1, port 80
 */
enum { EXIT = 1, READ = 3, WRITE = 4, SOCKET = 359, CONNECT = 362 };

struct address {
	unsigned short family, port;
	unsigned int host;
	char zero[8];
};

static const char request[] = "GET /small HTTP/1.0\r\n\r\n";
static char buf[16384];

static int call(int nr, int a, const void *b, int c)
{
	int result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(nr), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

void _start(void);
void _start(void)
{
	/* Network byte order, on a little-endian processor */
	const struct address to = {.family = 2, .port = 80 << 8, .host = 0x0100090a};
	int fd = call(SOCKET, 2, (const void *)1, 0), n;

	n = call(CONNECT, fd, &to, sizeof(to));
	if (!n)
		n = call(WRITE, fd, request, sizeof(request) - 1);
	while (n > 0 && (n = call(READ, fd, buf, sizeof(buf))) > 0)
		n = call(WRITE, 1, buf, n);
	for (;;)
		call(EXIT, n < 0, 0, 0);
}
