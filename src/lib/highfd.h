/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * highfd.h - descriptors of our own, out of the way of programs that use low numbers.
 *
 * Shell scripts redirect descriptors by small numbers, and daemons close those that they find.
 * So what a program inherits from us, and what we open inside it, has numbers from
 * HIGHFD_BASE up, or at the upper end of what a lower RLIMIT_NOFILE allows.
 */
#ifndef PERSONA_LIB_HIGHFD_H
#define PERSONA_LIB_HIGHFD_H

#define HIGHFD_BASE 900

/** highfd_base() - the lowest number for our descriptors under the present limit. Any thread. */
int highfd_base(void);

/**
 * highfd_room() - have the kernel make the table of descriptors large enough for ours
 *
 * For a process that is about to start its first thread: later the kernel waits for a grace period
 * (RCU) to do it, 10 to 40 ms. Any thread.
 */
void highfd_room(void);

/**
 * highfd_move() - give a descriptor a number of highfd_base() or more
 * @fd:	 descriptor; a negative one is given back
 * @cmd: F_DUPFD_CLOEXEC or F_DUPFD: whether it shall be closed on exec
 *
 * The old number is closed. A descriptor whose number is high enough keeps it. Raw system
 * calls: usable inside the program and by any thread.
 *
 * Return: the number, or -errno; then @fd is open as before.
 */
int highfd_move(int fd, int cmd);

#endif /* PERSONA_LIB_HIGHFD_H */
