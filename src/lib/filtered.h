/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filtered.h - system calls that a filter upon this process may answer with its death.
 *
 * An Android app is killed for a system call that its platform's libc does not use, instead of
 * getting ENOSYS. So what is newer than Android 10's list, and can be done
 * without, is asked about here first.
 */
#ifndef PERSONA_LIB_FILTERED_H
#define PERSONA_LIB_FILTERED_H

#include <stdbool.h>

/** filtered() - is there a seccomp filter upon this process? Asked of the kernel each time. */
bool filtered(void);

/**
 * filtered_allows() - would system call @nr, with arguments that are all -1, be survived?
 *
 * Where there is a filter a child tries it, which takes a millisecond. Not for calls that do
 * something with such arguments. Any thread.
 */
bool filtered_allows(long nr);

#endif /* PERSONA_LIB_FILTERED_H */
