// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_wgcheck.c - faults that two ends of WireGuard tunnels can have, each found where it is.
 *
 * The public keys are those that the files say, not computed: PUBLIC belongs to PRIVATE.
 */
#include "wgsample.h"
#include "netconf/wgcheck.h"

#define CLIENT                                                                        \
	"[Interface]\nPrivateKey = " PRIVATE "\nAddress = 10.7.0.2/32, fd07::2/128\n" \
	"[Peer]\nPublicKey = " PUBLIC2 "\nPresharedKey = " PSK                        \
	"\nAllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = vps.example.org:51820\n"
#define SERVER                                                                        \
	"[Interface]\nPrivateKey = " PRIVATE2 "\nAddress = 10.7.0.1/24, fd07::1/64\n" \
	"ListenPort = 51820\n"                                                        \
	"[Peer]\nPublicKey = " PUBLIC "\nPresharedKey = " PSK                         \
	"\nAllowedIPs = 10.7.0.2/32, fd07::2/128\n"                                   \
	"[Peer]\nPublicKey = " PSK "\nAllowedIPs = 10.7.0.3/32, fd07::3/128\n"

static char report[4096];

static void tell(void *arg, const struct wgcheck_line *l)
{
	size_t len = strlen(report);

	(*(unsigned int *)arg)++;
	assert_true(*l->words != '\0');
	assert_int_equal(l->fault, *l->remedy != '\0');
	snprintf(report + len, sizeof(report) - len, "%s %s:%u: %s\n", l->fault ? "fail" : "ok",
		 l->file, l->line, l->words);
}

static struct wgconf_file *text_parse(const char *text)
{
	size_t len = strlen(text);
	char *copy = malloc(len + 1);
	struct wgconf_file *f;
	const char *why = "";

	assert_non_null(copy);
	memcpy(copy, text, len);
	if (wgconf_parse_any(copy, len, "wg.conf", &f, &why))
		fail_msg("%s: in: %s", why, text);
	free(copy);
	return f;
}

/* @text with the first @from in it replaced by @to. */
static char *text_change(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	char *out;

	assert_non_null(at);
	assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	return out;
}

/* What is found in these texts, in @report; NULL texts are left out. */
static unsigned int check_texts(const char *client, const char *second, const char *server)
{
	const char *const texts[] = {client, second, server};
	static const char *const names[] = {"c", "d", "s"};
	struct wgconf_file *f[3] = {NULL};
	struct wgcheck_end ends[3];
	unsigned int n = 0, lines = 0, faults;

	report[0] = '\0';
	for (unsigned int i = 0; i < 3; i++) {
		if (!texts[i])
			continue;
		f[n] = text_parse(texts[i]);
		ends[n].file = names[i];
		ends[n].conf = f[n]->section;
		wgkey_parse(i == 2 ? PUBLIC2 : PUBLIC, WGKEY_TEXT_LEN, ends[n].public);
		if (i == 1)
			wgkey_parse(PSK, WGKEY_TEXT_LEN, ends[n].public);
		n++;
	}
	faults = wgcheck(ends, n, tell, &lines);
	assert_true(lines >= faults);
	while (n)
		wgconf_file_free(f[--n]);
	assert_null(strstr(report, PRIVATE));
	assert_null(strstr(report, PRIVATE2));
	return faults;
}

static void test_good(void **state)
{
	assert_int_equal(check_texts(CLIENT, NULL, SERVER), 0);
	assert_string_equal(report, "ok c:1: keys, addresses, port and MTU fit s:5\n"
				    "ok s:1: a server's, with 2 peers\n");
	assert_int_equal(check_texts(CLIENT, NULL, NULL), 0);
	assert_string_equal(report,
			    "ok c:1: a client's; name the server's file, too, to compare them\n");
	assert_int_equal(check_texts(NULL, NULL, SERVER), 0);
}

static void test_faults(void **state)
{
	static const struct {
		bool server;
		const char *from, *to, *fault;
	} rows[] = {
		{false, PUBLIC2, PSK, "c:4: PublicKey is not that of s:1"},
		{true, "10.7.0.2/32", "10.7.0.9/32",
		 "c:1: Address 10.7.0.2 is not in AllowedIPs of s:5, which drops its packets"},
		{true, "fd07::2/128", "fd07::2/127", NULL},
		{true, "10.7.0.2/32", "10.7.0.0/24", NULL},
		{true, "10.7.0.3/32", "10.7.0.2/32",
		 "s:9: AllowedIPs has 10.7.0.2/32, which the [Peer] of line 5 loses by it"},
		{true, "10.7.0.2/32, ", "10.7.0.0/24, ", NULL},
		{false, "0.0.0.0/0, ", "",
		 "c:4: AllowedIPs has not the server's address 10.7.0.1 (s:1)"},
		{false, "::/0", "fd08::/64",
		 "c:4: AllowedIPs has not the server's address fd07::1 (s:1)"},
		{false, ":51820", ":4711",
		 "c:4: Endpoint has port 4711, and s:1 ListenPort = 51820"},
		{true, "ListenPort = 51820\n", "",
		 "c:4: Endpoint has port 51820, and s:1 has no ListenPort"},
		{false, "PresharedKey = " PSK "\n", "",
		 "c:4: PresharedKey is at s:5, and not here"},
		{true, "PresharedKey = " PSK "\n", "", "c:4: PresharedKey is here, and not at s:5"},
		{false, PSK, PUBLIC, "c:4: PresharedKey is another than that of s:5"},
		{false, "[Peer]", "MTU = 1500\n[Peer]", "c:1: MTU = 1500 and WireGuard's headers"},
		{false, "[Peer]", "MTU = 1440\n[Peer]", NULL},
		{false, "vps.example.org", "127.0.0.1",
		 "c:4: Endpoint 127.0.0.1 is a loopback address"},
		{false, "vps.example.org", "[ff02::1]",
		 "c:4: Endpoint ff02::1 is a multicast address"},
		{false, "Address = 10.7.0.2/32, fd07::2/128\n", "",
		 "c:1: [Interface] has no Address"},
		{false, "10.7.0.2/32", "10.7.0.1/32", "s:1: Address 10.7.0.1 is that of c:1, too"},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++) {
		char *changed;

		changed = text_change(rows[i].server ? SERVER : CLIENT, rows[i].from, rows[i].to);
		check_texts(rows[i].server ? CLIENT : changed, NULL,
			    rows[i].server ? changed : SERVER);
		if (!rows[i].fault)
			assert_null(strstr(report, "fail"));
		else if (!strstr(report, rows[i].fault))
			fail_msg("%s is not in: %s", rows[i].fault, report);
		free(changed);
	}
}

/* No [Peer] has the client's key. */
static void test_stranger(void **state)
{
	char *changed = text_change(SERVER, PUBLIC "\n", PRIVATE2 "\n");
	char *other = text_change(changed, PRIVATE2, PRIVATE);

	assert_int_equal(check_texts(CLIENT, NULL, other), 1);
	assert_non_null(strstr(report, "fail c:1: s has no [Peer] with this end's public key"));
	free(other);
	free(changed);
}

/* The narrowest network wins, whoever's it is. */
static void test_narrow(void **state)
{
	char *wide = text_change(SERVER, "10.7.0.2/32", "10.7.0.0/24");
	char *stolen = text_change(wide, "10.7.0.3/32", "10.7.0.2/31");

	assert_int_equal(check_texts(CLIENT, NULL, stolen), 1);
	assert_non_null(strstr(report, "fail c:1: Address 10.7.0.2 is more narrowly in AllowedIPs "
				       "of s:9, which gets its answers"));
	free(stolen);
	free(wide);
}

static void test_twice(void **state)
{
	char *second = text_change(CLIENT, "10.7.0.2/32, fd07::2/128", "10.7.0.3/32");

	assert_int_equal(check_texts(CLIENT, CLIENT, NULL), 2);
	assert_non_null(strstr(report, "fail d:1: Address 10.7.0.2 is that of c:1, too"));
	assert_int_equal(check_texts(CLIENT, second, SERVER), 1); /* its preshared key */
	assert_non_null(strstr(report, "fail d:4: PresharedKey is here, and not at s:9"));
	free(second);
}

static void test_same_key(void **state)
{
	struct wgconf_file *f = text_parse(CLIENT);
	struct wgcheck_end ends[2] = {{.file = "c", .conf = f->section},
				      {.file = "d", .conf = f->section}};
	unsigned int lines = 0;

	report[0] = '\0';
	assert_int_equal(wgcheck(ends, 2, tell, &lines), 3);
	assert_non_null(strstr(report, "fail d:1: has the PrivateKey of c:1"));
	wgconf_file_free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),	 cmocka_unit_test(test_faults),
		cmocka_unit_test(test_stranger), cmocka_unit_test(test_narrow),
		cmocka_unit_test(test_twice),	 cmocka_unit_test(test_same_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
