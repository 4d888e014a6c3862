/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sole.h - one run at a time has a tunnel.
 */
#ifndef PERSONA_LAUNCH_SOLE_H
#define PERSONA_LAUNCH_SOLE_H

struct iface_spec;
struct wgconf;

/**
 * sole_take() - be the run that has this tunnel, as long as the descriptor is open anywhere
 * @s: addresses and endpoints are complete
 * @w: its section
 *
 * Return: a descriptor (CLOEXEC); -EBUSY: another run has it, and kept it for two seconds; another
 * -errno: this host cannot tell.
 */
int sole_take(const struct iface_spec *s, const struct wgconf *w);

#endif /* PERSONA_LAUNCH_SOLE_H */
