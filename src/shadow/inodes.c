// SPDX-License-Identifier: GPL-2.0-only
/*
 * inodes.c - tables of sockets name them by the inodes that programs see, see inodes.h.
 *
 * Each message or file is translated by a list of all sockets, made for it and sorted. A socket
 * that no program has (the stack's own, one that is closing) gets 0, as an orphan of a kernel's:
 * its number in the stack could be that of any socket of the host.
 *
 * Any thread; a socket may be locked.
 */
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/netlink_diag.h>
#include <linux/packet_diag.h>
#include <linux/sock_diag.h>
#include <linux/stat.h> /* struct statx: not in every musl */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include "shadow/inodes.h"
#include "shadow/sock.h"

/** struct inodes - the list; zeroed: not made yet */
struct inodes {
	struct sock_inode *at;
	size_t n;
};

/* By statx(): fstat() is one of the calls that the stack does not have. */
ino_t inodes_stack(int stack)
{
	struct statx stx;

	return stack_call(SYS_statx, stack, "", AT_EMPTY_PATH, STATX_INO, &stx, 0) ? 0
										   : stx.stx_ino;
}

static int inodes_by_stack(const void *a, const void *b)
{
	const struct sock_inode *x = a, *y = b;

	return x->stack < y->stack ? -1 : x->stack > y->stack;
}

/* The program's inode of the stack's @ino; 0: none. */
static ino_t inodes_of(struct inodes *list, ino_t ino)
{
	struct sock_inode key = {.stack = ino}, *found;

	if (!list->at) {
		list->at = sock_inodes(&list->n);
		if (list->n)
			qsort(list->at, list->n, sizeof(*list->at), inodes_by_stack);
	}
	found = list->n ? bsearch(&key, list->at, list->n, sizeof(key), inodes_by_stack) : NULL;
	return found ? found->program : 0;
}

/* Where an inode stands in a message's body of @len bytes; NULL: nowhere. */
static void *inodes_place(unsigned char *body, size_t len)
{
	static const struct {
		unsigned char family;
		size_t size, at;
	} kinds[] = {
		{AF_INET, sizeof(struct inet_diag_msg),
		 offsetof(struct inet_diag_msg, idiag_inode)},
		{AF_INET6, sizeof(struct inet_diag_msg),
		 offsetof(struct inet_diag_msg, idiag_inode)},
		{AF_NETLINK, sizeof(struct netlink_diag_msg),
		 offsetof(struct netlink_diag_msg, ndiag_ino)},
		{AF_PACKET, sizeof(struct packet_diag_msg),
		 offsetof(struct packet_diag_msg, pdiag_ino)},
	};

	for (size_t i = 0; len && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (body[0] == kinds[i].family && len >= kinds[i].size)
			return body + kinds[i].at;
	return NULL;
}

void inodes_diag(void *data, size_t len)
{
	struct inodes list = {0};

	for (struct nlmsghdr *m = data; NLMSG_OK(m, len); m = NLMSG_NEXT(m, len)) {
		unsigned char *place;
		uint32_t ino;

		if (m->nlmsg_type != SOCK_DIAG_BY_FAMILY)
			continue;
		place = inodes_place(NLMSG_DATA(m), m->nlmsg_len - NLMSG_HDRLEN);
		if (!place)
			continue;
		memcpy(&ino, place, sizeof(ino));
		ino = (uint32_t)inodes_of(&list, ino);
		memcpy(place, &ino, sizeof(ino));
	}
	free(list.at);
}

int inodes_column(const char *path)
{
	static const struct {
		const char *name;
		int column;
	} tables[] = {
		{"tcp", 9}, {"tcp6", 9}, {"udp", 9},  {"udp6", 9},  {"udplite", 9}, {"udplite6", 9},
		{"raw", 9}, {"raw6", 9}, {"icmp", 9}, {"icmp6", 9}, {"netlink", 9}, {"packet", 8},
	};

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (!strncmp(path, "net/", 4) && !strcmp(path + 4, tables[i].name))
			return tables[i].column;
	return -1;
}

/* Word number @column of the line from @line to @end, or NULL. */
static const char *inodes_word(const char *line, const char *end, int column)
{
	for (;; column--) {
		while (line < end && *line == ' ')
			line++;
		if (line == end || !column)
			break;
		while (line < end && *line != ' ')
			line++;
	}
	return line < end ? line : NULL;
}

/* A line without its end; it stays as long as it is, if it has spaces behind it to give or take. */
static void inodes_put_line(struct inodes *list, FILE *out, const char *line, const char *end,
			    int column)
{
	const char *word = inodes_word(line, end, column), *rest, *last = end;
	char number[24];
	int n, width = (int)(end - line);

	rest = word;
	while (rest && rest < end && *rest >= '0' && *rest <= '9')
		rest++;
	if (!word || rest == word) { /* a head */
		fwrite(line, 1, (size_t)(end - line), out);
		return;
	}
	n = snprintf(number, sizeof(number), "%lu",
		     (unsigned long)inodes_of(list, (ino_t)strtoul(word, NULL, 10)));
	while (last > rest && last[-1] == ' ')
		last--;
	fwrite(line, 1, (size_t)(word - line), out);
	fwrite(number, 1, (size_t)n, out);
	fwrite(rest, 1, (size_t)(last - rest), out);
	n += (int)(word - line) + (int)(last - rest);
	if (last < end && n < width)
		fprintf(out, "%*s", width - n, "");
}

char *inodes_text(const char *text, size_t len, int column, size_t *newlen)
{
	const char *end = text + len, *line, *stop;
	struct inodes list = {0};
	char *new = NULL;
	FILE *out = open_memstream(&new, newlen);

	if (!out)
		return NULL;
	for (line = text; line < end; line = stop + 1) {
		stop = memchr(line, '\n', (size_t)(end - line));
		if (!stop)
			stop = end;
		inodes_put_line(&list, out, line, stop, column);
		if (stop < end)
			putc('\n', out);
	}
	free(list.at);
	fclose(out);
	return new;
}
