/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pcap.h - capture what passes a back end into a pcapng file.
 */
#ifndef PERSONA_BACKEND_PCAP_H
#define PERSONA_BACKEND_PCAP_H

#include "backend/backend.h"

struct pcap;

/**
 * pcap_create() - begin a capture file
 * @p:	  receives the capture; give it back with pcap_put()
 * @path: file, truncated
 * @why:  one sentence on failure
 *
 * Return: 0 or -errno.
 */
int pcap_create(struct pcap **p, const char *path, const char **why);

/**
 * pcap_wrap() - a back end that records what passes @inner
 * @p:	   capture; the wrapper holds its own reference
 * @inner: back end; the wrapper owns it and closes it
 * @name:  interface name to write into the file
 * @outer: receives the wrapper
 *
 * Interfaces are added one after the other, before traffic. Return: 0 or
 * -errno, @inner then is untouched.
 */
int pcap_wrap(struct pcap *p, struct backend *inner, const char *name, struct backend **outer);

/**
 * pcap_add() - an interface whose packets come by pcap_packet()
 *
 * As with pcap_wrap(). Return: its number or -errno.
 */
int pcap_add(struct pcap *p, enum backend_link link, const char *name);

/**
 * pcap_packet() - record one
 * @ns:	      when it passed, CLOCK_REALTIME
 * @outbound: sent, not received
 * @captured: bytes of @data
 * @original: bytes that it had
 *
 * Any thread.
 */
void pcap_packet(struct pcap *p, uint32_t interface, uint64_t ns, bool outbound, const void *data,
		 uint32_t captured, uint32_t original);

/** pcap_statistics() - record how many packets passed an interface, and how many are missing. */
void pcap_statistics(struct pcap *p, uint32_t interface, uint64_t passed, uint64_t missing);

/** pcap_get() - another reference; returns @p. */
struct pcap *pcap_get(struct pcap *p);

/** pcap_put() - give a reference back; the last one closes the file. */
void pcap_put(struct pcap *p);

#endif /* PERSONA_BACKEND_PCAP_H */
