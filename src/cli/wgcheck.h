/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * wgcheck.h - persona wg check.
 */
#ifndef PERSONA_CLI_WGCHECK_H
#define PERSONA_CLI_WGCHECK_H

#include <stdbool.h>

/**
 * wg_check() - compare @n configuration files, clients' and a server's, and print what is found
 * @json: an object for each line
 *
 * Return: 0; 1: there are faults; EXIT_PERSONA: it could not be done, which was said.
 */
int wg_check(char **files, unsigned int n, bool json);

#endif /* PERSONA_CLI_WGCHECK_H */
