// SPDX-License-Identifier: GPL-2.0-only
/*
 * wg.c - persona wg: keys and files of both ends for tunnels over several paths (init); whether
 * files of both ends fit each other (check) is wgcheck.c's.
 *
 * Theory of operation
 *
 * One server interface, one [Peer] with a key and an address of its own for each path: so the
 * server sees as many clients as there are paths, and MPTCP inside joins them. Addresses: IPv4
 * from --network, the server first; IPv6 from a random unique local prefix (RFC 4193).
 *
 * A file that exists is never overwritten. Each is readable by its owner alone; if one cannot be
 * written, those before are removed. Keys are in wiped memory (wgkey.h) meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cli/cli.h"
#include "cli/wgcheck.h"
#include "launch/paths.h"
#include "launch/wgkeys.h"
#include "netconf/spec.h"
#include "stack/config.h"

#define PORT	"51820"
#define NETWORK "10.7.0.0"
#define SERVER	"server.conf"

enum { WG_PORT = COMMAND_LONG, WG_NETWORK, WG_NO_PSK, WG_JSON };

static const struct command_option wg_options[] = {
	{'s', "server", "HOST", "name or address of the server, as clients reach it"},
	{'p', "paths", "IF,IF", "the client's interfaces, with commas between them"},
	{'d', "dir", "DIR", "where the files go (default: the current directory)"},
	{WG_PORT, "port", "N", "UDP port of the server (default: " PORT ")"},
	{WG_NETWORK, "network", "ADDR", "IPv4 network inside, a /24 (default: " NETWORK ")"},
	{WG_NO_PSK, "no-psk", NULL, "without a preshared key for each path"},
	{WG_JSON, "json", NULL, "check: an object for each line, for programs"},
	{0},
};

/**
 * struct wg_plan - what is asked for, and the keys
 * @ula: the first six bytes of the IPv6 prefix
 * @private, @public: of the paths, and the server's behind them
 */
struct wg_plan {
	const char *server, *dir, *port;
	char path[CONFIG_MAX_IFACES][IF_NAMESIZE];
	unsigned int npaths;
	bool no_psk, json;
	uint8_t net[4];
	uint8_t ula[6];
	uint8_t private[CONFIG_MAX_IFACES + 1][WG_KEY_LEN];
	uint8_t public[CONFIG_MAX_IFACES + 1][WG_KEY_LEN];
	uint8_t psk[CONFIG_MAX_IFACES][WG_KEY_LEN];
};

static int wg_set_paths(struct wg_plan *p, const char *list)
{
	p->npaths = 0;
	for (const char *at = list; *at; at += *at == ',') {
		size_t len = strcspn(at, ",");
		char *name;

		if (p->npaths == CONFIG_MAX_IFACES)
			return complain(EXIT_PERSONA, "--paths %s: more than %d", list,
					CONFIG_MAX_IFACES);
		name = p->path[p->npaths];
		snprintf(name, IF_NAMESIZE, "%.*s", len < IF_NAMESIZE ? (int)len : 0, at);
		if (!ifname_valid(name))
			return complain(EXIT_PERSONA, "--paths %s: '%.*s' is no interface name",
					list, (int)(len < 40 ? len : 40), at);
		for (unsigned int i = 0; i < p->npaths; i++)
			if (!strcmp(p->path[i], name))
				return complain(EXIT_PERSONA, "--paths %s: '%s' is given twice",
						list, name);
		p->npaths++;
		at += len;
	}
	return -1;
}

static int wg_set_network(struct wg_plan *p, const char *text)
{
	struct ip_addr a;

	if (ip_parse(text, &a) || a.family != AF_INET || a.bytes[3] || ip_unfit(&a))
		return complain(EXIT_PERSONA, "--network %s: write an IPv4 network that ends in .0",
				text);
	memcpy(p->net, a.bytes, sizeof(p->net));
	return -1;
}

static int wg_set_port(struct wg_plan *p, const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || !n || n > 65535)
		return complain(EXIT_PERSONA, "--port %s: must be a number from 1 to 65535", text);
	p->port = text;
	return -1;
}

static int wg_set_server(struct wg_plan *p, const char *text)
{
	const char *unfit = NULL;
	struct ip_addr a;
	bool address;

	if (!*text || strlen(text) > 253 || strpbrk(text, " \t\n/#[]"))
		return complain(EXIT_PERSONA, "--server %.60s: is no name and no address", text);
	address = !ip_parse(text, &a);
	if (strchr(text, ':') && !address)
		return complain(EXIT_PERSONA, "--server %s: the port goes into --port", text);
	if (address)
		unfit = ip_unfit(&a);
	else if (!strcasecmp(text, "localhost"))
		unfit = "is this machine itself";
	if (unfit)
		return complain(
			EXIT_PERSONA,
			"--server %s: %s: write where the client's networks reach the server", text,
			unfit);
	p->server = text;
	return -1;
}

/* ---- files ---- */

static FILE *wg_create(const struct wg_plan *p, const char *name, char path[PATH_MAX])
{
	FILE *f = NULL;
	int fd;

	snprintf(path, PATH_MAX, "%s/%s", p->dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		f = fdopen(fd, "w");
	if (!f)
		complain(0,
			 errno == EEXIST ? "%s is there already: choose another --dir"
					 : "%s: cannot be written: %s",
			 path, strerror(errno));
	return f;
}

static void wg_put_key(FILE *f, const char *key, const uint8_t value[WG_KEY_LEN])
{
	char text[WGKEY_TEXT_LEN + 1];

	wgkey_format(value, text);
	/* fprintf() would leave it in a buffer on the stack. */
	fputs(key, f);
	fputs(" = ", f);
	fputs(text, f);
	fputc('\n', f);
	wgkey_wipe(text, sizeof(text));
}

/* "10.7.0.N/LEN, fdxx:xxxx:xxxx::N/LEN6" */
static void wg_put_addresses(const struct wg_plan *p, FILE *f, const char *key, unsigned int n,
			     int len, int len6)
{
	fprintf(f, "%s = %u.%u.%u.%u/%d, %02x%02x:%02x%02x:%02x%02x::%x/%d\n", key, p->net[0],
		p->net[1], p->net[2], n, len, p->ula[0], p->ula[1], p->ula[2], p->ula[3], p->ula[4],
		p->ula[5], n, len6);
}

static void wg_put_client(const struct wg_plan *p, FILE *f, unsigned int i)
{
	bool six = strchr(p->server, ':');

	fprintf(f, "# %s's path to %s: persona run -i wg:%s,conf=FILE -- COMMAND\n[Interface]\n",
		p->path[i], p->server, p->path[i]);
	wg_put_key(f, "PrivateKey", p->private[i]);
	wg_put_addresses(p, f, "Address", i + 2, 32, 128);
	fprintf(f, "\n[Peer]\n");
	wg_put_key(f, "PublicKey", p->public[p->npaths]);
	if (!p->no_psk)
		wg_put_key(f, "PresharedKey", p->psk[i]);
	fprintf(f, "AllowedIPs = 0.0.0.0/0, ::/0\nEndpoint = %s%s%s:%s\nPersistentKeepalive = 25\n",
		six ? "[" : "", p->server, six ? "]" : "", p->port);
}

static void wg_put_server(const struct wg_plan *p, FILE *f, unsigned int unused)
{
	fprintf(f, "# On the server: /etc/wireguard/persona.conf\n[Interface]\n");
	wg_put_key(f, "PrivateKey", p->private[p->npaths]);
	wg_put_addresses(p, f, "Address", 1, 24, 64);
	fprintf(f,
		"ListenPort = %s\n"
		"PostUp = sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1\n"
		"PostUp = nft add table inet %%i\n"
		"PostUp = nft add chain inet %%i nat '{ type nat hook postrouting priority 100; "
		"}'\n"
		"PostUp = nft add rule inet %%i nat iifname %%i oifname != %%i masquerade\n"
		"PostDown = nft delete table inet %%i\n",
		p->port);
	for (unsigned int i = 0; i < p->npaths; i++) {
		fprintf(f, "\n# %s\n[Peer]\n", p->path[i]);
		wg_put_key(f, "PublicKey", p->public[i]);
		if (!p->no_psk)
			wg_put_key(f, "PresharedKey", p->psk[i]);
		wg_put_addresses(p, f, "AllowedIPs", i + 2, 32, 128);
	}
}

/* Files 0 to npaths - 1 are the paths', the last is the server's. */
static void wg_name(const struct wg_plan *p, unsigned int i, char name[IF_NAMESIZE + 8])
{
	if (i == p->npaths)
		strcpy(name, SERVER);
	else
		snprintf(name, IF_NAMESIZE + 8, "%s.conf", p->path[i]);
}

static int wg_write(const struct wg_plan *p)
{
	char path[PATH_MAX], name[IF_NAMESIZE + 8];
	unsigned int i;

	for (i = 0; i <= p->npaths; i++) {
		FILE *f;

		wg_name(p, i, name);
		f = wg_create(p, name, path);
		if (!f)
			break;
		setvbuf(f, NULL, _IONBF, 0); /* no copy of a key stays in a buffer */
		(i == p->npaths ? wg_put_server : wg_put_client)(p, f, i);
		if (ferror(f) | fclose(f)) {
			complain(0, "%s: cannot be written: %s", path, strerror(errno));
			unlink(path);
			break;
		}
	}
	if (i > p->npaths)
		return 0;
	while (i-- > 0) {
		wg_name(p, i, name);
		snprintf(path, sizeof(path), "%s/%s", p->dir, name);
		unlink(path);
	}
	return EXIT_PERSONA;
}

static void wg_tell(const struct wg_plan *p)
{
	bool six = strchr(p->server, ':');
	char name[IF_NAMESIZE + 8];

	printf("Made, readable by you alone:\n");
	for (unsigned int i = 0; i <= p->npaths; i++) {
		wg_name(p, i, name);
		printf("  %s/%s\n", p->dir, name);
	}
	printf("\nTo the server:\n"
	       "  scp %s/" SERVER " root@%s%s%s:/etc/wireguard/persona.conf\n\n"
	       "There, as root (Debian 12; let UDP port %s through its provider's firewall):\n"
	       "  apt-get install -y wireguard nftables mptcpize\n"
	       "  systemctl enable --now wg-quick@persona\n"
	       "  mptcpize run python3 -m http.server 8000 --bind %u.%u.%u.1\n\n"
	       "Here, without root, over all paths at once:\n"
	       "  persona run",
	       p->dir, six ? "[" : "", p->server, six ? "]" : "", p->port, p->net[0], p->net[1],
	       p->net[2]);
	for (unsigned int i = 0; i < p->npaths; i++)
		printf(" \\\n    -i wg:%s,conf=%s/%s.conf", p->path[i], p->dir, p->path[i]);
	printf(" \\\n    -- curl -O http://%u.%u.%u.1:8000/FILE\n\n"
	       "Over all paths to any other destination: docs/server.md\n",
	       p->net[0], p->net[1], p->net[2]);
}

static int wg_make_keys(struct wg_plan *p)
{
	char image[PATH_MAX];
	const char *why;

	if (path_personality(DEFAULT_PERSONALITY, image, sizeof(image), &why) ||
	    wgkeys_make(p->private, p->npaths + 1, &why) || wgkeys_make(p->psk, p->npaths, &why) ||
	    wgkeys_public(image, p->private, p->public, p->npaths + 1, &why))
		return complain(EXIT_PERSONA, "%s", why);
	p->ula[0] = 0xfd;
	if (getrandom(p->ula + 1, 5, 0) != 5)
		return complain(EXIT_PERSONA, "no random numbers: %s", strerror(errno));
	return 0;
}

static int wg_init(struct wg_plan *p)
{
	int status;

	if (!p->server)
		return complain(EXIT_PERSONA, "wg init: no server: write --server HOST");
	if (!p->npaths)
		return complain(EXIT_PERSONA, "wg init: no paths: write --paths wlan0,rmnet0");
	if (mkdir(p->dir, 0700) && errno != EEXIST)
		return complain(EXIT_PERSONA, "--dir %s: cannot be made: %s", p->dir,
				strerror(errno));
	status = wg_make_keys(p);
	if (!status)
		status = wg_write(p);
	if (!status)
		wg_tell(p);
	return status;
}

static int wg_walk(struct wg_plan *p, int argc, char **argv)
{
	struct options o;
	int key;

	options_begin(&o, &command_wg, argc, argv);
	while ((key = options_next(&o))) {
		if (key == 's')
			o.status = wg_set_server(p, optarg);
		else if (key == 'p')
			o.status = wg_set_paths(p, optarg);
		else if (key == 'd' && strchr(optarg, ','))
			o.status = complain(EXIT_PERSONA, "--dir %s: -i takes no path with a comma",
					    optarg);
		else if (key == 'd')
			p->dir = optarg;
		else if (key == WG_PORT)
			o.status = wg_set_port(p, optarg);
		else if (key == WG_NETWORK)
			o.status = wg_set_network(p, optarg);
		else if (key == WG_JSON)
			p->json = true;
		else
			p->no_psk = true;
	}
	if (optind < argc && !strcmp(argv[optind], "check")) {
		if (options_end(&o, argc) >= 0)
			return o.status;
		return wg_check(argv + optind + 1, (unsigned int)(argc - optind - 1), p->json);
	}
	if (options_end(&o, 1) >= 0)
		return o.status;
	if (optind >= argc || strcmp(argv[optind], "init"))
		return complain(EXIT_PERSONA, "wg: write persona wg init --server HOST --paths "
					      "IF,IF, or persona wg check FILE...");
	if (p->json)
		return complain(EXIT_PERSONA, "--json: wg init has no report");
	return wg_init(p);
}

static int wg_run(int argc, char **argv)
{
	struct wg_plan *p = wgkey_alloc(sizeof(*p));
	int status;

	if (!p)
		return complain(EXIT_PERSONA, "no memory");
	p->dir = ".";
	p->port = PORT;
	wg_set_network(p, NETWORK);
	status = wg_walk(p, argc, argv);
	wgkey_free(p, sizeof(*p));
	return status;
}

const struct command command_wg = {
	.name = "wg",
	.summary = "make keys and files for WireGuard tunnels over several paths",
	.usage = "init --server HOST --paths IF,IF [OPTION]...\n"
		 "check [--json] CLIENT.conf... [SERVER.conf]",
	.options = {wg_options},
	.notes = "init writes a file of wg-quick for each path and one for the server, and prints\n"
		 "what to do with them. Files that are there are not overwritten. check compares\n"
		 "files of both ends, and prints a line for each fault; its status is 1 then.\n",
	.examples = "wg init --server vps.example.org --paths wlan0,rmnet0 --dir tunnels\n"
		    "wg check tunnels/*.conf\n",
	.run = wg_run,
};
