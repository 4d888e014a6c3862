/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * json.h - build a JSON text, piece by piece.
 *
 * Commas are the builder's: a piece that follows a value is separated from it. Inside an
 * object each piece has a key; in an array, and outermost, the key is NULL. Text that is not
 * UTF-8 (a command's arguments may be any bytes) has each bad byte replaced by U+FFFD, so
 * that the document is always valid. A builder belongs to one thread.
 */
#ifndef PERSONA_LIB_JSON_H
#define PERSONA_LIB_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * struct json - a text under construction; zeroed: an empty one
 * @text:   malloc'ed, NUL-terminated once something was added; json_free()
 * @failed: no memory: what follows is dropped, @text is not to be used
 */
struct json {
	char *text;
	size_t len;
	size_t capacity;
	bool failed;
};

/** json_open() - begin an object ('{') or an array ('['). */
void json_open(struct json *j, const char *key, char bracket);

/** json_close() - end it by the matching bracket. */
void json_close(struct json *j, char bracket);

void json_text(struct json *j, const char *key, const char *value);

/** json_bytes() - a text of @len bytes. */
void json_bytes(struct json *j, const char *key, const char *value, size_t len);

void json_number(struct json *j, const char *key, uint64_t value);
void json_bool(struct json *j, const char *key, bool value);

/** json_free() - give the text back; the builder is an empty one again. */
void json_free(struct json *j);

#endif /* PERSONA_LIB_JSON_H */
