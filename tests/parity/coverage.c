// SPDX-License-Identifier: GPL-2.0-only
/*
 * coverage.c - every name of the call table is hooked, and libc has it.
 *
 * To be run with the inline library preloaded; its path is the argument. TAP,
 * one test per name: what the program gets for the name lies in the library, and libc
 * has a function of that name behind it.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include "sockets/calls.h"

struct name {
	const char *name;
	int alias; /* libc may keep it for old programs only, where dlsym() does not look */
};

static const struct name names[] = {
#define HOOKED(room, ret, name, proto, fds, flags) {#name, 0},
#define ALIAS(name, same)			   {#name, 1},
#include "sockets/calls.h"
};

int main(int argc, char **argv)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW);
	int bad = 0, n = (int)(sizeof(names) / sizeof(names[0]));

	if (argc < 2 || !libc)
		return 2;
	printf("1..%d\n", n);
	for (int i = 0; i < n; i++) {
		Dl_info at = {0};
		void *hook = dlsym(RTLD_DEFAULT, names[i].name);
		void *real = dlsym(libc, names[i].name);
		int ok = hook && dladdr(hook, &at) && strcmp(at.dli_fname, argv[1]) == 0 &&
			 (real || names[i].alias);

		printf("%s %d - %s\n", ok ? "ok" : "not ok", i + 1, names[i].name);
		bad += !ok;
	}
	return bad != 0;
}
