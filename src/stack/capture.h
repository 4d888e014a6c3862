/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * capture.h - what passes inside tunnels, for a capture file (`--pcap`).
 */
#ifndef PERSONA_STACK_CAPTURE_H
#define PERSONA_STACK_CAPTURE_H

#include <stddef.h>

struct pcap;

/**
 * capture_add() - record the packets of a device of the stack from now on
 * @p:	    the capture; it is held until capture_stop()
 * @index:  of the device inside, which has packets without link header
 * @name:   of the device
 * @memory: of the stack, bytes: a part of it may be packets that wait to be written
 *
 * Before capture_start(). Return: 0 or -errno.
 */
int capture_add(struct pcap *p, int index, const char *name, size_t memory);

/**
 * capture_start() - write them by a thread of its own, if there are any
 * @say: tells the user what is missing in the file, at the end
 *
 * Return: how many threads that are: 0 or 1.
 */
int capture_start(void (*say)(const char *sentence));

/** capture_stop() - write what is left, count what was lost, give all back. While the stack runs.
 */
void capture_stop(void);

#endif /* PERSONA_STACK_CAPTURE_H */
