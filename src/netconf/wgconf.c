// SPDX-License-Identifier: GPL-2.0-only
/*
 * wgconf.c - read the configuration file of a WireGuard tunnel, see wgconf.h.
 *
 * Theory of operation
 *
 * A file is read into memory of wgkey_alloc(), parsed there (wgparse.c), and one section is
 * copied out of it; text and the other sections are wiped. The copy is one piece, too: the
 * structure, its peers, their networks.
 *
 * The file's mode is asked of the open descriptor, so it is that of what is read. A file that
 * group or others can write counts like one that they can read: they could put their own
 * server into it.
 *
 * No state; any thread.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include "lib/printable.h"
#include "lib/rawsys.h"
#include "lib/why.h"
#include "netconf/wgconf.h"

#define NAME_SHOWN 200 /* bytes of a file's name in a message */
#define OTHERS	   (S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH)

static const char *wgconf_shown(const char *name, char buf[NAME_SHOWN + 1])
{
	snprintf(buf, NAME_SHOWN + 1, "%s", name);
	return printable(buf);
}

void wgconf_free(struct wgconf *c)
{
	if (c)
		wgkey_free(c, c->size);
}

void wgconf_file_free(struct wgconf_file *f)
{
	if (f)
		wgkey_free(f, f->size);
}

static int wgconf_copy(const struct wgconf *from, struct wgconf **out, const char **why)
{
	size_t size = sizeof(*from) + from->npeers * sizeof(struct wg_peer);
	struct ip_addr *allowed;
	struct wgconf *c;
	unsigned int i;

	for (i = 0; i < from->npeers; i++)
		size += from->peers[i].nallowed * sizeof(struct ip_addr);
	c = wgkey_alloc(size);
	if (!c)
		return why_set(why, ENOMEM, "no memory for %zu bytes", size);
	*c = *from;
	c->size = size;
	c->peers = (struct wg_peer *)(c + 1);
	memcpy(c->peers, from->peers, from->npeers * sizeof(struct wg_peer));
	allowed = (struct ip_addr *)(c->peers + c->npeers);
	for (i = 0; i < c->npeers; i++) {
		struct wg_peer *peer = &c->peers[i];

		memcpy(allowed, peer->allowed, peer->nallowed * sizeof(*allowed));
		peer->allowed = allowed;
		allowed += peer->nallowed;
	}
	*out = c;
	return 0;
}

int wgconf_pick(const struct wgconf_file *f, const char *name, const char *ifname, unsigned int nth,
		struct wgconf **out, const char **why)
{
	unsigned int i, unnamed = 0;
	const struct wgconf *found = NULL;
	char label[NAME_SHOWN + 1];

	for (i = 0; i < f->nsections; i++) {
		const struct wgconf *c = &f->section[i];

		if (*c->path && !strcmp(c->path, ifname))
			return wgconf_copy(c, out, why);
		if (!*c->path && (unnamed++ == nth || f->nsections == 1))
			found = c;
	}
	if (found)
		return wgconf_copy(found, out, why);
	wgconf_shown(name, label);
	if (f->nsections == 1)
		return why_set(why, EINVAL, "%s: its only [Interface] has Path = %s, not %s", label,
			       f->section[0].path, *ifname ? ifname : "the one of -i");
	if (unnamed)
		return why_set(why, EINVAL,
			       "%s has %u [Interface] section%s without Path, too few for %s: add "
			       "one with its [Peer]",
			       label, unnamed, unnamed == 1 ? "" : "s",
			       *ifname ? ifname : "so many -i");
	return why_set(why, EINVAL, "%s has no [Interface] with Path = %s: add one with its [Peer]",
		       label, *ifname ? ifname : "the interface of -i");
}

/* It has a private key; @mode: of the file, if it lets others at it. */
static int wgconf_judge_mode(unsigned int mode, const char *label, const char **why)
{
	if (!mode)
		return 0;
	return why_set(why, EACCES,
		       "%s has a private key, and other users can %s it (mode %03o): "
		       "chmod 600 %s",
		       label, mode & (S_IRGRP | S_IROTH) ? "read" : "write", mode, label);
}

static int wgconf_judge_kind(const struct stat *st, const char *label, const char **why)
{
	if (!S_ISREG(st->st_mode))
		return why_set(why, EINVAL, "%s is %s: name a configuration file", label,
			       S_ISDIR(st->st_mode) ? "a directory" : "no regular file");
	if (st->st_size > WGCONF_MAX_FILE)
		return why_set(why, EFBIG, "%s is larger than %d KiB: is it a wg-quick file?",
			       label, WGCONF_MAX_FILE / 1024);
	return 0;
}

/*
 * Up to WGCONF_MAX_FILE + 1 bytes of @file into @text: the number, or -errno. @exposed
 * receives a mode that lets others in, or 0.
 */
static long wgconf_load(const char *file, char *text, const char *label, unsigned int *exposed,
			const char **why)
{
	int fd = raw_open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	struct stat st;
	size_t len = 0;
	long n = 1;
	int err;

	if (fd < 0)
		return why_set(why, -fd, "%s: %s", label, strerror(-fd));
	err = (int)RAWSYS(SYS_fstat, fd, &st);
	if (err)
		why_set(why, -err, "%s: %s", label, strerror(-err));
	else
		err = wgconf_judge_kind(&st, label, why);
	if (!err)
		*exposed = st.st_mode & OTHERS ? st.st_mode & 0777 : 0;
	while (!err && n && len <= WGCONF_MAX_FILE) {
		n = RAWSYS(SYS_read, fd, text + len, WGCONF_MAX_FILE + 1 - len);
		if (n == -EINTR)
			continue;
		if (n < 0)
			err = why_set(why, (int)-n, "%s: %s", label, strerror((int)-n));
		else
			len += (size_t)n;
	}
	raw_close(fd);
	if (!err && len > WGCONF_MAX_FILE) /* it grew, or had not said */
		err = why_set(why, EFBIG, "%s is larger than %d KiB: is it a wg-quick file?", label,
			      WGCONF_MAX_FILE / 1024);
	return err ? err : (long)len;
}

static int wgconf_read_file(const char *file, bool any, struct wgconf_file **out,
			    unsigned int *exposed, const char **why)
{
	const size_t room = WGCONF_MAX_FILE + 2;
	char *text = wgkey_alloc(room); /* pages that are not read into cost nothing */
	char label[NAME_SHOWN + 1];
	unsigned int mode = 0;
	long len;
	int err;

	wgconf_shown(file, label);
	if (!text)
		return why_set(why, ENOMEM, "%s: no memory for %zu bytes", label, room);
	len = wgconf_load(file, text, label, &mode, why);
	if (len < 0)
		err = (int)len;
	else if (any)
		err = wgconf_parse_any(text, (size_t)len, file, out, why);
	else
		err = wgconf_parse(text, (size_t)len, file, out, why);
	wgkey_free(text, room);
	if (exposed)
		*exposed = mode;
	if (err || exposed)
		return err;
	/* Only now: what is no configuration has no key, and its mode may be right. */
	err = wgconf_judge_mode(mode, label, why);
	if (err)
		wgconf_file_free(*out);
	return err;
}

int wgconf_read_any(const char *file, struct wgconf_file **out, unsigned int *exposed,
		    const char **why)
{
	return wgconf_read_file(file, true, out, exposed, why);
}

int wgconf_read(const char *file, const char *ifname, unsigned int nth, struct wgconf **out,
		const char **why)
{
	struct wgconf_file *f;
	int err = wgconf_read_file(file, false, &f, NULL, why);

	if (err)
		return err;
	err = wgconf_pick(f, file, ifname, nth, out, why);
	wgconf_file_free(f);
	return err;
}
