/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostsyms.h - names in the host's kernel: of its functions, and of system calls.
 */
#ifndef PERSONA_PROFILE_HOSTSYMS_H
#define PERSONA_PROFILE_HOSTSYMS_H

#include <stdint.h>

struct object;

/** hostsyms_find() - the kernel's function around @addr, or NULL (the kernel hides them, or it is
 * none). */
const char *hostsyms_find(uint64_t addr);

/** hostsyms_call() - the system call that a kernel function is the entry of, or NULL. */
const char *hostsyms_call(const char *function);

/**
 * hostsyms_call_at() - the system call that an instruction makes
 * @vaddr: address behind the instruction
 *
 * Return: its name, or NULL: no such instruction, or its number is not set just before it.
 */
const char *hostsyms_call_at(const struct object *o, uint64_t vaddr);

/** hostsyms_number() - name of a system call, NULL if it is none of the usual ones. */
const char *hostsyms_number(long number);

/** hostsyms_close() - forget the table. */
void hostsyms_close(void);

#endif /* PERSONA_PROFILE_HOSTSYMS_H */
