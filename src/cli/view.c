// SPDX-License-Identifier: GPL-2.0-only
/*
 * view.c - the report of a run for people, see view.h.
 *
 *	run 4711: curl -O http://10.1.0.1/file
 *	shadow, linux-6.12, up 12s, memory 35 of 247 MB
 *	policy handover, scheduler handover, congestion control cubic
 *
 *	INTERFACE  STATE   MTU   DOWN     UP  RECEIVED  SENT  DROPS  USE     ADDRESSES
 *	wlan0      up     1500  48.5M   1.2M      102M  3.1M      0  active  10.1.0.2/24
 *
 *	TUNNEL  ENDPOINT        HANDSHAKE  MTU   OUTER MTU  RECEIVED  SENT
 *	wlan0   10.1.0.1:51820  12s ago    1440       1500      106M  3.3M
 *
 *	PROTO  INTERFACE  LOCAL  REMOTE  STATE  DOWN  UP  RECEIVED  SENT  SHARE  RTT ...
 *	mptcp             10.1.0.2:50796 ...            the connection, then its subflows
 *	       wlan0      10.1.0.2:50796 ...
 *	       (ended)                    ...           and what those had that have ended
 *
 * The second table is there if there is a tunnel; the interface that it leaves by is not shown.
 *
 * Rates are bits per second between two documents. All else is since the beginning, SHARE too:
 * a subflow's part of the connection's bytes, both ways.
 */
#include <inttypes.h>
#include <string.h>
#include "cli/table.h"
#include "cli/view.h"
#include "lib/jsonread.h"
#include "lib/printable.h"

#define WORD	 96
#define MEGABYTE 1000000
#define QUIET_MS 3000 /* a subflow without news for that long is quiet, if another one has had */
#define HEARD_MS 1000 /* some within this time */

struct view {
	const struct rates *now, *old;
	struct table table;
};

const char *view_string(const char *value, char *buf, size_t size)
{
	json_string(value, buf, size);
	return printable(buf);
}

const char *view_command(const char *document, char buf[VIEW_COMMAND])
{
	const char *word = json_first(json_member(document, "command"));
	size_t len = 0;

	buf[0] = '\0';
	for (; word && len + 2 < VIEW_COMMAND; word = json_next(word)) {
		if (len)
			buf[len++] = ' ';
		view_string(word, buf + len, VIEW_COMMAND - len);
		len += strlen(buf + len);
	}
	return buf;
}

static const char *view_text(const char *object, const char *key, char buf[WORD])
{
	return view_string(json_member(object, key), buf, WORD);
}

static uint64_t view_number(const char *object, const char *key)
{
	return json_uint(json_member(object, key));
}

/* What a subflow is known by from one document to the next. */
static void flow_key(const char *flow, char key[2 * WORD + 8])
{
	char local[WORD], remote[WORD];

	snprintf(key, 2 * WORD + 8, "flow %s %s", view_text(flow, "local", local),
		 view_text(flow, "remote", remote));
}

static void link_key(const char *link, char key[2 * WORD + 8])
{
	char name[WORD];

	snprintf(key, 2 * WORD + 8, "link %s", view_text(link, "name", name));
}

void view_rates(const char *document, struct rates *r)
{
	const char *p, *flow;
	char key[2 * WORD + 8];

	r->time_ns = view_number(document, "time_ns");
	for (p = json_first(json_member(document, "interfaces")); p; p = json_next(p)) {
		link_key(p, key);
		rates_note(r, key, view_number(json_member(p, "rx"), "bytes"),
			   view_number(json_member(p, "tx"), "bytes"));
	}
	for (p = json_first(json_member(document, "connections")); p; p = json_next(p)) {
		for (flow = json_first(json_member(p, "subflows")); flow; flow = json_next(flow)) {
			flow_key(flow, key);
			rates_note(r, key, view_number(flow, "received"),
				   view_number(flow, "sent"));
		}
	}
	rates_close(r);
}

static void put_rate(struct table *t, const struct rate *r)
{
	char buf[HUMAN_TEXT];

	table_cell(t, "%s", human_rate(r->in, r->ns, buf));
	table_cell(t, "%s", human_rate(r->out, r->ns, buf));
}

static void put_bytes(struct table *t, uint64_t in, uint64_t out)
{
	char buf[HUMAN_TEXT];

	table_cell(t, "%s", human_bytes(in, buf));
	table_cell(t, "%s", human_bytes(out, buf));
}

/* What a path is for; an active one that the policy keeps for later stands by. */
static const char *view_use(const char *link, char buf[WORD])
{
	view_text(link, "role", buf);
	if (!*buf)
		return "-";
	return !strcmp(buf, "active") && json_true(json_member(link, "backup")) ? "standby" : buf;
}

static void put_link(struct view *v, const char *link)
{
	const char *rx = json_member(link, "rx"), *tx = json_member(link, "tx"), *a;
	char buf[WORD], addresses[4 * WORD] = "", key[2 * WORD + 8];
	struct table *t = &v->table;
	bool up = !strcmp(view_text(link, "state", buf), "up");
	struct rate rate;

	link_key(link, key);
	rate = rates_since(v->old, v->now, key);
	table_cell(t, "%s", view_text(link, "name", buf));
	table_cell(t, "%s",
		   !up					      ? "down"
		   : !json_true(json_member(link, "carrier")) ? "no carrier"
		   : json_true(json_member(link, "silent"))   ? "silent"
							      : "up");
	table_cell(t, "%" PRIu64, view_number(link, "mtu"));
	put_rate(t, &rate);
	put_bytes(t, view_number(rx, "bytes"), view_number(tx, "bytes"));
	table_cell(t, "%" PRIu64,
		   view_number(rx, "drops") + view_number(tx, "drops") + view_number(rx, "errors") +
			   view_number(tx, "errors"));
	table_cell(t, "%s", view_use(link, buf));
	for (a = json_first(json_member(link, "addresses")); a; a = json_next(a))
		snprintf(addresses + strlen(addresses), sizeof(addresses) - strlen(addresses),
			 "%s%s", *addresses ? " " : "", view_string(a, buf, sizeof(buf)));
	table_cell(t, "%s", addresses);
}

static void put_tunnel(struct view *v, const char *link)
{
	const char *tunnel = json_member(link, "tunnel"), *e;
	char buf[WORD], ends[4 * WORD] = "", age[HUMAN_TEXT];
	struct table *t = &v->table;

	for (e = json_first(json_member(tunnel, "endpoints")); e; e = json_next(e))
		snprintf(ends + strlen(ends), sizeof(ends) - strlen(ends), "%s%s", *ends ? " " : "",
			 view_string(e, buf, sizeof(buf)));
	table_cell(t, "%s", view_text(link, "name", buf));
	table_cell(t, "%s", ends);
	if (json_member(tunnel, "handshake_age_s"))
		table_cell(t, "%s ago", human_time(view_number(tunnel, "handshake_age_s"), age));
	else
		table_cell(t, "never");
	table_cell(t, "%" PRIu64, view_number(link, "mtu"));
	if (json_member(tunnel, "outer_mtu"))
		table_cell(t, "%" PRIu64, view_number(tunnel, "outer_mtu"));
	else
		table_cell(t, "-");
	put_bytes(t, view_number(tunnel, "received"), view_number(tunnel, "sent"));
}

/* More than the kernel's word for it; @busy: another subflow of the connection has news. */
static const char *view_state(const char *s, bool busy, char buf[WORD])
{
	view_text(s, "state", buf);
	if (json_true(json_member(s, "stalled")))
		return "stalled";
	return busy && !strcmp(buf, "established") && !json_true(json_member(s, "backup")) &&
			       view_number(s, "heard_ms") >= QUIET_MS
		       ? "quiet"
		       : buf;
}

/* PROTO to STATE; @protocol NULL: a subflow of the row above. */
static void put_ends(struct table *t, const char *s, const char *protocol, bool busy)
{
	char buf[WORD];

	table_cell(t, "%s", protocol ? protocol : "");
	table_cell(t, "%s", view_text(s, "interface", buf));
	table_cell(t, "%s", view_text(s, "local", buf));
	table_cell(t, "%s", view_text(s, "remote", buf));
	table_cell(t, "%s", view_state(s, busy, buf));
}

static void put_share(struct table *t, uint64_t part, uint64_t all)
{
	if (all)
		table_cell(t, "%.0f%%", 100.0 * (double)part / (double)all);
	else
		table_cell(t, "-");
}

/* @all: bytes that the connection has moved; @busy: it has news. */
static void put_flow(struct view *v, const char *flow, const char *protocol, uint64_t all,
		     bool busy)
{
	uint64_t in = view_number(flow, "received"), out = view_number(flow, "sent");
	struct table *t = &v->table;
	char buf[WORD], key[2 * WORD + 8];
	struct rate rate;

	flow_key(flow, key);
	rate = rates_since(v->old, v->now, key);
	put_ends(t, flow, protocol, busy);
	put_rate(t, &rate);
	put_bytes(t, in, out);
	put_share(t, in + out, all);
	table_cell(t, "%.1f ms", (double)view_number(flow, "rtt_us") / 1000);
	table_cell(t, "%" PRIu64, view_number(flow, "retransmissions"));
	table_cell(t, "%" PRIu64, view_number(flow, "lost"));
	table_cell(t, "%s%s", view_text(flow, "congestion_control", buf),
		   json_true(json_member(flow, "backup")) ? " backup" : "");
}

static void put_dashes(struct table *t, unsigned int n)
{
	while (n--)
		table_cell(t, "-");
}

/* What the subflows had that have ended. */
static void put_ended(struct table *t, const char *ended, uint64_t all)
{
	uint64_t in = view_number(ended, "received"), out = view_number(ended, "sent");

	if (!in && !out)
		return;
	table_cell(t, " ");
	table_cell(t, "(ended)");
	put_dashes(t, 5);
	put_bytes(t, in, out);
	put_share(t, in + out, all);
	put_dashes(t, 4);
}

static void view_put_connection(struct view *v, const char *c)
{
	const char *flows = json_first(json_member(c, "subflows")), *flow;
	struct rate sum = {0}, rate;
	char buf[WORD], key[2 * WORD + 8];
	const char *protocol = view_text(c, "protocol", buf);
	bool mptcp = !strcmp(protocol, "mptcp");
	uint64_t all = view_number(c, "received") + view_number(c, "sent");
	bool busy = false;

	for (flow = flows; flow; flow = json_next(flow)) {
		flow_key(flow, key);
		rate = rates_since(v->old, v->now, key);
		sum.in += rate.in;
		sum.out += rate.out;
		sum.ns |= rate.ns;
		busy |= json_member(flow, "heard_ms") && view_number(flow, "heard_ms") < HEARD_MS;
	}
	if (mptcp) {
		put_ends(&v->table, c,
			 json_true(json_member(c, "fallback")) ? "mptcp (tcp)" : "mptcp", false);
		put_rate(&v->table, &sum);
		put_bytes(&v->table, view_number(c, "received"), view_number(c, "sent"));
		put_dashes(&v->table, 5);
	}
	for (flow = flows; flow; flow = json_next(flow))
		put_flow(v, flow, mptcp ? NULL : protocol, all, busy);
	put_ended(&v->table, json_member(c, "ended"), all);
}

/* Sockets without a connection: listening ones, UDP. */
static void put_others(struct table *t, const char *list, const char *protocol, const char *state)
{
	char buf[WORD];

	for (const char *s = json_first(list); s; s = json_next(s)) {
		table_cell(t, "%s", protocol ? protocol : view_text(s, "protocol", buf));
		table_cell(t, " ");
		table_cell(t, "%s", view_text(s, "local", buf));
		table_cell(t, "%s", view_text(s, "remote", buf));
		table_cell(t, "%s", state ? state : view_text(s, "state", buf));
		put_dashes(t, 9);
	}
}

static void view_head(struct table *t, const char *right, const char *const *names)
{
	t->right = right;
	for (size_t i = 0; right[i]; i++)
		table_cell(t, "%s", names[i]);
}

/* Lines that it took. */
static size_t view_print_links(struct view *v, const char *interfaces, FILE *out, size_t width,
			       size_t rows)
{
	static const char *const names[] = {"INTERFACE", "STATE", "MTU",   "DOWN", "UP",
					    "RECEIVED",	 "SENT",  "DROPS", "USE",  "ADDRESSES"};
	size_t lines;

	view_head(&v->table, "<<>>>>>><<", names);
	for (const char *p = json_first(interfaces); p; p = json_next(p))
		if (!json_true(json_member(p, "carries_tunnel")))
			put_link(v, p);
	lines = 1 + v->table.n / strlen(v->table.right);
	table_print(&v->table, out, width, rows);
	putc('\n', out);
	return lines;
}

static size_t view_print_tunnels(struct view *v, const char *interfaces, FILE *out, size_t width,
				 size_t rows)
{
	static const char *const names[] = {"TUNNEL",	 "ENDPOINT", "HANDSHAKE", "MTU",
					    "OUTER MTU", "RECEIVED", "SENT"};
	bool any = false;
	size_t lines;

	for (const char *p = json_first(interfaces); p; p = json_next(p)) {
		if (!json_member(p, "tunnel"))
			continue;
		if (!any)
			view_head(&v->table, "<<<>>>>", names);
		any = true;
		put_tunnel(v, p);
	}
	if (!any)
		return 0;
	lines = 1 + v->table.n / strlen(v->table.right);
	table_print(&v->table, out, width, rows);
	putc('\n', out);
	return lines;
}

/* Lines that it took: of a run that is older there is none. */
static size_t view_print_policy(const char *document, FILE *out)
{
	const char *policy = json_member(document, "policy"), *p;
	char buf[WORD], name[WORD];

	if (!policy)
		return 0;
	fprintf(out, "policy %s", view_text(policy, "name", buf));
	for (p = json_first(json_member(policy, "programs")); p; p = json_next(p))
		fprintf(out, ", %s %s", view_text(p, "name", name), view_text(p, "policy", buf));
	if (*view_text(policy, "scheduler", buf))
		fprintf(out, ", scheduler %s", buf);
	fprintf(out, ", congestion control %s\n", view_text(policy, "congestion_control", buf));
	return 1;
}

void view_print(const char *document, const struct rates *now, const struct rates *old, FILE *out,
		size_t width, size_t rows)
{
	static const char *const sockets[] = {
		"PROTO",    "INTERFACE", "LOCAL", "REMOTE", "STATE",   "DOWN", "UP",
		"RECEIVED", "SENT",	 "SHARE", "RTT",    "RETRANS", "LOST", "CONGESTION"};
	struct view v = {.now = now, .old = old};
	char command[VIEW_COMMAND], mode[WORD], image[WORD], time[HUMAN_TEXT];
	const char *p, *memory = json_member(document, "memory");
	uint64_t total = view_number(memory, "total");
	size_t used;

	fprintf(out, "run %" PRIu64 ": %.*s\n", view_number(document, "id"),
		width > 20 ? (int)(width - 20) : 0, view_command(document, command));
	fprintf(out, "%s, %s, up %s, memory %" PRIu64 " of %" PRIu64 " MB\n",
		view_text(document, "mode", mode), view_text(document, "personality", image),
		human_time(view_number(document, "uptime_ms") / 1000, time),
		(total - view_number(memory, "free")) / MEGABYTE, total / MEGABYTE);

	used = 3 + view_print_policy(document, out);
	putc('\n', out);
	p = json_member(document, "interfaces");
	used += view_print_links(&v, p, out, width, rows);
	used += view_print_tunnels(&v, p, out, width, rows > used + 2 ? rows - used - 2 : 1);

	view_head(&v.table, "<<<<<>>>>>>>><", sockets);
	for (p = json_first(json_member(document, "connections")); p; p = json_next(p))
		view_put_connection(&v, p);
	put_others(&v.table, json_member(document, "listening"), NULL, "listening");
	put_others(&v.table, json_member(document, "udp"), "udp", NULL);
	table_print(&v.table, out, width, rows > used + 2 ? rows - used - 2 : 1);
}
