// SPDX-License-Identifier: GPL-2.0-only
/*
 * wgkeys.c - keys of WireGuard, see wgkeys.h.
 *
 * A private key is 32 random bytes with five bits set or cleared (RFC 7748, section 5). The
 * public one is Curve25519's work, which the stack can do: a WireGuard device that is given a
 * private key tells its public one. So there is no cryptography here.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include "engine/engine.h"
#include "launch/wgkeys.h"
#include "lib/why.h"
#include "netconf/wireguard.h"

#define MEMORY (32UL << 20) /* of a stack that has no connections */

int wgkeys_make(uint8_t (*private)[WG_KEY_LEN], unsigned int n, const char **why)
{
	for (unsigned int i = 0; i < n; i++) {
		if (getrandom(private[i], WG_KEY_LEN, 0) != WG_KEY_LEN)
			return why_set(why, errno, "no random numbers: %s", strerror(errno));
		private[i][0] &= 248;
		private[i][31] = (private[i][31] & 127) | 64;
	}
	return 0;
}

static int wgkeys_ask(uint8_t (*private)[WG_KEY_LEN], uint8_t (*public)[WG_KEY_LEN], unsigned int n)
{
	struct nl *rt, *genl = NULL;
	int index = 0, err;

	rt = nl_open(engine_syscall, NETLINK_ROUTE, &err);
	if (rt)
		genl = nl_open_secret(engine_syscall, NETLINK_GENERIC, &err);
	if (genl) {
		index = wireguard_add(rt, "wg0");
		err = index < 0 ? index : engine_trust(genl->fd);
	}
	for (unsigned int i = 0; i < n && !err; i++)
		err = wireguard_public(genl, index, private[i], public[i]);
	nl_close(genl);
	nl_close(rt);
	return err;
}

int wgkeys_public(const char *image, uint8_t (*private)[WG_KEY_LEN], uint8_t (*public)[WG_KEY_LEN],
		  unsigned int n, const char **why)
{
	const struct engine_options opt = {.image = image, .memory = MEMORY, .vcpus = 1};
	int err = engine_start(&opt, why);

	if (err)
		return err;
	engine_hide();
	err = wgkeys_ask(private, public, n);
	engine_stop();
	if (err == -EOPNOTSUPP || err == -ENOENT)
		return why_set(why, EOPNOTSUPP, "%s has no WireGuard", image);
	return err ? why_set(why, -err, "cannot compute public keys: %s", strerror(-err)) : 0;
}
