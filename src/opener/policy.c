// SPDX-License-Identifier: GPL-2.0-only
/*
 * policy.c - which users may use which interfaces, see policy.h.
 *
 * The file, root's and writable by nobody else:
 *
 *	# who                interfaces (* ? [...] as the shell has them)
 *	user  alice          wlan0 rmnet*
 *	group netdev         *
 *	user  10123          wlan0
 *
 * Whoever may use an interface may see and send every frame on it: packet sockets
 * know no smaller right. Names are looked up in /etc/passwd and /etc/group alone, since
 * other sources would bring their code into a process with privileges; numbers always work.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/why.h"
#include "opener/policy.h"

#define TEXT_MAX   65536
#define MAX_GROUPS 256

/* The third field of the line of @name in @text: its number, or -1. */
static long policy_lookup(const char *text, const char *name)
{
	size_t len = strlen(name);

	while (text && *text) {
		const char *p = text;

		if (!strncmp(p, name, len) && p[len] == ':') {
			p = strchr(p + len + 1, ':');
			return p ? strtol(p + 1, NULL, 10) : -1;
		}
		text = strchr(text, '\n');
		text += text != NULL;
	}
	return -1;
}

static long policy_number(const char *text, const char *name)
{
	char *end;
	long n = strtol(name, &end, 10);

	return end != name && !*end ? n : policy_lookup(text, name);
}

static bool policy_is_me(const struct policy_who *w, const char *kind, const char *name)
{
	long n;

	if (!strcmp(kind, "user"))
		return policy_number(w->passwd, name) == (long)w->uid;
	n = policy_number(w->group, name);
	for (size_t i = 0; i < w->ngids; i++) {
		if (n == (long)w->gids[i])
			return true;
	}
	return false;
}

int policy_judge(char *text, const struct policy_who *who, const char *ifname, unsigned int *line)
{
	char *next = text, *save, *kind, *name, *pattern;

	for (*line = 1; next; ++*line) {
		char *at = next;

		next = strchr(at, '\n');
		if (next)
			*next++ = '\0';
		at[strcspn(at, "#")] = '\0';
		kind = strtok_r(at, " \t\r", &save);
		if (!kind)
			continue;
		name = strtok_r(NULL, " \t\r", &save);
		pattern = strtok_r(NULL, " \t\r", &save);
		if ((strcmp(kind, "user") && strcmp(kind, "group")) || !name || !pattern)
			return -EINVAL;
		if (!policy_is_me(who, kind, name))
			continue;
		for (; pattern; pattern = strtok_r(NULL, " \t\r", &save)) {
			if (!fnmatch(pattern, ifname, 0))
				return 1;
		}
	}
	return 0;
}

/* A file as text; it must be root's if @trusted. */
static int policy_read_text(const char *path, bool trusted, char *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW), err = 0;
	struct stat st;
	size_t len = 0;
	ssize_t n = 0;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	if (trusted && (fstat(fd, &st) || st.st_uid || st.st_mode & (S_IWGRP | S_IWOTH)))
		err = -EPERM;
	while (!err && len < TEXT_MAX - 1 && (n = read(fd, text + len, TEXT_MAX - 1 - len)) > 0)
		len += (size_t)n;
	if (!err && (n < 0 || len == TEXT_MAX - 1))
		err = n < 0 ? -errno : -EFBIG;
	text[len] = '\0';
	close(fd);
	return err;
}

int policy_allows(const char *ifname, const char **why)
{
	static char text[TEXT_MAX], passwd[TEXT_MAX], group[TEXT_MAX];
	static gid_t gids[MAX_GROUPS];
	struct policy_who who = {.uid = getuid(), .gids = gids, .passwd = passwd, .group = group};
	unsigned int line;
	int n, err;

	if (!who.uid || !getauxval(AT_SECURE))
		return 0;
	err = policy_read_text(POLICY_FILE, true, text);
	if (err == -ENOENT)
		return why_set(why, EACCES,
			       "interface '%s' is not yours: there is no " POLICY_FILE
			       ", so only root may use it",
			       ifname);
	if (err)
		return why_set(why, EACCES, POLICY_FILE ": %s",
			       err == -EPERM ? "must be root's, and writable by nobody else"
					     : strerror(-err));
	policy_read_text("/etc/passwd", false, passwd);
	policy_read_text("/etc/group", false, group);
	n = getgroups(MAX_GROUPS - 1, gids);
	who.ngids = n > 0 ? (size_t)n : 0;
	gids[who.ngids++] = getgid();
	err = policy_judge(text, &who, ifname, &line);
	if (err < 0)
		return why_set(why, EACCES,
			       POLICY_FILE ": line %u: write: user|group NAME INTERFACE...", line);
	return err ? 0
		   : why_set(why, EACCES,
			     "interface '%s' is not yours: root can add 'user %u %s' "
			     "to " POLICY_FILE,
			     ifname, (unsigned int)who.uid, ifname);
}
