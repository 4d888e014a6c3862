/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * claims.h - addresses that one run at a time has on an interface.
 */
#ifndef PERSONA_OPENER_CLAIMS_H
#define PERSONA_OPENER_CLAIMS_H

struct flows;

/**
 * claims_take() - the addresses of @f that are FLOWS_OWN are this run's alone on @ifname
 *
 * Return: 0; -EADDRINUSE (another run has one of them) or another -errno, with one sentence in
 * @why. What was taken before stays taken.
 */
int claims_take(const char *ifname, const struct flows *f, const char **why);

/** claims_lapse() - all of them are free again, but remembered. */
void claims_lapse(void);

/** claims_renew() - have again what has lapsed; as claims_take(). */
int claims_renew(const char **why);

/** claims_release() - all of them are free again. */
void claims_release(void);

#endif /* PERSONA_OPENER_CLAIMS_H */
