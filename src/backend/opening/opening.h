/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * opening.h - the half of a back end that opens: what may need privileges.
 *
 * A back end is used in two processes. One opens the host's interface, mostly
 * persona-opener with capabilities; the other one, which has the stack and no privilege,
 * attaches to the descriptor that it is passed and moves frames (backend.h). This
 * directory is what the first one links, and persona-xdp: nothing here moves a frame, and
 * nothing here allocates memory.
 *
 * Calls of one kind are made by one thread at a time.
 */
#ifndef PERSONA_BACKEND_OPENING_OPENING_H
#define PERSONA_BACKEND_OPENING_OPENING_H

#include <net/if.h>
#include <stdbool.h>

struct flows;

enum backend_link {
	BACKEND_LINK_ETHER, /* Ethernet frames, ARP */
	BACKEND_LINK_RAWIP, /* IPv4/IPv6 packets without link header, no ARP */
};

/* Which process opens: our own, our own or else persona-opener, persona-opener alone. */
enum backend_opener { BACKEND_SELF, BACKEND_EITHER, BACKEND_OPENER };

/**
 * struct backend_opening - how one kind of back end is opened
 * @name: as in the interface specification ("packet", "tap", ...)
 * @opener: what @open takes: no privilege, sometimes one, always
 * @shares: the host's kernel sees the same frames, so that an address can be the host's and
 *	  the stack's at once; it is kept from the stack's frames by @steer or, where that is
 *	  NULL, by rules of its packet filter (opener/rules.c)
 * @slow_close: closing the last descriptor waits for the host's kernel (RCU), often longer than all
 *	  else that ends a run: persona-opener has one more, and closes it when the run is over
 * @open: open host interface @ifname: gives a descriptor (non-blocking,
 *	  CLOEXEC) that may be handed to another process, or -errno with @why set
 *	  to one sentence with reason and remedy
 * @undo: take back what @open made on the host and what does not go with the
 *	  last descriptor, before that is closed; NULL if there is no such thing.
 *	  Same process and privileges as @open
 * @steer: tell the host which frames of @ifname are the stack's: the complete list, each
 *	  time that it changes; 0, or -errno with a sentence in @why. Same process as @open;
 *	  NULL if the kind needs no such list
 */
struct backend_opening {
	const char *name;
	enum backend_opener opener;
	bool shares;
	bool slow_close;
	int (*open)(const char *ifname, const char **why);
	void (*undo)(int fd, const char *ifname);
	int (*steer)(const char *ifname, const struct flows *f, const char **why);
};

/* The kinds that persona-opener may be asked for. */
extern const struct backend_opening opening_packet;  /* afsocket.c: Ethernet */
extern const struct backend_opening opening_rawip;   /* afsocket.c: header-less point-to-point */
extern const struct backend_opening opening_tap;     /* tuntap.c: Ethernet */
extern const struct backend_opening opening_tun;     /* tuntap.c: IP packets */
extern const struct backend_opening opening_macvtap; /* macvtap.c */
extern const struct backend_opening opening_xdp;     /* xdphost.c */

/** opening_find() - one of these kinds by name, or NULL. Thread-safe. */
const struct backend_opening *opening_find(const char *name);

#endif /* PERSONA_BACKEND_OPENING_OPENING_H */
