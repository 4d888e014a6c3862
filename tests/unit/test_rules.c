// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_rules.c - the rules that keep the host's kernel from the stack's frames.
 *
 * Their texts, compared; then the real tools, in a network namespace: do they take the
 * longest there is, is what they refuse reported, and is nothing left?
 */
#include <netinet/in.h>
#include <sys/socket.h>
#include "opener/rules.h"
#include "unit.h"

static const struct flows flows = {
	.naddrs = 6,
	.addr = {{AF_INET, FLOWS_OWN, {10, 0, 0, 1}},
		 {AF_INET, FLOWS_SHARED, {10, 0, 0, 2}},
		 {AF_INET, FLOWS_HOST, {10, 0, 0, 3}},
		 {AF_INET, FLOWS_SHARED, {10, 0, 0, 4}},
		 {AF_INET6, FLOWS_OWN, {0xfd, [15] = 1}},
		 {AF_INET6, FLOWS_SHARED, {0xfd, [15] = 2}}},
	.first = 20000,
	.last = 20999,
	.nports = 2,
	.port = {{IPPROTO_TCP, 80}, {IPPROTO_UDP, 53}},
};

static struct flows longest;
static char text[RULES_TEXT];

#define CHAIN                                               \
	"add chain netdev t i1; delete chain netdev t i1; " \
	"add chain netdev t i1 { type filter hook ingress device \"wlan0\" priority -500; }"
#define RULE "; add rule netdev t i1 "

static void test_nft_text(void **state)
{
	static const char wanted[] =
		CHAIN RULE "ip daddr { 10.0.0.1 } drop" RULE
			   "ip daddr { 10.0.0.2, 10.0.0.4 } tcp dport { 20000-20999, 80 } drop" RULE
			   "ip daddr { 10.0.0.2, 10.0.0.4 } udp dport { 20000-20999, 53 } drop" RULE
			   "ip6 daddr { fd00::1 } drop" RULE
			   "ip6 daddr { fd00::2 } tcp dport { 20000-20999, 80 } drop" RULE
			   "ip6 daddr { fd00::2 } udp dport { 20000-20999, 53 } drop\n";

	assert_int_equal(rules_nft(text, sizeof(text), "t", 1, "wlan0", &flows), strlen(wanted));
	assert_string_equal(text, wanted);
}

/* No rule without an address, none of a protocol without a port. */
static void test_nft_little(void **state)
{
	struct flows f = {.naddrs = 1, .addr = {{AF_INET, FLOWS_SHARED, {10, 0, 0, 2}}}};

	rules_nft(text, sizeof(text), "t", 1, "wlan0", &f);
	assert_string_equal(text, CHAIN "\n");
	f.nports = 1;
	f.port[0] = (struct flows_port){IPPROTO_UDP, 53};
	rules_nft(text, sizeof(text), "t", 1, "wlan0", &f);
	assert_string_equal(text, CHAIN RULE "ip daddr { 10.0.0.2 } udp dport { 53 } drop\n");
	f.naddrs = 0;
	rules_nft(text, sizeof(text), "t", 1, "wlan0", &f);
	assert_string_equal(text, CHAIN "\n");
}

static void test_iptables_text(void **state)
{
	static const char four[] = "-A c -d 10.0.0.1 -j DROP\n"
				   "-A c -d 10.0.0.2 -p tcp --dport 20000:20999 -j DROP\n"
				   "-A c -d 10.0.0.2 -p udp --dport 20000:20999 -j DROP\n"
				   "-A c -d 10.0.0.2 -p tcp --dport 80:80 -j DROP\n"
				   "-A c -d 10.0.0.2 -p udp --dport 53:53 -j DROP\n"
				   "-A c -d 10.0.0.4 -p tcp --dport 20000:20999 -j DROP\n"
				   "-A c -d 10.0.0.4 -p udp --dport 20000:20999 -j DROP\n"
				   "-A c -d 10.0.0.4 -p tcp --dport 80:80 -j DROP\n"
				   "-A c -d 10.0.0.4 -p udp --dport 53:53 -j DROP\n";
	static const char six[] = "-A c -d fd00::1 -j DROP\n"
				  "-A c -d fd00::2 -p tcp --dport 20000:20999 -j DROP\n"
				  "-A c -d fd00::2 -p udp --dport 20000:20999 -j DROP\n"
				  "-A c -d fd00::2 -p tcp --dport 80:80 -j DROP\n"
				  "-A c -d fd00::2 -p udp --dport 53:53 -j DROP\n";

	assert_int_equal(rules_iptables(text, sizeof(text), "c", AF_INET, &flows), strlen(four));
	assert_string_equal(text, four);
	assert_int_equal(rules_iptables(text, sizeof(text), "c", AF_INET6, &flows), strlen(six));
	assert_string_equal(text, six);
}

static int fill_longest(void **state)
{
	longest = (struct flows){.naddrs = FLOWS_MAX_ADDRS,
				 .nports = FLOWS_MAX_PORTS,
				 .first = 20000,
				 .last = 24095};
	for (unsigned int i = 0; i < FLOWS_MAX_ADDRS; i++) {
		longest.addr[i] = (struct flows_addr){AF_INET6, FLOWS_SHARED, {0}};
		memset(longest.addr[i].bytes, 0xff, 16);
		longest.addr[i].bytes[0] = 0xfd;
		longest.addr[i].bytes[15] = (uint8_t)(128 + i);
	}
	for (unsigned int i = 0; i < FLOWS_MAX_PORTS; i++)
		longest.port[i] = (struct flows_port){IPPROTO_TCP, (uint16_t)(65535 - i)};
	return enter_netns(state);
}

static void test_room(void **state)
{
	char small[64];
	int n = rules_nft(text, sizeof(text), "persona-4194304", 7, "fifteen-letters", &longest);

	assert_in_range(n, 1000, RULES_TEXT - 1);
	n = rules_iptables(text, sizeof(text) - 256, "persona-4194304-7", AF_INET6, &longest);
	assert_in_range(n, 1000, RULES_TEXT - 1);
	assert_int_equal(rules_nft(small, sizeof(small), "t", 1, "wlan0", &flows), -E2BIG);
	assert_int_equal(rules_iptables(small, sizeof(small), "c", AF_INET, &flows), -E2BIG);
}

/* ---- the tools ---- */

static bool have(const char *tool)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null", tool);
	if (!system(cmd))
		return true;
	fprintf(stderr, "SKIP: %s is not installed\n", tool);
	return false;
}

static void checked_by_nft(const struct flows *f)
{
	char path[] = "/tmp/persona-rules.XXXXXX";
	int fd = mkstemp(path), n = rules_nft(text, sizeof(text), "t", 1, "lo", f);
	static const char table[] = "add table netdev t\n";

	assert_true(fd >= 0);
	assert_int_equal(write(fd, table, strlen(table)), strlen(table));
	assert_int_equal(write(fd, text, (size_t)n), n);
	close(fd);
	sh("nft -c -f %s", path);
	unlink(path);
}

static void test_nft_takes_it(void **state)
{
	NEED_NETNS();
	if (!have("nft"))
		skip();
	checked_by_nft(&flows);
	checked_by_nft(&longest);
}

static void set(const char *ifname, unsigned int slot, const struct flows *f)
{
	const char *why = "";

	if (rules_set(slot, ifname, f, &why))
		fail_msg("%s: %s", ifname, why);
}

static bool in_ruleset(const char *what)
{
	return strstr(output_of("nft list ruleset"), what) != NULL;
}

/* As the opener does it: nft as a child that reads our lines. */
static void test_nft_child(void **state)
{
	const char *why = "";

	NEED_NETNS();
	if (!have("nft"))
		skip();
	if (rules_start(&why))
		fail_msg("%s", why);
	sh("ip link add ra type veth peer name rb");
	set("lo", 0, &flows);
	set("ra", 1, &longest);
	assert_true(in_ruleset("10.0.0.4"));
	assert_true(in_ruleset("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ff9f"));
	/* The opener lets no such name through: any line that nft cannot read will do. */
	assert_int_equal(rules_set(1, "x\" x \"", &flows, &why), -EINVAL);
	assert_contains(why, "nft refuses the rules for 'x\" x \"': syntax error");
	assert_true(in_ruleset("fdff:ffff")); /* the former rules hold */
	set("ra", 1, &flows);		      /* a refusal does not end it */
	assert_false(in_ruleset("fdff:ffff"));
	sh("ip link del ra && ip link add ra type veth peer name rb");
	set("ra", 1, &longest); /* hooked again */
	assert_true(in_ruleset("device \"ra\""));
	rules_stop();
	assert_false(in_ruleset("persona"));
}

/* The longest block that iptables-restore may get, and each version of the protocol. */
static void test_iptables_takes_it(void **state)
{
	static const char *const tools[] = {"iptables-restore", "ip6tables-restore"};
	static const int families[] = {AF_INET, AF_INET6};

	NEED_NETNS();
	if (!have("iptables-restore") || !have("ip6tables-restore"))
		skip();
	if (system("iptables -t raw -L >/dev/null 2>&1")) {
		fprintf(stderr, "SKIP: this kernel has no iptables table `raw`\n");
		skip();
	}
	for (unsigned int v = 0; v < 2; v++) {
		const struct flows *f = v ? &longest : &flows;
		char cmd[64];
		FILE *to;

		snprintf(cmd, sizeof(cmd), "%s --noflush", tools[v]);
		to = popen(cmd, "w");
		assert_non_null(to);
		fputs("*raw\n:persona-4194304-7 - [0:0]\n", to);
		assert_true(rules_iptables(text, sizeof(text), "persona-4194304-7", families[v],
					   f) > 0);
		fputs(text, to);
		fputs("COMMIT\n", to);
		assert_int_equal(pclose(to), 0);
	}
	sh("iptables-save -t raw | grep -q -e '-d 10.0.0.4/32 -p udp -m udp --dport 53'");
	sh("ip6tables-save -t raw | grep -q -e 'ff9f/128 -p tcp -m tcp --dport 65535'");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nft_text),	  cmocka_unit_test(test_nft_little),
		cmocka_unit_test(test_iptables_text),	  cmocka_unit_test(test_room),
		cmocka_unit_test(test_nft_takes_it),	  cmocka_unit_test(test_nft_child),
		cmocka_unit_test(test_iptables_takes_it),
	};

	return cmocka_run_group_tests(tests, fill_longest, NULL);
}
