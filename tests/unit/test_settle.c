// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_settle.c - how many datagrams the stack's counters say that programs have sent.
 */
#include "unit.h"
#include "stack/settle.h"

static void test_sent(void **state)
{
	static const char snmp[] = "Ip: Forwarding DefaultTTL\nIp: 2 64\n"
				   "Udp: InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors\n"
				   "Udp: 5 6 7 8 9\n"
				   "UdpLite: InDatagrams NoPorts InErrors OutDatagrams\n"
				   "UdpLite: 1 1 1 1\n";
	static const char snmp6[] = "Ip6InReceives                   \t4\n"
				    "Udp6InDatagrams                 \t3\n"
				    "Udp6OutDatagrams                \t30\n"
				    "UdpLite6OutDatagrams            \t1\n";

	assert_int_equal(settle_sent(snmp, snmp6), 38);
	assert_int_equal(settle_sent(snmp, ""), 8);
	assert_int_equal(settle_sent("", snmp6), 30);
	assert_int_equal(settle_sent("\nUdp: \n", ""), 0);
	assert_int_equal(settle_sent("\nUdp: A\nUdp: 1\n", "\nUdp6OutDatagrams"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_sent)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
