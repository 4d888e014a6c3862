// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_rules.c - the rules that keep the host's kernel from the stack's frames.
 *
 * In a network namespace: does the kernel take the longest set there is, does it read it as it is
 * meant, is what it refuses reported, and is nothing left? The same of iptables' texts.
 */
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "opener/iptables.h"
#include "opener/nftrules.h"
#include "opener/opener.h"
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
static char text[IPTABLES_TEXT];

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

	assert_int_equal(iptables_text(text, sizeof(text), "c", AF_INET, &flows), strlen(four));
	assert_string_equal(text, four);
	assert_int_equal(iptables_text(text, sizeof(text), "c", AF_INET6, &flows), strlen(six));
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
	int n;

	assert_in_range(nftrules_compose(OPENER_SLOTS - 1, "fifteen-letters", &longest), 1000,
			1 << 20);
	n = iptables_text(text, sizeof(text) - 256, "persona-4194304-7", AF_INET6, &longest);
	assert_in_range(n, 1000, IPTABLES_TEXT - 1);
	assert_int_equal(iptables_text(small, sizeof(small), "c", AF_INET, &flows), -E2BIG);
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

static void set(const char *ifname, unsigned int slot, const struct flows *f)
{
	const char *why = "";

	if (rules_set(slot, ifname, f, &why))
		fail_msg("%s: %s", ifname, why);
}

static const char *ruleset(void)
{
	return output_of("nft list ruleset | sed 's/persona-[0-9]*/persona-PID/; s/ # .*//; /flags "
			 "owner/,/^$/d'");
}

static bool in_ruleset(const char *what)
{
	return strstr(ruleset(), what) != NULL;
}

/* As long as its process lives, and no longer. */
static void test_nft_owned(void **state)
{
	int ready[2], status;
	char c = 0;
	pid_t pid;

	NEED_NETNS();
	if (!have("nft"))
		skip();
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		const char *why;

		if (nftrules_start())
			_exit(write(ready[1], "n", 1) != 1);
		if (!nftrules_set(0, "lo", &flows, &why) && write(ready[1], "r", 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	if (c == 'r') {
		assert_true(in_ruleset("10.0.0.4"));
		assert_int_equal(kill(pid, SIGKILL), 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_string_equal(ruleset(), "");
}

static void start(void)
{
	const char *why = "";

	if (!have("nft"))
		skip();
	if (nftrules_start()) {
		fprintf(stderr, "SKIP: this kernel has no nf_tables\n");
		skip();
	}
	nftrules_stop();
	if (rules_start(&why))
		fail_msg("%s", why);
}

/* As the tool reads what the kernel has. */
static void test_nft_means(void **state)
{
	struct flows little = {.naddrs = 1, .addr = {{AF_INET, FLOWS_SHARED, {10, 0, 0, 2}}}};

	NEED_NETNS();
	start();
	set("lo", 1, &flows);
	assert_string_equal(
		ruleset(),
		"table netdev persona-PID {\n"
		"\tchain p1 {\n"
		"\t\ttcp dport 20000-20999 drop\n"
		"\t\tudp dport 20000-20999 drop\n"
		"\t\ttcp dport 80 drop\n"
		"\t\tudp dport 53 drop\n"
		"\t}\n\n"
		"\tchain i1 {\n"
		"\t\ttype filter hook ingress device \"lo\" priority -500; policy accept;\n"
		"\t\tip daddr 10.0.0.1 drop\n"
		"\t\tip daddr 10.0.0.2 jump p1\n"
		"\t\tip daddr 10.0.0.4 jump p1\n"
		"\t\tip6 daddr fd00::1 drop\n"
		"\t\tip6 daddr fd00::2 jump p1\n"
		"\t}\n"
		"}\n");
	little.nports = 1;
	little.port[0] = (struct flows_port){IPPROTO_UDP, 53};
	set("lo", 1, &little);
	assert_true(in_ruleset("\tchain p1 {\n\t\tudp dport 53 drop\n\t}\n"));
	assert_false(in_ruleset("10.0.0.1"));
	little.naddrs = little.nports = 0;
	set("lo", 1, &little);
	assert_true(in_ruleset("\tchain p1 {\n\t}\n"));
	assert_false(in_ruleset("daddr"));
	little.naddrs = 1; /* no port of it is the stack's yet */
	set("lo", 1, &little);
	assert_false(in_ruleset("daddr"));
	rules_stop();
	assert_string_equal(ruleset(), "");
}

static void test_nft_replaced(void **state)
{
	const char *why = "";

	NEED_NETNS();
	start();
	sh("ip link add ra type veth peer name rb");
	set("lo", 0, &flows);
	set("ra", 1, &longest);
	assert_true(in_ruleset("10.0.0.4"));
	assert_true(in_ruleset("fdff:ffff:ffff:ffff:ffff:ffff:ffff:ff9f"));
	/* The opener lets no such name through: any that the kernel refuses will do. */
	assert_true(rules_set(1, "sixteen-letters-", &flows, &why) < 0);
	assert_contains(why, "nf_tables refuses the rules for 'sixteen-letters-': ");
	assert_true(in_ruleset("fdff:ffff")); /* the former rules hold */
	set("ra", 1, &flows);		      /* a refusal does not end it */
	assert_false(in_ruleset("fdff:ffff"));
	sh("ip link del ra && ip link add ra type veth peer name rb");
	set("ra", 1, &longest); /* hooked again */
	assert_true(in_ruleset("device \"ra\""));
	/* Another process of root's that flushes all does not reach it: the table has an owner. */
	sh("nft flush ruleset");
	assert_true(in_ruleset("device \"ra\""));
	rules_stop();
	assert_string_equal(ruleset(), "");
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
		assert_true(iptables_text(text, sizeof(text), "persona-4194304-7", families[v], f) >
			    0);
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
		cmocka_unit_test(test_nft_owned), /* before this process has a socket */
		cmocka_unit_test(test_iptables_text),	  cmocka_unit_test(test_room),
		cmocka_unit_test(test_nft_means),	  cmocka_unit_test(test_nft_replaced),
		cmocka_unit_test(test_iptables_takes_it),
	};

	return cmocka_run_group_tests(tests, fill_longest, NULL);
}
