// SPDX-License-Identifier: GPL-2.0-only
/*
 * loader.c - `persona-xdp IFNAME`: holds the steering program on an interface.
 *
 * Theory of operation
 *
 * Started by back end xdp (backend/opening/xdptool.c), as the one part of Persona that
 * needs libbpf. It inherits a control socket (descriptor 0, SOCK_SEQPACKET)
 * and the AF_XDP socket (3). It loads the program, puts the socket into its
 * map, attaches it and answers `ok`. Then each packet on the control socket is a
 * complete list of what is the stack's (backend/opening/steer.h), answered by `ok`; any
 * failure is answered by `error SENTENCE`. At end of file it ends, and with it
 * the attachment, which is a BPF link: it goes with its last descriptor, so
 * nothing is left even if this process is killed.
 *
 * The driver's own XDP is tried first, then the generic one.
 *
 * What is new is added before what is old is removed: a change loses no frame
 * that was and stays ours. One thread.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "backend/opening/steer.h"
#include "xdp/maps.h"

enum { CONTROL = 0, SOCKET = 3 };

extern const unsigned char steer_object[];
extern const uint64_t steer_object_size;

/* Descriptors of the maps. */
static struct {
	int sockets, addresses, ports, range;
} maps;

static char complaint[256]; /* libbpf's last warning */

static int loader_keep_warning(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	if (level == LIBBPF_WARN) {
		vsnprintf(complaint, sizeof(complaint), fmt, ap);
		complaint[strcspn(complaint, "\n")] = '\0';
	}
	return 0;
}

static void loader_answer(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void loader_answer(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	send(CONTROL, text, strlen(text), MSG_NOSIGNAL);
}

static int loader_fail(const char *what, int err)
{
	if (err == -EPERM)
		loader_answer(
			"error %s: not permitted: needs CAP_BPF and CAP_NET_ADMIN: run as root",
			what);
	else
		loader_answer("error %s: %s%s%s", what, strerror(-err), *complaint ? ": " : "",
			      complaint);
	return 1;
}

static int loader_find_maps(const struct bpf_object *o)
{
	const struct {
		const char *name;
		int *fd;
	} names[] = {
		{"sockets", &maps.sockets},
		{"addresses", &maps.addresses},
		{"ports", &maps.ports},
		{"range", &maps.range},
	};

	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		*names[i].fd = bpf_object__find_map_fd_by_name(o, names[i].name);
		if (*names[i].fd < 0)
			return *names[i].fd;
	}
	return 0;
}

static struct addr_key loader_key_of(const struct steer_addr *a)
{
	struct addr_key k = {{0, 0, htonl(0xffff), 0}};

	if (a->family == AF_INET)
		memcpy(&k.word[3], a->bytes, 4);
	else
		memcpy(k.word, a->bytes, 16);
	return k;
}

static struct port_key loader_port_of(const struct steer_port *p)
{
	return (struct port_key){.port = p->port, .proto = p->proto};
}

static int loader_add_all(const struct steer *s)
{
	const struct port_range r = {s->first, s->last};
	const __u32 zero = 0;
	const __u8 one = 1;
	int err = 0;

	for (unsigned int i = 0; i < s->naddrs && !err; i++) {
		struct addr_key k = loader_key_of(&s->addr[i]);
		__u32 whose = s->addr[i].shared ? SHARED : OWN;

		err = bpf_map_update_elem(maps.addresses, &k, &whose, BPF_ANY);
	}
	for (unsigned int i = 0; i < s->nports && !err; i++) {
		struct port_key k = loader_port_of(&s->port[i]);

		err = bpf_map_update_elem(maps.ports, &k, &one, BPF_ANY);
	}
	return err ? err : bpf_map_update_elem(maps.range, &zero, &r, BPF_ANY);
}

/* Delete the keys of @map that @keep does not want. */
static void loader_prune(int map, const struct steer *s,
			 int (*keep)(const struct steer *, const void *))
{
	char key[sizeof(struct addr_key)], gone[sizeof(key)];
	int at_end, removed;

	do { /* from the start after each: the place of a deleted key is no place */
		removed = 0;
		at_end = bpf_map_get_next_key(map, NULL, key);
		while (!at_end && !removed) {
			memcpy(gone, key, sizeof(key));
			if (!keep(s, key))
				removed = !bpf_map_delete_elem(map, gone);
			else
				at_end = bpf_map_get_next_key(map, gone, key);
		}
	} while (removed);
}

static int loader_keeps_address(const struct steer *s, const void *key)
{
	for (unsigned int i = 0; i < s->naddrs; i++) {
		struct addr_key k = loader_key_of(&s->addr[i]);

		if (!memcmp(&k, key, sizeof(k)))
			return 1;
	}
	return 0;
}

static int loader_keeps_port(const struct steer *s, const void *key)
{
	for (unsigned int i = 0; i < s->nports; i++) {
		struct port_key k = loader_port_of(&s->port[i]);

		if (!memcmp(&k, key, sizeof(k)))
			return 1;
	}
	return 0;
}

static void loader_change(const char *text)
{
	struct steer s;
	unsigned int line;
	int err;

	err = steer_parse(text, &s, &line);
	if (err) {
		loader_answer("error line %u: %s", line, strerror(-err));
		return;
	}
	err = loader_add_all(&s);
	loader_prune(maps.addresses, &s, loader_keeps_address);
	loader_prune(maps.ports, &s, loader_keeps_port);
	if (err)
		loader_fail("cannot change what is steered", err);
	else
		loader_answer("ok");
}

static int loader_attach(int prog, int ifindex)
{
	const struct bpf_link_create_opts generic = {.sz = sizeof(generic),
						     .flags = XDP_FLAGS_SKB_MODE};
	int link = bpf_link_create(prog, ifindex, BPF_XDP, NULL);

	if (link < 0 && link != -EBUSY && link != -EEXIST && link != -EPERM)
		link = bpf_link_create(prog, ifindex, BPF_XDP, &generic);
	return link;
}

int main(int argc, char **argv)
{
	static char text[STEER_TEXT];
	const struct bpf_program *prog;
	struct bpf_object *o;
	const __u32 zero = 0;
	const int xsk = SOCKET;
	socklen_t len = sizeof(int);
	int type;
	ssize_t n;
	int err;

	if (argc != 2 || getsockopt(CONTROL, SOL_SOCKET, SO_TYPE, &type, &len) ||
	    type != SOCK_SEQPACKET) {
		fputs("persona-xdp: part of persona, started by its back end xdp\n", stderr);
		return 125;
	}
	libbpf_set_print(loader_keep_warning);
	o = bpf_object__open_mem(steer_object, steer_object_size, NULL);
	if (!o)
		return loader_fail("cannot open the steering program", -errno);
	err = bpf_object__load(o);
	if (err)
		return loader_fail("cannot load the steering program", err);
	prog = bpf_object__find_program_by_name(o, "steer");
	err = loader_find_maps(o);
	if (!err)
		err = bpf_map_update_elem(maps.sockets, &zero, &xsk, BPF_ANY);
	if (err)
		return loader_fail("cannot put the socket into its map", err);
	close(SOCKET);
	complaint[0] = '\0';
	err = loader_attach(bpf_program__fd(prog), (int)if_nametoindex(argv[1]));
	if (err == -EBUSY || err == -EEXIST) {
		loader_answer("error another XDP program is on it already (see: ip link show %s)",
			      argv[1]);
		return 1;
	}
	if (err < 0)
		return loader_fail("cannot attach an XDP program", err);
	loader_answer("ok");
	while ((n = recv(CONTROL, text, sizeof(text) - 1, 0)) > 0) {
		text[n] = '\0';
		loader_change(text);
	}
	return 0;
}
