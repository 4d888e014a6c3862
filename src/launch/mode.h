/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mode.h - where the stack of a run lives: with the program, or beside it.
 */
#ifndef PERSONA_LAUNCH_MODE_H
#define PERSONA_LAUNCH_MODE_H

#include <stdbool.h>

enum mode {
	MODE_UNSET,  /* nothing was said: shadow */
	MODE_SHADOW, /* in persona, which serves the program and all that it starts */
	MODE_INLINE, /* in the program */
	MODE_AUTO,   /* as mode_choose() has it */
};

/** mode_parse() - the mode named @text; MODE_UNSET if there is none of that name. */
enum mode mode_parse(const char *text);

/** mode_name() - its name. */
const char *mode_name(enum mode mode);

/**
 * mode_choose() - would inline mode serve this command?
 * @path: the command's file, as found
 * @argv: the command line; argv[0] is not looked at
 * @why:  the reason, one sentence of this thread's buffer (lib/why.h)
 *
 * The rule is at the head of mode.c. It errs towards shadow mode, which serves all.
 *
 * Return: MODE_INLINE or MODE_SHADOW.
 */
enum mode mode_choose(const char *path, char *const *argv, const char **why);

#endif /* PERSONA_LAUNCH_MODE_H */
