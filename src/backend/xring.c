// SPDX-License-Identifier: GPL-2.0-only
/*
 * xring.c - map and unmap a ring of an AF_XDP socket, see xring.h.
 */
#include <string.h>
#include <sys/mman.h>
#include "backend/xring.h"
#include "lib/rawsys.h"

int xring_map(struct xring *r, int fd, uint64_t offset, const struct xdp_ring_offset *o,
	      uint32_t size, size_t entry_size)
{
	size_t len = o->desc + size * entry_size;
	long at = RAWSYS(SYS_mmap, 0, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
			 offset);

	if (at < 0 && at > -4096)
		return (int)at;
	r->map = (void *)at;
	r->len = len;
	r->size = size;
	r->producer = (uint32_t *)(at + (long)o->producer);
	r->consumer = (uint32_t *)(at + (long)o->consumer);
	r->flags = (uint32_t *)(at + (long)o->flags);
	r->entry = (void *)(at + (long)o->desc);
	r->at = 0;
	return 0;
}

void xring_unmap(struct xring *r)
{
	if (r->map)
		RAWSYS(SYS_munmap, r->map, r->len);
	memset(r, 0, sizeof(*r));
}
