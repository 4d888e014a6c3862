// SPDX-License-Identifier: GPL-2.0-only
/*
 * plugin.c - libraries that the program loads while it runs.
 *
 * Theory of operation: a library that is loaded binds its calls to the first definition in the
 * global scope, and that is ours. Two ways lead past it, to libc and so to the host's network:
 *
 *   RTLD_DEEPBIND   the library's own dependencies come first. The flag is taken off.
 *   dlmopen()	     another namespace has a libc of its own, without us. Refused, with a line;
 *		     dlerror() says so, too. The program's own namespace is no other.
 *
 * The loader looks for a library by the RUNPATH of the caller, whom it tells by the return address.
 * So dlopen() must end in a jump to libc's, which the compiler makes of a call in a return
 * statement (-O2); inline-tree.t would notice.
 *
 * Limits: a library that relies on RTLD_DEEPBIND to have other functions than the program under
 * the same names gets the program's. LD_AUDIT's libraries have a namespace of their own, too.
 */
#include "inline/real.h"
#include "inline/say.h"
#include "inline/thread.h"

HOOK void *dlopen(const char *file, int mode)
{
#ifdef RTLD_DEEPBIND
	mode &= ~RTLD_DEEPBIND;
#endif
	return real(dlopen)(file, mode);
}

#ifdef LM_ID_BASE
HOOK void *dlmopen(Lmid_t space, const char *file, int mode)
{
	if (space == LM_ID_BASE || self.bypass)
		return real(dlmopen)(space, file, mode & ~RTLD_DEEPBIND);
	say_once("dlmopen(): a library in another namespace would use the host's network: "
		 "refused: " SAY_REMEDY);
	/* For dlerror(): no such file. */
	return real(dlopen)("persona: dlmopen() in another namespace is refused", RTLD_NOW);
}
#endif
