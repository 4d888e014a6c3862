// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostports.c - the local ports that the stack takes from the host, see hostports.h.
 *
 * Theory of operation
 *
 * The range: a block of ports that no socket uses (hostsocks.h), aligned to
 * its size, outside the host's range for automatic ports if there is one, entered in
 * net.ipv4.ip_local_reserved_ports, which is read, changed and written when it is our turn
 * (turn.h). Blocks are tried from a random one on, so that the next run does not meet the old
 * run's peers. A block begins the largest free cell that there is: so a range that is used up can
 * grow, by as much as it has, up or down, as long as it meets no other.
 *
 * If we are killed, nobody takes the range out of the list; so where /run/persona can
 * be written a file there names it, locked while we live, and the next opener
 * takes the ranges of unlocked files out.
 *
 * A single port is taken by being bound on the host, but not served: then the host's
 * programs cannot have it, and it is free again when we end, however we do.
 *
 * Limits: the range is not protected against a program that binds one of its ports by
 * number; a single port is held on the address it was reserved for.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "backend/opening/flows.h"
#include "lib/why.h"
#include "opener/hostports.h"
#include "opener/hostsocks.h"
#include "opener/portset.h"
#include "opener/turn.h"

#define RESERVED  "/proc/sys/net/ipv4/ip_local_reserved_ports"
#define RANGE	  "/proc/sys/net/ipv4/ip_local_port_range"
#define STATE_DIR "/run/persona"
#define LOWEST	  16384 /* below live servers */
#define SMALLEST  64
#define LARGEST	  16384
#define LIST_SIZE 16384

static struct {
	uint16_t first, last; /* 0: none */
	int state;	      /* its file's descriptor, or -1 */
	char path[64];
} range = {.state = -1};

static struct reserved {
	uint16_t proto;
	uint16_t port;
	int fd;
} reserved[FLOWS_MAX_PORTS];

static char list[LIST_SIZE];

/* ---- the host's files ---- */

static int hostports_read_file(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err;
	size_t len = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (len < size - 1 && (n = read(fd, text + len, size - 1 - len)) > 0)
		len += (size_t)n;
	err = n < 0 ? -errno : 0;
	text[len] = '\0';
	close(fd);
	return err;
}

static int hostports_write_list(void)
{
	size_t len = strlen(list);
	int fd = open(RESERVED, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	list[len] = '\n'; /* alone: an empty list */
	if (write(fd, list, len + 1) != (ssize_t)len + 1)
		err = -errno;
	list[len] = '\0';
	close(fd);
	return err;
}

/* ---- the ranges of openers that were killed ---- */

static unsigned long hostports_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) ? 0 : (unsigned long)st.st_ino;
}

struct dirent64_raw {
	uint64_t ino;
	int64_t off;
	uint16_t reclen;
	uint8_t type;
	char name[];
};

/* Take the range of file @name out of the list, if it is of this namespace and nobody's. */
static bool hostports_recover_one(int dir, const char *name)
{
	unsigned long ns;
	unsigned int first, last;
	bool ours = false;
	int fd;

	if (sscanf(name, "%lu-%u-%u", &ns, &first, &last) != 3 || ns != hostports_netns() ||
	    !first || first > last || last > 65535)
		return false;
	fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return false;
	if (!flock(fd, LOCK_EX | LOCK_NB)) {
		ours = !portset_list_remove(list, sizeof(list), (uint16_t)first, (uint16_t)last);
		unlinkat(dir, name, 0);
	}
	close(fd);
	return ours;
}

static bool hostports_recover(void)
{
	static char buf[8192] __attribute__((aligned(8)));
	bool changed = false;
	long n;
	int dir = open(STATE_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return false;
	while ((n = syscall(SYS_getdents64, dir, buf, sizeof(buf))) > 0) {
		for (long at = 0; at < n;) {
			struct dirent64_raw *d = (struct dirent64_raw *)(buf + at);

			changed |= hostports_recover_one(dir, d->name);
			at += d->reclen;
		}
	}
	close(dir);
	return changed;
}

static void hostports_note_state(void)
{
	mkdir(STATE_DIR, 0755);
	snprintf(range.path, sizeof(range.path), STATE_DIR "/%lu-%u-%u", hostports_netns(),
		 range.first, range.last);
	range.state = open(range.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (range.state >= 0)
		flock(range.state, LOCK_EX | LOCK_NB);
}

/* ---- the range ---- */

/* A free block of @size ports; @outside: outside the host's own range. */
static unsigned int hostports_find_block(const struct portset *used, unsigned int size,
					 bool outside)
{
	char text[64] = "";
	unsigned int low = 32768, high = 60999, blocks = (65536 - LOWEST) / size, start = 0;

	if (!hostports_read_file(RANGE, text, sizeof(text)))
		sscanf(text, "%u %u", &low, &high);
	if (getrandom(&start, sizeof(start), GRND_NONBLOCK) != sizeof(start))
		start = (unsigned int)getpid();
	for (unsigned int i = 0; i < blocks; i++) {
		unsigned int first = LOWEST + (start % blocks + i) % blocks * size;

		if (outside && first <= high && first + size - 1 >= low)
			continue;
		if (!portset_any(used, first, first + size - 1))
			return first;
	}
	return 0;
}

/* The range is from now on @first to @last, which includes what it was. */
static int hostports_take_range(unsigned int first, unsigned int last)
{
	char path[sizeof(range.path)];
	int state = range.state, err;

	err = portset_list_add(list, sizeof(list), (uint16_t)first, (uint16_t)last);
	if (!err)
		err = hostports_write_list();
	if (err)
		return err;
	memcpy(path, range.path, sizeof(path));
	range.first = (uint16_t)first;
	range.last = (uint16_t)last;
	hostports_note_state();
	if (state >= 0) { /* the new file is there: the old one may go */
		unlink(path);
		close(state);
	}
	return 0;
}

/* Read the list into @list, without what killed openers left; @used: also what sockets have. */
static int hostports_look(struct portset *used)
{
	int err = hostports_read_file(RESERVED, list, sizeof(list));

	if (err)
		return err;
	if (hostports_recover())
		hostports_write_list();
	portset_parse(list, used);
	hostsocks_ports(used);
	return 0;
}

/*
 * A block with as much free room around it as there is, to grow into: the beginning of the largest
 * free cell. At best outside the host's own range.
 */
static int hostports_begin_range(const struct portset *used, unsigned int want)
{
	unsigned int size = SMALLEST, first;

	while (size * 2 <= want && size < LARGEST)
		size *= 2;
	for (unsigned int least = size / 8; size >= least && size >= SMALLEST; size /= 2) {
		for (int outside = 1; outside >= 0; outside--) {
			unsigned int cell = size < LARGEST ? LARGEST / 2 : LARGEST;

			for (; cell >= size; cell /= 2) {
				first = hostports_find_block(used, cell, outside);
				if (first)
					return hostports_take_range(first, first + size - 1);
			}
		}
	}
	return -EADDRINUSE;
}

/* As much again, above or below; less if there is less. */
static int hostports_grow_range(const struct portset *used)
{
	unsigned int first = range.first, last = range.last, have = last - first + 1, more;

	if (have * 2 > LARGEST)
		return -EADDRINUSE;
	for (more = have; more >= SMALLEST; more /= 2) {
		if (last + more <= 65535 && !portset_any(used, last + 1, last + more))
			return hostports_take_range(first, last + more);
		if (first >= LOWEST + more && !portset_any(used, first - more, first - 1))
			return hostports_take_range(first - more, last);
	}
	return -EADDRINUSE;
}

static int hostports_reserve_locked(unsigned int want)
{
	static struct portset used;
	int err = hostports_look(&used);

	if (err)
		return err;
	return range.first ? hostports_grow_range(&used) : hostports_begin_range(&used, want);
}

int hostports_reserve_range(uint16_t want, uint16_t *first, uint16_t *last, const char **why)
{
	int turn = turn_take(why), err;

	if (turn < 0)
		return turn;
	err = hostports_reserve_locked(want);
	close(turn);
	if (err == -EADDRINUSE)
		return why_set(why, -err,
			       "the host has no free block of ports to share addresses: "
			       "give the stack its own by ip=");
	if (err == -EACCES || err == -EPERM || err == -EROFS)
		return why_set(why, -err,
			       "cannot reserve ports of shared addresses: " RESERVED
			       ": %s: needs CAP_NET_ADMIN: run as root, or install persona-opener",
			       strerror(-err));
	if (err)
		return why_set(why, -err, "cannot reserve ports of shared addresses: %s",
			       strerror(-err));
	*first = range.first;
	*last = range.last;
	return 0;
}

/* ---- single ports ---- */

static struct reserved *hostports_find(int proto, uint16_t port)
{
	for (unsigned int i = 0; i < FLOWS_MAX_PORTS; i++) {
		if (reserved[i].port == port && reserved[i].proto == proto)
			return &reserved[i];
	}
	return NULL;
}

static int hostports_bind(int proto, uint16_t port, int family, const uint8_t *bytes, bool reuse)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	int one = 1;
	int fd =
		socket(family, (proto == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	memcpy(&sin.sin_addr, bytes, sizeof(sin.sin_addr));
	memcpy(&sin6.sin6_addr, bytes, sizeof(sin6.sin6_addr));
	if (reuse)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	err = family == AF_INET ? bind(fd, (struct sockaddr *)&sin, sizeof(sin))
				: bind(fd, (struct sockaddr *)&sin6, sizeof(sin6));
	if (!err)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

int hostports_reserve_port(int proto, uint16_t port, int family, const uint8_t *bytes,
			   const char **why)
{
	struct reserved *c;
	int fd;

	if (hostports_ours(proto, port))
		return 0;
	c = hostports_find(0, 0);
	if (!c)
		return why_set(why, ENOBUFS, "more than %d ports served on shared addresses",
			       FLOWS_MAX_PORTS);
	fd = hostports_bind(proto, port, family, bytes, false);
	if (fd == -EADDRINUSE && proto == IPPROTO_TCP) /* old connections do not matter */
		fd = hostports_bind(proto, port, family, bytes, true);
	if (fd < 0)
		return why_set(why, -fd, "port %u of the host: %s", port, strerror(-fd));
	*c = (struct reserved){.proto = (uint16_t)proto, .port = port, .fd = fd};
	return 0;
}

void hostports_release_port(int proto, uint16_t port)
{
	struct reserved *c = port ? hostports_find(proto, port) : NULL;

	if (!c)
		return;
	close(c->fd);
	memset(c, 0, sizeof(*c));
}

bool hostports_ours(int proto, uint16_t port)
{
	return port && ((port >= range.first && port <= range.last) || hostports_find(proto, port));
}

bool hostports_has_range(uint16_t first, uint16_t last)
{
	return first && first >= range.first && first <= last && last <= range.last;
}

void hostports_restore(void)
{
	const char *why;
	int turn;

	for (unsigned int i = 0; i < FLOWS_MAX_PORTS; i++)
		hostports_release_port(reserved[i].proto, reserved[i].port);
	if (!range.first)
		return;
	turn = turn_take(&why);
	if (!hostports_read_file(RESERVED, list, sizeof(list)) &&
	    !portset_list_remove(list, sizeof(list), range.first, range.last))
		hostports_write_list();
	range.first = range.last = 0;
	if (range.state >= 0) {
		unlink(range.path);
		rmdir(STATE_DIR);
		range.state = -1; /* closed with the process: on a disk that takes 4 ms */
	}
	if (turn >= 0)
		close(turn);
}
