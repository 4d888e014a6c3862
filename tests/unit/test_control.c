// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_control.c - what a run and its observers say to each other: JSON built and
 * read, requests, rates and tables.
 */
#include "cli/rates.h"
#include "cli/table.h"
#include "cli/view.h"
#include "control/server.h"
#include "lib/json.h"
#include "lib/jsonread.h"
#include "unit.h"

/* ---- building ---- */

static void test_json_shape(void **state)
{
	struct json j = {0};

	json_open(&j, NULL, '{');
	json_open(&j, "empty", '[');
	json_close(&j, ']');
	json_number(&j, "n", UINT64_MAX);
	json_open(&j, "list", '[');
	json_number(&j, NULL, 1);
	json_bool(&j, NULL, false);
	json_open(&j, NULL, '{');
	json_close(&j, '}');
	json_text(&j, NULL, "[");
	json_text(&j, NULL, "x");
	json_close(&j, ']');
	json_bool(&j, "yes", true);
	json_close(&j, '}');
	assert_string_equal(j.text, "{\"empty\":[],\"n\":18446744073709551615,"
				    "\"list\":[1,false,{},\"[\",\"x\"],\"yes\":true}");
	assert_true(json_valid(j.text));
	json_free(&j);
	assert_null(j.text);
}

#define BAD "\xef\xbf\xbd" /* U+FFFD */

static void test_json_escapes(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{"", "\"\""},
		{"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
		{"\n\t\x01\x7f", "\"\\u000a\\u0009\\u0001\\u007f\""},
		{"Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
		 "\"Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\""},
		{"\xff\xfe", "\"" BAD BAD "\""},
		{"\xc3", "\"" BAD "\""},		 /* cut short */
		{"\xc0\xaf", "\"" BAD BAD "\""},	 /* too long a form */
		{"\xed\xa0\x80", "\"" BAD BAD BAD "\""}, /* half of a surrogate pair */
		{"\xf5\x80\x80\x80", "\"" BAD BAD BAD BAD "\""},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct json j = {0};

		json_text(&j, NULL, cases[i].in);
		assert_string_equal(j.text, cases[i].out);
		assert_true(json_valid(j.text));
		json_free(&j);
	}
}

static void test_json_grows(void **state)
{
	struct json j = {0};
	char big[5000];
	const char *p;
	unsigned int n = 0;

	memset(big, 'x', sizeof(big));
	json_open(&j, NULL, '[');
	for (unsigned int i = 0; i < 100; i++)
		json_bytes(&j, NULL, big, i * 50);
	json_close(&j, ']');
	assert_false(j.failed);
	assert_int_equal(j.len, strlen(j.text));
	assert_true(json_valid(j.text));
	for (p = json_first(j.text); p; p = json_next(p))
		n++;
	assert_int_equal(n, 100);
	json_free(&j);
}

/* ---- reading ---- */

static void test_json_read(void **state)
{
	static const char text[] = " { \"a\\\"\" : 1 , \"list\" : [ 1 , \"two\\n\\u0041\\u20ac\" , "
				   "{ \"in\":[] }, true ],"
				   "\"b\":{\"b\":false,\"n\":42,\"neg\":-1}, \"last\":null } ";
	const char *top = text + 1, *list, *b;
	char buf[32], small[4];

	assert_true(json_valid(text));
	list = json_first(json_member(top, "list"));
	assert_int_equal(json_uint(list), 1);
	list = json_next(list);
	assert_string_equal(json_string(list, buf, sizeof(buf)), "two\nA?");
	assert_string_equal(json_string(list, small, sizeof(small)), "two");
	list = json_next(list);
	assert_null(json_first(json_member(list, "in")));
	list = json_next(list);
	assert_true(json_true(list));
	assert_null(json_next(list));
	b = json_member(top, "b");
	assert_int_equal(json_uint(json_member(b, "n")), 42);
	assert_int_equal(json_uint(json_member(b, "neg")), 0);
	assert_false(json_true(json_member(b, "b")));
	assert_non_null(json_member(top, "last"));
	/* What is not there is nothing, all the way down. */
	assert_null(json_member(top, "none"));
	assert_null(json_member(json_member(top, "none"), "none"));
	assert_null(json_first(json_member(top, "b")));
	assert_null(json_next(NULL));
	assert_int_equal(json_uint(NULL), 0);
	assert_string_equal(json_string(NULL, buf, sizeof(buf)), "");
	assert_string_equal(json_string(json_member(b, "n"), buf, sizeof(buf)), "");
}

static void test_json_invalid(void **state)
{
	static const char *const bad[] = {
		"",	    "{",	  "[",	   "[1,",      "[1,]",	    "{\"a\"}",
		"{\"a\":}", "{\"a\":1,}", "{a:1}", "\"open",   "\"esc\\",   "[1 2]",
		"1 2",	    "]",	  "tru",   "\"a\nb\"", "{\"a\":1]",
	};
	char deep[2 * JSON_DEPTH + 3] = "";
	const char whole[] = "{\"a\":[1,\"x\\\"y\",{\"b\":true}],\"c\":\"\\u0041\"}";
	char part[sizeof(whole)];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (json_valid(bad[i]))
			fail_msg("'%s' passes", bad[i]);
	/* Every beginning of a document is none. */
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		memcpy(part, whole, n);
		part[n] = '\0';
		assert_false(json_valid(part));
	}
	assert_true(json_valid(whole));
	memset(deep, '[', JSON_DEPTH);
	memset(deep + JSON_DEPTH, ']', JSON_DEPTH);
	assert_true(json_valid(deep));
	memset(deep, '[', JSON_DEPTH + 1);
	memset(deep + JSON_DEPTH + 1, ']', JSON_DEPTH + 1);
	assert_false(json_valid(deep));
}

/* ---- requests ---- */

static void test_requests(void **state)
{
	static const struct {
		const char *text;
		enum control_request request;
		int number;
	} cases[] = {
		{"info", CONTROL_INFO, -1},
		{"show", CONTROL_SHOW, -1},
		{"join", CONTROL_JOIN, -1},
		{"listener 0", CONTROL_LISTENER, 0},
		{"listener 123456789", CONTROL_LISTENER, 123456789},
		{"listener 1234567890", CONTROL_UNKNOWN, -1},
		{"listener ", CONTROL_UNKNOWN, -1},
		{"listener -1", CONTROL_UNKNOWN, -1},
		{"listener 1x", CONTROL_UNKNOWN, -1},
		{"listener", CONTROL_UNKNOWN, -1},
		{"set a=b", CONTROL_SET, -1},
		{"set ", CONTROL_UNKNOWN, -1},
		{"set", CONTROL_UNKNOWN, -1},
		{"sets a=b", CONTROL_UNKNOWN, -1},
		{"infos", CONTROL_UNKNOWN, -1},
		{"inf", CONTROL_UNKNOWN, -1},
		{"", CONTROL_UNKNOWN, -1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i].text);
		char *exact = malloc(len ? len : 1); /* no NUL behind it */
		int number = -1;

		memcpy(exact, cases[i].text, len);
		assert_int_equal(control_parse(exact, len, &number), cases[i].request);
		assert_int_equal(number, cases[i].number);
		free(exact);
	}
}

/* ---- rates, numbers, tables ---- */

static void test_rates(void **state)
{
	struct rates old = {.time_ns = 1000}, now = {.time_ns = 2000}, none = {0};
	struct rate r;

	rates_note(&old, "b", 10, 20);
	rates_note(&old, "a", 1, 2);
	rates_note(&old, "shrinks", 100, 0);
	rates_close(&old);
	rates_note(&now, "new", 5, 5);
	rates_note(&now, "shrinks", 1, 0);
	rates_note(&now, "a", 4, 2);
	rates_note(&now, "b", 110, 25);
	rates_close(&now);
	r = rates_since(&old, &now, "b");
	assert_true(r.in == 100 && r.out == 5 && r.ns == 1000);
	r = rates_since(&old, &now, "a");
	assert_true(r.in == 3 && r.out == 0 && r.ns == 1000);
	assert_int_equal(rates_since(&old, &now, "new").ns, 0);
	assert_int_equal(rates_since(&old, &now, "shrinks").ns, 0);
	assert_int_equal(rates_since(&none, &now, "a").ns, 0);
	assert_int_equal(rates_since(&now, &old, "a").ns, 0);
	free(old.at);
	free(now.at);
}

static void test_human(void **state)
{
	char b[HUMAN_TEXT];

	assert_string_equal(human_bytes(0, b), "0");
	assert_string_equal(human_bytes(999, b), "999");
	assert_string_equal(human_bytes(1023, b), "1.0K");
	assert_string_equal(human_bytes(1536, b), "1.5K");
	assert_string_equal(human_bytes(340ull << 20, b), "340M");
	assert_string_equal(human_bytes(UINT64_MAX, b), "16.0E");
	assert_string_equal(human_rate(6062500, 1000000000, b), "48.5M");
	assert_string_equal(human_rate(1, 0, b), "-");
	assert_string_equal(human_rate(0, 1, b), "0");
	assert_string_equal(human_time(0, b), "0s");
	assert_string_equal(human_time(59, b), "59s");
	assert_string_equal(human_time(192, b), "3m12s");
	assert_string_equal(human_time(7500, b), "2h05m");
	assert_string_equal(human_time(274000, b), "3d04h");
	assert_true(strlen(human_time(UINT64_MAX, b)) < HUMAN_TEXT);
}

/* What @t prints, malloc'ed. */
static char *printed(struct table *t, size_t width, size_t rows)
{
	char *text;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	table_print(t, f, width, rows);
	fclose(f);
	return text;
}

static void fill(struct table *t)
{
	static const char *const words[] = {
		"NAME", "N", "WHAT", "a", "12345", "caf\xc3\xa9 x\033[2J", "longer", "1", ""};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		table_cell(t, "%s", words[i]);
}

static void test_table(void **state)
{
	struct table t = {.right = "<><"};
	char *text;

	fill(&t);
	text = printed(&t, 100, 100);
	assert_string_equal(text, "NAME        N  WHAT\n"
				  "a       12345  caf\xc3\xa9 x?[2J\n"
				  "longer      1  \n");
	free(text);
	assert_int_equal(t.n, 0);
	fill(&t);
	text = printed(&t, 19, 2);
	assert_string_equal(text, "NAME        N  WHAT\n"
				  "a       12345  caf\xc3\xa9\n"
				  "... and 1 more\n");
	free(text);
	text = printed(&t, 10, 5);
	assert_string_equal(text, "");
	free(text);
}

static const char document[] =
	"{\"id\":4711,\"mode\":\"shadow\",\"personality\":\"linux-6.12\",\"command\":[\"curl\",\"a "
	"b\"],"
	"\"uptime_ms\":12345,\"memory\":{\"total\":247000000,\"free\":212000000},"
	"\"policy\":{\"name\":\"handover\",\"scheduler\":\"handover\",\"congestion_control\":"
	"\"reno\","
	"\"programs\":[{\"name\":\"curl\",\"policy\":\"redundant\"}]},"
	"\"time_ns\":%d000000000,\"interfaces\":[{\"name\":\"wlan0\","
	"\"state\":\"up\",\"carrier\":true,\"mtu\":1500,\"role\":\"active\",\"backup\":true,"
	"\"addresses\":[\"10.1.0.2/24\"],"
	"\"rx\":{\"bytes\":%d,\"drops\":0},\"tx\":{\"bytes\":0,\"drops\":1}}],"
	"\"connections\":[{\"protocol\":\"mptcp\",\"local\":\"1.1.1.1:1\",\"remote\":\"2.2.2.2:2\","
	"\"state\":\"established\",\"fallback\":false,\"sent\":0,\"received\":%d,"
	"\"ended\":{\"sent\":0,\"received\":%d},\"subflows\":["
	"{\"interface\":\"wlan0\",\"local\":\"1.1.1.1:1\",\"remote\":\"2.2.2.2:2\","
	"\"state\":\"established\",\"sent\":0,\"received\":%d,\"rtt_us\":12340},"
	"{\"interface\":\"rmnet0\",\"local\":\"3.3.3.3:3\",\"remote\":\"2.2.2.2:2\","
	"\"state\":\"established\",\"sent\":0,\"received\":%d,\"rtt_us\":50000}]}],"
	"\"listening\":[{\"protocol\":\"tcp\",\"local\":\"*:80\"}],"
	"\"udp\":[{\"local\":\"*:53\",\"remote\":\"*:0\",\"state\":\"open\"}]}";

static void test_view(void **state)
{
	struct rates old = {0}, now = {0};
	char before[2048], after[2048], command[VIEW_COMMAND], *text;
	size_t len;
	FILE *f;

	snprintf(before, sizeof(before), document, 1, 1000, 1000, 0, 700, 300);
	snprintf(after, sizeof(after), document, 2, 1001000, 1001000, 0, 250700, 750300);
	assert_true(json_valid(after));
	view_rates(before, &old);
	view_rates(after, &now);
	assert_string_equal(view_command(after, command), "curl a b");
	f = open_memstream(&text, &len);
	view_print(after, &now, &old, f, 200, 100);
	fclose(f);
	assert_contains(text,
			"run 4711: curl a b\nshadow, linux-6.12, up 12s, memory 35 of 247 MB\n"
			"policy handover, curl redundant, scheduler handover, congestion control "
			"reno\n\n");
	assert_contains(
		text,
		"wlan0      up     1500  8.0M   0      978K     0      1  standby  10.1.0.2/24\n");
	assert_contains(text, "mptcp             1.1.1.1:1  2.2.2.2:2  established  8.0M");
	assert_contains(text, "25%  12.3 ms");
	assert_contains(text, "75%  50.0 ms");
	assert_contains(text, "tcp               *:80                  listening");
	assert_contains(text, "udp               *:53       *:0        open");
	free(text);
	/* Without an earlier one there are no rates. */
	free(old.at);
	old = (struct rates){0};
	f = open_memstream(&text, &len);
	view_print(after, &now, &old, f, 200, 100);
	fclose(f);
	assert_contains(text, "wlan0      up     1500     -   -      978K");
	assert_contains(text, "25%  12.3 ms");
	free(text);
	free(now.at);
}

/* A table of tunnels, where there are any; what they leave by is not shown. */
static void test_view_tunnels(void **state)
{
	static const char tunnels[] =
		"{\"interfaces\":[{\"name\":\"wglink0\",\"state\":\"up\",\"carrier\":true,"
		"\"mtu\":65535,\"carries_tunnel\":true},"
		"{\"name\":\"wlan0\",\"state\":\"up\",\"carrier\":true,\"mtu\":1440,\"tunnel\":"
		"{\"endpoints\":[\"10.1.0.1:51820\",\"[fd01::1]:7\"],\"outer_mtu\":1500,"
		"\"handshake_age_s\":72,\"received\":1048576,\"sent\":2048}},"
		"{\"name\":\"wg9\",\"state\":\"up\",\"carrier\":true,\"mtu\":1440,\"tunnel\":"
		"{\"endpoints\":[\"10.2.0.1:51820\"],\"received\":0,\"sent\":148}}]}";
	struct rates none = {0};
	size_t len;
	char *text;
	FILE *f;

	assert_true(json_valid(tunnels));
	f = open_memstream(&text, &len);
	view_print(tunnels, &none, &none, f, 200, 100);
	fclose(f);
	assert_contains(
		text, "\n\nTUNNEL  ENDPOINT                    HANDSHAKE   MTU  OUTER MTU  "
		      "RECEIVED  SENT\n"
		      "wlan0   10.1.0.1:51820 [fd01::1]:7  1m12s ago  1440       1500      "
		      "1.0M  2.0K\n"
		      "wg9     10.2.0.1:51820              never      1440          -         0   "
		      "148\n\nPROTO");
	assert_null(strstr(text, "wglink0"));
	assert_non_null(strstr(text, "\nwg9 "));
	free(text);
	/* Few rows: each table has one at least. */
	f = open_memstream(&text, &len);
	view_print(tunnels, &none, &none, f, 200, 8);
	fclose(f);
	assert_contains(text, "TUNNEL ");
	assert_contains(text, "... and ");
	free(text);
}

/* Shares are of all bytes, those of ended subflows included, whatever the last interval moved. */
static void test_view_ended(void **state)
{
	struct rates old = {0}, now = {0};
	char before[2048], after[2048], *text;
	size_t len;
	FILE *f;

	snprintf(before, sizeof(before), document, 1, 1000, 900000, 500000, 300000, 100000);
	snprintf(after, sizeof(after), document, 2, 1000, 1000000, 500000, 300000, 200000);
	view_rates(before, &old);
	view_rates(after, &now);
	f = open_memstream(&text, &len);
	view_print(after, &now, &old, f, 200, 100);
	fclose(f);
	assert_contains(text, "977K");
	assert_contains(text, "30%  12.3 ms");
	assert_contains(text, "20%  50.0 ms");
	assert_contains(text, "       (ended)    -          -          -  ");
	assert_contains(text, "50%        -");
	free(text);
	free(old.at);
	free(now.at);
}

/* A path that answers nothing is not up, a connection that waits in vain not just established. */
static void test_view_dead(void **state)
{
	static const char doc[] =
		"{\"interfaces\":[{\"name\":\"a0\",\"state\":\"up\",\"carrier\":true,\"silent\":"
		"true},"
		"{\"name\":\"b0\",\"state\":\"up\",\"carrier\":true,\"silent\":false},"
		"{\"name\":\"c0\",\"state\":\"up\",\"carrier\":false,\"silent\":true}],"
		"\"connections\":[{\"protocol\":\"tcp\",\"sent\":1,\"received\":0,\"subflows\":["
		"{\"local\":\"x:1\",\"state\":\"established\",\"stalled\":true}]},"
		"{\"protocol\":\"tcp\",\"sent\":1,\"received\":0,\"subflows\":["
		"{\"local\":\"y:1\",\"state\":\"established\",\"stalled\":false}]}]}";
	struct rates now = {0}, none = {0};
	size_t len;
	char *text;
	FILE *f = open_memstream(&text, &len);

	assert_true(json_valid(doc));
	view_print(doc, &now, &none, f, 200, 100);
	fclose(f);
	assert_contains(text, "a0         silent ");
	assert_contains(text, "b0         up ");
	assert_contains(text, "c0         no carrier ");
	assert_contains(text, "x:1            stalled ");
	assert_contains(text, "y:1            established ");
	free(text);
}

/* One that hears nothing while another one does: not the only one, nor a backup. */
static void test_view_quiet(void **state)
{
	static const struct {
		int heard[2];
		const char *backup, *quiet;
	} cases[] = {
		{{100, 100}, "false", NULL},
		{{100, 2900}, "false", NULL},
		{{100, 3100}, "false", "b:1            quiet "},
		{{3100, 100}, "false", "a:1            quiet "},
		{{100, 3100}, "true", NULL},
		{{5000, 5000}, "false", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct rates now = {0}, none = {0};
		char doc[1024], *text;
		size_t len;
		FILE *f;

		snprintf(doc, sizeof(doc),
			 "{\"connections\":[{\"protocol\":\"mptcp\",\"subflows\":["
			 "{\"local\":\"a:1\",\"state\":\"established\",\"heard_ms\":%d},"
			 "{\"local\":\"b:1\",\"state\":\"established\",\"heard_ms\":%d,"
			 "\"backup\":%s}]}]}",
			 cases[i].heard[0], cases[i].heard[1], cases[i].backup);
		assert_true(json_valid(doc));
		f = open_memstream(&text, &len);
		view_print(doc, &now, &none, f, 200, 100);
		fclose(f);
		if (cases[i].quiet)
			assert_contains(text, cases[i].quiet);
		else
			assert_null(strstr(text, "quiet"));
		free(text);
	}
}

/* What another user calls his program does not reach the terminal as it is. */
static void test_view_escapes(void **state)
{
	static const char doc[] = "{\"command\":[\"\\u001b[2Jx\\u007f\",\"caf\xc3\xa9\","
				  "\"\xc2\x9b\x31m\",\"\xff\"]}";
	char command[VIEW_COMMAND];

	assert_string_equal(view_command(doc, command), "?[2Jx? caf\xc3\xa9 ??1m ?");
}

/* Any document that is valid JSON can be viewed. */
static void test_view_odd(void **state)
{
	static const char *const odd[] = {
		"{}",
		"[]",
		"1",
		"{\"interfaces\":1,\"connections\":{},\"udp\":\"x\",\"listening\":[[]]}",
		"{\"connections\":[1,{\"subflows\":[1,{}]}],\"interfaces\":[{\"addresses\":[1]}]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(odd); i++) {
		struct rates now = {0}, none = {0};
		FILE *f = fopen("/dev/null", "w");

		assert_true(json_valid(odd[i]));
		view_rates(odd[i], &now);
		view_print(odd[i], &now, &none, f, 0, 0);
		fclose(f);
		free(now.at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_shape),   cmocka_unit_test(test_json_escapes),
		cmocka_unit_test(test_json_grows),   cmocka_unit_test(test_json_read),
		cmocka_unit_test(test_json_invalid), cmocka_unit_test(test_requests),
		cmocka_unit_test(test_rates),	     cmocka_unit_test(test_human),
		cmocka_unit_test(test_table),	     cmocka_unit_test(test_view),
		cmocka_unit_test(test_view_tunnels), cmocka_unit_test(test_view_ended),
		cmocka_unit_test(test_view_dead),    cmocka_unit_test(test_view_quiet),
		cmocka_unit_test(test_view_odd),     cmocka_unit_test(test_view_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
