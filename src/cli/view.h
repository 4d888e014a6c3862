/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * view.h - the report of a run (control/report.h) for people.
 */
#ifndef PERSONA_CLI_VIEW_H
#define PERSONA_CLI_VIEW_H

#include <stddef.h>
#include <stdio.h>
#include "cli/rates.h"

#define VIEW_COMMAND 256

/** view_string() - a string of a document, without what could harm a terminal; @buf. */
const char *view_string(const char *value, char *buf, size_t size);

/** view_command() - the words of "command" on one line; returns @buf. */
const char *view_command(const char *document, char buf[VIEW_COMMAND]);

/** view_rates() - the counters of a valid document; @r zeroed before. */
void view_rates(const char *document, struct rates *r);

/**
 * view_print() - tables of interfaces and connections
 * @document: valid
 * @now: its counters
 * @old: those of an earlier document of the same run, or of none (zeroed)
 * @width, @rows: size of the terminal; what does not fit is counted in a last line
 */
void view_print(const char *document, const struct rates *now, const struct rates *old, FILE *out,
		size_t width, size_t rows);

#endif /* PERSONA_CLI_VIEW_H */
