/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - which users may use which interfaces.
 */
#ifndef PERSONA_OPENER_POLICY_H
#define PERSONA_OPENER_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define POLICY_FILE "/etc/persona/opener.conf"

/**
 * policy_allows() - may the caller of this process open @ifname?
 *
 * Root may, and so may anybody if this file has no capabilities of its own (then the
 * kernel judges); else POLICY_FILE says. Return: 0, or -EACCES and others with the sentence
 * in @why.
 */
int policy_allows(const char *ifname, const char **why);

/**
 * struct policy_who - a user with his groups
 * @passwd, @group: text of /etc/passwd and /etc/group, for names
 */
struct policy_who {
	uid_t uid;
	const gid_t *gids;
	size_t ngids;
	const char *passwd;
	const char *group;
};

/**
 * policy_judge() - the rule, of a text, for tests
 * @text: of the configuration; is cut into lines
 * @line: receives the number of a line that cannot be understood
 *
 * Return: 1 allowed, 0 not, -EINVAL (@line).
 */
int policy_judge(char *text, const struct policy_who *who, const char *ifname, unsigned int *line);

#endif /* PERSONA_OPENER_POLICY_H */
