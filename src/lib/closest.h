/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * closest.h - "did you mean": the word nearest to a mistyped one.
 */
#ifndef PERSONA_LIB_CLOSEST_H
#define PERSONA_LIB_CLOSEST_H

/**
 * closest() - find the candidate nearest to @word
 * @word:	what was typed
 * @candidates: NULL-terminated list
 *
 * Return: a candidate at an edit distance of at most two (one for words of up
 * to three letters), or NULL.
 */
const char *closest(const char *word, const char *const *candidates);

#endif /* PERSONA_LIB_CLOSEST_H */
