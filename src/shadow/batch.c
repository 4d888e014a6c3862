// SPDX-License-Identifier: GPL-2.0-only
/*
 * batch.c - room for several messages at a time, see batch.h.
 *
 * The room is mapped, not allocated: 2 MiB of addresses, of which only what messages
 * have touched takes memory.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "shadow/batch.h"

static __thread struct batch *batch;

struct batch *batch_get(bool names)
{
	struct batch *b = batch;

	if (!b) {
		b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		if (b == MAP_FAILED)
			return NULL;
		batch = b;
	}
	for (int i = 0; i < BATCH; i++) {
		b->iov[i] = (struct iovec){b->data[i], BATCH_MESSAGE};
		b->msg[i].msg_len = 0;
		b->msg[i].msg_hdr = (struct msghdr){.msg_iov = &b->iov[i], .msg_iovlen = 1};
		if (names) {
			b->msg[i].msg_hdr.msg_name = &b->name[i];
			b->msg[i].msg_hdr.msg_namelen = sizeof(b->name[i]);
			b->msg[i].msg_hdr.msg_control = b->control[i];
			b->msg[i].msg_hdr.msg_controllen = BATCH_CONTROL;
		}
	}
	return b;
}

void batch_turn(struct batch *b, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		b->iov[i].iov_len = b->msg[i].msg_len;
		b->msg[i].msg_hdr = (struct msghdr){.msg_iov = &b->iov[i], .msg_iovlen = 1};
	}
}

bool waiting_add(struct waiting **list, const void *data, size_t len, void *extra)
{
	struct waiting *w = malloc(sizeof(*w) + len);

	if (!w)
		return false;
	w->next = NULL;
	w->extra = extra;
	w->len = len;
	memcpy(w->data, data, len);
	while (*list)
		list = &(*list)->next;
	*list = w;
	return true;
}

void waiting_drop(struct waiting **list)
{
	struct waiting *w = *list;

	*list = w->next;
	free(w);
}
