// SPDX-License-Identifier: GPL-2.0-only
/*
 * test_wgconf.c - the configuration files of WireGuard tunnels, and their keys.
 */
#include "wgsample.h"

/* A copy whose end is the end of its memory: reading beyond it is found by the sanitizer. */
static int parse(const char *text, size_t len, struct wgconf_file **f, const char **why)
{
	char *copy = malloc(len + 1);
	int err;

	assert_non_null(copy);
	memcpy(copy, text, len);
	copy[len] = 'x';
	err = wgconf_parse(copy, len, "wg.conf", f, why);
	free(copy);
	return err;
}

static struct wgconf *good(const char *text)
{
	struct wgconf_file *f;
	struct wgconf *c;
	const char *why = "";

	if (parse(text, strlen(text), &f, &why))
		fail_msg("%s: in: %s", why, text);
	assert_int_equal(wgconf_pick(f, "wg.conf", "wlan0", 0, &c, &why), 0);
	wgconf_file_free(f);
	return c;
}

static void assert_addr(const struct ip_addr *a, const char *expected)
{
	char text[IP_ADDR_TEXT];

	assert_string_equal(ip_format(a, true, text), expected);
}

/* A server's file: no [Peer] has an Endpoint. */
static void test_server(void **state)
{
	char text[] = IFACE PEER "\0"; /* and room for the parser's zero */
	const size_t len = sizeof(IFACE PEER) - 1;
	struct wgconf_file *f;
	const char *why = "";

	assert_int_equal(parse(text, len, &f, &why), -EINVAL);
	assert_int_equal(wgconf_parse_any(text, len, "wg.conf", &f, &why), 0);
	assert_int_equal(f->section[0].npeers, 1);
	assert_int_equal(f->section[0].peers[0].port, 0);
	wgconf_file_free(f);
}

/* ---- keys ---- */

static void test_key(void **state)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char *const texts[] = {PRIVATE, PUBLIC, PUBLIC2, PSK, ZEROS};
	uint8_t key[WG_KEY_LEN], zero[WG_KEY_LEN] = {0};
	char text[] = ZEROS, again[WGKEY_TEXT_LEN + 1];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(texts); i++) {
		assert_int_equal(wgkey_parse(texts[i], strlen(texts[i]), key), 0);
		assert_key(key, texts[i]);
	}
	assert_true(wgkey_is_zero(key));
	assert_int_equal(wgkey_parse(PRIVATE, WGKEY_TEXT_LEN, key), 0);
	assert_int_equal(key[0], 0xc8);
	assert_int_equal(key[1], 0x09);
	assert_int_equal(key[31], 0x69);
	/* Each byte at each place: a letter of base64 or refused, and then no key. */
	for (i = 0; i < 256 * WGKEY_TEXT_LEN; i++) {
		unsigned int at = i / 256;
		bool letter = (i & 255) && strchr(letters, (int)(i & 255));

		if (at == 42) /* two bits of it are not the key's */
			letter = letter &&
				 !(((unsigned int)(strchr(letters, (int)(i & 255)) - letters)) & 3);
		if (at == 43)
			letter = (i & 255) == '=';
		memcpy(text, PRIVATE, sizeof(text));
		text[at] = (char)(i & 255);
		memset(key, 1, sizeof(key));
		assert_int_equal(wgkey_parse(text, WGKEY_TEXT_LEN, key), letter ? 0 : -EINVAL);
		if (letter) {
			wgkey_format(key, again);
			assert_memory_equal(text, again, sizeof(text));
		} else {
			assert_memory_equal(key, zero, sizeof(key));
		}
	}
	for (i = 0; i < 100; i++) {
		char word[100];

		memset(word, 'A', sizeof(word));
		if (i != WGKEY_TEXT_LEN)
			assert_int_equal(wgkey_parse(word, i, key), -EMSGSIZE);
	}
}

/* The kernel says of each mapping whether it goes into a dump. */
static bool dumped(const void *p)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long first, last;
	bool inside = false, dump = true;
	char line[512];

	assert_non_null(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &first, &last) == 2)
			inside = (unsigned long)p >= first && (unsigned long)p < last;
		else if (inside && !strncmp(line, "VmFlags:", 8))
			dump = !strstr(line, " dd");
	}
	fclose(f);
	return dump;
}

static void test_key_memory(void **state)
{
	struct wgconf *c = good(GOOD);
	char *p = wgkey_alloc(100000);
	void *heap = malloc(1);
	int i;

	assert_non_null(p);
	for (i = 0; i < 100000; i++)
		assert_int_equal(p[i], 0);
	memset(p, 1, 100000);
	assert_true(dumped(heap));
	assert_false(dumped(p));
	assert_false(dumped(c));
	assert_false(dumped(c->peers[0].allowed));
	free(heap);
	wgkey_free(p, 100000);
	wgkey_free(NULL, 1);
	wgconf_free(c);
	wgconf_free(NULL);
	wgconf_file_free(NULL);
}

/* ---- files that are good ---- */

static void test_plain(void **state)
{
	struct wgconf *c = good(GOOD);

	assert_key(c->private_key, PRIVATE);
	assert_int_equal(c->line, 1);
	assert_string_equal(c->path, "");
	assert_int_equal(c->listen_port, 0);
	assert_int_equal(c->fwmark, 0);
	assert_int_equal(c->naddrs, 0);
	assert_int_equal(c->ndns, 0);
	assert_string_equal(c->search, "");
	assert_int_equal(c->mtu, 0);
	assert_false(c->hooks);
	assert_int_equal(c->npeers, 1);
	assert_key(c->peers[0].public_key, PUBLIC);
	assert_int_equal(c->peers[0].line, 3);
	assert_false(c->peers[0].has_psk);
	assert_false(c->peers[0].has_keepalive);
	assert_string_equal(c->peers[0].host, "192.0.2.1");
	assert_int_equal(c->peers[0].port, 51820);
	assert_int_equal(c->peers[0].nallowed, 1);
	assert_addr(&c->peers[0].allowed[0], "0.0.0.0/0");
	wgconf_free(c);
}

static void test_full(void **state)
{
	static const char *const addresses[] = {"10.7.0.2/24", "fd07::2/64",  "10.7.1.2/32",
						"fd08::2/128", "10.7.2.2/32", "10.7.3.2/8"};
	static const char *const allowed[] = {"10.7.0.0/16", "10.8.0.1/32", "fd00:1:2::/49",
					      "::/0"};
	struct wgconf *c = good(full);
	unsigned int i;

	assert_key(c->private_key, PRIVATE);
	assert_int_equal(c->line, 3);
	assert_int_equal(c->naddrs, ARRAY_SIZE(addresses));
	for (i = 0; i < c->naddrs; i++)
		assert_addr(&c->addr[i], addresses[i]);
	assert_int_equal(c->ndns, 2);
	assert_addr(&c->dns[0], "10.7.0.1/32");
	assert_addr(&c->dns[1], "fd07::1/128");
	assert_string_equal(c->search, "example.org lan.");
	assert_int_equal(c->mtu, 1420);
	assert_int_equal(c->listen_port, 51821);
	assert_int_equal(c->fwmark, 0xca6c);
	assert_true(c->hooks);
	assert_int_equal(c->hooks_line, 14);
	assert_string_equal(c->path, "wlan0");
	assert_int_equal(c->npeers, 2);
	assert_int_equal(c->peers[0].line, 21);
	assert_key(c->peers[0].public_key, PUBLIC);
	assert_true(c->peers[0].has_psk);
	assert_key(c->peers[0].preshared_key, PSK);
	assert_string_equal(c->peers[0].host, "2001:db8::1");
	assert_int_equal(c->peers[0].port, 51820);
	assert_true(c->peers[0].has_keepalive);
	assert_int_equal(c->peers[0].keepalive, 25);
	assert_int_equal(c->peers[0].nallowed, ARRAY_SIZE(allowed));
	for (i = 0; i < ARRAY_SIZE(allowed); i++)
		assert_addr(&c->peers[0].allowed[i], allowed[i]);
	assert_int_equal(c->peers[1].line, 29);
	assert_key(c->peers[1].public_key, PUBLIC2);
	assert_false(c->peers[1].has_psk);
	assert_string_equal(c->peers[1].host, "");
	assert_int_equal(c->peers[1].port, 0);
	assert_true(c->peers[1].has_keepalive);
	assert_int_equal(c->peers[1].keepalive, 0);
	assert_int_equal(c->peers[1].nallowed, 1);
	assert_addr(&c->peers[1].allowed[0], "192.168.0.0/16");
	wgconf_free(c);
}

static void test_endpoints(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned int port;
	} table[] = {
		{"192.0.2.1:1", "192.0.2.1", 1},
		{"vps.example.org:65535", "vps.example.org", 65535},
		{"vps.example.org.:51820", "vps.example.org.", 51820},
		{"localhost : 51820", "localhost", 51820},
		{"my_vps-1:00051820", "my_vps-1", 51820},
		{"[::1]:51820", "::1", 51820},
		{"[fe80::1%eth0]:51820", "fe80::1%eth0", 51820},
		{"[::ffff:192.0.2.1]:51820", "::ffff:192.0.2.1", 51820},
		{"1.2.3.4.5.example:51820", "1.2.3.4.5.example", 51820},
	};
	char text[1024];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		struct wgconf *c;

		snprintf(text, sizeof(text), IFACE PEER "Endpoint = %s\n", table[i].text);
		c = good(text);
		assert_string_equal(c->peers[0].host, table[i].host);
		assert_int_equal(c->peers[0].port, table[i].port);
		wgconf_free(c);
	}
}

/* Values at their limits, and forms that wg(8) and wg-quick(8) take. */
static const char *const accepted[] = {
	GOOD,
	"\xef\xbb\xbf" GOOD,
	"\n\n\n" GOOD "\n\n",
	IFACE "ListenPort = 0\n" PEER END,
	IFACE "ListenPort = 65535\n" PEER END,
	IFACE "FwMark = off\n" PEER END,
	IFACE "FwMark = 4294967295\n" PEER END,
	IFACE "FwMark = 0xffffffff\n" PEER END,
	IFACE "MTU = 68\n" PEER END,
	IFACE "MTU = 65455\n" PEER END,
	IFACE "MTU = 1280\nAddress = fd00::1/64\n" PEER END,
	IFACE "MTU = 1279\nAddress = 10.0.0.1/24\n" PEER END,
	IFACE "Table = auto\nSaveConfig = false\n" PEER END,
	IFACE "Table = 1234\n" PEER END,
	IFACE "Table = main\n" PEER END,
	IFACE "Address =\nDNS =\nDNS = ,\n" PEER END,
	IFACE "ExcludedApplications = org.example\n" PEER END,
	GOOD "PersistentKeepalive = 0\n",
	GOOD "PersistentKeepalive = 65535\n",
	GOOD "# " PRIVATE "\n#[Nonsense]\n",
};

static void test_accepted(void **state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(accepted); i++)
		wgconf_free(good(accepted[i]));
}

static void test_many(void **state)
{
	const size_t room = WGCONF_MAX_FILE;
	char *text = malloc(room);
	uint8_t key[WG_KEY_LEN] = {1};
	char word[WGKEY_TEXT_LEN + 1];
	struct wgconf_file *f;
	struct wgconf *c;
	const char *why;
	unsigned int i;
	size_t n;

	/* Networks: 3000 on two lines, then one too long a line. */
	assert_non_null(text);
	n = (size_t)snprintf(text, room, GOOD);
	for (i = 0; i < 3000; i++)
		n += (size_t)snprintf(text + n, room - n, "%s10.%u.%u.0/24",
				      i % 1500 ? ", " : "\nAllowedIPs = ", i / 250, i % 250);
	c = good(text);
	assert_int_equal(c->peers[0].nallowed, 3001);
	assert_addr(&c->peers[0].allowed[3000], "10.11.249.0/24");
	wgconf_free(c);
	n += (size_t)snprintf(text + n, room - n, "\nAllowedIPs =%*s", WGCONF_MAX_LINE, "10.0.0.0");
	assert_int_equal(parse(text, n, &f, &why), -EINVAL);
	assert_string_equal(why, "wg.conf:10: the line is longer than 65536 bytes");

	/* Peers: as many as may be, then one more. */
	n = (size_t)snprintf(text, room, GOOD);
	for (i = 1; i < WGCONF_MAX_PEERS; i++) {
		key[1] = (uint8_t)i;
		key[2] = (uint8_t)(i >> 8);
		wgkey_format(key, word);
		n += (size_t)snprintf(text + n, room - n, "[Peer]\nPublicKey=%s\nAllowedIPs=::/0\n",
				      word);
	}
	c = good(text);
	assert_int_equal(c->npeers, WGCONF_MAX_PEERS);
	assert_addr(&c->peers[WGCONF_MAX_PEERS - 1].allowed[0], "::/0");
	wgconf_free(c);
	n += (size_t)snprintf(text + n, room - n, "[Peer]\n");
	assert_int_equal(parse(text, n, &f, &why), -EINVAL);
	assert_contains(why, "more than 1024 [Peer] sections");

	/* Sections. */
	for (i = n = 0; i < WGCONF_MAX_SECTIONS; i++)
		n += (size_t)snprintf(text + n, room - n, GOOD);
	assert_int_equal(parse(text, n, &f, &why), 0);
	assert_int_equal(f->nsections, WGCONF_MAX_SECTIONS);
	wgconf_file_free(f);
	n += (size_t)snprintf(text + n, room - n, GOOD);
	assert_int_equal(parse(text, n, &f, &why), -EINVAL);
	assert_contains(why, "more than 16 [Interface] sections");
	free(text);
}

/* ---- files that are not ---- */

static const struct {
	const char *text;
	const char *why; /* without the leading "wg.conf" */
} refused[] = {
	{"", " has no [Interface] section: is it a wg-quick file?"},
	{"# nothing\n", " has no [Interface] section: is it a wg-quick file?"},
	{"MTU = 1420\n", ":1: MTU comes before any section: write [Interface] above it"},
	{"\nPublicKey = x\n", ":2: PublicKey comes before any section: write [Interface] above it"},
	{PEER, ":1: a [Peer] comes before any [Interface]: write that first"},
	{"[Interfaces]\n", ":1: unknown section [interfaces]: did you mean [Interface]?"},
	{"[Peers]\n", ":1: unknown section [peers]: did you mean [Peer]?"},
	{"[Peer\n", ":1: unknown section [peer: did you mean [Peer]?"},
	{"[General]\n", ":1: unknown section [general]: known are [Interface] and [Peer]"},
	{"[Interface] x\n", ":1: unknown section [interface]x: did you mean [Interface]?"},
	{"[" PRIVATE "]\n", ":1: unknown section (a long word): known are [Interface] and [Peer]"},
	{"hello\n", ":1: this is neither KEY = VALUE nor [SECTION]"},
	{"= x\n", ":1: this is neither KEY = VALUE nor [SECTION]"},
	{IFACE "ListenPort 51820\n", ":3: this is neither KEY = VALUE nor [SECTION]"},

	{"[Interface]\n" PEER END, ":1: this [Interface] has no PrivateKey"},
	{"\n[Interface]\nPostUp = wg set %i private-key /k\n" PEER END,
	 ":2: this [Interface] has no PrivateKey: a PostUp that sets it is not run"},
	{IFACE, ":1: this [Interface] has no [Peer]: add the server's"},
	{IFACE "\n" IFACE PEER END, ":1: this [Interface] has no [Peer]: add the server's"},
	{IFACE PEER, ":1: no [Peer] of this [Interface] has an Endpoint: add Endpoint = HOST:PORT"},
	{GOOD IFACE PEER "\n",
	 ":7: no [Peer] of this [Interface] has an Endpoint: add Endpoint = HOST:PORT"},
	{IFACE "[Peer]\n" END "AllowedIPs = ::/0\n",
	 ":3: this [Peer] has no PublicKey: the server shows its own by `wg show`"},
	{IFACE "[Peer]\n" END "PublicKey = " PUBLIC "\n",
	 ":3: this [Peer] has no AllowedIPs, so nothing would go to it: add "
	 "AllowedIPs = 0.0.0.0/0, ::/0"},
	{IFACE "[Peer]\n" END "PublicKey = " PUBLIC "\nAllowedIPs =\n[Peer]\n",
	 ":3: this [Peer] has no AllowedIPs, so nothing would go to it: add "
	 "AllowedIPs = 0.0.0.0/0, ::/0"},
	{GOOD PEER, ":7: this [Peer] has the PublicKey of the one of line 3: make them one"},
	{IFACE "[Peer]\nPublicKey = " PRIVATE "\nAllowedIPs = ::/0\n",
	 ":3: its PublicKey is this side's PrivateKey: change both, and keep the private one to "
	 "this file"},

	{"[Interface]\nPrivateKey = abc=\n",
	 ":2: PrivateKey has 4 letters: a key has 44, the = at its end among them"},
	{"[Interface]\nPrivateKey = " PRIVATE "=\n",
	 ":2: PrivateKey has 45 letters: a key has 44, the = at its end among them"},
	{"[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBm!=\n",
	 ":2: PrivateKey is not base64: copy it again as `wg genkey`, pubkey or genpsk printed it"},
	{"[Interface]\nPrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBml=\n",
	 ":2: PrivateKey is not base64: copy it again as `wg genkey`, pubkey or genpsk printed it"},
	{"[Interface]\nPrivateKey = " ZEROS "\n",
	 ":2: PrivateKey is all zeros: make one by `wg genkey`"},
	{"[Interface]\nPrivateKey =\n", ":2: PrivateKey has no value: write PrivateKey = ..."},
	{IFACE "PrivateKey = " PRIVATE "\n",
	 ":3: PrivateKey is given twice in this section: leave one out"},
	{IFACE PRIVATE "\n", ":3: this is neither KEY = VALUE nor [SECTION]"},
	{IFACE "Private = " PRIVATE "\n",
	 ":3: unknown key 'Private': wg-quick(8) and wg(8) list those there are"},
	{IFACE "PrivatKey = " PRIVATE "\n",
	 ":3: unknown key 'PrivatKey': did you mean PrivateKey?"},
	{GOOD "ALLOWEDIP = ::/0\n", ":7: unknown key 'ALLOWEDIP': did you mean AllowedIPs?"},
	{IFACE "Jc = 4\n", ":3: unknown key 'Jc': wg-quick(8) and wg(8) list those there are"},
	{IFACE "J\x1b[2Jc = 4\n",
	 ":3: unknown key 'J?[2Jc': wg-quick(8) and wg(8) list those there are"},
	{IFACE END, ":3: Endpoint belongs to [Peer], and this is the [Interface] of line 1"},
	{GOOD "\nDNS = 1.1.1.1\n",
	 ":8: DNS belongs to [Interface], and this is the [Peer] of line 3"},

	{IFACE "ListenPort = 65536\n", ":3: ListenPort = 65536: must be a number from 0 to 65535"},
	{IFACE "ListenPort = -1\n", ":3: ListenPort = -1: must be a number from 0 to 65535"},
	{IFACE "FwMark = 0x\n",
	 ":3: FwMark = 0x: must be off, or a number of 32 bits (51820, 0xca6c)"},
	{IFACE "FwMark = 4294967296\n",
	 ":3: FwMark = 4294967296: must be off, or a number of 32 bits (51820, 0xca6c)"},
	{IFACE "FwMark = 18446744073709551617\n",
	 ":3: FwMark = 18446744073709551617: must be off, or a number of 32 bits (51820, 0xca6c)"},
	{IFACE "FwMark = ca6c\n",
	 ":3: FwMark = ca6c: must be off, or a number of 32 bits (51820, 0xca6c)"},
	{IFACE "MTU = 67\n", ":3: MTU = 67: must be a number of bytes from 68 to 65455"},
	{IFACE "MTU = 65456\n", ":3: MTU = 65456: must be a number of bytes from 68 to 65455"},
	{IFACE "MTU = 1420 # x\nMTU = 1420\n",
	 ":4: MTU is given twice in this section: leave one out"},
	{IFACE "MTU = 1279\nAddress = fd00::1\n" PEER END,
	 ":1: MTU = 1279 is too small for IPv6: at least 1280"},
	{IFACE "SaveConfig = yes\n", ":3: SaveConfig = yes: must be true or false"},
	{IFACE "Table =\n", ":3: Table has no value: write Table = ..."},
	{IFACE "Path = wlan 0\n", ":3: Path = wlan 0 is no interface name: 1 to 15 letters"},
	{IFACE "Path = a234567890123456\n",
	 ":3: Path = a234567890123456 is no interface name: 1 to 15 letters"},
	{IFACE "Path = " PRIVATE "\n",
	 ":3: Path = (a long word) is no interface name: 1 to 15 letters"},
	{IFACE "Path = wlan0\n" PEER END IFACE "Path = wlan0\n" PEER END,
	 ":10: Path = wlan0 has the [Interface] of line 1 already"},

	{IFACE "Address = 10.7.0\n", ":3: Address = 10.7.0 is no IPv4 or IPv6 address"},
	{IFACE "Address = 10.7.0.256/24\n",
	 ":3: Address = 10.7.0.256/24 is no IPv4 or IPv6 address"},
	{IFACE "Address = 10.7.0.2/33\n",
	 ":3: Address = 10.7.0.2/33: the prefix length must be 1 to 32"},
	{IFACE "Address = 10.7.0.2/0\n",
	 ":3: Address = 10.7.0.2/0: the prefix length must be 1 to 32"},
	{IFACE "Address = 10.7.0.2/\n",
	 ":3: Address = 10.7.0.2/: the prefix length must be 1 to 32"},
	{IFACE "Address = fd00::1/129\n",
	 ":3: Address = fd00::1/129: the prefix length must be 1 to 128"},
	{IFACE "Address = 127.0.0.1/8\n", ":3: Address = 127.0.0.1/8 is a loopback address"},
	{IFACE "Address = ff02::1\n", ":3: Address = ff02::1 is a multicast address"},
	{IFACE "Address = 10.7.0.2/24\nAddress = 10.7.0.2\n",
	 ":4: Address = 10.7.0.2 is given twice"},
	{IFACE "Address = 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 "
	       "1.1.1.9\n",
	 ":3: Address = 1.1.1.9: more than 8 addresses for one path"},
	{IFACE "Address = " PRIVATE "\n", ":3: Address = (a long word) is no IPv4 or IPv6 address"},
	{IFACE "DNS = 10.7.0\n", ":3: DNS = 10.7.0 is no IPv4 or IPv6 address"},
	{IFACE "DNS = [fd00::1]\n", ":3: DNS = [fd00::1] is no IPv4 or IPv6 address"},
	{IFACE "DNS = exa/mple\n", ":3: DNS = exa/mple is neither an address nor a domain"},
	{IFACE "DNS = ~\n", ":3: DNS = ~ is neither an address nor a domain"},
	{IFACE "DNS = ok..example\n", ":3: DNS = ok..example is neither an address nor a domain"},
	{IFACE "DNS = 1.1.1.1 1.1.1.2 1.1.1.3 1.1.1.4 1.1.1.5 1.1.1.6 1.1.1.7 1.1.1.8 1.1.1.9\n",
	 ":3: DNS = 1.1.1.9: more than 8 servers"},

	{GOOD "AllowedIPs = 10.0.0.0/8,\n", ":7: AllowedIPs has an empty item: a comma too many?"},
	{GOOD "AllowedIPs = ,\n", ":7: AllowedIPs has an empty item: a comma too many?"},
	{GOOD "AllowedIPs = +10.0.0.0/8\n",
	 ":7: AllowedIPs = +10.0.0.0/8: + and - change a running tunnel: list the networks without "
	 "them"},
	{GOOD "AllowedIPs = ::/0, - 10.0.0.0/8\n",
	 ":7: AllowedIPs = -10.0.0.0/8: + and - change a running tunnel: list the networks without "
	 "them"},
	{GOOD "AllowedIPs = 10.0.0.0/33\n",
	 ":7: AllowedIPs = 10.0.0.0/33: the prefix length must be 0 to 32"},
	{GOOD "AllowedIPs = 10.0.0.0/255.0.0.0\n",
	 ":7: AllowedIPs = 10.0.0.0/255.0.0.0: the prefix length must be 0 to 32"},
	{GOOD "AllowedIPs = example.org\n",
	 ":7: AllowedIPs = example.org is no IPv4 or IPv6 network"},
	{IFACE PEER "Endpoint = 192.0.2.1:51820, 192.0.2.2:51820\n",
	 ":6: Endpoint takes one value, and this is a list: keep one of them, others need a [Peer] "
	 "of their own"},
	{IFACE "[Peer]\nPublicKey = " PUBLIC "," PUBLIC2 "\n",
	 ":4: PublicKey takes one value, and this is a list: keep one of them, others need a "
	 "[Peer] of their own"},
	{IFACE "PrivateKey = " PRIVATE ", " PRIVATE2 "\n",
	 ":3: PrivateKey is given twice in this section: leave one out"},
	{"[Interface]\nPrivateKey = " PRIVATE ", " PRIVATE2 "\n",
	 ":2: PrivateKey takes one value, and this is a list: keep one of them"},
	{IFACE "MTU = 1420, 1380\n",
	 ":3: MTU takes one value, and this is a list: keep one of them"},
	{GOOD END, ":7: Endpoint is given twice in this section: leave one out"},
	{IFACE PEER "Endpoint = vps.example.org\n",
	 ":6: Endpoint = vps.example.org has no port: write Endpoint = HOST:PORT"},
	{IFACE PEER "Endpoint = [::1]\n",
	 ":6: Endpoint = [::1] has no port: write Endpoint = HOST:PORT"},
	{IFACE PEER "Endpoint = [::1\n",
	 ":6: Endpoint = [::1 has no port: write Endpoint = HOST:PORT"},
	{IFACE PEER "Endpoint = vps:0\n",
	 ":6: Endpoint = vps:0: the port must be a number from 1 to 65535"},
	{IFACE PEER "Endpoint = vps:wireguard\n",
	 ":6: Endpoint = vps:wireguard: the port must be a number from 1 to 65535"},
	{IFACE PEER "Endpoint = 2001:db8::1:51820\n",
	 ":6: Endpoint = 2001:db8::1:51820: an IPv6 address needs brackets: write [ADDRESS]:PORT"},
	{IFACE PEER "Endpoint = 192.0.2.256:1\n",
	 ":6: Endpoint = 192.0.2.256:1: the host is no name, IPv4 or [IPv6] address"},
	{IFACE PEER "Endpoint = :51820\n",
	 ":6: Endpoint = :51820: the host is no name, IPv4 or [IPv6] address"},
	{IFACE PEER "Endpoint = [192.0.2.1]:51820\n",
	 ":6: Endpoint = [192.0.2.1]:51820: the host is no name, IPv4 or [IPv6] address"},
	{IFACE PEER "Endpoint = [::1]x:51820\n",
	 ":6: Endpoint = [::1]x:51820: the host is no name, IPv4 or [IPv6] address"},
	{IFACE PEER "Endpoint = https://vps.example:443\n",
	 ":6: Endpoint = https://vps.example:443: an IPv6 address needs brackets: write "
	 "[ADDRESS]:PORT"},
	{IFACE PEER "Endpoint = v\xc3\xa4.example:443\n",
	 ":6: Endpoint = v\xc3\xa4.example:443: the host is no name, IPv4 or [IPv6] address"},
	{GOOD "PersistentKeepalive = on\n",
	 ":7: PersistentKeepalive = on: must be off, or seconds from 0 to 65535"},
	{GOOD "PersistentKeepalive = 65536\n",
	 ":7: PersistentKeepalive = 65536: must be off, or seconds from 0 to 65535"},
	{GOOD "PresharedKey = x\n",
	 ":7: PresharedKey has 1 letter: a key has 44, the = at its end among them"},
	{IFACE "[Peer]\nPublicKey = " ZEROS "\n",
	 ":4: PublicKey is all zeros: the server shows its own by `wg show`"},
};

static void test_refused(void **state)
{
	char expected[1024];
	struct wgconf_file *f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		const char *text = refused[i].text, *why = "";

		if (parse(text, strlen(text), &f, &why) != -EINVAL)
			fail_msg("not refused: %s", text);
		snprintf(expected, sizeof(expected), "wg.conf%s", refused[i].why);
		assert_string_equal(why, expected);
		assert_int_equal(parse(text, strlen(text), &f, NULL), -EINVAL);
	}
}

static void test_zero_byte(void **state)
{
	static const char utf16[] = "[\0I\0n\0t\0e\0r\0f\0a\0c\0e\0]\0\n\0";
	static const char inside[] = GOOD "DNS = 1.1.1.1\0 # x";
	struct wgconf_file *f;
	const char *why;

	assert_int_equal(parse(utf16, sizeof(utf16) - 1, &f, &why), -EINVAL);
	assert_string_equal(why,
			    "wg.conf:1: the line has a zero byte: save the file as plain text");
	assert_int_equal(parse(inside, sizeof(inside) - 1, &f, &why), -EINVAL);
	assert_string_equal(why,
			    "wg.conf:7: the line has a zero byte: save the file as plain text");
}

/* Wherever a private key stands by mistake, and however it is cut: no message tells it. */
static void test_silent(void **state)
{
	static const char *const places[] = {
		"[Interface]\nPrivateKey = %sx\n",
		"[Interface]\n%s\n",
		"[Interface]\n%s = x\n",
		"[%s]\n",
		IFACE "ListenPort = %s\n",
		IFACE "FwMark = %s\n",
		IFACE "MTU = %s\n",
		IFACE "Path = %s\n",
		IFACE "SaveConfig = %s\n",
		IFACE "Address = x%s\n",
		IFACE "Address = 10.0.0.1/%s\n",
		IFACE "DNS = /%s\n",
		IFACE "DNS = :%s\n",
		GOOD "PersistentKeepalive = %s\n",
		GOOD "PresharedKey = %sx\n",
		GOOD "AllowedIPs = %s\n",
		GOOD "AllowedIPs = +%s\n",
		IFACE PEER "Endpoint = %s\n",
		IFACE PEER "Endpoint = %s:x\n",
		IFACE PEER "Endpoint = /%s:1\n",
	};
	char text[1024];
	struct wgconf_file *f;
	unsigned int i, skipped;
	const char *why;

	for (i = 0; i < ARRAY_SIZE(places); i++) {
		for (skipped = 0; skipped < 16; skipped++) {
			snprintf(text, sizeof(text), places[i], PRIVATE + skipped);
			assert_int_equal(parse(text, strlen(text), &f, &why), -EINVAL);
			if (strstr(why, "hd2rYUIg"))
				fail_msg("a key is told: %s", why);
		}
	}
}

/* ---- the choice of a section ---- */

static const char named[] = SECTION(PRIVATE, "1\nPath = wlan0") SECTION(PRIVATE2, "2")
	SECTION(PRIVATE2, "3\nPath = rmnet0") SECTION(PRIVATE2, "4");

static void test_pick(void **state)
{
	static const struct {
		const char *text, *ifname;
		unsigned int nth;
		unsigned int port; /* which tells sections apart; 0: none is found */
		const char *why;
	} table[] = {
		{named, "wlan0", 0, 1},
		{named, "wlan0", 7, 1},
		{named, "rmnet0", 0, 3},
		{named, "eth0", 0, 2},
		{named, "", 0, 2},
		{named, "eth1", 1, 4},
		{named, "eth2", 2, 0,
		 "wg.conf has 2 [Interface] sections without Path, too few for eth2: add one with "
		 "its "
		 "[Peer]"},
		{named, "", 2, 0,
		 "wg.conf has 2 [Interface] sections without Path, too few for so many -i: add one "
		 "with its [Peer]"},
		{SECTION(PRIVATE, "5"), "wlan0", 0, 5},
		{SECTION(PRIVATE, "5"), "rmnet0", 1, 5},
		{SECTION(PRIVATE, "5\nPath = wlan0"), "wlan0", 1, 5},
		{SECTION(PRIVATE, "5\nPath = wlan0"), "rmnet0", 0, 0,
		 "wg.conf: its only [Interface] has Path = wlan0, not rmnet0"},
		{SECTION(PRIVATE, "5\nPath = a") SECTION(PRIVATE2, "6\nPath = b"), "c", 0, 0,
		 "wg.conf has no [Interface] with Path = c: add one with its [Peer]"},
		{SECTION(PRIVATE, "5\nPath = a") SECTION(PRIVATE2, "6"), "c", 1, 0,
		 "wg.conf has 1 [Interface] section without Path, too few for c: add one with its "
		 "[Peer]"},
	};
	struct wgconf_file *f;
	struct wgconf *c;
	const char *why;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++) {
		int err;

		assert_int_equal(parse(table[i].text, strlen(table[i].text), &f, &why), 0);
		err = wgconf_pick(f, "wg.conf", table[i].ifname, table[i].nth, &c, &why);
		wgconf_file_free(f);
		assert_int_equal(err, table[i].port ? 0 : -EINVAL);
		if (err) {
			assert_string_equal(why, table[i].why);
			continue;
		}
		assert_int_equal(c->listen_port, table[i].port);
		assert_int_equal(c->npeers, 1);
		assert_key(c->peers[0].public_key, PUBLIC);
		wgconf_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_server),	   cmocka_unit_test(test_key),
		cmocka_unit_test(test_key_memory), cmocka_unit_test(test_plain),
		cmocka_unit_test(test_full),	   cmocka_unit_test(test_endpoints),
		cmocka_unit_test(test_accepted),   cmocka_unit_test(test_many),
		cmocka_unit_test(test_refused),	   cmocka_unit_test(test_zero_byte),
		cmocka_unit_test(test_silent),	   cmocka_unit_test(test_pick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
