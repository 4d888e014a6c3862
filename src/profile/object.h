/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * object.h - a file of program text: its symbols, its unwind tables.
 *
 * An object is opened once per path and lives until objects_close(). Addresses
 * are the file's own ("vaddr"); space.h knows where each process has mapped it. Not for
 * use by several threads.
 */
#ifndef PERSONA_PROFILE_OBJECT_H
#define PERSONA_PROFILE_OBJECT_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cfi;

/** enum object_role - whose text it is */
enum object_role {
	OBJECT_PROGRAM,
	OBJECT_LIBC,   /* the C library, its loader, the vDSO: they work for their callers */
	OBJECT_ENGINE, /* persona, its preload library */
	OBJECT_IMAGE,  /* Linux as a library */
};

struct symbol {
	uint64_t at;
	uint64_t size; /* 0: up to the next one */
	const char *name;
	uint8_t rank; /* among several at one address, the least is the best */
};

/**
 * struct object - one ELF file
 * @name:    file name without directories
 * @data, @size: its contents; NULL if it cannot be read or is no ELF file
 * @symbols: sorted by address, one per address
 * @cfi:     unwind tables, or NULL
 */
struct object {
	char *path;
	const char *name;
	enum object_role role;
	const uint8_t *data;
	size_t size;
	const Elf64_Phdr *phdr;
	unsigned int nphdr;
	struct symbol *symbols;
	size_t nsymbols;
	struct cfi *cfi;
	bool mapped;
	struct object *next;
};

/**
 * object_get() - the object of @path, opened if it is new
 *
 * "[vdso]" is this process's own, which is everybody's. Return: never NULL but when
 * memory is out; a file that cannot be read gives an object without symbols.
 */
struct object *object_get(const char *path);

/** object_vaddr() - the address that file offset @offset is linked at, or -1. */
uint64_t object_vaddr(const struct object *o, uint64_t offset);

/** object_bytes() - @len bytes of the file at @vaddr, or NULL. */
const uint8_t *object_bytes(const struct object *o, uint64_t vaddr, size_t len);

/** object_section() - the contents of section @name, @len bytes, or NULL. */
const uint8_t *object_section(const struct object *o, const char *name, size_t *len);

/** object_symbol() - the function around @vaddr, or NULL. */
const struct symbol *object_symbol(const struct object *o, uint64_t vaddr);

/** objects_close() - forget all of them. */
void objects_close(void);

#endif /* PERSONA_PROFILE_OBJECT_H */
