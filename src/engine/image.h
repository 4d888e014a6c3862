/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * image.h - a personality image in memory: our own loader.
 *
 * An image is a position-independent shared object that needs no library and
 * has RELATIVE relocations only, so it can be loaded by a static program too.
 * It is mapped from its file at the start of one region, which the stack's
 * memory follows: perf and gdb see the file's mapping.
 */
#ifndef PERSONA_ENGINE_IMAGE_H
#define PERSONA_ENGINE_IMAGE_H

#include <stddef.h>
#include <stdint.h>
#include <asm/image.h>

#define IMAGE_ALIGN (2UL << 20)

/**
 * struct image - a loaded image
 * @base, @size: the whole region: image, then free memory
 * @extent:	 bytes of the region that the image occupies
 */
struct image {
	uint8_t *base;
	size_t size;
	size_t extent;
	typeof(lkl_image_abi) *abi;
	typeof(lkl_boot) *boot;
	typeof(lkl_run) *run;
	typeof(lkl_fixup_fault) *fixup_fault;
	typeof(lkl_symbol) *symbol;
	typeof(lkl_oops) *oops;
};

/**
 * image_load() - map @path and @memory further bytes, relocate, find the exports
 * @why: on failure one sentence
 *
 * Return: 0, -ENOENT, -ENOEXEC (not an image, other processor), -EPROTO (other
 * ABI version), -ENOMEM.
 */
int image_load(struct image *im, const char *path, size_t memory, const char **why);

/** image_unload() - unmap everything. */
void image_unload(struct image *im);

#endif /* PERSONA_ENGINE_IMAGE_H */
