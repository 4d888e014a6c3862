// SPDX-License-Identifier: GPL-2.0-only
/*
 * fuzz_texts.c - libFuzzer target: the small texts that processes beside the stack read.
 *
 * The first byte says which: the opener's configuration (also /etc/passwd's part of it),
 * the host's list of reserved ports, what an XDP program is told. Whatever the
 * text, the parser ends, stays inside, and what it made of it survives the way back.
 */
#include <stdlib.h>
#include <string.h>
#include "backend/opening/steer.h"
#include "opener/portset.h"
#include "opener/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROOM 4096 /* bytes of a list */

static void policy(char *text, size_t len)
{
	static const gid_t gids[] = {7, 1000};
	struct policy_who who = {.uid = 1000, .gids = gids, .ngids = 2, .passwd = "a:x:1000:"};
	char *rules = memchr(text, '\n', len);
	unsigned int line = 0;
	int got;

	who.group = text; /* the first line is its, too */
	if (rules)
		*rules++ = '\0';
	rules = strdup(rules ? rules : "");
	got = policy_judge(rules, &who, "wlan0", &line);
	if ((got != 0 && got != 1 && got >= 0) || !line)
		abort();
	free(rules);
}

static void ports(const char *text, uint16_t first, uint16_t last)
{
	char list[ROOM];

	if (first > last || strlen(text) >= sizeof(list))
		return;
	strcpy(list, text);
	if (portset_list_add(list, sizeof(list), first, last))
		return;
	if (!portset_list_overlaps(list, first, first) || !portset_list_overlaps(list, last, last))
		abort();
	if (!portset_list_remove(list, sizeof(list), first, last) &&
	    portset_list_overlaps(list, first, last))
		abort();
}

static void steer(const char *text)
{
	char first[STEER_TEXT], second[STEER_TEXT];
	struct steer s, again;
	unsigned int line = 0;

	if (steer_parse(text, &s, &line)) {
		if (!line)
			abort();
		return;
	}
	if (s.naddrs > STEER_ADDRS || s.nports > STEER_PORTS || s.first > s.last)
		abort();
	if (steer_format(&s, first) >= STEER_TEXT || steer_parse(first, &again, &line) ||
	    steer_format(&again, second) >= STEER_TEXT || strcmp(first, second))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size < 5)
		return 0;
	text = strndup((const char *)data + 5, size - 5);
	switch (data[0] % 3) {
	case 0:
		policy(text, strlen(text));
		break;
	case 1:
		ports(text, (uint16_t)(data[1] << 8 | data[2]), (uint16_t)(data[3] << 8 | data[4]));
		break;
	case 2:
		steer(text);
		break;
	}
	free(text);
	return 0;
}
