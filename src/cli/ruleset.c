// SPDX-License-Identifier: GPL-2.0-only
/*
 * ruleset.c - which chains are in a back end's way, see ruleset.h.
 *
 * Where the hooks are, in the order of the host's kernel:
 *
 *	in:  XDP, packet sockets, netdev/inet ingress, macvtap, [prerouting, input, forward]
 *	out: packet sockets and macvtap, egress, the device; AF_XDP goes to the device
 *
 * So what is dropped in prerouting (raw, conntrack's invalid ones) or input never concerns a
 * stack on packet, rawip, macvtap or xdp; a stack behind tap or tun is to the host
 * a machine of its network, and everything concerns it.
 *
 * Limits: whether a rule would match is not asked: a chain that drops something is in
 * the way. A chain that jumps is taken for one that drops.
 */
#include <stdio.h>
#include <string.h>
#include "backend/backend.h"
#include "cli/ruleset.h"

/* The rest of @line behind @word and blanks, or NULL if it does not begin so. */
static const char *ruleset_after(const char *line, const char *word)
{
	size_t len = strlen(word);

	line += strspn(line, " \t");
	return strncmp(line, word, len) ? NULL : line + len;
}

/* Is @word in @line, by itself? */
static bool has_word(const char *line, const char *word)
{
	static const char between[] = " \t\";,{}";
	size_t len = strlen(word);

	for (const char *p = line; (p = strstr(p, word)); p += len) {
		if ((p == line || strchr(between, p[-1])) && (!p[len] || strchr(between, p[len])))
			return true;
	}
	return false;
}

static bool may_drop(const char *line)
{
	return has_word(line, "drop") || has_word(line, "reject") || has_word(line, "jump") ||
	       has_word(line, "goto");
}

static void take_hook(const char *line, struct ruleset_hook *h)
{
	const char *hook = strstr(line, " hook "), *device = strstr(line, " device");
	const char *end = strstr(line, " priority ");

	sscanf(hook, " hook %15s", h->hook);
	if (device && end > device)
		snprintf(h->device, sizeof(h->device), "%.*s", (int)(end - device), device);
	h->drops = may_drop(line); /* its policy */
}

unsigned int ruleset_hooks(const char *text, struct ruleset_hook *out, unsigned int max)
{
	struct ruleset_hook now = {.family = ""};
	struct ruleset_hook *open = NULL;
	unsigned int n = 0;
	const char *rest;
	char line[1024];

	while (*text) {
		size_t len = strcspn(text, "\n");

		snprintf(line, sizeof(line), "%.*s", (int)len, text);
		text += len + (text[len] == '\n');
		if ((rest = ruleset_after(line, "table "))) {
			sscanf(rest, "%15s %63s", now.family, now.table);
		} else if ((rest = ruleset_after(line, "chain "))) {
			sscanf(rest, "%63s", now.chain);
			open = NULL;
		} else if (ruleset_after(line, "type ") && strstr(line, " hook ") && n < max &&
			   strncmp(now.table, "persona-", 8)) {
			open = &out[n++];
			*open = now;
			take_hook(line, open);
		} else if (ruleset_after(line, "}")) {
			open = NULL;
		} else if (open) {
			open->drops |= may_drop(line);
		}
	}
	return n;
}

bool ruleset_concerns(const struct ruleset_hook *h, unsigned int hooks, const char *ifname)
{
	if (!h->drops || (h->device[0] && !has_word(h->device, ifname)))
		return false;
	return (hooks & BACKEND_HOOK_ALL) ||
	       ((hooks & BACKEND_HOOK_EGRESS) && !strcmp(h->hook, "egress")) ||
	       ((hooks & BACKEND_HOOK_INGRESS) && !strcmp(h->hook, "ingress"));
}
