// SPDX-License-Identifier: GPL-2.0-only
/*
 * paths.c - where the files of an installation lie.
 *
 * Personalities are NAME.so in the directories of $PERSONA_PATH, in
 * `personalities` beside the executable (a build tree), and under lib/persona
 * of the prefix it is installed in, then of /usr. The first one found wins.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "launch/paths.h"
#include "lib/closest.h"
#include "lib/why.h"

#define SUFFIX	  ".so"
#define MAX_DIRS  16
#define MAX_NAMES 64

struct dirs {
	unsigned int n;
	char dir[MAX_DIRS][PATH_MAX];
};

/* Directory of this executable; "" if /proc does not say. */
static void own_directory(char dir[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", dir, PATH_MAX - 1);
	char *slash;

	dir[len > 0 ? len : 0] = '\0';
	slash = strrchr(dir, '/');
	if (slash)
		*slash = '\0';
}

static void add_dir(struct dirs *d, const char *prefix, const char *rest)
{
	if (*prefix && d->n < MAX_DIRS &&
	    snprintf(d->dir[d->n], PATH_MAX, "%s%s", prefix, rest) < PATH_MAX)
		d->n++;
}

static struct dirs *personality_dirs(void)
{
	struct dirs *d = calloc(1, sizeof(*d));
	const char *env = getenv("PERSONA_PATH");
	char own[PATH_MAX];

	if (!d)
		return NULL;
	while (env && *env) {
		size_t len = strcspn(env, ":");
		char one[PATH_MAX];

		snprintf(one, sizeof(one), "%.*s", (int)len, env);
		add_dir(d, one, "");
		env += len + (env[len] == ':');
	}
	own_directory(own);
	add_dir(d, own, "/personalities");
	add_dir(d, own, "/../lib/persona/personalities");
	add_dir(d, "/usr/lib/persona", "/personalities");
	return d;
}

struct names {
	unsigned int n;
	const char *name[MAX_NAMES + 1];
};

static int paths_collect(const char *name, const char *path, void *arg)
{
	struct names *ns = arg;

	if (ns->n < MAX_NAMES)
		ns->name[ns->n++] = strdup(name);
	return 0;
}

static int paths_unknown(const char *name, const char **why)
{
	struct names ns = {0};
	const char *near;
	unsigned int i;
	int err;

	path_personalities(paths_collect, &ns);
	near = closest(name, ns.name);
	if (near)
		err = why_set(why, ENOENT, "no personality '%s': did you mean '%s'?", name, near);
	else if (!ns.n)
		err = why_set(why, ENOENT,
			      "no personality '%s', nor any other: make personalities, or set "
			      "PERSONA_PATH to the directory that has them",
			      name);
	else
		err = why_set(why, ENOENT, "no personality '%s': see persona list", name);
	for (i = 0; i < ns.n; i++)
		free((void *)ns.name[i]);
	return err;
}

int path_personality(const char *name, char *out, size_t size, const char **why)
{
	struct dirs *d;
	unsigned int i;

	if (strchr(name, '/')) {
		if (access(name, R_OK))
			return why_set(why, errno, "personality '%s': %s", name, strerror(errno));
		return snprintf(out, size, "%s", name) < (int)size
			       ? 0
			       : why_set(why, ENAMETOOLONG, "personality: path too long");
	}
	d = personality_dirs();
	for (i = 0; d && i < d->n; i++) {
		int len = snprintf(out, size, "%s/%s" SUFFIX, d->dir[i], name);

		if (len > 0 && len < (int)size && !access(out, R_OK)) {
			free(d);
			return 0;
		}
	}
	free(d);
	return paths_unknown(name, why);
}

static int is_image(const struct dirent *e)
{
	size_t len = strlen(e->d_name);

	return e->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       !strcmp(e->d_name + len - strlen(SUFFIX), SUFFIX);
}

int path_personalities(int (*each)(const char *name, const char *path, void *arg), void *arg)
{
	struct dirs *d = personality_dirs();
	unsigned int i;
	int ret = 0;

	for (i = 0; d && i < d->n && !ret; i++) {
		struct dirent **list;
		int k, n = scandir(d->dir[i], &list, is_image, alphasort);

		for (k = 0; k < n; k++) {
			char path[PATH_MAX], first[PATH_MAX], name[NAME_MAX + 1];

			snprintf(name, sizeof(name), "%.*s",
				 (int)(strlen(list[k]->d_name) - strlen(SUFFIX)), list[k]->d_name);
			free(list[k]);
			/* The shortest directory name leaves space: PATH_MAX bounds both. */
			if (ret || snprintf(path, sizeof(path), "%s/%s" SUFFIX, d->dir[i], name) >=
					   PATH_MAX)
				continue;
			if (!path_personality(name, first, sizeof(first), NULL) &&
			    !strcmp(first, path))
				ret = each(name, path, arg);
		}
		if (n >= 0)
			free(list);
	}
	free(d);
	return ret;
}

/* @file beside the executable, or where it is installed. */
static int beside_executable(const char *file, int mode, char *out, size_t size, const char **why)
{
	static const char *const places[] = {"%s/%s", "%s/../lib/persona/%s"};
	char own[PATH_MAX];
	unsigned int i;

	own_directory(own);
	for (i = 0; i < 2; i++) {
		snprintf(out, size, i ? places[1] : places[0], own, file);
		if (!access(out, mode))
			return 0;
	}
	snprintf(out, size, "/usr/lib/persona/%s", file);
	if (!access(out, mode))
		return 0;
	return why_set(why, ENOENT,
		       "%s not found beside the executable in %s: make host, or install it", file,
		       own);
}

int path_inline_library(bool musl, char *out, size_t size, const char **why)
{
	return beside_executable(musl ? "libpersona-hijack-musl.so" : "libpersona-hijack.so", R_OK,
				 out, size, why);
}

int path_opener(char *out, size_t size, const char **why)
{
	return beside_executable("persona-opener", X_OK, out, size, why);
}
