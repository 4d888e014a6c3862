// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_nftables.c - tables for the host's own nf_tables, in a network namespace of the test's,
 * and what nft(8) reads of them.
 */
#include "unit.h"
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include "netconf/nftables.h"

static char text[8192];

/* What nft(8) prints of the table; false: it cannot be asked. */
static bool listed(const char *table)
{
	char command[80];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "nft list table inet %s 2>&1", table);
	f = popen(command, "r");
	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	return !pclose(f);
}

static void assert_has(const char *words)
{
	if (!strstr(text, words))
		fail_msg("no '%s' in:\n%s", words, text);
}

static void test_table(void **state)
{
	const uint32_t none = 0;
	const uint8_t tcp = IPPROTO_TCP;
	const uint32_t states = NF_CT_STATE_BIT(0) | NF_CT_STATE_BIT(1);
	const char *why = "";
	struct nft *t;
	int err;

	if (!in_netns)
		skip();
	t = nft_new(netlink_host_call, "unit", &err);
	assert_non_null(t);
	nft_chain(t, "raw", "filter", NF_INET_PRE_ROUTING, -300, NF_ACCEPT);
	nft_chain(t, "pass", "filter", NF_INET_FORWARD, 0, NF_DROP);
	nft_chain(t, "leave", "nat", NF_INET_POST_ROUTING, 100, NF_ACCEPT);
	nft_rule(t, "raw");
	nft_meta(t, NFT_META_L4PROTO);
	nft_is(t, &tcp, sizeof(tcp));
	nft_notrack(t);
	nft_rule(t, "pass");
	nft_ct(t, NFT_CT_STATE);
	nft_has(t, states);
	nft_verdict(t, NF_ACCEPT);
	nft_rule(t, "pass");
	nft_meta(t, NFT_META_L4PROTO);
	nft_is_not(t, &tcp, sizeof(tcp));
	nft_set_meta(t, NFT_META_MARK, 0x10001);
	nft_set_ct(t, NFT_CT_MARK, 7);
	nft_rule(t, "raw");
	nft_route(t);
	nft_is_not(t, &none, sizeof(none));
	nft_verdict(t, NF_DROP);
	nft_rule(t, "leave");
	nft_masquerade(t, 0, 0);
	nft_rule(t, "leave");
	nft_meta(t, NFT_META_L4PROTO);
	nft_is(t, &tcp, sizeof(tcp));
	nft_masquerade(t, 4000, 4255);
	err = nft_commit(t, &why);
	if (err)
		fail_msg("%s", why);
	if (!listed("unit")) {
		print_message("nft(8) does not list it: %s\n", text);
		skip();
	}
	assert_has("type filter hook prerouting priority raw; policy accept");
	assert_has("meta l4proto tcp notrack");
	assert_has("type filter hook forward priority filter; policy drop");
	assert_has("ct state established,related accept");
	assert_has("meta l4proto != tcp meta mark set 0x00010001 ct mark set 0x00000007");
	assert_has("type nat hook postrouting priority srcnat; policy accept");
	assert_has("fib daddr oif != 0 drop");
	assert_has("masquerade\n");
	assert_has("masquerade to :4000-4255");
}

/* All or nothing, and a sentence. */
static void test_refused(void **state)
{
	const char *why = "";
	struct nft *t;
	int err;

	if (!in_netns)
		skip();
	t = nft_new(netlink_host_call, "unit2", &err);
	assert_non_null(t);
	nft_chain(t, "one", "filter", NF_INET_PRE_ROUTING, 0, NF_ACCEPT);
	nft_chain(t, "two", "nonsense", NF_INET_PRE_ROUTING, 0, NF_ACCEPT);
	assert_int_equal(nft_commit(t, &why), -EOPNOTSUPP);
	assert_non_null(strstr(why, "unit2"));
	assert_false(listed("unit2"));
}

static void test_too_much(void **state)
{
	const char *why = "";
	struct nft *t;
	int err;

	t = nft_new(netlink_host_call, "unit3", &err);
	assert_non_null(t);
	for (unsigned int i = 0; i < 1000; i++)
		nft_chain(t, "one", "filter", NF_INET_PRE_ROUTING, 0, NF_ACCEPT);
	assert_int_equal(nft_commit(t, &why), -EMSGSIZE);
}

/* In every size of memory: what does not fit is said, and nothing is written beyond. */
static void test_memory(void **state)
{
	static uint8_t bytes[1024] __attribute__((aligned(8)));
	long whole = 0;

	for (size_t size = 0; size <= sizeof(bytes); size++) {
		struct nft t;
		long len;

		memset(bytes, 0xa5, sizeof(bytes));
		nft_init(&t, NFPROTO_NETDEV, "a-name-that-is-longer-than-any-table's", bytes, size);
		nft_table(&t, NFT_TABLE_F_OWNER);
		nft_chain_empty(&t, "p");
		nft_rule(&t, "p");
		nft_meta(&t, NFT_META_L4PROTO);
		nft_between(&t, 1, 2);
		nft_jump(&t, "q");
		len = nft_finish(&t);
		if (len > 0 && !whole)
			whole = len;
		assert_int_equal(len, whole ?: -EMSGSIZE);
		assert_true(len <= (long)size);
		for (size_t i = size; i < sizeof(bytes); i++)
			assert_int_equal(bytes[i], 0xa5);
	}
	assert_in_range(whole, 300, sizeof(bytes) - 1);
}

/* The first error counts; what is cut off is no answer. */
static void test_answer(void **state)
{
	struct {
		struct nlmsghdr hdr;
		struct nlmsgerr err;
	} m[2] = {{{sizeof(m[0]), NLMSG_ERROR}, {.error = -ENOENT}},
		  {{sizeof(m[0]), NLMSG_ERROR}, {.error = -EINVAL}}};
	int err = 0;

	assert_true(nft_answer(m, sizeof(m), &err));
	assert_int_equal(err, -ENOENT);
	m[0].err.error = err = 0;
	assert_true(nft_answer(m, sizeof(m[0]), &err));
	assert_int_equal(err, 0);
	for (size_t len = 0; len < sizeof(m[0]); len++)
		assert_false(nft_answer(m, len, &err));
	m[0].hdr.nlmsg_len = 3;
	assert_false(nft_answer(m, sizeof(m), &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),	 cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_much), cmocka_unit_test(test_memory),
		cmocka_unit_test(test_answer),
	};

	return cmocka_run_group_tests(tests, enter_netns, NULL);
}
