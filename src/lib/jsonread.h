/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * jsonread.h - look into a JSON text without taking it apart.
 *
 * A value is a pointer to where it begins in the text; what is not there is NULL, and
 * all functions take NULL and give NULL, 0 or "". json_valid() is asked once, about
 * the whole text; after that the others need not doubt it. All are pure.
 */
#ifndef PERSONA_LIB_JSONREAD_H
#define PERSONA_LIB_JSONREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** json_valid() - is @text one whole JSON value, nested JSON_DEPTH deep at most? */
bool json_valid(const char *text);

#define JSON_DEPTH 16

/** json_member() - value of @key in an object. */
const char *json_member(const char *object, const char *key);

/** json_first(), json_next() - walk an array; NULL after the last. */
const char *json_first(const char *array);
const char *json_next(const char *value);

/** json_string() - a string, unescaped, cut to @size bytes with the NUL; returns @buf. */
const char *json_string(const char *value, char *buf, size_t size);

/** json_uint() - a number without sign and fraction. */
uint64_t json_uint(const char *value);

/** json_true() - is it `true`? */
bool json_true(const char *value);

#endif /* PERSONA_LIB_JSONREAD_H */
