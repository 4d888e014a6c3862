// SPDX-License-Identifier: GPL-2.0-only
/*
 * lia.c - gives the host's kernel congestion control "bpf_lia" (bench/lia.bpf.c) for a while.
 *
 *   lia OBJECT		prints "ready" and keeps it until its standard input ends
 *
 * The kernel keeps the algorithm for connections that have it, and offers it to no others once
 * this program has ended. Root only; the kernel needs CONFIG_DEBUG_INFO_BTF and BPF's JIT.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int report(enum libbpf_print_level level, const char *format, va_list ap)
{
	return level == LIBBPF_WARN ? vfprintf(stderr, format, ap) : 0;
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_link *link;
	struct bpf_map *map;
	char byte;

	if (argc != 2) {
		fprintf(stderr, "usage: lia OBJECT\n");
		return 2;
	}
	libbpf_set_print(report);
	object = bpf_object__open_file(argv[1], NULL);
	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "lia: the kernel does not take %s\n", argv[1]);
		return 1;
	}
	map = bpf_object__find_map_by_name(object, "lia");
	link = map ? bpf_map__attach_struct_ops(map) : NULL;
	if (!link) {
		fprintf(stderr, "lia: cannot register bpf_lia\n");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	bpf_link__destroy(link);
	bpf_object__close(object);
	return 0;
}
