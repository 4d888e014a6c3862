// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_ruleset.c - which chains of the host's packet filter are in a back end's way.
 */
#include "backend/backend.h"
#include "cli/ruleset.h"
#include "unit.h"

/* As nft 1.0.6 prints it. */
static const char listing[] =
	"table inet filter {\n"
	"\tset bad {\n"
	"\t\ttype ipv4_addr\n"
	"\t\telements = { 192.0.2.7 }\n"
	"\t}\n"
	"\tchain sub {\n"
	"\t\tdrop\n"
	"\t}\n"
	"\tchain input {\n"
	"\t\ttype filter hook input priority filter; policy drop;\n"
	"\t\tct state invalid counter packets 0 bytes 0\n"
	"\t}\n"
	"\tchain output {\n"
	"\t\ttype filter hook output priority filter; policy accept;\n"
	"\t}\n"
	"}\n"
	"table ip raw {\n"
	"\tchain PREROUTING {\n"
	"\t\ttype filter hook prerouting priority raw; policy accept;\n"
	"\t\tip saddr 192.0.2.1 counter packets 0 bytes 0 drop\n"
	"\t}\n"
	"}\n"
	"table netdev guard {\n"
	"\tchain in {\n"
	"\t\ttype filter hook ingress device \"wlan0\" priority filter; policy accept;\n"
	"\t\tjump sub\n"
	"\t}\n"
	"\tchain out {\n"
	"\t\ttype filter hook egress devices = { \"wlan0\", \"rmnet0\" } priority filter; policy "
	"accept;\n"
	"\t\ttcp dport 9 drop\n"
	"\t}\n"
	"\tchain count {\n"
	"\t\ttype filter hook egress device \"wlan0\" priority filter; policy accept;\n"
	"\t\tcounter packets 0 bytes 0 comment \"backdrop\"\n"
	"\t}\n"
	"}\n"
	"table netdev persona-123 {\n"
	"\tchain i0 {\n"
	"\t\ttype filter hook ingress device \"wlan0\" priority -500; policy accept;\n"
	"\t\tip daddr 10.1.0.2 drop\n"
	"\t}\n"
	"}\n";

static void base_chains(void **state)
{
	static const struct {
		const char *table, *chain, *hook;
		bool drops;
	} wanted[] = {
		{"filter", "input", "input", true},	   {"filter", "output", "output", false},
		{"raw", "PREROUTING", "prerouting", true}, {"guard", "in", "ingress", true},
		{"guard", "out", "egress", true},	   {"guard", "count", "egress", false},
	};
	struct ruleset_hook h[16];

	assert_int_equal(ruleset_hooks(listing, h, 16), ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_string_equal(h[i].table, wanted[i].table);
		assert_string_equal(h[i].chain, wanted[i].chain);
		assert_string_equal(h[i].hook, wanted[i].hook);
		assert_int_equal(h[i].drops, wanted[i].drops);
	}
	assert_string_equal(h[0].family, "inet");
	assert_int_equal(ruleset_hooks(listing, h, 2), 2);
}

static void concerned(void **state)
{
	static const struct {
		const char *backend, *ifname;
		unsigned int chains; /* a bit for each of base_chains' */
	} wanted[] = {
		{"packet", "wlan0", 1 << 4},
		{"packet", "wlan", 0},
		{"rawip", "rmnet0", 1 << 4},
		{"packet", "eth0", 0},
		{"macvtap", "wlan0", 1 << 3 | 1 << 4},
		{"macvtap", "rmnet0", 1 << 4},
		{"xdp", "wlan0", 0},
		{"tap", "tap0", 1 << 0 | 1 << 2},
		{"tun", "wlan0", 1 << 0 | 1 << 2 | 3 << 3},
		{"", "wlan0", 0},
	};
	struct ruleset_hook h[16];
	unsigned int n = ruleset_hooks(listing, h, 16);

	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		const struct backend_ops *kind = backend_find(wanted[i].backend);
		unsigned int chains = 0;

		for (unsigned int k = 0; k < n; k++)
			chains |= (unsigned int)ruleset_concerns(&h[k], kind ? kind->hooks : 0,
								 wanted[i].ifname)
				  << k;
		if (chains != wanted[i].chains)
			fail_msg("%s:%s: %#x, wanted %#x", wanted[i].backend, wanted[i].ifname,
				 chains, wanted[i].chains);
	}
}

/* Whatever is printed: no crash, and nothing found in it. */
static void nonsense(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		"chain x {\n",
		"table\nchain\ntype hook\n",
		"Operation not permitted (you must be root)\n",
		"table inet t {\n\tchain c {\n\t\ttype filter hook",
	};
	struct ruleset_hook h[4];
	char text[5000];

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(ruleset_hooks(texts[i], h, 4), 0);
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(ruleset_hooks(text, h, 4), 0);
	memcpy(text, "table ", 6);
	assert_int_equal(ruleset_hooks(text, h, 4), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_chains),
		cmocka_unit_test(concerned),
		cmocka_unit_test(nonsense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
