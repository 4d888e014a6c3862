/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * closing.h - ends of the program's whose closing the pair does not tell.
 *
 * A pair of SOCK_DGRAM sockets says nothing when one end is closed. The kernel tells it of the
 * file by inotify, which takes a socket, too, by its name in /proc/self/fd: IN_CLOSE comes when
 * the last descriptor of the last process is closed (tests/assumptions/unix_ends.c).
 *
 * Threads: any; no function takes a lock of a socket while it holds one of its own.
 */
#ifndef PERSONA_SHADOW_CLOSING_H
#define PERSONA_SHADOW_CLOSING_H

#include <stdbool.h>
#include <stdint.h>

/** closing_start() - a descriptor of ours that is readable when ends have been closed; -errno. */
int closing_start(void);

/**
 * closing_watch() - tell when the end @fd is closed
 * @id: what closing_take() tells of it
 *
 * Return: a handle for closing_forget(), or -errno: it cannot be told here.
 */
int closing_watch(int fd, uint64_t id);

/** closing_forget() - the socket goes: no more of it. */
void closing_forget(int watch);

/**
 * closing_take() - tell of all that have been closed so far, each once
 * @closed: called with no lock held but the caller's own
 *
 * Return: false if the kernel had to leave some out: the caller has to look itself.
 */
bool closing_take(void (*closed)(uint64_t id));

#endif /* PERSONA_SHADOW_CLOSING_H */
