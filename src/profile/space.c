// SPDX-License-Identifier: GPL-2.0-only
/*
 * space.c - what each process has mapped where; see space.h.
 *
 * A process's mappings are an array sorted by address without overlaps. Processes and
 * threads lie in small hash tables by id; an id that is used again replaces its
 * predecessor by fork or exec.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "profile/space.h"

#define BUCKETS 256

struct space {
	pid_t pid;
	struct mapping *map;
	size_t n, capacity;
	struct space *next;
};

struct name {
	pid_t tid;
	char text[16];
	struct name *next;
};

static struct space *spaces[BUCKETS];
static struct name *names[BUCKETS];

static struct space *space_of(pid_t pid, bool make)
{
	struct space **head = &spaces[(unsigned int)pid % BUCKETS], *s;

	for (s = *head; s; s = s->next) {
		if (s->pid == pid)
			return s;
	}
	s = make ? calloc(1, sizeof(*s)) : NULL;
	if (s) {
		s->pid = pid;
		s->next = *head;
		*head = s;
	}
	return s;
}

static bool room_for(struct space *s, size_t n)
{
	struct mapping *more;

	if (n <= s->capacity)
		return true;
	more = reallocarray(s->map, n * 2, sizeof(*more));
	if (!more)
		return false;
	s->map = more;
	s->capacity = n * 2;
	return true;
}

/* First mapping that ends behind @addr. */
static size_t space_search(const struct space *s, uint64_t addr)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->map[mid].end <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void space_insert(struct space *s, const struct mapping *m)
{
	size_t i = space_search(s, m->start), last = i;

	if (!room_for(s, s->n + 2))
		return;
	/* One that begins before it keeps its beginning, and its end if that is behind. */
	if (i < s->n && s->map[i].start < m->start) {
		struct mapping tail = s->map[i];

		s->map[i].end = m->start;
		last = ++i;
		if (tail.end > m->end) {
			tail.offset += m->end - tail.start;
			tail.start = m->end;
			memmove(&s->map[i + 1], &s->map[i], (s->n - i) * sizeof(tail));
			s->map[i] = tail;
			s->n++;
		}
	}
	while (last < s->n && s->map[last].end <= m->end)
		last++;
	if (last < s->n && s->map[last].start < m->end) {
		s->map[last].offset += m->end - s->map[last].start;
		s->map[last].start = m->end;
	}
	memmove(&s->map[i + 1], &s->map[last], (s->n - last) * sizeof(*m));
	s->n = s->n - (last - i) + 1;
	s->map[i] = *m;
}

void space_map(pid_t pid, uint64_t start, uint64_t len, uint64_t offset, const char *path)
{
	struct space *s = space_of(pid, true);
	struct mapping m = {start, start + len, offset, NULL};

	if ((*path == '/' && path[1] != '/') || !strcmp(path, "[vdso]"))
		m.object = object_get(path);
	if (s && len)
		space_insert(s, &m);
}

void space_read(pid_t pid)
{
	unsigned long long start, end, offset;
	char line[4352], prot[8], path[4100];
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%d/maps", pid);
	f = fopen(line, "re");
	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		*path = '\0';
		if (sscanf(line, "%llx-%llx %7s %llx %*s %*s %4099[^\n]", &start, &end, prot,
			   &offset, path) >= 4 &&
		    prot[2] == 'x')
			space_map(pid, start, end - start, offset, path);
	}
	fclose(f);
}

void space_fork(pid_t parent, pid_t child)
{
	struct space *from = space_of(parent, false), *to = space_of(child, true);

	if (!to || parent == child)
		return;
	to->n = 0;
	if (from && room_for(to, from->n)) {
		memcpy(to->map, from->map, from->n * sizeof(*from->map));
		to->n = from->n;
	}
}

bool space_known(pid_t pid)
{
	return space_of(pid, false);
}

void space_exec(pid_t pid)
{
	struct space *s = space_of(pid, false);

	if (s)
		s->n = 0;
}

const struct mapping *space_find(pid_t pid, uint64_t addr)
{
	const struct space *s = space_of(pid, false);
	size_t i = s ? space_search(s, addr) : 0;

	return s && i < s->n && s->map[i].start <= addr ? &s->map[i] : NULL;
}

static struct name *name_of(pid_t tid)
{
	struct name *n = names[(unsigned int)tid % BUCKETS];

	while (n && n->tid != tid)
		n = n->next;
	return n;
}

const char *thread_name(pid_t tid)
{
	const struct name *n = name_of(tid);

	return n ? n->text : "?";
}

void thread_named(pid_t tid, const char *name)
{
	struct name *n = name_of(tid);

	if (!n) {
		n = calloc(1, sizeof(*n));
		if (!n)
			return;
		n->tid = tid;
		n->next = names[(unsigned int)tid % BUCKETS];
		names[(unsigned int)tid % BUCKETS] = n;
	}
	snprintf(n->text, sizeof(n->text), "%s", name);
}

void spaces_close(void)
{
	for (unsigned int i = 0; i < BUCKETS; i++) {
		while (spaces[i]) {
			struct space *s = spaces[i];

			spaces[i] = s->next;
			free(s->map);
			free(s);
		}
		while (names[i]) {
			struct name *n = names[i];

			names[i] = n->next;
			free(n);
		}
	}
}
