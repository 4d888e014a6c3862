/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * netif.h - the stack's interfaces and the back ends behind them. Internal.
 */
#ifndef PERSONA_ENGINE_NETIF_H
#define PERSONA_ENGINE_NETIF_H

#include <stdbool.h>
#include <stdint.h>
#include "engine/image.h"

/**
 * netif_flush() - send what is queued on the devices in mask @devs
 * @last: the vCPU whose frames are the newest: those that others hold back go before
 *
 * No vCPU held. Return: bytes sent.
 */
uint32_t netif_flush(uint32_t devs, unsigned int last);

/** netif_backlog() - frames in @vcpu's rings of the devices in mask @devs; *@bytes of them. Its
 * vCPU held. */
unsigned int netif_backlog(uint32_t devs, unsigned int vcpu, uint32_t *bytes);

/** netif_stalled() - mask of devices whose host queue was full: flush again soon. */
uint32_t netif_stalled(void);

/** netif_count() - number of devices. */
unsigned int netif_count(void);

/** netif_received() - frames received by all devices so far. */
uint64_t netif_received(void);

/** netif_rx() - host operation: receive; see struct lkl_host_ops. */
int netif_rx(unsigned int dev, struct lkl_rx_frame *f, unsigned int n);

/** netifs_close() - close all back ends; the stack has halted. */
void netifs_close(void);

#endif /* PERSONA_ENGINE_NETIF_H */
